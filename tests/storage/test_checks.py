from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.model import PageState, SourceSpec
from bot.storage import articles, checks, revisions, sources
from bot.storage.checks import Check, Held
from bot.storage.database import Database
from tests.storage.rows import FEED, add_source, guid, new_article

MINUTE = timedelta(minutes=1)


async def keep(database: Database, now: datetime, key: str, check_at: datetime | None) -> int:
    async with database.write() as connection:
        source = await add_source(connection, now)
        new = replace(new_article(guid(key), published=now), seen="x")
        number = await articles.add_article(connection, source, new, now, check_at=check_at)
    assert number is not None
    return number


async def due(database: Database, now: datetime) -> list[int]:
    async with database.read() as connection:
        return [check.article_id for check in await checks.due_checks(connection, now, 10)]


async def test_pages_fall_due_the_newest_first(database: Database, now: datetime) -> None:
    late = await keep(database, now, "late", now + 2 * MINUTE)
    early = await keep(database, now, "early", now + MINUTE)
    await keep(database, now, "never", None)
    assert await due(database, now) == []
    assert await due(database, now + MINUTE) == [early]
    assert await due(database, now + 5 * MINUTE) == [early, late]
    async with database.read() as connection:
        assert await checks.next_check_due(connection) == now + MINUTE
        (first, _) = await checks.due_checks(connection, now + 5 * MINUTE, 10)
    assert first == Check(early, 1, "https://news.example/early", now, 0, None, source_url=FEED)


async def test_a_look_is_recorded(database: Database, now: datetime) -> None:
    number = await keep(database, now, "a", now)
    async with database.write() as connection:
        await checks.record_check(connection, number, gone=1, check_at=now + MINUTE)
        (again,) = await checks.due_checks(connection, now + MINUTE, 10)
        assert again.gone == 1
        await checks.record_check(connection, number, gone=0, check_at=None)
        assert await checks.next_check_due(connection) is None


async def test_a_source_that_is_not_listed_is_left_alone(database: Database, now: datetime) -> None:
    await keep(database, now, "a", now)
    async with database.write() as connection:
        await sources.list_sources(connection, [SourceSpec("https://other.example/feed")], now)
        assert await checks.next_check_due(connection) is None
    assert await due(database, now) == []


async def test_witnesses_are_the_newest_that_are_not_withdrawn(
    database: Database, now: datetime
) -> None:
    numbers = [await keep(database, now + n * MINUTE, f"{n}", None) for n in range(5)]
    async with database.write() as connection:
        await revisions.withdraw_article(connection, numbers[3], now, by_hand=True)
        found = await checks.witnesses(connection, 1, [numbers[4]], 2)
    assert found == ["https://news.example/2", "https://news.example/1"]


async def test_held_are_those_confirmed_and_not_withdrawn(
    database: Database, now: datetime
) -> None:
    once, held, taken = [await keep(database, now, key, now) for key in ("a", "b", "c")]
    async with database.write() as connection:
        await revisions.withdraw_article(connection, taken, now, by_hand=False)
        for number, gone in ((once, 1), (held, 2), (taken, 2)):
            await checks.record_check(connection, number, gone=gone, check_at=now)
        assert await checks.held_articles(connection) == [Held(held, "Открыт новый мост", FEED)]
        await revisions.reinstate_article(connection, held, by_hand=True)
        assert await checks.held_articles(connection) == []


async def test_a_page_is_noted_as_it_was_read(database: Database, now: datetime) -> None:
    number = await keep(database, now, "a", now)
    page = PageState('"1"', "Mon, 23 Nov 2026 09:00:00 GMT", "title lead image", "body")
    async with database.write() as connection:
        await checks.note_page(connection, number, page)
        (check,) = await checks.due_checks(connection, now, 10)
    assert check == Check(number, 1, "https://news.example/a", now, 0, None, page, FEED)


async def test_a_look_is_brought_forward_and_never_put_off_or_begun(
    database: Database, now: datetime
) -> None:
    soon, late, never = [
        await keep(database, now, key, at)
        for key, at in (("soon", now), ("late", now + 9 * MINUTE), ("never", None))
    ]
    async with database.write() as connection:
        looks = dict.fromkeys([soon, late, never], now + MINUTE)
        await checks.bring_forward(connection, looks)
    assert await due(database, now) == [soon]
    assert await due(database, now + MINUTE) == [late, soon]


async def test_of_each_source_the_newest_are_due_and_some_sources_are_left_out(
    database: Database, now: datetime
) -> None:
    async with database.write() as connection:
        numbers = []
        for place in range(4):
            feed = f"https://{'ab'[place % 2]}.example/feed"
            source = await add_source(connection, now, feed)
            moment = now + place * MINUTE
            new = new_article(guid(f"{place}"), published=moment)
            numbers.append(
                await articles.add_article(
                    connection, source, new, moment, check_at=now - place * MINUTE
                )
            )
        newest = await checks.due_checks(connection, now, 1)
        assert [check.article_id for check in newest] == [numbers[3], numbers[2]]
        without = [newest[0].source_id]
        rest = await checks.due_checks(connection, now, 10, without)
        assert [check.article_id for check in rest] == [numbers[2], numbers[0]]
        assert await checks.next_check_due(connection) == now - 3 * MINUTE
        assert await checks.next_check_due(connection, without) == now - 2 * MINUTE
