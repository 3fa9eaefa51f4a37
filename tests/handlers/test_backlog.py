"""A long backlog: memory is bounded, nobody starves, and what ends the process is put aside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiogram import Bot, Dispatcher
from aiogram.types import Message
from sqlalchemy import text
from structlog.typing import EventDict

from bot.handlers import turns as module
from bot.handlers.dispatch import ALLOWED_UPDATES
from bot.handlers.intake import Intake
from bot.handlers.turns import Turns
from bot.storage.database import Database
from sandbox.telegram import Hold, Person, Telegram
from tests.handlers.house import House, becomes

FILL = """
INSERT INTO incoming (update_id, chat_id, attempt, body, received_at)
WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {count})
SELECT n, {chat}, {attempt}, '{{"update_id": ' || n || ', "message": {{"message_id": ' || n ||
    ', "date": 1767225600, "text": "/news", "chat": {{"id": ' || {chat} ||
    ', "type": "private"}}}}}}', '2026-01-01 00:00:00.000000' FROM c
"""
MANY = 100_000
NEVER = 3600.0  # seconds between two looks that nothing calls for


def message(number: int, chat: int) -> dict[str, Any]:
    about = {"message_id": number, "date": 1767225600, "chat": {"id": chat, "type": "private"}}
    return {"update_id": number, "message": {**about, "text": "/news"}}


class Backlog:
    """Turns with a handler that only notes what it was given, and may be kept waiting."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.seen: list[tuple[int, int]] = []  # chat and update
        self.gate = asyncio.Event()
        self.gate.set()
        self.waiting = 0
        self.most = 0
        self.arrived, self.stop = asyncio.Event(), asyncio.Event()
        self._changed = asyncio.Event()
        self.dispatcher = Dispatcher(disable_fsm=True)
        self.dispatcher.message.register(self._note)
        self.turns = self.make()

    def make(self, look_seconds: float = NEVER) -> Turns:
        bot = Bot("42:TEST")  # asks for nothing here
        return Turns(self.database, bot, self.dispatcher, look_seconds=look_seconds)

    async def fill(self, count: int, chat: str, *, attempt: int = 0) -> None:
        async with self.database.write() as connection:
            fill = FILL.format(count=count, chat=f"({chat})", attempt=attempt)
            await connection.exec_driver_sql(fill)

    async def keep(self, number: int, chat: int, *, tell: bool = True) -> None:
        intake = Intake(self.database, Bot("42:TEST"), ALLOWED_UPDATES)
        if tell:
            intake.arrived = self.arrived
        await intake.keep([message(number, chat)])

    async def attempts(self) -> dict[int, int]:
        async with self.database.read() as connection:
            found = await connection.execute(
                text("SELECT update_id, attempt FROM incoming WHERE state = 0")
            )
            return {row[0]: row[1] for row in found}

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not true():
                self._changed.clear()
                await self._changed.wait()

    async def until_full(self) -> None:
        await becomes(self.turns._is_crowded)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        self.stop.clear()
        task = asyncio.create_task(self.turns.run(self.arrived, self.stop))
        try:
            yield
        finally:
            self.stop.set()
            self.gate.set()
            await task

    async def _note(self, event: Message, event_update: Any) -> None:
        self.waiting += 1
        self._changed.set()
        await self.gate.wait()
        self.waiting -= 1
        self.most = max(self.most, self.turns._in_memory)
        self.seen.append((event.chat.id, event_update.update_id))
        self._changed.set()


@pytest.fixture
def backlog(database: Database) -> Backlog:
    return Backlog(database)


async def test_a_backlog_of_many_chats_is_taken_in_bounded_parts(backlog: Backlog) -> None:
    """Each update that waited once had a place in memory, and each chat a task."""
    await backlog.fill(MANY, "n")
    backlog.gate.clear()
    tasks = len(asyncio.all_tasks())
    async with backlog.running():
        await backlog.until_full()
        await backlog.until(lambda: backlog.waiting == 100)
        assert len(backlog.turns._lines) == backlog.turns._in_memory <= 1000
        assert len(asyncio.all_tasks()) - tasks < 1020
        backlog.gate.set()
        await backlog.until(lambda: len(backlog.seen) > 1500)
    assert backlog.most <= 1000
    assert len(set(backlog.seen)) == len(backlog.seen)
    assert sorted(backlog.seen)[:1000] == [(number, number) for number in range(1, 1001)]
    assert (backlog.turns._lines, backlog.turns._in_memory) == ({}, 0)


