from __future__ import annotations

import asyncio
import itertools
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event, func, insert, select
from sqlalchemy.exc import StatementError

from bot.errors import StorageError
from bot.model import Alias, AliasKind, ArticleCard, Key, Page
from bot.storage import articles, sections
from bot.storage.database import Database
from bot.storage.schema import article
from tests.storage.rows import add_source, guid, new_article, url

HOUR = timedelta(hours=1)


@pytest.fixture
async def source(database: Database, now: datetime) -> int:
    async with database.write() as connection:
        return await add_source(connection, now)


async def test_an_article_comes_back_as_it_was_stored(
    database: Database, source: int, now: datetime
) -> None:
    new = new_article(guid("1"), published=now - HOUR, image="https://news.example/1.jpg")
    new = replace(new, authors=("Анна Полевая", "Jo Pike"), updated=now)
    async with database.write() as connection:
        number = await articles.add_article(connection, source, new, now)
        assert number is not None
        stored = await articles.get_article(connection, number)

    assert stored is not None
    assert (stored.title, stored.lead, stored.url) == (new.title, new.lead, new.url)
    assert (stored.image, stored.document) == (new.image, new.document)
    assert stored.authors == new.authors
    assert stored.section.title == "Город"
    assert (stored.published, stored.sorted_at) == (now - HOUR, now - HOUR)


async def test_an_article_that_is_not_there_is_none(database: Database) -> None:
    async with database.read() as connection:
        assert await articles.get_article(connection, 1) is None


async def test_the_same_article_again_is_known(
    database: Database, source: int, now: datetime
) -> None:
    async with database.write() as connection:
        first = await articles.add_article(connection, source, new_article(guid("1")), now)
        again = await articles.add_article(connection, source, new_article(guid("1")), now)
        assert first is not None
        assert again is None
        assert await connection.scalar(select(func.count()).select_from(article)) == 1


async def test_a_new_article_takes_five_statements_and_its_index_one_of_them(
    database: Database, source: int, now: datetime
) -> None:
    """On SQLite each costs two switches of threads, more than the statement itself."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(" ".join(statement.split()[:3]))

    new = replace(new_article(guid("2")), extra=(url("https://news.example/2"),))
    async with database.write() as connection:
        await articles.add_article(connection, source, new_article(guid("1")), now)
        event.listen(connection.sync_connection, "before_cursor_execute", note)
        number = await articles.add_article(connection, source, new, now)
        assert len(asked) == 5, asked
        names = [*new.aliases, *new.extra]
        known = await articles.known_aliases(connection, source, names)
        assert known == dict.fromkeys(names, number)


async def test_an_extra_name_that_another_has_stays_there(
    database: Database, source: int, now: datetime
) -> None:
    shared = url("https://news.example/all")
    async with database.write() as connection:
        one, two = [
            await articles.add_article(
                connection, source, replace(new_article(guid(each)), extra=(shared,)), now
            )
            for each in "12"
        ]
        names = [guid("1"), guid("2"), shared]
        known = await articles.known_aliases(connection, source, names)
        assert known == {guid("1"): one, guid("2"): two, shared: one}


async def test_an_id_means_something_within_its_source_only(
    database: Database, source: int, now: datetime
) -> None:
    async with database.write() as connection:
        other = await add_source(connection, now, "https://other.example/feed")
        one = await articles.add_article(connection, source, new_article(guid("1")), now)
        two = await articles.add_article(connection, other, new_article(guid("1")), now)
        assert one is not None
        assert two is not None
        assert await articles.known_aliases(connection, source, [guid("1")]) == {guid("1"): one}
        assert await articles.known_aliases(connection, other, [guid("1")]) == {guid("1"): two}


async def test_an_address_means_the_same_under_every_source(
    database: Database, source: int, now: datetime
) -> None:
    """The second source's own id is learnt, so that the article is known by it too."""
    page = url("https://news.example/bridge")
    async with database.write() as connection:
        other = await add_source(connection, now, "https://other.example/feed")
        first = await articles.add_article(connection, source, new_article(guid("1"), page), now)
        again = await articles.add_article(connection, other, new_article(guid("x"), page), now)
        assert again is None
        assert await articles.known_aliases(connection, other, [guid("x")]) == {guid("x"): first}
        assert await articles.known_aliases(connection, source, [guid("x")]) == {}


