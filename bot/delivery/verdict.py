"""What follows from an outcome for a delivery: a pure decision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.model import Begun, DeliveryState, Form, OnUnknown
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
from bot.waiting import growing

_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=1), timedelta(minutes=1)
_MOST_DOUBTS = 7  # about a minute in which nothing gets through
_STOP_PAUSE = timedelta(minutes=1)
_MISSING_FOR = timedelta(hours=24)  # also what Telegram says of a chat when it ails itself


@dataclass(frozen=True, slots=True)
class Delivered:
    """It arrived; ``message_id`` is None where the answer could not be read that far."""

    message_id: int | None


@dataclass(frozen=True, slots=True)
class Ended:
    """It is not tried again.

    Attributes:
        closed: whether the chat takes no messages from us any more.
        missing: whether Telegram does not find the chat, which is to be remembered.
        pause: how long all pushes wait, since none gets through.
    """

    state: DeliveryState
    reason: str
    closed: bool = False
    missing: bool = False
    pause: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Again:
    """It is tried again.

    Attributes:
        not_before: when.
        reason: why.
        pause: whether all pushes wait until then.
        flood: whether it is Telegram that asks to wait.
        counts: whether this attempt was one, rather than a request to come later.
        doubtful: whether it may have arrived.
        form: in which form this article goes out from now on, or None: as before.
        here_only: whether that concerns this delivery alone.
        moved_to: the chat's new id, or None.
        leave_topic: whether it goes to the chat itself from now on, since its topic is gone.
        stop: whether Telegram refuses everything we ask.
    """

    not_before: datetime
    reason: str
    pause: bool = False
    flood: bool = False
    counts: bool = True
    doubtful: bool = False
    form: Form | None = None
    here_only: bool = False
    moved_to: int | None = None
    leave_topic: bool = False
    stop: bool = False


Verdict = Delivered | Ended | Again


def verdict(  # noqa: C901, PLR0911, PLR0912 - a table, a return per row
    outcome: Outcome,
    begun: Begun,
    now: datetime,
    setbacks: int,
    policy: OnUnknown = OnUnknown.RESEND,
) -> Verdict:
    """What to do about a delivery whose request ended like this.

    A request that may have arrived is repeated once, silently, since a lost article is worse than
    a repeated one; after a second such end nobody knows, and a person is to see it. That is while
    other pushes get through, and they do not wait for it. From the second failure with no push
    accepted in between it is Telegram that ails and not this delivery: everything waits, growing
    longer, and the delivery is tried on, until its answer was lost for the seventh time.

    Args:
        outcome: how the request ended.
        begun: what was sent, and in which form.
        now: the moment.
        setbacks: how many failures in a row brought no push through before this request; those in
            flight together count once.
        policy: what becomes of a request that may have arrived.
    """
    delivery = begun.delivery
    match outcome:
        case Sent(message_id=number):
            return Delivered(number)
        case Unchanged():
            return Delivered(None)
        case RetryLater(seconds=seconds):
            later = now + timedelta(seconds=seconds)
            reason = f"Telegram asks to wait {seconds} s"
            return Again(later, reason, flood=True, counts=False)
        case Gone(reason=reason):
            return Ended(DeliveryState.FAILED, reason, closed=True)
        case Missing(reason=reason):
            since = delivery.missing_since
            closed = since is not None and now - since >= _MISSING_FOR
            return Ended(DeliveryState.FAILED, reason, closed=closed, missing=True)
        case Moved(chat_id=new):
            return Again(now, f"the group moved to {new}", counts=False, moved_to=new)
        case TopicGone(reason=reason) if delivery.reader.chat.thread_id:
            return Again(now, reason, counts=False, leave_topic=True)
        case PictureRefused(reason=reason, here_only=here) if begun.form is Form.FULL:
            return Again(now, reason, counts=False, form=Form.BARE, here_only=here)
        case PictureRefused(reason=reason) | Refused(reason=reason) if begun.form < Form.PLAIN:
            return Again(now, reason, counts=False, form=Form.PLAIN)
        case Unsent(reason=reason):
            return Again(now + _pause(setbacks), reason, pause=setbacks > 0)
        case Doubtful(reason=reason) if policy is OnUnknown.DROP or _is_over(begun, setbacks):
            pause = _pause(setbacks) if setbacks else timedelta(0)
            return Ended(DeliveryState.UNKNOWN, reason, pause=pause)
        case Doubtful(reason=reason):
            later = now + _pause(setbacks)
            return Again(later, reason, pause=setbacks > 0, doubtful=True)
        case Stop(reason=reason):
            return Again(now + _STOP_PAUSE, reason, pause=True, counts=False, stop=True)
        case (
            Refused(reason=reason)
            | PictureRefused(reason=reason)
            | TopicGone(reason=reason)
            | Undeliverable(reason=reason)
            | Uneditable(reason=reason)
            | Failed(reason=reason)
        ):
            return Ended(DeliveryState.FAILED, reason)


def _is_over(begun: Begun, setbacks: int) -> bool:
    delivery = begun.delivery
    return delivery.doubts > 0 and (setbacks == 0 or delivery.doubts >= _MOST_DOUBTS - 1)


def _pause(setbacks: int) -> timedelta:
    return growing(_FIRST_PAUSE, setbacks, _LONGEST_PAUSE)
