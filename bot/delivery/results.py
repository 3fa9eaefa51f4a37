"""What became of sends, on its way into the database: the outcome, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from bot.delivery.alerts import Alerts
from bot.delivery.breaker import Breaker
from bot.delivery.verdict import Again, Delivered, Ended, Verdict
from bot.model import Begun, Delivery, DeliveryState, Form
from bot.storage import broadcasts, outbox, readers
from bot.storage.database import Transaction

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Finished:
    """A delivery that was begun, and what is to be done about it now."""

    begun: Begun
    verdict: Verdict

    @property
    def delivery(self) -> Delivery:
        """Which."""
        return self.begun.delivery


@dataclass(frozen=True, slots=True)
class Halt:
    """A broadcast that is to be stopped; the chats that it closed may not have been at fault."""

    delivery: Delivery
    reason: str
    closed: tuple[int, ...]


Notice = Finished | Halt
"""What the administrators are to be told."""


class Results:
    """Results that wait to be written down."""

    def __init__(self, alerts: Alerts) -> None:
        self._alerts = alerts
        self._waiting: list[Finished] = []
        self._halts: list[Halt] = []
        self._recording = 0  # how many of these are being written down
        self._halted: set[int] = set()
        self._breaker = Breaker()

    def __iter__(self) -> Iterator[Finished]:
        """Those that wait."""
        return iter(self._waiting)

    def add(self, finished: Finished) -> None:
        """A send came to an end."""
        self._waiting.append(finished)
        if finished.begun.forced:  # it goes on whatever is refused, and says nothing of others
            return
        match finished.verdict:
            case Delivered():
                self._breaker.trips(refused=False)
            case Ended(state=DeliveryState.FAILED, reason=reason) as ended:
                delivery = finished.delivery
                closed = delivery.reader.chat.id if ended.closed else None
                tripped = self._breaker.trips(refused=True, closed_chat=closed)
                if tripped:
                    self._halted.add(delivery.broadcast_id)
                    self._halts.append(Halt(delivery, reason, self._breaker.reset()))
            case _:
                pass

    def take(self) -> list[Finished]:
        """Those that wait; whoever cannot write them down puts them back."""
        taken, self._waiting = self._waiting, []
        return taken

    def put_back(self, finished: Sequence[Finished]) -> None:
        """These could not be written down."""
        self._waiting[:0] = finished

    async def record(
        self, connection: Transaction, finished: Sequence[Finished], now: datetime
    ) -> list[Notice]:
        """Write results down, and what follows from them for readers and broadcasts.

        Returns:
            What administrators are to be told, once this is committed.
        """
        notices: list[Notice] = []
        if finished:
            await outbox.record(connection, [_result(each) for each in finished], now)
        for each in finished:
            match each.verdict:
                case Delivered() if each.delivery.missing_since is not None:
                    await readers.note_missing(connection, each.delivery.reader.chat.id, None)
                case Again() as again:
                    if await self._follow(connection, each.delivery, again):
                        notices.append(each)
                case Ended() as ended:
                    await self._end(connection, each.begun, ended, now)
                    if not ended.closed:
                        notices.append(each)
                case _:
                    pass
        halts = tuple(self._halts)  # one more may come while these are written
        self._recording = len(halts)
        for halt in halts:
            if await broadcasts.halt(connection, halt.delivery.broadcast_id):
                for chat_id in halt.closed:
                    await readers.activate_chat(connection, chat_id)
                notices.append(halt)
        return notices

    def committed(self) -> None:
        """What ``record`` wrote is safe."""
        del self._halts[: self._recording]
        self._recording = 0

    async def tell(self, notices: Sequence[Notice]) -> None:
        """Tell the administrators; what goes wrong with that stops nothing."""
        for notice in notices:
            try:
                await self._tell(notice)
            except Exception:  # noqa: BLE001 - pushes go on
                _log.exception("administrators not told")

    async def _tell(self, notice: Notice) -> None:
        match notice:
            case Halt(delivery=delivery, reason=reason):
                await self._alerts.halted(delivery, reason)
            case Finished(verdict=Again(reason=reason, form=form), delivery=delivery):
                if form is Form.PLAIN:
                    await self._alerts.rendering_refused(delivery.article_id, reason)
                else:
                    await self._alerts.picture_refused(delivery.article_id, reason)
            case Finished(verdict=Ended(reason=reason), delivery=delivery):
                await self._alerts.not_delivered(delivery, reason)

    async def _follow(self, connection: Transaction, delivery: Delivery, again: Again) -> bool:
        """What a refusal changes for the next try; whether somebody is to be told."""
        chat = delivery.reader.chat
        if again.moved_to is not None:
            await readers.move_chat(connection, chat.id, again.moved_to)
        if again.leave_topic:
            await readers.leave_topic(connection, delivery.reader.id)
        if again.form is not None and not again.here_only:
            return await broadcasts.set_form(connection, delivery.broadcast_id, again.form)
        return False

    async def _end(
        self, connection: Transaction, begun: Begun, ended: Ended, now: datetime
    ) -> None:
        delivery = begun.delivery
        chat_id = delivery.reader.chat.id
        if ended.missing and delivery.missing_since is None:
            await readers.note_missing(connection, chat_id, now)
        # When so many are refused at once, it is hardly the readers who closed their chats.
        if ended.closed and (begun.forced or delivery.broadcast_id not in self._halted):
            await readers.deactivate_chat(connection, chat_id, now)


def _result(finished: Finished) -> outbox.Result:
    delivery = finished.delivery
    match finished.verdict:
        case Delivered(message_id=number):
            revision = finished.begun.revision
            return outbox.Settled(delivery, DeliveryState.SENT, message_id=number, shown=revision)
        case Ended(state=state, reason=reason):
            return outbox.Settled(delivery, state, error=reason)
        case Again() as again:
            return outbox.PutOff(
                delivery,
                again.not_before,
                error=again.reason,
                doubtful=again.doubtful,
                counts=again.counts,
            )
