"""Leading: who works when, on real databases, with terms of a second."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.leadership import Leadership, Lease, Times
from bot.model import Role
from bot.storage import leases
from bot.storage.database import Database
from bot.storage.schema import lease as table

TIMES = Times(duration=1.0, renew=0.2, retry=0.1, margin=0.3, grace=0.2)
LONG = Times(duration=60.0, renew=0.1, retry=0.1, margin=20.0, grace=10.0)
PATIENCE = 20.0


@dataclass
class Diary:
    """What the leaders did, as they did it."""

    working: list[tuple[str, int]] = field(default_factory=list)
    terms: list[int] = field(default_factory=list)
    most: int = 0
    more: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def begin(self, name: str, term: int) -> None:
        async with self.more:
            self.working.append((name, term))
            self.terms.append(term)
            self.most = max(self.most, len(self.working))
            self.more.notify_all()

    async def end(self, name: str, term: int) -> None:
        async with self.more:
            self.working.remove((name, term))
            self.more.notify_all()

    async def leader(self, *, beside: str = "") -> str:
        """Who works, once it is another than ``beside``."""
        async with asyncio.timeout(PATIENCE), self.more:
            await self.more.wait_for(lambda: bool(self.working) and self.working[0][0] != beside)
            return self.working[0][0]

    async def idle(self) -> None:
        async with asyncio.timeout(PATIENCE), self.more:
            await self.more.wait_for(lambda: not self.working)


class Elector:
    """A process as the others see it: it asks for a role and works until it is told to end."""

    def __init__(
        self,
        database: Database,
        diary: Diary,
        name: str,
        *,
        times: Times = TIMES,
        alone: bool = False,
    ) -> None:
        self.leadership = Leadership(database, times=times, alone=alone)
        self.lease: Lease | None = None
        self._stop = asyncio.Event()
        self._diary = diary
        self._name = name
        self._task = asyncio.create_task(
            self.leadership.run({Role.SEND: self._work}, self._stop), name=name
        )

    async def _work(self, lease: Lease) -> None:
        self.lease = lease
        await self._diary.begin(self._name, lease.term)
        try:
            await lease.lost.wait()
        finally:
            await self._diary.end(self._name, lease.term)

    async def stop(self) -> None:
        self._stop.set()
        async with asyncio.timeout(PATIENCE):
            await self._task

    async def cancel(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task], timeout=PATIENCE)
        assert self._task.cancelled()


@pytest.fixture
def diary() -> Diary:
    return Diary()


@asynccontextmanager
async def held_row(database: Database) -> AsyncIterator[AsyncConnection]:
    """The lease's row locked, so that whoever asks for it waits; on PostgreSQL."""
    async with database.write() as connection:
        await connection.execute(select(table).with_for_update())
        yield connection


async def test_of_many_electors_one_works_and_each_release_hands_over(
    database: Database, diary: Diary
) -> None:
    """As often as there are electors; never do two work, and the term grows by one each time."""
    electors = {name: Elector(database, diary, name, times=LONG) for name in map(str, range(8))}
    leader = ""
    while electors:
        leader = await diary.leader(beside=leader)
        others = [each for name, each in electors.items() if name != leader]
        assert electors[leader].leadership.leads == {Role.SEND}
        assert {each.leadership.leads for each in others} <= {frozenset()}
        await electors.pop(leader).stop()
    assert diary.most == 1
    assert diary.terms == list(range(1, 9))


async def test_the_next_leader_follows_a_death_within_the_lease(
    database: Database, diary: Diary
) -> None:
    """The dead one neither renews nor releases."""
    async with database.write() as connection:
        await leases.acquire(
            connection,
            Role.SEND,
            "the dead",
            now=datetime.now(UTC),
            duration=timedelta(seconds=TIMES.duration),
        )
    loop = asyncio.get_running_loop()
    died = loop.time()
    elector = Elector(database, diary, "heir")
    await diary.leader()
    assert loop.time() - died >= TIMES.duration - 0.1  # the database began to count before us
    assert diary.terms == [2]
    await elector.stop()


async def test_a_leader_whose_term_is_replaced_ends_and_stands_by(
    database: Database, diary: Diary
) -> None:
    elector = Elector(database, diary, "old", times=LONG)
    await diary.leader()
    async with database.write() as connection:
        await connection.execute(update(table).values(holder="somebody", term=table.c.term + 1))
    await diary.idle()
    assert elector.leadership.leads == frozenset()
    async with database.write() as connection:
        await leases.release(connection, Role.SEND, "somebody", 2, now=datetime.now(UTC))
    await diary.leader()
    assert diary.terms == [1, 3]
    await elector.stop()


