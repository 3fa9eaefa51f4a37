"""Waiting: cut short by a request to stop, longer with each failure, and for what is computed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import timedelta
from typing import Any, ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")
Duration = TypeVar("Duration", float, timedelta)

# What threads compute beside the event loop holds it up so long at a time; with Python's own 5 ms,
# some of which follow each other, a push or a reply would wait for an article that is being made.
SWITCH_SECONDS = 0.001
_MOST_DOUBLINGS = 16  # more than any pause needs, and no number grows without bound
_LONG = 50_000  # characters, which take some milliseconds


def growing(first: Duration, times: int, most: Duration) -> Duration:
    """A pause that was doubled so many times, but is ``most`` at most."""
    factor: int = 2 ** min(times, _MOST_DOUBLINGS)
    return min(first * factor, most)


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


async def aside(chars: int, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """What a function makes of a text of so many characters; of a long one in a thread.

    Else all that the event loop does besides would wait for it.
    """
    if chars < _LONG:
        return function(*args, **kwargs)
    return await asyncio.to_thread(function, *args, **kwargs)
