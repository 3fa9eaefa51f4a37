"""Methods that put a message into a chat."""

from __future__ import annotations

import re
from typing import Any

from sandbox.telegram import access, links
from sandbox.telegram.chats import Chat, Message
from sandbox.telegram.errors import bad_request
from sandbox.telegram.keyboards import read_markup, read_preview
from sandbox.telegram.schema import Upload, wrong
from sandbox.telegram.text import Formatted, read_caption, read_text
from sandbox.telegram.world import World

Json = dict[str, Any]

PHOTO_BYTES = 10 * 1024 * 1024
RICH_CHARACTERS = 32768
RICH_BLOCKS = 500
RICH_LEVELS = 16
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
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"RIFF")


def send_message(world: World, params: Json) -> Json:
    """``sendMessage``: https://core.telegram.org/bots/api#sendmessage."""
    return _send(world, params, text_content(world, params))


def send_photo(world: World, params: Json) -> Json:
    """``sendPhoto``: https://core.telegram.org/bots/api#sendphoto."""
    size = _photo(world, params["photo"])
    content: Json = {"photo": [size], **caption_content(world, params)}
    if params.get("has_spoiler"):
        content["has_media_spoiler"] = True
    return _send(world, params, content)


def send_rich_message(world: World, params: Json) -> Json:
    """``sendRichMessage``; the message that comes back holds its plain text as one paragraph."""
    return _send(world, params, rich_content(params["rich_message"]))


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


def rich_content(rich: Json) -> Json:
    """A rich message, checked for its size only, and its plain text.

    Raises:
        ApiError: not exactly one form was given, or it is too large.
    """
    forms = [name for name in ("html", "markdown", "blocks") if rich.get(name)]
    if len(forms) != 1:
        raise bad_request(
            "RICH_MESSAGE_INVALID: exactly one of html, markdown and blocks", breach="content"
        )
    if forms == ["blocks"]:
        if _count_blocks(rich["blocks"]) > RICH_BLOCKS or _depth(rich["blocks"]) > RICH_LEVELS:
            raise bad_request("RICH_MESSAGE_TOO_LARGE", breach="content")
        plain = "".join(_strings(rich["blocks"]))
    else:
        plain = re.sub(r"<[^>]*>", "", rich[forms[0]])
    if len(plain) > RICH_CHARACTERS:
        raise bad_request("message is too long", breach="content")
    blocks = [{"type": "paragraph", "text": plain}]
    return {"rich_message": {"blocks": blocks}}


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


def _photo(world: World, photo: Upload | str) -> Json:
    if isinstance(photo, Upload):
        if len(photo.content) > PHOTO_BYTES:
            raise bad_request("file is too big", breach="content")
        if not photo.content.startswith(_PICTURES):
            raise bad_request("IMAGE_PROCESS_FAILED", breach="content")
        return _new_photo(world, len(photo.content))
    if photo in world.files:
        return _photo_size(photo, world.files[photo])
    if not photo.lower().startswith(("http://", "https://")):
        raise bad_request("wrong file identifier/HTTP URL specified")
    if links.fault_of(photo):
        raise bad_request("wrong HTTP URL specified")
    return _new_photo(world, 0)


def _new_photo(world: World, size: int) -> Json:
    file_id = f"photo-{len(world.files) + 1}"
    world.files[file_id] = size
    return _photo_size(file_id, size)


def _photo_size(file_id: str, size: int) -> Json:
    return {
        "file_id": file_id,
        "file_unique_id": f"unique-{file_id}",
        "width": 1280,
        "height": 720,
        "file_size": size,
    }


def _children(node: object) -> list[Any]:
    if isinstance(node, dict):
        return list(node.values())
    return node if isinstance(node, list) else []


def _count_blocks(node: object) -> int:
    own = isinstance(node, dict) and "type" in node
    return own + sum(map(_count_blocks, _children(node)))


def _depth(node: object) -> int:
    own = isinstance(node, dict)
    return own + max(map(_depth, _children(node)), default=0)


def _strings(node: object) -> list[str]:
    if isinstance(node, dict):
        node = [value for name, value in node.items() if name not in {"type", "url", "id"}]
    if isinstance(node, list):
        return [text for child in node for text in _strings(child)]
    return [node] if isinstance(node, str) else []
