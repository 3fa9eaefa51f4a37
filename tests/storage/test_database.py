from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from bot.errors import StorageError
from bot.storage.database import Database
from bot.storage.schema import metadata

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
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": False}
        )
        return list(compare_metadata(context, metadata))

    async with database.read() as connection:
        assert await connection.run_sync(differences) == []


async def test_indexes_of_the_migrated_schema_are_the_declared_ones(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    """Comparison by Alembic passes over the conditions of partial indexes."""

    def definitions(connection: Connection) -> set[str]:
        if connection.dialect.name == "postgresql":
            query = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'"
        else:
            query = "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        rows = {row[0] for row in connection.exec_driver_sql(query)}
        return {row.replace('"', "") for row in rows if "alembic" not in row}

    async with database.read() as connection:
        migrated = await connection.run_sync(definitions)
    async with database.write() as connection:
        await connection.run_sync(metadata.drop_all)
        await connection.run_sync(metadata.create_all)
        declared = await connection.run_sync(definitions)
    assert migrated == declared


async def test_many_processes_start_on_one_empty_database(database_url: str) -> None:
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            START,
            database_url,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(5)
    ]
    answers = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    assert [(out.strip(), err) for out, err in answers] == [(b"0", b"")] * 5


async def test_a_reader_is_not_held_up_by_a_writer(database: Database) -> None:
    async with database.write() as writer:
        await writer.execute(
            text("INSERT INTO section (title, created_at) VALUES ('News', '2026-01-01')")
        )
        async with database.read() as reader:
            assert (await reader.scalar(text("SELECT count(*) FROM section"))) == 0


async def test_a_failed_write_leaves_nothing(database: Database) -> None:
    with pytest.raises(RuntimeError):
        async with database.write() as connection:
            await connection.execute(
                text("INSERT INTO section (title, created_at) VALUES ('News', '2026-01-01')")
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
                text("INSERT INTO section (title, created_at) VALUES (:title, '2026-01-01')"),
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
