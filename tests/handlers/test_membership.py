"""Where the bot is let in and shown out."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.model import DeliveryState
from bot.storage.broadcasts import add_broadcast
from sandbox.telegram import Person, Telegram
from tests.handlers.house import House
from tests.storage.rows import fan_out


async def active(house: House, chat_id: int) -> bool:
    (row,) = await house.rows("SELECT active FROM reader WHERE chat_id = :id", id=chat_id)
    return bool(row[0])


async def states(house: House) -> list[DeliveryState]:
    found = await house.rows("SELECT state FROM delivery")
    return [DeliveryState(state) for (state,) in found]


async def queue_a_push(house: House) -> None:
    now = datetime.now(UTC)
    article = await house.publish("Ещё одна", section="Город")
    async with house.database.write() as connection:
        await add_broadcast(connection, article, now)
    await fan_out(house.database, now)


async def subscribe(house: House, person: Person) -> None:
    shown = await house.shows(person, "/subscribe")
    await person.press(shown, "Город")
    await person.sees("1 раздел")


async def test_a_block_ends_what_waits_and_keeps_the_subscription(
    house: House, anna: Person, boris: Person, tg: Telegram
) -> None:
    await house.publish("Ледоход", section="Город")
    await subscribe(house, anna)
    await subscribe(house, boris)
    await queue_a_push(house)
    await anna.block()
    await house.handles(lambda update: update.my_chat_member)
    assert not await active(house, anna.id)
    assert await active(house, boris.id)
    assert sorted(await states(house)) == [DeliveryState.QUEUED, DeliveryState.CANCELLED]
    assert await house.subscribed(anna.id) == ["Город"]
    await queue_a_push(house)
    assert len(await states(house)) == 3  # nothing new for her
    assert tg.violations == []


async def test_unblocking_brings_back(house: House, anna: Person, tg: Telegram) -> None:
    await house.publish("Ледоход", section="Город")
    await subscribe(house, anna)
    await anna.block()
    await anna.unblock()
    await house.shows(anna, "/help")
    assert await active(house, anna.id)
    await queue_a_push(house)
    assert await states(house) == [DeliveryState.QUEUED]
    assert tg.violations == []


async def test_start_brings_back_where_telegram_told_nothing(
    house: House, anna: Person, tg: Telegram
) -> None:
    await house.publish("Ледоход", section="Город")
    await subscribe(house, anna)
    await house.change("UPDATE reader SET active = false")
    await house.shows(anna, "/start")
    assert await active(house, anna.id)
    assert await house.subscribed(anna.id) == ["Город"]
    assert tg.violations == []


async def test_an_answer_that_meets_a_block_is_remembered(
    house: House, anna: Person, boris: Person, tg: Telegram
) -> None:
    await house.shows(anna, "/help")
    await house.stop()
    await anna.say("/news")
    tg.ledger.world.chats[anna.id].bot = "kicked"  # blocked without the bot being told
    house.start()
    await tg.ledger.wait_for(
        lambda: any("blocked" in call.description for call in tg.ledger.calls("sendMessage"))
    )
    await house.stop()
    assert not await active(house, anna.id)
    assert tg.violations == []


async def test_a_group_that_shows_the_bot_out_and_in(
    house: House, anna: Person, tg: Telegram
) -> None:
    await house.publish("Ледоход", section="Город")
    group = tg.group("Двор", [anna])
    await group.sees("Здравствуйте")
    await anna.say("/subscribe", chat=group)
    await anna.press(await group.sees(), "Город")
    await group.sees("1 раздел")
    await group.kick_bot()
    await house.handles(lambda update: update.my_chat_member, times=2)
    assert not await active(house, group.id)
    group.mark()
    await group.add_bot()
    await group.sees("Здравствуйте")
    await anna.say("/help", chat=group)
    await group.sees("Что я умею")
    assert await active(house, group.id)
    assert await house.subscribed(group.id) == ["Город"]
    assert tg.violations == []
