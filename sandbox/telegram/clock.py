"""The time that the emulator lives by: the machine's, or one that a test moves on."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """What the emulator asks for the time: dates, flood windows, the age of a callback query."""

    def now(self) -> float:
        """Seconds since 1970 UTC; never goes back."""
        ...


class RealClock:
    """The time of day at the start, carried on by the monotonic clock, and by who moves it on."""

    def __init__(self) -> None:
        self._start = time.time() - time.monotonic()

    def now(self) -> float:
        """Seconds since 1970 UTC."""
        return self._start + time.monotonic()

    def advance(self, seconds: float) -> None:
        """Move on; ``seconds`` is not negative."""
        if seconds < 0:
            raise ValueError("time does not go back")
        self._start += seconds


class ManualClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, start: float = 1_790_000_000.0) -> None:
        self._now = start

    def now(self) -> float:
        """Seconds since 1970 UTC, as last set."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move on; ``seconds`` is not negative."""
        if seconds < 0:
            raise ValueError("time does not go back")
        self._now += seconds
