from __future__ import annotations

import json
import runpy
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from feedparser import mixin
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ParseError
from bot.ingest.article.extract import document_from_html
from bot.ingest.feeds.parse import MAX_TAGS, parse_feed
from bot.ingest.markup.dates import moment
from bot.ingest.markup.fields import MAX_ENTRIES, plain_text
from bot.ingest.naming import candidates
from bot.model import Alias, AliasKind, Entry, Feed, Image

URL = "https://news.example.org/feeds/all.xml"
FEEDS = sorted(
    path for path in (Path(__file__).parent / "feeds").iterdir() if path.suffix in {".xml", ".json"}
)


def rss(*items: str) -> bytes:
    body = "".join(f"<item>{item}</item>" for item in items)
    return f'<rss version="2.0"><channel>{body}</channel></rss>'.encode()


def entry(item: str) -> Entry:
    return parse_feed(rss(item), None, URL).entries[0]


@pytest.mark.parametrize("path", FEEDS, ids=lambda path: path.name)
def test_every_sample_gives_what_stands_beside_it(path: Path) -> None:
    expected = runpy.run_path(f"{path}.py")["EXPECTED"]

    assert parse_feed(path.read_bytes(), None, URL) == expected


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The document is empty."),
        (b" \r\n\x00\xef\xbb\xbf", "The document is empty."),
        (b"Not found", "This is neither RSS, Atom nor JSON Feed."),
        (b"<?xml version='1.0'?><urlset></urlset>", "This is neither RSS, Atom nor JSON Feed."),
        (b"<RDF xmlns='http://example.org/other'/>", "This is XML, but neither RSS nor Atom."),
        (b"{", "This is broken JSON, so it is no JSON Feed."),
        (b"[" * 100_000, "This is broken JSON, so it is no JSON Feed."),
        (b'{"error": "gone"}', "This is JSON but no JSON Feed: it has no list of items."),
        (
            b"<!-- <rss> --><!DOCTYPE html><title>News</title>",
            "This is neither RSS, Atom nor JSON Feed.",
        ),
    ],
)
def test_what_is_no_feed_is_named(content: bytes, sentence: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse_feed(content, "text/html", URL)

    assert str(caught.value) == sentence


def test_the_name_and_password_in_the_feed_s_address_do_not_reach_its_links() -> None:
    content = rss("<link>/news/1</link>")

    feed = parse_feed(content, None, "https://editor:secret@news.example.org/rss")

    assert feed.entries[0].url == "https://news.example.org/news/1"


def test_the_header_names_the_character_set_where_the_document_does_not() -> None:
    content = "<rss><channel><title>Žluťoučký kůň</title></channel></rss>".encode("cp1250")

    assert parse_feed(content, "text/xml; charset=windows-1250", URL).title == "Žluťoučký kůň"


def test_full_text_beats_a_copy_of_the_summary() -> None:
    found = entry(
        "<description>Коротко.</description>"
        "<x:full-text xmlns:x='http://news.yandex.ru'>Полностью. И ещё раз.</x:full-text>"
    )

    assert found.lead == "Коротко."
    assert "Коротко." in found.content


def test_of_too_many_entries_the_newest_are_kept_in_the_feed_s_order() -> None:
    first = datetime(2026, 1, 1, tzinfo=UTC)
    oldest_first = rss(
        *(
            f"<guid>g{n}</guid><pubDate>{(first + timedelta(hours=n)).isoformat()}</pubDate>"
            for n in range(MAX_ENTRIES + 5)
        )
    )

    guids = [found.guid for found in parse_feed(oldest_first, None, URL).entries]

    assert guids == [f"g{n}" for n in range(5, MAX_ENTRIES + 5)]


def test_of_too_many_entries_without_dates_the_first_are_kept() -> None:
    feed = parse_feed(rss(*(f"<guid>g{n}</guid>" for n in range(MAX_ENTRIES + 5))), None, URL)

    assert [found.guid for found in feed.entries] == [f"g{n}" for n in range(MAX_ENTRIES)]


def test_far_too_many_tags_are_refused_at_once() -> None:
    with pytest.raises(ParseError, match="tags"):
        parse_feed(rss("<a/>" * (MAX_TAGS + 1)), None, URL)


def test_a_long_author_does_not_take_quadratic_time() -> None:
    # The library's search for an e-mail address in 32 KB of author took seconds.
    assert hasattr(mixin._FeedParserMixin, "_sync_author_detail")
    started = time.process_time()

    found = entry(f"<title>T</title><author>{'a.b' * 40_000}</author>")

    assert found.title == "T"
    assert time.process_time() - started < 2


def test_billion_laughs_stay_unlaughed() -> None:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    content = (
        f'<!DOCTYPE rss [<!ENTITY l0 "ha">{levels}]>'
        "<rss version='2.0'><channel><title>&l9;</title></channel></rss>"
    )

    assert len(parse_feed(content.encode(), None, URL).title) < 100


def test_an_external_entity_is_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("do not tell")
    content = (
        f'<!DOCTYPE rss [<!ENTITY s SYSTEM "{secret.as_uri()}">]>'
        "<rss version='2.0'><channel><title>&s;</title></channel></rss>"
    )

    assert "tell" not in parse_feed(content.encode(), None, URL).title


def test_a_document_that_is_the_name_of_a_file_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "feed.xml"
    path.write_bytes(rss("<title>From the disk</title>"))

    with pytest.raises(ParseError):
        parse_feed(str(path).encode(), None, URL)


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("a<b>b</b>c<br>d", "abc d"),
        ("<p>one</p><p>two</p>", "one two"),
        ("5 < 6 &amp; 7", "5 < 6 & 7"),
        ("x<script>alert(1)</script><style>p{}</style><!-- y -->z", "xz"),
        ("soft\xadhyphen\u200b \n\xa0 gap", "softhyphen gap"),
        ("", ""),
        ("<", "<"),
        ("<br>", ""),
    ],
)
def test_plain_text(markup: str, text: str) -> None:
    assert plain_text(markup) == text


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Mon, 23 Nov 2026 08:30:00 GMT+0300", "2026-11-23T08:30:00+03:00"),
        ("23 ноября 2026 г., 08:30", "2026-11-23T08:30:00+00:00"),
        ("23 Nov 2026 08:30 UTC+3", "2026-11-23T08:30:00+03:00"),
        ("2026-11-23 08:30:00 +0300", "2026-11-23T08:30:00+03:00"),
        ("2026-11-23T08:30:00.1234567Z", "2026-11-23T08:30:00.123456+00:00"),
        ("2026-11-23", "2026-11-23T00:00:00+00:00"),
        ("1795422600000", "2026-11-23T08:30:00+00:00"),
        ("Mon, 23 Nov 2026 08:30:00 -0330", "2026-11-23T08:30:00-03:30"),
        ("0001-01-01T00:00:00Z", None),
        ("2100-01-01T00:00:00Z", None),
        ("2026-11-23T08:30:00+99:00", None),
        ("", None),
        ("soon", None),
    ],
)
def test_moments_keep_their_offset(written: str, meant: str | None) -> None:
    found = moment(written)

    assert (found and found.isoformat()) == meant


