"""Of an article it is kept when what a push shows of it was corrected."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A column; so far a revision after the first told of it, as far as anything did."""
    with op.batch_alter_table("article", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("push_corrected_at", sa.DateTime(timezone=True), nullable=True)
        )
    op.execute("UPDATE article SET push_corrected_at = corrected_at WHERE revision > 1")
