"""What pages say of their articles, in all the places where they say it."""

import time
from datetime import datetime

import pytest

from bot.ingest.about.metadata import Metadata, read_metadata
from bot.ingest.markup.dates import moment
from bot.ingest.markup.dom import parse_page

URL = "https://news.example/2031/garden?id=5"


def read(head: str, body: str = "<p>x</p>", html: str = "<html>") -> Metadata:
    return read_metadata(parse_page(f"{html}<head>{head}</head><body>{body}</body></html>"), URL)


def linked_data(text: str) -> str:
    return f'<script type="application/ld+json">{text}</script>'


def test_nothing_is_invented() -> None:
    assert read("") == Metadata(None, "", "", (), None, None, None, None)


@pytest.mark.parametrize(
    ("head", "body", "title"),
    [
        ("<title>Сад — Вести</title><meta property=og:site_name content=Вести>", "", "Сад"),
        ("<title>Вести | Сад</title><meta property=og:site_name content=Вести>", "", "Сад"),
        ("<title>Сад — Вести</title>", "<h1>Сад</h1>", "Сад"),
        ("<title>Мир — это сад</title>", "", "Мир — это сад"),
        ("<title>Сад-огород</title><meta property=og:site_name content=огород>", "", "Сад-огород"),
        (
            "<meta property=og:title content='Коротко'><title>Иное</title>",
            "<h1>Сайт</h1>",
            "Коротко",
        ),
        (linked_data('{"@type":"NewsArticle","headline":"Сад &amp; дом"}'), "", "Сад & дом"),
        ("", "<h1> Сад\n у&shy;дома </h1>", "Сад удома"),
        ("<title>Мост открыт — Новости — Министерство</title>", "", "Мост открыт"),
        ("<title>Мост открыт | Пресс-центр</title>", "", "Мост открыт"),
        ("<title>Новости | Мост открыт</title>", "", "Мост открыт"),
        (
            "<title>Мост открыт — Новости — Министерство</title>",
            "<h1>Новости</h1><h2>Мост открыт</h2><p>x</p>",
            "Мост открыт",
        ),
        ("<title>Новости</title>", "<h1>Новости</h1><h3>Мост открыт</h3><p>x</p>", "Мост открыт"),
        (
            "<title>Новости — Министерство</title>",
            "<h1>Новости</h1><h2><a href=/2>Другая новость</a></h2><h3>Мост открыт</h3><p>x</p>",
            "Мост открыт",
        ),
        (
            "<meta property=og:title content='Мост через реку открыт'>",
            "<h1>Новости</h1><h2>Что сказал мэр</h2><p>x</p>",
            "Мост через реку открыт",
        ),
        (
            "<title>Мост открыт</title>",
            "<h1>Мост открыт</h1><h2>Мост открыт для всех</h2>",
            "Мост открыт",
        ),
        (
            "<title>Мост через реку открыт › Вестник двора</title>",
            "<h2>Мост через реку открыт</h2>",
            "Мост через реку открыт",
        ),
        (
            "<title>Мост открыт | Вестник двора</title>",
            "<h1><a href='/'>Вестник двора</a></h1><p>x</p>",
            "Мост открыт",
        ),
        (
            "<title>Транспорт: мост через реку открыт</title>",
            "<h1><span class='article__kicker'>Транспорт</span> Мост через реку открыт</h1>",
            "Мост через реку открыт",
        ),
        (
            (
                "<meta property=og:title content='Мост открыт'>"
                "<meta property='article:section' content='Мост открыт'><title>Вестник</title>"
            ),
            "<h1>Мост открыт</h1>",
            "Мост открыт",
        ),
    ],
)
def test_title(head: str, body: str, title: str) -> None:
    assert read(head, body).title == title


@pytest.mark.parametrize(
    "text",
    [
        '{"@type":"NewsArticle","datePublished":"2031-05-01T10:00:00+03:00"}',
        '[{"@type":"WebSite"},{"@type":["Thing","Article"],"datePublished":"2031-05-01T10:00+03:00"}]',
        '{"@graph":[{"@type":"schema:x"},{"@type":"http://schema.org/BlogPosting","datePublished":"2031-05-01T07:00:00Z"}]}',
        '{"@type":"NewsArticle","headline":"a\nb","datePublished":"2031-05-01T10:00:00+0300",}',
        '<!-- {"@type":"NewsArticle","datePublished":"2031-05-01T10:00:00.000+03"} -->',
        '{"@type":"NewsArticle","datePublished":"2031-05-01T10:00:00+03:00"} trailing',
        '{"@type":"WebPage","mainEntity":{"@type":"NewsArticle","datePublished":"2031-05-01T10:00:00+03:00"}}',
    ],
)
def test_linked_data_is_read_as_sites_write_it(text: str) -> None:
    assert read(linked_data(text)).published == datetime.fromisoformat("2031-05-01T10:00:00+03:00")