def is_storable(text: str | None) -> bool:
    return text is None or ("\0" not in text and text.encode().decode() == text)


def check(content: bytes) -> None:
    try:
        feed = parse_feed(content, None, URL)
    except ParseError:
        return
    assert isinstance(feed, Feed)
    for found in feed.entries:
        texts = (found.guid, found.url, found.title, found.lead, found.image, found.content)
        assert all(is_storable(text) for text in texts)
        assert found.url is None or found.url.startswith(("http://", "https://"))
        for date in (found.published, found.updated):
            assert date is None or date.tzinfo is not None


@given(st.binary(max_size=2000))
def test_any_bytes_are_a_feed_or_an_error(content: bytes) -> None:
    check(content)


SCRAPS = st.sampled_from(
    [
        *("<item>", "</item>", "<title>", "</title>", "<link>", "</link>", "<guid>", "</guid>"),
        *("<description>", "</description>", "<![CDATA[", "]]>", "<!--", "-->", "<pubDate>"),
        *("&#xD800;", "&#0;", "&#99999999999;", "&amp;#1;", "&nbsp;", "&", "<", ">", '"', "\0"),
        *("<entry>", "<content type='xhtml'>", "<div>", "<author>", "<image>", "<url>", "<source>"),
        *("<media:content url='x'", " width='9'", "/>", "<a:b>", "</a:b>", "<?pi", "?>", "<svg>"),
        *("<enclosure type='image/png'/>", "<link href='", "'", "xml:base='http://[", "]'"),
        *("Текст", "\ud83d", "𝄞", "2026-11-23", "http://", "https://e.org/ ü", "mode='base64'"),
    ]
)


