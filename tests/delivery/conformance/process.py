"""One life of the sender: the real one, with a way to the database that can be cut off anywhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiogram import Bot
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.delivery.alerts import Alerts
from bot.delivery.sender import Policy, Sender
from bot.errors import StorageError
from bot.i18n import load_translators
from bot.storage.database import Database
from bot.telegram.pace import Pacer
from tests.delivery.conformance.telegram import Connection, Request, Telegram

if TYPE_CHECKING:
    from tests.delivery.conformance.observer import Observer
    from tests.delivery.conformance.schedule import Schedule

_TRANSLATORS = load_translators("ru", "UTC")


@dataclass(frozen=True, slots=True)
class Doom:
    """What becomes of a transaction, before or after its commit: it fails, or all dies."""

    committed: bool
    fatal: bool


class Access:
    """The database, as a process or a handler has it; in the shape of ``Database``."""

    def __init__(self, database: Database, observer: Observer, *, one_by_one: bool) -> None:
        self._database = database
        self._turn = asyncio.Lock() if one_by_one else None
        self._loop = observer.loop
        self._observer = observer
        self.away_until = 0.0

    def turn(self) -> AbstractAsyncContextManager[None]:
        """A transaction begins; where they are run one by one, when the one before is over."""
        return nullcontext() if self._turn is None else self._turn

    def there(self) -> None:
        """Raises StorageError while the database is away."""
        if self._loop.time() < self.away_until:
            raise StorageError("the database is away")

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """As ``Database.read``."""
        with self._loop.real():
            async with self.turn(), self._database.read() as connection:
                yield connection

    @asynccontextmanager
    async def write(self, process: Process | None = None) -> AsyncIterator[AsyncConnection]:
        """As ``Database.write``; what it changed is looked at before anything else happens."""
        with self._loop.real():
            async with self.turn():
                self._observer.begin(process)
                async with self._database.write() as connection:
                    yield connection
                self._observer.look(process)


class ProcessAccess:
    """The same for one process, which may freeze or die on its way."""

    def __init__(self, access: Access, process: Process, delays: tuple[float, ...]) -> None:
        self._access = access
        self._process = process
        self._delays = delays
        self.writes = 0
        self.open = 0
        self.dooms: dict[int, Doom] = {}

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """As ``Database.read``."""
        await self._enter()
        async with self._inside(), self._access.read() as connection:
            yield connection
        await self._process.awake()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """As ``Database.write``."""
        self.writes += 1
        doom = self.dooms.pop(self.writes, None)
        delay = self._delays[self.writes % len(self._delays)] / 2
        await asyncio.sleep(delay)
        await self._enter()
        async with self._inside(), self._access.write(self._process) as connection:
            yield connection
            if doom and not doom.committed:
                self._meet(doom)
            self._process.alive()
        if doom:
            self._meet(doom)
        await asyncio.sleep(delay)
        await self._process.awake()

    @asynccontextmanager
    async def _inside(self) -> AsyncIterator[None]:
        """A transaction is open: what ends the process meanwhile ends that, too, but tidily."""
        self.open += 1
        try:
            yield
        finally:
            self.open -= 1
            self._process.bury()

    async def _enter(self) -> None:
        await self._process.awake()
        self._access.there()

    def _meet(self, doom: Doom) -> None:
        if doom.fatal:
            self._process.kill()
        self._process.note(f"a transaction fails, {'after' if doom.committed else 'before'} commit")
        raise StorageError("a transaction failed")


class Process:
    """A sender at work, from its start to its stop or its death.

    Attributes:
        superseded: whether another has started after it.
        stopped: whether it was asked to end.
    """

    def __init__(
        self, term: int, schedule: Schedule, access: Access, telegram: Telegram, observer: Observer
    ) -> None:
        self.term = term
        self.rate = schedule.rate
        self.superseded = False
        self.dead = False
        self.telegram = telegram
        self.observer = observer
        self.access = ProcessAccess(access, self, schedule.commits)
        self.published = asyncio.Event()
        self.stop = asyncio.Event()
        self._frozen: asyncio.Event | None = None
        self._bot = Bot("42:TOKEN", session=Connection(telegram, self))
        self.pacer = Pacer(schedule.rate, paid=schedule.paid, clock=observer.loop.time)
        database: Database = self.access  # type: ignore[assignment]
        policy = Policy(schedule.rate, schedule.policy, schedule.paid)
        alerts = Alerts(database, self._bot, [], _TRANSLATORS["ru"])
        self._sender = Sender(
            database, self._bot, self.pacer, _TRANSLATORS, alerts, policy, lease=term
        )
        self.task = asyncio.create_task(self._sender.run(self.stop, self.published))
        self.note("starts")

    def __str__(self) -> str:
        return f"sender {self.term}"

    def note(self, what: str) -> None:
        """Something happens to it."""
        self.telegram.note(f"{self} {what}")

    def asks(self, request: Request) -> None:
        """It sends a request."""
        self.observer.asked(request)

    async def awake(self) -> None:
        """When it is not frozen.

        Raises:
            StorageError: it is dead, and whatever it does is without effect.
        """
        while self._frozen is not None:
            await self._frozen.wait()
        self.alive()

    def alive(self) -> None:
        """It is not dead.

        Raises:
            StorageError: it is, and whatever it does is without effect.
        """
        if self.dead:
            raise StorageError("dead")

    def kill(self) -> None:
        """All that it does ends at once, and nothing that it does afterwards has any effect."""
        if not self.dead:
            self.note("dies")
            self.dead = True
            self.thaw()
            self.bury()

    def bury(self) -> None:
        """What a dead process was about is dropped, when none of its transactions is open."""
        if self.dead and not self.access.open:
            self.task.cancel()

    def freeze(self) -> None:
        """It stands still."""
        self.note("freezes")
        self._frozen = self._frozen or asyncio.Event()

    def thaw(self) -> None:
        """It goes on."""
        if self._frozen is not None:
            self.note("goes on")
            self._frozen.set()
            self._frozen = None

    async def end(self) -> None:
        """It has come to its end.

        Raises:
            Exception: what it failed of.
        """
        await asyncio.wait([self.task])
        if not self.dead and not self.task.cancelled():
            self.task.result()
