"""What sites and databases do to a read: odd pages, wrong names, silence, faults of our own."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from bot import check
from bot.ingest.checks import Checker
from bot.ingest.fetching.fetch import Fetcher
from bot.ingest.kinds import Reading
from bot.ingest.poll import Poller
from bot.ingest.rubrics import Aliases
from bot.ingest.workers import ParsePool
from bot.model import Document, Extracted, Paragraph, Selectors, SourceSpec, Span
from bot.model import Entry as FeedEntry
from bot.read.examine import Examiner
from bot.storage import articles, checks, sections, sources
from bot.storage.database import Database
from bot.storage.schema import alias, article
from tests.ingest.reads import FAR, listed, read
from tests.ingest.site import Site, article_page, item, rss


def news(*entries: tuple[str, str]) -> str:
    """A feed of articles: the id and the page's path of each."""
    return rss(*(item(f"Новость {guid}", path, guid) for guid, path in entries))


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


async def titles(database: Database) -> list[str]:
    async with database.read() as connection:
        return list((await connection.scalars(select(article.c.title).order_by("id"))).all())


# --- Names --------------------------------------------------------------------------------------


async def test_pages_that_all_name_one_canonical_address_are_all_kept(
    poller: Poller, database: Database
) -> None:
    """All but the first were once taken for known, silently and for ever."""
    entries = [(str(number), f"/news/{number}") for number in range(6)]
    named = article_page(head='<link rel="canonical" href="/news">')
    async with Site({"/feed": news(*entries)}, otherwise=named) as site:
        await read(poller, database, site.feed)
        assert sorted(await titles(database)) == [f"Новость {number}" for number in range(6)]
        site.documents["/feed"] = news(*entries, ("6", "/news"))
        await read(poller, database, site.feed)
        async with database.read() as connection:
            urls = set((await connection.scalars(select(article.c.url))).all())
    assert len(await titles(database)) == 7
    assert urls == {f"{site.url}/news/{number}" for number in range(6)} | {f"{site.url}/news"}


async def test_the_log_counts_what_was_stored(poller: Poller, database: Database) -> None:
    """It once counted what was offered, also where nothing was stored."""
    async with Site({"/feed": news(("1", "/a"))}) as site:
        await read(poller, database, site.feed)
        site.documents["/feed"] = site.documents["/other"] = news(
            ("1", "/a"), ("2", "/b"), ("3", "/c")
        )
        with capture_logs() as logs:
            await read(poller, database, site.feed)
            again = await listed(database, f"{site.url}/other")
            await poller.read(again[0])
    counts = [(log["count"], log["pushed"]) for log in logs if log["event"] == "articles stored"]
    assert counts == [(1, 1), (1, 1)]


async def test_names_that_come_later_are_kept(poller: Poller, database: Database) -> None:
    """A site that changed its ids and then its addresses once had everything pushed anew."""
    async with Site() as site:
        for entry in (("old", "/a"), ("new", "/a"), ("new", "/moved")):
            site.documents["/feed"] = news(entry)
            await read(poller, database, site.feed)
        async with database.read() as connection:
            names = set((await connection.scalars(select(alias.c.key))).all())
    assert len(await titles(database)) == 1
    assert {"old", "new"} < names


async def test_a_section_without_articles_can_be_chosen(poller: Poller, database: Database) -> None:
    """A feed that was empty at first once made no section to subscribe to."""
    async with Site({"/feed": news()}) as site:
        await read(poller, database, site.feed)
    async with database.read() as connection:
        (choice,) = await sections.section_choices(connection, 1)
    assert choice.section.title == "Мост"


# --- Odd articles -------------------------------------------------------------------------------


class AlteredPool(ParsePool):
    """Changes each entry of what it reads."""

    def __init__(self, change: Callable[[FeedEntry], FeedEntry]) -> None:
        super().__init__()
        self._change = change

    async def source(
        self,
        content: bytes,
        content_type: str | None,
        url: str,
        selectors: Selectors | None,
        now: datetime,
    ) -> Reading:
        read = await super().source(content, content_type, url, selectors, now)
        assert read.feed is not None
        entries = tuple(map(self._change, read.feed.entries))
        return replace(read, feed=replace(read.feed, entries=entries))


class OddPool(AlteredPool):
    """Reads, and spoils, as no reading should: one entry's title and one page's text."""

    def __init__(self) -> None:
        super().__init__(lambda each: replace(each, title="\ud83d") if each.guid == "bad" else each)

    async def article(
        self,
        content: bytes,
        content_type: str | None,
        url: str,
        selectors: Selectors | None = None,
        *,
        dated: bool = False,
    ) -> Extracted:
        read = await super().article(content, content_type, url, selectors, dated=dated)
        if url.endswith("/crash"):
            raise ZeroDivisionError
        if url.endswith("/half"):
            return replace(read, document=Document((Paragraph((Span("\ud83d " * 300),)),)))
        return read


async def test_one_odd_article_does_not_block_the_others(
    database: Database, fetcher: Fetcher
) -> None:
    """Half an emoji in one page once kept its whole source from being stored, for ever."""
    entries = [("good", "/good"), ("half", "/half"), ("crash", "/crash"), ("bad", "/bad")]
    async with Site({"/feed": news(*entries)}) as site, OddPool() as pool:
        poller = Poller(
            database, fetcher, pool, poll_seconds=60, allow_private=True, chance=lambda: 0.5
        )
        with capture_logs() as logs:
            after = await read(poller, database, site.feed)
    assert sorted(await titles(database)) == ["Новость crash", "Новость good", "Новость half"]
    assert (after.primed, after.failures) == (True, 0)
    (skipped,) = [log for log in logs if log["event"].startswith("entry skipped")]
    assert (skipped["entry"], skipped["log_level"]) == ("bad", "error")


