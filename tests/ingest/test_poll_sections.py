"""A source's articles sorted into sections as they are stored, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update

from bot.ingest.fetching.fetch import Fetcher
from bot.ingest.poll import Poller
from bot.ingest.rubrics import Aliases
from bot.ingest.workers import ParsePool
from bot.model import SourceSpec
from bot.storage import sections
from bot.storage.database import Database
from bot.storage.schema import article, section, source, subscription
from sandbox.newsroom import Newsroom
from tests.ingest.reads import read
from tests.ingest.site import Site, article_page, item, rss
from tests.storage.rows import add_reader

MEMBERS = article_page(
    head="<meta property='article:section' content='Новости: Новости участников'>"
)


@pytest.fixture
async def pool() -> AsyncIterator[ParsePool]:
    async with ParsePool() as opened:
        yield opened


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    async with Fetcher(allow_private=True, user_agent="test", page_pause=0) as opened:
        yield opened


@pytest.fixture
def poller(database: Database, fetcher: Fetcher, pool: ParsePool) -> Poller:
    aliases = Aliases([("События", "Новости: Афиша")])
    return Poller(
        database,
        fetcher,
        pool,
        poll_seconds=60,
        allow_private=True,
        aliases=aliases,
        chance=lambda: 0.5,
    )


def news(*numbers: int) -> str:
    return rss(*(item(f"Новость {number}", f"/{number}", str(number)) for number in numbers))


async def sorted_into(database: Database) -> Mapping[str, str]:
    """By the title of each article the name of its section."""
    async with database.read() as connection:
        names = {each.id: each.name for each in await sections.sections(connection)}
        rows = await connection.execute(select(article.c.title, article.c.section_id))
        return {title: names[number] for title, number in rows}


async def new_sections(database: Database) -> list[str]:
    async with database.read() as connection:
        return [each.name for each in await sections.new_sections(connection)]


async def tell(database: Database) -> None:
    async with database.write() as connection:
        new = await sections.new_sections(connection)
        await sections.note_announced(connection, new, datetime.now(UTC))


async def test_each_article_goes_into_the_section_that_it_names(
    poller: Poller, database: Database
) -> None:
    async with Newsroom() as site:
        await read(poller, database, SourceSpec(site.feed_url()))
        named = {a.title: site.sections[a.section] for a in site.shown()}
    found = await sorted_into(database)
    assert found == {
        title: "Новости · Афиша" if name == "События" else name for title, name in named.items()
    }
    assert len(set(found.values())) == 3


async def test_a_source_with_a_title_keeps_all_its_articles(
    poller: Poller, database: Database
) -> None:
    async with Newsroom() as site:
        await read(poller, database, SourceSpec(site.feed_url(), "Проект: События"))
    assert set((await sorted_into(database)).values()) == {"Проект · События"}
    async with database.read() as connection:
        assert await new_sections(database) == []  # the editor has named it
        titles = await connection.scalars(select(section.c.title).order_by(section.c.id))
        assert titles.all() == ["Проект", "События"]


async def test_the_feed_s_title_serves_and_is_no_section_where_nothing_needs_it(
    poller: Poller, database: Database
) -> None:
    async with Site({"/feed": news(1)}) as site:
        await read(poller, database, SourceSpec(site.feed))
        site.otherwise = MEMBERS
        site.documents["/feed"] = news(1, 2)
        await read(poller, database, SourceSpec(site.feed))
    assert await sorted_into(database) == {
        "Новость 1": "Мост",
        "Новость 2": "Новости · Новости участников",
    }
    async with database.read() as connection:
        assert len(await sections.section_keys(connection)) == 3


async def test_new_sections_are_told_after_the_first_read_and_subscribed_to_by_nobody(
    poller: Poller, database: Database, now: datetime
) -> None:
    anna = await add_reader(database, now, 7, section="Мост")
    async with Site({"/feed": news(1)}) as site:
        await read(poller, database, SourceSpec(site.feed))
        await tell(database)
        assert await new_sections(database) == []
        site.otherwise = MEMBERS
        site.documents["/feed"] = news(1, 2, 3)
        await read(poller, database, SourceSpec(site.feed))
    assert await new_sections(database) == ["Новости · Новости участников"]
    async with database.read() as connection:
        assert len((await connection.scalars(select(subscription.c.section_id))).all()) == 1
        choices = await sections.section_choices(connection, anna.id)
    assert [(c.section.name, c.subscribed) for c in choices] == [
        ("Мост", True),
        ("Новости", False),
        ("Новости · Новости участников", False),
    ]
    await tell(database)
    assert await new_sections(database) == []


async def test_the_sections_of_a_first_read_wait_for_its_end(
    poller: Poller, database: Database
) -> None:
    """Forty sections would be told one by one."""
    async with Newsroom() as site:
        await read(poller, database, SourceSpec(site.feed_url()))
        told = await new_sections(database)
        async with database.write() as connection:
            await connection.execute(update(source).values(primed=False))
        assert await new_sections(database) == []
    assert told == ["Новости · Афиша", "Новости программы", "Новости участников"]
