"""Waiting for something to become true without asking again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Changes:
    """Wakes whoever waits each time that anything in the emulator changes.

    Attributes:
        number: how many changes were announced so far.
    """

    def __init__(self) -> None:
        self.number = 0
        self._waiters: set[asyncio.Future[None]] = set()

    def announce(self) -> None:
        """Something has changed."""
        self.number += 1
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

    async def next(self, after: int | None = None) -> int:
        """Wait for a change, whatever it is; its number is returned.

        Args:
            after: the ``number`` that was last looked at, so that nothing which was announced
                since is missed; by default only what is still to come counts.
        """
        if after is not None and self.number > after:
            return self.number
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)
        return self.number
