"""The composition root: builds everything, runs it together, shuts it down."""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from aiogram import Bot
from aiogram.exceptions import AiogramError
from aiogram.types import User

from bot import __version__
from bot.delivery.alerts import Alerts
from bot.delivery.amender import Amender
from bot.delivery.sender import Policy, Sender
from bot.errors import SettingsError, StorageError, TokenRefusedError, VestnikError
from bot.handlers.dispatch import ALLOWED_UPDATES, make_dispatcher
from bot.handlers.intake import Intake
from bot.handlers.turns import Turns
from bot.i18n import Translators, load_translators
from bot.ingest.checks import Checker
from bot.ingest.fetching.fetch import Fetcher
from bot.ingest.fetching.headers import user_agent
from bot.ingest.poll import Poller
from bot.ingest.rubrics import Aliases
from bot.ingest.websub import Subscriber
from bot.ingest.workers import ParsePool
from bot.leadership import Leadership, Lease, Work
from bot.machines import Machines, deadline
from bot.model import Role
from bot.settings import Settings
from bot.storage.database import Database
from bot.storage.lock import lock_database
from bot.storage.readers import locales_of
from bot.storage.sources import list_sources
from bot.telegram.menu import publish_admin_menus, publish_menu
from bot.telegram.outcome import RetryLater, Stop, outcome
from bot.telegram.pace import Pacer
from bot.telegram.session import ReplyLane, make_bot
from bot.telegram.webhook import WebhookKeeper
from bot.waiting import SWITCH_SECONDS, rest, unless
from bot.web import CALLBACK, HubCallback, Standing, Webhook, serve

_log = structlog.get_logger(__name__)

_RETRY_SECONDS = 5.0
_ERROR_CHARS = 300  # an answer that is no JSON is quoted whole in its error


async def run(settings: Settings) -> None:
    """Run the bot until SIGTERM or SIGINT, then stop cleanly within 10 s.

    Raises:
        VestnikError: it cannot start, or a part failed for a reason that an operator can mend.
    """
    if settings.roles == (Role.WEB,) and settings.web_port is None:
        raise SettingsError("WEB_PORT is not set: ROLES leaves this process nothing else to do.")
    sys.setswitchinterval(SWITCH_SECONDS)
    machines = Machines()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, machines.stop.set)
    translators = translators_for(settings)
    ending = asyncio.create_task(deadline(machines.stop, asyncio.current_task()))
    try:
        async with AsyncExitStack() as stack:
            alone = stack.enter_context(lock_database(settings.database))
            database = await stack.enter_async_context(Database.open(settings.database))
            process = _Process(settings, machines, database, translators)
            await process.run(Leadership(database, alone=alone), stack)
        _log.info("stopped")
    except asyncio.CancelledError:
        if not machines.stop.is_set():
            raise
        _log.warning("stopped before all had ended; the rest is taken up at the next start")
    finally:
        ending.cancel()
    match machines.failure:
        case None:
            pass
        case VestnikError() as failure:
            raise failure
        case _:
            raise VestnikError("The bot stopped because a part of it failed; the log says why.")


