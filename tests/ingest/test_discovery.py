"""Which of the feeds that a page names are its own news."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.ingest.markup.discovery import named_feeds
from bot.ingest.markup.dom import parse_page
from bot.ingest.reading import read_source

URL = "https://gorod.example.org/news/culture/"
RSS, ATOM, JSON = "application/rss+xml", "application/atom+xml", "application/feed+json"


def link(href: str, kind: str = RSS, title: str = "", rel: str = "alternate") -> str:
    return f'<link rel="{rel}" type="{kind}" title="{title}" href="{href}">'


def named(*links: str) -> list[str]:
    return list(named_feeds(parse_page(f"<html><head>{''.join(links)}</head><body>x"), URL))


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        ([link("/feed.xml")], ["https://gorod.example.org/feed.xml"]),
        ([link("rss")], ["https://gorod.example.org/news/culture/rss"]),
        ([link("//x.example/rss")], ["https://x.example/rss"]),
        ([link("rss"), "<base href='/other/'>"], ["https://gorod.example.org/other/rss"]),
        (
            [link("/a", ATOM), link("/j", JSON)],
            ["https://gorod.example.org/a", "https://gorod.example.org/j"],
        ),
        (
            [link("/f", "Application/RSS+XML; charset=utf-8", rel="ALTERNATE home")],
            ["https://gorod.example.org/f"],
        ),
        ([link("/comments/feed/", title="Все комментарии")], []),
        ([link("/feed2", title="Город » Лента комментариев")], []),
        (
            [link("/feed/"), link("/comments/feed/"), link("/news/culture/feed/")],
            ["https://gorod.example.org/news/culture/feed/", "https://gorod.example.org/feed/"],
        ),
        (
            [link("https://feeds.example/gorod"), link("/feed/")],
            ["https://gorod.example.org/feed/", "https://feeds.example/gorod"],
        ),
        ([link("/wp-json/wp/v2/categories/5", "application/json")], []),
        ([link("/feed.json", "application/json")], ["https://gorod.example.org/feed.json"]),
        ([link("/oembed?format=json", "application/json+oembed")], []),
        ([link("/en/", "")], []),
        ([link("/style.xsl", "text/xml", rel="stylesheet")], []),
        ([link(URL)], []),
        ([link("javascript:alert(1)"), link("http://["), link("")], []),
    ],
)
def test_the_feeds_that_a_page_names(links: list[str], expected: list[str]) -> None:
    assert named(*links) == expected


def test_a_page_that_is_too_deep_to_be_read_still_names_its_feed() -> None:
    """It was read a second time, and its depth taken for a fault of ours."""
    page = f"<html><head>{link('/rss')}</head><body>{'<div>' * 150}"
    read = read_source(page.encode(), "text/html", URL, None, datetime.now(UTC))
    assert read.named == ("https://gorod.example.org/rss",)
    assert "deep" in read.fault
