"""Looking at pages again: the decisions, and the checker against a newsroom."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from bot.errors import AddressRefusedError, FetchError, RobotsRefusedError, UnreachableError
from bot.ingest.checks import Checker
from bot.ingest.fetching.fetch import Fetched, Fetcher, NotModified
from bot.ingest.page_looks import Found, Look, follows, look_of, next_check, speaks_for_itself
from bot.ingest.workers import ParsePool
from bot.model import NewArticle
from bot.storage import articles, checks, sources
from bot.storage.checks import Check
from bot.storage.database import Database
from bot.storage.schema import article as table
from sandbox.newsroom import Article, Newsroom
from tests.storage.rows import add_source, guid, new_article

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
FAR = datetime(2100, 1, 1, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PAUSE = 10 * MINUTE
S = Look


# --- The decisions ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "look"),
    [
        (None, S.THERE),
        (FetchError("x", status=404), S.GONE),
        (FetchError("x", status=410), S.GONE),
        (FetchError("x", status=403), S.THERE),
        (FetchError("x", status=429), S.UNKNOWN),
        (FetchError("x", status=500), S.UNKNOWN),
        (FetchError("x", status=503), S.UNKNOWN),
        (UnreachableError("x"), S.UNKNOWN),
        (AddressRefusedError("x"), S.THERE),
        (RobotsRefusedError("x"), S.THERE),
        (FetchError("too long"), S.THERE),
    ],
)
def test_only_404_and_410_say_that_a_page_is_gone(error: FetchError | None, look: Look) -> None:
    assert look_of(error) is look


def test_pages_are_looked_at_ever_more_rarely() -> None:
    moment, steps = NOW, []
    while (following := next_check(NOW, moment)) is not None:
        moment = following
        steps.append(moment - NOW)
    assert steps == [10 * MINUTE, HOUR, 6 * HOUR, DAY, 2 * DAY]


@pytest.mark.parametrize(
    ("gone", "there", "well"),
    [
        (1, 1, True),
        (1, 10, True),
        (2, 1, True),
        (2, 8, True),
        (3, 12, True),  # a fifth
        (3, 11, False),
        (20, 0, False),
        (1, 0, False),  # nothing says that the site is well
        (2, 0, False),
    ],
)
def test_a_site_where_much_is_gone_at_once_is_not_believed(
    gone: int, there: int, *, well: bool
) -> None:
    assert speaks_for_itself(gone, there) is well


def check(
    gone: int = 0, withdrawn_at: datetime | None = None, age: timedelta = 5 * MINUTE
) -> Check:
    return Check(1, 1, "https://news.example/a", NOW - age, gone, withdrawn_at)


@pytest.mark.parametrize(
    ("before", "look", "well", "expected"),
    [
        (check(), S.THERE, True, Found(1, 0, NOW + 5 * MINUTE)),
        (check(1), S.THERE, True, Found(1, 0, NOW + 5 * MINUTE)),
        (check(2, NOW - HOUR), S.THERE, True, Found(1, 0, NOW + 5 * MINUTE, reinstate=True)),
        (check(1), S.UNKNOWN, True, Found(1, 1, NOW + HOUR)),
        (check(age=12 * HOUR), S.UNKNOWN, True, Found(1, 0, NOW + 3 * HOUR)),
        (check(age=90 * DAY), S.UNKNOWN, True, Found(1, 0, NOW + DAY)),
        (check(), S.GONE, True, Found(1, 1, NOW + PAUSE)),
        (check(), S.GONE, False, Found(1, 1, NOW + PAUSE)),
        (check(1), S.GONE, True, Found(1, 2, NOW + 10 * MINUTE, withdraw=True)),
        (check(1), S.GONE, False, Found(1, 2, NOW + HOUR)),  # held
        (check(2), S.GONE, False, Found(1, 3, NOW + 2 * HOUR)),
        (check(9), S.GONE, False, Found(1, 10, NOW + DAY)),
        (check(11), S.GONE, False, Found(1, 12, None)),
        (check(5), S.GONE, True, Found(1, 6, NOW + 10 * MINUTE, withdraw=True)),
        (check(2, NOW - HOUR), S.GONE, False, Found(1, 3, NOW + 5 * HOUR)),
        (check(7, NOW - 3 * DAY), S.GONE, False, Found(1, 8, None)),
    ],
)
def test_what_follows_from_a_look(
    before: Check, look: Look, *, well: bool, expected: Found
) -> None:
    assert follows(before, look, NOW, PAUSE, well=well) == expected


# --- The checker ------------------------------------------------------------------------------


@pytest.fixture
async def newsroom() -> AsyncIterator[Newsroom]:
    async with Newsroom() as site:
        yield site


def pages(newsroom: Newsroom) -> list[str]:
    """The paths of the pages that were asked for."""
    return [seen.path for seen in newsroom.requests if seen.path != "/robots.txt"]


@pytest.fixture
async def checker(database: Database) -> AsyncIterator[Checker]:
    async with (
        Fetcher(allow_private=True, user_agent="test", page_timeout=1, page_pause=0) as fetcher,
        ParsePool() as pool,
    ):
        yield Checker(database, fetcher, pool, poll_seconds=60, allow_private=True)


async def keep(
    database: Database, newsroom: Newsroom, shown: Sequence[Article], *, due: int = 1
) -> list[int]:
    """Keep articles of the newsroom's, the first few of which are to be looked at."""
    numbers = []
    async with database.write() as connection:
        source = await add_source(connection, NOW, newsroom.feed_url())
        for place, one in enumerate(shown):
            new: NewArticle = new_article(guid(one.guid), title=one.title, published=one.published)
            object.__setattr__(new, "url", one.url)
            check_at = NOW if place < due else None
            numbers.append(
                await articles.add_article(connection, source, new, NOW, check_at=check_at)
            )
    assert None not in numbers
    return [number for number in numbers if number]