class _Process:
    """What this process does in each of its roles; the parts of a role are built for each term."""

    def __init__(
        self,
        settings: Settings,
        machines: Machines,
        database: Database,
        translators: Translators,
    ) -> None:
        self._settings = settings
        self._machines = machines
        self._database = database
        self._translators = translators
        self._published = asyncio.Event()
        self._pinged = asyncio.Event()
        # Of the process, not of a term: what has left counts on.
        self._pacer = Pacer(settings.send_rate, paid=settings.paid_broadcast)
        self._replies = self._make_bot()
        self._replies.session.middleware(ReplyLane(self._pacer))
        self._intake = Intake(database, self._replies, ALLOWED_UPDATES)

    async def run(self, leadership: Leadership, stack: AsyncExitStack) -> None:
        """Do what the roles ask for until all has ended; what is opened closes with ``stack``."""
        stack.push_async_callback(self._replies.session.close)
        roles = self._settings.roles
        works: dict[Role, Work] = {}
        if Role.READ in roles:
            works[Role.READ] = await self._reading(stack)
        if Role.SEND in roles:
            works[Role.SEND] = self._sending(stack)
        await self._serve(leadership, stack)
        sources = len(self._settings.sources)
        _log.info("started", version=__version__, sources=sources, roles=",".join(roles))
        stop = self._machines.stop
        if works:
            await self._machines.run("leading", leadership.run(works, stop), stop)
        else:
            await stop.wait()

    async def _serve(self, leadership: Leadership, stack: AsyncExitStack) -> None:
        settings = self._settings
        host, port = settings.web_host, settings.web_port
        if port is None:
            return

        def standing() -> Standing:
            leads = leadership.leads
            silence = self._intake.silence() if Role.SEND in leads else None
            return Standing(settings.roles, leads, silence)

        place = settings.webhook if Role.WEB in settings.roles else None
        webhook = Webhook(place.path, place.secret, self._intake.keep) if place else None
        callback = HubCallback(self._database, self._pinged) if place else None
        try:
            serving = serve(host, port, self._database, standing, webhook, callback)
            await stack.enter_async_context(serving)
        except OSError as error:
            raise SettingsError(
                f"WEB_PORT cannot be listened on ({host}:{port}: "
                f"{error.strerror}): another process may use it; choose another one."
            ) from error

    def _make_bot(self) -> Bot:
        return make_bot(self._settings.bot_token.get_secret_value(), self._settings.bot_api_url)

    async def _reading(self, stack: AsyncExitStack) -> Work:
        """What the reader of sources does in a term."""
        settings = self._settings
        allow_private = settings.allow_private_addresses
        fetcher = await stack.enter_async_context(
            Fetcher(
                allow_private=allow_private,
                user_agent=user_agent(settings.contact),
                page_pause=settings.page_pause,
                sources=settings.sources,
            )
        )
        pool = await stack.enter_async_context(ParsePool(zone=ZoneInfo(settings.timezone)))

        async def read(lease: Lease) -> None:
            await self._list_sources(lease.lost)
            poller = Poller(
                self._database,
                fetcher,
                pool,
                poll_seconds=settings.poll_seconds,
                allow_private=allow_private,
                published=self._published,
                pinged=self._pinged,
                ttl=timedelta(hours=settings.delivery_ttl),
                breaking_words=settings.breaking_words,
                specs=settings.sources,
                aliases=Aliases(settings.section_aliases),
            )
            checker = Checker(
                self._database,
                fetcher,
                pool,
                poll_seconds=settings.poll_seconds,
                allow_private=allow_private,
                specs=settings.sources,
            )
            works = [
                ("reading sources", poller.run(lease.lost)),
                ("checking pages", checker.run(lease.lost, poller.vanished)),
            ]
            if settings.webhook is not None:
                base = settings.webhook.url + CALLBACK
                subscriber = Subscriber(self._database, fetcher, base=base)
                works.append(("asking hubs", subscriber.run(lease.lost, poller.named)))
            async with asyncio.TaskGroup() as group:
                for name, work in works:
                    part = self._machines.run(name, work, lease.lost)
                    group.create_task(part, name=name)

        return read

    async def _list_sources(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                async with self._database.write() as connection:
                    await list_sources(connection, self._settings.sources, datetime.now(UTC))
            except StorageError as error:
                _log.warning("sources not listed", error=str(error))
                await rest(stop, _RETRY_SECONDS)
            else:
                return

    def _sending(self, stack: AsyncExitStack) -> Work:
        """What the sender does in a term: all that leaves for Telegram leaves from there."""
        settings, translators = self._settings, self._translators
        # Connections of their own: pushes that hang never keep a reply waiting, nor edits a push.
        replies, pushes, edits = self._replies, self._make_bot(), self._make_bot()
        for bot in (pushes, edits):
            stack.push_async_callback(bot.session.close)
        admin_t = translators[settings.default_locale]
        policy = Policy(
            rate=settings.send_rate,
            on_unknown=settings.on_unknown,
            paid=settings.paid_broadcast,
            retention=timedelta(days=settings.retention_days),
        )

        async def send(lease: Lease) -> None:
            alerts = Alerts(self._database, replies, settings.admin_ids, admin_t)
            sender = Sender(
                self._database,
                pushes,
                self._pacer,
                translators,
                alerts,
                policy,
                lease=lease.term,
            )
            amender = Amender(
                self._database,
                edits,
                self._pacer,
                translators,
                alerts,
                rate=settings.send_rate,
                page_chars=settings.page_chars,
            )
            intake = self._intake
            intake.heard()  # as far as this term goes
            talk = _talk(
                settings, self._machines, self._database, translators, replies, intake, lease.lost
            )

            async def amend() -> None:
                await unless(lease.lost, sender.ready.wait())
                await amender.run(lease.lost)

            async with asyncio.TaskGroup() as group:
                for name, work in (
                    ("sending", sender.run(lease.lost, self._published)),
                    ("amending", amend()),
                    ("alerts", alerts.watch(lease.lost)),
                    ("talking", talk),
                ):
                    part = self._machines.run(name, work, lease.lost)
                    group.create_task(part, name=name)

        return send


async def _talk(
    settings: Settings,
    machines: Machines,
    database: Database,
    translators: Translators,
    bot: Bot,
    intake: Intake,
    stop: asyncio.Event,
) -> None:
    """Answer people, from the moment that Telegram knows us."""
    me = await _introduce(bot, stop)
    if me is None:
        return
    _log.info("talking", name=f"@{me.username}")
    dispatcher = make_dispatcher(
        database,
        translators,
        bot_name=me.full_name,
        page_chars=settings.page_chars,
        admin_ids=settings.admin_ids,
        delivery_ttl=timedelta(hours=settings.delivery_ttl),
    )
    async with asyncio.TaskGroup() as group:
        menus = _publish_menus(settings, database, translators, bot, me.full_name)
        group.create_task(unless(stop, menus))
        receiving = _receive(settings, bot, intake, stop)
        group.create_task(machines.run("receiving", receiving, stop))
        turns = Turns(database, bot, dispatcher)
        group.create_task(machines.run("handling", turns.run(intake.arrived, stop), stop))


async def _publish_menus(
    settings: Settings, database: Database, translators: Translators, bot: Bot, name: str
) -> None:
    await publish_menu(bot, name, translators)
    admins = dict.fromkeys(settings.admin_ids, settings.default_locale)
    try:
        async with database.read() as connection:
            admins |= await locales_of(connection, admins)
    except StorageError as error:
        _log.warning("languages of the administrators not known", error=str(error))
    await publish_admin_menus(bot, {admin: translators[each] for admin, each in admins.items()})


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
            told = outcome(error)
            if isinstance(told, Stop):
                raise TokenRefusedError from None
            wait = told.seconds if isinstance(told, RetryLater) else _RETRY_SECONDS
            _log.warning(
                "Telegram cannot be reached", error=str(error)[:_ERROR_CHARS], retry_in=wait
            )
            await rest(stop, wait)
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
