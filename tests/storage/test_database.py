from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

import bot.storage
from bot.errors import StorageError
from bot.model import BroadcastState, DeliveryState, Form, OnUnknown
from bot.storage import outbox
from bot.storage.database import Database, _engine
from bot.storage.outbox import Rescue
from bot.storage.schema import metadata
from tests.storage.rows import broadcast_rows, rows

START = """
import asyncio, sys
from bot.storage.database import Database

async def main():
    sys.stdin.readline()
    async with Database.open(sys.argv[1]) as database:
        async with database.read() as connection:
            print((await connection.exec_driver_sql("SELECT count(*) FROM source")).scalar_one())

asyncio.run(main())
"""


async def test_migrated_schema_is_the_declared_one(database: Database) -> None:
    def differences(connection: Connection) -> list[Any]:
        def is_ordinary(name: str | None, kind: str, _parents: Any) -> bool:
            # The next test looks at the search index, which each database has in its own way.
            return kind != "table" or not str(name).startswith("article_search")

        options = {
            "compare_type": True,
            "compare_server_default": False,
            "include_name": is_ordinary,
        }
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, metadata))

    async with database.read() as connection:
        assert await connection.run_sync(differences) == []


async def test_indexes_of_the_migrated_schema_are_the_declared_ones(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    """Alembic compares neither the conditions of partial indexes nor the search index."""

    def definitions(connection: Connection) -> set[str]:
        if connection.dialect.name == "postgresql":
            query = """
                SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' UNION ALL
                SELECT column_name || ' ' || data_type || ' ' || is_nullable
                FROM information_schema.columns WHERE table_name = 'article_search' UNION ALL
                SELECT conname || ' ' || pg_get_constraintdef(oid)
                FROM pg_constraint WHERE conrelid = 'article_search'::regclass
            """
        else:
            query = """
                SELECT sql FROM sqlite_master
                WHERE type = 'index' AND sql IS NOT NULL OR sql LIKE 'CREATE VIRTUAL TABLE%%'
            """
        rows = {row[0] for row in connection.exec_driver_sql(query)}
        return {row.replace('"', "") for row in rows if "alembic" not in row}

    async with database.read() as connection:
        migrated = await connection.run_sync(definitions)
    async with database.write() as connection:
        await connection.run_sync(metadata.drop_all)
        await connection.run_sync(metadata.create_all)
        declared = await connection.run_sync(definitions)
    assert any("article_search" in each for each in declared)
    assert migrated == declared


async def test_many_processes_start_on_one_empty_database(empty_url: str) -> None:
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            START,
            empty_url,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(5)
    ]
    answers = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    assert [(out.strip(), err) for out, err in answers] == [(b"0", b"")] * 5


# What the first release may have left: a broadcast that is done, one under way as plain text with
# deliveries in every state that can wait or be in hand, one that is half fanned out, a new one.
FIRST_RELEASE = """
INSERT INTO source (id, url, next_at) VALUES (1, 'https://news.example/feed', :then);
INSERT INTO section (id, title, created_at) VALUES (1, 'News', :then);
INSERT INTO article (id, source_id, section_id, url, title, lead, document, sorted_at, created_at)
    VALUES (11, 1, 1, '', 'A', '', '{}', :then, :then), (12, 1, 1, '', 'B', '', '{}', :then, :then),
           (13, 1, 1, '', 'C', '', '{}', :then, :then), (14, 1, 1, '', 'D', '', '{}', :then, :then);
INSERT INTO alias (kind, scope, key, article_id) VALUES ('guid', 1, 'a', 11);
INSERT INTO reader (id, chat_id, kind, locale, created_at)
    VALUES (1, 101, 'private', 'ru', :then), (2, 102, 'private', 'ru', :then),
           (3, 103, 'private', 'en', :then), (4, 104, 'private', 'ru', :then);
INSERT INTO subscription (reader_id, section_id, created_at)
    VALUES (1, 1, :then), (2, 1, :then), (3, 1, :then), (4, 1, :then);
INSERT INTO bookmark (reader_id, article_id, page, read_at) VALUES (1, 11, 3, :then);
INSERT INTO broadcast (id, article_id, cursor, fanned_out, plain, created_at)
    VALUES (1, 11, 4, true, false, :then), (2, 12, 4, true, true, :then),
           (3, 13, 2, false, false, :then), (4, 14, 0, false, false, :then);
INSERT INTO delivery (id, broadcast_id, reader_id, state, attempt, doubtful, lease, message_id,
                      error, not_before, lease_until, finished_at)
    VALUES (1, 1, 1, 3, 1, false, 'x', 77, NULL, :then, NULL, :then),
           (2, 1, 2, 4, 2, false, 'x', NULL, 'blocked', :then, NULL, :then),
           (3, 1, 3, 5, 2, true, 'x', NULL, 'reset', :then, NULL, :then),
           (4, 1, 4, 6, 0, false, NULL, NULL, NULL, :then, NULL, :then),
           (5, 2, 1, 0, 3, true, NULL, NULL, '502', :later, NULL, NULL),
           (6, 2, 2, 1, 1, false, 'x', NULL, NULL, :then, :later, NULL),
           (7, 2, 3, 2, 1, false, 'x', NULL, NULL, :then, :later, NULL),
           (8, 2, 4, 3, 1, false, 'x', 78, NULL, :then, NULL, :then),
           (9, 3, 1, 3, 1, false, 'x', 79, NULL, :then, NULL, :then),
           (10, 3, 2, 0, 0, false, NULL, NULL, NULL, :then, NULL, NULL);
"""


