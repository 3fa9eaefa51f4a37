"""The audience of a broadcast: who subscribes to what its article stands in, in their order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, exists, func, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import BroadcastState, DeliveryState
from bot.storage.schema import (
    article,
    broadcast,
    delivery,
    reader,
    section,
    state_is,
    subscription,
)
from bot.storage.subscriptions import muted

_AT_ONCE = 20  # broadcasts looked at in one claim

ROUND_SECTION = func.coalesce(broadcast.c.round_section_id, article.c.section_id)
"""The section whose readers a broadcast goes through now."""

ROUND_AT = func.coalesce(broadcast.c.round_at, broadcast.c.created_at)
"""Who subscribed to it after this moment is not sent the article."""


@dataclass(frozen=True, slots=True)
class Going:
    """A broadcast of which something can be claimed now.

    Attributes:
        section_id: whose readers it goes through now; ``parent_id`` is of that section's parent,
            or None.
        created_at: since when its article stands there.
        further: whether that is a section besides the article's own.
    """

    id: int
    article_id: int
    section_id: int
    priority: int
    cursor: int
    fanned_out: bool
    created_at: datetime
    parent_id: int | None = None
    further: bool = False


async def going(connection: AsyncConnection, now: datetime) -> list[Going]:
    """The first broadcasts of which something can be claimed: by priority, then by age."""
    waiting = exists().where(
        delivery.c.broadcast_id == broadcast.c.id,
        state_is(delivery, DeliveryState.QUEUED),
        delivery.c.not_before <= now,
    )
    statement = (
        select(
            broadcast.c.id,
            broadcast.c.article_id,
            ROUND_SECTION,
            broadcast.c.priority,
            broadcast.c.cursor,
            broadcast.c.fanned_out,
            ROUND_AT,
            section.c.parent_id,
            broadcast.c.round_section_id.is_not(None),
        )
        .join(article, article.c.id == broadcast.c.article_id)
        .join(section, section.c.id == ROUND_SECTION)
        .where(
            state_is(broadcast, BroadcastState.OPEN),
            broadcast.c.expires_at > now,
            ~broadcast.c.fanned_out | waiting,
        )
        .order_by(broadcast.c.priority, broadcast.c.id)
        .limit(_AT_ONCE)
    )
    return [Going(*row) for row in await connection.execute(statement)]


def audience(of: Going, *, limit: int | None = None, last: int | None = None) -> Subquery:
    """Readers that a broadcast has not come to, each once: the first ``limit``, or up to ``last``.

    The subscribers of the section and those of its parent are each gone through in the order of
    their numbers, as the index has them, and no further than needed.
    """
    found = _subscribers(of, of.section_id, limit, last)
    if of.parent_id is not None:
        through = _subscribers(of, of.parent_id, limit, last)
        reader_id = subscription.c.reader_id
        through = through.where(~muted(reader_id, of.section_id, after=of.cursor, last=last))
        both = union(select(found.subquery()), select(through.subquery())).subquery()
        found = select(both.c.reader_id).order_by(both.c.reader_id).limit(limit)
    return found.subquery()


def unserved(of: Going, among: Subquery) -> Select[Any]:
    """Those of an audience whom an earlier round of the broadcast did not come to, in order.

    Who was passed over, having left the one section that it came by, may follow this one.
    """
    served = exists().where(
        delivery.c.broadcast_id == of.id,
        delivery.c.reader_id == among.c.reader_id,
        ~untouched(),
    )
    return select(among.c.reader_id).where(~served).order_by(among.c.reader_id)


def untouched() -> ColumnElement[bool]:
    """That a delivery was cancelled before anything was asked of Telegram."""
    return (delivery.c.state == DeliveryState.CANCELLED) & (delivery.c.doubts == 0)


def _subscribers(of: Going, section_id: int, limit: int | None, last: int | None) -> Select[Any]:
    found = (
        select(subscription.c.reader_id)
        .join(reader, reader.c.id == subscription.c.reader_id)
        .where(
            subscription.c.section_id == section_id,
            subscription.c.ended_at.is_(None),
            subscription.c.created_at <= of.created_at,
            subscription.c.reader_id > of.cursor,
            reader.c.id > of.cursor,  # PostgreSQL does not infer it, and would begin with the first
            reader.c.active,
        )
        .order_by(subscription.c.reader_id)
        .limit(limit)
    )
    if last is not None:
        found = found.where(subscription.c.reader_id <= last, reader.c.id <= last)
    return found
