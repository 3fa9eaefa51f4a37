"""Sources: what is polled, when, and how the last reads went."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy import Row, case, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import GONE_FOR_GOOD, Rhythm, Source, SourceSpec, Whereabouts, shown_url
from bot.storage.schema import source
from bot.storage.upsert import insert

_RHYTHM: TypeAdapter[Rhythm] = TypeAdapter(Rhythm)
_WELL = {"failures": 0, "gone": 0, "error": None}  # what a read leaves that met with no fault


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """How a source fares.

    Attributes:
        read_at: the last read that succeeded.
        failures, error: reads that failed since, and the last fault.
        gone: answers in a row that it is gone for good.
    """

    url: str
    read_at: datetime | None
    failures: int
    error: str | None
    gone: int = 0


@dataclass(frozen=True, slots=True)
class Move:
    """A source that has moved for good to another host, which nobody was told of yet."""

    source_id: int
    url: str
    target: str


async def list_sources(
    connection: AsyncConnection, specs: Sequence[SourceSpec], now: datetime
) -> None:
    """Make the listed sources the ones that are polled, due now; the others rest.

    One that was listed already and fails keeps its time: a site that asked for rest is to have it
    though we start again and again.
    """
    urls = [spec.url for spec in specs]
    await connection.execute(update(source).where(source.c.url.not_in(urls)).values(listed=False))
    pauses = source.c.listed & ((source.c.failures > 0) | (source.c.gone > 0))
    next_at = case((pauses, source.c.next_at), else_=literal(now, source.c.next_at.type))
    for spec in specs:
        statement = insert(connection, source).values(
            url=spec.url, section=spec.section, next_at=now
        )
        await connection.execute(
            statement.on_conflict_do_update(
                index_elements=[source.c.url],
                set_={"section": spec.section, "listed": True, "next_at": next_at},
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


async def failing_sources(connection: AsyncConnection) -> list[Source]:
    """The listed sources that were read well before, fail now, and are not gone for good."""
    statement = (
        select(source)
        .where(
            source.c.listed,
            source.c.primed,
            source.c.failures > 0,
            source.c.gone < GONE_FOR_GOOD,
        )
        .order_by(source.c.id)
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
    body_hash: str | None = None,
    rhythm: Rhythm = Rhythm(),  # noqa: B008 - frozen
) -> None:
    """A read was completed: everything it showed is stored."""
    await connection.execute(
        update(source)
        .where(source.c.id == source_id)
        .values(
            etag=etag,
            last_modified=last_modified,
            body_hash=body_hash,
            rhythm=None if rhythm == Rhythm() else _RHYTHM.dump_json(rhythm).decode(),
            read_at=now,
            next_at=next_at,
            **_WELL,
            primed=True,
        )
    )


async def record_part(connection: AsyncConnection, source_id: int, *, next_at: datetime) -> None:
    """A read was broken off: part of what is new is stored, and the next read is in full.

    When it was last read stays as it was, by which it is decided what is news.
    """
    await connection.execute(
        update(source)
        .where(source.c.id == source_id)
        .values(
            etag=None,
            last_modified=None,
            body_hash=None,
            next_at=next_at,
            **_WELL,
        )
    )


async def record_unchanged(
    connection: AsyncConnection,
    source_id: int,
    *,
    now: datetime,
    next_at: datetime,
    etag: str | None,
    last_modified: str | None,
) -> None:
    """Nothing has changed since the last complete read, but perhaps the validators."""
    await connection.execute(
        update(source)
        .where(source.c.id == source_id)
        .values(
            etag=etag,
            last_modified=last_modified,
            read_at=now,
            next_at=next_at,
            **_WELL,
        )
    )


async def record_failure(
    connection: AsyncConnection, source_id: int, *, next_at: datetime, error: str, gone: int = 0
) -> None:
    """A read failed; the source is tried again at ``next_at``. See ``Source`` for ``gone``."""
    await connection.execute(
        update(source)
        .where(source.c.id == source_id)
        .values(failures=source.c.failures + 1, error=error, gone=gone, next_at=next_at)
    )


async def record_move(
    connection: AsyncConnection, old: Source, where: Whereabouts, *, validated: bool = False
) -> None:
    """Where a source is read from now on. That nobody was told of a move yet stays known.

    Another address has other validators: those that are stored are forgotten, unless they are
    the new one's already (``validated``).
    """
    if where == old.whereabouts:
        return
    values: dict[str, object] = {
        "reads_url": where.reads_url,
        "moved_to": where.moved_to,
        "moved_since": where.moved_since,
    }
    if where.untold or where.reads_url is None:
        values["untold_move"] = where.reads_url
    if where.reads_url != old.reads_url and not validated:
        values |= {"etag": None, "last_modified": None, "body_hash": None}
    await connection.execute(update(source).where(source.c.id == old.id).values(values))


async def untold_moves(connection: AsyncConnection) -> list[Move]:
    """The listed sources that have moved to another host, of which nobody was told yet."""
    statement = (
        select(source.c.id, source.c.url, source.c.untold_move)
        .where(source.c.listed, source.c.untold_move.is_not(None))
        .order_by(source.c.id)
    )
    rows = await connection.execute(statement)
    return [Move(number, shown_url(url), target) for number, url, target in rows]


async def move_told(connection: AsyncConnection, move: Move) -> None:
    """Somebody was told of a move; of another one since, nobody."""
    await connection.execute(
        update(source)
        .where(source.c.id == move.source_id, source.c.untold_move == move.target)
        .values(untold_move=None)
    )


async def source_health(connection: AsyncConnection) -> list[SourceHealth]:
    """How each listed source fares; addresses are shown without user name and password."""
    statement = (
        select(source.c.url, source.c.read_at, source.c.failures, source.c.error, source.c.gone)
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
        body_hash=row.body_hash,
        rhythm=_RHYTHM.validate_json(row.rhythm) if row.rhythm else Rhythm(),
        moved_to=row.moved_to,
        moved_since=row.moved_since,
        gone=row.gone,
        read_at=row.read_at,
        pinged_at=row.pinged_at,
    )