async def test_an_id_and_an_address_with_the_same_text_are_two_names(
    database: Database, source: int, now: datetime
) -> None:
    text = "https://news.example/1"
    async with database.write() as connection:
        first = await articles.add_article(connection, source, new_article(guid(text)), now)
        second = await articles.add_article(connection, source, new_article(url(text)), now)
        known = await articles.known_aliases(connection, source, [guid(text), url(text)])
    assert known == {guid(text): first, url(text): second}


async def test_a_name_that_is_taken_stays_where_it_is(
    database: Database, source: int, now: datetime
) -> None:
    async with database.write() as connection:
        first = await articles.add_article(connection, source, new_article(guid("1")), now)
        second = await articles.add_article(connection, source, new_article(guid("2")), now)
        assert second is not None
        await articles.add_aliases(connection, source, second, [guid("1"), guid("3")])
        await articles.add_aliases(connection, source, second, [])
        known = await articles.known_aliases(connection, source, [guid("1"), guid("3")])
    assert known == {guid("1"): first, guid("3"): second}


async def test_names_of_two_articles_at_once_belong_to_the_older(
    database: Database, source: int, now: datetime
) -> None:
    async with database.write() as connection:
        first = await articles.add_article(connection, source, new_article(guid("1")), now)
        await articles.add_article(connection, source, new_article(url("u")), now)
        both = new_article(guid("1"), url("u"), guid("3"))
        assert await articles.add_article(connection, source, both, now) is None
        assert await articles.known_aliases(connection, source, [guid("3")]) == {guid("3"): first}


async def test_an_extra_name_never_makes_an_article_known(
    database: Database, source: int, now: datetime
) -> None:
    """Five of six articles were once lost where their pages shared a canonical address."""
    shared = Alias(AliasKind.CANONICAL, "https://news.example/news")
    async with database.write() as connection:
        numbers = [
            await articles.add_article(
                connection, source, replace(new_article(guid(key)), extra=(shared,)), now
            )
            for key in "123"
        ]
        assert None not in numbers
        known = await articles.known_aliases(connection, source, [shared])
        assert known == {shared: numbers[0]}


@pytest.mark.parametrize("text", ["\ud83d", "\x00"])
def test_what_no_database_takes_is_found_before(text: str) -> None:
    articles.ensure_storable(new_article(guid("1")))
    with pytest.raises(ValueError, match=r"surrogate|NUL"):
        articles.ensure_storable(new_article(guid("1"), title=f"Мост {text}"))


async def test_many_names_are_looked_up_at_once(
    database: Database, source: int, now: datetime
) -> None:
    """A feed may hold more entries than one statement holds variables."""
    names = [kind(str(number)) for number in range(1000) for kind in (guid, url)]
    async with database.write() as connection:
        for name in (names[0], names[999], names[-1]):
            await articles.add_article(connection, source, new_article(name), now)
        known = await articles.known_aliases(connection, source, names)
    assert set(known) == {names[0], names[999], names[-1]}


async def test_two_readings_at_once_store_an_article_once(
    database: Database, source: int, now: datetime
) -> None:
    """On PostgreSQL both writers once found the name unknown, and readers were told twice."""
    names = guid("1"), url("https://news.example/bridge")

    async def add(order: tuple[Alias, ...]) -> int | None:
        async with database.write() as connection:
            return await articles.add_article(connection, source, new_article(*order), now)

    numbers = await asyncio.gather(*(add(names) for _ in range(8)))

    assert len([number for number in numbers if number is not None]) == 1
    async with database.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(article)) == 1
        known = await articles.known_aliases(connection, source, names)
    assert set(known.values()) == {number for number in numbers if number is not None}


