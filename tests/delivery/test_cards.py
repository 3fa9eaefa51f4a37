from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

import pytest
from sqlalchemy import event, text

from bot.delivery.cards import Cards
from bot.errors import StorageError
from bot.i18n import load_translators
from bot.model import Begun, Chat, ChatKind, Delivery, Form, Priority, Reader, Screen
from bot.storage.database import Database
from bot.storage.sections import ensure_section
from bot.telegram.outcome import Failed
from bot.telegram.prepared import Prepared
from tests.storage.rows import add_broadcast

TRANSLATORS = load_translators("ru", "Europe/Moscow")
PICTURE = "https://news.example/bridge.jpg"


@pytest.fixture
async def database(sqlite_url: str) -> AsyncIterator[Database]:
    async with Database.open(sqlite_url) as opened:
        yield opened


@pytest.fixture
def made() -> list[Screen]:
    """The screens that were made, in order."""
    return []


@pytest.fixture
async def cards(database: Database, made: list[Screen], now: datetime) -> Cards:
    """Cards of an article with a picture."""
    await add_broadcast(database, now, image=PICTURE)

    def prepare(screen: Screen) -> Prepared:
        made.append(screen)
        return Prepared(f"card {len(made)}")

    return Cards(database, TRANSLATORS, prepare)


def begun(
    chat: int = 7,
    *,
    locale: str = "ru",
    form: Form = Form.FULL,
    revision: int = 1,
    article: int = 1,
    section: int | None = None,
) -> Begun:
    reader = Reader(chat, Chat(chat, ChatKind.PRIVATE), locale, active=True)
    delivery = Delivery(
        1, article, reader, Priority.NEWS, attempt=1, doubts=0, lease=1, section_id=section
    )
    return Begun(delivery, form, revision)


async def test_a_card_is_made_once_for_a_language_and_a_form(
    cards: Cards, made: list[Screen]
) -> None:
    shown = [await cards.card(begun(chat)) for chat in range(5)]
    assert shown == [Prepared("card 1")] * 5
    assert await cards.card(begun(locale="en")) == Prepared("card 2")
    assert await cards.card(begun(form=Form.BARE)) == Prepared("card 3")
    assert await cards.card(begun(form=Form.PLAIN)) == Prepared("card 4")
    assert await cards.card(begun(locale="en")) == Prepared("card 2")
    russian, english, bare, plain = made
    assert (russian.image, english.image, bare.image, plain.image) == (PICTURE, PICTURE, None, None)
    assert russian.keyboard != english.keyboard
    assert bare.body == russian.body
    assert russian.body.entities
    assert not plain.body.entities


async def test_a_card_names_the_section_that_brings_the_article(
    cards: Cards, database: Database, made: list[Screen], now: datetime
) -> None:
    async with database.write() as connection:
        sport = await ensure_section(connection, ("Спорт",), now)
    assert await cards.card(begun()) == Prepared("card 1")
    assert await cards.card(begun(section=sport)) == Prepared("card 2")
    assert await cards.card(begun()) == Prepared("card 1")
    own, further = made
    assert own.body.plain.startswith("Город")
    assert further.body.plain.startswith("Спорт")


async def test_many_that_ask_at_once_read_the_article_once(
    cards: Cards, database: Database, made: list[Screen]
) -> None:
    statements: list[str] = []

    event.listen(
        database._engine.sync_engine,
        "before_cursor_execute",
        lambda _conn, _cursor, statement, *_rest: statements.append(statement),
    )
    await asyncio.gather(*(cards.card(begun(chat, locale="en")) for chat in range(20)))
    assert len([each for each in statements if "SELECT" in each]) == 1
    assert {screen.image for screen in made} == {PICTURE}


async def test_a_corrected_article_is_shown_as_it_is_now(
    cards: Cards, database: Database, made: list[Screen]
) -> None:
    await cards.card(begun())
    async with database.write() as connection:
        await connection.execute(text("UPDATE article SET title = 'Мост закрыт', revision = 2"))
    await cards.card(begun())
    await cards.card(begun(revision=2))
    assert ["Мост закрыт" in screen.body.plain for screen in made] == [False, True]


async def test_a_refused_form_is_shown_to_nobody_after_it(cards: Cards, made: list[Screen]) -> None:
    """Deliveries that were begun before the refusal are told of the form that was right then."""
    assert cards.form(begun()) is Form.FULL
    cards.refused(1, Form.PLAIN)
    cards.refused(1, Form.BARE)  # of a request that was on its way
    assert cards.form(begun()) is Form.PLAIN
    await cards.card(begun())
    assert [screen.image for screen in made] == [None]


async def test_a_chat_that_takes_no_pictures_is_alone_without(cards: Cards) -> None:
    cards.refused_here(begun(7).delivery.key)
    assert cards.form(begun(7)) is Form.BARE
    assert cards.form(begun(7, form=Form.PLAIN)) is Form.PLAIN
    assert cards.form(begun(8)) is Form.FULL


async def test_an_article_that_cannot_be_shown_fails_by_itself(
    database: Database, cards: Cards, now: datetime
) -> None:
    await add_broadcast(database, now, "broken")
    async with database.write() as connection:
        await connection.execute(text("UPDATE article SET document = 'nonsense' WHERE id = 2"))
    found = await cards.card(begun(article=2))
    assert isinstance(found, Failed)
    assert found.reason.startswith("the article cannot be shown: ")
    assert isinstance(await cards.card(begun()), Prepared)


async def test_a_database_that_does_not_answer_is_no_fault_of_the_article(
    database: Database, cards: Cards
) -> None:
    async with database.write() as connection:
        await connection.execute(text("ALTER TABLE article RENAME TO lost"))
    with pytest.raises(StorageError):
        await cards.card(begun())
    async with database.write() as connection:
        await connection.execute(text("ALTER TABLE lost RENAME TO article"))
    assert isinstance(await cards.card(begun()), Prepared)


async def test_only_the_cards_of_late_are_kept(
    database: Database, cards: Cards, made: list[Screen], now: datetime
) -> None:
    for number in range(70):
        await add_broadcast(database, now, f"key {number}")
        await cards.card(begun(article=2 + number))
    assert len(cards._cards) == 64
    assert len(cards._articles) == 16
    await cards.card(begun(article=71))
    assert len(made) == 70
    await cards.card(begun(article=2))  # forgotten, so it is made anew
    assert len(made) == 71
