"""Sources: what is polled, when, and how the last reads went."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Source, SourceSpec, shown_url
from bot.storage.schema import source
from bot.storage.upsert import insert


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """How a source fares: ``read_at`` is the last read that succeeded, ``error`` the last fault."""

    url: str
    read_at: datetime | None
    failures: int
    error: str | None


async def list_sources(
    connection: AsyncConnection, specs: Sequence[SourceSpec], now: datetime
) -> None:
    """Make the listed sources the ones that are polled, each due now; the others rest."""
    await connection.execute(update(source).values(listed=False))
    for spec in specs:
        statement = insert(connection, source).values(
            url=spec.url, section=spec.section, next_at=now
        )
        await connection.execute(
            statement.on_conflict_do_update(
                index_elements=[source.c.url],
                set_={"section": spec.section, "listed": True, "next_at": now},
            )
        )


async def due_sources(connection: AsyncConnection, now: datetime) -> list[Source]:
    """The listed sources whose time has come, the longest overdue first."""
    statement = (
        select(source)
        .where(source.c.listed, source.c.next_at <= now)
        .order_by(source.c.next_at, source.c.id)
    )
    return [_source(row) for row in await connection.execute(statement)]


async def upcoming(
    connection: AsyncConnection, *, exclude: Collection[int] = ()
) -> datetime | None:
    """When the next listed source is due, some left out; None where there is none."""
    moment: datetime | None = await connection.scalar(
        select(func.min(source.c.next_at)).where(source.c.listed, source.c.id.not_in(exclude))
    )
    return moment


async def record_read(
    connection: AsyncConnection,
    source_id: int,
    *,
    now: datetime,
    next_at: datetime,
    etag: str | None,
    last_modified: str | None,
) -> None:
    """A read was completed: everything it showed is stored."""
    await connection.execute(
        update(source)
        .where(source.c.id == source_id)
        .values(
            etag=etag,
            last_modified=last_modified,
            read_at=now,
            next_at=next_at,
            failures=0,
            error=None,
            primed=True,
        )
    )


async def record_unchanged(
    connection: AsyncConnection, source_id: int, *, now: datetime, next_at: datetime
) -> None:
    """The site says that nothing has changed since the last complete read."""
    await connection.execute(
        update(source)
        .where(source.c.id == source_id)
        .values(read_at=now, next_at=next_at, failures=0, error=None)
    )


async def record_failure(
    connection: AsyncConnection, source_id: int, *, next_at: datetime, error: str
) -> None:
    """A read failed; the source is tried again at ``next_at``."""
    await connection.execute(
        update(source)
        .where(source.c.id == source_id)
        .values(failures=source.c.failures + 1, error=error, next_at=next_at)
    )


async def source_health(connection: AsyncConnection) -> list[SourceHealth]:
    """How each listed source fares; addresses are shown without user name and password."""
    statement = (
        select(source.c.url, source.c.read_at, source.c.failures, source.c.error)
        .where(source.c.listed)
        .order_by(source.c.id)
    )
    return [
        SourceHealth(shown_url(url), *others)
        for url, *others in await connection.execute(statement)
    ]


def _source(row: Row[tuple[object, ...]]) -> Source:
    return Source(
        id=row.id,
        url=row.url,
        section=row.section,
        etag=row.etag,
        last_modified=row.last_modified,
        failures=row.failures,
        primed=row.primed,
        reads_url=row.reads_url,
        pinged_at=row.pinged_at,
    )
