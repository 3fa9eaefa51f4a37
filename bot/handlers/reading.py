"""Reading: the list, the choice of a section, an article page by page."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import structlog
from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, TelegramObject

from bot.errors import StorageError
from bot.handlers.answer import Answer
from bot.i18n import Translator
from bot.model import Reader
from bot.storage import articles, bookmarks, opened
from bot.storage import sections as section_storage
from bot.storage.database import Database
from bot.views import greeting, news
from bot.views.article import PageNumber, article_page, withdrawn
from bot.views.news import ChooseSection, NewsList, ReadArticle

_LIST_SIZE = 8

_log = structlog.get_logger(__name__)


async def newest(
    event: TelegramObject, database: Database, reader: Reader, t: Translator
) -> Answer:
    """/news: the newest articles."""
    return await show_list(event, NewsList(), database, reader, t)


async def show_list(
    event: TelegramObject,
    callback_data: NewsList,
    database: Database,
    reader: Reader,
    t: Translator,
) -> Answer:
    """A page of the list."""
    await _leave(event, database, reader)
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
    event: TelegramObject,
    callback_data: ChooseSection,
    database: Database,
    reader: Reader,
    t: Translator,
) -> Answer:
    """The sections to choose from."""
    await _leave(event, database, reader)
    async with database.read() as connection:
        sections = await section_storage.sections(connection)
    return Answer(news.section_choice(sections, callback_data, t))


async def read_article(
    event: TelegramObject,
    callback_data: ReadArticle,
    database: Database,
    reader: Reader,
    t: Translator,
    page_chars: int,
) -> Answer:
    """A page of an article; the page is remembered, and where it is shown."""
    message = _pressed(event)
    async with database.read() as connection:
        article = await articles.get_article(connection, callback_data.article)
        marked = await bookmarks.bookmarked_page(connection, reader.id, callback_data.article)
        here = await opened.opened_article(connection, reader.id, message) if message else None
    if article is None:
        return Answer(toast=greeting.article_gone(t), alert=True)
    if article.withdrawn_at is not None:
        screen, page = withdrawn(t, callback_data.origin), marked
    else:
        wanted = marked if callback_data.page < 0 else callback_data.page
        # Cutting a long article takes a while, which must not keep everybody else waiting.
        screen, page = await asyncio.to_thread(
            article_page, article, wanted, callback_data.origin, t, page_chars
        )
    if page != marked or (message and here != article.id):
        await _remember(database, reader, article.id, page, message)
    return Answer(screen)


async def _remember(
    database: Database, reader: Reader, article_id: int, page: int, message: int | None
) -> None:
    """Where the reader is in an article, and that the pressed message shows it."""
    now = datetime.now(UTC)
    try:
        async with database.write() as connection:
            await bookmarks.set_bookmark(connection, reader.id, article_id, page, now)
            if message is not None:
                await opened.note_opened(connection, reader.id, message, article_id, now)
    except StorageError as error:  # reading goes on without
        _log.warning("page not remembered", article=article_id, error=str(error))


async def _leave(event: TelegramObject, database: Database, reader: Reader) -> None:
    """The pressed message shows an article no more, if it did."""
    message = _pressed(event)
    if message is None:
        return
    try:
        async with database.read() as connection:
            here = await opened.opened_article(connection, reader.id, message)
        if here is not None:
            async with database.write() as connection:
                await opened.note_left(connection, reader.id, message, datetime.now(UTC))
    except StorageError as error:  # reading goes on without
        _log.warning("article not left", message=message, error=str(error))


def _pressed(event: TelegramObject) -> int | None:
    """The number of the message whose button was pressed, or None where none was."""
    if isinstance(event, CallbackQuery) and event.message is not None:
        return event.message.message_id
    return None


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
