"""The composition root: builds everything, runs it together, shuts it down."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import structlog
from aiogram import Bot
from aiogram.exceptions import AiogramError
from aiogram.types import User

from bot import __version__
from bot.delivery.alerts import Alerts
from bot.delivery.sender import Sender
from bot.errors import SettingsError, TokenRefusedError, VestnikError
from bot.handlers.dispatch import ALLOWED_UPDATES, make_dispatcher
from bot.handlers.intake import Intake
from bot.handlers.turns import Turns
from bot.i18n import Translators, load_translators
from bot.ingest.fetch import Fetcher
from bot.ingest.poll import Poller
from bot.ingest.workers import ParsePool
from bot.settings import Settings
from bot.storage.database import Database
from bot.storage.sources import list_sources
from bot.telegram.menu import publish_menu
from bot.telegram.outcome import Stop, outcome
from bot.telegram.pace import Pacer
from bot.telegram.session import ReplyLane, make_bot
from bot.telegram.webhook import WebhookKeeper
from bot.waiting import rest, unless
from bot.web import Webhook, serve

_log = structlog.get_logger(__name__)

USER_AGENT = f"Vestnik/{__version__} (news bot for Telegram)"
_GRACE_SECONDS = 7.0  # for what is in flight when we are asked to stop
_LAST_SECONDS = 9.5
_RETRY_SECONDS = 5.0
_ERROR_CHARS = 300  # an answer that is no JSON is quoted whole in its error


@dataclass(slots=True)
class _Machines:
    """The parts that run side by side: when one ends, for whatever reason, all stop."""

    stop: asyncio.Event = field(default_factory=asyncio.Event)
    failure: Exception | None = None

    async def run(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Run one part; its failure is kept, so that the others can end in peace."""
        try:
            await work
        except Exception as error:  # noqa: BLE001 - it is raised again when all have stopped
            unexpected = not isinstance(error, VestnikError)
            _log.critical(
                "stopping: a part failed", part=name, error=str(error), exc_info=unexpected
            )
            self.failure = self.failure or error
        finally:
            self.stop.set()


async def run(settings: Settings) -> None:
    """Run the bot until SIGTERM or SIGINT, then stop cleanly within 10 s.

    Raises:
        VestnikError: it cannot start, or a part failed for a reason that an operator can mend.
    """
    machines = _Machines()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, machines.stop.set)
    translators = translators_for(settings)
    deadline = asyncio.create_task(_deadline(machines.stop, asyncio.current_task()))
    try:
        async with AsyncExitStack() as stack:
            database = await stack.enter_async_context(Database.open(settings.database))
            await _run_machines(settings, machines, database, translators, stack)
        _log.info("stopped")
    except asyncio.CancelledError:
        if not machines.stop.is_set():
            raise
        _log.warning("stopped before all had ended; the rest is taken up at the next start")
    finally:
        deadline.cancel()
    match machines.failure:
        case None:
            pass
        case VestnikError() as failure:
            raise failure
        case _:
            raise VestnikError("The bot stopped because a part of it failed; the log says why.")


