from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from bot.storage import incoming
from bot.storage.database import Database
from bot.storage.schema import incoming as table

DAY = timedelta(days=1)


async def _keep(database: Database, now: datetime, *updates: tuple[int, str]) -> None:
    async with database.write() as connection:
        await incoming.keep_updates(connection, updates, now)


async def _waiting(database: Database, after: int = 0, limit: int = 10) -> list[tuple[int, str]]:
    async with database.read() as connection:
        return await incoming.waiting_updates(connection, after, limit)


async def _settle(database: Database, number: int, error: str | None = None) -> None:
    async with database.write() as connection:
        await incoming.settle_update(connection, number, error)


async def _forget(database: Database, before: datetime) -> int:
    async with database.write() as connection:
        return await incoming.forget_handled(connection, before)


async def test_updates_wait_in_order(database: Database, now: datetime) -> None:
    await _keep(database, now, (3, "c"), (1, "a"), (2, "b"))
    await _keep(database, now)
    assert await _waiting(database) == [(1, "a"), (2, "b"), (3, "c")]
    assert await _waiting(database, after=1, limit=1) == [(2, "b")]
    assert await _waiting(database, after=3) == []


async def test_an_update_that_we_had_is_passed_over(database: Database, now: datetime) -> None:
    """Telegram repeats what it was not told that we have; handled once is enough."""
    await _keep(database, now, (1, "a"), (2, "b"))
    await _settle(database, 1)
    await _keep(database, now + DAY, (1, "again"), (2, "again"), (3, "c"))
    assert await _waiting(database) == [(2, "b"), (3, "c")]


async def test_what_failed_is_put_aside_with_its_body(database: Database, now: datetime) -> None:
    await _keep(database, now, (1, "a"), (2, "b"), (3, "c"))
    await _settle(database, 1)
    await _settle(database, 2, "KeyError: 'x'")
    assert await _waiting(database) == [(3, "c")]
    async with database.read() as connection:
        assert await incoming.count_put_aside(connection) == 1
        kept = await connection.execute(
            select(table.c.body, table.c.error).order_by(table.c.update_id)
        )
        assert [tuple(row) for row in kept] == [("", None), ("b", "KeyError: 'x'"), ("c", None)]


async def test_only_what_was_handled_long_ago_is_forgotten(
    database: Database, now: datetime
) -> None:
    await _keep(database, now, (1, "a"), (2, "b"), (3, "c"))
    await _keep(database, now + DAY, (4, "d"))
    for number in (1, 4):
        await _settle(database, number)
    await _settle(database, 2, "fault")
    assert await _forget(database, now) == 0
    assert await _forget(database, now + DAY) == 1
    async with database.read() as connection:
        left = await connection.scalars(select(table.c.update_id).order_by(table.c.update_id))
        assert left.all() == [2, 3, 4]


async def test_numbers_of_telegram_fit(database: Database, now: datetime) -> None:
    number = 2**40
    await _keep(database, now, (number, "a"))
    assert await _waiting(database, after=number - 1) == [(number, "a")]
