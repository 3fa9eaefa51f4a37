"""What the published figures rest on: the stub accepts, refuses and counts as it says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramRetryAfter

from benchmarks.stub import ACCEPTED, AMBIGUOUS, FLOODED, Fate, Scenario, Stub, stub
from bot.telegram.outcome import Doubtful, Outcome, RetryLater, Sent, outcome


@pytest.fixture(scope="module")
def server() -> Iterator[Stub]:
    with stub() as running:
        yield running


@asynccontextmanager
async def client(server: Stub) -> AsyncIterator[Bot]:
    async with Bot("42:TEST", AiohttpSession(api=TelegramAPIServer.from_base(server.url))) as bot:
        yield bot


async def test_every_copy_is_counted_for_its_chat_and_text(server: Stub) -> None:
    server.reset(Scenario())
    async with client(server) as bot:
        for chat, text in ((1, "Мост открыт"), (1, "Мост открыт"), (2, "Мост открыт"), (1, "&=+")):
            assert (await bot.send_message(chat, text)).text == text
        await bot.edit_message_text("Мост закрыт", chat_id=1, message_id=1)
    ledger = server.ledger()
    assert ledger.copies() == {(1, "Мост открыт"): 2, (2, "Мост открыт"): 1, (1, "&=+"): 1}
    assert server.accepted() == 4
    times = [arrival.at for arrival in ledger.arrivals]
    assert times == sorted(times)


async def test_the_limit_holds_in_any_one_second(server: Stub) -> None:
    server.reset(Scenario(limit=5))
    async with client(server) as bot:
        for number in range(5):
            await bot.send_message(number, "Мост открыт")
        with pytest.raises(TelegramRetryAfter) as refused:
            await bot.send_message(5, "Мост открыт")
    assert refused.value.retry_after == 1
    assert server.ledger().fates() == {Fate.ANSWERED: 5, Fate.LIMITED: 1}


@pytest.mark.parametrize("fate", sorted(set(Fate) - {Fate.CLOSED, Fate.LIMITED}))
async def test_each_fault_leaves_the_sender_knowing_what_it_says(server: Stub, fate: Fate) -> None:
    server.reset(Scenario(faults={fate: 1.0}, slow_seconds=(0.01, 0.02)))
    result: Outcome
    async with client(server) as bot:
        try:
            result = Sent((await bot.send_message(1, "Мост открыт")).message_id)
        except Exception as error:  # noqa: BLE001 - whatever aiogram makes of it
            result = outcome(error)
    assert server.accepted() == (fate in ACCEPTED)
    if fate in FLOODED:
        assert isinstance(result, RetryLater)
    elif fate in ACCEPTED - AMBIGUOUS:
        assert isinstance(result, Sent)
    else:
        assert isinstance(result, Doubtful)


async def test_nothing_is_accepted_before_a_flood_wait_is_over(server: Stub) -> None:
    server.reset(Scenario(faults={Fate.FLOOD: 1.0}, flood_seconds=(9, 9)))
    async with client(server) as bot:
        for _ in range(2):
            with pytest.raises(TelegramRetryAfter) as refused:
                await bot.send_message(1, "Мост открыт")
            assert refused.value.retry_after == 9
    assert server.ledger().fates() == {Fate.FLOOD: 1, Fate.CLOSED: 1}


async def test_updates_are_handed_out_until_they_are_confirmed(server: Stub) -> None:
    server.reset(Scenario())
    async with client(server) as bot:
        waiting = asyncio.create_task(bot.get_updates(timeout=50))
        user = {"id": 1, "is_bot": False, "first_name": "Анна"}
        message = {"message_id": 1, "date": 1, "chat": {"id": 1, "type": "private"}, "from": user}
        server.bring([{"message": {**message, "text": text}} for text in ("/news", "/start")])
        first = await waiting
        again = await bot.get_updates(timeout=0)
        rest = await bot.get_updates(offset=first[-1].update_id, timeout=0)
    texts = [[u.message.text for u in part if u.message] for part in (first, again, rest)]
    assert texts == [["/news", "/start"], ["/news", "/start"], ["/start"]]
