"""Asking hubs, and being told by them, over real sockets and both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select

from bot.ingest.fetching.fetch import Fetcher
from bot.ingest.poll import Poller
from bot.ingest.websub import Subscriber, next_request
from bot.ingest.workers import ParsePool
from bot.model import Role, SourceSpec
from bot.storage import hubs, sources
from bot.storage.database import Database
from bot.storage.hubs import HubState
from bot.storage.schema import article, broadcast, hub_subscription
from bot.web import CALLBACK, HubCallback, Standing, serve
from tests.hub import Answer, Hub, Site

SECOND, MINUTE, HOUR, DAY = (timedelta(seconds=n) for n in (1, 60, 3600, 86_400))
TOPIC = "https://news.example/feed"


@dataclass(slots=True)
class House:
    """The parts of the bot that have to do with hubs, at a moment that a test can move.

    Attributes:
        now: the moment.
        live: it is the machine's own instead.
        named: wakes the subscriber.
    """

    database: Database
    fetcher: Fetcher
    port: int
    hub: Hub
    now: datetime
    live: bool = False
    named: asyncio.Event = field(default_factory=asyncio.Event)
    pinged: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}{CALLBACK}"

    def clock(self) -> datetime:
        return datetime.now(UTC) if self.live else self.now

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        callback = HubCallback(self.database, self.pinged, self.clock)
        standing = Standing(tuple(Role), frozenset(), None)
        async with serve(
            "127.0.0.1", self.port, self.database, lambda: standing, callback=callback
        ):
            yield

    @asynccontextmanager
    async def subscribing(self, fetcher: Fetcher | None = None) -> AsyncIterator[None]:
        subscriber = Subscriber(
            self.database, fetcher or self.fetcher, base=self.base, clock=self.clock
        )
        async with running(subscriber, self.named):
            yield

    async def names(self, hub: str) -> None:
        """A feed that is read names a hub."""
        async with self.database.write() as connection:
            await sources.list_sources(connection, [SourceSpec(TOPIC)], self.now)
            assert await hubs.note_hub(connection, 1, hub, TOPIC, self.now)
        self.named.set()

    def move(self, by: timedelta) -> None:
        """Let time go by."""
        self.now += by
        self.named.set()

    async def state(self) -> tuple[HubState, int]:
        async with self.database.read() as connection:
            columns = hub_subscription.c["state", "failures"]
            state, failures = (await connection.execute(select(*columns))).one()
        return HubState(state), failures

    async def next_request(self) -> datetime:
        async with self.database.read() as connection:
            moment = await hubs.next_request(connection)
        assert moment is not None
        return moment


@asynccontextmanager
async def running(machine: Subscriber, named: asyncio.Event) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(machine.run(stop, named))
    try:
        yield
    finally:
        stop.set()
        await task


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    async with Fetcher(allow_private=True, user_agent="test", page_pause=0) as opened:
        yield opened


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    async with Hub() as opened:
        yield opened
        assert opened.violations == []


@pytest.fixture
def house(
    database: Database, fetcher: Fetcher, unused_tcp_port: int, hub: Hub, now: datetime
) -> House:
    return House(database, fetcher, unused_tcp_port, hub, now)


async def test_a_subscription_is_verified_and_renewed_before_its_end(house: House) -> None:
    hub = house.hub
    async with house.serving(), house.subscribing():
        await house.names(f"{hub.url}/")
        await hub.wait_for(lambda: len(hub.verdicts) == 1)
        assert await house.state() == (HubState.ACTIVE, 0)
        assert await house.next_request() == house.now + DAY * 20 / 3
        house.move(6 * DAY)
        house.move(DAY)
        await hub.wait_for(lambda: len(hub.verdicts) == 2)
        assert await house.state() == (HubState.ACTIVE, 0)
        assert await house.next_request() == house.now + DAY * 20 / 3
    first, second = hub.requests
    assert first == second
    assert first["hub.topic"] == TOPIC
    assert first["hub.lease_seconds"] == "864000"
    assert [status for status, _ in hub.verdicts] == [200, 200]
    assert list(hub.confirmed) == [(TOPIC, first["hub.callback"])]


async def test_a_hub_that_never_comes_back_is_asked_ever_more_rarely(house: House) -> None:
    hub = house.hub
    hub.answer = Answer(verify=False)
    async with house.serving(), house.subscribing():
        await house.names(f"{hub.url}/")
        await hub.wait_for(lambda: len(hub.requests) == 1)
        pauses = []
        for times in range(2, 6):
            pauses.append(await house.next_request() - house.now)
            house.move(pauses[-1])
            await hub.wait_for(partial(lambda count: len(hub.requests) == count, times))
        assert await house.state() == (HubState.REQUESTED, 5)
        hub.answer = Answer()
        house.move(DAY)
        await hub.wait_for(lambda: hub.confirmed)
        assert await house.state() == (HubState.ACTIVE, 0)
    for pause, minutes in zip(pauses, (5, 10, 20, 40), strict=True):
        assert minutes * MINUTE <= pause <= minutes * MINUTE * 1.2


async def test_a_hub_that_denies_is_asked_again_the_next_day(house: House) -> None:
    hub = house.hub
    hub.answer = Answer(deny="not for you")
    async with house.serving(), house.subscribing():
        await house.names(f"{hub.url}/")
        await hub.wait_for(lambda: hub.verdicts)
        assert hub.verdicts == [(200, "")]
        assert await house.state() == (HubState.DENIED, 1)
        assert await house.next_request() == house.now + DAY
        hub.answer = Answer()
        house.move(DAY)
        await hub.wait_for(lambda: hub.confirmed)
        assert await house.state() == (HubState.ACTIVE, 0)


async def test_a_hub_that_wants_time_gets_it(house: House) -> None:
    hub = house.hub
    hub.answer = Answer(503, "Busy.\x1b[31m", {"Retry-After": "7200"})
    async with house.serving(), house.subscribing():
        await house.names(f"{hub.url}/")
        await hub.wait_for(lambda: hub.requests)
        async with asyncio.timeout(20):
            while await house.next_request() < house.now + 2 * HOUR:  # noqa: ASYNC110 - nothing announces it
                await asyncio.sleep(0)
        assert await house.next_request() == house.now + 2 * HOUR
        hub.answer = Answer()
        house.move(2 * HOUR)
        await hub.wait_for(lambda: hub.confirmed)


async def test_a_hub_may_send_us_to_another(house: House) -> None:
    hub = house.hub
    async with Hub() as old, house.serving(), house.subscribing():
        old.answer = Answer(308, headers={"Location": f"{hub.url}/"}, verify=False)
        await house.names(f"{old.url}/")
        await hub.wait_for(lambda: hub.confirmed)
        assert hub.requests == old.requests
        assert old.violations == []


async def test_our_own_network_is_no_hub(house: House) -> None:
    """The address comes from a feed, so anybody may have written it."""
    hub = house.hub
    async with (
        Fetcher(allow_private=False, user_agent="test") as guarded,
        house.serving(),
        house.subscribing(guarded),
    ):
        await house.names(f"{hub.url}/")
        async with asyncio.timeout(20):
            while await house.state() != (HubState.REQUESTED, 1):  # noqa: ASYNC110 - see above
                await asyncio.sleep(0)
    assert hub.requests == []


async def test_a_restart_between_request_and_verification_loses_nothing(house: House) -> None:
    hub = house.hub
    hub.answer = Answer(verify=False)
    async with house.serving(), house.subscribing():
        await house.names(f"{hub.url}/")
        await hub.wait_for(lambda: hub.requests)
    async with house.serving(), house.subscribing():
        await hub.verify(hub.requests[0])
        assert await house.state() == (HubState.ACTIVE, 0)
        assert await hub.distribute(TOPIC, b"<rss/>") == [200]
    async with house.serving():
        assert await hub.distribute(TOPIC, b"<rss/>") == [200]
    assert len(hub.requests) == 1


async def test_one_hub_that_hangs_holds_up_no_other(house: House) -> None:
    async with Hub() as slow:
        slow.answer = Answer(verify=False)
        slow.hold.clear()
        async with house.database.write() as connection:
            specs = [SourceSpec(f"https://{name}.example/feed") for name in "ab"]
            await sources.list_sources(connection, specs, house.now)
            for number, one in enumerate((slow, house.hub), start=1):
                await hubs.note_hub(connection, number, f"{one.url}/", TOPIC, house.now)
        async with house.serving(), house.subscribing():
            await slow.wait_for(lambda: slow.requests)
            await house.hub.wait_for(lambda: house.hub.confirmed)


async def pushed(database: Database) -> list[str]:
    async with database.read() as connection:
        statement = select(article.c.title).join(broadcast).order_by(broadcast.c.id)
        return list(await connection.scalars(statement))


@pytest.mark.parametrize("in_headers", [False, True])
async def test_news_are_pushed_when_the_hub_tells_of_them(
    house: House, *, in_headers: bool
) -> None:
    """From a feed's first read to a push, with a pause between reads that would take an hour."""
    hub = house.hub
    house.live = True
    async with (
        Site(f"{hub.url}/", in_headers=in_headers) as site,
        ParsePool() as pool,
        AsyncExitStack() as stack,
    ):
        async with house.database.write() as connection:
            spec = SourceSpec(f"{site.url}/feed")
            await sources.list_sources(connection, [spec], house.clock())
        poller = Poller(
            house.database,
            house.fetcher,
            pool,
            poll_seconds=3600,
            allow_private=True,
            pinged=house.pinged,
        )
        house.named = poller.named
        await stack.enter_async_context(house.serving())
        await stack.enter_async_context(house.subscribing())
        stop = asyncio.Event()
        reading = asyncio.create_task(poller.run(stop))
        try:
            await hub.wait_for(lambda: hub.confirmed)
            assert [topic for topic, _ in hub.confirmed] == [site.topic]
            assert len(site.reads) == 1
            site.titles.append("Вторая")
            async with house.database.write() as connection:  # a minute goes by
                now = datetime.now(UTC)
                await sources.record_unchanged(
                    connection,
                    1,
                    now=now - MINUTE,
                    next_at=now + HOUR,
                    etag=None,
                    last_modified=None,
                )
            await hub.distribute(site.topic, site.body(), secret="x" * 43)
            assert not house.pinged.is_set()
            assert await hub.distribute(site.topic, b"") == [200]
            async with asyncio.timeout(30):
                await poller.published.wait()
            assert await pushed(house.database) == ["Вторая"]
            assert len(site.reads) == 2
            assert site.reads[1]["Cache-Control"] == "no-cache"
            assert "If-None-Match" not in site.reads[1]
        finally:
            stop.set()
            await reading


