"""One person may not take everybody's time: a bucket of updates for each."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.telegram.buckets import Bucket

# Sixty pages leafed through at one go are still a person; what comes on and on is not.
_RATE, _BURST = 3.0, 60.0
_NOTICE_SECONDS = 30.0
_FORGET_ABOVE = 10_000


@dataclass(slots=True)
class Throttle:
    """How fast each person may go on; ``clock`` gives seconds."""

    clock: Callable[[], float] = time.monotonic
    _buckets: dict[int, Bucket] = field(default_factory=dict)
    _noticed: dict[int, float] = field(default_factory=dict)

    def allows(self, person: int) -> bool:
        """Whether this person's update is to be handled; it counts where it is."""
        now = self.clock()
        bucket = self._buckets.get(person) or Bucket.full(_RATE, _BURST, now)
        if bucket.wait(now) > 0:
            return False
        self._buckets[person] = bucket.take(now)
        if len(self._buckets) > _FORGET_ABOVE:
            self._buckets = {p: b for p, b in self._buckets.items() if b.level(now) < b.burst}
            self._noticed = {p: at for p, at in self._noticed.items() if p in self._buckets}
        return True

    def may_notice(self, person: int) -> bool:
        """Whether to tell this person (again) to slow down: not with every message."""
        now = self.clock()
        if now - self._noticed.get(person, -_NOTICE_SECONDS) < _NOTICE_SECONDS:
            return False
        self._noticed[person] = now
        return True
