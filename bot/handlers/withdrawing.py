"""Withdrawing: an administrator takes an article back, or puts it there again, after a question."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import structlog
from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message

from bot.addresses import normalise_url
from bot.handlers.answer import Answer
from bot.i18n import Translator
from bot.model import ChatKind, Reader
from bot.storage import articles, revisions
from bot.storage.database import Database
from bot.views import greeting
from bot.views import withdrawing as views
from bot.views.withdrawing import Decide, Deed

_log = structlog.get_logger(__name__)

_DEEDS = {"withdraw": Deed.WITHDRAW, "restore": Deed.RESTORE}
_MOST_DIGITS = 18  # numbers beyond are no database's


async def ask(
    event: Message,
    command: CommandObject,
    database: Database,
    reader: Reader,
    t: Translator,
    admin_ids: Sequence[int],
) -> Answer:
    """/withdraw and /restore, for administrators: which article, and whether that is meant."""
    if not _may(event, reader, admin_ids):
        return Answer(greeting.unknown(t))
    deed = _DEEDS[command.command.lower()]
    named = (command.args or "").strip()
    if not named:
        return Answer(views.usage(deed, t))
    async with database.read() as connection:
        if named.isdecimal() and len(named) <= _MOST_DIGITS:
            number: int | None = int(named)
        else:
            number = await articles.find_article(connection, normalise_url(named))
        article = None if number is None else await articles.get_article(connection, number)
        messages = 0 if article is None else await revisions.count_messages(connection, article.id)
    if article is None:
        return Answer(views.not_found(t))
    if deed is Deed.RESTORE and article.withdrawn_at is None:
        async with database.write() as connection:  # it may be held: then it stays
            await revisions.reinstate_article(connection, article.id, by_hand=True)
        return Answer(views.already(article, deed, t))
    if deed is Deed.WITHDRAW and article.withdrawn_at is not None:
        return Answer(views.already(article, deed, t))
    return Answer(views.ask(article, deed, messages, t))


async def decide(
    event: CallbackQuery,
    callback_data: Decide,
    database: Database,
    reader: Reader,
    t: Translator,
    admin_ids: Sequence[int],
) -> Answer:
    """The answer to that question."""
    if not _may(event, reader, admin_ids):
        return Answer(toast=greeting.outdated(t), alert=True)
    async with database.write() as connection:
        article = await articles.get_article(connection, callback_data.article)
        if article is None:
            return Answer(toast=greeting.article_gone(t), alert=True)
        if not callback_data.sure:
            return Answer(views.left(article, t))
        if callback_data.deed is Deed.WITHDRAW:
            now = datetime.now(UTC)
            changed = await revisions.withdraw_article(connection, article.id, now, by_hand=True)
        else:
            changed = await revisions.reinstate_article(connection, article.id, by_hand=True)
    if not changed:
        return Answer(views.already(article, callback_data.deed, t))
    _log.info("decided by hand", article=article.id, deed=callback_data.deed.name.lower())
    return Answer(views.done(article, callback_data.deed, t))


def _may(event: Message | CallbackQuery, reader: Reader, admin_ids: Sequence[int]) -> bool:
    person = event.from_user
    return person is not None and person.id in admin_ids and reader.chat.kind is ChatKind.PRIVATE


def withdrawing_router() -> Router:
    """What is answered here."""
    router = Router(name="withdrawing")
    router.message.register(ask, Command(*_DEEDS))
    router.callback_query.register(decide, Decide.filter())
    return router
