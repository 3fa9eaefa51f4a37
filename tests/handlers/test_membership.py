"""Where the bot is let in and shown out."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from structlog.typing import EventDict

from bot.handlers import turns
from bot.model import DeliveryState
from bot.storage.broadcasts import add_broadcast
from sandbox.telegram import Person, Telegram
from tests.handlers.house import House, becomes
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


REFUSED = "BEFORE UPDATE ON {} BEGIN SELECT RAISE(ABORT, 'disk is full'); END"


async def break_table(house: House, table: str) -> None:
    await house.change(f"CREATE TRIGGER broken_{table} {REFUSED.format(table)}")


async def refusals(logs: list[EventDict], count: int) -> None:
    def told() -> bool:
        events = [entry["event"] for entry in logs]
        return events.count("update waits for the database") >= count

    await becomes(told)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What failed is tried again without a pause, and for as long as the test takes."""
    monkeypatch.setattr(turns, "_RETRY_SECONDS", 0.0)
    monkeypatch.setattr(turns, "_TRIES", 10**6)


@pytest.mark.usefixtures("at_once")
async def test_a_block_that_the_database_does_not_take_is_not_lost(
    house: House, anna: Person, boris: Person, tg: Telegram, logs: list[EventDict]
) -> None:
    """It once was put aside, and the reader written to for ever."""
    await house.shows(anna, "/help")
    await house.shows(boris, "/help")
    await break_table(house, "reader")
    await anna.block()
    await refusals(logs, 5)
    assert "Что я умею" in (await house.shows(boris, "/help")).text  # nobody waits for her
    await house.change("DROP TRIGGER broken_reader")
    await house.finds("SELECT active FROM reader ORDER BY id", [(0,), (1,)])
    await house.stop()
    assert await house.rows("SELECT DISTINCT state FROM incoming") == [(1,)]
    assert tg.violations == []


@pytest.mark.usefixtures("at_once")
async def test_a_move_that_the_database_does_not_take_is_not_lost(
    house: House, anna: Person, tg: Telegram, logs: list[EventDict]
) -> None:
    group = tg.group("Двор", [anna])
    await group.sees("Здравствуйте")
    await break_table(house, "reader")
    new = await group.upgrade()
    await refusals(logs, 3)
    await house.change("DROP TRIGGER broken_reader")
    await house.finds("SELECT chat_id FROM reader WHERE chat_id < 0", [(new.id,)])
    assert tg.violations == []


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("marks", ["taken", "refused"])
async def test_waiting_for_the_database_spends_no_start(
    house: House, anna: Person, logs: list[EventDict], marks: str
) -> None:
    """Whether the database takes starts back meanwhile or not, there is never more than one."""
    await house.shows(anna, "/help")
    await break_table(house, "reader")
    if marks == "refused":
        await house.change(
            "CREATE TRIGGER kept BEFORE UPDATE OF attempt ON incoming "
            "WHEN NEW.attempt < OLD.attempt BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
        )
    await anna.block()
    await refusals(logs, 40)
    attempts = "SELECT attempt FROM incoming WHERE state = 0"
    assert await house.rows(attempts) in ([(0,)], [(1,)])
    await house.stop()
    assert await house.rows(attempts) == [(1 if marks == "refused" else 0,)]
    await house.change("DROP TRIGGER broken_reader")
    house.start()
    await house.finds("SELECT active FROM reader", [(0,)])


async def test_what_alone_the_database_refuses_is_put_aside_in_the_end(
    house: House, anna: Person, logs: list[EventDict], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "_RETRY_SECONDS", 0.0)
    await house.shows(anna, "/help")
    await break_table(house, "reader")
    await anna.block()
    await house.finds(
        "SELECT error FROM incoming WHERE state = 2", [("StorageError: disk is full",)]
    )
    events = [entry["event"] for entry in logs]
    assert events.count("update waits for the database") == 30
    assert events.count("update put aside") == 1
