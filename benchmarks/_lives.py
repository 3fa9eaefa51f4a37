"""Lives of the bot: started, and killed at a moment of its first sending."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from benchmarks.stub import Stub
from sandbox.fork_server import ForkServer
from sandbox.process import BotProcess

_FIRST_SECONDS = 60.0  # for the first message of a life


async def spend_life(
    fork_server: ForkServer, server: Stub, settings: Mapping[str, str], seconds: float
) -> float:
    """Start the bot, and kill it so long after its first message; how long that one took.

    Raises:
        TimeoutError: it sent none; what it logged is the message.
    """
    before = server.accepted()
    started = time.monotonic()
    async with BotProcess(settings, fork_server=fork_server) as bot:
        try:
            await asyncio.to_thread(server.wait, accepted=before + 1, seconds=_FIRST_SECONDS)
        except TimeoutError:
            raise TimeoutError(f"no message after the start:\n{bot.text}") from None
        first = time.monotonic() - started
        await asyncio.sleep(seconds)
        await bot.kill()
    return first
