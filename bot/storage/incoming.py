"""What Telegram sent us: kept before it is acknowledged, handled once, in order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.schema import incoming, state_is
from bot.storage.upsert import insert

_WAITING: Final = 0
_HANDLED: Final = 1
_PUT_ASIDE: Final = 2


async def keep_updates(
    connection: AsyncConnection, updates: Sequence[tuple[int, str]], now: datetime
) -> None:
    """Keep updates (number, JSON) until they are handled; one that we had before is passed over."""
    rows = [{"update_id": number, "body": body, "received_at": now} for number, body in updates]
    if rows:
        await connection.execute(insert(connection, incoming).on_conflict_do_nothing(), rows)


async def waiting_updates(
    connection: AsyncConnection, after: int, limit: int
) -> list[tuple[int, str]]:
    """Updates that wait to be handled, from the number after ``after``, in order."""
    statement = (
        select(incoming.c.update_id, incoming.c.body)
        .where(state_is(incoming, _WAITING), incoming.c.update_id > after)
        .order_by(incoming.c.update_id)
        .limit(limit)
    )
    return [(number, body) for number, body in await connection.execute(statement)]


async def settle_update(connection: AsyncConnection, update_id: int, error: str | None) -> None:
    """An update is handled; with an ``error`` it is put aside, body and all, for a person to see.

    The number stays for a while, so that Telegram's repeating it is noticed.
    """
    values = (
        {"state": _HANDLED, "body": ""} if error is None else {"state": _PUT_ASIDE, "error": error}
    )
    await connection.execute(
        update(incoming).where(incoming.c.update_id == update_id).values(**values)
    )


async def forget_handled(connection: AsyncConnection, before: datetime) -> int:
    """Delete what was handled and received before a moment; how many rows went."""
    statement = delete(incoming).where(
        incoming.c.state == _HANDLED, incoming.c.received_at < before
    )
    return (await connection.execute(statement)).rowcount


async def count_put_aside(connection: AsyncConnection) -> int:
    """How many updates were put aside."""
    statement = select(func.count()).where(incoming.c.state == _PUT_ASIDE)
    return (await connection.execute(statement)).scalar_one()
