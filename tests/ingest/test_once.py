"""Sites that give old articles new names, and stories that come twice, on a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from bot.ingest.fetching.fetch import Fetcher
from bot.ingest.poll import Poller
from bot.ingest.workers import ParsePool
from bot.model import AliasKind, BroadcastState, SourceSpec
from bot.storage import holding, sources
from bot.storage.database import Database
from bot.storage.schema import alias, article, broadcast
from tests.ingest.reads import FAR
from tests.ingest.site import Site, article_page, item, rss

OLD = datetime.now(UTC).replace(microsecond=0) - timedelta(days=5)


@dataclass(frozen=True, slots=True)
class Story:
    """What a feed and a page say of one article."""

    number: int
    guid: str
    path: str
    title: str
    text: str
    published: datetime | None = None


def story(number: int, *, day: int | None = None, **fields: str) -> Story:
    """A story like no other: its title and each of its sentences have their number's word."""
    word = "".join(chr(ord("а") + int(digit)) for digit in f"{number:03}") * 2
    sentences = [
        f"{start} {word} {end}."
        for start, end in (
            ("Площадь имени", "открыли после ремонта, на ней поставили скамейки и фонари"),
            ("Жители квартала", "пришли посмотреть на фонтан и послушать духовой оркестр"),
            ("Строители обещают, что улица", "станет тихой и зелёной уже к будущей весне"),
            ("Деревья вдоль", "высадили школьники вместе с родителями и учителями"),
        )
    ]
    text = " ".join(sentences)
    known = {"guid": f"id-{number}", "path": f"/news/{number}", "title": f"Площадь {word} открыта"}
    moment = None if day is None else OLD + timedelta(hours=number + 24 * day)
    return Story(number, **{**known, "text": text, **fields}, published=moment)


@dataclass(slots=True)
class Desk:
    """A poller, what it reads and what it keeps."""

    database: Database
    poller: Poller
    site: Site

    def shows(self, *stories: Story, feed: str = "/feed.xml") -> None:
        """Have the site show these in a feed, each with its page."""
        items = (item(each.title, each.path, each.guid, each.published) for each in stories)
        self.site.documents[feed] = rss(*items, channel=f"<title>{feed}</title>")
        self.site.documents |= {
            each.path: article_page(text=f"<p>{each.text}</p>") for each in stories
        }

    async def read(self, *feeds: str) -> None:
        """Read these feeds of the site one after the other."""
        specs = [SourceSpec(f"{self.site.url}{feed}") for feed in feeds or ("/feed.xml",)]
        async with self.database.write() as connection:
            await sources.list_sources(connection, specs, datetime.now(UTC))
            due = await sources.due_sources(connection, FAR)
        order = {spec.url: place for place, spec in enumerate(specs)}
        for each in sorted(due, key=lambda source: order[source.url]):
            await self.poller.read(each)

    async def titles(self) -> list[str]:
        async with self.database.read() as connection:
            return list((await connection.scalars(select(article.c.title).order_by("id"))).all())

    async def urls(self) -> list[str]:
        async with self.database.read() as connection:
            found = await connection.scalars(select(article.c.url).order_by(article.c.id))
        return [url.removeprefix(self.site.url) for url in found]

    async def broadcasts(self) -> dict[str, BroadcastState]:
        """The states of the broadcasts by their articles' titles."""
        statement = select(article.c.title, broadcast.c.state).join(
            broadcast, broadcast.c.article_id == article.c.id
        )
        async with self.database.read() as connection:
            return {title: BroadcastState(s) for title, s in await connection.execute(statement)}


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    async with (
        Fetcher(allow_private=True, user_agent="test", page_pause=0) as fetcher,
        ParsePool() as pool,
        Site(otherwise=404) as site,
    ):
        poller = Poller(
            database, fetcher, pool, poll_seconds=60, allow_private=True, chance=lambda: 0.5
        )
        yield Desk(database, poller, site)


def renamed(each: Story) -> Story:
    return replace(each, guid=f"new-{each.number}", path=f"/article?n={each.number}")


