from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Row, delete, select

from bot.model import (
    Article,
    BroadcastState,
    Change,
    Correction,
    Document,
    NewArticle,
    PageState,
    Paragraph,
    Span,
    Style,
    load_document,
)
from bot.storage import articles, checks, revisions, sections
from bot.storage.database import Database
from bot.storage.revisions import ABSENT, Kept
from bot.storage.schema import article as article_table
from bot.storage.schema import revision
from tests.storage.rows import (
    add_article,
    add_broadcast,
    add_reader,
    add_source,
    broadcast_rows,
    fan_out,
    guid,
    new_article,
    url,
)

HOUR = timedelta(hours=1)


async def keep(database: Database, now: datetime, key: str, *, seen: str | None = "x") -> int:
    """An article whose entry was noted; its number."""
    async with database.write() as connection:
        source = await add_source(connection, now)
        new = replace(new_article(guid(key), published=now), seen=seen)
        number = await articles.add_article(
            connection, source, new, now, check_at=now + HOUR if seen else None
        )
    assert number is not None
    return number


async def article_of(database: Database, number: int) -> Article:
    async with database.read() as connection:
        article = await articles.get_article(connection, number)
    assert article is not None
    return article


async def revise(database: Database, number: int, new: NewArticle, now: datetime) -> bool:
    async with database.write() as connection:
        return await revisions.revise_article(connection, number, new, now)


async def withdraw(database: Database, number: int, now: datetime, *, by_hand: bool = True) -> bool:
    async with database.write() as connection:
        return await revisions.withdraw_article(connection, number, now, by_hand=by_hand)


async def reinstate(database: Database, number: int, *, by_hand: bool = True) -> bool:
    async with database.write() as connection:
        return await revisions.reinstate_article(connection, number, by_hand=by_hand)


async def listed(database: Database) -> list[int]:
    async with database.read() as connection:
        return [card.id for card in (await articles.article_cards(connection, limit=9)).items]


async def kept(database: Database, *numbers: int) -> dict[int, Kept]:
    async with database.read() as connection:
        return await revisions.kept_articles(connection, 1, numbers)


def same(key: str = "a", **changes: Any) -> NewArticle:
    return replace(new_article(guid(key)), **changes)


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Мост закрыт"},
        {"lead": "Движение остановлено."},
        {"image": "https://news.example/b.png"},
    ],
)
async def test_what_a_push_shows_makes_a_revision(
    database: Database, now: datetime, change: dict[str, Any]
) -> None:
    number = await add_broadcast(database, now)
    before = await article_of(database, number)
    assert await revise(database, number, same(**change), now + HOUR)
    after = await article_of(database, number)
    then = now + HOUR
    changed = replace(before, **change, revision=2)
    assert after == replace(changed, corrected_at=then, push_corrected_at=then)
    (broadcast,) = await broadcast_rows(database)
    assert (broadcast.state, broadcast.amend_cursor) == (BroadcastState.OPEN, 0)


async def test_a_text_alone_is_kept_and_amends_no_message(
    database: Database, now: datetime
) -> None:
    number = await add_broadcast(database, now)
    text = Document((Paragraph((Span("Длина моста 320 метров."),)),))
    assert not await revise(database, number, same(document=text), now + HOUR)
    after = await article_of(database, number)
    assert (after.document, after.revision, after.corrected_at) == (text, 1, now + HOUR)
    assert (await broadcast_rows(database))[0].amend_cursor is None


async def test_a_text_that_was_corrected_earns_no_mark_by_a_withdrawal_and_its_end(
    database: Database, now: datetime
) -> None:
    """Both raise the revision, and once a push that had never changed then said "Corrected"."""
    number = await add_broadcast(database, now)
    text = Document((Paragraph((Span("Длина моста 320 метров."),)),))
    await revise(database, number, same(document=text), now + HOUR)
    await withdraw(database, number, now + HOUR)
    await reinstate(database, number)
    after = await article_of(database, number)
    assert (after.revision, after.corrected_at) == (3, now + HOUR)
    assert after.push_corrected_at is None
    assert await revise(database, number, same(title="Мост закрыт", document=text), now + 2 * HOUR)
    await revise(database, number, same(title="Мост закрыт"), now + 3 * HOUR)
    after = await article_of(database, number)
    assert after.push_corrected_at == now + 2 * HOUR
    assert after.corrected_at == now + 3 * HOUR


