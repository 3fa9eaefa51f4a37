"""Parts that run side by side: they end together, and never later than they must."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

import structlog

from bot.errors import StorageError, VestnikError

_log = structlog.get_logger(__name__)

_GRACE_SECONDS = 7.0  # for what is in flight when we are asked to stop
_LAST_SECONDS = 9.5


@dataclass(slots=True)
class Machines:
    """The parts of the process: when one ends that was not told to, all stop.

    Attributes:
        stop: set when all are to end.
        failure: why, where it was not asked for.
    """

    stop: asyncio.Event = field(default_factory=asyncio.Event)
    failure: Exception | None = None

    async def run(self, name: str, work: Coroutine[Any, Any, None], told: asyncio.Event) -> None:
        """Run one part; its failure is kept, so that the others can end in peace.

        Args:
            name: what it is called in the log.
            work: what it does.
            told: set when this part is to end; ``stop``, or the end of the term that it works in.
        """
        try:
            await work
        except Exception as error:  # noqa: BLE001 - it is raised again when all have stopped
            if told.is_set() and isinstance(error, StorageError):
                # Most likely this is why it was told to. What it left undone is taken up anew.
                _log.warning("a part ended without the database", part=name, error=str(error))
                return
            unexpected = not isinstance(error, VestnikError)
            _log.critical(
                "stopping: a part failed", part=name, error=str(error), exc_info=unexpected
            )
            self.failure = self.failure or error
            self.stop.set()
        finally:
            if not told.is_set():
                self.stop.set()


async def deadline(stop: asyncio.Event, main: asyncio.Task[Any] | None) -> None:
    """End what does not end by itself soon after ``stop``, and in the end the process."""
    await stop.wait()
    last = threading.Timer(_LAST_SECONDS, os._exit, [1])  # even where a cancelled task hangs
    last.daemon = True
    last.start()
    try:
        await asyncio.sleep(_GRACE_SECONDS)
        if main is not None:
            main.cancel()
        await asyncio.Event().wait()
    finally:
        last.cancel()
