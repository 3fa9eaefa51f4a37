"""Where we are let in and shown out: blocks, groups, and groups that become supergroups."""

from __future__ import annotations

from datetime import UTC, datetime

from aiogram import F, Router
from aiogram.enums import ChatMemberStatus
from aiogram.types import ChatMemberRestricted, ChatMemberUpdated, Message

from bot.storage import readers
from bot.storage.database import Database

_OUT = frozenset({ChatMemberStatus.KICKED, ChatMemberStatus.LEFT})


async def membership(event: ChatMemberUpdated, database: Database) -> None:
    """We were blocked, unblocked, added, removed, or lost or gained the right to write."""
    member = event.new_chat_member
    shut_out = member.status in _OUT or (
        isinstance(member, ChatMemberRestricted) and not member.can_send_messages
    )
    async with database.write() as connection:
        if shut_out:
            await readers.deactivate_chat(connection, event.chat.id, datetime.now(UTC))
        else:
            await readers.activate_chat(connection, event.chat.id)


async def migrated(event: Message, database: Database) -> None:
    """The group went on as a supergroup; its readers go with it."""
    if event.migrate_to_chat_id is None:
        return
    async with database.write() as connection:
        await readers.move_chat(connection, event.chat.id, event.migrate_to_chat_id)


def membership_router() -> Router:
    """What is noticed here."""
    router = Router(name="membership")
    router.my_chat_member.register(membership)
    router.message.register(migrated, F.migrate_to_chat_id)
    return router
