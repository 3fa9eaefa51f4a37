"""A broadcast was stopped: an administrator decides, by a button under what was told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from structlog.typing import EventDict

from bot.model import BroadcastState, Chat, ChatKind, DeliveryState
from bot.storage import broadcasts
from bot.telegram import show
from bot.views import alerts
from bot.views.alerts import Halted
from sandbox.telegram import MessageView, Person, Telegram
from tests.handlers.house import DELIVERY_TTL, House
from tests.storage.rows import broadcast_rows, fan_out

B = BroadcastState
S = DeliveryState


@pytest.fixture
def editor(asleep: House, tg: Telegram) -> Person:
    """An administrator of the house."""
    person = tg.person("Редактор", started=True)
    asleep.admin_ids.append(person.id)
    return person


async def broadcast(house: House, *readers: Person) -> int:
    """An article that waits for these readers; its broadcast's number."""
    await house.publish("Первая", section="Город")
    for reader in readers:
        await reader.press(await house.shows(reader, "/subscribe"), "Город")
        await reader.sees("1 раздел")
    article = await house.publish("Ледоход", section="Город")
    async with house.database.write() as connection:
        await broadcasts.add_broadcast(connection, article, datetime.now(UTC))
    await fan_out(house.database, datetime.now(UTC))
    ((number,),) = await house.rows("SELECT id FROM broadcast")
    return int(number)


async def told(house: House, person: Person, number: int) -> MessageView:
    """What an administrator is told once the broadcast was halted."""
    async with house.database.write() as connection:
        assert await broadcasts.halt(connection, number)
    t = house.translators["ru"]
    screen = alerts.halted(number, 2, "Forbidden: bot was blocked by the user", t)
    await show.send(house.bot, Chat(person.id, ChatKind.PRIVATE), screen)
    return await person.sees("остановлена")


async def found(house: House) -> tuple[BroadcastState, list[DeliveryState]]:
    ((state,),) = await house.rows("SELECT state FROM broadcast")
    rows = await house.rows("SELECT state FROM delivery ORDER BY reader_id")
    return BroadcastState(state), [DeliveryState(each) for (each,) in rows]


async def test_what_was_refused_is_tried_again_where_it_is_to_go_on(
    editor: Person, house: House, anna: Person, boris: Person, tg: Telegram
) -> None:
    number = await broadcast(house, anna, boris)
    await house.change("UPDATE delivery SET state = 4 WHERE reader_id = 1")
    message = await told(house, editor, number)
    answer = await editor.press(message, "Продолжать")
    assert answer.text == "Рассылка статьи продолжена."
    assert await found(house) == (B.OPEN, [S.QUEUED, S.QUEUED])
    shown = await editor.sees(lambda view: not view.labels)
    assert (shown.id, shown.text) == (message.id, message.text)
    assert tg.violations == []


async def test_what_goes_on_goes_on_for_as_long_as_the_operator_says(
    editor: Person, house: House, anna: Person, tg: Telegram
) -> None:
    """Once, it was a day, whatever DELIVERY_TTL said."""
    number = await broadcast(house, anna)
    message = await told(house, editor, number)
    before = datetime.now(UTC)
    await editor.press(message, "Продолжать")
    after = datetime.now(UTC)
    (row,) = await broadcast_rows(house.database)
    assert before + DELIVERY_TTL <= row.expires_at <= after + DELIVERY_TTL
    assert tg.violations == []


@pytest.mark.parametrize(("button", "deed"), [("Продолжать", "go on"), ("Закончить", "end")])
async def test_who_decided_what_is_logged_once(
    editor: Person,
    house: House,
    anna: Person,
    tg: Telegram,
    logs: list[EventDict],
    button: str,
    deed: str,
) -> None:
    number = await broadcast(house, anna)
    message = await told(house, editor, number)
    await editor.press(message, button)
    lines = [entry for entry in logs if entry["event"] == "decided by hand"]
    assert lines == [
        {
            "event": "decided by hand",
            "log_level": "info",
            "broadcast": number,
            "deed": deed,
            "admin": editor.id,
        }
    ]
    assert tg.violations == []


async def test_nobody_else_gets_what_is_ended(
    editor: Person, house: House, anna: Person, tg: Telegram
) -> None:
    number = await broadcast(house, anna)
    answer = await editor.press(await told(house, editor, number), "Закончить")
    assert answer.text == "Больше никто не получит эту статью."
    async with house.database.write() as connection:
        await broadcasts.settle_broadcasts(connection, datetime.now(UTC))
    assert await found(house) == (B.EXPIRED, [S.EXPIRED])
    assert tg.violations == []


async def test_what_another_administrator_decided_stays(
    editor: Person, house: House, anna: Person, tg: Telegram, logs: list[EventDict]
) -> None:
    number = await broadcast(house, anna)
    message = await told(house, editor, number)
    other = tg.person("Вторая", started=True)
    house.admin_ids.append(other.id)
    theirs = alerts.halted(number, 2, "?", house.translators["ru"])
    await show.send(house.bot, Chat(other.id, ChatKind.PRIVATE), theirs)
    await editor.press(message, "Закончить")
    answer = await other.press(await other.sees("остановлена"), "Продолжать")
    assert answer.text == "Это уже решено, или статья успела устареть."
    decided = [entry for entry in logs if entry["event"] == "decided by hand"]
    assert [entry["admin"] for entry in decided] == [editor.id]
    state, _ = await found(house)
    assert state is B.EXPIRED
    assert tg.violations == []


async def test_only_administrators_decide(
    editor: Person, house: House, anna: Person, tg: Telegram
) -> None:
    """One who was an administrator when it was told, and is none any more."""
    number = await broadcast(house, anna)
    message = await told(house, editor, number)
    house.admin_ids.clear()
    answer = await editor.press(message, "Продолжать")
    assert answer.alert
    assert await found(house) == (B.HALTED, [S.QUEUED])
    assert tg.violations == []


def test_the_button_holds_no_more_than_telegram_takes() -> None:
    assert len(Halted(broadcast=2**63 - 1, go_on=False).pack().encode()) <= 64