async def look(checker: Checker, database: Database) -> None:
    """A round for all that will ever be due."""
    async with database.read() as connection:
        due = await checks.due_checks(connection, FAR, 50)
    await checker.look_round(1, due)


async def withdrawn(database: Database) -> set[int]:
    async with database.read() as connection:
        numbers = await connection.scalars(
            select(table.c.id).where(table.c.withdrawn_at.is_not(None))
        )
        return set(numbers.all())


async def held(database: Database) -> list[int]:
    async with database.read() as connection:
        return [each.article_id for each in await checks.held_articles(connection)]


@pytest.mark.parametrize("status", [404, 410])
async def test_a_page_that_is_gone_twice_is_withdrawn_and_comes_back_with_its_page(
    checker: Checker, database: Database, newsroom: Newsroom, status: int
) -> None:
    shown = newsroom.shown()
    number, *_ = await keep(database, newsroom, shown)
    newsroom.break_page(shown[0], status)
    await look(checker, database)
    assert await withdrawn(database) == set()
    await look(checker, database)
    assert await withdrawn(database) == {number}
    newsroom.mend_page(shown[0])
    await look(checker, database)
    assert await withdrawn(database) == set()


async def test_a_page_that_is_back_is_not_withdrawn_later_by_one_look(
    checker: Checker, database: Database, newsroom: Newsroom
) -> None:
    shown = newsroom.shown()
    await keep(database, newsroom, shown)
    for _ in range(2):
        newsroom.break_page(shown[0], 404)
        await look(checker, database)
        newsroom.mend_page(shown[0])
        await look(checker, database)
    assert await withdrawn(database) == set()


