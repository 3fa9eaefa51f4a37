"""Updates on their way in: kept, acknowledged, and handled once each, in order within a chat."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import structlog
from aiogram import Bot, Dispatcher
from aiogram.exceptions import AiogramError
from aiogram.types import Update

from bot.errors import StorageError
from bot.storage import incoming
from bot.storage.database import Database
from bot.telegram.outcome import RetryLater, Stop, outcome
from bot.telegram.session import safe_loads
from bot.telegram.updates import RawUpdate, get_updates
from bot.waiting import rest, unless

_log = structlog.get_logger(__name__)

_BATCH = 100
_AT_ONCE = 32  # chats that are answered at the same time
_REMEMBERED = timedelta(days=2)  # longer than the 24 hours for which Telegram repeats an update
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0


class Intake:
    """Receives updates and has the dispatcher handle them.

    An update is written to the database before Telegram is told that it has arrived, so a crash
    loses none; one that cannot be handled is put aside and holds up nobody.
    """

    def __init__(
        self, database: Database, bot: Bot, dispatcher: Dispatcher, allowed: Sequence[str]
    ) -> None:
        self._database = database
        self._bot = bot
        self._dispatcher = dispatcher
        self._allowed = allowed
        self._arrived = asyncio.Event()
        self._chats: dict[int, asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._room = asyncio.Semaphore(2 * _BATCH)

    async def receive(self, stop: asyncio.Event) -> None:
        """Ask Telegram for updates until ``stop``.

        Raises:
            AiogramError: the token is refused, so that asking on is of no use.
        """
        offset: int | None = None
        pause = _FIRST_PAUSE
        while not stop.is_set():
            try:
                updates = await unless(stop, get_updates(self._bot, offset, self._allowed))
                if updates:
                    await self.keep(updates)
                    offset = max(int(update["update_id"]) for update in updates) + 1
                pause = _FIRST_PAUSE
            except (AiogramError, StorageError) as error:
                wait = _pause_after(error, pause)
                _log.warning("updates not received", error=str(error), retry_in=wait)
                pause = min(pause * 2, _LONGEST_PAUSE)
                await rest(stop, wait)

    async def keep(self, updates: Sequence[RawUpdate]) -> None:
        """Write updates down; after this they are ours to handle."""
        now = datetime.now(UTC)
        rows = [(int(u["update_id"]), json.dumps(u, ensure_ascii=False)) for u in updates]
        async with self._database.write() as connection:
            await incoming.keep_updates(connection, rows, now)
            await incoming.forget_handled(connection, now - _REMEMBERED)
        self._arrived.set()

    async def handle(self, stop: asyncio.Event) -> None:
        """Handle what was kept until ``stop``, then finish what has begun.

        What an earlier process left is handled first. A chat's updates are handled one after
        another; different chats do not wait for each other.
        """
        last = -1
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                self._arrived.clear()
                waiting = await self._waiting(last)
                if waiting is None:
                    await rest(stop, _FIRST_PAUSE)
                    continue
                for number, body in waiting:
                    await self._room.acquire()
                    update = safe_loads(body)
                    self._line_up(group, number, update, stop)
                    last = number
                if not waiting:
                    await unless(stop, self._arrived.wait())

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
        chat = _chat_id(update)
        task = group.create_task(self._after(self._chats.get(chat), number, update, stop))
        self._chats[chat] = task
        task.add_done_callback(lambda done: self._leave(chat, done))

    def _leave(self, chat: int, done: asyncio.Task[None]) -> None:
        self._room.release()
        if self._chats.get(chat) is done:
            del self._chats[chat]

    async def _after(
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
                return  # it is kept, and handled at the next start
            error = await self._handle_one(update)
        try:
            async with self._database.write() as connection:
                await incoming.settle_update(connection, number, error)
        except StorageError:
            _log.exception("update handled, but not marked so", update_id=number)

    async def _handle_one(self, update: RawUpdate) -> str | None:
        try:
            parsed = Update.model_validate(update, context={"bot": self._bot})
            await self._dispatcher.feed_update(self._bot, parsed)
        except Exception as error:  # noqa: BLE001 - a poison update must not stop the others
            _log.exception("update put aside", update_id=update.get("update_id"))
            return f"{type(error).__name__}: {error}"
        return None


def _pause_after(error: Exception, pause: float) -> float:
    """Seconds to wait before asking again; raises where asking is of no use."""
    if isinstance(error, StorageError):
        return pause
    match outcome(error):
        case Stop(reason=reason) if "terminated by other getUpdates" not in reason:
            raise error
        case RetryLater(seconds=seconds):
            return seconds
        case _:
            return pause


def _chat_id(update: RawUpdate) -> int:
    """The chat that an update belongs to; 0 where it belongs to none."""
    for event in update.values():
        if isinstance(event, dict):
            place = event.get("message", event)
            chat = place.get("chat") if isinstance(place, dict) else None
            if isinstance(chat, dict) and isinstance(chat.get("id"), int):
                return int(chat["id"])
    return 0
