"""The whole house over real sockets: the bot's process, a Telegram and a newsroom."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from sandbox.fork_server import ForkServer
from sandbox.newsroom import Newsroom
from sandbox.process import BotProcess, Line
from sandbox.telegram import Telegram

Start = Callable[..., BotProcess]


def tells(event: str, **details: str) -> Callable[[Line], bool]:
    """Whether a line of the log tells of an event, with these details."""
    return lambda line: line == {**line, "event": event, **details}


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    async with Telegram() as emulator:
        yield emulator
        # A wrong token is part of one test; nothing else is ever refused.
        assert [v for v in emulator.violations if v.description != "Unauthorized"] == []


@pytest.fixture
async def newsroom() -> AsyncIterator[Newsroom]:
    async with Newsroom() as site:
        yield site


@pytest.fixture
def start(telegram: Telegram, newsroom: Newsroom, tmp_path: Path, fork_server: ForkServer) -> Start:
    """Makes a bot on a fresh SQLite file, reading the newsroom each second.

    With ``anew`` it is started as a person starts it, and nothing has been imported before.
    """

    def make(*arguments: str, anew: bool = False, **settings: str) -> BotProcess:
        return BotProcess(
            {
                "BOT_TOKEN": telegram.token,
                "BOT_API_URL": telegram.url,
                "SOURCES": newsroom.feed_url(),
                "POLL_SECONDS": "1",
                "PAGE_PAUSE": "0",
                "DATA_DIR": str(tmp_path / "data"),
                "ALLOW_PRIVATE_ADDRESSES": "true",
                **settings,
            },
            *arguments,
            fork_server=None if anew else fork_server,
        )

    return make
