from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import event, update

from bot.model import BroadcastState, Delivery, DeliveryState, Form, Reader, Section
from bot.storage import amendments, bookmarks, opened, outbox, revisions
from bot.storage.amendments import END, Amending, Amendment
from bot.storage.database import Database
from bot.storage.outbox import Settled
from bot.storage.schema import delivery
from tests.storage.rows import (
    add_broadcast,
    add_reader,
    broadcast_rows,
    deactivate,
    guid,
    new_article,
    rows,
    unsubscribe,
)

LEASE = 1
HOUR = timedelta(hours=1)


async def begin(database: Database, now: datetime) -> list[Delivery]:
    """All that waits is on its way, in the order of its readers."""
    async with database.write() as connection:
        claimed = await outbox.claim(connection, lease=LEASE, now=now, limit=1000)
        return [each.delivery for each in await outbox.begin(connection, claimed, now)]


async def arrive(
    database: Database,
    now: datetime,
    begun: Sequence[Delivery],
    *,
    messages: bool = True,
    shown: int = 1,
) -> None:
    """These arrive, with the number of its reader as that of each message."""
    sent = [
        Settled(
            each,
            DeliveryState.SENT,
            message_id=each.reader.id if messages else None,
            shown=shown,
        )
        for each in begun
    ]
    async with database.write() as connection:
        await outbox.record(connection, sent, now)


async def send(database: Database, now: datetime, *, messages: bool = True, shown: int = 1) -> None:
    """All that waits arrives."""
    await arrive(database, now, await begin(database, now), messages=messages, shown=shown)


async def pushed(database: Database, now: datetime, count: int) -> tuple[int, list[Reader]]:
    """An article that this many readers have got; its number, and they."""
    readers = [await add_reader(database, now, 100 + number) for number in range(count)]
    article = await add_broadcast(database, now)
    await send(database, now)
    return article, readers


async def correct(database: Database, article: int, now: datetime, title: str = "Иначе") -> None:
    async with database.write() as connection:
        new = replace(new_article(guid("a")), title=title)
        assert await revisions.revise_article(connection, article, new, now)


async def waiting(
    database: Database, revision: int = 2, limit: int = 100
) -> tuple[Amending, list[Amendment]]:
    async with database.read() as connection:
        of = await amendments.amending(connection)
        assert of is not None
        return of, await amendments.next_amendments(connection, of, revision, limit)


async def record(
    database: Database,
    of: Amending,
    cursor: int | None,
    *shown: int,
    deleted: tuple[int, ...] = (),
    revision: int = 2,
) -> int | None:
    async with database.write() as connection:
        return await amendments.record_amendments(
            connection, of, revision, shown=shown, deleted=deleted, cursor=cursor
        )


async def test_nothing_is_to_be_amended_before_a_correction(
    database: Database, now: datetime
) -> None:
    article, readers = await pushed(database, now, 3)
    async with database.read() as connection:
        assert await amendments.amending(connection) is None
    await correct(database, article, now)
    of, found = await waiting(database)
    assert of == Amending(1, article, 0, Form.FULL)
    assert [each.reader for each in found] == readers
    first = Amendment(
        readers[0], readers[0].id, now, opened=False, opened_article=None, page=0,
        section=Section(1, "Город"), muted=False,
    )  # fmt: skip
    assert found[0] == first


async def test_batches_follow_the_readers_to_the_end(database: Database, now: datetime) -> None:
    article, readers = await pushed(database, now, 5)
    await correct(database, article, now)
    numbers = [reader.id for reader in readers]
    of, found = await waiting(database, limit=2)
    assert [each.reader.id for each in found] == numbers[:2]
    assert await record(database, of, numbers[1], *numbers[:2]) == numbers[1]
    of, found = await waiting(database)
    assert [each.reader.id for each in found] == numbers[2:]
    assert await record(database, of, END, *numbers[2:]) == END
    of, found = await waiting(database)
    assert found == []
    assert await record(database, of, None) is None
    assert (await broadcast_rows(database))[0].amend_cursor is None
    assert [row.shown for row in await rows(database)] == [2] * 5


