"""What happens in the bot: what it says of itself, what it logs, and what it sends."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp

from sandbox.playground.bot import BotRun
from sandbox.playground.crowd import Crowd
from sandbox.playground.tally import Tally
from sandbox.telegram import Telegram

Json = dict[str, Any]

_EVERY_SECONDS = 1.0
_PATIENCE = 2.0


class Pulse:
    """Asks the bot how it is, about each second, for as long as anybody looks.

    Attributes:
        viewers: how many look.
    """

    def __init__(
        self, telegram: Telegram, bot: BotRun, health_url: str, tally: Tally, crowd: Crowd
    ) -> None:
        self.viewers = 0
        self._telegram = telegram
        self._bot = bot
        self._url = health_url
        self._tally = tally
        self._crowd = crowd
        self._health: Json | None = None

    async def watch(self) -> None:
        """Ask until cancelled; what changes is announced."""
        timeout = aiohttp.ClientTimeout(total=_PATIENCE)
        changes = self._telegram.changes
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                seen = changes.number
                if not self.viewers:
                    await changes.next(seen)
                    continue
                self._health = await self._ask(session)
                changes.announce()  # the last minute moves on, too
                await asyncio.sleep(_EVERY_SECONDS)

    def part(self) -> Json:
        """What the page shows of it."""
        self._crowd.receive(self._tally.look())
        rates = self._tally.rates(self._telegram.clock.now())
        health = self._health if self._bot.state != "stopped" else None
        trouble = self._bot.trouble
        return {
            "bot": self._bot.state,
            **health_part(health),
            "sent": self._tally.sent,
            "rate": rates[-1],
            "rates": rates,
            "waits": self._tally.waits,
            "error": trouble and {"time": trouble.at, "level": trouble.level, "text": trouble.text},
            "crowd": self._crowd.part(),
        }

    async def _ask(self, session: aiohttp.ClientSession) -> Json | None:
        if self._bot.state == "stopped":
            return None
        try:
            async with session.get(self._url) as answer:
                told = await answer.json()
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return None
        return told if isinstance(told, dict) else None


def health_part(health: Json | None) -> Json:
    """What ``/healthz`` said, as the page has it; nothing is known where it did not answer."""
    if health is None:
        return {"well": None, "sources": None, "queued": None}
    sources = None
    if "sources" in health:
        sources = {
            "known": health["sources"],
            "read": health["sources_read"],
            "failing": health["sources_failing"],
        }
    return {"well": health.get("well"), "sources": sources, "queued": health.get("queued")}
