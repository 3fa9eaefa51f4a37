"""What Telegram shows of the bot: the command menu and the descriptions, in every language."""

from __future__ import annotations

from collections.abc import Mapping

import structlog
from aiogram import Bot
from aiogram.exceptions import AiogramError, TelegramRetryAfter
from aiogram.types import BotCommand, BotCommandScopeChat

from bot.i18n import Translator, Translators
from bot.views import greeting

_log = structlog.get_logger(__name__)


def menu(t: Translator, *, admin: bool = False) -> list[BotCommand]:
    """The command menu in a language, with what only administrators may."""
    commands = greeting.admin_commands(t) if admin else greeting.commands(t)
    return [BotCommand(command=name, description=description) for name, description in commands]


async def publish_menu(bot: Bot, name: str, translators: Translators) -> None:
    """Set menu and descriptions for each language, and the default for all others.

    Where Telegram does not take them now, what was set before stays: the bot works without.
    """
    default = translators[translators.default]
    languages = [(None, default), *translators.by_locale.items()]
    for language, t in languages:
        try:
            await bot.set_my_commands(menu(t), language_code=language)
            await bot.set_my_description(greeting.description(name, t), language_code=language)
            await bot.set_my_short_description(
                greeting.short_description(name, t), language_code=language
            )
        except AiogramError as error:
            _log.warning("menu not set", language=language or "default", error=str(error))
            if isinstance(error, TelegramRetryAfter):
                return  # the others would only make the wait longer


async def publish_admin_menus(bot: Bot, admins: Mapping[int, Translator]) -> None:
    """Set the menus of the administrators, each in the language that they speak.

    One who has never written to the bot has no chat to set it for; the next start will.
    """
    for admin, t in admins.items():
        scope = BotCommandScopeChat(chat_id=admin)
        try:
            await bot.set_my_commands(menu(t, admin=True), scope=scope)
        except AiogramError as error:
            _log.warning("menu not set", admin=admin, error=str(error))
            if isinstance(error, TelegramRetryAfter):
                return
