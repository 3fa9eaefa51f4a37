"""What a page that draws this Telegram needs: changes in order, menus, pictures, found links."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from aiogram import Bot
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    BotCommandScopeChatAdministrators,
    BotCommandScopeChatMember,
    BotCommandScopeDefault,
    BotCommandScopeUnion,
    BufferedInputFile,
    MenuButtonCommands,
)

from sandbox.telegram import Group, Person, Picture, Room, Telegram, detect, drawn_entities
from tests.sandbox.telegram.wires import PNG, Raw

WEBP = b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(16)


@pytest.fixture
def group(tg: Telegram, anna: Person) -> Group:
    return tg.group("Двор", [tg.person("Борис"), anna], supergroup=True)


# --- Changes -------------------------------------------------------------------------------------


async def test_messages_since_a_change_in_its_order(tg: Telegram, bot: Bot, anna: Person) -> None:
    boris = tg.person("Борис", started=True)
    first = await bot.send_message(anna.id, "раз")
    second = await bot.send_message(boris.id, "два")
    mark = tg.last_change
    assert tg.changed_since(mark) == []

    third = await bot.send_message(anna.id, "три")
    await bot.edit_message_text("раз!", chat_id=anna.id, message_id=first.message_id)
    await bot.delete_message(boris.id, second.message_id)

    changed = tg.changed_since(mark)
    assert [(m.chat.id, m.id, m.deleted) for m in changed] == [
        (anna.id, third.message_id, False),
        (anna.id, first.message_id, False),
        (boris.id, second.message_id, True),
    ]
    assert changed[1].text == "раз!"
    assert changed[-1].change == tg.last_change
    assert [m.text for m in tg.changed_since(0)] == ["три", "раз!", "два"]


async def test_following_costs_as_much_as_it_finds(tg: Telegram) -> None:
    people = tg.persons(500)
    for _ in range(100):
        for person in people:
            person._world.post(person.chat, person.user, {"text": "раз"})
    mark = tg.last_change
    person._world.post(person.chat, person.user, {"text": "два"})

    started = time.perf_counter()
    for _ in range(1000):
        found = tg.changed_since(mark)
    each = (time.perf_counter() - started) / 1000

    assert [message.text for message in found] == ["два"]
    assert len(tg.changed_since(0)) == 50_001
    assert each < 0.001


async def test_nothing_is_missed_between_looking_and_waiting(tg: Telegram, anna: Person) -> None:
    seen = tg.changes.number
    await anna.say("раз")

    async with asyncio.timeout(1):
        now = await tg.changes.next(seen)
        assert now == tg.changes.number > seen
        waiting = asyncio.create_task(tg.changes.next(now))
        await asyncio.sleep(0)
        assert not waiting.done()
        await anna.say("два")
        assert await waiting > now


async def test_everything_that_is_shown_announces_itself(
    tg: Telegram, bot: Bot, anna: Person, group: Group
) -> None:
    news = [BotCommand(command="news", description="Новости")]
    boris = group.members[0]

    async def plain(act: Callable[[], object]) -> None:
        act()

    acts: list[Callable[[], Coroutine[Any, Any, object]]] = [
        anna.block,
        anna.unblock,
        group.kick_bot,
        group.add_bot,
        lambda: plain(lambda: group.promote(anna)),
        lambda: plain(lambda: group.demote(anna)),
        lambda: plain(lambda: group.set_mute(True)),
        lambda: plain(lambda: tg.person("Вера")),
        lambda: plain(lambda: tg.group("Подъезд", [boris])),
        boris.delete_account,
    ]
    for number, act in enumerate(acts):
        seen = tg.changes.number
        await act()
        assert tg.changes.number > seen, number

    calls: list[Callable[[], Coroutine[Any, Any, object]]] = [
        lambda: bot.set_my_commands(news),
        bot.delete_my_commands,
        lambda: bot.set_my_description("Новости"),
        lambda: bot.set_my_name("Вестник"),
        lambda: bot.set_chat_menu_button(menu_button=MenuButtonCommands()),
        lambda: bot.leave_chat(group.id),
    ]
    for number, call in enumerate(calls):
        seen = tg.changes.number
        await call()
        # A request announces its arrival and its end; what it changed comes between the two.
        assert tg.changes.number - seen > 2, number


# --- The menu ------------------------------------------------------------------------------------


async def menu_of(tg: Telegram, room: Room, person: Person) -> str:
    return "".join(command["description"] for command in tg.commands_for(room, person))


async def test_the_menu_of_a_private_chat(tg: Telegram, bot: Bot, anna: Person) -> None:
    assert tg.commands_for(anna, anna) == []
    scopes: dict[str, BotCommandScopeUnion] = {
        "default": BotCommandScopeDefault(),
        "all private": BotCommandScopeAllPrivateChats(),
        "chat": BotCommandScopeChat(chat_id=anna.id),
    }
    await bot.set_my_commands(
        [BotCommand(command="a", description="группам")], scope=BotCommandScopeAllGroupChats()
    )
    shown = []
    for name, scope in scopes.items():
        for language in ("en", None, "ru"):
            command = BotCommand(command="a", description=f"{name} {language}")
            await bot.set_my_commands([command], scope=scope, language_code=language)
            shown.append(await menu_of(tg, anna, anna))

    assert shown == [
        "",
        "default None",
        "default ru",
        "default ru",
        "all private None",
        "all private ru",
        "all private ru",
        "chat None",
        "chat ru",
    ]
    english = tg.person("Ann", language="en-GB")
    assert await menu_of(tg, english, english) == "all private en"


async def test_the_menu_of_a_group(
    tg: Telegram, bot: Bot, raw: Raw, anna: Person, group: Group
) -> None:
    boris = group.members[0]
    group.chat.username = "dvor_chat"
    shown = []
    for scope in (
        BotCommandScopeDefault(),
        BotCommandScopeAllPrivateChats(),
        BotCommandScopeAllGroupChats(),
        BotCommandScopeAllChatAdministrators(),
        BotCommandScopeChat(chat_id="@dvor_chat"),
        BotCommandScopeChatAdministrators(chat_id=group.id),
        BotCommandScopeChatMember(chat_id=group.id, user_id=anna.id),
    ):
        await bot.set_my_commands([BotCommand(command="a", description=scope.type)], scope=scope)
        shown.append((await menu_of(tg, group, boris), await menu_of(tg, group, anna)))

    assert shown == [
        ("default", "default"),
        ("default", "default"),
        ("all_group_chats", "all_group_chats"),
        ("all_chat_administrators", "all_group_chats"),
        ("chat", "chat"),
        ("chat_administrators", "chat"),
        ("chat_administrators", "chat_member"),
    ]


async def test_the_description_in_a_language(tg: Telegram, bot: Bot) -> None:
    assert tg.description_for("ru") == ""
    await bot.set_my_description("News")
    await bot.set_my_description("Новости", language_code="ru")

    described = [tg.description_for(language) for language in ("ru", "ru-RU", "de", None)]
    assert described == ["Новости", "Новости", "News", "News"]


# --- Pictures ------------------------------------------------------------------------------------


async def test_pictures_are_kept(tg: Telegram, bot: Bot, anna: Person) -> None:
    ids = []
    for photo in (
        BufferedInputFile(PNG, "a.png"),
        BufferedInputFile(b"\xff\xd8\xff" + bytes(8), "a.jpg"),
        BufferedInputFile(b"GIF89a" + bytes(8), "a.gif"),
        BufferedInputFile(WEBP, "a.webp"),
        "https://example.org/a.jpg",
    ):
        sent = await bot.send_photo(anna.id, photo)
        assert sent.photo is not None
        ids.append(sent.photo[-1].file_id)

    kept = [tg.picture(file_id) for file_id in ids]
    assert kept[0] == Picture(PNG, "image/png")
    types = [picture.media_type for picture in kept if picture]
    assert types == ["image/png", "image/jpeg", "image/gif", "image/webp", None]
    assert kept[4] == Picture(url="https://example.org/a.jpg")
    assert tg.picture("photo-9") is None
    again = await bot.send_photo(anna.id, ids[0])
    assert again.photo is not None
    assert again.photo[-1].file_size == len(PNG)


# --- What Telegram finds in a text ---------------------------------------------------------------


def found(text: str) -> list[tuple[str, str]]:
    wide = text.encode("utf-16-le")
    return [
        (e["type"], wide[2 * e["offset"] : 2 * (e["offset"] + e["length"])].decode("utf-16-le"))
        for e in detect(text)
    ]


def test_what_is_found() -> None:
    assert found("😀 /news, пиши на redaktsiya@example.org или @anna_petrova (#мост)") == [
        ("bot_command", "/news"),
        ("email", "redaktsiya@example.org"),
        ("mention", "@anna_petrova"),
        ("hashtag", "#мост"),
    ]
    assert found("«https://example.org/a?b=1», https://example.org.") == [
        ("url", "https://example.org/a?b=1"),
        ("url", "https://example.org"),
    ]
    assert found("и/или, 1@2, а#б, https://") == []


def test_what_is_drawn() -> None:
    text = "/news @anna_petrova #мост https://example.org /stop"
    given = [
        {"type": "bold", "offset": 0, "length": 10},
        {"type": "text_link", "offset": 20, "length": 5, "url": "https://example.org"},
        {"type": "blockquote", "offset": 26, "length": 5},
    ]

    drawn = [(e["type"], e["offset"]) for e in drawn_entities(text, given)]

    assert drawn == [
        ("bold", 0),
        ("bot_command", 0),
        ("mention", 6),
        ("text_link", 20),
        ("blockquote", 26),
        ("bot_command", 46),
    ]
    assert drawn_entities(text, detect(text)) == detect(text)
    quoted = [{"type": "blockquote", "offset": 0, "length": len(text)}]
    assert len(drawn_entities(text, quoted)) == 6
    code = [{"type": "pre", "offset": 0, "length": len(text)}]
    assert drawn_entities(text, code) == code


async def test_what_is_found_is_not_kept_for_the_bot(bot: Bot, anna: Person) -> None:
    sent = await bot.send_message(anna.id, "https://example.org")

    assert sent.entities is None
    assert anna.messages[-1].entities == ()
