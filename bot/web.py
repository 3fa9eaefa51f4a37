"""What the bot serves: whether it is well, and the webhook."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from aiohttp import web

from bot.errors import StorageError
from bot.model import Role
from bot.storage.broadcasts import count_queued
from bot.storage.database import Database
from bot.storage.sources import source_health
from bot.telegram.session import safe_loads
from bot.telegram.updates import RawUpdate, update_number

_log = structlog.get_logger(__name__)

_SILENCE_SECONDS = 180.0  # a long poll takes 30 s; so much longer means that we are cut off
_SHUTDOWN_SECONDS = 2.0
_BODY_BYTES = 1024 * 1024  # an update has some thousand
# https://core.telegram.org/bots/api#setwebhook
_SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header


class Webhook:
    """Where Telegram posts updates to; answered with 200 only what is kept.

    What Telegram posts again and again keeps the other updates of its chat waiting, so only a
    database that fails is told to it as an error.

    Args:
        path: of the address, with its first slash. Nobody else may know it.
        secret: what Telegram must send along.
        keep: writes updates down; raises StorageError where it cannot.
    """

    def __init__(
        self, path: str, secret: str, keep: Callable[[Sequence[RawUpdate]], Awaitable[None]]
    ) -> None:
        self.path = path
        self._secret = secret.encode()
        self._keep = keep
        self._refused = 0

    async def receive(self, request: web.Request) -> web.StreamResponse:
        """200 for what is kept or is no update, 401 without the secret, 503 to be asked again."""
        given = request.headers.get(_SECRET_HEADER, "").encode(errors="surrogateescape")
        if not hmac.compare_digest(given, self._secret):
            self._refuse()
            return web.Response(status=401)
        update = await _read(request)
        if update is not None:
            try:
                await self._keep([update])
            except StorageError as error:
                _log.warning("update not kept: Telegram is to repeat it", error=str(error))
                return web.Response(status=503)
        return web.Response()

    def _refuse(self) -> None:
        self._refused += 1
        if self._refused.bit_count() == 1:  # the 1st, 2nd, 4th, 8th ...: nobody floods the log
            _log.warning(
                "webhook request refused: its secret is missing or wrong", so_far=self._refused
            )


async def _read(request: web.Request) -> RawUpdate | None:
    """The update in a request; None, and a line in the log, where there is none."""
    try:
        update = safe_loads(await request.read())
    except web.HTTPRequestEntityTooLarge:
        fault = f"longer than {_BODY_BYTES} bytes"
    except (ValueError, RecursionError):
        fault = "no JSON"
    else:
        if update_number(update) is not None:
            found: RawUpdate = update
            return found
        fault = "no update_id"
    _log.error("update passed over: it is malformed", fault=fault)
    return None


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
    host: str,
    port: int,
    database: Database,
    standing: Callable[[], Standing],
    webhook: Webhook | None = None,
) -> AsyncIterator[None]:
    """Serve ``GET /healthz``, and the webhook where there is one, while the context is open.

    Args:
        host: the address to listen on.
        port: the port.
        database: what is looked into.
        standing: how this process stands at the moment.
        webhook: what takes updates.

    Raises:
        OSError: the port is taken.
    """
    application = web.Application(client_max_size=_BODY_BYTES)
    application.router.add_get("/healthz", _health(database, standing))
    if webhook is not None:
        application.router.add_post(webhook.path, webhook.receive)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
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
