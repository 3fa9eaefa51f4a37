"""What must hold at the end of every schedule."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from bot.model import BroadcastState, DeliveryState, OnUnknown
from tests.delivery.conformance.observer import Row
from tests.delivery.conformance.telegram import Room
from tests.delivery.conformance.world import World

B, S = BroadcastState, DeliveryState
_ONGOING = {S.QUEUED, S.LEASED, S.SENDING}
_MOST_ATTEMPTS = 10
Mailbox = tuple[int, int, int]
"""A broadcast, and the room and the topic in which it may arrive."""


class Ledger:
    """What arrived beside what is stored."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sight = world.observer.sight
        self.telegram = world.telegram
        self.arrived: Counter[Mailbox] = Counter()
        self.first: dict[Mailbox, int] = {}
        self.numbers: defaultdict[tuple[int, int], set[int]] = defaultdict(set)
        for message in self.telegram.messages:
            request = message.request
            place = request.broadcast, request.room.number, request.thread
            self.arrived[place] += 1
            self.first.setdefault(place, message.number)
            self.numbers[request.broadcast, request.room.number].add(message.number)
        self.crashes: Counter[tuple[int, int]] = Counter()
        for (number, reader), times in world.observer.crashes.items():
            self.crashes[number, self.room(reader).number] += times

    def room(self, reader: int) -> Room:
        """The chat of a reader, as it was in the beginning."""
        return self.telegram.room(self.world.chats[reader - 1].id)

    def thread(self, reader: int) -> int:
        """The topic of a reader, as it was in the beginning."""
        return self.world.chats[reader - 1].thread_id

    def doubtful(self, number: int, room: Room) -> int:
        """How often it was not known whether a broadcast had arrived in a room."""
        key = number, room.number
        return self.telegram.doubts[key] + self.crashes[key]

    def complaints(self) -> Iterator[str]:
        """All that should not be."""
        yield from self.world.failures
        yield from self.world.observer.violations
        yield from self.telegram.violations
        yield from self._all_is_over()
        yield from self._everybody_got_it()
        yield from self._nobody_got_more()
        yield from self._what_is_stored_is_true()
        yield from self._order_was_kept()

    def _all_is_over(self) -> Iterator[str]:
        for number, (state, until) in self.sight.broadcasts.items():
            if state in {B.OPEN, B.HALTED}:
                yield f"broadcast {number} is still {state.name}"
            given_up = number in self.world.given_up
            if state == B.EXPIRED and until > self.world.loop.now() and not given_up:
                yield f"broadcast {number} expired before its time"
            if state == B.WITHDRAWN and number not in self.world.withdrawn:
                yield f"broadcast {number} was withdrawn by nobody"
        for key, row in self.sight.deliveries.items():
            if row.state in _ONGOING:
                yield f"{key} is still {row}"

    def _everybody_got_it(self) -> Iterator[str]:
        for number, wanted in self.world.invited.items():
            invited = wanted | self.world.observer.placed[number]
            if self.sight.broadcasts[number][0] != B.DONE:
                continue
            for reader in sorted(invited):
                key = number, reader
                if key in self.world.observer.excused:
                    continue
                room, thread = self.room(reader), self.thread(reader)
                row = self.sight.deliveries.get(key)
                if room.moved:
                    got = bool(self.numbers[number, room.number])
                else:
                    got = bool(self.arrived[number, room.number, thread])
                if not got and not self._may_be_missing(number, room, row):
                    yield f"{key} did not arrive: {row}"

    def _may_be_missing(self, number: int, room: Room, row: Row | None) -> bool:
        """Telegram refused it, or nobody knows whether it did not arrive."""
        if self.telegram.refusals[number, room.number]:
            return True
        if row is None or row.state != S.UNKNOWN:
            return False
        least = 1 if self.world.schedule.policy is OnUnknown.DROP else 2
        return self.doubtful(number, room) >= least

    def _nobody_got_more(self) -> Iterator[str]:
        extra: Counter[tuple[int, int]] = Counter()
        for (number, room, thread), times in self.arrived.items():
            extra[number, room] += times - 1
            if times > 1 and self.world.schedule.policy is OnUnknown.DROP:
                yield f"broadcast {number} arrived {times} times in {room}/{thread}"
        doubts: Counter[tuple[int, int]] = Counter()
        for (number, reader), row in self.sight.deliveries.items():
            doubts[number, self.room(reader).number] += row.doubts
        for (number, room), times in extra.items():
            reasons = self.telegram.unheard[number, room] + self.crashes[number, room]
            if times > reasons:
                yield f"broadcast {number} was repeated {times} times in {room}: {reasons} reasons"
            if times > doubts[number, room] and not self.telegram.rooms[room].moved:
                yield f"broadcast {number} was repeated {times} times in {room}, uncounted"

    def _what_is_stored_is_true(self) -> Iterator[str]:
        for (number, reader), row in self.sight.deliveries.items():
            room = self.room(reader)
            numbers = self.numbers[number, room.number]
            match row.state:
                case S.SENT if row.message_id not in numbers and (row.message_id or not numbers):
                    yield f"{number, reader} never arrived: {row}"
                case S.FAILED if not self.telegram.refusals[number, room.number]:
                    yield f"{number, reader} was not refused: {row}, {row.error}"
                case S.UNKNOWN if not self.doubtful(number, room):
                    yield f"{number, reader} was never in doubt: {row}"
                case S.CANCELLED if not self._may_be_cancelled(number, reader):
                    yield f"{number, reader} was wanted: {row}"
            if row.doubts > self.doubtful(number, room) and not room.moved:
                yield f"{number, reader} was not in doubt so often: {row}"
        for reader in self.sight.places.keys() - self.sight.active:
            if not self.room(reader).said_so:
                yield f"reader {reader} was given up without a reason"

    def _may_be_cancelled(self, number: int, reader: int) -> bool:
        excused = (number, reader) in self.world.observer.excused
        return excused or self.sight.broadcasts[number][0] == B.WITHDRAWN

    def _order_was_kept(self) -> Iterator[str]:
        """By readers, among broadcasts of one priority that were neither halted nor repeated."""
        # Who follows another section alone has its articles as they are found there.
        late = {
            (n, self.room(r).number) for (n, r), row in self.sight.deliveries.items() if row.section
        }
        plain: defaultdict[tuple[int, int, int], list[Mailbox]] = defaultdict(list)
        for place in sorted(self.first):
            number, n, thread = place
            room = self.telegram.rooms[n]
            halted = number in self.world.observer.halted
            if not (halted or room.gone or (number, n) in late or self.doubtful(number, room)):
                plain[self.world.priorities[number], n, thread].append(place)
        for (_, room_number, _), places in plain.items():
            came = sorted(places, key=self.first.__getitem__)
            if came != places:
                order = [number for number, *_ in came]
                yield f"broadcasts came to {room_number} in the order {order}"
