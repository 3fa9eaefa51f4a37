"""Sitemaps: of news, of all pages, indexes, packed ones, and such as mean harm."""

from __future__ import annotations

import gzip
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import ParseError
from bot.ingest.feeds.newest import MOST_ENTRIES
from bot.ingest.kinds import Kind, Reading
from bot.ingest.reading import MAX_UNPACKED, read_source
from bot.model import Entry, Feed

URL = "https://news.example.org/sitemap.xml"
NOW = datetime(2026, 11, 28, 15, 0, tzinfo=UTC)
SPACES = (
    'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    ' xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
    ' xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"'
)
NEWS = f"""<?xml version="1.0" encoding="UTF-8"?>
<!-- <urlset> --><urlset {SPACES}>
<url><loc>https://news.example.org/most?a=1&b=2</loc><lastmod>2026-11-28T12:00:00+03:00</lastmod>
<image:image><image:loc>/most.jpg</image:loc><image:title>На снимке мост</image:title></image:image>
<news:news><news:publication><news:name>Город вместе</news:name><news:language>ru</news:language>
</news:publication><news:publication_date>2026-11-28T10:00:00+03:00</news:publication_date>
<news:title>Открыли мост &amp; набережную</news:title></news:news></url>
<url><loc>/yarmarka</loc><news:news><news:publication_date>2026-11-27</news:publication_date>
<news:title>Ярмарка</news:title></news:news></url>
<url><loc>https://news.example.org/about</loc></url>
</urlset>"""


def read(text: str | bytes, kind: str = "application/xml") -> Reading:
    content = text if isinstance(text, bytes) else text.encode()
    return read_source(content, kind, URL, None, NOW)


def urlset(*pages: tuple[str, str]) -> str:
    urls = "".join(f"<url><loc>{loc}</loc><lastmod>{mod}</lastmod></url>" for loc, mod in pages)
    return f"<urlset {SPACES}>{urls}</urlset>"


def addresses(reading: Reading) -> list[str | None]:
    assert reading.feed is not None
    return [entry.url for entry in reading.feed.entries]


def test_a_sitemap_of_news_is_as_good_as_a_feed() -> None:
    reading = read(NEWS)

    assert reading.kind is Kind.FEED
    moscow = datetime.fromisoformat("2026-11-28T10:00:00+03:00")
    assert reading.feed == Feed(
        "Город вместе",
        "ru",
        (
            Entry(
                guid=None,
                url="https://news.example.org/most?a=1&b=2",
                title="Открыли мост & набережную",
                lead="",
                published=moscow,
                updated=moscow + timedelta(hours=2),
                image="https://news.example.org/most.jpg",
                content="",
            ),
            Entry(
                guid=None,
                url="https://news.example.org/yarmarka",
                title="Ярмарка",
                lead="",
                published=None,
                updated=None,
                image=None,
                content="",
                date_hint=datetime(2026, 11, 27, tzinfo=UTC),
            ),
        ),
    )


def test_an_emoji_of_two_references_stands_and_half_of_one_is_dropped() -> None:
    """A reference to half a pair once ended the read with a fault of ours."""
    titles = ("Каток &#xD83D;&#xDE00;", "Ярмарка &#55357;!", "Q&A &mdash; мост")
    pages = "".join(
        f"<url><loc>/{number}</loc><news:news><news:title>{title}</news:title></news:news></url>"
        for number, title in enumerate(titles)
    )
    feed = read(f"<urlset {SPACES}>{pages}</urlset>").feed
    assert feed is not None
    assert [entry.title for entry in feed.entries] == ["Каток 😀", "Ярмарка !", "Q&A — мост"]


def test_of_all_pages_those_count_that_changed_last_and_look_like_articles() -> None:
    first = datetime(2026, 1, 1, tzinfo=UTC)
    pages = [
        (f"https://news.example.org/news/{n}00", (first + timedelta(hours=n)).isoformat())
        for n in range(1, MOST_ENTRIES + 100)
    ]
    reading = read(urlset(*pages, ("https://news.example.org/about", "2026-11-28")))

    assert reading.kind is Kind.SITEMAP
    assert addresses(reading) == [loc for loc, _ in reversed(pages)][:MOST_ENTRIES]
    assert reading.feed is not None
    assert reading.feed.entries[0].published is None
    assert reading.feed.entries[0].updated == first + timedelta(hours=MOST_ENTRIES + 99)


