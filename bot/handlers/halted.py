"""Broadcasts that were stopped: an administrator decides what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from aiogram import Router
from aiogram.types import CallbackQuery

from bot.handlers.answer import Answer
from bot.i18n import Translator
from bot.storage import broadcasts
from bot.storage.database import Database
from bot.views import alerts, greeting
from bot.views.alerts import Halted


async def decide(
    event: CallbackQuery,
    callback_data: Halted,
    database: Database,
    t: Translator,
    admin_ids: Sequence[int],
) -> Answer:
    """Let it go on, or end it."""
    if event.from_user.id not in admin_ids:
        return Answer(toast=greeting.only_administrators(t), alert=True)
    now = datetime.now(UTC)
    async with database.write() as connection:
        if callback_data.go_on:
            until = now + broadcasts.DELIVERY_TTL
            settled = await broadcasts.resume(connection, callback_data.broadcast, now, until)
        else:
            settled = await broadcasts.give_up(connection, callback_data.broadcast)
    said = alerts.halt_settled(t, go_on=callback_data.go_on, settled=settled)
    return Answer(toast=said, keyboard=())


def halted_router() -> Router:
    """What is answered here."""
    router = Router(name="halted")
    router.callback_query.register(decide, Halted.filter())
    return router
