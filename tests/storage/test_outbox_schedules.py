"""Random schedules of readers, senders, crashes and time: what must hold whatever happens."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import Row

from bot.model import Delivery, DeliveryState
from bot.storage import outbox, readers, subscriptions
from bot.storage.database import Database
from tests.storage.rows import add_broadcast, add_reader, deactivate, fan_out, rows, unsubscribe

T = TypeVar("T")
S = DeliveryState
LEASE = timedelta(seconds=20)
READERS = 5
ENDED = frozenset({S.SENT, S.FAILED, S.UNKNOWN, S.CANCELLED})


@dataclass(slots=True)
class Holder:
    """A sender's memory: what it claimed, and which of that it has begun to send."""

    lease: str
    claimed: list[Delivery] = field(default_factory=list)
    begun: list[Delivery] = field(default_factory=list)

    def forget(self) -> None:
        self.claimed.clear()
        self.begun.clear()


holders = st.integers(0, 2)
chats = st.integers(1, READERS)
moments = st.integers(0, 30)


class Outbox(RuleBasedStateMachine):
    """Readers come and go, articles go out, three senders work and die."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.open = AsyncExitStack()
        self.now = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
        self.holders = [Holder(f"lease {number}") for number in range(3)]
        self.subscribed: dict[int, bool] = {}
        self.active: dict[int, bool] = {}
        self.numbers: dict[int, int] = {}
        self.loyal: list[set[int]] = []  # by broadcast: who was eligible ever since
        self.invited: list[set[int]] = []  # by broadcast: who was subscribed when it began
        self.uncertain: Counter[int] = Counter()  # requests by delivery that may have arrived
        self.final: dict[int, Row[Any]] = {}

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        self.now += timedelta(milliseconds=1)
        return self.runner.run(work)

    @initialize()
    def start(self) -> None:
        folder = self.runner.run(self._open())
        assert folder
        for chat in range(1, READERS + 1):
            self.join(chat)

    async def _open(self) -> str:
        folder = self.open.enter_context(TemporaryDirectory())
        url = f"sqlite:///{Path(folder) / 'v.db'}"
        self.database = await self.open.enter_async_context(Database.open(url))
        return folder

    # --- Readers and articles ---------------------------------------------------------------------

    @rule(chat=chats)
    def join(self, chat: int) -> None:
        reader = self.do(add_reader(self.database, self.now, chat))
        self.numbers[chat] = reader.id
        self.subscribed[chat] = self.active[chat] = True

    @rule(chat=chats)
    def leave(self, chat: int) -> None:
        self.do(unsubscribe(self.database, self.numbers[chat], self.now))
        self.subscribed[chat] = False
        self._disappoint(chat)

    @rule(chat=chats)
    def leave_and_undo(self, chat: int) -> None:
        if self.subscribed[chat]:
            self.do(self._leave_and_undo(chat))

    async def _leave_and_undo(self, chat: int) -> None:
        async with self.database.write() as connection:
            number = self.numbers[chat]
            assert await subscriptions.unsubscribe(connection, number, self.now) == 1
            assert await subscriptions.undo_unsubscribe(connection, number, self.now) == 1

    @rule(chat=chats)
    def block(self, chat: int) -> None:
        self.do(deactivate(self.database, chat, self.now))
        self.active[chat] = False
        self._disappoint(chat)

    @rule(chat=chats)
    def unblock(self, chat: int) -> None:
        self.do(self._unblock(chat))
        self.active[chat] = True

    async def _unblock(self, chat: int) -> None:
        async with self.database.write() as connection:
            await readers.activate_chat(connection, chat)

    def _disappoint(self, chat: int) -> None:
        for audience in self.loyal:
            audience.discard(chat)

    @precondition(lambda self: len(self.loyal) < 4)
    @rule()
    def publish(self) -> None:
        subscribed = {chat for chat, wanted in self.subscribed.items() if wanted}
        self.do(add_broadcast(self.database, self.now, f"key {len(self.loyal)}"))
        self.invited.append(subscribed)
        self.loyal.append({chat for chat in subscribed if self.active[chat]})

    @rule(batch=st.integers(1, READERS))
    def fan_out(self, batch: int) -> None:
        self.do(self._fan_out(batch))

    async def _fan_out(self, batch: int) -> None:
        async with self.database.write() as connection:
            await outbox.fan_out(connection, self.now, batch)

    # --- Senders ----------------------------------------------------------------------------------

    @rule(who=holders, limit=st.integers(1, 4))
    def claim(self, who: int, limit: int) -> None:
        self.do(self._claim(self.holders[who], limit))

    async def _claim(self, holder: Holder, limit: int) -> None:
        async with self.database.write() as connection:
            claimed = await outbox.claim(
                connection,
                lease=holder.lease,
                now=self.now,
                until=self.now + LEASE,
                limit=limit,
            )
        assert len(claimed) <= limit
        assert all(held.attempt > 0 for held in claimed)
        holder.claimed += claimed

    @rule(who=holders)
    def begin(self, who: int) -> None:
        holder = self.holders[who]
        if holder.claimed:
            held = holder.claimed.pop(0)
            if self.do(self._begin(held)):
                chat = held.reader.chat.id
                assert self.subscribed[chat], "sent to somebody who has unsubscribed"
                assert self.active[chat], "sent to somebody who has blocked us"
                self.uncertain[held.id] += 1
                holder.begun.append(held)

    async def _begin(self, held: Delivery) -> bool:
        async with self.database.write() as connection:
            return await outbox.begin_send(connection, held, self.now)

    @rule(who=holders, how=st.sampled_from(["sent", "failed", "unknown", "flood", "doubt"]))
    def finish(self, who: int, how: str) -> None:
        holder = self.holders[who]
        if holder.begun:
            self.do(self._finish(holder.begun.pop(0), how))

    async def _finish(self, held: Delivery, how: str) -> None:
        later = self.now + timedelta(seconds=5)
        async with self.database.write() as connection:
            match how:
                case "sent":
                    await outbox.record_sent(connection, held, 1000 + held.attempt, self.now)
                case "failed":
                    self.uncertain[held.id] -= 1
                    await outbox.record_ended(connection, held, S.FAILED, "no", self.now)
                case "flood":
                    self.uncertain[held.id] -= 1
                    await outbox.put_off(connection, held, later, counts=False)
                case "doubt" if not held.doubtful:
                    await outbox.put_off(connection, held, later, doubtful=True)
                case _:
                    await outbox.record_ended(connection, held, S.UNKNOWN, "?", self.now)

    @rule(who=holders)
    def put_off_claimed(self, who: int) -> None:
        holder = self.holders[who]
        if holder.claimed:
            self.do(self._put_off(holder.claimed.pop(0)))

    async def _put_off(self, held: Delivery) -> None:
        later = self.now + timedelta(seconds=2)
        async with self.database.write() as connection:
            await outbox.put_off(connection, held, later, counts=False)

    @rule(who=holders)
    def crash(self, who: int) -> None:
        self.holders[who].forget()

    @rule(who=holders)
    def beat(self, who: int) -> None:
        self.do(self._beat(self.holders[who]))

    async def _beat(self, holder: Holder) -> None:
        numbers = {held.id for held in (*holder.claimed, *holder.begun)}
        async with self.database.write() as connection:
            await outbox.renew_leases(connection, holder.lease, numbers, self.now + LEASE)
            await outbox.rescue(connection, self.now)

    @rule(who=holders)
    def stop(self, who: int) -> None:
        holder = self.holders[who]
        while holder.begun:
            self.finish(who, "sent")
        self.do(self._release(holder))
        holder.forget()

    async def _release(self, holder: Holder) -> None:
        async with self.database.write() as connection:
            await outbox.release_leases(connection, holder.lease)

    @rule(seconds=moments)
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    # --- What must hold ---------------------------------------------------------------------------

    @invariant()
    def what_is_sent_stays_so(self) -> None:
        """Nor is anything else that ended touched again, but by the late success of an unknown."""
        found = {row.id: row for row in self.runner.run(rows(self.database))}
        for number, before in self.final.items():
            late = before.state == S.UNKNOWN and found[number].state == S.SENT
            assert late or found[number] == before
        self.final = {n: row for n, row in found.items() if row.state in ENDED}

    @invariant()
    def no_delivery_may_have_arrived_more_than_twice(self) -> None:
        assert max(self.uncertain.values(), default=0) <= 2

    @invariant()
    def states_and_leases_agree(self) -> None:
        for row in self.runner.run(rows(self.database)):
            held = row.state in {S.LEASED, S.SENDING}
            assert row.attempt >= 0
            assert not held or (row.lease is not None and row.lease_until is not None)
            assert row.state != S.QUEUED or (row.lease is None and row.lease_until is None)
            assert (row.finished_at is not None) == (row.state in ENDED)

    def teardown(self) -> None:
        try:
            if self.numbers:
                self._everything_comes_to_an_end()
        finally:
            self.runner.run(self.open.aclose())
            self.runner.close()

    def _everything_comes_to_an_end(self) -> None:
        """All senders die; a day later one starts, and nothing is stuck or was forgotten."""
        for holder in self.holders:
            holder.forget()
        self.now += timedelta(days=1)
        self.do(self._beat(self.holders[0]))
        for row in self.do(rows(self.database)):
            assert row.state in ENDED or (row.state == S.QUEUED and row.not_before <= self.now)
        self.do(fan_out(self.database, self.now, 2))
        self.claim(0, 1000)
        while self.holders[0].claimed:
            self.begin(0)
            self.finish(0, "sent")
        self.what_is_sent_stays_so()
        self.no_delivery_may_have_arrived_more_than_twice()
        found = self.do(rows(self.database))
        assert {row.state for row in found} <= ENDED
        chat_of = {number: chat for chat, number in self.numbers.items()}
        reached: dict[int, dict[int, int]] = {}
        for row in found:
            reached.setdefault(row.broadcast_id, {})[chat_of[row.reader_id]] = row.state
        for number, (loyal, invited) in enumerate(zip(self.loyal, self.invited, strict=True)):
            states = reached.get(number + 1, {})
            assert set(states) <= invited
            assert all(states.get(chat) in ENDED - {S.CANCELLED} for chat in loyal)


# Not shrunk: each try opens a database, and the seed tells what failed soon enough.
Outbox.TestCase.settings = settings(
    max_examples=25,
    stateful_step_count=50,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
TestOutboxSchedules = Outbox.TestCase
