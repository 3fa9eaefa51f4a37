from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, insert, update

from bot.model import (
    BroadcastState,
    ChatKind,
    Delivery,
    DeliveryState,
    Form,
    Priority,
)
from bot.storage import audience, broadcasts, outbox, subscriptions
from bot.storage.database import Database
from bot.storage.outbox import PutOff, Settled
from bot.storage.schema import broadcast, delivery
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
DAY = timedelta(days=1)
LEASE = 5

B = BroadcastState
S = DeliveryState


async def _reach(database: Database, now: datetime, batch: int) -> int | None:
    """How many readers the next batch of the first broadcast made; None where none is going."""
    async with database.write() as connection:
        going = await audience.going(connection, now)
        return await broadcasts.fan_out(connection, going[0], LEASE, batch) if going else None


async def _claim(database: Database, now: datetime, limit: int = 100) -> list[Delivery]:
    async with database.write() as connection:
        return await outbox.claim(connection, lease=LEASE, now=now, limit=limit)


async def _begin(database: Database, claimed: list[Delivery], now: datetime) -> list[int]:
    """The readers to whom it may be sent."""
    async with database.write() as connection:
        begun = await outbox.begin(connection, claimed, now)
    return [each.delivery.reader.id for each in begun]


async def _record(database: Database, now: datetime, *results: outbox.Result) -> None:
    async with database.write() as connection:
        await outbox.record(connection, results, now)


async def _settle(database: Database, now: datetime) -> list[BroadcastState]:
    """The states of all broadcasts, after those that are over were found."""
    async with database.write() as connection:
        await broadcasts.settle_broadcasts(connection, now)
    return [BroadcastState(row.state) for row in await broadcast_rows(database)]


async def _going(database: Database, now: datetime) -> list[int]:
    async with database.read() as connection:
        return [each.id for each in await audience.going(connection, now)]


async def _halt(database: Database, number: int = 1) -> bool:
    async with database.write() as connection:
        return await broadcasts.halt(connection, number)


async def _resume(database: Database, now: datetime, number: int = 1) -> bool:
    async with database.write() as connection:
        return await broadcasts.resume(connection, number, now, now + DAY)


async def _give_up(database: Database, number: int = 1) -> bool:
    async with database.write() as connection:
        return await broadcasts.give_up(connection, number)


async def _set_state(database: Database, state: BroadcastState, number: int = 1) -> None:
    async with database.write() as connection:
        await connection.execute(
            update(broadcast).where(broadcast.c.id == number).values(state=state)
        )


# --- Which are going --------------------------------------------------------------------------


async def test_nothing_goes_where_nothing_was_published(database: Database, now: datetime) -> None:
    await add_reader(database, now, 7)
    assert await _going(database, now) == []


async def test_breaking_news_go_first_then_the_oldest(database: Database, now: datetime) -> None:
    for key, priority in (
        ("a", Priority.NEWS),
        ("b", Priority.BREAKING),
        ("c", Priority.NEWS),
        ("d", Priority.BREAKING),
    ):
        await add_broadcast(database, now, key, priority=priority)
    assert await _going(database, now) == [2, 4, 1, 3]


async def test_what_is_told_of_one(database: Database, now: datetime) -> None:
    await add_readers(database, now, (1, 2))
    number = await add_broadcast(database, now, priority=Priority.BREAKING)
    await _reach(database, now, 1)
    async with database.read() as connection:
        (found,) = await audience.going(connection, now)
    assert found == audience.Going(
        id=1,
        article_id=number,
        section_id=1,
        priority=Priority.BREAKING,
        cursor=1,
        fanned_out=False,
        created_at=now,
    )


async def test_one_goes_while_readers_are_left_or_something_waits_for_now(
    database: Database, now: datetime
) -> None:
    await add_readers(database, now, (1, 2))
    await add_broadcast(database, now)
    (first,) = await _claim(database, now, limit=1)
    assert await _going(database, now) == [1]
    (second,) = await _claim(database, now, limit=2)
    assert await _going(database, now) == []  # all are in hand
    await _record(database, now, PutOff(first, now + SECOND), PutOff(second, now + 2 * SECOND))
    assert await _going(database, now) == []
    assert await _going(database, now + SECOND) == [1]


