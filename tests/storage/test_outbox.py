from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from bot.model import Begun, BroadcastState, Delivery, DeliveryState, Form, OnUnknown, Priority
from bot.storage import broadcasts, outbox, readers, subscriptions
from bot.storage.database import Database
from bot.storage.outbox import PutOff, Rescue, Settled
from bot.storage.schema import article, broadcast, delivery
from tests.storage.rows import (
    add_broadcast,
    add_reader,
    add_readers,
    broadcast_rows,
    deactivate,
    fan_out,
    rows,
    states,
    unsubscribe,
)

SECOND = timedelta(seconds=1)
OLD, NEW = 4, 5
"""Two terms: the second holder took over from the first."""

S = DeliveryState


async def _claim(
    database: Database, now: datetime, *, lease: int = OLD, limit: int = 100
) -> list[Delivery]:
    async with database.write() as connection:
        return await outbox.claim(connection, lease=lease, now=now, limit=limit)


async def _claim_one(database: Database, now: datetime, lease: int = OLD) -> Delivery:
    (claimed,) = await _claim(database, now, lease=lease)
    return claimed


async def _begin(database: Database, now: datetime, *claimed: Delivery) -> list[Begun]:
    async with database.write() as connection:
        return await outbox.begin(connection, claimed, now)


async def _record(database: Database, now: datetime, *results: outbox.Result) -> None:
    async with database.write() as connection:
        await outbox.record(connection, results, now)


def _sent(held: Delivery, message_id: int | None = 5, shown: int = 1) -> Settled:
    return Settled(held, S.SENT, message_id=message_id, shown=shown)


async def _rescue(
    database: Database,
    now: datetime,
    *,
    lease: int = NEW,
    policy: OnUnknown = OnUnknown.RESEND,
) -> Rescue:
    async with database.write() as connection:
        return await outbox.rescue(connection, lease, policy, now)


async def _release(
    database: Database, now: datetime, lease: int = OLD, keep: tuple[Delivery, ...] = ()
) -> None:
    async with database.write() as connection:
        await outbox.release(connection, lease, now, keep={each.key for each in keep})


async def _one(database: Database, now: datetime) -> Delivery:
    """One reader, one article, claimed in the old term."""
    await add_reader(database, now, 7)
    await add_broadcast(database, now)
    return await _claim_one(database, now)


async def _many(database: Database, now: datetime, audience: int) -> list[Delivery]:
    """So many readers, one article, all claimed in the old term."""
    await add_readers(database, now, range(1, audience + 1))
    await add_broadcast(database, now)
    return await _claim(database, now, limit=audience)


async def _set_state(database: Database, state: DeliveryState) -> None:
    async with database.write() as connection:
        await connection.execute(update(delivery).values(state=state))


# --- Claims -----------------------------------------------------------------------------------


async def test_a_claim_says_all_that_a_sender_needs(database: Database, now: datetime) -> None:
    reader = await add_reader(database, now, 7)
    async with database.write() as connection:
        await readers.note_missing(connection, 7, now)
    number = await add_broadcast(database, now, priority=Priority.BREAKING)
    held = await _claim_one(database, now)
    assert held == Delivery(
        broadcast_id=1,
        article_id=number,
        reader=reader,
        priority=Priority.BREAKING,
        attempt=1,
        doubts=0,
        lease=OLD,
        missing_since=now,
    )
    assert held.key == (1, reader.id)
    (row,) = await rows(database)
    assert (row.state, row.lease, row.attempt) == (S.LEASED, OLD, 1)


async def test_nothing_ready_is_nothing(database: Database, now: datetime) -> None:
    assert await _claim(database, now) == []


async def test_readers_are_reached_in_the_order_of_their_numbers(
    database: Database, now: datetime
) -> None:
    expected = await add_readers(database, now, range(9, 0, -1))
    await add_broadcast(database, now)
    reached: list[int] = []
    while claimed := await _claim(database, now, limit=2):
        reached += [held.reader.id for held in claimed]
    assert reached == expected
    assert len(await rows(database)) == 9


