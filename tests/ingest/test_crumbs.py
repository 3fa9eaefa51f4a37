"""The section that a page names: breadcrumbs in every markup, and what is no step of them."""

from __future__ import annotations

import json
import time

import pytest

from bot.ingest.about.metadata import read_metadata
from bot.ingest.markup.dom import parse_page

URL = "https://www.news.example/members/2031/garden"
TITLE = "Сад у моста открыли школьники"
HEAD = f"<title>{TITLE} — Вести</title><meta property=og:site_name content=Вести>"


def sections(body: str = "", head: str = "", url: str = URL) -> tuple[str, ...]:
    page = f"<html><head>{HEAD}{head}</head><body>{body}<h1>{TITLE}</h1><p>x</p></body></html>"
    return read_metadata(parse_page(page), url).sections


def linked_data(value: object) -> str:
    return f'<script type="application/ld+json">{json.dumps(value)}</script>'


def crumb_list(*steps: tuple[str, str | None]) -> dict[str, object]:
    items = [
        {"@type": "ListItem", "position": number, "name": name} | ({"item": url} if url else {})
        for number, (name, url) in enumerate(steps, 1)
    ]
    return {"@type": "BreadcrumbList", "itemListElement": items}


HOME = ("Главная", "https://www.news.example/")
NEWS = ("Новости", "https://www.news.example/news/")
MEMBERS = ("Новости участников", "https://www.news.example/news/members/")

WEB_PAGE = {"@type": "WebPage", "breadcrumb": crumb_list(NEWS, MEMBERS)}
LINKED = linked_data(crumb_list(HOME, NEWS, MEMBERS, (TITLE, None)))
MICRODATA = """
<ol itemscope itemtype="https://schema.org/BreadcrumbList">
<li itemprop="itemListElement" itemscope itemtype="https://schema.org/ListItem">
<a itemprop="item" href="/"><span itemprop="name">Главная</span></a>
<meta itemprop="position" content="1"></li>
<li itemprop="itemListElement" itemscope itemtype="https://schema.org/ListItem">
<a itemprop="item" href="/news/members/"><span itemprop="name">Новости участников</span></a>
<meta itemprop="position" content="3"></li>
<li itemprop="itemListElement" itemscope itemtype="https://schema.org/ListItem">
<a itemprop="item" href="/news/"><span itemprop="name">Новости</span></a>
<meta itemprop="position" content="2"></li>
</ol>"""
RDFA = """
<ol vocab="https://schema.org/" typeof="BreadcrumbList">
<li property="itemListElement" typeof="ListItem"><a property="item" typeof="WebPage" href="/">
<span property="name">Вести</span></a></li>
<li property="itemListElement" typeof="ListItem"><a property="item" href="/news/">
<span property="name">Новости</span></a></li>
<li property="itemListElement" typeof="ListItem"><a property="item" href="/news/members/">
<span property="name">Новости участников</span></a></li></ol>"""
OLD_VOCABULARY = """
<div><span itemscope itemtype="http://data-vocabulary.org/Breadcrumb"><a href="/" itemprop="url">
<span itemprop="title">Главная</span></a></span> ›
<span typeof="v:Breadcrumb"><a rel="v:url" property="v:title" href="/news/">Новости</a></span> ›
<span typeof="v:Breadcrumb">
<a rel="v:url" property="v:title" href="/m/">Новости участников</a></span></div>"""
PLAIN = """
<nav class="bread-crumbs"><a href="/">На главную</a> / <a href="/news/">Новости</a> /
<a href="/news/members/">Новости участников »</a> / <span>Сад у моста открыли школьники</span>
</nav>"""
LABELLED = """
<nav aria-label="Вы здесь"><a href="/news/">Новости</a>: <a href="/m/">Новости участников</a>
</nav>"""


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (LINKED, ""),
        (linked_data({"@graph": [WEB_PAGE]}), ""),
        ("", MICRODATA),
        ("", RDFA),
        ("", OLD_VOCABULARY),
        ("", PLAIN),
        ("", LABELLED),
        (linked_data({"@type": "NewsArticle", "articleSection": "Новости/Новости участников"}), ""),
        ("<meta property='article:section' content='Новости: Новости участников'>", ""),
    ],
)  # fmt: skip
def test_a_path_in_every_markup(head: str, body: str) -> None:
    assert sections(body, head) == ("Новости", "Новости участников")


