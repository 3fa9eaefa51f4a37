"""Kept updates take their turns: handled once each, in order within a chat, chats side by side."""

from __future__ import annotations

import asyncio

import structlog
from aiogram import Bot, Dispatcher
from aiogram.types import Update
from pydantic import ValidationError

from bot.errors import StorageError
from bot.storage import incoming
from bot.storage.database import Database
from bot.telegram.session import safe_loads
from bot.telegram.updates import RawUpdate
from bot.waiting import rest, unless

_log = structlog.get_logger(__name__)

_BATCH = 100
_IN_MEMORY = 200  # updates; a backlog of any length waits in the database
_AT_ONCE = 32  # chats that are answered at the same time
_RETRY_SECONDS = 1.0
_FAULTS_NAMED = 3
_BEFORE_ALL = -1


class Turns:
    """Has the dispatcher handle what was kept; what cannot be handled is put aside."""

    def __init__(self, database: Database, bot: Bot, dispatcher: Dispatcher) -> None:
        self._database = database
        self._bot = bot
        self._dispatcher = dispatcher
        self._last_of_chat: dict[int, asyncio.Task[None]] = {}
        self._taken: set[int] = set()  # in hand, or handled and not yet marked so
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._room = asyncio.Semaphore(_IN_MEMORY)

    async def run(self, arrived: asyncio.Event, stop: asyncio.Event) -> None:
        """Handle updates until ``stop``, what an earlier process left first; finish what has begun.

        Args:
            arrived: set when something was kept.
            stop: set when nothing new is to be begun; what waits is kept for the next start.
        """
        last = _BEFORE_ALL
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                arrived.clear()
                taken = frozenset(self._taken)  # before reading: what is read may end meanwhile
                waiting = await self._waiting(last)
                if waiting is None:
                    await rest(stop, _RETRY_SECONDS)
                    continue
                for number, body in waiting:
                    last = number
                    if number not in taken:
                        await self._room.acquire()
                        self._line_up(group, number, safe_loads(body), stop)
                if not waiting:
                    await unless(stop, arrived.wait())
                    # After a week without updates Telegram numbers on from anywhere.
                    last = _BEFORE_ALL

    async def _waiting(self, after: int) -> list[tuple[int, str]] | None:
        try:
            async with self._database.read() as connection:
                return await incoming.waiting_updates(connection, after, _BATCH)
        except StorageError:
            _log.exception("updates not read")
            return None

    def _line_up(
        self, group: asyncio.TaskGroup, number: int, update: RawUpdate, stop: asyncio.Event
    ) -> None:
        self._taken.add(number)
        chat = _chat_id(update)
        before = self._last_of_chat.get(chat)
        task = group.create_task(self._take_turn(before, number, update, stop))
        self._last_of_chat[chat] = task
        task.add_done_callback(lambda done: self._leave(chat, done))

    def _leave(self, chat: int, done: asyncio.Task[None]) -> None:
        self._room.release()
        if self._last_of_chat.get(chat) is done:
            del self._last_of_chat[chat]

    async def _take_turn(
        self,
        before: asyncio.Task[None] | None,
        number: int,
        update: RawUpdate,
        stop: asyncio.Event,
    ) -> None:
        if before is not None:
            await asyncio.wait([before])
        async with self._slots:
            if stop.is_set():
                return
            error = await self._handle(update)
        try:
            async with self._database.write() as connection:
                await incoming.settle_update(connection, number, error)
        except StorageError:
            _log.exception("update handled, but not marked so", update_id=number)
        else:
            self._taken.discard(number)

    async def _handle(self, update: RawUpdate) -> str | None:
        number = update.get("update_id")
        try:
            parsed = Update.model_validate(update, context={"bot": self._bot})
            await self._dispatcher.feed_update(self._bot, parsed)
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
