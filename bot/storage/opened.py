"""Opened messages: what a message shows that its reader went on from, such as a push's article."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.schema import opened
from bot.storage.upsert import insert


async def opened_article(
    connection: AsyncConnection, reader_id: int, message_id: int
) -> int | None:
    """The article whose page a message shows, as far as we know, or None."""
    number: int | None = await connection.scalar(
        select(opened.c.article_id).where(
            opened.c.reader_id == reader_id, opened.c.message_id == message_id
        )
    )
    return number


async def note_opened(
    connection: AsyncConnection, reader_id: int, message_id: int, article_id: int, now: datetime
) -> None:
    """The message shows a page of this article now."""
    statement = insert(connection, opened).values(
        reader_id=reader_id, message_id=message_id, article_id=article_id, opened_at=now
    )
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=[opened.c.reader_id, opened.c.message_id],
            set_={"article_id": article_id, "opened_at": now},
        )
    )


async def note_left(
    connection: AsyncConnection, reader_id: int, message_id: int, now: datetime
) -> None:
    """The message shows something else now; of one that we know nothing of, nothing is noted."""
    await connection.execute(
        update(opened)
        .where(opened.c.reader_id == reader_id, opened.c.message_id == message_id)
        .values(article_id=None, opened_at=now)
    )


async def forget_opened(connection: AsyncConnection, before: datetime, limit: int) -> int:
    """Delete what was opened before a moment, at most so many rows; how many went."""
    old = await connection.execute(
        select(opened.c.reader_id, opened.c.message_id)
        .where(opened.c.opened_at < before)
        .order_by(opened.c.opened_at)
        .limit(limit)
    )
    rows = [{"reader": reader_id, "message": message_id} for reader_id, message_id in old]
    if rows:
        await connection.execute(_FORGET, rows)
    return len(rows)


_FORGET = delete(opened).where(
    opened.c.reader_id == bindparam("reader"), opened.c.message_id == bindparam("message")
)