async def test_the_same_again_is_no_correction(database: Database, now: datetime) -> None:
    number = await add_broadcast(database, now)
    before = await article_of(database, number)
    spans = (Span("Длина моста "), Span("300 метров.", frozenset({Style.BOLD})))
    bold = Document((Paragraph(spans),))
    assert not await revise(database, number, same(document=bold), now + HOUR)
    after = await article_of(database, number)
    assert (after.corrected_at, after.revision) == (None, 1)
    assert after.document == bold
    assert replace(after, document=before.document) == before


async def test_a_withdrawn_article_is_in_no_list_and_goes_to_nobody(
    database: Database, now: datetime
) -> None:
    await add_reader(database, now, 5)
    number = await add_broadcast(database, now)
    await fan_out(database, now)
    assert await withdraw(database, number, now + HOUR)
    assert not await withdraw(database, number, now + 2 * HOUR)
    after = await article_of(database, number)
    assert (after.withdrawn_at, after.revision) == (now + HOUR, 2)
    assert await listed(database) == []
    async with database.read() as connection:
        assert await sections.sections(connection) == []
        assert await revisions.count_messages(connection, number) == 1
    (broadcast,) = await broadcast_rows(database)
    assert (broadcast.state, broadcast.amend_cursor) == (BroadcastState.WITHDRAWN, 0)


async def test_a_reinstated_article_is_listed_and_pushed_to_nobody(
    database: Database, now: datetime
) -> None:
    number = await add_broadcast(database, now)
    assert not await reinstate(database, number)
    await withdraw(database, number, now)
    assert await reinstate(database, number)
    after = await article_of(database, number)
    assert (after.withdrawn_at, after.revision) == (None, 3)
    assert await listed(database) == [number]
    (broadcast,) = await broadcast_rows(database)
    assert (broadcast.state, broadcast.amend_cursor) == (BroadcastState.WITHDRAWN, 0)


async def test_what_a_person_withdrew_only_a_person_brings_back(
    database: Database, now: datetime
) -> None:
    number = await keep(database, now, "a")
    async with database.write() as connection:
        await checks.record_check(connection, number, gone=1, check_at=now)
    await withdraw(database, number, now)
    assert not await reinstate(database, number, by_hand=False)
    async with database.read() as connection:
        assert await checks.due_checks(connection, now + 100 * HOUR, 10) == []
    assert await reinstate(database, number)


async def test_what_the_site_withdrew_it_brings_back(database: Database, now: datetime) -> None:
    number = await keep(database, now, "a")
    assert await withdraw(database, number, now, by_hand=False)
    async with database.write() as connection:
        await checks.record_check(connection, number, gone=2, check_at=now + HOUR)
    assert await reinstate(database, number, by_hand=False)
    assert (await kept(database, number))[number].gone == 0


async def test_what_a_person_restored_the_site_does_not_withdraw(
    database: Database, now: datetime
) -> None:
    """A look was under way when the person decided."""
    number = await keep(database, now, "a")
    assert not await reinstate(database, number)  # it was held, not withdrawn
    assert not await withdraw(database, number, now, by_hand=False)
    async with database.write() as connection:
        await checks.record_check(connection, number, gone=3, check_at=now)
    assert (await kept(database, number))[number].gone == 0


async def test_only_a_sources_own_articles_are_kept_for_it(
    database: Database, now: datetime
) -> None:
    number = await keep(database, now, "a", seen=None)
    found = await kept(database, number, 99)
    assert found == {
        number: Kept(None, "https://news.example/a", now, now, 1, withdrawn=False, gone=0)
    }
    async with database.read() as connection:
        assert await revisions.kept_articles(connection, 2, [number]) == {}


async def vanish(database: Database, present: list[int], now: datetime) -> list[int]:
    """The numbers of those that are looked at once a feed names only these."""
    async with database.write() as connection:
        named = await revisions.kept_articles(connection, 1, present)
        found = await revisions.note_vanished(connection, 1, named, before=now, now=now)
        due = await checks.due_checks(connection, now, 100)
    assert found is bool(due)
    return sorted(check.article_id for check in due)


