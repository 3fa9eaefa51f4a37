"""News that are held: an administrator decides whether they are pushed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import structlog
from aiogram import Router
from aiogram.types import CallbackQuery

from bot.handlers.answer import Answer
from bot.i18n import Translator
from bot.storage import holding
from bot.storage.database import Database
from bot.views import alerts, greeting
from bot.views.alerts import HeldNews

_log = structlog.get_logger(__name__)


async def decide(
    event: CallbackQuery,
    callback_data: HeldNews,
    database: Database,
    t: Translator,
    admin_ids: Sequence[int],
    delivery_ttl: timedelta,
) -> Answer:
    """Push them all, or none; their time begins now."""
    if event.from_user.id not in admin_ids:
        return Answer(toast=greeting.only_administrators(t), alert=True)
    source, up_to, push = callback_data.source, callback_data.up_to, callback_data.push
    until = datetime.now(UTC) + delivery_ttl
    async with database.write() as connection:
        if push:
            count = await holding.push_held(connection, source, up_to, until)
        else:
            count = await holding.keep_held(connection, source, up_to)
    if count:
        deed = "push" if push else "keep"
        _log.info(
            "decided by hand", source=source, count=count, deed=deed, admin=event.from_user.id
        )
    return Answer(toast=alerts.held_settled(t, push=push, count=count), keyboard=())


def held_router() -> Router:
    """What is answered here."""
    router = Router(name="held")
    router.callback_query.register(decide, HeldNews.filter())
    return router
