"""The outbox: deliveries are claimed, begun, recorded and rescued; a lease says by whom."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Update,
    bindparam,
    case,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import (
    Begun,
    BroadcastState,
    Delivery,
    DeliveryKey,
    DeliveryState,
    Form,
    OnUnknown,
    Priority,
)
from bot.storage.audience import Going, going
from bot.storage.broadcasts import fan_out, fan_out_further
from bot.storage.readers import reader_of
from bot.storage.schema import (
    article,
    broadcast,
    delivery,
    placement,
    reader,
    section,
    state_is,
    subscription,
)
from bot.storage.subscriptions import entitles

_MOST_BEHIND = 10_000
_FURTHER = section.alias("further")
_MOST_DOUBTS = 10  # a process that dies of a delivery each time must not do so for ever


@dataclass(frozen=True, slots=True)
class Settled:
    """A delivery that came to its end.

    Attributes:
        message_id: of the message in the chat, where it was sent and Telegram told.
        shown: the revision of the article that was sent.
        error: why it was not sent, or None.
    """

    delivery: Delivery
    state: DeliveryState
    message_id: int | None = None
    shown: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class PutOff:
    """A delivery that goes back to the queue until a moment.

    Attributes:
        doubtful: whether this attempt may have arrived.
        counts: whether it was an attempt, rather than a request to come later.
    """

    delivery: Delivery
    not_before: datetime
    error: str | None = None
    doubtful: bool = False
    counts: bool = True


Result = Settled | PutOff


@dataclass(frozen=True, slots=True)
class Rescue:
    """What was found of senders that are gone.

    Attributes:
        requeued: claimed, not yet sent: they go out as if nothing had been.
        doubtful: their request had been allowed to go out: they go out once more, silently.
        unknown: the same, and nobody is to try again.
    """

    requeued: int
    doubtful: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Behind:
    """A delivery that waits in the queue for a later moment."""

    chat_id: int
    priority: Priority
    key: DeliveryKey
    until: datetime


async def claim(
    connection: AsyncConnection, *, lease: int, now: datetime, limit: int
) -> list[Delivery]:
    """Lease up to ``limit`` deliveries: broadcasts by priority and age, within each what waits.

    What was put off and whose time has come goes before readers that were not reached yet; those
    get their delivery now, in the order of their numbers.
    """
    claimed: list[Delivery] = []
    for each in await going(connection, now):
        room = limit - len(claimed)
        if room <= 0:
            break
        waiting = await _take_waiting(connection, each.id, lease, now, room)
        if waiting:
            taken = delivery.c.reader_id.in_(waiting)
            claimed += await _claimed(connection, each, taken, lease, len(waiting))
        room -= len(waiting)
        if not room or each.fanned_out:
            continue
        if each.further:
            chosen = await fan_out_further(connection, each, lease, room)
            made: ColumnElement[bool] = delivery.c.reader_id.in_(chosen)
            size = len(chosen)
        else:
            size = await fan_out(connection, each, lease, room)
            made = (delivery.c.reader_id > each.cursor) & delivery.c.reader_id.not_in(waiting)
        if size:
            claimed += await _claimed(connection, each, made, lease, size)
    return claimed


async def begin(
    connection: AsyncConnection, claimed: Sequence[Delivery], now: datetime
) -> list[Begun]:
    """Commit the intent to send these, right before their requests.

    Returns:
        Those that are to be sent, in the order given. The others were ended: the reader is gone,
        unsubscribed or blocked us, the broadcast is over, or the lease is lost.
    """
    lookups = await _broadcasts(connection, {each.broadcast_id for each in claimed})
    allowed: set[DeliveryKey] = set()
    by_broadcast = sorted(claimed, key=lambda each: each.key)
    for number, group in groupby(by_broadcast, key=lambda each: each.broadcast_id):
        members = {each.reader.id: each for each in group}
        rows = lookups[number]
        row = rows[0]
        if row.state == BroadcastState.OPEN and row.expires_at > now:
            begun = await connection.scalars(
                _held_by(members.values(), DeliveryState.LEASED)
                .where(_wanted(rows))
                .values(state=DeliveryState.SENDING)
                .returning(delivery.c.reader_id)
            )
            sending = set(begun.all())
            allowed |= {(number, reader_id) for reader_id in sending}
            members = {n: each for n, each in members.items() if n not in sending}
        if members:
            await connection.execute(
                _held_by(members.values(), DeliveryState.LEASED).values(_unbegun(row, now))
            )
    return [
        Begun(each, Form(row.form), row.revision, row.forced)
        for each in claimed
        if each.key in allowed
        for row in lookups[each.broadcast_id][:1]
    ]


async def record(connection: AsyncConnection, results: Iterable[Result], now: datetime) -> None:
    """Write down what became of deliveries; a lost lease changes nothing.

    A success that comes late beats everything that was supposed meanwhile.
    """
    sent: list[dict[str, Any]] = []
    ended: list[dict[str, Any]] = []
    put_off: list[dict[str, Any]] = []
    shown: dict[int, tuple[int, int]] = {}  # by broadcast: oldest revision shown, lowest reader
    for result in results:
        held = result.delivery
        key = {"b": held.broadcast_id, "r": held.reader.id, "l": held.lease}
        match result:
            case PutOff():
                put_off.append(key | _again(result))
            case Settled(state=DeliveryState.SENT):
                revision = result.shown or 1
                sent.append(key | {"message": result.message_id, "revision": revision})
                least, lowest = shown.get(held.broadcast_id, (revision, held.reader.id))
                shown[held.broadcast_id] = min(least, revision), min(lowest, held.reader.id)
            case Settled():
                ended.append(key | {"to": result.state, "why": result.error})
    if sent:
        await connection.execute(_SENT.values(finished_at=now), sent)
        await _amend_outdated(connection, shown)
    if ended:
        await connection.execute(_ENDED.values(finished_at=now), ended)
    if put_off:
        await connection.execute(_PUT_OFF, put_off)


async def release(
    connection: AsyncConnection,
    lease: int,
    now: datetime,
    *,
    keep: Collection[DeliveryKey] = (),
) -> None:
    """What the holder has and does not know of, or will not send, goes back to the queue.

    Args:
        connection: a transaction that writes.
        lease: of the holder.
        now: the moment.
        keep: what it has begun; nothing else of its own was asked of Telegram.
    """
    mine = select(delivery.c.broadcast_id, delivery.c.reader_id).where(
        _held(), delivery.c.lease == lease
    )
    back: dict[int, list[int]] = {}
    for broadcast_id, reader_id in await connection.execute(mine):
        if (broadcast_id, reader_id) not in keep:
            back.setdefault(broadcast_id, []).append(reader_id)
    for broadcast_id, readers in back.items():
        await connection.execute(
            update(delivery)
            .where(
                delivery.c.broadcast_id == broadcast_id,
                delivery.c.reader_id.in_(readers),
                delivery.c.lease == lease,
                _held(),
            )
            .values(_requeued(now))
        )


async def rescue(
    connection: AsyncConnection, lease: int, policy: OnUnknown, now: datetime
) -> Rescue:
    """Settle what the holders of earlier terms left: they are gone, or may send no more.

    A send that a process took with it is repeated until Telegram answers, each time silently:
    nobody has seen it fail. Where nothing is to be repeated, it ends as unknown.
    """
    left = update(delivery).where(_held(), delivery.c.lease < lease)
    requeued = await connection.execute(
        left.where(_is(DeliveryState.LEASED)).values(_requeued(now))
    )
    sending = left.where(_is(DeliveryState.SENDING))
    over = sending
    if policy is OnUnknown.RESEND:
        over = sending.where(delivery.c.doubts >= _MOST_DOUBTS - 1)
    unknown = await connection.execute(
        over.values(
            state=DeliveryState.UNKNOWN,
            doubts=delivery.c.doubts + 1,
            error="the sender ended between the request and its answer",
            finished_at=now,
        )
    )
    # The lease stays written, so that its holder's late success still counts.
    doubtful = await connection.execute(
        sending.values(
            state=DeliveryState.QUEUED,
            doubts=delivery.c.doubts + 1,
            not_before=now,
            error="the sender ended between the request and its answer",
        )
    )
    return Rescue(requeued.rowcount, doubtful.rowcount, unknown.rowcount)


async def put_off(connection: AsyncConnection, now: datetime) -> list[Behind]:
    """What was put off until a moment that has not come, as far as it is still to be sent.

    Others for the same chats are to stay behind it; at most 10,000 are told.
    """
    statement = (
        select(
            reader.c.chat_id,
            broadcast.c.priority,
            delivery.c.broadcast_id,
            delivery.c.reader_id,
            delivery.c.not_before,
        )
        .join(broadcast, broadcast.c.id == delivery.c.broadcast_id)
        .join(reader, reader.c.id == delivery.c.reader_id)
        .where(
            state_is(broadcast, BroadcastState.OPEN),
            state_is(delivery, DeliveryState.QUEUED),
            delivery.c.not_before > now,
        )
        .limit(_MOST_BEHIND)
    )
    return [
        Behind(chat_id, Priority(priority), (number, reader_id), until)
        for chat_id, priority, number, reader_id, until in await connection.execute(statement)
    ]


async def last_errors(connection: AsyncConnection, limit: int) -> list[tuple[int, str]]:
    """The newest deliveries that failed or stayed unknown: chat's id and error."""
    statement = (
        select(reader.c.chat_id, delivery.c.error)
        .join(reader, reader.c.id == delivery.c.reader_id)
        .where(state_is(delivery, DeliveryState.FAILED, DeliveryState.UNKNOWN))
        .order_by(delivery.c.finished_at.desc())
        .limit(limit)
    )
    return [(chat_id, error or "") for chat_id, error in await connection.execute(statement)]


