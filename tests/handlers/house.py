"""The bot's conversation on a real socket and a real database, as the composition root runs it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.types import TelegramObject, Update
from sqlalchemy import text

from bot.handlers.dispatch import ALLOWED_UPDATES, make_dispatcher
from bot.handlers.intake import Intake
from bot.handlers.turns import Turns
from bot.i18n import Translators, load_translators
from bot.model import Alias, AliasKind, Document, NewArticle, Paragraph, SourceSpec, Span
from bot.storage.articles import add_article
from bot.storage.database import Database
from bot.storage.sources import list_sources
from bot.telegram.pace import Pacer
from bot.telegram.session import ReplyLane, make_bot
from sandbox.telegram import MessageView, Person, Query, Telegram

FIRST_DAY = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
PAGE_CHARS = 600
TRANSLATORS = load_translators("ru", "Europe/Moscow")
DELIVERY_TTL = timedelta(hours=3)  # not what it is by default

_Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]


@dataclass(slots=True)
class House:
    """A bot that talks, the people's Telegram, and what the bot keeps.

    ``start`` and ``stop`` may take turns, as processes that follow one another.
    """

    tg: Telegram
    database: Database
    bot: Bot
    translators: Translators
    admin_ids: list[int] = field(default_factory=list)
    published: int = 0
    handled: list[Update] = field(default_factory=list)
    intake: Intake = field(init=False)
    turns: Turns = field(init=False)
    dispatcher: Dispatcher = field(init=False)
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _running: list[asyncio.Task[None]] = field(default_factory=list)
    _noted: asyncio.Event = field(default_factory=asyncio.Event)

    def start(self, *, receiving: bool = True, handling: bool = True) -> None:
        """Talk from now on; without one of its halves where a test wants the other alone."""
        self._stop = asyncio.Event()
        self.intake = Intake(self.database, self.bot, ALLOWED_UPDATES)
        self.dispatcher = make_dispatcher(
            self.database,
            self.translators,
            bot_name="Вестник",
            page_chars=PAGE_CHARS,
            admin_ids=self.admin_ids,
            delivery_ttl=DELIVERY_TTL,
        )
        self.dispatcher.update.outer_middleware(self._note)
        self.turns = Turns(self.database, self.bot, self.dispatcher)
        if receiving:
            self._running.append(asyncio.create_task(self.intake.run(self._stop)))
        if handling:
            self._running.append(
                asyncio.create_task(self.turns.run(self.intake.arrived, self._stop))
            )

    async def stop(self) -> None:
        """End as the process does when it is asked to."""
        self._stop.set()
        running, self._running = self._running, []
        await asyncio.gather(*running)

    async def kill(self) -> None:
        """End as a process that is killed: whatever runs is dropped where it stands."""
        running, self._running = self._running, []
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def handles(self, what: Callable[[Update], object], *, times: int = 1) -> None:
        """Wait until so many updates of a kind were handled, since the house was built."""
        async with asyncio.timeout(10):
            while sum(map(bool, map(what, self.handled))) < times:
                self._noted.clear()
                await self._noted.wait()

    async def _note(self, handler: _Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        try:
            return await handler(event, data)
        finally:
            assert isinstance(event, Update)
            self.handled.append(event)
            self._noted.set()

    async def publish(
        self, title: str, *, section: str | tuple[str, ...] = "Новости", **fields: Any
    ) -> int:
        """Keep one more article, a day younger than the last; its number."""
        self.published += 1
        number = self.published
        url = f"https://paper.example/{number}"
        new = {
            "aliases": (Alias(AliasKind.URL, url),),
            "section": (section,) if isinstance(section, str) else section,
            "url": url,
            "title": title,
            "lead": "Кратко о главном.",
            "image": None,
            "language": "ru",
            "published": FIRST_DAY + timedelta(days=number),
            "document": paragraphs(1),
        } | fields
        now = datetime.now(UTC)
        async with self.database.write() as connection:
            specs = (SourceSpec("https://paper.example/feed"),)
            await list_sources(connection, specs, now)
            added = await add_article(connection, 1, NewArticle(**new), now)
        assert added is not None
        return added

    async def rows(self, statement: str, **values: object) -> list[tuple[Any, ...]]:
        """What a query finds."""
        async with self.database.read() as connection:
            return [tuple(row) for row in await connection.execute(text(statement), values)]

    async def finds(self, statement: str, expected: list[tuple[Any, ...]]) -> None:
        """Wait until a query finds this."""
        async with asyncio.timeout(10):
            while await self.rows(statement) != expected:  # noqa: ASYNC110 - nothing announces it
                await asyncio.sleep(0)

    async def change(self, statement: str, **values: object) -> None:
        """Change the database behind the bot's back."""
        async with self.database.write() as connection:
            await connection.execute(text(statement), values)

    async def subscribed(self, chat_id: int, thread_id: int = 0) -> list[str]:
        """The titles of the sections that a chat hears of."""
        found = await self.rows(
            "SELECT title FROM subscription JOIN reader ON reader.id = reader_id "
            "JOIN section ON section.id = section_id WHERE chat_id = :chat "
            "AND thread_id = :thread AND ended_at IS NULL ORDER BY title",
            chat=chat_id,
            thread=thread_id,
        )
        return [title for (title,) in found]

    async def answers(self, query: Query) -> dict[str, Any]:
        """Wait for the answer to a press; its parameters."""
        await self.tg.ledger.wait_for(lambda: query.answer is not None)
        assert query.answer is not None
        return query.answer

    async def shows(self, person: Person, command: str) -> MessageView:
        """What the bot answers to a command in private."""
        await person.say(command)
        return await person.sees()


async def becomes(true: Callable[[], object]) -> None:
    """Wait for what announces itself to nobody."""
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0)


def paragraphs(count: int) -> Document:
    """A body of paragraphs that say their numbers, about 150 characters each."""
    return Document(
        tuple(
            Paragraph((Span(f"Абзац {n}. " + "Река вскрылась на неделю раньше обычного. " * 3),))
            for n in range(1, count + 1)
        )
    )


@asynccontextmanager
async def open_house(
    tg: Telegram, database: Database, *, metered: bool = True
) -> AsyncIterator[House]:
    """A house that does not talk yet."""
    bot = make_bot(tg.token, tg.url)
    if metered:
        bot.session.middleware(ReplyLane(Pacer(25)))
    async with aiohttp.ClientSession() as client:
        assert isinstance(bot.session, AiohttpSession)
        # Our own client: aiogram's close sleeps a quarter of a second each time.
        bot.session._session = client
        bot.session._should_reset_connector = False
        house = House(tg, database, bot, TRANSLATORS)
        try:
            yield house
        finally:
            await house.stop()
