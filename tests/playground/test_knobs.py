"""The switches: each does its own harm, and none when it is off."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from sandbox.playground.knobs import Knobs
from sandbox.telegram import Person, Telegram
from tests.playground.stage import Mouth


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    async with Telegram() as telegram:
        yield telegram


@pytest.fixture
async def mouth(telegram: Telegram) -> AsyncIterator[Mouth]:
    async with aiohttp.ClientSession() as client:
        yield Mouth(telegram, client)


@pytest.fixture
def knobs(telegram: Telegram) -> Knobs:
    return Knobs(telegram)


@pytest.fixture
def anna(telegram: Telegram) -> Person:
    return telegram.person("Анна", started=True)


async def test_all_are_off_at_first(knobs: Knobs, mouth: Mouth, anna: Person) -> None:
    assert knobs.part() == {"slow": False, "floods": False, "down": False, "cut": False}
    for number in range(7):
        await mouth.say(anna, f"{number}")
    assert len(anna.messages) == 7


async def test_floods_strike_every_third_message(
    knobs: Knobs, telegram: Telegram, mouth: Mouth, anna: Person
) -> None:
    tom = telegram.person("Tom", started=True)
    await mouth.say(anna, "Не считается")
    knobs.turn("floods", on=True)
    await mouth.say(anna, "Раз")
    await mouth.say(anna, "Два")
    for person in (anna, tom):  # to whomever
        told = await mouth.call("sendMessage", chat_id=person.id, text="Три")
        assert told["parameters"] == {"retry_after": 2}
    knobs.turn("floods", on=False)
    await telegram.settled()
    assert [m.text for m in anna.messages] == ["Не считается", "Раз", "Два"]


async def test_down_takes_the_polls_with_it(knobs: Knobs, telegram: Telegram, mouth: Mouth) -> None:
    knobs.turn("down", on=True)
    for method in ("getMe", "getUpdates"):
        with pytest.raises(aiohttp.ContentTypeError, match="502"):
            await mouth.call(method)
    knobs.turn("down", on=False)
    assert (await mouth.call("getMe"))["id"] == 42
    assert await mouth.call("getUpdates") == []
    assert telegram.violations == []


async def test_cut_when_the_message_is_there(
    knobs: Knobs, telegram: Telegram, mouth: Mouth, anna: Person
) -> None:
    knobs.turn("cut", on=True)
    with pytest.raises(aiohttp.ClientError):
        await mouth.say(anna, "Дошло")
    assert (await mouth.call("getMe"))["id"] == 42
    await mouth.say(anna, "Каждое второе проходит")
    with pytest.raises(aiohttp.ClientError):
        await mouth.say(anna, "Тоже дошло")
    knobs.turn("cut", on=False)
    for text in ("И это", "И то"):
        await mouth.say(anna, text)
    assert len(anna.messages) == 5


async def test_slow(knobs: Knobs, telegram: Telegram, mouth: Mouth) -> None:
    knobs.turn("slow", on=True)
    await mouth.call("getMe")
    knobs.turn("slow", on=False)
    await mouth.call("getMe")
    await telegram.settled()
    slow, quick = telegram.ledger.calls("getMe")
    assert slow.finished is not None
    assert quick.finished is not None
    assert slow.finished - slow.arrived >= 1.5
    assert quick.finished - quick.arrived < 1.0


async def test_turning_again_and_again_leaves_nothing_behind(
    knobs: Knobs, telegram: Telegram, mouth: Mouth, anna: Person
) -> None:
    ordered = len(telegram.faults._ordered)
    for _ in range(50):
        for name in knobs.part():
            knobs.turn(name, on=True)
            knobs.turn(name, on=True)
        knobs.turn("floods", on=False)
        assert knobs.part() == {"slow": True, "floods": False, "down": True, "cut": True}
        for name in knobs.part():
            knobs.turn(name, on=False)
    assert len(telegram.faults._ordered) == ordered
    await mouth.say(anna, "Всё хорошо")
    with pytest.raises(KeyError):
        knobs.turn("volume", on=True)
