"""The list, the choice of a section, an article page by page."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import chain
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.handlers import reading
from bot.model import Document, Screen
from bot.views.article import article_page
from sandbox.telegram import MessageView, Person, Telegram
from tests.handlers.house import House, paragraphs

NAVIGATION = {"‹ Новее", "Раньше ›", "📂 Разделы"}


def headlines(shown: MessageView) -> list[str]:
    """The titles on a list, without their dates."""
    return [label.split(" · ", 1)[1] for label in shown.labels if label not in NAVIGATION]


def bold(shown: MessageView) -> list[str]:
    """What is bold in a message."""
    units = shown.text.encode("utf-16-le")
    return [
        units[2 * e["offset"] : 2 * (e["offset"] + e["length"])].decode("utf-16-le")
        for e in shown.entities
        if e["type"] == "bold"
    ]


async def open_article(house: House, person: Person, title: str) -> MessageView:
    shown = await house.shows(person, "/news")
    await person.press(shown, title)
    return await person.sees(title)


def labelled(label: str) -> Callable[[MessageView], bool]:
    """Whether a message has a button that says so."""
    return lambda message: label in message.labels


async def test_no_news_yet(house: House, anna: Person, tg: Telegram) -> None:
    shown = await house.shows(anna, "/news")
    assert "Здесь пока ничего не опубликовано" in shown.text
    assert shown.labels == ()
    assert tg.violations == []


async def test_one_page_of_news_has_nowhere_else_to_go(
    house: House, anna: Person, tg: Telegram
) -> None:
    for number in range(1, 9):
        await house.publish(f"Новость {number}")
    shown = await house.shows(anna, "/news")
    assert headlines(shown) == [f"Новость {number}" for number in range(8, 0, -1)]
    assert not NAVIGATION & set(shown.labels)
    assert all(len(row) == 1 for row in shown.buttons)
    assert tg.violations == []


async def test_every_article_is_reached_downwards_and_upwards(
    house: House, anna: Person, tg: Telegram
) -> None:
    for number in range(1, 21):
        await house.publish(f"Новость {number}")
    shown = first = await house.shows(anna, "/news")
    pages = [headlines(shown)]
    while "Раньше ›" in shown.labels:
        await anna.press(shown, "Раньше ›")
        shown = await anna.sees("Новости")
        pages.append(headlines(shown))
        assert shown.id == first.id
    assert list(chain(*pages)) == [f"Новость {number}" for number in range(20, 0, -1)]
    back = [headlines(shown)]
    while "‹ Новее" in shown.labels:
        await anna.press(shown, "‹ Новее")
        shown = await anna.sees("Новости")
        back.append(headlines(shown))
    assert set(chain(*back)) == set(chain(*pages))
    assert back[-1] == pages[0]
    assert len(tg.ledger.messages(anna.id)) == 1
    assert tg.violations == []


async def test_articles_of_one_moment_are_all_reached(
    house: House, anna: Person, tg: Telegram
) -> None:
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    for number in range(20):
        await house.publish(f"Новость {number}", published=moment)
    shown = await house.shows(anna, "/news")
    seen = headlines(shown)
    while "Раньше ›" in shown.labels:
        await anna.press(shown, "Раньше ›")
        shown = await anna.sees("Новости")
        seen += headlines(shown)
    assert sorted(seen) == sorted(f"Новость {number}" for number in range(20))
    assert tg.violations == []


async def test_news_that_comes_meanwhile_does_not_shift_the_pages(
    house: House, anna: Person, tg: Telegram
) -> None:
    for number in range(1, 13):
        await house.publish(f"Новость {number}")
    shown = await house.shows(anna, "/news")
    await house.publish("Срочная новость")
    await anna.press(shown, "Раньше ›")
    shown = await anna.sees("Новости")
    assert headlines(shown) == [f"Новость {number}" for number in (4, 3, 2, 1)]
    await anna.press(shown, "‹ Новее")
    assert "Срочная новость" not in (await anna.sees("Новости")).labels
    assert tg.violations == []


async def test_sections_are_offered_from_two_on(house: House, anna: Person, tg: Telegram) -> None:
    await house.publish("О реке", section="Город")
    assert "📂 Разделы" not in (await house.shows(anna, "/news")).labels
    for number in range(9):
        await house.publish(f"Матч {number}", section="Спорт")
    shown = await house.shows(anna, "/news")
    await anna.press(shown, "📂 Разделы")
    choice = await anna.sees("Какие новости показать?")
    assert choice.labels == ("Все новости", "Город", "Спорт")
    await anna.press(choice, "Спорт")
    sport = await anna.sees("Новости · Спорт")
    await anna.press(sport, "Раньше ›")
    sport = await anna.sees("Новости · Спорт")
    assert headlines(sport) == ["Матч 0"]
    await anna.press(sport, "Матч 0")
    article = await anna.sees("Матч 0")
    await anna.press(article, "« К списку")
    assert headlines(await anna.sees("Новости · Спорт")) == ["Матч 0"]
    assert len({m.id for m in tg.ledger.messages(anna.id)}) == 2
    assert tg.violations == []


async def test_odd_titles_are_shown_as_they_are(house: House, anna: Person, tg: Telegram) -> None:
    titles = [
        "Теги <b>не</b> теги & амперсанд &amp;",
        "👩‍👩‍👧‍👦 Семья на празднике 🇷🇺",
        "Очень длинный заголовок, " * 40,
        "Слово" * 200,
        "",
        "עברית וגם رقم ١٢",
    ]
    for title in titles:
        await house.publish(title)
    shown = await house.shows(anna, "/news")
    labels = headlines(shown)
    assert labels[0] == titles[5]
    assert labels[1] == "Без заголовка"
    assert labels[4] == titles[1]
    assert labels[5] == titles[0]
    assert labels[3].startswith("Очень длинный заголовок")
    assert all(len(label) <= 60 for label in shown.labels)
    for number, title in enumerate(reversed(titles)):
        await anna.press(shown, shown.labels[number])
        article = await anna.sees(title.strip(" ,")[:40] or "Без заголовка")
        await anna.press(article, "« К списку")
        shown = await anna.sees("Нажмите на заголовок")
    assert tg.violations == []


async def test_an_article_of_one_page(house: House, anna: Person, tg: Telegram) -> None:
    picture = "https://paper.example/river.jpg"
    await house.publish("Ледоход", section="Город", image=picture)
    shown = await open_article(house, anna, "Ледоход")
    assert shown.text.startswith("Город\n\nЛедоход\n2 марта 2026\u202fг.\n\nАбзац 1.")
    assert bold(shown) == ["Ледоход"]
    assert shown.labels == ("🌐 На сайте", "↗️ Поделиться", "« К списку")
    assert shown.image == picture
    assert shown.preview is not None
    assert shown.preview["show_above_text"]
    assert shown.preview["prefer_large_media"]
    assert tg.violations == []


async def test_the_links_of_an_article(house: House, anna: Person, tg: Telegram) -> None:
    await house.publish("Лёд & вода: 50%", url="https://paper.example/a?b=1&c=лёд#d")
    shown = await open_article(house, anna, "Лёд & вода")
    assert (await anna.press(shown, "🌐 На сайте")).url == "https://paper.example/a?b=1&c=лёд#d"
    share = urlsplit((await anna.press(shown, "↗️ Поделиться")).url or "")
    assert (share.hostname, share.path) == ("t.me", "/share/url")
    assert parse_qs(share.query) == {
        "url": ["https://paper.example/a?b=1&c=лёд#d"],
        "text": ["Лёд & вода: 50%"],
    }
    assert tg.violations == []


async def test_pages_are_turned_in_place(house: House, anna: Person, tg: Telegram) -> None:
    picture = "https://paper.example/river.jpg"
    await house.publish("Ледоход", image=picture, document=paragraphs(12))
    shown = await open_article(house, anna, "Ледоход")
    assert shown.labels[:2] == ("1/3", "›")
    assert shown.image == picture
    text = shown.text
    for page in (2, 3):
        await anna.press(shown, "›")
        turned = await anna.sees(labelled(f"{page}/3"))
        assert turned.id == shown.id
        assert turned.image is None
        assert turned.preview == {"is_disabled": True}
        assert bold(turned)[0] == "Ледоход"
        assert "‹" in turned.labels
        text += turned.text
        shown = turned
    assert "›" not in shown.labels
    assert all(f"Абзац {number}." in text for number in range(1, 13))
    await anna.press(shown, "‹")
    shown = await anna.sees(labelled("2/3"))
    assert (await anna.press(shown, "2/3")).text == ""
    shown = await anna.sees(labelled("1/3"))  # once, only a toast said where one was
    assert (await anna.press(shown, "1/3")).text == "Страница 1 из 3"
    assert tg.violations == []


async def test_reading_goes_on_where_it_stopped(
    house: House, anna: Person, boris: Person, tg: Telegram
) -> None:
    await house.publish("Ледоход", document=paragraphs(12))
    shown = await open_article(house, anna, "Ледоход")
    await anna.press(shown, "›")
    shown = await anna.sees(labelled("2/3"))
    await anna.press(shown, "« К списку")
    await anna.sees("Нажмите на заголовок")
    await house.stop()
    house.start()
    assert "2/3" in (await open_article(house, anna, "Ледоход")).labels
    assert "1/3" in (await open_article(house, boris, "Ледоход")).labels
    assert tg.violations == []


async def test_an_article_that_became_shorter_opens_at_its_last_page(
    house: House, anna: Person, tg: Telegram
) -> None:
    await house.publish("Ледоход", document=paragraphs(12))
    shown = await open_article(house, anna, "Ледоход")
    await anna.press(shown, shown.button("›").label)
    shown = await anna.sees(labelled("2/3"))
    await house.change(
        "UPDATE article SET document = :document",
        document='{"blocks": [{"kind": "paragraph", "spans": [{"text": "Коротко."}]}]}',
    )
    await anna.press(shown, "›")
    assert "Коротко." in (await anna.sees("Ледоход")).text
    assert tg.violations == []


async def test_an_article_without_a_body_shows_its_lead(
    house: House, anna: Person, tg: Telegram
) -> None:
    await house.publish("Ледоход", document=Document(), lead="Река вскрылась.")
    await house.publish("Молния", document=Document(), lead="", published=None)
    assert "Река вскрылась." in (await open_article(house, anna, "Ледоход")).text
    assert "Молния" in (await open_article(house, anna, "Молния")).text
    assert tg.violations == []


async def test_an_article_without_an_address_has_no_links(
    house: House, anna: Person, tg: Telegram
) -> None:
    # Telegram refuses a button without an address, and with it once the whole article.
    await house.publish("Ледоход", url="")
    assert (await open_article(house, anna, "Ледоход")).labels == ("« К списку",)
    assert [c for c in tg.ledger.calls("editMessageText") if not c.accepted] == []
    assert tg.violations == []


async def test_cutting_an_article_keeps_nobody_waiting(
    house: House, anna: Person, tg: Telegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Once, every turn of a page of a long article stopped the event loop while it was cut anew.
    where: list[threading.Thread] = []

    def note(*args: Any) -> tuple[Screen, int]:
        where.append(threading.current_thread())
        return article_page(*args)

    monkeypatch.setattr(reading, "article_page", note)
    await house.publish("Ледоход")
    await open_article(house, anna, "Ледоход")
    assert where
    assert threading.main_thread() not in where
    assert tg.violations == []


@pytest.mark.parametrize("page", [1, 2])
async def test_back_leads_to_the_same_page_of_the_list(
    house: House, anna: Person, tg: Telegram, page: int
) -> None:
    for number in range(1, 25):
        await house.publish(f"Новость {number:02}", document=paragraphs(12))
    shown = await house.shows(anna, "/news")
    for _ in range(page):
        await anna.press(shown, "Раньше ›")
        shown = await anna.sees("Новости")
    there = shown.labels
    await anna.press(shown, headlines(shown)[3])
    shown = await anna.sees(labelled("1/3"))
    await anna.press(shown, "›")
    shown = await anna.sees(labelled("2/3"))
    await anna.press(shown, "« К списку")
    assert (await anna.sees("Новости")).labels == there
    assert tg.violations == []


async def test_an_article_that_is_gone_says_so(house: House, anna: Person, tg: Telegram) -> None:
    await house.publish("Ледоход")
    shown = await house.shows(anna, "/news")
    await house.change("DELETE FROM article")
    answer = await anna.press(shown, "Ледоход")
    assert (answer.text, answer.alert) == ("Эта статья больше недоступна.", True)
    assert anna.message(shown.id).labels == shown.labels
    assert tg.violations == []


async def test_a_double_press_is_answered_twice_and_silent(
    house: House, anna: Person, tg: Telegram
) -> None:
    await house.publish("Ледоход", document=paragraphs(12))
    shown = await open_article(house, anna, "Ледоход")
    queries = [anna.tap(shown, "›") for _ in range(3)]
    for query in queries:
        await house.answers(query)
    await anna.sees(labelled("2/3"))
    await house.shows(anna, "/help")
    refused = [c for c in tg.ledger.calls("editMessageText") if "not modified" in c.description]
    assert len(refused) == 2
    assert all("text" not in (query.answer or {}) for query in queries)
    assert tg.violations == []


async def test_a_press_on_a_deleted_message_brings_a_new_one(
    house: House, anna: Person, tg: Telegram
) -> None:
    await house.publish("Ледоход")
    shown = await house.shows(anna, "/news")
    tg.ledger.world.remove(tg.ledger.world.chats[anna.id].messages[shown.id])
    await anna.press(shown, "Ледоход")
    new = await anna.sees("Абзац 1.")
    assert new.id != shown.id
    assert tg.violations == []


async def test_an_article_is_read_though_its_page_cannot_be_remembered(
    house: House, anna: Person, tg: Telegram
) -> None:
    # Once, a database that took no writes kept people from turning pages too.
    await house.publish("Ледоход", document=paragraphs(12))
    await house.change(
        "CREATE TRIGGER broken BEFORE INSERT ON bookmark "
        "BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
    )
    shown = await open_article(house, anna, "Ледоход")
    answer = await anna.press(shown, "›")
    assert not answer.alert
    await anna.sees(labelled("2/3"))
    assert tg.violations == []


OLD_AND_FORGED = [
    "page:3",
    "n0:1",
    "n1",
    "n1:",
    "n1:x:y:z:q",
    "n1:1:o:1:1:1:1",
    "a1:1",
    "a1:abc:0:0::0:0",
    "l1",
    "st1:x:y:z",
    "\u0000",
    "😀" * 16,
    ":" * 64,
]


@pytest.mark.parametrize("data", OLD_AND_FORGED)
async def test_old_and_garbled_buttons_say_so(
    house: House, anna: Person, tg: Telegram, data: str
) -> None:
    shown = await house.shows(anna, "/help")
    query = anna.send_callback(shown, data)
    answer = await tg.ledger.wait_for(lambda: query.answer)
    assert answer["text"] == "Эта кнопка устарела. Пожалуйста, откройте /news заново."
    assert answer["show_alert"]
    assert tg.violations == []


@pytest.mark.parametrize(
    "data",
    [
        f"n1:{2**70}::0:0",
        f"n1:0:o:{10**30}:1",
        f"n1:0:n:{-(10**30)}:1",
        f"a1:{2**70}:0:0::0:0",
        f"a1:1:{2**70}:0::0:0",
        f"st1:{2**70}:1:0",
        f"su1:{10**40}",
        f"sl1:{-(10**20)}",
        f"ns1:{10**40}",
        f"m1:{2**63}:1",
    ],
)
async def test_forged_numbers_are_answered_and_harm_nobody(
    house: House, anna: Person, boris: Person, tg: Telegram, data: str
) -> None:
    await house.publish("Ледоход", document=paragraphs(12))
    shown = await house.shows(anna, "/help")
    query = anna.send_callback(shown, data)
    await tg.ledger.wait_for(lambda: query.answer)
    assert "Ледоход" in str((await house.shows(boris, "/news")).labels)
    assert "Что я умею" in (await house.shows(anna, "/help")).text
    assert tg.violations == []


async def opened(house: House) -> list[tuple[Any, ...]]:
    return await house.rows("SELECT message_id, article_id FROM opened ORDER BY message_id")


async def test_what_a_message_shows_is_noted_while_its_reader_goes_on(
    house: House, anna: Person, tg: Telegram
) -> None:
    one = await house.publish("Первая", document=paragraphs(12))
    two = await house.publish("Вторая")
    shown = await house.shows(anna, "/news")
    assert await opened(house) == []
    await anna.press(shown, "Первая")
    page = await anna.sees("Первая")
    assert await opened(house) == [(shown.id, one)]
    await anna.press(page, "›")
    page = await anna.sees("Абзац 5.")
    assert await opened(house) == [(shown.id, one)]
    await anna.press(page, "К списку")
    listed = await anna.sees("Новости")
    assert await opened(house) == [(shown.id, None)]
    await anna.press(listed, "Вторая")
    await anna.sees("Вторая")
    assert await opened(house) == [(shown.id, two)]
    assert tg.violations == []


async def test_reading_goes_on_where_nothing_can_be_noted(
    house: House, anna: Person, tg: Telegram
) -> None:
    await house.publish("Первая")
    shown = await house.shows(anna, "/news")
    await anna.press(shown, "Первая")
    page = await anna.sees("Первая")
    for event in ("INSERT", "UPDATE"):
        await house.change(
            f"CREATE TRIGGER broken_{event} BEFORE {event} ON opened "
            "BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
        )
    await anna.press(page, "К списку")
    await anna.sees("Нажмите на заголовок")
    other = await house.shows(anna, "/news")
    await anna.press(other, "Первая")
    assert (await anna.sees("Абзац 1.")).id == other.id
    assert tg.violations == []


async def test_a_withdrawn_article_says_so_to_who_opens_it(
    house: House, anna: Person, tg: Telegram
) -> None:
    number = await house.publish("Снятая", section="Город")
    await house.publish("Другая", section="Спорт")
    shown = await house.shows(anna, "/news")
    await house.change("UPDATE article SET withdrawn_at = created_at WHERE id = :id", id=number)
    await anna.press(shown, "Снятая")
    gone = await anna.sees("Эта статья снята с публикации издателем.")
    assert (gone.id, gone.image) == (shown.id, None)
    await anna.press(gone, "К списку")
    listed = await anna.sees("Нажмите на заголовок")
    assert headlines(listed) == ["Другая"]
    assert "📂 Разделы" not in listed.labels
    assert tg.violations == []
