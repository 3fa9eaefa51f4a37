"""What the bot serves: whether it is well, the webhook, and what hubs call back."""

from __future__ import annotations

import asyncio
import hmac
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import structlog
from aiohttp import web

from bot.errors import StorageError
from bot.model import Role, shown_url
from bot.storage import hubs
from bot.storage.broadcasts import count_queued
from bot.storage.database import Database
from bot.storage.hubs import HubSubscription
from bot.storage.sources import source_health
from bot.telegram.session import safe_loads
from bot.telegram.updates import RawUpdate, update_number

_log = structlog.get_logger(__name__)

_SILENCE_SECONDS = 180.0  # a long poll takes 30 s; so much longer means that we are cut off
_SHUTDOWN_SECONDS = 2.0
_BODY_BYTES = 1024 * 1024  # an update has some thousand
# https://core.telegram.org/bots/api#setwebhook
_SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header

# https://www.w3.org/TR/websub/
CALLBACK = "/websub/"
"""The path that a subscription's token follows, where its hub calls."""
_CALLBACK_ROUTE = f"{CALLBACK}{{token:[A-Za-z0-9_-]{{1,100}}}}"
_NEWS_BYTES = 5 * 1024 * 1024  # what a hub may send; it is the feed
_NEWS_SECONDS = 30.0
_CHALLENGE = 1000  # characters
_REASON = 300
_SHORTEST_LEASE, _LONGEST_LEASE = timedelta(minutes=5), timedelta(days=30)
_RENEWED_AFTER = 2 / 3  # of a lease
_DENIED_PAUSE = timedelta(days=1)
# SHA-1 too: most hubs still sign so, and HMAC does not suffer from what is broken in it.
_SIGNATURE = re.compile(r"(sha(?:1|256|384|512))=([0-9a-fA-F]{40,128})")
_FAULTS = {
    HTTPStatus.OK: "its signature is missing or wrong",
    HTTPStatus.BAD_REQUEST: "it broke off, or is compressed wrongly",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: f"longer than {_NEWS_BYTES} bytes",
    HTTPStatus.REQUEST_TIMEOUT: f"it took more than {_NEWS_SECONDS:g} s",
}


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


