"""The outbox: broadcasts fan out into deliveries; a lease says who may move a delivery on."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Update, exists, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Delivery, DeliveryState
from bot.storage.readers import reader_of
from bot.storage.schema import (
    PENDING,
    article,
    broadcast,
    delivery,
    reader,
    state_is,
    subscription,
)
from bot.storage.upsert import insert


@dataclass(frozen=True, slots=True)
class Rescue:
    """What was found of senders that are gone.

    Attributes:
        requeued: claimed, not yet sent: they go out as if nothing had been.
        doubtful: their request had been allowed to go out: they go out once more, silently.
        unknown: doubtful a second time: kept for a person to see.
    """

    requeued: int
    doubtful: int
    unknown: int


async def add_broadcast(connection: AsyncConnection, article_id: int, now: datetime) -> None:
    """Have an article go out to those who subscribe to its section at this moment."""
    await connection.execute(
        insert(connection, broadcast)
        .values(article_id=article_id, created_at=now)
        .on_conflict_do_nothing()
    )


async def fan_out(connection: AsyncConnection, now: datetime, batch: int) -> int | None:
    """Turn the next ``batch`` subscribers of the oldest pending broadcast into deliveries.

    Returns:
        How many were added (0 when that broadcast came to its end), or None where none is pending.
    """
    pending = (
        await connection.execute(
            select(broadcast.c.id, broadcast.c.cursor, broadcast.c.created_at, article.c.section_id)
            .join(article, article.c.id == broadcast.c.article_id)
            .where(PENDING)
            .order_by(broadcast.c.id)
            .limit(1)
            .with_for_update(of=broadcast)
        )
    ).one_or_none()
    if pending is None:
        return None
    audience = (
        select(subscription.c.reader_id, literal(pending.id), _moment(now))
        .join(reader, reader.c.id == subscription.c.reader_id)
        .where(
            subscription.c.section_id == pending.section_id,
            subscription.c.ended_at.is_(None),
            subscription.c.created_at <= pending.created_at,
            subscription.c.reader_id > pending.cursor,
            reader.c.active,
        )
        .order_by(subscription.c.reader_id)
    )
    first = audience.limit(batch).subquery()
    last, size = (await connection.execute(select(func.max(first.c.reader_id), func.count()))).one()
    if size:
        # Up to the last reader, however many they are by now: PostgreSQL looks anew, and whoever
        # came back in between must push nobody over the end of the batch.
        await connection.execute(
            insert(connection, delivery)
            .from_select(
                ["reader_id", "broadcast_id", "not_before"],
                audience.where(
                    subscription.c.reader_id <= last,
                    reader.c.id.between(pending.cursor, last),  # PostgreSQL does not infer it
                ),
            )
            .on_conflict_do_nothing()
        )
    await connection.execute(
        update(broadcast)
        .where(broadcast.c.id == pending.id)
        .values(cursor=last or pending.cursor, fanned_out=size < batch)
    )
    return int(size)


async def claim(
    connection: AsyncConnection, *, lease: str, now: datetime, until: datetime, limit: int
) -> list[Delivery]:
    """Lease up to ``limit`` deliveries whose time has come, oldest first."""
    ready = (
        select(delivery.c.id)
        .where(state_is(delivery, DeliveryState.QUEUED), delivery.c.not_before <= now)
        .order_by(delivery.c.not_before, delivery.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("ready")
    )
    taken = await connection.scalars(
        update(delivery)
        .where(delivery.c.id.in_(select(ready.c.id)))
        .values(
            state=DeliveryState.LEASED,
            attempt=delivery.c.attempt + 1,
            lease=lease,
            lease_until=until,
        )
        .returning(delivery.c.id)
    )
    numbers = taken.all()
    if not numbers:
        return []
    statement = (
        select(
            delivery.c.id.label("delivery_id"),
            delivery.c.broadcast_id,
            delivery.c.attempt,
            delivery.c.doubtful,
            broadcast.c.article_id,
            broadcast.c.plain,
            reader,
        )
        .join(broadcast, broadcast.c.id == delivery.c.broadcast_id)
        .join(reader, reader.c.id == delivery.c.reader_id)
        .where(delivery.c.id.in_(numbers))
        .order_by(delivery.c.id)  # what was put off keeps its place before what came later
    )
    return [_delivery(row, lease) for row in await connection.execute(statement)]


async def begin_send(connection: AsyncConnection, claimed: Delivery, now: datetime) -> bool:
    """Commit the intent to send, right before the request.

    Returns:
        False where it must not be sent: the lease is lost, or the reader is gone, unsubscribed or
        blocked us; in the latter cases the delivery is cancelled.
    """
    wanted = exists(
        select(subscription.c.reader_id)
        .join(reader, reader.c.id == subscription.c.reader_id)
        .join(article, article.c.section_id == subscription.c.section_id)
        .where(
            article.c.id == claimed.article_id,
            subscription.c.reader_id == delivery.c.reader_id,
            subscription.c.ended_at.is_(None),
            reader.c.active,
        )
        .correlate(delivery)
    )
    mine = _mine(claimed, DeliveryState.LEASED)
    begun = await connection.execute(mine.where(wanted).values(state=DeliveryState.SENDING))
    if begun.rowcount:
        return True
    await connection.execute(mine.values(state=DeliveryState.CANCELLED, finished_at=now))
    return False


async def record_sent(
    connection: AsyncConnection, sent: Delivery, message_id: int | None, now: datetime
) -> None:
    """Telegram accepted it; a late success beats everything that was supposed meanwhile."""
    await connection.execute(
        update(delivery)
        .where(
            delivery.c.id == sent.id,
            delivery.c.lease == sent.lease,
            delivery.c.state.in_([DeliveryState.SENDING, DeliveryState.UNKNOWN]),
        )
        .values(
            state=DeliveryState.SENT,
            message_id=message_id,
            lease_until=None,
            finished_at=now,
            error=None,
        )
    )


async def record_ended(
    connection: AsyncConnection,
    ended: Delivery,
    state: DeliveryState,
    error: str,
    now: datetime,
) -> None:
    """It will not be tried again: failed, unknown or cancelled, and why."""
    await connection.execute(
        _mine(ended, DeliveryState.SENDING).values(
            state=state, error=error, lease_until=None, finished_at=now
        )
    )


async def put_off(
    connection: AsyncConnection,
    held: Delivery,
    not_before: datetime,
    *,
    error: str | None = None,
    doubtful: bool = False,
    counts: bool = True,
) -> None:
    """Queue it again for later; ``counts=False`` where the attempt was no fault of its own."""
    await connection.execute(
        _mine(held, DeliveryState.LEASED, DeliveryState.SENDING).values(
            state=DeliveryState.QUEUED,
            not_before=not_before,
            attempt=held.attempt if counts else held.attempt - 1,
            doubtful=held.doubtful or doubtful,
            error=error,
            lease=None,
            lease_until=None,
        )
    )


async def mark_plain(connection: AsyncConnection, broadcast_id: int) -> bool:
    """From now on this article goes out as plain text; False where that was so already."""
    changed = await connection.execute(
        update(broadcast)
        .where(broadcast.c.id == broadcast_id, ~broadcast.c.plain)
        .values(plain=True)
    )
    return changed.rowcount > 0


async def renew_leases(
    connection: AsyncConnection, lease: str, numbers: Collection[int], until: datetime
) -> None:
    """The holder works on these deliveries: those that it still holds stay its own until then."""
    await connection.execute(
        update(delivery)
        .where(delivery.c.id.in_(numbers), _held(), delivery.c.lease == lease)
        .values(lease_until=until)
    )


async def release_leases(connection: AsyncConnection, lease: str) -> None:
    """The holder stops: what it claimed and did not send goes back to the queue."""
    await connection.execute(
        update(delivery)
        .where(_held(), _is(DeliveryState.LEASED), delivery.c.lease == lease)
        .values(_requeued())
    )


async def rescue(connection: AsyncConnection, now: datetime) -> Rescue:
    """Settle what was held by senders whose leases ran out."""
    lapsed = _held() & (delivery.c.lease_until < now)
    requeued = await connection.execute(
        update(delivery).where(lapsed, _is(DeliveryState.LEASED)).values(_requeued())
    )
    sending = update(delivery).where(lapsed, _is(DeliveryState.SENDING))
    unknown = await connection.execute(
        sending.where(delivery.c.doubtful).values(
            state=DeliveryState.UNKNOWN,
            error="the sender ended twice between the request and its answer",
            lease_until=None,
            finished_at=now,
        )
    )
    doubtful = await connection.execute(
        sending.where(~delivery.c.doubtful).values(
            state=DeliveryState.QUEUED,
            doubtful=True,
            error="the sender ended between the request and its answer",
            lease=None,
            lease_until=None,
        )
    )
    return Rescue(requeued.rowcount, doubtful.rowcount, unknown.rowcount)


async def count_deliveries(connection: AsyncConnection) -> Mapping[DeliveryState, int]:
    """How many deliveries there are in each state."""
    statement = select(delivery.c.state, func.count()).group_by(delivery.c.state)
    return {DeliveryState(state): size for state, size in await connection.execute(statement)}


async def count_queued(connection: AsyncConnection) -> int:
    """How many deliveries have not come to their end; cheap, however many there have been."""
    waiting = select(func.count()).where(state_is(delivery, DeliveryState.QUEUED))
    held = select(func.count()).where(_held())
    statement = select(waiting.scalar_subquery() + held.scalar_subquery())
    return int((await connection.execute(statement)).scalar_one())


async def last_errors(connection: AsyncConnection, limit: int) -> list[tuple[int, str]]:
    """The newest deliveries that failed or stayed unknown: chat's id and error."""
    statement = (
        select(reader.c.chat_id, delivery.c.error)
        .join(reader, reader.c.id == delivery.c.reader_id)
        .where(delivery.c.state.in_([DeliveryState.FAILED, DeliveryState.UNKNOWN]))
        .order_by(delivery.c.id.desc())
        .limit(limit)
    )
    return [(chat_id, error or "") for chat_id, error in await connection.execute(statement)]


def _held() -> ColumnElement[bool]:
    return state_is(delivery, DeliveryState.LEASED, DeliveryState.SENDING)


def _is(state: DeliveryState) -> ColumnElement[bool]:
    return delivery.c.state == state


def _mine(held: Delivery, *states: DeliveryState) -> Update:
    """The delivery, if its holder still has it: a lost lease changes nothing."""
    return update(delivery).where(
        delivery.c.id == held.id, delivery.c.lease == held.lease, delivery.c.state.in_(states)
    )


def _requeued() -> dict[str, Any]:
    return {
        "state": DeliveryState.QUEUED,
        "attempt": delivery.c.attempt - 1,
        "lease": None,
        "lease_until": None,
    }


def _moment(now: datetime) -> Any:
    return literal(now, delivery.c.not_before.type)


def _delivery(row: Row[Any], lease: str) -> Delivery:
    return Delivery(
        id=row.delivery_id,
        broadcast_id=row.broadcast_id,
        article_id=row.article_id,
        reader=reader_of(row),
        attempt=row.attempt,
        doubtful=row.doubtful,
        plain=row.plain,
        lease=lease,
    )
