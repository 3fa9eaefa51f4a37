"""The shapes of a rich message as a bot sends it: its blocks, its text, its buttons.

Written by hand from https://core.telegram.org/bots/api#inputrichmessage (10.3). Blocks that are
not modelled are left out, so that using one is refused by name.
"""

from __future__ import annotations

from sandbox.telegram.schema import Kind, ListOf, Record, Scalar, Tagged

INT, STR, BOOL = Scalar.INTEGER, Scalar.STRING, Scalar.BOOLEAN

_TEXTS: dict[str, Record] = {}
_BLOCKS: dict[str, Record] = {}
RICH_TEXT = Tagged("RichText", _TEXTS, mixed=True)
RICH_BLOCK = Tagged("InputRichBlock", _BLOCKS)

CHOSEN_CHAT = Record(
    "SwitchInlineQueryChosenChat",
    optional={
        "query": STR,
        "allow_user_chats": BOOL,
        "allow_bot_chats": BOOL,
        "allow_group_chats": BOOL,
        "allow_channel_chats": BOOL,
    },
)
RICH_BUTTON = Record(
    "RichMessageButton",
    {"text": RICH_TEXT},
    {
        "style": STR,
        "url": STR,
        "callback_data": STR,
        "switch_inline_query": STR,
        "switch_inline_query_current_chat": STR,
        "switch_inline_query_chosen_chat": CHOSEN_CHAT,
        "copy_text": Record("CopyTextButton", {"text": STR}),
        "disabled": Record("DisabledButton"),
    },
)
_PHOTO = Record("InputMediaPhoto", {"type": STR, "media": Scalar.FILE}, {"has_spoiler": BOOL})
_CAPTION = Record("RichBlockCaption", {"text": RICH_TEXT}, {"credit": RICH_TEXT})
_ITEM = Record(
    "InputRichBlockListItem",
    {"blocks": ListOf(RICH_BLOCK)},
    {"has_checkbox": BOOL, "is_checked": BOOL, "value": INT, "type": STR},
)
_CELL = Record(
    "RichBlockTableCell",
    {"align": STR, "valign": STR},
    {"text": RICH_TEXT, "is_header": BOOL, "colspan": INT, "rowspan": INT},
)
RICH = Record(
    "InputRichMessage",
    optional={
        "html": STR,
        "markdown": STR,
        "blocks": ListOf(RICH_BLOCK),
        "media": ListOf(Record("InputRichMessageMedia", {"id": STR, "media": _PHOTO})),
        "is_rtl": BOOL,
        "skip_entity_detection": BOOL,
    },
)


def _add(
    records: dict[str, Record],
    names: str,
    required: dict[str, Kind],
    optional: dict[str, Kind] | None = None,
) -> None:
    for name in names.split():
        records[name] = Record(name, {"type": STR, **required}, optional or {})


_add(
    _TEXTS,
    "bold italic underline strikethrough spoiler code marked subscript superscript",
    {"text": RICH_TEXT},
)
for _name, _field in (
    ("url", "url"),
    ("email_address", "email_address"),
    ("phone_number", "phone_number"),
    ("mention", "username"),
    ("hashtag", "hashtag"),
    ("cashtag", "cashtag"),
    ("bot_command", "bot_command"),
    ("anchor_link", "anchor_name"),
    ("reference", "name"),
    ("reference_link", "reference_name"),
):
    _add(_TEXTS, _name, {"text": RICH_TEXT, _field: STR})
_add(_TEXTS, "date_time", {"text": RICH_TEXT, "unix_time": INT, "date_time_format": STR})
_add(_TEXTS, "text_mention", {"text": RICH_TEXT, "user": Record("User", {"id": INT}, open=True)})
_add(_TEXTS, "anchor", {"name": STR})
_add(_TEXTS, "button", {"button": RICH_BUTTON})

_add(_BLOCKS, "paragraph footer", {"text": RICH_TEXT})
_add(_BLOCKS, "heading", {"text": RICH_TEXT, "size": INT})
_add(_BLOCKS, "pre", {"text": RICH_TEXT}, {"language": STR})
_add(_BLOCKS, "divider", {})
_add(_BLOCKS, "anchor", {"name": STR})
_add(_BLOCKS, "list", {"items": ListOf(_ITEM)})
_add(_BLOCKS, "blockquote", {"blocks": ListOf(RICH_BLOCK)}, {"credit": RICH_TEXT})
_add(_BLOCKS, "expandable_blockquote pullquote", {"text": RICH_TEXT}, {"credit": RICH_TEXT})
_add(
    _BLOCKS,
    "details",
    {"summary": RICH_TEXT, "blocks": ListOf(RICH_BLOCK)},
    {"is_open": BOOL},
)
_add(
    _BLOCKS,
    "table",
    {"cells": ListOf(ListOf(_CELL))},
    {"caption": RICH_TEXT, "is_bordered": BOOL, "is_striped": BOOL, "is_compact": BOOL},
)
_add(_BLOCKS, "photo", {"photo": _PHOTO}, {"caption": _CAPTION})
_add(_BLOCKS, "buttons", {"buttons": ListOf(RICH_BUTTON)}, {"align": STR})