async def test_what_waits_goes_before_readers_that_were_not_reached(
    database: Database, now: datetime
) -> None:
    await add_readers(database, now, range(1, 6))
    await add_broadcast(database, now)
    first, second = await _claim(database, now, limit=2)
    await _record(database, now, PutOff(first, now + 9 * SECOND), PutOff(second, now + 3 * SECOND))

    async def chats(at: datetime, limit: int) -> list[int]:
        return [held.reader.chat.id for held in await _claim(database, at, limit=limit)]

    assert await chats(now + SECOND, 1) == [3]
    assert await chats(now + 3 * SECOND, 2) == [2, 4]
    assert await chats(now + 9 * SECOND - timedelta(microseconds=1), 2) == [5]
    assert await chats(now + 9 * SECOND, 2) == [1]


async def test_what_waited_longest_goes_first(database: Database, now: datetime) -> None:
    held = await _many(database, now, 4)
    for order, each in enumerate((held[2], held[0], held[3], held[1])):
        await _record(database, now, PutOff(each, now + order * SECOND))
    again = [await _claim(database, now + 9 * SECOND, limit=1) for _ in held]
    assert [found[0].reader.chat.id for found in again] == [3, 1, 4, 2]


async def test_broadcasts_go_by_priority_and_then_by_age(database: Database, now: datetime) -> None:
    await add_readers(database, now, (1, 2))
    for key in "ab":
        await add_broadcast(database, now, key)
    assert [held.key for held in await _claim(database, now, limit=1)] == [(1, 1)]
    await add_broadcast(database, now, "flash", priority=Priority.BREAKING)
    claimed = await _claim(database, now)
    assert [held.key for held in claimed] == [(3, 1), (3, 2), (1, 2), (2, 1), (2, 2)]
    assert {held.broadcast_id for held in claimed if held.priority is Priority.BREAKING} == {3}


async def test_what_was_put_off_keeps_its_place_before_a_later_article(
    database: Database, now: datetime
) -> None:
    """A chat that had to wait once got a later article before the earlier one."""
    await add_reader(database, now, 7)
    first = await add_broadcast(database, now, "a")
    await _record(database, now, PutOff(await _claim_one(database, now), now + 2 * SECOND))
    second = await add_broadcast(database, now, "b")
    claimed = await _claim(database, now + 3 * SECOND)
    assert [held.article_id for held in claimed] == [first, second]


async def test_a_claim_is_no_larger_than_asked_for(database: Database, now: datetime) -> None:
    await add_readers(database, now, range(1, 6))
    for key in "abc":
        await add_broadcast(database, now, key)
    sizes = []
    while claimed := await _claim(database, now, limit=4):
        sizes.append(len(claimed))
    assert sum(sizes) == 15
    assert max(sizes) == 4
    assert await _claim(database, now, limit=0) == []


async def test_claims_at_once_never_overlap(database: Database, now: datetime) -> None:
    await add_readers(database, now, range(1, 41))
    await add_broadcast(database, now, "made")
    await fan_out(database, now)
    await add_broadcast(database, now, "not made")

    async def empty(lease: int) -> list[Delivery]:
        mine: list[Delivery] = []
        for _ in range(100):
            claimed = await _claim(database, now, lease=lease, limit=3)
            assert len(claimed) <= 3
            mine += claimed
            if not claimed and len(await rows(database)) == 80:
                break
        return mine

    hands = await asyncio.gather(*(empty(number) for number in range(1, 7)))

    taken = Counter(held.key for hand in hands for held in hand)
    assert set(taken.values()) == {1}
    owners = {(row.broadcast_id, row.reader_id): row.lease for row in await rows(database)}
    assert all(owners[held.key] == held.lease for hand in hands for held in hand)
    assert taken.keys() == owners.keys()


# --- The intent to send -----------------------------------------------------------------------


async def test_the_intent_is_committed_once(database: Database, now: datetime) -> None:
    held = await _one(database, now)
    assert await _begin(database, now, held) == [Begun(held, Form.FULL, revision=1)]
    assert await states(database) == [S.SENDING]
    assert await _begin(database, now, held) == []
    assert await states(database) == [S.SENDING]


async def test_many_are_begun_together_in_the_order_given(
    database: Database, now: datetime
) -> None:
    await add_readers(database, now, range(1, 5))
    for key in "ab":
        await add_broadcast(database, now, key)
    claimed = (await _claim(database, now))[::-1]
    await unsubscribe(database, claimed[0].reader.id, now)
    await deactivate(database, claimed[2].reader.chat.id, now)
    begun = await _begin(database, now, *claimed)
    assert [each.delivery for each in begun] == [claimed[1], claimed[3], claimed[5], claimed[7]]
    assert Counter(await states(database)) == {S.SENDING: 4, S.CANCELLED: 4}
    assert await _begin(database, now) == []


