"""A Telegram on a real socket, an aiogram bot that talks to it, and a client for raw requests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from typing import Any

import aiohttp
import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramAPIError

from sandbox.telegram import ManualClock, Person, Telegram
from tests.sandbox.telegram.wires import Raw, Refused, open_bot


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def tg(clock: ManualClock) -> AsyncIterator[Telegram]:
    async with Telegram(clock=clock) as telegram:
        yield telegram


@pytest.fixture
async def bot(tg: Telegram) -> AsyncIterator[Bot]:
    async with open_bot(tg) as bot:
        yield bot


@pytest.fixture
def anna(tg: Telegram) -> Person:
    return tg.person("Анна", started=True)


@pytest.fixture
async def raw(tg: Telegram) -> AsyncIterator[Raw]:
    async with aiohttp.ClientSession() as client:

        async def call(
            method: str, *, token: str = tg.token, http: str = "POST", **body: Any
        ) -> tuple[int, dict[str, Any]]:
            async with client.request(http, f"{tg.url}/bot{token}/{method}", **body) as response:
                return response.status, await response.json()

        yield call


@pytest.fixture
def refused() -> Refused:
    async def description(call: Awaitable[object]) -> str:
        with pytest.raises(TelegramAPIError) as caught:
            await call
        return caught.value.message

    return description
