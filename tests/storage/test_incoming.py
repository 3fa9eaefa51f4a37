from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from sqlalchemy import select

from bot.storage import incoming
from bot.storage.database import Database
from bot.storage.incoming import BEFORE_ALL_CHATS, KeptUpdate, WaitingUpdate
from bot.storage.schema import incoming as table

DAY = timedelta(days=1)


async def _keep(
    database: Database, now: datetime, *updates: tuple[int, str], chat: int = 7
) -> None:
    async with database.write() as connection:
        kept = [KeptUpdate(number, chat, body) for number, body in updates]
        await incoming.keep_updates(connection, kept, now)


async def _waiting(
    database: Database, *, after: int = BEFORE_ALL_CHATS, of_one_chat: int = 10, limit: int = 10
) -> list[WaitingUpdate]:
    async with database.read() as connection:
        return await incoming.waiting_updates(
            connection, after_chat=after, of_one_chat=of_one_chat, limit=limit
        )


async def _numbers(database: Database, **bounds: int) -> list[int]:
    return [update.update_id for update in await _waiting(database, **bounds)]


async def _settle(database: Database, *numbers: int) -> None:
    async with database.write() as connection:
        await incoming.settle_updates(connection, numbers)


async def _put_aside(database: Database, number: int, error: str) -> None:
    async with database.write() as connection:
        await incoming.put_update_aside(connection, number, error)


async def _forget(database: Database, before: datetime, limit: int = 100) -> int:
    async with database.write() as connection:
        return await incoming.forget_handled(connection, before, limit)


async def test_updates_wait_in_order(database: Database, now: datetime) -> None:
    await _keep(database, now, (3, "c"), (1, "a"), (2, "b"))
    await _keep(database, now)
    assert await _waiting(database) == [
        WaitingUpdate(1, 7, "a", 0),
        WaitingUpdate(2, 7, "b", 0),
        WaitingUpdate(3, 7, "c", 0),
    ]


async def test_updates_are_found_chat_by_chat(database: Database, now: datetime) -> None:
    numbers = {-1001234567890: (9, 12), 0: (4,), 5: (1, 2, 3, 8), 2**52: (5, 6, 7)}
    for chat, updates in numbers.items():
        await _keep(database, now, *((number, "x") for number in updates), chat=chat)
    assert await _numbers(database, of_one_chat=2) == [9, 12, 4, 1, 2, 5, 6]
    assert await _numbers(database, of_one_chat=1) == [9, 4, 1, 5]
    assert await _numbers(database, of_one_chat=4, limit=6) == [9, 12, 4, 1, 2, 3]
    assert await _numbers(database, of_one_chat=3, after=0) == [1, 2, 3, 5, 6, 7]
    assert await _numbers(database, after=2**52) == []
    await _settle(database, 1, 4, 9)
    assert await _numbers(database, of_one_chat=2) == [12, 2, 3, 5, 6]


async def test_the_bounds_hold_whatever_waits(database: Database, now: datetime) -> None:
    """Against the same question asked of a plain list."""
    chance = Random(4)
    chats: dict[int, list[int]] = {}
    for number in range(400):
        chats.setdefault(chance.choice([-3, -1, 0, 2, 8, *range(100, 160)]), []).append(number)
    for chat, updates in chats.items():
        await _keep(database, now, *((number, "x") for number in updates), chat=chat)
    for _ in range(40):
        after, each, limit = chance.randint(-4, 161), chance.randint(1, 9), chance.randint(1, 450)
        expected = [n for chat in sorted(chats) if chat > after for n in chats[chat][:each]]
        found = await _numbers(database, after=after, of_one_chat=each, limit=limit)
        assert found == expected[:limit]


async def test_starts_are_counted_while_an_update_waits(database: Database, now: datetime) -> None:
    await _keep(database, now, (1, "a"), (2, "b"), (3, "c"))
    async with database.write() as connection:
        await incoming.begin_updates(connection, [1, 2])
    async with database.write() as connection:
        await incoming.begin_updates(connection, [2])
        await incoming.release_updates(connection, [1])
        await incoming.begin_updates(connection, [])
    assert [update.attempt for update in await _waiting(database)] == [0, 2, 0]


async def test_an_update_that_we_had_is_passed_over(database: Database, now: datetime) -> None:
    """Telegram repeats what it was not told that we have; handled once is enough."""
    await _keep(database, now, (1, "a"), (2, "b"))
    await _settle(database, 1)
    await _keep(database, now + DAY, (1, "again"), (2, "again"), (3, "c"))
    assert [(u.update_id, u.body) for u in await _waiting(database)] == [(2, "b"), (3, "c")]


async def test_what_failed_is_put_aside_with_its_body(database: Database, now: datetime) -> None:
    await _keep(database, now, (1, "a"), (2, "b"), (3, "c"))
    await _settle(database, 1)
    await _put_aside(database, 2, "KeyError: 'x'")
    assert await _numbers(database) == [3]
    async with database.read() as connection:
        assert await incoming.count_put_aside(connection) == 1
        kept = await connection.execute(
            select(table.c.body, table.c.error).order_by(table.c.update_id)
        )
        assert [tuple(row) for row in kept] == [("", None), ("b", "KeyError: 'x'"), ("c", None)]


async def test_only_what_was_handled_long_ago_is_forgotten(
    database: Database, now: datetime
) -> None:
    await _keep(database, now, (1, "a"), (2, "b"), (3, "c"), (5, "e"), (6, "f"))
    await _keep(database, now + DAY, (4, "d"))
    await _settle(database, 1, 4, 5, 6)
    await _put_aside(database, 2, "fault")
    assert await _forget(database, now) == 0
    assert await _forget(database, now + DAY, 2) == 2
    assert await _forget(database, now + DAY, 2) == 1
    async with database.read() as connection:
        left = await connection.scalars(select(table.c.update_id).order_by(table.c.update_id))
        assert left.all() == [2, 3, 4]


async def test_forgetting_looks_no_further_than_two_batches(
    database: Database, now: datetime
) -> None:
    """Telegram went back to lower numbers: what they hide is found once they are old."""
    await _keep(database, now, (7, "g"), (8, "h"), (9, "i"))
    await _keep(database, now + DAY, (1, "a"), (2, "b"), (3, "c"), (4, "d"))
    await _settle(database, 1, 2, 3, 4, 7, 8, 9)
    assert await _forget(database, now + DAY, 2) == 0
    assert await _forget(database, now + DAY, 3) == 2
    assert [await _forget(database, now + 2 * DAY, 3) for _ in range(3)] == [3, 2, 0]


async def test_numbers_of_telegram_fit(database: Database, now: datetime) -> None:
    number = 2**40
    await _keep(database, now, (number, "a"), chat=-(2**52))
    assert await _waiting(database) == [WaitingUpdate(number, -(2**52), "a", 0)]