async def test_what_was_passed_over_is_come_back_to(database: Database, now: datetime) -> None:
    article, readers = await pushed(database, now, 4)
    await correct(database, article, now)
    numbers = [reader.id for reader in readers]
    of, _ = await waiting(database)
    assert await record(database, of, END, numbers[0], numbers[2]) == END
    of, found = await waiting(database)
    assert [each.reader.id for each in found] == [numbers[1], numbers[3]]


async def test_a_newer_correction_starts_anew(database: Database, now: datetime) -> None:
    """Where the cursor was at the very start, it looks the same before and after."""
    article, readers = await pushed(database, now, 2)
    await correct(database, article, now)
    of, _ = await waiting(database)
    await correct(database, article, now, "Ещё раз иначе")
    assert await record(database, of, END, *(reader.id for reader in readers)) == 0
    _, found = await waiting(database, revision=3)
    assert [each.reader for each in found] == readers


async def test_what_arrives_late_with_an_old_title_is_not_missed(
    database: Database, now: datetime
) -> None:
    """It was on its way while the others were gone through, and before their cursor."""
    readers = [await add_reader(database, now, 100 + number) for number in range(3)]
    article = await add_broadcast(database, now)
    first, *others = await begin(database, now)
    await arrive(database, now, others)
    await correct(database, article, now)
    of, found = await waiting(database)
    assert [each.reader for each in found] == readers[1:]
    await arrive(database, now, [first])
    assert await record(database, of, END, *(reader.id for reader in readers[1:])) == END
    of, found = await waiting(database)
    assert [each.reader for each in found] == readers[:1]
    assert await record(database, of, END, readers[0].id) == END


async def test_what_arrives_late_at_the_end_is_not_missed(
    database: Database, now: datetime
) -> None:
    readers = [await add_reader(database, now, 100 + number) for number in range(2)]
    article = await add_broadcast(database, now)
    _, last = await begin(database, now)
    await correct(database, article, now)
    of, _ = await waiting(database)
    await record(database, of, END)
    of, found = await waiting(database)
    assert found == []
    await arrive(database, now, [last])
    assert await record(database, of, None) == readers[1].id - 1
    _, found = await waiting(database)
    assert [each.reader for each in found] == readers[1:]


async def test_one_message_is_looked_at_again(database: Database, now: datetime) -> None:
    article, (opener, blocker, shown) = await pushed(database, now, 3)
    await correct(database, article, now)
    of, before = await waiting(database)
    async with database.write() as connection:
        await opened.note_opened(connection, opener.id, opener.id, article, now)
    await deactivate(database, blocker.chat.id, now)
    await record(database, of, END, shown.id)
    async with database.read() as connection:
        after = [await amendments.amendment(connection, of, 2, each.reader.id) for each in before]
    assert after == [replace(before[0], opened=True, opened_article=article), None, None]


async def test_what_is_known_of_a_message(database: Database, now: datetime) -> None:
    article, (opener, goer, _) = await pushed(database, now, 3)
    await unsubscribe(database, goer.id, now)
    async with database.write() as connection:
        await bookmarks.set_bookmark(connection, opener.id, article, 3, now)
        await opened.note_opened(connection, opener.id, opener.id, article, now)
        await opened.note_opened(connection, goer.id, goer.id, article, now)
        await opened.note_left(connection, goer.id, goer.id, now)
    await correct(database, article, now)
    _, (one, two, three) = await waiting(database)
    assert (one.opened, one.opened_article, one.page, one.muted) == (True, article, 3, False)
    assert (two.opened, two.opened_article, two.page, two.muted) == (True, None, 0, True)
    assert (three.opened, three.muted) == (False, False)


async def test_who_blocked_us_and_what_has_no_number_is_passed_over(
    database: Database, now: datetime
) -> None:
    article, readers = await pushed(database, now, 3)
    await deactivate(database, readers[0].chat.id, now)
    async with database.write() as connection:
        await connection.execute(
            update(delivery).where(delivery.c.reader_id == readers[1].id).values(message_id=None)
        )
    await correct(database, article, now)
    of, found = await waiting(database)
    assert [each.reader for each in found] == readers[2:]
    assert await record(database, of, None, readers[2].id) is None


