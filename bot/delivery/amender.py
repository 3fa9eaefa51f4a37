"""The amender: edits and deletes messages that were pushed, when their articles have changed.

It goes through the messages of a broadcast in the order of their readers, some at a time, and
writes down how far it is; behind the last it looks for what was passed over. Whatever it does may
be done twice: a crash repeats a few edits that change nothing.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from math import ceil

import structlog
from aiogram import Bot

from bot.delivery.alerts import Alerts
from bot.delivery.amending import Deed, Done, Instead, Later, Past, deed, follows
from bot.errors import StorageError
from bot.i18n import Translators
from bot.model import Article, Form, Screen
from bot.storage import amendments, opened, readers
from bot.storage.amendments import END, Amending, Amendment
from bot.storage.articles import get_article
from bot.storage.database import Database
from bot.telegram import show
from bot.telegram.outcome import (
    Doubtful,
    Failed,
    Outcome,
    Sent,
    Unchanged,
    Uneditable,
    outcome,
)
from bot.telegram.pace import Lane, Pacer
from bot.views.article import article_page, withdrawn
from bot.views.form import in_form
from bot.views.news import NewsList
from bot.views.push import push_in
from bot.waiting import rest

_log = structlog.get_logger(__name__)

_BATCH = 30
_IDLE_SECONDS = 0.5
_SHORTEST_REST = timedelta(seconds=2)  # of a broadcast whose last messages have to wait
_MOST_RESTING = 1000  # all of these are named in a query
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
        self._past: dict[_Key, Past] = {}
        self._soonest: dict[int, datetime] = {}  # when the first passed over in a pass may be tried
        self._resting: dict[int, datetime] = {}  # broadcasts of which nothing can be done before
        self._setbacks = 0
        self._rests_until = datetime.now(UTC)  # since nothing gets through
        self._forms: dict[int, Form] = {}
        self._forget_at = datetime.now(UTC)

    async def run(self, stop: asyncio.Event) -> None:
        """Amend until ``stop``; what is in flight then is awaited and written down."""
        while not stop.is_set():
            try:
                waits = self._pacer.paused_for() > 0 or self._rests()
                busy = not waits and await self._step(stop)
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
        turns = []
        for each in waiting:
            key = (of.broadcast_id, each.reader.id)
            if (at := self._later.get(key, now)) > now:
                self._pass_over(key, at)
            else:
                turns.append(self._amend(of, article, each, batch, stop))
        await asyncio.gather(*turns)
        cursor: int | None = END
        if len(waiting) == _BATCH:
            cursor = waiting[-1].reader.id
        elif not waiting and of.cursor == END:
            cursor = None
        await self._record(of, article, batch, cursor)
        return True

    async def _next(self, now: datetime) -> tuple[Amending, Article, list[Amendment]] | None:
        """The newest broadcast of which something may be done now, its article, its messages."""
        self._resting = {number: at for number, at in self._resting.items() if at > now}
        async with self._database.read() as connection:
            of = await amendments.amending(connection, self._resting)
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
        async with self._database.write() as connection:
            left = await amendments.record_amendments(
                connection,
                of,
                article.revision,
                shown=batch.shown,
                deleted=batch.deleted,
                cursor=cursor,
            )
            for old, new in batch.moved:
                await readers.move_chat(connection, old, new)
        if left is None:
            _log.info("messages amended", article=article.id, revision=article.revision)
            self._done_with(of.broadcast_id)
        elif left == END and (at := self._soonest.pop(of.broadcast_id, None)) is not None:
            if len(self._resting) >= _MOST_RESTING:
                self._resting.clear()
            self._resting[of.broadcast_id] = max(at, datetime.now(UTC) + _SHORTEST_REST)

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
        key = (of.broadcast_id, message.reader.id)
        gone = article.withdrawn_at is not None
        if deed(message, article.id, datetime.now(UTC), withdrawn=gone) is Deed.LEAVE:
            batch.shown.append(message.reader.id)
            return
        form = max(of.form, self._forms.get(of.broadcast_id, Form.FULL))
        deletable = True
        async with self._slots:
            if (wait := self._pacer.chat_wait(message.reader.chat)) > 0:
                self._put_off(key, wait)
                return
            while not self._rests() and await self._pacer.turn(Lane.AMENDMENT, stop):
                # Its turn may have been long in coming, and its reader may have pressed meanwhile.
                seen = await self._look(of, article, message)
                if seen is None:
                    return
                what = deed(
                    seen, article.id, datetime.now(UTC), withdrawn=gone, deletable=deletable
                )
                if what is Deed.LEAVE:
                    batch.shown.append(message.reader.id)
                    return
                became = await self._ask(what, article, seen, form)
                past = self._past.get(key, Past())
                next_ = follows(became, what, form, past, self._setbacks)
                self._note(became)
                match next_:
                    case Instead() as instead:
                        deletable &= instead.deed is what
                        form = instead.form
                        await self._note_form(of, article, instead)
                    case Later() as later:
                        self._wait(key, seen, later)
                        return
                    case Done() as done:
                        self._settle(key, what, seen, done, batch)
                        return
            self._pass_over(key, datetime.now(UTC))

    async def _look(self, of: Amending, article: Article, message: Amendment) -> Amendment | None:
        """What the message shows now; None where there is nothing to do with it."""
        number = message.reader.id
        try:
            async with self._database.read() as connection:
                return await amendments.amendment(connection, of, article.revision, number)
        except StorageError:
            _log.exception("message not looked at", reader=number)
            self._pass_over((of.broadcast_id, number), datetime.now(UTC))
            return None

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
                as_sent = replace(article, section=message.section)
                return push_in(form, as_sent, t, muted=message.muted)
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
        if later.rest:
            until = datetime.now(UTC) + timedelta(seconds=later.rest)
            self._rests_until = max(self._rests_until, until)
        if later.past is not None:
            self._past[key] = later.past
        self._put_off(key, later.seconds)

    def _note(self, became: Outcome) -> None:
        """Count the failures in a row; those in flight together count once."""
        if isinstance(became, Sent | Unchanged | Uneditable):
            self._setbacks = 0
        elif isinstance(became, Doubtful) and not self._rests():
            self._setbacks += 1

    def _rests(self) -> bool:
        return datetime.now(UTC) < self._rests_until

    def _put_off(self, key: _Key, seconds: float) -> None:
        if len(self._later) >= _KEPT:
            self._later.clear()
        at = self._later[key] = datetime.now(UTC) + timedelta(seconds=seconds)
        self._pass_over(key, at)

    def _pass_over(self, key: _Key, at: datetime) -> None:
        """It is come back to at the end of the pass, when the first of these may be tried."""
        number, _ = key
        self._soonest[number] = min(at, self._soonest.get(number, at))

    def _settle(self, key: _Key, what: Deed, message: Amendment, done: Done, batch: _Batch) -> None:
        self._later.pop(key, None)
        self._past.pop(key, None)
        number, chat = message.reader.id, message.reader.chat
        if what is Deed.DELETE and done == Done():
            batch.deleted.append(number)
        else:
            batch.shown.append(number)
        if done.moved_to is not None:
            batch.moved.append((chat.id, done.moved_to))
        if done.reason is not None:
            _log.info("message not amended", reader=number, reason=done.reason)

    # --- Keeping house ---------------------------------------------------------------------------

    def _done_with(self, broadcast: int) -> None:
        """Forget what is remembered of a broadcast."""
        self._forms.pop(broadcast, None)
        self._soonest.pop(broadcast, None)
        self._later = {key: at for key, at in self._later.items() if key[0] != broadcast}
        self._past = {key: past for key, past in self._past.items() if key[0] != broadcast}

    async def _forget(self, now: datetime) -> None:
        """Delete what was opened long ago, in small steps."""
        if now < self._forget_at:
            return
        async with self._database.write() as connection:
            gone = await opened.forget_opened(connection, now - _FORGET_AFTER, _FORGOTTEN_AT_ONCE)
        if gone < _FORGOTTEN_AT_ONCE:
            self._forget_at = now + _FORGET_EVERY
