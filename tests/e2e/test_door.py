"""The door: hostile updates, wrong settings, a Telegram out of reach, and a token kept secret."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import Any

import pytest

from sandbox.process import FIRST_READ, ROOT
from sandbox.telegram import Telegram
from tests.e2e.conftest import Start


def nested(depth: int) -> dict[str, Any]:
    text: Any = "dark matter"
    for level in range(depth):
        style = ("bold", "italic", "underline", "strikethrough", "spoiler")[level % 5]
        text = {"type": style, "text": text}
    return {"blocks": [{"type": "paragraph", "text": text}]}


async def test_a_nested_rich_message_stalls_nobody(start: Start, telegram: Telegram) -> None:
    """Styles nested five deep once kept aiogram busy for seconds, each level for far longer."""
    mallory, anna = telegram.person("Мэллори"), telegram.person("Анна")
    async with start() as bot:
        await bot.logs("talking")
        await mallory.say("/start")
        await mallory.sees("Здравствуйте", timeout=20)
        for _ in range(5):
            await mallory.say_raw({"rich_message": nested(14)})
        await anna.say("/start")
        await anna.sees("Здравствуйте", timeout=10)
        assert await bot.stop() == 0


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"BOT_TOKEN": ""}, "BOT_TOKEN is not set"),
        ({"BOT_TOKEN": "not a token"}, "BOT_TOKEN is malformed"),
        ({"SOURCES": "ftp://example.org"}, "SOURCES is malformed"),
        ({"POLL_SECONDS": "soon"}, "POLL_SECONDS is malformed"),
        ({"DEFAULT_LOCALE": "xx"}, "DEFAULT_LOCALE is malformed"),
        ({"TIMEZONE": "Moscow"}, "TIMEZONE is malformed"),
        ({"DATABASE_URL": "mysql://u:hunter2@h/d"}, "DATABASE_URL is malformed"),
    ],
)
async def test_a_wrong_setting_ends_the_start_with_a_sentence(
    start: Start, settings: dict[str, str], says: str
) -> None:
    async with start(**settings) as bot:
        assert await bot.ended() == 2
    assert bot.text.startswith(says)
    assert bot.text.count("\n") == 1
    assert "Traceback" not in bot.text
    assert "hunter2" not in bot.text


async def test_a_refused_token_ends_the_start_with_a_sentence(start: Start) -> None:
    async with start(BOT_TOKEN="43:WRONG") as bot:
        assert await bot.ended() == 2
    assert "BOT_TOKEN is refused by Telegram" in bot.text
    assert "Traceback" not in bot.text
    assert "WRONG" not in bot.text


@pytest.mark.parametrize("form", ["json", "console"])
async def test_the_token_is_never_logged(start: Start, form: str) -> None:
    async with start(BOT_API_URL="http://127.0.0.1:1", LOG_LEVEL="DEBUG", LOG_FORMAT=form) as bot:
        await bot.logs_when(lambda line: "cannot be reached" in line["event"])
        assert await bot.stop() == 0
    assert "42:TEST" not in bot.text
    assert "42%3ATEST" not in bot.text


async def test_private_addresses_are_refused_by_default(start: Start) -> None:
    async with start(ALLOW_PRIVATE_ADDRESSES="false") as bot:
        line = await bot.logs("source not read")
        assert "private" in line["error"] or "public" in line["error"]


async def test_check_prints_what_would_be_read(start: Start) -> None:
    async with start("check", anew=True) as bot:
        assert await bot.ended() == 0
    assert "Settings: well" in bot.text
    assert "Database: well" in bot.text
    assert "Telegram: well" in bot.text
    assert "(news bot for Telegram); set CONTACT, so that they know whom to ask." in bot.text
    assert re.search(r"^  - 20\d\d-\d\d-\d\d \d\d:\d\d .+$", bot.text, re.MULTILINE)
    assert (
        "16 article(s) for the sections that they name, else the section “Город вместе”" in bot.text
    )


async def test_check_fails_on_a_source_that_cannot_be_read(start: Start) -> None:
    async with start("check", SOURCES="http://127.0.0.1:1/feed.xml") as bot:
        assert await bot.ended() == 1
    assert "cannot be read" in bot.text


async def test_health_is_asked_of_the_running_bot(start: Start, unused_tcp_port: int) -> None:
    port = {"WEB_PORT": str(unused_tcp_port)}
    async with start("health", **port) as asking:
        assert await asking.ended() == 1
    async with start(**port) as bot:
        await bot.logs("talking")
        async with start("health", **port) as asking:
            assert await asking.ended() == 0
        assert '"well": true' in asking.text


def folder_of(pid: int) -> Path:
    return Path(f"/proc/{pid}/cwd").resolve()


def environments_of_children(pid: int) -> list[bytes]:
    parents = {
        int(stat.parent.name): int(stat.read_text().rpartition(")")[2].split()[1])
        for stat in Path("/proc").glob("[0-9]*/stat")
    }
    children = [child for child, parent in parents.items() if parent == pid]
    return [Path(f"/proc/{child}/environ").read_bytes() for child in children]


async def test_the_process_sees_neither_our_environment_nor_our_env_file(start: Start) -> None:
    """The demo once wrote its articles into the database of the bot whose .env lay beside it."""
    async with start(anew=True) as bot:
        await bot.logs("talking")
        assert folder_of(bot.pid) != ROOT.resolve()


async def test_the_processes_that_parse_do_not_know_the_token(start: Start) -> None:
    async with start(anew=True) as bot:
        await bot.logs(FIRST_READ)
        environments = environments_of_children(bot.pid)
        assert environments
        assert not any(b"BOT_TOKEN" in environment for environment in environments)


async def test_a_port_that_is_taken_is_told_in_a_sentence(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with start(WEB_PORT=str(port)) as bot:
            assert await bot.ended() == 2
    assert "WEB_PORT cannot be listened on" in bot.text
    assert "Traceback" not in bot.text
