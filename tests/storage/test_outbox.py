from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, func, select, update

from bot.model import ChatKind, Delivery, DeliveryState
from bot.storage import outbox, subscriptions
from bot.storage.database import Database
from bot.storage.outbox import Rescue
from bot.storage.schema import broadcast, delivery
from tests.storage.rows import (
    add_broadcast,
    add_reader,
    add_readers,
    deactivate,
    fan_out,
    let_lapse,
    rows,
    states,
    unsubscribe,
)

SECOND = timedelta(seconds=1)
LEASE = 20 * SECOND

S = DeliveryState


async def _claim(
    database: Database, now: datetime, *, lease: str = "a", limit: int = 100
) -> list[Delivery]:
    async with database.write() as connection:
        return await outbox.claim(connection, lease=lease, now=now, until=now + LEASE, limit=limit)


async def _claim_one(database: Database, now: datetime, lease: str = "a") -> Delivery:
    (claimed,) = await _claim(database, now, lease=lease)
    return claimed


async def _begin(database: Database, claimed: Delivery, now: datetime) -> bool:
    async with database.write() as connection:
        return await outbox.begin_send(connection, claimed, now)


async def _sent(database: Database, claimed: Delivery, message_id: int, now: datetime) -> None:
    async with database.write() as connection:
        await outbox.record_sent(connection, claimed, message_id, now)


async def _put_off(database: Database, held: Delivery, until: datetime, **how: Any) -> None:
    async with database.write() as connection:
        await outbox.put_off(connection, held, until, **how)


async def _rescue(database: Database, now: datetime) -> Rescue:
    async with database.write() as connection:
        return await outbox.rescue(connection, now)


async def _fan_out_once(database: Database, now: datetime, batch: int) -> int | None:
    async with database.write() as connection:
        return await outbox.fan_out(connection, now, batch)


async def _one(database: Database, now: datetime) -> Delivery:
    """One reader, one article, claimed by the holder ``a``."""
    await add_reader(database, now, 7)
    await add_broadcast(database, now)
    await fan_out(database, now)
    return await _claim_one(database, now)


# --- Fan-out ----------------------------------------------------------------------------------


async def test_nothing_pending_is_none(database: Database, now: datetime) -> None:
    assert await _fan_out_once(database, now, 10) is None


@pytest.mark.parametrize(
    ("audience", "batch", "steps"),
    [
        (0, 3, [0, None]),
        (1, 3, [1, None]),
        (2, 3, [2, None]),
        (3, 3, [3, 0, None]),
        (4, 3, [3, 1, None]),
        (6, 3, [3, 3, 0, None]),
        (2, 1, [1, 1, 0, None]),
    ],
)
async def test_an_audience_is_cut_into_batches(
    database: Database, now: datetime, audience: int, batch: int, steps: list[int | None]
) -> None:
    expected = await add_readers(database, now, range(1, audience + 1))
    await add_broadcast(database, now)
    assert [await _fan_out_once(database, now, batch) for _ in steps] == steps
    assert [row.reader_id for row in await rows(database)] == expected


async def test_deliveries_are_ready_at_once_and_unclaimed(
    database: Database, now: datetime
) -> None:
    await add_reader(database, now, 7)
    await add_broadcast(database, now)
    await _fan_out_once(database, now + SECOND, 10)
    (row,) = await rows(database)
    assert (row.state, row.attempt, row.lease, row.lease_until) == (S.QUEUED, 0, None, None)
    assert (row.not_before, row.finished_at, row.doubtful) == (now + SECOND, None, False)


async def test_only_those_who_subscribed_before_and_are_active(
    database: Database, now: datetime
) -> None:
    before = await add_reader(database, now, 1)
    at_the_moment = await add_reader(database, now + SECOND, 2)
    await add_reader(database, now + 2 * SECOND, 3)  # too late
    await add_reader(database, now, 4, section="Наука")  # another section
    await add_reader(database, now, 5, section=None)
    blocked = await add_reader(database, now, 6)
    gone = await add_reader(database, now, 7)
    returned = await add_reader(database, now, 8)
    await deactivate(database, blocked.chat.id, now)
    for reader in (gone, returned):
        await unsubscribe(database, reader.id, now)
    await add_reader(database, now + 2 * SECOND, 8)  # subscribed anew, too late
    await add_broadcast(database, now + SECOND)
    await fan_out(database, now + 3 * SECOND)
    found = [row.reader_id for row in await rows(database)]
    assert found == [before.id, at_the_moment.id]


