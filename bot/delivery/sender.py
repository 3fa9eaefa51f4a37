"""The sender: claims deliveries, commits the intent, sends, and records what became of it.

All that it writes is written by one loop, a transaction for whatever there is at that moment: the
more leaves, the more goes into each. What is begun waits for its turn and is sent by a task of its
own, which leaves its result for the next transaction.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from math import ceil
from typing import TypeVar

import structlog
from aiogram import Bot
from aiogram.exceptions import AiogramError

from bot.delivery.alerts import Alerts
from bot.delivery.cards import Cards
from bot.delivery.line import Line
from bot.delivery.results import Finished, Results
from bot.delivery.verdict import Again, Ended, Verdict, verdict
from bot.errors import StorageError, TokenRefusedError
from bot.i18n import Translators
from bot.model import Begun, Delivery, DeliveryKey, OnUnknown, Priority
from bot.storage import broadcasts, outbox, pauses, revisions
from bot.storage.audience import going
from bot.storage.database import Database, Transaction
from bot.telegram import show
from bot.telegram.outcome import Doubtful, Failed, Outcome, Sent, Stop, Unsent, outcome
from bot.telegram.pace import Lane, Pacer
from bot.telegram.prepared import Prepared, send_prepared
from bot.waiting import rest

T = TypeVar("T")

_log = structlog.get_logger(__name__)

_IDLE_SECONDS = 0.5  # how often the outbox is looked at while nobody says that it has something
_TOGETHER_SECONDS = 0.02  # what comes within it is written down together
_HOUSE_SECONDS = 5.0
_RETRY_SECONDS = 1.0
_PAID_RATE = 1000.0
_FEWEST_AT_ONCE, _MOST_AT_ONCE = 10, 100
_TYPICAL_ANSWER_SECONDS = 0.2
_AHEAD_SECONDS = 0.1  # of the pace: how much is begun before its turn has come
_PRUNED_AT_ONCE, _REVISIONS_AT_ONCE, _PRUNINGS = 1000, 100, 10


@dataclass(frozen=True, slots=True)
class Policy:
    """What an operator decides about sending.

    Attributes:
        rate: pushes per second at most.
        on_unknown: what becomes of a send whose answer never came.
        paid: whether breaking news leave with Telegram's paid option.
        retention: how long deliveries are kept, so that their messages can be corrected.
    """

    rate: float = 25.0
    on_unknown: OnUnknown = OnUnknown.RESEND
    paid: bool = False
    retention: timedelta = timedelta(days=30)


class Sender:
    """Empties the outbox. One works at a time: its ``lease`` is a term that nobody had before.

    Attributes:
        ready: set when the waits that were asked for before are obeyed; nothing is to leave
            earlier.
    """

    def __init__(
        self,
        database: Database,
        bot: Bot,
        pacer: Pacer,
        translators: Translators,
        alerts: Alerts,
        policy: Policy,
        *,
        lease: int,
    ) -> None:
        self._database = database
        self._bot = bot
        self._pacer = pacer
        self._policy = policy
        self._lease = lease
        self._line = Line(pacer.chat_wait, pacer.spacing)
        self._cards = Cards(database, translators, partial(show.prepare, bot))
        self._results = Results(alerts)
        self._flying: dict[DeliveryKey, Delivery] = {}  # begun, and its end not yet written down
        self._turns = 0  # how many of these wait for their turn
        self._long_waits: dict[int, datetime] = {}  # not yet written down
        self._wake = asyncio.Event()
        self._setbacks = 0
        self._suspicious = False
        self._fresh = False  # whether something was published that no claim has looked for
        self.ready = asyncio.Event()
        self._unsure = True  # whether the database may hold more in our name than we know of

    async def run(self, stop: asyncio.Event, published: asyncio.Event) -> None:
        """Send until ``stop``; then begin nothing more, await what is in flight, record it.

        Args:
            stop: set when it is to end.
            published: set by whoever stored a broadcast, to be looked at without delay. What is
                stored by others is found soon, too: the outbox is what tells.

        Raises:
            TokenRefusedError: Telegram refuses the token.
        """
        await self._take_over(stop)
        self.ready.set()
        refused = False
        try:
            async with asyncio.TaskGroup() as tasks:
                house = tasks.create_task(self._keep_house(stop))
                while not refused and (not stop.is_set() or self._flying):
                    self._wake.clear()
                    self._fresh |= published.is_set()
                    published.clear()
                    began = time.monotonic()
                    busy = await self._try(self._cycle(tasks, stop))
                    if self._suspicious:
                        refused = await self._token_is_refused()
                    if not busy and not refused:
                        await self._rest(stop, published)
                    if self._flying:  # what comes within a moment is written down together
                        left = _TOGETHER_SECONDS - (time.monotonic() - began)
                        await asyncio.sleep(max(left, 0))
                house.cancel()
        finally:
            await self._let_go()
        if refused:
            raise TokenRefusedError

    # --- A cycle ---------------------------------------------------------------------------------

    async def _cycle(self, tasks: asyncio.TaskGroup, stop: asyncio.Event) -> bool:
        """Write down what has ended, claim and begin what may go; False where nothing was to do."""
        finished = self._results.take()
        self._take_long_waits()
        room = 0 if stop.is_set() else self._room()
        to_write = finished or self._long_waits
        if not to_write and not (room and (self._fresh or await self._has_work())):
            return False
        begun: list[Begun] = []
        try:
            async with self._database.write() as connection:
                # Only now: to get here may have taken long, and much may have changed meanwhile.
                now = datetime.now(UTC)
                room = 0 if stop.is_set() else self._room()
                if self._unsure:
                    ended = {each.delivery.key for each in (*finished, *self._results)}
                    under_way = (d for key, d in self._flying.items() if key not in ended)
                    self._line.reset(under_way)
                    await outbox.release(connection, self._lease, now, keep=self._flying)
                notices = await self._results.record(connection, finished, now)
                await self._keep_long_waits(connection)
                if room:
                    begun = await self._begin(connection, room, now)
        except BaseException:
            self._results.put_back(finished)
            self._unsure = True
            raise
        self._unsure = False
        self._long_waits.clear()
        self._results.committed()
        for end in finished:
            self._flying.pop(end.delivery.key, None)
        if notices:
            tasks.create_task(self._results.tell(notices))
        for each in begun:
            self._flying[each.delivery.key] = each.delivery
            self._turns += 1
            tasks.create_task(self._send(each, stop))
        return bool(finished or begun)

    async def _begin(self, connection: Transaction, room: int, now: datetime) -> list[Begun]:
        """Claim where the line is short, and begin up to ``room`` of it."""
        at_once, _ = self._sizes_now()
        if self._fresh or len(self._line) < at_once:
            claimed = await outbox.claim(connection, lease=self._lease, now=now, limit=2 * at_once)
            self._line.add(claimed, now)
            self._fresh = False
        chosen, held = self._line.take(room, now)
        await outbox.record(connection, held, now)
        begun = await outbox.begin(connection, chosen, now) if chosen else []
        going = {each.delivery.key for each in begun}
        for delivery in chosen:
            if delivery.key not in going:
                self._line.done(delivery)
        return begun

    def _take_long_waits(self) -> None:
        """What Telegram asked of whoever sends: answers and edits, too."""
        now = datetime.now(UTC)
        for chat_id, seconds in self._pacer.take_long_waits().items():
            self._long_waits[chat_id] = now + timedelta(seconds=seconds)

    async def _keep_long_waits(self, connection: Transaction) -> None:
        for chat_id, until in self._long_waits.items():
            await pauses.keep_pause(connection, chat_id, until)

    def _room(self) -> int:
        """How many more may be begun now."""
        if self._pacer.paused_for() > 0:
            return 0
        at_once, ahead = self._sizes_now()
        return max(0, min(ahead - self._turns, at_once - len(self._flying)))

    def _sizes_now(self) -> tuple[int, int]:
        """How many may be under way, and how many of these may wait for their turn."""
        breaking = self._policy.paid and (
            self._line.begins_with(Priority.BREAKING)
            or any(each.priority is Priority.BREAKING for each in self._flying.values())
        )
        return _sizes(_PAID_RATE if breaking else self._policy.rate)

    async def _has_work(self) -> bool:
        if self._unsure or self._line.may_go():
            return True
        async with self._database.read() as connection:
            return bool(await going(connection, datetime.now(UTC)))

    async def _rest(self, stop: asyncio.Event, published: asyncio.Event) -> None:
        pause = self._pacer.paused_for()
        seconds = min(_IDLE_SECONDS, pause) if pause > 0 else _IDLE_SECONDS
        if stop.is_set():
            await rest(asyncio.Event(), seconds, self._wake)  # what is in flight still ends
        else:
            await rest(stop, seconds, self._wake, published)

    # --- One delivery ----------------------------------------------------------------------------

    async def _send(self, begun: Begun, stop: asyncio.Event) -> None:
        """Wait for this delivery's turn, send it, and leave what became of it."""
        delivery = begun.delivery
        breaking = delivery.priority is Priority.BREAKING
        result: Outcome | None = None
        try:
            try:
                await self._cards.card(begun)  # made ready while it waits
                went = await self._pacer.turn(Lane.BREAKING if breaking else Lane.NEWS, stop)
            finally:
                self._turns -= 1
                self._wake.set()
            if went:
                # A refusal may have come since it was begun.
                begun = replace(begun, form=self._cards.form(begun))
                card = await self._cards.card(begun)
                paid = breaking and self._policy.paid
                result = card if isinstance(card, Failed) else await self._ask(begun, card, paid)
        except StorageError as error:
            _log.warning("article not read", article=delivery.article_id, error=str(error))
        self._finish(begun, result)

    async def _ask(self, begun: Begun, card: Prepared, paid: bool) -> Outcome:  # noqa: FBT001
        delivery = begun.delivery
        asked = time.monotonic()
        try:
            number = await send_prepared(
                self._bot, delivery.reader.chat, card, silent=delivery.doubts > 0, paid=paid
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, it must be recorded
            result = outcome(error)
            _log.info("push not accepted", reader=delivery.reader.id, outcome=str(result))
            return result
        self._pacer.answered(time.monotonic() - asked)
        return Sent(number)

    def _finish(self, begun: Begun, result: Outcome | None) -> None:
        """Decide what follows; where nothing was asked (None), it goes back to the queue."""
        now = datetime.now(UTC)
        delivery = begun.delivery
        if result is None:
            later = now + timedelta(seconds=self._pacer.paused_for())
            reached: Verdict = Again(later, "its turn did not come", counts=False)
        else:
            reached = verdict(result, begun, now, self._setbacks, self._policy.on_unknown)
            self._note(result)
        until = None
        if isinstance(reached, Again):
            until = reached.not_before
            seconds = (until - now).total_seconds()
            if reached.flood:
                self._pacer.flood(delivery.reader.chat.id, seconds)
            elif reached.pause:
                self._pacer.pause(seconds)
            if reached.form is not None and not reached.here_only:
                self._cards.refused(delivery.broadcast_id, reached.form)
            elif reached.here_only:
                self._cards.refused_here(delivery.key)
            self._suspicious |= reached.stop
        elif isinstance(reached, Ended) and reached.pause:
            self._pacer.pause(reached.pause.total_seconds())
        self._line.done(delivery, until)
        self._results.add(Finished(begun, reached))
        self._wake.set()

    def _note(self, result: Outcome) -> None:
        """Count the failures that bring nothing through; those in a pause together count once."""
        if isinstance(result, Sent):
            self._setbacks = 0
        elif isinstance(result, Doubtful | Unsent) and self._pacer.paused_for() == 0:
            self._setbacks += 1

    # --- Beginning, end, and what is done beside -------------------------------------------------

    async def _take_over(self, stop: asyncio.Event) -> None:
        """Obey the waits that were asked for before, and settle what other holders left."""
        while not stop.is_set():
            found = await self._try(self._look_back())
            if found is not None:
                break
            await rest(stop, _RETRY_SECONDS)

    async def _look_back(self) -> bool:
        async with self._database.write() as connection:
            now = datetime.now(UTC)
            found = await outbox.rescue(connection, self._lease, self._policy.on_unknown, now)
            waits = await pauses.pauses(connection, now)
            behind = await outbox.put_off(connection, now)
        for each in behind:
            self._line.put_off(each.chat_id, each.priority, each.key, each.until)
        for chat_id, until in waits.items():
            seconds = (until - now).total_seconds()
            if chat_id == pauses.ALL:
                _log.warning("Telegram asked to wait before the last stop", seconds=seconds)
                self._pacer.pause(seconds)
            else:
                self._pacer.close_chat(chat_id, seconds)
        if found != outbox.Rescue(0, 0, 0):
            _log.warning(
                "took over from a sender that ended",
                requeued=found.requeued,
                doubtful=found.doubtful,
                unknown=found.unknown,
            )
        return True

    async def _let_go(self) -> None:
        """Write down what is known, and put back what was not begun."""
        finished = self._results.take()
        self._take_long_waits()
        async with self._database.write() as connection:
            now = datetime.now(UTC)
            await self._results.record(connection, finished, now)
            await self._keep_long_waits(connection)
            unknown = self._flying.keys() - {each.delivery.key for each in finished}
            await outbox.release(connection, self._lease, now, keep=unknown)

    async def _keep_house(self, stop: asyncio.Event) -> None:
        """Find what is over, and forget what is old, in small steps."""
        while not stop.is_set():
            await self._try(self._tidy())
            await rest(stop, _HOUSE_SECONDS)

    async def _tidy(self) -> None:
        async with self._database.write() as connection:
            now = datetime.now(UTC)
            # Whoever was frozen while it led may have claimed something since we took over.
            await outbox.rescue(connection, self._lease, self._policy.on_unknown, now)
            await broadcasts.settle_broadcasts(connection, now)
            await pauses.forget_pauses(connection, now)
        before = now - self._policy.retention
        for _ in range(_PRUNINGS):
            async with self._database.write() as connection:
                more = await broadcasts.prune(connection, before, _PRUNED_AT_ONCE)
                more |= await revisions.prune(connection, before, _REVISIONS_AT_ONCE)
                if not more:
                    break

    async def _token_is_refused(self) -> bool:
        """Telegram refuses what we ask: only its word on who we are says that it is the token."""
        self._suspicious = False
        try:
            await self._bot.get_me()
        except AiogramError as error:
            return isinstance(outcome(error), Stop)
        return False

    async def _try(self, step: Awaitable[T]) -> T | None:
        """The result of a step, or None where the database does not answer."""
        try:
            return await step
        except StorageError:
            _log.exception("the outbox cannot be reached")
            return None


def _sizes(rate: float) -> tuple[int, int]:
    """How many may be under way at a pace, and how many of these may wait for their turn."""
    most = round(rate * _TYPICAL_ANSWER_SECONDS)
    at_once = min(max(most, _FEWEST_AT_ONCE), _MOST_AT_ONCE)
    return at_once, min(max(ceil(rate * _AHEAD_SECONDS), 2), at_once)
