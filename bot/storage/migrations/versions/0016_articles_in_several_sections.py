"""An article may stand in further sections, whose readers its broadcast goes through, too."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A table and three columns; so far every article stands in its own section alone."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "placement",
        sa.Column("article_id", number, nullable=False),
        sa.Column("section_id", number, nullable=False),
        sa.Column("source_id", number, nullable=False),
        sa.Column("due", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("sorted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["article.id"],
            name=op.f("fk_placement_article_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["section_id"], ["section.id"], name=op.f("fk_placement_section_id")
        ),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_placement_source_id")),
        sa.PrimaryKeyConstraint("article_id", "section_id", name=op.f("pk_placement")),
    )
    op.create_index(
        op.f("ix_placement_section_id_sorted_at_article_id"),
        "placement",
        ["section_id", "sorted_at", "article_id"],
    )
    with op.batch_alter_table("broadcast", schema=None) as batch_op:
        batch_op.add_column(sa.Column("round_section_id", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("round_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.add_column(sa.Column("section_id", sa.BigInteger(), nullable=True))
