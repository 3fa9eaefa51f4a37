"""One process to an SQLite file."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from bot.errors import StorageError
from bot.storage.database import Database
from bot.storage.lock import lock_database

HOLD = """
import sys
from bot.storage.lock import lock_database

with lock_database(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


async def test_a_second_process_is_told_who_has_the_file(sqlite_url: str, tmp_path: Path) -> None:
    """And a kill -9 frees it at once."""
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLD, sqlite_url,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert other.stdout is not None
    assert await other.stdout.readline() == b"held\n"
    with pytest.raises(StorageError) as caught, lock_database(sqlite_url):
        pass
    assert str(caught.value) == (
        f"The database file {tmp_path / 'vestnik.db'} is in use by another process ({other.pid}): "
        "stop that one first, or set DATABASE_URL to PostgreSQL, which several processes may share."
    )
    other.send_signal(signal.SIGKILL)
    await other.wait()
    with lock_database(sqlite_url) as alone:
        assert alone


def test_the_lock_holds_under_another_name_of_the_file_and_ends_with_its_holder(
    sqlite_url: str, tmp_path: Path
) -> None:
    (tmp_path / "other.db").symlink_to(tmp_path / "vestnik.db")
    for _ in range(2):
        with lock_database(sqlite_url), pytest.raises(StorageError, match=f"({os.getpid()})"):  # noqa: SIM117 - the second must fail inside the first
            with lock_database(f"sqlite:///{tmp_path / 'other.db'}"):
                pass


async def test_who_only_looks_needs_no_lock(sqlite_url: str) -> None:
    with lock_database(sqlite_url):
        async with Database.open(sqlite_url):
            pass


def test_the_folder_is_made(tmp_path: Path) -> None:
    with lock_database(f"sqlite:///{tmp_path}/some/where/vestnik.db") as alone:
        assert alone


@pytest.mark.parametrize(
    ("name", "says"),
    [("/proc/nowhere/vestnik.db", "cannot be opened"), ("/proc/vestnik.db", "cannot be opened")],
)
def test_a_place_that_takes_no_file_is_told_plainly(name: str, says: str) -> None:
    with pytest.raises(StorageError, match=says), lock_database(f"sqlite:///{name}"):
        pass


def test_postgresql_is_shared() -> None:
    with lock_database("postgresql://a@host/b") as alone:
        assert not alone
