"""Opening the database: SQLite or PostgreSQL behind the same two context managers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection as SyncConnection
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.errors import StorageError
from bot.storage import sqlite_driver
from bot.storage.migrate import migrate

Transaction = AsyncConnection
"""What ``read()`` and ``write()`` give, for those who hand it on to queries."""

_BUSY_SECONDS = 5  # for another process; our own writers take turns
_WRITES = "vestnik_writes"
# A server that is gone without a word is noticed in seconds; by itself TCP takes many minutes, in
# which whoever waits for it can neither go on nor end.
_ALIVE = {
    "connect_timeout": 5,
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}


class Database:
    """A database whose schema is current.

    Queries run inside ``read()`` or ``write()``; neither may stay open while Telegram or any
    site is awaited. Both raise StorageError where the database fails.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        # SQLite has one writer. Taking turns here is fair and wakes at once, whereas its own busy
        # handler sleeps and retries.
        self._turn = asyncio.Lock() if engine.dialect.name == "sqlite" else None

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator[Self]:
        """Connect, bring the schema up to date, and close at the end.

        Raises:
            StorageError: the database cannot be reached, created or migrated.
        """
        engine = _engine(url)
        try:
            database = cls(engine)
            try:
                async with database.write() as connection:
                    await connection.run_sync(migrate)
            except (StorageError, OSError) as error:
                cause = error.__cause__ or error
                raise StorageError(_explain(engine.url, cause)) from error
            yield database
        finally:
            await engine.dispose()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that sees one state of the database and changes nothing."""
        with _told():
            async with self._engine.connect() as connection, connection.begin():
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that is committed at the end, or rolled back on an exception."""
        async with AsyncExitStack() as stack:
            stack.enter_context(_told())
            if self._turn is not None:
                await stack.enter_async_context(self._turn)
            connection = await stack.enter_async_context(self._engine.connect())
            await connection.execution_options(**{_WRITES: True})
            await stack.enter_async_context(connection.begin())
            yield connection


@contextmanager
def _told() -> Iterator[None]:
    """Errors of the database in our own terms, so that nobody else need know its library."""
    try:
        yield
    except SQLAlchemyError as error:
        raise StorageError(_cause(error)) from error


def database_file(address: str) -> Path | None:
    """The file that an address of SQLite names, its folder made; None for PostgreSQL.

    Raises:
        StorageError: the address is none, or the folder cannot be made.
    """
    url = _url(address)
    if url.get_backend_name() != "sqlite":
        return None
    if not url.database or url.database == ":memory:":
        raise StorageError("DATABASE_URL must name a file, such as sqlite:///data/vestnik.db.")
    path = Path(url.database)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(_explain(url, error)) from error
    return path


def _url(address: str) -> URL:
    try:
        return make_url(address)
    except ArgumentError as error:
        raise StorageError("DATABASE_URL is not an address of a database.") from error


def _engine(address: str) -> AsyncEngine:
    url = _url(address)
    if database_file(address) is not None:
        return _sqlite(url.set(drivername="sqlite+aiosqlite"))
    return create_async_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        connect_args={name: value for name, value in _ALIVE.items() if name not in url.query},
    )


def _sqlite(url: URL) -> AsyncEngine:
    engine = create_async_engine(
        url,
        connect_args={"timeout": _BUSY_SECONDS, "async_creator_fn": sqlite_driver.connect},
        pool_use_lifo=True,  # what one connection writes is no longer in the others' caches
    )
    event.listen(engine.sync_engine, "connect", _prepare)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: Any) -> None:
    # The driver must not begin transactions by its own rules: _begin does.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    # A commit survives a power cut; NORMAL would lose the last ones, subscriptions among them.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    # KiB. A new article is compared with two hundred, which lie in more pages than the usual 2 MB.
    cursor.execute("PRAGMA cache_size = -8192")
    cursor.close()


def _begin(connection: SyncConnection) -> None:
    # A writer takes its lock at once: a read that later wants to write may fail without waiting.
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _explain(url: URL, error: BaseException) -> str:
    # As the operator wrote it: which driver we use is our affair.
    name = url.set(drivername=url.get_backend_name()).render_as_string(hide_password=True)
    return f"The database {name} cannot be opened: {_cause(error)}"


def _cause(error: BaseException) -> str:
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0]
