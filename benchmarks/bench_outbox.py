"""The outbox: fan-out to 200,000 readers, and what one delivery costs the database.

The peer writes the same rows by the database's own driver, one commit each, in a plain loop.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

sys.path.insert(0, str(Path(__file__).parents[1]))  # for when it is run by its path

from benchmarks._common import (
    Row,
    add_subscribers,
    memory,
    postgres,
    publish,
    show,
    sqlite,
)
from bot.storage import outbox
from bot.storage.database import Database

READERS = 200_000
BATCH = 2000  # as the sender fans out
CLAIM = 20  # as the sender claims at the default SEND_RATE
SECONDS = 3.0  # for each loop that would go on
TELEGRAM = 30.0  # messages per second that Telegram tolerates
_LEASE = timedelta(minutes=5)
_INSERT = "INSERT INTO delivery (broadcast_id, reader_id, not_before) VALUES (2, ?, ?)"
_LEASE_ONE = "UPDATE delivery SET state = 1, attempt = 1, lease = 'peer' WHERE id = ?"
_BEGIN = "UPDATE delivery SET state = 2 WHERE id = ?"
_RECORD = "UPDATE delivery SET state = 3, message_id = 1, finished_at = ? WHERE id = ?"

Execute = Callable[[str, tuple[object, ...]], object]
"""Run one statement and commit it."""


async def measure(name: str, url: str) -> None:
    """Measure one database and print its table."""
    async with Database.open(url) as database:
        await publish(database, 1)
        await add_subscribers(database, READERS)
        await publish(database, 2)
        times, grown = await fan_out(database)
        sent = await deliver(database)
        async with database.read() as connection:
            start = time.perf_counter()
            counts = await outbox.count_deliveries(connection)
            counted = time.perf_counter() - start
        assert sum(counts.values()) == READERS
    inserted, updated = await asyncio.to_thread(peer, url)
    total = sum(times)
    rate = READERS / total
    rows: list[Row] = [
        (f"fan-out to {READERS:,}", f"{total:.2f} s", "-", "-"),
        (
            "  deliveries made per second",
            f"{rate:,.0f}",
            f"loop {inserted:,.0f}",
            f"{rate / inserted:.1f}x",
        ),
        ("  longest write transaction", f"{max(times) * 1000:.0f} ms", "-", "-"),
        ("  growth of memory", f"{grown:.1f} MB", "-", "-"),
        (
            "claim + begin + record per second",
            f"{sent:,.0f}",
            f"loop {updated:,.0f}",
            f"{sent / updated:.2f}x",
        ),
        (
            "  beside what Telegram takes",
            f"{sent:,.0f}",
            f"limit {TELEGRAM:.0f}",
            f"{sent / TELEGRAM:.0f}x",
        ),
        ("counting all deliveries by state", f"{counted * 1000:.0f} ms", "-", "-"),
    ]
    show(f"Outbox on {name}", rows)


async def fan_out(database: Database) -> tuple[list[float], float]:
    """Fan all out; the seconds of each write transaction, and by how much memory grew at most."""
    times: list[float] = []
    before = most = memory()
    added: int | None = 0
    while added is not None:
        start = time.perf_counter()
        async with database.write() as connection:
            added = await outbox.fan_out(connection, datetime.now(UTC), BATCH)
        times.append(time.perf_counter() - start)
        most = max(most, memory())
    return times, most - before


async def deliver(database: Database) -> float:
    """Take deliveries through their states one after another; deliveries per second."""
    done = 0
    start = time.perf_counter()
    while time.perf_counter() - start < SECONDS:
        now = datetime.now(UTC)
        async with database.write() as connection:
            claimed = await outbox.claim(
                connection, lease="bench", now=now, until=now + _LEASE, limit=CLAIM
            )
        for delivery in claimed:
            async with database.write() as connection:
                assert await outbox.begin_send(connection, delivery, now)
            async with database.write() as connection:
                await outbox.record_sent(connection, delivery, 1, now)
            done += 1
    return done / (time.perf_counter() - start)


def peer(url: str) -> tuple[float, float]:
    """The driver alone: inserts, and deliveries taken through their states, per second."""
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        connection.execute("PRAGMA synchronous = FULL")
        try:
            return loops(connection.execute)
        finally:
            connection.close()
    with psycopg.connect(url, autocommit=True) as server:
        return loops(
            lambda statement, values: server.execute(statement.replace("?", "%s").encode(), values)
        )


def loops(execute: Execute) -> tuple[float, float]:
    """Insert deliveries one by one in the place of the first ones, then send some that wait."""
    execute("DELETE FROM delivery WHERE reader_id <= ?", (READERS // 2,))
    now = datetime.now(UTC).replace(tzinfo=None).isoformat(" ")

    def insert(number: int) -> None:
        execute(_INSERT, (number, now))

    def send(number: int) -> None:
        execute(_LEASE_ONE, (number,))
        execute(_BEGIN, (number,))
        execute(_RECORD, (now, number))

    return repeat(insert), repeat(send, READERS // 2 + 1)


def repeat(step: Callable[[int], object], first: int = 1) -> float:
    """Take a step with rising numbers for a while; steps per second."""
    number = first
    start = time.perf_counter()
    while (seconds := time.perf_counter() - start) < SECONDS:
        step(number)
        number += 1
    return (number - first) / seconds


def main() -> None:
    """Measure both databases."""
    for name, server in (("SQLite", sqlite), ("PostgreSQL", postgres)):
        with server() as url:
            asyncio.run(measure(name, url))


if __name__ == "__main__":
    main()
