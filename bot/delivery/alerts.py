"""What the administrators are told: that something needs a person."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import structlog
from aiogram import Bot
from aiogram.exceptions import AiogramError

from bot.errors import StorageError
from bot.i18n import Translator
from bot.model import GONE_FOR_GOOD, Chat, ChatKind, Delivery, Screen, Section
from bot.storage.broadcasts import halted_broadcasts
from bot.storage.checks import Held, held_articles
from bot.storage.database import Database
from bot.storage.holding import HeldNews, held_news
from bot.storage.sections import new_sections, note_announced
from bot.storage.sources import Move, SourceHealth, move_told, source_health, untold_moves
from bot.telegram import show
from bot.views import alerts as views
from bot.waiting import rest

_log = structlog.get_logger(__name__)

_LOOK_SECONDS = 30.0
_FAILURES = 5  # reads that fail in a row before anybody is told


class Alerts:
    """Tells each administrator, once for each trouble and once when it is over."""

    def __init__(
        self, database: Database, bot: Bot, admin_ids: Sequence[int], t: Translator
    ) -> None:
        self._database = database
        self._bot = bot
        self._admin_ids = admin_ids
        self._t = t
        self._failing: set[str] = set()
        self._gone: set[str] = set()
        self._not_delivered: set[int] = set()
        self._held: set[int] = set()
        self._halted: set[int] = set()  # broadcasts; none is halted twice
        self._news_held: set[int] = set()  # broadcasts

    async def watch(self, stop: asyncio.Event) -> None:
        """Look after the sources and what waits for a decision, until ``stop``."""
        while not stop.is_set():
            await self._look()
            await rest(stop, _LOOK_SECONDS)

    async def _look(self) -> None:
        try:
            async with self._database.read() as connection:
                sources = await source_health(connection)
                moves = await untold_moves(connection)
                held = await held_articles(connection)
                halted = await halted_broadcasts(connection)
                news = await held_news(connection)
                sections = await new_sections(connection)
        except StorageError:
            _log.exception("sources not looked after")
            return
        for each in halted:  # of a process that died before it told, or could not
            await self._broadcast_halted(each.id, each.article_id, each.reason)
        await self._sources_fare(sources)
        await self._sources_moved(moves)
        await self._articles_held(held)
        await self._tell_of_held_news(news)
        await self._sections_new(sections)

    async def _sources_fare(self, sources: Sequence[SourceHealth]) -> None:
        for source in sources:
            if source.gone >= GONE_FOR_GOOD and source.url not in self._gone:
                self._gone.add(source.url)
                self._failing.add(source.url)
                await self._tell(views.source_gone(source.url, self._t))
            elif source.failures >= _FAILURES and source.url not in self._failing:
                self._failing.add(source.url)
                await self._tell(views.source_failing(source.url, source.error, self._t))
            elif source.failures == 0 and source.url in self._failing:
                self._failing.remove(source.url)
                self._gone.discard(source.url)
                await self._tell(views.source_recovered(source.url, self._t))

    async def _sources_moved(self, moves: Sequence[Move]) -> None:
        """Tell once of each move, also across restarts; again later where nobody was reached."""
        for move in moves:
            if not await self._tell(views.source_moved(move.url, move.target, self._t)):
                continue
            try:
                async with self._database.write() as connection:
                    await move_told(connection, move)
            except StorageError as error:
                _log.warning("not noted that a move was told", error=str(error))

    async def _articles_held(self, held: Sequence[Held]) -> None:
        """Tell of each source with articles that nobody was told of yet."""
        by_source: dict[str, list[Held]] = {}
        for article in held:
            by_source.setdefault(article.source_url, []).append(article)
        for source, articles in by_source.items():
            if any(article.article_id not in self._held for article in articles):
                lines = [(article.article_id, article.title) for article in articles]
                await self._tell(views.articles_held(source, lines, self._t))
        self._held = {article.article_id for article in held}

    async def _tell_of_held_news(self, news: Sequence[HeldNews]) -> None:
        """Tell of each source with news that nobody was told of yet; again where none was reached.

        What nobody decided about before is told again with them.
        """
        by_source: dict[int, list[HeldNews]] = {}
        for each in news:
            by_source.setdefault(each.source_id, []).append(each)
        told = self._news_held & {each.broadcast_id for each in news}
        for number, held in by_source.items():
            broadcasts = {each.broadcast_id for each in held}
            if broadcasts <= told:
                continue
            lines = [(each.article_id, each.title) for each in held]
            source = (number, held[0].source_url)
            if await self._tell(views.news_held(source, lines, max(broadcasts), self._t)):
                told |= broadcasts
        self._news_held = told

    async def _sections_new(self, sections: Sequence[Section]) -> None:
        """Tell of all together; written down only where it was told."""
        if not sections or not await self._tell(views.new_sections(sections, self._t)):
            return
        try:
            async with self._database.write() as connection:
                await note_announced(connection, sections, datetime.now(UTC))
        except StorageError as error:
            _log.warning("new sections told, but not marked so", error=str(error))

    async def rendering_refused(self, article_id: int, reason: str) -> None:
        """Telegram refused an article's full form; it goes out as plain text."""
        _log.error("rendering refused", article=article_id, reason=reason)
        await self._tell(views.rendering_refused(article_id, reason, self._t))

    async def picture_refused(self, article_id: int, reason: str) -> None:
        """Telegram refused an article's picture; it goes out without."""
        _log.warning("picture refused", article=article_id, reason=reason)
        await self._tell(views.picture_refused(article_id, reason, self._t))

    async def halted(self, delivery: Delivery, reason: str) -> None:
        """A broadcast was stopped, since too many sends in a row were refused."""
        _log.critical("broadcast halted", broadcast=delivery.broadcast_id, reason=reason)
        await self._broadcast_halted(delivery.broadcast_id, delivery.article_id, reason)

    async def _broadcast_halted(self, broadcast_id: int, article_id: int, reason: str) -> None:
        """Tell of a broadcast that waits for a decision; again later where nobody was reached."""
        if broadcast_id in self._halted:
            return
        self._halted.add(broadcast_id)  # before it is told: both who call this may do so at once
        if not await self._tell(views.halted(broadcast_id, article_id, reason, self._t)):
            self._halted.remove(broadcast_id)

    async def not_delivered(self, delivery: Delivery, reason: str) -> None:
        """A reader did not get an article, or nobody knows; told once for each article."""
        _log.warning(
            "not delivered", article=delivery.article_id, reader=delivery.reader.id, reason=reason
        )
        if delivery.article_id not in self._not_delivered:
            self._not_delivered.add(delivery.article_id)
            await self._tell(views.not_delivered(delivery.article_id, reason, self._t))

    async def _tell(self, screen: Screen) -> bool:
        """Tell every administrator; False where there are some and none was reached."""
        reached = not self._admin_ids
        for admin in self._admin_ids:
            try:
                await show.send(self._bot, Chat(admin, ChatKind.PRIVATE), screen)
            except AiogramError as error:
                _log.warning("administrator not told", admin=admin, error=str(error))
            else:
                reached = True
        return reached
