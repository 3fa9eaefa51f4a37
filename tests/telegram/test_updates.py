"""Asking for updates: as they are, and none is lost by asking."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramConflictError

from bot.telegram.session import make_bot
from bot.telegram.updates import get_updates
from sandbox.telegram import Person, Telegram

KINDS = ("message", "callback_query", "my_chat_member")


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
def anna(tg: Telegram) -> Person:
    return tg.person("Анна", started=True)


async def test_updates_come_as_they_are(bot: Bot, tg: Telegram, anna: Person) -> None:
    await anna.say("привет")
    # Nothing that aiogram would understand: one such update would keep all others away.
    await anna.say_raw({"date": "yesterday", "text": ["?"], "new_field": {"a": 1}})
    first, second = await get_updates(bot, None, KINDS)
    assert first["message"]["text"] == "привет"
    assert second["message"]["text"] == ["?"]
    assert second["message"]["new_field"] == {"a": 1}
    assert second["update_id"] == first["update_id"] + 1
    assert tg.violations == []


async def test_asking_on_confirms(bot: Bot, tg: Telegram, anna: Person) -> None:
    for number in range(150):
        await anna.say(f"сообщение {number}")
    first = await get_updates(bot, None, KINDS)
    assert len(first) == 100
    assert await get_updates(bot, None, KINDS) == first
    rest = await get_updates(bot, first[-1]["update_id"] + 1, KINDS)
    assert len(rest) == 50
    assert tg.pending_updates == 50
    assert tg.violations == []


async def test_the_first_update_ends_the_wait(bot: Bot, tg: Telegram, anna: Person) -> None:
    asking = asyncio.create_task(get_updates(bot, None, KINDS))
    await tg.ledger.wait_for(lambda: tg.ledger.calls("getUpdates"))
    assert not asking.done()
    await anna.say("привет")
    (update,) = await asking
    assert update["message"]["text"] == "привет"
    assert tg.violations == []


async def test_a_cancelled_request_loses_nothing(bot: Bot, tg: Telegram, anna: Person) -> None:
    asking = asyncio.create_task(get_updates(bot, None, KINDS))
    await tg.ledger.wait_for(lambda: tg.ledger.calls("getUpdates"))
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await anna.say("привет")
    assert len(await get_updates(bot, None, KINDS)) == 1
    assert tg.violations == []


async def test_only_what_is_handled_is_asked_for(bot: Bot, tg: Telegram, anna: Person) -> None:
    said = await anna.say("привет")
    await get_updates(bot, None, KINDS)
    await anna.edit(said, "привет!")
    await anna.block()
    kinds = [set(update) - {"update_id"} for update in await get_updates(bot, None, KINDS)]
    assert kinds == [{"message"}, {"my_chat_member"}]
    assert tg.violations == []


async def test_another_process_with_the_token_is_noticed(bot: Bot, tg: Telegram) -> None:
    asking = asyncio.create_task(get_updates(bot, None, KINDS))
    await tg.ledger.wait_for(lambda: tg.ledger.calls("getUpdates"))
    other = asyncio.create_task(get_updates(bot, None, KINDS))
    with pytest.raises(TelegramConflictError):
        await asking
    other.cancel()
    await asyncio.gather(other, return_exceptions=True)
