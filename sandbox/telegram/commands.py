"""Which of the bot's commands a person sees in a chat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.telegram.chats import Chat, User

Json = dict[str, Any]


def commands_for(
    commands: Mapping[tuple[str, str], list[Json]], chat: Chat, user: User
) -> list[Json]:
    """The first list that is set, from the narrowest scope to the widest.

    In each scope the person's language comes first. The order is that of
    https://core.telegram.org/bots/api#determining-list-of-commands. An empty list counts as none.

    Args:
        commands: lists of BotCommand by scope, as ``Bot.commands`` has them, and language.
        chat: where.
        user: who looks.
    """
    languages = (primary_language(user.language), "")
    for scope in _scopes(chat, user):
        for language in languages:
            if found := commands.get((scope, language)):
                return found
    return []


def primary_language(tag: str | None) -> str:
    """The two letters by which texts are set for the language of an account; empty for none."""
    return (tag or "").partition("-")[0].lower()


def _scopes(chat: Chat, user: User) -> Iterator[str]:
    if chat.kind == "private":
        yield from (f"chat:{chat.id}", "all_private_chats", "default")
        return
    admin = chat.members.get(user.id) in {"creator", "administrator"}
    yield f"chat_member:{chat.id}:{user.id}"
    if admin:
        yield f"chat_administrators:{chat.id}"
    yield f"chat:{chat.id}"
    if admin:
        yield "all_chat_administrators"
    yield from ("all_group_chats", "default")
