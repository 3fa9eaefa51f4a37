"""Bookmarks: the page at which a reader left an article."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.schema import bookmark
from bot.storage.upsert import insert


async def bookmarked_page(connection: AsyncConnection, reader_id: int, article_id: int) -> int:
    """The page, counted from 0, at which this reader left this article; 0 where it is new."""
    page: int | None = await connection.scalar(
        select(bookmark.c.page).where(
            bookmark.c.reader_id == reader_id, bookmark.c.article_id == article_id
        )
    )
    return page or 0


async def set_bookmark(
    connection: AsyncConnection, reader_id: int, article_id: int, page: int, now: datetime
) -> None:
    """The reader sees this page now."""
    statement = insert(connection, bookmark).values(
        reader_id=reader_id, article_id=article_id, page=page, read_at=now
    )
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=[bookmark.c.reader_id, bookmark.c.article_id],
            set_={"page": page, "read_at": now},
        )
    )
