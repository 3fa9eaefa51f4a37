"""Holding: whether what a feed shows as new is news, or old articles under new names. Pure.

A site that is rebuilt gives its articles new ids and addresses. Their dates stay, or go. So where
almost all of a known feed is new at once, an entry counts as news if it was published since the
last read. What is not is stored, and held until a person decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

_MOST = 0.6  # of what a feed shows; that more of it is new at once is unusual
_LEAST = 5  # entries; a feed of three may well change as a whole
_LATE = timedelta(hours=1)  # so long after its date an entry may appear: caches, slow editors
_AT_ONCE = 3  # entries of one minute; more may have the date at which the feed was made


def looks_renamed(
    published: Sequence[datetime | None], shown: int, last_read: datetime | None
) -> bool:
    """Whether so many entries are new that they should first be compared with what is kept.

    Args:
        published: the dates of those that are new.
        shown: how many entries the feed has.
        last_read: when it was last read, or None.
    """
    minutes = Counter(each.replace(second=0, microsecond=0) for each in published if each)
    doubts = sum(
        _doubtful(each, last_read)
        or (each is not None and minutes[each.replace(second=0, microsecond=0)] > _AT_ONCE)
        for each in published
    )
    return _too_many(doubts, shown)


def held(
    published: Sequence[datetime | None], found: int, shown: int, last_read: datetime | None
) -> list[bool]:
    """Which articles of such a read are not to be pushed unasked.

    Args:
        published: the dates of those that nothing kept is the same as, those of pages included.
        found: how many of the new entries turned out to be articles that we have.
        shown: how many entries the feed has.
        last_read: when it was last read, or None.
    """
    doubts = [_doubtful(each, last_read) for each in published]
    if found > len(published):  # most were old ones: then the dates of the others prove nothing
        doubts = [True] * len(published)
    return doubts if _too_many(found + sum(doubts), shown) else [False] * len(doubts)


def _too_many(entries: int, shown: int) -> bool:
    return entries >= _LEAST and entries > _MOST * shown


def _doubtful(published: datetime | None, last_read: datetime | None) -> bool:
    """Whether a date does not say that an entry came since the last read."""
    return published is None or last_read is None or published <= last_read - _LATE
