"""The methods that the emulator knows, with the names, kinds and need of their parameters.

Written by hand from https://core.telegram.org/bots/api (10.3). What is not modelled is left out,
so that using it is refused by name and never answered with a false "ok".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.telegram.rich_kinds import CHOSEN_CHAT, RICH
from sandbox.telegram.schema import (
    Choice,
    Kind,
    ListOf,
    Record,
    Scalar,
    Upload,
    read,
    wrong,
)

INT, STR, BOOL = Scalar.INTEGER, Scalar.STRING, Scalar.BOOLEAN
CHAT, FILE = Scalar.CHAT, Scalar.FILE

ENTITY = Record(
    "MessageEntity",
    {"type": STR, "offset": INT, "length": INT},
    {
        "url": STR,
        "user": Record("User", {"id": INT}, open=True),
        "language": STR,
        "custom_emoji_id": STR,
        "unix_time": INT,
        "date_time_format": STR,
    },
)
ENTITIES = ListOf(ENTITY)

WEB_APP = Record("WebAppInfo", {"url": STR})
INLINE_BUTTON = Record(
    "InlineKeyboardButton",
    {"text": STR},
    {
        "url": STR,
        "callback_data": STR,
        "style": STR,
        "icon_custom_emoji_id": STR,
        "web_app": WEB_APP,
        "switch_inline_query": STR,
        "switch_inline_query_current_chat": STR,
        "switch_inline_query_chosen_chat": CHOSEN_CHAT,
        "copy_text": Record("CopyTextButton", {"text": STR}),
    },
)
INLINE_KEYBOARD = Record("InlineKeyboardMarkup", {"inline_keyboard": ListOf(ListOf(INLINE_BUTTON))})
REPLY_MARKUP = Choice(
    (
        INLINE_KEYBOARD,
        Record(
            "ReplyKeyboardMarkup",
            {"keyboard": ListOf(ListOf(Record("KeyboardButton", {"text": STR})))},
            {
                "is_persistent": BOOL,
                "resize_keyboard": BOOL,
                "one_time_keyboard": BOOL,
                "input_field_placeholder": STR,
                "selective": BOOL,
            },
        ),
        Record("ReplyKeyboardRemove", {"remove_keyboard": BOOL}, {"selective": BOOL}),
        Record(
            "ForceReply",
            {"force_reply": BOOL},
            {"input_field_placeholder": STR, "selective": BOOL},
        ),
    )
)
PREVIEW = Record(
    "LinkPreviewOptions",
    optional={
        "is_disabled": BOOL,
        "url": STR,
        "prefer_small_media": BOOL,
        "prefer_large_media": BOOL,
        "show_above_text": BOOL,
    },
)
REPLY = Record(
    "ReplyParameters", {"message_id": INT}, {"chat_id": CHAT, "allow_sending_without_reply": BOOL}
)
SCOPE = Record("BotCommandScope", {"type": STR}, {"chat_id": CHAT, "user_id": INT})
COMMANDS = ListOf(
    Record("BotCommand", {"command": STR, "description": STR}, {"is_ephemeral": BOOL})
)
MENU_BUTTON = Record("MenuButton", {"type": STR}, {"text": STR, "web_app": WEB_APP})
REACTIONS = ListOf(Record("ReactionType", {"type": STR}, {"emoji": STR, "custom_emoji_id": STR}))
INLINE_RESULTS = ListOf(
    Record(
        "InlineQueryResult",
        {"type": STR, "id": STR},
        {
            "title": STR,
            "input_message_content": Record(
                "InputTextMessageContent",
                {"message_text": STR},
                {"parse_mode": STR, "entities": ENTITIES, "link_preview_options": PREVIEW},
            ),
            "reply_markup": INLINE_KEYBOARD,
        },
        open=True,
    )
)
INLINE_TOP_BUTTON = Record(
    "InlineQueryResultsButton", {"text": STR}, {"web_app": WEB_APP, "start_parameter": STR}
)

Fields = Mapping[str, Kind]


@dataclass(frozen=True, slots=True)
class Method:
    """What a method takes.

    Attributes:
        name: as the documentation spells it.
        required, optional: its parameters.
    """

    name: str
    required: Fields = field(default_factory=dict)
    optional: Fields = field(default_factory=dict)


_HOW_TO_SEND: Fields = {
    "message_thread_id": INT,
    "disable_notification": BOOL,
    "protect_content": BOOL,
    "allow_paid_broadcast": BOOL,
    "reply_parameters": REPLY,
    "reply_markup": REPLY_MARKUP,
}
_WHICH_MESSAGE: Fields = {"chat_id": CHAT, "message_id": INT, "reply_markup": INLINE_KEYBOARD}
_FORMATTED: Fields = {"parse_mode": STR, "entities": ENTITIES, "link_preview_options": PREVIEW}
_CAPTION: Fields = {
    "caption": STR,
    "parse_mode": STR,
    "caption_entities": ENTITIES,
    "show_caption_above_media": BOOL,
}
_LANGUAGE: Fields = {"language_code": STR}
_COMMANDS_OF: Fields = {"scope": SCOPE, **_LANGUAGE}

_ALL = (
    Method("getMe"),
    Method("logOut"),
    Method("close"),
    Method(
        "getUpdates",
        optional={"offset": INT, "limit": INT, "timeout": INT, "allowed_updates": ListOf(STR)},
    ),
    Method(
        "setWebhook",
        {"url": STR},
        {
            "max_connections": INT,
            "allowed_updates": ListOf(STR),
            "drop_pending_updates": BOOL,
            "secret_token": STR,
        },
    ),
    Method("deleteWebhook", optional={"drop_pending_updates": BOOL}),
    Method("getWebhookInfo"),
    # A missing text has wording of its own, so it is looked at where the text is read.
    Method("sendMessage", {"chat_id": CHAT}, {"text": STR, **_FORMATTED, **_HOW_TO_SEND}),
    Method(
        "sendPhoto",
        {"chat_id": CHAT, "photo": FILE},
        {**_CAPTION, "has_spoiler": BOOL, **_HOW_TO_SEND},
    ),
    Method("sendRichMessage", {"chat_id": CHAT, "rich_message": RICH}, _HOW_TO_SEND),
    Method("sendChatAction", {"chat_id": CHAT, "action": STR}, {"message_thread_id": INT}),
    Method(
        "copyMessage",
        {"chat_id": CHAT, "from_chat_id": CHAT, "message_id": INT},
        _HOW_TO_SEND,
    ),
    Method(
        "editMessageText",
        {"chat_id": CHAT, "message_id": INT},
        {"text": STR, "rich_message": RICH, **_FORMATTED, **_WHICH_MESSAGE},
    ),
    Method(
        "editMessageCaption", {"chat_id": CHAT, "message_id": INT}, {**_CAPTION, **_WHICH_MESSAGE}
    ),
    Method("editMessageReplyMarkup", {"chat_id": CHAT, "message_id": INT}, _WHICH_MESSAGE),
    Method("deleteMessage", {"chat_id": CHAT, "message_id": INT}),
    Method("deleteMessages", {"chat_id": CHAT, "message_ids": ListOf(INT)}),
    Method(
        "setMessageReaction",
        {"chat_id": CHAT, "message_id": INT},
        {"reaction": REACTIONS, "is_big": BOOL},
    ),
    Method(
        "answerCallbackQuery",
        {"callback_query_id": STR},
        {"text": STR, "show_alert": BOOL, "url": STR, "cache_time": INT},
    ),
    Method(
        "answerInlineQuery",
        {"inline_query_id": STR, "results": INLINE_RESULTS},
        {
            "cache_time": INT,
            "is_personal": BOOL,
            "next_offset": STR,
            "button": INLINE_TOP_BUTTON,
        },
    ),
    Method("getChat", {"chat_id": CHAT}),
    Method("getChatMember", {"chat_id": CHAT, "user_id": INT}),
    Method("getChatAdministrators", {"chat_id": CHAT}),
    Method("leaveChat", {"chat_id": CHAT}),
    Method("setMyCommands", {"commands": COMMANDS}, _COMMANDS_OF),
    Method("getMyCommands", optional=_COMMANDS_OF),
    Method("deleteMyCommands", optional=_COMMANDS_OF),
    Method("setMyName", optional={"name": STR, **_LANGUAGE}),
    Method("getMyName", optional=_LANGUAGE),
    Method("setMyDescription", optional={"description": STR, **_LANGUAGE}),
    Method("getMyDescription", optional=_LANGUAGE),
    Method("setMyShortDescription", optional={"short_description": STR, **_LANGUAGE}),
    Method("getMyShortDescription", optional=_LANGUAGE),
    Method("setChatMenuButton", optional={"chat_id": INT, "menu_button": MENU_BUTTON}),
    Method("getChatMenuButton", optional={"chat_id": INT}),
)

METHODS: Mapping[str, Method] = {method.name: method for method in _ALL}

SENDS = frozenset({"sendMessage", "sendPhoto", "sendRichMessage", "copyMessage"})
EDITS = frozenset({"editMessageText", "editMessageCaption", "editMessageReplyMarkup"})


def read_params(
    method: Method, raw: Mapping[str, object], files: Mapping[str, Upload]
) -> dict[str, Any]:
    """The parameters of a call, each of its kind; stricter than Telegram, which ignores excess.

    Raises:
        ApiError: one is missing, unknown or of another kind; the description names it.
    """
    known = {**method.optional, **method.required}
    params: dict[str, Any] = {}
    given = {**raw, **{name: upload for name, upload in files.items() if name in known}}
    for name, value in given.items():
        if name not in known:
            raise wrong(f'{method.name} has no parameter "{name}" here')
        if value is not None:
            params[name] = read(known[name], value, name, files)
    for name in method.required:
        if name not in params:
            raise wrong(f'{method.name} needs the parameter "{name}"')
    return params
