"""Sections below others: who follows which, and what comes to them, once."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from bot.model import ArticleCard, ChatKind, DeliveryState, Page, Section
from bot.storage import amendments, articles, outbox, readers, sections, subscriptions
from bot.storage.amendments import Amending
from bot.storage.database import Database
from bot.storage.outbox import Settled
from tests.storage.rows import (
    NOBODY,
    add_article,
    add_broadcast,
    add_reader,
    broadcast_rows,
    fan_out,
    rows,
    states,
)
from tests.storage.test_migrations import at

NEWS = ("Новости",)
MEMBERS = ("Новости", "Участники")
EVENTS = ("Новости", "События")
HOUR = timedelta(hours=1)


async def ensure(database: Database, now: datetime, *path: str) -> int:
    async with database.write() as connection:
        return await sections.ensure_section(connection, path, now)


async def subscribe(database: Database, now: datetime, reader: int, *path: str) -> None:
    number = await ensure(database, now, *path)
    async with database.write() as connection:
        await subscriptions.subscribe(connection, reader, [number], now)


async def unsubscribe(database: Database, now: datetime, reader: int, *path: str) -> int:
    number = await ensure(database, now, *path)
    async with database.write() as connection:
        return await subscriptions.unsubscribe(connection, reader, now, section_id=number)


async def follows(database: Database, reader: int) -> dict[str, str]:
    """By the names of the sections how they come: by themselves, along with a parent, or not."""
    async with database.read() as connection:
        choices = await sections.section_choices(connection, reader)
    return {
        each.section.name: "along" if each.inherited else "own" if each.subscribed else "no"
        for each in choices
    }


async def reached(database: Database, now: datetime, batch: int = 1000) -> list[tuple[int, int]]:
    await fan_out(database, now, batch)
    return [(row.broadcast_id, row.reader_id) for row in await rows(database)]


async def test_a_path_is_made_once_whatever_its_spelling(database: Database, now: datetime) -> None:
    members = await ensure(database, now, *MEMBERS)
    assert await ensure(database, now, "НОВОСТИ", " участники ") == members
    assert await ensure(database, now, "Участники") != members
    assert await ensure(database, now, "Проекты", "Участники") not in {members, 0}
    async with database.read() as connection:
        assert len(await sections.section_keys(connection)) == 5
    with pytest.raises(ValueError, match="without a title"):
        await ensure(database, now)


async def test_an_article_knows_the_path_of_its_section(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        number = await add_article(connection, now, "1", section=MEMBERS)
        found = await articles.get_article(connection, number)
    assert found is not None
    assert found.section == Section(2, "Участники", Section(1, "Новости"))
    assert found.section.name == "Новости · Участники"


@pytest.mark.parametrize("batch", [1, 2, 3, 100])
async def test_who_follows_the_parent_gets_what_is_in_its_children_once(
    database: Database, now: datetime, batch: int
) -> None:
    parent = await add_reader(database, now, 1, section=NEWS)
    child = await add_reader(database, now, 2, section=MEMBERS)
    both = await add_reader(database, now, 3, section=NEWS)
    await subscribe(database, now, both.id, *MEMBERS)
    other = await add_reader(database, now, 4, section=EVENTS)
    last = await add_reader(database, now, 5, section=NEWS)
    await add_broadcast(database, now, "a", section=MEMBERS)
    await add_broadcast(database, now, "b", section=NEWS)
    found = await reached(database, now, batch)
    assert found == [
        *((1, each.id) for each in (parent, child, both, last)),
        *((2, each.id) for each in (parent, both, last)),
    ]
    assert other.id not in {reader for _, reader in found}


async def test_who_follows_the_parent_only_since_then_gets_nothing_of_before(
    database: Database, now: datetime
) -> None:
    reader = await add_reader(database, now, 1, section=None)
    await add_broadcast(database, now, section=MEMBERS)
    await subscribe(database, now + HOUR, reader.id, *NEWS)
    assert await reached(database, now) == []


async def test_a_muted_child_does_not_come_and_the_rest_of_its_parent_does(
    database: Database, now: datetime
) -> None:
    reader = (await add_reader(database, now, 1, section=NEWS)).id
    assert await unsubscribe(database, now, reader, *MEMBERS) == 0
    await ensure(database, now, *EVENTS)
    assert await follows(database, reader) == {
        "Новости": "own",
        "Новости · События": "along",
        "Новости · Участники": "no",
    }
    await add_broadcast(database, now, "a", section=MEMBERS)
    await add_broadcast(database, now, "b", section=EVENTS)
    assert await reached(database, now) == [(2, reader)]


async def test_a_section_that_comes_twice_is_muted_at_once_and_comes_back_through_its_parent(
    database: Database, now: datetime
) -> None:
    reader = (await add_reader(database, now, 1, section=NEWS)).id
    await subscribe(database, now, reader, *MEMBERS)
    assert await follows(database, reader) == {"Новости": "own", "Новости · Участники": "along"}
    await unsubscribe(database, now, reader, *NEWS)
    await subscribe(database, now, reader, *MEMBERS)
    await subscribe(database, now, reader, *NEWS)
    assert await follows(database, reader) == {"Новости": "own", "Новости · Участники": "own"}
    assert await unsubscribe(database, now, reader, *MEMBERS) == 1
    assert await unsubscribe(database, now, reader, *MEMBERS) == 0
    assert await follows(database, reader) == {"Новости": "own", "Новости · Участники": "no"}
    await subscribe(database, now, reader, *MEMBERS)
    assert await follows(database, reader) == {"Новости": "own", "Новости · Участники": "along"}
    await unsubscribe(database, now, reader, *NEWS)
    assert set((await follows(database, reader)).values()) == {"no"}


async def test_following_the_parent_anew_takes_a_child_s_end_back(
    database: Database, now: datetime
) -> None:
    reader = (await add_reader(database, now, 1, section=MEMBERS)).id
    await unsubscribe(database, now, reader, *MEMBERS)
    await subscribe(database, now, reader, *NEWS)
    assert await follows(database, reader) == {"Новости": "own", "Новости · Участники": "along"}


async def test_subscribing_to_all_takes_what_is_on_offer_now_with_its_children(
    database: Database, now: datetime
) -> None:
    reader = (await add_reader(database, now, 1, section=None)).id
    for path in (MEMBERS, EVENTS, ("Спорт",)):
        await ensure(database, now, *path)
    async with database.write() as connection:
        await subscriptions.subscribe_to_all(connection, reader, now)
    await ensure(database, now, "Наука")
    assert await follows(database, reader) == {
        "Наука": "no",
        "Новости": "own",
        "Новости · События": "along",
        "Новости · Участники": "along",
        "Спорт": "own",
    }


async def test_an_undo_brings_back_parent_and_child_but_not_what_was_muted(
    database: Database, now: datetime
) -> None:
    reader = (await add_reader(database, now, 1, section=NEWS)).id
    await unsubscribe(database, now, reader, *MEMBERS)
    async with database.write() as connection:
        assert await subscriptions.unsubscribe(connection, reader, now + HOUR) == 1
        assert await subscriptions.undo_unsubscribe(connection, reader, now + HOUR) == 1
    assert await follows(database, reader) == {"Новости": "own", "Новости · Участники": "no"}


@pytest.mark.parametrize(
    ("path", "begins"), [(NEWS, True), (MEMBERS, True), (EVENTS, False), (None, False)]
)
async def test_what_was_claimed_is_begun_for_who_follows_either(
    database: Database, now: datetime, path: tuple[str, ...] | None, *, begins: bool
) -> None:
    reader = (await add_reader(database, now, 1, section=MEMBERS)).id
    await add_broadcast(database, now, section=MEMBERS)
    async with database.write() as connection:
        claimed = await outbox.claim(connection, lease=1, now=now, limit=10)
        await subscriptions.unsubscribe(connection, reader, now)
    if path is not None:
        await subscribe(database, now, reader, *path)
    async with database.write() as connection:
        begun = await outbox.begin(connection, claimed, now)
    assert (len(claimed), len(begun)) == (1, begins)
    assert await states(database) == [DeliveryState.SENDING if begins else DeliveryState.CANCELLED]


async def test_what_was_claimed_is_not_begun_for_who_muted_it_meanwhile(
    database: Database, now: datetime
) -> None:
    reader = (await add_reader(database, now, 1, section=NEWS)).id
    await add_broadcast(database, now, "a", section=MEMBERS)
    await add_broadcast(database, now, "b", section=EVENTS)
    async with database.write() as connection:
        claimed = await outbox.claim(connection, lease=1, now=now, limit=10)
    await unsubscribe(database, now, reader, *MEMBERS)
    async with database.write() as connection:
        begun = await outbox.begin(connection, claimed, now)
    assert [each.delivery.broadcast_id for each in begun] == [2]


@pytest.mark.parametrize("muted", [True, False])
async def test_an_amended_push_knows_whether_its_section_still_comes(
    database: Database, now: datetime, *, muted: bool
) -> None:
    reader = (await add_reader(database, now, 1, section=NEWS)).id
    await subscribe(database, now, reader, *MEMBERS)
    number = await add_broadcast(database, now, section=MEMBERS)
    async with database.write() as connection:
        (claimed,) = await outbox.claim(connection, lease=1, now=now, limit=10)
        await outbox.begin(connection, [claimed], now)
        sent = Settled(claimed, DeliveryState.SENT, message_id=7, shown=1)
        await outbox.record(connection, [sent], now)
    if muted:
        await unsubscribe(database, now, reader, *MEMBERS)
    (row,) = await broadcast_rows(database)
    async with database.read() as connection:
        of = Amending(row.id, number, 0, row.form)
        (found,) = await amendments.next_amendments(connection, of, 2, 10)
    assert found.muted is muted


async def test_who_is_joined_to_another_misses_nothing_of_a_parent_s_children(
    database: Database, now: datetime
) -> None:
    """The new chat was passed by as it followed nothing; the old one was not yet come to."""
    new = await add_reader(database, now, -2, section=None, kind=ChatKind.SUPERGROUP)
    first = await add_reader(database, now, 3, section=NEWS)
    old = await add_reader(database, now, -1, section=NEWS, kind=ChatKind.GROUP)
    await add_broadcast(database, now, section=MEMBERS)
    async with database.write() as connection:
        (claimed,) = await outbox.claim(connection, lease=NOBODY, now=now, limit=1)
        assert claimed.reader.id == first.id
        await readers.move_chat(connection, -1, -2)
    assert await reached(database, now) == [(1, new.id), (1, first.id)]
    assert old.id not in {row.reader_id for row in await rows(database)}


async def test_a_parent_s_list_shows_what_is_in_its_children(
    database: Database, now: datetime
) -> None:
    async with database.write() as connection:
        for number, path in enumerate((MEMBERS, NEWS, EVENTS, ("Спорт",), MEMBERS, EVENTS), 1):
            then = now + timedelta(minutes=number)
            await add_article(connection, then, str(number), section=path, title=str(number))

    async def page(section_id: int, **place: object) -> tuple[list[str], Page[ArticleCard]]:
        async with database.read() as connection:
            found = await articles.article_cards(
                connection,
                limit=2,
                section_id=section_id,
                **place,  # type: ignore[arg-type]
            )
        return [card.title for card in found.items], found

    news, members = await ensure(database, now, *NEWS), await ensure(database, now, *MEMBERS)
    titles, first = await page(news)
    assert titles == ["6", "5"]
    titles, second = await page(news, older_than=first.older)
    assert titles == ["3", "2"]
    titles, third = await page(news, older_than=second.older)
    assert (titles, third.older) == (["1"], None)
    titles, back = await page(news, newer_than=third.newer)
    assert titles == ["3", "2"]
    assert (await page(news, newer_than=back.newer))[0] == ["6", "5"]
    assert (await page(members))[0] == ["5", "1"]
    assert (await page(99))[0] == []


async def test_a_parent_without_articles_of_its_own_is_listed_before_its_children(
    database: Database, now: datetime
) -> None:
    async with database.write() as connection:
        for number, path in enumerate((MEMBERS, ("Мир",), ("яхты",), EVENTS)):
            await add_article(connection, now, str(number), section=path)
        found = await sections.sections(connection)
    assert [each.name for each in found] == [
        "Мир",
        "Новости",
        "Новости · События",
        "Новости · Участники",
        "яхты",
    ]


async def test_sections_of_before_stay_what_they_were(empty_url: str) -> None:
    """Those that differ in case alone become one, with those who subscribe to either."""
    await at(
        empty_url,
        "0007",
        [],
        "INSERT INTO section (id, title, created_at) VALUES"
        " (1, 'Город', '2026-01-01 00:00:00.000000'), (2, 'ГОРОД', '2026-01-01 00:00:00.000000'),"
        " (3, 'Ещё', '2026-01-01 00:00:00.000000')",
        "INSERT INTO reader (id, chat_id, kind, locale, created_at)"
        " VALUES (1, 7, 'private', 'ru', '2026-01-01 00:00:00.000000')",
        "INSERT INTO subscription (reader_id, section_id, created_at)"
        " VALUES (1, 1, '2026-01-01 00:00:00.000000'), (1, 2, '2026-01-01 00:00:00.000000')",
        "INSERT INTO reader (id, chat_id, kind, locale, created_at)"
        " VALUES (2, 8, 'private', 'ru', '2026-01-01 00:00:00.000000')",
        "INSERT INTO subscription (reader_id, section_id, created_at)"
        " VALUES (2, 2, '2026-01-01 00:00:00.000000')",
    )
    moment = datetime.fromisoformat("2026-11-23T09:00:00+00:00")
    async with Database.open(empty_url) as database:
        assert await follows(database, 1) == {"Город": "own", "Ещё": "no"}
        assert await follows(database, 2) == {"Город": "own", "Ещё": "no"}
        async with database.write() as connection:
            assert await connection.scalar(text("SELECT count(announced_at) FROM section")) == 2
            for title, number in (("город", 1), ("еще", 3)):
                assert await sections.ensure_section(connection, (title,), moment) == number
