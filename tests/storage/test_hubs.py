"""What hubs are asked for, and how their pings meet reads."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bot.model import Source, SourceSpec
from bot.storage import hubs, sources
from bot.storage.database import Database, Transaction
from bot.storage.hubs import HubState, HubSubscription

HUB, OTHER = "https://hub.example/", "https://other.example/"
FEED = "https://user:secret@news.example/feed"
TOPIC = "https://news.example/feed"
BASE = "https://bot.example/websub/"
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
async def source_id(database: Database, now: datetime) -> int:
    """A source that is read, and due in an hour."""
    async with database.write() as connection:
        await sources.list_sources(connection, [SourceSpec(FEED)], now - HOUR)
        (one,) = await sources.due_sources(connection, now)
        await record(connection, one, now - MINUTE)
    return one.id


async def record(
    connection: Transaction, source: Source, now: datetime, *, fruitless: bool = False
) -> None:
    await sources.record_read(
        connection, source.id, now=now, next_at=now + HOUR, etag=None, last_modified=None
    )
    await hubs.settle_ping(connection, source, now, fruitless=fruitless)


async def complete(
    database: Database, source: Source, now: datetime, *, fruitless: bool = False
) -> None:
    """A read of the source ends."""
    async with database.write() as connection:
        await record(connection, source, now, fruitless=fruitless)


async def note(database: Database, source_id: int, now: datetime, hub: str | None = HUB) -> bool:
    async with database.write() as connection:
        return await hubs.note_hub(connection, source_id, hub, TOPIC, now)


async def due(database: Database, now: datetime, base: str = BASE) -> list[HubSubscription]:
    async with database.read() as connection:
        return await hubs.due_requests(connection, now, base)


async def request(
    database: Database, asked: HubSubscription, now: datetime, base: str = BASE
) -> bool:
    async with database.write() as connection:
        return await hubs.begin_request(
            connection, asked, base=base, now=now, renew_at=now + 5 * MINUTE
        )


async def confirm(database: Database, asked: HubSubscription, now: datetime) -> None:
    async with database.write() as connection:
        await hubs.confirm(
            connection, asked.token, lease_until=now + 3 * HOUR, renew_at=now + 2 * HOUR
        )


async def requested(database: Database, source_id: int, now: datetime) -> HubSubscription:
    """The feed names a hub, which is asked for a subscription."""
    await note(database, source_id, now)
    (asked,) = await due(database, now)
    await request(database, asked, now)
    return asked


async def subscribed(database: Database, source_id: int, now: datetime) -> HubSubscription:
    """The same, and the hub has confirmed it."""
    asked = await requested(database, source_id, now)
    await confirm(database, asked, now)
    return asked


async def found(database: Database, token: str) -> HubSubscription:
    async with database.read() as connection:
        one = await hubs.find_subscription(connection, token)
    assert one is not None
    return one


async def active(database: Database, now: datetime) -> int:
    async with database.read() as connection:
        return await hubs.count_active(connection, now)


async def ping(database: Database, source_id: int, now: datetime) -> None:
    async with database.write() as connection:
        await hubs.ping(connection, source_id, now)


async def upcoming(database: Database) -> datetime | None:
    async with database.read() as connection:
        return await sources.upcoming(connection)


async def listed(database: Database, now: datetime) -> Source:
    async with database.read() as connection:
        (one,) = await sources.due_sources(connection, now + 1000 * HOUR)
    return one


async def test_a_subscription_is_asked_for_confirmed_and_renewed(
    database: Database, source_id: int, now: datetime
) -> None:
    assert await note(database, source_id, now)
    assert not await note(database, source_id, now)
    (asked,) = await due(database, now)
    assert (asked.hub, asked.topic, asked.source_url) == (HUB, TOPIC, TOPIC)
    assert len(asked.secret) == len(asked.token) == 43
    assert asked.secret != asked.token
    async with database.read() as connection:  # nobody can have asked for it yet
        assert await hubs.find_subscription(connection, asked.token) is None

    assert await request(database, asked, now)
    assert await due(database, now + 4 * MINUTE) == []
    (again,) = await due(database, now + 5 * MINUTE)
    assert (again.state, again.failures) == (HubState.REQUESTED, 1)
    assert await active(database, now) == 0

    await confirm(database, again, now)
    assert await active(database, now) == 1
    assert await active(database, now + 3 * HOUR) == 0
    (renewed,) = await due(database, now + 2 * HOUR)
    assert (renewed.state, renewed.failures) == (HubState.ACTIVE, 0)
    await request(database, renewed, now + 2 * HOUR)
    assert await active(database, now + 2 * HOUR) == 1  # until the lease is over
    (late,) = await due(database, now + 4 * HOUR)
    await request(database, late, now + 4 * HOUR)
    assert (await found(database, late.token)).state == HubState.REQUESTED


async def test_another_hub_takes_the_place_of_the_first_but_not_every_minute(
    database: Database, source_id: int, now: datetime
) -> None:
    first = await requested(database, source_id, now)
    for hub in (OTHER, None):
        assert not await note(database, source_id, now + MINUTE, hub)
    assert (await found(database, first.token)).hub == HUB

    assert await note(database, source_id, now + HOUR, OTHER)
    (second,) = await due(database, now + HOUR)
    assert second.hub == OTHER
    assert second.token != first.token
    assert second.secret != first.secret
    assert not await request(database, first, now + HOUR)  # it began too late

    assert not await note(database, source_id, now + 2 * HOUR, None)
    assert await due(database, now + 9 * HOUR) == []


async def test_a_feed_that_names_no_topic_has_nothing_to_subscribe_to(
    database: Database, source_id: int, now: datetime
) -> None:
    async with database.write() as connection:
        assert not await hubs.note_hub(connection, source_id, HUB, None, now)
    assert await due(database, now) == []


async def test_hubs_are_asked_anew_when_our_address_changes(
    database: Database, source_id: int, now: datetime
) -> None:
    await subscribed(database, source_id, now)
    assert await due(database, now) == []
    (moved,) = await due(database, now, "https://new.example/websub/")
    await request(database, moved, now, "https://new.example/websub/")
    assert await due(database, now, "https://new.example/websub/") == []
    assert await active(database, now) == 0  # the hub still calls where we are no more


async def test_a_source_that_is_listed_no_more_is_not_asked_for(
    database: Database, source_id: int, now: datetime
) -> None:
    asked = await subscribed(database, source_id, now)
    async with database.write() as connection:
        await sources.list_sources(connection, [], now)
    assert await due(database, now + 9 * HOUR) == []
    assert await active(database, now) == 0
    assert not (await found(database, asked.token)).listed

    async with database.write() as connection:
        await hubs.give_up(connection, asked.token, now)
        await sources.list_sources(connection, [SourceSpec(FEED)], now)
    (again,) = await due(database, now)  # at once: the hub may have ended it
    assert again.state == HubState.REQUESTED


async def test_a_denied_subscription_is_asked_for_again_later(
    database: Database, source_id: int, now: datetime
) -> None:
    asked = await subscribed(database, source_id, now)
    async with database.write() as connection:
        await hubs.deny(connection, asked.token, renew_at=now + 24 * HOUR)
    assert await active(database, now) == 0
    assert await due(database, now + 23 * HOUR) == []
    (again,) = await due(database, now + 24 * HOUR)
    assert again.state == HubState.DENIED


async def test_what_was_confirmed_meanwhile_is_not_put_off(
    database: Database, source_id: int, now: datetime
) -> None:
    asked = await requested(database, source_id, now)
    async with database.write() as connection:
        await hubs.put_off_request(connection, asked, now + HOUR)
    assert await due(database, now + HOUR - SECOND) == []
    await confirm(database, asked, now)
    async with database.write() as connection:
        await hubs.put_off_request(connection, asked, now + 24 * HOUR)
        assert await hubs.next_request(connection) == now + 2 * HOUR


async def test_a_ping_makes_a_source_due_once(
    database: Database, source_id: int, now: datetime
) -> None:
    await ping(database, source_id, now)
    assert await upcoming(database) == now
    read = await listed(database, now)
    assert read.pinged_at == now
    await complete(database, read, now + SECOND)
    assert await upcoming(database) == now + SECOND + HOUR
    assert (await listed(database, now)).pinged_at is None


async def test_pings_right_after_a_read_wait_and_none_is_lost(
    database: Database, source_id: int, now: datetime
) -> None:
    await complete(database, await listed(database, now), now)
    for _ in range(50):
        await ping(database, source_id, now + SECOND)
    assert await upcoming(database) == now + 5 * SECOND
    await ping(database, source_id, now + 20 * SECOND)
    assert await upcoming(database) == now + 5 * SECOND


async def test_a_ping_during_a_read_is_not_lost(
    database: Database, source_id: int, now: datetime
) -> None:
    """The end of a read puts the source off, which once was the end of the ping too."""
    for before in (None, now):
        if before is not None:
            await ping(database, source_id, before)
        read = await listed(database, now)
        await ping(database, source_id, now + SECOND)
        await complete(database, read, now + 2 * SECOND)
        assert await upcoming(database) == now + 7 * SECOND
        assert (await listed(database, now)).pinged_at == now + SECOND
        await complete(database, await listed(database, now), now + 7 * SECOND)


async def test_a_read_that_answers_a_ping_with_nothing_is_followed_by_one_more(
    database: Database, source_id: int, now: datetime
) -> None:
    await ping(database, source_id, now)
    await complete(database, await listed(database, now), now, fruitless=True)
    assert await upcoming(database) == now + MINUTE
    await complete(database, await listed(database, now), now + MINUTE)
    assert await upcoming(database) == now + MINUTE + HOUR


async def test_a_ping_does_not_hurry_a_site_that_fails(
    database: Database, source_id: int, now: datetime
) -> None:
    """It may have asked to be left alone; the ping is answered when it is read again."""
    async with database.write() as connection:
        await sources.record_failure(connection, source_id, next_at=now + MINUTE, error="503")
    await ping(database, source_id, now)
    assert await upcoming(database) == now + MINUTE
    assert (await listed(database, now)).pinged_at == now
