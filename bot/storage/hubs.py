"""Subscriptions at WebSub hubs, and what hubs say: that a source has news."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Source, shown_url
from bot.storage.schema import hub_subscription, source
from bot.storage.upsert import insert

LEASE = timedelta(days=10)
"""How long a subscription is wished to last: https://www.w3.org/TR/websub/#subscriptions."""

_BETWEEN_READS = timedelta(seconds=5)  # of a source whose hub pings again and again
_BEHIND = timedelta(minutes=1)  # how long a cache before the site may lag behind its hub
_SETTLED = timedelta(hours=1)  # a feed that names now this hub, now that one, is not followed
_SECRET_BYTES = 32  # 43 characters as text; a hub takes fewer than 200


class HubState(IntEnum):
    """Where a subscription stands."""

    REQUESTED = 0  # or about to be
    ACTIVE = 1  # confirmed; until its lease is over
    DENIED = 2


@dataclass(frozen=True, slots=True)
class HubSubscription:
    """What a hub is, or is to be, asked for.

    Attributes:
        source_url: the source's address, without user name and password.
        listed: whether the source is still read; otherwise its subscription runs out.
        token: what the callback's path ends in; nobody can guess it.
        secret: by which the hub signs what it sends.
        failures: requests since the hub last confirmed one.
        base: what the callback began with in the last request, or None where there was none.
        lease_until: until when the hub has promised to tell, or None.
    """

    source_id: int
    source_url: str
    listed: bool
    hub: str
    topic: str
    token: str
    secret: str
    state: HubState
    failures: int
    base: str | None
    lease_until: datetime | None


async def note_hub(
    connection: AsyncConnection, source_id: int, hub: str | None, topic: str | None, now: datetime
) -> bool:
    """Keep what a feed names; whether its hub is to be asked anew.

    Without a topic there is nothing to ask for. Another hub or topic than before takes the place
    of the old subscription, which runs out: its callback is not known any more.
    """
    known = hub_subscription.c.source_id == source_id
    row = (await connection.execute(select(hub_subscription).where(known))).one_or_none()
    named = None if hub is None or topic is None else (hub, topic)
    if named == (None if row is None else (row.hub, row.topic)):
        return False
    if row is not None:
        if row.named_at > now - _SETTLED:
            return False
        await connection.execute(delete(hub_subscription).where(known))
    if named is None:
        return False
    await connection.execute(
        insert(connection, hub_subscription).values(
            source_id=source_id,
            hub=hub,
            topic=topic,
            token=secrets.token_urlsafe(_SECRET_BYTES),
            secret=secrets.token_urlsafe(_SECRET_BYTES),
            named_at=now,
            renew_at=now,
        )
    )
    return True


async def due_requests(
    connection: AsyncConnection, now: datetime, base: str
) -> list[HubSubscription]:
    """What hubs are to be asked for now: new, unanswered, about to end, or asked for elsewhere.

    Args:
        connection: a transaction.
        now: the moment.
        base: what our callbacks begin with; where hubs know another one, they are asked anew.
    """
    moved = hub_subscription.c.base != base
    return await _found(
        connection, and_(source.c.listed, or_(hub_subscription.c.renew_at <= now, moved))
    )


async def next_request(connection: AsyncConnection) -> datetime | None:
    """When a hub is to be asked next, or None."""
    moment: datetime | None = await connection.scalar(
        select(func.min(hub_subscription.c.renew_at)).join(source).where(source.c.listed)
    )
    return moment


async def begin_request(
    connection: AsyncConnection,
    asked: HubSubscription,
    *,
    base: str,
    now: datetime,
    renew_at: datetime,
) -> bool:
    """A hub is about to be asked; False where the subscription is another one by now.

    Written before, since the hub may come back to us before it answers, or we may end meanwhile.

    Args:
        connection: a transaction.
        asked: what it is to be asked for.
        base: what our callbacks begin with.
        now: the moment.
        renew_at: when to ask again, where it does not confirm.
    """
    runs = asked.base == base and asked.lease_until is not None and asked.lease_until > now
    result = await connection.execute(
        update(hub_subscription)
        .where(hub_subscription.c.token == asked.token)
        .values(
            state=asked.state if runs else HubState.REQUESTED,
            failures=asked.failures + 1,
            base=base,
            requested_at=now,
            renew_at=renew_at,
        )
    )
    return bool(result.rowcount)


