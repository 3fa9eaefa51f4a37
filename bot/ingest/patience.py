"""How long an article that is new waits for its page. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.ingest.naming import Candidate
from bot.model import Alias

_READS = 10  # in a row
_LONGEST = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Wait:
    """Since when an article waits for its page, and for how many reads it has."""

    since: datetime
    reads: int


class Patience:
    """Which articles of one read of a source are left for the next, for want of their pages.

    Attributes:
        waiting: those that are left, by each of their names; for the next read.
    """

    def __init__(
        self, before: Mapping[Alias, Wait], now: datetime, pause: timedelta, *, allowed: bool
    ) -> None:
        """Begin a read.

        Args:
            before: what waited after the read before.
            now: the moment.
            pause: how long it is until the next read.
            allowed: whether anything may wait in this read.
        """
        self.waiting: dict[Alias, Wait] = {}
        self._before = before
        self._now = now
        self._pause = pause
        self._allowed = allowed

    def waits(self, candidate: Candidate) -> bool:
        """Whether an article whose page gave no answer for now is left for the next read.

        It has waited as long as any of its names has: there are feeds that make ids anew each time.
        """
        waits = [self._before[name] for name in candidate.aliases if name in self._before]
        wait = min(waits, key=lambda each: each.since, default=Wait(self._now, 0))
        late = self._now + self._pause - wait.since > _LONGEST
        if not self._allowed or late or wait.reads >= _READS:
            return False
        longer = Wait(wait.since, wait.reads + 1)
        self.waiting.update(dict.fromkeys(candidate.aliases, longer))
        return True
