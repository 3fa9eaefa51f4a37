from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.ingest.schedule import LONGEST_ASKED, LONGEST_SKIPPED, is_unconditional, next_read
from bot.model import Rhythm

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)  # a Monday
HOUR = timedelta(hours=1)
NIGHT = Rhythm(skip_hours=frozenset({22, 23, 0, 1, 2}))
WEEKEND = Rhythm(skip_days=frozenset({5, 6}))


def seconds(moment: datetime) -> float:
    return (moment - NOW).total_seconds()


def test_pauses_grow_with_failures_up_to_an_hour() -> None:
    pauses = [seconds(next_read(NOW, 60, failures=n)) for n in (0, 1, 2, 3, 7, 100)]
    assert pauses == [60, 60, 120, 240, 3600, 3600]


def test_an_hour_is_no_limit_for_those_who_are_looked_at_less_often() -> None:
    assert next_read(NOW, 86_400, failures=5) - NOW == timedelta(days=1)


def test_a_source_that_is_gone_is_looked_at_ever_more_rarely_and_never_given_up() -> None:
    pauses = [seconds(next_read(NOW, 300, failures=n, gone=n)) for n in (1, 2, 8, 12, 10_000)]
    assert pauses == [300, 600, 38_400, 86_400, 86_400]


def test_what_a_busy_site_asks_for_is_obeyed() -> None:
    assert seconds(next_read(NOW, 1, failures=1, retry_after=500)) == 500
    assert seconds(next_read(NOW, 600, failures=1, retry_after=5)) == 600


@pytest.mark.parametrize(
    ("poll", "fresh", "ttl", "expected"),
    [
        (300, 0, 0, 300),
        (300, 200, 0, 300),  # the editor's wish is the least
        (300, 400, 0, 400),
        (300, 0, 600, 600),
        (300, 400, 600, 600),
        (300, 3600, 0, LONGEST_ASKED.total_seconds()),
        (300, 0, 86_400, LONGEST_ASKED.total_seconds()),
        (1800, 86_400, 86_400, 1800),
    ],
)
def test_freshness_and_ttl_lengthen_the_pause_within_a_limit(
    poll: float, fresh: float, ttl: float, expected: float
) -> None:
    assert seconds(next_read(NOW, poll, fresh=fresh, rhythm=Rhythm(pause=ttl))) == expected


def test_after_a_failure_only_the_failures_count() -> None:
    assert seconds(next_read(NOW, 60, failures=1, fresh=600, rhythm=Rhythm(pause=600))) == 60


def test_jitter_only_adds_and_never_more_than_a_twentieth() -> None:
    assert seconds(next_read(NOW, 100, jitter=1.0)) == 105
    assert seconds(next_read(NOW, 100, failures=2, jitter=0.5)) == 205
    assert seconds(next_read(NOW, 1, failures=1, retry_after=1000, jitter=1.0)) == 1050


@pytest.mark.parametrize(
    ("now", "rhythm", "expected"),
    [
        ("2026-11-23T21:30", NIGHT, "2026-11-23T21:35"),
        ("2026-11-23T21:58", NIGHT, "2026-11-24T03:00"),
        ("2026-11-24T02:57", NIGHT, "2026-11-24T03:02"),
        ("2026-11-27T23:58", WEEKEND, "2026-11-28T08:03"),  # two days are more than is promised
        ("2026-11-29T20:00", WEEKEND, "2026-11-30T00:00"),
        ("2026-11-23T10:00", Rhythm(skip_days=frozenset(range(7))), "2026-11-23T10:05"),
    ],
)
def test_hours_and_days_to_skip_are_skipped_within_a_limit(
    now: str, rhythm: Rhythm, expected: str
) -> None:
    moment, then = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (now, expected))
    assert next_read(moment, 300, rhythm=rhythm) == then


def test_a_wait_beyond_the_limit_ends_in_a_read() -> None:
    start = NOW + timedelta(days=5)
    first = next_read(start, 300, rhythm=WEEKEND)
    assert first - start == timedelta(minutes=5) + LONGEST_SKIPPED
    assert next_read(first, 300, rhythm=WEEKEND) > first


def test_hours_to_skip_are_those_of_greenwich() -> None:
    moscow = datetime.fromisoformat("2026-11-24T00:58:00+03:00")
    assert next_read(moscow, 300, rhythm=NIGHT) == datetime(2026, 11, 24, 3, tzinfo=UTC)


def test_sources_do_not_all_come_when_the_hours_to_skip_are_over() -> None:
    late = NOW.replace(hour=22)
    assert next_read(late, 300, rhythm=NIGHT, jitter=1.0) == (
        NOW.replace(day=24, hour=3) + timedelta(seconds=15)
    )


def test_one_read_in_a_hundred_is_a_full_one() -> None:
    assert [is_unconditional(chance) for chance in (0.0, 0.0099, 0.01, 0.99)] == [
        *(True, True),
        *(False, False),
    ]