async def put_off_request(
    connection: AsyncConnection, asked: HubSubscription, renew_at: datetime
) -> None:
    """The hub wants to be asked later; unless it has confirmed meanwhile."""
    await connection.execute(
        update(hub_subscription)
        .where(hub_subscription.c.token == asked.token, hub_subscription.c.failures > 0)
        .values(renew_at=renew_at)
    )


async def find_subscription(connection: AsyncConnection, token: str) -> HubSubscription | None:
    """The subscription whose callback ends so, where its hub was asked for it."""
    asked = hub_subscription.c.requested_at.is_not(None)
    found = await _found(connection, and_(hub_subscription.c.token == token, asked))
    return found[0] if found else None


async def confirm(
    connection: AsyncConnection, token: str, *, lease_until: datetime, renew_at: datetime
) -> None:
    """The hub takes the subscription, for so long."""
    await connection.execute(
        update(hub_subscription)
        .where(hub_subscription.c.token == token)
        .values(state=HubState.ACTIVE, failures=0, lease_until=lease_until, renew_at=renew_at)
    )


async def deny(connection: AsyncConnection, token: str, *, renew_at: datetime) -> None:
    """The hub does not take it, or not any more; it is asked again much later."""
    await connection.execute(
        update(hub_subscription)
        .where(hub_subscription.c.token == token)
        .values(state=HubState.DENIED, lease_until=None, renew_at=renew_at)
    )


async def give_up(connection: AsyncConnection, token: str, now: datetime) -> None:
    """The hub was told that we want no more; it is asked anew if the source is listed again."""
    await connection.execute(
        update(hub_subscription)
        .where(hub_subscription.c.token == token)
        .values(state=HubState.REQUESTED, lease_until=None, renew_at=now)
    )


async def ping(connection: AsyncConnection, source_id: int, now: datetime) -> None:
    """A hub says that a source has news: it is due now, or some seconds after its last read.

    A site that fails is left alone as long as it would be otherwise.
    """
    statement = select(source).where(source.c.id == source_id)
    row = (await connection.execute(statement.with_for_update(key_share=True))).one()
    due = now if row.read_at is None else max(now, row.read_at + _BETWEEN_READS)
    await connection.execute(
        update(source)
        .where(source.c.id == source_id)
        .values(pinged_at=now, next_at=row.next_at if row.failures else min(row.next_at, due))
    )


async def settle_ping(
    connection: AsyncConnection, read: Source, now: datetime, *, fruitless: bool
) -> None:
    """A read was completed, and recorded: it answers the ping that it began with.

    A ping that came while it was under way makes the source due again soon. So does one that led
    to nothing: the hub may be ahead of a cache, and one look more, a little later, will do.

    Args:
        connection: the transaction that recorded the read.
        read: the source as the read found it.
        now: the moment.
        fruitless: whether the read was for a ping, yet found no news.
    """
    this = source.c.id == read.id
    if read.pinged_at is not None:
        answered = this & (source.c.pinged_at == read.pinged_at)
        await connection.execute(update(source).where(answered).values(pinged_at=None))
    await _due_by(connection, this & source.c.pinged_at.is_not(None), now + _BETWEEN_READS)
    if fruitless:
        await _due_by(connection, this, now + _BEHIND)


async def count_active(connection: AsyncConnection, now: datetime) -> int:
    """How many listed sources have a hub that tells of their news."""
    statement = select(func.count()).select_from(hub_subscription).join(source)
    active = hub_subscription.c.state == HubState.ACTIVE
    runs = hub_subscription.c.lease_until > now
    return await connection.scalar(statement.where(source.c.listed, active, runs)) or 0


async def _due_by(
    connection: AsyncConnection, condition: ColumnElement[bool], due: datetime
) -> None:
    await connection.execute(
        update(source).where(condition, source.c.next_at > due).values(next_at=due)
    )


async def _found(
    connection: AsyncConnection, condition: ColumnElement[bool]
) -> list[HubSubscription]:
    statement = (
        select(hub_subscription, source.c.url, source.c.listed)
        .join(source)
        .where(condition)
        .order_by(hub_subscription.c.renew_at, hub_subscription.c.source_id)
    )
    return [
        HubSubscription(
            source_id=row.source_id,
            source_url=shown_url(row.url),
            listed=row.listed,
            hub=row.hub,
            topic=row.topic,
            token=row.token,
            secret=row.secret,
            state=HubState(row.state),
            failures=row.failures,
            base=row.base,
            lease_until=row.lease_until,
        )
        for row in await connection.execute(statement)
    ]
