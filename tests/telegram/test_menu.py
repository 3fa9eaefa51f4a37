"""What Telegram shows of the bot before anybody writes to it."""

from __future__ import annotations

import pytest

from bot.i18n import load_translators
from bot.telegram.menu import menu, publish_admin_menus, publish_menu
from bot.telegram.session import make_bot
from sandbox.telegram import HtmlError, Refusal, Telegram

TRANSLATORS = load_translators("ru", "UTC")


async def test_the_menu_in_every_language() -> None:
    async with Telegram() as tg:
        bot = make_bot(tg.token, tg.url)
        await publish_menu(bot, "Вестник", TRANSLATORS)
        await publish_menu(bot, "Вестник", TRANSLATORS)  # every start does
        await bot.session.close()
        assert tg.violations == []
    assert set(tg.bot.commands) == {("default", ""), ("default", "ru"), ("default", "en")}
    assert set(tg.bot.descriptions) == set(tg.bot.short_descriptions) == {"", "ru", "en"}
    assert tg.bot.commands["default", ""] == tg.bot.commands["default", "ru"]
    assert tg.bot.descriptions[""] == tg.bot.descriptions["ru"]
    assert tg.bot.descriptions["en"].startswith("Вестник brings the news")
    assert "Свежие новости" in str(tg.bot.commands["default", "ru"])
    assert "Recent news" in str(tg.bot.commands["default", "en"])


@pytest.mark.parametrize("fault", [HtmlError(), Refusal(400, "Bad Request: no")])
async def test_a_language_that_is_not_taken_does_not_keep_the_others_away(
    fault: HtmlError | Refusal,
) -> None:
    async with Telegram() as tg:
        bot = make_bot(tg.token, tg.url)
        tg.faults.add(fault, method="setMyCommands")
        await publish_menu(bot, "Вестник", TRANSLATORS)
        await bot.session.close()
        assert tg.violations == []
    assert set(tg.bot.commands) == {("default", "ru"), ("default", "en")}


def test_every_command_is_one_that_people_find() -> None:
    for t in TRANSLATORS.by_locale.values():
        names = [command.command for command in menu(t)]
        assert names == ["news", "subscribe", "unsubscribe", "language", "help"]


async def test_administrators_find_their_commands_in_their_languages() -> None:
    """One who never wrote to the bot has no chat; the others get their menus all the same."""
    async with Telegram() as tg:
        editor, stranger, ann = (
            tg.person("Редактор", started=True),
            tg.person("Никто"),
            tg.person("Ann", started=True),
        )
        bot = make_bot(tg.token, tg.url)
        await publish_menu(bot, "Вестник", TRANSLATORS)
        languages = {editor.id: "ru", stranger.id: "ru", ann.id: "en"}
        await publish_admin_menus(bot, {n: TRANSLATORS[each] for n, each in languages.items()})
        await bot.session.close()
        shown = {
            person.name: {
                each["command"]: each["description"] for each in tg.commands_for(person, person)
            }
            for person in (editor, ann)
        }
        reader = tg.person("Анна", started=True)
        assert "withdraw" not in str(tg.commands_for(reader, reader))
        assert tg.violations == []
    assert shown["Редактор"]["withdraw"] == "Снять статью"
    assert shown["Ann"]["withdraw"] == "Withdraw an article"
    assert list(shown["Ann"])[-3:] == ["status", "withdraw", "restore"]
