"""Slots: how much is done at once, in all and for one host."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from bot.ingest.fetching.moves import read_address
from bot.model import Source


class Slots:
    """So many at once, of which so many of one host.

    One host is asked for one thing at a time: more of its sources would only hold slots.
    """

    def __init__(self, total: int, of_host: int) -> None:
        self._total = asyncio.Semaphore(total)
        self._of_host = defaultdict[str, asyncio.Semaphore](lambda: asyncio.Semaphore(of_host))

    @asynccontextmanager
    async def of(self, host: str) -> AsyncIterator[None]:
        """Wait for a slot, and keep it for as long as the context lasts."""
        async with self._of_host[host], self._total:
            yield


def host_of(source: Source) -> str:
    """The host that a source is read from."""
    return urlsplit(read_address(source)).hostname or ""