def test_an_index_names_the_likeliest_sitemaps_first() -> None:
    maps = "".join(
        f"<sitemap><loc>/{name}.xml</loc><lastmod>{mod}</lastmod></sitemap>"
        for name, mod in [
            ("sitemap-pages", "2026-11-28"),
            ("post-sitemap1", "2026-01-01"),
            ("post-sitemap2", "2026-11-27"),
            ("category-sitemap", "2026-11-28"),
            ("sitemap-news", "2026-11-01"),
        ]
    )
    reading = read(f"<sitemapindex>{maps}</sitemapindex>")

    assert reading.kind is Kind.INDEX
    assert [address.rsplit("/", 1)[1] for address in reading.named][:3] == [
        "sitemap-news.xml",
        "post-sitemap2.xml",
        "post-sitemap1.xml",
    ]


@pytest.mark.parametrize("kind", ["application/gzip", "application/xml", "text/html"])
def test_a_packed_sitemap_is_unpacked(kind: str) -> None:
    assert read(gzip.compress(NEWS.encode()), kind) == read(NEWS)


def test_a_sitemap_in_the_wrong_encoding_is_read() -> None:
    text = NEWS.replace("UTF-8", "windows-1251")

    assert read(text.encode("cp1251")) == read(NEWS)
    assert read(text) == read(NEWS)


BOMB = gzip.compress(b"<urlset>" + b" " * MAX_UNPACKED, 1, mtime=0)
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (BOMB, "unpacks to more than"),
        (
            gzip.compress(b"<urlset/>", mtime=0)[:-9] + b"xxxxxxxxxxxx",
            "packed by gzip, but broken|no pages",
        ),
        (f'<!DOCTYPE urlset [<!ENTITY l0 "ha">{LAUGHS}]><urlset>&l9;</urlset>', "entities"),
        ('<!DOCTYPE x [<!ENTITY s SYSTEM "file:///etc/passwd">]><urlset>&s;</urlset>', "entities"),
        ("<urlset></urlset>", "names no pages"),
        ("<urlset>" + "<url>" * 100_000, "too broken|names no pages|no address"),
        ("<urlset>" + "<url><loc>/a</loc></url>" * 100_001, "more than 100,000 addresses"),
    ],
)
def test_what_means_harm_is_refused_in_time(content: str | bytes, says: str) -> None:
    started = time.process_time()
    with pytest.raises(ParseError, match=says):
        read(content)
    assert time.process_time() - started < 10


def test_a_broken_address_costs_itself_alone() -> None:
    pages = urlset(("https://[", "x"), ("/news/1000", "2026-13-99"), ("/news/2000", "2026-11-28"))

    assert addresses(read(pages)) == [
        "https://news.example.org/news/2000",
        "https://news.example.org/news/1000",
    ]


def test_other_elements_are_freed() -> None:
    """They took 150 bytes each; a process of its own shows what a sitemap takes at most."""
    script = (
        "import resource as r\n"
        "from bot.ingest.feeds.sitemap import read_sitemap\n"
        "flood = '<x/>' * 300_000\n"
        "text = f'<urlset>{flood}<y>{flood}</y><url><loc>/most-otkryt-100</loc></url></urlset>'\n"
        "before = r.getrusage(r.RUSAGE_SELF).ru_maxrss\n"
        "reading = read_sitemap(text, 'https://news.example.org/')\n"
        "print(len(reading.feed.entries), r.getrusage(r.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )

    count, grown = map(int, done.stdout.split())
    assert count == 1
    assert grown < 60_000  # kilobytes


def test_far_too_many_elements_are_refused() -> None:
    found = urlset(("https://news.example.org/most-otkryt-100", "2026-11-28"))

    with pytest.raises(ParseError, match="more than 2,000,000 tags"):
        read(found.replace("<url>", "<x/>" * 2_000_000 + "<url>"))
