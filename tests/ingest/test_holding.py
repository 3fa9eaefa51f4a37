from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.ingest.holding import held, looks_renamed

READ = datetime(2026, 11, 23, 9, 0, 30, tzinfo=UTC)
OLD = READ - timedelta(days=1)


def since(count: int, pause: timedelta = timedelta(minutes=7)) -> list[datetime | None]:
    """So many moments after the last read, one after the other."""
    return [READ + pause * (number + 1) for number in range(count)]


@pytest.mark.parametrize(
    ("published", "shown", "expected"),
    [
        ([], 25, False),
        ([None] * 25, 25, True),
        ([OLD] * 16, 25, True),
        ([OLD] * 15, 25, False),  # 60 %, and not more
        ([OLD] * 4, 4, False),  # a small feed
        ([OLD] * 5, 5, True),
        (since(25), 25, False),  # a site that slept, or a busy one: its dates say so
        ([READ - timedelta(minutes=20)] * 3 + since(7), 10, False),  # a cache was late
        ([*since(10), *[OLD] * 15], 25, False),
        ([*since(9), *[OLD] * 16], 25, True),
        (since(25, timedelta(0)), 25, False),  # published together
    ],
)
def test_what_is_new_at_once_and_not_by_its_dates_is_looked_at(
    published: list[datetime | None], shown: int, *, expected: bool
) -> None:
    assert looks_renamed(published, 0, shown, READ) is expected


def test_without_a_last_read_no_date_tells() -> None:
    assert looks_renamed(since(10), 0, 10, None)


@pytest.mark.parametrize(
    ("familiar", "new", "expected"),
    [(2, 6, False), (3, 9, True), (3, 10, False), (4, 12, True), (9, 15, True)],
)
def test_whatever_its_dates_a_feed_of_titles_that_we_have_is_looked_at(
    familiar: int, new: int, *, expected: bool
) -> None:
    assert looks_renamed(since(new), familiar, new, READ) is expected
    assert not looks_renamed(since(new), familiar, 2 * new, READ)  # no more than it should be


def test_what_remains_is_held_and_dated_news_go_out() -> None:
    assert held([OLD] * 18 + since(2), 0, 20, READ) == [True] * 18 + [False] * 2
    assert held([OLD] * 5, 5, 15, READ) == [True] * 5


def test_dates_of_pages_let_news_go() -> None:
    """A list of links says no dates; the pages do."""
    assert held(since(10), 0, 10, READ) == [False] * 10


def test_a_burst_of_one_minute_goes_out() -> None:
    """Some sites publish what they have once a day."""
    assert held(since(25, timedelta(0)), 0, 25, READ) == [False] * 25


def test_a_day_is_over_at_its_end_only() -> None:
    """Lists tell days; those of today were not there when the bot was away for hours."""
    day = READ.replace(hour=0, minute=0, second=0)
    assert held([day] * 6, 0, 8, READ) == [False] * 6
    assert held([day - timedelta(days=1)] * 6, 0, 8, READ) == [True] * 6


def test_a_day_is_no_minute() -> None:
    """Lists tell days, which stand for all that was written in them."""
    day = READ.replace(hour=0, minute=0, second=0) + timedelta(days=1)
    assert held([day] * 10, 0, 10, READ) == [False] * 10


def test_titles_that_the_source_had_have_the_others_held_too() -> None:
    assert held(since(10), 0, 10, READ, familiar=4) == [True] * 10
    assert held(since(10), 0, 10, READ, familiar=3) == [False] * 10


def test_dates_prove_nothing_where_most_turn_out_to_be_old() -> None:
    assert held(since(5), 20, 25, READ) == [True] * 5
    assert held(since(20), 5, 25, READ) == [False] * 20