class HubCallback:
    """Where WebSub hubs ask whether we want to hear of a source's news, and tell of them.

    What they send is not read, only counted on to be theirs: it makes the source due, which then
    is read at its own address. So what is forged or repeated does no harm.

    Args:
        database: where it is kept what hubs were asked for.
        pinged: set whenever a source was made due.
        clock: the moment.
    """

    def __init__(
        self,
        database: Database,
        pinged: asyncio.Event,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._pinged = pinged
        self._clock = clock
        self._ignored = 0

    async def verify(self, request: web.Request) -> web.StreamResponse:
        """The challenge for what we asked for, 404 for all else, 503 to be asked again.

        https://www.w3.org/TR/websub/#hub-verifies-intent
        """
        query = request.query
        mode, challenge = query.get("hub.mode"), query.get("hub.challenge", "")
        now = self._clock()
        try:
            asked = await self._find(request)
            if asked is None or not asked.listed or query.get("hub.topic") != asked.topic:
                return web.Response(status=404)
            if mode == "denied":
                await self._deny(asked, query.get("hub.reason", ""), now)
                return web.Response()
            sane = 0 < len(challenge) <= _CHALLENGE and challenge.isprintable()
            if mode != "subscribe" or not sane:
                return web.Response(status=404)
            await self._confirm(asked, lease_granted(query.get("hub.lease_seconds")), now)
        except StorageError as error:
            _log.warning("hub not answered", error=str(error))
            return web.Response(status=503)
        return web.Response(text=challenge, headers={"X-Content-Type-Options": "nosniff"})

    async def receive(self, request: web.Request) -> web.StreamResponse:
        """200 for what a hub sends, its signature right or not; then the source is due.

        404 for an unknown path, 410 where we want no more, 400, 408 and 413 for what breaks
        off, comes too slowly or is too much, 503 to be sent again.

        https://www.w3.org/TR/websub/#content-distribution
        """
        try:
            asked = await self._find(request)
            if asked is None:
                return web.Response(status=404)
            if not asked.listed:
                async with self._database.write() as connection:
                    await hubs.give_up(connection, asked.token, self._clock())
                return web.Response(status=410)
            fault = await _unsigned(request, asked.secret)
            if fault is not None:
                self._ignore(asked, fault)
                return web.Response(status=fault)
            async with self._database.write() as connection:
                await hubs.ping(connection, asked.source_id, self._clock())
        except StorageError as error:
            _log.warning("hub not heard: it is to repeat it", error=str(error))
            return web.Response(status=503)
        self._pinged.set()
        _log.debug("a hub has news", source=asked.source_url)
        return web.Response()

    async def _find(self, request: web.Request) -> HubSubscription | None:
        async with self._database.read() as connection:
            return await hubs.find_subscription(connection, request.match_info["token"])

    async def _confirm(self, asked: HubSubscription, lease: timedelta, now: datetime) -> None:
        renew_at = now + lease * _RENEWED_AFTER
        async with self._database.write() as connection:
            await hubs.confirm(connection, asked.token, lease_until=now + lease, renew_at=renew_at)
        _log.info("a hub tells of news", source=asked.source_url, hub=shown_url(asked.hub))

    async def _deny(self, asked: HubSubscription, reason: str, now: datetime) -> None:
        async with self._database.write() as connection:
            await hubs.deny(connection, asked.token, renew_at=now + _DENIED_PAUSE)
        _log.warning(
            "a hub denies a subscription: its source is polled",
            source=asked.source_url,
            reason=reason[:_REASON],
        )

    def _ignore(self, asked: HubSubscription, fault: HTTPStatus) -> None:
        self._ignored += 1
        if self._ignored.bit_count() == 1:
            _log.warning(
                "what a hub sent is ignored",
                source=asked.source_url,
                fault=_FAULTS[fault],
                so_far=self._ignored,
            )


def lease_granted(seconds: str | None) -> timedelta:
    """How long a hub's word counts, within limits; what we wished for where it says nothing."""
    if seconds is None or not re.fullmatch(r"[0-9]{1,10}", seconds):
        return hubs.LEASE
    return min(max(timedelta(seconds=int(seconds)), _SHORTEST_LEASE), _LONGEST_LEASE)


async def _unsigned(request: web.Request, secret: str) -> HTTPStatus | None:
    """What to answer to a body that its hub has not signed, or None where it has.

    It is read in pieces and not kept.
    """
    signature = _SIGNATURE.fullmatch(request.headers.get("X-Hub-Signature", "").strip())
    if signature is None:
        return HTTPStatus.OK
    digest = hmac.new(secret.encode(), digestmod=signature[1])
    size = 0
    try:
        async with asyncio.timeout(_NEWS_SECONDS):
            async for piece in request.content.iter_any():
                size += len(piece)
                if size > _NEWS_BYTES:
                    return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
                digest.update(piece)
    except TimeoutError:
        return HTTPStatus.REQUEST_TIMEOUT
    except (ConnectionError, web.RequestPayloadError):
        return HTTPStatus.BAD_REQUEST
    right = hmac.compare_digest(digest.hexdigest(), signature[2].lower())
    return None if right else HTTPStatus.OK


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
    callback: HubCallback | None = None,
) -> AsyncIterator[None]:
    """Serve ``GET /healthz``, and the webhooks that there are, while the context is open.

    Args:
        host: the address to listen on.
        port: the port.
        database: what is looked into.
        standing: how this process stands at the moment.
        webhook: what takes updates.
        callback: what hubs call.

    Raises:
        OSError: the port is taken.
    """
    application = web.Application(client_max_size=_BODY_BYTES)
    told = _health(database, standing, hubs_too=callback is not None)
    application.router.add_get("/healthz", told)
    if webhook is not None:
        application.router.add_post(webhook.path, webhook.receive)
    if callback is not None:
        application.router.add_get(_CALLBACK_ROUTE, callback.verify, allow_head=False)
        application.router.add_post(_CALLBACK_ROUTE, callback.receive)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield
    finally:
        await runner.cleanup()


def _health(
    database: Database, standing: Callable[[], Standing], *, hubs_too: bool
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
                active = await hubs.count_active(connection, datetime.now(UTC))
        except StorageError as error:
            well, details["database"] = False, str(error)
        else:
            details["queued"] = queued
            details["sources"] = len(sources)
            details["sources_read"] = sum(source.read_at is not None for source in sources)
            details["sources_failing"] = sum(source.failures > 0 for source in sources)
            if hubs_too:
                details["websub"] = active
        return web.json_response({"well": well, **details}, status=200 if well else 503)

    return healthz
