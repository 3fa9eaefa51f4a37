"""Edits of which the feed says nothing: found by looking at the page, on a falling schedule."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update
from structlog.testing import capture_logs

from bot.ingest.checks import Checker
from bot.ingest.corrections import from_page
from bot.ingest.fetching.fetch import Fetcher
from bot.ingest.poll import Poller
from bot.ingest.sameness.likeness import document_hash, page_state
from bot.ingest.workers import ParsePool
from bot.model import Article, Document, Extracted, Paragraph, Section, Span
from bot.storage import articles, checks
from bot.storage.database import Database
from bot.storage.schema import article, broadcast, revision
from sandbox.newsroom import Article as Published
from sandbox.newsroom import Newsroom
from tests.ingest.reads import FAR, read

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
TEXT = (
    "<p>Движение по новому мосту откроют в понедельник, сообщил глава района.</p>"
    "<p>Длина моста 300 метров, проезд по нему будет бесплатным для всех.</p>"
)


# --- What follows the page ------------------------------------------------------------------------


def document(text: str) -> Document:
    return Document((Paragraph((Span(text),)),))


KEPT = Article(
    1, Section(1, "Город"), "https://news.example/a", "Мост", "Лид.",
    "https://news.example/a.jpg", NOW, NOW, document("Было."),
)  # fmt: skip
PAGE = Extracted(
    None, "Мост", "Лид.", (), "https://news.example/a.jpg", "ru", NOW, NOW, document("Было.")
)
EDITED = replace(
    PAGE,
    title="Пост",
    lead="Иначе.",
    image="https://news.example/b.jpg",
    document=document("Стало."),
    published=NOW + 9 * HOUR,
)


def followed(kept: Article, *, allow_private: bool = True, page: Extracted = EDITED) -> Article:
    """The article as it is then."""
    before = page_state(
        title=PAGE.title,
        lead=PAGE.lead,
        image=PAGE.image,
        body_hash=document_hash(PAGE.document),
    )
    new = from_page(kept, before, page, allow_private=allow_private)
    assert new.published == kept.published
    return replace(
        kept, title=new.title, lead=new.lead, image=new.image, document=new.document, url=new.url
    )


def test_what_the_page_said_before_follows_it() -> None:
    assert followed(KEPT) == replace(
        KEPT, title="Пост", lead="Иначе.", image=EDITED.image, document=EDITED.document
    )


def test_what_the_feed_says_differently_is_the_feeds_to_correct() -> None:
    told = replace(
        KEPT,
        title="Мост: подробности",
        lead="Лид, как в ленте.",
        image="https://news.example/feed.jpg",
        document=document("Полный текст из ленты."),
    )
    assert followed(told) == told


def test_a_page_that_says_less_takes_nothing_away() -> None:
    assert followed(KEPT, page=replace(PAGE, title="", lead="", image=None)) == KEPT


def test_no_picture_from_a_private_address_is_taken() -> None:
    page = replace(PAGE, image="http://127.0.0.1/b.jpg")
    assert followed(KEPT, allow_private=False, page=page) == KEPT
    assert followed(KEPT, page=page).image == page.image


# --- The looks ------------------------------------------------------------------------------------


@pytest.fixture
async def newsroom() -> AsyncIterator[Newsroom]:
    async with Newsroom() as site:
        yield site


@dataclass
class House:
    """A reader of sources that has read the newsroom once, and a checker."""

    database: Database
    newsroom: Newsroom
    poller: Poller
    checker: Checker

    async def read(self) -> None:
        await read(self.poller, self.database)

    async def publish(self, *, title: str = "Мост", lead: str = "Завтра.") -> Published:
        one = self.newsroom.publish(title=title, lead=lead, body_html=TEXT)
        await self.read()
        return one

    async def look(self) -> list[int | None]:
        """All looks that will ever be due; what the site answered."""
        asked = len(self.newsroom.requests)
        async with self.database.read() as connection:
            due = await checks.due_checks(connection, FAR, 50)
        await self.checker.look_round(1, due)
        return [request.status for request in list(self.newsroom.requests)[asked:]]

    async def kept(self) -> Article:
        """The newest article."""
        async with self.database.read() as connection:
            number = await connection.scalar(
                select(article.c.id).order_by(article.c.id.desc()).limit(1)
            )
            assert number is not None
            found = await articles.get_article(connection, number)
        assert found is not None
        return found

    async def replaced(self) -> list[tuple[str, str]]:
        async with self.database.read() as connection:
            rows = await connection.execute(
                select(revision.c.kind, revision.c.title).order_by(revision.c.number)
            )
            return [(kind, title) for kind, title in rows]

    async def amends(self) -> bool:
        async with self.database.read() as connection:
            return (
                await connection.scalar(
                    select(broadcast.c.id).where(broadcast.c.amend_cursor.is_not(None))
                )
            ) is not None


@pytest.fixture
async def house(database: Database, newsroom: Newsroom) -> AsyncIterator[House]:
    async with (
        Fetcher(allow_private=True, user_agent="test", page_pause=0) as fetcher,
        ParsePool() as pool,
    ):
        poller = Poller(
            database, fetcher, pool, poll_seconds=60, allow_private=True, chance=lambda: 0.5
        )
        checker = Checker(database, fetcher, pool, poll_seconds=60, allow_private=True)
        await read(poller, database, newsroom.feed_url())
        yield House(database, newsroom, poller, checker)


async def test_a_page_is_asked_conditionally_ever_more_rarely(house: House) -> None:
    await house.publish()
    before = await house.kept()
    async with house.database.read() as connection:
        (first,) = await checks.due_checks(connection, FAR, 50)
        first_at = await checks.next_check_due(connection)
    assert first.page is not None
    assert first.page.etag
    assert first_at == first.created_at + 10 * MINUTE
    for age, upcoming in ((10 * MINUTE, HOUR), (HOUR, 6 * HOUR), (6 * HOUR, 24 * HOUR)):
        created = (datetime.now(UTC) - age).replace(microsecond=0)
        async with house.database.write() as connection:
            await connection.execute(
                update(article).where(article.c.id == before.id).values(created_at=created)
            )
        assert await house.look() == [304]
        async with house.database.read() as connection:
            assert await checks.next_check_due(connection) == created + upcoming
    async with house.database.write() as connection:
        old = datetime.now(UTC) - 48 * HOUR
        await connection.execute(update(article).values(created_at=old))
    assert await house.look() == [304]
    assert await house.look() == []  # and is left alone
    assert await house.kept() == replace(before)
    assert await house.replaced() == []


async def test_a_silent_edit_reaches_the_article_and_its_pushes(house: House) -> None:
    one = await house.publish()
    before = await house.kept()
    house.newsroom.correct(
        one,
        title="Мост закрыт",
        body_html=TEXT.replace("300", "320"),
        published=datetime.now(UTC) + 5 * HOUR,
        silently=True,
    )
    await house.read()  # the feed says nothing
    assert await house.kept() == before
    with capture_logs() as logs:
        assert await house.look() == [200]
    after = await house.kept()
    assert (after.title, after.revision) == ("Мост закрыт", 2)
    assert "320 метров" in after.document.plain_text()
    assert after.push_corrected_at is not None
    assert (after.published, after.sorted_at) == (before.published, before.sorted_at)
    assert await house.amends()
    assert await house.replaced() == [("headline", "Мост")]
    assert {"article corrected", "headline"} <= {
        value for entry in logs for value in entry.values() if isinstance(value, str)
    }
    assert await house.look() == [304]
    assert await house.kept() == after


async def test_a_feed_that_lags_behind_brings_no_old_headline_back(house: House) -> None:
    one = await house.publish()
    house.newsroom.correct(one, title="Мост закрыт", silently=True)
    await house.look()
    current = house.newsroom.correct(one, lead="Послезавтра.")
    # The feed's title stays what it was, though its lead is new.
    house.newsroom._told[one.slug] = replace(current, title="Мост")
    await house.read()
    after = await house.kept()
    assert (after.title, after.lead) == ("Мост закрыт", "Послезавтра.")
    # An old headline that the page shows, too, is a decision.
    house.newsroom.correct(one, title="Мост")
    await house.look()
    assert (await house.kept()).title == "Мост"


async def test_a_misprint_is_mended_without_a_word(house: House) -> None:
    one = await house.publish(lead="Завтра мост откроетт губернатор.")
    wrong = TEXT.replace("бесплатным", "беслпатным")
    house.newsroom.correct(
        one, lead="Завтра мост откроет губернатор.", body_html=wrong, silently=True
    )
    await house.look()
    house.newsroom.correct(one, body_html=TEXT, silently=True)
    await house.look()
    after = await house.kept()
    assert (after.lead, after.revision) == ("Завтра мост откроет губернатор.", 2)
    assert "бесплатным" in after.document.plain_text()
    assert (after.push_corrected_at, after.corrected_at) == (None, None)
    assert await house.amends()
    assert [kind for kind, _ in await house.replaced()] == ["typo", "typo"]


async def test_counters_and_hosts_of_pictures_are_no_edits(house: House) -> None:
    def body(count: int, host: str) -> str:
        picture = f'<figure><img src="https://{host}.example/i/bridge-2026-11-23.jpg"></figure>'
        return f"{TEXT}{picture}<p>Просмотров: {count}</p><p>Обновлено в 12:{count}</p>"

    one = house.newsroom.publish(title="Мост", body_html=body(15, "cdn1"))
    await house.read()
    before = await house.kept()
    house.newsroom.correct(one, body_html=body(48, "cdn2"), silently=True)
    assert await house.look() == [200]
    assert await house.kept() == before
    assert await house.replaced() == []
    assert await house.look() == [304]  # its new validators are kept


async def test_a_notice_in_the_place_of_a_text_withdraws_it_and_the_text_brings_it_back(
    house: House,
) -> None:
    one = await house.publish()
    notice = "<p>Материал снят с публикации по решению редакции, просим прощения.</p>"
    house.newsroom.correct(one, body_html=notice, silently=True)
    await house.look()
    assert (await house.kept()).withdrawn_at is None
    await house.look()
    gone = await house.kept()
    assert gone.withdrawn_at is not None
    assert "300 метров" in gone.document.plain_text()
    await house.look()
    assert (await house.kept()).withdrawn_at is not None
    house.newsroom.correct(one, body_html=TEXT, silently=True)
    await house.look()
    assert (await house.kept()).withdrawn_at is None


async def test_a_notice_that_the_feed_names_is_looked_into_at_once(house: House) -> None:
    one = await house.publish()
    before = await house.kept()
    notice = "<p>К сожалению, этот материал удалён редакцией.</p>"
    house.newsroom.correct(one, title="Материал удалён", body_html=notice)
    await house.read()
    assert await house.kept() == before
    async with house.database.read() as connection:
        due = await checks.due_checks(connection, datetime.now(UTC), 50)
    assert [check.article_id for check in due] == [before.id]
    await house.look()
    await house.look()
    assert (await house.kept()).withdrawn_at is not None


async def test_of_an_article_kept_before_pages_were_noted_the_page_is_only_noted(
    house: House,
) -> None:
    one = await house.publish()
    before = await house.kept()
    async with house.database.write() as connection:
        await connection.execute(
            update(article).values(
                page_etag=None, page_modified=None, page_said=None, body_hash=None
            )
        )
    house.newsroom.correct(one, title="Иначе", silently=True)
    assert await house.look() == [200]
    assert await house.kept() == before
    house.newsroom.correct(one, lead="Послезавтра.", silently=True)
    assert await house.look() == [200]
    assert (await house.kept()).lead == "Послезавтра."


async def test_a_date_that_the_feed_moves_moves_none_of_ours_and_has_the_page_looked_at(
    house: House,
) -> None:
    one = await house.publish()
    before = await house.kept()
    moved = datetime.now(UTC).replace(microsecond=0) + 3 * HOUR
    house.newsroom.correct(one, body_html=TEXT.replace("300", "320"), published=moved)
    asked = len(house.newsroom.requests)
    await house.read()
    assert [each.path for each in list(house.newsroom.requests)[asked:]] == ["/feed.xml"]
    assert await house.kept() == before
    async with house.database.read() as connection:
        upcoming = await checks.next_check_due(connection)
    assert upcoming is not None
    assert upcoming < datetime.now(UTC) + 3 * MINUTE
    await house.look()
    after = await house.kept()
    assert "320" in after.document.plain_text()
    assert (after.published, after.sorted_at) == (before.published, before.sorted_at)
    # Said once more, it is nothing new.
    house.newsroom.publish(title="Другая", paragraphs=["Текст."])
    async with house.database.write() as connection:
        await connection.execute(update(article).values(check_at=None))
    await house.read()
    async with house.database.read() as connection:
        due = await checks.due_checks(connection, FAR, 50)
    assert before.id not in [check.article_id for check in due]
