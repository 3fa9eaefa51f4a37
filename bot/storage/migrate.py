"""Bringing the schema up to date, safely when several processes start at once."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

_LOCK = 0x7665_7374  # any number that is ours alone


def migrate(connection: Connection) -> None:
    """Run the migrations that this database lacks, inside the caller's transaction.

    The caller's transaction writes: on SQLite its lock is held already, so a second process waits
    for it; on PostgreSQL an advisory lock does the same. Whoever comes second finds nothing to do.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
