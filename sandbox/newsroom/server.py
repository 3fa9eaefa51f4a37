"""The sample news site on a loopback socket, with what a test may do to it."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from hashlib import sha256
from http import HTTPStatus
from types import TracebackType
from typing import Literal, NamedTuple, Self

from aiohttp import web

from sandbox.newsroom import feeds, pages
from sandbox.newsroom.articles import SITE_TITLE, SITE_ZONE, Article
from sandbox.newsroom.desk import Desk
from sandbox.newsroom.pictures import cover
from sandbox.newsroom.uploads import MEDIA_TYPES, media_type

Fault = int | Literal["garbage", "hang", "reset"]

_HOST = "127.0.0.1"
_GARBAGE = b"\x00\xfe<<rss &&; channel <%\xc3\x28 not a feed ]]>" * 20
_FORMATS = {
    "/feed.xml": (feeds.rss, "application/rss+xml"),
    "/atom.xml": (feeds.atom, "application/atom+xml"),
    "/feed.json": (feeds.json_feed, "application/feed+json"),
}


class Seen(NamedTuple):
    """A request and its answer, noted as the answer is about to be sent.

    ``status`` is None where no answer is given (``hang``, ``reset``).
    """

    method: str
    path: str
    status: int | None
    headers: Mapping[str, str]


class Newsroom(Desk):
    """A news site on 127.0.0.1, open while its ``async with`` block runs.

    Args:
        now: the site's clock; gives aware moments.
        port: 0 takes a free one.
        zone: where the site is; it writes its dates so.
        feed_size: how many articles feeds and listings show.
        feed_limit: up to how many they grow after ``publish_many``.
        on_change: told, without a word, each time that something on the site has changed: articles
            or what is wrong with the feeds.
        keep: how many of the latest requests are kept; None keeps all.

    Attributes:
        requests: what was asked so far, in the order of the answers.
    """

    def __init__(
        self,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        port: int = 0,
        *,
        zone: tzinfo = SITE_ZONE,
        feed_size: int = 20,
        feed_limit: int = 200,
        on_change: Callable[[], None] | None = None,
        keep: int | None = None,
    ) -> None:
        super().__init__(
            now=now, zone=zone, feed_size=feed_size, feed_limit=feed_limit, on_change=on_change
        )
        self.requests: deque[Seen] = deque(maxlen=keep)
        self._port = port
        self._feed_fault: Fault | None = None
        self._page_faults: dict[str, Fault] = {}
        self._asked = asyncio.Condition()
        self._mended = asyncio.Event()
        app = web.Application(middlewares=[self._watch])
        app.router.add_get("/", self._listing)
        app.router.add_get("/sections/{section}/", self._listing)
        app.router.add_get("/sections/{section}/feed.xml", self._feed)
        app.router.add_get("/news/{slug}/", self._page)
        suffixes = "|".join(MEDIA_TYPES)
        app.router.add_get(rf"/media/{{name:[a-z0-9-]+\.(?:{suffixes})}}", self._picture)
        for path in _FORMATS:
            app.router.add_get(path, self._feed)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            handle_signals=False,
            handler_cancellation=True,
            shutdown_timeout=1,
        )

    async def __aenter__(self) -> Self:
        """Open the socket and publish the texts written for the site."""
        await self._runner.setup()
        await web.TCPSite(self._runner, _HOST, self._port).start()
        self.url = f"http://{_HOST}:{self._runner.addresses[0][1]}"
        self.publish_samples()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of whoever hangs, and close the socket."""
        self._release()
        await self._runner.cleanup()

    def feed_url(self, section: str | None = None) -> str:
        """The address of the RSS feed of a section, or of all of them."""
        return (
            f"{self.url}/feed.xml" if section is None else f"{self.url}/sections/{section}/feed.xml"
        )

    @property
    def feed_fault(self) -> Fault | None:
        """How every feed fails now; None where they work."""
        return self._feed_fault

    def break_feed(self, status: Fault = 500) -> None:
        """Make every feed fail: an HTTP status, ``garbage``, ``hang`` or ``reset``.

        Connections that hang from an earlier fault are dropped.
        """
        self._feed_fault = status
        self._release()
        self._note_change()

    def mend_feed(self) -> None:
        """Let the feeds work again; connections that hang are dropped."""
        self._feed_fault = None
        self._release()
        self._note_change()

    def break_page(self, article: Article, status: Fault = 404) -> None:
        """Make an article's page fail; the feeds go on naming it."""
        self._page_faults[article.slug] = status

    def mend_page(self, article: Article) -> None:
        """Let an article's page work again; connections that hang are dropped."""
        self._page_faults.pop(article.slug, None)
        self._release()

    async def wait_for(
        self,
        predicate: Callable[[Sequence[Seen]], bool],
        timeout: float = 10,  # noqa: ASYNC109 -- a test says beside its wait how long it may take
    ) -> None:
        """Wait until ``predicate(requests)`` is true; it is asked anew after each request.

        Raises:
            TimeoutError: it did not become true within ``timeout`` seconds.
        """
        async with asyncio.timeout(timeout), self._asked:
            await self._asked.wait_for(lambda: predicate(self.requests))

    # --- Answers --------------------------------------------------------------------------------

    @web.middleware
    async def _watch(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Answer, or fail as told; note every request either way."""
        response: web.StreamResponse
        match self._fault(request.path):
            case "hang" | "reset" as fault:
                mended = self._mended  # taken first: whoever sees the note may mend at once
                await self._note(request, None)
                if fault == "hang":
                    await mended.wait()
                _reset(request)
                return web.Response()
            case "garbage":
                response = web.Response(body=_GARBAGE, content_type="application/rss+xml")
            case None:
                try:
                    response = await handler(request)
                except web.HTTPException as error:
                    response = _message(HTTPStatus(error.status))
            case status:
                response = _message(HTTPStatus(status))
        await self._note(request, response.status)
        return response

    def _release(self) -> None:
        """Drop the connections that hang now; those to come hang for as long as they are told."""
        self._mended.set()
        self._mended = asyncio.Event()

    def _fault(self, path: str) -> Fault | None:
        if path in _FORMATS or path.endswith("/feed.xml"):
            return self._feed_fault
        _, _, slug = path.rstrip("/").rpartition("/news/")
        return self._page_faults.get(slug)

    async def _note(self, request: web.Request, status: int | None) -> None:
        async with self._asked:
            self.requests.append(Seen(request.method, request.path_qs, status, request.headers))
            self._asked.notify_all()

    async def _listing(self, request: web.Request) -> web.Response:
        section = self._section(request)
        return self._html(request, pages.listing_page(self.url, section, self.shown(section)))

    async def _page(self, request: web.Request) -> web.Response:
        slug = request.match_info["slug"]
        article = self.article(slug)
        if article is None:
            raise web.HTTPGone if self.is_withdrawn(slug) else web.HTTPNotFound
        others = [other for other in self.articles() if other.slug != slug]
        return self._html(request, pages.article_page(self.url, article, others))

    async def _feed(self, request: web.Request) -> web.Response:
        section = self._section(request)
        write, content_type = _FORMATS.get(request.path, _FORMATS["/feed.xml"])
        channel = feeds.Channel(
            title=SITE_TITLE if section is None else self.sections[section],
            page=f"{self.url}/" if section is None else f"{self.url}/sections/{section}/",
            url=f"{self.url}{request.path}",
            modified=self.last_modified(),
        )
        body = write(channel, self.told(section))
        return _conditional(request, body, content_type, channel.modified)

    async def _picture(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        drawn, _, suffix = name.rpartition(".")
        body = self.pictures.get(name)
        if body is None and suffix == "png":
            body = cover(drawn)
        if body is None:
            raise web.HTTPNotFound
        return web.Response(body=body, content_type=media_type(name))

    def _section(self, request: web.Request) -> str | None:
        section = request.match_info.get("section")
        if section is not None and section not in self.sections:
            raise web.HTTPNotFound
        return section

    def _html(self, request: web.Request, text: str) -> web.Response:
        return _conditional(request, text.encode(), "text/html", self.last_modified())


def _conditional(
    request: web.Request, body: bytes, content_type: str, modified: datetime
) -> web.Response:
    """The body, or 304 where the client has it: an ETag decides, else the date.

    https://www.rfc-editor.org/rfc/rfc9110#section-13.2.2
    """
    tag = sha256(body).hexdigest()[:24]
    known = request.if_none_match
    since = request.if_modified_since
    if known is not None:
        fresh = any(etag.value in {tag, "*"} for etag in known)
    else:
        fresh = since is not None and modified <= since
    if fresh:
        response = web.Response(status=304)
    else:
        response = web.Response(body=body, content_type=content_type, charset="utf-8")
    response.etag = tag
    response.last_modified = modified
    return response


def _message(status: HTTPStatus) -> web.Response:
    title, text = {
        HTTPStatus.NOT_FOUND: ("Страница не найдена", "Возможно, адрес набран с опечаткой."),
        HTTPStatus.GONE: ("Материал снят с публикации", "Этой новости больше нет на сайте."),
    }.get(status, (f"Ошибка {status.value}", "Мы уже чиним сайт. Зайдите, пожалуйста, позже."))
    page = pages.message_page(title, text)
    return web.Response(status=status, text=page, content_type="text/html")


def _reset(request: web.Request) -> None:
    """Drop the connection with a TCP reset: lingering for no time throws away what is unsent."""
    transport = request.transport
    if transport is None:
        return
    link: socket.socket = transport.get_extra_info("socket")
    link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
