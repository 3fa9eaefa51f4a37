"""What is done for a person beside the turns of their chat, in bounds, and dropped beyond them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

_AT_ONCE = 8  # of the connections to Telegram, most stay free for answers in turn
_WAITING = 500

_log = structlog.get_logger(__name__)


class Aside:
    """A bounded line of small requests that nobody waits for."""

    def __init__(self) -> None:
        self._begun: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(_AT_ONCE)

    def begin(self, work: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
        """Do this soon; not at all where too much waits already, or ``stop`` comes first."""
        if len(self._begun) < _WAITING:
            task = asyncio.create_task(self._do(work, stop))
            self._begun.add(task)  # the event loop itself would let it be collected
            task.add_done_callback(self._begun.discard)

    async def _do(self, work: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
        async with self._slots:
            if stop.is_set():
                return
            try:
                await work()
            except Exception:  # noqa: BLE001 - nobody else would hear of it
                _log.exception("something beside the turns failed")
