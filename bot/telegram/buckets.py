"""What the pace is measured by: buckets, windows, an adapting rate, a pulse. Time is passed in."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from math import ceil
from typing import Self

_RECOVERY_SECONDS = 60.0  # without a cut, after which the rate rises a step
_STEP = 1 / 25  # of the full rate
_SAMPLE = 50  # answers that are looked at together
_RISEN = 3.0
_NOTABLE_SECONDS = 1.0
_FORGIVING = 1.1  # by how much what counts as usual grows from sample to sample


@dataclass(frozen=True, slots=True)
class Bucket:
    """A token bucket at a moment.

    Attributes:
        rate: tokens that come in per second.
        burst: tokens that it holds at most.
        tokens: tokens that it held at ``at``; below zero where more was taken than was there.
        at: seconds on the clock of whoever asks.
    """

    rate: float
    burst: float
    tokens: float
    at: float

    @classmethod
    def full(cls, rate: float, burst: float, at: float) -> Self:
        """A bucket that nothing was taken from yet."""
        return cls(rate, burst, burst, at)

    def level(self, now: float) -> float:
        """The tokens in it now."""
        return min(self.burst, self.tokens + (now - self.at) * self.rate)

    def debt(self, now: float) -> float:
        """How many more were taken than there were."""
        return max(0.0, -(self.tokens if now < self.at else self.level(now)))

    def wait(self, now: float) -> float:
        """Seconds until a whole token is there; 0 where it is."""
        return max(0.0, (1.0 - self.level(now)) / self.rate)

    def take(self, now: float) -> Self:
        """One token fewer, even where none is left: the next ones wait the longer."""
        if now < self.at:  # what comes in until then must not depend on the rate of today
            return replace(self, tokens=self.tokens - 1.0)
        return replace(self, tokens=self.level(now) - 1.0, at=now)

    def emptied(self, until: float) -> Self:
        """With a single token from that moment on, and none before."""
        return replace(self, tokens=1.0, at=until)

    def at_rate(self, rate: float, now: float) -> Self:
        """The same tokens, coming in at another rate from now on."""
        if now < self.at:
            return replace(self, rate=rate)
        return replace(self, rate=rate, tokens=self.level(now), at=now)


class Window:
    """At most ``most`` takings in any ``seconds``."""

    __slots__ = ("_moments", "_most", "_seconds")

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._moments: deque[float] = deque(maxlen=most)

    def wait(self, now: float) -> float:
        """Seconds until there is room; 0 where there is."""
        if len(self._moments) < self._most:
            return 0.0
        return max(0.0, self._moments[0] + self._seconds - now)

    def take(self, now: float) -> None:
        """One more, even where there is no room: the next ones wait the longer."""
        self._moments.append(now)

    def taken(self, now: float) -> bool:
        """Whether anything was taken of late."""
        return bool(self._moments) and now - self._moments[-1] < self._seconds


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate that falls at once and rises slowly.

    Attributes:
        most: what it rises to.
        least: what it never falls below.
        value: what it was at ``since``.
        since: seconds on the clock of whoever asks.
    """

    most: float
    least: float
    value: float
    since: float

    @classmethod
    def full(cls, most: float, least: float, at: float) -> Self:
        """The full rate."""
        return cls(most, least, most, at)

    def at(self, now: float) -> float:
        """The rate now: a twenty-fifth of the full one more for each minute without a cut."""
        steps = max(0.0, now - self.since) // _RECOVERY_SECONDS
        return min(self.most, self.value + steps * max(1.0, self.most * _STEP))

    def cut(self, factor: float, now: float) -> Self:
        """The rate after a sign that it is too high."""
        return replace(self, value=max(self.least, self.at(now) * factor), since=now)


class Pulse:
    """How long answers take, and whether that rises.

    Telegram's server holds requests back before it refuses any:
    https://github.com/tdlib/td, ``NetQueryDelayer.cpp``.
    """

    def __init__(self) -> None:
        self._sample: list[float] = []
        self._usual: float | None = None

    def rises(self, seconds: float) -> bool:
        """Count one answer; True where those of late took notably longer than usual."""
        self._sample.append(seconds)
        if len(self._sample) < _SAMPLE:
            return False
        late = sorted(self._sample)[ceil(0.95 * _SAMPLE) - 1]
        self._sample.clear()
        usual = late if self._usual is None else self._usual
        self._usual = min(late, usual * _FORGIVING)
        return late > max(usual * _RISEN, _NOTABLE_SECONDS)
