from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bot.delivery.verdict import Again, Delivered, Ended, Verdict, verdict
from bot.model import Chat, ChatKind, Delivery, DeliveryState, Reader
from bot.telegram.outcome import (
    Doubtful,
    Failed,
    Gone,
    Missing,
    Moved,
    Outcome,
    PictureRefused,
    Refused,
    RetryLater,
    Sent,
    Stop,
    TopicGone,
    Unchanged,
    Undeliverable,
    Uneditable,
    Unsent,
)

S = DeliveryState
SECOND = timedelta(seconds=1)


def held(*, attempt: int = 1, doubtful: bool = False, plain: bool = False) -> Delivery:
    reader = Reader(1, Chat(7, ChatKind.PRIVATE), "ru", active=True)
    return Delivery(1, 1, 1, reader, attempt, doubtful, plain, "lease")


@pytest.mark.parametrize("doubtful", [False, True])
@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Sent(5), Delivered(5)),
        (Sent(None), Delivered(None)),
        (Gone("blocked"), Ended(S.FAILED, "blocked", closed=True)),
        (Unchanged(), Delivered(None)),
        (Missing("not found"), Ended(S.FAILED, "not found")),
        (Undeliverable("for Stars"), Ended(S.FAILED, "for Stars")),
        (TopicGone("no thread"), Ended(S.FAILED, "no thread")),
        (Uneditable("no message"), Ended(S.FAILED, "no message")),
        (Failed("unknown"), Ended(S.FAILED, "unknown")),
    ],
)
def test_what_ends_a_delivery(
    outcome: Outcome, expected: Verdict, now: datetime, *, doubtful: bool, plain: bool
) -> None:
    assert verdict(outcome, held(doubtful=doubtful, plain=plain), now, setbacks=0) == expected


@pytest.mark.parametrize("seconds", [1, 30, 3600])
def test_a_flood_wait_is_kept_to_and_is_no_attempt(now: datetime, seconds: int) -> None:
    reached = verdict(RetryLater(seconds), held(), now, setbacks=0)
    assert isinstance(reached, Again)
    assert reached.not_before == now + seconds * SECOND
    assert reached.pause
    assert not reached.counts
    assert not reached.doubtful
    assert str(seconds) in reached.reason


def test_a_group_is_followed_at_once(now: datetime) -> None:
    reached = verdict(Moved(-100), held(), now, setbacks=0)
    assert isinstance(reached, Again)
    assert (reached.moved_to, reached.not_before) == (-100, now)
    assert (reached.counts, reached.pause, reached.doubtful) == (False, False, False)


@pytest.mark.parametrize("kind", [Refused, PictureRefused])
def test_a_refused_form_turns_plain_for_the_whole_article(
    now: datetime, kind: type[Refused | PictureRefused]
) -> None:
    reached = verdict(kind("can't parse"), held(), now, setbacks=0)
    assert reached == Again(now, "can't parse", counts=False, plain=True)


@pytest.mark.parametrize("kind", [Refused, PictureRefused])
def test_a_refused_plain_form_is_the_end(
    now: datetime, kind: type[Refused | PictureRefused]
) -> None:
    assert verdict(kind("no"), held(plain=True), now, setbacks=0) == Ended(S.FAILED, "no")


@pytest.mark.parametrize(
    ("setbacks", "seconds"), [(0, 1), (1, 2), (2, 4), (5, 32), (6, 60), (10_000, 60)]
)
def test_pauses_grow_while_nothing_gets_through(
    now: datetime, setbacks: int, seconds: float
) -> None:
    later = now + seconds * SECOND
    unsent = verdict(Unsent("refused"), held(), now, setbacks)
    assert unsent == Again(later, "refused", pause=True)
    doubtful = verdict(Doubtful("502"), held(), now, setbacks)
    assert doubtful == Again(later, "502", pause=True, doubtful=True)


def test_an_unsent_push_stays_as_certain_as_it_was(now: datetime) -> None:
    """The doubt of an earlier attempt is in the delivery and stays there."""
    for doubtful in (False, True):
        reached = verdict(Unsent("refused"), held(doubtful=doubtful), now, setbacks=0)
        assert isinstance(reached, Again)
        assert not reached.doubtful


def test_a_doubt_is_tried_once_more_and_then_nobody_knows(now: datetime) -> None:
    first = verdict(Doubtful("reset"), held(), now, setbacks=0)
    assert first == Again(now + SECOND, "reset", pause=True, doubtful=True)
    second = verdict(Doubtful("reset"), held(doubtful=True), now, setbacks=0)
    assert second == Ended(S.UNKNOWN, "reset")


def test_while_nothing_gets_through_no_delivery_is_given_up(now: datetime) -> None:
    """An outage of half a minute once left a whole broadcast unknown."""
    for attempt in range(2, 7):
        reached = verdict(Doubtful("502"), held(doubtful=True, attempt=attempt), now, setbacks=1)
        assert isinstance(reached, Again)
    last = verdict(Doubtful("502"), held(doubtful=True, attempt=7), now, setbacks=1)
    assert last == Ended(S.UNKNOWN, "502")


@pytest.mark.parametrize("doubtful", [False, True])
def test_a_refused_token_stops_everything_and_harms_nobody(
    now: datetime, *, doubtful: bool
) -> None:
    reached = verdict(Stop("Unauthorized"), held(doubtful=doubtful), now, setbacks=0)
    assert reached == Again(now + 60 * SECOND, "Unauthorized", pause=True, counts=False)