async def _take_waiting(
    connection: AsyncConnection, broadcast_id: int, lease: int, now: datetime, limit: int
) -> list[int]:
    ready = (
        select(delivery.c.reader_id)
        .where(
            delivery.c.broadcast_id == broadcast_id,
            state_is(delivery, DeliveryState.QUEUED),
            delivery.c.not_before <= now,
        )
        .order_by(delivery.c.not_before)
        .limit(limit)
    )
    numbers = (await connection.scalars(ready)).all()
    if not numbers:
        return []
    taken = await connection.scalars(
        update(delivery)
        .where(
            delivery.c.broadcast_id == broadcast_id,
            delivery.c.reader_id.in_(numbers),
            _is(DeliveryState.QUEUED),
        )
        .values(state=DeliveryState.LEASED, attempt=delivery.c.attempt + 1, lease=lease)
        .returning(delivery.c.reader_id)
    )
    return list(taken.all())


async def _claimed(
    connection: AsyncConnection, of: Going, among: ColumnElement[bool], lease: int, size: int
) -> list[Delivery]:
    """Those of a broadcast that were just leased, ``size`` in all; of a lost reader they go."""
    leased = (
        delivery.c.broadcast_id == of.id,
        among,
        _is(DeliveryState.LEASED),
        delivery.c.lease == lease,
    )
    statement = (
        select(delivery.c.attempt, delivery.c.doubts, delivery.c.section_id, reader)
        .join(reader, reader.c.id == delivery.c.reader_id)
        .where(*leased)
        .order_by(delivery.c.reader_id)
    )
    found = (await connection.execute(statement)).all()
    if len(found) < size:  # somebody was forgotten meanwhile: nobody would ever return theirs
        orphaned = ~exists().where(reader.c.id == delivery.c.reader_id)
        await connection.execute(delete(delivery).where(*leased, orphaned))
    return [
        Delivery(
            broadcast_id=of.id,
            article_id=of.article_id,
            reader=reader_of(row),
            priority=Priority(of.priority),
            attempt=row.attempt,
            doubts=row.doubts,
            lease=lease,
            missing_since=row.missing_since,
            section_id=row.section_id,
        )
        for row in found
    ]


