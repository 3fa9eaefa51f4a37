"""Broadcasts: articles on their way out, their audience, and how each comes to its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    case,
    delete,
    exists,
    func,
    literal,
    select,
    true,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import BroadcastState, DeliveryState, Form, Priority
from bot.storage.audience import Going, audience, going, unserved, untouched
from bot.storage.placements import begin_round
from bot.storage.schema import (
    IS_KEPT,
    article,
    broadcast,
    delivery,
    state_is,
)
from bot.storage.upsert import insert, insert_missing

DELIVERY_TTL = timedelta(hours=24)
_EVER = datetime(1970, 1, 1, tzinfo=UTC)  # before every moment that is written down
_LOOKED_AT = 10_000  # readers of a further section in one claim
_UNDECIDED = [BroadcastState.OPEN, BroadcastState.HALTED, BroadcastState.HELD]
_COUNTED = 10_000  # what is queued is counted up to here


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


async def fan_out(connection: AsyncConnection, of: Going, lease: int, batch: int) -> int:
    """Make deliveries for the next ``batch`` readers of a broadcast and move its cursor.

    Args:
        connection: a transaction that writes.
        of: the broadcast, as ``going`` told; it goes through its article's own section.
        lease: under which they are claimed; the holder sends them.
        batch: how many readers.

    Returns:
        How many were made, for readers behind the cursor that ``of`` tells. Fewer than ``batch``
        may come before the end: who has one already is passed over.
    """
    first = audience(of, limit=batch)
    last, size = (await connection.execute(select(func.max(first.c.reader_id), func.count()))).one()
    made = 0
    if size:
        # Up to the last reader, however many they are by now: PostgreSQL looks anew, and whoever
        # came back in between must push nobody over the end of the batch.
        readers = audience(of, last=last)
        chosen = select(
            readers.c.reader_id,
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
    await _come_to(connection, of, last, ended=size < batch)
    return made


async def fan_out_further(
    connection: AsyncConnection, of: Going, lease: int, batch: int
) -> Sequence[int]:
    """The same for a further section of the article: of its readers, those who were not served.

    Looked at are so many at once that a transaction stays short, however many of them follow
    both sections.

    Returns:
        The readers for whom deliveries were made, ``batch`` at most.
    """
    next_ = audience(of, limit=_LOOKED_AT)
    last, size = (await connection.execute(select(func.max(next_.c.reader_id), func.count()))).one()
    chosen = (await connection.scalars(unserved(of, next_).limit(batch))).all() if size else ()
    if chosen:
        values = {
            "broadcast_id": of.id,
            "section_id": of.section_id,
            "state": DeliveryState.LEASED,
            "attempt": 1,
            "lease": lease,
        }
        await connection.execute(
            insert(connection, delivery).on_conflict_do_update(
                index_elements=[delivery.c.broadcast_id, delivery.c.reader_id],
                set_={**values, "finished_at": None, "error": None},
                where=untouched(),
            ),
            [values | {"reader_id": reader_id} for reader_id in chosen],
        )
    all_seen = len(chosen) < batch
    reached = last if all_seen else chosen[-1]
    await _come_to(connection, of, reached, ended=all_seen and size < _LOOKED_AT)
    return chosen


async def _come_to(
    connection: AsyncConnection, of: Going, last: int | None, *, ended: bool
) -> None:
    """Move a broadcast's cursor; at the end of a section's readers, on to those of the next."""
    here = broadcast.c.round_section_id
    moved = await connection.execute(
        update(broadcast)
        # Somebody else may have come further since; the cursor never goes back.
        .where(
            broadcast.c.id == of.id,
            broadcast.c.cursor <= (last or of.cursor),
            here == of.section_id if of.further else here.is_(None),
        )
        .values(cursor=last or of.cursor, fanned_out=ended)
    )
    if ended and moved.rowcount:  # and locked, so that no section is learnt of meanwhile
        await begin_round(connection, of.id, of.article_id)


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
    closed = await connection.execute(
        update(broadcast)
        .where(broadcast.c.id == number, broadcast.c.state.not_in(_UNDECIDED))
        # Nobody else gets it: of whom it was sent to, less is known from here on.
        .values(
            expires_at=case((broadcast.c.expires_at > before, before), else_=broadcast.c.expires_at)
        )
    )
    if not closed.rowcount:  # its article was found in another section just now
        return True
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
            ahead = audience(each, limit=_COUNTED - counted)
            if each.further:
                ahead = unserved(each, ahead).subquery()
            counted += await connection.scalar(select(func.count()).select_from(ahead)) or 0
    return min(counted, _COUNTED)


def _waiting() -> ColumnElement[bool]:
    """That a delivery waits; SQLite takes the index of these only for a range of moments."""
    return state_is(delivery, DeliveryState.QUEUED) & (delivery.c.not_before > _EVER)
