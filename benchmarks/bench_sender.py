"""The sender against a Bot API that always says yes, beside a bare loop with aiogram.

The pace is set as high as it goes, so that what is measured is our own work: each delivery is
claimed, its intent committed, sent and recorded, on SQLite. The bare loop keeps nothing.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import cycle
from multiprocessing.connection import Connection
from pathlib import Path

import structlog
from aiogram import Bot, Dispatcher
from aiogram.types import Update
from aiohttp import web

sys.path.insert(0, str(Path(__file__).parents[1]))  # for when it is run by its path

from benchmarks._common import TOKEN, Row, add_subscribers, publish, quantile, show, sqlite
from bot.delivery.alerts import Alerts
from bot.delivery.sender import Sender
from bot.handlers.dispatch import make_dispatcher
from bot.i18n import Translators, load_translators
from bot.model import Article, Chat, ChatKind, DeliveryState
from bot.storage import articles, outbox
from bot.storage.database import Database
from bot.telegram import show as telegram_show
from bot.telegram.pace import Pacer
from bot.telegram.session import ReplyLane, make_bot
from bot.views.push import push
from bot.waiting import rest

READERS = 2500
AT_ONCE = 100  # requests in flight; the sender's own bound at this pace
RATE = 1000.0  # messages per second: the highest SEND_RATE, far above what is reached
DEFAULT_RATE = 25.0  # the default SEND_RATE
TELEGRAM = 30.0  # messages per second that Telegram tolerates
REPLIES = 100
_PEOPLE = range(1, 101)  # they ask in turns, so that nobody is held back for asking too fast
_ASK_SECONDS = 0.05
_LOOK_SECONDS = 0.1


@contextmanager
def stub() -> Iterator[str]:
    """The address of a Bot API in a process of its own, which accepts whatever is sent."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,))
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join()


def _serve(parent: Connection) -> None:
    async def accept(request: web.Request) -> web.Response:
        form = await request.post()
        chat = {"id": int(str(form.get("chat_id", 1))), "type": "private"}
        result = {"message_id": 1, "date": 1, "chat": chat, "text": form.get("text", "")}
        return web.json_response({"ok": True, "result": result})

    async def serve() -> None:
        application = web.Application()
        application.router.add_post("/{token}/{method}", accept)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        parent.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(serve())


async def bare(bot: Bot, article: Article, translators: Translators) -> float:
    """Send to all with aiogram and nothing else; messages per second."""
    screen = push(article, translators["ru"])
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        async with slots:
            await telegram_show.send(bot, Chat(number, ChatKind.PRIVATE), screen)

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
        self.sender = Sender(database, self.pushes, pacer, translators, alerts, rate=rate)
        self.dispatcher: Dispatcher = make_dispatcher(
            database, translators, bot_name="Вестник", page_chars=1800, admin_ids=()
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

    async def sent(self) -> int:
        """How many deliveries have arrived."""
        async with self.database.read() as connection:
            counts = await outbox.count_deliveries(connection)
        return counts.get(DeliveryState.SENT, 0)

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

    async def replies_until(self, done: asyncio.Event, most: int) -> list[float]:
        """The times of replies, asked for one after another until ``done``, at most so many."""
        times: list[float] = []
        people = cycle(_PEOPLE)
        while not done.is_set() and len(times) < most:
            times.append(await self.reply(next(people)))
            await rest(done, _ASK_SECONDS)
        return times


async def at_full_speed(house: House) -> tuple[float, list[float]]:
    """Push the article to all; deliveries per second, and the times of replies meanwhile."""
    done = asyncio.Event()
    start = time.perf_counter()
    async with house.sending(), asyncio.TaskGroup() as group:
        asking = group.create_task(house.replies_until(done, sys.maxsize))
        while await house.sent() < READERS:  # noqa: ASYNC110 - the sender tells nobody when it is done
            await asyncio.sleep(_LOOK_SECONDS)
        seconds = time.perf_counter() - start
        done.set()
    return READERS / seconds, asking.result()


async def at_default_pace(house: House) -> list[float]:
    """Replies while another article goes out at the default pace; what is left of it stays."""
    async with house.sending():
        return await house.replies_until(asyncio.Event(), REPLIES)


async def measure(url: str, database_url: str) -> None:
    """Measure all and print the table."""
    translators = load_translators("ru", "UTC")
    async with Database.open(database_url) as database:
        await publish(database, 1)
        await add_subscribers(database, READERS)
        async with database.read() as connection:
            article = await articles.get_article(connection, 1)
        assert article is not None
        fast = House(database, url, translators, RATE)
        paced = House(database, url, translators, DEFAULT_RATE)
        try:
            alone = await bare(fast.pushes, article, translators)
            idle = await fast.replies_until(asyncio.Event(), REPLIES)
            await publish(database, 2)
            rate, busy = await at_full_speed(fast)
            await publish(database, 3)
            calm = await at_default_pace(paced)
        finally:
            await fast.close()
            await paced.close()
    show(
        f"Sender: one article to {READERS:,} readers, {AT_ONCE} requests at once",
        [
            ("deliveries per second", f"{rate:,.0f}", f"bare {alone:,.0f}", f"{rate / alone:.2f}x"),
            ("  beside what Telegram takes", f"{rate:,.0f}", "limit 30", f"{rate / TELEGRAM:.0f}x"),
            _reply(f"at SEND_RATE={DEFAULT_RATE:.0f}, p50", calm, idle, 0.5),
            _reply(f"at SEND_RATE={DEFAULT_RATE:.0f}, p95", calm, idle, 0.95),
            _reply("at full speed, p50", busy, idle, 0.5),
            _reply("at full speed, p95", busy, idle, 0.95),
        ],
    )


def _reply(when: str, times: list[float], idle: list[float], share: float) -> Row:
    here, there = quantile(times, share), quantile(idle, share)
    return (
        f"reply to /news {when}",
        f"{here * 1000:.0f} ms",
        f"idle {there * 1000:.0f} ms",
        f"{here / there:.1f}x",
    )


def main() -> None:
    """Measure on SQLite."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with stub() as url, sqlite() as database_url:
        asyncio.run(measure(url, database_url))


if __name__ == "__main__":
    main()
