"""Asking the hubs that feeds name to tell us of their news, as subscribers do by WebSub.

https://www.w3.org/TR/websub/
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta

import structlog

from bot.errors import FetchError, StorageError
from bot.ingest.fetching.fetch import Fetcher
from bot.storage import hubs
from bot.storage.database import Database
from bot.storage.hubs import HubSubscription
from bot.waiting import growing, rest, unless

_log = structlog.get_logger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=5), timedelta(days=1)
_SHORTEST_PAUSE = timedelta(minutes=1)
_SHORTEST_NAP, _LONGEST_NAP = 1.0, 60.0  # seconds


def next_request(
    now: datetime, failures: int, lease_until: datetime | None, jitter: float
) -> datetime:
    """When to ask a hub again that does not confirm.

    Args:
        now: the moment of the request that is about to be made.
        failures: requests without a confirmation, that one included; each doubles the pause.
        lease_until: until when the hub tells us anyway; before, a third of what is left is waited
            at most, so that nothing is missed.
        jitter: 0 to 1; up to a fifth is added, so that requests spread out.
    """
    pause = growing(_FIRST_PAUSE, failures - 1, _LONGEST_PAUSE) * (1 + jitter / 5)
    if lease_until is not None and lease_until > now:
        pause = min(pause, max((lease_until - now) / 3, _SHORTEST_PAUSE))
    return now + pause


class Subscriber:
    """Sees to it that hubs know what we want to hear of.

    A hub that does not answer, or refuses, is asked ever more rarely: sources are polled anyway.

    Args:
        database: where it is kept what hubs are asked for.
        fetcher: how they are asked; it keeps us out of private networks.
        base: what the address of a callback begins with; a subscription's token follows.
        clock: the moment.
    """

    def __init__(
        self,
        database: Database,
        fetcher: Fetcher,
        *,
        base: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._fetcher = fetcher
        self._base = base
        self._clock = clock

    async def run(self, stop: asyncio.Event, named: asyncio.Event) -> None:
        """Ask hubs as it falls due until ``stop``.

        Args:
            stop: set when to end; a request that is under way is given up, and made anew later.
            named: set whenever a feed has named another hub.
        """
        while not stop.is_set():
            named.clear()
            nap = _LONGEST_NAP
            try:
                async with self._database.read() as connection:
                    due = await hubs.due_requests(connection, self._clock(), self._base)
                await unless(stop, self._ask_all(due))
                async with self._database.read() as connection:
                    upcoming = await hubs.next_request(connection)
                if upcoming is not None:
                    nap = (upcoming - self._clock()).total_seconds()
            except StorageError as error:
                _log.warning("hubs not asked", error=str(error))
            await rest(stop, min(max(nap, _SHORTEST_NAP), _LONGEST_NAP), named)

    async def _ask_all(self, due: Iterable[HubSubscription]) -> None:
        """One request at a time to each hub."""
        by_hub: dict[str, list[HubSubscription]] = {}
        for subscription in due:
            by_hub.setdefault(subscription.hub, []).append(subscription)
        async with asyncio.TaskGroup() as group:
            for subscriptions in by_hub.values():
                group.create_task(self._ask_one_by_one(subscriptions))

    async def _ask_one_by_one(self, subscriptions: Sequence[HubSubscription]) -> None:
        for subscription in subscriptions:
            try:
                await self._ask(subscription)
            except StorageError as error:
                _log.warning("hub not asked", source=subscription.source_url, error=str(error))
            except Exception:  # noqa: BLE001 - one hub must not stop the others
                _log.exception("unexpected fault", source=subscription.source_url)

    async def _ask(self, subscription: HubSubscription) -> None:
        now = self._clock()
        failures = subscription.failures + 1
        jitter = random.random()  # noqa: S311 - it only spreads requests
        again_at = next_request(now, failures, subscription.lease_until, jitter)
        async with self._database.write() as connection:
            begun = await hubs.begin_request(
                connection, subscription, base=self._base, now=now, renew_at=again_at
            )
        if not begun:
            return
        try:
            await self._fetcher.post(subscription.hub, self._form(subscription))
        except FetchError as error:
            if error.retry_after is not None:
                again_at = max(again_at, now + timedelta(seconds=error.retry_after))
                async with self._database.write() as connection:
                    await hubs.put_off_request(connection, subscription, again_at)
            _log.warning(
                "hub does not take a subscription: its source is polled",
                source=subscription.source_url,
                error=_without_secrets(str(error), subscription),
                failures=failures,
                next_at=again_at.isoformat(timespec="seconds"),
            )

    def _form(self, subscription: HubSubscription) -> dict[str, str]:
        """https://www.w3.org/TR/websub/#subscriber-sends-subscription-request."""
        return {
            "hub.mode": "subscribe",
            "hub.topic": subscription.topic,
            "hub.callback": self._base + subscription.token,
            "hub.secret": subscription.secret,
            "hub.lease_seconds": f"{hubs.LEASE.total_seconds():.0f}",
        }


def _without_secrets(said: str, subscription: HubSubscription) -> str:
    """What a hub says, which may quote the address that we gave it."""
    return said.replace(subscription.token, "…").replace(subscription.secret, "…")
