"""What pages show around their titles: the date, the lead, and what is neither."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.ingest.article.extract import extract_article
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
        "<div class=date>Обновлено 20.11.2026</div>",
        "<div class=related><time datetime=2026-11-20T10:00>20 ноября</time></div>",
        "<p>Мост, который <time datetime=2026-11-20T10:00>20 ноября</time> осмотрел мэр.</p>",
        "<div class=date>25 декабря 2026</div>",  # of an event to come
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
