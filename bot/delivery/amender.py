"""The amender: edits and deletes messages that were pushed, when their articles have changed.

It goes through the messages of a broadcast in the order of their readers, some at a time, and
writes down how far it is. Whatever it does may be done twice: a crash repeats a few edits that
change nothing.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil

import structlog
from aiogram import Bot

from bot.delivery.alerts import Alerts
from bot.delivery.amending import Deed, Done, Instead, Later, deed, follows
from bot.errors import StorageError
from bot.i18n import Translators
from bot.model import Article, Form, Screen
from bot.storage import amendments, opened, readers
from bot.storage.amendments import Amending, Amendment
from bot.storage.articles import get_article
from bot.storage.database import Database
from bot.telegram import show
from bot.telegram.outcome import Failed, Outcome, Sent, outcome
from bot.telegram.pace import Lane, Pacer
from bot.views.article import article_page, withdrawn
from bot.views.form import in_form
from bot.views.news import NewsList
from bot.views.push import push_in
from bot.waiting import rest

_log = structlog.get_logger(__name__)

_BATCH = 30
_IDLE_SECONDS = 0.5
_LONGEST_REST = timedelta(seconds=2)  # of a broadcast whose last messages have to wait
_FEWEST_AT_ONCE, _MOST_AT_ONCE = 4, 30
_TYPICAL_ANSWER_SECONDS = 0.2
_KEPT = 10_000  # messages whose next try is remembered
_FORGET_AFTER = timedelta(days=60)
_FORGET_EVERY = timedelta(hours=1)
_FORGOTTEN_AT_ONCE = 1000

_Key = tuple[int, int]  # a broadcast's number and a reader's


@dataclass(slots=True)
class _Batch:
    """What became of some messages of a broadcast: the readers' numbers, and what follows."""

    shown: list[int] = field(default_factory=list)
    deleted: list[int] = field(default_factory=list)
    closed: list[int] = field(default_factory=list)  # chats
    moved: list[tuple[int, int]] = field(default_factory=list)  # chats: from, to


