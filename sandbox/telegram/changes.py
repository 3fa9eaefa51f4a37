"""Waiting for something to become true without asking again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Changes:
    """Wakes whoever waits each time that anything in the emulator changes."""

    def __init__(self) -> None:
        self._waiters: set[asyncio.Future[None]] = set()

    def announce(self) -> None:
        """Something has changed."""
        waiters, self._waiters = self._waiters, set()
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def wait_for(self, found: Callable[[], T | None], *, timeout: float) -> T:  # noqa: ASYNC109 - the public form
        """The first true value that ``found`` gives, asked now and after every change.

        Args:
            found: looks at the emulator; anything false means "not yet".
            timeout: real seconds.

        Raises:
            TimeoutError: it did not become true in time.
        """
        async with asyncio.timeout(timeout):
            while not (value := found()):
                await self.next()
        return value

    async def next(self) -> None:
        """Wait for the next change, whatever it is."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)
