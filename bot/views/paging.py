"""Long choices in pages: Telegram takes at most 100 buttons, and nobody wants to see so many."""

from __future__ import annotations

from collections.abc import Callable

from aiogram.filters.callback_data import CallbackData

from bot.model import Button

MAX_CHOICES = 20


def paging_row(page: int, choices: int, data: Callable[[int], CallbackData]) -> tuple[Button, ...]:
    """Buttons to the pages before and after ``page``; empty where all fits on one."""
    last = max(0, choices - 1) // MAX_CHOICES
    row = []
    if page > 0:
        row.append(Button("‹", data=data(page - 1).pack()))
    if page < last:
        row.append(Button("›", data=data(page + 1).pack()))
    return tuple(row)
