"""Broadcasts that were stopped: an administrator decides what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import structlog
from aiogram import Router
from aiogram.types import CallbackQuery

from bot.handlers.answer import Answer
from bot.i18n import Translator
from bot.storage import broadcasts
from bot.storage.database import Database
from bot.views import alerts, greeting
from bot.views.alerts import Halted

_log = structlog.get_logger(__name__)


async def decide(
    event: CallbackQuery,
    callback_data: Halted,
    database: Database,
    t: Translator,
    admin_ids: Sequence[int],
    delivery_ttl: timedelta,
) -> Answer:
    """Let it go on, or end it."""
    if event.from_user.id not in admin_ids:
        return Answer(toast=greeting.only_administrators(t), alert=True)
    number, go_on = callback_data.broadcast, callback_data.go_on
    now = datetime.now(UTC)
    async with database.write() as connection:
        if go_on:
            settled = await broadcasts.resume(connection, number, now, now + delivery_ttl)
        else:
            settled = await broadcasts.give_up(connection, number)
    if settled:
        deed = "go on" if go_on else "end"
        _log.info("decided by hand", broadcast=number, deed=deed, admin=event.from_user.id)
    said = alerts.halt_settled(t, go_on=go_on, settled=settled)
    return Answer(toast=said, keyboard=())


def halted_router() -> Router:
    """What is answered here."""
    router = Router(name="halted")
    router.callback_query.register(decide, Halted.filter())
    return router
