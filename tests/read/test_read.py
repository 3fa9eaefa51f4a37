"""``python -m bot read``: what it shows of addresses and files, for people and for programs."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from bot.__main__ import main
from bot.model import (
    Divider,
    Document,
    NewArticle,
    Paragraph,
    Preformatted,
    Selectors,
    SourceSpec,
    Span,
)
from bot.read.command import Wish, read
from bot.read.terminal import show, whole
from bot.settings import Settings, load_settings
from tests.ingest.site import Site

INGEST = Path(__file__).parent.parent / "ingest"
RELEASE = str(INGEST / "pages/press_release.html")
FEED = str(INGEST / "feeds/rss20.xml")
KEYS = [
    *("url", "title", "lead", "section", "authors", "published", "updated"),
    *("image", "language", "blocks"),
]
RSS = """<rss version="2.0"><channel><title>Лента</title><link>/</link>
<item><title>Вторая</title><link>{url}/n/2</link><guid>2</guid><category>Город</category></item>
<item><title>Первая</title><link>{url}/n/1</link><guid>1</guid></item>
</channel></rss>"""
ARTICLE = """<html lang="ru"><head><meta property="og:type" content="article">
<title>Мост</title></head><body><h1>Мост</h1><article><p>{text}</p></article></body></html>"""
LONG = "Через реку Тихую открыли новый мост, и весь город пришёл на него с оркестром. " * 3


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither a token nor sources are set: reading needs none."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def objects(text: str) -> Iterator[dict[str, Any]]:
    return (json.loads(line) for line in text.splitlines())


async def shown(*addresses: str, specs: tuple[SourceSpec, ...] = (), **wish: Any) -> Any:
    """What is printed and told, and whether all was well."""
    settings = load_settings(
        only_to_read=True, allow_private_addresses=True, page_pause=0, sources=specs
    )
    out, err = io.StringIO(), io.StringIO()
    wanted: dict[str, Any] = {"base_url": "", "limit": 10, "as_json": False, "full": False, **wish}
    well = await read(
        Wish(addresses, **wanted), settings, Console(file=out, width=200), Console(file=err)
    )
    return out.getvalue(), err.getvalue(), well


def test_a_saved_page_is_shown_as_it_would_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", RELEASE, "--base-url", "https://example.org/news/1"]) == 0
    said = capsys.readouterr().out
    assert "Слёт дворовых мастеров" in said
    assert "Новости: Новости участников" in said
    assert "https://example.org/upload/resize_cache/slet.jpg" in said
    assert "─ Для справки ─" in said
    assert "─ Контакты ─" in said


def test_an_article_a_line_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", "--json", FEED, RELEASE]) == 0
    first, second, third = objects(capsys.readouterr().out)
    assert list(first) == KEYS
    assert first["title"] == "Через Тихую открыли мост"
    assert (first["published"], first["section"]) == ("2026-11-23T08:30:00+03:00", "Город")
    assert second["url"] is None
    assert third["title"] == "Слёт дворовых мастеров"
    assert {block["kind"] for block in third["blocks"]} >= {"paragraph", "aside", "contacts"}
    assert "slet.jpg" not in json.dumps(third)  # nobody said what it is relative to


def test_a_saved_page_knows_its_own_address(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    head = '<link rel="canonical" href="https://example.org/news/bridge">'
    page = ARTICLE.format(text=f"{LONG}<img src='/bridge.jpg'>").replace(
        "<title>", f"{head}<title>"
    )
    (tmp_path / "saved.html").write_text(page, encoding="utf-8")
    assert main(["read", "--json", "saved.html"]) == 0
    (story,) = objects(capsys.readouterr().out)
    assert story["url"] == "https://example.org/news/bridge"
    assert "https://example.org/bridge.jpg" in json.dumps(story["blocks"])


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.4 1 0 obj", "a PDF"),
        (b"PK\x03\x04\x00\x00", "an archive"),
        (bytes(range(32)) * 40, "no text"),
        (b"\xff\xd8\xff\xe0\x00", "a picture"),
    ],
)
def test_what_is_no_text_is_no_article(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: bytes, kind: str
) -> None:
    """It was once read as one."""
    (tmp_path / "file").write_bytes(content)
    assert main(["read", "file", "."]) == 1
    said = capsys.readouterr().err
    assert f"file: This is {kind}" in " ".join(said.split())
    assert "This is a folder" in said


NAMES_FEED = """<html><head><title>Главная</title>
<link rel="alternate" type="application/rss+xml" href="{feed}"></head><body>{body}</body></html>"""
INDEX = """<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
<sitemap><loc>https://example.org/sitemap-news.xml</loc></sitemap></sitemapindex>"""


