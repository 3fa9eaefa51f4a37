"""A WebSub hub as strict as the standard, and a publisher's site that names it."""

from __future__ import annotations

import asyncio
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape

import aiohttp
from aiohttp import web

from tests.served import Served

_UNGUESSABLE = re.compile(r"/websub/[A-Za-z0-9_-]{43}")


@dataclass(slots=True)
class Answer:
    """What the hub answers to a request, and whether it comes back to verify."""

    status: int = 202
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    verify: bool = True
    deny: str | None = None
    lease: str | None = "864000"


class Hub(Served):
    """Takes subscriptions, verifies them, signs what it distributes.

    Attributes:
        answer: how it behaves from now on.
        requests: the forms that were posted to it.
        confirmed: what was verified, with the secrets: by topic and callback.
        verdicts: what its own requests to callbacks were answered with.
        violations: what a subscriber may not do.
        hold: its answers wait for this.
    """

    def __init__(self) -> None:
        super().__init__()
        self.answer = Answer()
        self.requests: list[dict[str, str]] = []
        self.confirmed: dict[tuple[str, str], str] = {}
        self.verdicts: list[tuple[int, str]] = []
        self.violations: list[str] = []
        self.hold = asyncio.Event()
        self.hold.set()
        self._tasks: set[asyncio.Task[None]] = set()

    def application(self) -> web.Application:
        application = web.Application()
        application.router.add_post("/", self._requested)
        return application

    async def _requested(self, request: web.Request) -> web.Response:
        if request.content_type != "application/x-www-form-urlencoded":
            self.violations.append(request.content_type)
        form = {name: str(value) for name, value in (await request.post()).items()}
        self._check(form)
        self.requests.append(form)
        answer = self.answer
        if answer.status == 202 and (answer.verify or answer.deny is not None):
            task = asyncio.create_task(self.verify(form, answer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        await self.tell()
        await self.hold.wait()
        return web.Response(status=answer.status, text=answer.text, headers=answer.headers)

    def _check(self, form: dict[str, str]) -> None:
        wanted = {"hub.mode", "hub.topic", "hub.callback", "hub.secret", "hub.lease_seconds"}
        if set(form) != wanted or form["hub.mode"] != "subscribe":
            self.violations.append(str(form))
        if not 16 <= len(form["hub.secret"].encode()) < 200:
            self.violations.append("hub.secret")
        if not form["hub.lease_seconds"].isdecimal():
            self.violations.append("hub.lease_seconds")
        if not _UNGUESSABLE.search(form["hub.callback"]):
            self.violations.append("hub.callback")

    async def verify(self, form: Mapping[str, str], answer: Answer | None = None) -> None:
        """Ask the subscriber whether it wants what was asked for, or say that it is denied."""
        answer = answer or self.answer
        topic, callback = form["hub.topic"], form["hub.callback"]
        query = {"hub.mode": "subscribe", "hub.topic": topic, "hub.challenge": "r4nd0m <b>&é"}
        if answer.lease is not None:
            query["hub.lease_seconds"] = answer.lease
        if answer.deny is not None:
            query = {"hub.mode": "denied", "hub.topic": topic, "hub.reason": answer.deny}
        async with (
            aiohttp.ClientSession() as session,
            session.get(callback, params=query) as got,
        ):
            body = await got.text()
            self.verdicts.append((got.status, body))
            if got.status == 200 and body == query.get("hub.challenge"):
                self.confirmed[topic, callback] = form["hub.secret"]
        await self.tell()

    async def distribute(
        self, topic: str, body: bytes, *, method: str = "sha256", secret: str | None = None
    ) -> list[int]:
        """Send news to all whose subscription to the topic was verified; their answers."""
        statuses = []
        for (named, callback), own in self.confirmed.items():
            if named == topic:
                signature = hmac.new((secret or own).encode(), body, method).hexdigest()
                headers = {
                    "Content-Type": "application/rss+xml",
                    "Link": f'<{self.url}/>; rel="hub", <{topic}>; rel="self"',
                    "X-Hub-Signature": f"{method}={signature}",
                }
                async with (
                    aiohttp.ClientSession() as session,
                    session.post(callback, data=body, headers=headers) as got,
                ):
                    statuses.append(got.status)
        return statuses


class Site(Served):
    """A site with one feed, which names a hub in its headers or in itself.

    Attributes:
        hub: the hub's address.
        in_headers: where it is named.
        titles: of the feed's entries, oldest first.
        reads: the headers of the feed's readers.
        hold: the answer to a reader waits for this.
    """

    def __init__(self, hub: str, *, in_headers: bool = False) -> None:
        super().__init__()
        self.hub = hub
        self.in_headers = in_headers
        self.titles = ["Первая"]
        self.reads: list[Mapping[str, str]] = []
        self.hold = asyncio.Event()
        self.hold.set()

    @property
    def topic(self) -> str:
        return f"{self.url}/feed"

    def application(self) -> web.Application:
        application = web.Application()
        application.router.add_get("/feed", self._feed)
        application.router.add_get("/news/{number}", self._page)
        return application

    def body(self) -> bytes:
        items = "".join(
            f"<item><guid>{number}</guid><link>{self.url}/news/{number}</link>"
            f"<title>{escape(title)}</title><description>Текст.</description></item>"
            for number, title in reversed(list(enumerate(self.titles)))
        )
        links = (
            ""
            if self.in_headers
            else f'<a:link rel="hub" href="{self.hub}"/><a:link rel="self" href="/feed"/>'
        )
        return (
            '<rss version="2.0" xmlns:a="http://www.w3.org/2005/Atom"><channel>'
            f"<title>Сайт</title>{links}{items}</channel></rss>"
        ).encode()

    async def _feed(self, request: web.Request) -> web.Response:
        self.reads.append(dict(request.headers))
        body, tag = self.body(), f'"{len(self.titles)}"'
        await self.tell()
        await self.hold.wait()
        headers = {"ETag": tag}
        if self.in_headers:
            headers["Link"] = f'<{self.hub}>; rel="hub", </feed>; rel=self'
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, content_type="application/rss+xml", headers=headers)

    async def _page(self, _request: web.Request) -> web.Response:
        return web.Response(status=404)
