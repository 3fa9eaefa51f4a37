"""Pages that give no answer for a while: what waits for them, and what is filled in later."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from bot.ingest.checks import Checker
from bot.ingest.corrections import filled, without_mark
from bot.ingest.fetching.fetch import Fetcher
from bot.ingest.making import revised
from bot.ingest.naming import Candidate
from bot.ingest.patience import Patience, Wait
from bot.ingest.poll import Poller
from bot.ingest.workers import ParsePool
from bot.model import (
    Alias,
    AliasKind,
    Article,
    Change,
    Correction,
    Document,
    Entry,
    Extracted,
    NewArticle,
    PageState,
    Paragraph,
    Section,
    Source,
    SourceSpec,
    Span,
)
from bot.storage import articles, checks
from bot.storage.database import Database
from bot.storage.schema import article, broadcast
from bot.storage.search import search_articles
from sandbox.newsroom import Article as Published
from sandbox.newsroom import Newsroom
from tests.ingest.reads import FAR, read

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BODY = (
    "<p>Движение по новому мосту откроют в понедельник, сообщил глава района.</p>"
    "<p>Длина моста 300 метров, проезд по нему будет бесплатным для всех.</p>"
)


# --- How long ---------------------------------------------------------------------------------


def candidate(key: str = "a") -> Candidate:
    entry = Entry(key, f"https://news.example/{key}", "Мост", "", None, None, None, "")
    return Candidate(entry, (Alias(AliasKind.GUID, key),))


def under_new_ids(number: int) -> Candidate:
    address = Alias(AliasKind.URL, "https://news.example/a")
    return replace(candidate(), aliases=(Alias(AliasKind.GUID, f"id-{number}"), address))


def reads(pause: timedelta, names: Callable[[int], Candidate] = lambda _: candidate()) -> int:
    """In how many reads with such pauses an article is left for the next one."""
    waiting: dict[Alias, Wait] = {}
    for number in range(100):
        patience = Patience(waiting, NOW + number * pause, pause, allowed=True)
        if not patience.waits(names(number)):
            return number
        waiting = patience.waiting
    raise AssertionError("it waits for ever")


@pytest.mark.parametrize(
    ("minutes", "times"), [(0.1, 10), (1, 10), (5, 2), (10, 1), (11, 0), (60, 0)]
)
def test_an_article_waits_for_ten_reads_and_ten_minutes_at_most(minutes: float, times: int) -> None:
    assert reads(minutes * MINUTE) == times


def test_an_article_under_new_ids_waits_no_longer() -> None:
    """One whose id was made anew at each read once waited for ever, and reached nobody."""
    assert reads(MINUTE, under_new_ids) == 10


def test_what_waits_no_more_is_forgotten() -> None:
    first = Patience({}, NOW, MINUTE, allowed=True)
    assert first.waits(candidate("a"))
    second = Patience(first.waiting, NOW + MINUTE, MINUTE, allowed=True)
    assert second.waits(candidate("b"))
    assert list(second.waiting) == [*candidate("b").aliases]


def test_nothing_waits_where_it_may_not() -> None:
    patience = Patience({}, NOW, MINUTE, allowed=False)
    assert not patience.waits(candidate())
    assert patience.waiting == {}


# --- What is filled in ------------------------------------------------------------------------


def document(text: str) -> Document:
    return Document((Paragraph((Span(text),)),))


STUB = Article(
    1, Section(1, "Город"), "https://news.example/a", "Мост", "", None, NOW, NOW,
    document("Мост."), fault="503",
)  # fmt: skip
PAGE = Extracted(
    None, "Иначе", "Лид.", (), "https://news.example/a.jpg", "ru", NOW, NOW,
    document("Весь текст статьи."), ("Анна Ёлкина",),
)  # fmt: skip


def test_the_text_and_what_was_missing_is_filled_in() -> None:
    new = filled(STUB, PAGE, allow_private=False)
    assert (new.title, new.lead, new.image) == ("Мост", "Лид.", PAGE.image)
    assert (new.document, new.authors) == (PAGE.document, PAGE.authors)
    assert (new.fault, new.has_page) == ("", True)


def test_what_was_there_stays() -> None:
    kept = replace(STUB, lead="Из ленты.", image="https://news.example/feed.jpg", authors=("Б",))
    new = filled(kept, PAGE, allow_private=False)
    assert (new.lead, new.image, new.authors) == (kept.lead, kept.image, ())


def test_a_page_that_is_read_in_a_cheaper_way_fills_in_and_is_asked_again() -> None:
    new = filled(STUB, replace(PAGE, reason="too slow"), allow_private=False)
    assert (new.document, new.fault) == (PAGE.document, "too slow")


def test_no_picture_from_a_private_address_is_filled_in() -> None:
    page = replace(PAGE, image="http://127.0.0.1/a.jpg")
    assert filled(STUB, page, allow_private=False).image is None


def test_what_is_filled_in_is_no_correction() -> None:
    new = filled(STUB, PAGE, allow_private=False)
    edit = Correction(Change.MATERIAL, Change.MATERIAL)
    assert without_mark(STUB, new, edit) == Correction(Change.TYPO, Change.TYPO)
    assert without_mark(replace(STUB, fault=""), new, edit) == edit
    other = replace(STUB, lead="Иное.")
    assert without_mark(other, new, edit) == Correction(Change.MATERIAL, Change.TYPO)
    headline = Correction(Change.HEADLINE, None)
    assert without_mark(STUB, new, headline) == headline


def anew(text: str, **changes: object) -> NewArticle:
    plain = NewArticle(
        (), ("Город",), "https://news.example/a", "Мост", "", None, None, NOW, document(text)
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def test_a_whole_text_that_stays_has_no_fault() -> None:
    """A page that failed once more marked what had been read whole, for ever."""
    whole = replace(STUB, document=document("Весь текст статьи."), fault="")
    cheap = PageState(None, None, "t l i", "hash")
    new = revised(whole, anew("Мост.", fault="503", page=cheap))
    assert (new.document, new.fault, new.page) == (whole.document, "", None)
    assert revised(STUB, anew("М.", fault="504")).fault == "503"
    assert revised(STUB, anew("Весь текст статьи.", has_page=True)).fault == ""


# --- The reader and the checker ---------------------------------------------------------------


@dataclass
class House:
    """A reader of one source of the newsroom's, which it has read once, and a checker."""

    database: Database
    newsroom: Newsroom
    poller: Poller
    checker: Checker

    async def read(self) -> Source:
        return await read(self.poller, self.database)

    async def list_source(self, section: str) -> None:
        await read(self.poller, self.database, SourceSpec(self.newsroom.feed_url(), section))

    def publish(self, status: int) -> Published:
        one = self.newsroom.publish(title="Открыт мост", lead="Лид.", body_html=BODY)
        self.newsroom.break_page(one, status)
        return one

    async def look(self) -> None:
        async with self.database.read() as connection:
            due = await checks.due_checks(connection, FAR, 50)
        await self.checker.look_round(1, due)

    async def kept(self) -> Article | None:
        async with self.database.read() as connection:
            number = await connection.scalar(
                select(article.c.id).where(article.c.title == "Открыт мост")
            )
            return None if number is None else await articles.get_article(connection, number)

    async def whole(self) -> bool:
        found = await self.kept()
        return found is not None and "300 метров" in found.document.plain_text()

    async def check_at(self) -> datetime | None:
        async with self.database.read() as connection:
            moment: datetime | None = await connection.scalar(
                select(article.c.check_at).where(article.c.title == "Открыт мост")
            )
            return moment

    async def found(self, words: str) -> list[int]:
        """The numbers of the articles in which words are found."""
        async with self.database.read() as connection:
            found = await search_articles(connection, words, limit=5)
        return [card.id for card in found.items]

    async def pushed(self) -> int:
        async with self.database.read() as connection:
            return len((await connection.scalars(select(broadcast.c.id))).all())


