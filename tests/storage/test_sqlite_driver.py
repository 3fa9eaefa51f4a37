from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from sqlalchemy import text

from bot.storage import sqlite_driver
from bot.storage.database import Database
from bot.storage.sqlite_driver import Connection

INSERT = "INSERT INTO section (key, created_at) VALUES (?, '2026-01-01')"


@pytest.fixture
async def connection(sqlite_url: str) -> AsyncIterator[Connection]:
    made = sqlite_driver.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    async with made:
        yield made


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is done in connections' threads."""
    taken: list[str] = []
    inner: Callable[..., Any] = Connection._execute

    async def counted(
        self: Connection, function: Callable[..., Any], *arguments: Any, **options: Any
    ) -> Any:
        taken.append(getattr(function, "__name__", "statement"))
        return await inner(self, function, *arguments, **options)

    monkeypatch.setattr(Connection, "_execute", counted)
    return taken


async def test_each_statement_of_a_transaction_takes_one_step(
    sqlite_url: str, steps: list[str]
) -> None:
    async with Database.open(sqlite_url) as database:
        steps.clear()
        async with database.write() as connection:
            added = text("INSERT INTO section (key, created_at) VALUES (:key, '2026-01-01')")
            await connection.execute(added, [{"key": "Город"}, {"key": "Спорт"}])
            found = await connection.execute(text("SELECT key FROM section ORDER BY key"))
            assert [row.key for row in found] == ["Город", "Спорт"]
        assert steps == ["statement"] * 3 + ["commit"]  # it begins with one, too


async def test_a_cursor_has_what_its_statement_gave(connection: Connection) -> None:
    cursor = connection.cursor()
    await cursor.executemany(INSERT, [["a"], ["b"]])
    assert (cursor.rowcount, cursor.description) == (2, None)
    returning = f"{INSERT} ON CONFLICT DO NOTHING RETURNING id, key"
    await cursor.execute(returning, ["c"])
    assert [column[0] for column in cursor.description] == ["id", "key"]
    assert (cursor.rowcount, await cursor.fetchall()) == (1, [(3, "c")])
    assert await cursor.fetchall() == []
    await cursor.execute(INSERT, ["d"])
    assert (cursor.rowcount, cursor.lastrowid, cursor.description) == (1, 4, None)


async def test_what_the_database_refuses_is_told(connection: Connection) -> None:
    cursor = connection.cursor()
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await cursor.execute("SELECT 1 FROM nowhere")
    await cursor.execute(INSERT, ["a"])
    with pytest.raises(sqlite3.IntegrityError):
        await cursor.executemany(INSERT, [["b"], ["a"]])


async def test_a_transaction_whose_beginning_was_given_up_is_rolled_back(
    connection: Connection,
) -> None:
    held = asyncio.Event()
    loop = asyncio.get_running_loop()
    go_on = asyncio.Event()

    def wait(_: sqlite3.Connection) -> None:
        loop.call_soon_threadsafe(held.set)
        asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result()

    busy = asyncio.create_task(connection.run(wait))
    await held.wait()
    begun = asyncio.create_task(connection.cursor().execute("BEGIN IMMEDIATE"))
    await asyncio.sleep(0)
    begun.cancel()
    with pytest.raises(asyncio.CancelledError):
        await begun
    rolled_back = asyncio.create_task(connection.rollback())
    go_on.set()
    await asyncio.gather(busy, rolled_back)
    assert not connection.in_transaction


async def test_a_write_that_is_cancelled_leaves_nothing_and_the_next_goes_on(
    sqlite_url: str,
) -> None:
    async with Database.open(sqlite_url) as database:
        written = asyncio.Event()

        async def write() -> None:
            async with database.write() as connection:
                await connection.exec_driver_sql(INSERT, ("a",))
                written.set()
                await connection.exec_driver_sql(
                    "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n"
                    " LIMIT 300000) SELECT count(*) FROM n"
                )

        task = asyncio.create_task(write())
        await written.wait()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with database.write() as connection:
            await connection.exec_driver_sql(INSERT, ("b",))
        async with database.read() as connection:
            assert list(await connection.scalars(text("SELECT key FROM section"))) == ["b"]