async def test_a_site_that_gives_everything_new_names_pushes_nothing(desk: Desk) -> None:
    """Ids and addresses both change; the articles learn them, and are found where they are."""
    stories = [story(number, day=0) for number in range(12)]
    desk.shows(*stories)
    await desk.read()
    desk.shows(*map(renamed, stories))
    await desk.read()
    await desk.read()
    assert len(await desk.titles()) == 12
    assert await desk.broadcasts() == {}
    assert sorted(await desk.urls()) == sorted(renamed(each).path for each in stories)
    async with desk.database.read() as connection:
        keys = await connection.scalars(select(alias.c.key).where(alias.c.kind == AliasKind.GUID))
        assert {f"{kind}-{n}" for kind in ("id", "new") for n in range(12)} <= set(keys)


async def test_one_article_under_new_names_is_no_news(desk: Desk) -> None:
    stories = [story(number, day=0) for number in range(8)]
    desk.shows(*stories)
    await desk.read()
    desk.shows(*stories[1:], renamed(stories[0]), story(20))
    await desk.read()
    assert await desk.broadcasts() == {story(20).title: BroadcastState.OPEN}
    assert len(await desk.titles()) == 9


async def test_what_is_said_again_a_day_later_and_what_hides_a_text_is_news(desk: Desk) -> None:
    """A second alarm in the words of the first, and matches behind one demand for cookies."""
    alarm, again = (
        replace(story(1, day=day), guid=f"alarm-{day}", path=f"/alarm/{day}") for day in (0, 1)
    )
    titles = (
        "Погода",
        "Мэр уехал",
        "Спартак — ЦСКА: онлайн матча",
        "Спартак — Зенит: онлайн матча",
    )
    wall = [story(9, guid=f"w{n}", path=f"/w/{n}", title=each) for n, each in enumerate(titles)]
    desk.shows(alarm, *wall[:3])
    await desk.read()
    # The last has the title of another, too: what stands below it does not make them one.
    fresh = [wall[3], replace(wall[0], guid="w9", path="/w/9")]
    desk.shows(alarm, *wall[:3], again, *fresh)
    await desk.read()
    assert len(await desk.titles()) == 7
    assert await desk.broadcasts() == {each.title: BroadcastState.OPEN for each in (again, *fresh)}


async def test_what_one_read_shows_side_by_side_are_two(desk: Desk) -> None:
    """Two vacancies under one title, that differ in a word."""
    one = story(1, title="Городской больнице требуется новый сотрудник")
    two = replace(one, guid="id-2", path="/news/2", text=one.text.replace("скамейки", "качели"))
    moment = OLD + timedelta(minutes=1)
    desk.shows(story(3))
    await desk.read()
    desk.shows(*(replace(each, published=moment) for each in (one, two)), story(3))
    await desk.read()
    assert len(await desk.titles()) == 3


async def read_in_two_sections(desk: Desk, city: Story, sport: Story) -> None:
    """Two feeds that were read before show one story each, and are read again and again."""
    desk.shows(story(2))
    desk.shows(story(3), feed="/sport.xml")
    await desk.read("/feed.xml", "/sport.xml")
    desk.shows(city, story(2))
    desk.shows(sport, story(3), feed="/sport.xml")
    await desk.read("/feed.xml", "/sport.xml")
    await desk.read("/sport.xml", "/feed.xml")


async def test_two_sections_that_carry_one_page_have_one_article(desk: Desk) -> None:
    """By the address alone: another section may give another id and mark it with where it is."""
    city = story(1)
    sport = replace(city, guid="sport-1", path="/news/1?utm_source=sport&from=rss")
    await read_in_two_sections(desk, city, sport)
    assert await desk.broadcasts() == {city.title: BroadcastState.OPEN}
    assert len(await desk.titles()) == 3


async def test_one_story_at_two_addresses_in_two_sections_is_pushed_once(desk: Desk) -> None:
    city = story(1)
    await read_in_two_sections(desk, city, replace(city, guid="sport-1", path="/sport/1"))
    assert await desk.broadcasts() == {city.title: BroadcastState.OPEN}
    assert len(await desk.titles()) == 3
    assert "/news/1" in await desk.urls()  # it stays the first one's


