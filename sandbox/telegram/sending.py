"""Methods that put a message into a chat."""

from __future__ import annotations

from typing import Any

from sandbox.telegram import access
from sandbox.telegram.chats import Chat, Message
from sandbox.telegram.errors import bad_request
from sandbox.telegram.keyboards import read_markup, read_preview
from sandbox.telegram.rich import rich_content
from sandbox.telegram.schema import wrong
from sandbox.telegram.text import Formatted, read_caption, read_text
from sandbox.telegram.world import World

Json = dict[str, Any]

ACTIONS = frozenset(
    {
        "cancel",
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    }
)


def send_message(world: World, params: Json) -> Json:
    """``sendMessage``: https://core.telegram.org/bots/api#sendmessage."""
    return _send(world, params, text_content(world, params))


def send_photo(world: World, params: Json) -> Json:
    """``sendPhoto``: https://core.telegram.org/bots/api#sendphoto."""
    content: Json = {
        "photo": [world.pictures.take(params["photo"])],
        **caption_content(world, params),
    }
    if params.get("has_spoiler"):
        content["has_media_spoiler"] = True
    return _send(world, params, content)


def send_rich_message(world: World, params: Json) -> Json:
    """``sendRichMessage``: https://core.telegram.org/bots/api#sendrichmessage."""
    return _send(world, params, rich_content(world, params["rich_message"]))


def copy_message(world: World, params: Json) -> Json:
    """``copyMessage``: https://core.telegram.org/bots/api#copymessage."""
    origin = access.to_look(world, params["from_chat_id"])
    original = access.find_message(origin, params["message_id"], "message to copy")
    sent = _send(world, params, dict(original.content))
    return {"message_id": sent["message_id"]}


def send_chat_action(world: World, params: Json) -> bool:
    """``sendChatAction``: https://core.telegram.org/bots/api#sendchataction."""
    if params["action"] not in ACTIONS:
        raise bad_request("wrong parameter action in request", breach="contract")
    access.to_write(world, params["chat_id"], params.get("message_thread_id"))
    return True


def text_content(world: World, params: Json) -> Json:
    """The text of a message to send or to edit, with its preview."""
    _refuse_parse_mode(params)
    formatted = read_text(params.get("text", ""), params.get("entities", []))
    preview, notes = read_preview(params.get("link_preview_options"))
    world.notes += [*formatted.notes, *notes]
    content = _formatted(formatted, "text", "entities")
    if preview:
        content["link_preview_options"] = preview
    return content


def caption_content(world: World, params: Json) -> Json:
    """The caption of a picture to send or to edit."""
    _refuse_parse_mode(params)
    formatted = read_caption(params.get("caption", ""), params.get("caption_entities", []))
    world.notes += formatted.notes
    content = _formatted(formatted, "caption", "caption_entities")
    if params.get("show_caption_above_media"):
        content["show_caption_above_media"] = True
    return content


def _send(world: World, params: Json, content: Json) -> Json:
    markup = read_markup(params.get("reply_markup"))
    thread_id = params.get("message_thread_id")
    chat = access.to_write(world, params["chat_id"], thread_id)
    sender = None if chat.kind == "channel" else world.bot.user
    if params.get("protect_content"):
        content["has_protected_content"] = True
    message = world.post(
        chat,
        sender,
        content,
        markup=markup,
        thread_id=thread_id if chat.forum else None,
        reply_to=_reply_to(chat, params.get("reply_parameters")),
        silent=params.get("disable_notification", False),
    )
    return message.json()


def _reply_to(chat: Chat, reply: Json | None) -> int | None:
    if reply is None:
        return None
    original: Message | None = chat.messages.get(reply["message_id"])
    if original is not None and not original.deleted:
        return original.id
    if reply.get("allow_sending_without_reply"):
        return None
    raise bad_request("message to be replied not found")


def _refuse_parse_mode(params: Json) -> None:
    if params.get("parse_mode"):
        raise wrong("parse_mode is not emulated; send entities")


def _formatted(formatted: Formatted, text: str, entities: str) -> Json:
    content: Json = {text: formatted.text} if formatted.text else {}
    if formatted.entities:
        content[entities] = list(formatted.entities)
    return content
