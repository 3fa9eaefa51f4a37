"""One story in the feeds of two sections, on a real socket: who follows either has it once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from bot.ingest.fetching.fetch import Fetcher
from bot.ingest.poll import Poller
from bot.ingest.workers import ParsePool
from bot.model import DeliveryState, SourceSpec
from bot.storage import articles, audience, outbox, sections, sources
from bot.storage.database import Database
from bot.storage.outbox import Settled
from tests.ingest.reads import FAR
from tests.ingest.site import Site, article_page, item, rss
from tests.ingest.test_once import Story, story
from tests.storage.rows import add_reader

CITY, SPORT = "/city.xml", "/sport.xml"
TITLES = {CITY: "Город", SPORT: "Спорт"}
OLD = story(1, day=0)
NEWS = story(2)


@dataclass(slots=True)
class Desk:
    """A poller, the site that it reads, and those who follow the one section, both, the other."""

    database: Database
    poller: Poller
    site: Site
    titles: dict[str, str | None]
    feeds: dict[str, tuple[Story, ...]] = field(default_factory=dict)
    heads: dict[str, str] = field(default_factory=dict)

    def shows(self, *stories: Story, feed: str) -> None:
        """Have the site show these in a feed, each with its page and what stands in its head."""
        self.feeds[feed] = stories
        items = (item(each.title, each.path, each.guid, each.published) for each in stories)
        self.site.documents[feed] = rss(*items, channel=f"<title>{feed}</title>")
        for each in stories:
            head = self.heads.get(each.path, "")
            self.site.documents[each.path] = article_page(head=head, text=f"<p>{each.text}</p>")

    async def read(self, *feeds: str) -> None:
        """Read these feeds one after the other; the others stay in the list."""
        specs = [SourceSpec(f"{self.site.url}{f}", title) for f, title in self.titles.items()]
        async with self.database.write() as connection:
            await sources.list_sources(connection, specs, datetime.now(UTC))
            due = {each.url: each for each in await sources.due_sources(connection, FAR)}
        for feed in feeds:
            await self.poller.read(due[f"{self.site.url}{feed}"])

    async def sent(self) -> list[int]:
        """The chats that a sender reaches now, each with the article's title."""
        chats: list[int] = []
        now = datetime.now(UTC)
        while True:
            async with self.database.write() as connection:
                if not await audience.going(connection, now):
                    return chats
                claimed = await outbox.claim(connection, lease=1, now=now, limit=9)
                begun = await outbox.begin(connection, claimed, now)
                done = [Settled(each.delivery, DeliveryState.SENT) for each in begun]
                await outbox.record(connection, done, now)
            chats += [each.delivery.reader.chat.id for each in begun]

    async def shown(self) -> dict[str, list[str]]:
        """The lists of the sections, oldest first."""
        async with self.database.read() as connection:
            found = {}
            for each in await sections.sections(connection):
                page = await articles.article_cards(connection, limit=9, section_id=each.id)
                found[each.title] = [card.title for card in page.items][::-1]
            return found


@pytest.fixture
async def desk(database: Database, now: datetime) -> AsyncIterator[Desk]:
    async with (
        Fetcher(allow_private=True, user_agent="test", page_pause=0) as fetcher,
        ParsePool() as pool,
        Site(otherwise=404) as site,
    ):
        poller = Poller(
            database, fetcher, pool, poll_seconds=60, allow_private=True, chance=lambda: 0.5
        )
        await add_reader(database, now, 1, section="Город")
        for section in ("Город", "Спорт"):
            await add_reader(database, now, 2, section=section)
        await add_reader(database, now, 3, section="Спорт")
        desk = Desk(database, poller, site, dict(TITLES))
        desk.shows(OLD, feed=CITY)
        desk.shows(replace(OLD, number=3, guid="3", path="/old"), feed=SPORT)
        yield desk


@pytest.mark.parametrize("first", [CITY, SPORT])
@pytest.mark.parametrize("same", ["address", "text"])
async def test_a_story_in_two_feeds_comes_to_the_readers_of_both(
    desk: Desk, first: str, same: str
) -> None:
    """Known by its address, or by its text alone; the second feed is read while it goes out."""
    second = SPORT if first == CITY else CITY
    desk.shows(story(9, day=0), feed=SPORT)
    await desk.read(CITY, SPORT)
    assert await desk.sent() == []
    twin = NEWS if same == "address" else replace(NEWS, guid="other", path="/other")
    desk.shows(*desk.feeds[first], NEWS, feed=first)
    await desk.read(first)
    desk.shows(*desk.feeds[second], twin, feed=second)
    desk.poller.published.clear()
    await desk.read(second)
    assert desk.poller.published.is_set()
    assert sorted(await desk.sent()) == [1, 2, 3]
    shown = await desk.shown()
    assert shown == {"Город": [OLD.title, NEWS.title], "Спорт": [story(9).title, NEWS.title]}
    await desk.read(first, second)
    assert await desk.sent() == []


async def test_what_the_second_feed_shows_later_comes_to_its_readers_later(desk: Desk) -> None:
    await desk.read(CITY, SPORT)
    desk.shows(OLD, NEWS, feed=CITY)
    await desk.read(CITY)
    assert await desk.sent() == [1, 2]
    desk.shows(NEWS, feed=SPORT)
    await desk.read(SPORT)
    assert await desk.sent() == [3]


async def test_the_first_read_of_a_new_source_pushes_nothing(desk: Desk) -> None:
    del desk.titles[SPORT]
    await desk.read(CITY)
    desk.shows(OLD, NEWS, feed=CITY)
    await desk.read(CITY)
    desk.titles[SPORT] = "Спорт"
    desk.shows(NEWS, feed=SPORT)
    await desk.read(SPORT)
    assert await desk.sent() == [1, 2]
    assert (await desk.shown())["Спорт"] == [NEWS.title]
    await desk.read(SPORT, CITY)
    assert await desk.sent() == []


async def test_an_old_story_in_another_feed_is_listed_and_not_sent(desk: Desk) -> None:
    await desk.read(CITY, SPORT)
    desk.shows(OLD, feed=SPORT)
    await desk.read(SPORT)
    assert await desk.sent() == []
    assert (await desk.shown())["Спорт"] == [OLD.title]


async def test_one_read_shows_the_same_story_in_two_sections(desk: Desk) -> None:
    """The feed of a whole site: its pages name the sections."""
    desk.titles = {CITY: None}
    await desk.read(CITY)
    twin = replace(NEWS, guid="other", path="/other")
    desk.heads = {
        NEWS.path: "<meta property='article:section' content='Город'>",
        twin.path: "<meta property='article:section' content='Спорт'>",
    }
    desk.shows(OLD, NEWS, twin, feed=CITY)
    await desk.read(CITY)
    assert sorted(await desk.sent()) == [1, 2, 3]
    shown = await desk.shown()
    assert (shown["Город"], shown["Спорт"]) == ([NEWS.title], [NEWS.title])


async def test_an_article_of_the_source_stays_where_it_was_put(desk: Desk) -> None:
    """The editor gave its source another title."""
    await desk.read(CITY)
    desk.shows(OLD, NEWS, feed=CITY)
    await desk.read(CITY)
    desk.titles[CITY] = "Спорт"
    await desk.read(CITY)
    assert await desk.sent() == [1, 2]
    assert await desk.shown() == {"Город": [OLD.title, NEWS.title]}
