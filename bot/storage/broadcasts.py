"""Broadcasts: articles on their way out, their audience, and how each comes to its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    case,
    delete,
    exists,
    func,
    literal,
    select,
    true,
    union,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import BroadcastState, DeliveryState, Form, Priority
from bot.storage.schema import (
    IS_KEPT,
    article,
    broadcast,
    delivery,
    reader,
    section,
    state_is,
    subscription,
)
from bot.storage.subscriptions import muted
from bot.storage.upsert import insert, insert_missing

DELIVERY_TTL = timedelta(hours=24)
_EVER = datetime(1970, 1, 1, tzinfo=UTC)  # before every moment that is written down
_AT_ONCE = 20  # broadcasts looked at in one claim
_UNDECIDED = [BroadcastState.OPEN, BroadcastState.HALTED, BroadcastState.HELD]
_COUNTED = 10_000  # what is queued is counted up to here


@dataclass(frozen=True, slots=True)
class Going:
    """A broadcast of which something can be claimed now.

    Attributes:
        section_id: of its article; ``parent_id`` is of that section's parent, or None.
    """

    id: int
    article_id: int
    section_id: int
    priority: int
    cursor: int
    fanned_out: bool
    created_at: datetime
    parent_id: int | None = None


@dataclass(frozen=True, slots=True)
class Halted:
    """A broadcast that was stopped and waits for a person to decide.

    Attributes:
        reason: Telegram's words when it last refused one of its deliveries; empty where unknown.
    """

    id: int
    article_id: int
    title: str
    reason: str


@dataclass(frozen=True, slots=True)
class Counted:
    """How many deliveries there are.

    Attributes:
        by_state: in each state that any is in.
        maybe_twice: of those SENT, how many were doubtful before: an earlier send may have arrived
            as well.
    """

    by_state: Mapping[DeliveryState, int]
    maybe_twice: int


async def add_broadcast(
    connection: AsyncConnection,
    article_id: int,
    now: datetime,
    *,
    ttl: timedelta = DELIVERY_TTL,
    priority: Priority = Priority.NEWS,
    held: bool = False,
) -> None:
    """Have an article go out to those who subscribe to its section at this moment.

    Whoever was not reached after ``ttl`` is not sent it any more. One that is ``held`` waits for a
    person to decide (``storage/holding.py``).
    """
    values = {
        "article_id": article_id,
        "state": BroadcastState.HELD if held else BroadcastState.OPEN,
        "priority": priority,
        "created_at": now,
        "expires_at": now + ttl,
    }
    await connection.execute(insert_missing(connection, broadcast), values)


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
            article.c.section_id,
            broadcast.c.priority,
            broadcast.c.cursor,
            broadcast.c.fanned_out,
            broadcast.c.created_at,
            section.c.parent_id,
        )
        .join(article, article.c.id == broadcast.c.article_id)
        .join(section, section.c.id == article.c.section_id)
        .where(
            state_is(broadcast, BroadcastState.OPEN),
            broadcast.c.expires_at > now,
            ~broadcast.c.fanned_out | waiting,
        )
        .order_by(broadcast.c.priority, broadcast.c.id)
        .limit(_AT_ONCE)
    )
    return [Going(*row) for row in await connection.execute(statement)]


async def fan_out(connection: AsyncConnection, of: Going, lease: int, batch: int) -> int:
    """Make deliveries for the next ``batch`` readers of a broadcast and move its cursor.

    Args:
        connection: a transaction that writes.
        of: the broadcast, as ``going`` told.
        lease: under which they are claimed; the holder sends them.
        batch: how many readers.

    Returns:
        How many were made, for readers behind the cursor that ``of`` tells. Fewer than ``batch``
        may come before the end: who has one already is passed over.
    """
    first = _audience(of, limit=batch)
    last, size = (await connection.execute(select(func.max(first.c.reader_id), func.count()))).one()
    made = 0
    if size:
        # Up to the last reader, however many they are by now: PostgreSQL looks anew, and whoever
        # came back in between must push nobody over the end of the batch.
        audience = _audience(of, last=last)
        chosen = select(
            audience.c.reader_id,
            literal(of.id),
            literal(int(DeliveryState.LEASED)),
            literal(1),
            literal(lease),
        ).where(true())  # SQLite would take ON CONFLICT for the ON of a join
        inserted = await connection.execute(
            insert(connection, delivery)
            .from_select(["reader_id", "broadcast_id", "state", "attempt", "lease"], chosen)
            .on_conflict_do_nothing(),
            execution_options={"preserve_rowcount": True},  # else psycopg's is not asked for
        )
        made = inserted.rowcount
    await connection.execute(
        update(broadcast)
        # Somebody else may have come further since; the cursor never goes back.
        .where(broadcast.c.id == of.id, broadcast.c.cursor <= (last or of.cursor))
        .values(cursor=last or of.cursor, fanned_out=size < batch)
    )
    return made


async def set_form(connection: AsyncConnection, broadcast_id: int, form: Form) -> bool:
    """From now on this article goes out in this form; False where that was so already."""
    changed = await connection.execute(
        update(broadcast)
        .where(broadcast.c.id == broadcast_id, broadcast.c.form < form)
        .values(form=form)
    )
    return changed.rowcount > 0


async def halt(connection: AsyncConnection, broadcast_id: int) -> bool:
    """Stop a broadcast until a person decides; False where it is not going out."""
    changed = await connection.execute(
        update(broadcast)
        .where(
            broadcast.c.id == broadcast_id,
            state_is(broadcast, BroadcastState.OPEN),
            ~broadcast.c.forced,
        )
        .values(state=BroadcastState.HALTED)
    )
    return changed.rowcount > 0


async def halted_broadcasts(connection: AsyncConnection) -> list[Halted]:
    """The broadcasts that wait for a person to decide, the oldest first."""
    reason = (
        select(delivery.c.error)
        .where(
            # Not by its key, for which SQLite would read the whole broadcast.
            delivery.c.broadcast_id + 0 == broadcast.c.id,
            state_is(delivery, DeliveryState.FAILED, DeliveryState.UNKNOWN),
            delivery.c.state == DeliveryState.FAILED,
        )
        .order_by(delivery.c.finished_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    statement = (
        select(broadcast.c.id, broadcast.c.article_id, article.c.title, reason)
        .join(article, article.c.id == broadcast.c.article_id)
        .where(IS_KEPT, broadcast.c.state == BroadcastState.HALTED)
        .order_by(broadcast.c.id)
    )
    return [
        Halted(number, article_id, title, why or "")
        for number, article_id, title, why in await connection.execute(statement)
    ]


async def resume(
    connection: AsyncConnection, broadcast_id: int, now: datetime, until: datetime
) -> bool:
    """Have a halted broadcast go on, whatever is refused; False where it is not halted.

    What was refused is tried again: it may not have been the readers' fault.
    """
    changed = await connection.execute(
        update(broadcast)
        .where(broadcast.c.id == broadcast_id, state_is(broadcast, BroadcastState.HALTED))
        .values(state=BroadcastState.OPEN, forced=True, expires_at=until)
    )
    if not changed.rowcount:
        return False
    await connection.execute(
        update(delivery)
        .where(
            state_is(delivery, DeliveryState.FAILED, DeliveryState.UNKNOWN),
            delivery.c.state == DeliveryState.FAILED,
            delivery.c.broadcast_id == broadcast_id,
        )
        .values(state=DeliveryState.QUEUED, not_before=now, finished_at=None, lease=None)
    )
    return True


async def give_up(connection: AsyncConnection, broadcast_id: int) -> bool:
    """End a halted broadcast: nobody else gets it; False where it is not halted."""
    changed = await connection.execute(
        update(broadcast)
        .where(broadcast.c.id == broadcast_id, state_is(broadcast, BroadcastState.HALTED))
        .values(state=BroadcastState.EXPIRED)
    )
    return changed.rowcount > 0


async def settle_broadcasts(connection: AsyncConnection, now: datetime) -> None:
    """Find the broadcasts that are over, and end what still waits for them.

    The time of one that was halted or held runs on: where nobody decides, it ends with it.
    """
    await connection.execute(
        update(broadcast)
        .where(
            IS_KEPT,
            broadcast.c.state.in_(_UNDECIDED),
            broadcast.c.expires_at <= now,
        )
        .values(state=BroadcastState.EXPIRED)
    )
    for state, to in (
        (BroadcastState.EXPIRED, DeliveryState.EXPIRED),
        (BroadcastState.WITHDRAWN, DeliveryState.CANCELLED),
    ):
        over = select(broadcast.c.id).where(IS_KEPT, broadcast.c.state == state)
        await connection.execute(
            update(delivery)
            .where(delivery.c.broadcast_id.in_(over), _waiting())
            .values(state=to, finished_at=now)
        )
    held = state_is(delivery, DeliveryState.LEASED, DeliveryState.SENDING)
    await connection.execute(
        update(broadcast)
        .where(
            state_is(broadcast, BroadcastState.OPEN),
            broadcast.c.fanned_out,
            ~exists().where(delivery.c.broadcast_id == broadcast.c.id, _waiting()),
            # There are few in hand; SQLite would look for them through the whole broadcast.
            broadcast.c.id.not_in(select(delivery.c.broadcast_id).where(held)),
        )
        .values(state=BroadcastState.DONE)
    )


async def prune(connection: AsyncConnection, before: datetime, batch: int) -> bool:
    """Delete up to ``batch`` deliveries of a broadcast that ended and is older than a moment.

    Returns:
        Whether there may be more.
    """
    number = await connection.scalar(
        select(broadcast.c.id)
        .where(
            IS_KEPT,
            broadcast.c.created_at < before,
            broadcast.c.state.not_in(_UNDECIDED),
            broadcast.c.amend_cursor.is_(None),
        )
        .order_by(broadcast.c.id)
        .limit(1)
    )
    if number is None:
        return False
    of_it = delivery.c.broadcast_id == number
    last = await connection.scalar(
        select(delivery.c.reader_id)
        .where(of_it)
        .order_by(delivery.c.reader_id)
        .offset(batch)
        .limit(1)
    )
    if last is not None:
        await connection.execute(delete(delivery).where(of_it, delivery.c.reader_id < last))
        return True
    await connection.execute(delete(delivery).where(of_it))
    await connection.execute(update(broadcast).where(broadcast.c.id == number).values(pruned=True))
    return True


async def count_deliveries(connection: AsyncConnection, since: datetime) -> Counted:
    """How many deliveries of broadcasts since a moment there are, by what became of them."""
    first = select(func.min(broadcast.c.id)).where(IS_KEPT, broadcast.c.created_at >= since)
    statement = (
        select(delivery.c.state, func.count(), func.count(case((delivery.c.doubts > 0, 1))))
        .where(delivery.c.broadcast_id >= first.scalar_subquery())
        .group_by(delivery.c.state)
    )
    counted = (await connection.execute(statement)).all()
    return Counted(
        {DeliveryState(state): size for state, size, _ in counted},
        maybe_twice=sum(doubted for state, _, doubted in counted if state == DeliveryState.SENT),
    )


async def count_queued(connection: AsyncConnection, now: datetime) -> int:
    """How many deliveries have not come to their end, those not made yet included.

    Up to 10,000 are counted: it is asked for all day long.
    """
    waiting = (
        select(delivery.c.broadcast_id)
        .where(state_is(delivery, DeliveryState.QUEUED))
        # As their index has them: else PostgreSQL may look for so many in the table itself.
        .order_by(delivery.c.broadcast_id, delivery.c.not_before)
        .limit(_COUNTED)
        .subquery()
    )
    held = select(func.count()).where(
        state_is(delivery, DeliveryState.LEASED, DeliveryState.SENDING)
    )
    statement = select(
        select(func.count()).select_from(waiting).scalar_subquery() + held.scalar_subquery()
    )
    counted = int((await connection.execute(statement)).scalar_one())
    for each in await going(connection, now):
        if not each.fanned_out and counted < _COUNTED:
            ahead = _audience(each, limit=_COUNTED - counted)
            counted += await connection.scalar(select(func.count()).select_from(ahead)) or 0
    return min(counted, _COUNTED)


def _audience(of: Going, *, limit: int | None = None, last: int | None = None) -> Subquery:
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


def _waiting() -> ColumnElement[bool]:
    """That a delivery waits; SQLite takes the index of these only for a range of moments."""
    return state_is(delivery, DeliveryState.QUEUED) & (delivery.c.not_before > _EVER)
