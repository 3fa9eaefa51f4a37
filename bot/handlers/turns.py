"""Kept updates take their turns: handled once each, in order within a chat, chats side by side."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import structlog
from aiogram import Bot, Dispatcher
from aiogram.types import Update
from pydantic import ValidationError

from bot.errors import StorageError
from bot.handlers.edge import StoppedError, answer_press
from bot.handlers.marks import Marks
from bot.storage import incoming
from bot.storage.database import Database
from bot.storage.incoming import BEFORE_ALL_CHATS, WaitingUpdate
from bot.telegram.session import safe_loads
from bot.telegram.updates import RawUpdate
from bot.waiting import rest

_log = structlog.get_logger(__name__)

_LOOK_SECONDS = 0.2  # another process may have kept something
_RETRY_SECONDS = 1.0
_IN_MEMORY = 1000  # updates; a backlog of any length waits in the database
_OF_ONE_CHAT = 8
_BATCH = 100
# How many are handled at the same time; some wait until Telegram lets them go on. Those that an
# earlier process ended with are handled fewer at a time, so that the one that ends it gets alone.
_AT_ONCE = (100, 8, 1)
_STARTS = len(_AT_ONCE)
_TRIES = 30  # of an update that the database refuses while it takes everything else
_FATAL = f"handling it was begun {_STARTS} times, and each time the process ended before it did"
_FAULTS_NAMED = 3


@dataclass(slots=True)
class _Line:
    """The updates of a chat that are in memory; ``more`` where others of it wait."""

    updates: deque[WaitingUpdate]
    numbers: frozenset[int]
    more: bool


class Turns:
    """Has the dispatcher handle what was kept; what cannot be handled is put aside.

    Any process may keep updates; only one at a time may run this.

    Args:
        database: where they are kept.
        bot: the connection to Telegram.
        dispatcher: what handles them.
        look_seconds: how often to look for what nobody told us of.
    """

    def __init__(
        self,
        database: Database,
        bot: Bot,
        dispatcher: Dispatcher,
        *,
        look_seconds: float = _LOOK_SECONDS,
    ) -> None:
        self._database = database
        self._bot = bot
        self._dispatcher = dispatcher
        self._look_seconds = look_seconds
        self._marks = Marks(database)
        self._lines: dict[int, _Line] = {}  # of the chats whose turn it is
        self._in_memory = 0
        self._room = asyncio.Event()
        self._slots = [asyncio.Semaphore(count) for count in _AT_ONCE]

    async def run(self, arrived: asyncio.Event, stop: asyncio.Event) -> None:
        """Handle updates until ``stop``, what an earlier process left first; finish what has begun.

        It goes round the chats by their numbers and takes a few updates of each. So memory holds
        a bounded part, and nobody waits longer because somebody else has a long backlog.

        Args:
            arrived: set when something was kept, and here when there is reason to look again.
            stop: set when nothing new is to be begun; what waits is kept for the next start.
        """
        last_chat = BEFORE_ALL_CHATS
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                await self._marks.try_again()
                if self._is_crowded():
                    self._room.clear()
                    await rest(stop, _RETRY_SECONDS, self._room)
                    continue
                if last_chat == BEFORE_ALL_CHATS:
                    arrived.clear()
                # As it is before the look: what the look finds may end meanwhile.
                busy, ended = frozenset(self._lines), self._marks.ended()
                found = await self._look(last_chat)
                if found is None:
                    await rest(stop, _RETRY_SECONDS)
                    continue
                waiting = [update for update in found if update.update_id not in ended]
                full = len(found) == _BATCH
                last_chat = found[-1].chat_id if full else BEFORE_ALL_CHATS
                for chat, updates in groupby(waiting, lambda update: update.chat_id):
                    cut = full and chat == last_chat
                    if chat in busy:
                        self._note_more(chat, list(updates), arrived, cut=cut)
                    else:
                        line = self._line_up(chat, list(updates), cut=cut)
                        group.create_task(self._work_off(chat, line, arrived, stop))
                if not full:
                    await rest(stop, self._look_seconds, arrived)
            await self._marks.release()

    def _is_crowded(self) -> bool:
        return self._in_memory + len(self._marks.ended()) + _BATCH > _IN_MEMORY

    async def _look(self, after_chat: int) -> list[WaitingUpdate] | None:
        try:
            async with self._database.read() as connection:
                return await incoming.waiting_updates(
                    connection, after_chat=after_chat, of_one_chat=_OF_ONE_CHAT + 1, limit=_BATCH
                )
        except StorageError:
            _log.exception("updates not read")
            return None

    def _line_up(self, chat: int, updates: Sequence[WaitingUpdate], *, cut: bool) -> _Line:
        taken = updates[:_OF_ONE_CHAT]
        line = _Line(
            deque(taken),
            frozenset(update.update_id for update in taken),
            more=cut or len(updates) > len(taken),
        )
        self._lines[chat] = line
        self._in_memory += len(taken)
        return line

    def _note_more(
        self, chat: int, updates: Sequence[WaitingUpdate], arrived: asyncio.Event, *, cut: bool
    ) -> None:
        """See to it that what waits of a chat in its turn is looked for after the turn."""
        line = self._lines.get(chat)
        if line is None:  # the turn ended during the look
            arrived.set()
        elif cut or any(update.update_id not in line.numbers for update in updates):
            line.more = True

    async def _work_off(
        self, chat: int, line: _Line, arrived: asyncio.Event, stop: asyncio.Event
    ) -> None:
        """Handle the updates of a line, one after the other."""
        while line.updates and not stop.is_set():
            starts = min(line.updates[0].attempt, _STARTS - 1)
            async with self._slots[starts]:
                if not stop.is_set():
                    await self._take_turn(line.updates[0], _following(line), stop)
            line.updates.popleft()
            self._leave(1)
        if line.updates:  # it may have begun with the end of the one before it
            await self._marks.release(line.updates[0].update_id)
        self._leave(len(line.updates))
        del self._lines[chat]
        if line.more:
            arrived.set()

    def _leave(self, count: int) -> None:
        self._in_memory -= count
        if not self._is_crowded():
            self._room.set()

    async def _take_turn(
        self, update: WaitingUpdate, following: int | None, stop: asyncio.Event
    ) -> None:
        number = update.update_id
        if update.attempt >= _STARTS:
            _log.error("update put aside", update_id=number, faults=_FATAL)
            await self._marks.end(number, _FATAL)
            return
        tries = 0
        while await self._begin(number, stop):
            try:
                error = await self._handle(update.body, stop)
            except StoppedError:
                await self._marks.release(number)
                return
            except StorageError as fault:
                _log.warning("update waits for the database", update_id=number, cause=str(fault))
                tries += await self._marks.release(number)
                if tries < _TRIES:
                    await rest(stop, _RETRY_SECONDS)
                    continue
                _log.exception("update put aside", update_id=number)
                error = f"{type(fault).__name__}: {fault}"
            await self._marks.end(number, error, None if stop.is_set() else following)
            return

    async def _begin(self, number: int, stop: asyncio.Event) -> bool:
        """Write down that handling begins, as soon as the database lets us; False where we stop."""
        told = False
        while not stop.is_set():
            try:
                await self._marks.begin(number)
            except StorageError as error:
                if not told:
                    _log.warning(
                        "update waits for the database", update_id=number, cause=str(error)
                    )
                told = True
                await rest(stop, _RETRY_SECONDS)
            else:
                if not stop.is_set():
                    return True
                await self._marks.release(number)
        return False

    async def _handle(self, body: str, stop: asyncio.Event) -> str | None:
        """Have an update handled; the reason where it must be put aside.

        Raises:
            StoppedError, StorageError: it is to be handled later.
        """
        try:
            update: RawUpdate = safe_loads(body)
        except (ValueError, RecursionError) as error:
            return f"not JSON that can be read: {type(error).__name__}"
        fault = await self._dispatch(update, stop)
        press = update.get("callback_query")
        if fault is not None and isinstance(press, dict) and isinstance(press.get("id"), str):
            await answer_press(self._bot, press["id"])  # else it would spin on for a minute
        return fault

    async def _dispatch(self, update: RawUpdate, stop: asyncio.Event) -> str | None:
        number = update.get("update_id")
        try:
            parsed = Update.model_validate(update, context={"bot": self._bot})
            await self._dispatcher.feed_update(self._bot, parsed, stop=stop)
        except (StoppedError, StorageError):
            raise
        except ValidationError as error:
            # Its own words would quote what a person wrote.
            faults = "; ".join(
                f"{'.'.join(map(str, fault['loc']))}: {fault['type']}"
                for fault in error.errors(include_input=False, include_url=False)[:_FAULTS_NAMED]
            )
            _log.error("update put aside", update_id=number, faults=faults)
            return f"not an update that we understand: {faults}"
        except Exception as error:  # noqa: BLE001 - a poison update must not stop the others
            _log.exception("update put aside", update_id=number)
            return f"{type(error).__name__}: {error}"
        return None


def _following(line: _Line) -> int | None:
    """The number of the update after the first, unless that is one to be begun apart."""
    if len(line.updates) > 1 and line.updates[1].attempt == 0:
        return line.updates[1].update_id
    return None