@pytest.mark.parametrize(
    ("content", "base", "said"),
    [
        (
            NAMES_FEED.format(feed="/feed.xml", body="<p>Главная</p>"),
            ["--base-url", "https://example.org/"],
            "not listed in this file but at https://example.org/feed.xml, which it names",
        ),
        (INDEX, [], "not listed in this file but at https://example.org/sitemap-news.xml"),
        (
            NAMES_FEED.format(feed="/feed.xml", body='<a href="#top">Наверх</a>'),
            [],
            "1 link has no address: say by --base-url where the file came from.",
        ),
    ],
)
def test_a_file_that_only_names_its_list_says_what_can_be_done(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: str, base: list[str], said: str
) -> None:
    (tmp_path / "saved").write_text(content, encoding="utf-8")
    assert main(["read", "saved", *base]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert said in printed.err
    assert "is not at hand" not in printed.err


def test_a_saved_list_says_what_would_be_read_on_its_site(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    page = (INGEST / "listings/bitrix.html").read_text(encoding="utf-8")
    feed = '<link rel="alternate" type="application/rss+xml" href="/feed.xml"></head>'
    (tmp_path / "saved.html").write_text(page.replace("</head>", feed), encoding="utf-8")
    assert main(["read", "saved.html", "--base-url", "https://example.org/news/"]) == 0
    printed = capsys.readouterr()
    assert "It names https://example.org/feed.xml: on its site that would be read" in printed.err
    assert "5 article(s)" in printed.out


def test_links_that_are_lost_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", "--json", RELEASE]) == 0
    said = capsys.readouterr().err
    assert (
        said == f"{RELEASE}: 5 links have no address: say by --base-url where the file came from.\n"
    )
    assert main(["read", "--json", RELEASE, "--base-url", "https://example.org/news/1"]) == 0
    assert capsys.readouterr().err == ""


def test_an_editors_selectors_count_for_the_file_of_a_source(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "sources.toml").write_text(
        '[[source]]\nurl = "https://example.org/news/"\nsection = "Пресса: Все"\n'
    )
    monkeypatch.setenv("SOURCES_FILE", "sources.toml")
    page = str(INGEST / "listings/bitrix.html")
    assert main(["read", "--json", page, "--base-url", "https://example.org/news/"]) == 0
    assert {each["section"] for each in objects(capsys.readouterr().out)} == {"Пресса: Все"}


def test_what_is_piped_is_neither_broken_nor_filled_up(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    address = f"https://example.org/{'long/' * 60}"
    words = "<table><tr><td>А</td><td>Б</td></tr></table><ul><li>Раз</li></ul><pre>x</pre><hr>"
    page = ARTICLE.format(text=f"{LONG * 3}</p>{words}<p>{LONG}")
    (tmp_path / "saved.html").write_text(page, encoding="utf-8")
    assert main(["read", "saved.html", "--base-url", address]) == 0
    assert main(["read", FEED, "--full"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line != line.rstrip()] == []
    assert f"Address    {address}" in lines
    assert (LONG * 3).strip() in lines
    assert any("Через Тихую открыли мост" in line and "Город" in line for line in lines)


def test_on_a_terminal_lines_fit() -> None:
    out = io.StringIO()
    console = Console(file=out, width=60, force_terminal=True, color_system=None)
    body = Document((Paragraph((Span(LONG * 3),)), Preformatted("x"), Divider()))
    article = NewArticle((), ("Город",), "", "Мост", "", None, None, None, body)
    show(console, whole(article, ZoneInfo("UTC")))
    assert max(map(len, out.getvalue().splitlines())) <= 60


def test_what_cannot_be_read_is_named_and_the_others_are_shown(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "empty.html").write_text("")
    (tmp_path / "bare.html").write_text("<html><body><p>Пусто</p></body></html>")
    assert main(["read", "--json", "no-such-file", "empty.html", "bare.html", FEED]) == 1
    printed = capsys.readouterr()
    assert len(list(objects(printed.out))) == 2
    assert "no-such-file: There is no such file, and an address begins with https://" in printed.err
    assert "empty.html: " in printed.err
    assert "bare.html: " in printed.err


def test_private_addresses_are_refused_here_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", "http://editor:secret@127.0.0.1:9/feed"]) == 1
    said = capsys.readouterr().err
    assert "ALLOW_PRIVATE_ADDRESSES" in said
    assert "secret" not in said


def test_the_address_of_files_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["read", FEED, "--base-url", "example.org/news"])
    assert "is no address" in capsys.readouterr().err


def test_an_address_came_from_nowhere_else(capsys: pytest.CaptureFixture[str]) -> None:
    """It was once ignored."""
    with pytest.raises(SystemExit) as ended:
        main(["read", RELEASE, "https://example.org/1", "--base-url", "https://example.org/2"])
    assert ended.value.code == 2
    assert "https://example.org/1 is no file" in capsys.readouterr().err


def test_moments_are_shown_in_one_zone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIMEZONE", "Asia/Krasnoyarsk")
    assert main(["read", FEED]) == 0
    said = capsys.readouterr().out
    assert "2026-11-23 12:30" in said
    assert "2026-11-23 02:05" in said
    assert main(["read", FEED, "--full"]) == 0
    assert "2026-11-23 12:30 (Asia/Krasnoyarsk)" in capsys.readouterr().out


@pytest.mark.parametrize("limit", ["-1", "many"])
def test_a_limit_is_a_number(limit: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["read", FEED, "--limit", limit])
    assert "is no number of articles" in capsys.readouterr().err


async def test_a_page_that_names_its_feed_is_shown_with_its_articles() -> None:
    async with Site() as site:
        link = '<link rel="alternate" type="application/rss+xml" href="/feed">'
        site.documents["/"] = f"<html><head>{link}</head><body><p>Главная</p></body></html>"
        site.documents["/feed"] = RSS.format(url=site.url)
        site.documents["/n/1"] = 404
        out, err, well = await shown(f"{site.url}/", full=True)
    assert well
    assert err == ""
    assert f"Read at {site.url}/feed" in out
    assert "2 article(s)" in out
    assert out.index("Вторая") < out.index("Первая")
    assert "2: 127.0.0.1" in out  # the note of the page that is not there
    assert "404 Not Found" in out
    assert "Через реку Тихую открыли новый мост" in out


async def test_an_article_of_a_site_is_read_though_its_page_names_a_feed() -> None:
    async with Site() as site:
        head = '<link rel="alternate" type="application/rss+xml" href="/feed">'
        page = ARTICLE.format(text=LONG).replace("<title>", f"{head}<title>")
        site.documents["/story"] = page
        out, _, well = await shown(f"{site.url}/story", as_json=True)
        assert site.paths() == ["/story"]
    (story,) = objects(out)
    assert well
    assert (story["title"], story["url"]) == ("Мост", f"{site.url}/story")


async def test_no_more_articles_are_read_than_asked_for() -> None:
    async with Site() as site:
        site.documents["/feed"] = RSS.format(url=site.url)
        out, _, _ = await shown(f"{site.url}/feed", limit=1)
        assert "2 article(s), the newest 1 of them" in out
        assert "Первая" not in out
        everything, _, _ = await shown(f"{site.url}/feed", limit=None, as_json=True)
    assert [each["title"] for each in objects(everything)] == ["Вторая", "Первая"]


async def test_an_editors_selectors_count_where_the_address_is_a_source() -> None:
    async with Site() as site:
        site.documents["/feed"] = RSS.format(url=site.url)
        spec = SourceSpec(f"{site.url}/feed", "Новости", Selectors(article="i"))
        out, _, _ = await shown(spec.url, specs=(spec,), as_json=True, limit=1)
    (story,) = objects(out)
    assert story["section"] == "Новости"
    assert LONG[:40] not in json.dumps(story["blocks"], ensure_ascii=False)


async def test_many_are_read_at_once_and_shown_in_the_order_asked_for() -> None:
    async with Site() as site:
        for number in range(12):
            site.documents[f"/a{number}"] = ARTICLE.format(text=LONG).replace(
                "Мост", f"Мост {number}"
            )
        addresses = [f"{site.url}/a{number}" for number in range(12)]
        out, err, well = await shown(*addresses, as_json=True)
    assert well
    assert err == ""
    assert [each["title"] for each in objects(out)] == [f"Мост {number}" for number in range(12)]
