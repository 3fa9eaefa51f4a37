"""The connection: what it reads, and how it behaves when Telegram asks to wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from aiogram import Bot
from aiogram.exceptions import ClientDecodeError, TelegramRetryAfter
from aiogram.types import ReplyParameters

from bot.model import Chat, ChatKind
from bot.telegram.pace import Lane, Pacer
from bot.telegram.session import ReplyLane, make_bot, safe_loads
from sandbox.telegram import Flood, Garbled, Person, Telegram


@dataclass
class Clock:
    """Seconds that a test sets."""

    at: float = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
async def tg() -> AsyncIterator[Telegram]:
    async with Telegram() as telegram:
        yield telegram


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pacer(clock: Clock) -> Pacer:
    return Pacer(10.0, clock=clock)


@pytest.fixture
async def bot(tg: Telegram, pacer: Pacer) -> AsyncIterator[Bot]:
    bot = make_bot(tg.token, tg.url)
    bot.session.middleware(ReplyLane(pacer))
    yield bot
    await bot.session.close()


@pytest.fixture
def anna(tg: Telegram) -> Person:
    return tg.person("Анна", started=True)


async def push_may_leave(pacer: Pacer) -> bool:
    """Whether a push could leave at this moment."""
    turn = asyncio.create_task(pacer.turn(Lane.NEWS, asyncio.Event()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    left = turn.done() and turn.result()
    turn.cancel()
    await asyncio.gather(turn, return_exceptions=True)
    return left


async def test_replies_are_paid_for_by_pushes(
    bot: Bot, pacer: Pacer, clock: Clock, anna: Person, tg: Telegram
) -> None:
    for _ in range(25):  # far more than a burst of pushes: a reply waits for nothing
        await bot.send_message(anna.id, "Ответ")
    assert not await push_may_leave(pacer)
    clock.at += 1.0  # ten more; still ten short
    assert not await push_may_leave(pacer)
    clock.at += 1.6
    assert await push_may_leave(pacer)
    assert tg.violations == []


async def test_what_costs_nothing_is_not_counted(bot: Bot, pacer: Pacer, tg: Telegram) -> None:
    for _ in range(25):
        await bot.get_me()
    assert await push_may_leave(pacer)
    assert tg.violations == []


async def test_one_chats_flood_wait_closes_that_chat_and_stops_no_push(
    bot: Bot, pacer: Pacer, clock: Clock, anna: Person, tg: Telegram
) -> None:
    """One person who pressed buttons too fast once kept every push back for 20 seconds."""
    tg.faults.add(Flood(30), method="sendMessage")
    with pytest.raises(TelegramRetryAfter) as caught:
        await bot.send_message(anna.id, "Ответ")
    assert caught.value.retry_after == 30
    assert await push_may_leave(pacer)
    chat = Chat(anna.id, ChatKind.PRIVATE)
    assert pacer.chat_wait(chat) == pytest.approx(30, abs=0.5)
    clock.at += 30.5
    assert pacer.chat_wait(chat) == 0
    assert tg.violations == []


async def test_flood_waits_of_two_chats_at_once_pause_the_pushes(
    bot: Bot, pacer: Pacer, clock: Clock, anna: Person, tg: Telegram
) -> None:
    boris = tg.person("Борис", started=True)
    tg.faults.add(Flood(30), method="sendMessage", times=2)
    for person in (anna, boris):
        with pytest.raises(TelegramRetryAfter):
            await bot.send_message(person.id, "Ответ")
    clock.at += 29
    assert not await push_may_leave(pacer)
    clock.at += 1.5
    assert await push_may_leave(pacer)


async def test_a_chat_that_has_to_wait_is_left_alone_and_others_are_not(
    bot: Bot, anna: Person, tg: Telegram
) -> None:
    boris = tg.person("Борис", started=True)
    tg.faults.add(Flood(30), method="sendMessage", chat_id=anna.id)
    for _ in range(3):
        with pytest.raises(TelegramRetryAfter) as caught:
            await bot.send_message(anna.id, "Ответ")
        assert 29 <= caught.value.retry_after <= 31
    assert len(tg.ledger.calls("sendMessage")) == 1
    await bot.send_message(boris.id, "Ответ")
    assert tg.violations == []


async def test_a_short_flood_wait_is_waited_out(anna: Person, tg: Telegram) -> None:
    bot = make_bot(tg.token, tg.url)
    bot.session.middleware(ReplyLane(Pacer(10.0)))
    tg.faults.add(Flood(1), method="sendMessage")
    await bot.send_message(anna.id, "Ответ")
    await bot.session.close()
    assert [message.text for message in tg.ledger.messages(anna.id)] == ["Ответ"]
    assert tg.violations == []


async def test_an_answer_that_is_no_json_is_an_error_of_its_own(
    bot: Bot, anna: Person, tg: Telegram
) -> None:
    tg.faults.add(Garbled(), method="sendMessage", after=True)
    with pytest.raises(ClientDecodeError):
        await bot.send_message(anna.id, "Ответ")
    assert tg.violations == []


async def test_a_rich_message_in_an_answer_is_not_read(
    bot: Bot, anna: Person, tg: Telegram
) -> None:
    # What the bot replies to comes back in the answer, body and all.
    text: object = "слово"
    for style in ("bold", "italic", "underline") * 5:
        text = {"type": style, "text": text}
    rich = await anna.say_raw({"rich_message": {"blocks": [{"type": "paragraph", "text": text}]}})
    sent = await bot.send_message(
        anna.id, "Ответ", reply_parameters=ReplyParameters(message_id=rich.id)
    )
    assert sent.text == "Ответ"
    assert sent.reply_to_message is not None
    assert tg.violations == []


def test_reading_changes_nothing_else() -> None:
    assert safe_loads('{"a": [1, 2.5, null, true, "rich_message"], "b": {}}') == {
        "a": [1, 2.5, None, True, "rich_message"],
        "b": {},
    }
    with pytest.raises(ValueError, match="Expecting"):
        safe_loads("<html>")
