"""Turns at a host: one request at a time, feeds before pages, and a pause between pages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from bot.errors import UnreachableError

_MAX_CLOSED = 1000  # hosts
_LONGEST_CLOSED = 3600.0  # seconds; pages of an article that is news are not to wait for a day


class HostTurns:
    """Who may ask a host now. Hosts that nobody waits for, and that rest no more, are forgotten.

    Pages stand in a queue of their own, and only its first waits where the feeds do: a feed waits
    for one page at most, however many there are.
    """

    def __init__(self) -> None:
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def turn(
        self, name: str, *, page: bool, pause: float = 0.0, goes_on: bool = False
    ) -> AsyncIterator[None]:
        """Wait for a turn at a host, and keep it for as long as the context lasts.

        Args:
            name: the host.
            page: whether a page is asked for, not a feed.
            pause: seconds to be kept between the end of the last page there and this one.
            goes_on: whether it is still the page that was last asked for there: it does not rest.

        Raises:
            UnreachableError: a page is wanted, and the host has asked to be left alone.
        """
        host = self._hosts.setdefault(name, _Host())
        host.users += 1
        clock = asyncio.get_running_loop().time
        try:
            async with AsyncExitStack() as stack:
                if page:
                    await stack.enter_async_context(host.pages)
                    wait = host.ended + pause - clock()
                    if wait > 0 and not goes_on:
                        await asyncio.sleep(wait)
                await stack.enter_async_context(host.line)
                if page and clock() < host.closed:
                    raise UnreachableError(f"{name} has asked to be left alone for a while.")
                try:
                    yield
                finally:
                    if page:
                        host.ended, host.pause = clock(), pause
        finally:
            host.users -= 1
            self._forget(clock())

    def close(self, name: str, seconds: float) -> None:
        """Ask a host for no page for so long, as it wishes; feeds have their own times."""
        if name in self._hosts or len(self._hosts) < _MAX_CLOSED:
            until = asyncio.get_running_loop().time() + min(seconds, _LONGEST_CLOSED)
            host = self._hosts.setdefault(name, _Host())
            host.closed = max(host.closed, until)

    def _forget(self, now: float) -> None:
        for name, host in list(self._hosts.items()):
            if not host.users and max(host.ended + host.pause, host.closed) <= now:
                del self._hosts[name]


@dataclass(slots=True)
class _Host:
    """A host that is asked, or was just now.

    Attributes:
        ended: when its last page had come.
        pause: how long it rests since.
        closed: until when it is not to be asked for pages.
    """

    pages: asyncio.Lock = field(default_factory=asyncio.Lock)
    line: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0
    ended: float = float("-inf")
    pause: float = 0.0
    closed: float = float("-inf")
