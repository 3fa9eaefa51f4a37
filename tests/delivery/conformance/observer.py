"""Who looks at the database after each commit, and knows what must never be seen there."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import TYPE_CHECKING, Any, LiteralString, TypeAlias

import psycopg
from sqlalchemy import delete

from bot.model import BroadcastState, DeliveryKey, DeliveryState
from bot.storage.schema import metadata
from tests.delivery.conformance.clock import VirtualLoop

if TYPE_CHECKING:
    from tests.delivery.conformance.process import Process
    from tests.delivery.conformance.telegram import Request

B: TypeAlias = BroadcastState
S: TypeAlias = DeliveryState
OWN = frozenset({1, 2})
"""The section of all articles, and its parent."""
ELSEWHERE = 3
"""The section that articles are found in besides."""
HELD = frozenset({S.LEASED, S.SENDING})
_FOR_EVER = frozenset({S.SENT, S.CANCELLED, S.EXPIRED})
_CRASHED = "the sender ended between the request and its answer"
_WAIT = re.compile(r"asks to wait (\d+)")
_LONG_SECONDS = 5
_LONG = timedelta(seconds=_LONG_SECONDS)
_INACCURACY = timedelta(milliseconds=1)
_TABLES = metadata.sorted_tables


@dataclass(frozen=True, slots=True)
class Row:
    """A delivery as it is stored."""

    state: S
    attempt: int
    doubts: int
    lease: int | None
    message_id: int | None
    error: str | None
    until: datetime | None = None
    section: int | None = None

    def __str__(self) -> str:
        doubts = f", {self.doubts} doubts" if self.doubts else ""
        return f"{self.state.name} (attempt {self.attempt}, lease {self.lease}{doubts})"


@dataclass(frozen=True, slots=True)
class Sight:
    """What is stored at a moment.

    Attributes:
        deliveries: by broadcast and reader.
        broadcasts: their states, and until when they go out.
        places: by reader: chat and topic.
        follows: by active reader: the sections that they subscribe to.
        stands_in: by broadcast: the sections whose readers are to have its article.
        active: readers to whom we may write.
        pauses: by chat, 0 for all: until when.
    """

    deliveries: dict[DeliveryKey, Row] = field(default_factory=dict)
    broadcasts: dict[int, tuple[B, datetime]] = field(default_factory=dict)
    places: dict[int, tuple[int, int]] = field(default_factory=dict)
    follows: dict[int, frozenset[int]] = field(default_factory=dict)
    stands_in: dict[int, frozenset[int]] = field(default_factory=dict)
    active: frozenset[int] = frozenset()
    pauses: dict[int, datetime] = field(default_factory=dict)

    def wants(self, number: int, reader: int) -> bool:
        """Whether a reader is active and follows a section that a broadcast's article is in."""
        return not self.stands_in[number].isdisjoint(self.follows.get(reader, ()))

    @property
    def going(self) -> set[int]:
        """The broadcasts that may still send something."""
        return {n for n, (state, _) in self.broadcasts.items() if state in {B.OPEN, B.HALTED}}

    @property
    def ongoing(self) -> bool:
        """Whether a broadcast or a delivery has not come to its end."""
        return bool(self.going) or any(
            row.state in {S.QUEUED, *HELD} for row in self.deliveries.values()
        )


