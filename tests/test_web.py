"""Whether the bot is well, as a container's health check asks."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from sqlalchemy import text

from bot.model import Alias, AliasKind, Chat, ChatKind, Document, NewArticle, Role, SourceSpec
from bot.storage import articles, broadcasts, readers, sources, subscriptions
from bot.storage.database import Database
from bot.web import Standing, serve


def led() -> Standing:
    """A process that does all alone, and hears from Telegram."""
    return Standing(tuple(Role), frozenset({Role.READ, Role.SEND}), 0.0)


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        number: int = found.getsockname()[1]
        return number


async def health(client: aiohttp.ClientSession, port: int) -> tuple[int, dict[str, Any]]:
    async with client.get(f"http://127.0.0.1:{port}/healthz") as answer:
        return answer.status, await answer.json()


async def test_well(database: Database, client: aiohttp.ClientSession, port: int) -> None:
    standing = Standing(tuple(Role), frozenset({Role.READ, Role.SEND}), 12.34)
    async with serve("127.0.0.1", port, database, lambda: standing):
        assert await health(client, port) == (
            200,
            {
                "well": True,
                "roles": ["read", "send", "web"],
                "leads": ["read", "send"],
                "telegram_silent_seconds": 12.3,
                "queued": 0,
                "sources": 0,
                "sources_read": 0,
                "sources_failing": 0,
            },
        )


async def test_what_waits_and_what_fails_is_told(
    database: Database, client: aiohttp.ClientSession, port: int, now: datetime
) -> None:
    new = NewArticle(
        (Alias(AliasKind.URL, "https://a.example/1"),), ("Город",), "https://a.example/1",
        "Ледоход", "", None, None, None, Document(),
    )  # fmt: skip
    async with database.write() as connection:
        specs = tuple(SourceSpec(f"https://{name}.example/feed") for name in "abc")
        await sources.list_sources(connection, specs, now)
        await sources.record_unchanged(
            connection, 1, now=now, next_at=now, etag=None, last_modified=None
        )
        await sources.record_failure(connection, 2, next_at=now, error="no answer")
        number = await articles.add_article(connection, 1, new, now)
        assert number is not None
        reader = await readers.meet_reader(connection, Chat(5, ChatKind.PRIVATE), "ru", now)
        await subscriptions.subscribe_to_all(connection, reader.id, now)
        await broadcasts.add_broadcast(connection, number, datetime.now(UTC))
    async with serve("127.0.0.1", port, database, led):
        status, told = await health(client, port)
    assert status == 200
    assert told["queued"] == 1
    assert [told[n] for n in ("sources", "sources_read", "sources_failing")] == [3, 1, 1]


@pytest.mark.parametrize(("seconds", "status"), [(179.9, 200), (180.0, 503), (1e6, 503)])
async def test_unwell_when_telegram_is_silent(
    sqlite_url: str, client: aiohttp.ClientSession, port: int, seconds: float, status: int
) -> None:
    async with (
        Database.open(sqlite_url) as database,
        serve("127.0.0.1", port, database, lambda: replace(led(), silence=seconds)),
    ):
        given, told = await health(client, port)
    assert given == status
    assert told["well"] == (status == 200)


async def test_well_where_another_process_talks_to_telegram(
    sqlite_url: str, client: aiohttp.ClientSession, port: int
) -> None:
    """It is told what this one is for and does; how Telegram is, only the other one knows."""
    standing = Standing((Role.READ, Role.WEB), frozenset({Role.READ}), None)
    async with (
        Database.open(sqlite_url) as database,
        serve("127.0.0.1", port, database, lambda: standing),
    ):
        status, told = await health(client, port)
    assert status == 200
    assert (told["roles"], told["leads"]) == (["read", "web"], ["read"])
    assert "telegram_silent_seconds" not in told


async def test_unwell_when_the_database_is(
    sqlite_url: str, client: aiohttp.ClientSession, port: int
) -> None:
    async with (
        Database.open(sqlite_url) as database,
        serve("127.0.0.1", port, database, led),
    ):
        async with database.write() as connection:
            await connection.execute(text("ALTER TABLE delivery RENAME TO lost"))
        status, told = await health(client, port)
        assert status == 503
        assert not told["well"]
        assert "delivery" in told["database"]
        async with database.write() as connection:
            await connection.execute(text("ALTER TABLE lost RENAME TO delivery"))
        assert (await health(client, port))[0] == 200


async def test_nothing_else_is_served_and_the_port_is_freed(
    sqlite_url: str, client: aiohttp.ClientSession, port: int
) -> None:
    async with Database.open(sqlite_url) as database:
        for _ in range(2):
            async with serve("127.0.0.1", port, database, led):
                async with client.get(f"http://127.0.0.1:{port}/") as answer:
                    assert answer.status == 404
                async with client.post(f"http://127.0.0.1:{port}/healthz") as answer:
                    assert answer.status == 405


async def test_a_port_that_is_taken(sqlite_url: str, port: int) -> None:
    async with Database.open(sqlite_url) as database, serve("127.0.0.1", port, database, led):
        with pytest.raises(OSError, match="in use"):
            async with serve("127.0.0.1", port, database, led):
                pass
