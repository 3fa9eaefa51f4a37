"""Whatever a site sends is a reading, an article, or an error of ours; and within bounds."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.errors import ExtractError, ParseError
from bot.ingest.about import authors
from bot.ingest.about.section_paths import LONGEST_TITLE, is_title
from bot.ingest.article.extract import extract_article, extract_card
from bot.ingest.listing.find import listing_of
from bot.ingest.listing.selectors import listing_by_selectors
from bot.ingest.markup.dom import parse_page
from bot.ingest.reading import read_source
from bot.model import Extracted, Feed, Selectors, dump_document
from tests.ingest.anything import (
    DATES,
    DEEP,
    PAGE,
    PAGES,
    SOUPS,
    TEXTS,
    json_values,
    listings,
    script,
)

NOW = datetime(2026, 11, 28, 15, 0, tzinfo=UTC)
SOME = settings(max_examples=50)
ARTICLE = f"<article><p>{'Через реку Тихую открыли новый мост. ' * 9}</p></article>"
TAG = re.compile(r"<[a-zA-Z/][^>]*>")
Way = Callable[[bytes, str | None, str], Extracted]

article_way = pytest.mark.parametrize(
    "way",
    [extract_article, partial(extract_article, light=True), extract_card],
    ids=["article", "light", "card"],
)


# --- What holds of all that is read ------------------------------------------------------------


def is_text(*texts: str | None) -> bool:
    """Whether databases and Telegram take it: no half of a surrogate pair, no NUL."""
    return all(b"\0" not in text.encode() for text in texts if text is not None)


def is_address(*urls: str | None) -> bool:
    return all(url.startswith(("http://", "https://")) for url in urls if url is not None)


def is_moment(*moments: datetime | None) -> bool:
    return all(
        moment.tzinfo is not None and 1990 <= moment.year <= 2099
        for moment in moments
        if moment is not None
    )


def check_article(found: Extracted) -> None:
    assert is_text(found.title, found.lead, found.language, *found.sections, *found.authors)
    assert is_text(dump_document(found.document))
    assert is_address(found.url, found.image)
    assert is_moment(found.published, found.updated, found.guessed)
    assert len(found.title) <= 500
    assert len(found.lead) <= 2000
    assert len(found.authors) <= authors.MAX_AUTHORS
    assert all(0 < len(name) <= authors.MAX_CHARS for name in found.authors)
    assert not any(TAG.search(name) for name in found.authors)
    assert len(found.sections) <= 2
    assert all(0 < len(title) <= LONGEST_TITLE and is_title(title) for title in found.sections)


def check_feed(feed: Feed) -> None:
    assert is_text(feed.title, feed.language)
    assert len(feed.entries) <= 2000
    for entry in feed.entries:
        assert is_text(entry.title, entry.lead, entry.content, entry.guid)
        assert is_address(entry.url, entry.image)
        assert is_moment(entry.published, entry.updated, entry.date_hint)


def read_article(way: Way, page: bytes, kind: str | None = "text/html; charset=utf-8") -> None:
    try:
        found = way(page, kind, PAGE)
    except ExtractError:
        return
    check_article(found)


def read_any(content: bytes, kind: str | None, selectors: Selectors | None = None) -> None:
    try:
        read = read_source(content, kind, PAGE, selectors, NOW)
    except ParseError:
        return
    assert is_address(*read.named)
    if read.feed is not None:
        check_feed(read.feed)


def encoded(page: str) -> bytes:
    return page.encode("utf-8", "surrogatepass")


# --- Pages -------------------------------------------------------------------------------------


@article_way
@SOME
@given(page=PAGES)
def test_any_page_is_an_article_or_an_error(way: Way, page: str) -> None:
    read_article(way, encoded(page))


@article_way
@SOME
@given(content=st.binary(max_size=300), kind=st.none() | TEXTS)
def test_any_bytes_are_an_article_or_an_error(way: Way, content: bytes, kind: str | None) -> None:
    read_article(way, content, kind)


KINDS = st.sampled_from(["text/html", "application/rss+xml", "application/json", "text/xml"])


@SOME
@given(st.binary(max_size=300) | PAGES.map(encoded), st.none() | KINDS | TEXTS)
@example(b"\x1f\x8b" + b"\0" * 20, None)
@example(encoded("<html><body>" + "<div>" * DEEP), "text/html")
@example(encoded("<html><body>" + "<p>" * 60_000), "text/html")
def test_any_bytes_of_any_type_are_a_reading_or_an_error(content: bytes, kind: str | None) -> None:
    read_any(content, kind)


SELECTORS = st.builds(
    Selectors,
    item=st.sampled_from(["li", ".row", "a", "*", "html", "li:first-child", "p"]),
    link=st.sampled_from(["", "a", "p"]),
    title=st.sampled_from(["", "h2", "a", "*"]),
    lead=st.sampled_from(["", "p"]),
    date=st.sampled_from(["", "time", "*"]),
    image=st.sampled_from(["", "img", "a"]),
)


@SOME
@given(listings())
def test_any_list_is_a_feed_or_an_error(page: str) -> None:
    try:
        feed = listing_of(parse_page(page), PAGE, NOW)
    except (ExtractError, ParseError):
        return
    check_feed(feed)
    assert feed.entries


@SOME
@given(listings(), SELECTORS)
def test_any_list_that_selectors_point_at_is_a_feed_or_an_error(
    page: str, selectors: Selectors
) -> None:
    try:
        feed = listing_by_selectors(parse_page(page), PAGE, selectors, NOW)
    except (ExtractError, ParseError):
        return
    check_feed(feed)
    assert feed.entries


# --- What pages tell to machines ---------------------------------------------------------------

LINKED = json_values(
    [
        *("@type", "@graph", "@id", "@value", "headline", "name", "description", "url", "item"),
        *("articleSection", "publisher", "inLanguage", "datePublished", "dateModified", "image"),
        *("author", "creator", "itemListElement", "position", "mainEntity", "mainEntityOfPage"),
        *("breadcrumb", "alternateName", "contentUrl", "hasPart", "blogPost"),
    ]
)
DESCRIBED = st.dictionaries(
    st.sampled_from(["headline", "author", "datePublished", "image", "articleSection", "name"]),
    LINKED,
)
TRAILS = st.fixed_dictionaries({"@type": st.just("BreadcrumbList"), "itemListElement": LINKED})


def linked_page(*values: Any) -> str:
    scripts = "".join(script(value, "type='application/ld+json'") for value in values)
    return f"<html><head><title>Мост</title>{scripts}</head><body>{ARTICLE}</body></html>"


@SOME
@given(LINKED | DESCRIBED.map(lambda told: {"@type": "NewsArticle", **told}), TRAILS | LINKED)
@example({"@type": "NewsArticle", "headline": ["x"], "author": {"name": {"name": [[1]]}}}, 0)
@example({"@type": ["NewsArticle", 1, None], "image": [{"url": []}], "datePublished": 1e300}, [[]])
@example({"@type": "NewsArticle", "author": ["&lt;a href='/'&gt;Ann Lee&lt;/a&gt;", None]}, {})
def test_any_linked_data_is_read(told: Any, trail: Any) -> None:
    page = linked_page(told, trail).encode()
    for way in (partial(extract_article, light=True, now=NOW), extract_card):
        check_article(way(page, "text/html", PAGE))
    read_any(page, "text/html")


@SOME
@given(st.lists(LINKED, max_size=3))
@example([[[["x"] * 30] * 30] * 12])
def test_any_authors_are_few_names_without_markup(told: list[Any]) -> None:
    page = linked_page({"@type": "NewsArticle", "headline": "Мост", "author": told})
    check_article(extract_article(page.encode(), "text/html", PAGE, light=True, now=NOW))


META = ["author", "article:author", "article:section", "og:title", "og:image", "og:url", "date"]


@SOME
@given(st.lists(st.tuples(st.sampled_from(META), TEXTS | DATES), max_size=8), SOUPS)
@example([("author", "<a href='/ann'>Ann Lee</a>")], "")
@example([("author", f"Ann {n}, Bo {'x' * n}") for n in range(50)], "")
def test_any_meta_tags_are_read(told: list[tuple[str, str]], soup: str) -> None:
    tags = "".join(
        f'<meta name="{name}" content="{text.replace(chr(34), "&quot;")}">' for name, text in told
    )
    page = f"<html><head><title>Мост</title>{tags}</head><body>{soup}{ARTICLE}</body></html>"
    read_article(partial(extract_article, light=True, now=NOW), encoded(page))
    read_article(extract_card, encoded(page))


STATE = json_values(
    [
        *("title", "headline", "url", "link", "slug", "id", "date", "publishedAt", "attributes"),
        *("node", "image", "cover", "rendered", "ru", "lead", "src", "timestamp"),
    ]
)
STATED = st.lists(st.fixed_dictionaries({"title": STATE, "url": STATE, "date": STATE}), max_size=5)
HOLDERS = st.sampled_from(
    ["type='application/json'", "id='__NEXT_DATA__'", "id='__NUXT_DATA__' type='application/json'"]
)


@SOME
@given(STATE | STATED, HOLDERS)
@example([[0, 1, 1], {"title": 0, "url": 1, "date": 2}, "x", -1], "id='__NUXT_DATA__'")
def test_any_state_of_a_page_is_read(state: Any, holder: str) -> None:
    read_any(f"<html><body><a href='/news/1'>Мост</a>{script(state, holder)}".encode(), "text/html")


# --- Sitemaps ----------------------------------------------------------------------------------

_SITEMAP_SCRAPS = st.one_of(
    st.sampled_from(
        [
            *("<url>", "</url>", "<sitemap>", "</sitemap>", "<loc>", "</loc>", "<lastmod>"),
            *("</lastmod>", "<news:news>", "</news:news>", "<news:title>", "</news:title>"),
            *("<news:publication_date>", "</news:publication_date>", "<image:image>", "<urlset>"),
            *("<loc>/news/1</loc>", "<loc>https://gorod.example.org/news-2.xml</loc>", "<x/>"),
        ]
    ),
    TEXTS,
    DATES,
)


@SOME
@given(
    st.sampled_from(["<urlset>", "<sitemapindex>", "<urlset xmlns:news='n'>"]),
    st.lists(_SITEMAP_SCRAPS, max_size=30),
)
def test_any_sitemap_is_a_reading_or_an_error(root: str, scraps: list[str]) -> None:
    read_any(encoded(root + "".join(scraps)), "application/xml")


@SOME
@given(st.lists(st.tuples(TEXTS, DATES, DATES), min_size=1, max_size=5))
def test_any_addresses_and_dates_of_a_sitemap_are_read(told: list[tuple[str, str, str]]) -> None:
    pages = "".join(
        f"<url><loc><![CDATA[{loc}]]></loc><lastmod>{changed}</lastmod><n:news><n:title>{loc}"
        f"</n:title><n:publication_date>{published}</n:publication_date></n:news></url>"
        for loc, changed, published in told
    )
    read_any(encoded(f"<urlset xmlns:n='n'>{pages}</urlset>"), "application/xml")