async def test_a_leader_loses_to_a_later_term_of_its_own(database: Database, diary: Diary) -> None:
    elector = Elector(database, diary, "same", times=LONG)
    await diary.leader()
    async with database.write() as connection:
        await connection.execute(update(table).values(term=table.c.term + 1))
    await diary.idle()
    await diary.leader()
    assert diary.terms == [1, 3]
    await elector.stop()


async def waits_for_a_lock(database: Database) -> None:
    """Wait until somebody does."""
    statement = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(PATIENCE):
        waiting = 0
        while not waiting:
            async with database.read() as connection:
                waiting = (await connection.execute(statement)).scalar_one()


async def test_a_slow_renewal_that_succeeds_gives_no_more_time(
    postgres_url: str, diary: Diary
) -> None:
    """What counts is when it was asked for; its answer came 0.4 s later."""
    async with Database.open(postgres_url) as database:
        elector = Elector(database, diary, "slow", times=LONG)
        await diary.leader()
        lease = elector.lease
        assert lease is not None
        async with held_row(database) as connection:
            await waits_for_a_lock(database)
            asked, before = time.monotonic(), lease.trusted_until
            await connection.execute(text("SELECT pg_sleep(0.4)"))
        async with asyncio.timeout(PATIENCE):
            while lease.trusted_until == before:  # noqa: ASYNC110 - it is told to nobody
                await asyncio.sleep(0.001)
        assert before < lease.trusted_until <= asked + LONG.duration - LONG.margin
        await elector.stop()


async def test_a_renewal_without_an_answer_ends_the_term(postgres_url: str, diary: Diary) -> None:
    """The work ends while it waits, and the answer that comes at last does not revive it."""
    async with Database.open(postgres_url) as database:
        elector = Elector(database, diary, "slow")
        await diary.leader()
        async with held_row(database):
            await diary.idle()
        await diary.leader()
        assert diary.terms == [1, 2]
        await elector.stop()


