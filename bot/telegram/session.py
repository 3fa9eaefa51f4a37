"""The connection to the Bot API: aiogram's, made safe against what people may send."""

from __future__ import annotations

import asyncio
import json
from math import ceil
from typing import Any, cast

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.session.middlewares.base import (
    BaseRequestMiddleware,
    NextRequestMiddlewareType,
)
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import ClientDecodeError, TelegramRetryAfter
from aiogram.methods import Response, TelegramMethod
from aiogram.methods.base import TelegramType
from aiohttp import FormData, StringPayload

from bot.telegram.pace import Pacer
from bot.telegram.prepared import CONTENT_TYPE, SendPrepared

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
        session=_Session(
            api=TelegramAPIServer.from_base(api_url),
            json_loads=safe_loads,
            timeout=_REQUEST_SECONDS,
        ),
    )


class _Session(AiohttpSession):
    """aiogram's session, whose every failure is one of aiogram's errors."""

    def build_form_data(self, bot: Bot, method: TelegramMethod[TelegramType]) -> FormData:
        """The body of a request; where it is written out already, as it is."""
        if isinstance(method, SendPrepared):
            body = StringPayload(method.form, content_type=CONTENT_TYPE)
            return cast(FormData, body)  # all that aiogram does with it is to hand it to aiohttp
        return super().build_form_data(bot, method)

    async def make_request(
        self,
        bot: Bot,
        method: TelegramMethod[TelegramType],
        timeout: int | None = None,  # noqa: ASYNC109 - aiogram's signature
    ) -> TelegramType:
        """One request; an answer in no known charset (a proxy's page) is one that is unreadable."""
        try:
            return await super().make_request(bot, method, timeout)
        except UnicodeDecodeError as error:
            raise ClientDecodeError("The answer is no text.", error, "") from error


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
    """Replies leave at once, pushes make room; a chat that has to wait is left alone."""

    def __init__(self, pacer: Pacer) -> None:
        self._pacer = pacer

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
            chat = getattr(method, "chat_id", None)
            self._pacer.reply(chat if isinstance(chat, int) else None)
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
        chat = getattr(method, "chat_id", None)
        if not isinstance(chat, int):
            return await make_request(bot, method)
        if (wait := self._pacer.closed_for(chat)) > 0:  # asking before the end makes it longer
            raise TelegramRetryAfter(method, "the chat has to wait", ceil(wait))
        try:
            return await make_request(bot, method)
        except TelegramRetryAfter as error:
            self._pacer.reply_flood(chat, error.retry_after)
            raise
