"""Hostile entries and pages through a whole read: nothing holds up the event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import func, select

from bot.ingest.checks import Checker
from bot.ingest.fetching.fetch import Fetcher
from bot.ingest.poll import Poller
from bot.ingest.workers import ParsePool
from bot.storage import checks
from bot.storage.database import Database
from bot.storage.schema import article
from tests.ingest import hostile
from tests.ingest.reads import FAR, read
from tests.ingest.site import Site, rss

SECONDS = 2.0  # of this process's CPU; what is quadratic took a quarter of a minute


@asynccontextmanager
async def never_held_up() -> AsyncIterator[None]:
    """No turn of the event loop costs this process more CPU than ``SECONDS``, in whichever thread.

    A regular expression keeps all threads from running, too.
    """
    longest = 0.0

    async def tick() -> None:
        nonlocal longest
        while True:
            before = time.process_time()
            await asyncio.sleep(0.01)
            longest = max(longest, time.process_time() - before)

    ticking = asyncio.create_task(tick())
    try:
        yield
        await asyncio.sleep(0.02)  # what held it up last is seen then
    finally:
        ticking.cancel()
    assert longest < SECONDS


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
                due = await checks.due_checks(connection, FAR, 50)
                stored = await connection.scalar(select(func.count()).select_from(article))
            site.documents |= {path: f"{page}<p>Статья</p>" for path, _, page in stories}
            await checker.look_round(1, due)
    assert len(due) > len(stories) / 2
    assert stored == len(stories)