async def test_what_is_begun_says_which_text_is_to_be_shown(
    database: Database, now: datetime
) -> None:
    held = await _one(database, now)
    async with database.write() as connection:
        await connection.execute(update(article).values(revision=3))
        await broadcasts.set_form(connection, 1, Form.BARE)
    assert await _begin(database, now, held) == [Begun(held, Form.BARE, revision=3)]


async def test_nothing_goes_out_after_an_unsubscribe(database: Database, now: datetime) -> None:
    held = await _one(database, now)
    await unsubscribe(database, held.reader.id, now)
    assert await _begin(database, now + SECOND, held) == []
    (row,) = await rows(database)
    assert (row.state, row.finished_at) == (S.CANCELLED, now + SECOND)


async def test_nothing_goes_out_after_a_block(database: Database, now: datetime) -> None:
    held = await _one(database, now)
    await deactivate(database, 7, now)
    assert await states(database) == [S.LEASED]
    assert await _begin(database, now, held) == []
    assert await states(database) == [S.CANCELLED]


async def test_an_end_of_another_section_cancels_nothing(database: Database, now: datetime) -> None:
    held = await _one(database, now)
    science = await add_reader(database, now, 7, section="Наука")
    async with database.write() as connection:
        await subscriptions.unsubscribe(connection, science.id, now, section_id=2)
    assert len(await _begin(database, now, held)) == 1


@pytest.mark.parametrize(
    ("state", "end"),
    [
        (BroadcastState.HALTED, S.QUEUED),
        (BroadcastState.EXPIRED, S.EXPIRED),
        (BroadcastState.WITHDRAWN, S.CANCELLED),
    ],
)
async def test_nothing_goes_out_of_a_broadcast_that_was_stopped(
    database: Database, now: datetime, state: BroadcastState, end: DeliveryState
) -> None:
    held = await _one(database, now)
    async with database.write() as connection:
        await connection.execute(update(broadcast).values(state=state))
    assert await _begin(database, now, held) == []
    (row,) = await rows(database)
    assert row.state == end
    assert (row.finished_at is None) == (end is S.QUEUED)


@pytest.mark.parametrize("begun", [False, True])
async def test_a_lost_lease_moves_nothing(
    database: Database, now: datetime, *, begun: bool
) -> None:
    """The old holder wakes up when another has the delivery in hand."""
    old = await _one(database, now)
    await _rescue(database, now)
    new = await _claim_one(database, now, NEW)
    if begun:
        assert len(await _begin(database, now, new)) == 1
    before = await rows(database)

    assert await _begin(database, now, old) == []
    await _record(database, now, _sent(old), PutOff(old, now), Settled(old, S.FAILED, error="late"))
    await _release(database, now, OLD)
    assert await _rescue(database, now, lease=OLD) == Rescue(0, 0, 0)

    assert await rows(database) == before


# --- What became of it ------------------------------------------------------------------------


async def test_a_success_is_recorded_once(database: Database, now: datetime) -> None:
    held = await _one(database, now)
    await _record(database, now, _sent(held, 1))  # not begun: nothing can have been sent
    assert await states(database) == [S.LEASED]
    await _begin(database, now, held)
    await _record(database, now + SECOND, _sent(held, 5))
    await _record(database, now + 2 * SECOND, _sent(held, 6))
    await _record(database, now + 2 * SECOND, PutOff(held, now), Settled(held, S.FAILED))
    (row,) = await rows(database)
    assert (row.state, row.message_id, row.finished_at) == (S.SENT, 5, now + SECOND)
    assert (row.shown, row.error) == (1, None)


