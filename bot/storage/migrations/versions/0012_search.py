"""The search index, with the articles that are there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

from bot.model import load_document
from bot.storage.stems import Words, article_words

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

BATCH = 200
FTS5 = """CREATE VIRTUAL TABLE article_search USING fts5(
        title, lead, frequent, body, tokenize = 'ascii', prefix = '3')"""
PUT_STEMS = sa.text("""
INSERT INTO article_search (rowid, title, lead, frequent, body)
VALUES (:id, :title, :lead, :frequent, :body)
""")
PUT_WORDS = sa.text("""
INSERT INTO article_search (article_id, stems) VALUES (:id,
    setweight(to_tsvector('russian', CAST(:title AS text)), 'A') ||
    setweight(to_tsvector('russian', CAST(:lead AS text)), 'B') ||
    setweight(to_tsvector('russian', CAST(:frequent AS text)), 'C') ||
    setweight(to_tsvector('russian', CAST(:body AS text)), 'D'))
""")
NEXT = sa.text("""
SELECT id, title, lead, document FROM article
WHERE id > :after AND withdrawn_at IS NULL ORDER BY id LIMIT :batch
""")


def upgrade() -> None:
    """A virtual table on SQLite; a table with an index for it on PostgreSQL."""
    connection = op.get_bind()
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        op.execute(FTS5)
    else:
        op.create_table(
            "article_search",
            sa.Column("article_id", sa.BigInteger(), autoincrement=False, nullable=False),
            sa.Column("stems", TSVECTOR(), nullable=False),
            sa.ForeignKeyConstraint(
                ["article_id"],
                ["article.id"],
                name=op.f("fk_article_search_article_id"),
                ondelete="CASCADE",
            ),
            sa.PrimaryKeyConstraint("article_id", name=op.f("pk_article_search")),
        )
    after = 0
    while rows := connection.execute(NEXT, {"after": after, "batch": BATCH}).all():
        connection.execute(
            PUT_STEMS if sqlite else PUT_WORDS,
            [
                {"id": number, **_texts(article_words(title, lead, _plain(document)), sqlite)}
                for number, title, lead, document in rows
            ],
        )
        after = rows[-1].id
    if not sqlite:
        # Now, for an index that grows row by row takes several times as long.
        op.create_index(
            "ix_article_search_stems", "article_search", ["stems"], postgresql_using="gin"
        )


def _plain(document: str) -> str:
    try:
        return load_document(document).plain_text()
    except ValueError:
        return ""  # its title and its lead are found


def _texts(words: Words, stemmed: bool) -> dict[str, str]:  # noqa: FBT001 - says which database
    fields = {
        "title": words.title,
        "lead": words.lead,
        "frequent": words.frequent,
        "body": words.body,
    }
    return {
        name: " ".join(words.stems[word] if stemmed else word for word in field)
        for name, field in fields.items()
    }
