"""What a bot says about itself: commands, descriptions, names, the menu button."""

from __future__ import annotations

import pytest
from aiogram import Bot
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    MenuButtonCommands,
    MenuButtonDefault,
)

from sandbox.telegram import Person, Telegram
from tests.sandbox.telegram.wires import Raw, Refused

NEWS = BotCommand(command="news", description="Новости")


async def test_commands_by_scope_and_language(tg: Telegram, bot: Bot, anna: Person) -> None:
    private = BotCommandScopeAllPrivateChats()
    await bot.set_my_commands([NEWS])
    await bot.set_my_commands([NEWS], scope=private, language_code="ru")
    await bot.set_my_commands([NEWS], scope=BotCommandScopeChat(chat_id=anna.id))

    assert [c.description for c in await bot.get_my_commands()] == ["Новости"]
    assert await bot.get_my_commands(scope=private) == []
    assert set(tg.bot.commands) == {
        ("default", ""),
        ("all_private_chats", "ru"),
        (f"chat:{anna.id}", ""),
    }
    await bot.delete_my_commands(scope=private, language_code="ru")
    assert await bot.get_my_commands(scope=private, language_code="ru") == []
    await bot.set_my_commands([])
    assert await bot.get_my_commands() == []


@pytest.mark.parametrize(
    ("name", "description", "refusal"),
    [
        ("", "а", "command must be non-empty"),
        ("a" * 33, "а", "command length must not exceed 32"),
        ("Новости", "а", "BOT_COMMAND_INVALID"),
        ("news", "  ", "command description must be non-empty"),
        ("news", "а" * 257, "command description length must not exceed 256"),
    ],
)
async def test_commands_that_are_none(
    bot: Bot, refused: Refused, name: str, description: str, refusal: str
) -> None:
    command = BotCommand(command=name, description=description)

    assert await refused(bot.set_my_commands([command])) == f"Bad Request: {refusal}"


async def test_a_hundred_commands(bot: Bot, refused: Refused) -> None:
    commands = [BotCommand(command=f"c{n}", description="а") for n in range(101)]

    assert await bot.set_my_commands(commands[:100])
    assert await refused(bot.set_my_commands(commands)) == "Bad Request: BOT_COMMANDS_TOO_MUCH"


async def test_scopes_that_are_none(raw: Raw) -> None:
    for scope in ({"type": "village"}, {"type": "chat"}, {"type": "default", "chat_id": 5}):
        status, envelope = await raw("getMyCommands", json={"scope": scope})
        assert status == 400
        assert "BotCommandScope" in envelope["description"]


async def test_texts_about_the_bot(tg: Telegram, bot: Bot, refused: Refused) -> None:
    await bot.set_my_description("Новости города", language_code="ru")
    await bot.set_my_description("News")
    await bot.set_my_short_description("Город")
    await bot.set_my_name("Vestnik", language_code="en")

    assert (await bot.get_my_description(language_code="ru")).description == "Новости города"
    assert (await bot.get_my_description(language_code="de")).description == "News"
    assert (await bot.get_my_short_description()).short_description == "Город"
    assert (await bot.get_my_name()).name == "Вестник"
    assert (await bot.get_my_name(language_code="en")).name == "Vestnik"
    assert tg.bot.descriptions == {"ru": "Новости города", "": "News"}

    assert "too long" in await refused(bot.set_my_description("а" * 513))
    assert "too long" in await refused(bot.set_my_short_description("а" * 121))
    assert "too long" in await refused(bot.set_my_name("а" * 65))
    assert "language" in await refused(bot.set_my_name("а", language_code="russian"))


async def test_the_menu_button(bot: Bot, anna: Person, raw: Raw) -> None:
    assert isinstance(await bot.get_chat_menu_button(), MenuButtonDefault)
    await bot.set_chat_menu_button(menu_button=MenuButtonCommands())

    assert isinstance(await bot.get_chat_menu_button(chat_id=anna.id), MenuButtonCommands)
    for button in ({"type": "lever"}, {"type": "web_app", "text": "а"}):
        assert (await raw("setChatMenuButton", json={"menu_button": button}))[0] == 400
