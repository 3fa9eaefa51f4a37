"""Reading: the list, the choice of a section, an article page by page."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import structlog
from aiogram import Router
from aiogram.filters import Command
from aiogram.types import TelegramObject

from bot.errors import StorageError
from bot.handlers.answer import Answer
from bot.i18n import Translator
from bot.model import Reader
from bot.storage import articles, bookmarks
from bot.storage import sections as section_storage
from bot.storage.database import Database
from bot.views import greeting, news
from bot.views.article import PageNumber, article_page
from bot.views.news import ChooseSection, NewsList, ReadArticle

_LIST_SIZE = 8

_log = structlog.get_logger(__name__)


async def newest(event: TelegramObject, database: Database, t: Translator) -> Answer:
    """/news: the newest articles."""
    return await show_list(event, NewsList(), database, t)


async def show_list(
    _event: TelegramObject, callback_data: NewsList, database: Database, t: Translator
) -> Answer:
    """A page of the list."""
    async with database.read() as connection:
        page = await articles.article_cards(
            connection,
            limit=_LIST_SIZE,
            section_id=callback_data.section or None,
            older_than=callback_data.older_than,
            newer_than=callback_data.newer_than,
        )
        sections = await section_storage.sections(connection)
    return Answer(news.news_list(page, callback_data, sections, t, datetime.now(UTC)))


async def choose_section(
    _event: TelegramObject, callback_data: ChooseSection, database: Database, t: Translator
) -> Answer:
    """The sections to choose from."""
    async with database.read() as connection:
        sections = await section_storage.sections(connection)
    return Answer(news.section_choice(sections, callback_data, t))


async def read_article(
    _event: TelegramObject,
    callback_data: ReadArticle,
    database: Database,
    reader: Reader,
    t: Translator,
    page_chars: int,
) -> Answer:
    """A page of an article; the page is remembered."""
    async with database.read() as connection:
        article = await articles.get_article(connection, callback_data.article)
        marked = await bookmarks.bookmarked_page(connection, reader.id, callback_data.article)
    if article is None:
        return Answer(toast=greeting.article_gone(t), alert=True)
    wanted = marked if callback_data.page < 0 else callback_data.page
    # Cutting a long article takes a while, which must not keep everybody else waiting.
    screen, page = await asyncio.to_thread(
        article_page, article, wanted, callback_data.origin, t, page_chars
    )
    if page != marked:
        await _remember(database, reader, article.id, page)
    return Answer(screen)


async def _remember(database: Database, reader: Reader, article_id: int, page: int) -> None:
    try:
        async with database.write() as connection:
            await bookmarks.set_bookmark(connection, reader.id, article_id, page, datetime.now(UTC))
    except StorageError as error:  # reading goes on without
        _log.warning("page not remembered", article=article_id, error=str(error))


async def page_number(_event: TelegramObject, callback_data: PageNumber, t: Translator) -> Answer:
    """Where one is: on the first page."""
    return Answer(toast=greeting.page_of(callback_data.page, callback_data.pages, t))


def reading_router() -> Router:
    """What is answered here."""
    router = Router(name="reading")
    router.message.register(newest, Command("news"))
    router.callback_query.register(show_list, NewsList.filter())
    router.callback_query.register(choose_section, ChooseSection.filter())
    router.callback_query.register(read_article, ReadArticle.filter())
    router.callback_query.register(page_number, PageNumber.filter())
    return router
