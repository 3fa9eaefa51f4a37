"""What sites and databases do to a read: odd pages, wrong names, silence, faults of our own."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Self
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web
from sqlalchemy import select
from structlog.testing import capture_logs

from bot import check
from bot.ingest.fetching.fetch import Fetcher
from bot.ingest.kinds import Reading
from bot.ingest.poll import Poller
from bot.ingest.rubrics import Aliases
from bot.ingest.workers import ParsePool
from bot.model import Document, Extracted, Paragraph, Selectors, Source, SourceSpec, Span
from bot.model import Entry as FeedEntry
from bot.read.examine import Examiner
from bot.storage import sections, sources
from bot.storage.database import Database
from bot.storage.schema import alias, article

FAR = datetime(2100, 1, 1, tzinfo=UTC)
TEXT = "<p>Через реку Тихую открыли новый мост, и весь город пришёл на него с оркестром.</p>" * 3
Entry = tuple[str, str]  # id, path of the page


class Site:
    """Feeds and pages that a test writes; every page has the same head."""

    def __init__(self, *entries: Entry, head: str = "") -> None:
        self.entries: Sequence[Entry] = entries
        self.head = head
        self.silent = False  # whether pages never answer
        self.asked: list[str] = []
        self._changed = asyncio.Condition()
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    @property
    def feed(self) -> str:
        return f"{self.url}/feed.xml"

    @property
    def pages_asked(self) -> list[str]:
        return [path for path in self.asked if not path.endswith(".xml")]

    async def wait_for(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(30), self._changed:
            await self._changed.wait_for(condition)

    async def _answer(self, request: web.Request) -> web.Response:
        if request.path == "/robots.txt":
            return web.Response(status=404)
        async with self._changed:
            self.asked.append(request.path)
            self._changed.notify_all()
        if request.path.endswith(".xml"):
            items = "".join(
                f"<item><guid isPermaLink='false'>{guid}</guid><title>Новость {guid}</title>"
                f"<link>{self.url}{path}</link></item>"
                for guid, path in self.entries
            )
            text = f"<rss version='2.0'><channel><title>Мост</title>{items}</channel></rss>"
            return web.Response(text=text, content_type="application/rss+xml")
        if self.silent:
            await asyncio.Event().wait()
        page = f"<html><head>{self.head}</head><body><article>{TEXT}</article></body></html>"
        return web.Response(text=page, content_type="text/html")


@pytest.fixture
async def pool() -> AsyncIterator[ParsePool]:
    async with ParsePool() as opened:
        yield opened


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    async with Fetcher(
        allow_private=True, user_agent="test", page_timeout=0.3, page_pause=0
    ) as opened:
        yield opened


@pytest.fixture
def poller(database: Database, fetcher: Fetcher, pool: ParsePool) -> Poller:
    return Poller(database, fetcher, pool, poll_seconds=60, allow_private=True, chance=lambda: 0.5)


async def listed(database: Database, *urls: str) -> list[Source]:
    async with database.write() as connection:
        specs = [SourceSpec(url) for url in urls]
        await sources.list_sources(connection, specs, datetime.now(UTC))
        return await sources.due_sources(connection, FAR)


async def read(poller: Poller, database: Database, url: str) -> Source:
    """Read the one source and say how it stands then."""
    (due,) = await listed(database, url)
    await poller.read(due)
    async with database.read() as connection:
        (after,) = await sources.due_sources(connection, FAR)
    return after


async def titles(database: Database) -> list[str]:
    async with database.read() as connection:
        return list((await connection.scalars(select(article.c.title).order_by("id"))).all())


# --- Names --------------------------------------------------------------------------------------


async def test_pages_that_all_name_one_canonical_address_are_all_kept(
    poller: Poller, database: Database
) -> None:
    """All but the first were once taken for known, silently and for ever."""
    entries = [(str(number), f"/news/{number}") for number in range(6)]
    async with Site(*entries, head='<link rel="canonical" href="/news">') as site:
        await read(poller, database, site.feed)
        assert sorted(await titles(database)) == [f"Новость {number}" for number in range(6)]
        site.entries = [*entries, ("6", "/news")]
        await read(poller, database, site.feed)
        async with database.read() as connection:
            urls = set((await connection.scalars(select(article.c.url))).all())
    assert len(await titles(database)) == 7
    assert urls == {f"{site.url}/news/{number}" for number in range(6)} | {f"{site.url}/news"}


async def test_the_log_counts_what_was_stored(poller: Poller, database: Database) -> None:
    """It once counted what was offered, also where nothing was stored."""
    async with Site(("1", "/a")) as site:
        await read(poller, database, site.feed)
        site.entries = [("1", "/a"), ("2", "/b"), ("3", "/c")]
        with capture_logs() as logs:
            await read(poller, database, site.feed)
            again = await listed(database, f"{site.url}/other.xml")
            await poller.read(again[0])
    counts = [(log["count"], log["pushed"]) for log in logs if log["event"] == "articles stored"]
    assert counts == [(1, 1), (1, 1)]


async def test_names_that_come_later_are_kept(poller: Poller, database: Database) -> None:
    """A site that changed its ids and then its addresses once had everything pushed anew."""
    async with Site(("old", "/a")) as site:
        for entry in (("old", "/a"), ("new", "/a"), ("new", "/moved")):
            site.entries = [entry]
            await read(poller, database, site.feed)
        async with database.read() as connection:
            names = set((await connection.scalars(select(alias.c.key))).all())
    assert len(await titles(database)) == 1
    assert {"old", "new"} < names


async def test_a_section_without_articles_can_be_chosen(poller: Poller, database: Database) -> None:
    """A feed that was empty at first once made no section to subscribe to."""
    async with Site() as site:
        await read(poller, database, site.feed)
    async with database.read() as connection:
        (choice,) = await sections.section_choices(connection, 1)
    assert choice.section.title == "Мост"


# --- Odd articles -------------------------------------------------------------------------------


def with_entries(read: Reading, change: Callable[[FeedEntry], FeedEntry]) -> Reading:
    assert read.feed is not None
    return replace(read, feed=replace(read.feed, entries=tuple(map(change, read.feed.entries))))


class OddPool(ParsePool):
    """Reads, and spoils, as no reading should: one page's text and one entry's title."""

    async def article(
        self, content: bytes, content_type: str | None, url: str, selectors: Selectors | None = None
    ) -> Extracted:
        read = await super().article(content, content_type, url, selectors)
        if url.endswith("/crash"):
            raise ZeroDivisionError
        if url.endswith("/half"):
            return replace(read, document=Document((Paragraph((Span("\ud83d " * 300),)),)))
        return read

    async def source(
        self,
        content: bytes,
        content_type: str | None,
        url: str,
        selectors: Selectors | None,
        now: datetime,
    ) -> Reading:
        read = await super().source(content, content_type, url, selectors, now)
        return with_entries(
            read, lambda each: replace(each, title="\ud83d") if each.guid == "bad" else each
        )


async def test_one_odd_article_does_not_block_the_others(
    database: Database, fetcher: Fetcher
) -> None:
    """Half an emoji in one page once kept its whole source from being stored, for ever."""
    entries = [("good", "/good"), ("half", "/half"), ("crash", "/crash"), ("bad", "/bad")]
    async with Site(*entries) as site, OddPool() as pool:
        poller = Poller(
            database, fetcher, pool, poll_seconds=60, allow_private=True, chance=lambda: 0.5
        )
        with capture_logs() as logs:
            after = await read(poller, database, site.feed)
    assert sorted(await titles(database)) == ["Новость crash", "Новость good", "Новость half"]
    assert (after.primed, after.failures) == (True, 0)
    (skipped,) = [log for log in logs if log["event"].startswith("entry skipped")]
    assert (skipped["entry"], skipped["log_level"]) == ("bad", "error")


async def test_half_an_emoji_in_a_page_is_dropped(poller: Poller, database: Database) -> None:
    data = '{"@type": "NewsArticle", "description": "Мост \\ud83d открыт"}'
    async with Site(
        ("1", "/a"), head=f'<script type="application/ld+json">{data}</script>'
    ) as site:
        with capture_logs() as logs:
            await read(poller, database, site.feed)
    async with database.read() as connection:
        assert await connection.scalar(select(article.c.lead)) == "Мост открыт"
    assert not [log for log in logs if log["log_level"] == "error"]


# --- Silence and faults -------------------------------------------------------------------------


async def test_a_site_whose_pages_do_not_answer_is_asked_for_two(
    poller: Poller, database: Database
) -> None:
    """Each of many pages was once waited for to the end before anything was stored."""
    entries = [(str(number), f"/news/{number}") for number in range(9)]
    async with Site(*entries) as site:
        site.silent = True
        await read(poller, database, site.feed)
        assert len(site.pages_asked) == 2
        assert len(await titles(database)) == 9
        site.silent = False
        site.entries = [*entries, ("9", "/news/9")]
        await read(poller, database, site.feed)
        assert site.pages_asked[2:] == ["/news/9"]


async def test_a_source_that_cannot_be_stored_is_left_alone_for_a_while(
    sqlite_url: str, fetcher: Fetcher, pool: ParsePool
) -> None:
    """While the database failed, the site was once asked sixty times a second."""
    async with Database.open(sqlite_url) as database, Site() as broken, Site() as well:
        await listed(database, broken.feed, well.feed)
        with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as raw:
            raw.execute(
                "CREATE TRIGGER full BEFORE UPDATE ON source WHEN NEW.url ="
                f" '{broken.feed}' BEGIN SELECT RAISE(ABORT, 'disk full'); END"
            )
        raw.close()
        poller = Poller(
            database, fetcher, pool, poll_seconds=0.2, allow_private=True, chance=lambda: 0.5
        )
        stop = asyncio.Event()
        with capture_logs() as logs:
            task = asyncio.create_task(poller.run(stop))
            await well.wait_for(lambda: len(well.asked) >= 6)
            stop.set()
            await task
    assert 1 < len(broken.asked) < 6
    told = [log for log in logs if log.get("source") == broken.feed]
    assert 0 < len(told) <= len(broken.asked)
    assert not any("exc_info" in log or log["log_level"] == "error" for log in told)


async def test_a_password_in_an_address_is_never_shown(poller: Poller, database: Database) -> None:
    """Logs, alerts and /status once told it."""
    async with Site(("1", "/a")) as site:
        secret = site.feed.replace("//", "//editor:secret@")
        with capture_logs() as logs:
            await read(poller, database, secret)
    with capture_logs() as more:
        await read(poller, database, secret)  # the site is gone now
    async with database.read() as connection:
        (health,) = await sources.source_health(connection)
    assert health.url == site.feed
    assert len(logs) >= 2
    assert more
    assert "secret" not in repr((logs, more, health))


async def test_an_entry_that_cannot_be_read_does_not_end_the_check(
    fetcher: Fetcher,
) -> None:
    """It once ended ``check`` with a traceback."""

    class Deep(ParsePool):
        async def source(
            self,
            content: bytes,
            content_type: str | None,
            url: str,
            selectors: Selectors | None,
            now: datetime,
        ) -> Reading:
            read = await super().source(content, content_type, url, selectors, now)
            return with_entries(read, lambda each: replace(each, content="<ul><li>" * 5000))

    said: list[str] = []
    async with Site(("1", "/a")) as site, Deep() as pool:
        spec = SourceSpec(site.feed.replace("//", "//editor:secret@"))
        examining = Examiner(fetcher, pool, {}, Aliases(), allow_private=True)
        assert await check._source(spec, examining, ZoneInfo("UTC"), said.append)
    assert said[0] == f"Source {site.feed}"
    assert said[-1].startswith("  The newest is for the section “Мост”. It has ")


async def test_the_check_reads_a_page_as_the_bot_does(fetcher: Fetcher, pool: ParsePool) -> None:
    said: list[str] = []
    feed = '<link rel="alternate" type="application/rss+xml" href="/feed.xml">'
    async with Site(("1", "/a"), head=feed) as site:
        spec = SourceSpec(f"{site.url}/news")
        examining = Examiner(fetcher, pool, {}, Aliases(), allow_private=True)
        assert await check._source(spec, examining, ZoneInfo("UTC"), said.append)
    assert said[1] == f"  is read at {site.feed}"
    assert said[2].startswith(
        "  1 article(s) for the sections that they name, else the section “Мост”; the newest, "
        "moments in UTC:"
    )
