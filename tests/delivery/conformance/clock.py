"""Virtual time: a loop whose clock jumps to the next timer whenever nothing else is left to do."""

from __future__ import annotations

import asyncio
import selectors
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import Context
from datetime import UTC, datetime, timedelta, tzinfo
from types import SimpleNamespace
from typing import Any, TypeVarTuple

import pytest

Ts = TypeVarTuple("Ts")

BEGINNING = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
_LEAST_SECONDS = 1e-6
_FOLLOWING = ("bot.delivery.", "bot.storage.")  # whose clocks follow


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time stands still while anything can run and while the database works, and jumps then.

    What threads and sockets bring is looked at only when nothing else is ready. So a schedule runs
    the same way each time, as long as one thing at a time is asked of the database.
    """

    # Asyncio's own, of which its types say nothing.
    _ready: deque[asyncio.Handle]
    _scheduled: list[asyncio.TimerHandle]
    _write_to_self: Callable[[], None]

    def __init__(self) -> None:
        self._waits = _Waits(self)
        self._now = 0.0
        self._arrived: deque[asyncio.Handle] = deque()
        self.outstanding = 0  # calls whose answers take real time
        super().__init__(self._waits)

    def time(self) -> float:
        """Seconds since the beginning."""
        return self._now

    def now(self) -> datetime:
        """The moment that it is."""
        return BEGINNING + timedelta(seconds=self._now)

    def rewind(self) -> None:
        """Back to the beginning; nothing may be waiting for a later moment."""
        waiting = [handle for handle in self._scheduled if not handle.cancelled()]
        assert not waiting, waiting
        self._scheduled.clear()
        self._timer_cancelled_count = 0
        self._now = 0.0

    @contextmanager
    def real(self) -> Iterator[None]:
        """Meanwhile something is waited for that takes real time."""
        self.outstanding += 1
        try:
            yield
        finally:
            self.outstanding -= 1

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """A timer, a little later than now at the least: whoever waits for time sees it pass."""
        when = max(when, self._now + _LEAST_SECONDS)
        return super().call_at(when, callback, *args, context=context)

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """What a thread found; it has its turn when all else has had one."""
        handle = asyncio.Handle(callback, args, self, context)
        self._arrived.append(handle)
        self._write_to_self()
        return handle

    def pass_on(self) -> bool:
        """Let what arrived from threads run; False where there is nothing."""
        found = bool(self._arrived)
        while self._arrived:
            self._ready.append(self._arrived.popleft())
        return found

    def jump(self) -> None:
        """To the next timer."""
        self._now = max(self._now, self._scheduled[0].when())


class _Waits(selectors.BaseSelector):
    """The loop's selector, which knows what there is to wait for."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self._real = selectors.DefaultSelector()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            return []
        if self._loop.pass_on():
            return []
        if self._loop.outstanding:
            found = self._real.select(None)
            self._loop.pass_on()
            return found
        if timeout is None:
            raise RuntimeError("everybody waits for something that will never come")
        self._loop.jump()
        return []

    def register(self, *args: Any, **kwargs: Any) -> selectors.SelectorKey:
        return self._real.register(*args, **kwargs)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def modify(self, *args: Any, **kwargs: Any) -> selectors.SelectorKey:
        return self._real.modify(*args, **kwargs)

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.get_key(fileobj)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()


@contextmanager
def following(loop: VirtualLoop) -> Iterator[None]:
    """Meanwhile whoever delivers and keeps deliveries tells the time by the loop's clock."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return loop.now().astimezone(tz)

    with pytest.MonkeyPatch.context() as patch:
        for name, module in list(sys.modules.items()):
            if not name.startswith(_FOLLOWING):
                continue
            if getattr(module, "datetime", None) is datetime:
                patch.setattr(module, "datetime", Clock)
            if hasattr(module, "time"):
                patch.setattr(module, "time", SimpleNamespace(monotonic=loop.time))
        yield
