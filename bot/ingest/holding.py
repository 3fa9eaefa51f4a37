"""Holding: whether what a feed shows as new is news, or old articles under new names. Pure.

A site that is rebuilt gives its articles new ids and addresses. Their dates stay, or go, or are
those of the rebuilding. So where almost all of a known feed is new at once, an entry counts as news
if it was published since the last read, and the others do not turn out to be old. What is not is
stored, and held until a person decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

_MOST = 0.6  # of what a feed shows; that more of it is new at once is unusual
_LEAST = 5  # entries; a feed of three may well change as a whole
_LATE = timedelta(hours=1)  # so long after its date an entry may appear: caches, slow editors
_FEW = 3  # articles that we have; fewer prove nothing, for some news come again word for word
_PART = 3  # and one in so many


def is_unusual(entries: int, shown: int) -> bool:
    """Whether so many of the entries that a feed shows are rarely new at once."""
    return entries >= _LEAST and entries > _MOST * shown


def are_many(found: int, new: int) -> bool:
    """Whether so many of the new entries are ones that we have, that it is no accident."""
    return found >= _FEW and found * _PART >= new


def looks_renamed(
    published: Sequence[datetime | None], familiar: int, shown: int, last_read: datetime | None
) -> bool:
    """Whether so many entries are new that they should first be compared with what is kept.

    Args:
        published: the dates of those that are new.
        familiar: how many of these bear titles that the source had before, or none.
        shown: how many entries the feed has.
        last_read: when it was last read, or None.
    """
    if not is_unusual(len(published), shown):
        return False
    doubts = sum(_doubts(published, last_read))
    return is_unusual(doubts, shown) or are_many(familiar, len(published))


def held(
    published: Sequence[datetime | None],
    found: int,
    shown: int,
    last_read: datetime | None,
    familiar: int = 0,
) -> list[bool]:
    """Which articles of such a read are not to be pushed unasked.

    Args:
        published: the dates of those that nothing kept is the same as, those of pages included.
        found: how many of the new entries turned out to be articles that we have.
        shown: how many entries the feed has.
        last_read: when it was last read, or None.
        familiar: how many of the others bear titles that the source had before.
    """
    doubts = _doubts(published, last_read)
    if are_many(found + familiar, found + len(published)):
        doubts = [True] * len(published)  # then the dates of the others prove nothing
    return doubts if is_unusual(found + sum(doubts), shown) else [False] * len(doubts)


def _doubts(published: Sequence[datetime | None], last_read: datetime | None) -> list[bool]:
    """For each date, whether it does not say that an entry came since the last read."""
    return [
        each is None or last_read is None or latest(each) <= last_read - _LATE for each in published
    ]


def latest(moment: datetime) -> datetime:
    """The last moment that a date may mean: a day, for which a full hour may stand, has an end."""
    return moment if moment.minute or moment.second else moment + timedelta(days=1)
