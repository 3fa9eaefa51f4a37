"""A broadcast with aiogram-broadcaster, set up as its documentation has it.

Its file storage keeps which chats are done, its handler for flood waits is on, and it takes up
what was not finished when it starts again. A broadcast is made at the first start alone, as an
administrator's command would do it.

    library.py URL READERS TEXT FILE

It ends with 0 when the broadcast is complete, with 3 when the broadcast has stopped before, and
with 4 when there is none to take up.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram_broadcaster import Broadcaster, MailerStatus
from aiogram_broadcaster.contents import TextContent
from aiogram_broadcaster.storages.file import FileStorage
from aiogram_broadcaster.utils.retry_after_handler import setup_retry_after_handler

COMPLETE, STOPPED, NOTHING = 0, 3, 4
_LOOK_SECONDS = 0.05


async def broadcast(url: str, readers: int, text: str, file: Path, *, first: bool) -> int:
    """Send to all, or to those who are left where this is not the first start; the exit code."""
    session = AiohttpSession(api=TelegramAPIServer.from_base(url))
    async with Bot("42:TEST", session=session) as bot:
        dispatcher = Dispatcher()
        broadcaster = Broadcaster(bot, storage=FileStorage(file))
        setup_retry_after_handler(broadcaster.event)
        broadcaster.setup(dispatcher)
        await dispatcher.emit_startup()
        if first:
            chats = range(1, readers + 1)
            mailer = await broadcaster.create_mailer(chats, TextContent(text=text))
            mailer.start()
        elif not broadcaster.mailers:
            return NOTHING
        (mailer,) = broadcaster.mailers.values()
        await asyncio.sleep(_LOOK_SECONDS)
        while mailer.status is MailerStatus.STARTED:  # noqa: ASYNC110 - it tells nobody of an error
            await asyncio.sleep(_LOOK_SECONDS)
        await dispatcher.emit_shutdown()
        return COMPLETE if mailer.status is MailerStatus.COMPLETED else STOPPED


if __name__ == "__main__":
    state = Path(sys.argv[4])
    work = broadcast(sys.argv[1], int(sys.argv[2]), sys.argv[3], state, first=not state.exists())
    sys.exit(asyncio.run(work))
