"""The sender: claims deliveries, commits the intent, sends, and records what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from math import ceil
from uuid import uuid4
from weakref import WeakValueDictionary

import structlog
from aiogram import Bot

from bot.delivery.alerts import Alerts
from bot.delivery.verdict import Again, Delivered, Ended, Verdict, verdict
from bot.errors import StorageError
from bot.i18n import Translators
from bot.model import Article, Delivery, Screen
from bot.storage import articles, outbox, readers
from bot.storage.database import Database
from bot.telegram import show
from bot.telegram.outcome import Doubtful, Failed, Outcome, RetryLater, Sent, Unsent, outcome
from bot.telegram.pace import Pacer
from bot.views.push import plain_push, push
from bot.waiting import rest

_log = structlog.get_logger(__name__)

_Step = Callable[[], Awaitable[bool]]

_FAN_OUT_BATCH = 2000
_IDLE_SECONDS = 0.5  # how often the outbox is looked at while nobody says that it has something
_BEAT_SECONDS = 5.0
_LEASE = timedelta(seconds=20)  # renewed at each beat: after a kill, the queue goes on this soon
_FEWEST_AT_ONCE, _MOST_AT_ONCE = 10, 100
_TYPICAL_ANSWER_SECONDS = 0.2
_KEPT_ARTICLES = 16
_RECORD_TRIES = 5


class Sender:
    """Empties the outbox. Several may run on one database: a lease says whose a delivery is."""

    def __init__(
        self,
        database: Database,
        bot: Bot,
        pacer: Pacer,
        translators: Translators,
        alerts: Alerts,
        *,
        rate: float,
    ) -> None:
        self._database = database
        self._bot = bot
        self._pacer = pacer
        self._translators = translators
        self._alerts = alerts
        self._lease = uuid4().hex
        most = round(rate * _TYPICAL_ANSWER_SECONDS)
        self._at_once = min(max(most, _FEWEST_AT_ONCE), _MOST_AT_ONCE)
        self._slots = asyncio.Semaphore(self._at_once)
        self._chats: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._waiting: dict[int, dict[int, datetime]] = {}  # by chat: see _hold
        self._in_hand: set[int] = set()
        self._articles: dict[int, Article] = {}
        self._reading = asyncio.Lock()
        self._fanned_out = asyncio.Event()
        self._plain: set[int] = set()
        self._setbacks = 0

    async def run(self, stop: asyncio.Event, published: asyncio.Event) -> None:
        """Send until ``stop``; then claim nothing more, await what is in flight, record it.

        Args:
            stop: set when it is to end.
            published: set by whoever stored a broadcast, to be looked at without delay. What is
                stored by others is found soon, too: the outbox is what tells.
        """
        finished = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._repeat(finished, self._beat, _BEAT_SECONDS))
            group.create_task(self._repeat(stop, self._fan_out, _IDLE_SECONDS, published))
            try:
                async with asyncio.TaskGroup() as sends:
                    step = partial(self._claim_and_send, sends, stop)
                    await self._repeat(stop, step, _IDLE_SECONDS, self._fanned_out)
            finally:
                finished.set()
        async with self._database.write() as connection:
            await outbox.release_leases(connection, self._lease)

    async def _repeat(
        self,
        stop: asyncio.Event,
        step: _Step,
        idle_seconds: float,
        wake: asyncio.Event | None = None,
    ) -> None:
        """Take a step again and again; rest where it says that there is nothing to do."""
        while not stop.is_set():
            if wake is not None:
                wake.clear()
            try:
                busy = await step()
            except StorageError:
                _log.exception("the outbox cannot be reached")
                busy = False
            if not busy:
                await rest(stop, idle_seconds, wake)

    async def _beat(self) -> bool:
        """Say that we live, and take over from those who do not."""
        now = datetime.now(UTC)
        async with self._database.write() as connection:
            await outbox.renew_leases(connection, self._lease, self._in_hand, now + _LEASE)
            found = await outbox.rescue(connection, now)
        if found != outbox.Rescue(0, 0, 0):
            _log.warning(
                "took over from a sender that ended",
                requeued=found.requeued,
                doubtful=found.doubtful,
                unknown=found.unknown,
            )
        return False

    async def _fan_out(self) -> bool:
        async with self._database.write() as connection:
            added = await outbox.fan_out(connection, datetime.now(UTC), _FAN_OUT_BATCH)
        if added:
            self._fanned_out.set()
        return added is not None

    async def _claim_and_send(self, sends: asyncio.TaskGroup, stop: asyncio.Event) -> bool:
        now = datetime.now(UTC)
        async with self._database.write() as connection:
            claimed = await outbox.claim(
                connection,
                lease=self._lease,
                now=now,
                until=now + _LEASE,
                limit=2 * self._at_once,
            )
        self._in_hand.update(delivery.id for delivery in claimed)
        for delivery in claimed:
            await self._slots.acquire()
            if stop.is_set():
                self._slots.release()
                break
            task = sends.create_task(self._take_turn(delivery, now, stop))
            task.add_done_callback(lambda _: self._slots.release())
        return bool(claimed)

    async def _take_turn(
        self, delivery: Delivery, claimed_at: datetime, stop: asyncio.Event
    ) -> None:
        """Wait for this delivery's turn; a chat gets its pushes one after another, in order."""
        chat = delivery.reader.chat
        lock = self._chats.setdefault(chat.id, asyncio.Lock())
        try:
            async with lock:
                if (later := self._hold(delivery, claimed_at)) is not None:
                    async with self._database.write() as connection:
                        await outbox.put_off(connection, delivery, later, counts=False)
                    self._waits(delivery, later)
                elif await self._pacer.turn(stop):
                    await self._deliver(delivery)
        except Exception:  # noqa: BLE001 - the others go on; its lease runs out, and it is tried anew
            _log.exception("delivery interrupted", delivery=delivery.id)
        finally:
            self._in_hand.discard(delivery.id)

    def _hold(self, delivery: Delivery, claimed_at: datetime) -> datetime | None:
        """Until when this delivery must wait for its chat, or None where it may go.

        An earlier one that was put off goes first, unless this one was claimed when the earlier
        one could be claimed too: then it has been, or is no more.
        """
        chat = delivery.reader.chat
        waiting = self._waiting.pop(chat.id, {})
        waiting = {n: at for n, at in waiting.items() if n != delivery.id and at > claimed_at}
        if waiting:
            self._waiting[chat.id] = waiting
        if ahead := [at for number, at in waiting.items() if number < delivery.id]:
            return max(ahead)
        wait = self._pacer.chat_wait(chat)
        return datetime.now(UTC) + timedelta(seconds=wait) if wait > 0 else None

    def _waits(self, delivery: Delivery, until: datetime) -> None:
        """This delivery was put off; it can be claimed from then on, but not before now."""
        moment = max(until, datetime.now(UTC))
        self._waiting.setdefault(delivery.reader.chat.id, {})[delivery.id] = moment

    async def _deliver(self, delivery: Delivery) -> None:
        delivery = replace(delivery, plain=delivery.plain or delivery.broadcast_id in self._plain)
        screen = await self._screen(delivery)
        async with self._database.write() as connection:
            if not await outbox.begin_send(connection, delivery, datetime.now(UTC)):
                return
        result: Outcome
        if isinstance(screen, Failed):
            result = screen
        elif (pause := self._pacer.paused_for()) > 0:
            result = RetryLater(ceil(pause))  # it began while the intent was being committed
        else:
            try:
                number = await show.send(
                    self._bot, delivery.reader.chat, screen, silent=delivery.doubtful
                )
                result = Sent(number)
            except Exception as error:  # noqa: BLE001 - whatever it is, it must be recorded
                result = outcome(error)
                _log.info("push not accepted", delivery=delivery.id, outcome=str(result))
        reached = verdict(result, delivery, datetime.now(UTC), self._setbacks)
        self._note(result)
        await self._record(delivery, reached)

    def _note(self, result: Outcome) -> None:
        """Count the pauses that bring nothing through; those in flight together count once."""
        if isinstance(result, Sent):
            self._setbacks = 0
        elif isinstance(result, Doubtful | Unsent) and self._pacer.paused_for() == 0:
            self._setbacks += 1

    async def _screen(self, delivery: Delivery) -> Screen | Failed:
        """What the reader is to see; an article that cannot be shown stops no other."""
        try:
            article = await self._article(delivery.article_id)
            t = self._translators[delivery.reader.locale]
            return plain_push(article, t) if delivery.plain else push(article, t)
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever breaks is told in the delivery
            _log.exception("article cannot be shown", article=delivery.article_id)
            return Failed(f"the article cannot be shown: {error}")

    async def _record(self, delivery: Delivery, reached: Verdict) -> None:
        refused_anew = False
        if isinstance(reached, Again):  # before it is written down: others are about to be sent
            if reached.pause:
                wait = reached.not_before - datetime.now(UTC)
                self._pacer.pause(wait.total_seconds())
            if reached.plain and delivery.broadcast_id not in self._plain:
                self._plain.add(delivery.broadcast_id)
                refused_anew = True
        for attempt in range(1, _RECORD_TRIES + 1):
            try:
                await self._write_down(delivery, reached)
                break
            except StorageError:
                _log.exception("outcome not recorded", delivery=delivery.id, attempt=attempt)
                await asyncio.sleep(attempt)
        if isinstance(reached, Again):
            self._waits(delivery, reached.not_before)
        if refused_anew and isinstance(reached, Again):
            await self._alerts.rendering_refused(delivery.article_id, reached.reason)
        if isinstance(reached, Ended) and not reached.closed:
            await self._alerts.not_delivered(delivery, reached.reason)

    async def _write_down(self, delivery: Delivery, reached: Verdict) -> None:
        now = datetime.now(UTC)
        async with self._database.write() as connection:
            match reached:
                case Delivered(message_id=number):
                    await outbox.record_sent(connection, delivery, number, now)
                case Ended():
                    await outbox.record_ended(
                        connection, delivery, reached.state, reached.reason, now
                    )
                    if reached.closed:
                        await readers.deactivate_chat(connection, delivery.reader.chat.id, now)
                case Again():
                    if reached.moved_to is not None:
                        old = delivery.reader.chat.id
                        await readers.move_chat(connection, old, reached.moved_to)
                    if reached.plain:
                        await outbox.mark_plain(connection, delivery.broadcast_id)
                    await outbox.put_off(
                        connection,
                        delivery,
                        reached.not_before,
                        error=reached.reason,
                        doubtful=reached.doubtful,
                        counts=reached.counts,
                    )

    async def _article(self, article_id: int) -> Article:
        """An article; the ones of late are kept, since a broadcast is one article many times."""
        async with self._reading:
            if article_id not in self._articles:
                async with self._database.read() as connection:
                    article = await articles.get_article(connection, article_id)
                if article is None:
                    raise StorageError(f"Article {article_id} of a delivery is missing.")
                while len(self._articles) >= _KEPT_ARTICLES:
                    del self._articles[next(iter(self._articles))]
                self._articles[article_id] = article
            return self._articles[article_id]
