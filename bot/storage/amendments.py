"""Amendments: messages that show an older revision of their article than there is."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import DeliveryState, Form, Reader, Section
from bot.storage.readers import reader_of
from bot.storage.schema import (
    AMENDING,
    article,
    bookmark,
    broadcast,
    delivery,
    opened,
    reader,
    section,
    subscription,
)
from bot.storage.sections import PARENT, WITH_PARENT, section_of
from bot.storage.subscriptions import entitles

END = 2**63 - 1
"""The cursor behind every reader: all were gone through, and are looked over from the start."""


@dataclass(frozen=True, slots=True)
class Amending:
    """A broadcast whose messages are being amended, in the order of their readers.

    Attributes:
        cursor: the last reader that was come to; ``END`` behind all of them.
        form: how much of the article's looks Telegram takes.
    """

    broadcast_id: int
    article_id: int
    cursor: int
    form: Form


@dataclass(frozen=True, slots=True)
class Amendment:
    """One message that is to be amended.

    Attributes:
        sent_at: when Telegram accepted it.
        opened: whether its reader went on from the push that it was.
        opened_article: whose page it shows then, or None where it is something else.
        page: the page at which the reader left the article.
        section: of the article, the one that brought it to the reader.
        muted: whether the reader does not subscribe to that any more.
    """

    reader: Reader
    message_id: int
    sent_at: datetime
    opened: bool
    opened_article: int | None
    page: int
    section: Section
    muted: bool


async def amending(connection: AsyncConnection, resting: Collection[int] = ()) -> Amending | None:
    """The newest broadcast with messages to amend, or None.

    Args:
        connection: to the database.
        resting: broadcasts that are left out as long as their cursor is at the end. Whatever is
            new in one sets its cursor back.
    """
    statement = (
        select(
            broadcast.c.id,
            broadcast.c.article_id,
            broadcast.c.amend_cursor,
            broadcast.c.form,
        )
        .where(AMENDING, or_(broadcast.c.amend_cursor < END, broadcast.c.id.not_in(resting)))
        .order_by(broadcast.c.id.desc())
        .limit(1)
    )
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        return None
    return Amending(row.id, row.article_id, row.amend_cursor, Form(row.form))


async def next_amendments(
    connection: AsyncConnection, of: Amending, revision: int, limit: int
) -> list[Amendment]:
    """The next messages behind the cursor that show less than a revision of the article.

    At the end it begins with the first: messages that were passed over, or arrived late.
    """
    behind = 0 if of.cursor == END else of.cursor
    statement = (
        _amendments(of, revision)
        .where(delivery.c.reader_id > behind)
        .order_by(delivery.c.reader_id)
        .limit(limit)
    )
    return [_amendment(row) for row in await connection.execute(statement)]


async def amendment(
    connection: AsyncConnection, of: Amending, revision: int, reader_id: int
) -> Amendment | None:
    """One message as it is now; None where it is not to be amended any more."""
    statement = _amendments(of, revision).where(delivery.c.reader_id == reader_id)
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else _amendment(row)


def _amendments(of: Amending, revision: int) -> Select[Any]:
    subscribed = exists().where(
        subscription.c.reader_id == delivery.c.reader_id,
        entitles(section.c.id, section.c.parent_id),
    )
    return (
        select(
            delivery.c.message_id,
            delivery.c.finished_at,
            opened.c.message_id.label("opened"),
            opened.c.article_id.label("opened_article"),
            bookmark.c.page,
            subscribed.label("subscribed"),
            reader,
            *WITH_PARENT,
        )
        .select_from(delivery)
        .join(reader, reader.c.id == delivery.c.reader_id)
        .join(article, article.c.id == of.article_id)
        .join(section, section.c.id == func.coalesce(delivery.c.section_id, article.c.section_id))
        .outerjoin(PARENT, PARENT.c.id == section.c.parent_id)
        .outerjoin(
            opened,
            and_(
                opened.c.reader_id == delivery.c.reader_id,
                opened.c.message_id == delivery.c.message_id,
            ),
        )
        .outerjoin(
            bookmark,
            and_(
                bookmark.c.reader_id == delivery.c.reader_id,
                bookmark.c.article_id == of.article_id,
            ),
        )
        .where(_outdated(of.broadcast_id, revision))
    )


async def record_amendments(
    connection: AsyncConnection,
    of: Amending,
    revision: int,
    *,
    shown: Collection[int],
    deleted: Collection[int],
    cursor: int | None,
) -> int | None:
    """Write down what messages show now, and how far the broadcast was gone through.

    A message that arrives late with an old revision may leave the cursor where it is, but never at
    ``END``. So a broadcast is done with only where nothing was found from ``END`` on. Where the
    article has changed meanwhile, or the cursor was moved, that stands; but whoever was frozen may
    have shown an old revision where a newer one was: then the cursor goes back.

    Args:
        connection: a transaction that writes.
        of: the broadcast, as ``amending`` told.
        revision: of the article that was shown.
        shown: the readers whose messages need nothing more for this revision.
        deleted: those whose messages are gone.
        cursor: the last reader that was come to, ``END``, or None where nothing is left to do.

    Returns:
        Where it goes on; None where nothing is left to do.
    """
    for readers, values in (
        (shown, {"shown": revision}),
        (deleted, {"shown": revision, "message_id": None}),
    ):
        if readers:
            await connection.execute(
                update(delivery)
                .where(
                    delivery.c.broadcast_id == of.broadcast_id, delivery.c.reader_id.in_(readers)
                )
                .values(**values)
            )
    # The article first, as whoever changes it does. From here on neither moves under our hands.
    newest: int | None = await connection.scalar(
        select(article.c.revision).where(article.c.id == of.article_id).with_for_update(read=True)
    )
    here: int | None = await connection.scalar(
        select(broadcast.c.amend_cursor).where(broadcast.c.id == of.broadcast_id).with_for_update()
    )
    cursor = _cursor(of, here, cursor, shown, old=newest != revision)
    if cursor != here:
        await connection.execute(
            update(broadcast).where(broadcast.c.id == of.broadcast_id).values(amend_cursor=cursor)
        )
    return cursor


def _cursor(
    of: Amending, here: int | None, cursor: int | None, shown: Collection[int], *, old: bool
) -> int | None:
    if not old and here == of.cursor:
        return cursor
    if old and shown and (here is None or here >= min(shown)):
        return min(shown) - 1
    return here


def _outdated(broadcast_id: int, revision: int) -> ColumnElement[bool]:
    return and_(
        delivery.c.broadcast_id == broadcast_id,
        delivery.c.state == DeliveryState.SENT,
        delivery.c.message_id.is_not(None),
        func.coalesce(delivery.c.shown, 1) < revision,
        reader.c.active,
    )


def _amendment(row: Row[Any]) -> Amendment:
    return Amendment(
        reader=reader_of(row),
        message_id=row.message_id,
        sent_at=row.finished_at,
        opened=row.opened is not None,
        opened_article=row.opened_article,
        page=row.page or 0,
        section=section_of(row),
        muted=not row.subscribed,
    )
