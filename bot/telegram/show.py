"""Screens on their way to Telegram: sent as a new message, or put in the place of one."""

from __future__ import annotations

from aiogram import Bot
from aiogram.exceptions import AiogramError
from aiogram.types import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    MessageEntity,
)

from bot.model import Chat, Keyboard, Screen, Text
from bot.telegram.outcome import Unchanged, Uneditable, outcome
from bot.telegram.prepared import Prepared, send_prepared
from bot.telegram.prepared import prepare as write_out


async def send(
    bot: Bot, chat: Chat, screen: Screen, *, silent: bool = False, paid: bool = False
) -> int:
    """Send a screen as a new message; its number in the chat.

    Args:
        bot: who sends.
        chat: where to.
        screen: what.
        silent: without a sound.
        paid: above the free rate, for Stars from the bot's balance: up to 1000 messages a second.
            https://core.telegram.org/bots/api#sendmessage

    Raises:
        TelegramAPIError, ClientDecodeError: see ``outcome``.
    """
    return await send_prepared(bot, chat, prepare(bot, screen), silent=silent, paid=paid)


def prepare(bot: Bot, screen: Screen) -> Prepared:
    """A screen made ready to be sent to many chats."""
    return write_out(
        bot,
        {
            "text": screen.body.plain,
            "entities": _entities(screen.body),
            "link_preview_options": _preview(screen.image),
            "reply_markup": _markup(screen.keyboard),
        },
    )


async def amend(bot: Bot, chat: Chat, message_id: int, screen: Screen) -> None:
    """Put a screen in the place of a message; nothing happens where it is so already.

    Raises:
        TelegramAPIError, ClientDecodeError: see ``outcome``.
    """
    try:
        await bot.edit_message_text(
            screen.body.plain,
            chat_id=chat.id,
            message_id=message_id,
            entities=_entities(screen.body),
            link_preview_options=_preview(screen.image),
            reply_markup=_markup(screen.keyboard),
        )
    except AiogramError as error:
        if not isinstance(outcome(error), Unchanged):
            raise


async def edit(bot: Bot, chat: Chat, message_id: int, screen: Screen) -> None:
    """Put a screen in the place of a message; a new one is sent where that cannot be done.

    Raises:
        TelegramAPIError, ClientDecodeError: see ``outcome``.
    """
    try:
        await amend(bot, chat, message_id, screen)
    except AiogramError as error:
        if not isinstance(outcome(error), Uneditable):
            raise
        await send(bot, chat, screen)


async def edit_keyboard(bot: Bot, chat: Chat, message_id: int, keyboard: Keyboard) -> None:
    """Change the buttons of a message; nothing happens where it is gone or has them already.

    Raises:
        TelegramAPIError, ClientDecodeError: see ``outcome``.
    """
    try:
        await bot.edit_message_reply_markup(
            chat_id=chat.id, message_id=message_id, reply_markup=_markup(keyboard)
        )
    except AiogramError as error:
        if not isinstance(outcome(error), Unchanged | Uneditable):
            raise


async def delete(bot: Bot, chat: Chat, message_id: int) -> None:
    """Delete a message; nothing happens where it is gone already.

    Telegram lets a bot delete its own messages for 48 hours; after that they are Uneditable.
    https://core.telegram.org/bots/api#deletemessage

    Raises:
        TelegramAPIError, ClientDecodeError: see ``outcome``.
    """
    try:
        await bot.delete_message(chat.id, message_id)
    except AiogramError as error:
        if not isinstance(outcome(error), Unchanged):
            raise


def _entities(text: Text) -> list[MessageEntity]:
    return [
        MessageEntity(type=e.kind, offset=e.offset, length=e.length, url=e.url)
        for e in text.entities
    ]


def _preview(image: str | None) -> LinkPreviewOptions:
    # A picture in the preview, unlike a photo message, leaves 4096 characters and can be edited.
    if image is None:
        return LinkPreviewOptions(is_disabled=True)
    return LinkPreviewOptions(url=image, prefer_large_media=True, show_above_text=True)


def _markup(keyboard: Keyboard) -> InlineKeyboardMarkup | None:
    if not keyboard:
        return None
    return InlineKeyboardMarkup(
        inline_keyboard=[
            [
                InlineKeyboardButton(text=button.label, callback_data=button.data, url=button.url)
                for button in row
            ]
            for row in keyboard
        ]
    )
