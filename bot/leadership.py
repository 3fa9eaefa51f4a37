"""Leading: of all processes on one database, at most one at a time does the work of a role."""

from __future__ import annotations

import asyncio
import math
import os
import socket
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import structlog

from bot.errors import StorageError
from bot.model import Role
from bot.storage import leases
from bot.storage.database import Database
from bot.waiting import rest

_log = structlog.get_logger(__name__)

_RELEASE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Times:
    """How a lease is kept, in seconds.

    Attributes:
        duration: how long nobody else can take a lease that was taken or renewed.
        renew: how often it is renewed.
        retry: how often a role is asked for that another leads.
        margin: how long before others can take it the work is told to end.
        grace: how long the work may take for that, before it is cancelled; below ``margin``.
    """

    duration: float = 10.0
    renew: float = 2.5
    retry: float = 2.0
    margin: float = 3.0
    grace: float = 2.0

    def trusted_until(self, asked: float) -> float:
        """Until when a lease is surely ours that we asked for, or to renew, at this moment.

        The database counts from when it answers, which is later, so nobody can take it before.
        That the answer came late gives no more time.
        """
        return asked + self.duration - self.margin


class Lease:
    """A role that this process leads.

    Attributes:
        role: which one.
        term: the number of this holding; whoever takes the role later has a higher one.
        lost: set when the work is to end, be it because the lease may soon be another's or because
            the process stops.
    """

    def __init__(self, role: Role, term: int, trusted_until: float) -> None:
        self.role = role
        self.term = term
        self.lost = asyncio.Event()
        self.trusted_until = trusted_until  # by the monotonic clock
        self.taken = asyncio.Event()  # the database said that another has it


Work = Callable[[Lease], Coroutine[Any, Any, None]]
"""What a leader does until ``lost``. It is begun anew for each term."""


class Leadership:
    """Keeps asking for roles, and does their work in the terms for which it leads them.

    The work is told to end, and is cancelled where it does not, before another process could lead.
    A process that is frozen in between cannot do so; that is what the term is for: what belongs to
    an older one is refused by the database.

    Args:
        database: where the leases are.
        alone: whether no other process can be at work on it. Then a role is taken at once, whoever
            led it before, and is not lost again.
        times: how the leases are kept.
        clock: a monotonic one, in seconds.
    """

    def __init__(
        self,
        database: Database,
        *,
        alone: bool = False,
        times: Times | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
        self._database = database
        self._alone = alone
        self._times = times or Times()
        self._duration = timedelta(seconds=self._times.duration)
        self._clock = clock
        self._held: dict[Role, Lease] = {}
        self._standing_by: set[Role] = set()

    @property
    def leads(self) -> frozenset[Role]:
        """The roles that this process leads at this moment."""
        return frozenset(role for role, lease in self._held.items() if not lease.lost.is_set())

    async def run(self, works: Mapping[Role, Work], stop: asyncio.Event) -> None:
        """Do the work of each role whenever we lead it, until ``stop``.

        Then the work is told to end and may take its time. When it has ended, the role is released,
        so that another process leads at once.
        """
        async with asyncio.TaskGroup() as group:
            keeping = group.create_task(self._keep())
            try:
                async with asyncio.TaskGroup() as leading:
                    for role, work in works.items():
                        leading.create_task(self._lead(role, work, stop))
            finally:
                keeping.cancel()

    async def _lead(self, role: Role, work: Work, stop: asyncio.Event) -> None:
        while not stop.is_set():
            lease = await self._acquire(role)
            if lease is None:
                await rest(stop, self._times.retry)
                continue
            try:
                await self._serve(lease, work, stop)
            finally:
                await self._release(lease)

    async def _serve(self, lease: Lease, work: Work, stop: asyncio.Event) -> None:
        """The work of one term, from its begin to its end."""
        task = asyncio.create_task(work(lease), name=lease.role)
        stopping = asyncio.create_task(stop.wait())
        taken = asyncio.create_task(lease.taken.wait())
        try:
            await self._while_trusted(lease, task, stopping, taken)
            if not (task.done() or stopping.done()):
                _log.warning("no longer leading", role=lease.role, term=lease.term)
            lease.lost.set()
            # What stops by itself has as long as nobody else can lead.
            await self._while_trusted(lease, task, taken)
            await asyncio.wait([task], timeout=self._times.grace)
        finally:
            lease.lost.set()
            for each in (task, stopping, taken):
                each.cancel()
            await asyncio.wait([task])
        if not task.cancelled():
            task.result()

    async def _while_trusted(self, lease: Lease, *ends: asyncio.Task[Any]) -> None:
        """Wait for one of these, at most as long as the lease is surely ours."""
        while not any(end.done() for end in ends):
            left = lease.trusted_until - self._clock()
            if left <= 0:
                break
            await asyncio.wait(
                ends,
                timeout=None if math.isinf(left) else left,
                return_when=asyncio.FIRST_COMPLETED,
            )

    async def _acquire(self, role: Role) -> Lease | None:
        asked = self._clock()
        try:
            async with self._database.write() as connection:
                term = await leases.acquire(
                    connection,
                    role,
                    self.holder,
                    now=datetime.now(UTC),
                    duration=self._duration,
                    alone=self._alone,
                )
        except StorageError as error:
            _log.warning("lease not asked for", role=role, error=str(error))
            return None
        if term is None:
            if role not in self._standing_by:
                self._standing_by.add(role)
                _log.info("standing by: another process leads", role=role)
            return None
        self._standing_by.discard(role)
        _log.info("leading", role=role, term=term)
        until = math.inf if self._alone else self._times.trusted_until(asked)
        lease = self._held[role] = Lease(role, term, until)
        return lease

    async def _keep(self) -> None:
        """Renew what we lead. Where that fails the leases run out, and the work ends."""
        while not self._alone:
            asked = self._clock()
            if self._held:
                await self._renew(dict(self._held), asked)
            await asyncio.sleep(max(0.0, asked + self._times.renew - self._clock()))

    async def _renew(self, held: Mapping[Role, Lease], asked: float) -> None:
        terms = {role: lease.term for role, lease in held.items()}
        try:
            async with self._database.write() as connection:
                kept = await leases.renew(
                    connection,
                    self.holder,
                    terms,
                    now=datetime.now(UTC),
                    duration=self._duration,
                )
        except StorageError as error:
            _log.warning("leases not renewed", error=str(error))
            return
        for role, lease in held.items():
            if role in kept:
                lease.trusted_until = self._times.trusted_until(asked)
            else:
                lease.taken.set()

    async def _release(self, lease: Lease) -> None:
        del self._held[lease.role]
        try:
            async with asyncio.timeout(_RELEASE_SECONDS), self._database.write() as connection:
                await leases.release(
                    connection, lease.role, self.holder, lease.term, now=datetime.now(UTC)
                )
        except (StorageError, TimeoutError) as error:
            _log.warning("lease not released: it runs out", role=lease.role, error=str(error))
