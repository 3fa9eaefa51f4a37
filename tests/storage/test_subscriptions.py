from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select

from bot.model import ChatKind, Section, SectionChoice, SourceSpec
from bot.storage import articles, sections, sources, subscriptions
from bot.storage.database import Database
from bot.storage.schema import subscription
from tests.storage.rows import add_article, add_reader, unsubscribe

DAY = timedelta(days=1)


async def _sections(database: Database, now: datetime) -> tuple[int, int]:
    async with database.write() as connection:
        return (
            await sections.ensure_section(connection, ("Город",), now),
            await sections.ensure_section(connection, ("Наука",), now),
        )


async def _choices(database: Database, reader_id: int) -> dict[str, bool]:
    async with database.read() as connection:
        choices = await sections.section_choices(connection, reader_id)
    assert [choice.section.title for choice in choices] == sorted(
        choice.section.title for choice in choices
    )
    return {choice.section.title: choice.subscribed for choice in choices}


async def _subscribe(database: Database, reader_id: int, now: datetime, *section_ids: int) -> None:
    async with database.write() as connection:
        await subscriptions.subscribe(connection, reader_id, section_ids, now)


async def _undo(database: Database, reader_id: int, ended_at: datetime) -> int:
    async with database.write() as connection:
        return await subscriptions.undo_unsubscribe(connection, reader_id, ended_at)


async def _row(database: Database, reader_id: int, section_id: int) -> Row[Any]:
    async with database.read() as connection:
        statement = select(subscription).where(
            subscription.c.reader_id == reader_id, subscription.c.section_id == section_id
        )
        return (await connection.execute(statement)).one()


async def test_a_section_is_made_once(database: Database, now: datetime) -> None:
    assert await _sections(database, now) == await _sections(database, now + DAY)


async def test_a_reader_chooses_sections(database: Database, now: datetime) -> None:
    city, science = await _sections(database, now)
    anna = await add_reader(database, now, 7, section=None)
    other = await add_reader(database, now, 8, section=None)

    await _subscribe(database, anna.id, now, city)

    async with database.read() as connection:
        assert await sections.section_choices(connection, anna.id) == [
            SectionChoice(Section(city, "Город"), subscribed=True),
            SectionChoice(Section(science, "Наука"), subscribed=False),
        ]
    assert await _choices(database, other.id) == {"Город": False, "Наука": False}
    await _subscribe(database, anna.id, now)
    assert await _choices(database, anna.id) == {"Город": True, "Наука": False}


async def test_a_subscription_keeps_its_beginning(database: Database, now: datetime) -> None:
    """Else a reader who taps again while a broadcast fans out would not get it."""
    city, _ = await _sections(database, now)
    anna = await add_reader(database, now, 7, section=None)
    await _subscribe(database, anna.id, now, city)
    await _subscribe(database, anna.id, now + DAY, city)
    row = await _row(database, anna.id, city)
    assert (row.created_at, row.ended_at) == (now, None)


async def test_all_sections_of_now(database: Database, now: datetime) -> None:
    city, science = await _sections(database, now)
    anna = await add_reader(database, now, 7, section=None)
    await _subscribe(database, anna.id, now, science)
    async with database.write() as connection:
        await subscriptions.subscribe_to_all(connection, anna.id, now + DAY)
        await sections.ensure_section(connection, ("Спорт",), now + DAY)
    assert await _choices(database, anna.id) == {"Город": True, "Наука": True, "Спорт": False}
    assert (await _row(database, anna.id, science)).created_at == now
    assert (await _row(database, anna.id, city)).created_at == now + DAY


async def test_one_subscription_ends(database: Database, now: datetime) -> None:
    city, science = await _sections(database, now)
    anna = await add_reader(database, now, 7, section=None)
    await _subscribe(database, anna.id, now, city, science)
    async with database.write() as connection:
        assert await subscriptions.unsubscribe(connection, anna.id, now, section_id=city) == 1
        assert await subscriptions.unsubscribe(connection, anna.id, now, section_id=city) == 0
    assert await _choices(database, anna.id) == {"Город": False, "Наука": True}
    row = await _row(database, anna.id, city)
    assert (row.created_at, row.ended_at) == (now, now)


