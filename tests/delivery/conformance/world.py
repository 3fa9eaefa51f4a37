"""A schedule played through: readers, Telegram, the database, and one sender after another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import singledispatchmethod
from typing import Any

import structlog
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import StorageError
from bot.model import (
    BroadcastState,
    Document,
    Paragraph,
    Priority,
    Span,
    dump_document,
    section_key,
)
from bot.storage import broadcasts, placements, readers, subscriptions
from bot.storage.database import Database
from bot.storage.schema import article, broadcast, reader, section, source, subscription
from tests.delivery.conformance import schedule as what
from tests.delivery.conformance.observer import ELSEWHERE, Observer
from tests.delivery.conformance.process import Access, Doom, Process
from tests.delivery.conformance.schedule import Event, Schedule
from tests.delivery.conformance.telegram import Room, Telegram, chats

DAY = timedelta(days=1)
_PATIENCE_SECONDS = 300.0  # after the last trouble, until all has come to its end
_DOCUMENT = dump_document(Document((Paragraph((Span("Длина моста 300 метров."),)),)))


class World:
    """What a schedule plays in.

    Attributes:
        telegram: its Telegram.
        priorities: by broadcast.
        given_up: broadcasts that a person ended.
        withdrawn: broadcasts that were withdrawn.
        invited: by broadcast: readers who wanted it when it began.
        story: what happened, a line each.
    """

    def __init__(
        self, schedule: Schedule, database: Database, observer: Observer, *, one_by_one: bool
    ) -> None:
        self.schedule = schedule
        self.observer = observer
        self.loop = observer.loop
        self.story: list[str] = []
        observer.start_anew(self.note)
        self.access = Access(database, observer, one_by_one=one_by_one)
        self.telegram = Telegram(schedule, self.note)
        self.chats = chats(schedule)
        self.priorities: dict[int, Priority] = {}
        self.given_up: set[int] = set()
        self.withdrawn: set[int] = set()
        self.invited: dict[int, set[int]] = {}
        self.process: Process | None = None
        self.failures: list[str] = []
        self._lives: list[Process] = []
        self._errands: set[asyncio.Task[None]] = set()
        self._reading = asyncio.Lock()  # one process reads the sources, one article after another
        self._outages = 0

    def note(self, line: str) -> None:
        """Something happened."""
        self.story.append(f"{self.loop.time():9.3f} {line}")

    # --- The whole --------------------------------------------------------------------------------

    async def play(self) -> None:
        """From the beginning to the end of the last broadcast."""
        with _logs(self.note):
            await self._populate()
            self._start()
            for after, event in self.schedule.events:
                await asyncio.sleep(after)
                self.note(f"--- {event}")
                self._happen(event)
            while self._errands:
                await asyncio.wait(list(self._errands))
            await self._come_to_rest()

    async def _come_to_rest(self) -> None:
        """Nothing bad happens any more; a sender works until nothing is left to be sent."""
        self.note("--- calm")
        self.telegram.faults.clear()
        if self.process is None:
            self._start()
        assert self.process is not None
        self.process.access.dooms.clear()
        deadline = self.loop.time() + _PATIENCE_SECONDS
        while self.observer.sight.ongoing:
            await asyncio.sleep(1.0)
            for number in self.observer.sight.going:
                if self.observer.sight.broadcasts[number][0] is BroadcastState.HALTED:
                    await self._decide(number)
            if self.loop.time() > deadline:
                self.failures.append("it does not come to an end")
                break
        self.process.note("is asked to end")
        self.process.stop.set()
        await self._end(self.process)
        for each in self._lives:
            each.kill()
            await each.end()
        await self.telegram.end()

    async def _end(self, process: Process) -> None:
        try:
            await process.end()
        except StorageError as error:
            process.note(f"ends without having said so: {error}")
        except Exception as error:  # noqa: BLE001 - it is told below
            self.failures.append(f"{process} failed: {error!r}")

    async def _populate(self) -> None:
        now = self.loop.now() - DAY
        rows = [
            {
                "chat_id": chat.id,
                "thread_id": chat.thread_id,
                "kind": chat.kind,
                "locale": "ru",
                "created_at": now,
            }
            for chat in self.chats
        ]
        async with self.access.write() as connection:
            await connection.execute(
                insert(source).values(url="https://news.example/feed", next_at=now)
            )
            paths = (("Новости",), ("Новости", "Город"), ("Спорт",))
            for path, parent in zip(paths, (None, 1, None), strict=True):
                values = {"key": section_key(path), "title": path[-1], "created_at": now}
                await connection.execute(insert(section).values(parent_id=parent, **values))
            await connection.execute(insert(reader), rows)
            numbers = range(1, len(rows) + 1)
            await connection.execute(
                insert(subscription),
                [  # to the section of all articles, its parent, and where some are found besides
                    {"reader_id": n, "section_id": number, "created_at": now}
                    for n in numbers
                    for number in ([2, 3], [1], [1, 2], [2], [1, 3], [3])[n % 6]
                ],
            )

    # --- Senders ----------------------------------------------------------------------------------

    def _start(self) -> None:
        if self.process is not None:
            self.process.superseded = True
        term = len(self._lives) + 1
        process = Process(term, self.schedule, self.access, self.telegram, self.observer)
        self._lives.append(process)
        self.process = process
        process.task.add_done_callback(lambda _: self._ended(process))

    def _ended(self, process: Process) -> None:
        error = None if process.task.cancelled() else process.task.exception()
        if not (process.dead or process.stop.is_set()):
            self.failures.append(f"{process} ended by itself: {error!r}")
        if process is self.process:
            self.process = None

    def _later(self, seconds: float, do: Callable[[], object]) -> None:
        """Do it after a while; the world does not end before."""

        async def errand() -> None:
            await asyncio.sleep(seconds)
            do()

        self._errand(errand())

    def _errand(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    def _replace(self, process: Process | None, seconds: float) -> None:
        """Another sender starts after a while, unless one has started by then."""

        def start() -> None:
            if self.process in {None, process}:
                self._start()

        self._later(seconds, start)

    # --- What happens -----------------------------------------------------------------------------

    @singledispatchmethod
    def _happen(self, event: Event) -> None:
        raise TypeError(event)

    @_happen.register
    def _(self, event: what.Publish) -> None:
        self._errand(self._publish(event))

    @_happen.register
    def _(self, event: what.Withdraw) -> None:
        self._errand(self._withdraw(len(self.priorities) - event.back))

    @_happen.register
    def _(self, event: what.Place) -> None:
        self._errand(self._place(len(self.priorities) - event.back))

    @_happen.register
    def _(self, event: what.Leave) -> None:
        self._handle(
            lambda connection: subscriptions.unsubscribe(
                connection, event.reader + 1, self.loop.now()
            )
        )

    @_happen.register
    def _(self, event: what.Return) -> None:
        self._handle(
            lambda connection: subscriptions.subscribe(
                connection, event.reader + 1, [1 + event.reader % 3], self.loop.now()
            )
        )

    @_happen.register
    def _(self, event: what.Block) -> None:
        room = self.telegram.rooms[event.chat]
        room.closed = True
        self._later(event.told, lambda: self._told(room))

    @_happen.register
    def _(self, event: what.Unblock) -> None:
        room = self.telegram.rooms[event.chat]
        room.closed = False
        self._later(event.told, lambda: self._told(room))

    @_happen.register
    def _(self, event: what.Reply) -> None:
        if self.process is not None:
            self.process.pacer.reply(self.telegram.rooms[event.chat].id)

    @_happen.register
    def _(self, event: what.Move) -> None:
        self.telegram.rooms[event.chat].migrate()

    @_happen.register
    def _(self, event: what.CloseTopic) -> None:
        chat = self.chats[event.reader]
        if chat.thread_id:
            room = self.telegram.room(chat.id)
            room.gone.add(chat.thread_id)
            room.moved = True

    @_happen.register
    def _(self, event: what.Kill) -> None:
        process = self.process
        if process is not None:
            process.kill()
        self._replace(process, event.restart)

    @_happen.register
    def _(self, event: what.KillAtWrite) -> None:
        self._doom(event.nth, Doom(event.committed, fatal=True))
        process = self.process
        if process is not None:

            def replace(_: object) -> None:
                if process.dead:
                    self._replace(process, event.restart)

            process.task.add_done_callback(replace)

    @_happen.register
    def _(self, event: what.FailWrite) -> None:
        self._doom(event.nth, Doom(event.committed, fatal=False))

    def _doom(self, nth: int, doom: Doom) -> None:
        if self.process is not None:
            self.process.access.dooms[self.process.access.writes + nth] = doom

    @_happen.register
    def _(self, event: what.Stop) -> None:
        process = self.process
        if process is not None:
            process.note("is asked to end")
            process.stop.set()
            self._errand(self._end(process))
        self._replace(process, event.restart)

    @_happen.register
    def _(self, event: what.Freeze) -> None:
        if self.process is not None:
            self._errand(self._freeze(self.process, event))

    async def _freeze(self, process: Process, event: what.Freeze) -> None:
        process.freeze()
        await asyncio.sleep(event.successor)
        if process is self.process:
            self._start()
        await asyncio.sleep(event.seconds)
        process.stop.set()
        process.thaw()
        await self._end(process)

    @_happen.register
    def _(self, event: what.DatabaseAway) -> None:
        self.access.away_until = self.loop.time() + event.seconds

    @_happen.register
    def _(self, event: what.Outage) -> None:
        self._errand(self._outage(event))

    async def _outage(self, event: what.Outage) -> None:
        self._outages += 1
        self.telegram.outage = event.effect
        await asyncio.sleep(event.seconds)
        self._outages -= 1
        if not self._outages:
            self.telegram.outage = None

    # --- Transactions of others -------------------------------------------------------------------

    def _told(self, room: Room) -> None:
        """The bot hears how the chat stands now."""
        self.note(f"the bot hears that {room.id} is {'closed' if room.closed else 'open'}")
        if room.closed:
            room.said_so = True
            self._handle(
                lambda connection: readers.deactivate_chat(connection, room.id, self.loop.now())
            )
        else:
            self._handle(lambda connection: readers.activate_chat(connection, room.id))

    def _handle(self, change: Callable[[AsyncConnection], Any]) -> None:
        self._errand(self._change(change))

    async def _change(self, change: Callable[[AsyncConnection], Any]) -> None:
        """As a handler does it: tried again where another transaction was in its way."""
        while True:
            try:
                async with self.access.write() as connection:
                    await change(connection)
            except StorageError as error:
                self.note(f"tried again: {error}")
            else:
                return

    async def _publish(self, event: what.Publish) -> None:
        number = len(self.priorities) + 1
        priority = Priority.BREAKING if event.breaking else Priority.NEWS
        self.priorities[number] = priority

        async def store(connection: AsyncConnection) -> None:
            now = self.loop.now()
            await connection.execute(
                insert(article).values(
                    id=number,
                    source_id=1,
                    section_id=2,
                    url=f"https://news.example/{number}",
                    title=f"Новость №{number}",
                    lead="Движение началось в понедельник.",
                    image="https://news.example/bridge.jpg" if number % 2 else None,
                    document=_DOCUMENT,
                    sorted_at=now,
                    created_at=now,
                )
            )
            ttl = timedelta(seconds=event.ttl)
            await broadcasts.add_broadcast(connection, number, now, ttl=ttl, priority=priority)
            # PostgreSQL never gives a number twice, not even one that was rolled back.
            await connection.execute(
                update(broadcast).where(broadcast.c.article_id == number).values(id=number)
            )

        async with self._reading:
            await self._change(store)
        sight = self.observer.sight
        self.invited[number] = {n for n in sight.places if sight.wants(number, n)}
        if event.announced and self.process is not None:
            self.process.published.set()

    async def _place(self, number: int) -> None:
        if number in self.invited:
            async with self._reading:
                await self._change(
                    lambda connection: placements.place(
                        connection, number, ELSEWHERE, 1, self.loop.now(), goes_out=True
                    )
                )
            if self.process is not None:
                self.process.published.set()

    async def _withdraw(self, number: int) -> None:
        if number in self.invited:
            self.withdrawn.add(number)
            await self._change(
                lambda connection: connection.execute(
                    update(broadcast)
                    .where(broadcast.c.id == number, broadcast.c.state == BroadcastState.OPEN)
                    .values(state=BroadcastState.WITHDRAWN)
                )
            )

    async def _decide(self, number: int) -> None:
        """A person decides about a broadcast that was halted."""
        if self.schedule.resumed:
            now = self.loop.now()
            self.note(f"broadcast {number} goes on")
            await self._change(lambda c: broadcasts.resume(c, number, now, now + DAY))
        else:
            self.given_up.add(number)
            self.note(f"broadcast {number} is given up")
            await self._change(lambda c: broadcasts.give_up(c, number))


@contextmanager
def _logs(note: Callable[[str], None]) -> Iterator[None]:
    """What is logged becomes part of the story."""

    def tell(_logger: object, method: str, entry: Any) -> Any:
        words = entry.pop("event", "")
        entry.pop("exc_info", None)
        note(f"  [{method}] {words} {entry or ''}")
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[tell])
    try:
        yield
    finally:
        structlog.configure(**before)