async def test_a_gap_in_a_feed_is_looked_at_and_its_old_end_is_not(
    database: Database, now: datetime
) -> None:
    numbers = [await keep(database, now + n * HOUR, f"key {n}") for n in range(5)]
    later = now + 5 * HOUR
    _, second, third, fourth, fifth = numbers
    async with database.write() as connection:  # nothing is due by itself
        for number in numbers:
            await checks.record_check(connection, number, gone=0, check_at=later + HOUR)
    assert await vanish(database, [second, fourth], later) == [third, fifth]
    async with database.write() as connection:
        for number in (third, fifth):
            await checks.record_check(connection, number, gone=0, check_at=None)
    assert await vanish(database, [second, fourth], later) == []  # once
    assert (await kept(database, third))[third].seen == ABSENT


async def test_an_old_article_that_a_feed_keeps_has_few_looked_at_and_only_news(
    database: Database, now: datetime
) -> None:
    """A pinned entry once had all that came since looked at, which starved the looks at news."""
    pinned = await keep(database, now - 500 * HOUR, "pinned")
    for place in range(9):
        await keep(database, now - (100 - place) * HOUR, f"old {place}")
    recent = [await keep(database, now - (9 - place) * HOUR, f"new {place}") for place in range(6)]
    async with database.write() as connection:
        for number in range(pinned, recent[-1] + 1):
            await checks.record_check(connection, number, gone=0, check_at=now + HOUR)
    assert await vanish(database, [pinned, recent[-1]], now) == recent[-3:-1]


async def test_a_feed_that_names_nothing_known_says_nothing(
    database: Database, now: datetime
) -> None:
    await keep(database, now, "a")
    assert await vanish(database, [], now + HOUR / 2) == []


async def test_what_was_never_noted_or_is_newer_than_the_read_is_not_missed(
    database: Database, now: datetime
) -> None:
    """What the same read stored was once thought to be missing from it."""
    old = await keep(database, now, "old")
    await keep(database, now + HOUR / 4, "unknown", seen=None)
    await keep(database, now + HOUR / 2, "new")
    assert await vanish(database, [old], now + HOUR / 2) == []


async def test_an_article_is_found_by_its_address(database: Database, now: datetime) -> None:
    key = "https://news.example/bridge"
    async with database.write() as connection:
        source = await add_source(connection, now)
        new = new_article(url(key), guid("a"))
        number = await articles.add_article(connection, source, new, now)
        await add_article(connection, now, "b")
        assert await articles.find_article(connection, key) == number
        assert await articles.find_article(connection, "b") is None


async def test_an_article_moves_to_another_address(database: Database, now: datetime) -> None:
    number = await keep(database, now, "a")
    async with database.write() as connection:
        await revisions.move_article(connection, number, "https://news.example/new")
        await revisions.note_seen(connection, {number: "y"})
    found = (await kept(database, number))[number]
    assert (found.url, found.seen) == ("https://news.example/new", "y")


async def replaced(database: Database, number: int) -> list[Row[Any]]:
    """The texts that edits of an article replaced, in their order."""
    statement = select(revision).where(revision.c.article_id == number).order_by(revision.c.number)
    async with database.read() as connection:
        return list(await connection.execute(statement))


async def edit(
    database: Database, number: int, new: NewArticle, now: datetime, kinds: Correction
) -> bool:
    async with database.write() as connection:
        return await revisions.revise_article(connection, number, new, now, kinds)


async def test_what_an_edit_replaces_is_kept(database: Database, now: datetime) -> None:
    number = await add_broadcast(database, now)
    before = await article_of(database, number)
    kinds = Correction(Change.HEADLINE, Change.MATERIAL)
    new = same(title="Мост закрыт", document=Document((Paragraph((Span("Иначе."),)),)))
    assert await edit(database, number, new, now + HOUR, kinds)
    (row,) = await replaced(database, number)
    assert (row.number, row.kind, row.at) == (1, "headline", now + HOUR)
    assert (row.title, row.lead, row.image) == (before.title, before.lead, before.image)
    assert load_document(row.document) == before.document