class Observer:
    """Compares what is stored after each commit with what was before.

    Attributes:
        sight: what is stored.
        violations: what should not have been seen.
        crashes: by broadcast and reader: begun sends that a sender took with it.
        excused: deliveries that need not arrive: at some moment their readers did not want them, or
            could not be written to.
        placed: by broadcast: readers who wanted it when its article was found in another section.
        halted: broadcasts that were stopped at some moment.
    """

    def __init__(self, url: str, loop: VirtualLoop) -> None:
        self.loop = loop
        self._connection = _connect(url)
        self.note: Callable[[str], None] = print
        self.start_anew(print)

    def start_anew(self, note: Callable[[str], None]) -> None:
        """Empty the database and forget everything."""
        self.note = note
        if isinstance(self._connection, sqlite3.Connection):
            for table in reversed(_TABLES):
                self._connection.execute(str(delete(table)))
        else:
            names = ", ".join(table.name for table in _TABLES)
            self._connection.execute(f"TRUNCATE {names} RESTART IDENTITY CASCADE".encode())
        self.sight = Sight()
        self.violations: list[str] = []
        self.crashes: Counter[DeliveryKey] = Counter()
        self.excused: set[DeliveryKey] = set()
        self.placed: defaultdict[int, set[int]] = defaultdict(set)
        self.halted: set[int] = set()
        self._commits = 0
        self._unwanted_since: dict[DeliveryKey, int] = {}  # after how many commits
        self._began: dict[int, int] = {}  # by term: when its last transaction began, likewise
        self._inherited: dict[int, dict[int, datetime]] = {}
        self._newest = 0  # term that has committed something
        self._newest_since = 0

    def close(self) -> None:
        """Look no more."""
        self._connection.close()

    # --- Looking --------------------------------------------------------------------------------

    def begin(self, process: Process | None) -> None:
        """A transaction begins."""
        if process is not None:
            self._began[process.term] = self._commits

    def look(self, process: Process | None) -> None:
        """A transaction was committed."""
        self._commits += 1
        before, now = self.sight, self._sight()
        self.sight = now
        for number, reader in product(before.broadcasts, before.places):
            if before.wants(number, reader) and not (
                number in now.broadcasts and now.wants(number, reader)
            ):
                self._unwanted_since[number, reader] = self._commits
        self.halted |= {n for n, (state, _) in now.broadcasts.items() if state == B.HALTED}
        for number in now.going:
            self.excused |= {(number, r) for r in now.places if r not in now.follows}
            if number in before.stands_in and now.stands_in[number] != before.stands_in[number]:
                self._place(number)
        for key, row in now.deliveries.items():
            old = before.deliveries.get(key)
            if old != row:
                self.note(f"  {process or 'others'}: {key} {old or 'new'} -> {row}")
                self._compare(key, old, row)
                if row.state in HELD and (
                    old is None or old.state not in HELD or old.lease != row.lease
                ):
                    self._fence(key, row)
        for key in before.deliveries.keys() - now.deliveries.keys():
            self.note(f"  {process or 'others'}: {key} joined to another")
        if process is not None and process.term > self._newest:
            self._inherited[process.term] = now.pauses
            self._newest, self._newest_since = process.term, self._commits

    def asked(self, request: Request) -> None:
        """A request leaves: its intent was committed before, and nobody asked to wait."""
        for chat_id, until in self._inherited[request.process.term].items():
            if chat_id in {0, request.chat_id} and self.loop.now() < until:
                self.complain(f"{request} within a wait from before, until {until}")
        place = request.chat_id, request.thread
        readers = [r for r, where in self.sight.places.items() if where == place]
        for reader in readers:
            row = self.sight.deliveries.get((request.broadcast, reader))
            if request.process.superseded:
                continue
            if row is None or row.state != S.SENDING or row.lease != request.process.term:
                self.complain(f"{request} was not begun: {row}")

    def complain(self, what: str) -> None:
        """Something must not be."""
        self.note(f"VIOLATION: {what}")
        self.violations.append(what)

    def _compare(self, key: DeliveryKey, old: Row | None, row: Row) -> None:
        what = f"{key} {old} -> {row}"
        if old is not None:
            # A late success of who sent it counts, whatever was supposed meanwhile.
            late = row.state == S.SENT != old.state and old.doubts and row.lease == old.lease
            # A group that moved leaves its messages behind, and with them their numbers.
            moved = row.message_id is None and row == replace(old, message_id=None)
            # Who had left the section that brought it may have it by another.
            again = old.state == S.CANCELLED and not old.doubts and row.section == ELSEWHERE
            if old.state in _FOR_EVER and not (late or moved or again):
                self.complain(f"what has ended is changed: {what}")
            if old.state == S.UNKNOWN and row.state != S.SENT:
                self.complain(f"an unknown send becomes something else than sent: {what}")
            if row.doubts < old.doubts:
                self.complain(f"a doubt is forgotten: {what}")
            if row.error == _CRASHED and row.doubts > old.doubts:
                self.crashes[key] += 1
                if old.state != S.SENDING or old.lease is None or old.lease >= self._newest_term():
                    self.complain(f"rescued from nobody who is gone: {what}")
        if row.state == S.QUEUED and row != old:
            self._put_off(key, row, what)
        if row.state == S.SENDING and (old is None or old.state != S.SENDING):
            self._begun(key, row, what)

    def _put_off(self, key: DeliveryKey, row: Row, what: str) -> None:
        """A long wait that Telegram asked for is written down with the delivery that met it."""
        asked = _WAIT.search(row.error or "")
        until = row.until or self.loop.now()
        if asked and int(asked[1]) >= _LONG_SECONDS and until > self.loop.now():
            chat_id, _ = self.sight.places[key[1]]
            kept = [self.sight.pauses.get(chat, until - _LONG) for chat in (0, chat_id)]
            if max(kept) < until - _INACCURACY:
                self.complain(f"a wait is not kept until {until}: {what}")

    def _place(self, number: int) -> None:
        """Who follows the other section is to have it, unless more than a wish was in the way."""
        for reader in self.sight.places:
            row = self.sight.deliveries.get((number, reader))
            if ELSEWHERE in self.sight.follows.get(reader, ()):
                self.placed[number].add(reader)
                if row is None or (row.state == S.CANCELLED and not row.doubts):
                    self.excused.discard((number, reader))

    def _newest_term(self) -> int:
        return max(self._began, default=0)

    def _begun(self, key: DeliveryKey, row: Row, what: str) -> None:
        number, reader = key
        state, until = self.sight.broadcasts[number]
        if state != B.OPEN or until <= self.loop.now():
            self.complain(f"begun in spite of a broadcast that is {state.name}: {what}")
        since = self._unwanted_since.get(key, 0)
        began = self._began.get(row.lease or 0, 0)
        if not self.sight.wants(number, reader) and since <= began:
            self.complain(f"begun for somebody who does not want it: {what}")

    def _fence(self, key: DeliveryKey, row: Row) -> None:
        assert row.lease is not None
        if row.lease < self._newest and self._newest_since <= self._began[row.lease]:
            self.complain(f"taken in a term that is over: {key} {row}")

    def _query(self, statement: LiteralString) -> list[Any]:
        return self._connection.execute(statement).fetchall()

    def _sight(self) -> Sight:
        rows = self._query(
            "SELECT broadcast_id, reader_id, not_before,"
            " state, attempt, doubts, lease, message_id, error, section_id FROM delivery"
        )
        broadcasts = self._query("SELECT id, state, expires_at FROM broadcast")
        readers = self._query("SELECT id, chat_id, thread_id, active FROM reader")
        active = frozenset(n for n, _, _, is_active in readers if is_active)
        follows: defaultdict[int, set[int]] = defaultdict(set)
        for reader, section in self._query(
            "SELECT reader_id, section_id FROM subscription WHERE ended_at IS NULL"
        ):
            if reader in active:
                follows[reader].add(section)
        stands_in = {number: {*OWN} for number, _, _ in broadcasts}
        for number, section in self._query(
            "SELECT b.id, p.section_id FROM placement p"
            " JOIN broadcast b ON b.article_id = p.article_id"
        ):
            if number in stands_in:
                stands_in[number].add(section)
        return Sight(
            {
                (b, r): Row(
                    S(state),
                    attempt,
                    doubts,
                    lease,
                    message_id,
                    error,
                    until and _moment(until),
                    section,
                )
                for b, r, until, state, attempt, doubts, lease, message_id, error, section in rows
            },
            {n: (B(state), _moment(until)) for n, state, until in broadcasts},
            {n: (chat, thread) for n, chat, thread, _ in readers},
            {reader: frozenset(sections) for reader, sections in follows.items()},
            {number: frozenset(sections) for number, sections in stands_in.items()},
            active,
            {n: _moment(until) for n, until in self._query("SELECT chat_id, until FROM pause")},
        )


def _connect(url: str) -> sqlite3.Connection | psycopg.Connection[Any]:
    if not url.startswith("sqlite"):
        return psycopg.connect(url, autocommit=True)
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    return connection


def _moment(stored: str | datetime) -> datetime:
    if isinstance(stored, str):
        return datetime.fromisoformat(stored).replace(tzinfo=UTC)
    return stored.astimezone(UTC)