async def test_all_subscriptions_of_one_reader_end(database: Database, now: datetime) -> None:
    city, science = await _sections(database, now)
    anna = await add_reader(database, now, 7, section=None)
    other = await add_reader(database, now, 8)
    await _subscribe(database, anna.id, now, city, science)
    async with database.write() as connection:
        assert await subscriptions.unsubscribe(connection, anna.id, now + DAY) == 2
        assert await subscriptions.unsubscribe(connection, anna.id, now + 2 * DAY) == 0
    assert (await _row(database, anna.id, city)).ended_at == now + DAY
    assert await _choices(database, other.id) == {"Город": True, "Наука": False}


async def test_topics_of_a_forum_subscribe_apart(database: Database, now: datetime) -> None:
    kind = ChatKind.SUPERGROUP
    one = await add_reader(database, now, -100, kind=kind, thread_id=1)
    two = await add_reader(database, now, -100, kind=kind, thread_id=2)
    await unsubscribe(database, one.id, now)
    assert await _choices(database, one.id) == {"Город": False}
    assert await _choices(database, two.id) == {"Город": True}


async def test_an_end_is_undone_with_its_beginning(database: Database, now: datetime) -> None:
    city, science = await _sections(database, now)
    anna = await add_reader(database, now, 7, section=None)
    await _subscribe(database, anna.id, now, city, science)
    async with database.write() as connection:
        await subscriptions.unsubscribe(connection, anna.id, now + DAY, section_id=science)
    last = now + 2 * DAY + timedelta(microseconds=7)
    await unsubscribe(database, anna.id, last)

    assert await _undo(database, anna.id, last) == 1

    assert await _choices(database, anna.id) == {"Город": True, "Наука": False}
    assert (await _row(database, anna.id, city)).created_at == now
    assert await _undo(database, anna.id, last) == 0
    assert await _undo(database, anna.id, last + timedelta(microseconds=1)) == 0


async def test_an_undo_touches_no_other_reader(database: Database, now: datetime) -> None:
    anna, other = [await add_reader(database, now, chat) for chat in (7, 8)]
    for reader in (anna, other):
        await unsubscribe(database, reader.id, now)
    await _undo(database, anna.id, now)
    assert await _choices(database, anna.id) == {"Город": True}
    assert await _choices(database, other.id) == {"Город": False}


async def test_subscribing_after_an_end_is_a_new_beginning(
    database: Database, now: datetime
) -> None:
    city, _ = await _sections(database, now)
    anna = await add_reader(database, now, 7)
    await unsubscribe(database, anna.id, now + DAY)
    await _subscribe(database, anna.id, now + 2 * DAY, city)
    row = await _row(database, anna.id, city)
    assert (row.created_at, row.ended_at) == (now + 2 * DAY, None)
    assert await _undo(database, anna.id, now + DAY) == 0


async def test_a_section_of_sources_that_rest_is_for_its_subscribers_only(
    database: Database, now: datetime
) -> None:
    """Sections of sources that were taken off the list were once offered for ever."""
    anna = await add_reader(database, now, 7, section=None)
    other = await add_reader(database, now, 8, section=None)
    async with database.write() as connection:
        number = await add_article(connection, now, "1", section="Город")
        found = await articles.get_article(connection, number)
        assert found is not None
        await subscriptions.subscribe(connection, anna.id, [found.section.id], now)
    assert await _choices(database, other.id) == {"Город": False}

    async with database.write() as connection:
        await sources.list_sources(connection, [SourceSpec("https://other.example/feed")], now)

    assert await _choices(database, anna.id) == {"Город": True}
    assert await _choices(database, other.id) == {}
