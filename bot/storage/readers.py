"""Readers: the Telegram chats that we know, their language, and whether we may write there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Row,
    and_,
    case,
    delete,
    exists,
    literal,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import BroadcastState, Chat, ChatKind, DeliveryState, Reader
from bot.storage.audience import ROUND_AT, ROUND_SECTION
from bot.storage.incoming import settle_chat
from bot.storage.pauses import forget_pause
from bot.storage.schema import (
    IS_KEPT,
    article,
    bookmark,
    broadcast,
    delivery,
    opened,
    reader,
    section,
    state_is,
    subscription,
)
from bot.storage.subscriptions import entitles
from bot.storage.upsert import insert


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How much was deleted of a chat; a forum has a reader for each topic that wrote to us."""

    readers: int
    subscriptions: int
    bookmarks: int
    opened: int
    deliveries: int
    updates: int


async def find_reader(connection: AsyncConnection, chat: Chat) -> tuple[Reader, bool] | None:
    """The reader in this chat and whether its language was chosen by hand, or None."""
    row = (await connection.execute(select(reader).where(_is(chat)))).one_or_none()
    return None if row is None else (reader_of(row), row.locale_chosen)


async def locales_of(connection: AsyncConnection, chat_ids: Collection[int]) -> dict[int, str]:
    """The languages of those of these chats that we know, by their ids."""
    statement = select(reader.c.chat_id, reader.c.locale).where(
        reader.c.chat_id.in_(chat_ids), reader.c.thread_id == 0
    )
    return {row.chat_id: row.locale for row in await connection.execute(statement)}


async def meet_reader(
    connection: AsyncConnection, chat: Chat, locale: str, now: datetime
) -> Reader:
    """The reader in this chat, made or refreshed: it is active, for it has just written.

    A language that was chosen by hand stays; else the reader's language is ``locale``.
    """
    statement = insert(connection, reader).values(
        chat_id=chat.id, thread_id=chat.thread_id, kind=chat.kind, locale=locale, created_at=now
    )
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=[reader.c.chat_id, reader.c.thread_id],
            set_={"kind": chat.kind, "active": True, "missing_since": None},
        )
    )
    await connection.execute(
        update(reader).where(_is(chat), ~reader.c.locale_chosen).values(locale=locale)
    )
    return reader_of((await connection.execute(select(reader).where(_is(chat)))).one())


async def choose_locale(connection: AsyncConnection, reader_id: int, locale: str) -> None:
    """The reader chose a language; from now on Telegram's own is not asked."""
    await connection.execute(
        update(reader).where(reader.c.id == reader_id).values(locale=locale, locale_chosen=True)
    )


async def activate_chat(connection: AsyncConnection, chat_id: int) -> None:
    """We may write to this chat (again)."""
    await connection.execute(update(reader).where(reader.c.chat_id == chat_id).values(active=True))


async def deactivate_chat(connection: AsyncConnection, chat_id: int, now: datetime) -> None:
    """We may not write to this chat: what waits for it is cancelled, its subscriptions stay."""
    await connection.execute(update(reader).where(reader.c.chat_id == chat_id).values(active=False))
    await connection.execute(
        update(delivery)
        .where(
            delivery.c.broadcast_id.in_(
                select(broadcast.c.id).where(state_is(broadcast, BroadcastState.OPEN))
            ),
            delivery.c.reader_id.in_(select(reader.c.id).where(reader.c.chat_id == chat_id)),
            state_is(delivery, DeliveryState.QUEUED),
        )
        .values(state=DeliveryState.CANCELLED, finished_at=now)
    )


async def note_missing(connection: AsyncConnection, chat_id: int, since: datetime | None) -> None:
    """Telegram does not find this chat since then; None: it does (again)."""
    await connection.execute(
        update(reader).where(reader.c.chat_id == chat_id).values(missing_since=since)
    )


async def move_chat(connection: AsyncConnection, old: int, new: int) -> None:
    """A group became a supergroup: its readers go on under the new id.

    Where the new chat has written to us first, what the old one had is joined to it. The messages
    stay behind in the old chat.
    """
    rows = (await connection.execute(select(reader).where(reader.c.chat_id == old))).all()
    for row in rows:
        await _forget_messages(connection, row.id)
        twin = await connection.scalar(
            select(reader.c.id).where(reader.c.chat_id == new, reader.c.thread_id == row.thread_id)
        )
        if twin is None:
            await connection.execute(
                update(reader)
                .where(reader.c.id == row.id)
                .values(chat_id=new, kind=ChatKind.SUPERGROUP, active=True)
            )
        else:
            await _join(connection, row.id, twin)
            if row.locale_chosen:
                await connection.execute(
                    update(reader)
                    .where(reader.c.id == twin, ~reader.c.locale_chosen)
                    .values(locale=row.locale, locale_chosen=True)
                )


async def _forget_messages(connection: AsyncConnection, reader_id: int) -> None:
    """A chat numbers its messages by itself: in another one the same numbers are other messages."""
    await connection.execute(
        update(delivery)
        .where(_of_readers([reader_id]), delivery.c.message_id.is_not(None))
        .values(message_id=None)
    )
    await connection.execute(delete(opened).where(opened.c.reader_id == reader_id))


