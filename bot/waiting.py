"""Waiting that a request to stop cuts short."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


async def rest(stop: asyncio.Event, seconds: float, *wakes: asyncio.Event) -> None:
    """Wait so long, or until ``stop`` or one of ``wakes``."""
    waits = [asyncio.ensure_future(event.wait()) for event in (stop, *wakes)]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


async def unless(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """The result of ``work``, or None where ``stop`` comes first: ``work`` is then cancelled."""
    task = asyncio.ensure_future(work)
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait([task, stopping], return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        task.cancel()
        with suppress(asyncio.CancelledError):
            return await task
        return None
    finally:
        stopping.cancel()
        task.cancel()