async def test_an_article_whose_page_met_with_a_fault_is_looked_at_again(
    database: Database, fetcher: Fetcher
) -> None:
    """It once stayed without a text, and nobody looked at its page again."""
    async with Site({"/feed": news(("good", "/good"))}) as site, OddPool() as odd:
        poller = Poller(
            database, fetcher, odd, poll_seconds=60, allow_private=True, chance=lambda: 0.5
        )
        await read(poller, database, site.feed)
        site.documents["/feed"] = news(("good", "/good"), ("crash", "/crash"))
        await read(poller, database)
        async with database.read() as connection:
            due = await checks.due_checks(connection, FAR, 9)
            before = await articles.get_article(connection, due[0].article_id)
        (check_of_it,) = due
        assert (check_of_it.url, check_of_it.whole) == (f"{site.url}/crash", False)
        assert before is not None
        assert before.fault == "Reading the page met with an unexpected fault."
        async with ParsePool() as well:
            checker = Checker(database, fetcher, well, poll_seconds=60, allow_private=True)
            await checker.look_round(check_of_it.source_id, due)
        async with database.read() as connection:
            after = await articles.get_article(connection, before.id)
    assert after is not None
    assert after.fault == ""
    assert "оркестром" in after.document.plain_text()


async def test_a_fault_in_a_page_that_is_read_anew_costs_its_article_alone(
    database: Database, fetcher: Fetcher
) -> None:
    """It once failed the whole read, and each one after it."""

    def said(title: str) -> str:
        return rss(item(title, "/crash", "crash"), item("Вокзал", "/good", "good"))

    async with Site({"/feed": said("Мост")}, tagged=True) as site:
        async with ParsePool() as well:
            poller = Poller(
                database, fetcher, well, poll_seconds=60, allow_private=True, chance=lambda: 0.5
            )
            await read(poller, database, site.feed)
        async with OddPool() as odd:
            poller = Poller(
                database, fetcher, odd, poll_seconds=60, allow_private=True, chance=lambda: 0.5
            )
            site.documents["/feed"] = said("Мост открыт")
            after = await read(poller, database)
        assert (after.failures, after.etag) == (0, None)
        assert "Мост" in await titles(database)
        async with ParsePool() as well:
            poller = Poller(
                database, fetcher, well, poll_seconds=60, allow_private=True, chance=lambda: 0.5
            )
            await read(poller, database)
    assert "Мост открыт" in await titles(database)


async def test_half_an_emoji_in_a_page_is_dropped(poller: Poller, database: Database) -> None:
    data = '{"@type": "NewsArticle", "description": "Мост \\ud83d открыт"}'
    page = article_page(head=f'<script type="application/ld+json">{data}</script>')
    async with Site({"/feed": news(("1", "/a"))}, otherwise=page) as site:
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
    async with Site({"/feed": news(*entries)}) as site:
        site.otherwise = None
        await read(poller, database, site.feed)
        assert len([path for path in site.paths() if path.startswith("/news/")]) == 2
        assert len(await titles(database)) == 9
        site.asked.clear()
        site.otherwise = article_page()
        site.documents["/feed"] = news(*entries, ("9", "/news/9"))
        await read(poller, database, site.feed)
        assert site.paths() == ["/feed", "/news/9"]


async def test_a_source_that_cannot_be_stored_is_left_alone_for_a_while(
    sqlite_url: str, fetcher: Fetcher, pool: ParsePool
) -> None:
    """While the database failed, the site was once asked sixty times a second."""
    feed = {"/feed": news()}
    async with Database.open(sqlite_url) as database, Site(feed) as broken, Site(feed) as well:
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
    async with Site({"/feed": news(("1", "/a"))}) as site:
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

    deep = AlteredPool(lambda each: replace(each, content="<ul><li>" * 5000))
    said: list[str] = []
    async with Site({"/feed": news(("1", "/a"))}) as site, deep as pool:
        spec = SourceSpec(site.feed.replace("//", "//editor:secret@"))
        examining = Examiner(fetcher, pool, {}, Aliases(), allow_private=True)
        assert await check._source(spec, examining, ZoneInfo("UTC"), said.append)
    assert said[0] == f"Source {site.feed}"
    assert said[-1].startswith("  The newest is for the section “Мост”. It has ")


async def test_the_check_reads_a_page_as_the_bot_does(fetcher: Fetcher, pool: ParsePool) -> None:
    said: list[str] = []
    front = article_page(head='<link rel="alternate" type="application/rss+xml" href="/feed">')
    async with Site({"/feed": news(("1", "/a")), "/news": front}) as site:
        spec = SourceSpec(f"{site.url}/news")
        examining = Examiner(fetcher, pool, {}, Aliases(), allow_private=True)
        assert await check._source(spec, examining, ZoneInfo("UTC"), said.append)
    assert said[1] == f"  is read at {site.feed}"
    assert said[2].startswith(
        "  1 article(s) for the sections that they name, else the section “Мост”; the newest, "
        "moments in UTC:"
    )
