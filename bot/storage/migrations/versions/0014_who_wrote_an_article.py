"""An article tells who wrote it, and when its site says that it was corrected."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two columns; of the articles that are kept already nobody knows."""
    with op.batch_alter_table("article", schema=None) as batch_op:
        batch_op.add_column(sa.Column("authors", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True))
