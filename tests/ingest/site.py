"""A news site that a test writes: what stands at its paths, and what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from xml.sax.saxutils import escape

from aiohttp import web

from tests.served import Served

TEXT = "<p>Через реку Тихую открыли новый мост, и весь город пришёл на него с оркестром.</p>" * 3


@dataclass(frozen=True, slots=True)
class Moved:
    """A redirect."""

    target: str
    status: int = 301


Answer = str | bytes | int | Moved | None
"""A document, a status without one, a redirect; None: no answer ever comes."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, and the status that it was answered with (0 where it was not)."""

    path: str
    status: int
    headers: Mapping[str, str]


def article_page(title: str = "", head: str = "", text: str = TEXT) -> str:
    """An article's page."""
    named = f"<title>{title}</title>" if title else ""
    return f"<html><head>{named}{head}</head><body><article>{text}</article></body></html>"


def rss(*items: str, channel: str = "<title>Мост</title>") -> str:
    """A feed of what ``item`` gives."""
    return f"<rss version='2.0'><channel>{channel}{''.join(items)}</channel></rss>"


def item(title: str, link: str, guid: str = "", published: datetime | None = None) -> str:
    """An entry of a feed; its link may be relative."""
    name = f"<guid isPermaLink='false'>{guid}</guid>" if guid else ""
    date = f"<pubDate>{format_datetime(published)}</pubDate>" if published else ""
    return f"<item>{name}<title>{title}</title><link>{escape(link)}</link>{date}</item>"


class Site(Served):
    """Documents by their paths, and an article's page at all others.

    Attributes:
        documents: by path and query; ``/robots.txt`` is missing at first.
        otherwise: what stands at all other paths.
        headers: sent along with the documents.
        tagged: whether what it shows has validators, and is not sent to whoever has it.
        asked: the requests so far, the oldest first.
    """

    def __init__(
        self,
        documents: Mapping[str, Answer] | None = None,
        *,
        otherwise: Answer = article_page(),  # noqa: B008 - a text
        tagged: bool = False,
    ) -> None:
        super().__init__()
        self.documents: dict[str, Answer] = {"/robots.txt": 404, **(documents or {})}
        self.otherwise = otherwise
        self.headers: dict[str, str] = {}
        self.tagged = tagged
        self.asked: list[Asked] = []

    @property
    def feed(self) -> str:
        """The address where tests put a feed."""
        return f"{self.url}/feed"

    def paths(self) -> list[str]:
        """What was asked for so far."""
        return [each.path for each in self.asked]

    def application(self) -> web.Application:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answered)
        return application

    async def _answered(self, request: web.Request) -> web.Response:
        found = self.documents.get(request.path_qs, self.otherwise)
        response = self._response(found, request.headers.get("If-None-Match"))
        if request.path_qs in self.documents:
            response.headers.update(self.headers)
        status = 0 if found is None else response.status
        self.asked.append(Asked(request.path, status, request.headers))
        await self.tell()
        if found is None:
            await asyncio.Event().wait()
        return response

    def _response(self, found: Answer, known: str | None) -> web.Response:
        match found:
            case None:
                return web.Response()
            case int():
                return web.Response(status=found)
            case Moved():
                return web.Response(status=found.status, headers={"Location": found.target})
        headers = {"ETag": f'"{hash(found)}"'} if self.tagged else {}
        if known and known == headers.get("ETag"):
            return web.Response(status=304)
        body = found.encode() if isinstance(found, str) else found
        kind = "text/html" if b"<html" in body else "application/xml"
        return web.Response(body=body, content_type=kind, headers=headers)
