"""What the bot serves: whether it is well."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from aiohttp import web

from bot.errors import StorageError
from bot.storage.broadcasts import count_queued
from bot.storage.database import Database
from bot.storage.sources import source_health

_SILENCE_SECONDS = 180.0  # a long poll takes 30 s; so much longer means that we are cut off


@asynccontextmanager
async def serve(
    host: str, port: int, database: Database, silence: Callable[[], float]
) -> AsyncIterator[None]:
    """Serve ``GET /healthz`` while the context is open.

    Args:
        host: the address to listen on.
        port: the port.
        database: what is looked into.
        silence: seconds since Telegram last answered.

    Raises:
        OSError: the port is taken.
    """
    application = web.Application()
    application.router.add_get("/healthz", _health(database, silence))
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield
    finally:
        await runner.cleanup()


def _health(
    database: Database, silence: Callable[[], float]
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def healthz(_request: web.Request) -> web.StreamResponse:
        """200 where the database answers and Telegram has of late, else 503; details as JSON."""
        quiet = silence()
        details: dict[str, object] = {"telegram_silent_seconds": round(quiet, 1)}
        well = quiet < _SILENCE_SECONDS
        try:
            async with database.read() as connection:
                queued = await count_queued(connection, datetime.now(UTC))
                sources = await source_health(connection)
        except StorageError as error:
            well, details["database"] = False, str(error)
        else:
            details["queued"] = queued
            details["sources"] = len(sources)
            details["sources_read"] = sum(source.read_at is not None for source in sources)
            details["sources_failing"] = sum(source.failures > 0 for source in sources)
        return web.json_response({"well": well, **details}, status=200 if well else 503)

    return healthz