@given(st.sampled_from(["<rss><channel>", "<feed>", "<rdf:RDF>", ""]), st.lists(SCRAPS))
def test_any_heap_of_markup_is_a_feed_or_an_error(root: str, scraps: list[str]) -> None:
    check((root + "".join(scraps)).encode("utf-8", "surrogatepass"))


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
ITEM_KEYS = st.sampled_from(
    ["id", "url", "title", "summary", "content_html", "image", "attachments", "date_published"]
)


@given(st.lists(st.dictionaries(ITEM_KEYS, JSON), max_size=4))
def test_any_json_items_are_entries(items: list[object]) -> None:
    check(json.dumps({"items": items}).encode())


@pytest.mark.parametrize(
    ("summary", "lead"),
    [
        (
            "<p>Открыли мост.</p><p>Сообщение <a href='/1'>Мост</a> появились сначала на V.</p>",
            "Открыли мост.",
        ),
        (
            "<p>Открыли мост [&hellip;]</p><p>Запись <a>Мост. Сад</a> впервые появилась V.</p>",
            "Открыли мост…",
        ),
        ("Открыли мост. The post Bridge appeared first on News.", "Открыли мост."),
        ("<p>The post <a href='/1'>Bridge</a> first appeared on News.</p>", ""),
        ("Открыли мост … <a href='/1'>Читать далее</a>", "Открыли мост…"),
        ("<p>Открыли мост.</p><p><a href='/1'>Подробнее</a></p>", "Открыли мост."),
        ("Open. <a href='/1'>Continue reading <span>A bridge</span> →</a>", "Open."),
        ("Открыли мост […]", "Открыли мост…"),
        ("<p>Открыли мост.</p><p>Подпишитесь на наш канал</p>", "Открыли мост."),
        ("О мосте можно узнать подробнее.", "О мосте можно узнать подробнее."),
        ("Читать далее чем до моста никто не любит.", "Читать далее чем до моста никто не любит."),
        ("Мост<br>открыт...", "Мост открыт..."),
    ],
)
def test_a_lead_ends_where_the_story_does(summary: str, lead: str) -> None:
    assert entry(f"<title>x</title><description><![CDATA[{summary}]]></description>").lead == lead


def test_a_long_summary_full_of_read_more_takes_little_time() -> None:
    summary = "Читать далее The post " * 40_000 + "<p" * 40_000

    started = time.process_time()
    entry(f"<description><![CDATA[{summary}]]></description>")

    assert time.process_time() - started < 2


def test_the_base_of_content_is_what_its_addresses_start_from() -> None:
    feed = (
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://cdn.example.org/"><title>x'
        '</title><entry xml:base="2026/"><id>1</id><title>y</title><link href="most.html"/>'
        '<content type="html" xml:base="pics/">&lt;p&gt;Мост&lt;img src="1.jpg"&gt;</content>'
        "</entry></feed>"
    )

    read = parse_feed(feed.encode(), None, URL).entries[0]

    assert read.url == "https://cdn.example.org/2026/most.html"
    [image] = [
        block.url
        for block in document_from_html(read.content, read.url).blocks
        if isinstance(block, Image)
    ]
    assert image == "https://cdn.example.org/2026/pics/1.jpg"


@pytest.mark.parametrize("form", ["rss", "json"])
def test_what_an_entry_says_is_bounded_and_its_id_keeps_its_name(form: str) -> None:
    """An id is shortened as it was when only the database bounded it: else it would be new."""
    guid, title, lead = (f"{word}{'ы' * 20_000}" for word in ("id:", "Мост ", "Строили "))
    if form == "rss":
        item = f"<guid>{guid}</guid><title>{title}</title><description>{lead}</description>"
        made = f"<rss version='2.0'><channel><item>{item}</item></channel></rss>"
    else:
        said = {"id": guid, "title": title, "summary": lead}
        made = json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": [said]})
    feed = parse_feed(made.encode(), None, "https://news.example/feed")
    (entry,) = feed.entries
    assert (entry.title, entry.lead) == (title[:10_000], lead[:10_000])
    (name, *_) = candidates(feed)[0].aliases
    whole = candidates(replace(feed, entries=(replace(entry, guid=guid),)))[0]
    assert name == whole.aliases[0] == Alias(AliasKind.GUID, entry.guid or "")
    assert "ы" not in name.key
