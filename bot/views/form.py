"""How much of a screen's looks Telegram takes."""

from __future__ import annotations

from dataclasses import replace

from bot.model import Form, Screen
from bot.render.text import plain_text


def in_form(screen: Screen, form: Form) -> Screen:
    """A screen as it is, without its picture, or with nothing that Telegram could refuse."""
    match form:
        case Form.FULL:
            return screen
        case Form.BARE:
            return replace(screen, image=None)
        case Form.PLAIN:
            rows = (tuple(button for button in row if button.data) for row in screen.keyboard)
            keyboard = tuple(row for row in rows if row)
            return Screen(plain_text(screen.body), keyboard=keyboard)
