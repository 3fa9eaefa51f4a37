"""The real process behind a webhook: kept, killed, and nothing lost."""

from __future__ import annotations

import pytest

from sandbox.telegram import Telegram
from tests.e2e.conftest import Start

SECRET = "a-secret-of-many-letters"


@pytest.fixture
def settings(unused_tcp_port: int) -> dict[str, str]:
    return {
        "WEBHOOK_URL": f"http://127.0.0.1:{unused_tcp_port}",
        "WEBHOOK_SECRET": SECRET,
        "WEB_PORT": str(unused_tcp_port),
        "LOG_LEVEL": "DEBUG",
    }


async def test_people_are_answered_by_webhook_before_and_after_a_kill(
    start: Start, telegram: Telegram, settings: dict[str, str]
) -> None:
    anna, boris = telegram.person("Анна"), telegram.person("Борис")
    async with start(**settings) as bot:
        await bot.logs("webhook set")
        await anna.say("/start")
        await anna.sees("Здравствуйте", timeout=45)
        await telegram.settled()
        await bot.kill()
    texts = [bot.text]
    await anna.say("/help")
    await anna.say("/language")
    await boris.say("/start")
    assert telegram.pending_updates == 3
    async with start(**settings) as bot:
        await anna.sees("На каком языке", timeout=45)
        await boris.sees("Здравствуйте")
        await telegram.settled()
        async with start("health", **settings) as asking:
            assert await asking.ended() == 0
        assert await bot.stop() == 0
    texts.append(bot.text)
    # What was answered right before the kill may be answered again; nothing is lost.
    answers = dict.fromkeys(message.text for message in telegram.ledger.messages(anna.id))
    starts = ("Здравствуйте", "Что я умею", "На каком языке")
    assert all(text.startswith(begin) for text, begin in zip(answers, starts, strict=True))
    assert telegram.ledger.calls("getUpdates") == []
    calls = telegram.ledger.calls("setWebhook")
    assert len(calls) == 2
    path = str(calls[0].params["url"]).rpartition("/")[2]
    assert len(path) == 64
    assert not any(hidden in text for text in texts for hidden in (path, SECRET))


async def test_asking_for_updates_again_takes_the_webhook_away(
    start: Start, telegram: Telegram, settings: dict[str, str]
) -> None:
    anna = telegram.person("Анна")
    async with start(**settings) as bot:
        await bot.logs("webhook set")
        assert await bot.stop() == 0
    await anna.say("/start")
    async with start():
        await anna.sees("Здравствуйте", timeout=45)
        assert telegram.ledger.calls("deleteWebhook")