async def _first_release(url: str) -> None:
    """A database as the first release left it."""

    def begin(connection: Connection) -> None:
        config = Config()
        folder = Path(bot.storage.__file__).parent / "migrations"
        config.set_main_option("script_location", str(folder))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        script = FIRST_RELEASE
        for word, moment in (("then", "2026-11-23 09:00"), ("later", "2026-11-23 10:00")):
            zone = "+00" if connection.dialect.name == "postgresql" else ":00.000000"
            script = script.replace(f":{word}", f"'{moment}{zone}'")
        for statement in script.strip().strip(";").split(";"):
            connection.exec_driver_sql(statement)

    engine = _engine(url)
    async with Database(engine).write() as connection:
        await connection.run_sync(begin)
    await engine.dispose()


async def test_what_the_first_release_left_goes_on_and_nothing_of_it_is_lost(
    empty_url: str, now: datetime
) -> None:
    await _first_release(empty_url)
    later = now + timedelta(hours=1)
    async with Database.open(empty_url) as database:
        S = DeliveryState  # noqa: N806 - as elsewhere
        assert [
            (row.broadcast_id, row.reader_id, row.state, row.attempt, row.doubts, row.message_id)
            for row in await rows(database)
        ] == [
            (1, 1, S.SENT, 1, 0, 77),
            (1, 2, S.FAILED, 2, 0, None),
            (1, 3, S.UNKNOWN, 2, 1, None),
            (1, 4, S.CANCELLED, 0, 0, None),
            (2, 1, S.QUEUED, 3, 1, None),
            (2, 2, S.LEASED, 1, 0, None),
            (2, 3, S.SENDING, 1, 0, None),
            (2, 4, S.SENT, 1, 0, 78),
            (3, 1, S.SENT, 1, 0, 79),
            (3, 2, S.QUEUED, 0, 0, None),
        ]
        found = {(row.broadcast_id, row.reader_id): row for row in await rows(database)}
        errors = {key: row.error for key, row in found.items() if row.error}
        assert errors == {(1, 2): "blocked", (1, 3): "reset", (2, 1): "502"}
        assert (found[2, 1].not_before, found[3, 2].not_before) == (later, now)
        assert found[1, 1].finished_at == now
        assert [row.shown for row in found.values() if row.state == S.SENT] == [1, 1, 1]

        B = BroadcastState  # noqa: N806 - as elsewhere
        assert [
            (row.article_id, row.state, row.form, row.cursor, row.fanned_out, row.created_at)
            for row in await broadcast_rows(database)
        ] == [
            (11, B.DONE, Form.FULL, 4, True, now),
            (12, B.OPEN, Form.PLAIN, 4, True, now),
            (13, B.OPEN, Form.FULL, 2, False, now),
            (14, B.OPEN, Form.FULL, 0, False, now),
        ]
        a_day = datetime.now(UTC) + timedelta(days=1)
        for row in await broadcast_rows(database):
            assert abs(row.expires_at - a_day) < timedelta(minutes=5)

        async with database.write() as connection:
            rescued = await outbox.rescue(connection, 1, OnUnknown.RESEND, now)
            assert rescued == Rescue(requeued=1, doubtful=1, unknown=0)
            claimed = await outbox.claim(connection, lease=1, now=later, limit=100)
            begun = await outbox.begin(connection, claimed, later)
        assert [each.delivery.key for each in begun] == [
            (2, 1), (2, 2), (2, 3), (3, 2), (3, 3), (3, 4), (4, 1), (4, 2), (4, 3), (4, 4),
        ]  # fmt: skip
        async with database.read() as connection:
            for table, count in (("reader", 4), ("subscription", 4), ("bookmark", 1), ("alias", 1)):
                kept = await connection.scalar(text(f"SELECT count(*) FROM {table}"))  # noqa: S608
                assert kept == count


async def test_a_reader_is_not_held_up_by_a_writer(database: Database) -> None:
    async with database.write() as writer:
        await writer.execute(
            text("INSERT INTO section (key, created_at) VALUES ('News', '2026-01-01')")
        )
        async with database.read() as reader:
            assert (await reader.scalar(text("SELECT count(*) FROM section"))) == 0


async def test_a_failed_write_leaves_nothing(database: Database) -> None:
    with pytest.raises(RuntimeError):
        async with database.write() as connection:
            await connection.execute(
                text("INSERT INTO section (key, created_at) VALUES ('News', '2026-01-01')")
            )
            raise RuntimeError
    async with database.read() as connection:
        assert (await connection.scalar(text("SELECT count(*) FROM section"))) == 0


async def test_many_writers_take_turns(database: Database) -> None:
    """SQLite once answered "database is locked" to a transaction that began by reading."""

    async def write(number: int) -> None:
        async with database.write() as connection:
            count = await connection.scalar(text("SELECT count(*) FROM section"))
            assert count is not None
            await connection.execute(
                text("INSERT INTO section (key, created_at) VALUES (:title, '2026-01-01')"),
                {"title": str(number)},
            )

    await asyncio.gather(*(write(number) for number in range(50)))
    async with database.read() as connection:
        assert (await connection.scalar(text("SELECT count(*) FROM section"))) == 50


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite://", "must name a file"),
        ("sqlite:////proc/nowhere/vestnik.db", "cannot be opened"),
        ("postgresql://u:secret@127.0.0.1:1/none", "cannot be opened"),
        ("nonsense", "not an address of a database"),
    ],
)
async def test_a_database_that_cannot_be_opened_is_told_plainly(url: str, says: str) -> None:
    with pytest.raises(StorageError, match=says) as caught:
        async with Database.open(url):
            pass
    assert "secret" not in str(caught.value)