async def test_a_relaunch_withdraws_nothing_and_is_told(
    checker: Checker, database: Database, newsroom: Newsroom
) -> None:
    """Only one page was due, and all others are as dead."""
    shown = newsroom.shown()
    number, *_ = await keep(database, newsroom, shown)
    for one in shown:
        newsroom.break_page(one, 404)
    await look(checker, database)
    await look(checker, database)
    assert await withdrawn(database) == set()
    assert await held(database) == [number]
    for one in shown[1:]:
        newsroom.mend_page(one)
    await look(checker, database)
    assert await withdrawn(database) == {number}


async def test_three_of_many_are_withdrawn_and_three_of_few_are_held(
    checker: Checker, database: Database, newsroom: Newsroom
) -> None:
    newsroom.publish_many(4)
    shown = newsroom.shown()
    three = await keep(database, newsroom, shown[:13], due=3)
    for one in shown[:3]:
        newsroom.break_page(one, 410)
    await look(checker, database)
    await look(checker, database)
    assert await held(database) == three[:3]  # of three and ten
    assert await withdrawn(database) == set()


async def test_a_site_that_fails_says_nothing(
    checker: Checker, database: Database, newsroom: Newsroom
) -> None:
    shown = newsroom.shown()
    await keep(database, newsroom, shown, due=5)
    for one in shown:
        newsroom.break_page(one, 503)
    for _ in range(3):
        await look(checker, database)
    assert (await withdrawn(database), await held(database)) == (set(), [])
    assert len(pages(newsroom)) == 6  # two without an answer are enough each time


async def test_pages_are_looked_at_as_they_fall_due_and_when_a_feed_leaves_one_out(
    checker: Checker, database: Database, newsroom: Newsroom
) -> None:
    shown = newsroom.shown()
    number, other, *_ = await keep(database, newsroom, shown)
    stop, vanished = asyncio.Event(), asyncio.Event()
    running = asyncio.create_task(checker.run(stop, vanished))
    try:
        await newsroom.wait_for(lambda _: len(pages(newsroom)) == 1)
        async with database.write() as connection:
            await connection.execute(
                table.update().where(table.c.id == other).values(check_at=datetime.now(UTC))
            )
        vanished.set()
        await newsroom.wait_for(lambda _: len(pages(newsroom)) == 2)
    finally:
        stop.set()
        await running
    assert pages(newsroom) == [f"/news/{one.slug}/" for one in shown[:2]]
    assert number
    async with database.read() as connection:
        assert await sources.source_health(connection)


class Faulty(Fetcher):
    """A fetcher with a fault of its own at one page."""

    fault: str | None = None

    async def get(self, url: str, **how: Any) -> Fetched | NotModified:
        if url == self.fault:
            raise RuntimeError("a fault of ours")
        return await super().get(url, **how)


async def test_a_fault_at_one_page_says_nothing_of_it_and_stops_no_other(
    database: Database, newsroom: Newsroom
) -> None:
    """It once ended the process."""
    shown = newsroom.shown()
    numbers = await keep(database, newsroom, shown, due=2)
    async with (
        Faulty(allow_private=True, user_agent="test", page_timeout=1, page_pause=0) as fetcher,
        ParsePool() as pool,
    ):
        fetcher.fault = shown[0].url
        faulty = Checker(database, fetcher, pool, poll_seconds=60, allow_private=True)
        with capture_logs() as logs:
            await look(faulty, database)
    assert [entry["event"] for entry in logs] == ["page not looked at"]
    assert pages(newsroom) == [f"/news/{shown[1].slug}/"]
    async with database.read() as connection:
        due = await checks.due_checks(connection, FAR, 50)
    later = datetime.now(UTC) + 50 * MINUTE
    async with database.read() as connection:
        soon = await checks.due_checks(connection, later, 50)
    assert (numbers[0] in [each.article_id for each in due], soon) == (True, [])