async def test_one_id_for_all_names_nothing_then_and_later(desk: Desk) -> None:
    """Even where the feed then shows one entry at a time: each once corrected the one before."""
    one, two, *others = (story(number, guid="news") for number in range(1, 6))
    desk.shows(one, two)
    await desk.read()
    for each in others:
        desk.shows(each)
        await desk.read()
    titles = [each.title for each in others]
    assert await desk.titles() == [two.title, one.title, *titles]
    assert await desk.broadcasts() == dict.fromkeys(titles, BroadcastState.OPEN)
    async with desk.database.read() as connection:
        kinds = set(await connection.scalars(select(alias.c.kind)))
        assert AliasKind.SHARED in kinds
        assert AliasKind.GUID not in kinds
        revised = await connection.scalars(select(article.c.id).where(article.c.revision > 1))
        assert revised.all() == []


async def test_a_site_that_moves_to_another_host_keeps_its_ids(desk: Desk) -> None:
    """Older than two days, and with texts that were edited: the ids' tails tell."""
    before = [story(n, guid=f"http://old.example/?p={n}") for n in range(6)]
    after = [
        replace(
            each,
            guid=f"https://new.example/?p={each.number}",
            path=f"/moved/{each.number}",
            text=f"Исправлено. {each.text}",
        )
        for each in before
    ]
    other = replace(after[5], title="Совсем другая новость о погоде", text=story(30).text)
    desk.shows(*before)
    await desk.read()
    desk.shows(*after[:5], other)
    await desk.read()
    assert await desk.broadcasts() == {other.title: BroadcastState.OPEN}
    assert len(await desk.titles()) == 7
    assert "/moved/0" in await desk.urls()


# --- Held --------------------------------------------------------------------------------------


async def test_a_feed_that_is_new_as_a_whole_is_held(desk: Desk) -> None:
    """Old dates, other texts: nobody can know. What is dated since the last read goes out."""
    desk.shows(*(story(number, day=0) for number in range(10)))
    await desk.read()
    news = replace(story(90), published=datetime.now(UTC).replace(microsecond=0))
    desk.shows(news, *(story(number, day=0) for number in range(20, 29)))
    await desk.read()
    await desk.read()
    found = await desk.broadcasts()
    assert found.pop(news.title) is BroadcastState.OPEN
    assert set(found.values()) == {BroadcastState.HELD}
    async with desk.database.read() as connection:
        held = await holding.held_news(connection)
    assert sorted(each.title for each in held) == sorted(found)
    assert {each.source_url for each in held} == {f"{desk.site.url}/feed.xml"}


async def test_after_that_news_go_out_as_ever(desk: Desk) -> None:
    desk.shows(*(story(number) for number in range(10)))
    await desk.read()
    desk.shows(*(story(number) for number in range(20, 30)))
    await desk.read()
    desk.shows(story(40), *(story(number) for number in range(20, 29)))
    await desk.read()
    found = await desk.broadcasts()
    assert found.pop(story(40).title) is BroadcastState.OPEN
    assert [*found.values()] == [BroadcastState.HELD] * 10


@pytest.mark.parametrize("count", [4, 12])
async def test_a_small_feed_and_a_site_that_slept_push_all_they_have(
    desk: Desk, count: int
) -> None:
    """Without dates where there are few; with dates since the last read where there are many."""
    desk.shows(*(story(number, day=0) for number in range(count)))
    await desk.read()
    now = datetime.now(UTC).replace(microsecond=0)
    fresh = [story(number) for number in range(20, 20 + count)]
    if count > 4:
        fresh = [
            replace(each, published=now + timedelta(minutes=place))
            for place, each in enumerate(fresh)
        ]
    desk.shows(*fresh)
    await desk.read()
    assert await desk.broadcasts() == {each.title: BroadcastState.OPEN for each in fresh}


async def test_what_follows_an_empty_first_read_is_news(desk: Desk) -> None:
    desk.shows()
    await desk.read()
    desk.shows(*(story(number) for number in range(8)))
    await desk.read()
    assert set((await desk.broadcasts()).values()) == {BroadcastState.OPEN}


