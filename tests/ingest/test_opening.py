"""What pages show around their titles: the date, the lead, and what is neither."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.ingest.article.extract import extract_article
from bot.ingest.markup.printed_dates import DateReader
from bot.model import Extracted, Heading, Span

URL = "https://news.example/news/most/"
MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 11, 28, 12, tzinfo=MOSCOW)
TEXT = "<p>Мост через реку открыли после трёх лет работ, и по нему пошли первые автобусы.</p>" * 9


def page(above: str = "", below: str = "", text: str = TEXT, *, head: str = "") -> Extracted:
    html = (
        f"<html><head><title>Мост открыт</title>{head}</head><body>"
        "<header><div class=date>Сегодня 28 ноября 2026</div><a href=/>Главная</a></header>"
        f"<main>{above}<h1>Мост открыт</h1>{below}<div class=news-text>{text}</div></main>"
        "<aside><time datetime='2020-02-02T10:00'>2 февраля 2020</time> Старая новость</aside>"
        "<div class=contacts>Приём граждан с 03.03.2018</div>"
        "<footer>Сайт обновлён 01.02.2019 <time>1 февраля 2019, 10:00</time></footer></body></html>"
    )
    return extract_article(html.encode(), "text/html; charset=utf-8", URL, now=NOW)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=MOSCOW)


@pytest.mark.parametrize(
    ("below", "told"),
    [
        ("<div class=news-date-time>20 ноября 2026</div>", "2026-11-20T00:00"),
        ("<span class=news-date-time>20 ноября 2026, 14:05</span>", "2026-11-20T14:05"),
        ("<div class=meta><span class=date>20.11.2026 14:05</span></div>", "2026-11-20T14:05"),
        ("<p class=post-date>Опубликовано: 20.11.2026 14:05</p>", "2026-11-20T14:05"),
        ("<div class=published>20 ноября 2026</div>", "2026-11-20T00:00"),
        ("<time>20 ноября 2026, 14:05</time>", "2026-11-20T14:05"),
        ("<time datetime=2026-11-20>20 ноября 2026, 14:05</time>", "2026-11-20T14:05"),
        ("<div><i>20 ноября 2026 г.</i></div>", "2026-11-20T00:00"),
        ("<div class=date>вчера, 14:05</div>", "2026-11-27T14:05"),
    ],
)
def test_the_date_beside_the_title(below: str, told: str) -> None:
    assert page(below=below).published == local(told)


def test_a_date_just_above_the_title() -> None:
    assert page("<div class=date>20 ноября 2026, 14:05</div>").published == local(
        "2026-11-20T14:05"
    )


@pytest.mark.parametrize(
    "odd",
    [
        "",
        "<div class=related><time datetime=2026-11-20T10:00>20 ноября</time></div>",
        "<p>Мост, который <time datetime=2026-11-20T10:00>20 ноября</time> осмотрел мэр.</p>",
        "<div class=date>25 декабря 2026</div>",  # of an event to come
        "<div>Обновлено 20.11.2026</div>",
        "<div>Stand: 20. November 2026</div>",
        "<div>Лицензия № 77-123 от 12.03.2015</div>",
        "<div>Постановление от 03.02.2024 № 15-п</div>",
        "<div>Фото: Иванов, 12.05.2019</div>",
        "<script>settings = {created_at: '2018-02-03', date: '2019-04-01'}</script>",
    ],
)
def test_dates_of_something_else_are_none(odd: str) -> None:
    found = page(below=odd)
    assert found.published is None
    assert found.guessed is None


def test_dates_after_the_text_has_begun_are_none() -> None:
    late = TEXT + "<time datetime=2026-11-20T10:00>20 ноября 2026</time>"
    assert page(text=late).published is None


def test_the_address_tells_a_day_as_a_guess() -> None:
    html = f"<h1>Мост открыт</h1>{TEXT}<footer>Обновлено 01.02.2019</footer>"
    url = "https://news.example/2026/11/20/most"
    found = extract_article(html.encode(), "text/html; charset=utf-8", url, now=NOW)
    assert (found.published, found.guessed) == (None, local("2026-11-20T00:00"))


@pytest.mark.parametrize(
    ("below", "head"),
    [
        ("<div>20. November 2026 | Berlin</div>", ""),
        ("<p>Von Anna Berg am Freitag, 20. November 2026</p>", ""),
        ("<p>vendredi 20 novembre 2026 — Paris</p>", ""),
        ("<span>Datum:</span> 20.11.2026 <br>", ""),
        ("<i>20</i><b>Nov</b><i>2026</i>", ""),
        ("<div class=social><span>am 20.11.2026</span></div>", ""),
        ("", "<script>window.page = {publishedAt: '2026-11-20'}</script>"),
    ],
)
def test_lines_and_data_tell_a_day(below: str, head: str) -> None:
    found = page(below=below, head=head)
    assert (found.published or found.guessed) == local("2026-11-20T00:00")


@pytest.mark.parametrize(
    "begins", ["<p>Berlin, 20. November 2026 – ", "<p>(20.11.2026) ", "<p>20.11.2026: "]
)
def test_a_text_may_begin_with_its_day(begins: str) -> None:
    text = begins + "Мост через реку открыли после трёх лет работ." * 3 + "</p>" + TEXT
    assert page(text=text).guessed == local("2026-11-20T00:00")


@pytest.mark.parametrize(
    "odd",
    [
        "<p>Am 20. November 2026 wurde die Brücke nach drei Jahren Arbeit feierlich eröffnet.</p>",
        "<div>Beginn: 20.11.2026</div>",
        "<div>Gültig bis 20.11.2026</div>",
        "<ul class=related><li>20.11.2026 Alte Brücke</li></ul>",
    ],
)
def test_days_of_something_else_are_no_guess(odd: str) -> None:
    found = page(below=odd)
    assert (found.published, found.guessed) == (None, None)


@pytest.mark.parametrize(
    "mark",
    [
        "<time class='entry-date published updated' datetime=2026-11-20T14:05:00+03:00></time>",
        "<abbr class=published title=2026-11-20T14:05:00+03:00>14:05</abbr>",
        "<span property=schema:dateCreated content=2026-11-20T14:05:00+03:00></span>",
    ],
)
def test_marks_that_themes_and_systems_give(mark: str) -> None:
    assert page(below=mark).published == local("2026-11-20T14:05")


def test_the_page_s_own_date_counts_where_no_article_is_described() -> None:
    data = '{"@type": "WebPage", "datePublished": "2026-11-20T14:05:00+03:00"}'
    head = f"<script type=application/ld+json>{data}</script>"
    assert page(head=head).published == local("2026-11-20T14:05")


def test_what_is_shown_tells_which_of_two_marks_is_right() -> None:
    data = '{"@type": "NewsArticle", "datePublished": "2025-01-12T10:00:00+03:00"}'
    head = (
        f"<script type=application/ld+json>{data}</script>"
        "<meta property=article:published_time content=2026-11-20T14:05:00+03:00>"
    )
    assert page(below="<div class=date>20.11.2026</div>", head=head).published == local(
        "2026-11-20T14:05"
    )
    assert page(head=head).published == local("2025-01-12T10:00")


def test_a_date_of_nobody_knows_what_gives_way_to_the_one_that_is_shown() -> None:
    head = "<meta name=date content=2026-10-01>"
    assert page(below="<div class=date>20.11.2026</div>", head=head).published == local(
        "2026-11-20T00:00"
    )
    assert page(head=head).published == local("2026-10-01T00:00")


@pytest.mark.parametrize(
    "text",
    [
        *("20. November 2026", "20 listopada 2026", "20 de noviembre de 2026", "20 Kasım 2026"),
        *("20. marraskuuta 2026", "20-Nov-2026", "Nov. 20, 2026", "20. 11. 2026", "2026年11月20日"),
        *("2026. 11. 20.", "20 ноября 2026", "20 листопада 2026", "novembre 20 2026"),
    ],
)
def test_days_of_many_languages(text: str) -> None:
    found = DateReader(NOW, "en").shown(text)
    assert found is not None
    assert found.moment == local("2026-11-20T00:00")


@pytest.mark.parametrize("text", ["20 comments", "set 5", "5 ago", "mardi 5", "version 1.2.2026.5"])
def test_words_that_look_like_months_are_none(text: str) -> None:
    assert DateReader(NOW, "en").shown(text) is None


def test_dates_for_machines_without_a_zone_are_the_site_s() -> None:
    head = "<meta property=article:published_time content=2026-11-20T14:05:00>"
    assert page(head=head).published == local("2026-11-20T14:05")


def test_another_date_of_the_page_tells_the_zone_better() -> None:
    head = "<meta property=article:modified_time content=2026-11-20T18:00:00+07:00>"
    found = page(below="<div class=date>20 ноября 2026, 14:05</div>", head=head)
    assert found.published == datetime(2026, 11, 20, 7, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "opening",
    [
        "<h1>Мост открыт</h1><h2>Что сказал мэр</h2>",
        "<h1>Новости</h1><h3>Мост открыт</h3><h2>Что сказал мэр</h2>",
        "<h1>Новости</h1><h2>Что сказал мэр</h2>",
        "<h1>Мост открыт</h1><h1>Что сказал мэр</h1>",
    ],
)
def test_a_heading_that_is_not_the_title_stays(opening: str) -> None:
    html = (
        "<html><head><title>Мост открыт — Новости — Министерство</title></head>"
        f"<body><article>{opening}{TEXT}</article></body></html>"
    )
    found = extract_article(html.encode(), "text/html; charset=utf-8", URL, now=NOW)
    assert found.title == "Мост открыт"
    assert found.document.blocks[0] == Heading((Span("Что сказал мэр"),), 2)
    assert found.document.plain_text().count("Мост открыт") == 0
