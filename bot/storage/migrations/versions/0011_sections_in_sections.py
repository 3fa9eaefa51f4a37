"""A section may have a parent, and administrators are told of new ones."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.model import section_key

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# Its articles and readers move; a reader follows what they followed under either title.
JOIN = (
    "UPDATE article SET section_id = :first WHERE section_id = :id",
    """UPDATE subscription SET ended_at = NULL WHERE section_id = :first AND reader_id IN
       (SELECT reader_id FROM subscription WHERE section_id = :id AND ended_at IS NULL)""",
    """INSERT INTO subscription (reader_id, section_id, created_at, ended_at)
       SELECT reader_id, :first, created_at, ended_at FROM subscription AS old
       WHERE section_id = :id AND NOT EXISTS (SELECT 1 FROM subscription
       WHERE section_id = :first AND reader_id = old.reader_id)""",
    "DELETE FROM subscription WHERE section_id = :id",
    "DELETE FROM section WHERE id = :id",
)


def upgrade() -> None:
    """Each section stays, without a parent; nobody needs to be told of it.

    The unique column takes the key over: to make the table anew would cost SQLite all
    subscriptions, which go with the rows that they refer to.
    """
    connection = op.get_bind()
    number = "INTEGER" if connection.dialect.name == "sqlite" else "BIGINT"
    op.execute("ALTER TABLE section RENAME COLUMN title TO key")
    op.execute("ALTER TABLE section ADD COLUMN title TEXT DEFAULT '' NOT NULL")
    op.execute(
        f"ALTER TABLE section ADD COLUMN parent_id {number}"
        " CONSTRAINT fk_section_parent_id REFERENCES section (id)"
    )
    with op.batch_alter_table("section", schema=None, recreate="never") as batch_op:
        batch_op.add_column(sa.Column("announced_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE section SET title = key, announced_at = created_at")
    _fold(connection)


def _fold(connection: sa.Connection) -> None:
    """Titles become keys; those that differ in case alone become one section, the oldest."""
    first: dict[str, int] = {}
    rows = connection.execute(sa.text("SELECT id, title FROM section ORDER BY id")).all()
    for row in rows:
        key = section_key([row.title])
        values = {"id": row.id, "first": first.setdefault(key, row.id), "key": f"\n{key}"}
        if values["first"] != row.id:
            for statement in JOIN:
                connection.execute(sa.text(statement), values)
        else:  # out of the way of those that are still to come
            connection.execute(sa.text("UPDATE section SET key = :key WHERE id = :id"), values)
    connection.execute(sa.text("UPDATE section SET key = substr(key, 2)"))
