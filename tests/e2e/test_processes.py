"""Several processes on one database: who does what, and who takes over."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path

import pytest

from bot.app import run
from bot.errors import SettingsError
from bot.settings import Settings
from sandbox.newsroom import Newsroom
from sandbox.process import FIRST_READ, BotProcess, Line
from sandbox.telegram import Person, Telegram
from tests.e2e.conftest import Start, tells

TAKEOVER_SECONDS = 20.0  # what docs/operating.md promises
ROLES = ("read", "send")


@pytest.fixture(autouse=True)
def nobody_was_driven_out(telegram: Telegram) -> object:
    """Telegram answers one asker at a time; a second one would have met a conflict."""
    yield
    assert [call for call in telegram.ledger.calls("getUpdates") if call.status == 409] == []


async def says(bot: BotProcess, event: str, *roles: str, timeout: float = 90.0) -> None:  # noqa: ASYNC109 - as logs_when
    """Wait until it logs this event for each role; several that start at once take their time."""
    for role in roles:
        await bot.logs_when(tells(event, role=role), timeout=timeout)


async def leads(bot: BotProcess, *roles: str, timeout: float = 90.0) -> None:  # noqa: ASYNC109 - as logs_when
    await says(bot, "leading", *roles, timeout=timeout)


async def stands_by(bot: BotProcess, *roles: str) -> None:
    await says(bot, "standing by: another process leads", *roles)


async def subscribe(person: Person) -> None:
    await person.say("/subscribe")
    choices = await person.sees("Оставайтесь на связи", timeout=30)
    await person.press(choices, "Подписаться на всё")
    await person.sees("активирована", timeout=30)


def troubles(bot: BotProcess) -> list[Line]:
    return [line for line in bot.lines if line.get("level") in {"error", "critical"}]


async def test_two_processes_bring_the_news_once_and_one_takes_over_when_the_other_is_killed(
    start: Start, telegram: Telegram, newsroom: Newsroom, postgres_url: str
) -> None:
    """Both start on an empty database; who leads reads, sends and answers, the other waits."""
    anna = telegram.person("Анна")
    loop = asyncio.get_running_loop()
    settings = {"DATABASE_URL": postgres_url}
    async with start(**settings) as first:
        await leads(first, *ROLES)
        async with start(**settings) as second:
            await stands_by(second, *ROLES)
            await first.logs(FIRST_READ)
            await subscribe(anna)
            before = newsroom.publish(title="Одна на двоих", paragraphs=["Текст."])
            await anna.sees(before.title, timeout=30)

            await first.kill()
            killed = loop.time()
            meanwhile = newsroom.publish(title="Пока никого нет", paragraphs=["Текст."])
            await anna.say("/help")
            await leads(second, *ROLES)
            await anna.sees(meanwhile.title, timeout=TAKEOVER_SECONDS)
            assert loop.time() - killed < TAKEOVER_SECONDS
            await anna.sees("/news", timeout=30)

            after = newsroom.publish(title="И следующая", paragraphs=["Текст."])
            await anna.sees(after.title, timeout=30)
            for article in (meanwhile, after):
                assert telegram.ledger.copies(article.title) == {anna.id: 1}
            # The kill may have come before it was written down that this one had arrived.
            assert telegram.ledger.copies(before.title)[anna.id] in {1, 2}
            assert troubles(first) == troubles(second) == []
            assert await second.stop() == 0


async def test_a_clean_stop_hands_over_at_once(
    start: Start, telegram: Telegram, newsroom: Newsroom, postgres_url: str
) -> None:
    """As in an upgrade without a pause: the new one stands by when the old one is stopped."""
    anna = telegram.person("Анна")
    settings = {"DATABASE_URL": postgres_url}
    async with start(**settings) as old:
        await leads(old, *ROLES)
        await old.logs(FIRST_READ)
        await subscribe(anna)
        async with start(**settings) as new:
            await stands_by(new, *ROLES)
            assert await old.stop() == 0
            await leads(new, *ROLES, timeout=6)  # a lease that was not released takes longer
            published = newsroom.publish(title="Без перерыва", paragraphs=["Текст."])
            await anna.sees(published.title, timeout=30)
            assert telegram.ledger.copies(published.title) == {anna.id: 1}
            assert troubles(old) == troubles(new) == []
            assert await new.stop() == 0


async def test_one_process_reads_another_sends_a_third_is_asked_for_its_health(
    start: Start, telegram: Telegram, newsroom: Newsroom, postgres_url: str
) -> None:
    anna = telegram.person("Анна")
    shared = {"DATABASE_URL": postgres_url}
    ports = {name: str(free_port()) for name in ("send", "web")}
    async with (
        start(ROLES="read", **shared) as reads,
        start(ROLES="send,web", WEB_PORT=ports["send"], **shared) as sends,
        start(ROLES="web", WEB_PORT=ports["web"], **shared) as tells,
    ):
        await leads(reads, "read")
        await leads(sends, "send")
        await tells.logs("started", timeout=90)
        await reads.logs(FIRST_READ)
        await subscribe(anna)
        published = newsroom.publish(title="Из рук в руки", paragraphs=["Текст."])
        await anna.sees(published.title, timeout=30)
        assert telegram.ledger.copies(published.title) == {anna.id: 1}
        assert {line.get("role") for line in reads.lines if line["event"] == "leading"} == {"read"}
        assert {line.get("role") for line in sends.lines if line["event"] == "leading"} == {"send"}

        told = {}
        for name, port in ports.items():
            async with start("health", WEB_PORT=port, **shared) as asks:
                assert await asks.ended() == 0
                told[name] = json.loads(asks.text)
        assert (told["send"]["roles"], told["send"]["leads"]) == (["send", "web"], ["send"])
        assert told["send"]["telegram_silent_seconds"] < 60
        assert (told["web"]["roles"], told["web"]["leads"]) == (["web"], [])
        assert "telegram_silent_seconds" not in told["web"]
        for bot in (reads, sends, tells):
            assert troubles(bot) == []
            assert await bot.stop() == 0


async def test_a_process_that_would_have_nothing_to_do_does_not_start() -> None:
    settings = Settings(bot_token="42:TEST", sources="https://a.example/feed", roles="web")
    with pytest.raises(SettingsError, match="WEB_PORT is not set"):
        await run(settings)


async def test_a_second_process_on_sqlite_is_told_which_file_is_in_use(
    start: Start, tmp_path: Path
) -> None:
    """Checking is allowed meanwhile."""
    async with start() as first:
        await leads(first, *ROLES)
        async with start() as second:
            assert await second.ended() == 1
            file = tmp_path / "data" / "vestnik.db"
            assert second.text == (
                f"The database file {file} is in use by another process ({first.pid}): stop that "
                "one first, or set DATABASE_URL to PostgreSQL, which several processes may share.\n"
            )
        async with start("check") as check:
            assert await check.ended() == 0
        assert await first.stop() == 0


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        number: int = found.getsockname()[1]
        return number
