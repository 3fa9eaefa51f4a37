from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bot.delivery.verdict import Again, Delivered, Ended, Verdict, verdict
from bot.model import (
    Begun,
    Chat,
    ChatKind,
    Delivery,
    DeliveryState,
    Form,
    OnUnknown,
    Priority,
    Reader,
)
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


def held(
    *,
    attempt: int = 1,
    doubts: int = 0,
    form: Form = Form.FULL,
    thread_id: int = 0,
    missing_since: datetime | None = None,
) -> Begun:
    chat = Chat(7, ChatKind.PRIVATE, thread_id)
    reader = Reader(1, chat, "ru", active=True)
    delivery = Delivery(
        broadcast_id=1,
        article_id=1,
        reader=reader,
        priority=Priority.NEWS,
        attempt=attempt,
        doubts=doubts,
        lease=1,
        missing_since=missing_since,
    )
    return Begun(delivery, form, revision=1)


@pytest.mark.parametrize("doubts", [0, 1])
@pytest.mark.parametrize("form", list(Form))
@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Sent(5), Delivered(5)),
        (Sent(None), Delivered(None)),
        (Gone("blocked"), Ended(S.FAILED, "blocked", closed=True)),
        (Unchanged(), Delivered(None)),
        (Missing("not found"), Ended(S.FAILED, "not found", missing=True)),
        (Undeliverable("for Stars"), Ended(S.FAILED, "for Stars")),
        (TopicGone("no thread"), Ended(S.FAILED, "no thread")),  # of a chat without a topic
        (Uneditable("no message"), Ended(S.FAILED, "no message")),
        (Failed("unknown"), Ended(S.FAILED, "unknown")),
    ],
)
def test_what_ends_a_delivery(
    outcome: Outcome, expected: Verdict, now: datetime, doubts: int, form: Form
) -> None:
    assert verdict(outcome, held(doubts=doubts, form=form), now, setbacks=0) == expected


@pytest.mark.parametrize("seconds", [1, 30, 3600])
def test_a_flood_wait_is_kept_to_and_is_no_attempt(now: datetime, seconds: int) -> None:
    reached = verdict(RetryLater(seconds), held(), now, setbacks=0)
    assert isinstance(reached, Again)
    assert reached.not_before == now + seconds * SECOND
    assert reached.flood
    assert not reached.pause  # what pauses is for the pace to say
    assert not reached.counts
    assert not reached.doubtful
    assert str(seconds) in reached.reason


def test_a_group_is_followed_at_once(now: datetime) -> None:
    reached = verdict(Moved(-100), held(), now, setbacks=0)
    assert isinstance(reached, Again)
    assert (reached.moved_to, reached.not_before) == (-100, now)
    assert (reached.counts, reached.pause, reached.doubtful) == (False, False, False)


def test_a_topic_that_is_gone_leaves_its_chat(now: datetime) -> None:
    reached = verdict(TopicGone("no thread"), held(thread_id=4), now, setbacks=0)
    assert reached == Again(now, "no thread", counts=False, leave_topic=True)


@pytest.mark.parametrize(("hours", "closed"), [(23.9, False), (24, True), (1000, True)])
def test_a_chat_is_given_up_when_it_is_missing_a_day_later(
    now: datetime, hours: float, *, closed: bool
) -> None:
    since = now - timedelta(hours=hours)
    reached = verdict(Missing("not found"), held(missing_since=since), now, setbacks=0)
    assert reached == Ended(S.FAILED, "not found", closed=closed, missing=True)


@pytest.mark.parametrize("form", [Form.FULL, Form.BARE])
def test_a_refused_rendering_turns_plain_for_the_whole_article(now: datetime, form: Form) -> None:
    reached = verdict(Refused("can't parse"), held(form=form), now, setbacks=0)
    assert reached == Again(now, "can't parse", counts=False, form=Form.PLAIN)


@pytest.mark.parametrize("here", [False, True])
def test_a_refused_picture_is_left_out(now: datetime, *, here: bool) -> None:
    reached = verdict(PictureRefused("no picture", here), held(), now, setbacks=0)
    assert reached == Again(now, "no picture", counts=False, form=Form.BARE, here_only=here)


def test_a_picture_that_is_refused_where_there_is_none_makes_the_text_plain(now: datetime) -> None:
    reached = verdict(PictureRefused("no"), held(form=Form.BARE), now, setbacks=0)
    assert reached == Again(now, "no", counts=False, form=Form.PLAIN)


@pytest.mark.parametrize("kind", [Refused, PictureRefused])
def test_a_refused_plain_form_is_the_end(
    now: datetime, kind: type[Refused | PictureRefused]
) -> None:
    assert verdict(kind("no"), held(form=Form.PLAIN), now, setbacks=0) == Ended(S.FAILED, "no")


@pytest.mark.parametrize(
    ("setbacks", "seconds"), [(0, 1), (1, 2), (2, 4), (5, 32), (6, 60), (10_000, 60)]
)
def test_pauses_grow_while_nothing_gets_through(
    now: datetime, setbacks: int, seconds: float
) -> None:
    later = now + seconds * SECOND
    unsent = verdict(Unsent("refused"), held(), now, setbacks)
    assert unsent == Again(later, "refused", pause=setbacks > 0)
    doubtful = verdict(Doubtful("502"), held(), now, setbacks)
    assert doubtful == Again(later, "502", pause=setbacks > 0, doubtful=True)


def test_an_unsent_push_stays_as_certain_as_it_was(now: datetime) -> None:
    """The doubt of an earlier attempt is in the delivery and stays there."""
    for doubts in (0, 1):
        reached = verdict(Unsent("refused"), held(doubts=doubts), now, setbacks=0)
        assert isinstance(reached, Again)
        assert not reached.doubtful


def test_a_doubt_is_tried_once_more_and_then_nobody_knows(now: datetime) -> None:
    first = verdict(Doubtful("reset"), held(), now, setbacks=0)
    assert first == Again(now + SECOND, "reset", doubtful=True)  # the others do not wait for it
    second = verdict(Doubtful("reset"), held(doubts=1), now, setbacks=0)
    assert second == Ended(S.UNKNOWN, "reset")


def test_while_nothing_gets_through_no_delivery_is_given_up(now: datetime) -> None:
    """An outage of half a minute once left a whole broadcast unknown."""
    for doubts in range(6):
        # Attempts that certainly did not arrive are no reason, however many they were.
        reached = verdict(Doubtful("502"), held(doubts=doubts, attempt=50), now, setbacks=1)
        assert isinstance(reached, Again)
    last = verdict(Doubtful("502"), held(doubts=6, attempt=7), now, setbacks=1)
    assert last == Ended(S.UNKNOWN, "502", pause=2 * SECOND)


@pytest.mark.parametrize("doubts", [0, 1])
def test_a_refused_token_stops_everything_and_harms_nobody(now: datetime, doubts: int) -> None:
    reached = verdict(Stop("Unauthorized"), held(doubts=doubts), now, setbacks=0)
    assert reached == Again(now + 60 * SECOND, "Unauthorized", pause=True, counts=False, stop=True)


@pytest.mark.parametrize("setbacks", [0, 3])
def test_where_nothing_is_to_come_twice_a_doubt_is_the_end(now: datetime, setbacks: int) -> None:
    reached = verdict(Doubtful("reset"), held(), now, setbacks, OnUnknown.DROP)
    pause = 8 * SECOND if setbacks else timedelta(0)  # else an outage would drop them all
    assert reached == Ended(S.UNKNOWN, "reset", pause=pause)
