"""One process to an SQLite file: the kernel keeps the lock, and frees it however that one ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.errors import StorageError
from bot.storage.database import database_file


@contextmanager
def lock_database(address: str) -> Iterator[bool]:
    """Have a database to ourselves, where it is a file, while the context is open.

    The lock is on a file beside it, which stays behind and means nothing by itself.

    Yields:
        Whether no other process can be at work on it; False for PostgreSQL, which many may share.

    Raises:
        StorageError: another process has it, or it cannot be locked.
    """
    file = database_file(address)
    if file is None:
        yield False
        return
    path = file.resolve()  # two names of one file must not mean two locks
    path = path.with_name(path.name + ".lock")
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StorageError(f"{path} cannot be opened: {error.strerror}.") from error
    try:
        _lock(descriptor, file, path)
        yield True
    finally:
        os.close(descriptor)


def _lock(descriptor: int, file: Path, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        number = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
        holder = f"another process ({number})" if number.isdecimal() else "another process"
        raise StorageError(
            f"The database file {file} is in use by {holder}: stop that one first, or set "
            "DATABASE_URL to PostgreSQL, which several processes may share."
        ) from error
    except OSError as error:
        raise StorageError(
            f"{path} cannot be locked ({error.strerror}): keep the database on a local disk."
        ) from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
