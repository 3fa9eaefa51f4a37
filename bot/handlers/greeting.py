"""First words, help, the language, the administrator's status, and what nobody else answers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import structlog
from aiogram import Bot, F, Router
from aiogram.enums import ChatType, ContentType
from aiogram.exceptions import AiogramError
from aiogram.filters import Command, CommandStart
from aiogram.types import (
    BotCommandScopeChat,
    CallbackQuery,
    Message,
    TelegramObject,
)

from bot.handlers.answer import Answer
from bot.handlers.rights import may_change
from bot.i18n import Translator, Translators
from bot.model import ChatKind, Reader
from bot.storage import broadcasts, incoming, outbox, readers, sources
from bot.storage.database import Database
from bot.storage.holding import held_news
from bot.telegram.menu import menu
from bot.views import greeting, status
from bot.views.greeting import ChooseLanguage

_STATUS_OF = timedelta(days=7)
_LAST_ERRORS = 5
_ALBUMS = 100  # remembered, so that each is answered once

# What people say; all else in a private chat is news of Telegram's own, such as a pinned message.
_SAID = frozenset(
    {
        ContentType.ANIMATION,
        ContentType.AUDIO,
        ContentType.CHECKLIST,
        ContentType.CONTACT,
        ContentType.DICE,
        ContentType.DOCUMENT,
        ContentType.GAME,
        ContentType.LIVE_PHOTO,
        ContentType.LOCATION,
        ContentType.PAID_MEDIA,
        ContentType.PHOTO,
        ContentType.POLL,
        ContentType.RICH_MESSAGE,
        ContentType.STICKER,
        ContentType.STORY,
        ContentType.TEXT,
        ContentType.VENUE,
        ContentType.VIDEO,
        ContentType.VIDEO_NOTE,
        ContentType.VOICE,
    }
)

_log = structlog.get_logger(__name__)


async def start(_event: TelegramObject, t: Translator, bot_name: str) -> Answer:
    """/start: who we are."""
    return Answer(greeting.start(bot_name, t))


async def added(event: Message, bot: Bot, t: Translator, bot_name: str) -> Answer | None:
    """Somebody joined a group: where it is us, we say who we are."""
    if any(member.id == bot.id for member in event.new_chat_members or ()):
        return Answer(greeting.start(bot_name, t))
    return None


async def show_help(_event: TelegramObject, t: Translator) -> Answer:
    """/help: what one can do."""
    return Answer(greeting.help_text(t))


async def language(_event: TelegramObject, translators: Translators, t: Translator) -> Answer:
    """/language: the languages."""
    return Answer(greeting.languages(list(translators.by_locale.values()), t))


async def choose_language(
    event: CallbackQuery,
    callback_data: ChooseLanguage,
    bot: Bot,
    database: Database,
    reader: Reader,
    t: Translator,
    translators: Translators,
    admin_ids: Sequence[int],
) -> Answer:
    """Speak another language from now on, in the command menu too."""
    if not await may_change(bot, reader, event):
        return Answer(toast=greeting.only_administrators(t), alert=True)
    t = translators[callback_data.locale]
    async with database.write() as connection:
        await readers.choose_locale(connection, reader.id, t.locale)
    if reader.chat.kind is ChatKind.PRIVATE:
        scope = BotCommandScopeChat(chat_id=reader.chat.id)
        try:
            commands = menu(t, admin=reader.chat.id in admin_ids)
            await bot.set_my_commands(commands, scope=scope)
        except AiogramError as error:  # the language is kept all the same
            _log.warning("menu not set", language=t.locale, error=str(error))
    return Answer(greeting.languages(list(translators.by_locale.values()), t))


async def show_status(
    event: Message, database: Database, t: Translator, admin_ids: Sequence[int]
) -> Answer:
    """/status, for administrators: what waits for them, sources, outbox, faults."""
    if event.from_user is None or event.from_user.id not in admin_ids:
        return Answer(greeting.unknown(t))
    since = datetime.now(UTC) - _STATUS_OF
    async with database.read() as connection:
        health = await sources.source_health(connection)
        counted = await broadcasts.count_deliveries(connection, since)
        errors = await outbox.last_errors(connection, _LAST_ERRORS)
        put_aside = await incoming.count_put_aside(connection)
        waiting = await broadcasts.halted_broadcasts(connection)
        news = await held_news(connection)
    lines = [status.SourceLine(source.url, source.read_at, source.error) for source in health]
    halted = [(each.article_id, each.title) for each in waiting]
    halted += [(each.article_id, each.title) for each in news]
    screen = status.status(
        lines,
        counted.by_state,
        errors,
        put_aside,
        t,
        halted=halted,
        maybe_twice=counted.maybe_twice,
    )
    return Answer(screen)


async def unknown(event: Message, t: Translator) -> Answer | None:
    """Anything else that a person says to us."""
    if event.from_user is None or event.from_user.is_bot:
        return None
    return Answer(greeting.unknown(t))


def _first_of_album() -> Callable[[Message], bool]:
    """A filter that lets one message of an album through: ten photos at once are said once."""
    answered: deque[str] = deque(maxlen=_ALBUMS)

    def is_first(event: Message) -> bool:
        album = event.media_group_id
        if album is None:
            return True
        if album in answered:
            return False
        answered.append(album)
        return True

    return is_first


async def outdated(_event: CallbackQuery, t: Translator) -> Answer:
    """A button of an older version."""
    return Answer(toast=greeting.outdated(t), alert=True)


def greeting_router() -> Router:
    """What is answered here, by name."""
    router = Router(name="greeting")
    router.message.register(start, CommandStart())
    router.message.register(added, F.new_chat_members)
    router.message.register(show_help, Command("help"))
    router.message.register(language, Command("language"))
    router.callback_query.register(choose_language, ChooseLanguage.filter())
    router.message.register(show_status, Command("status"))
    return router


def fallback_router() -> Router:
    """What is answered when nobody else does."""
    router = Router(name="fallback")
    said = F.content_type.in_(_SAID)
    router.message.register(unknown, F.chat.type == ChatType.PRIVATE, said, _first_of_album())
    router.callback_query.register(outdated)
    return router
