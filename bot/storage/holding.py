"""News that are held: almost all of a source's feed was new at once, and a person decides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Update, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import BroadcastState, shown_url
from bot.storage.schema import IS_KEPT, article, broadcast, source, state_is


@dataclass(frozen=True, slots=True)
class HeldNews:
    """An article that was stored, and is not pushed unless a person says so."""

    broadcast_id: int
    article_id: int
    title: str
    source_id: int
    source_url: str


async def held_news(connection: AsyncConnection) -> list[HeldNews]:
    """What waits for a decision, by source, the oldest first."""
    statement = (
        select(broadcast.c.id, article.c.id, article.c.title, source.c.id, source.c.url)
        .join(article, article.c.id == broadcast.c.article_id)
        .join(source, source.c.id == article.c.source_id)
        .where(IS_KEPT, broadcast.c.state == BroadcastState.HELD)
        .order_by(source.c.id, broadcast.c.id)
    )
    return [
        HeldNews(number, article_id, title, source_id, shown_url(url))
        for number, article_id, title, source_id, url in await connection.execute(statement)
    ]


async def push_held(
    connection: AsyncConnection, source_id: int, up_to: int, until: datetime
) -> int:
    """Have a source's held news go out.

    Args:
        connection: a transaction that writes.
        source_id: the source.
        up_to: the newest broadcast that the person who decides was told of.
        until: who was not reached by then is not sent them any more.

    Returns:
        How many there were.
    """
    statement = _decide(source_id, up_to).values(state=BroadcastState.OPEN, expires_at=until)
    changed = await connection.execute(statement)
    return changed.rowcount


async def keep_held(connection: AsyncConnection, source_id: int, up_to: int) -> int:
    """Leave a source's held news unpushed; how many there were. ``up_to`` as above."""
    statement = _decide(source_id, up_to).values(state=BroadcastState.EXPIRED)
    changed = await connection.execute(statement)
    return changed.rowcount


def _decide(source_id: int, up_to: int) -> Update:
    of_source = exists().where(
        article.c.id == broadcast.c.article_id, article.c.source_id == source_id
    )
    held = state_is(broadcast, BroadcastState.HELD)
    return update(broadcast).where(IS_KEPT, held, broadcast.c.id <= up_to, of_source)