async def test_many_are_recorded_together(database: Database, now: datetime) -> None:
    """Results of every kind in one call, each kind several times."""
    await add_readers(database, now, range(1, 5))
    for key in "ab":
        await add_broadcast(database, now, key)
    claimed = await _claim(database, now)
    await _begin(database, now, *claimed)
    a, b, c, d, e, f, g, h = claimed
    await _record(
        database,
        now,
        PutOff(a, now + SECOND, error="wait", counts=False),
        _sent(b, 12, shown=1),
        Settled(c, S.FAILED, error="blocked"),
        Settled(d, S.UNKNOWN, error="reset"),
        _sent(e, 15, shown=1),
        PutOff(f, now + 2 * SECOND, error="502", doubtful=True),
        Settled(g, S.FAILED, error="kicked"),
        _sent(h, None, shown=1),
    )
    found = await rows(database)
    assert [(row.state, row.error, row.message_id) for row in found] == [
        (S.QUEUED, "wait", None),
        (S.SENT, None, 12),
        (S.FAILED, "blocked", None),
        (S.UNKNOWN, "reset", None),
        (S.SENT, None, 15),
        (S.QUEUED, "502", None),
        (S.FAILED, "kicked", None),
        (S.SENT, None, None),
    ]
    assert [row.not_before for row in (found[0], found[5])] == [now + SECOND, now + 2 * SECOND]
    assert [(row.attempt, row.doubts) for row in (found[0], found[5])] == [(0, 0), (1, 1)]
    ended = [row for row in found if row.state != S.QUEUED]
    assert {row.finished_at for row in ended} == {now}


async def test_nothing_to_record_is_nothing(database: Database, now: datetime) -> None:
    await _one(database, now)
    before = await rows(database)
    await _record(database, now)
    assert await rows(database) == before


@pytest.mark.parametrize("state", [S.FAILED, S.UNKNOWN])
async def test_an_end_is_kept_with_its_reason(
    database: Database, now: datetime, state: DeliveryState
) -> None:
    held = await _one(database, now)
    await _begin(database, now, held)
    await _record(database, now + SECOND, Settled(held, state, error="причина"))
    (row,) = await rows(database)
    assert (row.state, row.error, row.finished_at) == (state, "причина", now + SECOND)
    async with database.read() as connection:
        assert await outbox.last_errors(connection, 5) == [(7, "причина")]
    assert await _rescue(database, now + timedelta(days=1)) == Rescue(0, 0, 0)


@pytest.mark.parametrize("supposed", [S.UNKNOWN, S.EXPIRED, S.CANCELLED, S.QUEUED])
async def test_a_late_success_beats_all_that_was_supposed_meanwhile(
    database: Database, now: datetime, supposed: DeliveryState
) -> None:
    """A rescued one whose article was withdrawn was once not known to have arrived."""
    held = await _one(database, now)
    await _begin(database, now, held)
    await _rescue(database, now)
    await _set_state(database, supposed)
    await _record(database, now + SECOND, _sent(held, 5))
    (row,) = await rows(database)
    assert (row.state, row.message_id, row.error) == (S.SENT, 5, None)
    assert row.finished_at == now + SECOND
    assert await _claim(database, now + timedelta(hours=1), lease=NEW) == []


@pytest.mark.parametrize("certain", [S.LEASED, S.FAILED, S.SENT])
async def test_a_late_success_changes_nothing_that_is_certain(
    database: Database, now: datetime, certain: DeliveryState
) -> None:
    held = await _one(database, now)
    await _set_state(database, certain)
    before = await rows(database)
    await _record(database, now, _sent(held, 6))
    assert await rows(database) == before


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
        await _begin(database, now, held)
    until = now + 5 * SECOND
    await _record(database, now, PutOff(held, until, error="why", counts=counts, doubtful=doubtful))
    (row,) = await rows(database)
    assert (row.state, row.not_before, row.error) == (S.QUEUED, until, "why")
    assert (row.attempt, row.doubts, row.lease) == (attempt, int(doubtful), None)
    assert await _claim(database, until - SECOND) == []
    again = await _claim_one(database, until)
    assert (again.attempt, again.doubts) == (attempt + 1, int(doubtful))


async def test_doubts_are_never_forgotten(database: Database, now: datetime) -> None:
    held = await _one(database, now)
    await _record(database, now, PutOff(held, now, doubtful=True))
    held = await _claim_one(database, now)
    await _record(database, now, PutOff(held, now, counts=False))
    held = await _claim_one(database, now)
    await _record(database, now, PutOff(held, now, doubtful=True))
    assert (await _claim_one(database, now)).doubts == 2


# --- An article that changed on the way -------------------------------------------------------


async def _cursor(database: Database) -> int | None:
    (row,) = await broadcast_rows(database)
    cursor: int | None = row.amend_cursor
    return cursor


