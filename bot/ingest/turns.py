"""Turns: each source is read when it is due, one that fails or is slow without harm to others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog

from bot.errors import StorageError
from bot.ingest.order import Order
from bot.ingest.schedule import next_read
from bot.ingest.slots import Slots, host_of
from bot.model import Source, shown_url
from bot.storage import sources
from bot.storage.database import Database, Transaction
from bot.waiting import rest, unless

_log = structlog.get_logger(__name__)

_FIRST_READS_AT_ONCE, _OF_A_HOST = 8, 2
_SHORTEST_NAP, _LONGEST_NAP = 0.05, 30.0


@dataclass(frozen=True, slots=True)
class _Pause:
    """Until when a source is left alone whose state cannot be stored, and for what time running."""

    until: datetime
    failures: int


class Turns:
    """Gives each listed source its turn, and no source two at once.

    First reads, which push nothing and may be long, have slots of their own.
    """

    def __init__(
        self,
        database: Database,
        read: Callable[[Source], Coroutine[Any, Any, None]],
        poll_seconds: float,
    ) -> None:
        """Begin with nothing under way.

        Args:
            database: where sources are.
            read: reads a source and stores when it is due again; fails where that cannot be stored.
            poll_seconds: for how long a source is left alone after such a failure, at first.
        """
        self._database = database
        self._read = read
        self._poll_seconds = poll_seconds
        self._reading: set[int] = set()
        self._pauses: dict[int, _Pause] = {}
        self._order = Order()
        self._first_reads = Slots(_FIRST_READS_AT_ONCE, _OF_A_HOST)
        self._freed = asyncio.Event()

    async def run(self, stop: asyncio.Event, wake: asyncio.Event) -> None:
        """Read sources as they fall due until ``stop``; a read that is under way is given up.

        Args:
            stop: set when it is to end.
            wake: set when a source may be due sooner than was known.
        """
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                self._freed.clear()
                wake.clear()
                nap = _LONGEST_NAP
                try:
                    now = datetime.now(UTC)
                    paused = {i: p.until for i, p in self._pauses.items() if p.until > now}
                    async with self._database.read() as connection:
                        ready = await self._ready(connection, now)
                        left_out = self._reading | self._order.waiting | paused.keys()
                        upcoming = await sources.upcoming(connection, exclude=left_out)
                    for source in ready:
                        if source.id not in left_out:
                            self._reading.add(source.id)
                            group.create_task(self._turn(source, stop))
                    moments = [*paused.values(), *([] if upcoming is None else [upcoming])]
                    if moments:
                        nap = (min(moments) - datetime.now(UTC)).total_seconds()
                except StorageError as error:
                    _log.warning("sources not listed", error=str(error))
                # Until a source may be due, or a read has ended.
                nap = min(max(nap, _SHORTEST_NAP), _LONGEST_NAP)
                await rest(stop, nap, self._freed, wake)

    async def _ready(self, connection: Transaction, now: datetime) -> list[Source]:
        """The sources that are due, without those that wait for others."""
        due = await sources.due_sources(connection, now)
        failing = []
        if not all(source.primed for source in due):
            failing = await sources.failing_sources(connection)
        before = self._order.waiting
        ready = self._order.ready(due, failing, self._reading, now)
        for source in due:
            if source.id in self._order.waiting - before:
                _log.info("new source waits for others", source=shown_url(source.url))
        return ready

    async def _turn(self, source: Source, stop: asyncio.Event) -> None:
        slot = nullcontext() if source.primed else self._first_reads.of(host_of(source))
        try:
            async with slot:
                await unless(stop, self._read(source))
            self._pauses.pop(source.id, None)
        except Exception as error:  # noqa: BLE001 - one source must not stop the others
            self._pause(source, error)
        finally:
            self._reading.discard(source.id)
            self._freed.set()

    def _pause(self, source: Source, error: Exception) -> None:
        """Leave a source alone for a while though its row, which was not written, says it is due.

        Else its site would be asked again and again for as long as the database fails.
        """
        failures = 1 + (self._pauses[source.id].failures if source.id in self._pauses else 0)
        until = next_read(datetime.now(UTC), self._poll_seconds, failures=failures)
        self._pauses[source.id] = _Pause(until, failures)
        tell = _log.warning if isinstance(error, StorageError) else _log.exception
        tell(
            "source not read: its state cannot be stored",
            source=shown_url(source.url),
            error=str(error),
            next_at=until.isoformat(timespec="seconds"),
        )
