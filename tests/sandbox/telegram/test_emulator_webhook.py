"""Updates by webhook: the secret, the order in each chat, and trying again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramConflictError
from aiohttp import web

from sandbox.telegram import Telegram
from tests.sandbox.telegram.wires import Refused


class Hook:
    """What a bot's own web server was given, and how it answers."""

    def __init__(self) -> None:
        self.url = ""
        self.came: list[tuple[int, str]] = []
        self.secrets: set[str | None] = set()
        self.broken = 0
        self.gates: dict[str, asyncio.Event] = {}
        self.enough = asyncio.Event()
        self.wanted = 0

    async def take(self, request: web.Request) -> web.Response:
        update: dict[str, Any] = await request.json()
        self.secrets.add(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        if self.broken:
            self.broken -= 1
            return web.Response(status=500)
        text = update["message"]["text"]
        if gate := self.gates.get(text):
            await gate.wait()
        self.came.append((update["message"]["chat"]["id"], text))
        if len(self.came) >= self.wanted:
            self.enough.set()
        return web.Response()

    async def take_until(self, count: int) -> list[tuple[int, str]]:
        self.wanted = count
        self.enough.clear()
        if len(self.came) < count:
            async with asyncio.timeout(5):
                await self.enough.wait()
        return self.came


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    hook = Hook()
    application = web.Application()
    application.router.add_post("/hook", hook.take)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield hook
    await runner.cleanup()


async def test_updates_come_with_the_secret_in_order(tg: Telegram, bot: Bot, hook: Hook) -> None:
    one, two = tg.persons(2)
    await one.say("до")
    await bot.set_webhook(hook.url, secret_token="s3cret", allowed_updates=["message"])
    for number in range(5):
        await one.say(f"а{number}")
        await two.say(f"б{number}")

    came = await hook.take_until(11)

    assert [text for chat, text in came if chat == one.id] == ["до", "а0", "а1", "а2", "а3", "а4"]
    assert [text for chat, text in came if chat == two.id] == ["б0", "б1", "б2", "б3", "б4"]
    assert hook.secrets == {"s3cret"}
    await tg.settled()
    assert (await bot.get_webhook_info()).pending_update_count == 0


async def test_one_slow_chat_does_not_hold_the_others(tg: Telegram, bot: Bot, hook: Hook) -> None:
    one, two = tg.persons(2)
    hook.gates["стой"] = asyncio.Event()
    await bot.set_webhook(hook.url)
    await one.say("стой")
    await one.say("потом")
    await two.say("раз")

    assert await hook.take_until(1) == [(two.id, "раз")]
    hook.gates["стой"].set()
    assert (await hook.take_until(3))[1:] == [(one.id, "стой"), (one.id, "потом")]


async def test_a_failure_is_tried_again(tg: Telegram, bot: Bot, hook: Hook) -> None:
    reader = tg.persons(1)[0]
    hook.broken = 2
    await bot.set_webhook(hook.url)
    await reader.say("раз")
    await reader.say("два")

    assert await hook.take_until(2) == [(reader.id, "раз"), (reader.id, "два")]
    info = await bot.get_webhook_info()
    assert info.last_error_message is not None
    assert "500" in info.last_error_message


async def test_polling_and_webhooks_exclude_each_other(
    tg: Telegram, bot: Bot, hook: Hook, refused: Refused
) -> None:
    poll = asyncio.create_task(bot.get_updates(timeout=30))
    await tg.ledger.wait_for(lambda: tg.ledger.calls("getUpdates"))
    await bot.set_webhook(hook.url)

    with pytest.raises(TelegramConflictError, match="terminated by setWebhook request"):
        await poll
    description = await refused(bot.get_updates())
    assert description == (
        "Conflict: can't use getUpdates method while webhook is active; "
        "use deleteWebhook to delete the webhook first"
    )
    await bot.delete_webhook(drop_pending_updates=True)
    assert (await bot.get_webhook_info()).url == ""
    assert await bot.get_updates() == []


@pytest.mark.parametrize(
    ("url", "secret", "description"),
    [
        ("example", None, "invalid webhook URL specified"),
        ("https://example.org/", "се крет", "secret token contains unallowed characters"),
    ],
)
async def test_webhooks_that_are_none(
    bot: Bot, refused: Refused, url: str, secret: str | None, description: str
) -> None:
    refusal = await refused(bot.set_webhook(url, secret_token=secret))

    assert refusal == f"Bad Request: {description}"
