"""Looks at articles' pages: when there is one, and what it means for the article. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from bot.errors import FetchError
from bot.storage.checks import Check
from bot.waiting import growing

_STEPS = (
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(hours=24),
    timedelta(hours=48),
)
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_PART = 4  # of its age: so long a page rests that gives no answer
_ENOUGH = 12  # looks that find a page gone; then a person has long been told
_MANY, _SHARE = 3, 5  # gone at once: so many, and more than one in so many


class Look(Enum):
    """What a look at a page has found: that it is there, gone, or nothing for now."""

    THERE = "there"
    GONE = "gone"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Found:
    """A page that was looked at, and what follows.

    Attributes:
        gone: how many looks in a row have found it gone.
        check_at: when it is looked at next; None for never.
        withdraw, reinstate: what becomes of its article.
    """

    article_id: int
    gone: int
    check_at: datetime | None
    withdraw: bool = False
    reinstate: bool = False


def look_of(error: FetchError | None) -> Look:
    """What the answer to a request for a page says.

    Only 404 and 410 say that it is gone. A refusal of another kind, such as 403, says nothing of
    the article; no answer, and a fault of the site's, say nothing for now.
    """
    if error is None:
        return Look.THERE
    if error.gone:
        return Look.GONE
    return Look.UNKNOWN if error.passing else Look.THERE


def next_check(since: datetime, now: datetime) -> datetime | None:
    """When to look next at a page, ever more rarely since a moment; None after two days."""
    return next((since + step for step in _STEPS if since + step > now), None)


def speaks_for_itself(gone: int, there: int) -> bool:
    """Whether pages that are gone were taken down one by one, and the site itself is well.

    A site that was relaunched, or ails, answers 404 to all its addresses at once. That must never
    delete what was pushed: it is no editor's decision.

    Args:
        gone: how many pages of the source, of those just looked at, are gone.
        there: how many are there.
    """
    outage = gone >= _MANY and gone * _SHARE > gone + there
    return there > 0 and not outage


def follows(check: Check, look: Look, now: datetime, pause: timedelta, *, well: bool) -> Found:
    """What a look at an article's page means for it.

    Args:
        check: the article, as the looks before left it.
        look: what was found now.
        now: the moment.
        pause: how long to wait at least until a page that is gone is looked at again.
        well: whether the pages that are gone speak for themselves.
    """
    number, gone = check.article_id, check.gone + 1
    withdrawn = check.withdrawn_at is not None
    since = check.withdrawn_at or check.created_at
    match look:
        case Look.THERE:
            later = next_check(check.created_at, now)
            return Found(number, 0, later, reinstate=withdrawn)
        case Look.UNKNOWN:
            wait = max(_HOUR, min((now - check.created_at) / _PART, _DAY), pause)
            return Found(number, check.gone, now + wait)
        case Look.GONE if withdrawn:
            return Found(number, gone, next_check(since, now))
        case Look.GONE if check.gone == 0:
            return Found(number, gone, now + pause)
        case Look.GONE if well:
            return Found(number, gone, next_check(now, now), withdraw=True)
        case Look.GONE:  # held: looked at ever more rarely until a person decides
            wait = max(growing(_HOUR, check.gone - 1, _DAY), pause)
            return Found(number, gone, now + wait if gone < _ENOUGH else None)
