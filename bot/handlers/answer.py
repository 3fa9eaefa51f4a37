"""What a handler answers; the edge shows it."""

from __future__ import annotations

from dataclasses import dataclass

from bot.model import Keyboard, Screen


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a person.

    Attributes:
        screen: a message of its own, or in the place of the one whose button was pressed.
        keyboard: new buttons for the message whose button was pressed; its text stays.
        toast: shown briefly over the chat when a button was pressed, else sent as a message.
        alert: whether the toast waits to be closed.
    """

    screen: Screen | None = None
    keyboard: Keyboard | None = None
    toast: str | None = None
    alert: bool = False
