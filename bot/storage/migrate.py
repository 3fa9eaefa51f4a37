"""Bringing the schema up to date, safely when several processes start at once."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

_LOCK = 0x7665_7374  # any number that is ours alone
_MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(connection: Connection) -> None:
    """Run the migrations that this database lacks, inside the caller's transaction.

    The caller's transaction writes: on SQLite its lock is held already, so a second process waits
    for it; on PostgreSQL an advisory lock does the same. Whoever comes second finds nothing to do.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    if _is_current(connection):
        return
    # Importing it takes as long as the rest of a start that has nothing to migrate.
    from alembic import command  # noqa: PLC0415 - see above
    from alembic.config import Config  # noqa: PLC0415 - see above

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _is_current(connection: Connection) -> bool:
    if not inspect(connection).has_table("alembic_version"):
        return False
    newest = max(file.name.split("_")[0] for file in (_MIGRATIONS / "versions").glob("[0-9]*.py"))
    rows = connection.execute(text("SELECT version_num FROM alembic_version")).scalars()
    return list(rows) == [newest]
