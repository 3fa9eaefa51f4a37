"""Kept updates take their turns: handled once each, in order within a chat, chats side by side."""

from __future__ import annotations

import asyncio
from collections import deque

import structlog
from aiogram import Bot, Dispatcher
from aiogram.types import Update
from pydantic import ValidationError

from bot.errors import StorageError
from bot.handlers.edge import StoppedError, answer_press
from bot.storage import incoming
from bot.storage.database import Database
from bot.telegram.session import safe_loads
from bot.telegram.updates import RawUpdate
from bot.waiting import rest, unless

_log = structlog.get_logger(__name__)

_BATCH = 100
_OF_ONE_CHAT = 20  # updates in memory; a backlog of any length waits in the database
_IN_MEMORY = 1000  # updates of all chats
_AT_ONCE = 100  # chats that are answered at the same time; some wait until Telegram lets them go on
_RETRY_SECONDS = 1.0
_FAULTS_NAMED = 3
_BEFORE_ALL = -1

# An update's number, and its content unless that is still to be read.
_Waiting = tuple[int, RawUpdate | None]


class Turns:
    """Has the dispatcher handle what was kept; what cannot be handled is put aside."""

    def __init__(self, database: Database, bot: Bot, dispatcher: Dispatcher) -> None:
        self._database = database
        self._bot = bot
        self._dispatcher = dispatcher
        self._lines: dict[int, deque[_Waiting]] = {}  # of the chats that something waits for
        self._taken: set[int] = set()  # in hand, or handled and not yet marked so
        self._in_memory = 0
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def run(self, arrived: asyncio.Event, stop: asyncio.Event) -> None:
        """Handle updates until ``stop``, what an earlier process left first; finish what has begun.

        Args:
            arrived: set when something was kept.
            stop: set when nothing new is to be begun; what waits is kept for the next start.
        """
        last = _BEFORE_ALL
        woken = False
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                arrived.clear()
                taken = frozenset(self._taken)  # before reading: what is read may end meanwhile
                waiting = await self._waiting(last, _BATCH)
                if waiting is None:
                    await rest(stop, _RETRY_SECONDS)
                    continue
                for number, body in waiting:
                    last = number
                    if number not in taken:
                        self._line_up(group, number, safe_loads(body), stop)
                if waiting:
                    woken = False
                elif woken:
                    # After a week without updates Telegram numbers on from anywhere.
                    last, woken = _BEFORE_ALL, False
                else:
                    await unless(stop, arrived.wait())
                    woken = True

    async def _waiting(self, after: int, limit: int) -> list[tuple[int, str]] | None:
        try:
            async with self._database.read() as connection:
                return await incoming.waiting_updates(connection, after, limit)
        except StorageError:
            _log.exception("updates not read")
            return None

    def _line_up(
        self, group: asyncio.TaskGroup, number: int, update: RawUpdate, stop: asyncio.Event
    ) -> None:
        self._taken.add(number)
        chat = _chat_id(update)
        line = self._lines.get(chat)
        if line is None:
            line = self._lines[chat] = deque()
            group.create_task(self._work_off(chat, line, stop))
        if len(line) < _OF_ONE_CHAT and self._in_memory < _IN_MEMORY:
            self._in_memory += 1
            line.append((number, update))
        else:
            line.append((number, None))

    async def _work_off(self, chat: int, line: deque[_Waiting], stop: asyncio.Event) -> None:
        """Handle the updates of a chat, one after the other, until none is left."""
        while line and not stop.is_set():
            async with self._slots:
                if stop.is_set():
                    break
                await self._take_turn(*line[0], stop)
            _, update = line.popleft()
            self._in_memory -= update is not None
        del self._lines[chat]

    async def _take_turn(self, number: int, update: RawUpdate | None, stop: asyncio.Event) -> None:
        while update is None and not stop.is_set():
            found = await self._waiting(number - 1, 1)
            if found is None:
                await rest(stop, _RETRY_SECONDS)
            elif not found or found[0][0] != number:
                self._taken.discard(number)  # it was settled or taken out behind our back
                return
            else:
                update = safe_loads(found[0][1])
        if update is None:
            return
        try:
            error = await self._handle(update, stop)
        except StoppedError:
            return
        try:
            async with self._database.write() as connection:
                await incoming.settle_update(connection, number, error)
        except StorageError:
            _log.exception("update handled, but not marked so", update_id=number)
        else:
            self._taken.discard(number)

    async def _handle(self, update: RawUpdate, stop: asyncio.Event) -> str | None:
        """Have an update handled; the reason where it must be put aside."""
        error = await self._dispatch(update, stop)
        press = update.get("callback_query")
        if error is not None and isinstance(press, dict) and isinstance(press.get("id"), str):
            await answer_press(self._bot, press["id"])  # else it would spin on for a minute
        return error

    async def _dispatch(self, update: RawUpdate, stop: asyncio.Event) -> str | None:
        number = update.get("update_id")
        try:
            parsed = Update.model_validate(update, context={"bot": self._bot})
            await self._dispatcher.feed_update(self._bot, parsed, stop=stop)
        except StoppedError:
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


def _chat_id(update: RawUpdate) -> int:
    """The chat that an update belongs to; 0 where it belongs to none."""
    for event in update.values():
        if isinstance(event, dict):
            place = event.get("message", event)
            chat = place.get("chat") if isinstance(place, dict) else None
            if isinstance(chat, dict) and isinstance(chat.get("id"), int):
                return int(chat["id"])
    return 0