async def _run_machines(
    settings: Settings,
    machines: _Machines,
    database: Database,
    translators: Translators,
    stack: AsyncExitStack,
) -> None:
    """Build the parts and run them until they have all ended."""
    stop = machines.stop
    pacer = Pacer(settings.send_rate)
    # Two connections to Telegram: pushes that hang never keep a reply waiting.
    replies, pushes = (
        make_bot(settings.bot_token.get_secret_value(), settings.bot_api_url) for _ in range(2)
    )
    replies.session.middleware(ReplyLane(pacer))
    for bot in (replies, pushes):
        stack.push_async_callback(bot.session.close)
    allow_private = settings.allow_private_addresses
    fetcher = await stack.enter_async_context(
        Fetcher(allow_private=allow_private, user_agent=USER_AGENT)
    )
    pool = await stack.enter_async_context(ParsePool())
    async with database.write() as connection:
        await list_sources(connection, settings.sources, datetime.now(UTC))

    admin_t = translators[settings.default_locale]
    alerts = Alerts(database, replies, settings.admin_ids, admin_t)
    sender = Sender(database, pushes, pacer, translators, alerts, rate=settings.send_rate)
    poller = Poller(
        database,
        fetcher,
        pool,
        poll_seconds=settings.poll_seconds,
        allow_private=allow_private,
    )
    intake = Intake(database, replies, ALLOWED_UPDATES)
    if settings.web_port is not None:
        place = settings.webhook
        webhook = Webhook(place.path, place.secret, intake.keep) if place else None
        try:
            await stack.enter_async_context(
                serve(settings.web_host, settings.web_port, database, intake.silence, webhook)
            )
        except OSError as error:
            raise SettingsError(
                f"WEB_PORT cannot be listened on ({settings.web_host}:{settings.web_port}: "
                f"{error.strerror}): another process may use it; choose another one."
            ) from error
    _log.info("started", version=__version__, sources=len(settings.sources))
    async with asyncio.TaskGroup() as group:
        for name, work in (
            ("reading sources", poller.run(stop)),
            ("sending", sender.run(stop, poller.published)),
            ("alerts", alerts.watch(stop)),
            ("talking", _talk(settings, machines, database, translators, replies, intake)),
        ):
            group.create_task(machines.run(name, work), name=name)


async def _talk(
    settings: Settings,
    machines: _Machines,
    database: Database,
    translators: Translators,
    bot: Bot,
    intake: Intake,
) -> None:
    """Answer people, from the moment that Telegram knows us."""
    me = await _introduce(bot, machines.stop)
    if me is None:
        return
    _log.info("talking", name=f"@{me.username}")
    dispatcher = make_dispatcher(
        database,
        translators,
        bot_name=me.full_name,
        page_chars=settings.page_chars,
        admin_ids=settings.admin_ids,
    )
    async with asyncio.TaskGroup() as group:
        group.create_task(unless(machines.stop, publish_menu(bot, me.full_name, translators)))
        receiving = _receive(settings, bot, intake, machines.stop)
        group.create_task(machines.run("receiving", receiving))
        turns = Turns(database, bot, dispatcher)
        group.create_task(machines.run("handling", turns.run(intake.arrived, machines.stop)))


async def _receive(settings: Settings, bot: Bot, intake: Intake, stop: asyncio.Event) -> None:
    """Have Telegram post its updates where WEBHOOK_URL is set, else ask for them.

    Any number of processes may set the webhook; only one may ask.

    Raises:
        TokenRefusedError: Telegram refuses the token.
    """
    place = settings.webhook
    if place is None:
        await _leave_webhook(bot)
        await intake.run(stop)
    else:
        keeper = WebhookKeeper(
            bot,
            address=place.url + place.path,
            secret=place.secret,
            allowed=ALLOWED_UPDATES,
            heard=intake.heard,
        )
        await keeper.run(stop)


async def _introduce(bot: Bot, stop: asyncio.Event) -> User | None:
    """Ask Telegram who we are, until it answers; None where ``stop`` came first.

    Raises:
        TokenRefusedError: Telegram refuses the token.
    """
    while not stop.is_set():
        try:
            me = await unless(stop, bot.me())
        except AiogramError as error:
            if isinstance(outcome(error), Stop):
                raise TokenRefusedError from None
            _log.warning(
                "Telegram cannot be reached",
                error=str(error)[:_ERROR_CHARS],
                retry_in=_RETRY_SECONDS,
            )
            await rest(stop, _RETRY_SECONDS)
        else:
            return me
    return None


async def _leave_webhook(bot: Bot) -> None:
    """A webhook that was set once would keep every update from us."""
    try:
        await bot.delete_webhook()
    except AiogramError as error:
        _log.warning("webhook not deleted", error=str(error))


def translators_for(settings: Settings) -> Translators:
    """The languages, of which DEFAULT_LOCALE must be one.

    Raises:
        SettingsError: it is not.
    """
    try:
        return load_translators(settings.default_locale, settings.timezone)
    except LookupError as error:
        raise SettingsError(f"DEFAULT_LOCALE is malformed: there is {error}.") from error


async def _deadline(stop: asyncio.Event, main: asyncio.Task[Any] | None) -> None:
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
