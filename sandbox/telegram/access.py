"""Where the bot may write, edit and look, and how Telegram says no."""

from __future__ import annotations

from sandbox.telegram.chats import Chat, Message
from sandbox.telegram.errors import bad_request, forbidden
from sandbox.telegram.world import World


def to_write(world: World, ref: int | str, thread_id: int | None = None) -> Chat:
    """A chat, and where given a topic, that the bot may write to.

    Raises:
        ApiError: it may not.
    """
    chat = world.chat(ref)
    if chat.kind == "group" and chat.migrated_to is not None:
        raise bad_request(
            "group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat.migrated_to
        )
    _check_present(chat)
    if chat.kind == "channel" and not chat.bot_is_admin:
        raise bad_request("need administrator rights in the channel chat")
    if chat.mute and not chat.bot_is_admin:
        raise bad_request("not enough rights to send text messages to the chat")
    if thread_id is not None:
        _check_topic(chat, thread_id)
    return chat


def to_edit(world: World, ref: int | str, message_id: int) -> Message:
    """A message of the bot's own.

    Raises:
        ApiError: it is not there, or is somebody else's.
    """
    chat = world.chat(ref)
    _check_present(chat)
    message = find_message(chat, message_id, "message to edit")
    own = message.sender is world.bot.user or (message.sender is None and chat.bot_is_admin)
    if not own or chat.migrated_to is not None:
        raise bad_request("message can't be edited")
    return message


def to_look(world: World, ref: int | str) -> Chat:
    """A chat whose facts the bot may read.

    Raises:
        ApiError: it may not.
    """
    chat = world.chat(ref)
    if chat.kind == "private":
        if not chat.started:
            raise bad_request("chat not found")
    elif chat.kind != "group":
        _check_present(chat)
    return chat


def find_message(chat: Chat, message_id: int, what: str) -> Message:
    """A message that was not deleted.

    Raises:
        ApiError: there is none; ``what`` names it in the refusal.
    """
    message = chat.messages.get(message_id)
    if message is None or message.deleted:
        raise bad_request(f"{what} not found")
    return message


def _check_present(chat: Chat) -> None:
    if chat.kind == "private":
        if chat.person is None or chat.person.deactivated:
            raise forbidden("user is deactivated")
        if chat.bot == "kicked":
            raise forbidden("bot was blocked by the user")
        if not chat.started:
            raise forbidden("bot can't initiate conversation with a user")
    elif chat.migrated_to is not None:
        return
    elif chat.bot == "kicked":
        raise forbidden(f"bot was kicked from the {chat.kind} chat")
    elif chat.bot == "left":
        raise forbidden(f"bot is not a member of the {chat.kind} chat")


def _check_topic(chat: Chat, thread_id: int) -> None:
    """Groups without topics ignore a thread, as Telegram does; private chats have none here."""
    if not chat.forum and chat.kind != "private":
        return
    topic = chat.topics.get(thread_id)
    if topic is None:
        raise bad_request("message thread not found")
    if topic.closed and not chat.bot_is_admin:
        raise bad_request("TOPIC_CLOSED")
