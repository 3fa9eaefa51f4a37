"""Sections toggled by a tap, everything ended by a word, and the way back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.i18n import load_translators
from bot.model import Chat, ChatKind
from bot.storage.articles import get_article
from bot.storage.broadcasts import add_broadcast
from bot.storage.outbox import claim
from bot.storage.placements import place
from bot.storage.sections import ensure_section
from bot.telegram import show
from bot.views.push import push
from sandbox.telegram import Answer, MessageView, Person, Telegram
from tests.handlers.house import House

POLITE = (
    "К сожалению, при сохранении подписки произошла ошибка. Ничего не потеряно и не изменилось. "
    "Пожалуйста, попробуйте ещё раз чуть позже."
)


@pytest.fixture
async def sections(house: House) -> None:
    """Three sections, an article each."""
    for title in ("Город", "Культура", "Спорт"):
        await house.publish(f"О разном: {title}", section=title)


async def tell(house: House, person: Person, article_id: int, by: int | None = None) -> MessageView:
    """A push of an article, as the sender makes it; ``by`` is the further section it comes by."""
    async with house.database.read() as connection:
        article = await get_article(connection, article_id, section_id=by)
    assert article is not None
    screen = push(article, load_translators("ru", "Europe/Moscow")["ru"])
    number = await show.send(house.bot, Chat(person.id, ChatKind.PRIVATE), screen)
    return person.message(number)


async def press(person: Person, shown: MessageView, button: str) -> tuple[Answer, MessageView]:
    answer = await person.press(shown, button)
    return answer, await person.sees()


async def break_saving(house: House) -> None:
    """From now on the database takes no change of a subscription."""
    for event in ("INSERT", "UPDATE", "DELETE"):
        await house.change(
            f"CREATE TRIGGER broken_{event} BEFORE {event} ON subscription "
            "BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
        )


async def mend_saving(house: House) -> None:
    for event in ("INSERT", "UPDATE", "DELETE"):
        await house.change(f"DROP TRIGGER broken_{event}")


async def test_nothing_to_subscribe_to_yet(house: House, anna: Person, tg: Telegram) -> None:
    shown = await house.shows(anna, "/subscribe")
    assert "Подписаться пока не на что" in shown.text
    assert tg.violations == []


@pytest.mark.usefixtures("sections")
async def test_each_section_is_toggled_by_a_tap(house: House, anna: Person, tg: Telegram) -> None:
    shown = await house.shows(anna, "/subscribe")
    assert "Выберите разделы" in shown.text
    assert shown.labels[:3] == ("▫️ Город", "▫️ Культура", "▫️ Спорт")
    answer, shown = await press(anna, shown, "Культура")
    assert (answer.text, answer.alert) == ("Подписка оформлена.", False)
    assert shown.labels[:3] == ("▫️ Город", "✅ Культура", "▫️ Спорт")
    assert "Спасибо за интерес к нашим материалам. Ваша подписка активирована: 1 раздел." in (
        shown.text
    )
    _, shown = await press(anna, shown, "Спорт")
    assert "2 раздела." in shown.text
    assert await house.subscribed(anna.id) == ["Культура", "Спорт"]
    answer, shown = await press(anna, shown, "Культура")
    assert answer.text == "Подписка отменена."
    assert await house.subscribed(anna.id) == ["Спорт"]
    assert len(tg.ledger.messages(anna.id)) == 1
    assert tg.violations == []


@pytest.mark.usefixtures("sections")
async def test_all_and_none(house: House, anna: Person, boris: Person, tg: Telegram) -> None:
    theirs = await house.shows(boris, "/subscribe")
    await press(boris, theirs, "Город")
    shown = await house.shows(anna, "/subscribe")
    answer, shown = await press(anna, shown, "Подписаться на всё")
    assert answer.text == "Вы подписаны на все нынешние разделы."
    assert "3 раздела." in shown.text
    assert await house.subscribed(anna.id) == ["Город", "Культура", "Спорт"]
    answer, shown = await press(anna, shown, "Отписаться от всего")
    assert answer.text == "Вы отписаны от всего."
    assert await house.subscribed(anna.id) == []
    assert await house.subscribed(boris.id) == ["Город"]
    assert tg.violations == []


@pytest.mark.usefixtures("sections")
async def test_a_double_tap_subscribes_once(house: House, anna: Person, tg: Telegram) -> None:
    shown = await house.shows(anna, "/subscribe")
    queries = [anna.tap(shown, "Город") for _ in range(3)]
    for query in queries:
        answer = await house.answers(query)
        assert answer["text"] == "Подписка оформлена."
    assert await house.subscribed(anna.id) == ["Город"]
    assert tg.violations == []


async def test_many_sections_come_in_pages(house: House, anna: Person, tg: Telegram) -> None:
    for number in range(45):
        await house.publish("Заметка", section=f"Рубрика {number:02} " + "и ещё слово " * 20)
    shown = await house.shows(anna, "/subscribe")
    for first in (0, 20, 40):
        assert shown.labels[0].startswith(f"▫️ Рубрика {first:02}")
        if first < 40:
            _, shown = await press(anna, shown, "›")
    _, shown = await press(anna, shown, "Рубрика 44")
    assert "✅ Рубрика 44" in "".join(shown.labels)  # still on the same page
    shown = await house.shows(anna, "/news")
    _, shown = await press(anna, shown, "📂 Разделы")
    _, shown = await press(anna, shown, "›")
    assert shown.labels[1].startswith("Рубрика 20")
    assert tg.violations == []


@pytest.mark.usefixtures("sections")
async def test_unsubscribe_and_undo_bring_back_what_ended(
    house: House, anna: Person, tg: Telegram
) -> None:
    shown = await house.shows(anna, "/subscribe")
    for title in ("Город", "Культура", "Спорт"):
        _, shown = await press(anna, shown, title)
    await press(anna, shown, "Культура")  # ended by hand, and before: it stays ended
    ended = await house.shows(anna, "/unsubscribe")
    assert "Подписка отменена: новые статьи больше приходить не будут." in ended.text
    assert await house.subscribed(anna.id) == []
    _, shown = await press(anna, ended, "↩️ Вернуть")
    assert "2 раздела." in shown.text
    assert await house.subscribed(anna.id) == ["Город", "Спорт"]
    await anna.press(ended, "↩️ Вернуть")
    assert await house.subscribed(anna.id) == ["Город", "Спорт"]
    assert tg.violations == []


@pytest.mark.usefixtures("sections")
async def test_undo_after_a_second_unsubscribe_is_of_its_own_time(
    house: House, anna: Person, tg: Telegram
) -> None:
    shown = await house.shows(anna, "/subscribe")
    _, shown = await press(anna, shown, "Город")
    first = await house.shows(anna, "/unsubscribe")
    shown = await house.shows(anna, "/subscribe")
    _, shown = await press(anna, shown, "Спорт")
    second = await house.shows(anna, "/unsubscribe")
    await press(anna, second, "↩️ Вернуть")
    assert await house.subscribed(anna.id) == ["Спорт"]
    await press(anna, first, "↩️ Вернуть")
    assert await house.subscribed(anna.id) == ["Город", "Спорт"]
    assert tg.violations == []


async def test_unsubscribe_without_a_subscription(house: House, anna: Person, tg: Telegram) -> None:
    assert "У вас нет подписок" in (await house.shows(anna, "/unsubscribe")).text
    assert "У вас нет подписок" in (await house.shows(anna, "/stop")).text
    assert tg.violations == []


@pytest.mark.usefixtures("sections")
async def test_what_cannot_be_saved_is_told_and_changes_nothing(
    house: House, anna: Person, tg: Telegram
) -> None:
    shown = await house.shows(anna, "/subscribe")
    _, shown = await press(anna, shown, "Город")
    pushed = await tell(house, anna, 1)
    ended_before = await house.shows(anna, "/unsubscribe")
    _, shown = await press(anna, ended_before, "↩️ Вернуть")
    await break_saving(house)
    presses = [
        (shown, "Спорт"),
        (shown, "Город"),
        (shown, "Подписаться на всё"),
        (shown, "Отписаться от всего"),
    ]
    presses += [(ended_before, "↩️ Вернуть"), (pushed, "🔕 Не присылать «Город»")]
    for message, button in presses[:4] + presses[5:]:
        answer = await anna.press(message, button)
        assert (answer.text, answer.alert) == (POLITE, True)
        assert anna.message(message.id).labels == message.labels
    assert (await house.shows(anna, "/unsubscribe")).text == POLITE
    assert await house.subscribed(anna.id) == ["Город"]
    await mend_saving(house)
    await press(anna, shown, "Спорт")
    assert await house.subscribed(anna.id) == ["Город", "Спорт"]
    assert tg.violations == []


@pytest.mark.usefixtures("sections")
async def test_undo_that_cannot_be_saved_is_told(house: House, anna: Person, tg: Telegram) -> None:
    shown = await house.shows(anna, "/subscribe")
    await press(anna, shown, "Подписаться на всё")
    ended = await house.shows(anna, "/unsubscribe")
    await break_saving(house)
    answer = await anna.press(ended, "↩️ Вернуть")
    assert (answer.text, answer.alert) == (POLITE, True)
    assert await house.subscribed(anna.id) == []
    await mend_saving(house)
    await press(anna, ended, "↩️ Вернуть")
    assert len(await house.subscribed(anna.id)) == 3
    assert tg.violations == []


@pytest.mark.usefixtures("sections")
async def test_a_lost_table_is_told_in_the_same_words(
    house: House, anna: Person, tg: Telegram
) -> None:
    shown = await house.shows(anna, "/subscribe")
    await house.change("ALTER TABLE subscription RENAME TO lost")
    answer = await anna.press(shown, "Спорт")
    assert (answer.text, answer.alert) == (POLITE, True)
    await house.change("ALTER TABLE lost RENAME TO subscription")
    assert await house.subscribed(anna.id) == []
    assert tg.violations == []


@pytest.mark.usefixtures("sections")
async def test_mute_and_again_from_a_push(house: House, anna: Person, tg: Telegram) -> None:
    shown = await house.shows(anna, "/subscribe")
    await press(anna, shown, "Подписаться на всё")
    pushed = await tell(house, anna, 2)
    assert pushed.labels == (
        "📖 Читать",
        "🌐 На сайте",
        "↗️ Поделиться",
        "🔕 Не присылать «Культура»",
    )
    answer, muted = await press(anna, pushed, "🔕")
    assert answer.text == "Новые статьи раздела «Культура» больше приходить не будут."
    assert muted.id == pushed.id
    assert muted.text == pushed.text
    assert muted.labels[-1] == "🔔 Снова присылать «Культура»"
    assert await house.subscribed(anna.id) == ["Город", "Спорт"]
    assert (await anna.press(pushed, "🔕")).text == answer.text  # pressed twice
    answer, again = await press(anna, muted, "🔔")
    assert answer.text == "Новые статьи раздела «Культура» снова будут приходить."
    assert again.labels == pushed.labels
    assert await house.subscribed(anna.id) == ["Город", "Культура", "Спорт"]
    assert tg.violations == []


@pytest.mark.usefixtures("sections")
async def test_a_push_mutes_the_section_that_brought_it(
    house: House, anna: Person, tg: Telegram
) -> None:
    """The article is of another section, and stands in this one, too."""
    shown = await house.shows(anna, "/subscribe")
    await press(anna, shown, "Спорт")
    async with house.database.write() as connection:
        now = datetime.now(UTC)
        sport = await ensure_section(connection, ("Спорт",), now)
        await add_broadcast(connection, 1, now)
        assert await place(connection, 1, sport, 1, now, goes_out=True)
        for _ in range(2):
            claimed = await claim(connection, lease=1, now=now, limit=9)
    assert [each.section_id for each in claimed] == [sport]
    pushed = await tell(house, anna, 1, by=sport)
    assert pushed.text.startswith("Спорт")
    answer, muted = await press(anna, pushed, "🔕 Не присылать «Спорт»")
    assert answer.text == "Новые статьи раздела «Спорт» больше приходить не будут."
    assert await house.subscribed(anna.id) == []
    await press(anna, muted, "🔔 Снова присылать «Спорт»")
    assert await house.subscribed(anna.id) == ["Спорт"]
    assert tg.violations == []


@pytest.fixture
async def tree(house: House) -> None:
    """A section with two below it, and one beside; articles 1 to 3."""
    for path in (("Новости", "Участники"), ("Новости", "События"), ("Спорт",)):
        await house.publish(f"О разном: {path[-1]}", section=path)


@pytest.mark.usefixtures("tree")
async def test_a_section_brings_those_below_it_and_one_of_them_can_be_left_out(
    house: House, anna: Person, tg: Telegram
) -> None:
    shown = await house.shows(anna, "/subscribe")
    assert shown.labels[:4] == ("▫️ Новости", "↳ ▫️ События", "↳ ▫️ Участники", "▫️ Спорт")
    _, shown = await press(anna, shown, "▫️ Новости")
    assert shown.labels[:4] == ("✅ Новости", "↳ ☑️ События", "↳ ☑️ Участники", "▫️ Спорт")
    assert "3 раздела." in shown.text
    answer, shown = await press(anna, shown, "События")
    assert answer.text == "Подписка отменена."
    assert shown.labels[:4] == ("✅ Новости", "↳ ▫️ События", "↳ ☑️ Участники", "▫️ Спорт")
    answer, shown = await press(anna, shown, "События")
    assert answer.text == "Подписка оформлена."
    assert shown.labels[:4] == ("✅ Новости", "↳ ☑️ События", "↳ ☑️ Участники", "▫️ Спорт")
    _, shown = await press(anna, shown, "✅ Новости")
    assert shown.labels[:4] == ("▫️ Новости", "↳ ▫️ События", "↳ ▫️ Участники", "▫️ Спорт")
    _, shown = await press(anna, shown, "Участники")
    assert shown.labels[:4] == ("▫️ Новости", "↳ ▫️ События", "↳ ✅ Участники", "▫️ Спорт")
    assert await house.subscribed(anna.id) == ["Участники"]
    assert tg.violations == []


@pytest.mark.usefixtures("tree")
async def test_a_push_of_a_section_that_came_with_another_is_muted_alone(
    house: House, anna: Person, tg: Telegram
) -> None:
    shown = await house.shows(anna, "/subscribe")
    await press(anna, shown, "▫️ Новости")
    pushed = await tell(house, anna, 1)
    answer, muted = await press(anna, pushed, "🔕")
    assert answer.text == "Новые статьи раздела «Участники» больше приходить не будут."
    shown = await house.shows(anna, "/subscribe")
    assert shown.labels[:3] == ("✅ Новости", "↳ ☑️ События", "↳ ▫️ Участники")
    assert (await anna.press(pushed, "🔕")).text == answer.text  # pressed twice
    await press(anna, muted, "🔔")
    shown = await house.shows(anna, "/subscribe")
    assert shown.labels[:3] == ("✅ Новости", "↳ ☑️ События", "↳ ☑️ Участники")
    assert tg.violations == []


@pytest.mark.usefixtures("sections")
async def test_a_push_turns_into_the_article(house: House, anna: Person, tg: Telegram) -> None:
    pushed = await tell(house, anna, 2)
    _, shown = await press(anna, pushed, "📖 Читать")
    assert shown.id == pushed.id
    assert "Абзац 1." in shown.text
    _, shown = await press(anna, shown, "« К списку")
    assert "Нажмите на заголовок" in shown.text
    assert tg.violations == []


@pytest.mark.usefixtures("sections")
async def test_muting_an_article_that_is_gone_says_so(
    house: House, anna: Person, tg: Telegram
) -> None:
    pushed = await tell(house, anna, 2)
    await house.change("DELETE FROM article WHERE id = 2")
    for button in ("🔕", "📖 Читать"):
        answer = await anna.press(pushed, button)
        assert (answer.text, answer.alert) == ("Эта статья больше недоступна.", True)
    assert tg.violations == []


@pytest.mark.usefixtures("sections")
async def test_muting_a_push_that_was_deleted_is_quiet(
    house: House, anna: Person, tg: Telegram
) -> None:
    shown = await house.shows(anna, "/subscribe")
    await press(anna, shown, "Подписаться на всё")
    pushed = await tell(house, anna, 2)
    tg.ledger.world.remove(tg.ledger.world.chats[anna.id].messages[pushed.id])
    assert "«Культура»" in (await anna.press(pushed, "🔕")).text
    assert await house.subscribed(anna.id) == ["Город", "Спорт"]
    await house.shows(anna, "/help")
    assert len(tg.ledger.messages(anna.id)) == 3
    assert tg.violations == []