async def test_an_undone_end_gets_what_went_out_meanwhile(
    database: Database, now: datetime
) -> None:
    anna = await add_reader(database, now, 1)
    await unsubscribe(database, anna.id, now + SECOND)
    await add_broadcast(database, now + 2 * SECOND)
    async with database.write() as connection:
        await subscriptions.undo_unsubscribe(connection, anna.id, now + SECOND)
    await fan_out(database, now + 3 * SECOND)
    assert len(await rows(database)) == 1


async def test_topics_of_one_forum_each_get_it(database: Database, now: datetime) -> None:
    for thread in (0, 3, 4):
        await add_reader(database, now, -100, kind=ChatKind.SUPERGROUP, thread_id=thread)
    await add_broadcast(database, now)
    await fan_out(database, now)
    claimed = await _claim(database, now)
    assert [held.reader.chat.thread_id for held in claimed] == [0, 3, 4]


async def test_an_article_is_broadcast_once(database: Database, now: datetime) -> None:
    await add_readers(database, now, range(1, 4))
    number = await add_broadcast(database, now)
    await fan_out(database, now)
    async with database.write() as connection:
        await outbox.add_broadcast(connection, number, now)
    await fan_out(database, now)
    assert len(await rows(database)) == 3


async def test_a_batch_that_was_cut_short_is_done_again(database: Database, now: datetime) -> None:
    """A crash before the commit leaves nothing; the next process goes on at the cursor."""
    expected = await add_readers(database, now, range(1, 8))
    await add_broadcast(database, now)
    await _fan_out_once(database, now, 3)

    async def crash() -> None:
        async with database.write() as connection:
            await outbox.fan_out(connection, now, 3)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await crash()
    assert len(await rows(database)) == 3
    await fan_out(database, now, batch=2)
    assert [row.reader_id for row in await rows(database)] == expected


async def test_a_batch_that_is_repeated_adds_nobody_twice(
    database: Database, now: datetime
) -> None:
    expected = await add_readers(database, now, range(1, 6))
    await add_broadcast(database, now)
    await fan_out(database, now, batch=2)
    async with database.write() as connection:
        await connection.execute(update(broadcast).values(cursor=0, fanned_out=False))
    await fan_out(database, now, batch=3)
    assert [row.reader_id for row in await rows(database)] == expected


async def test_several_processes_fan_out_together(database: Database, now: datetime) -> None:
    expected = await add_readers(database, now, range(1, 31))
    await add_broadcast(database, now, "a")
    await add_broadcast(database, now, "b")
    await asyncio.gather(*(_fan_out_once(database, now, 7) for _ in range(6)))
    await fan_out(database, now, batch=7)
    found = Counter(row.reader_id for row in await rows(database))
    assert found == dict.fromkeys(expected, 2)