@pytest.mark.parametrize("state", [s for s in B if s is not B.OPEN])
async def test_only_an_open_one_goes(
    database: Database, now: datetime, state: BroadcastState
) -> None:
    await add_reader(database, now, 7)
    await add_broadcast(database, now, "a")
    await add_broadcast(database, now, "b")
    await _set_state(database, state)
    assert await _going(database, now) == [2]
    assert [held.broadcast_id for held in await _claim(database, now)] == [2]


async def test_few_are_looked_at_at_once_and_none_is_forgotten(
    database: Database, now: datetime
) -> None:
    await add_reader(database, now, 7)
    for number in range(30):
        await add_broadcast(database, now, f"key {number}")
    claimed: list[int] = []
    while found := await _claim(database, now):
        claimed += [held.broadcast_id for held in found]
    assert claimed == list(range(1, 31))


# --- The audience, in batches -----------------------------------------------------------------


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
    assert [await _reach(database, now, batch) for _ in steps] == steps
    assert [row.reader_id for row in await rows(database)] == expected


async def test_the_cursor_remembers_the_last_reader_that_was_reached(
    database: Database, now: datetime
) -> None:
    await add_readers(database, now, range(1, 6))
    await add_broadcast(database, now)
    told = []
    for _ in range(3):
        await _reach(database, now, 2)
        (row,) = await broadcast_rows(database)
        told.append((row.cursor, row.fanned_out))
    assert told == [(2, False), (4, False), (5, True)]


async def test_a_delivery_is_made_in_the_hands_of_whoever_reaches_its_reader(
    database: Database, now: datetime
) -> None:
    await add_reader(database, now, 7)
    await add_broadcast(database, now)
    await _reach(database, now, 10)
    (row,) = await rows(database)
    assert (row.state, row.attempt, row.doubts, row.lease) == (S.LEASED, 1, 0, LEASE)
    assert (row.not_before, row.finished_at, row.message_id, row.error) == (None,) * 4


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
    await _reach(database, now + 3 * SECOND, 100)
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
    assert await _reach(database, now + 3 * SECOND, 100) == 1


async def test_topics_of_one_forum_each_get_it(database: Database, now: datetime) -> None:
    for thread in (0, 3, 4):
        await add_reader(database, now, -100, kind=ChatKind.SUPERGROUP, thread_id=thread)
    await add_broadcast(database, now)
    claimed = await _claim(database, now)
    assert [held.reader.chat.thread_id for held in claimed] == [0, 3, 4]


async def test_an_article_is_broadcast_once(database: Database, now: datetime) -> None:
    await add_readers(database, now, range(1, 4))
    number = await add_broadcast(database, now)
    await fan_out(database, now)
    async with database.write() as connection:
        await broadcasts.add_broadcast(connection, number, now + SECOND)
    assert len(await broadcast_rows(database)) == 1
    await fan_out(database, now + SECOND)
    assert len(await rows(database)) == 3


async def test_a_batch_that_was_cut_short_is_done_again(database: Database, now: datetime) -> None:
    """A crash before the commit leaves nothing; the next process goes on at the cursor."""
    expected = await add_readers(database, now, range(1, 8))
    await add_broadcast(database, now)
    await _reach(database, now, 3)

    async def crash() -> None:
        async with database.write() as connection:
            (going,) = await audience.going(connection, now)
            assert await broadcasts.fan_out(connection, going, LEASE, 3) == 3
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await crash()
    assert len(await rows(database)) == 3
    while await _reach(database, now, 2):
        pass
    assert [row.reader_id for row in await rows(database)] == expected


async def test_a_batch_that_is_repeated_adds_nobody_twice(
    database: Database, now: datetime
) -> None:
    expected = await add_readers(database, now, range(1, 6))
    await add_broadcast(database, now)
    while await _reach(database, now, 2):
        pass
    before = await rows(database)
    async with database.write() as connection:
        await connection.execute(update(broadcast).values(cursor=0, fanned_out=False))
    assert [await _reach(database, now, 3) for _ in range(3)] == [0, 0, None]
    assert await rows(database) == before
    assert [row.reader_id for row in before] == expected


async def test_several_processes_fan_out_together(database: Database, now: datetime) -> None:
    expected = await add_readers(database, now, range(1, 31))
    await add_broadcast(database, now, "a")
    await add_broadcast(database, now, "b")
    await asyncio.gather(*(_reach(database, now, 7) for _ in range(6)))
    while await _claim(database, now, limit=7):
        pass
    found = Counter(row.reader_id for row in await rows(database))
    assert found == dict.fromkeys(expected, 2)