async def _broadcasts(
    connection: AsyncConnection, numbers: Iterable[int]
) -> Mapping[int, Sequence[Row[Any]]]:
    """Broadcasts by their numbers: a row each, or one for each further section of the article."""
    statement = (
        select(
            broadcast.c.id,
            broadcast.c.state,
            broadcast.c.form,
            broadcast.c.forced,
            broadcast.c.expires_at,
            article.c.section_id,
            section.c.parent_id,
            article.c.revision,
            placement.c.section_id.label("further_id"),
            _FURTHER.c.parent_id.label("further_parent_id"),
        )
        .join(article, article.c.id == broadcast.c.article_id)
        .join(section, section.c.id == article.c.section_id)
        .outerjoin(placement, placement.c.article_id == article.c.id)
        .outerjoin(_FURTHER, _FURTHER.c.id == placement.c.section_id)
        .where(broadcast.c.id.in_(list(numbers)))
        .order_by(broadcast.c.id)
        # Whoever withdraws or halts it waits, or is waited for: nothing is begun after that.
        .with_for_update(read=True, of=broadcast)
    )
    rows: dict[int, list[Row[Any]]] = {}
    found: list[Row[Any]] = list(await connection.execute(statement))
    for row in found:
        rows.setdefault(row.id, []).append(row)
    return rows


