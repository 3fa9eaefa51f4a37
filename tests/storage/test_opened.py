from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from bot.storage import opened
from bot.storage.database import Database
from bot.storage.schema import opened as table
from tests.storage.rows import add_article, add_reader

DAY = timedelta(days=1)


async def test_a_message_shows_an_article_until_it_shows_something_else(
    database: Database, now: datetime
) -> None:
    reader = await add_reader(database, now, 5)
    async with database.write() as connection:
        one, two = [await add_article(connection, now, key) for key in ("a", "b")]
        assert await opened.opened_article(connection, reader.id, 7) is None
        for number in (one, two):
            await opened.note_opened(connection, reader.id, 7, number, now)
            assert await opened.opened_article(connection, reader.id, 7) == number
        await opened.note_left(connection, reader.id, 7, now)
        await opened.note_left(connection, reader.id, 8, now)
        rows = list(await connection.execute(select(table.c.message_id, table.c.article_id)))
    assert rows == [(7, None)]


async def test_what_was_opened_long_ago_is_forgotten_in_steps(
    database: Database, now: datetime
) -> None:
    reader = await add_reader(database, now, 5)
    async with database.write() as connection:
        number = await add_article(connection, now, "a")
        for message in range(5):
            moment = now + message * DAY
            await opened.note_opened(connection, reader.id, message, number, moment)
        gone = [await opened.forget_opened(connection, now + 3 * DAY, 2) for _ in range(3)]
        left = (await connection.scalars(select(table.c.message_id).order_by("message_id"))).all()
    assert (gone, left) == ([2, 1, 0], [3, 4])
