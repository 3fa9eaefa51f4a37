"""A house that talks, and two people."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from bot.storage.database import Database
from sandbox.telegram import Person, Telegram
from tests.handlers.house import House, open_house


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[EventDict]]:
    """What was logged, not rendered: a traceback with all its values takes a second each."""
    with capture_logs() as entries:
        yield entries


@pytest.fixture
async def tg() -> AsyncIterator[Telegram]:
    async with Telegram() as telegram:
        yield telegram


@pytest.fixture
async def database(sqlite_url: str) -> AsyncIterator[Database]:
    async with Database.open(sqlite_url) as opened:
        yield opened


@pytest.fixture
async def asleep(tg: Telegram, database: Database) -> AsyncIterator[House]:
    """A house that the test starts."""
    async with open_house(tg, database) as house:
        yield house


@pytest.fixture
async def house(asleep: House) -> House:
    asleep.start()
    return asleep


@pytest.fixture
def anna(tg: Telegram) -> Person:
    return tg.person("Анна", started=True)


@pytest.fixture
def boris(tg: Telegram) -> Person:
    return tg.person("Борис", started=True)