@pytest.mark.parametrize("minutes", [0, 1])
async def test_a_site_that_is_set_up_anew_and_dates_all_at_that_pushes_nothing(
    desk: Desk, minutes: int
) -> None:
    """All in one second, or one after the other as an import takes its time: all once went out."""
    stories = [story(number, day=0) for number in range(20)]
    desk.shows(*stories)
    await desk.read()
    now = datetime.now(UTC).replace(microsecond=0, second=30)
    desk.shows(
        *(
            replace(renamed(each), published=now - timedelta(minutes=minutes * place))
            for place, each in enumerate(stories)
        )
    )
    await desk.read()
    await desk.read()
    assert await desk.broadcasts() == {}
    assert len(await desk.titles()) == 20


async def test_what_is_set_up_anew_along_with_that_is_held(desk: Desk) -> None:
    """The feed is longer now, and one text is another: nobody knows whether these are news."""
    stories = [story(number, day=0) for number in range(12)]
    desk.shows(*stories)
    await desk.read()
    now = datetime.now(UTC).replace(microsecond=0)
    others = [replace(stories[0], text=story(80).text), *(story(n) for n in range(20, 23))]
    desk.shows(
        *(
            replace(renamed(each), published=now - timedelta(seconds=40 * place))
            for place, each in enumerate([*stories[1:], *others])
        )
    )
    await desk.read()
    found = await desk.broadcasts()
    assert found == {each.title: BroadcastState.HELD for each in others}


async def test_news_after_an_outage_go_out_though_some_say_what_was_said_before(
    desk: Desk,
) -> None:
    """Two alarms in the words of earlier ones: among many news they are no sign of a relaunch."""
    stories = [story(number, day=0) for number in range(8)]
    desk.shows(*stories)
    await desk.read()
    now = datetime.now(UTC).replace(microsecond=0)
    fresh = [renamed(stories[0]), renamed(stories[1]), *(story(n) for n in range(20, 26))]
    desk.shows(
        *(
            replace(each, published=now + timedelta(minutes=place))
            for place, each in enumerate(fresh)
        )
    )
    await desk.read()
    assert await desk.broadcasts() == {each.title: BroadcastState.OPEN for each in fresh}
    assert len(await desk.titles()) == 16


# --- Old ---------------------------------------------------------------------------------------


def weekly(count: int) -> list[Story]:
    """So many stories, the newest first, each a week older than the one before."""
    return [replace(story(n), published=OLD - timedelta(days=7 * n)) for n in range(count)]


@pytest.mark.parametrize(
    "shown", [slice(1, 11), slice(0, 20), slice(4, 14)], ids=["withdrawn", "longer", "stale"]
)
@pytest.mark.parametrize("exact", [True, False])
async def test_what_comes_up_from_below_is_stored_and_not_pushed(
    desk: Desk, shown: slice, *, exact: bool
) -> None:
    """The newest is taken down, or the feed made longer, or a cache shows an old copy."""
    stories = weekly(20)
    if not exact:
        midnight = OLD.replace(hour=0, minute=0, second=0)
        stories = [
            replace(each, published=midnight - timedelta(days=7 * place))
            for place, each in enumerate(stories)
        ]
    desk.shows(*stories[:10])
    await desk.read()
    desk.shows(*stories[shown])
    await desk.read()
    assert await desk.broadcasts() == {}
    assert len(await desk.titles()) == max(shown.stop, 10)


async def test_what_is_dated_among_the_others_is_news_wherever_it_is_dated(desk: Desk) -> None:
    """An editor writes of last week; what is pinned on top does not make the oldest news."""
    first, pinned, *stories = weekly(14)
    pinned = replace(pinned, published=OLD - timedelta(days=900))
    desk.shows(pinned, *stories[:10])
    await desk.read()
    late = replace(first, published=OLD - timedelta(days=30, hours=3))
    desk.shows(late, pinned, *stories[:11])
    await desk.read()
    assert await desk.broadcasts() == {late.title: BroadcastState.OPEN}
    assert len(await desk.titles()) == 13


