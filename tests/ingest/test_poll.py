"""The reader of sources against a newsroom on a real socket and both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from bot.ingest.fetching.fetch import Fetcher
from bot.ingest.poll import Poller, pieces
from bot.ingest.workers import ParsePool
from bot.storage import sources
from bot.storage.database import Database
from bot.storage.schema import article, broadcast, source
from sandbox.newsroom import Fault, Newsroom
from tests.ingest.reads import listed, read
from tests.ingest.site import TEXT, Site, article_page, item, rss


@pytest.fixture
async def newsroom() -> AsyncIterator[Newsroom]:
    async with Newsroom() as site:
        yield site


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    async with Fetcher(allow_private=True, user_agent="test", page_pause=0) as opened:
        yield opened


@pytest.fixture
async def pool() -> AsyncIterator[ParsePool]:
    async with ParsePool() as opened:
        yield opened


@pytest.fixture
def poller(database: Database, fetcher: Fetcher, pool: ParsePool) -> Poller:
    return Poller(database, fetcher, pool, poll_seconds=60, allow_private=True, chance=lambda: 0.5)


async def titles(database: Database) -> tuple[list[str], list[str]]:
    """The titles of all articles, and of those that go out, in the order of their numbers."""
    async with database.read() as connection:
        kept = (await connection.scalars(select(article.c.title).order_by(article.c.id))).all()
        pushed = await connection.scalars(
            select(article.c.title)
            .join(broadcast, broadcast.c.article_id == article.c.id)
            .order_by(broadcast.c.id)
        )
        return list(kept), list(pushed.all())


async def test_the_first_read_keeps_everything_and_pushes_nothing(
    poller: Poller, database: Database, newsroom: Newsroom
) -> None:
    await listed(database, newsroom.feed_url())
    after = await read(poller, database)
    kept, pushed = await titles(database)
    assert kept == [a.title for a in reversed(newsroom.shown())]
    assert pushed == []
    assert after.primed
    assert after.etag


async def test_what_comes_later_is_pushed_once_in_order(
    poller: Poller, database: Database, newsroom: Newsroom
) -> None:
    await listed(database, newsroom.feed_url())
    await read(poller, database)
    new = newsroom.publish_many(23)
    await read(poller, database)
    await read(poller, database)
    assert (await titles(database))[1] == [a.title for a in new]


@pytest.mark.parametrize(
    ("count", "sizes"),
    [(0, []), (1, [1]), (3, [1, 2]), (9, [1, 2, 4, 2]), (40, [1, 2, 4, 8, 10, 10, 5])],
)
def test_the_first_of_many_need_not_wait_for_all(count: int, sizes: list[int]) -> None:
    found = list(pieces(count))
    assert [stop - start for start, stop in found] == sizes
    assert [start for start, _ in found] == [sum(sizes[:n]) for n in range(len(sizes))]


async def test_an_empty_first_read_counts(database: Database, poller: Poller) -> None:
    """Such a source once took its first articles for old ones."""
    async with Newsroom(feed_size=0) as empty:
        await listed(database, empty.feed_url())
        assert (await read(poller, database)).primed
    assert await titles(database) == ([], [])


async def test_a_first_read_that_breaks_off_pushes_nothing_when_it_goes_on(
    poller: Poller, database: Database, newsroom: Newsroom, fetcher: Fetcher, pool: ParsePool
) -> None:
    """Articles of the first chunk are stored; the source is not yet primed."""
    (one,) = await listed(database, newsroom.feed_url())
    hanging = newsroom.shown()[0]
    newsroom.break_page(hanging, "hang")
    reading = asyncio.create_task(poller.read(one))
    await newsroom.wait_for(
        lambda seen: any(hanging.slug in request.path for request in seen), timeout=30
    )
    reading.cancel()
    await asyncio.wait([reading])
    kept, pushed = await titles(database)
    assert 0 < len(kept) < len(newsroom.shown())
    newsroom.mend_page(hanging)
    fresh = Poller(database, fetcher, pool, poll_seconds=60, allow_private=True, chance=lambda: 0.5)
    await read(fresh, database)
    kept, pushed = await titles(database)
    assert sorted(kept) == sorted(a.title for a in newsroom.shown())
    assert pushed == []


async def test_nothing_new_is_asked_for_conditionally(
    poller: Poller, database: Database, newsroom: Newsroom
) -> None:
    await listed(database, newsroom.feed_url())
    await read(poller, database)
    await read(poller, database)
    statuses = [r.status for r in newsroom.requests if r.path == "/feed.xml"]
    assert statuses == [200, 304]


async def test_all_formats_of_one_site_are_one_set_of_articles(
    poller: Poller, database: Database, newsroom: Newsroom
) -> None:
    feeds = [f"{newsroom.url}/{name}" for name in ("feed.xml", "atom.xml", "feed.json")]
    for one in await listed(database, *feeds):
        await poller.read(one)
    kept, _ = await titles(database)
    assert sorted(kept) == sorted(a.title for a in newsroom.shown())


@pytest.mark.parametrize("fault", [500, "garbage", "reset"])
async def test_a_fault_is_recorded_and_the_next_read_catches_up(
    poller: Poller, database: Database, newsroom: Newsroom, fault: Fault
) -> None:
    await listed(database, newsroom.feed_url())
    await read(poller, database)
    newsroom.break_feed(fault)
    missed = newsroom.publish(title="Missed", paragraphs=["Text."])
    broken = await read(poller, database)
    broken = await read(poller, database)
    assert broken.failures == 2
    async with database.read() as connection:
        (health,) = await sources.source_health(connection)
    assert health.error
    newsroom.mend_feed()
    mended = await read(poller, database)
    assert mended.failures == 0
    assert (await titles(database))[1] == [missed.title]


async def test_a_slow_source_holds_up_no_other(
    database: Database, fetcher: Fetcher, pool: ParsePool, newsroom: Newsroom
) -> None:
    async with Newsroom() as slow:
        slow.break_feed("hang")
        await listed(database, slow.feed_url(), newsroom.feed_url())
        poller = Poller(
            database, fetcher, pool, poll_seconds=1, allow_private=True, chance=lambda: 0.5
        )
        async with running(poller):
            await newsroom.wait_for(
                lambda seen: sum(r.path == "/feed.xml" for r in seen) >= 3, timeout=30
            )
            assert sum(r.path == "/feed.xml" for r in slow.requests) == 1


async def test_a_new_source_takes_no_news_from_one_that_fails(
    database: Database, poller: Poller, newsroom: Newsroom
) -> None:
    """Its first read once stored what the other was about to push, which then reached nobody."""
    await read(poller, database, newsroom.feed_url())
    news = newsroom.publish(title="News", paragraphs=["Text."])
    async with database.write() as connection:
        later = datetime.now(UTC) + timedelta(minutes=8)
        await sources.record_failure(connection, 1, next_at=later, error="503")
    async with Newsroom() as elsewhere:
        other = elsewhere.feed_url().replace("127.0.0.1", "localhost")
        await listed(database, newsroom.feed_url(), newsroom.url + "/atom.xml", other)
        newsroom.requests.clear()
        async with running(poller):
            await elsewhere.wait_for(lambda seen: any(r.path == "/feed.xml" for r in seen))
            assert not newsroom.requests
            async with database.write() as connection:
                await connection.execute(
                    source.update().where(source.c.id == 1).values(next_at=datetime.now(UTC))
                )
            poller.pinged.set()
            await newsroom.wait_for(lambda seen: any(r.path == "/atom.xml" for r in seen))
    assert (await titles(database))[1] == [news.title]


async def test_a_source_that_is_no_longer_listed_rests(
    poller: Poller, database: Database, newsroom: Newsroom
) -> None:
    await listed(database, newsroom.feed_url())
    await read(poller, database)
    other = newsroom.feed_url("sobytiya")
    assert [s.url for s in await listed(database, other)] == [other]
    async with database.read() as connection:
        assert (await connection.scalar(select(source.c.listed).where(source.c.url != other))) is (
            False
        )


@asynccontextmanager
async def running(poller: Poller) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(poller.run(stop))
    try:
        yield
    finally:
        stop.set()
        await task


async def test_a_guessed_day_makes_no_news_old(poller: Poller, database: Database) -> None:
    """A page that marks no date has another one somewhere: it sank to the end of the list."""
    day = TEXT * 3 + "<div>12.03.2015</div>"
    async with Site({"/feed": rss(item("Старое", "/a")), "/b": article_page(text=day)}) as site:
        await listed(database, site.feed)
        await read(poller, database)
        site.documents["/feed"] = rss(item("Новое", "/b"), item("Старое", "/a"))
        await read(poller, database)
    async with database.read() as connection:
        moments = select(article.c.published_at, article.c.sorted_at).order_by(article.c.id.desc())
        published, placed = (await connection.execute(moments)).first() or (None, None)
    assert (await titles(database))[1] == ["Новое"]
    assert published is None
    assert placed is not None
    assert placed > datetime.now(UTC) - timedelta(hours=1)