async def leave_topic(connection: AsyncConnection, reader_id: int) -> None:
    """A forum topic is gone: its reader goes on in the chat itself, joined to who is there."""
    row = (await connection.execute(select(reader).where(reader.c.id == reader_id))).one_or_none()
    if row is None:
        return
    twin = await connection.scalar(
        select(reader.c.id).where(reader.c.chat_id == row.chat_id, reader.c.thread_id == 0)
    )
    if twin is None:
        await connection.execute(update(reader).where(reader.c.id == reader_id).values(thread_id=0))
    elif twin != reader_id:
        await _join(connection, reader_id, twin)


async def forget_chat(connection: AsyncConnection, chat_id: int) -> Forgotten:
    """Delete all that is kept of a chat; of its updates only the numbers stay.

    SQLite may give the number of a reader that is gone to the next one, so nothing that refers to
    it may stay. On PostgreSQL the sender may make a delivery at this very moment: it is deleted
    when it is claimed, and its number is nobody's for ever.
    """
    numbers = (
        await connection.scalars(select(reader.c.id).where(reader.c.chat_id == chat_id))
    ).all()
    subscriptions, bookmarks, shown = [
        (await connection.execute(delete(table).where(table.c.reader_id.in_(numbers)))).rowcount
        for table in (subscription, bookmark, opened)
    ]
    await connection.execute(delete(reader).where(reader.c.id.in_(numbers)))
    deliveries = await connection.execute(delete(delivery).where(_of_readers(numbers)))
    await forget_pause(connection, chat_id)
    updates = await settle_chat(connection, chat_id)
    return Forgotten(
        readers=len(numbers),
        subscriptions=subscriptions,
        bookmarks=bookmarks,
        opened=shown,
        deliveries=deliveries.rowcount,
        updates=updates,
    )


async def _join(connection: AsyncConnection, old: int, new: int) -> None:
    await _reach(connection, old, new)
    for table, column in ((subscription, "section_id"), (bookmark, "article_id")):
        other = table.alias()
        theirs = select(other.c[column]).where(other.c.reader_id == new)
        await connection.execute(
            update(table)
            .where(table.c.reader_id == old, table.c[column].not_in(theirs))
            .values(reader_id=new)
        )
    await _join_deliveries(connection, old, new)
    await connection.execute(delete(reader).where(reader.c.id == old))


async def _reach(connection: AsyncConnection, old: int, new: int) -> None:
    """What goes out and has come past ``new`` but not to ``old`` must not miss both."""
    missed = (
        select(
            broadcast.c.id,
            literal(new),
            literal(int(DeliveryState.QUEUED)),
            broadcast.c.created_at,
            broadcast.c.round_section_id,
        )
        .join(article, article.c.id == broadcast.c.article_id)
        .join(section, section.c.id == ROUND_SECTION)
        .where(
            IS_KEPT,
            broadcast.c.state.in_([BroadcastState.OPEN, BroadcastState.HALTED]),
            ~broadcast.c.fanned_out,
            broadcast.c.cursor >= new,
            broadcast.c.cursor < old,
            exists().where(
                subscription.c.reader_id == old,
                entitles(section.c.id, section.c.parent_id),
                subscription.c.created_at <= ROUND_AT,
            ),
        )
    )
    await connection.execute(
        insert(connection, delivery)
        .from_select(["broadcast_id", "reader_id", "state", "not_before", "section_id"], missed)
        .on_conflict_do_nothing()
    )


async def _join_deliveries(connection: AsyncConnection, old: int, new: int) -> None:
    """One that is in hand goes back to the queue: whoever has it knows it by its old name."""
    other = delivery.alias()
    theirs = select(other.c.broadcast_id).where(_of_readers([new], other))
    mine = _of_readers([old])
    held = delivery.c.state.in_([DeliveryState.LEASED, DeliveryState.SENDING])
    sending = delivery.c.state == DeliveryState.SENDING
    await connection.execute(
        update(delivery)
        .where(mine, delivery.c.broadcast_id.not_in(theirs))
        .values(
            reader_id=new,
            state=case((held, DeliveryState.QUEUED), else_=delivery.c.state),
            doubts=delivery.c.doubts + case((sending, 1), else_=0),
            not_before=case(
                (
                    held,
                    select(broadcast.c.created_at)
                    .where(broadcast.c.id == delivery.c.broadcast_id)
                    .scalar_subquery(),
                ),
                else_=delivery.c.not_before,
            ),
            lease=case((held, None), else_=delivery.c.lease),
        )
    )
    await connection.execute(delete(delivery).where(mine))


def _of_readers(numbers: Collection[int], table: FromClause = delivery) -> ColumnElement[bool]:
    """By broadcast, since deliveries have no index by readers."""
    kept = select(broadcast.c.id).where(IS_KEPT)
    return and_(table.c.reader_id.in_(numbers), table.c.broadcast_id.in_(kept))


def reader_of(row: Row[Any]) -> Reader:
    """A row of the reader table as a reader."""
    return Reader(
        id=row.id,
        chat=Chat(row.chat_id, ChatKind(row.kind), row.thread_id),
        locale=row.locale,
        active=row.active,
    )


def _is(chat: Chat) -> Any:
    return (reader.c.chat_id == chat.id) & (reader.c.thread_id == chat.thread_id)
