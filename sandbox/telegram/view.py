"""A message as a person sees it, and how it looks printed in a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.telegram.chats import Message

Json = dict[str, Any]

WIDTH = 64
"""Columns of a transcript."""

_BUBBLE = 54
_ACTIONS_SHOWN = {"url": " ↗", "switch_inline_query": " ➦", "switch_inline_query_chosen_chat": " ➦"}


@dataclass(frozen=True, slots=True)
class Button:
    """A button under a message.

    Attributes:
        data: of a callback button, else None.
        url: of a link button, else None.
        fields: the whole InlineKeyboardButton object.
    """

    label: str
    data: str | None
    url: str | None
    fields: Json


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message as it stood at one moment.

    Attributes:
        id, chat_id: which message.
        sender: the name of who wrote it.
        own: whether it is the bot's.
        text: the text or the caption.
        entities: formatting of the text, as Telegram has it.
        buttons: rows of inline buttons.
        image: the address of the picture of the link preview, or the file_id of a photo, or None.
        preview: the link preview options, or None.
        silent: sent without a sound.
        edited: whether it was ever edited.
        deleted: whether it is gone.
        thread_id: the topic, or None.
        reply_to: the id of the message that it answers, or None.
        content: all fields of its content.
    """

    id: int
    chat_id: int
    sender: str
    own: bool
    text: str
    entities: tuple[Json, ...]
    buttons: tuple[tuple[Button, ...], ...]
    image: str | None
    preview: Json | None
    silent: bool
    edited: bool
    deleted: bool
    thread_id: int | None
    reply_to: int | None
    content: Json

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of all buttons, row by row."""
        return tuple(button.label for row in self.buttons for button in row)

    def button(self, which: str) -> Button:
        """A button by its label, else by its callback data, else by a part of its label.

        Raises:
            LookupError: there is none; the message is printed in the error.
        """
        every = [button for row in self.buttons for button in row]
        for fits in (
            lambda b: b.label == which,
            lambda b: b.data == which,
            lambda b: which in b.label,
        ):
            if found := next(filter(fits, every), None):
                return found
        raise LookupError(f"no button {which!r} in\n{self.render()}")

    def render(self, width: int = WIDTH) -> str:
        """The message as lines of plain text: a frame, the picture, the text, the buttons."""
        inner = min(_BUBBLE, width - 6)
        marks = " ✎" * self.edited + " 🔕" * self.silent + " ✗" * self.deleted
        title = f"─ {self.sender}{marks} "
        body = [f"[▣ {self.image}]"] if self.image else []
        body += self.text.split("\n") if self.text else []
        lines = [part for line in body for part in wrap(line, inner)]
        frame = [f"╭{title}{'─' * (inner + 2 - columns(title))}╮"]
        frame += [f"│ {pad(line, inner)} │" for line in lines]
        frame.append(f"╰{'─' * (inner + 2)}╯")
        frame += [_row(row, inner + 4) for row in self.buttons]
        indent = " " * (0 if self.own else width - inner - 4)
        return "\n".join(indent + line for line in frame)


def see(message: Message, bot_id: int) -> MessageView:
    """A message as it stands now."""
    content = message.content
    preview = content.get("link_preview_options")
    image = preview.get("url") if preview and not preview.get("is_disabled") else None
    if "photo" in content:
        image = content["photo"][-1]["file_id"]
    rows = (message.markup or {}).get("inline_keyboard", [])
    return MessageView(
        id=message.id,
        chat_id=message.chat.id,
        sender=message.chat.title if message.sender is None else message.sender.first_name,
        own=message.sender is None or message.sender.id == bot_id,
        text=message.text,
        entities=tuple(content.get("entities") or content.get("caption_entities") or ()),
        buttons=tuple(tuple(_button(fields) for fields in row) for row in rows),
        image=image,
        preview=preview,
        silent=message.silent,
        edited=message.edit_date is not None,
        deleted=message.deleted,
        thread_id=message.thread_id,
        reply_to=message.reply_to,
        content=content,
    )


def _button(fields: Json) -> Button:
    return Button(fields["text"], fields.get("callback_data"), fields.get("url"), fields)


def _row(row: tuple[Button, ...], width: int) -> str:
    """One row of buttons, sharing the width."""
    each = (width - len(row) + 1) // len(row)
    cells = []
    for button in row:
        mark = next((sign for name, sign in _ACTIONS_SHOWN.items() if name in button.fields), "")
        cells.append(f"[{pad(cut(button.label + mark, each - 2), each - 2, center=True)}]")
    return " ".join(cells)


def columns(text: str) -> int:
    """How many terminal columns a text takes, near enough."""
    return sum(map(_column, text))


def _column(character: str) -> int:
    if unicodedata.combining(character) or character in "\u200d\ufe0f\u2060":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def pad(text: str, width: int, *, center: bool = False) -> str:
    """Text with spaces up to a width."""
    room = max(width - columns(text), 0)
    left = room // 2 if center else 0
    return " " * left + text + " " * (room - left)


def cut(text: str, width: int) -> str:
    """Text that is no wider than a width, with an ellipsis where it was cut."""
    if columns(text) <= width:
        return text
    while text and columns(text) > width - 1:
        text = text[:-1]
    return text + "…"


def wrap(text: str, width: int) -> Iterator[str]:
    """Lines no wider than a width, broken at spaces where possible."""
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if columns(longer) <= width:
            line = longer
            continue
        if line:
            yield line
        line = word
        while columns(line) > width:
            head = cut(line, width + 1).removesuffix("…")
            yield head
            line = line[len(head) :]
    yield line