async def test_the_cursor_never_goes_back(database: Database, now: datetime) -> None:
    """One who had looked before another came further once gave the same deliveries out again."""
    expected = await add_readers(database, now, range(1, 8))
    await add_broadcast(database, now)
    async with database.read() as connection:
        (stale,) = await audience.going(connection, now)
    await _reach(database, now, 5)
    async with database.write() as connection:
        await broadcasts.fan_out(connection, stale, LEASE - 1, 2)
    (row,) = await broadcast_rows(database)
    assert (row.cursor, row.fanned_out) == (5, False)
    claimed = await _claim(database, now)
    assert [held.reader.id for held in claimed] == expected[5:]


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
        while await _reach(database, now, 2):
            pass

    found = [row.reader_id for row in await rows(database)]
    assert set(found) >= set(expected[1:])
    assert len(found) == len(set(found))


# --- How it comes to its end ------------------------------------------------------------------


async def test_a_broadcast_is_done_when_everybody_was_reached_and_settled(
    database: Database, now: datetime
) -> None:
    await add_readers(database, now, (1, 2, 3))
    await add_broadcast(database, now)
    assert await _settle(database, now) == [B.OPEN]  # nobody was reached yet
    first, second = await _claim(database, now, limit=2)
    await _begin(database, [first, second], now)
    await _record(database, now, Settled(first, S.SENT, message_id=1, shown=1))
    await _record(database, now, Settled(second, S.UNKNOWN, error="?"))
    assert await _settle(database, now) == [B.OPEN]  # one was not reached
    (third,) = await _claim(database, now)
    assert await _settle(database, now) == [B.OPEN]  # it is in hand
    await _begin(database, [third], now)
    assert await _settle(database, now) == [B.OPEN]
    await _record(database, now, PutOff(third, now + SECOND))
    assert await _settle(database, now) == [B.OPEN]  # it waits
    (third,) = await _claim(database, now + SECOND)
    await _begin(database, [third], now)
    await _record(database, now, Settled(third, S.FAILED, error="no"))
    assert await _settle(database, now) == [B.DONE]
    assert await _settle(database, now + 2 * DAY) == [B.DONE]
    assert await states(database) == [S.SENT, S.UNKNOWN, S.FAILED]


async def test_one_without_an_audience_is_done(database: Database, now: datetime) -> None:
    await add_broadcast(database, now)
    assert await _claim(database, now) == []
    assert await _settle(database, now) == [B.DONE]


async def test_whoever_was_not_reached_in_time_gets_nothing(
    database: Database, now: datetime
) -> None:
    await add_readers(database, now, range(1, 6))
    await add_broadcast(database, now, ttl=9 * SECOND)
    sending, leased, waiting = await _claim(database, now, limit=3)
    await _begin(database, [sending], now)
    await _record(database, now, PutOff(waiting, now + 5 * SECOND))
    late = now + 9 * SECOND
    assert len(await _going(database, late - timedelta(microseconds=1))) == 1

    assert await _going(database, late) == []
    assert await _claim(database, late) == []
    assert await _begin(database, [leased], late) == []
    assert await _settle(database, late) == [B.EXPIRED]

    found = await rows(database)
    assert [row.state for row in found] == [S.SENDING, S.EXPIRED, S.EXPIRED]
    assert [row.finished_at for row in found] == [None, late, late]
    await _record(database, late, PutOff(sending, late, doubtful=True))
    await _settle(database, late + SECOND)
    assert await states(database) == [S.EXPIRED] * 3


async def test_what_arrives_as_its_broadcast_expires_is_sent(
    database: Database, now: datetime
) -> None:
    await add_reader(database, now, 7)
    await add_broadcast(database, now, ttl=SECOND)
    (held,) = await _claim(database, now)
    await _begin(database, [held], now)
    assert await _settle(database, now + SECOND) == [B.EXPIRED]
    await _record(database, now + SECOND, Settled(held, S.SENT, message_id=5, shown=1))
    await _settle(database, now + 2 * SECOND)
    assert await states(database) == [S.SENT]


async def test_what_waits_of_a_withdrawn_one_is_cancelled(
    database: Database, now: datetime
) -> None:
    await add_readers(database, now, range(1, 5))
    await add_broadcast(database, now, "a")
    await add_broadcast(database, now, "b")
    leased, waiting = await _claim(database, now, limit=2)
    await _record(database, now, PutOff(waiting, now))
    await _set_state(database, B.WITHDRAWN)
    assert await _begin(database, [leased], now) == []
    assert await _settle(database, now + 2 * DAY) == [B.WITHDRAWN, B.EXPIRED]
    assert await states(database) == [S.CANCELLED] * 2


