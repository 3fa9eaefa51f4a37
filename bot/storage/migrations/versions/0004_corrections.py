"""Corrections and withdrawals: what an entry said last, when its page is looked at, who reads."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Columns of the article, and what messages show."""
    checked = sa.text("check_at IS NOT NULL")
    with op.batch_alter_table("article", schema=None) as batch_op:
        batch_op.add_column(sa.Column("corrected_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("seen", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("check_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(
            sa.Column("gone", sa.SmallInteger(), server_default="0", nullable=False)
        )
        batch_op.create_index(
            "ix_article_source_id_sorted_at_id", ["source_id", "sorted_at", "id"], unique=False
        )
        batch_op.create_index(
            "ix_article_check_at",
            ["check_at"],
            unique=False,
            sqlite_where=checked,
            postgresql_where=checked,
        )

    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "opened",
        sa.Column("reader_id", number, nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("article_id", number, nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_opened_article_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["reader_id"], ["reader.id"], name=op.f("fk_opened_reader_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("reader_id", "message_id", name=op.f("pk_opened")),
    )
    with op.batch_alter_table("opened", schema=None) as batch_op:
        batch_op.create_index("ix_opened_opened_at", ["opened_at"], unique=False)