@pytest.fixture
async def newsroom() -> AsyncIterator[Newsroom]:
    async with Newsroom() as site:
        yield site


@pytest.fixture
async def house(database: Database, newsroom: Newsroom) -> AsyncIterator[House]:
    async with (
        Fetcher(allow_private=True, user_agent="test", page_pause=0) as fetcher,
        ParsePool(workers=1) as pool,
    ):
        poller = Poller(
            database, fetcher, pool, poll_seconds=60, allow_private=True, chance=lambda: 0.5
        )
        checker = Checker(database, fetcher, pool, poll_seconds=60, allow_private=True)
        yield House(database, newsroom, poller, checker)


async def test_an_article_whose_page_fails_for_a_moment_waits_for_its_section(
    house: House,
) -> None:
    """It was once kept without text, in a section that nobody follows, and never looked at."""
    await house.list_source("")
    one = house.publish(503)
    after = await house.read()
    assert await house.kept() is None
    assert (after.etag, after.last_modified, after.body_hash) == (None, None, None)
    house.newsroom.mend_page(one)
    assert (await house.read()).etag
    assert await house.whole()
    assert await house.pushed() == 1


async def test_an_article_waits_no_longer_than_it_may_and_is_filled_in(house: House) -> None:
    await house.list_source("")
    one = house.publish(503)
    for _ in range(10):
        await house.read()
        assert await house.kept() is None
    assert (await house.read()).etag
    stub = await house.kept()
    assert stub is not None
    assert stub.fault
    assert not await house.whole()
    assert await house.check_at() is not None
    house.newsroom.mend_page(one)
    await house.look()
    filled_in = await house.kept()
    assert filled_in is not None
    assert await house.whole()
    assert (filled_in.fault, filled_in.corrected_at, filled_in.push_corrected_at) == (
        "",
        None,
        None,
    )
    assert await house.pushed() == 1