async def test_an_article_that_was_never_edited_keeps_nothing(
    database: Database, now: datetime
) -> None:
    number = await add_broadcast(database, now)
    assert not await revise(database, number, same(), now + HOUR)
    assert await replaced(database, number) == []


async def test_a_misprint_is_shown_and_earns_no_mark(database: Database, now: datetime) -> None:
    number = await add_broadcast(database, now)
    before = await article_of(database, number)
    new = same(lead="Движение начнётся.", document=Document((Paragraph((Span("Длина."),)),)))
    assert await edit(database, number, new, now + HOUR, Correction(Change.TYPO, Change.TYPO))
    after = await article_of(database, number)
    assert after == replace(before, lead=new.lead, document=new.document, revision=2)
    assert (await broadcast_rows(database))[0].amend_cursor == 0
    # A lead with a misprint beside a text that says something else.
    kinds = Correction(Change.TYPO, Change.MATERIAL)
    assert await edit(database, number, same(), now + HOUR, kinds)
    after = await article_of(database, number)
    assert (after.push_corrected_at, after.corrected_at) == (None, now + HOUR)


async def test_what_is_no_edit_stays_as_it_is_and_the_address_and_page_are_noted(
    database: Database, now: datetime
) -> None:
    number = await keep(database, now, "a")
    before = await article_of(database, number)
    page = PageState('"7"', None, "t l i", "b")
    new = same(
        title="Открыт  новый мост",
        document=Document((Paragraph((Span("Длина  моста 300 метров."),)),)),
        url="https://news.example/new",
        page=page,
        spoke_at=now + HOUR,
    )
    assert not await edit(database, number, new, now + HOUR, Correction(None, None))
    after = await article_of(database, number)
    assert after == replace(before, url="https://news.example/new")
    assert await replaced(database, number) == []
    assert (await kept(database, number))[number].spoke_at == now + HOUR
    async with database.read() as connection:
        (check,) = await checks.due_checks(connection, now + HOUR, 10)
    assert check.page == page


async def test_the_first_text_and_the_newest_are_kept_of_many(
    database: Database, now: datetime
) -> None:
    number = await add_broadcast(database, now)
    for edits in range(30):
        await revise(database, number, same(title=f"Версия {edits}"), now + edits * HOUR)
    rows = await replaced(database, number)
    assert len(rows) == revisions.COPIES == 24
    assert [row.number for row in rows] == [1, *range(8, 31)]
    assert (rows[0].title, rows[-1].title) == ("Открыт новый мост", "Версия 28")
    assert (await article_of(database, number)).title == "Версия 29"


async def test_old_texts_are_forgotten_in_steps(database: Database, now: datetime) -> None:
    number = await add_broadcast(database, now)
    for edits in range(5):
        await revise(database, number, same(title=f"Версия {edits}"), now + edits * HOUR)

    async def prune(before: datetime) -> bool:
        async with database.write() as connection:
            return await revisions.prune(connection, before, 2)

    assert await prune(now + 3 * HOUR)
    assert not await prune(now + 3 * HOUR)
    assert [row.number for row in await replaced(database, number)] == [4, 5]
    await revise(database, number, same(title="Ещё"), now + 9 * HOUR)
    assert [row.number for row in await replaced(database, number)] == [4, 5, 6]


async def test_an_article_that_goes_takes_its_replaced_texts_along(
    database: Database, now: datetime
) -> None:
    async with database.write() as connection:
        number = await add_article(connection, now, "a")
        await revisions.revise_article(connection, number, same(title="Иначе"), now)
        await connection.execute(delete(article_table).where(article_table.c.id == number))
    assert await replaced(database, number) == []


async def test_no_edit_moves_the_date_of_publication(database: Database, now: datetime) -> None:
    number = await keep(database, now, "a")
    new = same(title="Мост закрыт", published=now + 9 * HOUR, spoke_at=now + 9 * HOUR)
    await revise(database, number, new, now + HOUR)
    after = await article_of(database, number)
    assert (after.title, after.published, after.sorted_at) == ("Мост закрыт", now, now)
