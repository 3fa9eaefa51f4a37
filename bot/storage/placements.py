"""Placements: articles that stand in further sections, and what follows for their broadcasts.

A broadcast goes through the readers of its article's own section, and then in a further round each
through those of the others. A delivery is known by its broadcast and its reader, so that nobody
gets an article twice, whatever rounds come to them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import case, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import BroadcastState
from bot.storage.schema import article, broadcast, delivery, placement, section
from bot.storage.upsert import insert

_CHUNK = 500  # articles in one query; SQLite bounds the variables of a statement
_UNENDED = [BroadcastState.OPEN, BroadcastState.HALTED, BroadcastState.HELD, BroadcastState.DONE]
"""What may still send something while its time runs; more readers may come to what is done."""


async def place(
    connection: AsyncConnection,
    article_id: int,
    section_id: int,
    source_id: int,
    now: datetime,
    *,
    goes_out: bool,
) -> bool:
    """Let an article stand in a further section; once it does, nothing changes.

    A section that has what is in the article's own anyway, being its parent, is none.

    Args:
        connection: a transaction that writes.
        article_id: the article.
        section_id: the section.
        source_id: the source that has the article there.
        now: the moment.
        goes_out: whether the section's readers are to get it, as long as its broadcast's time runs.

    Returns:
        Whether it goes out to them.
    """
    # As whoever changes it does: the article first, then its broadcast, both before the placement
    # is made. So whoever ends a round finds it, or that the round has ended is seen here.
    stands_in = (
        select(article.c.section_id, section.c.parent_id, article.c.sorted_at)
        .join(section, section.c.id == article.c.section_id)
        .where(article.c.id == article_id)
        .with_for_update(read=True, of=article)
    )
    its = (await connection.execute(stands_in)).one()
    if section_id in {its.section_id, its.parent_id}:
        return False
    going = (
        select(broadcast.c.id, broadcast.c.fanned_out)
        .where(
            broadcast.c.article_id == article_id,
            broadcast.c.expires_at > now,
            broadcast.c.state.in_(_UNENDED),
        )
        .with_for_update()
    )
    out = (await connection.execute(going)).one_or_none()
    due = goes_out and out is not None
    placed = await connection.execute(
        insert(connection, placement)
        .values(
            article_id=article_id,
            section_id=section_id,
            source_id=source_id,
            due=due,
            sorted_at=its.sorted_at,
            created_at=now,
        )
        .on_conflict_do_nothing(),
        execution_options={"preserve_rowcount": True},  # else psycopg's is not asked for
    )
    if not due or out is None or not placed.rowcount:
        return False
    if out.fanned_out:
        await begin_round(connection, out.id, article_id)
    return True


async def lock(connection: AsyncConnection, article_ids: Collection[int]) -> None:
    """Lock articles that may be placed, and their broadcasts, as a claim does: in order of rank.

    Else a claim and a read could wait for each other.
    """
    ids = sorted(article_ids)
    for first in range(0, len(ids), _CHUNK):
        some = ids[first : first + _CHUNK]
        those = select(article.c.id).where(article.c.id.in_(some)).order_by(article.c.id)
        await connection.execute(those.with_for_update(read=True))
    for first in range(0, len(ids), _CHUNK):
        some = ids[first : first + _CHUNK]
        theirs = select(broadcast.c.id).where(broadcast.c.article_id.in_(some))
        ranked = theirs.order_by(broadcast.c.priority, broadcast.c.id)
        await connection.execute(ranked.with_for_update())


async def begin_round(connection: AsyncConnection, broadcast_id: int, article_id: int) -> None:
    """Let a broadcast go through the readers of the next further section, if there is one.

    It has come to the end of those before, and is locked.
    """
    statement = (
        select(placement.c.section_id, placement.c.created_at)
        .where(placement.c.article_id == article_id, placement.c.due)
        .order_by(placement.c.created_at, placement.c.section_id)
        .limit(1)
    )
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        return
    await connection.execute(
        update(placement)
        .where(placement.c.article_id == article_id, placement.c.section_id == row.section_id)
        .values(due=False)
    )
    done = broadcast.c.state == BroadcastState.DONE
    await connection.execute(
        update(broadcast)
        .where(broadcast.c.id == broadcast_id)
        .values(
            round_section_id=row.section_id,
            round_at=row.created_at,
            cursor=0,
            fanned_out=False,
            state=case((done, BroadcastState.OPEN), else_=broadcast.c.state),
        )
    )


async def unplaced(
    connection: AsyncConnection, article_ids: Collection[int], section_id: int, source_id: int
) -> list[tuple[int, datetime | None]]:
    """Of these articles, those of other sources that do not stand in a section.

    Returns:
        Their numbers, and when they were published.
    """
    numbers = sorted(article_ids)
    found: list[tuple[int, datetime | None]] = []
    for start in range(0, len(numbers), _CHUNK):
        chunk = numbers[start : start + _CHUNK]
        others = (
            select(article.c.id, article.c.published_at)
            .join(section, section.c.id == article.c.section_id)
            .where(
                article.c.id.in_(chunk),
                article.c.source_id != source_id,
                article.c.section_id != section_id,
                func.coalesce(section.c.parent_id, 0) != section_id,
            )
            .order_by(article.c.id)
        )
        placed = select(placement.c.article_id).where(
            placement.c.article_id.in_(chunk), placement.c.section_id == section_id
        )
        there = set(await connection.scalars(placed))
        found += [
            (row[0], row[1]) for row in await connection.execute(others) if row[0] not in there
        ]
    return found


async def with_placements(connection: AsyncConnection, section_ids: Sequence[int]) -> list[int]:
    """Of these sections, those that articles of other sections stand in."""
    statement = select(section.c.id).where(
        section.c.id.in_(section_ids), exists().where(placement.c.section_id == section.c.id)
    )
    return list(await connection.scalars(statement))


async def brought_by(connection: AsyncConnection, article_id: int, reader_id: int) -> int | None:
    """The further section that brought an article to a reader; None: its own, or nothing did."""
    number: int | None = await connection.scalar(
        select(delivery.c.section_id)
        .join(broadcast, broadcast.c.id == delivery.c.broadcast_id)
        .where(broadcast.c.article_id == article_id, delivery.c.reader_id == reader_id)
    )
    return number