async def test_the_oldest_broadcast_fans_out_first(database: Database, now: datetime) -> None:
    await add_readers(database, now, range(1, 4))
    first = await add_broadcast(database, now, "a")
    second = await add_broadcast(database, now, "b")
    await fan_out(database, now, batch=2)
    claimed = await _claim(database, now)
    assert [held.article_id for held in claimed] == [first] * 3 + [second] * 3


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_who_comes_back_during_a_batch_pushes_nobody_out(
    database: Database, database_url: str, now: datetime
) -> None:
    """Two statements of PostgreSQL see two audiences: the last of the batch was once lost."""
    expected = await add_readers(database, now, range(1, 5))
    await deactivate(database, 1, now)
    await add_broadcast(database, now)

    with psycopg.connect(database_url, autocommit=True) as other:

        def come_back(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if statement.startswith("INSERT INTO delivery"):
                other.execute("UPDATE reader SET active = true")

        event.listen(database._engine.sync_engine, "before_cursor_execute", come_back)
        await fan_out(database, now, batch=2)

    found = [row.reader_id for row in await rows(database)]
    assert set(found) >= set(expected[1:])
    assert len(found) == len(set(found))


# --- Claims -----------------------------------------------------------------------------------


async def test_a_claim_says_all_that_a_sender_needs(database: Database, now: datetime) -> None:
    reader = await add_reader(database, now, 7)
    number = await add_broadcast(database, now)
    await fan_out(database, now)
    held = await _claim_one(database, now, "lease")
    (row,) = await rows(database)
    assert held == Delivery(
        id=row.id,
        broadcast_id=row.broadcast_id,
        article_id=number,
        reader=reader,
        attempt=1,
        doubtful=False,
        plain=False,
        lease="lease",
    )
    assert (row.state, row.lease, row.lease_until) == (S.LEASED, "lease", now + LEASE)


async def test_nothing_ready_is_nothing(database: Database, now: datetime) -> None:
    assert await _claim(database, now) == []


async def test_claims_come_oldest_first_and_not_before_their_time(
    database: Database, now: datetime
) -> None:
    await add_readers(database, now, range(1, 6))
    await add_broadcast(database, now)
    await fan_out(database, now)
    first, second, *_ = await _claim(database, now, limit=2)
    await _put_off(database, first, now + 9 * SECOND)
    await _put_off(database, second, now + 3 * SECOND)

    assert [d.reader.chat.id for d in await _claim(database, now + SECOND, limit=2)] == [3, 4]
    assert [d.reader.chat.id for d in await _claim(database, now + 3 * SECOND, limit=2)] == [2, 5]
    assert await _claim(database, now + 9 * SECOND - timedelta(microseconds=1)) == []
    assert [d.reader.chat.id for d in await _claim(database, now + 9 * SECOND)] == [1]


async def test_what_was_put_off_keeps_its_place_among_those_claimed_with_it(
    database: Database, now: datetime
) -> None:
    """A chat that had to wait once got a later article before the earlier one."""
    await add_reader(database, now, 7)
    first = await add_broadcast(database, now, "a")
    await fan_out(database, now)
    await _put_off(database, await _claim_one(database, now), now + 2 * SECOND)
    second = await add_broadcast(database, now, "b")
    await fan_out(database, now + SECOND)
    claimed = await _claim(database, now + 3 * SECOND)
    assert [held.article_id for held in claimed] == [first, second]


async def test_claims_at_once_never_overlap(database: Database, now: datetime) -> None:
    await add_readers(database, now, range(1, 61))
    await add_broadcast(database, now)
    await fan_out(database, now)

    async def empty(lease: str) -> list[Delivery]:
        mine: list[Delivery] = []
        while claimed := await _claim(database, now, lease=lease, limit=3):
            assert len(claimed) <= 3
            mine += claimed
        return mine

    hands = await asyncio.gather(*(empty(f"lease {number}") for number in range(6)))

    taken = Counter(held.id for hand in hands for held in hand)
    assert len(taken) == 60
    assert set(taken.values()) == {1}
    owners = {row.id: row.lease for row in await rows(database)}
    assert all(owners[held.id] == held.lease for hand in hands for held in hand)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_claim_does_not_wait_for_another(database: Database, now: datetime) -> None:
    await add_readers(database, now, range(1, 5))
    await add_broadcast(database, now)
    await fan_out(database, now)
    async with database.write() as connection:
        first = await outbox.claim(connection, lease="a", now=now, until=now, limit=2)
        second = await _claim(database, now, lease="b", limit=2)
    assert [held.reader.chat.id for held in (*first, *second)] == [1, 2, 3, 4]


# --- The intent to send -----------------------------------------------------------------------


async def test_the_intent_is_committed_once(database: Database, now: datetime) -> None:
    held = await _one(database, now)
    assert await _begin(database, held, now)
    assert await states(database) == [S.SENDING]
    assert not await _begin(database, held, now)
    assert await states(database) == [S.SENDING]


async def test_nothing_goes_out_after_an_unsubscribe(database: Database, now: datetime) -> None:
    held = await _one(database, now)
    await unsubscribe(database, held.reader.id, now)
    assert not await _begin(database, held, now + SECOND)
    (row,) = await rows(database)
    assert (row.state, row.finished_at) == (S.CANCELLED, now + SECOND)


async def test_nothing_goes_out_after_a_block(database: Database, now: datetime) -> None:
    held = await _one(database, now)
    await deactivate(database, 7, now)
    assert await states(database) == [S.LEASED]
    assert not await _begin(database, held, now)
    assert await states(database) == [S.CANCELLED]


async def test_an_end_of_another_section_cancels_nothing(database: Database, now: datetime) -> None:
    held = await _one(database, now)
    science = await add_reader(database, now, 7, section="Наука")
    async with database.write() as connection:
        await subscriptions.unsubscribe(connection, science.id, now, section_id=2)
    assert await _begin(database, held, now)


@pytest.mark.parametrize("begun", [False, True])
async def test_a_lost_lease_moves_nothing(
    database: Database, now: datetime, *, begun: bool
) -> None:
    """The old holder wakes up when another has the delivery in hand."""
    old = await _one(database, now)
    later = now + LEASE + SECOND
    await _rescue(database, later)
    new = await _claim_one(database, later, "b")
    if begun:
        assert await _begin(database, new, later)
    before = await rows(database)

    assert not await _begin(database, old, later)
    await _sent(database, old, 1, later)
    await _put_off(database, old, later)
    async with database.write() as connection:
        await outbox.record_ended(connection, old, S.FAILED, "late", later)
        await outbox.renew_leases(connection, old.lease, [old.id], later + LEASE)
        await outbox.release_leases(connection, old.lease)

    assert await rows(database) == before


# --- What became of it ------------------------------------------------------------------------


async def test_a_success_is_recorded_once(database: Database, now: datetime) -> None:
    held = await _one(database, now)
    await _sent(database, held, 1, now)  # not begun: nothing can have been sent
    assert await states(database) == [S.LEASED]
    assert await _begin(database, held, now)
    await _sent(database, held, 5, now + SECOND)
    await _sent(database, held, 6, now + 2 * SECOND)
    (row,) = await rows(database)
    assert (row.state, row.message_id, row.finished_at) == (S.SENT, 5, now + SECOND)
    assert (row.lease_until, row.error) == (None, None)


async def test_a_success_whose_number_is_unknown_is_one(database: Database, now: datetime) -> None:
    held = await _one(database, now)
    assert await _begin(database, held, now)
    async with database.write() as connection:
        await outbox.record_sent(connection, held, None, now)
    (row,) = await rows(database)
    assert (row.state, row.message_id) == (S.SENT, None)


@pytest.mark.parametrize("state", [S.FAILED, S.UNKNOWN])
async def test_an_end_is_kept_with_its_reason(
    database: Database, now: datetime, state: DeliveryState
) -> None:
    held = await _one(database, now)
    assert await _begin(database, held, now)
    async with database.write() as connection:
        await outbox.record_ended(connection, held, state, "причина", now + SECOND)
    (row,) = await rows(database)
    assert (row.state, row.error, row.finished_at) == (state, "причина", now + SECOND)
    assert row.lease_until is None
    async with database.read() as connection:
        assert await outbox.last_errors(connection, 5) == [(7, "причина")]
        assert await outbox.count_deliveries(connection) == {state: 1}
    assert await _rescue(database, now + timedelta(days=1)) == Rescue(0, 0, 0)


async def test_a_late_success_beats_unknown_and_nothing_else(
    database: Database, now: datetime
) -> None:
    held = await _one(database, now)
    for state in (S.FAILED, S.UNKNOWN):
        async with database.write() as connection:
            await connection.execute(update(delivery).values(state=state, error="?"))
        await _sent(database, held, 5, now)
    (row,) = await rows(database)
    assert (row.state, row.message_id, row.error) == (S.SENT, 5, None)
    async with database.write() as connection:
        await connection.execute(update(delivery).values(state=S.FAILED))
    await _sent(database, held, 6, now)
    assert await states(database) == [S.FAILED]


@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize(
    ("counts", "doubtful", "attempt"),
    [(True, False, 1), (False, False, 0), (True, True, 1)],
)
async def test_put_off(
    database: Database,
    now: datetime,
    *,
    begun: bool,
    counts: bool,
    doubtful: bool,
    attempt: int,
) -> None:
    held = await _one(database, now)
    if begun:
        assert await _begin(database, held, now)
    until = now + 5 * SECOND
    await _put_off(database, held, until, error="why", counts=counts, doubtful=doubtful)
    (row,) = await rows(database)
    assert (row.state, row.not_before, row.error) == (S.QUEUED, until, "why")
    assert (row.attempt, row.doubtful) == (attempt, doubtful)
    assert (row.lease, row.lease_until) == (None, None)
    assert await _claim(database, until - SECOND) == []
    again = await _claim_one(database, until)
    assert (again.attempt, again.doubtful) == (attempt + 1, doubtful)


async def test_a_doubt_is_never_forgotten(database: Database, now: datetime) -> None:
    held = await _one(database, now)
    await _put_off(database, held, now, doubtful=True)
    held = await _claim_one(database, now)
    await _put_off(database, held, now, counts=False)
    assert (await _claim_one(database, now)).doubtful


async def test_an_article_turns_plain_for_all_who_wait(database: Database, now: datetime) -> None:
    await add_readers(database, now, (1, 2))
    await add_broadcast(database, now, "a")
    await add_broadcast(database, now, "b")
    await fan_out(database, now)
    first, *_ = await _claim(database, now, limit=1)
    async with database.write() as connection:
        assert await outbox.mark_plain(connection, first.broadcast_id)
        assert not await outbox.mark_plain(connection, first.broadcast_id)
    plain = {held.broadcast_id: held.plain for held in await _claim(database, now)}
    assert [plain[key] for key in sorted(plain)] == [True, False]


# --- Leases -----------------------------------------------------------------------------------


async def test_a_holder_that_is_alive_keeps_what_it_works_on(
    database: Database, now: datetime
) -> None:
    """What it let go of unrecorded was once renewed with the rest, and never taken up again."""
    await add_readers(database, now, (1, 2, 3))
    await add_broadcast(database, now)
    await fan_out(database, now)
    kept, forgotten, begun = await _claim(database, now)
    assert await _begin(database, begun, now)
    later = now + LEASE + SECOND
    async with database.write() as connection:
        await outbox.renew_leases(connection, "a", {kept.id, begun.id}, later + LEASE)
        await outbox.renew_leases(connection, "a", set(), later + 9 * LEASE)
        await outbox.renew_leases(connection, "b", {forgotten.id}, later + LEASE)
    assert await _rescue(database, later) == Rescue(requeued=1, doubtful=0, unknown=0)
    assert await states(database) == [S.LEASED, S.QUEUED, S.SENDING]
    assert await _begin(database, kept, later)


async def test_a_holder_that_stops_gives_back_what_it_has_not_sent(
    database: Database, now: datetime
) -> None:
    await add_readers(database, now, (1, 2, 3))
    await add_broadcast(database, now)
    await fan_out(database, now)
    _, begun = await _claim(database, now, limit=2)
    await _claim(database, now, lease="b")
    assert await _begin(database, begun, now)
    async with database.write() as connection:
        await outbox.release_leases(connection, "a")
    assert await states(database) == [S.QUEUED, S.SENDING, S.LEASED]
    again = await _claim_one(database, now, "c")
    assert (again.reader.chat.id, again.attempt) == (1, 1)


async def test_nothing_is_rescued_before_its_lease_runs_out(
    database: Database, now: datetime
) -> None:
    await _one(database, now)
    assert await _rescue(database, now + LEASE) == Rescue(0, 0, 0)
    assert await _rescue(database, now + LEASE + timedelta(microseconds=1)) == Rescue(1, 0, 0)


async def test_what_was_only_claimed_goes_out_as_if_nothing_had_been(
    database: Database, now: datetime
) -> None:
    await _one(database, now)
    later = now + LEASE + SECOND
    assert await _rescue(database, later) == Rescue(requeued=1, doubtful=0, unknown=0)
    again = await _claim_one(database, later, "b")
    assert (again.attempt, again.doubtful) == (1, False)


async def test_what_may_have_been_sent_goes_out_once_more_and_then_stays_unknown(
    database: Database, now: datetime
) -> None:
    first = await _one(database, now)
    assert await _begin(database, first, now)
    await let_lapse(database, now)
    later = now + SECOND
    assert await _rescue(database, later) == Rescue(requeued=0, doubtful=1, unknown=0)
    assert await _rescue(database, later) == Rescue(0, 0, 0)

    second = await _claim_one(database, later, "b")
    assert (second.attempt, second.doubtful) == (2, True)
    assert await _begin(database, second, later)
    await _sent(database, first, 1, later)  # the first holder lost it
    assert await states(database) == [S.SENDING]
    await let_lapse(database, later)
    assert await _rescue(database, later + SECOND) == Rescue(requeued=0, doubtful=0, unknown=1)

    (row,) = await rows(database)
    assert (row.state, row.finished_at) == (S.UNKNOWN, later + SECOND)
    assert row.error
    assert await _claim(database, later + timedelta(days=1)) == []
    await _sent(database, second, 2, later + 2 * SECOND)
    (row,) = await rows(database)
    assert (row.state, row.message_id, row.error) == (S.SENT, 2, None)


async def test_a_rescue_settles_a_mixture(database: Database, now: datetime) -> None:
    await add_readers(database, now, range(1, 7))
    await add_broadcast(database, now)
    await fan_out(database, now)
    for held in await _claim(database, now, limit=1):
        await _put_off(database, held, now, doubtful=True)
    claimed = await _claim(database, now)
    for held in claimed[:4]:
        assert await _begin(database, held, now)
    await _sent(database, claimed[3], 1, now)
    await let_lapse(database, now)
    assert await _rescue(database, now + SECOND) == Rescue(requeued=2, doubtful=2, unknown=1)


async def test_what_is_rescued_for_a_reader_who_left_does_not_go_out(
    database: Database, now: datetime
) -> None:
    held = await _one(database, now)
    assert await _begin(database, held, now)
    await unsubscribe(database, held.reader.id, now)
    await let_lapse(database, now)
    await _rescue(database, now + SECOND)
    again = await _claim_one(database, now + SECOND, "b")
    assert not await _begin(database, again, now + SECOND)
    assert await states(database) == [S.CANCELLED]


async def test_counts_and_errors_for_a_person_to_see(database: Database, now: datetime) -> None:
    await add_readers(database, now, range(1, 5))
    await add_broadcast(database, now)
    await fan_out(database, now)
    claimed = await _claim(database, now, limit=3)
    for held, state in zip(claimed, (S.FAILED, S.UNKNOWN, S.FAILED), strict=True):
        assert await _begin(database, held, now)
        async with database.write() as connection:
            await outbox.record_ended(connection, held, state, f"error {held.id}", now)
    async with database.read() as connection:
        assert await outbox.count_deliveries(connection) == {S.QUEUED: 1, S.FAILED: 2, S.UNKNOWN: 1}
        newest = await outbox.last_errors(connection, 2)
    assert newest == [(held.reader.chat.id, f"error {held.id}") for held in claimed[:0:-1]]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_an_end_that_is_not_committed_yet_does_not_hold_up_a_send(
    database: Database, now: datetime
) -> None:
    """Whichever commits first wins; neither waits for the other."""
    held = await _one(database, now)
    async with database.write() as connection:
        await subscriptions.unsubscribe(connection, held.reader.id, now)
        assert await _begin(database, held, now)
    await _sent(database, held, 1, now)
    assert await states(database) == [S.SENT]


async def test_numbers_of_readers_and_deliveries_agree(database: Database, now: datetime) -> None:
    """Every delivery of a broadcast to 250 readers is sent to its own reader, once."""
    expected = await add_readers(database, now, range(1, 251))
    await add_broadcast(database, now)
    await fan_out(database, now, batch=100)
    reached: list[int] = []
    while claimed := await _claim(database, now, limit=60):
        async with database.write() as connection:
            for held in claimed:
                assert await outbox.begin_send(connection, held, now)
                await outbox.record_sent(connection, held, held.reader.chat.id, now)
                reached.append(held.reader.id)
    assert reached == expected
    async with database.read() as connection:
        assert await connection.scalar(select(func.count(delivery.c.message_id.distinct()))) == 250
