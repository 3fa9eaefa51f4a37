"""Hostile entries and pages through a whole read: nothing holds up the event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from sqlalchemy import func, select

from bot.ingest.checks import Checker
from bot.ingest.fetching.fetch import Fetcher
from bot.ingest.poll import Poller
from bot.ingest.workers import ParsePool
from bot.storage import articles, checks
from bot.storage.database import Database
from bot.storage.schema import article
from tests.ingest import hostile
from tests.ingest.reads import FAR, read
from tests.ingest.site import Site, article_page, item, rss

SECONDS = 2.0  # of this process's CPU; what is quadratic took a quarter of a minute
ASIDE = 0.1  # of the event loop's own CPU, where threads do what is long


@asynccontextmanager
async def never_held_up(
    seconds: float = SECONDS, clock: Callable[[], float] = time.process_time
) -> AsyncIterator[None]:
    """No turn of the event loop costs more CPU than this, by default in whichever thread.

    A regular expression keeps all threads from running, too.
    """
    longest = 0.0

    async def tick() -> None:
        nonlocal longest
        while True:
            before = clock()
            await asyncio.sleep(0.01)
            longest = max(longest, clock() - before)

    ticking = asyncio.create_task(tick())
    try:
        yield
        await asyncio.sleep(0.02)  # what held it up last is seen then
    finally:
        ticking.cancel()
    assert longest < seconds


async def test_no_entry_or_page_holds_up_the_event_loop(sqlite_url: str) -> None:
    """An id of 32 KB, a lead of dashes, or dots in a text once stopped the whole bot for 16 s."""
    stories = list(hostile.stories())
    first = [entry.replace("<title>", "<title>Мост ") for _, entry, _ in stories]
    async with (
        Database.open(sqlite_url) as database,
        Fetcher(allow_private=True, user_agent="test", page_pause=0) as fetcher,
        ParsePool() as pool,
        Site({path: page for path, _, page in stories}) as site,
    ):
        poller = Poller(
            database, fetcher, pool, poll_seconds=60, allow_private=True, chance=lambda: 0.5
        )
        checker = Checker(database, fetcher, pool, poll_seconds=60, allow_private=True)
        async with never_held_up():
            for start in range(0, len(stories), 16):
                site.documents["/feed"] = rss(*first[start : start + 16])
                await read(poller, database, site.feed)
                site.documents["/feed"] = rss(*(each for _, each, _ in stories[start : start + 16]))
                after = await read(poller, database)
                assert (after.primed, after.failures) == (True, 0)
            async with database.read() as connection:
                due = await checks.due_checks(connection, FAR, 10)
                stored = await connection.scalar(select(func.count()).select_from(article))
            site.documents |= {path: f"{page}<p>Статья</p>" for path, _, page in stories}
            await checker.look_round(1, due)
    assert len(due) == 10
    assert stored == len(stories)


async def test_a_long_article_does_not_hold_up_the_event_loop(sqlite_url: str) -> None:
    """Composing, comparing and storing a text of 400,000 characters once took 0.2 s of it."""
    links = "".join(f"<a href='/{n}'>ёлка{n} и слово{n * 7}</a> и снова слово " for n in range(16))

    def long_page(end: str) -> str:
        return article_page("Мост", text=f"<p>{links}</p>" * 450 + f"<p>{end}</p>")

    async with (
        Database.open(sqlite_url) as database,
        Fetcher(allow_private=True, user_agent="test", page_pause=0) as fetcher,
        ParsePool() as pool,
        Site({"/feed": rss(), "/a": long_page("Первый")}) as site,
    ):
        poller = Poller(
            database, fetcher, pool, poll_seconds=60, allow_private=True, chance=lambda: 0.5
        )
        checker = Checker(database, fetcher, pool, poll_seconds=60, allow_private=True)
        await read(poller, database, site.feed)
        async with never_held_up(ASIDE, time.thread_time):
            site.documents["/feed"] = rss(item("Мост", "/a", "1"))
            await read(poller, database)
            site.documents["/feed"] = rss(item("Мост открыт", "/a", "1"))
            site.documents["/a"] = long_page("Второй")
            await read(poller, database)
            site.documents["/a"] = long_page("Третий")
            async with database.read() as connection:
                due = await checks.due_checks(connection, FAR, 1)
            await checker.look_round(1, due)
    async with Database.open(sqlite_url) as database, database.read() as connection:
        kept = await articles.get_article(connection, due[0].article_id)
    assert kept is not None
    assert kept.title == "Мост открыт"
    assert len(kept.document.plain_text()) > 200_000
