"""Random schedules of readers, senders, crashes and time: what must hold whatever happens.

One sender leads at a time, in a term of its own; those of earlier terms may be alive yet, and what
they had in flight may end late. Whether a request arrived is known to the schedule alone.
"""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Coroutine, Iterator
from contextlib import AbstractContextManager, AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from uuid import uuid4

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Row, update

from bot.model import BroadcastState, Delivery, DeliveryKey, DeliveryState, OnUnknown, Priority
from bot.storage import broadcasts, outbox, readers, subscriptions
from bot.storage.database import Database
from bot.storage.outbox import PutOff, Settled
from bot.storage.schema import broadcast
from tests.postgres import empty_postgres
from tests.storage.rows import (
    add_broadcast,
    add_reader,
    broadcast_rows,
    deactivate,
    rows,
    unsubscribe,
)

T = TypeVar("T")
B = BroadcastState
S = DeliveryState
TTL = timedelta(minutes=2)
READERS = 5
ENDED = frozenset({S.SENT, S.FAILED, S.UNKNOWN, S.CANCELLED, S.EXPIRED})
UNCERTAIN = frozenset({S.UNKNOWN, S.CANCELLED, S.EXPIRED})
"""Ends that a late success may turn into SENT."""


@dataclass(slots=True)
class Holder:
    """A sender's memory: what it claimed, and which of that it has begun to send.

    Attributes:
        counted: whether another took over, so that all that it has in flight is ambiguous.
    """

    term: int
    claimed: list[Delivery] = field(default_factory=list)
    begun: list[Delivery] = field(default_factory=list)
    counted: bool = False


@dataclass(slots=True)
class Article:
    """What an article's schedule was.

    Attributes:
        loyal: the chats that were subscribed and active ever since it was published.
        invited: those that were subscribed when it was published.
        stopped: whether it was withdrawn or given up.
        forced: whether a person had it go on.
    """

    loyal: set[int]
    invited: set[int]
    expires_at: datetime
    stopped: bool = False
    forced: bool = False


chats = st.integers(1, READERS)
numbers = st.integers(0, 3)
ends = st.sampled_from(["arrives", "arrives unanswered", "is lost", "refused", "flood", "unsent"])


