"""Leases of roles: which of the processes on this database reads, and which one sends.

Whether a lease has run out is told by one clock. On PostgreSQL it is the database's own, since the
processes may be on several hosts; on SQLite, which one process uses alone, it is ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, literal, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Role
from bot.storage.schema import lease
from bot.storage.upsert import insert


async def acquire(
    connection: AsyncConnection,
    role: Role,
    holder: str,
    *,
    now: datetime,
    duration: timedelta,
    alone: bool = False,
) -> int | None:
    """Take a role that nobody leads, or that ``holder`` itself had, for ``duration``.

    Args:
        connection: a transaction that writes.
        role: what to lead.
        holder: who asks; no two processes have the same name.
        now: the moment; used on SQLite only.
        duration: until when it may not be taken by others, unless it is renewed.
        alone: whether nobody else can be at work, so that what a dead process left need not run
            out first.

    Returns:
        The new term, one above the last; None where another leads.
    """
    until = _moment(connection, now, duration)
    takeable = (
        (lease.c.until <= _moment(connection, now)) | (lease.c.holder == holder) | literal(alone)
    )
    taken = await connection.execute(
        insert(connection, lease)
        .values(role=role, holder=holder, term=1, until=until)
        .on_conflict_do_update(
            index_elements=[lease.c.role],
            set_={"holder": holder, "term": lease.c.term + 1, "until": until},
            where=takeable,
        )
        .returning(lease.c.term)
    )
    term: int | None = taken.scalar_one_or_none()
    return term


async def renew(
    connection: AsyncConnection,
    holder: str,
    terms: Mapping[Role, int],
    *,
    now: datetime,
    duration: timedelta,
) -> set[Role]:
    """Keep the roles that ``holder`` leads, each in its term, for ``duration`` from now.

    Returns:
        Those that it still led; the others were taken, be it by itself in a later term.
    """
    kept = await connection.scalars(
        update(lease)
        .where(lease.c.holder == holder, tuple_(lease.c.role, lease.c.term).in_(terms.items()))
        .values(until=_moment(connection, now, duration))
        .returning(lease.c.role)
    )
    return {Role(role) for role in kept}


async def release(
    connection: AsyncConnection, role: Role, holder: str, term: int, *, now: datetime
) -> None:
    """Let others take the role at once; nothing where it was taken already.

    It has no holder then, so that a renewal that comes late renews nothing.
    """
    await connection.execute(
        update(lease)
        .where(lease.c.role == role, lease.c.holder == holder, lease.c.term == term)
        .values(holder="", until=_moment(connection, now))
    )


def _moment(
    connection: AsyncConnection, now: datetime, after: timedelta = timedelta(0)
) -> ColumnElement[Any]:
    """That long after now, by the clock that all who take leases share."""
    if connection.dialect.name == "postgresql":
        return func.now() + literal(after)
    return literal(now + after, lease.c.until.type)