@pytest.mark.parametrize(
    "text", ["", "{", "null", "[[[", '{"@type":5}', '{"@type":"Article","image":[{}]}', "[" * 99999]
)
def test_broken_linked_data_is_passed_over(text: str) -> None:
    found = read(linked_data(text) + "<title>Сад</title>")
    assert (found.title, found.image, found.published) == ("Сад", None, None)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2031-05-01T10:00:00+07:00", "2031-05-01T10:00:00+07:00"),
        ("2031-05-01T10:00:00.123456Z", "2031-05-01T10:00:00.123456+00:00"),
        ("2031-05-01 10:00:00 +0500", "2031-05-01T10:00:00+05:00"),
        ("2031-05-01T10:00:00", "2031-05-01T10:00:00+00:00"),
        ("2031-05-01", "2031-05-01T00:00:00+00:00"),
        ("20310501T1000", "2031-05-01T10:00:00+00:00"),
        ("Thu, 01 May 2031 10:00:00 +0300", "2031-05-01T10:00:00+03:00"),
        ("01.05.2031 10:05", "2031-05-01T10:05:00+00:00"),
        ("1935575000", "2031-05-03T11:43:20+00:00"),
        ("2031-02-30T10:00:00Z", None),
        ("0001-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59-12:00", None),
        ("вчера", None),
        ("", None),
    ],
)
def test_moments(text: str, wanted: str | None) -> None:
    found = moment(text)
    assert (found and found.isoformat()) == wanted


def test_a_senseless_date_gives_way_to_the_next() -> None:
    head = (
        "<meta property='article:published_time' content='0000-00-00'>"
        "<meta itemprop=datePublished content=2031-05-01>"
    )
    assert read(head).published == datetime.fromisoformat("2031-05-01T00:00:00+00:00")


def test_times_in_the_page() -> None:
    body = (
        '<time datetime="2031-05-02T08:00:00Z" itemprop="dateModified"></time>'
        '<time datetime="2031-05-01T08:00:00Z"></time>'
    )
    found = read("", body)
    assert found.published == datetime.fromisoformat("2031-05-01T08:00:00+00:00")
    assert found.updated == datetime.fromisoformat("2031-05-02T08:00:00+00:00")


@pytest.mark.parametrize(
    ("href", "wanted"),
    [
        ("/2031/garden", "https://news.example/2031/garden"),
        ("https://www.news.example/2031/garden", "https://www.news.example/2031/garden"),
        ("https://news.example/", None),
        ("/index.html", None),
        ("https://elsewhere.example/2031/garden", None),
        ("javascript:void(0)", None),
    ],
)
def test_canonical_address(href: str, wanted: str | None) -> None:
    assert read(f"<link rel=canonical href='{href}'>").url == wanted


def test_section_from_breadcrumbs() -> None:
    crumbs = (
        "<div class='bread-crumbs breadcrumb'>"
        "<a href=/>Главная</a> <a href=/n>Новости</a> <a href=/s>Сад</a></div>"
    )
    assert read("<title>Сад</title>", crumbs).sections == ("Новости",)
    told = "<title>Сад</title><meta property='article:section' content='Двор'>"
    assert read(told, crumbs).sections == ("Новости",)
    assert read(told).sections == ("Двор",)


def test_lead_image_and_language() -> None:
    head = (
        "<meta name=description content=' Сто\n лип. '><meta property=og:image content='/a b.jpg'>"
        "<meta property=og:locale content=ru_RU>"
    )
    found = read(head)
    assert (found.lead, found.image, found.language) == (
        "Сто лип.",
        "https://news.example/a%20b.jpg",
        "ru",
    )
    assert read(head, html="<html lang=en-GB>").language == "en"
    assert read("<title>Сад</title><meta name=description content=Сад>").lead == ""


def test_of_very_many_headings_few_are_compared_with_the_title() -> None:
    title = " - ".join(f"слово{n}" for n in range(60))
    html = f"<html><head><title>{title}</title></head><body>{'<h1>Мост открыт</h1>' * 20_000}"

    started = time.process_time()
    read_metadata(parse_page(html), "https://news.example.org/most")

    assert time.process_time() - started < 2
