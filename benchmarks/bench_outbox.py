"""The outbox: fan-out to 1,000,000 readers, and what one delivery costs the database.

In life the fan-out goes just ahead of the sender; here it goes through at once. The peer writes
the same rows by the database's own driver, one commit each, in a plain loop.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import psycopg

sys.path.insert(0, str(Path(__file__).parents[1]))  # for when it is run by its path

from benchmarks._common import (
    Row,
    add_subscribers,
    memory,
    postgres,
    publish,
    quantile,
    show,
    sqlite,
)
from bot.model import DeliveryState
from bot.storage import audience, broadcasts, outbox
from bot.storage.database import Database

READERS = 1_000_000
BATCH = 2000
AT_ONCE = 200  # as the sender claims at its most
SECONDS = 3.0  # for each loop that would go on
AIM_SECONDS, AIM_TRANSACTION = 3.0, 0.05
TELEGRAM = 30.0  # messages per second that Telegram tolerates
_INSERT = "INSERT INTO delivery (broadcast_id, reader_id, state) VALUES (3, ?, 0)"
_LEASE_ONE = "UPDATE delivery SET state = 1, lease = 9 WHERE broadcast_id = 3 AND reader_id = ?"
_BEGIN = "UPDATE delivery SET state = 2 WHERE broadcast_id = 3 AND reader_id = ?"
_RECORD = (
    "UPDATE delivery SET state = 3, message_id = 1, finished_at = ?"
    " WHERE broadcast_id = 3 AND reader_id = ?"
)

Execute = Callable[[str, tuple[object, ...]], object]
"""Run one statement and commit it."""


async def measure(name: str, url: str) -> None:
    """Measure one database and print its table."""
    async with Database.open(url) as database:
        await publish(database, 1)
        await add_subscribers(database, READERS)
        await publish(database, 2)
        first = await first_claim(database)
        times, grown = await fan_out(database)
        await publish(database, 3)
        sent = await deliver(database)
        counted = await count(database)
    inserted, updated = await asyncio.to_thread(peer, url)
    total = sum(times)
    rate = READERS / total
    longest = max(times)
    rows: list[Row] = [
        (
            f"publication to the first claim, of {READERS:,}",
            f"{first * 1000:.0f} ms",
            "-",
            "-",
        ),
        (
            f"fan-out to {READERS:,}",
            f"{total:.2f} s",
            f"aim {AIM_SECONDS:.0f} s",
            f"{total / AIM_SECONDS:.2f}x",
        ),
        (
            "  deliveries made per second",
            f"{rate:,.0f}",
            f"loop {inserted:,.0f}",
            f"{rate / inserted:.1f}x",
        ),
        (
            "  longest write transaction",
            f"{longest * 1000:.0f} ms",
            f"aim {AIM_TRANSACTION * 1000:.0f} ms",
            f"{longest / AIM_TRANSACTION:.2f}x",
        ),
        (
            "  99 of 100 write transactions",
            f"{quantile(times, 0.99) * 1000:.0f} ms",
            f"aim {AIM_TRANSACTION * 1000:.0f} ms",
            f"{quantile(times, 0.99) / AIM_TRANSACTION:.2f}x",
        ),
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
        ("counting what is queued", f"{counted * 1000:.0f} ms", "-", "-"),
    ]
    show(f"Outbox on {name}", rows)


async def first_claim(database: Database) -> float:
    """Seconds until the sender has what it sends first, however many wait behind."""
    start = time.perf_counter()
    async with database.write() as connection:
        claimed = await outbox.claim(connection, lease=1, now=datetime.now(UTC), limit=AT_ONCE)
    assert len(claimed) == AT_ONCE
    return time.perf_counter() - start


async def fan_out(database: Database) -> tuple[list[float], float]:
    """Fan all out; the seconds of each write transaction, and by how much memory grew at most."""
    times: list[float] = []
    before = most = memory()
    while True:
        start = time.perf_counter()
        async with database.write() as connection:
            going = await audience.going(connection, datetime.now(UTC))
            if not going or going[0].fanned_out:
                break
            await broadcasts.fan_out(connection, going[0], 1, BATCH)
        times.append(time.perf_counter() - start)
        most = max(most, memory())
    return times, most - before


async def deliver(database: Database) -> float:
    """Take deliveries through their states as the sender does; deliveries per second."""
    done = 0
    start = time.perf_counter()
    while time.perf_counter() - start < SECONDS:
        now = datetime.now(UTC)
        async with database.write() as connection:
            claimed = await outbox.claim(connection, lease=1, now=now, limit=AT_ONCE)
            begun = await outbox.begin(connection, claimed, now)
        sent = [
            outbox.Settled(each.delivery, DeliveryState.SENT, message_id=1, shown=each.revision)
            for each in begun
        ]
        async with database.write() as connection:
            await outbox.record(connection, sent, now)
        done += len(sent)
    return done / (time.perf_counter() - start)


async def count(database: Database) -> float:
    """Seconds to count what is queued."""
    start = time.perf_counter()
    async with database.read() as connection:
        await broadcasts.count_queued(connection, datetime.now(UTC))
    return time.perf_counter() - start


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
    """Insert deliveries one by one, then send some of them."""
    execute("DELETE FROM delivery WHERE broadcast_id = 3", ())
    now = datetime.now(UTC).replace(tzinfo=None).isoformat(" ")

    def insert(number: int) -> None:
        execute(_INSERT, (number,))

    def send(number: int) -> None:
        execute(_LEASE_ONE, (number,))
        execute(_BEGIN, (number,))
        execute(_RECORD, (now, number))

    return repeat(insert), repeat(send)


def repeat(step: Callable[[int], object]) -> float:
    """Take a step with rising numbers for a while; steps per second."""
    number = 1
    start = time.perf_counter()
    while (seconds := time.perf_counter() - start) < SECONDS:
        step(number)
        number += 1
    return (number - 1) / seconds


def main() -> None:
    """Measure both databases."""
    for name, server in (("SQLite", sqlite), ("PostgreSQL", postgres)):
        with server() as url:
            asyncio.run(measure(name, url))


if __name__ == "__main__":
    main()
