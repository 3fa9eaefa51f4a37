"""Reads that take long: where they end, what the next one goes on with, and whom they hold up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update
from structlog.testing import capture_logs

from bot.errors import UnreachableError
from bot.ingest.fetching.fetch import Fetcher
from bot.ingest.pages import Pages
from bot.ingest.poll import Poller
from bot.ingest.workers import ParsePool
from bot.model import BroadcastState, Source
from bot.storage.database import Database
from bot.storage.schema import article, broadcast, source
from tests.ingest.reads import listed, read
from tests.ingest.site import Site, item, rss

DAY = timedelta(days=1)


def news(*numbers: int, age: timedelta = DAY) -> str:
    """A feed of these articles, the highest number first."""
    then = datetime.now(UTC) - age
    return rss(
        *(
            item(f"Новость номер {n}", f"/news/{n}", str(n), then + timedelta(minutes=n))
            for n in sorted(numbers, reverse=True)
        )
    )


@dataclass
class House:
    """A reader that breaks each read off as soon as it may."""

    database: Database
    fetcher: Fetcher
    pool: ParsePool
    site: Site
    poller: Poller

    async def read(self) -> Source:
        return await read(self.poller, self.database)

    async def kept(self) -> list[str]:
        async with self.database.read() as connection:
            titles = await connection.scalars(select(article.c.title).order_by(article.c.id))
            return [title.rpartition(" ")[2] for title in titles]

    async def states(self) -> list[BroadcastState]:
        async with self.database.read() as connection:
            return list(await connection.scalars(select(broadcast.c.state)))

    async def last_read(self, before: timedelta) -> datetime:
        """Have the last read been so long before now."""
        moment = datetime.now(UTC) - before
        async with self.database.write() as connection:
            await connection.execute(update(source).values(read_at=moment))
        return moment


def reader(
    database: Database,
    fetcher: Fetcher,
    pool: ParsePool,
    *,
    poll_seconds: float = 60,
    longest_read: float = 0.0,
) -> Poller:
    return Poller(
        database,
        fetcher,
        pool,
        poll_seconds=poll_seconds,
        allow_private=True,
        chance=lambda: 0.5,
        longest_read=longest_read,
    )


@pytest.fixture
async def house(database: Database) -> AsyncIterator[House]:
    async with (
        Fetcher(allow_private=True, user_agent="test", page_pause=0) as fetcher,
        ParsePool(workers=1) as pool,
        Site(tagged=True) as site,
    ):
        await listed(database, site.feed)
        yield House(database, fetcher, pool, site, reader(database, fetcher, pool))


async def test_a_read_that_is_broken_off_is_gone_on_with(house: House) -> None:
    """Thousands of new entries once kept a source from being looked at for hours."""
    house.site.documents["/feed"] = news(0)
    await house.read()
    two_days_ago = await house.last_read(2 * DAY)
    house.site.documents["/feed"] = news(*range(1, 9))
    with capture_logs() as logs:
        for stored in range(1, 8):
            after = await house.read()
            assert await house.kept() == [str(n) for n in range(stored + 1)]
            assert (after.etag, after.body_hash) == (None, None)
            assert after.read_at == two_days_ago
    after = await house.read()
    assert after.etag
    assert after.read_at != two_days_ago
    assert await house.kept() == [str(n) for n in range(9)]
    assert await house.states() == [BroadcastState.OPEN] * 8
    left = [log["left"] for log in logs if log["event"].startswith("read broken off")]
    assert left == [7, 6, 5, 4, 3, 2, 1]


async def test_a_first_read_that_is_broken_off_stays_one_and_pushes_nothing(house: House) -> None:
    house.site.documents["/feed"] = news(1, 2)
    assert not (await house.read()).primed
    house.site.documents["/feed"] = news(1, 2, 3)
    assert not (await house.read()).primed
    assert (await house.read()).primed
    assert await house.kept() == ["1", "2", "3"]
    house.site.documents["/feed"] = news(2, 3, 4)
    await house.read()
    assert await house.kept() == ["1", "2", "3", "4"]
    assert len(await house.states()) == 1


async def test_what_is_judged_together_is_stored_together_in_time(house: House) -> None:
    """A site under new names with many slow pages once kept its source busy for hours."""
    house.site.documents["/feed"] = news(0)
    await house.read()
    house.site.asked.clear()
    house.site.documents["/feed"] = news(*range(1, 9), age=9 * DAY)
    assert (await house.read()).etag
    assert house.site.paths() == ["/feed"]
    assert await house.kept() == [str(n) for n in range(9)]
    assert await house.states() == [BroadcastState.HELD] * 8
    async with house.database.read() as connection:
        looks = await connection.scalars(select(article.c.check_at).where(article.c.id > 1))
        assert all(looks.all())


async def test_no_more_pages_are_asked_for_than_are_compared(house: House) -> None:
    pages = Pages(house.fetcher, house.pool)
    pages.limit(2, 60.0)
    for path in ("/a", "/b"):
        await pages.ask(house.site.url + path)
    with pytest.raises(UnreachableError, match="has time"):
        await pages.ask(house.site.url + "/c")
    assert [path for path in house.site.paths() if path != "/robots.txt"] == ["/a", "/b"]


async def test_sources_that_wait_for_pages_hold_up_the_looks_at_no_other(house: House) -> None:
    """Two sources with slow pages once held up all others of their host, eight all there are."""
    site, feeds = house.site, ("/a", "/b", "/c")
    site.documents |= dict.fromkeys(feeds, news())
    poller = reader(house.database, house.fetcher, house.pool, poll_seconds=0.2, longest_read=300.0)
    async with Site(otherwise=None) as slow:
        for each in await listed(house.database, *(site.url + feed for feed in feeds)):
            await poller.read(each)
        pages = slow.url.replace("127.0.0.1", "localhost")
        for feed in feeds[:2]:
            site.documents[feed] = rss(item(f"Новость {feed}", f"{pages}{feed}", feed))
        stop = asyncio.Event()
        running = asyncio.create_task(poller.run(stop))
        try:
            await slow.wait_for(lambda: slow.paths()[1:])
            site.asked.clear()
            await site.wait_for(lambda: site.paths().count("/c") >= 3)
            assert len(slow.paths()) == 2  # robots.txt, and a page that never comes
        finally:
            stop.set()
            await running
