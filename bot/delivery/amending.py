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
from bot.waiting import growing

# https://core.telegram.org/bots/api#deletemessage; a little less, for requests on their way.
_DELETABLE = timedelta(hours=48) - timedelta(minutes=1)
_MOST_COUNTED = 5
_MOST_TRIES = 150  # of a message that is alone in its trouble: about a day
_PAUSE, _LONGEST_PAUSE = 1.0, 60.0  # seconds, doubled with each failure in a row
_LONGEST_WAIT = 600.0  # of one message, doubled from the same pause with each try
_MISSING_WAIT = 60.0  # four times as long with each try: an hour and a half in all
_OUTAGE_PAUSE = 5.0
_STOP_PAUSE = 60.0


class Deed(Enum):
    """What is done with a message."""

    LEAVE = auto()  # its reader went on to something else in it
    SHOW_PUSH = auto()
    SHOW_PAGE = auto()
    DELETE = auto()
    SAY_WITHDRAWN = auto()


def deed(
    amendment: Amendment,
    article_id: int,
    now: datetime,
    *,
    withdrawn: bool,
    deletable: bool = True,
) -> Deed:
    """What is to be done with a message.

    Args:
        amendment: the message, and what it shows.
        article_id: of the article that was pushed with it.
        now: the moment.
        withdrawn: whether that article is withdrawn.
        deletable: whether Telegram may still delete the message, as far as it told.
    """
    if amendment.opened and amendment.opened_article != article_id:
        return Deed.LEAVE
    if withdrawn:
        fresh = deletable and now - amendment.sent_at < _DELETABLE
        return Deed.DELETE if fresh else Deed.SAY_WITHDRAWN
    return Deed.SHOW_PAGE if amendment.opened else Deed.SHOW_PUSH


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing more is to be done with the message; ``moved_to`` is of its chat."""

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
class Past:
    """How often a message was tried in vain.

    Attributes:
        tries: in all.
        counted: of these, while others got through: then it is the message that ails.
    """

    tries: int = 0
    counted: int = 0


@dataclass(frozen=True, slots=True)
class Later:
    """It is tried again after so many seconds.

    Attributes:
        past: where this was a try, rather than a request to come later: how many there are now.
        flood: whether Telegram asks to wait.
        pause: whether nothing can get through, so that everything waits.
        rest: seconds that all amendments wait, since none of them gets through.
    """

    seconds: float
    past: Past | None = None
    flood: bool = False
    pause: bool = False
    rest: float = 0.0


Next = Done | Instead | Later


def follows(  # noqa: C901, PLR0911, PLR0912 - a table, a return per row
    outcome: Outcome, done: Deed, form: Form, past: Past, setbacks: int
) -> Next:
    """What follows from the outcome of an edit or a deletion.

    Both may be repeated without harm, so a doubtful one is. Where others get through, five times;
    where none does, it is Telegram that ails: all wait, growing longer, and it is tried on.

    Args:
        outcome: how the request ended.
        done: what it was to do.
        form: in which form.
        past: how often this message was tried before.
        setbacks: how many requests in a row came to nothing before this one; those in flight
            together count once.
    """
    match outcome:
        case Sent() | Unchanged():
            return Done()
        case Uneditable() if done is Deed.DELETE:  # it is older than it seemed
            return Instead(Deed.SAY_WITHDRAWN, form, here_only=True)
        case RetryLater(seconds=seconds):
            return Later(seconds, flood=True)
        case Gone(reason=reason):
            return Done(reason=reason)  # the next push finds out what the chat takes
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
        case Doubtful(reason=reason):
            past = Past(past.tries + 1, past.counted + (setbacks == 0))
            if past.counted >= _MOST_COUNTED or past.tries >= _MOST_TRIES:
                return Done(reason=reason)
            wait = growing(_PAUSE, past.tries - 1, _LONGEST_WAIT)
            rest = growing(_PAUSE, setbacks, _LONGEST_PAUSE) if setbacks else 0.0
            return Later(wait, past, rest=rest)
        case Missing() if past.counted + 1 < _MOST_COUNTED:  # Telegram may find the chat again
            wait = _MISSING_WAIT * 4**past.counted
            return Later(wait, Past(past.tries + 1, past.counted + 1))
        case (
            Uneditable(reason=reason)
            | PictureRefused(reason=reason)
            | Refused(reason=reason)
            | Missing(reason=reason)
            | TopicGone(reason=reason)
            | Undeliverable(reason=reason)
            | Failed(reason=reason)
        ):
            return Done(reason=reason)
