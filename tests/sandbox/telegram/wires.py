"""How the tests of the emulator talk to it: an aiogram bot on the socket, and kinds of fixtures."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

from sandbox.telegram import Telegram

Raw = Callable[..., Awaitable[tuple[int, dict[str, Any]]]]
"""Calls a method with a body of one's own making; gives the status and the envelope."""

Refused = Callable[[Awaitable[object]], Awaitable[str]]
"""Awaits a call that must be refused; gives Telegram's description."""

PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)


@asynccontextmanager
async def open_bot(telegram: Telegram) -> AsyncIterator[Bot]:
    session = AiohttpSession(api=TelegramAPIServer.from_base(telegram.url))
    session._should_reset_connector = False
    async with aiohttp.ClientSession() as client:
        # Our own client: aiogram's close sleeps a quarter of a second each time.
        session._session = client
        yield Bot(telegram.token, session=session)
