"""What a source says of itself: its rhythm, that it has moved, that it is gone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Columns; nothing is known yet of what they hold."""
    with op.batch_alter_table("source", schema=None) as batch_op:
        batch_op.add_column(sa.Column("body_hash", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("rhythm", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("moved_to", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("moved_since", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("untold_move", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("gone", sa.Integer(), server_default="0", nullable=False))
