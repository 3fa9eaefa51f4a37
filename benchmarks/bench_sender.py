"""The sender: deliveries per second beside aiogram alone, and replies while it works.

Both send to the same stub, in a process of its own, with as many requests at once. The replies are
timed at the handler's edge: from the update to the accepted answer, while a broadcast goes out to
few readers and to many.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count, cycle
from pathlib import Path
from typing import Any

import structlog
from aiogram import Bot, Dispatcher
from aiogram.types import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    MessageEntity,
    Update,
)

sys.path.insert(0, str(Path(__file__).parents[1]))  # for when it is run by its path

from benchmarks._common import (
    TOKEN,
    Row,
    add_subscribers,
    postgres,
    publish,
    quantile,
    show,
    sqlite,
)
from benchmarks.stub import Stub, stub
from bot.delivery.alerts import Alerts
from bot.delivery.sender import Policy, Sender
from bot.handlers.dispatch import make_dispatcher
from bot.i18n import Translators, load_translators
from bot.model import Article
from bot.storage import articles, broadcasts
from bot.storage.database import Database
from bot.telegram.pace import Pacer
from bot.telegram.session import ReplyLane, make_bot
from bot.views.push import push
from bot.waiting import rest

READERS = 5000
MANY = 200_000
AT_ONCE = 100  # requests in flight: the sender's own bound
UNBOUND = 1e6  # messages per second
DEFAULT_RATE = 25.0  # the default SEND_RATE
TELEGRAM = 30.0  # messages per second that Telegram tolerates
REPLIES = 150
AIM_SECONDS = 0.1
_PEOPLE = range(1, 101)  # they ask in turns, so that nobody is held back for asking too fast
_ASK_SECONDS = 0.05
_TERMS = count(1)


async def bare(bot: Bot, article: Article, translators: Translators) -> float:
    """Send to all with aiogram and nothing else; messages per second."""
    screen = push(article, translators["ru"])
    parameters: dict[str, Any] = {
        "text": screen.body.plain,
        "entities": [
            MessageEntity(type=e.kind, offset=e.offset, length=e.length, url=e.url)
            for e in screen.body.entities
        ],
        "link_preview_options": LinkPreviewOptions(url=screen.image, show_above_text=True),
        "reply_markup": InlineKeyboardMarkup(
            inline_keyboard=[
                [InlineKeyboardButton(text=b.label, callback_data=b.data, url=b.url) for b in row]
                for row in screen.keyboard
            ]
        ),
    }
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        async with slots:
            await bot.send_message(number, **parameters)

    start = time.perf_counter()
    await asyncio.gather(*(one(number) for number in range(1, READERS + 1)))
    return READERS / (time.perf_counter() - start)


class House:
    """The parts that push and reply, put together as the bot does."""

    def __init__(self, database: Database, url: str, translators: Translators, rate: float) -> None:
        self.database = database
        self.replies, self.pushes = make_bot(TOKEN, url), make_bot(TOKEN, url)
        pacer = Pacer(rate)
        self.replies.session.middleware(ReplyLane(pacer))
        alerts = Alerts(database, self.replies, (), translators["ru"])
        self.sender = Sender(
            database,
            self.pushes,
            pacer,
            translators,
            alerts,
            Policy(rate=rate),
            lease=next(_TERMS),
        )
        self.dispatcher: Dispatcher = make_dispatcher(
            database,
            translators,
            bot_name="Вестник",
            page_chars=1800,
            admin_ids=(),
            delivery_ttl=broadcasts.DELIVERY_TTL,
        )
        self._number = 0

    async def close(self) -> None:
        """Close the connections."""
        for bot in (self.replies, self.pushes):
            await bot.session.close()

    @asynccontextmanager
    async def sending(self) -> AsyncIterator[None]:
        """The sender at work."""
        stop = asyncio.Event()
        task = asyncio.create_task(self.sender.run(stop, asyncio.Event()))
        try:
            yield
        finally:
            stop.set()
            await task

    async def reply(self, person: int) -> float:
        """Have a person ask for the news; seconds until the answer was accepted."""
        self._number += 1
        user = {"id": person, "is_bot": False, "first_name": "Анна", "language_code": "ru"}
        message = {
            "message_id": self._number,
            "date": 1,
            "from": user,
            "chat": {"id": person, "type": "private"},
            "text": "/news",
            "entities": [{"type": "bot_command", "offset": 0, "length": 5}],
        }
        update = Update.model_validate(
            {"update_id": self._number, "message": message}, context={"bot": self.replies}
        )
        start = time.perf_counter()
        await self.dispatcher.feed_update(self.replies, update)
        return time.perf_counter() - start

    async def ask(self) -> list[float]:
        """The times of replies, asked for one after another."""
        people = cycle(_PEOPLE)
        times: list[float] = []
        for _ in range(REPLIES):
            times.append(await self.reply(next(people)))
            await rest(asyncio.Event(), _ASK_SECONDS)
        return times


async def at_full_speed(house: House, server: Stub) -> float:
    """Push the newest article to all; deliveries per second."""
    before = server.accepted()
    start = time.perf_counter()
    async with house.sending():
        await asyncio.to_thread(server.wait, accepted=before + READERS, seconds=120)
        while await _unfinished(house.database):  # noqa: ASYNC110 - the last records
            await asyncio.sleep(0.01)
        return READERS / (time.perf_counter() - start)


async def _unfinished(database: Database) -> int:
    async with database.read() as connection:
        return await broadcasts.count_queued(connection, datetime.now(UTC))


async def replies(server: Stub, url: str, readers: int) -> list[float]:
    """The times of replies while an article goes out to so many readers at the default pace."""
    translators = load_translators("ru", "UTC")
    async with Database.open(url) as database:
        await publish(database, 1)
        await add_subscribers(database, readers)
        await publish(database, 2)
        house = House(database, server.url, translators, DEFAULT_RATE)
        try:
            async with house.sending():
                return await house.ask()
        finally:
            await house.close()


async def engine(server: Stub, url: str) -> tuple[float, float, list[float]]:
    """The rate of aiogram alone, that of the sender, and the times of replies when nothing goes."""
    translators = load_translators("ru", "UTC")
    async with Database.open(url) as database:
        await publish(database, 1)
        await add_subscribers(database, READERS)
        async with database.read() as connection:
            article = await articles.get_article(connection, 1)
        assert article is not None
        house = House(database, server.url, translators, UNBOUND)
        try:
            alone = [await bare(house.pushes, article, translators)]
            idle = await house.ask()
            await publish(database, 2)
            rate = await at_full_speed(house, server)
            alone.append(await bare(house.pushes, article, translators))
        finally:
            await house.close()
    return sum(alone) / len(alone), rate, idle


async def measure() -> None:
    """Measure both databases and print the tables."""
    for name, server_of in (("SQLite", sqlite), ("PostgreSQL", postgres)):
        with stub() as server, server_of() as url:
            alone, rate, idle = await engine(server, url)
            rows: list[Row] = [
                (
                    "deliveries per second",
                    f"{rate:,.0f}",
                    f"bare {alone:,.0f}",
                    f"{rate / alone:.2f}x",
                ),
                ("  beside the aim", f"{rate:,.0f}", "aim 1,000", f"{rate / 1000:.2f}x"),
                (
                    "  beside what Telegram takes",
                    f"{rate:,.0f}",
                    "limit 30",
                    f"{rate / TELEGRAM:.0f}x",
                ),
            ]
        for readers in (READERS, MANY):
            with stub() as server, server_of() as url:
                busy = await replies(server, url, readers)
            rows += [
                _reply(f"{readers:,} queued, p{share * 100:.0f}", busy, idle, share)
                for share in (0.5, 0.95)
            ]
        show(f"Sender on {name}: {READERS:,} readers, {AT_ONCE} requests at once", rows)


def _reply(when: str, times: list[float], idle: list[float], share: float) -> Row:
    here, there = quantile(times, share), quantile(idle, share)
    return (
        f"reply to /news, {when}",
        f"{here * 1000:.0f} ms",
        f"idle {there * 1000:.0f}, aim {AIM_SECONDS * 1000:.0f} ms",
        f"{here / AIM_SECONDS:.2f}x",
    )


def main() -> None:
    """Measure SQLite and PostgreSQL."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    asyncio.run(measure())


if __name__ == "__main__":
    main()
