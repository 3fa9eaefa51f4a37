"""The connection to the Bot API: aiogram's, made safe against what people may send."""

from __future__ import annotations

import asyncio
import json
import time
from math import ceil
from typing import Any

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.session.middlewares.base import (
    BaseRequestMiddleware,
    NextRequestMiddlewareType,
)
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramRetryAfter
from aiogram.methods import Response, TelegramMethod
from aiogram.methods.base import TelegramType

from bot.telegram.pace import Pacer

# Telegram's server itself holds a request back for up to 8 s while it waits out a flood limit.
_REQUEST_SECONDS = 60.0
# A person waits this long for an answer rather than getting none.
_PATIENCE_SECONDS = 5
_MARGIN_SECONDS = 0.3  # retry_after is in whole seconds
_FREE = frozenset({"getUpdates", "getMe", "answerCallbackQuery"})


def make_bot(token: str, api_url: str) -> Bot:
    """A bot on the given Bot API server; close its ``session`` at the end."""
    return Bot(
        token,
        session=AiohttpSession(
            api=TelegramAPIServer.from_base(api_url),
            json_loads=safe_loads,
            timeout=_REQUEST_SECONDS,
        ),
    )


def safe_loads(text: str | bytes) -> Any:
    """JSON as Telegram sends it, without the bodies of rich messages.

    aiogram 3.31 tries nested rich text against each of its types at every level: styles nested
    five deep take seconds, each level more several times that, and nobody else is served
    meanwhile. The bot has no use for such a body; an empty one costs nothing.
    """
    return json.loads(text, object_hook=_without_rich_body)


def _without_rich_body(value: dict[str, Any]) -> dict[str, Any]:
    if "rich_message" in value:
        value["rich_message"] = {"blocks": []}
    return value


class ReplyLane(BaseRequestMiddleware):
    """Replies leave at once; pushes make room for them, and pause when Telegram asks to wait."""

    def __init__(self, pacer: Pacer) -> None:
        self._pacer = pacer
        self._closed_until: dict[int | str, float] = {}

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        """Meter one request; a short flood wait is waited out once.

        Raises:
            TelegramRetryAfter: the wait is long; this chat is not asked again before its end.
        """
        if method.__api_method__ not in _FREE:
            self._pacer.reply()
        try:
            return await self._ask(make_request, bot, method)
        except TelegramRetryAfter as error:
            if error.retry_after > _PATIENCE_SECONDS:
                raise
            await asyncio.sleep(error.retry_after + _MARGIN_SECONDS)
            return await self._ask(make_request, bot, method)

    async def _ask(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        chat: int | str | None = getattr(method, "chat_id", None)
        if chat in self._closed_until:
            wait = self._closed_until[chat] - time.monotonic()
            if wait > 0:  # asking before the end makes the wait longer
                raise TelegramRetryAfter(method, "the chat has to wait", ceil(wait))
            del self._closed_until[chat]
        try:
            return await make_request(bot, method)
        except TelegramRetryAfter as error:
            self._pacer.pause(error.retry_after)
            if chat is not None:
                self._closed_until[chat] = time.monotonic() + error.retry_after
            raise
