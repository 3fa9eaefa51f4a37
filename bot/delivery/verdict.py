"""What follows from an outcome for a delivery: a pure decision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.model import Delivery, DeliveryState
from bot.telegram.outcome import (
    Doubtful,
    Failed,
    Gone,
    Moved,
    Outcome,
    Refused,
    RetryLater,
    Sent,
    Stop,
    TopicGone,
    Unsent,
)

_DOUBT_PAUSE = timedelta(seconds=5)
_LONGEST_PAUSE = timedelta(minutes=5)
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


def verdict(outcome: Outcome, delivery: Delivery, now: datetime) -> Verdict:  # noqa: PLR0911 - a table, a return per row
    """What to do about a delivery whose request ended like this.

    A request that may have arrived is repeated once (silently, see ``push``), since a lost article
    is worse than a repeated one; after a second such end nobody knows, and a person is to see it.
    """
    match outcome:
        case Sent(message_id=number):
            return Delivered(number)
        case RetryLater(seconds=seconds):
            later = now + timedelta(seconds=seconds)
            return Again(later, f"Telegram asks to wait {seconds} s", pause=True, counts=False)
        case Gone(reason=reason):
            return Ended(DeliveryState.FAILED, reason, closed=True)
        case Moved(chat_id=new):
            return Again(now, f"the group moved to {new}", counts=False, moved_to=new)
        case Refused(reason=reason) if not delivery.plain:
            return Again(now, reason, counts=False, plain=True)
        case Refused(reason=reason) | TopicGone(reason=reason) | Failed(reason=reason):
            return Ended(DeliveryState.FAILED, reason)
        case Unsent(reason=reason):
            return Again(now + _growing(delivery.attempt), reason, pause=True)
        case Doubtful(reason=reason) if not delivery.doubtful:
            return Again(now + _DOUBT_PAUSE, reason, doubtful=True)
        case Doubtful(reason=reason):
            return Ended(DeliveryState.UNKNOWN, reason)
        case Stop(reason=reason):
            return Again(now + _STOP_PAUSE, reason, pause=True, counts=False)


def _growing(attempt: int) -> timedelta:
    return min(timedelta(seconds=2 ** min(attempt - 1, 16)), _LONGEST_PAUSE)
