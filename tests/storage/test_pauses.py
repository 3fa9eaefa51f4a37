from __future__ import annotations

from datetime import datetime, timedelta

from bot.storage import pauses
from bot.storage.database import Database

MINUTE = timedelta(minutes=1)


async def _keep(database: Database, chat_id: int, until: datetime) -> None:
    async with database.write() as connection:
        await pauses.keep_pause(connection, chat_id, until)


async def _kept(database: Database, now: datetime) -> dict[int, datetime]:
    async with database.read() as connection:
        return await pauses.pauses(connection, now)


async def test_what_telegram_asked_for_is_kept_until_it_is_over(
    database: Database, now: datetime
) -> None:
    assert await _kept(database, now) == {}
    await _keep(database, pauses.ALL, now + MINUTE)
    await _keep(database, -50, now + 2 * MINUTE)
    assert await _kept(database, now) == {pauses.ALL: now + MINUTE, -50: now + 2 * MINUTE}
    assert await _kept(database, now + MINUTE) == {-50: now + 2 * MINUTE}
    assert await _kept(database, now + 2 * MINUTE) == {}


async def test_a_longer_pause_stays_and_a_shorter_one_is_prolonged(
    database: Database, now: datetime
) -> None:
    for minutes in (2, 1, 3):
        await _keep(database, 7, now + minutes * MINUTE)
    await _keep(database, 8, now + MINUTE)
    assert await _kept(database, now) == {7: now + 3 * MINUTE, 8: now + MINUTE}


async def test_only_what_is_over_is_forgotten(database: Database, now: datetime) -> None:
    await _keep(database, 7, now + MINUTE)
    await _keep(database, 8, now + 2 * MINUTE)
    async with database.write() as connection:
        await pauses.forget_pauses(connection, now + MINUTE)
    assert await _kept(database, now) == {8: now + 2 * MINUTE}
