"""A screen written out once for many chats: a broadcast is one text, many times.

Making the same request anew for each reader costs more than all else that the sender does for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from aiogram import Bot
from aiogram.methods import TelegramMethod
from aiogram.types import MessageId

from bot.model import Chat

CONTENT_TYPE = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Prepared:
    """The parameters of ``sendMessage`` as a form, all but where to and how loud."""

    form: str


class SendPrepared(TelegramMethod[MessageId]):
    """``sendMessage`` with parameters that are written out already.

    Of the answer nothing but the message's number is read, so nothing else in it can be in the way.
    """

    __returning__ = MessageId
    __api_method__ = "sendMessage"

    chat_id: int
    form: str


def prepare(bot: Bot, parameters: dict[str, Any]) -> Prepared:
    """Write out what all chats have in common."""
    fields = {
        name: bot.session.prepare_value(value, bot=bot, files={})
        for name, value in parameters.items()
    }
    return Prepared(urlencode({name: value for name, value in fields.items() if value}))


async def send_prepared(
    bot: Bot, chat: Chat, prepared: Prepared, *, silent: bool = False, paid: bool = False
) -> int:
    """Send it to a chat; its number there. As ``show.send`` in all else."""
    own: dict[str, object] = {"chat_id": chat.id}
    if chat.thread_id:
        own["message_thread_id"] = chat.thread_id
    if silent:
        own["disable_notification"] = "true"
    if paid:
        own["allow_paid_broadcast"] = "true"
    form = f"{prepared.form}&{urlencode(own)}"
    message = await bot(SendPrepared(chat_id=chat.id, form=form))
    return message.message_id
