"""Screens on their way to Telegram: sent as a new message, or put in the place of one."""

from __future__ import annotations

from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    MessageEntity,
)

from bot.model import Chat, Keyboard, Screen, Text

_UNCHANGED = "message is not modified"
_UNEDITABLE = (
    "message to edit not found",
    "message can't be edited",
    "message_id_invalid",
    "there is no text in the message to edit",
)


async def send(bot: Bot, chat: Chat, screen: Screen, *, silent: bool = False) -> int:
    """Send a screen as a new message; its number in the chat.

    Raises:
        TelegramAPIError, ClientDecodeError: see ``outcome``.
    """
    message = await bot.send_message(
        chat.id,
        screen.body.plain,
        message_thread_id=chat.thread_id or None,
        entities=_entities(screen.body),
        link_preview_options=_preview(screen.image),
        reply_markup=_markup(screen.keyboard),
        disable_notification=silent or None,
    )
    return message.message_id


async def edit(bot: Bot, chat: Chat, message_id: int, screen: Screen) -> None:
    """Put a screen in the place of a message; a new one is sent where that cannot be done.

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
    except TelegramBadRequest as error:
        words = error.message.lower()
        if _UNCHANGED in words:
            return
        if not any(part in words for part in _UNEDITABLE):
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
    except TelegramBadRequest as error:
        words = error.message.lower()
        if _UNCHANGED not in words and not any(part in words for part in _UNEDITABLE):
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