async def test_a_ping_during_a_read_or_ahead_of_a_cache_leads_to_another(house: House) -> None:
    async with Site(f"{house.hub.url}/") as site, ParsePool() as pool:
        async with house.database.write() as connection:
            await sources.list_sources(connection, [SourceSpec(f"{site.url}/feed")], house.now)
        poller = Poller(
            house.database,
            house.fetcher,
            pool,
            poll_seconds=3600,
            allow_private=True,
            chance=lambda: 0.5,
        )

        async def read(*, pinged: bool) -> timedelta:
            """How long after it the source is due again."""
            async with house.database.read() as connection:
                (one,) = await sources.due_sources(connection, datetime.now(UTC) + DAY)
            site.hold.clear()
            reading = asyncio.create_task(poller.read(one))
            seen = len(site.reads)
            await site.wait_for(lambda: len(site.reads) > seen)
            if pinged:
                async with house.database.write() as connection:
                    await hubs.ping(connection, one.id, datetime.now(UTC))
            site.hold.set()
            await reading
            async with house.database.read() as connection:
                due = await sources.upcoming(connection)
            assert due is not None
            return due - datetime.now(UTC)

        assert await read(pinged=False) > 59 * MINUTE
        assert await read(pinged=True) < 6 * SECOND  # answered with 304, which is too old
        assert 50 * SECOND < await read(pinged=False) < 61 * SECOND  # nothing new yet
        assert await read(pinged=False) > 59 * MINUTE
        tags = [headers.get("If-None-Match") for headers in site.reads]
        assert tags == [None, '"1"', None, '"1"']


@pytest.mark.parametrize(
    ("failures", "left", "jitter", "pause"),
    [
        (1, None, 0.0, 5 * MINUTE),
        (1, None, 1.0, 6 * MINUTE),
        (4, None, 0.0, 40 * MINUTE),
        (20, None, 0.0, DAY),
        (1000, None, 1.0, 1.2 * DAY),
        (20, 3 * HOUR, 0.0, HOUR),
        (20, 2 * MINUTE, 0.0, MINUTE),
        (20, -HOUR, 0.0, DAY),
        (1, 3 * DAY, 0.0, 5 * MINUTE),
    ],
)
def test_when_a_hub_is_asked_again(
    now: datetime, failures: int, left: timedelta | None, jitter: float, pause: timedelta
) -> None:
    lease_until = None if left is None else now + left
    assert next_request(now, failures, lease_until, jitter) - now == pause
