"""Queue by broadcast: a delivery is made as it is claimed, and known by broadcast and reader."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Queue by broadcast; nothing that is queued, on its way or recorded is lost."""
    with op.batch_alter_table("reader") as batch_op:
        batch_op.add_column(sa.Column("missing_since", _MOMENT))
    with op.batch_alter_table("article") as batch_op:
        batch_op.add_column(sa.Column("revision", sa.Integer(), nullable=False, server_default="1"))
    _deliveries()
    _broadcasts()  # after them: SQLite makes this table anew, and their old one referred to it
    op.create_table(
        "pause",
        sa.Column("chat_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("until", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("chat_id", name=op.f("pk_pause")),
    )


def _broadcasts() -> None:
    op.drop_index("ix_broadcast_pending", "broadcast")
    small = sa.SmallInteger()
    with op.batch_alter_table("broadcast") as batch_op:
        batch_op.add_column(sa.Column("state", small, nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("priority", small, nullable=False, server_default="1"))
        batch_op.add_column(sa.Column("form", small, nullable=False, server_default="0"))
        batch_op.add_column(
            sa.Column("forced", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        batch_op.add_column(sa.Column("amend_cursor", sa.BigInteger()))
        batch_op.add_column(
            sa.Column("pruned", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        batch_op.add_column(sa.Column("expires_at", _MOMENT))
    # What waits has waited for an upgrade: it gets a day from now on.
    if op.get_bind().dialect.name == "postgresql":
        op.execute("UPDATE broadcast SET expires_at = now() + interval '1 day'")
    else:
        op.execute(
            "UPDATE broadcast SET expires_at ="
            " strftime('%Y-%m-%d %H:%M:%S.000000', 'now', '+1 day')"
        )
    op.execute("UPDATE broadcast SET form = 2 WHERE plain")
    op.execute(
        "UPDATE broadcast SET state = 2 WHERE fanned_out AND id NOT IN"
        " (SELECT broadcast_id FROM delivery WHERE state IN (0, 1, 2))"
    )
    with op.batch_alter_table("broadcast") as batch_op:
        batch_op.drop_column("plain")
        batch_op.alter_column("expires_at", existing_type=_MOMENT, nullable=False)
    kept = sa.text("NOT pruned")
    is_open, amending = sa.text("state = 0"), sa.text("amend_cursor IS NOT NULL")
    op.create_index(
        "ix_broadcast_kept", "broadcast", ["id"], sqlite_where=kept, postgresql_where=kept
    )
    op.create_index(
        "ix_broadcast_open",
        "broadcast",
        ["priority", "id"],
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_index(
        "ix_broadcast_amending",
        "broadcast",
        ["id"],
        sqlite_where=amending,
        postgresql_where=amending,
    )


def _deliveries() -> None:
    for index in ("ix_delivery_ready", "ix_delivery_held", "ix_delivery_reader_id"):
        op.drop_index(index, "delivery")
    op.rename_table("delivery", "delivery_before")
    number, small = sa.BigInteger(), sa.SmallInteger()
    op.create_table(
        "delivery",
        sa.Column("broadcast_id", number, autoincrement=False, nullable=False),
        sa.Column("reader_id", number, autoincrement=False, nullable=False),
        sa.Column("state", small, nullable=False),
        sa.Column("attempt", small, nullable=False, server_default="0"),
        sa.Column("doubts", small, nullable=False, server_default="0"),
        sa.Column("lease", number),
        sa.Column("message_id", number),
        sa.Column("shown", sa.Integer()),
        sa.Column("error", sa.Text()),
        sa.Column("not_before", _MOMENT),
        sa.Column("finished_at", _MOMENT),
        # The name is still that of the table before, where it is a constraint of PostgreSQL's.
        sa.PrimaryKeyConstraint("broadcast_id", "reader_id", name="pk_delivery_by_broadcast"),
        sqlite_with_rowid=False,
    )
    # What a sender held was left when it ended: term 0 was never anybody's.
    op.execute(
        "INSERT INTO delivery (broadcast_id, reader_id, state, attempt, doubts, lease, message_id,"
        " shown, error, not_before, finished_at)"
        " SELECT broadcast_id, reader_id, state, attempt, CASE WHEN doubtful THEN 1 ELSE 0 END,"
        " CASE WHEN state IN (1, 2) THEN 0 END, message_id,"
        " CASE WHEN state = 3 THEN 1 END, error, not_before, finished_at FROM delivery_before"
    )
    op.drop_table("delivery_before")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE delivery RENAME CONSTRAINT pk_delivery_by_broadcast TO pk_delivery")
    waiting, held = sa.text("state = 0"), sa.text("state IN (1, 2)")
    op.create_index(
        "ix_delivery_waiting",
        "delivery",
        ["broadcast_id", "not_before"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    op.create_index(
        "ix_delivery_held", "delivery", ["lease"], sqlite_where=held, postgresql_where=held
    )
    ended = sa.text("state IN (4, 5)")
    op.create_index(
        "ix_delivery_ended",
        "delivery",
        ["finished_at"],
        sqlite_where=ended,
        postgresql_where=ended,
    )
