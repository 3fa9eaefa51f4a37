"""Rich messages: what a bot sends, checked against Telegram's limits, becomes what it gets back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sandbox.telegram import links
from sandbox.telegram.errors import bad_request, rich_refused
from sandbox.telegram.keyboards import ACTIONS, DATA_BYTES, ROW_LIMIT
from sandbox.telegram.rich_html import parse
from sandbox.telegram.rich_labels import BULLET, TYPES, label
from sandbox.telegram.schema import wrong
from sandbox.telegram.text import DATE_FORMAT, detect
from sandbox.telegram.world import World

Json = dict[str, Any]

CHARACTERS = 32768
BLOCKS = 500
LEVELS = 16
MEDIA = 50
COLUMNS = 20

_STYLES = frozenset(
    {
        "bold",
        "italic",
        "underline",
        "strikethrough",
        "spoiler",
        "marked",
        "subscript",
        "superscript",
    }
)
"""Text inside of which Telegram still looks for links and the like."""

_FOUND_FIELDS = {
    "url": ("url", "url"),
    "email": ("email_address", "email_address"),
    "mention": ("mention", "username"),
    "hashtag": ("hashtag", "hashtag"),
    "bot_command": ("bot_command", "bot_command"),
}
_BUTTON_STYLES = frozenset({"danger", "success", "primary", "link"})
_ALIGNS = frozenset({"left", "center", "right"})
_VALIGNS = frozenset({"top", "middle", "bottom"})


def rich_content(world: World, rich: Json) -> Json:
    """The content of a rich message: ``{"rich_message": RichMessage}``.

    Args:
        world: where its pictures are kept.
        rich: an InputRichMessage object of the right shape.

    Raises:
        ApiError: not exactly one form was given, it is not emulated, or Telegram refuses it.
    """
    forms = [name for name in ("html", "markdown", "blocks") if rich.get(name)]
    if len(forms) != 1:
        raise rich_refused("exactly one of html, markdown and blocks")
    if forms == ["markdown"]:
        raise wrong("rich_message.markdown is not emulated; send html or blocks")
    if "media" in rich and forms != ["html"]:
        raise rich_refused("media is for html; blocks hold their own")
    blocks = rich["blocks"] if forms == ["blocks"] else parse(rich["html"], _media(rich))
    reading = _Reading(world, look=not rich.get("skip_entity_detection"))
    message: Json = {"blocks": reading.blocks(blocks, 1)}
    if not reading.characters and not reading.media:
        raise bad_request("message text is empty", breach="content")
    if missing := reading.linked - reading.anchors - {""}:
        world.notes.append(
            f"links lead to anchors that are not there: {', '.join(sorted(missing))}"
        )
    if rich.get("is_rtl"):
        message["is_rtl"] = True
    return {"rich_message": message}


def _media(rich: Json) -> Mapping[str, Json]:
    media = {given["id"]: given["media"] for given in rich.get("media", [])}
    for name in media:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
            raise rich_refused(f"media has the id {name!r}")
    return media


class _Reading:
    """One pass over a message, counting what is limited.

    Attributes:
        characters, count, media: so far.
        anchors, linked: the names that were set, and those that were linked to.
    """

    def __init__(self, world: World, *, look: bool) -> None:
        self.characters = self.count = self.media = 0
        self.anchors: set[str] = set()
        self.linked: set[str] = set()
        self._world = world
        self._look = look

    # --- Blocks --------------------------------------------------------------------------------

    def blocks(self, blocks: list[Json], level: int) -> list[Json]:
        """Blocks one below the other, at a level of nesting that counts from 1."""
        return [self._block(block, level) for block in blocks]

    def _block(self, block: Json, level: int) -> Json:
        self._one_more(level)
        kind = block["type"]
        _check(kind, block)
        if kind == "anchor":
            self.anchors.add(block["name"])
        result = {name: self._field(kind, name, value, level) for name, value in block.items()}
        if kind == "photo" and block["photo"].get("has_spoiler"):
            result["has_spoiler"] = True
        return {name: value for name, value in result.items() if value is not False}

    def _field(self, kind: str, name: str, value: Any, level: int) -> Any:
        shown = value
        match name:
            case "caption" if kind == "photo":
                shown = {part: self._text(text, level) for part, text in value.items()}
            case "text" | "credit" | "summary" | "caption":
                shown = self._text(value, level, look=kind != "pre")
            case "blocks":
                shown = self.blocks(value, level + 1)
            case "items":
                shown = self._items(value, level + 1)
            case "cells":
                shown = [self._row(row, level + 1) for row in value]
            case "buttons":
                shown = [self._button(button, level) for button in value]
            case "photo":
                shown = self._photo(value)
        return shown

    def _items(self, items: list[Json], level: int) -> list[Json]:
        result: list[Json] = []
        last = 0
        for item in items:
            self._one_more(level)
            shown = {name: value for name, value in item.items() if value is not False}
            shown["label"] = BULLET
            if "value" in item or "type" in item:
                last = shown["value"] = item.get("value", last + 1)
                shown["type"] = item.get("type", "1")
                if shown["type"] not in TYPES:
                    raise rich_refused(f"a list item of the type {shown['type']!r}")
                shown["label"] = label(shown["type"], last)
            shown["blocks"] = self.blocks(item["blocks"], level + 1)
            result.append(shown)
        return result

    def _row(self, row: list[Json], level: int) -> list[Json]:
        self._one_more(level)
        cells = []
        for cell in row:
            shown = {name: value for name, value in cell.items() if value is not False}
            if "text" in cell:
                shown["text"] = self._text(cell["text"], level)
            cells.append(shown)
        return cells

    def _photo(self, photo: Json) -> list[Json]:
        if photo["type"] != "photo":
            raise wrong(f"a photo block holds a media of the type {photo['type']!r}")
        self.media += 1
        if self.media > MEDIA:
            raise rich_refused(f"more than {MEDIA} media")
        return [self._world.pictures.take(photo["media"])]

    def _button(self, button: Json, level: int) -> Json:
        _check_button(button)
        return {**button, "text": self._text(button["text"], level, look=False)}

    def _one_more(self, level: int) -> None:
        self.count += 1
        if self.count > BLOCKS:
            raise rich_refused(f"more than {BLOCKS} blocks")
        _check_level(level)

    # --- Text ----------------------------------------------------------------------------------

    def _text(self, text: Any, level: int, *, look: bool = True) -> Any:
        if isinstance(text, str):
            return self._plain(text, look=look)
        if isinstance(text, list):
            return [self._text(part, level, look=look) for part in text]
        _check_level(level + 1)
        _check_text(text)
        kind = text["type"]
        if kind in {"anchor", "reference"}:
            self.anchors.add(text["name"])
        self.linked |= {text[name] for name in ("anchor_name", "reference_name") if name in text}
        shown = dict(text)
        if "text" in text:
            shown["text"] = self._text(text["text"], level + 1, look=look and kind in _STYLES)
        if kind == "button":
            shown["button"] = self._button(text["button"], level + 1)
        return shown

    def _plain(self, text: str, *, look: bool) -> Any:
        """A string, or its parts where Telegram finds something in it."""
        self.characters += len(text)
        if self.characters > CHARACTERS:
            raise bad_request("message is too long", breach="content")
        try:
            wide = text.encode("utf-16-le")
        except UnicodeEncodeError:
            raise bad_request("strings must be encoded in UTF-8", breach="content") from None
        parts: list[Any] = []
        at = 0
        for found in detect(text) if look and self._look else ():
            start, end = 2 * found["offset"], 2 * (found["offset"] + found["length"])
            parts.append(wide[at:start].decode("utf-16-le"))
            parts.append(_found(found["type"], wide[start:end].decode("utf-16-le")))
            at = end
        if not parts:
            return text
        return [part for part in (*parts, wide[at:].decode("utf-16-le")) if part]


def _found(kind: str, text: str) -> Json:
    name, field = _FOUND_FIELDS[kind]
    return {"type": name, "text": text, field: text.removeprefix("@")}


# --- Rules ---------------------------------------------------------------------------------------


def _check_level(level: int) -> None:
    if level > LEVELS:
        raise rich_refused(f"more than {LEVELS} levels")


def _check(kind: str, block: Json) -> None:
    """What the shape of a block does not say."""
    fault = None
    if kind == "heading" and not 1 <= block["size"] <= 6:
        fault = f"a heading of the size {block['size']}; there are 1 to 6"
    elif kind == "list" and not block["items"]:
        fault = "a list without items"
    elif kind == "anchor" and not block["name"]:
        fault = "an anchor without a name"
    elif kind == "buttons" and not 1 <= len(block["buttons"]) <= ROW_LIMIT:
        fault = f"a row of {len(block['buttons'])} buttons; there are 1 to {ROW_LIMIT}"
    elif kind == "buttons" and block.get("align", "left") not in _ALIGNS:
        fault = f"buttons aligned to {block['align']!r}"
    elif kind == "table":
        fault = _fault_of_table(block["cells"])
    if fault:
        raise rich_refused(fault)


def _fault_of_table(rows: list[list[Json]]) -> str | None:
    if not any(rows):
        return "a table without cells"
    for cell in (cell for row in rows for cell in row):
        if cell["align"] not in _ALIGNS or cell["valign"] not in _VALIGNS:
            return f"a cell aligned to {cell['align']!r}, {cell['valign']!r}"
        if cell.get("colspan", 1) < 1 or cell.get("rowspan", 1) < 1:
            return "a cell that spans nothing"
    if (width := _width(rows)) > COLUMNS:
        return f"a table of {width} columns; {COLUMNS} fit"
    return None


def _width(rows: list[list[Json]]) -> int:
    """The columns of the widest row, with the cells that reach into it from above."""
    widest = 0
    above: list[tuple[int, int]] = []
    for row in rows:
        cells = [(cell.get("colspan", 1), cell.get("rowspan", 1)) for cell in row] + above
        widest = max(widest, sum(columns for columns, _ in cells))
        above = [(columns, left - 1) for columns, left in cells if left > 1]
    return widest


def _check_text(text: Json) -> None:
    kind = text["type"]
    if kind == "date_time" and not DATE_FORMAT.fullmatch(text["date_time_format"]):
        raise rich_refused("a date of an unknown format")
    if kind in {"anchor", "reference"} and not text["name"]:
        raise rich_refused(f"{kind} without a name")
    if kind == "url" and (fault := links.fault_of(text["url"])):
        raise rich_refused(f"the address {text['url']!r}: {fault}")
    if kind == "email_address" and [e["type"] for e in detect(text["email_address"])] != ["email"]:
        raise bad_request("RICH_MESSAGE_EMAIL_INVALID", breach="content")


def _check_button(button: Json) -> None:
    actions = [name for name in ACTIONS if name in button]
    style = button.get("style", "primary")
    if len(actions) != 1:
        raise rich_refused(f"a button with {len(actions)} actions")
    if style not in _BUTTON_STYLES or (style == "link" and actions != ["callback_data"]):
        raise rich_refused(f"a {actions[0]} button of the style {style!r}")
    if not 1 <= len(button.get("callback_data", "-").encode()) <= DATA_BYTES:
        raise bad_request("BUTTON_DATA_INVALID", breach="content")
    if (url := button.get("url")) is not None and (fault := links.fault_of(url)):
        raise rich_refused(f"the address {url!r} of a button: {fault}")
    parts = button["text"] if isinstance(button["text"], list) else [button["text"]]
    if not all(isinstance(part, str) or part["type"] == "date_time" for part in parts):
        raise rich_refused("a button with formatted text")
