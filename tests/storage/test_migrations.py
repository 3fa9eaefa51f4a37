"""What a migration makes of the rows that are there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, TextClause, text

import bot.storage
from bot.model import Document, Paragraph, Span, dump_document
from bot.storage import incoming
from bot.storage.database import Database, _engine
from bot.storage.incoming import BEFORE_ALL_CHATS
from bot.storage.search import index_stored, search_articles

INSERT = text(
    "INSERT INTO incoming (update_id, state, body, received_at) "
    "VALUES (:number, :state, :body, '2026-01-01 00:00:00.000000')"
)
_ARTICLE = (
    "INSERT INTO article (source_id, section_id, url, title, lead, document, sorted_at, "
    "created_at) VALUES (1, 1, '', '', '', '', '2026-01-01 00:00:00', '2026-01-01 00:00:00')"
)
OLD_ROWS = [
    "INSERT INTO source (url, next_at) VALUES ('https://e.example/feed', '2026-01-01 00:00:00')",
    "INSERT INTO section (title, created_at) VALUES ('Город', '2026-01-01 00:00:00')",
    *[_ARTICLE] * 3,
]
NAME = text(
    "INSERT INTO alias (kind, scope, key, article_id) VALUES (:kind, :scope, :key, :number)"
)
MIGRATIONS = Path(bot.storage.__file__).parent / "migrations"


async def at(
    url: str, revision: str, rows: list[dict[str, object]], *statements: str | TextClause
) -> None:
    """A database as an older version left it: with updates, and with what statements add."""

    def upgrade(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    engine = _engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(upgrade)
        if rows:
            await connection.execute(INSERT, rows)
        for statement in statements:
            await connection.execute(text(statement) if isinstance(statement, str) else statement)
    await engine.dispose()


def row(number: int, state: int, update: Mapping[str, object] | None) -> dict[str, object]:
    body = json.dumps({"update_id": number, **update}) if update is not None else ""
    return {"number": number, "state": state, "body": body}


async def test_waiting_updates_learn_their_chats(empty_url: str) -> None:
    """Many more than one batch of the migration holds, and of every kind."""
    group = {"message": {"chat": {"id": -1001234567890}}}
    rows = [
        row(1, 0, {"callback_query": {"id": "1", "message": {"chat": {"id": 5}}}}),
        row(2, 0, {"callback_query": {"id": "2", "from": {"id": 5}}}),
        row(3, 1, None),
        row(4, 2, {"message": "nonsense"}),
        row(5, 0, {"my_chat_member": {"chat": {"id": 5}}}),
        *(row(number, 0, group) for number in range(6, 1200)),
    ]
    await at(empty_url, "0001", rows)
    async with Database.open(empty_url) as database, database.read() as connection:
        waiting = await incoming.waiting_updates(
            connection, after_chat=BEFORE_ALL_CHATS, of_one_chat=3000, limit=3000
        )
        assert await incoming.count_put_aside(connection) == 1
    places = [(update.chat_id, update.update_id) for update in waiting]
    assert places == [(-1001234567890, n) for n in range(6, 1200)] + [(0, 2), (5, 1), (5, 5)]
    assert {update.attempt for update in waiting} == {0}


async def test_addresses_are_spelled_as_the_rules_have_them_now(empty_url: str) -> None:
    """Else the first read after an update would push what it knew by its address alone."""
    aliases = [
        ("url", 0, "https://mobile.e.example/1", 2),
        ("url", 0, "https://e.example/1", 1),
        ("url", 0, "https://e.example/2", 3),
        ("url", 0, "https://mobile.e.example/2", 2),
        ("canonical", 0, "https://e.example/3;jsessionid=0A", 3),
        ("guid", 1, "https://mobile.e.example/1", 2),
        *(("url", 0, f"https://e.example/{n}?print=y", 3) for n in range(100, 1300)),
    ]
    statements = [
        *(text(statement) for statement in OLD_ROWS),
        *(NAME.bindparams(kind=k, scope=n, key=key, number=a) for k, n, key, a in aliases),
    ]
    await at(empty_url, "0007", [row(1, 1, None)], *statements)
    async with Database.open(empty_url) as database, database.read() as connection:
        found = await connection.execute(text("SELECT kind, key, article_id FROM alias"))
        names = {(kind, key): number for kind, key, number in found}
    assert len(names) == 4 + 1200
    assert names["url", "https://e.example/1"] == 1
    assert names["url", "https://e.example/2"] == 2
    assert names["url", "https://e.example/1299"] == 3
    assert names["canonical", "https://e.example/3"] == 3
    assert names["guid", "https://mobile.e.example/1"] == 2


ARTICLES = """
INSERT INTO source (id, url, next_at) VALUES (1, 'https://news.example/feed', :now);
INSERT INTO section (id, title, created_at) VALUES (1, 'News', :now);
"""
ARTICLE = text(
    "INSERT INTO article (id, source_id, section_id, url, title, lead, document, sorted_at, "
    "created_at, withdrawn_at) VALUES (:id, 1, 1, '', :title, 'Лид новости.', :document, "
    "'2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000', :withdrawn_at)"
)


async def _with_articles(url: str, rows: list[dict[str, object]]) -> None:
    """A database from before articles were indexed."""
    await at(url, "0007", [row(1, 0, None)])
    engine = _engine(url)
    async with engine.begin() as connection:
        for statement in ARTICLES.strip().strip(";").split(";"):
            await connection.exec_driver_sql(
                statement.replace(":now", "'2026-01-01 00:00:00.000000'")
            )
        await connection.execute(ARTICLE, rows)
    await engine.dispose()


async def test_articles_that_are_there_are_found(empty_url: str) -> None:
    """More than two batches of the migration, one with a document that cannot be read."""
    document = dump_document(Document((Paragraph((Span("Мост открыли вчера."),)),)))
    rows: list[dict[str, object]] = [
        {"id": n, "title": f"Новость {n}", "document": document, "withdrawn_at": None}
        for n in range(1, 500, 2)
    ]
    rows[3] |= {"title": "Без текста", "document": "nonsense"}
    rows[4] |= {"withdrawn_at": "2026-01-02 00:00:00.000000"}
    await _with_articles(empty_url, rows)
    async with Database.open(empty_url) as database, database.read() as connection:
        found = await search_articles(connection, "мостов", limit=1000)
        numbers = {card.id for card in found.items}
        assert numbers == {n for n in range(1, 500, 2) if n not in (7, 9)}
        for query, number in (("новости 499", 499), ("тексты", 7), ("мост 49", 49)):
            found = await search_articles(connection, query, limit=5)
            assert [card.id for card in found.items][:1] == [number]


async def test_what_the_migration_indexed_is_what_would_be_indexed_now(empty_url: str) -> None:
    document = Document((Paragraph((Span("Мост. " * 5 + "Bridges, ёлки и COVID-19."),)),))
    rows: list[dict[str, object]] = [
        {"id": 1, "title": "Мосты", "document": dump_document(document), "withdrawn_at": None}
    ]
    await _with_articles(empty_url, rows)
    async with Database.open(empty_url) as database, database.write() as connection:
        columns = "stems::text" if "postgresql" in empty_url else "title, lead, frequent, body"
        query = f"SELECT {columns} FROM article_search"  # noqa: S608 - ours
        migrated = (await connection.exec_driver_sql(query)).one()
        await index_stored(connection, 1)
        assert (await connection.exec_driver_sql(query)).one() == migrated
        assert "bridg" in str(migrated)
