"""Backlog: old articles that a feed shows for the first time, which are no news. Pure.

Where the newest post is taken down, where a feed is made longer, or a cache gives an old copy,
entries come up from below that were never seen. They are stored like all others, but not pushed.
What is dated back, yet stands among what is known or above it, is news.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from bot.ingest.holding import latest
from bot.ingest.naming import Candidate
from bot.model import Alias, Entry, Feed, NewArticle
from bot.storage.revisions import Kept

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Backlog:
    """What of one read was published too early to be news.

    Attributes:
        before: from when on an article may be news; None: whenever it was published.
        beyond: the entries, by their names, that follow all that are known towards the older end.
        ordered: whether the feed is proven to show its newest entries first.
    """

    before: datetime | None = None
    beyond: frozenset[tuple[Alias, ...]] = frozenset()
    ordered: bool = False

    @classmethod
    def of(
        cls,
        feed: Feed,
        named: Sequence[Candidate],
        known: Mapping[Alias, int],
        kept: Mapping[int, Kept],
        last_read: datetime | None,
    ) -> Backlog:
        """What a read of a known source shows of it.

        Args:
            feed: what was read.
            named: its entries with their names.
            known: the names that we know and the articles they belong to.
            kept: those of the articles that belong to this source.
            last_read: when it was last read, or None.
        """
        places = {id(entry): place for place, entry in enumerate(feed.entries)}
        order = sorted(named, key=lambda each: places[id(each.entry)])
        owners = [
            next((kept[known[name]] for name in each.aliases if known.get(name) in kept), None)
            for each in order
        ]
        shown = [
            (each.entry, owner)
            for each, owner in zip(order, owners, strict=True)
            if owner is not None
        ]
        if not shown or last_read is None:
            return cls()
        dates = [date for date in map(_date, shown) if date is not None]
        oldest = _oldest(dates)
        before = None if oldest is None else min(oldest, last_read - _DAY)
        had = [
            place for place, each in enumerate(order) if not known.keys().isdisjoint(each.aliases)
        ]
        upwards = _is_oldest_first(dates)
        beyond = order[: had[0]] if upwards else order[had[-1] + 1 :]
        ordered = not upwards and _newest_first([owner.created_at for _, owner in shown])
        return cls(before, frozenset(each.aliases for each in beyond), ordered)

    def may_have(self, new: NewArticle) -> bool:
        """Whether an article without a date stands where the older ones do."""
        return self.ordered and new.aliases in self.beyond and _told(new) is None

    def has(self, new: NewArticle) -> bool:
        """Whether an article says that it is older than what the feed showed before."""
        published = _told(new)
        if self.before is None or published is None or new.aliases not in self.beyond:
            return False
        return latest(published) < self.before


def _told(new: NewArticle) -> datetime | None:
    """When an article says that it was published; a guess is no date."""
    return None if new.guessed else new.published


def _date(shown: tuple[Entry, Kept]) -> datetime | None:
    """When a known entry was published, as far as it, or its page, says so."""
    entry, kept = shown
    told = entry.published or entry.date_hint
    dated = kept.sorted_at != kept.created_at.replace(microsecond=0)
    return told or (kept.sorted_at if dated else None)


def _oldest(dates: Sequence[datetime]) -> datetime | None:
    """The oldest of dates in a feed's order, without those of entries that are pinned above newer.

    What most of the entries after it are newer than is not in its place.
    """
    oldest: datetime | None = None
    after: list[datetime] = []  # those further down, the oldest first
    for date in dates if _is_oldest_first(dates) else reversed(dates):
        newer = len(after) - bisect_right(after, date)
        if 2 * newer <= len(after) and (oldest is None or date < oldest):
            oldest = date
        insort(after, date)
    return oldest


def _is_oldest_first(dates: Sequence[datetime]) -> bool:
    """Whether a feed's dates grow more often than they fall."""
    rises = sum(one < other for one, other in pairwise(dates))
    return rises > sum(one > other for one, other in pairwise(dates))


def _newest_first(stored: Sequence[datetime]) -> bool:
    """Whether a feed is proven to show its newest entries first.

    All of a first read say nothing, since their order of storing is our own guess; so one must have
    come later, and all must stand in the order in which they came.
    """
    ordered = all(one >= other for one, other in pairwise(stored))
    return ordered and stored[0] - stored[-1] > _HOUR
