"""What a feed says anew: the decision, and the reader of sources against a newsroom."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.ingest import corrections
from bot.ingest.corrections import Changes, changes, without_stale
from bot.ingest.decide import fingerprint
from bot.ingest.fetching.fetch import Fetcher
from bot.ingest.making import revised
from bot.ingest.naming import Candidate, candidates
from bot.ingest.poll import Poller
from bot.ingest.sameness.change import Edit
from bot.ingest.workers import ParsePool
from bot.model import (
    Alias,
    AliasKind,
    Article,
    Change,
    Correction,
    Document,
    Entry,
    Feed,
    NewArticle,
    Paragraph,
    Section,
    SourceSpec,
    Span,
)
from bot.storage import articles, revisions, sources
from bot.storage.database import Database
from bot.storage.revisions import ABSENT, Kept, Replaced
from bot.storage.schema import article, broadcast, source
from sandbox.newsroom import Newsroom
from tests.ingest.reads import FAR, read

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)

# --- The decision -----------------------------------------------------------------------------


def entry(key: str = "a", title: str = "Мост", image: str | None = None, url: str = "") -> Entry:
    address = url or f"https://news.example/{key}"
    return Entry(key, address, title, "Лид.", NOW, None, image, "")


def kept(seen: str | None, **changed: Any) -> Kept:
    plain = Kept(seen, "https://news.example/a", NOW, NOW, 1, withdrawn=False, gone=0)
    return replace(plain, **changed)


def decided(one: Entry, before: Kept, now: datetime = NOW) -> Changes:
    named = candidates(Feed("", None, (one,)))
    return changes(named, {named[0].aliases[0]: 1}, {1: before}, now)


SAID = fingerprint(entry())
OTHER = entry(title="Иначе")
GONE = {"withdrawn": True, "gone": 2}


@pytest.mark.parametrize(
    ("one", "before", "now", "revisits", "noted"),
    [
        (entry(), kept(SAID), NOW, False, False),
        (OTHER, kept(SAID), NOW, True, False),
        (OTHER, kept(SAID), NOW + 48 * HOUR, True, False),
        (OTHER, kept(SAID), NOW + 49 * HOUR, False, True),
        (OTHER, kept(SAID, revision=25), NOW, False, True),  # it changes by itself
        (OTHER, kept(None), NOW, False, True),  # kept by a version that noted nothing
        (entry(), kept(ABSENT), NOW, True, False),
        (entry(), kept(ABSENT), NOW + 49 * HOUR, False, True),
        (OTHER, kept(SAID, withdrawn=True), NOW, False, False),  # by a person
        (entry(), kept(ABSENT, **GONE), NOW + 900 * HOUR, True, False),  # it is back
        (OTHER, kept(SAID, **GONE), NOW, False, False),  # it is gone, whatever the feed says
    ],
)
def test_what_is_made_anew(
    one: Entry, before: Kept, now: datetime, *, revisits: bool, noted: bool
) -> None:
    found = decided(one, before, now)
    assert [number for number, _ in found.revisit] == ([1] if revisits else [])
    assert found.noted == ({1: fingerprint(one)} if noted else {})
    assert (found.complete, found.moved) == (True, {})


def test_another_size_of_a_picture_is_the_same_and_another_picture_is_not() -> None:
    small, large, other = (
        fingerprint(entry(image=f"https://news.example/img/{name}"))
        for name in ("bridge-300x200.jpg", "bridge-1200x800.jpg?v=2", "river.jpg")
    )
    assert small == large
    assert small != other


def test_what_is_beyond_the_bounds_of_a_title_does_not_count() -> None:
    title = "т" * 500
    assert fingerprint(entry(title=title)) == fingerprint(entry(title=title + "ещё"))


def test_another_address_is_noted_without_asking_for_the_page() -> None:
    found = decided(entry(url="https://news.example/bridge?utm_source=rss"), kept(SAID))
    assert (found.revisit, found.moved) == ((), {1: "https://news.example/bridge?utm_source=rss"})
    same = decided(entry(url="http://www.news.example/a/?utm_source=rss"), kept(SAID))
    assert same.moved == {}


def test_an_article_of_another_source_is_not_this_ones_to_correct() -> None:
    named = candidates(Feed("", None, (OTHER,)))
    assert changes(named, {named[0].aliases[0]: 1}, {}, NOW).revisit == ()


def test_of_two_entries_of_one_article_the_newest_counts() -> None:
    """Each once had its turn at every read, and the headline changed to and fro."""
    url = Alias(AliasKind.URL, "https://news.example/a")
    old, new = (
        Candidate(replace(entry(key, title=title), published=NOW + n * HOUR), (url,))
        for n, (key, title) in enumerate([("a", "Мост"), ("b", "Иначе")])
    )
    found = changes([old, new], {url: 1}, {1: kept(fingerprint(new.entry))}, NOW)
    assert found.revisit == ()


def test_a_read_is_bounded_and_what_did_not_answer_comes_last() -> None:
    named = [
        Candidate(entry(str(n), title="Иначе"), (Alias(AliasKind.GUID, str(n)),)) for n in range(25)
    ]
    known = {each.aliases[0]: n for n, each in enumerate(named)}
    found = changes(named, known, {n: kept(SAID) for n in range(25)}, NOW, later={0, 1})
    assert [number for number, _ in found.revisit] == list(range(2, 22))
    assert not found.complete


def spoken(
    *moments: datetime | None, before: datetime | None = NOW, age: timedelta = HOUR
) -> Changes:
    """Entries that say nothing new but these dates, which were all the same before."""
    named = [
        Candidate(replace(entry(str(n)), published=moment), (Alias(AliasKind.GUID, str(n)),))
        for n, moment in enumerate(moments)
    ]
    known = {each.aliases[0]: n for n, each in enumerate(named)}
    then = {
        n: kept(fingerprint(each.entry), spoke_at=before, url=each.entry.url or "")
        for n, each in enumerate(named)
    }
    return changes(named, known, then, NOW + age)


def test_a_date_that_moved_on_has_the_page_looked_at() -> None:
    later = NOW + HOUR
    found = spoken(NOW, later, NOW, None)
    assert found.spoken == {1: later}
    assert found.edited == {1: NOW + HOUR + HOUR / 20}
    assert found.revisit == ()
    assert spoken(NOW - HOUR).spoken == {}
    assert spoken(later, before=None).edited == {}  # it was never noted
    assert spoken(later, age=49 * HOUR).edited == {}  # it is no news any more
    updated = replace(entry(), updated=later)
    soon = NOW + timedelta(minutes=2)
    assert decided(updated, kept(SAID, spoke_at=NOW)).edited == {1: soon}


def test_a_feed_that_dates_all_its_entries_anew_has_no_page_looked_at() -> None:
    later = NOW + HOUR
    found = spoken(*[later] * 6, *[NOW] * 5)
    assert (len(found.spoken), found.edited) == (6, {})
    assert len(spoken(*[later] * 6, *[NOW] * 6).edited) == 6
    assert len(spoken(*[later] * 4).edited) == 4


def test_what_a_lead_counts_and_who_serves_a_picture_is_no_correction() -> None:
    """Each read once asked for the page anew."""
    one, other = (
        replace(entry(image=f"https://{host}.example/p/{size}?id=7"), lead=f"Лид. Просмотров: {n}")
        for host, size, n in (("cdn1", "cover", 5), ("cdn2", "cover", 1234))
    )
    assert fingerprint(one) == fingerprint(other)


TEXT = Document((Paragraph((Span("Длина моста 300 метров. " * 10),)),))
SHORT = Document((Paragraph((Span("Коротко."),)),))
BEFORE = Article(
    1, Section(1, "Город"), "https://news.example/a", "Мост", "Лид.",
    "https://news.example/bridge-300x200.jpg", NOW, NOW, TEXT,
)  # fmt: skip


def made(**changed: Any) -> NewArticle:
    plain = NewArticle(
        (),
        ("Город",),
        "https://news.example/a",
        "Мост",
        "Лид.",
        None,
        None,
        NOW,
        TEXT,
        has_page=True,
    )
    return replace(plain, **changed)


def test_a_page_that_was_read_is_believed() -> None:
    assert revised(BEFORE, made(lead="", document=SHORT)) == made(lead="", document=SHORT)


def test_without_its_page_an_article_loses_nothing() -> None:
    now = revised(BEFORE, made(title="Иначе", lead="", document=SHORT, has_page=False))
    assert (now.title, now.lead, now.image) == ("Иначе", BEFORE.lead, BEFORE.image)
    assert now.document == TEXT


def test_a_feed_that_carries_the_text_corrects_it_by_itself() -> None:
    text = Document((Paragraph((Span("Длина моста 320 метров. " * 10),)),))
    assert revised(BEFORE, made(document=text, has_page=False)).document == text


def test_a_picture_in_another_size_stays_as_it_was_shown() -> None:
    larger = "https://news.example/bridge-1200x800.jpg"
    assert revised(BEFORE, made(image=larger)).image == BEFORE.image
    other = "https://news.example/river.jpg"
    assert revised(BEFORE, made(image=other)).image == other


@pytest.mark.parametrize(("hours", "stays"), [(5, True), (7, False)])
def test_without_a_page_what_was_replaced_lately_does_not_come_back(
    hours: int, *, stays: bool
) -> None:
    """A cache that shows two copies in turn once had all messages edited at each turn."""
    replaced = [Replaced("Пост", "Был.", NOW)]
    said = made(title="Пост", lead="Был.", has_page=False)
    found = without_stale(BEFORE, said, replaced, NOW + hours * HOUR)
    assert found == (replace(said, title=BEFORE.title, lead=BEFORE.lead) if stays else said)
    other = made(title="Третий", lead="Иной.", has_page=False)
    assert without_stale(BEFORE, other, replaced, NOW) is other


# --- The reader of sources --------------------------------------------------------------------


@pytest.fixture
async def newsroom() -> AsyncIterator[Newsroom]:
    async with Newsroom() as site:
        yield site


@pytest.fixture
async def poller(database: Database) -> AsyncIterator[Poller]:
    async with (
        Fetcher(allow_private=True, user_agent="test", page_pause=0) as fetcher,
        ParsePool() as pool,
    ):
        yield Poller(
            database, fetcher, pool, poll_seconds=60, allow_private=True, chance=lambda: 0.5
        )


@pytest.fixture
async def primed(poller: Poller, database: Database, newsroom: Newsroom) -> Poller:
    """Has read the newsroom once."""
    await read(poller, database, newsroom.feed_url())
    return poller


async def by_title(database: Database, title: str) -> Article:
    async with database.read() as connection:
        number = await connection.scalar(select(article.c.id).where(article.c.title == title))
        assert number is not None, title
        found = await articles.get_article(connection, number)
    assert found is not None
    return found


async def pushed(database: Database) -> int:
    async with database.read() as connection:
        return len((await connection.scalars(select(broadcast.c.id))).all())


async def test_a_correction_on_the_site_is_kept_and_pushed_to_nobody(
    primed: Poller, database: Database, newsroom: Newsroom
) -> None:
    one = newsroom.publish(title="Пост", lead="Лид.", paragraphs=["Было."])
    await read(primed, database)
    before = await by_title(database, "Пост")
    newsroom.correct(one, title="Мост", body_html="<p>Стало.</p>")
    asked = len(newsroom.requests)
    await read(primed, database)
    after = await by_title(database, "Мост")
    assert after.id == before.id
    assert after.revision == 2
    assert "Стало." in after.document.plain_text()
    assert after.corrected_at is not None
    assert (after.published, after.sorted_at) == (before.published, before.sorted_at)
    assert await pushed(database) == 1
    paths = [request.path for request in list(newsroom.requests)[asked:]]
    assert paths == ["/feed.xml", f"/news/{one.slug}/"]
    assert (await read(primed, database)).etag  # and nothing more is asked for
    assert newsroom.requests[-1].status == 304


async def test_what_changed_since_the_texts_were_compared_is_compared_again(
    database: Database,
) -> None:
    """Texts are compared before the transaction that stores the edit."""
    said, mended, other = (
        Document((Paragraph((Span(text),)),))
        for text in ("Новый мост октрыт.", "Новый мост открыт.", "Старый мост закрыт.")
    )
    async with database.write() as connection:
        await sources.list_sources(connection, [SourceSpec("https://news.example/feed")], NOW)
        (one,) = await sources.due_sources(connection, FAR)
        made = NewArticle(
            (), ("Город",), "https://news.example/a", "Мост", "Лид.", None, None, NOW, said
        )
        number = await articles.add_article(connection, one.id, made, NOW)
    assert number is not None
    async with database.read() as connection:
        before = await articles.get_article(connection, number)
    assert before is not None
    edit = Edit.between(before, replace(made, document=mended))
    assert edit.kind == Correction(None, Change.TYPO)
    async with database.write() as connection:
        await revisions.revise_article(connection, number, replace(made, document=other), NOW)
    async with database.write() as connection:
        kind = await corrections.revise(connection, number, edit, NOW + HOUR)
        kept = await articles.get_article(connection, number)
    assert kind == Correction(None, Change.MATERIAL)
    assert kept is not None
    assert kept.document == mended


async def test_many_corrections_are_carried_out_read_by_read(
    primed: Poller, database: Database, newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corrections, "_AT_ONCE", 4)
    many = newsroom.publish_many(10)
    await read(primed, database)
    for one in many:
        newsroom.correct(one, title=f"{one.title} (исправлено)")
    for done in (4, 8, 10):
        await read(primed, database)
        async with database.read() as connection:
            titles = (await connection.scalars(select(article.c.title))).all()
        assert sum(title.endswith("(исправлено)") for title in titles) == done
    assert (await read(primed, database)).etag


async def test_a_page_that_does_not_answer_is_read_at_the_next_read(
    primed: Poller, database: Database, newsroom: Newsroom
) -> None:
    """The headline comes at once; without a full read the site would say "not modified"."""
    one = newsroom.publish(title="Пост", paragraphs=["Было."])
    await read(primed, database)
    newsroom.correct(one, title="Мост", body_html="<p>Стало.</p>")
    newsroom.break_page(one, 503)
    assert (await read(primed, database)).etag is None
    assert "Было." in (await by_title(database, "Мост")).document.plain_text()
    newsroom.mend_page(one)
    assert (await read(primed, database)).etag
    assert "Стало." in (await by_title(database, "Мост")).document.plain_text()


async def test_a_page_that_is_refused_is_not_asked_for_again(
    primed: Poller, database: Database, newsroom: Newsroom
) -> None:
    one = newsroom.publish(title="Пост", paragraphs=["Было."])
    await read(primed, database)
    newsroom.correct(one, title="Мост")
    newsroom.break_page(one, 403)
    assert (await read(primed, database)).etag
    assert "Было." in (await by_title(database, "Мост")).document.plain_text()


async def test_a_feed_that_goes_to_and_fro_is_believed_once(
    primed: Poller, database: Database, newsroom: Newsroom
) -> None:
    """Nothing but its page could tell whether it thought better of it; later it is asked again."""
    one = newsroom.publish(title="Пост", paragraphs=["Было."])
    await read(primed, database)
    newsroom.break_page(one, 403)
    for _ in range(3):
        newsroom.correct(one, title="Мост")
        assert (await read(primed, database)).etag
        newsroom.correct(one, title="Пост")
        assert (await read(primed, database)).etag is None
    assert (await by_title(database, "Мост")).revision == 2


async def test_what_an_older_version_kept_is_noted_and_not_asked_for(
    primed: Poller, database: Database, newsroom: Newsroom
) -> None:
    async with database.write() as connection:
        await connection.execute(update(article).values(seen=None))
        await connection.execute(
            update(source).values(etag=None, last_modified=None, body_hash=None)
        )
    asked = len(newsroom.requests)
    await read(primed, database)
    assert [request.path for request in list(newsroom.requests)[asked:]] == ["/feed.xml"]
    async with database.read() as connection:
        seen = (await connection.scalars(select(article.c.seen))).all()
    assert all(seen)


async def test_what_a_feed_leaves_out_is_to_be_looked_at(
    primed: Poller, database: Database, newsroom: Newsroom
) -> None:
    one = newsroom.publish(title="Лишняя", paragraphs=["Текст."])
    await read(primed, database)
    assert not primed.vanished.is_set()
    newsroom.withdraw(one)
    await read(primed, database)
    assert primed.vanished.is_set()
    async with database.read() as connection:
        seen = (await connection.execute(select(article.c.title).where(article.c.seen == ""))).all()
    assert seen == [("Лишняя",)]


async def test_an_entry_that_is_back_brings_its_article_back(
    primed: Poller, database: Database, newsroom: Newsroom
) -> None:
    newsroom.publish(title="Туда и обратно", paragraphs=["Текст."])
    await read(primed, database)
    number = (await by_title(database, "Туда и обратно")).id
    async with database.write() as connection:
        await revisions.withdraw_article(connection, number, datetime.now(UTC), by_hand=False)
        await connection.execute(
            update(article).where(article.c.id == number).values(gone=2, seen=ABSENT)
        )
        await connection.execute(
            update(source).values(etag=None, last_modified=None, body_hash=None)
        )
    await read(primed, database)
    assert (await by_title(database, "Туда и обратно")).withdrawn_at is None
    assert await pushed(database) == 1
