"""Subscriptions: who wants to hear of which section."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.schema import subscription
from bot.storage.sections import section_choices
from bot.storage.upsert import insert


async def subscribe(
    connection: AsyncConnection, reader_id: int, section_ids: Sequence[int], now: datetime
) -> None:
    """Subscribe to sections; one that is subscribed to already stays as it is."""
    for section_id in section_ids:
        statement = insert(connection, subscription).values(
            reader_id=reader_id, section_id=section_id, created_at=now
        )
        await connection.execute(
            statement.on_conflict_do_update(
                index_elements=[subscription.c.reader_id, subscription.c.section_id],
                set_={"created_at": now, "ended_at": None},
                where=subscription.c.ended_at.is_not(None),
            )
        )


async def subscribe_to_all(connection: AsyncConnection, reader_id: int, now: datetime) -> None:
    """Subscribe to every section that is on offer now."""
    offered = await section_choices(connection, reader_id)
    await subscribe(connection, reader_id, [choice.section.id for choice in offered], now)


async def unsubscribe(
    connection: AsyncConnection,
    reader_id: int,
    now: datetime,
    *,
    section_id: int | None = None,
) -> int:
    """End one subscription, or all of them; how many ended."""
    statement = (
        update(subscription)
        .where(subscription.c.reader_id == reader_id, subscription.c.ended_at.is_(None))
        .values(ended_at=now)
    )
    if section_id is not None:
        statement = statement.where(subscription.c.section_id == section_id)
    return (await connection.execute(statement)).rowcount


async def undo_unsubscribe(connection: AsyncConnection, reader_id: int, ended_at: datetime) -> int:
    """Take back the subscriptions that ended at this very moment; how many came back."""
    statement = (
        update(subscription)
        .where(subscription.c.reader_id == reader_id, subscription.c.ended_at == ended_at)
        .values(ended_at=None)
    )
    return (await connection.execute(statement)).rowcount
