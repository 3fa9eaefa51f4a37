"""Subscribing: sections toggled by a tap, everything ended by a word, and the way back."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog
from aiogram import Bot, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message, TelegramObject

from bot.errors import StorageError
from bot.handlers.answer import Answer
from bot.handlers.rights import may_change
from bot.i18n import Translator
from bot.model import Reader
from bot.storage import sections, subscriptions
from bot.storage.articles import get_article
from bot.storage.database import Database
from bot.storage.placements import brought_by
from bot.views import greeting, push
from bot.views import subscriptions as views
from bot.views.push import Mute
from bot.views.subscriptions import Choices, Toggle, ToggleAll, Undo

_log = structlog.get_logger(__name__)


async def subscribe(
    event: TelegramObject, database: Database, reader: Reader, t: Translator
) -> Answer:
    """/subscribe: the sections with their state."""
    return await show_choices(event, Choices(), database, reader, t)


async def show_choices(
    _event: TelegramObject,
    callback_data: Choices,
    database: Database,
    reader: Reader,
    t: Translator,
) -> Answer:
    """The sections with their state."""
    async with database.read() as connection:
        choices = await sections.section_choices(connection, reader.id)
    return Answer(views.choices(choices, callback_data, t))


async def toggle(
    event: CallbackQuery,
    callback_data: Toggle | ToggleAll,
    bot: Bot,
    database: Database,
    reader: Reader,
    t: Translator,
) -> Answer:
    """Subscribe to a section, or to all; or end it."""
    if not await may_change(bot, reader, event):
        return Answer(toast=greeting.only_administrators(t), alert=True)
    now = datetime.now(UTC)
    try:
        async with database.write() as connection:
            match callback_data:
                case ToggleAll(on=True):
                    await subscriptions.subscribe_to_all(connection, reader.id, now)
                case ToggleAll():
                    await subscriptions.unsubscribe(connection, reader.id, now)
                case Toggle(on=True, section=section):
                    await subscriptions.subscribe(connection, reader.id, [section], now)
                case Toggle(section=section):
                    await subscriptions.unsubscribe(connection, reader.id, now, section_id=section)
            choices = await sections.section_choices(connection, reader.id)
    except StorageError:
        return _not_saved(t)
    page = callback_data.page if isinstance(callback_data, Toggle) else 0
    screen = views.choices(choices, Choices(page=page), t)
    return Answer(screen, toast=views.saved(callback_data, t))


async def unsubscribe(
    event: Message, bot: Bot, database: Database, reader: Reader, t: Translator
) -> Answer:
    """/unsubscribe: everything off at once."""
    if not await may_change(bot, reader, event):
        return Answer(toast=greeting.only_administrators(t))
    now = datetime.now(UTC)
    try:
        async with database.write() as connection:
            count = await subscriptions.unsubscribe(connection, reader.id, now)
    except StorageError:
        return _not_saved(t)
    return Answer(views.unsubscribed(count, now, t))


async def undo(
    event: CallbackQuery,
    callback_data: Undo,
    bot: Bot,
    database: Database,
    reader: Reader,
    t: Translator,
) -> Answer:
    """Take the last /unsubscribe back."""
    if not await may_change(bot, reader, event):
        return Answer(toast=greeting.only_administrators(t), alert=True)
    try:
        async with database.write() as connection:
            await subscriptions.undo_unsubscribe(connection, reader.id, callback_data.ended_at)
            choices = await sections.section_choices(connection, reader.id)
    except StorageError:
        return _not_saved(t)
    return Answer(views.choices(choices, Choices(), t))


async def mute(
    event: CallbackQuery,
    callback_data: Mute,
    bot: Bot,
    database: Database,
    reader: Reader,
    t: Translator,
) -> Answer:
    """No more of a push's section, or again."""
    if not await may_change(bot, reader, event):
        return Answer(toast=greeting.only_administrators(t), alert=True)
    now = datetime.now(UTC)
    try:
        async with database.write() as connection:
            by = await brought_by(connection, callback_data.article, reader.id)
            article = await get_article(connection, callback_data.article, section_id=by)
            if article is None:
                return Answer(toast=greeting.article_gone(t), alert=True)
            section = article.section.id
            if callback_data.muted:
                await subscriptions.unsubscribe(connection, reader.id, now, section_id=section)
            else:
                await subscriptions.subscribe(connection, reader.id, [section], now)
    except StorageError:
        return _not_saved(t)
    keyboard = push.push_keyboard(article, t, muted=callback_data.muted)
    return Answer(keyboard=keyboard, toast=push.mute_saved(article, t, muted=callback_data.muted))


def _not_saved(t: Translator) -> Answer:
    _log.exception("subscription not saved")
    return Answer(toast=views.not_saved(t), alert=True)


def subscribing_router() -> Router:
    """What is answered here."""
    router = Router(name="subscribing")
    router.message.register(subscribe, Command("subscribe"))
    router.callback_query.register(show_choices, Choices.filter())
    router.callback_query.register(toggle, ToggleAll.filter())
    router.callback_query.register(toggle, Toggle.filter())
    router.message.register(unsubscribe, Command("unsubscribe", "stop"))
    router.callback_query.register(undo, Undo.filter())
    router.callback_query.register(mute, Mute.filter())
    return router