# --- Names that are none -----------------------------------------------------------------------


@pytest.mark.parametrize("link", ["/news", "/news#n{}", "/"])
async def test_entries_without_ids_that_share_a_page_are_all_kept(desk: Desk, link: str) -> None:
    """All but the first were once lost, for ever and silently."""
    stories = [replace(story(n, day=0), guid="", path=link.format(n)) for n in (111, 222, 333, 444)]
    desk.shows(*stories[:1])
    await desk.read()
    desk.shows(*stories[2::-1])
    await desk.read()
    desk.shows(*stories[::-1])
    await desk.read()
    await desk.read()
    assert await desk.titles() == [each.title for each in stories]
    pushed = {each.title: BroadcastState.OPEN for each in stories[1:]}
    assert await desk.broadcasts() == pushed


@pytest.mark.parametrize(("guid", "link"), [("id-{}", "/news"), ("", "/news#n{}")])
async def test_one_entry_at_a_time_at_one_address_is_kept(desk: Desk, guid: str, link: str) -> None:
    stories = [
        replace(story(n, day=0), guid=guid.format(n), path=link.format(n)) for n in (111, 222, 333)
    ]
    for each in (*stories, stories[0]):
        desk.shows(each)
        await desk.read()
    assert await desk.titles() == [each.title for each in stories]
    assert [*await desk.broadcasts()] == [each.title for each in stories[1:]]


async def test_one_article_twice_in_a_feed_without_ids_is_one(desk: Desk) -> None:
    one, other = (replace(story(n, day=0), guid="") for n in (111, 222))
    said = replace(one, title=f"Обновлено: {one.title}")
    for shown in ([one, other], [said, one, other], [said, other]):
        desk.shows(*shown)
        await desk.read()
    assert len(await desk.titles()) == 2
    assert await desk.broadcasts() == {}


async def test_ids_that_are_places_lose_and_rewrite_nothing(desk: Desk) -> None:
    """One new article once shifted all titles, so that messages were edited into other stories."""
    stories = [story(n, day=0) for n in (111, 222, 333, 444, 555, 666, 777, 888)]

    def at_places(*shown: Story) -> list[Story]:
        return [replace(each, guid=str(place)) for place, each in enumerate(shown)]

    for newest in (6, 7, 8, 8):
        desk.shows(*at_places(*stories[newest - 6 : newest][::-1]))
        await desk.read()
    assert await desk.titles() == [each.title for each in stories]
    assert [*await desk.broadcasts()] == [each.title for each in stories[6:]]
    async with desk.database.read() as connection:
        revised = await connection.scalars(select(article.c.id).where(article.c.revision > 1))
        assert revised.all() == []


async def test_another_headline_is_a_correction_and_no_reuse(desk: Desk) -> None:
    """With its address or its subject kept, though the date moves on and ids are made anew."""
    stories = [story(n, day=0) for n in (111, 222, 333, 444)]
    desk.shows(*stories)
    await desk.read()
    later = OLD + timedelta(days=4)
    edited = [
        replace(stories[0], title="Движение перекрыли до утра", published=later),
        replace(stories[1], title="Площади вввввв вернули имя", path="/v", published=later),
        *(replace(each, guid=f"new-{each.number}") for each in stories[2:]),
    ]
    edited[2] = replace(edited[2], title="Совсем другие слова", published=later)
    desk.shows(*edited)
    await desk.read()
    await desk.read()
    assert len(await desk.titles()) == 4
    assert await desk.broadcasts() == {}


async def test_ids_made_anew_at_each_read_do_not_swell_the_database(desk: Desk) -> None:
    stories = [story(n, day=0) for n in range(3)]
    for number in range(25):
        desk.shows(*(replace(each, guid=f"{number}-{each.number}") for each in stories))
        await desk.read()
    async with desk.database.read() as connection:
        keys = await connection.scalars(select(alias.c.key).where(alias.c.kind == AliasKind.GUID))
        assert len(keys.all()) == 60
    assert len(await desk.titles()) == 3
