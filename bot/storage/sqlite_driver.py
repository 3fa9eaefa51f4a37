"""aiosqlite with one step into its thread for each statement, where its own cursors take four.

Each step costs two switches between threads and a turn of the event loop, many times what SQLite
needs for the statement itself.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Self, TypeVar

import aiosqlite

T = TypeVar("T")
_CHUNK = 64  # rows that aiosqlite's own cursors fetch at once; nothing here uses them


def connect(database: str, **options: Any) -> Connection:
    """A connection that opens when it is awaited; ``options`` are those of ``sqlite3.connect``."""
    return Connection(partial(sqlite3.connect, database, **options), _CHUNK)


class Connection(aiosqlite.Connection):
    """A connection whose cursors do all that a statement needs in one step."""

    def __init__(self, connector: Callable[[], sqlite3.Connection], chunk: int) -> None:
        super().__init__(connector, chunk)
        self._thread.daemon = True  # one that nobody closes does not hold up the end
        self._given_up = False  # a statement that may still run

    def cursor(self) -> Cursor:  # type: ignore[override] # neither awaited nor a context
        """A cursor; it costs nothing until it executes."""
        return Cursor(self)

    async def rollback(self) -> None:
        """Roll back, where there may be a transaction: after a commit there is none."""
        if self.in_transaction or self._given_up:
            await super().rollback()
            self._given_up = False

    async def run(self, function: Callable[[sqlite3.Connection], T]) -> T:
        """Call a function with sqlite3's connection, in the thread that it belongs to."""
        try:
            result: T = await self._execute(function, self._conn)  # type: ignore[no-untyped-call]
        except asyncio.CancelledError:
            self._given_up = True
            raise
        return result


class Cursor:
    """A cursor as PEP 249 has it, of which only executing is worth awaiting."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> Self:
        """Nothing has to be made ready."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing is left open."""

    async def execute(self, operation: str, parameters: Sequence[Any] = ()) -> Self:
        """Execute a statement and fetch all its rows."""
        await self._connection.run(partial(self._executed, operation, parameters))
        return self

    async def executemany(self, operation: str, parameters: Sequence[Sequence[Any]]) -> Self:
        """Execute a statement that gives no rows with each of these parameters."""
        await self._connection.run(partial(self._executed_many, operation, parameters))
        return self

    async def fetchall(self) -> list[Any]:
        """The rows of the last statement, each time it is asked only those that are left."""
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """It was closed when its statement was done."""

    def _executed(self, operation: str, parameters: Any, connection: sqlite3.Connection) -> None:
        self._took(connection.execute(operation, parameters))

    def _executed_many(
        self, operation: str, parameters: Any, connection: sqlite3.Connection
    ) -> None:
        self._took(connection.executemany(operation, parameters))

    def _took(self, cursor: sqlite3.Cursor) -> None:
        """What the cursor has, its rows before their number: only then are all of them changed."""
        self.description = cursor.description
        self._rows = cursor.fetchall() if cursor.description else []
        self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid
        cursor.close()