async def test_settling_one_leaves_the_others_alone(database: Database, now: datetime) -> None:
    await add_reader(database, now, 7)
    await add_broadcast(database, now, "short", ttl=SECOND)
    await add_broadcast(database, now, "long")
    await fan_out(database, now)
    assert await _settle(database, now + SECOND) == [B.EXPIRED, B.OPEN]
    assert await states(database) == [S.EXPIRED, S.QUEUED]


# --- A person decides -------------------------------------------------------------------------


async def _midway(database: Database, now: datetime) -> tuple[Delivery, Delivery]:
    """A broadcast with one being sent, one claimed, one put off and one not made: the first two."""
    await add_readers(database, now, range(1, 5))
    await add_broadcast(database, now)
    sending, leased, waiting = await _claim(database, now, limit=3)
    await _begin(database, [sending], now)
    await _record(database, now, PutOff(waiting, now))
    return sending, leased


async def test_nothing_of_a_halted_one_is_sent_and_nothing_is_lost(
    database: Database, now: datetime
) -> None:
    sending, leased = await _midway(database, now)
    assert await _halt(database)
    assert not await _halt(database)
    assert await _claim(database, now) == []
    assert await _begin(database, [leased], now) == []
    await _record(database, now, Settled(sending, S.SENT, message_id=1, shown=1))
    assert await _settle(database, now + DAY - SECOND) == [B.HALTED]  # a person may decide
    found = await rows(database)
    assert [row.state for row in found] == [S.SENT, S.QUEUED, S.QUEUED]
    assert [row.attempt for row in found] == [1, 0, 1]


async def test_a_halted_one_about_which_nobody_decides_ends_with_its_time(
    database: Database, now: datetime
) -> None:
    """Once, it stayed for ever."""
    sending, leased = await _midway(database, now)
    await _halt(database)
    late = now + DAY
    assert await _settle(database, late) == [B.EXPIRED]
    assert not await _resume(database, late)
    assert not await _give_up(database)
    assert await _begin(database, [leased], late) == []
    await _record(database, late, PutOff(sending, late))
    await _settle(database, late)
    assert await states(database) == [S.EXPIRED] * 3
    async with database.read() as connection:
        assert await broadcasts.halted_broadcasts(connection) == []
    await _prune(database, late, 100)
    assert await rows(database) == []


async def test_those_that_wait_for_a_decision_and_why(database: Database, now: datetime) -> None:
    await add_readers(database, now, range(1, 4))
    for key in "abc":
        await add_broadcast(database, now, key, title=f"Статья {key}")
    claimed = await _claim(database, now, limit=9)
    await _begin(database, claimed, now)
    for number, held in enumerate(claimed):
        if held.broadcast_id != 3:
            result = Settled(held, S.FAILED, error=f"refused {number}")
            await _record(database, now + number * SECOND, result)
    unknown = Settled(claimed[-1], S.UNKNOWN, error="no refusal")
    await _record(database, now + 9 * SECOND, unknown)
    await _halt(database, 1)
    await _halt(database, 3)
    async with database.read() as connection:
        found = await broadcasts.halted_broadcasts(connection)
    assert found == [
        broadcasts.Halted(1, 1, "Статья a", "refused 2"),
        broadcasts.Halted(3, 3, "Статья c", ""),
    ]


async def test_one_that_goes_on_tries_again_what_was_refused(
    database: Database, now: datetime
) -> None:
    await add_readers(database, now, range(1, 6))
    await add_broadcast(database, now, "a")
    await add_broadcast(database, now, "b")
    claimed = await _claim(database, now, limit=3)
    await _begin(database, claimed, now)
    sent, failed, unknown = claimed
    await _record(
        database,
        now,
        Settled(sent, S.SENT, message_id=1, shown=1),
        Settled(failed, S.FAILED, error="no"),
        Settled(unknown, S.UNKNOWN, error="?"),
    )
    assert not await _resume(database, now)  # it is not halted
    await _halt(database)

    late = now + 9 * DAY
    assert await _resume(database, late)
    assert not await _resume(database, late)
    again = await _claim(database, late)

    assert [held.reader.chat.id for held in again] == [2, 4, 5]
    assert [held.attempt for held in again] == [2, 1, 1]
    assert len(await _begin(database, again, late)) == 3
    async with database.write() as connection:
        (row, _) = await broadcast_rows(database)
        assert (row.state, row.forced, row.expires_at) == (B.OPEN, True, late + DAY)
        assert not await broadcasts.halt(connection, 1)  # whatever is refused now


