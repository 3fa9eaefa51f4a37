"""The bot's process as tests and the demo hold it."""

from __future__ import annotations

import pytest

from sandbox import process
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
