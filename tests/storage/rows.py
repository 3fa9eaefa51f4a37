"""Rows that tests of the storage and of the delivery start from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
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
    Reader,
    SourceSpec,
    Span,
)
from bot.storage import articles, broadcasts, readers, sections, sources, subscriptions
from bot.storage.database import Database
from bot.storage.schema import delivery, source

FEED = "https://news.example/feed"


def guid(key: str) -> Alias:
    return Alias(AliasKind.GUID, key)


def url(key: str) -> Alias:
    return Alias(AliasKind.URL, key)


def new_article(
    *aliases: Alias,
    title: str = "Открыт новый мост",
    section: str = "Город",
    published: datetime | None = None,
    image: str | None = None,
) -> NewArticle:
    return NewArticle(
        aliases=aliases,
        section=section,
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
    section: str = "Город",
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
    section: str = "Город",
    title: str = "Открыт новый мост",
    image: str | None = None,
) -> int:
    """An article on its way out; its number."""
    async with database.write() as connection:
        number = await add_article(connection, now, key, section=section, title=title, image=image)
        await broadcasts.add_broadcast(connection, number, now)
    return number


async def add_reader(
    database: Database,
    now: datetime,
    chat_id: int,
    *,
    section: str | None = "Город",
    kind: ChatKind = ChatKind.PRIVATE,
    thread_id: int = 0,
) -> Reader:
    """A reader who subscribes to a section, made where it is missing; with None to nothing."""
    async with database.write() as connection:
        reader = await readers.meet_reader(connection, Chat(chat_id, kind, thread_id), "ru", now)
        if section is not None:
            number = await sections.ensure_section(connection, section, now)
            await subscriptions.subscribe(connection, reader.id, [number], now)
    return reader


async def add_readers(database: Database, now: datetime, chat_ids: Sequence[int]) -> list[int]:
    """Many subscribers of one section in one transaction; their numbers."""
    async with database.write() as connection:
        number = await sections.ensure_section(connection, "Город", now)
        found = []
        for chat_id in chat_ids:
            chat = Chat(chat_id, ChatKind.PRIVATE)
            reader = await readers.meet_reader(connection, chat, "ru", now)
            await subscriptions.subscribe(connection, reader.id, [number], now)
            found.append(reader.id)
    return found


async def fan_out(database: Database, now: datetime, batch: int = 100) -> None:
    """All pending broadcasts, to their end."""
    while True:
        async with database.write() as connection:
            if await outbox.fan_out(connection, now, batch) is None:
                return


async def rows(database: Database) -> list[Row[Any]]:
    """The deliveries as they are stored, by number."""
    async with database.read() as connection:
        return list(await connection.execute(select(delivery).order_by(delivery.c.broadcast_id, delivery.c.reader_id)))


async def states(database: Database) -> list[DeliveryState]:
    return [DeliveryState(row.state) for row in await rows(database)]


async def deactivate(database: Database, chat_id: int, now: datetime) -> None:
    async with database.write() as connection:
        await readers.deactivate_chat(connection, chat_id, now)


async def unsubscribe(database: Database, reader_id: int, now: datetime) -> None:
    async with database.write() as connection:
        await subscriptions.unsubscribe(connection, reader_id, now)


async def let_lapse(database: Database, moment: datetime) -> None:
    """Leases that are held end at this moment, as if their holders had ended."""
    async with database.write() as connection:
        await connection.execute(
            update(delivery).where(delivery.c.lease_until.is_not(None)).values(lease_until=moment)
        )
