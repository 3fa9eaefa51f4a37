"""What sites may send, made at random: text, dates, JSON and markup with everything wrong in it."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from bot.addresses import absolute_url
from bot.model import Block, Document, Heading, Image, Paragraph, Span, Style

PAGE = "https://gorod.example.org/news/"
HUGE = "9" * 30
DEEP = 150  # levels; a page may have 100

TEXTS = st.text(max_size=40) | st.sampled_from(
    [
        *("", " ", "\0", "\ud83d", "\u202e", "\u2028", "\ufffe", "\xa0\xad\u200b", "x" * 3000),
        *("&lt;b&gt;жирно&lt;/b&gt;", "<b>жирно</b>", "&#0;&#xD800;&#99999999999;", "]]>", "-->"),
        *("Открыли новый мост через реку", "By Ann Lee and Bo Ray", "Автор: Анна Полевая", "М"),
        *("<a href='/ann'>Ann Lee</a>", "Ann Lee <ann@example.org>", "/news/123", "http://[", "//"),
        *("Новости: Город", "Город / Спорт", "Главная → Новости", "Новости", "Главная", HUGE, "²٣"),
        *("https://gorod.example.org:99999/", "https://gorod.example.org/news/most-otkryt-1"),
        *("тел. +7 (495) 123-45-67 доб. 12", "tel:+1", "8 800 2000 600", f"+7{HUGE}", "(" * 99),
    ]
)

_MONTHS = ["Jan", "января", "ма", "мая", "Feb.", "дек", "13", "02", "00", "٣"]
_NUMBERS = ["0", "00", "1", "28", "31", "99", "2026", "1899", "0001", "9999", "-1", HUGE, "²", "٣"]
_ZONES = ["", "Z", "GMT", "MSK", "+0300", "-99:99", "+24:00", f"+{HUGE}", "UTC+25", "мск"]
_WORDS = [
    "вчера",
    "сегодня",
    "ago",
    "назад",
    "часов",
    "days",
    "в",
    "pm",
    "Mon,",
    "T",
    ":",
    "/",
    ".",
]
_PARTS = st.sampled_from([*_MONTHS, *_NUMBERS, *_ZONES, *_WORDS])


def _date(number: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(
        "{} {} {} {}:{}{}".format,
        number,
        st.sampled_from(_MONTHS),
        number,
        number,
        number,
        st.sampled_from(_ZONES),
    )


DATES = st.one_of(
    TEXTS,
    st.lists(_PARTS, max_size=8).map(" ".join),
    st.lists(_PARTS, max_size=8).map("".join),
    _date(st.sampled_from(_NUMBERS)),
    st.datetimes().map(str),
    st.builds("{}-{}-{}T{}:{}{}".format, *[st.sampled_from(_NUMBERS)] * 5, st.sampled_from(_ZONES)),
)

_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.just(int(HUGE)),
    TEXTS,
    DATES,
)


def json_values(names: list[str]) -> st.SearchStrategy[Any]:
    """Values of any shape whose objects often have these names."""
    keys = st.sampled_from(names) | TEXTS
    return st.recursive(
        _LEAVES,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=6),
        max_leaves=12,
    )


def script(value: Any, opening: str) -> str:
    """A script that holds a value, as pages have them."""
    return f"<script {opening}>{json.dumps(value)}</script>"


_TAGS = (
    *("<html>", "<head>", "</head>", "<body>", "</body>", "<base href='x:'>", "<base href='/n/'>"),
    *("<article>", "</article>", "<main>", "<header>", "</header>", "<nav>", "</nav>", "<aside>"),
    *("<h1>", "</h1>", "<h2>", "</h2>", "<p>", "</p>", "<br>", "<li>", "<ul>", "</ul>", "<div>"),
    *("</div>", "<table>", "<tr><td>", "<td colspan='9999'>", "<blockquote>", "<pre>", "<figure>"),
    *("<a href='/news/123'>", "<a href='/news/most-cherez-reku'>", "<a href='http://['>", "</a>"),
    *("<a href='tel:+74951234567'>", "<a rel='author' href=''>", "<a href='javascript:x()'>"),
    *("<time datetime='", "<time>", "</time>", "<img src='/1.jpg'>", "<img srcset=', 9x,'>"),
    *(
        "<meta name='author' content='",
        "<meta property='og:title' content='",
        "<title>",
        "</title>",
    ),
    *("<meta property='article:published_time' content='", "<link rel='canonical' href='"),
    *("<span class='byline'>", "<span itemprop='datePublished' content='", "<div class='h-entry'>"),
    *("<div itemtype='https://schema.org/BreadcrumbList'>", "<span itemprop='itemListElement'>"),
    *("<nav class='breadcrumbs'>", "<meta itemprop='position' content='", "<div class='date'>"),
    *("<script>", "</script>", "<!--", "-->", "<![CDATA[", "'>", '">', "<", "&", "&#xD800;", "<?x"),
    *("[caption]", "[/caption]", "<svg>", "<template>", "<select>", "<x:y>", "</p></p>", "<a><a>"),
)
_PROSE = "Мост через реку Тихую открыли в понедельник утром, и на открытие пришли горожане. "
_SCRAPS = st.one_of(
    st.sampled_from(_TAGS),
    st.sampled_from(_TAGS),
    st.sampled_from([_PROSE, f"<p>{_PROSE * 3}</p>"]),
    TEXTS,
    DATES,
)
SOUPS = st.lists(_SCRAPS, max_size=40).map("".join)
"""Heaps of markup."""

PAGES = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["<html><head>", "", "<!DOCTYPE html><html lang='ru'>"]),
        SOUPS,
        st.sampled_from(["</head><body><h1>Мост</h1>", "", "<body>", "<div>" * DEEP, "<b>" * DEEP]),
        SOUPS,
    ),
)
"""Heaps of markup that look like pages; some are deeper than any page has to be."""


@st.composite
def listings(draw: st.DrawFn) -> str:
    """Pages with a list of links, headings and dates, and heaps of markup between them."""
    rows, soup = [], st.lists(_SCRAPS, max_size=10).map("".join)
    for number in range(draw(st.integers(0, 8))):
        scrap, date = draw(_SCRAPS), draw(DATES)
        title = draw(st.sampled_from([f"Открыли мост номер {number} через реку", ""]) | TEXTS)
        rows.append(
            f"<li class=row><a href='/news/{number}00'>{title}</a>{scrap}<time>{date}</time>"
            f"<p>{draw(TEXTS)}</p></li>"
        )
    return f"<html><title>Новости</title>{draw(soup)}<ul>{''.join(rows)}</ul>{draw(soup)}</html>"


CLEAN_TEXTS = TEXTS.map(lambda text: text.encode(errors="ignore").decode())
_URLS = TEXTS.map(lambda text: absolute_url(PAGE, text) or PAGE)
_SPANS = st.lists(
    st.builds(
        Span,
        CLEAN_TEXTS,
        st.frozensets(st.sampled_from(Style), max_size=2),
        st.none() | _URLS,
    ),
    max_size=4,
).map(tuple)
_BLOCKS: st.SearchStrategy[Block] = st.one_of(
    st.builds(Paragraph, _SPANS),
    st.builds(Heading, _SPANS, st.integers(2, 6)),
    st.builds(Image, _URLS, _SPANS),
)
DOCUMENTS = st.builds(Document, st.lists(_BLOCKS, max_size=5).map(tuple))
