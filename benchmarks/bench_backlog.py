"""A backlog of 100,000 updates after an outage: the memory that it takes, and how fast it shrinks.

The peer loads the whole backlog, then handles it in a few workers, without regard to the order
within a chat; each update is marked as handled in a commit of its own.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from aiogram import Bot, Dispatcher
from aiogram.types import Message, Update

sys.path.insert(0, str(Path(__file__).parents[1]))  # for when it is run by its path

from benchmarks._common import TOKEN, Row, conclude, demand, memory, postgres, show, sqlite
from bot.handlers.turns import Turns
from bot.storage import incoming
from bot.storage.database import Database
from bot.telegram.session import safe_loads

WAITING = 100_000
SECONDS = 5.0
LIMIT_MB = 50.0
_WORKERS = 10
_LOOK_SECONDS = 0.25  # between two looks at the memory
_FILL = """
INSERT INTO incoming (update_id, chat_id, body, received_at)
WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {waiting})
SELECT n, {chat}, '{{"update_id": ' || n || ', "message": {{"message_id": ' || n ||
    ', "date": 1767225600, "text": "{text}", "chat": {{"id": ' || {chat} ||
    ', "type": "private", "first_name": "Анна"}}, "from": {{"id": ' || {chat} ||
    ', "is_bot": false, "first_name": "Анна", "language_code": "ru"}}}}}}',
    '2026-01-01 00:00:00.000000' FROM c
"""
_ALL = "SELECT body FROM incoming WHERE state = 0 ORDER BY update_id"
_MARKED = "SELECT count(*) FROM incoming WHERE state = 1"
_TEXT = "Когда откроют новый мост через реку, и где об этом прочесть? " * 5


Work = Callable[[Database, Bot, Dispatcher], Awaitable[None]]
"""Handles the backlog until it is cancelled."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured: by how much memory grew at most, in MB; updates marked per second."""

    grown: float
    rate: float


async def measure(url: str, chat: str) -> tuple[Figures, Figures]:
    """The turns and the peer, each on a full backlog; ``chat`` is SQL for the chat of update n."""
    async with Database.open(url) as database, Bot(TOKEN).context() as bot:
        figures = []
        for work in (turns, peer):
            async with database.write() as connection:
                await connection.exec_driver_sql("DELETE FROM incoming")
                fill = _FILL.format(waiting=WAITING, chat=chat, text=_TEXT)
                await connection.exec_driver_sql(fill)
            async with database.write() as connection:
                await connection.exec_driver_sql("ANALYZE")
            figures.append(await watch(database, bot, work))
    return figures[0], figures[1]


async def watch(database: Database, bot: Bot, work: Work) -> Figures:
    """Let it work for a while, from when it has begun to handle updates; its figures."""
    begun = asyncio.Event()

    async def take(_message: Message) -> None:
        """Nothing at all: what is measured is the way there."""
        begun.set()

    dispatcher = Dispatcher(disable_fsm=True)
    dispatcher.message.register(take)
    before = most = memory()
    started = time.perf_counter()
    task = asyncio.ensure_future(work(database, bot, dispatcher))
    until: float | None = None
    while not task.done() and (until is None or time.perf_counter() < until):
        await asyncio.wait([task], timeout=_LOOK_SECONDS)
        most = max(most, memory())
        if until is None and begun.is_set():
            until = time.perf_counter() + SECONDS
    seconds = time.perf_counter() - started
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    async with database.read() as connection:
        marked = (await connection.exec_driver_sql(_MARKED)).scalar_one()
    return Figures(most - before, marked / seconds)


async def turns(database: Database, bot: Bot, dispatcher: Dispatcher) -> None:
    """As the bot does it."""
    await Turns(database, bot, dispatcher).run(asyncio.Event(), asyncio.Event())


async def peer(database: Database, bot: Bot, dispatcher: Dispatcher) -> None:
    """All loaded, then handled by a few workers."""
    async with database.read() as connection:
        found = await connection.exec_driver_sql(_ALL)
        updates = [safe_loads(body) for (body,) in found]
    left = iter(updates)

    async def work() -> None:
        for waiting in left:
            update = Update.model_validate(waiting, context={"bot": bot})
            await dispatcher.feed_update(bot, update)
            async with database.write() as connection:
                await incoming.settle_updates(connection, [update.update_id])

    async with asyncio.TaskGroup() as group:
        for _ in range(_WORKERS):
            group.create_task(work())


def rows(ours: Figures, naive: Figures) -> list[Row]:
    """Figures beside those of the peer."""
    return [
        (
            "growth of memory",
            f"{ours.grown:.1f} MB",
            f"all at once {naive.grown:.0f} MB",
            f"{ours.grown / naive.grown:.2f}x",
        ),
        ("  beside the limit", f"{ours.grown:.1f} MB", f"limit {LIMIT_MB:.0f} MB", "-"),
        (
            "updates per second from the start",
            f"{ours.rate:,.0f}",
            f"all at once {naive.rate:,.0f}",
            f"{ours.rate / naive.rate:.1f}x" if naive.rate else "-",
        ),
    ]


def main() -> None:
    """Measure both databases, with a chat for each update and with one for all."""
    for name, server in (("SQLite", sqlite), ("PostgreSQL", postgres)):
        for chats, chat in ((f"{WAITING:,} chats", "n"), ("one chat", "5")):
            with server() as url:
                ours, naive = asyncio.run(measure(url, chat))
            show(f"A backlog of {WAITING:,} updates from {chats} on {name}", rows(ours, naive))
            demand(f"memory grows by less than {LIMIT_MB} MB", ours.grown < LIMIT_MB)
    conclude()


if __name__ == "__main__":
    main()