async def test_what_was_shown_before_a_correction_is_to_be_amended(
    database: Database, now: datetime
) -> None:
    """The correction had looked for messages when these were still on their way."""
    claimed = await _many(database, now, 4)
    await _begin(database, now, *claimed)
    await _record(database, now, _sent(claimed[0]))
    assert await _cursor(database) is None
    async with database.write() as connection:
        await connection.execute(update(article).values(revision=2))
    await _record(database, now, _sent(claimed[3], shown=2))
    assert await _cursor(database) is None  # it shows the corrected text
    await _record(database, now, _sent(claimed[2], shown=1))
    assert await _cursor(database) == claimed[2].reader.id - 1
    await _record(database, now, _sent(claimed[1], shown=1))
    assert await _cursor(database) == claimed[1].reader.id - 1
    assert [row.shown for row in await rows(database)] == [1, 1, 1, 2]


async def test_amending_that_is_under_way_only_goes_back(database: Database, now: datetime) -> None:
    claimed = await _many(database, now, 4)
    await _begin(database, now, *claimed)
    async with database.write() as connection:
        await connection.execute(update(article).values(revision=2))
        await connection.execute(update(broadcast).values(amend_cursor=2))
    await _record(database, now, _sent(claimed[3], shown=1))
    assert await _cursor(database) == 2
    await _record(database, now, _sent(claimed[1], shown=1), _sent(claimed[2], shown=1))
    assert await _cursor(database) == 1


# --- Leases -----------------------------------------------------------------------------------


async def test_a_holder_that_stops_gives_back_what_it_has_not_sent(
    database: Database, now: datetime
) -> None:
    claimed = await _many(database, now, 4)
    await _record(database, now, PutOff(claimed[3], now))
    await _claim(database, now, lease=NEW)
    _, begun, forgotten = claimed[:3]
    await _begin(database, now, begun, forgotten)
    await _release(database, now + SECOND, OLD, keep=(begun,))
    found = await rows(database)
    assert [row.state for row in found] == [S.QUEUED, S.SENDING, S.QUEUED, S.LEASED]
    assert [row.not_before for row in found[:3:2]] == [now + SECOND] * 2
    again = await _claim(database, now + SECOND, lease=NEW)
    assert [(held.reader.chat.id, held.attempt, held.doubts) for held in again] == [
        (1, 1, 0),
        (3, 1, 0),
    ]


async def test_what_was_only_claimed_goes_out_as_if_nothing_had_been(
    database: Database, now: datetime
) -> None:
    await _one(database, now)
    assert await _rescue(database, now) == Rescue(requeued=1, doubtful=0, unknown=0)
    again = await _claim_one(database, now, NEW)
    assert (again.attempt, again.doubts) == (1, 0)


async def test_what_may_have_been_sent_goes_out_once_more_silently(
    database: Database, now: datetime
) -> None:
    first = await _one(database, now)
    await _begin(database, now, first)
    assert await _rescue(database, now) == Rescue(requeued=0, doubtful=1, unknown=0)
    assert await _rescue(database, now, lease=NEW + 1) == Rescue(0, 0, 0)

    second = await _claim_one(database, now, NEW)
    assert (second.attempt, second.doubts) == (2, 1)
    await _begin(database, now, second)
    await _record(database, now, _sent(first, 1))  # the first holder lost it
    assert await states(database) == [S.SENDING]
    await _record(database, now, _sent(second, 2))
    (row,) = await rows(database)
    assert (row.state, row.message_id, row.error) == (S.SENT, 2, None)


async def test_what_may_have_been_sent_is_dropped_where_an_operator_wants_it(
    database: Database, now: datetime
) -> None:
    leased, sending = await _many(database, now, 2)
    await _begin(database, now, sending)
    found = await _rescue(database, now + SECOND, policy=OnUnknown.DROP)
    assert found == Rescue(requeued=1, doubtful=0, unknown=1)
    queued, unknown = await rows(database)
    assert (queued.reader_id, queued.state) == (leased.reader.id, S.QUEUED)
    assert (unknown.state, unknown.finished_at) == (S.UNKNOWN, now + SECOND)
    assert unknown.error
    await _record(database, now + 2 * SECOND, _sent(sending, 9))
    assert await states(database) == [S.QUEUED, S.SENT]


