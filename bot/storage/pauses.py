"""Pauses: what Telegram asked us to leave alone, kept so that a restart obeys it too."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.schema import pause
from bot.storage.upsert import insert

ALL = 0
"""In the place of a chat's id: every chat."""


async def keep_pause(connection: AsyncConnection, chat_id: int, until: datetime) -> None:
    """Leave a chat, or ALL, alone until then; a longer pause that is kept already stays."""
    statement = insert(connection, pause).values(chat_id=chat_id, until=until)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=[pause.c.chat_id],
            set_={"until": until},
            where=pause.c.until < until,
        )
    )


async def pauses(connection: AsyncConnection, now: datetime) -> dict[int, datetime]:
    """What is still to be left alone: chat's id, or ALL, and until when."""
    statement = select(pause.c.chat_id, pause.c.until).where(pause.c.until > now)
    return {row.chat_id: row.until for row in await connection.execute(statement)}


async def forget_pause(connection: AsyncConnection, chat_id: int) -> None:
    """Delete what is kept of a chat."""
    await connection.execute(delete(pause).where(pause.c.chat_id == chat_id))


async def forget_pauses(connection: AsyncConnection, now: datetime) -> None:
    """Delete those that are over."""
    await connection.execute(delete(pause).where(pause.c.until <= now))