async def test_a_message_that_was_deleted_is_not_asked_for_again(
    database: Database, now: datetime
) -> None:
    article, (reader,) = await pushed(database, now, 1)
    async with database.write() as connection:
        await revisions.withdraw_article(connection, article, now, by_hand=True)
    of, _ = await waiting(database)
    assert await record(database, of, None, deleted=(reader.id,)) is None
    async with database.write() as connection:
        await revisions.reinstate_article(connection, article, by_hand=True)
    of, found = await waiting(database, revision=3)
    assert found == []
    assert await record(database, of, None, revision=3) is None
    (row,) = await rows(database)
    assert (row.state, row.message_id) == (DeliveryState.SENT, None)
    assert (await broadcast_rows(database))[0].state == BroadcastState.WITHDRAWN


async def test_the_newest_broadcast_comes_first_unless_it_rests_at_its_end(
    database: Database, now: datetime
) -> None:
    numbers = [await add_broadcast(database, now, key) for key in ("a", "b")]
    older, newer = (Amending(number, number, 0, Form.FULL) for number in numbers)
    async with database.write() as connection:
        for number in numbers:
            await revisions.withdraw_article(connection, number, now, by_hand=True)
        assert await amendments.amending(connection) == newer
        assert await amendments.amending(connection, [newer.broadcast_id]) == newer
    assert await record(database, newer, END) == END
    async with database.write() as connection:
        assert await amendments.amending(connection) == replace(newer, cursor=END)
        assert await amendments.amending(connection, [newer.broadcast_id]) == older
        await revisions.reinstate_article(connection, newer.article_id, by_hand=True)
        assert await amendments.amending(connection, [newer.broadcast_id]) == newer


async def overtaken(database: Database, now: datetime) -> tuple[Amending, Amending, list[Reader]]:
    """What somebody has in hand who is frozen with revision 2, and another with revision 3."""
    article, readers = await pushed(database, now, 4)
    await correct(database, article, now)
    frozen, _ = await waiting(database)
    await correct(database, article, now, "Ещё раз иначе")
    of, _ = await waiting(database, revision=3)
    return frozen, of, readers


async def test_an_older_revision_that_is_shown_late_is_amended_again(
    database: Database, now: datetime
) -> None:
    """Somebody was frozen while another showed all of the next revision and was done."""
    frozen, of, readers = await overtaken(database, now)
    numbers = [reader.id for reader in readers]
    assert await record(database, of, END, *numbers, revision=3) == END
    of, found = await waiting(database, revision=3)
    assert found == []
    assert await record(database, of, None, revision=3) is None
    assert await record(database, frozen, END, *numbers[1:3]) == numbers[1] - 1
    _, found = await waiting(database, revision=3)
    assert [each.reader for each in found] == readers[1:3]


async def test_an_older_revision_that_is_shown_late_only_sets_back(
    database: Database, now: datetime
) -> None:
    """The other one is still under way, before that message or behind it."""
    frozen, of, readers = await overtaken(database, now)
    numbers = [reader.id for reader in readers]
    assert await record(database, of, numbers[1], *numbers[:2], revision=3) == numbers[1]
    assert await record(database, frozen, END, numbers[2]) == numbers[1]
    assert await record(database, frozen, END, numbers[1]) == numbers[0]
    _, found = await waiting(database, revision=3)
    assert [each.reader for each in found] == readers[1:]


async def test_the_end_of_a_pass_goes_through_nothing_while_it_writes(
    database: Database, now: datetime
) -> None:
    article, readers = await pushed(database, now, 2)
    await correct(database, article, now)
    of, _ = await waiting(database)
    statements: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    engine = database._engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        await record(database, of, END, readers[0].id)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert any("UPDATE delivery" in each for each in statements)
    assert [each for each in statements if "FROM delivery" in each] == []
