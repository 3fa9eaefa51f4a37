"""Sketches of texts, and addresses as the rules have them now."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.addresses import normalise_url

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_BATCH = 1000
_KINDS = ("url", "canonical")


def upgrade() -> None:
    """A column, empty for what is there; and every name that is an address, spelled anew."""
    with op.batch_alter_table("article", schema=None) as batch_op:
        batch_op.add_column(sa.Column("sketch", sa.LargeBinary(), nullable=True))
    for kind in _KINDS:
        _spell_anew(op.get_bind(), kind)


def _spell_anew(connection: sa.Connection, kind: str) -> None:
    """In batches by key. Where two names become one, it stays the older article's."""
    table = sa.table("alias", *map(sa.column, ("kind", "scope", "key", "article_id")))
    of_kind = (table.c.kind == kind, table.c.scope == 0)
    batch = (
        sa.select(table.c.key, table.c.article_id)
        .where(*of_kind, table.c.key > sa.bindparam("after"))
        .order_by(table.c.key)
        .limit(_BATCH)
    )
    after = ""
    while rows := connection.execute(batch, {"after": after}).all():
        after = rows[-1].key
        for key, number in rows:
            spelled = normalise_url(key)
            if spelled == key:
                continue
            connection.execute(sa.delete(table).where(*of_kind, table.c.key == key))
            there = (*of_kind, table.c.key == spelled)
            owner = connection.scalar(sa.select(table.c.article_id).where(*there))
            if owner is None:
                values = {"kind": kind, "scope": 0, "key": spelled, "article_id": number}
                connection.execute(sa.insert(table).values(**values))
            elif number < owner:
                connection.execute(sa.update(table).where(*there).values(article_id=number))
