"""The page's server on 127.0.0.1: its files, the live stream, the actions and the pictures."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from sandbox.playground.actions import Actions, RefusedError
from sandbox.playground.live import Live
from sandbox.playground.scene import HOST, Scene
from sandbox.telegram import Picture

_log = logging.getLogger(__name__)

_STATIC = Path(__file__).resolve().parent / "static"
_BODY_BYTES = 8 * 1024 * 1024
_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: http://127.0.0.1:*; frame-ancestors 'none'; "
        "base-uri 'none'; form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def listen(port: int) -> socket.socket:
    """A listening socket on 127.0.0.1; 0 takes any port that is free.

    Raises:
        OSError: the port is taken.
    """
    return socket.create_server((HOST, port), backlog=128)


@asynccontextmanager
async def serve(scene: Scene, listening: socket.socket) -> AsyncIterator[str]:
    """Serve a scene on a socket while the context is open; gives the page's address."""
    port = listening.getsockname()[1]
    live = Live(scene)
    application = web.Application(
        middlewares=[_told_in_json, _guard(port)], client_max_size=_BODY_BYTES
    )
    application.router.add_get("/live", live.stream)
    application.router.add_post("/api/{name}", _act(Actions(scene)))
    application.router.add_get("/files/{id}", _file(scene))
    application.router.add_get("/{path:.*}", _static)
    application.on_response_prepare.append(_add_headers)
    runner = web.AppRunner(
        application,
        access_log=None,
        handle_signals=False,
        handler_cancellation=True,  # a press whose page is gone waits for no answer
        shutdown_timeout=1.0,
    )
    await runner.setup()
    try:
        await web.SockSite(runner, listening).start()
        yield f"http://{HOST}:{port}/"
    finally:
        live.close()
        await runner.cleanup()


async def _add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)


@web.middleware
async def _told_in_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every refusal has the same form."""
    try:
        return await handler(request)
    except RefusedError as error:
        return _refusal(error.status, error.code, str(error))
    except web.HTTPRequestEntityTooLarge:
        return _refusal(413, "too_large", "The request is larger than 8 MB.")
    except web.HTTPException as error:
        return _refusal(error.status, "no_page", f"{error.reason}: {request.method} {request.path}")
    except ConnectionError:
        raise
    except Exception:  # noqa: BLE001 - the page is told, and the stream of others goes on
        _log.exception("%s %s failed", request.method, request.path)
        return _refusal(500, "failed", "The playground itself has failed; its log says why.")


def _refusal(status: int, code: str, text: str) -> web.Response:
    return web.json_response({"code": code, "error": text}, status=status)


def _guard(port: int) -> Middleware:
    """Let nobody in but our own page: other sites are open in the same browser.

    A page of another name that leads to this address would come with that name as its Host;
    one that posts here would come with its Origin, and cannot send JSON without asking first.
    """
    hosts = {f"{name}:{port}" for name in (HOST, "localhost")}
    origins = {f"http://{host}" for host in hosts}

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.headers.get("Host") not in hosts:
            raise RefusedError("not_our_name", f"Open http://{HOST}:{port}/ instead.", 403)
        if request.method == "POST":
            origin = request.headers.get("Origin")
            if origin is not None and origin not in origins:
                raise RefusedError("not_our_page", "Only the playground's own page may act.", 403)
            if request.content_type != "application/json":
                raise RefusedError("not_json", "Send JSON as application/json.", 415)
        return await handler(request)

    return guard


def _act(actions: Actions) -> Handler:
    async def act(request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        try:
            body = json.loads(await request.read())
        except (ValueError, RecursionError):
            raise RefusedError("bad_request", "The body is not JSON in UTF-8.", 400) from None
        except web.HTTPRequestEntityTooLarge:
            if name == "publish":
                raise RefusedError("big_picture", "The picture is larger than 5 MB.", 413) from None
            raise
        return web.json_response(await actions.do(name, body))

    return act


def _file(scene: Scene) -> Handler:
    async def file(request: web.Request) -> web.StreamResponse:
        """A picture that the bot sent: its bytes, or the way to the site that has it."""
        match scene.telegram.picture(request.match_info["id"]):
            case Picture(content=bytes() as content, media_type=str() as kind):
                return web.Response(body=content, content_type=kind)
            case Picture(url=str() as url) if url.startswith(f"{scene.site.url}/"):
                return web.Response(status=302, headers={"Location": url})
        raise web.HTTPNotFound

    return file


async def _static(request: web.Request) -> web.StreamResponse:
    try:
        path = (_STATIC / (request.match_info["path"] or "index.html")).resolve()
        if not path.is_relative_to(_STATIC) or path.suffix not in _TYPES:
            raise web.HTTPNotFound
        body = path.read_bytes()
    except (OSError, ValueError):  # ValueError: a name that no file can have
        raise web.HTTPNotFound from None
    kind = _TYPES[path.suffix]
    charset = "utf-8" if kind.startswith(("text/", "image/svg")) else None
    return web.Response(body=body, content_type=kind, charset=charset)
