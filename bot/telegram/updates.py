"""Asking Telegram for updates, as they are: what they mean is found out one at a time, later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiogram import Bot
from aiogram.methods import TelegramMethod

_LONG_POLL_SECONDS = 30

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
