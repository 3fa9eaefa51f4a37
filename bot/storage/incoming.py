"""What Telegram sent us: kept before it is acknowledged, handled once, in order within a chat."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Select, case, delete, func, literal, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.schema import incoming, state_is
from bot.storage.upsert import insert

_WAITING: Final = 0
_HANDLED: Final = 1
_PUT_ASIDE: Final = 2
_SETTLED: Final = {"state": _HANDLED, "chat_id": 0, "body": "", "error": None}  # nobody's any more

BEFORE_ALL_CHATS: Final = -(2**63)
"""Less than any chat's number."""

_AFTER_ALL_UPDATES: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class KeptUpdate:
    """An update as it is written down: ``body`` is its JSON, ``chat_id`` 0 where it has no chat."""

    update_id: int
    chat_id: int
    body: str


@dataclass(frozen=True, slots=True)
class WaitingUpdate(KeptUpdate):
    """An update that is not handled; ``attempt`` counts the starts of handling it so far."""

    attempt: int


async def keep_updates(
    connection: AsyncConnection, updates: Sequence[KeptUpdate], now: datetime
) -> None:
    """Keep updates until they are handled; one that we had before is passed over."""
    rows = [
        {"update_id": u.update_id, "chat_id": u.chat_id, "body": u.body, "received_at": now}
        for u in updates
    ]
    if rows:
        await connection.execute(insert(connection, incoming).on_conflict_do_nothing(), rows)


async def waiting_updates(
    connection: AsyncConnection, *, after_chat: int, of_one_chat: int, limit: int
) -> list[WaitingUpdate]:
    """The oldest updates that wait, of one chat after the other.

    The chats come in the order of their numbers, from the first after ``after_chat`` on; of each
    there are at most ``of_one_chat``, and at most ``limit`` of all. What else waits costs nothing:
    each row is found by a step down the index, past all others of its chat.
    """
    first = (
        select(incoming.c.update_id, incoming.c.chat_id)
        .where(state_is(incoming, _WAITING), incoming.c.chat_id > after_chat)
        .order_by(incoming.c.chat_id, incoming.c.update_id)
        .limit(1)
        .subquery()
    )
    found = select(
        first.c.update_id, first.c.chat_id, literal(1).label("place"), literal(1).label("number")
    ).cte("found", recursive=True)
    other = incoming.alias("other")
    following = (
        select(other.c.update_id)
        .where(
            state_is(other, _WAITING),
            tuple_(other.c.chat_id, other.c.update_id)
            > tuple_(
                found.c.chat_id,
                case((found.c.place < of_one_chat, found.c.update_id), else_=_AFTER_ALL_UPDATES),
            ),
        )
        .order_by(other.c.chat_id, other.c.update_id)
        .limit(1)
        .scalar_subquery()
        .correlate(found)
    )
    same_chat = incoming.c.chat_id == found.c.chat_id
    step: Select[int, int, int, int] = (
        select(
            incoming.c.update_id,
            incoming.c.chat_id,
            case((same_chat, found.c.place + 1), else_=1),
            found.c.number + 1,
        )
        .join_from(found, incoming, incoming.c.update_id == following)
        .where(found.c.number < limit)
    )
    found = found.union_all(step)
    statement = (
        select(incoming.c.update_id, incoming.c.chat_id, incoming.c.body, incoming.c.attempt)
        .join_from(found, incoming, incoming.c.update_id == found.c.update_id)
        .order_by(found.c.number)
    )
    return [WaitingUpdate(*row) for row in await connection.execute(statement)]


async def begin_updates(connection: AsyncConnection, numbers: Collection[int]) -> None:
    """Handling these updates is about to begin: where the process dies of one, this tells of it."""
    await _count(connection, numbers, 1)


async def release_updates(connection: AsyncConnection, numbers: Collection[int]) -> None:
    """Handling these updates was given up through no fault of theirs: the start does not count."""
    await _count(connection, numbers, -1)


async def _count(connection: AsyncConnection, numbers: Collection[int], by: int) -> None:
    if numbers:
        await connection.execute(
            update(incoming)
            .where(incoming.c.update_id.in_(numbers), state_is(incoming, _WAITING))
            .values(attempt=incoming.c.attempt + by)
        )


async def settle_updates(connection: AsyncConnection, numbers: Collection[int]) -> None:
    """These updates are handled.

    The numbers stay for a while, so that Telegram's repeating them is noticed.
    """
    if numbers:
        await connection.execute(
            update(incoming).where(incoming.c.update_id.in_(numbers)).values(_SETTLED)
        )


async def settle_chat(connection: AsyncConnection, chat_id: int) -> int:
    """Whatever is kept of a chat, waiting or put aside, counts as handled; how many updates."""
    settled = await connection.execute(
        update(incoming).where(incoming.c.chat_id == chat_id).values(_SETTLED)
    )
    return settled.rowcount


async def put_update_aside(connection: AsyncConnection, number: int, error: str) -> None:
    """An update cannot be handled: it stays, body and all, for a person to see."""
    await connection.execute(
        update(incoming).where(incoming.c.update_id == number).values(state=_PUT_ASIDE, error=error)
    )


async def forget_handled(connection: AsyncConnection, before: datetime, limit: int) -> int:
    """Delete what was handled and received before a moment, the oldest first; how many rows went.

    Only the first handled ones in the order of their numbers are looked at, twice ``limit`` of
    them, however many there are. A few that came late do not hold up those behind them. Where
    Telegram has gone back to lower numbers, as it may after a week without an update, those behind
    them wait until these are old, too.

    Args:
        connection: of a transaction that writes.
        before: the moment.
        limit: of rows at once, so that no transaction takes long.
    """
    first = (
        select(incoming.c.update_id, incoming.c.received_at)
        .where(state_is(incoming, _HANDLED))
        .order_by(incoming.c.update_id)
        .limit(2 * limit)
        .subquery()
    )
    old = (
        select(first.c.update_id)
        .where(first.c.received_at < before)
        .order_by(first.c.update_id)
        .limit(limit)
    )
    statement = delete(incoming).where(incoming.c.update_id.in_(old))
    return (await connection.execute(statement)).rowcount


async def count_put_aside(connection: AsyncConnection) -> int:
    """How many updates were put aside."""
    statement = select(func.count()).where(incoming.c.state == _PUT_ASIDE)
    return (await connection.execute(statement)).scalar_one()
