"""What follows from an outcome for a delivery: a pure decision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.model import Delivery, DeliveryState
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

_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=1), timedelta(minutes=1)
_MOST_DOUBTS = 7  # about a minute of an outage, for somebody who is alone in the queue
_STOP_PAUSE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Delivered:
    """It arrived."""

    message_id: int | None


@dataclass(frozen=True, slots=True)
class Ended:
    """It is not tried again; ``closed`` says that the chat takes no messages from us any more."""

    state: DeliveryState
    reason: str
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Again:
    """It is tried again.

    Attributes:
        not_before: when.
        reason: why.
        pause: whether all pushes wait until then.
        counts: whether this attempt was one, rather than a request to come later.
        doubtful: whether it may have arrived.
        plain: whether this article goes out as plain text from now on.
        moved_to: the chat's new id, or None.
    """

    not_before: datetime
    reason: str
    pause: bool = False
    counts: bool = True
    doubtful: bool = False
    plain: bool = False
    moved_to: int | None = None


Verdict = Delivered | Ended | Again


def verdict(  # noqa: PLR0911 - a table, a return per row
    outcome: Outcome, delivery: Delivery, now: datetime, setbacks: int
) -> Verdict:
    """What to do about a delivery whose request ended like this.

    A request that may have arrived is repeated once, silently, since a lost article is worse than
    a repeated one; after a second such end nobody knows, and a person is to see it. That is while
    other pushes get through. While none does, it is Telegram that ails and not this delivery:
    everything waits, growing longer, and the delivery is tried on.

    Args:
        outcome: how the request ended.
        delivery: what was sent.
        now: the moment.
        setbacks: how many pauses in a row brought no push through before this request.
    """
    match outcome:
        case Sent(message_id=number):
            return Delivered(number)
        case Unchanged():
            return Delivered(None)
        case RetryLater(seconds=seconds):
            later = now + timedelta(seconds=seconds)
            return Again(later, f"Telegram asks to wait {seconds} s", pause=True, counts=False)
        case Gone(reason=reason):
            return Ended(DeliveryState.FAILED, reason, closed=True)
        case Moved(chat_id=new):
            return Again(now, f"the group moved to {new}", counts=False, moved_to=new)
        case Refused(reason=reason) | PictureRefused(reason=reason) if not delivery.plain:
            return Again(now, reason, counts=False, plain=True)
        case (
            Refused(reason=reason)
            | PictureRefused(reason=reason)
            | Missing(reason=reason)
            | Undeliverable(reason=reason)
            | TopicGone(reason=reason)
            | Uneditable(reason=reason)
            | Failed(reason=reason)
        ):
            return Ended(DeliveryState.FAILED, reason)
        case Unsent(reason=reason):
            return Again(now + _growing(setbacks), reason, pause=True)
        case Doubtful(reason=reason) if _is_over(delivery, setbacks):
            return Ended(DeliveryState.UNKNOWN, reason)
        case Doubtful(reason=reason):
            return Again(now + _growing(setbacks), reason, pause=True, doubtful=True)
        case Stop(reason=reason):
            return Again(now + _STOP_PAUSE, reason, pause=True, counts=False)


def _is_over(delivery: Delivery, setbacks: int) -> bool:
    return delivery.doubtful and (setbacks == 0 or delivery.attempt >= _MOST_DOUBTS)


def _growing(setbacks: int) -> timedelta:
    factor: int = 2 ** min(setbacks, 16)
    return min(_FIRST_PAUSE * factor, _LONGEST_PAUSE)
