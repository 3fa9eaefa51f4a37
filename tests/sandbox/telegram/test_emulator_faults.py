"""What goes wrong by order: before a message is in the chat, and after it."""

from __future__ import annotations

import asyncio

import pytest
from aiogram import Bot
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)

from sandbox.telegram import (
    Flood,
    Garbled,
    Hold,
    HtmlError,
    ManualClock,
    Person,
    Refusal,
    Reset,
    Silence,
    Telegram,
)
from sandbox.telegram.faults import Effect
from tests.sandbox.telegram.wires import open_bot


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    ("effect", "raised"),
    [
        (HtmlError(502), ClientDecodeError),
        (HtmlError(500), ClientDecodeError),
        (Garbled(), ClientDecodeError),
        (Reset(), TelegramNetworkError),
        (Refusal(500, "Internal Server Error: Request aborted"), TelegramServerError),
    ],
    ids=["502", "500", "garbled", "reset", "aborted"],
)
async def test_the_bot_sees_an_error_whether_or_not_it_was_sent(
    tg: Telegram,
    bot: Bot,
    anna: Person,
    effect: Effect,
    raised: type[Exception],
    *,
    after: bool,
) -> None:
    fault = tg.faults.add(effect, method="sendMessage", after=after)

    with pytest.raises(raised):
        await bot.send_message(anna.id, "раз")

    request = tg.ledger.calls("sendMessage")[0]
    assert request.accepted is after
    assert request.fault == f"{type(effect).__name__} {'after' if after else 'before'} acceptance"
    assert [view.text for view in anna.messages] == ["раз"] * after
    assert fault.hits == 1
    await bot.send_message(anna.id, "два")
    assert tg.violations == []


async def test_a_reset_is_a_reset_and_no_tidy_end(tg: Telegram) -> None:
    tg.faults.add(Reset())
    reader, writer = await asyncio.open_connection("127.0.0.1", int(tg.url.rpartition(":")[2]))
    writer.write(f"GET /bot{tg.token}/getMe HTTP/1.1\r\nHost: x\r\n\r\n".encode())

    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_silence_lasts_until_the_bot_gives_up(
    tg: Telegram, bot: Bot, anna: Person, *, after: bool
) -> None:
    tg.faults.add(Silence(), after=after)

    with pytest.raises(TelegramNetworkError, match="timeout"):
        await bot.send_message(anna.id, "раз", request_timeout=1)

    assert len(anna.messages) == after


async def test_a_silence_does_not_outlive_the_emulator(clock: ManualClock) -> None:
    telegram = Telegram(clock=clock)
    await telegram.start()
    async with open_bot(telegram) as bot:
        reader = telegram.persons(1)[0]
        telegram.faults.add(Silence())
        send = asyncio.create_task(bot.send_message(reader.id, "раз"))
        await telegram.ledger.wait_for(lambda: telegram.ledger.requests)

        await telegram.close()

        with pytest.raises(TelegramNetworkError):
            await send


@pytest.mark.parametrize(
    ("refusal", "raised"),
    [
        (Refusal(400, "Bad Request: can't parse entities"), TelegramBadRequest),
        (Refusal(403, "Forbidden: bot was blocked by the user"), TelegramForbiddenError),
    ],
)
async def test_any_refusal_may_be_ordered(
    tg: Telegram, bot: Bot, anna: Person, refusal: Refusal, raised: type[Exception]
) -> None:
    tg.faults.add(refusal, times=2)

    for _ in range(2):
        with pytest.raises(raised, match=refusal.description):
            await bot.send_message(anna.id, "раз")
    await bot.send_message(anna.id, "раз")
    assert len(anna.messages) == 1
    assert tg.violations == []


async def test_a_flood_by_order(tg: Telegram, bot: Bot, anna: Person) -> None:
    tg.faults.add(Flood(7))

    with pytest.raises(TelegramRetryAfter) as caught:
        await bot.send_message(anna.id, "раз")
    assert caught.value.retry_after == 7


async def test_filters(tg: Telegram, bot: Bot) -> None:
    one, two, three = tg.persons(3)
    tg.faults.add(Reset(), method="getMe", times=None)
    tg.faults.add(Reset(), chat_id=two.id)
    tg.faults.add(Reset(), when=lambda request: request.params["text"] == "стоп")
    tg.faults.add(Reset(), chat_id=three.id, skip=1)

    await bot.send_message(one.id, "раз")
    with pytest.raises(TelegramNetworkError):
        await bot.send_message(two.id, "раз")
    with pytest.raises(TelegramNetworkError):
        await bot.send_message(one.id, "стоп")
    await bot.send_message(three.id, "раз")
    with pytest.raises(TelegramNetworkError):
        await bot.send_message(three.id, "два")
    for _ in range(2):
        with pytest.raises(TelegramNetworkError):
            await bot.get_me()
    tg.faults.clear()
    await bot.get_me()


async def test_a_fault_can_be_cancelled(tg: Telegram, bot: Bot) -> None:
    fault = tg.faults.add(Reset(), times=None)
    fault.cancel()

    await bot.get_me()
    assert fault.hits == 0


async def test_polls_are_struck_only_by_name(tg: Telegram, bot: Bot, anna: Person) -> None:
    tg.faults.add(HtmlError(), times=None)
    await anna.say("раз")
    assert len(await bot.get_updates()) == 1

    tg.faults.add(HtmlError(), method="getUpdates")
    tg.faults.clear()
    tg.faults.add(Garbled(), method="getUpdates", after=True)
    with pytest.raises(ClientDecodeError):
        await bot.get_updates()
    assert len(await bot.get_updates()) == 1


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_requests_may_be_held_and_let_go(tg: Telegram, bot: Bot, *, after: bool) -> None:
    readers = tg.persons(3)
    hold = Hold()
    fault = tg.faults.add(hold, method="sendMessage", after=after, times=None)
    sends = [asyncio.create_task(bot.send_message(r.id, "раз")) for r in readers]

    await tg.ledger.wait_for(lambda: fault.hits == 3)
    assert len(tg.ledger.in_flight) == 3
    assert sum(tg.ledger.copies("раз").values()) == 3 * after

    hold.release()
    await asyncio.gather(*sends)
    assert tg.ledger.copies("раз") == dict.fromkeys([r.id for r in readers], 1)


async def test_copies_count_what_was_sent_not_what_became_of_it(
    tg: Telegram, bot: Bot, anna: Person
) -> None:
    first = await bot.send_message(anna.id, "Открыт мост")
    await bot.send_message(anna.id, "Открыт мост")
    await bot.edit_message_text("Страница 2", chat_id=anna.id, message_id=first.message_id)

    assert tg.ledger.copies("Открыт мост") == {anna.id: 2}
    assert tg.ledger.copies(lambda message: message.silent) == {}
