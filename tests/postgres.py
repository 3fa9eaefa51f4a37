"""New databases on the PostgreSQL server of the tests."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import psycopg


@contextlib.contextmanager
def empty_postgres(
    server: str, name: str, *, template: str = "template1", keep: bool = False
) -> Iterator[str]:
    """The address of a new database on a server."""
    with contextlib.closing(psycopg.connect(server, autocommit=True)) as connection:
        # To copy files takes half as long as to write all of them to the log, which nobody replays.
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
        yield server.replace("/postgres?", f"/{name}?")
        if not keep:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