async def test_a_backlog_of_one_chat_keeps_nobody_waiting(backlog: Backlog) -> None:
    await backlog.fill(MANY, "5")
    await backlog.keep(MANY + 1, 9)
    async with backlog.running():
        await backlog.until(lambda: len(backlog.seen) > 60)
    assert (9, MANY + 1) in backlog.seen[:9]
    flood = [number for chat, number in backlog.seen if chat == 5]
    assert flood == list(range(1, len(flood) + 1))
    assert backlog.most <= 9


async def test_long_backlogs_of_many_chats_keep_a_newcomer_waiting_for_a_round(
    backlog: Backlog, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("_IN_MEMORY", 20), ("_BATCH", 10), ("_OF_ONE_CHAT", 2)):
        monkeypatch.setattr(module, name, value)
    await backlog.fill(1000, "n - n / 50 * 50")  # 20 updates of each of 50 chats
    async with backlog.running():
        await backlog.until(lambda: len(backlog.seen) > 30)
        before = len(backlog.seen)
        await backlog.keep(2000, 25)
        await backlog.keep(2001, 10_000)
        await backlog.until(lambda: (10_000, 2001) in backlog.seen)
        assert len(backlog.seen) - before <= 50 * 2 + 20 + 1
        await backlog.until(lambda: len(backlog.seen) == 1002)
    assert backlog.most <= 20
    for chat in range(50):
        numbers = [number for seen, number in backlog.seen if seen == chat]
        assert numbers == sorted(numbers)
        assert len(numbers) == (21 if chat == 25 else 20)


async def test_what_does_not_fit_is_looked_for_at_once(backlog: Backlog) -> None:
    """Nobody looks again by himself here: what is forgotten would wait forever."""
    await backlog.fill(50, "5")
    async with backlog.running():
        await backlog.until(lambda: len(backlog.seen) == 50)
        backlog.gate.clear()
        await backlog.keep(51, 5)
        await backlog.until(lambda: backlog.waiting == 1)
        await backlog.keep(52, 5)  # while the chat has its turn
        await backlog.keep(53, 6)
        await backlog.until(lambda: backlog.waiting == 2)
        backlog.gate.set()
        await backlog.until(lambda: len(backlog.seen) == 53)
    assert [number for chat, number in backlog.seen if chat == 5] == [*range(1, 51), 51, 52]


async def test_what_another_process_keeps_is_found(backlog: Backlog) -> None:
    backlog.turns = backlog.make(look_seconds=0.01)
    async with backlog.running():
        await backlog.keep(1, 5, tell=False)
        await backlog.until(lambda: len(backlog.seen) == 1)
        await backlog.keep(2, 5, tell=False)
        await backlog.until(lambda: len(backlog.seen) == 2)


async def test_what_earlier_processes_ended_with_is_handled_apart(backlog: Backlog) -> None:
    await backlog.fill(20, "n", attempt=1)
    async with backlog.database.write() as connection:
        await connection.exec_driver_sql("UPDATE incoming SET attempt = 2 WHERE update_id > 15")
    backlog.gate.clear()
    async with backlog.running():
        await backlog.until(lambda: backlog.waiting == 8 + 1)
        counts = await backlog.attempts()
        assert sorted(counts.values()) == [1] * 7 + [2] * 12 + [3]
        await backlog.keep(100, 100)  # others are not kept waiting by that
        await backlog.until(lambda: backlog.waiting == 10)
        backlog.gate.set()
        await backlog.until(lambda: len(backlog.seen) == 21)
    assert await backlog.attempts() == {}


