"""The textbook broadcast: a loop over all readers with a pause after each message.

In the shape that the examples of aiogram 2 made known, and that bots have been written in since:
a flood wait is waited out, every other error of Telegram is logged and passed over. Nothing is
kept, so whoever starts it again begins with the first reader.

    textbook.py URL READERS TEXT
"""

from __future__ import annotations

import asyncio
import logging
import sys

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramAPIError, TelegramRetryAfter

_PAUSE_SECONDS = 0.05  # 20 messages per second, below the limit of 30

_log = logging.getLogger(__name__)


async def send(bot: Bot, chat_id: int, text: str) -> bool:
    """Send to one reader; whether that was accepted."""
    try:
        await bot.send_message(chat_id, text)
    except TelegramRetryAfter as error:
        await asyncio.sleep(error.retry_after)
        return await send(bot, chat_id, text)
    except TelegramAPIError:
        _log.exception("not sent to %d", chat_id)
        return False
    return True


async def broadcast(url: str, readers: int, text: str) -> None:
    """Send to all."""
    session = AiohttpSession(api=TelegramAPIServer.from_base(url))
    async with Bot("42:TEST", session=session) as bot:
        for chat_id in range(1, readers + 1):
            await send(bot, chat_id, text)
            await asyncio.sleep(_PAUSE_SECONDS)


if __name__ == "__main__":
    asyncio.run(broadcast(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
