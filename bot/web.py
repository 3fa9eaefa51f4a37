"""What the bot serves: whether it is well."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from aiohttp import web

from bot.errors import StorageError
from bot.model import Role
from bot.storage.broadcasts import count_queued
from bot.storage.database import Database
from bot.storage.sources import source_health

_SILENCE_SECONDS = 180.0  # a long poll takes 30 s; so much longer means that we are cut off


@dataclass(frozen=True, slots=True)
class Standing:
    """How this process stands among those that share its database.

    Attributes:
        roles: what it is switched on for.
        leads: which of them it leads now.
        silence: seconds since Telegram last answered; None where another process asks it.
    """

    roles: Sequence[Role]
    leads: Collection[Role]
    silence: float | None


@asynccontextmanager
async def serve(
    host: str, port: int, database: Database, standing: Callable[[], Standing]
) -> AsyncIterator[None]:
    """Serve ``GET /healthz`` while the context is open.

    Args:
        host: the address to listen on.
        port: the port.
        database: what is looked into.
        standing: how this process stands at the moment.

    Raises:
        OSError: the port is taken.
    """
    application = web.Application()
    application.router.add_get("/healthz", _health(database, standing))
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield
    finally:
        await runner.cleanup()


def _health(
    database: Database, standing: Callable[[], Standing]
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def healthz(_request: web.Request) -> web.StreamResponse:
        """200 where the database answers and Telegram has of late, else 503; details as JSON."""
        now = standing()
        well = True
        details: dict[str, object] = {
            "roles": now.roles,
            "leads": [role for role in now.roles if role in now.leads],
        }
        if now.silence is not None:
            well = now.silence < _SILENCE_SECONDS
            details["telegram_silent_seconds"] = round(now.silence, 1)
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