def test_the_breadcrumb_is_trusted_before_json_ld_and_that_before_meta() -> None:
    meta = "<meta property='article:section' content='Мета'>"
    article = linked_data({"@type": "NewsArticle", "articleSection": ["Данные", "Ещё"]})
    assert sections(LABELLED, article + meta) == ("Новости", "Новости участников")
    assert sections("", meta + article) == ("Данные",)
    assert sections("", meta) == ("Мета",)
    assert sections() == ()


def test_of_several_sections_in_one_text_the_first_is_meant() -> None:
    def told(text: str) -> tuple[str, ...]:
        return sections("", linked_data({"@type": "NewsArticle", "articleSection": text}))

    assert told("Город, Мосты") == ("Город",)
    assert told("город,мосты") == ("город",)
    assert told("Наука, культура и спорт") == ("Наука, культура и спорт",)


@pytest.mark.parametrize(
    "steps",
    [
        [HOME, NEWS, ("Сад у моста открыли…", None)],
        [HOME, NEWS, ("Сад у моста", URL)],
        [HOME, NEWS, ("Коротко", None)],
        [HOME, NEWS, ("Сад у моста открыли школьники города", f"{URL}?page=2")],
        [("post", "https://www.news.example/posts"), NEWS],
        [("Вести", "https://news.example"), NEWS],
        [("Портал", "https://news.example/ru/"), NEWS],
        [("News", None), NEWS],
        [("News Home", "https://news.example/start"), NEWS],
        [("Início", "https://www.news.example/start"), NEWS],
        [NEWS, ("2031", "https://www.news.example/2031/"), ("Май", "https://www.news.example/5/")],
        [NEWS, ("Анна Полевая", "https://www.news.example/anna/")],
        [HOME, ("Новости", None)],
        [NEWS, NEWS],
    ],
)  # fmt: skip
def test_what_is_no_step(steps: list[tuple[str, str | None]]) -> None:
    article = {"@type": "NewsArticle", "author": {"@type": "Person", "name": "Анна Полевая"}}
    head = linked_data([article, crumb_list(*steps)])
    assert sections("", head) == ("Новости",)


def test_of_many_steps_the_outermost_and_the_innermost_are_kept() -> None:
    middle = ("Город", "https://www.news.example/news/city/")
    assert sections("", linked_data(crumb_list(HOME, NEWS, middle, MEMBERS))) == (
        "Новости",
        "Новости участников",
    )


def test_a_section_that_begins_the_title_stays_a_section() -> None:
    assert sections("<div class=crumbs><a href=/>Главная</a><a href=/sad/>Сад</a></div>") == (
        "Сад",
    )


def test_without_a_breadcrumb_s_steps_the_next_one_is_looked_at() -> None:
    empty = "<div class=breadcrumbs><a href=/>Главная</a></div>"
    assert sections(empty + LABELLED) == ("Новости", "Новости участников")


@pytest.mark.parametrize(
    "value",
    [
        {"@type": "BreadcrumbList"},
        {"@type": "BreadcrumbList", "itemListElement": [None, 5, {"item": 7}, {"name": [[]]}]},
        {"@type": "BreadcrumbList", "itemListElement": {"name": "x" * 500, "position": {}}},
    ],
)
def test_broken_breadcrumbs_name_nothing(value: object) -> None:
    assert sections("", linked_data(value)) == ()


@pytest.mark.parametrize(
    "opening",
    ["<div class=breadcrumbs>", "<div itemtype=BreadcrumbList>", "<div itemtype=x/Breadcrumb>"],
)
def test_breadcrumbs_in_breadcrumbs_take_no_time(opening: str) -> None:
    """Each level once looked through all that is below it."""
    steps = "<b itemprop=itemListElement>x</b>" * 10_000 + "<i>y</i>" * 30_000
    page = opening * 90 + steps + "<a href=/news/>Новости</a>"
    started = time.process_time()
    sections(page)
    assert time.process_time() - started < 2
