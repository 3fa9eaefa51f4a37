"""The socket: HTTP in, Telegram's envelope out, and what goes wrong on the way."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Callable
from typing import Any

from aiohttp import BodyPartReader, web

from sandbox.telegram.api import Api
from sandbox.telegram.errors import ApiError, bad_request, too_many_requests
from sandbox.telegram.faults import (
    Effect,
    Faults,
    Flood,
    Garbled,
    Hold,
    HtmlError,
    Refusal,
    Reset,
    Silence,
)
from sandbox.telegram.floods import Floods
from sandbox.telegram.ledger import Ledger, Request
from sandbox.telegram.schema import Upload

Latency = float | Callable[[Request], float]
"""Real seconds, the same for all but ``getUpdates``, or as a function of the request says."""

BODY_BYTES = 50 * 1024 * 1024
HTML = "<html><head><title>{0}</title></head><body><h1>{0} error</h1></body></html>"


class Server:
    """Serves one bot on a loopback port.

    Attributes:
        latency: how long a request waits before it takes effect.
        reply_latency: how long its answer then waits.
    """

    def __init__(self, token: str, api: Api, ledger: Ledger, floods: Floods) -> None:
        self.latency: Latency = 0.0
        self.reply_latency: Latency = 0.0
        self.faults = Faults(ledger.changes)
        self._token = token
        self._api = api
        self._ledger = ledger
        self._floods = floods
        self._closing = asyncio.Event()
        self._broken: list[Exception] = []
        self._runner: web.AppRunner | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; the port is returned, since 0 asks for any that is free."""
        application = web.Application(client_max_size=BODY_BYTES)
        application.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        bound: int = self._runner.addresses[0][1]
        return bound

    async def close(self) -> None:
        """End the polls and the silences, then stop listening.

        Raises:
            Exception: the emulator itself broke on a request; the first such error.
        """
        self._closing.set()
        self._api.world.updates.close()
        await self._api.webhook.close()
        if self._runner is not None:
            await self._runner.cleanup()
        if self._broken:
            raise self._broken[0]

    async def _handle(self, http: web.Request) -> web.StreamResponse:
        token, _, method = http.path.removeprefix("/bot").partition("/")
        request = self._ledger.open(method, {})
        try:
            response = await self._serve(request, http, token)
        except ApiError as error:
            self._ledger.refuse(request, error)
            response = _refused(error)
        except (ConnectionError, web.RequestPayloadError):
            response = web.Response()  # whoever sent it died in the middle; nobody reads this
        except Exception as error:
            self._broken.append(error)
            raise
        finally:
            transport = http.transport
            request.heard = transport is not None and not transport.is_closing()
            self._ledger.close(request)
        request.status = response.status if request.heard else None
        return response

    async def _serve(self, request: Request, http: web.Request, token: str) -> web.Response:
        if not http.path.startswith("/bot"):
            raise ApiError(404, "Not Found", breach="contract")
        try:
            raw, files = await _body(http)
        except (ValueError, RecursionError) as error:
            raise bad_request(f"can't parse the body: {error}", breach="contract") from None
        except web.HTTPRequestEntityTooLarge:
            raise ApiError(413, "Request Entity Too Large", breach="content") from None
        request.params = {**raw, **dict.fromkeys(files, "(file)")}
        if token != self._token:
            raise ApiError(401, "Unauthorized", breach="contract")
        self._api.check(request, raw, files)
        await self._pause(self.latency, request)
        struck = await self._strike(self.faults.take(request, after=False), request, http)
        if struck is not None:
            return struck
        result = await self._api.call(request)
        struck = await self._strike(self.faults.take(request, after=True), request, http)
        if struck is not None:
            return struck
        await self._pause(self.reply_latency, request)
        return _json(200, {"ok": True, "result": result})

    async def _pause(self, latency: Latency, request: Request) -> None:
        if callable(latency):
            seconds = latency(request)
        else:
            seconds = 0.0 if request.method == "getUpdates" else latency
        if seconds > 0:
            await self._until_closing(seconds)

    async def _until_closing(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            pass

    async def _strike(
        self, effect: Effect | None, request: Request, http: web.Request
    ) -> web.Response | None:
        match effect:
            case HtmlError(status):
                return web.Response(
                    status=status, text=HTML.format(status), content_type="text/html"
                )
            case Garbled():
                return web.Response(text='{"ok":tru', content_type="application/json")
            case Refusal(code, description, parameters):
                raise ApiError(code, description, parameters=parameters)
            case Flood(seconds, scope):
                known = scope == "chat" and request.chat_id is not None
                self._floods.punish(
                    request.chat_id if known and request.chat_id else "all", seconds
                )
                raise too_many_requests(seconds)
            case Reset():
                _reset(http)
                return web.Response()
            case Silence():
                await self._until_closing(None)
                _reset(http)
                return web.Response()
            case Hold(gate):
                await _first(gate.wait(), self._closing.wait())
        return None


async def _first(*waits: Any) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()


def _reset(http: web.Request) -> None:
    """End the connection with RST, as a broken peer does, instead of a tidy FIN."""
    transport = http.transport
    if transport is None:
        return
    raw = transport.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def _body(http: web.Request) -> tuple[dict[str, object], dict[str, Upload]]:
    """The parameters of a request, from its address and its body, and the files it brings."""
    raw: dict[str, object] = dict(http.query)
    files: dict[str, Upload] = {}
    match http.content_type:
        case "application/json":
            decoded = json.loads(await http.text())
            if not isinstance(decoded, dict):
                raise bad_request("can't parse the body: not an Object", breach="contract")
            raw |= decoded
        case "application/x-www-form-urlencoded":
            raw |= {name: str(value) for name, value in (await http.post()).items()}
        case "multipart/form-data":
            async for part in await http.multipart():
                if not isinstance(part, BodyPartReader) or part.name is None:
                    raise ValueError("every part needs a name")
                if part.filename:
                    content = bytes(await part.read(decode=True))
                    files[part.name] = Upload(part.filename, content)
                else:
                    raw[part.name] = await part.text()
    return raw, files


def _refused(error: ApiError) -> web.Response:
    body: dict[str, Any] = {
        "ok": False,
        "error_code": error.code,
        "description": error.description,
    }
    if error.parameters:
        body["parameters"] = error.parameters
    return _json(error.code, body)


def _json(status: int, body: dict[str, Any]) -> web.Response:
    return web.Response(
        status=status,
        text=json.dumps(body, ensure_ascii=False),
        content_type="application/json",
    )
