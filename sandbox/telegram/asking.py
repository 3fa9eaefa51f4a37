"""Methods that answer a person's press or inline query, and that look at chats."""

from __future__ import annotations

from typing import Any

from sandbox.telegram import access, links
from sandbox.telegram.errors import bad_request
from sandbox.telegram.keyboards import read_markup
from sandbox.telegram.sending import text_content
from sandbox.telegram.world import World, member_json

Json = dict[str, Any]

ANSWER_LIMIT = 200
RESULT_LIMIT = 50
ID_BYTES = 64


def answer_callback_query(world: World, params: Json) -> bool:
    """``answerCallbackQuery``: https://core.telegram.org/bots/api#answercallbackquery."""
    if len(params.get("text", "")) > ANSWER_LIMIT:
        raise bad_request("MESSAGE_TOO_LONG", breach="content")
    if (url := params.get("url")) and links.fault_of(url):
        raise bad_request("URL_INVALID", breach="content")
    world.answer(world.callback_queries, params["callback_query_id"], params)
    return True


def answer_inline_query(world: World, params: Json) -> bool:
    """``answerInlineQuery``: https://core.telegram.org/bots/api#answerinlinequery."""
    results = params["results"]
    ids = [result["id"] for result in results]
    if len(results) > RESULT_LIMIT:
        raise bad_request("RESULTS_TOO_MUCH", breach="content")
    if not all(0 < len(result_id.encode()) <= ID_BYTES for result_id in ids):
        raise bad_request("RESULT_ID_INVALID", breach="content")
    if len(set(ids)) != len(ids):
        raise bad_request("RESULT_ID_DUPLICATE", breach="content")
    if len(params.get("next_offset", "").encode()) > ID_BYTES:
        raise bad_request("NEXT_OFFSET_INVALID", breach="content")
    for result in results:
        _check_result(world, result)
    world.answer(world.inline_queries, params["inline_query_id"], params)
    return True


def _check_result(world: World, result: Json) -> None:
    content = result.get("input_message_content")
    if result["type"] == "article" and not (content and result.get("title")):
        raise bad_request("can't parse inline query result: title and content", breach="content")
    if content is not None:
        text_content(world, {**content, "text": content["message_text"]})
    read_markup(result.get("reply_markup"))


def get_chat(world: World, params: Json) -> Json:
    """``getChat``: https://core.telegram.org/bots/api#getchat."""
    chat = access.to_look(world, params["chat_id"])
    gifts = dict.fromkeys(
        (
            "unlimited_gifts",
            "limited_gifts",
            "unique_gifts",
            "premium_subscription",
            "gifts_from_channels",
        ),
        False,
    )
    return chat.json() | {
        "accent_color_id": 0,
        "max_reaction_count": 11,
        "accepted_gift_types": gifts,
    }


def get_chat_member(world: World, params: Json) -> Json:
    """``getChatMember``: https://core.telegram.org/bots/api#getchatmember."""
    chat = access.to_look(world, params["chat_id"])
    user = world.users.get(params["user_id"])
    if user is None:
        raise bad_request("PARTICIPANT_ID_INVALID")
    if user is world.bot.user:
        return member_json(user, chat.bot)
    if chat.kind == "private":
        return member_json(user, "member")
    return member_json(user, chat.members.get(user.id, "left"))


def get_chat_administrators(world: World, params: Json) -> list[Json]:
    """``getChatAdministrators``, without other bots."""
    chat = access.to_look(world, params["chat_id"])
    if chat.kind == "private":
        raise bad_request("there are no administrators in the private chat")
    result = [
        member_json(world.users[user_id], status)
        for user_id, status in chat.members.items()
        if status in {"creator", "administrator"}
    ]
    if chat.bot_is_admin:
        result.append(member_json(world.bot.user, chat.bot))
    return result


def leave_chat(world: World, params: Json) -> bool:
    """``leaveChat``: https://core.telegram.org/bots/api#leavechat."""
    chat = access.to_look(world, params["chat_id"])
    if chat.kind == "private":
        raise bad_request("chat member status can't be changed in private chats")
    world.set_bot_status(chat, "left", world.bot.user)
    return True