async def test_a_delivery_that_each_time_ends_its_sender_is_given_up(
    database: Database, now: datetime
) -> None:
    held = await _one(database, now)
    terms = 0
    while True:
        await _begin(database, now, held)
        terms += 1
        found = await _rescue(database, now, lease=OLD + terms)
        if found.unknown:
            break
        assert found == Rescue(requeued=0, doubtful=1, unknown=0)
        held = await _claim_one(database, now, OLD + terms)
    assert terms == 10
    (row,) = await rows(database)
    assert (row.state, row.doubts) == (S.UNKNOWN, 10)


async def test_attempts_that_reached_nobody_do_not_spend_a_rescue(
    database: Database, now: datetime
) -> None:
    """After an outage of a minute a single kill once left all that was in flight unknown."""
    held = await _one(database, now)
    for _ in range(30):
        await _begin(database, now, held)
        await _record(database, now, PutOff(held, now, error="no connection"))
        held = await _claim_one(database, now)
    await _begin(database, now, held)
    assert await _rescue(database, now) == Rescue(requeued=0, doubtful=1, unknown=0)


async def test_a_rescue_settles_a_mixture_and_leaves_later_terms_alone(
    database: Database, now: datetime
) -> None:
    claimed = await _many(database, now, 8)
    await _begin(database, now, *claimed[:4])
    await _record(
        database, now, _sent(claimed[3]), PutOff(claimed[4], now), PutOff(claimed[5], now)
    )
    theirs = await _claim(database, now, lease=NEW + 1)
    await _begin(database, now, theirs[0])
    assert await _rescue(database, now + SECOND) == Rescue(requeued=2, doubtful=3, unknown=0)
    assert await states(database) == [
        S.QUEUED, S.QUEUED, S.QUEUED, S.SENT, S.SENDING, S.LEASED, S.QUEUED, S.QUEUED,
    ]  # fmt: skip


async def test_what_is_rescued_for_a_reader_who_left_does_not_go_out(
    database: Database, now: datetime
) -> None:
    held = await _one(database, now)
    await _begin(database, now, held)
    await unsubscribe(database, held.reader.id, now)
    await _rescue(database, now)
    again = await _claim_one(database, now, NEW)
    assert await _begin(database, now, again) == []
    assert await states(database) == [S.CANCELLED]


# --- What people see, and what happens side by side -------------------------------------------


async def test_the_newest_errors_are_told(database: Database, now: datetime) -> None:
    claimed = await _many(database, now, 4)
    await _begin(database, now, *claimed)
    for number, state in enumerate((S.FAILED, S.UNKNOWN, S.SENT, S.FAILED)):
        await _record(
            database,
            now + number * SECOND,
            Settled(claimed[number], state, error=f"error {number}"),
        )
    async with database.read() as connection:
        newest = await outbox.last_errors(connection, 2)
    assert newest == [(4, "error 3"), (2, "error 1")]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_an_end_that_is_not_committed_yet_does_not_hold_up_a_send(
    database: Database, now: datetime
) -> None:
    """Whichever commits first wins; neither waits for the other."""
    held = await _one(database, now)
    async with database.write() as connection:
        await subscriptions.unsubscribe(connection, held.reader.id, now)
        assert len(await _begin(database, now, held)) == 1
    await _record(database, now, _sent(held))
    assert await states(database) == [S.SENT]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_claim_does_not_wait_for_an_article_that_is_being_stored(
    database: Database, now: datetime
) -> None:
    await add_readers(database, now, (1, 2))
    await add_broadcast(database, now, "a")
    async with database.write() as connection:
        number = await connection.scalar(select(func.max(article.c.id)))
        await connection.execute(
            update(article).where(article.c.id == number).values(title="Поправка")
        )
        claimed = await _claim(database, now)
        assert len(await _begin(database, now, *claimed)) == 2


async def test_a_whole_broadcast_reaches_everybody_once(database: Database, now: datetime) -> None:
    expected = await add_readers(database, now, range(1, 251))
    await add_broadcast(database, now)
    reached: list[int] = []
    while claimed := await _claim(database, now, limit=60):
        begun = await _begin(database, now, *claimed)
        results: list[Any] = [_sent(b.delivery, b.delivery.reader.chat.id) for b in begun]
        await _record(database, now, *results)
        reached += [each.delivery.reader.id for each in begun]
    assert reached == expected
    async with database.read() as connection:
        numbers = await connection.scalar(select(func.count(delivery.c.message_id.distinct())))
    assert numbers == 250