async def test_a_round_that_fails_stops_no_other_and_leaves_its_source_for_a_while(
    database: Database, newsroom: Newsroom, checker: Checker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It once ended the process, while the rounds of other sources went on unattended."""
    shown = newsroom.shown()
    number, *_ = await keep(database, newsroom, shown)
    async with database.write() as connection:
        other = await add_source(connection, NOW, "https://other.example/feed")
        new = new_article(guid("other"))
        object.__setattr__(new, "url", shown[1].url)
        bad = await articles.add_article(connection, other, new, NOW - DAY, check_at=NOW - DAY)
    record = checks.record_check

    async def failing(connection: Any, article_id: int, **values: Any) -> None:
        if article_id == bad:
            raise RuntimeError("a fault of ours")
        await record(connection, article_id, **values)

    monkeypatch.setattr(checks, "record_check", failing)
    stop, vanished = asyncio.Event(), asyncio.Event()
    with capture_logs() as logs:
        running = asyncio.create_task(checker.run(stop, vanished))
        try:
            await newsroom.wait_for(lambda _: len(pages(newsroom)) == 2)
            async with asyncio.timeout(30):
                while number in await due_now(database):  # noqa: ASYNC110 - nothing announces it
                    await asyncio.sleep(0)
            async with database.write() as connection:
                await connection.execute(
                    table.update().where(table.c.id == number).values(check_at=NOW)
                )
            vanished.set()
            await newsroom.wait_for(lambda seen: len(seen) == 3)
            async with asyncio.timeout(30):
                while not logs:  # noqa: ASYNC110 - as above
                    await asyncio.sleep(0)
            assert not running.done()
        finally:
            stop.set()
            await running
    assert [request.path for request in newsroom.requests].count(f"/news/{shown[1].slug}/") == 1
    assert [entry["event"] for entry in logs] == ["pages not looked after"]
    assert await due_now(database, but=other) in ([], [number])
    assert bad in await due_now(database)


class Stuck(Fetcher):
    """A fetcher that waits at one page for as long as one likes."""

    page: str | None = None

    async def get(self, url: str, **how: Any) -> Fetched | NotModified:
        if url == self.page:
            await asyncio.Event().wait()
        return await super().get(url, **how)


async def test_a_slow_source_holds_up_the_looks_at_no_other(
    database: Database, newsroom: Newsroom
) -> None:
    """The looks at all sources once began when the slowest had ended."""
    shown = newsroom.shown()
    number, *_ = await keep(database, newsroom, shown)
    async with database.write() as connection:
        slow = await add_source(connection, NOW, "https://slow.example/feed")
        new = new_article(guid("slow"))
        object.__setattr__(new, "url", "https://slow.example/a")
        await articles.add_article(connection, slow, new, NOW, check_at=NOW)
    stop, vanished = asyncio.Event(), asyncio.Event()
    async with (
        Stuck(allow_private=True, user_agent="test", page_timeout=1, page_pause=0) as fetcher,
        ParsePool() as pool,
    ):
        fetcher.page = "https://slow.example/a"
        checker = Checker(database, fetcher, pool, poll_seconds=60, allow_private=True)
        running = asyncio.create_task(checker.run(stop, vanished))
        try:
            for looks in (1, 2, 3):
                await asked(newsroom, looks)
                async with asyncio.timeout(30):
                    while number in await due_now(database):  # noqa: ASYNC110 - as above
                        await asyncio.sleep(0)
                async with database.write() as connection:
                    await connection.execute(
                        table.update().where(table.c.id == number).values(check_at=NOW)
                    )
                vanished.set()
        finally:
            stop.set()
            await running
    assert slow in {check.source_id for check in await all_due(database)}


async def asked(newsroom: Newsroom, count: int) -> None:
    """Until so many pages were asked for."""
    await newsroom.wait_for(lambda _: len(pages(newsroom)) == count)


async def all_due(database: Database) -> list[checks.Check]:
    async with database.read() as connection:
        return await checks.due_checks(connection, datetime.now(UTC), 50)


async def due_now(database: Database, *, but: int = 0) -> list[int]:
    async with database.read() as connection:
        due = await checks.due_checks(connection, datetime.now(UTC), 50, [but])
    return [each.article_id for each in due]