async def test_an_update_that_ends_the_process_is_put_aside(
    asleep: House, anna: Person, boris: Person, tg: Telegram, logs: list[EventDict]
) -> None:
    """It once was begun again at each start, forever."""
    fatal = tg.faults.add(Hold(), method="sendMessage", chat_id=anna.id, times=None)
    beside = tg.faults.add(Hold(), method="sendMessage", chat_id=boris.id, times=1)
    await anna.say("/help")
    await boris.say("/help")

    async def both_are_met(starts: int) -> None:
        await tg.ledger.wait_for(lambda: fatal.hits == starts and beside.hits)

    for starts in (1, 2, 3):
        asleep.start()
        await both_are_met(starts)
        if starts > 1:
            await boris.sees("Что я умею")  # whoever was handled beside it is only delayed
        await asleep.kill()
        attempts = dict(
            await asleep.rows("SELECT update_id, attempt FROM incoming WHERE state = 0")
        )
        assert attempts[1] == starts
    tg.faults.clear()
    asleep.start()
    await anna.say("/language")
    await anna.sees("На каком языке")
    await asleep.stop()
    ((number, error, body),) = await asleep.rows(
        "SELECT update_id, error, body FROM incoming WHERE state = 2"
    )
    assert (number, "/help" in body) == (1, True)
    assert "begun 3 times" in error
    assert [e["update_id"] for e in logs if e["event"] == "update put aside"] == [1]
    assert tg.violations == []


async def test_a_clean_stop_does_not_count_as_a_start(
    asleep: House, anna: Person, tg: Telegram
) -> None:
    hold = Hold()
    held = tg.faults.add(hold, method="sendMessage", times=None)
    await anna.say("/help")

    async def it_is_met(starts: int) -> None:
        await tg.ledger.wait_for(lambda: held.hits == starts)

    for starts in range(1, 5):
        asleep.start()
        await it_is_met(starts)
        assert await asleep.rows("SELECT attempt FROM incoming") == [(1,)]
        stopping = asyncio.create_task(asleep.stop())
        await asleep.finds("SELECT attempt FROM incoming", [(0,)])
        stopping.cancel()  # Telegram does not answer in time, and the process ends
        await asleep.kill()
    tg.faults.clear()
    asleep.start()
    await anna.sees("Что я умею")
    await asleep.stop()
    assert await asleep.rows("SELECT state FROM incoming") == [(1,)]
    assert tg.violations == []


async def test_an_update_that_begins_with_the_end_of_the_one_before_is_counted_alike(
    asleep: House, anna: Person, tg: Telegram
) -> None:
    held = tg.faults.add(Hold(), method="sendMessage", skip=1)
    await anna.say("/help")
    await anna.say("/language")
    await anna.say("/news")
    asleep.start()
    await tg.ledger.wait_for(lambda: held.hits)
    assert await asleep.rows("SELECT attempt FROM incoming") == [(1,), (1,), (0,)]
    stopping = asyncio.create_task(asleep.stop())
    await asleep.finds("SELECT attempt FROM incoming", [(1,), (0,), (0,)])
    stopping.cancel()
    await asleep.kill()
    asleep.start()
    await anna.sees("Новости")
    assert len(tg.ledger.messages(anna.id)) == 3
    assert tg.violations == []


async def test_nothing_begins_before_its_start_is_written_down(
    asleep: House, anna: Person, tg: Telegram, logs: list[EventDict]
) -> None:
    """Else an update that ends the process would be begun again and again on a full disk."""
    await asleep.change(
        "CREATE TRIGGER full BEFORE UPDATE ON incoming "
        "BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
    )
    asleep.start()
    await anna.say("/help")
    await becomes(lambda: "update waits for the database" in [entry["event"] for entry in logs])
    assert tg.ledger.calls("sendMessage") == []
    await asleep.change("DROP TRIGGER full")
    await anna.sees("Что я умею")
    await asleep.stop()
    assert await asleep.rows("SELECT state FROM incoming") == [(1,)]
    assert len(tg.ledger.messages(anna.id)) == 1
    assert tg.violations == []
