"""What becomes of a message whose article has changed: pure decisions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from bot.model import Form
from bot.storage.amendments import Amendment
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

# https://core.telegram.org/bots/api#deletemessage; a little less, for requests on their way.
_DELETABLE = timedelta(hours=48) - timedelta(minutes=1)
_MOST_TRIES = 5
_PAUSE = 1.0  # seconds, doubled with each try
_OUTAGE_PAUSE = 5.0
_STOP_PAUSE = 60.0


class Deed(Enum):
    """What is done with a message."""

    LEAVE = auto()  # its reader went on to something else in it
    SHOW_PUSH = auto()
    SHOW_PAGE = auto()
    DELETE = auto()
    SAY_WITHDRAWN = auto()


def deed(amendment: Amendment, article_id: int, now: datetime, *, withdrawn: bool) -> Deed:
    """What is to be done with a message.

    Args:
        amendment: the message, and what it shows.
        article_id: of the article that was pushed with it.
        now: the moment.
        withdrawn: whether that article is withdrawn.
    """
    if amendment.opened and amendment.opened_article != article_id:
        return Deed.LEAVE
    if withdrawn:
        fresh = now - amendment.sent_at < _DELETABLE
        return Deed.DELETE if fresh else Deed.SAY_WITHDRAWN
    return Deed.SHOW_PAGE if amendment.opened else Deed.SHOW_PUSH


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing more is to be done with the message; ``closed`` and ``moved_to`` are of its chat."""

    closed: bool = False
    moved_to: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Instead:
    """It is tried at once in another way.

    Attributes:
        deed: what is done instead.
        form: in which form.
        here_only: whether that concerns this message alone, and not all of this article.
        tell: why the administrators are to be told, or None.
    """

    deed: Deed
    form: Form
    here_only: bool = False
    tell: str | None = None


@dataclass(frozen=True, slots=True)
class Later:
    """It is tried again after so many seconds.

    Attributes:
        counts: whether this was a try, rather than a request to come later.
        flood: whether Telegram asks to wait.
        pause: whether nothing gets through, so that everything waits.
    """

    seconds: float
    counts: bool = False
    flood: bool = False
    pause: bool = False


Next = Done | Instead | Later


def follows(  # noqa: PLR0911 - a table, a return per row
    outcome: Outcome, done: Deed, form: Form, tries: int
) -> Next:
    """What follows from the outcome of an edit or a deletion.

    Both may be repeated without harm, so a doubtful one is, some times.

    Args:
        outcome: how the request ended.
        done: what it was to do.
        form: in which form.
        tries: how many doubtful requests there were before for this message.
    """
    match outcome:
        case Sent() | Unchanged():
            return Done()
        case Uneditable() if done is Deed.DELETE:  # it is older than it seemed
            return Instead(Deed.SAY_WITHDRAWN, form, here_only=True)
        case RetryLater(seconds=seconds):
            return Later(seconds, flood=True)
        case Gone(reason=reason):
            return Done(closed=True, reason=reason)
        case Moved(chat_id=new):  # its messages stayed behind
            return Done(moved_to=new)
        case PictureRefused(here_only=here) if form is Form.FULL:
            return Instead(done, Form.BARE, here_only=here)
        case PictureRefused(reason=reason) | Refused(reason=reason) if form < Form.PLAIN:
            return Instead(done, Form.PLAIN, tell=reason)
        case Unsent():
            return Later(_OUTAGE_PAUSE, pause=True)
        case Stop():
            return Later(_STOP_PAUSE, pause=True)
        case Doubtful() if tries + 1 < _MOST_TRIES:
            return Later(_PAUSE * 2**tries, counts=True)
        case (
            Uneditable(reason=reason)
            | PictureRefused(reason=reason)
            | Refused(reason=reason)
            | Doubtful(reason=reason)
            | Missing(reason=reason)
            | TopicGone(reason=reason)
            | Undeliverable(reason=reason)
            | Failed(reason=reason)
        ):
            return Done(reason=reason)
