"""Reads of sources as tests make them: one at a time, due or not."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.ingest.poll import Poller
from bot.model import Source, SourceSpec
from bot.storage import sources
from bot.storage.database import Database

FAR = datetime(2100, 1, 1, tzinfo=UTC)


async def listed(database: Database, *given: str | SourceSpec) -> list[Source]:
    """List these sources and no others; as they stand."""
    specs = [SourceSpec(each) if isinstance(each, str) else each for each in given]
    async with database.write() as connection:
        await sources.list_sources(connection, specs, datetime.now(UTC))
        return await sources.due_sources(connection, FAR)


async def now_of(database: Database) -> Source:
    """The one source as it stands."""
    async with database.read() as connection:
        (one,) = await sources.due_sources(connection, FAR)
    return one


async def read(
    poller: Poller, database: Database, source: str | SourceSpec | None = None
) -> Source:
    """Read the one source, which is listed first where it is given; as it stands then."""
    if source is not None:
        await listed(database, source)
    await poller.read(await now_of(database))
    return await now_of(database)
