"""The rules of keyboards and of link previews."""

from __future__ import annotations

import json
from typing import Any

from sandbox.telegram import links
from sandbox.telegram.errors import ApiError, bad_request

Json = dict[str, Any]

BUTTON_LIMIT = 100
ROW_LIMIT = 8
DATA_BYTES = 64
MARKUP_BYTES = 10_000

ACTIONS = (
    "url",
    "callback_data",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
    "disabled",
)


def read_markup(markup: Json | None) -> Json | None:
    """A reply markup that Telegram would show, or None for none.

    Raises:
        ApiError: too many or too large buttons, or a button that cannot work.
    """
    if markup is None:
        return None
    compact = json.dumps(markup, ensure_ascii=False, separators=(",", ":"))
    if len(compact.encode()) > MARKUP_BYTES:
        raise _wrong("reply markup is too long")
    rows = markup.get("inline_keyboard")
    if rows is None:
        return markup
    if sum(map(len, rows)) > BUTTON_LIMIT:
        raise _wrong("reply markup is too long")
    for row in rows:
        if len(row) > ROW_LIMIT:
            raise _wrong(f"a row of {len(row)} inline keyboard buttons; {ROW_LIMIT} fit")
        for button in row:
            _check_button(button)
    kept = [row for row in rows if row]
    return {"inline_keyboard": kept} if kept else None


def _check_button(button: Json) -> None:
    if not button["text"].strip():
        raise _wrong("inline keyboard button text must be non-empty")
    empty = {name for name in ("url", "callback_data") if not button.get(name)}
    actions = [name for name in ACTIONS if name in button and name not in empty]
    if not actions:
        raise _wrong(
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"
        )
    if len(actions) > 1:
        raise _wrong(f"inline keyboard button has several actions: {', '.join(actions)}")
    if len(button.get("callback_data", "").encode()) > DATA_BYTES:
        raise _wrong("BUTTON_DATA_INVALID")
    if (url := button.get("url")) is not None:
        _check_url(url)


def _check_url(url: str) -> None:
    if links.is_mail(url):
        raise _wrong("BUTTON_URL_INVALID")
    if fault := links.fault_of(url):
        raise _wrong(f"inline keyboard button URL '{url}' is invalid: {fault}")


def read_preview(options: Json | None) -> tuple[Json | None, tuple[str, ...]]:
    """Link preview options and notes on what Telegram ignores in them.

    Raises:
        ApiError: the address of the preview cannot be one.
    """
    if options is None:
        return None, ()
    url = options.get("url", "")
    if url and links.fault_of(url):
        raise _wrong("WEBPAGE_URL_INVALID")
    notes = []
    if not url and (options.get("prefer_large_media") or options.get("prefer_small_media")):
        notes.append("the size of a link preview is ignored unless its url is set")
    if options.get("prefer_large_media") and options.get("prefer_small_media"):
        notes.append("a link preview cannot be both small and large")
    return options, tuple(notes)


def _wrong(text: str) -> ApiError:
    return bad_request(text, breach="content")
