"""What a migration makes of the rows that are there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

import bot.storage
from bot.storage import incoming
from bot.storage.database import Database, _engine
from bot.storage.incoming import BEFORE_ALL_CHATS

INSERT = text(
    "INSERT INTO incoming (update_id, state, body, received_at) "
    "VALUES (:number, :state, :body, '2026-01-01 00:00:00.000000')"
)
MIGRATIONS = Path(bot.storage.__file__).parent / "migrations"


async def at(url: str, revision: str, rows: list[dict[str, object]], *statements: str) -> None:
    """A database as an older version left it: with updates, and with what statements add."""

    def upgrade(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    engine = _engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(upgrade)
        if rows:
            await connection.execute(INSERT, rows)
        for statement in statements:
            await connection.execute(text(statement))
    await engine.dispose()


def row(number: int, state: int, update: Mapping[str, object] | None) -> dict[str, object]:
    body = json.dumps({"update_id": number, **update}) if update is not None else ""
    return {"number": number, "state": state, "body": body}


async def test_waiting_updates_learn_their_chats(empty_url: str) -> None:
    """Many more than one batch of the migration holds, and of every kind."""
    group = {"message": {"chat": {"id": -1001234567890}}}
    rows = [
        row(1, 0, {"callback_query": {"id": "1", "message": {"chat": {"id": 5}}}}),
        row(2, 0, {"callback_query": {"id": "2", "from": {"id": 5}}}),
        row(3, 1, None),
        row(4, 2, {"message": "nonsense"}),
        row(5, 0, {"my_chat_member": {"chat": {"id": 5}}}),
        *(row(number, 0, group) for number in range(6, 1200)),
    ]
    await at(empty_url, "0001", rows)
    async with Database.open(empty_url) as database, database.read() as connection:
        waiting = await incoming.waiting_updates(
            connection, after_chat=BEFORE_ALL_CHATS, of_one_chat=3000, limit=3000
        )
        assert await incoming.count_put_aside(connection) == 1
    places = [(update.chat_id, update.update_id) for update in waiting]
    assert places == [(-1001234567890, n) for n in range(6, 1200)] + [(0, 2), (5, 1), (5, 5)]
    assert {update.attempt for update in waiting} == {0}