class Outbox(RuleBasedStateMachine):
    """Readers come and go, articles go out, senders work, die, and are taken over from."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.open = AsyncExitStack()
        self.now = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
        self.leader = Holder(1)
        self.old: list[Holder] = []  # earlier leaders that do not know that they are none
        self.subscribed: dict[int, bool] = {}
        self.active: dict[int, bool] = {}
        self.numbers: dict[int, int] = {}
        self.articles: list[Article] = []
        self.arrived: Counter[DeliveryKey] = Counter()  # messages in the chat
        self.ambiguous: Counter[DeliveryKey] = Counter()  # sends of which nobody heard in time
        self.refused: set[DeliveryKey] = set()
        self.policy = OnUnknown.RESEND
        self.final: dict[DeliveryKey, Row[Any]] = {}

    def new_url(self) -> AbstractContextManager[str]:
        """An empty database, for as long as the context is open; its address."""
        raise NotImplementedError

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        self.now += timedelta(milliseconds=1)
        return self.runner.run(work)

    @initialize(policy=st.sampled_from(OnUnknown))
    def start(self, policy: OnUnknown) -> None:
        self.policy = policy
        url = self.open.enter_context(self.new_url())
        self.database = self.runner.run(self.open.enter_async_context(Database.open(url)))
        for chat in range(1, READERS + 1):
            self.join(chat)
        self.publish(Priority.NEWS)

    # --- Readers ----------------------------------------------------------------------------------

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
        for each in self.articles:
            each.loyal.discard(chat)

    # --- Articles ---------------------------------------------------------------------------------

    @precondition(lambda self: len(self.articles) < 4)
    @rule(priority=st.sampled_from(Priority))
    def publish(self, priority: Priority) -> None:
        invited = {chat for chat, wanted in self.subscribed.items() if wanted}
        loyal = {chat for chat in invited if self.active[chat]}
        key = f"key {len(self.articles)}"
        self.do(add_broadcast(self.database, self.now, key, ttl=TTL, priority=priority))
        self.articles.append(Article(loyal, invited, self.now + TTL))

    @rule(number=numbers)
    def halt(self, number: int) -> None:
        self.do(self._change(broadcasts.halt, number + 1))

    @rule(number=numbers)
    def halt_and_resume(self, number: int) -> None:
        self.halt(number)
        self.resume(number)

    @rule(number=numbers)
    def resume(self, number: int) -> None:
        until = self.now + TTL
        if self.do(self._change(broadcasts.resume, number + 1, self.now, until)):
            self.articles[number].expires_at = until
            self.articles[number].forced = True

    @rule(number=numbers)
    def give_up(self, number: int) -> None:
        if self.do(self._change(broadcasts.give_up, number + 1)):
            self.articles[number].stopped = True

    async def _change(self, change: Any, *args: Any) -> bool:
        async with self.database.write() as connection:
            changed: bool = await change(connection, *args)
            return changed

    @precondition(lambda self: self.articles)
    @rule(number=numbers)
    def withdraw(self, number: int) -> None:
        if number < len(self.articles):
            self.do(self._withdraw(number + 1))
            self.articles[number].stopped = True

    async def _withdraw(self, number: int) -> None:
        async with self.database.write() as connection:
            await connection.execute(
                update(broadcast).where(broadcast.c.id == number).values(state=B.WITHDRAWN)
            )

    @rule()
    def settle(self) -> None:
        self.do(self._settle())

    async def _settle(self) -> None:
        async with self.database.write() as connection:
            await broadcasts.settle_broadcasts(connection, self.now)

    # --- Senders ----------------------------------------------------------------------------------

    @rule(limit=st.integers(1, 6))
    def claim(self, limit: int) -> None:
        self.leader.claimed += self.do(self._claim(self.leader, limit))

    async def _claim(self, holder: Holder, limit: int) -> list[Delivery]:
        async with self.database.write() as connection:
            claimed = await outbox.claim(connection, lease=holder.term, now=self.now, limit=limit)
        assert len(claimed) <= limit
        assert all(held.attempt > 0 for held in claimed)
        assert all(held.lease == holder.term for held in claimed)
        return claimed

    @rule(many=st.integers(1, 4))
    def claim_and_begin(self, many: int) -> None:
        self.claim(many)
        self.begin(many, late=False)

    @rule(many=st.integers(1, 4), hows=st.lists(ends, min_size=4, max_size=4))
    def send(self, many: int, hows: list[str]) -> None:
        self.claim_and_begin(many)
        self.finish(many, hows, late=False)

    @rule(many=st.integers(1, 4), late=st.booleans())
    def begin(self, many: int, *, late: bool) -> None:
        """Whoever leads begins to send, or one that does not know that it leads no more."""
        holder = self.old[-1] if late and self.old else self.leader
        chosen, holder.claimed = holder.claimed[:many], holder.claimed[many:]
        for held in self.do(self._begin(chosen)):
            chat = held.reader.chat.id
            article = self.articles[held.broadcast_id - 1]
            assert self.subscribed[chat], "sent to somebody who has unsubscribed"
            assert self.active[chat], "sent to somebody who has blocked us"
            assert not article.stopped, "sent although it was stopped"
            assert self.now < article.expires_at, "sent although it is over"
            holder.begun.append(held)

    async def _begin(self, chosen: list[Delivery]) -> list[Delivery]:
        async with self.database.write() as connection:
            begun = await outbox.begin(connection, chosen, self.now)
        return [each.delivery for each in begun]

    @rule(many=st.integers(1, 4), hows=st.lists(ends, min_size=4, max_size=4), late=st.booleans())
    def finish(self, many: int, hows: list[str], *, late: bool) -> None:
        """Requests of the leader end, or those of one that is none any more."""
        holder = self.old[-1] if late and self.old else self.leader
        ended, holder.begun = holder.begun[:many], holder.begun[many:]
        self._finish(holder, ended, hows)

    def _finish(self, holder: Holder, ended: list[Delivery], hows: list[str]) -> None:
        results = [self._end(holder, *each) for each in zip(ended, hows, strict=False)]
        self.do(self._record(results))

    def _end(self, holder: Holder, held: Delivery, how: str) -> outbox.Result:
        later = self.now + timedelta(seconds=5)
        match how:
            case "arrives":
                self.arrived[held.key] += 1
                number = 1000 * held.lease + held.attempt
                return Settled(held, S.SENT, message_id=number, shown=1)
            case "refused":
                self.refused.add(held.key)
                return Settled(held, S.FAILED, error="no")
            case "flood":
                return PutOff(held, later, counts=False)
            case "unsent":
                return PutOff(held, later)
            case _:
                self.ambiguous[held.key] += not holder.counted
                self.arrived[held.key] += how == "arrives unanswered"
                if held.doubts or self.policy is OnUnknown.DROP:
                    return Settled(held, S.UNKNOWN, error="?")
                return PutOff(held, later, doubtful=True)

    async def _record(self, results: list[outbox.Result]) -> None:
        async with self.database.write() as connection:
            await outbox.record(connection, results, self.now)

    @rule(many=st.integers(1, 3))
    def put_off_claimed(self, many: int) -> None:
        """Their chats have to wait."""
        held, self.leader.claimed = self.leader.claimed[:many], self.leader.claimed[many:]
        later = self.now + timedelta(seconds=2)
        self.do(self._record([PutOff(each, later, counts=False) for each in held]))

    @rule(arrive=st.booleans())
    def crash(self, *, arrive: bool) -> None:
        """The leader dies of a kill, with requests on their way; the next one takes over."""
        self._lose(self.leader, arrive=arrive)
        self._elect()

    def _lose(self, holder: Holder, *, arrive: bool) -> None:
        for held in holder.begun:
            self.ambiguous[held.key] += not holder.counted
            self.arrived[held.key] += arrive

    @rule()
    def take_over(self) -> None:
        """Another one leads; what the old leader has in flight may end later."""
        if self.old:
            self._lose(self.old.pop(), arrive=True)
        self.leader.counted = True
        self.ambiguous.update(held.key for held in self.leader.begun)
        self.old.append(self.leader)
        self._elect()

    def _elect(self) -> None:
        self.leader = Holder(self.leader.term + 1)
        self.do(self._rescue())

    async def _rescue(self) -> None:
        async with self.database.write() as connection:
            await outbox.rescue(connection, self.leader.term, self.policy, self.now)

    @rule()
    def forget(self) -> None:
        """A transaction failed: the leader gives back what it does not know that it has begun."""
        self.leader.claimed.clear()
        self.do(self._release(keep=self.leader.begun))

    @rule()
    def stop(self) -> None:
        """A clean end: what is in flight is awaited, the rest goes back."""
        self._finish(self.leader, self.leader.begun, ["arrives"] * len(self.leader.begun))
        self.do(self._release(keep=[]))
        self.leader = Holder(self.leader.term + 1)

    async def _release(self, keep: list[Delivery]) -> None:
        async with self.database.write() as connection:
            kept = {each.key for each in keep}
            await outbox.release(connection, self.leader.term, self.now, keep=kept)

    @rule(many=st.integers(1, 4), hows=st.lists(ends, min_size=4, max_size=4))
    def hear_late(self, many: int, hows: list[str]) -> None:
        """The new leader has in hand what the old one had in flight and hears of only now."""
        self.take_over()
        self.claim_and_begin(many)
        self.finish(many, hows, late=True)

    @rule(seconds=st.sampled_from((1, 5, 30, 130)))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    # --- What must hold ---------------------------------------------------------------------------

    @invariant()
    def all_is_well(self) -> None:
        if self.numbers:
            found = {(r.broadcast_id, r.reader_id): r for r in self.runner.run(rows(self.database))}
            self._nobody_gets_it_twice_but_for_what_was_ambiguous()
            self._what_ended_stays_so(found)
            self._states_and_leases_agree(found)
            self.final = {key: row for key, row in found.items() if row.state in ENDED}

    def _nobody_gets_it_twice_but_for_what_was_ambiguous(self) -> None:
        resend = self.policy is OnUnknown.RESEND
        for key, times in self.arrived.items():
            assert times <= 1 + (self.ambiguous[key] if resend else 0)

    def _what_ended_stays_so(self, found: dict[DeliveryKey, Row[Any]]) -> None:
        """But for a late success, and for what was refused where a person has it go on."""
        for key, before in self.final.items():
            now = found[key]
            late = before.state in UNCERTAIN and now.state == S.SENT
            again = before.state == S.FAILED and self.articles[key[0] - 1].forced
            assert late or again or now == before

    def _states_and_leases_agree(self, found: dict[DeliveryKey, Row[Any]]) -> None:
        known = {each.key for each in (*self.leader.claimed, *self.leader.begun)}
        for key, row in found.items():
            assert row.attempt >= 0
            assert row.state in ENDED or row.doubts == self.ambiguous[key]
            assert (row.finished_at is not None) == (row.state in ENDED)
            assert row.state != S.QUEUED or row.not_before is not None
            assert row.state != S.SENT or self.arrived[key] > 0
            if row.state in {S.LEASED, S.SENDING}:
                assert row.lease == self.leader.term, "nobody would ever rescue it"
                assert key in known, "held in the name of a leader that does not know"

    def teardown(self) -> None:
        try:
            if self.numbers:
                self._everything_comes_to_an_end()
        finally:
            self.runner.run(self.open.aclose())
            self.runner.close()

    def _everything_comes_to_an_end(self) -> None:
        """All senders die; another one starts, and nothing is stuck or was forgotten."""
        for number in range(len(self.articles)):
            self.resume(number)
        for holder in self.old:
            self._lose(holder, arrive=False)
        self.old.clear()
        self.crash(arrive=False)
        self.now += timedelta(seconds=10)
        self.do(self._settle())
        while claimed := self.do(self._claim(self.leader, 3)):
            self.leader.claimed += claimed
            self.begin(3, late=False)
            self.finish(3, ["arrives"] * 3, late=False)
        self.do(self._settle())
        self.all_is_well()
        self._nothing_is_left()

    def _nothing_is_left(self) -> None:
        found = self.do(rows(self.database))
        assert {row.state for row in found} <= ENDED
        states = [row.state for row in self.do(broadcast_rows(self.database))]
        assert set(states) <= {B.DONE, B.EXPIRED, B.WITHDRAWN}
        chat_of = {number: chat for chat, number in self.numbers.items()}
        reached: dict[int, dict[int, int]] = {}
        for row in found:
            reached.setdefault(row.broadcast_id, {})[chat_of[row.reader_id]] = row.state
        for number, (article, state) in enumerate(zip(self.articles, states, strict=True), 1):
            of_it = reached.get(number, {})
            assert set(of_it) <= article.invited
            for chat in article.loyal if state == B.DONE else ():
                key = number, self.numbers[chat]
                assert (
                    of_it[chat] == S.SENT
                    or (of_it[chat] == S.FAILED and key in self.refused)
                    or (of_it[chat] == S.UNKNOWN and self.ambiguous[key])
                    or (of_it[chat] == S.EXPIRED and article.forced)  # over before it was halted
                )


def _play(outbox: type[Outbox], schedules: int) -> None:
    # Not shrunk: each try opens a database, and the seed tells what failed soon enough.
    phases = (Phase.explicit, Phase.reuse, Phase.generate)
    bounds = settings(max_examples=schedules, stateful_step_count=50, phases=phases)
    run_state_machine_as_test(outbox, settings=bounds)


def test_on_sqlite(sqlite_template: Path) -> None:
    class OnSqlite(Outbox):
        @contextmanager
        def new_url(self) -> Iterator[str]:
            with TemporaryDirectory() as folder:
                file = Path(folder) / "vestnik.db"
                shutil.copyfile(sqlite_template, file)
                yield f"sqlite:///{file}"

    _play(OnSqlite, 15)


def test_on_postgresql(postgres: str, postgres_template: str) -> None:
    class OnPostgresql(Outbox):
        def new_url(self) -> AbstractContextManager[str]:
            return empty_postgres(postgres, f"run_{uuid4().hex}", template=postgres_template)

    _play(OnPostgresql, 3)
