"""What an article's page said when it was read last, and the texts that edits replaced."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Columns of the article, and a table; of what is there the next look notes it."""
    with op.batch_alter_table("article", schema=None) as batch_op:
        batch_op.add_column(sa.Column("page_etag", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("page_modified", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("page_said", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("body_hash", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("spoke_at", sa.DateTime(timezone=True), nullable=True))

    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "revision",
        sa.Column("article_id", number, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("lead", sa.Text(), nullable=False),
        sa.Column("image", sa.Text(), nullable=True),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name=op.f("fk_revision_article_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("article_id", "number", name=op.f("pk_revision")),
    )
    with op.batch_alter_table("revision", schema=None) as batch_op:
        batch_op.create_index("ix_revision_at", ["at"], unique=False)
