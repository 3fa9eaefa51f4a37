"""Subscriptions: who wants to hear of which section.

Who subscribes to a section gets what is in its children, too. A subscription to a child that has
ended says no to that child, also where the parent goes on: so it can be muted alone. Subscribing to
the parent takes such a no back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.schema import section, subscription
from bot.storage.sections import section_choices
from bot.storage.upsert import insert


async def subscribe(
    connection: AsyncConnection, reader_id: int, section_ids: Sequence[int], now: datetime
) -> None:
    """Subscribe to sections; one that is subscribed to already stays as it is.

    A child that was muted while its parent goes on comes through the parent again.
    """
    for section_id in section_ids:
        taken_back = select(section.c.id).where(section.c.parent_id == section_id)
        through = await _through_parent(connection, reader_id, section_id)
        if through:
            taken_back = select(section.c.id).where(section.c.id == section_id)
        await connection.execute(
            delete(subscription).where(
                subscription.c.reader_id == reader_id,
                subscription.c.ended_at.is_not(None),
                subscription.c.section_id.in_(taken_back),
            )
        )
        if through:
            continue
        statement = insert(connection, subscription).values(
            reader_id=reader_id, section_id=section_id, created_at=now
        )
        await connection.execute(
            statement.on_conflict_do_update(
                index_elements=[subscription.c.reader_id, subscription.c.section_id],
                set_={"created_at": now, "ended_at": None},
                where=subscription.c.ended_at.is_not(None),
            )
        )


async def subscribe_to_all(connection: AsyncConnection, reader_id: int, now: datetime) -> None:
    """Subscribe to every section that is on offer now; children come with their parents."""
    offered = await section_choices(connection, reader_id)
    top = [choice.section.id for choice in offered if choice.section.parent is None]
    await subscribe(connection, reader_id, top, now)


async def unsubscribe(
    connection: AsyncConnection,
    reader_id: int,
    now: datetime,
    *,
    section_id: int | None = None,
) -> int:
    """End one subscription, or all of them; how many ended.

    Where one section is meant and comes through its parent, it alone comes no more.
    """
    active = (subscription.c.reader_id == reader_id) & subscription.c.ended_at.is_(None)
    statement = update(subscription).where(active).values(ended_at=now)
    if section_id is not None:
        statement = statement.where(subscription.c.section_id == section_id)
    ended: int = (await connection.execute(statement)).rowcount
    if section_id is not None and await _through_parent(connection, reader_id, section_id):
        await connection.execute(
            insert(connection, subscription)
            .values(reader_id=reader_id, section_id=section_id, created_at=now, ended_at=now)
            .on_conflict_do_nothing()
        )
    return ended


async def undo_unsubscribe(connection: AsyncConnection, reader_id: int, ended_at: datetime) -> int:
    """Take back the subscriptions that ended at this very moment; how many came back."""
    statement = (
        update(subscription)
        .where(subscription.c.reader_id == reader_id, subscription.c.ended_at == ended_at)
        .values(ended_at=None)
    )
    return (await connection.execute(statement)).rowcount


def muted(
    reader_id: ColumnElement[int],
    section_id: ColumnElement[int] | int,
    *,
    after: int = 0,
    last: int | None = None,
) -> ColumnElement[bool]:
    """That a reader said no to a section, whatever comes of its parent.

    Args:
        reader_id: the reader.
        section_id: the section.
        after: a number that the reader's is above; PostgreSQL does not infer it, and would begin
            with the first.
        last: one that it is not above.
    """
    no = subscription.alias("no")
    found = select(no.c.reader_id).where(
        no.c.reader_id == reader_id, no.c.section_id == section_id, no.c.ended_at.is_not(None)
    )
    if after:
        found = found.where(no.c.reader_id > after)
    if last is not None:
        found = found.where(no.c.reader_id <= last)
    return exists(found.correlate_except(no))  # also with what is around what it stands in


def entitles(
    section_id: ColumnElement[int] | int, parent_id: ColumnElement[int] | int | None
) -> ColumnElement[bool]:
    """That a row of ``subscription`` brings its reader the articles of a section.

    One reader may have two such rows: of the section and of its parent.
    """
    own = subscription.c.section_id == section_id
    active = subscription.c.ended_at.is_(None)
    if parent_id is None:
        return own & active
    return and_(
        subscription.c.section_id.in_([section_id, parent_id]),  # by its key, unlike an OR
        active,
        or_(own, ~muted(subscription.c.reader_id, section_id)),
    )


async def _through_parent(connection: AsyncConnection, reader_id: int, section_id: int) -> bool:
    """Whether a reader subscribes to the parent of a section."""
    found = await connection.scalar(
        select(subscription.c.section_id)
        .join(section, section.c.parent_id == subscription.c.section_id)
        .where(
            section.c.id == section_id,
            subscription.c.reader_id == reader_id,
            subscription.c.ended_at.is_(None),
        )
    )
    return found is not None
