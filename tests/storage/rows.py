"""Rows that tests of the storage and of the delivery start from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import (
    Alias,
    AliasKind,
    Chat,
    ChatKind,
    DeliveryState,
    Document,
    NewArticle,
    Paragraph,
    Priority,
    Reader,
    SourceSpec,
    Span,
)
from bot.storage import articles, broadcasts, outbox, readers, sections, sources, subscriptions
from bot.storage.database import Database
from bot.storage.schema import broadcast, delivery, source

FEED = "https://news.example/feed"
NOBODY = 0
"""A term that no sender has."""


def guid(key: str) -> Alias:
    return Alias(AliasKind.GUID, key)


def url(key: str) -> Alias:
    return Alias(AliasKind.URL, key)


def path_of(section: str | tuple[str, ...]) -> tuple[str, ...]:
    """A section's path, written as its title where it has no parent."""
    return (section,) if isinstance(section, str) else section


def new_article(
    *aliases: Alias,
    title: str = "Открыт новый мост",
    section: str | tuple[str, ...] = "Город",
    published: datetime | None = None,
    image: str | None = None,
) -> NewArticle:
    return NewArticle(
        aliases=aliases,
        section=path_of(section),
        url="https://news.example/" + "-".join(alias.key for alias in aliases),
        title=title,
        lead="Движение началось в понедельник.",
        image=image,
        language="ru",
        published=published,
        document=Document((Paragraph((Span("Длина моста 300 метров."),)),)),
    )


async def add_source(connection: AsyncConnection, now: datetime, address: str = FEED) -> int:
    """The number of a source, listed beside those that are listed already."""
    known = (await connection.scalars(select(source.c.url).where(source.c.listed))).all()
    specs = [SourceSpec(each) for each in {*known, address}]
    await sources.list_sources(connection, specs, now)
    number: int = (
        await connection.execute(select(source.c.id).where(source.c.url == address))
    ).scalar_one()
    return number


async def add_article(
    connection: AsyncConnection,
    now: datetime,
    key: str,
    *,
    section: str | tuple[str, ...] = "Город",
    title: str = "Открыт новый мост",
    image: str | None = None,
) -> int:
    source_id = await add_source(connection, now)
    new = new_article(guid(key), section=section, title=title, image=image)
    number = await articles.add_article(connection, source_id, new, now)
    assert number is not None
    return number


async def add_broadcast(
    database: Database,
    now: datetime,
    key: str = "a",
    *,
    section: str | tuple[str, ...] = "Город",
    title: str = "Открыт новый мост",
    image: str | None = None,
    ttl: timedelta = broadcasts.DELIVERY_TTL,
    priority: Priority = Priority.NEWS,
) -> int:
    """An article on its way out; its number. A database's first broadcast is 1, the next 2."""
    async with database.write() as connection:
        number = await add_article(connection, now, key, section=section, title=title, image=image)
        await broadcasts.add_broadcast(connection, number, now, ttl=ttl, priority=priority)
    return number


async def add_reader(
    database: Database,
    now: datetime,
    chat_id: int,
    *,
    section: str | tuple[str, ...] | None = "Город",
    kind: ChatKind = ChatKind.PRIVATE,
    thread_id: int = 0,
) -> Reader:
    """A reader who subscribes to a section, made where it is missing; with None to nothing."""
    async with database.write() as connection:
        reader = await readers.meet_reader(connection, Chat(chat_id, kind, thread_id), "ru", now)
        if section is not None:
            number = await sections.ensure_section(connection, path_of(section), now)
            await subscriptions.subscribe(connection, reader.id, [number], now)
    return reader


async def add_readers(database: Database, now: datetime, chat_ids: Sequence[int]) -> list[int]:
    """Many subscribers of one section in one transaction; their numbers."""
    async with database.write() as connection:
        number = await sections.ensure_section(connection, ("Город",), now)
        found = []
        for chat_id in chat_ids:
            chat = Chat(chat_id, ChatKind.PRIVATE)
            reader = await readers.meet_reader(connection, chat, "ru", now)
            await subscriptions.subscribe(connection, reader.id, [number], now)
            found.append(reader.id)
    return found


async def fan_out(database: Database, now: datetime, batch: int = 1000) -> None:
    """Have all that may be claimed now wait in the queue, as if somebody had let go of it."""
    async with database.write() as connection:
        while await outbox.claim(connection, lease=NOBODY, now=now, limit=batch):
            pass
        await outbox.release(connection, NOBODY, now)


async def rows(database: Database) -> list[Row[Any]]:
    """The deliveries as they are stored, by broadcast and reader."""
    statement = select(delivery).order_by(delivery.c.broadcast_id, delivery.c.reader_id)
    async with database.read() as connection:
        return list(await connection.execute(statement))


async def states(database: Database) -> list[DeliveryState]:
    return [DeliveryState(row.state) for row in await rows(database)]


async def broadcast_rows(database: Database) -> list[Row[Any]]:
    """The broadcasts as they are stored, by number."""
    async with database.read() as connection:
        return list(await connection.execute(select(broadcast).order_by(broadcast.c.id)))


async def deactivate(database: Database, chat_id: int, now: datetime) -> None:
    async with database.write() as connection:
        await readers.deactivate_chat(connection, chat_id, now)


async def unsubscribe(database: Database, reader_id: int, now: datetime) -> None:
    async with database.write() as connection:
        await subscriptions.unsubscribe(connection, reader_id, now)
