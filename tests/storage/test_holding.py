from __future__ import annotations

from datetime import datetime, timedelta

from bot.model import BroadcastState, Priority
from bot.storage import articles, broadcasts, holding, outbox, revisions
from bot.storage.database import Database
from tests.storage.rows import (
    FEED,
    add_reader,
    add_source,
    broadcast_rows,
    guid,
    new_article,
)

DAY = timedelta(days=1)
B = BroadcastState


async def hold(database: Database, now: datetime, count: int, feed: str = FEED) -> int:
    """So many articles of a source that are held; the source's number."""
    async with database.write() as connection:
        source = await add_source(connection, now, feed)
        for key in range(count):
            new = new_article(guid(f"{feed} {key}"), title=f"Статья {key}")
            number = await articles.add_article(connection, source, new, now)
            assert number is not None
            await broadcasts.add_broadcast(
                connection, number, now, held=True, priority=Priority.BREAKING
            )
    return source


async def states(database: Database) -> list[B]:
    return [B(row.state) for row in await broadcast_rows(database)]


async def test_what_is_held_goes_to_nobody_until_it_is_to(
    database: Database, now: datetime
) -> None:
    await add_reader(database, now, 7)
    source = await hold(database, now, 2)
    later, until = now + timedelta(hours=3), now + 2 * DAY
    async with database.write() as connection:
        await broadcasts.settle_broadcasts(connection, later)
        assert await outbox.claim(connection, lease=1, now=later, limit=10) == []
        held = await holding.held_news(connection)
        assert [(each.title, each.source_id) for each in held] == [
            ("Статья 0", source),
            ("Статья 1", source),
        ]
        up_to = held[-1].broadcast_id
        assert await holding.push_held(connection, source, up_to, until) == 2
        assert await holding.push_held(connection, source, up_to, until) == 0
        assert await holding.keep_held(connection, source, up_to) == 0
        assert await holding.held_news(connection) == []
    assert {row.expires_at for row in await broadcast_rows(database)} == {until}
    async with database.write() as connection:
        assert len(await outbox.claim(connection, lease=1, now=later, limit=10)) == 2


async def test_a_decision_is_about_what_was_told_and_about_one_source(
    database: Database, now: datetime
) -> None:
    one = await hold(database, now, 1)
    other = await hold(database, now, 1, "https://other.example/feed")
    async with database.write() as connection:
        first, second = await holding.held_news(connection)
        assert await holding.push_held(connection, other, first.broadcast_id, now + DAY) == 0
        assert await holding.keep_held(connection, one, second.broadcast_id) == 1
    assert await states(database) == [B.EXPIRED, B.HELD]


async def test_what_nobody_decides_ends_unpushed(database: Database, now: datetime) -> None:
    source = await hold(database, now, 1)
    async with database.write() as connection:
        assert not await broadcasts.prune(connection, now + DAY, 10)
        await broadcasts.settle_broadcasts(connection, now + DAY)
        assert await holding.push_held(connection, source, 10, now + 2 * DAY) == 0
        assert await articles.get_article(connection, 1) is not None
    assert await states(database) == [B.EXPIRED]


async def test_what_is_withdrawn_meanwhile_waits_no_more(database: Database, now: datetime) -> None:
    await hold(database, now, 1)
    async with database.write() as connection:
        await revisions.withdraw_article(connection, 1, now, by_hand=True)
        assert await holding.held_news(connection) == []
