"""Updates as they are, and asking for them: what they mean is found out one at a time, later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeGuard

from aiogram import Bot
from aiogram.exceptions import AiogramError
from aiogram.methods import TelegramMethod

from bot.errors import TokenRefusedError
from bot.telegram.outcome import Stop, outcome

_LONG_POLL_SECONDS = 30
_MOST = 2**63 - 1  # what a column of the database holds

RawUpdate = dict[str, Any]


class _GetUpdates(TelegramMethod[list[RawUpdate]]):
    """getUpdates without aiogram's types: one update that they refuse would block all others."""

    __returning__ = list[RawUpdate]
    __api_method__ = "getUpdates"

    offset: int | None = None
    limit: int = 100
    timeout: int = _LONG_POLL_SECONDS
    allowed_updates: list[str]


async def get_updates(bot: Bot, offset: int | None, allowed: Sequence[str]) -> list[RawUpdate]:
    """Updates from ``offset`` on, up to 100; waits for the first up to 30 s.

    Asking confirms to Telegram all updates before ``offset``. A cancelled request loses nothing.

    Raises:
        TelegramAPIError, ClientDecodeError: see ``outcome``.
    """
    method = _GetUpdates(offset=offset, allowed_updates=list(allowed))
    return await bot(method, request_timeout=_LONG_POLL_SECONDS + 15)


async def confirm_refusal(bot: Bot) -> None:
    """Ask whether the token is refused: only Telegram's word on who we are decides that.

    Raises:
        TokenRefusedError: it is.
    """
    try:
        await bot.get_me()
    except AiogramError as error:
        if isinstance(outcome(error), Stop):
            raise TokenRefusedError from error


def update_number(value: object) -> int | None:
    """The ``update_id`` of what came as an update; None where that is none."""
    number = value.get("update_id") if isinstance(value, dict) else None
    return number if _is_number(number) and number >= 0 else None


def chat_of_update(update: RawUpdate) -> int:
    """The chat that an update belongs to; 0 where it belongs to none."""
    for event in update.values():
        if isinstance(event, dict):
            place = event.get("message", event)
            chat = place.get("chat") if isinstance(place, dict) else None
            if isinstance(chat, dict) and _is_number(chat.get("id")):
                return int(chat["id"])
    return 0


def _is_number(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _MOST
