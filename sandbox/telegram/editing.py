"""Methods that change or delete a message."""

from __future__ import annotations

from typing import Any

from sandbox.telegram import access
from sandbox.telegram.chats import Message
from sandbox.telegram.errors import bad_request
from sandbox.telegram.keyboards import read_markup
from sandbox.telegram.rich import rich_content
from sandbox.telegram.schema import wrong
from sandbox.telegram.sending import caption_content, text_content
from sandbox.telegram.world import World

Json = dict[str, Any]

DELETE_LIMIT = 100
OWN_AGE = 48 * 3600
"""After this many seconds a message can no longer be deleted."""

_KEPT = ("has_protected_content",)


def edit_message_text(world: World, params: Json) -> Json:
    """``editMessageText``: https://core.telegram.org/bots/api#editmessagetext."""
    if "rich_message" in params and "text" in params:
        raise wrong("editMessageText takes either text or rich_message")
    if "rich_message" in params:
        content = rich_content(world, params["rich_message"])
    else:
        content = text_content(world, params)
    message = _to_edit(world, params)
    if "text" not in message.content and "rich_message" not in message.content:
        raise bad_request("there is no text in the message to edit")
    return _revise(world, message, content, params)


def edit_message_caption(world: World, params: Json) -> Json:
    """``editMessageCaption``: https://core.telegram.org/bots/api#editmessagecaption."""
    content = caption_content(world, params)
    message = _to_edit(world, params)
    if "photo" not in message.content:
        raise bad_request("there is no caption in the message to edit")
    content["photo"] = message.content["photo"]
    return _revise(world, message, content, params)


def edit_message_reply_markup(world: World, params: Json) -> Json:
    """``editMessageReplyMarkup``: https://core.telegram.org/bots/api#editmessagereplymarkup."""
    message = _to_edit(world, params)
    return _revise(world, message, message.content, params)


def delete_message(world: World, params: Json) -> bool:
    """``deleteMessage``: https://core.telegram.org/bots/api#deletemessage."""
    chat = access.to_write(world, params["chat_id"])
    message = access.find_message(chat, params["message_id"], "message to delete")
    _delete(world, message)
    return True


def delete_messages(world: World, params: Json) -> bool:
    """``deleteMessages``; those that are not found are passed over."""
    chat = access.to_write(world, params["chat_id"])
    ids = params["message_ids"]
    if not ids:
        raise bad_request("message identifiers are not specified", breach="contract")
    if len(ids) > DELETE_LIMIT:
        raise bad_request("too many message identifiers specified", breach="contract")
    for message_id in ids:
        message = chat.messages.get(message_id)
        if message is not None and not message.deleted:
            _delete(world, message)
    return True


def set_message_reaction(world: World, params: Json) -> bool:
    """``setMessageReaction``; reactions are checked for their place only and not kept."""
    chat = access.to_write(world, params["chat_id"])
    access.find_message(chat, params["message_id"], "message to react")
    if len(params.get("reaction", [])) > 1:
        raise bad_request("REACTIONS_TOO_MANY", breach="content")
    return True


def _to_edit(world: World, params: Json) -> Message:
    message = access.to_edit(world, params["chat_id"], params["message_id"])
    if message.markup and "inline_keyboard" not in message.markup:
        raise bad_request("message can't be edited")
    return message


def _revise(world: World, message: Message, content: Json, params: Json) -> Json:
    kept = {name: message.content[name] for name in _KEPT if name in message.content}
    world.revise(message, content | kept, read_markup(params.get("reply_markup")))
    return message.json()


def _delete(world: World, message: Message) -> None:
    own = message.sender is world.bot.user or message.chat.kind == "private"
    too_old = world.clock.now() - message.date > OWN_AGE
    if too_old or not (own or message.chat.bot_is_admin):
        raise bad_request("message can't be deleted")
    world.remove(message)
