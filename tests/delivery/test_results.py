from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.delivery.alerts import Alerts
from bot.delivery.results import Finished, Halt, Results
from bot.delivery.verdict import Ended
from bot.i18n import load_translators
from bot.model import (
    Begun,
    Chat,
    ChatKind,
    Delivery,
    DeliveryState,
    Form,
    Priority,
    Reader,
)
from bot.storage import audience
from bot.storage.database import Database
from bot.telegram.session import make_bot
from sandbox.telegram import Telegram
from tests.storage.rows import add_broadcast

BLOCKED = Ended(DeliveryState.FAILED, "Forbidden: bot was blocked by the user", closed=True)
TRIPS = 41


@pytest.fixture
async def results(database: Database) -> AsyncIterator[Results]:
    async with Telegram() as tg:
        bot = make_bot(tg.token, tg.url)
        yield Results(Alerts(database, bot, (), load_translators("ru", "UTC")["ru"]))
        await bot.session.close()


def refused(broadcast_id: int, number: int, *, forced: bool = False) -> Finished:
    chat = Chat(number, ChatKind.PRIVATE)
    delivery = Delivery(
        broadcast_id=broadcast_id,
        article_id=broadcast_id,
        reader=Reader(number, chat, "ru", active=True),
        priority=Priority.NEWS,
        attempt=1,
        doubts=0,
        lease=1,
        missing_since=None,
    )
    begun = Begun(delivery, Form.FULL, revision=1)
    return Finished(replace(begun, forced=forced), BLOCKED)


async def test_a_breaker_that_trips_during_a_transaction_halts_in_the_next(
    database: Database, results: Results
) -> None:
    """It was forgotten: the broadcast went on, and its closed chats stayed closed."""
    now = datetime.now(UTC)
    number = await add_broadcast(database, now)
    async with database.write() as connection:
        await results.record(connection, results.take(), now)
        for reader in range(TRIPS):
            results.add(refused(number, reader))
    results.committed()
    async with database.write() as connection:
        notices = await results.record(connection, results.take(), now)
    results.committed()
    (halt,) = (notice for notice in notices if isinstance(notice, Halt))
    assert halt.closed == tuple(range(TRIPS))
    async with database.read() as connection:
        going = await audience.going(connection, now)
    assert going == []
    async with database.write() as connection:
        assert await results.record(connection, results.take(), now) == []


async def test_what_is_forced_says_nothing_of_others(database: Database, results: Results) -> None:
    """One reader who had blocked us once halted a broadcast beside one that went on by hand."""
    now = datetime.now(UTC)
    number = await add_broadcast(database, now)
    for reader in range(TRIPS):
        results.add(refused(number + 1, reader, forced=True))
    results.add(refused(number, TRIPS))
    async with database.write() as connection:
        notices = await results.record(connection, results.take(), now)
    assert notices == []
    async with database.read() as connection:
        assert len(await audience.going(connection, now)) == 1
