"""The bot's process as tests and the demo hold it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from sandbox import process
from sandbox.fork_server import ForkServer
from sandbox.process import BotProcess, Line


async def test_each_line_is_told_as_it_comes_and_kept() -> None:
    told: list[Line] = []
    async with BotProcess({}, on_line=told.append) as bot:
        assert await bot.ended() == 2
    assert told == list(bot.lines)
    assert told[0]["event"].startswith("BOT_TOKEN is not set")
    assert bot.text.startswith("BOT_TOKEN is not set")


async def test_of_a_very_long_log_the_end_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_LINES", 5)
    told: list[Line] = []
    async with BotProcess({}, "settings", on_line=told.append) as bot:
        assert await bot.ended() == 0
    assert len(told) > 20
    assert list(bot.lines) == told[-5:]
    assert bot.text.count("\n") == 5


async def test_a_fork_is_the_same_process(fork_server: ForkServer) -> None:
    async with BotProcess({}, "settings") as started:
        assert await started.ended() == 0
    async with BotProcess({}, "settings", fork_server=fork_server) as forked:
        assert await forked.ended() == 0
    assert forked.text == started.text


async def test_a_fork_knows_its_settings_and_nothing_else(fork_server: ForkServer) -> None:
    async with BotProcess({}, fork_server=fork_server) as bot:
        assert await bot.ended() == 2
    assert bot.text.startswith("BOT_TOKEN is not set")


async def test_a_start_that_is_given_up_leaves_no_process(fork_server: ForkServer) -> None:
    async with BotProcess({}, fork_server=fork_server) as bot:
        await bot.ended()
    nowhere = {
        "BOT_TOKEN": "42:TEST",
        "SOURCES": "http://127.0.0.1:1/",
        "BOT_API_URL": "http://[::1]:1",
    }
    for steps in range(20):
        starting = asyncio.create_task(fork_server.fork([], cwd="/", environment=nowhere))
        for _ in range(steps):
            await asyncio.sleep(0)
        starting.cancel()
        await asyncio.wait([starting])
    async with asyncio.timeout(30):
        while children(fork_server.pid):  # noqa: ASYNC110 - nothing announces their ends
            await asyncio.sleep(0)


def children(parent: int | None) -> list[Path]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(stat)
    return found
