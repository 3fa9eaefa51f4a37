"""Killed, stopped, started again: what happens to a broadcast and to updates."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from bot.model import DeliveryState
from bot.storage.broadcasts import count_deliveries
from bot.storage.database import Database
from bot.storage.schema import reader, section, subscription
from sandbox.newsroom import Newsroom
from sandbox.process import FIRST_READ
from sandbox.telegram import Hold, Ledger, Person, Telegram
from tests.e2e.conftest import Start

READERS = 600
RATE = "400"
AT_ONCE = 80  # sends in flight at most, at this rate


async def seed(path: Path, persons: list[Person]) -> None:
    """Subscribe all of them to every section that there is."""
    now = datetime.now(UTC) - timedelta(seconds=1)
    async with Database.open(f"sqlite:///{path}") as database, database.write() as connection:
        sections = (await connection.scalars(select(section.c.id))).all()
        for person in persons:
            inserted = await connection.execute(
                reader.insert()
                .values(chat_id=person.id, kind="private", locale="ru", created_at=now)
                .returning(reader.c.id)
            )
            number = inserted.scalar_one()
            for section_id in sections:
                await connection.execute(
                    subscription.insert().values(
                        reader_id=number, section_id=section_id, created_at=now
                    )
                )


async def states(path: Path) -> dict[DeliveryState, int]:
    async with Database.open(f"sqlite:///{path}") as database, database.read() as connection:
        counted = await count_deliveries(connection, datetime.now(UTC) - timedelta(days=1))
    return dict(counted.by_state)


async def prime(start: Start, path: Path, persons: list[Person]) -> None:
    async with start() as bot:
        await bot.logs(FIRST_READ)
        assert await bot.stop() == 0
    await seed(path, persons)


async def all_have(ledger: Ledger, title: str, *, timeout: float) -> None:  # noqa: ASYNC109 - as wait_for
    """Wait until every reader has it; the copies are counted only once there may be enough."""
    await ledger.wait_for(
        lambda: ledger.sent >= READERS and len(ledger.copies(title)) == READERS, timeout=timeout
    )


async def test_a_kill_during_a_broadcast_loses_nothing(
    start: Start, telegram: Telegram, newsroom: Newsroom, tmp_path: Path
) -> None:
    """Duplicates are at most the sends that were in flight at the two kills."""
    path = tmp_path / "data" / "vestnik.db"
    persons = telegram.persons(READERS)
    await prime(start, path, persons)
    telegram.set_latency(before=0.01, after=0.05)
    ledger = telegram.ledger
    title = "Срочное сообщение"
    in_flight = 0
    async with start(SEND_RATE=RATE) as bot:
        await bot.logs("talking")
        newsroom.publish(title=title, lead="Всем.", paragraphs=["Текст."])
        await ledger.wait_for(lambda: ledger.sent >= READERS // 4, timeout=60)
        await bot.kill()
    in_flight += (await states(path))[DeliveryState.SENDING]
    sent_before = ledger.copies(title).total()
    async with start(SEND_RATE=RATE) as bot:
        await ledger.wait_for(lambda: ledger.sent >= sent_before + READERS // 4, timeout=60)
        await bot.kill()
    in_flight += (await states(path))[DeliveryState.SENDING]
    async with start(SEND_RATE=RATE) as bot:
        await all_have(ledger, title, timeout=100)
        await bot.stop()
    copies = ledger.copies(title)
    duplicates = Counter(copies.values())
    assert set(duplicates) <= {1, 2}
    assert duplicates[2] <= in_flight <= 2 * AT_ONCE
    after = await states(path)
    assert set(after) == {DeliveryState.SENT}
    assert after[DeliveryState.SENT] == READERS


async def test_sigterm_during_a_broadcast_records_what_is_in_flight(
    start: Start, telegram: Telegram, newsroom: Newsroom, tmp_path: Path
) -> None:
    path = tmp_path / "data" / "vestnik.db"
    persons = telegram.persons(READERS)
    await prime(start, path, persons)
    telegram.set_latency(before=0.05, after=0.05)
    ledger = telegram.ledger
    title = "Срочное сообщение"
    async with start(SEND_RATE=RATE) as bot:
        await bot.logs("talking")
        newsroom.publish(title=title, lead="Всем.", paragraphs=["Текст."])
        await ledger.wait_for(lambda: ledger.sent >= READERS // 4, timeout=60)
        assert await bot.stop(timeout=10) == 0
    after = await states(path)
    sent = ledger.copies(title).total()
    assert after[DeliveryState.SENT] == sent
    # What was claimed went back; what was not has no delivery yet.
    assert set(after) <= {DeliveryState.SENT, DeliveryState.QUEUED}
    assert READERS // 4 <= sent < READERS
    async with start(SEND_RATE=RATE) as bot:
        await all_have(ledger, title, timeout=60)
        await bot.stop()
    assert set(ledger.copies(title).values()) == {1}


async def test_sigterm_while_telegram_does_not_answer_ends_within_10_seconds(
    start: Start, telegram: Telegram, newsroom: Newsroom, tmp_path: Path
) -> None:
    """It once took longer, and ended in a traceback."""
    path = tmp_path / "data" / "vestnik.db"
    (anna,) = telegram.persons(1)
    await prime(start, path, [anna])
    hold = Hold()
    held = telegram.faults.add(hold, method="sendMessage")
    async with start() as bot:
        await bot.logs("talking")
        newsroom.publish(title="Держим", paragraphs=["Текст."])
        await telegram.ledger.wait_for(lambda: held.hits == 1, timeout=30)
        assert await bot.stop(timeout=10) == 0
        assert "Traceback" not in bot.text
        hold.release()
    # What was in flight is neither lost nor thought sent.
    after = await states(path)
    assert after == {DeliveryState.SENDING: 1}


async def test_an_update_is_answered_after_a_kill_before_its_answer(
    start: Start, telegram: Telegram
) -> None:
    anna = telegram.person("Анна")
    telegram.set_latency(before=0.5)
    async with start() as bot:
        await bot.logs("talking")
        await anna.say("/start")
        await telegram.ledger.wait_for(lambda: bool(telegram.ledger.calls("sendMessage")))
        await bot.kill()
    telegram.set_latency()
    async with start():
        await anna.sees("Здравствуйте", timeout=20)