async def _amend_outdated(
    connection: AsyncConnection, shown: Mapping[int, tuple[int, int]]
) -> None:
    """Have messages amended whose article changed while they were on their way."""
    for number, (revision, lowest) in shown.items():
        newest = await connection.scalar(
            select(article.c.revision)
            .join(broadcast, broadcast.c.article_id == article.c.id)
            .where(broadcast.c.id == number)
            .with_for_update(read=True, of=article)
        )
        if newest is not None and newest > revision:
            before = func.coalesce(broadcast.c.amend_cursor, lowest)
            cursor = case((before < lowest, before), else_=lowest - 1)
            await connection.execute(
                update(broadcast).where(broadcast.c.id == number).values(amend_cursor=cursor)
            )


def _unbegun(row: Row[Any], now: datetime) -> dict[str, Any]:
    """What becomes of claimed deliveries that are not to be sent now."""
    match row.state:
        case BroadcastState.HALTED:
            return _requeued(now)
        case BroadcastState.EXPIRED:
            state = DeliveryState.EXPIRED
        case BroadcastState.OPEN if row.expires_at <= now:
            state = DeliveryState.EXPIRED
        case _:
            state = DeliveryState.CANCELLED
    return {"state": state, "finished_at": now}


def _wanted(rows: Sequence[Row[Any]]) -> ColumnElement[bool]:
    """That a reader follows any section that the article stands in."""
    stands_in = [(rows[0].section_id, rows[0].parent_id)]
    stands_in += [(row.further_id, row.further_parent_id) for row in rows if row.further_id]
    return or_(*(_follows(section_id, parent_id) for section_id, parent_id in stands_in))


def _follows(section_id: int, parent_id: int | None) -> ColumnElement[bool]:
    return exists(
        select(subscription.c.reader_id)
        .join(reader, reader.c.id == subscription.c.reader_id)
        .where(
            subscription.c.reader_id == delivery.c.reader_id,
            entitles(section_id, parent_id),
            reader.c.active,
        )
        .correlate(delivery)
    )


def _held() -> ColumnElement[bool]:
    return state_is(delivery, DeliveryState.LEASED, DeliveryState.SENDING)


def _is(state: DeliveryState) -> ColumnElement[bool]:
    return delivery.c.state == state


def _held_by(group: Iterable[Delivery], state: DeliveryState) -> Update:
    """Deliveries of one broadcast, as far as their holder still has them."""
    members = list(group)
    return update(delivery).where(
        delivery.c.broadcast_id == members[0].broadcast_id,
        delivery.c.reader_id.in_([each.reader.id for each in members]),
        delivery.c.lease == members[0].lease,
        _is(state),
    )


def _requeued(now: datetime) -> dict[str, Any]:
    return {
        "state": DeliveryState.QUEUED,
        "attempt": delivery.c.attempt - 1,
        "not_before": now,
        "lease": None,
    }


def _again(result: PutOff) -> dict[str, Any]:
    held = result.delivery
    return {
        "attempts": held.attempt if result.counts else held.attempt - 1,
        "doubtful": held.doubts + result.doubtful,
        "until": result.not_before,
        "why": result.error,
    }


_MINE = (
    (delivery.c.broadcast_id == bindparam("b"))
    & (delivery.c.reader_id == bindparam("r"))
    & (delivery.c.lease == bindparam("l"))
)
_SENT = (
    update(delivery)
    .where(
        _MINE,
        state_is(
            delivery,
            DeliveryState.QUEUED,
            DeliveryState.SENDING,
            DeliveryState.UNKNOWN,
            DeliveryState.CANCELLED,
            DeliveryState.EXPIRED,
        ),
    )
    .values(
        state=DeliveryState.SENT,
        message_id=bindparam("message"),
        shown=bindparam("revision"),
        error=None,
    )
)
_ENDED = (
    update(delivery).where(_MINE, _held()).values(state=bindparam("to"), error=bindparam("why"))
)
_PUT_OFF = (
    update(delivery)
    .where(_MINE, _held())
    .values(
        state=DeliveryState.QUEUED,
        attempt=bindparam("attempts"),
        doubts=bindparam("doubtful"),
        not_before=bindparam("until"),
        error=bindparam("why"),
        lease=None,
    )
)