async def test_one_that_was_forced_says_so_where_it_is_begun(
    database: Database, now: datetime
) -> None:
    await add_readers(database, now, (1, 2))
    await add_broadcast(database, now)
    (first,) = await _claim(database, now, limit=1)
    await _halt(database)
    await _resume(database, now)
    async with database.write() as connection:
        (begun,) = await outbox.begin(connection, [first], now)
    assert begun.forced


async def test_one_that_is_given_up_ends_for_all_who_wait(
    database: Database, now: datetime
) -> None:
    await add_readers(database, now, range(1, 4))
    await add_broadcast(database, now)
    assert not await _give_up(database)  # it is going
    leased, waiting = await _claim(database, now, limit=2)
    await _record(database, now, PutOff(waiting, now))
    await _halt(database)
    assert await _give_up(database)
    assert not await _give_up(database)
    assert not await _resume(database, now)
    assert await _begin(database, [leased], now) == []
    assert await _settle(database, now) == [B.EXPIRED]
    assert await states(database) == [S.EXPIRED] * 2


async def test_only_what_goes_out_is_halted(database: Database, now: datetime) -> None:
    for key in "abc":
        await add_broadcast(database, now, key)
    for number, state in ((1, B.DONE), (2, B.EXPIRED), (3, B.WITHDRAWN)):
        await _set_state(database, state, number)
        assert not await _halt(database, number)
        assert not await _resume(database, now, number)
        assert not await _give_up(database, number)
    assert not await _halt(database, 9)


async def test_a_form_only_becomes_simpler(database: Database, now: datetime) -> None:
    await add_readers(database, now, (1, 2))
    await add_broadcast(database, now, "a")
    await add_broadcast(database, now, "b")
    claimed = await _claim(database, now)
    async with database.write() as connection:
        changed = [
            await broadcasts.set_form(connection, 1, form)
            for form in (Form.BARE, Form.BARE, Form.PLAIN, Form.BARE)
        ]
        assert changed == [True, False, True, False]
        begun = await outbox.begin(connection, claimed, now)
    forms = {(each.delivery.broadcast_id, each.form) for each in begun}
    assert forms == {(1, Form.PLAIN), (2, Form.FULL)}


# --- What is old, and what there is -----------------------------------------------------------


async def _prune(database: Database, before: datetime, batch: int) -> bool:
    async with database.write() as connection:
        return await broadcasts.prune(connection, before, batch)


@pytest.mark.parametrize(
    ("audience", "batch", "left"),
    [(0, 2, [0]), (1, 2, [0]), (2, 2, [0]), (3, 2, [1, 0]), (5, 2, [3, 1, 0])],
)
async def test_what_is_old_goes_in_small_steps(
    database: Database, now: datetime, audience: int, batch: int, left: list[int]
) -> None:
    await add_readers(database, now, range(1, audience + 1))
    await add_broadcast(database, now)
    await fan_out(database, now)
    await _set_state(database, B.DONE)
    found = []
    while await _prune(database, now + SECOND, batch):
        found.append(len(await rows(database)))
        assert len(found) < 10
    assert found == left
    (row,) = await broadcast_rows(database)
    assert row.pruned
    assert not await _prune(database, now + SECOND, batch)


async def test_what_is_young_going_halted_or_being_amended_stays(
    database: Database, now: datetime
) -> None:
    await add_reader(database, now, 7)
    for key in "abcd":
        await add_broadcast(database, now, key)
    await add_broadcast(database, now + SECOND, "young")
    await fan_out(database, now + SECOND)
    for number, state in ((2, B.HALTED), (3, B.DONE), (4, B.WITHDRAWN), (5, B.DONE)):
        await _set_state(database, state, number)
    async with database.write() as connection:
        await connection.execute(
            update(broadcast).where(broadcast.c.id == 3).values(amend_cursor=0)
        )
    for _ in range(9):
        await _prune(database, now + SECOND, 100)
    assert [row.broadcast_id for row in await rows(database)] == [1, 2, 3, 5]
    assert [row.pruned for row in await broadcast_rows(database)] == [
        False, False, False, True, False,
    ]  # fmt: skip


