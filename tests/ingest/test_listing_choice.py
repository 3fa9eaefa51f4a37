"""Which of a page's lists is its news, and which lists are none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.ingest.markup.printed_dates import DateReader
from bot.ingest.markup.vocabulary import names_other_list
from bot.ingest.reading import read_source
from bot.model import Feed

NOW = datetime(2026, 11, 28, 15, 0, tzinfo=UTC)
LEAD = "<p>Строили его четыре года, и вот наконец по нему пошли люди.</p>"


def listing(body: str, path: str = "/news/", head: str = "") -> Feed | None:
    html = f"<html{head}><body>{body}"
    return read_source(html.encode(), "text/html", f"https://x.example{path}", None, NOW).feed


def news(dates: list[str], *, first: int = 100, tag: str = "div", more: str = "") -> str:
    return "".join(
        f"<{tag} class=card><i>{date}</i><a href='/news/{first + n}'>В городе открыли новый мост"
        f" номер {first + n}</a>{more}</{tag}>"
        for n, date in enumerate(dates)
    )


def numbers(feed: Feed | None) -> list[int]:
    return [int((entry.url or "").rpartition("/")[2]) for entry in feed.entries] if feed else []


RECENT = ["28.11.2026", "27.11.2026", "26.11.2026", "25.11.2026"]
OLDER = ["20.11.2026", "18.11.2026", "15.11.2026", "12.11.2026", "10.11.2026", "05.11.2026"]


@pytest.mark.parametrize("tag", ["div", "article"])
@pytest.mark.parametrize("heading", ["<h3>Популярное за месяц</h3>", "<div>Самое читаемое</div>"])
def test_what_is_popular_is_not_the_news(heading: str, tag: str) -> None:
    popular = (
        f"<div class=col>{heading}<div>{news(OLDER, first=500, tag=tag, more=LEAD)}</div></div>"
    )
    ours = f"<div class=col><h1>Новости</h1><div>{news(RECENT, tag=tag)}</div></div>"

    assert numbers(listing(popular + ours)) == [100, 101, 102, 103]
    assert numbers(listing(ours + popular)) == [100, 101, 102, 103]


def test_the_heading_of_one_column_says_nothing_of_the_next() -> None:
    popular = f"<div class=a><h3>Популярное</h3><ul>{news(OLDER, first=500, tag='li')}</ul></div>"

    assert numbers(listing(f"{popular}<div class=b>{news(RECENT)}</div>")) == [100, 101, 102, 103]


def test_the_newer_list_wins_where_no_heading_helps() -> None:
    archive = f"<ol>{news([d.replace('2026', '2024') for d in OLDER], first=500, more=LEAD)}</ol>"

    assert numbers(listing(f"{archive}<ul>{news(RECENT)}</ul>")) == [100, 101, 102, 103]


@pytest.mark.parametrize(
    "dates",
    [
        ["01.12.2026", "05.12.2026", "12.12.2026", "27.11.2026"],
        ["1 декабря", "5 декабря", "12 декабря", "20 января"],
    ],
)
def test_what_is_to_come_is_no_news(dates: list[str]) -> None:
    assert listing(news(dates)) is None


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("Популярное за месяц", True),
        ("Самые читаемые новости недели", True),
        ("Афиша", True),
        ("Календарь мероприятий", True),
        ("Читайте также", True),
        ("Most read this week", True),
        ("Upcoming events", True),
        ("Последние новости", False),
        ("События", False),
        ("Популярный артист приехал в город", False),
        ("Top stories", False),
    ],
)
def test_headings_of_other_lists(text: str, *, other: bool) -> None:
    assert names_other_list(text) is other


def test_a_list_without_dates_needs_a_word_for_news() -> None:
    services = "".join(
        f"<div class=card><a href='/uslugi/vydacha-spravok-o-sostave-semi-{n}'>Выдача справок о"
        f" составе семьи жителям района номер {n}</a></div>"
        for n in range(15)
    )

    assert listing(services, "/uslugi/") is None
    assert listing(f"<h1>Новости</h1>{services}", "/uslugi/") is not None
    assert listing(f"<h2>Все новости района</h2>{services}", "/uslugi/") is not None


@pytest.mark.parametrize(
    ("shown", "meant"),
    [
        ("27.11 11:20", "2026-11-27T11:20"),
        ("11:20, 27.11", "2026-11-27T11:20"),
        ("30.12 11:20", "2025-12-30T11:20"),
        ("27.11", "2026-11-27T00:00"),
        ("27.13 11:20", None),
    ],
)
def test_a_day_and_a_month_by_numbers(shown: str, meant: str | None) -> None:
    found = DateReader(NOW, "ru").guessed(shown)

    assert (found and found.moment.isoformat()[:16]) == meant


def test_a_bare_day_and_month_may_be_a_price() -> None:
    assert DateReader(NOW, "ru").alone("12.10") is None
    assert DateReader(NOW, "ru").alone("27.11 11:20") is not None


@pytest.mark.parametrize(
    ("dates", "language", "newest"),
    [
        (["11/05/2026", "11/04/2026", "10/30/2026"], "en-US", "2026-11-05"),
        (["11/05/2026", "11/04/2026", "11/03/2026"], "en", "2026-11-05"),
        (["05/11/2026", "04/11/2026", "30/10/2026"], "en-GB", "2026-11-05"),
        (["11/05/2026", "11/04/2026", "11/03/2026"], "ru", "2026-05-11"),
    ],
)
def test_months_or_days_come_first_in_a_whole_list(
    dates: list[str], language: str, newest: str
) -> None:
    feed = listing(news(dates), head=f" lang={language}")

    assert feed is not None
    assert f"{feed.entries[0].date_hint:%Y-%m-%d}" == newest
