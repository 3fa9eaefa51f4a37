"""Almost all of a feed was new at once: an administrator decides whether it is pushed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.delivery.alerts import Alerts
from bot.model import BroadcastState
from bot.storage import broadcasts
from bot.views.alerts import HeldNews
from sandbox.telegram import Person, Telegram
from tests.handlers.house import DELIVERY_TTL, House
from tests.storage.rows import broadcast_rows

B = BroadcastState


@pytest.fixture
def editor(asleep: House, tg: Telegram) -> Person:
    """An administrator of the house."""
    person = tg.person("Редактор", started=True)
    asleep.admin_ids.append(person.id)
    return person


async def hold(house: House, *titles: str) -> None:
    for title in titles:
        article = await house.publish(title)
        async with house.database.write() as connection:
            await broadcasts.add_broadcast(connection, article, datetime.now(UTC), held=True)


def alerts_of(house: House) -> Alerts:
    return Alerts(house.database, house.bot, house.admin_ids, house.translators["ru"])


async def states(house: House) -> list[B]:
    return [B(row.state) for row in await broadcast_rows(house.database)]


@pytest.mark.parametrize(
    ("button", "said", "state"),
    [
        ("Разослать все", "Статьи рассылаются.", B.OPEN),
        ("Не рассылать", "Статьи останутся в списках, рассылки не будет.", B.EXPIRED),
    ],
)
async def test_one_press_decides_and_a_second_does_no_harm(
    editor: Person, house: House, tg: Telegram, button: str, said: str, state: B
) -> None:
    other = tg.person("Вторая", started=True)
    house.admin_ids.append(other.id)
    await hold(house, "Первая", "Вторая")
    await alerts_of(house)._look()
    message = await editor.sees("Почти всё")
    assert "1 · Первая\n2 · Вторая" in message.text
    assert "https://paper.example/feed" in message.text
    before = datetime.now(UTC)
    assert (await editor.press(message, button)).text == said
    assert await states(house) == [state, state]
    if state is B.OPEN:
        rows = await broadcast_rows(house.database)
        assert all(row.expires_at >= before + DELIVERY_TTL for row in rows)
    for again in ("Разослать все", "Не рассылать"):
        theirs = await other.sees("Почти всё")
        if theirs.labels:
            answer = await other.press(theirs, again)
            assert answer.text == "Это уже решено, или статьи успели устареть."
    assert await states(house) == [state, state]
    assert tg.violations == []


async def test_it_is_told_once_and_anew_with_what_came_since(
    editor: Person, house: House, tg: Telegram
) -> None:
    alerts = alerts_of(house)
    await hold(house, "Первая")
    await alerts._look()
    await alerts._look()
    assert len(editor.messages) == 1
    await hold(house, "Вторая")
    await alerts._look()
    first, second = editor.messages
    assert "2 · Вторая" in second.text
    await editor.press(first, "Разослать все")
    assert await states(house) == [B.OPEN, B.HELD]
    await alerts_of(house)._look()  # after a restart what is left is told again
    assert "1 · Первая" not in editor.messages[-1].text
    assert len(editor.messages) == 3
    assert tg.violations == []


async def test_only_administrators_decide(editor: Person, house: House, tg: Telegram) -> None:
    await hold(house, "Первая")
    await alerts_of(house)._look()
    message = await editor.sees("Почти всё")
    house.admin_ids.clear()
    assert (await editor.press(message, "Разослать все")).alert
    assert await states(house) == [B.HELD]


async def test_status_names_what_is_held(editor: Person, house: House, tg: Telegram) -> None:
    await hold(house, "Первая")
    shown = await house.shows(editor, "/status")
    assert "1 · Первая" in shown.text


def test_the_button_holds_no_more_than_telegram_takes() -> None:
    most = HeldNews(source=2**63 - 1, up_to=2**63 - 1, push=False)
    assert len(most.pack().encode()) <= 64
