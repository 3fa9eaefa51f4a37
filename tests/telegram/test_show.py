"""Screens on their way: as a new message, in the place of one, its buttons alone, and away."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError

from bot.model import Button, Chat, ChatKind, Entity, EntityKind, Screen, Text
from bot.telegram import show
from bot.telegram.outcome import Uneditable, outcome
from bot.telegram.session import make_bot
from sandbox.telegram import ManualClock, Person, Refusal, Telegram

BODY = Text("👍 Жирно и ссылка", (
    Entity(EntityKind.BOLD, 3, 5), Entity(EntityKind.LINK, 11, 6, "https://paper.example/a"),
))  # fmt: skip
PICTURE = "https://paper.example/river.jpg"
ROW = (Button("Раз", data="x:1"), Button("Сайт", url="https://paper.example/"))
SCREEN = Screen(BODY, PICTURE, (ROW,))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def tg(clock: ManualClock) -> AsyncIterator[Telegram]:
    async with Telegram(clock=clock) as telegram:
        yield telegram


@pytest.fixture
async def bot(tg: Telegram) -> AsyncIterator[Bot]:
    bot = make_bot(tg.token, tg.url)
    async with aiohttp.ClientSession() as client:
        assert isinstance(bot.session, AiohttpSession)
        # Our own client: aiogram's close sleeps a quarter of a second each time.
        bot.session._session = client
        bot.session._should_reset_connector = False
        yield bot


@pytest.fixture
def anna(tg: Telegram) -> Person:
    return tg.person("Анна", started=True)


@pytest.fixture
def chat(anna: Person) -> Chat:
    return Chat(anna.id, ChatKind.PRIVATE)


async def test_a_screen_as_a_message(bot: Bot, tg: Telegram, anna: Person, chat: Chat) -> None:
    number = await show.send(bot, chat, SCREEN)
    shown = anna.message(number)
    assert shown.text == BODY.plain
    assert [(e["type"], e["offset"], e["length"]) for e in shown.entities] == [
        ("bold", 3, 5),
        ("text_link", 11, 6),
    ]
    assert shown.image == PICTURE
    assert shown.labels == ("Раз", "Сайт")
    assert not shown.silent
    assert tg.violations == []


async def test_a_plain_screen_has_no_preview_and_may_be_silent(
    bot: Bot, tg: Telegram, anna: Person, chat: Chat
) -> None:
    number = await show.send(bot, chat, Screen(Text("https://paper.example/")), silent=True)
    shown = anna.message(number)
    assert shown.silent
    assert shown.preview == {"is_disabled": True}
    assert shown.buttons == ()
    assert tg.violations == []


@pytest.mark.parametrize("paid", [False, True])
async def test_stars_are_spent_only_where_that_is_asked(
    bot: Bot, tg: Telegram, chat: Chat, *, paid: bool
) -> None:
    await show.send(bot, chat, SCREEN, paid=paid)
    (request,) = tg.ledger.calls("sendMessage")
    assert request.params.get("allow_paid_broadcast", False) is paid
    assert tg.violations == []


async def test_a_topic_is_written_to(bot: Bot, tg: Telegram, anna: Person) -> None:
    forum = tg.group("Двор", [anna], forum=True)
    topic = await forum.add_topic("Новости")
    number = await show.send(bot, Chat(forum.id, ChatKind.SUPERGROUP, topic), SCREEN)
    assert forum.message(number).thread_id == topic
    assert tg.violations == []


async def test_a_screen_in_the_place_of_another(
    bot: Bot, tg: Telegram, anna: Person, chat: Chat
) -> None:
    number = await show.send(bot, chat, SCREEN)
    await show.edit(bot, chat, number, Screen(Text("Просто")))
    shown = anna.message(number)
    assert (shown.text, shown.buttons, shown.image) == ("Просто", (), None)
    await show.edit(bot, chat, number, SCREEN)
    assert anna.message(number).image == PICTURE
    await show.edit(bot, chat, number, SCREEN)  # not modified, which is what was asked for
    assert len(tg.ledger.messages(anna.id)) == 1
    assert tg.violations == []


@pytest.mark.parametrize(
    "refusal",
    [
        "Bad Request: message to edit not found",
        "BAD REQUEST: MESSAGE TO EDIT NOT FOUND",
        "Bad Request: message can't be edited",
        "Bad Request: MESSAGE_ID_INVALID",
        "Bad Request: there is no text in the message to edit",
    ],
)
async def test_what_cannot_be_edited_is_sent_anew(
    bot: Bot, tg: Telegram, anna: Person, chat: Chat, refusal: str
) -> None:
    number = await show.send(bot, chat, Screen(Text("Старое")))
    tg.faults.add(Refusal(400, refusal), method="editMessageText")
    await show.edit(bot, chat, number, SCREEN)
    old, new = tg.ledger.messages(anna.id)
    assert (old.text, new.text) == ("Старое", BODY.plain)
    tg.faults.add(Refusal(400, refusal), method="editMessageReplyMarkup")
    await show.edit_keyboard(bot, chat, number, (ROW,))
    assert len(tg.ledger.messages(anna.id)) == 2
    assert tg.violations == []


async def test_what_is_deleted_already_stays_so(
    bot: Bot, tg: Telegram, anna: Person, chat: Chat
) -> None:
    number = await show.send(bot, chat, SCREEN)
    kept = await show.send(bot, chat, SCREEN)
    for _ in range(2):
        await show.delete(bot, chat, number)
    assert (anna.message(number).deleted, anna.message(kept).deleted) == (True, False)
    assert len(tg.ledger.calls("deleteMessage")) == 2
    assert tg.violations == []


async def test_what_is_older_than_two_days_is_told_to_stay(
    bot: Bot, tg: Telegram, anna: Person, chat: Chat, clock: ManualClock
) -> None:
    number = await show.send(bot, chat, SCREEN)
    clock.advance(48 * 3600 + 1)
    with pytest.raises(TelegramBadRequest) as raised:
        await show.delete(bot, chat, number)
    assert outcome(raised.value) == Uneditable("Bad Request: message can't be deleted")
    assert not anna.message(number).deleted
    assert tg.violations == []


async def test_buttons_alone(bot: Bot, tg: Telegram, anna: Person, chat: Chat) -> None:
    number = await show.send(bot, chat, Screen(BODY, PICTURE))
    await show.edit_keyboard(bot, chat, number, (ROW,))
    await show.edit_keyboard(bot, chat, number, (ROW,))
    shown = anna.message(number)
    assert shown.labels == ("Раз", "Сайт")
    assert (shown.text, shown.image) == (BODY.plain, PICTURE)
    await show.edit_keyboard(bot, chat, number, ())
    assert anna.message(number).buttons == ()
    assert tg.violations == []


async def test_other_refusals_are_raised(bot: Bot, tg: Telegram, anna: Person, chat: Chat) -> None:
    number = await show.send(bot, chat, SCREEN)
    refused = Refusal(400, "Bad Request: BUTTON_DATA_INVALID")
    tg.faults.add(refused, method="editMessageText")
    with pytest.raises(TelegramBadRequest, match="BUTTON_DATA_INVALID"):
        await show.edit(bot, chat, number, Screen(Text("Новое")))
    tg.faults.add(refused, method="editMessageReplyMarkup")
    with pytest.raises(TelegramBadRequest, match="BUTTON_DATA_INVALID"):
        await show.edit_keyboard(bot, chat, number, ())
    await anna.block()
    with pytest.raises(TelegramForbiddenError):
        await show.send(bot, chat, SCREEN)
    assert tg.violations == []
