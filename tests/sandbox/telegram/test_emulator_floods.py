"""How fast a bot may write, on a clock that the test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramRetryAfter

from sandbox.telegram import Flood, FloodRules, ManualClock, Telegram
from tests.sandbox.telegram.wires import open_bot

RULES = FloodRules(
    overall_per_second=5, per_chat_per_second=1, per_chat_burst=2, group_per_minute=20
)


@pytest.fixture
async def tg(clock: ManualClock) -> AsyncIterator[Telegram]:
    async with Telegram(clock=clock, flood=RULES) as telegram:
        yield telegram


@pytest.fixture
async def bot(tg: Telegram) -> AsyncIterator[Bot]:
    async with open_bot(tg) as bot:
        yield bot


async def flooded(bot: Bot, chat_id: int) -> int:
    with pytest.raises(TelegramRetryAfter) as caught:
        await bot.send_message(chat_id, "раз")
    return caught.value.retry_after


async def test_all_chats_together(tg: Telegram, bot: Bot, clock: ManualClock) -> None:
    readers = tg.persons(7)
    for reader in readers[:5]:
        await bot.send_message(reader.id, "раз")

    assert await flooded(bot, readers[5].id) == 1
    assert tg.ledger.requests[-1].description == "Too Many Requests: retry after 1"

    clock.advance(1)
    await bot.send_message(readers[6].id, "раз")
    assert tg.violations == []


async def test_a_private_chat_takes_a_burst(tg: Telegram, bot: Bot, clock: ManualClock) -> None:
    reader = tg.persons(1)[0]
    for _ in range(2):
        await bot.send_message(reader.id, "раз")

    assert await flooded(bot, reader.id) == 2
    clock.advance(2)
    await bot.send_message(reader.id, "раз")


async def test_a_group_takes_twenty_in_any_minute(
    tg: Telegram, bot: Bot, clock: ManualClock
) -> None:
    """A window, not a bucket: nothing drips back before the oldest is a minute old."""
    group = tg.group("Город", tg.persons(1))
    for _ in range(20):
        await bot.send_message(group.id, "раз")
        clock.advance(2)

    assert await flooded(bot, group.id) == 20
    clock.advance(20)
    await bot.send_message(group.id, "раз")
    assert tg.violations == []


async def test_edits_count_and_answers_do_not(tg: Telegram, bot: Bot, clock: ManualClock) -> None:
    reader = tg.persons(1)[0]
    sent = await bot.send_message(reader.id, "раз")
    await bot.edit_message_text("два", chat_id=reader.id, message_id=sent.message_id)

    assert await flooded(bot, reader.id) == 2
    await bot.get_me()
    assert await bot.send_chat_action(reader.id, "typing")


async def test_who_does_not_wait_is_recorded_and_waits_twice_as_long(
    tg: Telegram, bot: Bot, clock: ManualClock
) -> None:
    reader = tg.persons(1)[0]
    for _ in range(2):
        await bot.send_message(reader.id, "раз")
    assert await flooded(bot, reader.id) == 2

    clock.advance(1)
    assert await flooded(bot, reader.id) == 2

    assert [(v.kind, v.request) for v in tg.violations] == [("flood", 4)]
    clock.advance(2)
    await bot.send_message(reader.id, "раз")


async def test_what_was_on_its_way_is_no_violation(
    tg: Telegram, bot: Bot, clock: ManualClock
) -> None:
    reader = tg.persons(1)[0]
    for _ in range(2):
        await bot.send_message(reader.id, "раз")
    assert await flooded(bot, reader.id) == 2

    clock.advance(0.4)
    assert await flooded(bot, reader.id) == 2
    assert tg.violations == []


@pytest.mark.parametrize(("scope", "other_suffers"), [("chat", False), ("all", True)])
async def test_an_ordered_flood_is_enforced(
    tg: Telegram,
    bot: Bot,
    clock: ManualClock,
    *,
    scope: str,
    other_suffers: bool,
) -> None:
    one, two = tg.persons(2)
    tg.faults.add(Flood(30, "all" if scope == "all" else "chat"), method="sendMessage")

    assert await flooded(bot, one.id) == 30
    clock.advance(10)
    if other_suffers:
        assert await flooded(bot, two.id) == 40
    else:
        await bot.send_message(two.id, "раз")
    assert bool(tg.violations) == other_suffers

    clock.advance(40)
    await bot.send_message(one.id, "раз")


async def test_without_rules_nothing_is_too_fast() -> None:
    async with Telegram(clock=ManualClock()) as tg, open_bot(tg) as bot:
        reader = tg.persons(1)[0]
        for _ in range(50):
            await bot.send_message(reader.id, "раз")
        assert len(reader.messages) == 50