async def test_deliveries_are_counted_by_state(database: Database, now: datetime) -> None:
    await add_readers(database, now - DAY, range(1, 5))
    await add_broadcast(database, now - DAY, "old")
    await add_broadcast(database, now, "new")
    (held,) = await _claim(database, now - DAY, limit=1)
    await _begin(database, [held], now - DAY)
    await _record(database, now, Settled(held, S.SENT, message_id=1, shown=1))
    await _claim(database, now - SECOND)
    await _claim(database, now)
    async with database.read() as connection:
        all_of_them = await broadcasts.count_deliveries(connection, now - DAY)
        of_today = await broadcasts.count_deliveries(connection, now)
        of_tomorrow = await broadcasts.count_deliveries(connection, now + DAY)
    assert all_of_them == broadcasts.Counted({S.SENT: 1, S.LEASED: 7}, maybe_twice=0)
    assert of_today == broadcasts.Counted({S.LEASED: 4}, maybe_twice=0)
    assert of_tomorrow == broadcasts.Counted({}, maybe_twice=0)


async def test_what_may_have_arrived_twice_is_counted(database: Database, now: datetime) -> None:
    await add_readers(database, now, range(1, 6))
    await add_broadcast(database, now)

    async def count() -> broadcasts.Counted:
        async with database.read() as connection:
            return await broadcasts.count_deliveries(connection, now)

    claimed = await _claim(database, now)
    await _begin(database, claimed, now)
    *doubtful, refused, well = claimed
    await _record(
        database,
        now,
        *(PutOff(held, now, doubtful=True) for held in doubtful),
        PutOff(refused, now),
        Settled(well, S.SENT, message_id=1, shown=1),
    )
    assert await count() == broadcasts.Counted({S.QUEUED: 4, S.SENT: 1}, maybe_twice=0)
    first, second, third, fourth = await _claim(database, now)
    await _begin(database, [first, second, third, fourth], now)
    await _record(
        database,
        now,
        *(Settled(held, S.SENT, message_id=2, shown=1) for held in (first, second, fourth)),
        Settled(third, S.UNKNOWN, error="?"),
    )
    assert await count() == broadcasts.Counted({S.SENT: 4, S.UNKNOWN: 1}, maybe_twice=2)


async def test_the_queue_is_as_long_as_what_is_not_settled_and_not_made_yet(
    database: Database, now: datetime
) -> None:
    async def queued(at: datetime) -> int:
        async with database.read() as connection:
            return await broadcasts.count_queued(connection, at)

    assert await queued(now) == 0
    await add_readers(database, now, range(1, 6))
    await add_broadcast(database, now, "a")
    assert await queued(now) == 5
    await add_broadcast(database, now, "b")
    assert await queued(now) == 10
    first, second, third = await _claim(database, now, limit=3)
    assert await queued(now) == 10
    await _begin(database, [first, second], now)
    await _record(
        database, now, Settled(first, S.SENT, message_id=1, shown=1), PutOff(third, now + SECOND)
    )
    assert await queued(now) == 9
    await _set_state(database, B.WITHDRAWN, 2)
    assert await queued(now) == 4


@pytest.mark.parametrize(("claimed", "released"), [(0, False), (9, False), (9, True)])
async def test_a_long_queue_is_counted_up_to_a_bound(
    database: Database,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    *,
    claimed: int,
    released: bool,
) -> None:
    monkeypatch.setattr(broadcasts, "_COUNTED", 4)
    await add_readers(database, now, range(1, 4))
    for key in "abc":
        await add_broadcast(database, now, key)
    for _ in range(claimed):
        assert len(await _claim(database, now, limit=1)) == 1
    if released:
        async with database.write() as connection:
            await outbox.release(connection, LEASE, now)
    async with database.read() as connection:
        assert await broadcasts.count_queued(connection, now) == 4


async def test_a_look_at_the_queue_reads_no_further_than_its_bound(
    database: Database, now: datetime
) -> None:
    """It is asked for with each look at the health of the bot."""
    await add_readers(database, now, [1])
    await add_broadcast(database, now)
    async with database.write() as connection:
        await connection.execute(
            insert(delivery),
            [
                {"broadcast_id": 1, "reader_id": n, "state": S.QUEUED, "not_before": now}
                for n in range(10, 10_020)
            ],
        )
    async with database.read() as connection:
        assert await broadcasts.count_queued(connection, now) == 10_000
