"""Waiting updates are found chat by chat, and starts of handling them are counted."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_BATCH = 1000


def upgrade() -> None:
    """The chat of each update, filled in for those that wait, and the count of starts."""
    with op.batch_alter_table("incoming", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("chat_id", sa.BigInteger(), server_default="0", nullable=False)
        )
        batch_op.add_column(
            sa.Column("attempt", sa.SmallInteger(), server_default="0", nullable=False)
        )
    _fill_chats(op.get_bind())
    with op.batch_alter_table("incoming", schema=None) as batch_op:
        batch_op.drop_index("ix_incoming_waiting")
        batch_op.create_index(
            "ix_incoming_waiting",
            ["chat_id", "update_id"],
            unique=False,
            sqlite_where=sa.text("state = 0"),
            postgresql_where=sa.text("state = 0"),
        )


def _fill_chats(connection: sa.Connection) -> None:
    """In batches, by the index on the numbers of those that wait: a backlog may be long."""
    table = sa.table("incoming", sa.column("update_id"), sa.column("body"), sa.column("chat_id"))
    batch = (
        sa.select(table.c.update_id, table.c.body)
        .where(sa.text("state = 0"), table.c.update_id > sa.bindparam("after"))
        .order_by(table.c.update_id)
        .limit(_BATCH)
    )
    change = (
        sa.update(table)
        .where(table.c.update_id == sa.bindparam("number"))
        .values(chat_id=sa.bindparam("chat"))
    )
    after = -1
    while rows := connection.execute(batch, {"after": after}).all():
        after = rows[-1][0]
        connection.execute(
            change, [{"number": number, "chat": _chat(json.loads(body))} for number, body in rows]
        )


def _chat(update: dict[str, Any]) -> int:
    for event in update.values():
        if isinstance(event, dict):
            place = event.get("message", event)
            chat = place.get("chat") if isinstance(place, dict) else None
            if isinstance(chat, dict) and isinstance(chat.get("id"), int):
                return int(chat["id"])
    return 0
