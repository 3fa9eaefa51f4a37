"""Updates on their way in: written down before Telegram is told that they have arrived."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import structlog
from aiogram import Bot
from aiogram.exceptions import AiogramError

from bot.errors import StorageError, TokenInUseError
from bot.storage import incoming
from bot.storage.database import Database, Transaction
from bot.storage.group_commit import GroupCommit
from bot.storage.incoming import KeptUpdate
from bot.telegram.outcome import RetryLater, Stop, StopCause, outcome
from bot.telegram.updates import RawUpdate, chat_of_update, confirm_refusal, get_updates
from bot.waiting import rest, unless

_log = structlog.get_logger(__name__)

_REMEMBERED = timedelta(days=2)  # longer than the 24 hours for which Telegram repeats an update
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
_HASTE = 0.1
# A process of ours that was killed a moment ago may leave one request open, no more.
_CONFLICTS, _CONFLICT_SECONDS, _CONFLICTS_FORGOTTEN = 5, 60.0, 180.0
_ERROR_CHARS = 300  # an answer that is no JSON is quoted whole in its error
_FORGET_EVERY = timedelta(hours=1)
_FORGOTTEN_AT_ONCE = 1000


class Intake:
    """Keeps updates, asked for by long polling or posted to the webhook: a crash loses none.

    Attributes:
        arrived: set whenever something was kept.
    """

    def __init__(self, database: Database, bot: Bot, allowed: Sequence[str]) -> None:
        self.arrived = asyncio.Event()
        self._bot = bot
        self._allowed = allowed
        self._answered = time.monotonic()
        self._conflicts: list[float] = []
        self._forget_at = datetime.now(UTC)
        self._commits = GroupCommit(database, self._write)

    def silence(self) -> float:
        """Seconds since Telegram last answered."""
        return time.monotonic() - self._answered

    def heard(self) -> None:
        """Telegram has answered."""
        self._answered = time.monotonic()

    async def run(self, stop: asyncio.Event) -> None:
        """Ask Telegram for updates until ``stop``.

        Raises:
            TokenRefusedError: asking on is of no use.
            TokenInUseError: another process asks, too, and goes on with it.
        """
        offset: int | None = None
        pause = _FIRST_PAUSE
        while not stop.is_set():
            try:
                asked = time.monotonic()
                updates = await unless(stop, get_updates(self._bot, offset, self._allowed))
                self.heard()
                if updates:
                    await self.keep(updates)
                    offset = max(int(update["update_id"]) for update in updates) + 1
                elif self._answered - asked < _HASTE:
                    await rest(stop, _HASTE)  # a server that does not hold requests open
                pause = _FIRST_PAUSE
            except (AiogramError, StorageError) as error:
                wait = await self._pause_after(error, pause)
                _log.warning("updates not received", error=str(error)[:_ERROR_CHARS], retry_in=wait)
                pause = min(pause * 2, _LONGEST_PAUSE)
                await rest(stop, wait)

    async def keep(self, updates: Sequence[RawUpdate]) -> None:
        """Write updates down; after this they are ours to handle.

        Those that come at the same moment, as posts to the webhook do, are committed together.

        Raises:
            StorageError: they are not written down.
        """
        await self._commits.add(
            KeptUpdate(int(update["update_id"]), chat_of_update(update), _json(update))
            for update in updates
        )
        self.arrived.set()

    async def _write(self, connection: Transaction, updates: Sequence[KeptUpdate]) -> None:
        now = datetime.now(UTC)
        await incoming.keep_updates(connection, updates, now)
        if now >= self._forget_at:
            before = now - _REMEMBERED
            gone = await incoming.forget_handled(connection, before, _FORGOTTEN_AT_ONCE)
            if gone < _FORGOTTEN_AT_ONCE:
                self._forget_at = now + _FORGET_EVERY

    async def _pause_after(self, error: Exception, pause: float) -> float:
        """Seconds to wait before asking again; raises where asking is of no use."""
        if isinstance(error, StorageError):
            return pause
        match outcome(error):
            case RetryLater(seconds=seconds):
                return seconds
            case Stop(cause=StopCause.WEBHOOK):
                # One that was set once keeps every update from us.
                with suppress(AiogramError):
                    await self._bot.delete_webhook()
            case Stop(cause=StopCause.CONFLICT):
                self._note_conflict()
            case Stop():
                await confirm_refusal(self._bot)
            case _:
                pass
        return pause

    def _note_conflict(self) -> None:
        now = time.monotonic()
        recent = (at for at in self._conflicts if now - at < _CONFLICTS_FORGOTTEN)
        self._conflicts = [*recent, now]
        if len(self._conflicts) >= _CONFLICTS and now - self._conflicts[0] >= _CONFLICT_SECONDS:
            raise TokenInUseError
        _log.warning("another process asks for updates with this token: stop one of them")


def _json(update: RawUpdate) -> str:
    """An update as it is kept; half of a surrogate pair, which no database takes, is escaped."""
    text = json.dumps(update, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(update)
    return text
