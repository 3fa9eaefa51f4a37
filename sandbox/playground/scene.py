"""The composition: a Telegram with people in it, a newsroom, the bot, and what may go wrong."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import tempfile
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sandbox.fork_server import ForkServer
from sandbox.newsroom import Newsroom
from sandbox.newsroom.articles import SITE_TITLE
from sandbox.newsroom.pictures import cover
from sandbox.playground.bot import BotRun
from sandbox.playground.crowd import Crowd, subscribe_to_all
from sandbox.playground.gallery import fill
from sandbox.playground.knobs import Knobs
from sandbox.playground.parts import COVERS
from sandbox.playground.people import new_name
from sandbox.playground.pulse import Pulse
from sandbox.playground.tally import Tally
from sandbox.telegram import Group, Person, Telegram

HOST = "127.0.0.1"

_KEPT_REQUESTS = 1000  # a demo that is left open for days does not grow by being polled
_FIRST_READ_SECONDS = 60.0
_FEED_SIZE = 60  # what is published while the feed is broken shall all be there when it is mended


class Scene:
    """Everything behind the page; an async context manager.

    Entering starts it all, the bot too, and does not wait until the bot has started.

    Args:
        fork_server: starts the bot, so that it is soon back after a stop; by default its own.

    Attributes:
        run: tells one scene from another.
        rooms: the chats that the page shows, by id, in its order.
        gallery: the id of the chat of samples, in which nobody speaks.
    """

    def __init__(self, *, fork_server: ForkServer | None = None) -> None:
        self._fork_server = fork_server
        self.run = secrets.token_hex(3)
        self.telegram = Telegram(name=SITE_TITLE, username="gorod_vmeste_bot", keep=_KEPT_REQUESTS)
        self._zone = zone_here()
        self.site = Newsroom(
            zone=ZoneInfo(self._zone),
            feed_size=_FEED_SIZE,
            on_change=self._note_site,
            keep=_KEPT_REQUESTS,
        )
        self.knobs = Knobs(self.telegram)
        self.crowd = Crowd(self.telegram, len(self.site.sections))
        self.rooms: dict[int, Person | Group] = {}
        self.bot: BotRun
        self.pulse: Pulse
        self.gallery = 0
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Start everything."""
        async with AsyncExitStack() as stack:
            data = stack.enter_context(tempfile.TemporaryDirectory(prefix="vestnik-demo-"))
            await stack.enter_async_context(self.telegram)
            await stack.enter_async_context(self.site)
            tom = await self._people()
            port = _free_port()
            self.bot = BotRun(
                self._settings(data, port),
                self.telegram.clock.now,
                self.telegram.changes.announce,
                self._fork_server or stack.enter_context(ForkServer()),
            )
            stack.push_async_callback(self.bot.kill)
            stack.push_async_callback(self.crowd.close)
            tally = Tally(self.telegram, left_out={self.gallery})
            health = f"http://{HOST}:{port}/healthz"
            self.pulse = Pulse(self.telegram, self.bot, health, tally, self.crowd)
            await self.bot.start()
            stack.push_async_callback(_cancel, asyncio.create_task(self.pulse.watch()))
            # Somebody gets the first news without having been told to subscribe.
            subscribing = asyncio.create_task(subscribe_to_all(tom, len(self.site.sections)))
            stack.push_async_callback(_cancel, subscribing)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End everything at once; the bot, which is used to worse, is killed."""
        await self._stack.aclose()

    def new_reader(self, language: str) -> Person:
        """Somebody of this language who has just found the bot."""
        taken = {room.name for room in self.rooms.values() if isinstance(room, Person)}
        return self._reader(new_name(language, taken), language)

    async def primed(self) -> None:
        """Wait until what is published is pushed: what the bot finds at its first read is not.

        A bot that does not run is not waited for; what it missed is pushed if it was primed.
        """
        with suppress(TimeoutError):
            await self.telegram.changes.wait_for(
                lambda: (
                    len(self.bot.primed) >= len(self.site.sections) or self.bot.state == "stopped"
                ),
                timeout=_FIRST_READ_SECONDS,
            )

    async def _people(self) -> Person:
        """Everybody who is there at first; the one who is about to subscribe."""
        anna = self._reader("Анна", "ru")
        tom = self._reader("Tom", "en")
        self._reader("Әлия", "kk")
        group = self.telegram.group("Соседи с Садовой", [anna, tom], supergroup=True)
        self.rooms[group.id] = group
        samples = self._reader("Образцы оформления", "ru", started=True)
        self.gallery = samples.id
        newest = self.site.articles()[0]
        await fill(
            self.telegram,
            samples,
            picture_url=f"{self.site.url}/media/{COVERS[0]}.png",
            article_url=newest.url,
            picture=cover(COVERS[1]),
        )
        return tom

    def _reader(self, name: str, language: str, *, started: bool = False) -> Person:
        person = self.telegram.person(name, language=language, started=started)
        self.rooms[person.id] = person
        return person

    def _settings(self, data: str, web_port: int) -> dict[str, str]:
        sections = self.site.sections.items()
        return {
            "BOT_TOKEN": self.telegram.token,
            "BOT_API_URL": self.telegram.url,
            "SOURCES": "\n".join(f"{title}={self.site.feed_url(slug)}" for slug, title in sections),
            "POLL_SECONDS": "1",
            "PAGE_PAUSE": "0",
            "DATA_DIR": data,
            "ALLOW_PRIVATE_ADDRESSES": "true",
            "TIMEZONE": self._zone,
            "WEB_HOST": HOST,
            "WEB_PORT": str(web_port),
        }

    def _note_site(self) -> None:
        self.crowd.roll.take_stock(self.site.articles())
        self.telegram.changes.announce()


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def zone_here() -> str:
    """The name of this machine's time zone, by which its browsers go; UTC where it has none."""
    name = os.environ.get("TZ", "").removeprefix(":")
    name = name or str(Path("/etc/localtime").resolve()).partition("zoneinfo/")[2]
    try:
        return ZoneInfo(name).key
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return "UTC"


def _free_port() -> int:
    with socket.socket() as found:
        found.bind((HOST, 0))
        port: int = found.getsockname()[1]
    return port