@pytest.mark.parametrize(
    ("published", "sorted_at"),
    [
        (timedelta(hours=-5), timedelta(hours=-5)),
        (timedelta(0), timedelta(0)),
        (timedelta(days=300), timedelta(0)),
        (None, timedelta(0)),
    ],
    ids=["past", "now", "future", "missing"],
)
async def test_a_place_in_lists_is_the_earlier_of_publication_and_first_sight(
    database: Database,
    source: int,
    now: datetime,
    published: timedelta | None,
    sorted_at: timedelta,
) -> None:
    moment = None if published is None else now + published
    async with database.write() as connection:
        new = new_article(guid("1"), published=moment)
        number = await articles.add_article(connection, source, new, now)
        assert number is not None
        stored = await articles.get_article(connection, number)
    assert stored is not None
    assert stored.published == moment
    assert stored.sorted_at == now + sorted_at


async def test_moments_come_back_aware_and_in_utc(
    database: Database, source: int, now: datetime
) -> None:
    local = (now - HOUR).replace(microsecond=123456).astimezone(timezone(timedelta(hours=5)))
    async with database.write() as connection:
        number = await articles.add_article(
            connection, source, new_article(guid("1"), published=local), now
        )
        assert number is not None
        stored = await articles.get_article(connection, number)
    assert stored is not None
    assert stored.published == local
    assert stored.published.tzinfo is UTC
    assert stored.sorted_at.utcoffset() == timedelta(0)


async def test_a_naive_moment_is_refused(database: Database) -> None:
    naive = datetime(2026, 11, 23, 9, 0)  # noqa: DTZ001 - the very thing that is refused
    with pytest.raises(StorageError, match="without a time zone") as caught:
        async with database.write() as connection:
            await sections.ensure_section(connection, ("Город",), naive)
    assert isinstance(caught.value.__cause__, StatementError)


# --- Paging -----------------------------------------------------------------------------------


async def _fill(database: Database, ages: list[int], now: datetime) -> None:
    """An article for each age in seconds, in this order, in two sections by turns."""
    async with database.write() as connection:
        source_id = await add_source(connection, now)
        titles = ("Город", "Наука")
        numbers = [await sections.ensure_section(connection, (title,), now) for title in titles]
        values = [
            {
                "source_id": source_id,
                "section_id": numbers[place % 2],
                "url": f"https://news.example/{place}",
                "title": str(place),
                "lead": "",
                "document": "{}",
                "sorted_at": now - timedelta(seconds=age),
                "created_at": now,
            }
            for place, age in enumerate(ages)
        ]
        if values:
            await connection.execute(insert(article), values)


async def _page(
    database: Database,
    limit: int,
    *,
    older_than: Key | None = None,
    newer_than: Key | None = None,
    section_id: int | None = None,
) -> Page[ArticleCard]:
    async with database.read() as connection:
        return await articles.article_cards(
            connection,
            limit=limit,
            section_id=section_id,
            older_than=older_than,
            newer_than=newer_than,
        )


async def _downwards(
    database: Database, limit: int, section_id: int | None = None
) -> list[Page[ArticleCard]]:
    pages = [await _page(database, limit, section_id=section_id)]
    while (key := pages[-1].older) is not None:
        pages.append(await _page(database, limit, older_than=key, section_id=section_id))
    return pages


async def _upwards(
    database: Database, limit: int, last: Page[ArticleCard]
) -> list[Page[ArticleCard]]:
    pages = [last]
    while (key := pages[-1].newer) is not None:
        pages.append(await _page(database, limit, newer_than=key))
    return pages


def _titles(pages: list[Page[ArticleCard]]) -> list[str]:
    return [card.title for card in itertools.chain.from_iterable(page.items for page in pages)]


def _newest_first(ages: list[int]) -> list[str]:
    return [str(p) for p in sorted(range(len(ages)), key=lambda place: (-ages[place], place))][::-1]


