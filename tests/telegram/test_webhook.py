"""Setting the webhook: until it is set, again where it is taken away, and never in a log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from aiogram import Bot
from aiogram.types import WebhookInfo
from structlog.testing import capture_logs
from structlog.typing import EventDict

from bot.errors import TokenRefusedError
from bot.telegram import webhook
from bot.telegram.session import make_bot
from bot.telegram.webhook import WebhookKeeper, _Complaints
from sandbox.telegram import Flood, HtmlError, Refusal, Reset, Telegram

ADDRESS = "http://127.0.0.1:9/webhook/hidden-path"
SECRET = "a-secret-of-many-letters"


@pytest.fixture
async def tg() -> AsyncIterator[Telegram]:
    async with Telegram() as telegram:
        yield telegram


@pytest.fixture
async def bot(tg: Telegram) -> AsyncIterator[Bot]:
    bot = make_bot(tg.token, tg.url)
    yield bot
    await bot.session.close()


@pytest.fixture
def logs() -> Iterator[list[EventDict]]:
    with capture_logs() as entries:
        yield entries


@pytest.fixture(autouse=True)
def haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "_LOOK_SECONDS", 0.01)
    monkeypatch.setattr(webhook, "_FIRST_PAUSE", 0.01)


class Heard:
    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


@asynccontextmanager
async def kept(bot: Bot, heard: Heard | None = None) -> AsyncIterator[None]:
    keeper = WebhookKeeper(
        bot, address=ADDRESS, secret=SECRET, allowed=["message"], heard=heard or Heard()
    )
    stop = asyncio.Event()
    task = asyncio.create_task(keeper.run(stop))
    yield
    stop.set()
    await task


async def test_the_webhook_is_set_and_looked_after(bot: Bot, tg: Telegram) -> None:
    heard = Heard()
    anna = tg.person("Анна", started=True)
    await anna.say("до того")
    async with kept(bot, heard):
        await tg.ledger.wait_for(lambda: len(tg.ledger.calls("getWebhookInfo")) > 2)
    (call,) = tg.ledger.calls("setWebhook")
    assert call.params["url"] == ADDRESS
    assert call.params["secret_token"] == SECRET
    assert call.params["allowed_updates"] == ["message"]
    assert not call.params.get("drop_pending_updates")
    assert heard.count >= 3
    assert (await bot.get_webhook_info()).url == ADDRESS  # it stays when the process ends
    assert tg.pending_updates == 1
    assert tg.violations == []


@pytest.mark.parametrize(
    "fault",
    [HtmlError(), Reset(), Flood(retry_after=1), Refusal(400, "Bad Request: bad webhook: no host")],
)
async def test_it_is_tried_until_telegram_takes_it(
    bot: Bot, tg: Telegram, logs: list[EventDict], fault: HtmlError | Reset | Flood | Refusal
) -> None:
    tg.faults.add(fault, method="setWebhook", times=1 if isinstance(fault, Flood) else 3)
    async with kept(bot):
        await tg.ledger.wait_for(lambda: tg.ledger.calls("getWebhookInfo"))
    assert (await bot.get_webhook_info()).url == ADDRESS
    assert {"webhook not set", "webhook set"} == {entry["event"] for entry in logs}
    assert "hidden-path" not in str(logs)
    assert SECRET not in str(logs)


async def test_it_is_set_again_where_another_process_took_it_away(
    bot: Bot, tg: Telegram, logs: list[EventDict]
) -> None:
    async with kept(bot):
        await tg.ledger.wait_for(lambda: tg.ledger.calls("getWebhookInfo"))
        await bot.delete_webhook()
        await tg.ledger.wait_for(lambda: len(tg.ledger.calls("setWebhook")) == 2)
    assert (await bot.get_webhook_info()).url == ADDRESS
    warned = [entry["event"] for entry in logs if entry["log_level"] == "warning"]
    assert warned == ["the webhook was taken away: another process uses this token otherwise"]


async def test_several_processes_may_set_the_same(bot: Bot, tg: Telegram) -> None:
    async with kept(bot), kept(bot), kept(bot):
        await tg.ledger.wait_for(lambda: len(tg.ledger.calls("getWebhookInfo")) > 9)
    assert len(tg.ledger.calls("setWebhook")) == 3
    assert (await bot.get_webhook_info()).url == ADDRESS
    assert tg.violations == []


async def test_a_refused_token_ends_it(bot: Bot, tg: Telegram) -> None:
    for method in ("setWebhook", "getMe"):
        tg.faults.add(Refusal(401, "Unauthorized"), method=method, times=None)
    keeper = WebhookKeeper(bot, address=ADDRESS, secret=SECRET, allowed=[], heard=Heard())
    with pytest.raises(TokenRefusedError):
        await keeper.run(asyncio.Event())


async def test_what_telegram_complains_of_is_told(
    bot: Bot, tg: Telegram, logs: list[EventDict]
) -> None:
    async with kept(bot):
        await tg.person("Анна", started=True).say("туда никто не слушает")
        await tg.ledger.wait_for(
            lambda: any(e["event"].startswith("Telegram does not get through") for e in logs)
        )
        seen = len(tg.ledger.calls("getWebhookInfo"))
        await tg.ledger.wait_for(lambda: len(tg.ledger.calls("getWebhookInfo")) > seen + 3)
    (told,) = [e for e in logs if e["event"].startswith("Telegram does not get through")]
    assert "Connection failed" in told["said"]
    assert told["waiting"] == 1
    assert "hidden-path" not in str(logs)


@pytest.mark.parametrize(
    ("ages", "told"),
    [
        ([0], 1),
        ([0, 0], 1),
        ([3600], 0),  # of before our start, or long mended
        ([600, 0], 1),
    ],
)
def test_complaints_come_once_in_a_while(ages: list[int], told: int, logs: list[EventDict]) -> None:
    now = datetime.now(UTC)
    complaints = _Complaints()
    for number, age in enumerate(ages):
        info = WebhookInfo(
            url=ADDRESS,
            has_custom_certificate=False,
            pending_update_count=1,
            last_error_date=now - timedelta(seconds=age),
            last_error_message=f"Connection refused {number}",
        )
        complaints.tell(info, now)
        complaints.tell(info, now)
    assert len(logs) == told
