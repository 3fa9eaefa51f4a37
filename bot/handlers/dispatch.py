"""The handlers put together: which update goes to which, and what each may ask for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from aiogram import Dispatcher

from bot.handlers.edge import Edge
from bot.handlers.greeting import fallback_router, greeting_router
from bot.handlers.halted import halted_router
from bot.handlers.held import held_router
from bot.handlers.membership import membership_router
from bot.handlers.reading import reading_router
from bot.handlers.subscribing import subscribing_router
from bot.handlers.throttle import Throttle
from bot.handlers.withdrawing import withdrawing_router
from bot.i18n import Translators
from bot.storage.database import Database

ALLOWED_UPDATES = ("message", "callback_query", "my_chat_member")


def make_dispatcher(
    database: Database,
    translators: Translators,
    *,
    bot_name: str,
    page_chars: int,
    admin_ids: Sequence[int],
    delivery_ttl: timedelta,
) -> Dispatcher:
    """A dispatcher for updates of the kinds in ALLOWED_UPDATES.

    Args:
        database: what is asked and changed.
        translators: the languages.
        bot_name: as it is shown to people.
        page_chars: how long a page of an article is.
        admin_ids: who may do what administrators do.
        delivery_ttl: for how long a broadcast that is to go on goes on.
    """
    dispatcher = Dispatcher(
        disable_fsm=True,
        database=database,
        translators=translators,
        bot_name=bot_name,
        page_chars=page_chars,
        admin_ids=admin_ids,
        delivery_ttl=delivery_ttl,
    )
    dispatcher.include_router(membership_router())
    edge = Edge(database, translators, Throttle())
    for make in (
        reading_router,
        subscribing_router,
        withdrawing_router,
        greeting_router,
        halted_router,
        held_router,
        fallback_router,
    ):
        router = make()
        router.message.middleware(edge)
        router.callback_query.middleware(edge)
        dispatcher.include_router(router)
    return dispatcher
