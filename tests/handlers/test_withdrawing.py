"""Administrators take an article back, and put it there again."""

from __future__ import annotations

import pytest

from sandbox.telegram import MessageView, Person, Telegram
from tests.handlers.house import House


@pytest.fixture
def editor(asleep: House, tg: Telegram) -> Person:
    """An administrator of the house."""
    person = tg.person("Редактор", started=True)
    asleep.admin_ids.append(person.id)
    return person


async def ask(house: House, editor: Person, number: int, command: str = "withdraw") -> MessageView:
    return await house.shows(editor, f"/{command} {number}")


async def withdrawn(house: House) -> list[int]:
    found = await house.rows("SELECT id FROM article WHERE withdrawn_at IS NOT NULL")
    return [number for (number,) in found]


async def test_an_article_is_withdrawn_after_a_question_and_restored(
    editor: Person, house: House, anna: Person, tg: Telegram
) -> None:
    number = await house.publish("Ошибка")
    question = await ask(house, editor, number)
    assert "Ошибка" in question.text
    assert "Сообщений с ней: 0." in question.text
    await editor.press(question, "Снять")
    assert (await editor.sees("Статья снята.")).id == question.id
    assert await withdrawn(house) == [number]
    assert "Ошибка" not in str((await house.shows(anna, "/news")).labels)
    assert "уже снята" in (await ask(house, editor, number)).text
    question = await ask(house, editor, number, "restore")
    await editor.press(question, "Вернуть")
    await editor.sees("Статья возвращена.")
    assert await withdrawn(house) == []
    assert "Ошибка" in str((await house.shows(anna, "/news")).labels)
    assert tg.violations == []


async def test_who_thinks_better_of_it_changes_nothing(
    editor: Person, house: House, tg: Telegram
) -> None:
    number = await house.publish("Всё верно")
    await editor.press(await ask(house, editor, number), "Отмена")
    await editor.sees("Ничего не изменилось.")
    assert await withdrawn(house) == []
    assert tg.violations == []


async def test_a_question_that_was_answered_elsewhere_does_nothing_twice(
    editor: Person, house: House, tg: Telegram
) -> None:
    number = await house.publish("Ошибка")
    one, two = [await ask(house, editor, number) for _ in range(2)]
    await editor.press(one, "Снять")
    await editor.sees("Статья снята.")
    await editor.press(two, "Снять")
    await editor.sees("уже снята")
    assert await house.rows("SELECT revision FROM article") == [(2,)]
    assert tg.violations == []


@pytest.mark.parametrize(
    "address",
    [
        "https://paper.example/1",
        "http://www.paper.example/1/?utm_source=chat",
        "https://m.paper.example/1#top",
    ],
)
async def test_an_article_is_named_by_its_address_as_people_copy_it(
    editor: Person, house: House, tg: Telegram, address: str
) -> None:
    await house.publish("По адресу")
    assert "По адресу" in (await house.shows(editor, f"/withdraw {address}")).text
    assert tg.violations == []


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("/withdraw", "Какую статью?"),
        ("/restore", "Какую статью?"),
        ("/withdraw 99", "Я не знаю статьи"),
        ("/withdraw https://paper.example/nothing", "Я не знаю статьи"),
        (f"/withdraw {'9' * 30}", "Я не знаю статьи"),
        ("/withdraw что-нибудь", "Я не знаю статьи"),
    ],
)
async def test_what_is_not_found_is_said(
    editor: Person, house: House, tg: Telegram, words: str, answer: str
) -> None:
    assert answer in (await house.shows(editor, words)).text
    assert tg.violations == []


async def test_nobody_else_may_and_nobody_anywhere_else(
    editor: Person, house: House, anna: Person, tg: Telegram
) -> None:
    number = await house.publish("Чужое")
    assert "/help" in (await ask(house, anna, number)).text
    group = tg.group("Редакция", [editor], supergroup=True)
    await editor.say(f"/withdraw@{tg.bot.user.username} {number}", chat=group)
    assert "Снять эту статью" not in (await group.sees()).text
    question = await ask(house, editor, number)
    yes = question.button("Снять").data
    assert yes is not None
    shown = await house.shows(anna, "/help")
    query = anna.send_callback(shown, yes)
    answer = await tg.changes.wait_for(lambda: query.answer, timeout=5)
    assert answer["show_alert"]
    assert await withdrawn(house) == []
    assert tg.violations == []


async def test_restoring_what_is_held_ends_the_looks_at_its_page(
    editor: Person, house: House, tg: Telegram
) -> None:
    number = await house.publish("Под вопросом")
    await house.change("UPDATE article SET gone = 2, check_at = created_at")
    assert "снята не будет" in (await ask(house, editor, number, "restore")).text
    assert await house.rows("SELECT gone, check_at FROM article") == [(0, None)]
    assert tg.violations == []


async def test_the_menu_of_an_administrator_stays_when_the_language_changes(
    editor: Person, house: House, tg: Telegram
) -> None:
    shown = await house.shows(editor, "/language")
    await editor.press(shown, "English")
    await editor.sees("Which language")
    assert "withdraw" in [each["command"] for each in tg.commands_for(editor, editor)]
    assert tg.violations == []
