from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import FetchError, ParseError, UnreachableError
from bot.ingest.fetching.moves import PROVEN, failed, followed, read_address
from bot.model import Source, Whereabouts

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
DAY = timedelta(days=1)
NEW = "https://new.example/feed"
SOURCE = Source(1, "https://news.example/feed", None, None, None, failures=0, primed=True)
MOVING = replace(SOURCE, moved_to=NEW, moved_since=NOW)
ADOPTED = replace(SOURCE, reads_url=NEW)


def fault(status: int | None, *, redirected: bool = False) -> FetchError:
    error = FetchError("x", status=status)
    error.redirected = redirected
    return error


def test_a_move_is_adopted_after_seven_days_of_the_same_answer() -> None:
    assert followed(SOURCE, NEW, NOW) == Whereabouts(None, NEW, NOW)
    assert followed(MOVING, NEW, NOW + PROVEN - DAY) == Whereabouts(None, NEW, NOW)
    assert followed(MOVING, NEW, NOW + PROVEN) == Whereabouts(NEW, untold=True)


@pytest.mark.parametrize("answer", [None, SOURCE.url])
def test_another_answer_ends_the_waiting(answer: str | None) -> None:
    assert followed(MOVING, answer, NOW + PROVEN) == Whereabouts()


def test_another_target_begins_it_anew() -> None:
    other = "https://other.example/feed"
    assert followed(MOVING, other, NOW + PROVEN) == Whereabouts(None, other, NOW + PROVEN)


def test_https_of_the_same_host_is_adopted_at_once_and_silently() -> None:
    plain = replace(SOURCE, url="http://news.example/feed")
    assert followed(plain, "https://news.example/rss", NOW) == Whereabouts(
        "https://news.example/rss"
    )
    assert followed(plain, "https://www.news.example/feed", NOW).reads_url is None
    assert followed(SOURCE, "http://news.example/feed", NOW).reads_url is None


def test_within_the_host_nobody_needs_to_be_told() -> None:
    inside = replace(MOVING, moved_to="https://news.example/rss")
    assert followed(inside, "https://news.example/rss", NOW + PROVEN) == Whereabouts(
        "https://news.example/rss"
    )


def test_a_private_address_is_never_adopted() -> None:
    for target in ("http://127.0.0.1/feed", "http://intranet/feed", "https://[::1]/feed"):
        waiting = replace(SOURCE, moved_to=target, moved_since=NOW - 9 * DAY)
        assert followed(waiting, target, NOW) == Whereabouts()


def test_an_endless_address_is_never_adopted() -> None:
    assert followed(SOURCE, f"https://news.example/{'a' * 2000}", NOW) == Whereabouts()


def test_a_move_from_where_it_moved_before() -> None:
    other = "https://other.example/feed"
    assert followed(ADOPTED, None, NOW) == Whereabouts(NEW)
    assert followed(ADOPTED, other, NOW) == Whereabouts(NEW, other, NOW)
    waiting = replace(ADOPTED, moved_to=other, moved_since=NOW - PROVEN)
    assert followed(waiting, other, NOW) == Whereabouts(other, untold=True)


@pytest.mark.parametrize("status", [404, 410])
def test_it_is_adopted_at_once_where_the_old_address_is_gone(status: int) -> None:
    assert failed(MOVING, fault(status)) == Whereabouts(NEW, untold=True)


@pytest.mark.parametrize(
    "error",
    [
        fault(404, redirected=True),
        fault(503),
        fault(429),
        fault(403),
        UnreachableError("x"),
        ValueError("x"),
    ],
)
def test_other_faults_say_nothing_of_a_move(error: Exception) -> None:
    """The target that is gone would be adopted otherwise."""
    assert failed(MOVING, error) == MOVING.whereabouts


@pytest.mark.parametrize("error", [fault(404), fault(500), UnreachableError("x"), ParseError("x")])
def test_no_failed_read_gives_up_an_adopted_address(error: Exception) -> None:
    """Our own network may be away, and the editor's address gone for good."""
    assert failed(replace(ADOPTED, failures=40), error) == Whereabouts(NEW)
    assert failed(SOURCE, error) == Whereabouts()


def test_only_a_move_from_where_it_is_read_is_told() -> None:
    """The feed that a page names is elsewhere from the first; https there is no news."""
    named = replace(SOURCE, reads_url="http://feeds.example/news")
    secure = "https://feeds.example/news"
    assert followed(named, secure, NOW) == Whereabouts(secure)
    waiting = replace(named, moved_to=SOURCE.url, moved_since=NOW - PROVEN)
    assert followed(waiting, SOURCE.url, NOW) == Whereabouts(SOURCE.url, untold=True)


@pytest.mark.parametrize(
    ("url", "reads_url", "expected"),
    [
        ("https://news.example/feed", None, "https://news.example/feed"),
        ("https://news.example/feed", NEW, NEW),
        ("http://u:p%40@news.example/f", "https://news.example/g", "https://u:p%40@news.example/g"),
        ("https://u:p@news.example/f", "https://news.example/g", "https://u:p@news.example/g"),
        ("https://u:p@news.example/f", "http://news.example/g", "http://news.example/g"),
        ("https://u:p@news.example/f", NEW, NEW),
    ],
)
def test_a_password_goes_along_to_its_own_host_only(
    url: str, reads_url: str | None, expected: str
) -> None:
    assert read_address(replace(SOURCE, url=url, reads_url=reads_url)) == expected
