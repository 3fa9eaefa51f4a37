"""How the reader of sources behaves at a site: what it asks, how often, and where."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.ingest.fetching.fetch import Fetcher
from bot.ingest.poll import Poller
from bot.ingest.workers import ParsePool
from bot.model import Rhythm
from bot.storage import sources
from bot.storage.database import Database
from bot.storage.schema import article, source
from bot.storage.sources import Move
from tests.ingest.reads import listed, now_of, read
from tests.ingest.site import Moved, Site, item, rss

POLL, JITTER = 60, 0.5
PAUSE = POLL * (1 + JITTER / 20)
DAY = timedelta(days=1)


def feed(entries: int = 1, asks: str = "") -> str:
    """A feed of so many entries, with what else its channel says."""
    items = (item(f"Новость {n}", f"/news/{n}", str(n)) for n in range(entries))
    return rss(*items, channel=f"<title>Мост</title>{asks}")


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with Site({"/feed": feed()}) as opened:
        yield opened


@pytest.fixture
async def other() -> AsyncIterator[Site]:
    async with Site({"/feed": feed()}) as opened:
        yield opened


@pytest.fixture
async def poller(database: Database) -> AsyncIterator[Poller]:
    async with (
        Fetcher(allow_private=True, user_agent="test", page_pause=0) as fetcher,
        ParsePool() as pool,
    ):
        yield Poller(
            database,
            fetcher,
            pool,
            poll_seconds=POLL,
            allow_private=True,
            chance=lambda: JITTER,
        )


async def pause(database: Database) -> float:
    """The seconds until the next read, since this moment."""
    async with database.read() as connection:
        upcoming = await sources.upcoming(connection)
    assert upcoming is not None
    return (upcoming - datetime.now(UTC)).total_seconds()


async def set_source(database: Database, **values: object) -> None:
    async with database.write() as connection:
        await connection.execute(update(source).values(values))


def elsewhere(site: Site) -> str:
    """A site's feed under another name of its host."""
    return site.feed.replace("127.0.0.1", "localhost")


async def moves(database: Database) -> list[tuple[str, str]]:
    async with database.read() as connection:
        return [(move.url, move.target) for move in await sources.untold_moves(connection)]


async def count_articles(database: Database) -> int:
    async with database.read() as connection:
        return len((await connection.scalars(select(article.c.id))).all())


# --- When it looks again ----------------------------------------------------------------------


async def test_what_the_answer_and_the_feed_ask_for_lengthens_the_pause(
    poller: Poller, database: Database, site: Site
) -> None:
    await listed(database, site.feed)
    await read(poller, database)
    assert PAUSE - 10 < await pause(database) <= PAUSE
    site.headers = {"Cache-Control": "max-age=200"}
    await read(poller, database)  # the same body
    assert 190 < await pause(database) < 210
    site.documents["/feed"] = feed(asks="<ttl>10</ttl>")
    assert (await read(poller, database)).rhythm == Rhythm(pause=600)
    assert 600 < await pause(database) < 620
    site.headers = {}
    await read(poller, database)  # what the feed asked for is remembered
    assert 600 < await pause(database) < 620


async def test_a_304_says_how_long_it_is_fresh_too(
    poller: Poller, database: Database, site: Site
) -> None:
    site.headers = {"ETag": '"a"'}
    await listed(database, site.feed)
    await read(poller, database)
    site.headers = {"Cache-Control": "max-age=300"}
    site.documents["/feed"] = 304
    await read(poller, database)
    assert 300 < await pause(database) < 310


# --- What it asks -----------------------------------------------------------------------------