AGES = [3, 1, 1, 1, 2, 1, 1, 0, 0, 5, 4]


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 10, 11, 12])
async def test_going_down_shows_every_article_once(
    database: Database, now: datetime, limit: int
) -> None:
    await _fill(database, AGES, now)
    pages = await _downwards(database, limit)
    assert _titles(pages) == _newest_first(AGES)
    assert [len(page.items) for page in pages[:-1]] == [limit] * (len(pages) - 1)
    assert pages[0].newer is None


async def test_an_empty_list_is_one_empty_page(database: Database) -> None:
    assert await _page(database, 5) == Page((), older=None, newer=None)


async def test_the_top_is_reached_with_a_whole_page(database: Database, now: datetime) -> None:
    """Seven articles: from the third page of three, two steps up; the top one is full again."""
    await _fill(database, [0, 1, 2, 3, 4, 5, 6], now)
    second = await _page(database, 3, older_than=(await _page(database, 3)).older)
    assert _titles([second]) == ["3", "4", "5"]
    await _fill(database, [-1], now)  # one more has come on top
    async with database.read() as connection:
        newest = (await articles.article_cards(connection, limit=1)).items[0]

    up = await _page(database, 3, newer_than=second.newer)

    assert [card.title for card in up.items] == ["0", "1", "2"]
    assert up.newer is not None
    top = await _page(database, 3, newer_than=up.newer)
    assert top.items[0] == newest
    assert [card.title for card in top.items] == ["0", "0", "1"]
    assert top.newer is None
    assert top.older is not None


async def test_a_page_up_that_just_fits_is_the_first(database: Database, now: datetime) -> None:
    await _fill(database, [0, 1, 2, 3], now)
    second = await _page(database, 2, older_than=(await _page(database, 2)).older)
    up = await _page(database, 2, newer_than=second.newer)
    assert _titles([up]) == ["0", "1"]
    assert up.newer is None
    assert up.older is not None


async def test_a_key_of_an_article_that_is_gone_still_leads_on(
    database: Database, now: datetime
) -> None:
    await _fill(database, [0, 2, 4], now)
    at = int((now - timedelta(seconds=3)).timestamp()) * 1_000_000
    assert _titles([await _page(database, 5, older_than=Key(at, 77))]) == ["2"]
    assert _titles([await _page(database, 1, newer_than=Key(at, 77))]) == ["1"]


async def test_one_section_pages_alone(database: Database, now: datetime) -> None:
    await _fill(database, AGES, now)
    async with database.read() as connection:
        by_title = {section.title: section.id for section in await sections.sections(connection)}
    science = await _downwards(database, 2, by_title["Наука"])
    assert _titles(science) == [title for title in _newest_first(AGES) if int(title) % 2]


async def test_sections_without_articles_are_not_browsed(database: Database, now: datetime) -> None:
    await _fill(database, [1, 2], now)
    async with database.write() as connection:
        await sections.ensure_section(connection, ("Пустой",), now)
        await sections.ensure_section(connection, ("Город",), now)
        shown = [section.title for section in await sections.sections(connection)]
    assert shown == ["Город", "Наука"]


@settings(max_examples=20)
@given(ages=st.lists(st.integers(0, 4), max_size=14), limit=st.integers(1, 5))
def test_paging_there_and_back_misses_and_repeats_nothing(
    sqlite_template: Path, ages: list[int], limit: int
) -> None:
    now = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

    async def walk(folder: str) -> None:
        file = shutil.copy(sqlite_template, folder)
        async with Database.open(f"sqlite:///{file}") as database:
            await _fill(database, ages, now)
            down = await _downwards(database, limit)
            assert _titles(down) == _newest_first(ages)
            up = await _upwards(database, limit, down[-1])
            assert up[-1] == down[0]
            assert set(_titles(up)) == set(_titles(down))
            for lower, upper in itertools.pairwise(up[:-1]):
                assert upper.items[-1].sorted_at >= lower.items[0].sorted_at
                assert not set(upper.items) & set(lower.items)

    with TemporaryDirectory() as folder:
        asyncio.run(walk(folder))
