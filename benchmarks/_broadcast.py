"""A broadcast by the real process: its database made ready, its end awaited, its rows counted.

Rows are read by plain SQL, so that what is counted does not rest on the code that is measured.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import psycopg

from benchmarks._common import SITE, TOKEN, add_subscribers, headline, publish
from benchmarks.stub import Arrival, Ledger, Stub
from bot.storage.database import Database
from sandbox.process import BotProcess

SENDING, UNKNOWN = "delivery.state = 2", "delivery.state = 5"
"""For ``Broadcasts.deliveries``."""

_ENDED = "delivery.state >= 3"  # sent, failed, unknown, cancelled and what else may come
_LOOK_SECONDS = 0.2


class Broadcasts:
    """Articles that go out to the same readers, one after another.

    Readers are 1 to ``readers``, in chats of the same numbers.

    Args:
        database_url: of a fresh database.
        readers: how many subscribe.
    """

    def __init__(self, database_url: str, readers: int) -> None:
        self.url = database_url
        self.readers = readers
        self._articles = 0

    async def publish(self) -> None:
        """Store one more article for all readers, while no bot runs."""
        async with Database.open(self.url) as database:
            if not self._articles:  # the first one makes the section, and goes to nobody
                await publish(database, 1)
                await add_subscribers(database, self.readers)
            self._articles += 1
            await publish(database, self._articles + 1)

    @property
    def owed(self) -> int:
        """How many messages are owed to readers."""
        return self._articles * self.readers

    def settings(self, server: Stub, rate: float, **more: str) -> dict[str, str]:
        """The environment of the process; its source cannot be reached, so nothing else comes."""
        return {
            "BOT_TOKEN": TOKEN,
            "BOT_API_URL": server.url,
            "DATABASE_URL": self.url,
            "SOURCES": f"{SITE}/feed.xml",
            "POLL_SECONDS": "86400",
            "PAGE_PAUSE": "0",
            "SEND_RATE": f"{rate:g}",
            "LOG_LEVEL": "WARNING",
            **more,
        }

    def count(self, where: str) -> int:
        """How many deliveries there are of which this is so."""
        return int(self.rows(f"SELECT count(*) FROM delivery WHERE {where}")[0][0])  # noqa: S608 - our own words

    def unfinished(self) -> int:
        """How many deliveries have not come to their end, those to be made included."""
        return self.owed - self.count(_ENDED)

    def all(self) -> set[tuple[int, int]]:
        """What is owed: number of the article, reader."""
        return {
            (article, reader)
            for article in range(2, self._articles + 2)
            for reader in range(1, self.readers + 1)
        }

    def deliveries(self, where: str) -> set[tuple[int, int]]:
        """The deliveries of which this is so: number of the article, reader."""
        joined = "delivery JOIN broadcast ON broadcast.id = broadcast_id"
        rows = self.rows(f"SELECT article_id, reader_id FROM {joined} WHERE {where}")  # noqa: S608 - our own words
        return {(article, reader) for article, reader in rows}

    def copies(self, ledger: Ledger) -> Counter[tuple[int, int]]:
        """How often each article reached each reader, by number of the article and reader."""
        numbers: dict[str, int] = {}

        def article(arrival: Arrival) -> int:
            if arrival.text not in numbers:
                numbers[arrival.text] = next(
                    number
                    for number in range(1, self._articles + 2)
                    if headline(number) in arrival.text
                )
            return numbers[arrival.text]

        return Counter((article(arrival), arrival.chat) for arrival in ledger.messages())

    def uncounted(self, copies: Mapping[tuple[int, int], int]) -> set[tuple[int, int]]:
        """What arrived more than once, and was never in doubt as far as the database says."""
        twice = {delivery for delivery, count in copies.items() if count > 1}
        return twice - self.deliveries("delivery.doubts > 0")

    async def finished(self, bot: BotProcess, seconds: float) -> bool:
        """Wait until all have come to their end; False where that took longer.

        Raises:
            RuntimeError: the bot has ended; what it logged is the message.
        """
        ended = asyncio.create_task(bot.ended())
        until = time.monotonic() + seconds
        try:
            while time.monotonic() < until:
                if not await asyncio.to_thread(self.unfinished):
                    return True
                await asyncio.wait([ended], timeout=_LOOK_SECONDS)
                if ended.done():
                    raise RuntimeError(f"the bot ended:\n{bot.text}")
            return False
        finally:
            ended.cancel()

    def rows(self, statement: str) -> list[Any]:
        """What a query gives."""
        if self.url.startswith("sqlite"):
            path = self.url.removeprefix("sqlite:///")
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
                return connection.execute(statement).fetchall()
        with psycopg.connect(self.url) as server:
            return server.execute(statement.encode()).fetchall()