class Amender:
    """Amends messages, behind everything else that leaves for Telegram. One works at a time."""

    def __init__(
        self,
        database: Database,
        bot: Bot,
        pacer: Pacer,
        translators: Translators,
        alerts: Alerts,
        *,
        rate: float,
        page_chars: int,
    ) -> None:
        self._database = database
        self._bot = bot
        self._pacer = pacer
        self._translators = translators
        self._alerts = alerts
        self._page_chars = page_chars
        most = ceil(rate * _TYPICAL_ANSWER_SECONDS)
        self._slots = asyncio.Semaphore(min(max(most, _FEWEST_AT_ONCE), _MOST_AT_ONCE))
        self._later: dict[_Key, datetime] = {}  # not to be tried before
        self._tries: dict[_Key, int] = {}  # that ended in doubt
        self._resting: dict[int, datetime] = {}  # broadcasts of which nothing can be done before
        self._forms: dict[int, Form] = {}
        self._forget_at = datetime.now(UTC)

    async def run(self, stop: asyncio.Event) -> None:
        """Amend until ``stop``; what is in flight then is awaited and written down."""
        while not stop.is_set():
            try:
                busy = self._pacer.paused_for() <= 0 and await self._step(stop)
            except StorageError:
                _log.exception("messages not amended")
                busy = False
            if not busy:
                await rest(stop, _IDLE_SECONDS)

    async def _step(self, stop: asyncio.Event) -> bool:
        """Amend the next messages of a broadcast; False where there is nothing to do now."""
        now = datetime.now(UTC)
        found = await self._next(now)
        if found is None:
            await self._forget(now)
            return False
        of, article, waiting = found
        batch = _Batch()
        turns = (
            self._amend(of, article, each, batch, stop)
            for each in waiting
            if self._later.get((of.broadcast_id, each.reader.id), now) <= now
        )
        await asyncio.gather(*turns)
        over = len(waiting) < _BATCH
        await self._record(of, article, batch, None if over else waiting[-1].reader.id)
        return True

    async def _next(self, now: datetime) -> tuple[Amending, Article, list[Amendment]] | None:
        """The newest broadcast of which something may be done now, its article, its messages."""
        async with self._database.read() as connection:
            found = await amendments.amending(connection)
            self._keep_only({each.broadcast_id for each in found})
            of = next((f for f in found if self._resting.get(f.broadcast_id, now) <= now), None)
            if of is None:
                return None
            article = await get_article(connection, of.article_id)
            if article is None:
                raise StorageError(f"Article {of.article_id} of a broadcast is missing.")
            waiting = await amendments.next_amendments(connection, of, article.revision, _BATCH)
        return of, article, waiting

    async def _record(
        self, of: Amending, article: Article, batch: _Batch, cursor: int | None
    ) -> None:
        now = datetime.now(UTC)
        async with self._database.write() as connection:
            left = await amendments.record_amendments(
                connection,
                of,
                article.revision,
                shown=batch.shown,
                deleted=batch.deleted,
                cursor=cursor,
            )
            for chat_id in batch.closed:
                await readers.deactivate_chat(connection, chat_id, now)
            for old, new in batch.moved:
                await readers.move_chat(connection, old, new)
        if left is None:
            _log.info("messages amended", article=article.id, revision=article.revision)
        elif cursor is None:  # it is gone through again, when the first that wait may be tried
            waits = [at for (number, _), at in self._later.items() if number == of.broadcast_id]
            self._resting[of.broadcast_id] = min([*waits, now + _LONGEST_REST])

    # --- One message -----------------------------------------------------------------------------

    async def _amend(
        self,
        of: Amending,
        article: Article,
        message: Amendment,
        batch: _Batch,
        stop: asyncio.Event,
    ) -> None:
        """Amend one message, in another way where the first is refused."""
        gone = article.withdrawn_at is not None
        what = deed(message, article.id, datetime.now(UTC), withdrawn=gone)
        if what is Deed.LEAVE:
            batch.shown.append(message.reader.id)
            return
        key = (of.broadcast_id, message.reader.id)
        form = max(of.form, self._forms.get(of.broadcast_id, Form.FULL))
        async with self._slots:
            if (wait := self._pacer.chat_wait(message.reader.chat)) > 0:
                self._put_off(key, wait)
                return
            while await self._pacer.turn(Lane.AMENDMENT, stop):
                became = await self._ask(what, article, message, form)
                match follows(became, what, form, self._tries.get(key, 0)):
                    case Instead() as instead:
                        what, form = instead.deed, instead.form
                        await self._note_form(of, article, instead)
                    case Later() as later:
                        self._wait(key, message, later)
                        return
                    case Done() as done:
                        self._settle(key, what, message, done, batch)
                        return

    async def _ask(self, what: Deed, article: Article, message: Amendment, form: Form) -> Outcome:
        chat, number = message.reader.chat, message.message_id
        screen = None
        if what is not Deed.DELETE:
            try:
                screen = await self._screen(what, article, message, form)
            except Exception as error:  # noqa: BLE001 - one article must not stop the others
                _log.exception("article cannot be shown", article=article.id)
                return Failed(f"the article cannot be shown: {error}")
        try:
            if screen is None:
                await show.delete(self._bot, chat, number)
            else:
                await show.amend(self._bot, chat, number, screen)
        except Exception as error:  # noqa: BLE001 - whatever it is, something follows from it
            return outcome(error)
        return Sent(number)

    async def _screen(self, what: Deed, article: Article, message: Amendment, form: Form) -> Screen:
        t = self._translators[message.reader.locale]
        match what:
            case Deed.SHOW_PUSH:
                return push_in(form, article, t, muted=message.muted)
            case Deed.SHOW_PAGE:
                # Cutting a long article takes a while, which must not keep everybody else waiting.
                screen, _ = await asyncio.to_thread(
                    article_page, article, message.page, NewsList(), t, self._page_chars
                )
                return in_form(screen, form)
            case _:
                return withdrawn(t)

    async def _note_form(self, of: Amending, article: Article, instead: Instead) -> None:
        """All of this article go out in this form from now on; the first refusal is told."""
        before = self._forms.get(of.broadcast_id, Form.FULL)
        if instead.here_only or instead.form <= before:
            return
        self._forms[of.broadcast_id] = instead.form
        if instead.tell is not None:
            await self._alerts.rendering_refused(article.id, instead.tell)

    def _wait(self, key: _Key, message: Amendment, later: Later) -> None:
        chat = message.reader.chat
        if later.flood:
            self._pacer.flood(chat.id, later.seconds)
        elif later.pause:
            self._pacer.pause(later.seconds)
        if later.counts:
            self._tries[key] = self._tries.get(key, 0) + 1
        self._put_off(key, later.seconds)

    def _put_off(self, key: _Key, seconds: float) -> None:
        if len(self._later) >= _KEPT:
            self._later.clear()
        self._later[key] = datetime.now(UTC) + timedelta(seconds=seconds)

    def _settle(self, key: _Key, what: Deed, message: Amendment, done: Done, batch: _Batch) -> None:
        self._later.pop(key, None)
        self._tries.pop(key, None)
        number, chat = message.reader.id, message.reader.chat
        if what is Deed.DELETE and done == Done():
            batch.deleted.append(number)
        else:
            batch.shown.append(number)
        if done.closed:
            batch.closed.append(chat.id)
        if done.moved_to is not None:
            batch.moved.append((chat.id, done.moved_to))
        if done.reason is not None:
            _log.info("message not amended", reader=number, reason=done.reason)

    # --- Keeping house ---------------------------------------------------------------------------

    def _keep_only(self, broadcasts: set[int]) -> None:
        """Forget what is remembered of broadcasts that are done with."""
        if not broadcasts >= self._resting.keys() | self._forms.keys():
            self._resting = {b: at for b, at in self._resting.items() if b in broadcasts}
            self._forms = {b: form for b, form in self._forms.items() if b in broadcasts}
        if self._later or self._tries:
            self._later = {k: at for k, at in self._later.items() if k[0] in broadcasts}
            self._tries = {k: tries for k, tries in self._tries.items() if k[0] in broadcasts}

    async def _forget(self, now: datetime) -> None:
        """Delete what was opened long ago, in small steps."""
        if now < self._forget_at:
            return
        async with self._database.write() as connection:
            gone = await opened.forget_opened(connection, now - _FORGET_AFTER, _FORGOTTEN_AT_ONCE)
        if gone < _FORGOTTEN_AT_ONCE:
            self._forget_at = now + _FORGET_EVERY
