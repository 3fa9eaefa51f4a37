"""Who may decide for a chat."""

from __future__ import annotations

from aiogram import Bot
from aiogram.enums import ChatMemberStatus
from aiogram.types import CallbackQuery, Message

from bot.model import ChatKind, Reader


async def may_change(bot: Bot, reader: Reader, event: Message | CallbackQuery) -> bool:
    """Whether this person may decide for the chat: in a group, its administrators."""
    if reader.chat.kind is ChatKind.PRIVATE:
        return True
    if isinstance(event, Message) and event.sender_chat is not None:
        return event.sender_chat.id == reader.chat.id  # an anonymous administrator
    if event.from_user is None:
        return False
    member = await bot.get_chat_member(reader.chat.id, event.from_user.id)
    return member.status in {ChatMemberStatus.CREATOR, ChatMemberStatus.ADMINISTRATOR}