async def test_one_read_in_a_hundred_sends_no_validators(
    database: Database, site: Site, poller: Poller, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.headers = {"ETag": '"a"', "Last-Modified": "Mon, 23 Nov 2026 06:00:00 GMT"}
    await listed(database, site.feed)
    await read(poller, database)
    await read(poller, database)
    monkeypatch.setattr(poller, "_chance", lambda: 0.005)
    await read(poller, database)
    asked = [request.headers for request in site.asked if request.path == "/feed"]
    assert ["If-None-Match" in headers for headers in asked] == [False, True, False]
    assert ["If-Modified-Since" in headers for headers in asked] == [False, True, False]


async def test_an_unchanged_body_is_not_parsed_again_and_its_validators_are_kept(
    poller: Poller, database: Database, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed = []
    parse = poller._pool.source

    async def counted(*arguments: Any) -> object:
        parsed.append(arguments)
        return await parse(*arguments)

    monkeypatch.setattr(poller._pool, "source", counted)
    await listed(database, site.feed)
    await read(poller, database)
    site.headers = {"ETag": '"b"'}
    after = await read(poller, database)
    assert (len(parsed), after.etag) == (1, '"b"')
    site.documents["/feed"] = feed(2)
    await read(poller, database)
    assert (len(parsed), await count_articles(database)) == (2, 2)


async def test_an_article_whose_page_robots_txt_forbids_is_kept_from_its_entry(
    poller: Poller, database: Database, site: Site
) -> None:
    site.documents["/robots.txt"] = "User-agent: *\nDisallow: /news/\n"
    site.documents["/feed"] = feed(3)
    await listed(database, site.feed)
    after = await read(poller, database)
    assert (await count_articles(database), after.failures) == (3, 0)
    assert site.paths() == ["/feed", "/robots.txt"]


async def test_a_corrected_entry_whose_page_is_forbidden_leaves_the_read_complete(
    poller: Poller, database: Database, site: Site
) -> None:
    """The page would be asked for again at each read, and no read would be conditional."""
    site.headers = {"ETag": '"a"'}
    await listed(database, site.feed)
    await read(poller, database)
    async with database.write() as connection:
        await connection.execute(update(article).values(seen="other"))
    site.documents["/news/0"] = Moved("/private/0")
    poller._fetcher._robots._copies.clear()
    site.documents["/robots.txt"] = "User-agent: *\nDisallow: /private/\n"
    site.documents["/feed"] = feed(asks=" ")
    assert (await read(poller, database)).etag == '"a"'


# --- Where it asks ----------------------------------------------------------------------------


async def test_a_move_is_adopted_after_a_week_and_told(
    poller: Poller, database: Database, site: Site, other: Site
) -> None:
    target = elsewhere(other)
    site.documents["/feed"] = Moved(target)
    (first,) = await listed(database, site.feed)
    after = await read(poller, database)
    assert (after.reads_url, after.moved_to) == (None, target)
    since = after.moved_since
    assert (await read(poller, database)).moved_since == since
    await set_source(database, moved_since=datetime.now(UTC) - 7 * DAY)
    after = await read(poller, database)
    assert (after.id, after.reads_url, after.moved_to) == (first.id, target, None)
    asked = len(site.asked)
    await read(poller, database)
    assert len(site.asked) == asked
    assert await moves(database) == [(site.feed, target)]
    assert await count_articles(database) == 1


async def test_a_move_within_a_host_is_nothing_to_tell(
    poller: Poller, database: Database, site: Site
) -> None:
    site.documents["/new"] = feed()
    site.documents["/feed"] = Moved("/new", 308)
    await listed(database, site.feed)
    await read(poller, database)
    await set_source(database, moved_since=datetime.now(UTC) - 7 * DAY)
    after = await read(poller, database)
    assert (after.reads_url, await moves(database)) == (f"{site.url}/new", [])


@pytest.mark.parametrize("status", [302, 307, 200])
async def test_a_temporary_answer_ends_the_waiting(
    poller: Poller, database: Database, site: Site, status: int
) -> None:
    site.documents["/new"] = feed()
    site.documents["/feed"] = Moved("/new")
    await listed(database, site.feed)
    await read(poller, database)
    site.documents["/feed"] = Moved("/new", status) if status != 200 else feed()
    await set_source(database, moved_since=datetime.now(UTC) - 9 * DAY)
    after = await read(poller, database)
    assert (after.reads_url, after.moved_to, after.moved_since) == (None, None, None)


async def test_what_is_no_feed_is_never_adopted(
    poller: Poller, database: Database, site: Site, other: Site
) -> None:
    """Sites redirect what they drop to their front page."""
    await listed(database, site.feed)
    await read(poller, database)
    site.documents["/feed"] = Moved(f"{other.url}/news/")
    await set_source(
        database, moved_to=f"{other.url}/news/", moved_since=datetime.now(UTC) - 9 * DAY
    )
    after = await read(poller, database)
    assert (after.failures, after.reads_url) == (1, None)


async def test_a_304_of_an_address_that_nobody_has_parsed_is_no_proof(
    poller: Poller, database: Database, site: Site, other: Site
) -> None:
    site.headers = {"ETag": '"a"'}
    await listed(database, site.feed)
    await read(poller, database)
    site.documents["/feed"], other.documents["/feed"] = Moved(other.feed), 304
    after = await read(poller, database)
    assert (after.moved_to, after.etag) == (None, None)
    other.documents["/feed"] = feed()
    assert (await read(poller, database)).moved_to == other.feed


async def test_a_move_is_adopted_at_once_where_the_old_address_is_gone(
    poller: Poller, database: Database, site: Site, other: Site
) -> None:
    target = elsewhere(other)
    site.documents["/feed"], other.headers = Moved(target), {"ETag": '"a"'}
    await listed(database, site.feed)
    assert (await read(poller, database)).etag == '"a"'
    site.documents["/feed"] = 404
    after = await read(poller, database)
    assert (after.failures, after.reads_url) == (1, target)
    assert (after.etag, after.body_hash) == (None, None)
    assert await moves(database) == [(site.feed, target)]
    assert (await read(poller, database)).failures == 0
    async with database.write() as connection:
        (move,) = await sources.untold_moves(connection)
        await sources.move_told(connection, Move(move.source_id, move.url, "https://x.example/"))
        assert await sources.untold_moves(connection) == [move]
        await sources.move_told(connection, move)
    assert await moves(database) == []


async def test_an_adopted_address_that_is_gone_is_given_up(
    poller: Poller, database: Database, site: Site, other: Site
) -> None:
    await listed(database, site.feed)
    await read(poller, database)
    await set_source(database, reads_url=other.feed, untold_move=other.feed)
    other.documents["/feed"] = 410
    assert (await read(poller, database)).reads_url is None
    assert await moves(database) == []
    assert (await read(poller, database)).failures == 0


async def test_an_adopted_address_outlives_every_fault_of_the_network(
    poller: Poller, database: Database, site: Site
) -> None:
    """It would be lost for good: where the source was before, there is nothing any more."""
    await listed(database, site.feed)
    await read(poller, database)
    nobody = "http://127.0.0.1:1/feed"
    await set_source(database, reads_url=nobody)
    site.documents["/feed"] = 404
    asked = len(site.asked)
    for _ in range(7):
        await read(poller, database)
    after = await now_of(database)
    assert (after.failures, after.reads_url, len(site.asked)) == (7, nobody, asked)


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize("own", [404, 500, 301])
async def test_an_adopted_address_that_is_gone_is_kept_where_there_is_no_other(
    poller: Poller, database: Database, site: Site, other: Site, status: int, own: int
) -> None:
    await listed(database, site.feed)
    await read(poller, database)
    await set_source(database, reads_url=other.feed)
    site.documents["/feed"] = Moved(other.feed) if own == 301 else own
    other.documents["/feed"] = status
    for _ in range(6):
        after = await read(poller, database)
    assert (after.failures, after.reads_url) == (6, other.feed)
    other.documents["/feed"] = feed(2)
    after = await read(poller, database)
    assert (after.failures, after.reads_url) == (0, other.feed)


async def test_what_the_source_asks_for_is_obeyed_though_it_was_asked_last(
    poller: Poller, database: Database, site: Site, other: Site
) -> None:
    await listed(database, site.feed)
    await read(poller, database)
    moved_to = f"{other.url}/gone"
    await set_source(database, reads_url=other.feed, moved_to=moved_to)
    other.documents |= {"/feed": Moved("/gone"), "/gone": 404}
    site.headers = {"Retry-After": "7200"}
    for status in (404, 503):
        site.documents["/feed"] = status
        after = await read(poller, database)
        # What is gone is where it redirects to, so that is not adopted.
        assert (after.reads_url, after.moved_to) == (other.feed, moved_to)
    assert await pause(database) > 7100


# --- Gone ---------------------------------------------------------------------------------------


async def test_answers_that_a_source_is_gone_are_counted_in_a_row(
    poller: Poller, database: Database, site: Site
) -> None:
    await listed(database, site.feed)
    counts = []
    for status in (410, 410, 500, 410, 0, 410):
        site.documents["/feed"] = status or feed()
        counts.append((await read(poller, database)).gone)
    assert counts == [1, 2, 0, 1, 0, 1]


async def test_a_source_that_is_gone_is_looked_at_once_a_day(
    poller: Poller, database: Database, site: Site
) -> None:
    await listed(database, site.feed)
    site.documents["/feed"] = 410
    await set_source(database, failures=40, gone=40)
    await read(poller, database)
    assert 86_400 < await pause(database) < 86_400 * 1.05
    site.documents["/feed"] = feed()
    assert (await read(poller, database)).gone == 0
    assert await pause(database) < POLL * 1.05
