"""Takeover: the leader is killed in the middle of a broadcast, and another process goes on.

Two real processes on PostgreSQL, a news site and a Telegram, all here. Each round kills the one
that sends, waits until every reader has the article, and starts a new process to stand by.
"""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import update

sys.path.insert(0, str(Path(__file__).parents[1]))  # for when it is run by its path

from benchmarks._common import (
    Row,
    add_subscribers,
    conclude,
    demand,
    postgres,
    quantile,
    show,
)
from bot.model import DeliveryState
from bot.storage.broadcasts import count_deliveries
from bot.storage.database import Database
from bot.storage.schema import reader
from sandbox.newsroom import Newsroom
from sandbox.process import FIRST_READ, BotProcess
from sandbox.telegram import Telegram

ROUNDS = 5
READERS = 250
LIMIT_SECONDS = 20.0  # what docs/operating.md promises
_PATIENCE_SECONDS = 90.0
_ON_THE_WAY_SECONDS = 1.0  # requests of the dead arrive until then
_LONG_AGO = datetime.now(UTC) - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Round:
    """What one kill did.

    Attributes:
        led: seconds until another process led.
        pushed: seconds until it sent its first push.
        whole: seconds until every reader had the article.
        in_flight: sends whose end the dead process did not record.
        lost: readers without the article at the end.
        duplicates: copies beyond the first.
    """

    led: float
    pushed: float
    whole: float
    in_flight: int
    lost: int
    duplicates: int


async def kill_in_a_broadcast(
    telegram: Telegram,
    site: Newsroom,
    database: Database,
    leader: BotProcess,
    heir: BotProcess,
    number: int,
) -> Round:
    """Publish, kill the leader after a quarter of the pushes, and see what the heir makes of it."""
    ledger = telegram.ledger
    title = f"Срочная новость номер {number}"
    before = ledger.sent
    site.publish(title=title, lead="Коротко о главном.", paragraphs=["Подробности позже."])
    await ledger.wait_for(lambda: ledger.sent >= before + READERS // 4, timeout=_PATIENCE_SECONDS)
    await leader.kill()
    killed = time.monotonic()
    async with database.read() as connection:
        states = (await count_deliveries(connection, _LONG_AGO)).by_state
    in_flight = states.get(DeliveryState.SENDING, 0)
    await asyncio.sleep(_ON_THE_WAY_SECONDS)
    reached = ledger.sent

    await sends(heir)
    led = time.monotonic() - killed
    await ledger.wait_for(lambda: ledger.sent > reached, timeout=_PATIENCE_SECONDS)
    pushed = time.monotonic() - killed
    await ledger.wait_for(
        lambda: ledger.sent >= before + READERS and len(ledger.copies(title)) == READERS,
        timeout=_PATIENCE_SECONDS,
    )
    whole = time.monotonic() - killed
    while await unfinished(database):  # noqa: ASYNC110 - what is sent twice may still be on its way
        await asyncio.sleep(_ON_THE_WAY_SECONDS)
    copies = ledger.copies(title)
    return Round(
        led=led,
        pushed=pushed,
        whole=whole,
        in_flight=in_flight,
        lost=READERS - len(copies),
        duplicates=copies.total() - len(copies),
    )


async def unfinished(database: Database) -> int:
    """How many deliveries have not come to their end."""
    open_states = (DeliveryState.QUEUED, DeliveryState.LEASED, DeliveryState.SENDING)
    async with database.read() as connection:
        states = (await count_deliveries(connection, _LONG_AGO)).by_state
    return sum(states.get(state, 0) for state in open_states)


async def sends(bot: BotProcess) -> None:
    """Wait until a process leads in sending."""
    await bot.logs_when(
        lambda line: line == {**line, "event": "leading", "role": "send"},
        timeout=_PATIENCE_SECONDS,
    )


async def measure(database_url: str) -> None:
    """Measure and print the table."""
    async with Telegram() as telegram, Newsroom() as site, AsyncExitStack() as stack:
        telegram.set_latency(before=0.05, after=0.1)
        settings = {
            "BOT_TOKEN": telegram.token,
            "BOT_API_URL": telegram.url,
            "SOURCES": site.feed_url(),
            "POLL_SECONDS": "1",
            "PAGE_PAUSE": "0",
            "DATABASE_URL": database_url,
            "ALLOW_PRIVATE_ADDRESSES": "true",
        }

        async def start() -> BotProcess:
            return await stack.enter_async_context(BotProcess(settings))

        leader = await start()
        await sends(leader)
        await leader.logs(FIRST_READ, timeout=_PATIENCE_SECONDS)
        database = await stack.enter_async_context(Database.open(database_url))
        persons = telegram.persons(READERS)
        await add_subscribers(database, READERS)
        async with database.write() as connection:
            for number, person in enumerate(persons, start=1):
                await connection.execute(
                    update(reader).where(reader.c.id == number).values(chat_id=person.id)
                )
        rounds = []
        for number in range(ROUNDS):
            heir = await start()
            await heir.logs("standing by: another process leads", timeout=_PATIENCE_SECONDS)
            rounds.append(await kill_in_a_broadcast(telegram, site, database, leader, heir, number))
            leader = heir
    report(rounds)


def report(rounds: list[Round]) -> None:
    """Print the table."""
    demand("nothing is lost", not any(one.lost for one in rounds))
    demand("another leads in time", max(one.led for one in rounds) <= LIMIT_SECONDS)
    in_flight = sum(one.in_flight for one in rounds)
    duplicates = sum(one.duplicates for one in rounds)
    show(
        f"Takeover: the leader killed {ROUNDS} times, each in a broadcast to {READERS} readers",
        [
            _row("kill to the next leader, p50", quantile([one.led for one in rounds], 0.5)),
            _row("kill to the next leader, max", max(one.led for one in rounds)),
            _row("kill to the first push by it, p50", quantile([r.pushed for r in rounds], 0.5)),
            _row("kill to the first push by it, max", max(one.pushed for one in rounds)),
            (
                "kill to the last reader, max",
                f"{max(one.whole for one in rounds):.1f} s",
                "no limit",
                "",
            ),
            ("lost", str(sum(one.lost for one in rounds)), "limit 0", ""),
            (
                "duplicates",
                str(duplicates),
                f"in flight at the kills {in_flight}",
                f"{duplicates / in_flight:.2f}x" if in_flight else "",
            ),
        ],
    )


def _row(what: str, seconds: float) -> Row:
    limit = f"limit {LIMIT_SECONDS:.0f} s"
    return (what, f"{seconds:.1f} s", limit, f"{seconds / LIMIT_SECONDS:.2f}x")


if __name__ == "__main__":
    with postgres() as url:
        asyncio.run(measure(url))
    conclude()