@asynccontextmanager
async def user(url: str) -> AsyncIterator[str]:
    """The database's address for a user of its own, who can be cut off; gone at the end."""
    name = f"user_{uuid4().hex}"
    async with Database.open(url) as database:
        async with database.write() as connection:
            await connection.execute(text(f"CREATE ROLE {name} LOGIN"))
            await connection.execute(text(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {name}"))
        try:
            yield url.replace("://postgres:", f"://{name}:")
        finally:
            async with database.write() as connection:
                await connection.execute(text(f"DROP OWNED BY {name}"))
                await connection.execute(text(f"DROP ROLE {name}"))


async def cut_off(database: Database, address: str) -> None:
    """Let a user neither stay connected nor connect again."""
    name = urlsplit(address).username
    async with database.write() as connection:
        await connection.execute(text(f"ALTER ROLE {name} NOLOGIN"))
    async with database.write() as connection:
        await connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = :name"),
            {"name": name},
        )


async def test_who_is_cut_off_from_the_database_ends_before_another_leads(
    postgres_url: str, diary: Diary
) -> None:
    """And lives on: it leads again when it can."""
    async with (
        user(postgres_url) as address,
        Database.open(address) as theirs,
        Database.open(postgres_url) as database,
    ):
        first = Elector(theirs, diary, "first")
        await diary.leader()
        second = Elector(database, diary, "second")
        await cut_off(database, address)
        assert await diary.leader(beside="first") == "second"
        assert diary.most == 1
        async with database.write() as connection:
            await connection.execute(text(f"ALTER ROLE {urlsplit(address).username} LOGIN"))
        await second.stop()
        assert await diary.leader(beside="second") == "first"
        assert diary.terms == [1, 2, 3]
        await first.stop()


async def test_work_that_does_not_end_is_cancelled_before_another_may_lead(
    postgres_url: str,
) -> None:
    began, cancelled = asyncio.Event(), asyncio.Event()

    async def deaf(_lease: Lease) -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    async with Database.open(postgres_url) as database:
        stop = asyncio.Event()
        leadership = Leadership(database, times=TIMES)
        running = asyncio.create_task(leadership.run({Role.READ: deaf}, stop))
        async with asyncio.timeout(PATIENCE):
            await began.wait()
            async with held_row(database):
                await cancelled.wait()
                left = await database_says_left(postgres_url)
            stop.set()
            await running
    assert left > 0


async def database_says_left(url: str) -> float:
    """For how many seconds nobody else can take the lease."""
    async with Database.open(url) as database, database.read() as connection:
        left = await connection.scalar(
            text("SELECT extract(epoch FROM until - clock_timestamp()) FROM lease")
        )
        return float(left or 0)


async def test_a_clean_stop_takes_its_time_and_keeps_the_lease_meanwhile(
    database: Database,
) -> None:
    """Much longer than a lease lasts: what is in flight is awaited, and nobody else leads."""
    began, finish = asyncio.Event(), asyncio.Event()

    async def slow(lease: Lease) -> None:
        began.set()
        await lease.lost.wait()
        await finish.wait()

    stop = asyncio.Event()
    leadership = Leadership(database, times=TIMES)
    running = asyncio.create_task(leadership.run({Role.SEND: slow}, stop))
    async with asyncio.timeout(PATIENCE):
        await began.wait()
        stop.set()
        ends: set[datetime] = set()
        while len(ends) < 8:  # renewals; without them it would have run out after five
            async with database.write() as connection:
                ends.add((await connection.execute(select(table.c.until))).scalar_one())
                taken = await leases.acquire(
                    connection, Role.SEND, "other", now=datetime.now(UTC), duration=timedelta(1)
                )
            assert taken is None
        finish.set()
        await running
    async with database.write() as connection:
        taken = await leases.acquire(
            connection, Role.SEND, "other", now=datetime.now(UTC), duration=timedelta(1)
        )
    assert taken == 2


async def test_a_cancelled_leader_releases(database: Database, diary: Diary) -> None:
    first = Elector(database, diary, "first", times=LONG)
    await diary.leader()
    second = Elector(database, diary, "second", times=LONG)
    await first.cancel()
    assert await diary.leader(beside="first") == "second"
    await second.stop()


async def test_whoever_is_alone_leads_at_once_and_for_good(sqlite_url: str, diary: Diary) -> None:
    """A lease left by a dead process is no hindrance, and a failing database no reason to stop."""
    async with Database.open(sqlite_url) as database:
        async with database.write() as connection:
            await leases.acquire(
                connection, Role.SEND, "the dead", now=datetime.now(UTC), duration=timedelta(days=1)
            )
        elector = Elector(database, diary, "alone", alone=True)
        await diary.leader()
        assert diary.terms == [2]
        assert elector.lease is not None
        assert elector.lease.trusted_until == float("inf")
        await elector.stop()


async def test_each_role_has_a_leader_of_its_own(database: Database) -> None:
    """And one transaction renews all that a process leads."""
    led: dict[Role, asyncio.Event] = {role: asyncio.Event() for role in (Role.READ, Role.SEND)}

    async def work(lease: Lease) -> None:
        led[lease.role].set()
        await lease.lost.wait()

    stop = asyncio.Event()
    leadership = Leadership(database, times=LONG)
    running = asyncio.create_task(leadership.run(dict.fromkeys(led, work), stop))
    async with asyncio.timeout(PATIENCE):
        for event in led.values():
            await event.wait()
        assert leadership.leads == set(led)
        seen: set[tuple[datetime, ...]] = set()
        while len(seen) < 4:
            async with database.read() as connection:
                seen.add(tuple(await connection.scalars(select(table.c.until))))
    stop.set()
    await running
    together = sum(len(set(ends)) == 1 for ends in seen)
    assert together >= 3  # the first ends were set one by one


async def test_a_failure_of_the_work_is_the_callers(database: Database, diary: Diary) -> None:
    """And the role is released for others."""

    async def broken(_lease: Lease) -> None:
        raise ValueError("broken")

    with pytest.raises(ExceptionGroup) as caught:
        await Leadership(database, times=LONG).run({Role.SEND: broken}, asyncio.Event())
    assert caught.group_contains(ValueError, match="broken")
    elector = Elector(database, diary, "next", times=LONG)
    await diary.leader()
    await elector.stop()


def test_trust_ends_before_the_lease_by_the_margin_whenever_the_answer_came() -> None:
    times = Times()
    for asked, answered in itertools.product((0.0, 5.0), (0.0, 0.1, 6.0, 60.0)):
        until = times.trusted_until(asked)
        lapses = asked + answered + times.duration  # at the earliest
        assert until + times.margin <= lapses
    assert times.grace < times.margin
    # Two renewals may fail before the third must succeed.
    assert 2 * times.renew + 1 < times.trusted_until(0.0)
