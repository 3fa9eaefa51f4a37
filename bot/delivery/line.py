"""The line: what is claimed and not begun. A chat gets its pushes one after another, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from bot.model import Chat, Delivery, DeliveryKey, Priority
from bot.storage.outbox import PutOff

_PLACE = tuple[int, DeliveryKey]


class Line:
    """Deliveries in the order in which they are to go.

    Args:
        chat_wait: seconds until a chat may get its next push; 0 takes its turn.
        spacing: seconds between two pushes that wait for the same chat.
    """

    def __init__(
        self, chat_wait: Callable[[Chat], float], spacing: Callable[[Chat], float]
    ) -> None:
        self._chat_wait = chat_wait
        self._spacing = spacing
        self._line: list[tuple[Delivery, datetime]] = []  # with the moment of the claim
        self._busy: set[int] = set()  # chats that something is under way to
        self._waiting: dict[
            int, dict[_PLACE, datetime]
        ] = {}  # by chat: what was put off, till when

    def __len__(self) -> int:
        """How many wait to be begun."""
        return len(self._line)

    def add(self, claimed: Sequence[Delivery], now: datetime) -> None:
        """These were claimed at this moment."""
        self._line += [(delivery, now) for delivery in claimed]
        self._line.sort(key=lambda each: _place(each[0]))

    def may_go(self) -> bool:
        """Whether there is one whose chat nothing is under way to."""
        return any(each.reader.chat.id not in self._busy for each, _ in self._line)

    def reset(self, under_way: Iterable[Delivery]) -> None:
        """Forget what was claimed, which is claimed anew; only these are under way."""
        self._line.clear()
        self._busy = {delivery.reader.chat.id for delivery in under_way}

    def take(self, most: int, now: datetime) -> tuple[list[Delivery], list[PutOff]]:
        """Up to ``most`` that may be begun now, and those that have to wait for their chat."""
        chosen: list[Delivery] = []
        held: list[PutOff] = []
        left: list[tuple[Delivery, datetime]] = []
        for delivery, claimed_at in self._line:
            chat = delivery.reader.chat
            if len(chosen) >= most or chat.id in self._busy:
                left.append((delivery, claimed_at))
            elif (later := self._hold(delivery, claimed_at, now)) is not None:
                held.append(PutOff(delivery, later, counts=False))
                self.put_off(chat.id, delivery.priority, delivery.key, later)
            else:
                self._busy.add(chat.id)
                chosen.append(delivery)
        self._line = left
        return chosen, held

    def done(self, delivery: Delivery, put_off_until: datetime | None = None) -> None:
        """This one is under way no more; where it was put off, others of its chat stay behind."""
        self._busy.discard(delivery.reader.chat.id)
        if put_off_until is not None:
            chat_id = delivery.reader.chat.id
            self.put_off(chat_id, delivery.priority, delivery.key, put_off_until)

    def put_off(self, chat_id: int, priority: Priority, key: DeliveryKey, until: datetime) -> None:
        """This one waits in the queue until then; later ones for its chat stay behind it."""
        self._waiting.setdefault(chat_id, {})[priority, key] = until

    def _hold(self, delivery: Delivery, claimed_at: datetime, now: datetime) -> datetime | None:
        """Until when this delivery must wait for its chat, or None where it may go.

        An earlier one that was put off goes first, unless this one was claimed when the earlier
        one could be claimed too: then it has been, or is no more.
        """
        chat, place = delivery.reader.chat, _place(delivery)
        waiting = self._waiting.pop(chat.id, {})
        waiting = {p: at for p, at in waiting.items() if p != place and at > claimed_at}
        if waiting:
            self._waiting[chat.id] = waiting
        if ahead := [at for other, at in waiting.items() if other < place]:
            return max(ahead) + timedelta(seconds=self._spacing(chat))
        wait = self._chat_wait(chat)
        return now + timedelta(seconds=wait) if wait > 0 else None


def _place(delivery: Delivery) -> _PLACE:
    return delivery.priority, delivery.key