async def test_where_the_editor_named_the_section_nothing_waits(house: House) -> None:
    await house.list_source("Город")
    house.publish(503)
    await house.read()
    assert not await house.whole()
    assert await house.pushed() == 1
    assert await house.check_at() is not None


@pytest.mark.parametrize("status", [403, 404])
async def test_for_a_page_that_is_refused_nothing_waits(house: House, status: int) -> None:
    await house.list_source("")
    house.publish(status)
    await house.read()
    assert await house.kept() is not None
    assert await house.check_at() is None


async def test_what_the_first_read_could_not_fetch_is_filled_in_and_pushed_to_nobody(
    house: House,
) -> None:
    """It once stayed an empty card for ever."""
    one = house.publish(503)
    await house.list_source("")
    stub = await house.kept()
    assert stub is not None
    assert not await house.found("бесплатный проезд")
    moment = await house.check_at()
    assert moment is not None
    assert timedelta(0) < moment - datetime.now(UTC) <= 10 * MINUTE
    house.newsroom.mend_page(one)
    await house.look()
    assert await house.whole()
    assert await house.found("бесплатный проезд") == [stub.id]
    assert await house.pushed() == 0


async def test_what_the_first_read_has_fetched_is_not_looked_at_again(house: House) -> None:
    house.newsroom.publish(title="Открыт мост", lead="Лид.", body_html=BODY)
    await house.list_source("")
    assert await house.whole()
    assert await house.check_at() is None


async def test_an_article_that_was_not_read_whole_is_asked_for_without_validators(
    house: House,
) -> None:
    await house.list_source("Город")
    one = house.newsroom.publish(title="Открыт мост", lead="Лид.", body_html=BODY)
    await house.read()
    await house.look()
    assert house.newsroom.requests[-1].status == 304
    async with house.database.write() as connection:
        await connection.execute(
            update(article).where(article.c.title == "Открыт мост").values(fault="too slow")
        )
    await house.look()
    assert (house.newsroom.requests[-1].path, house.newsroom.requests[-1].status) == (
        f"/news/{one.slug}/",
        200,
    )
    kept = await house.kept()
    assert kept is not None
    assert (kept.fault, kept.revision) == ("", 1)


async def test_a_known_article_whose_page_fails_once_has_no_fault(house: House) -> None:
    await house.list_source("Город")
    one = house.newsroom.publish(title="Пост", lead="Лид.", body_html=BODY)
    await house.read()
    house.newsroom.correct(one, title="Открыт мост")
    house.newsroom.break_page(one, 503)
    await house.read()
    kept = await house.kept()
    assert kept is not None
    assert await house.whole()
    assert kept.fault == ""
