"""What runs all day long finds its rows by an index, however many there are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Alias, AliasKind, Key
from bot.storage import articles, incoming, outbox, readers, sections
from bot.storage.database import Database

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MANY = 20_000
LATER = Key(int((NOW + timedelta(seconds=9000)).timestamp()) * 1_000_000, 9000)

Question = Callable[[AsyncConnection], Awaitable[Any]]


def names() -> list[Alias]:
    return [Alias(kind, f"key {number}") for number in range(50) for kind in AliasKind]


QUESTIONS: dict[str, tuple[Question, set[str]]] = {
    "claim": (
        lambda c: outbox.claim(c, lease="a", now=NOW, until=NOW, limit=20),
        {"ix_delivery_ready"},
    ),
    "renew": (
        lambda c: outbox.renew_leases(c, "a", {1, 2, 3}, NOW),
        set(),
    ),  # by number or by holder
    "release": (lambda c: outbox.release_leases(c, "a"), {"ix_delivery_held"}),
    "rescue": (lambda c: outbox.rescue(c, NOW), {"ix_delivery_held"}),
    "deactivate": (
        lambda c: readers.deactivate_chat(c, 500, NOW),
        {"ix_delivery_reader_id", "uq_reader_chat_id_thread_id"},
    ),
    "fan out": (lambda c: outbox.fan_out(c, NOW, 100), {"ix_broadcast_pending"}),
    "waiting": (
        lambda c: incoming.waiting_updates(c, after_chat=5, of_one_chat=5, limit=100),
        {"ix_incoming_waiting", "pk_incoming"},
    ),
    "begin": (lambda c: incoming.begin_updates(c, range(5000, 5100)), {"pk_incoming"}),
    "settle": (lambda c: incoming.settle_updates(c, range(5000, 5100)), {"pk_incoming"}),
    "newest": (lambda c: articles.article_cards(c, limit=9), {"ix_article_sorted_at_id"}),
    "older": (
        lambda c: articles.article_cards(c, limit=9, older_than=LATER),
        {"ix_article_sorted_at_id"},
    ),
    "newer": (
        lambda c: articles.article_cards(c, limit=9, newer_than=LATER),
        {"ix_article_sorted_at_id"},
    ),
    "older of a section": (
        lambda c: articles.article_cards(c, limit=9, section_id=2, older_than=LATER),
        {"ix_article_"},  # PostgreSQL takes the other one for a section of many articles
    ),
    "aliases": (lambda c: articles.known_aliases(c, 1, names()), {"pk_alias"}),
    "sections": (sections.sections, {"ix_article_section_id_sorted_at_id"}),
}
BIG = ("delivery", "article", "alias", "incoming", "reader")

FILL = """
CREATE TEMPORARY TABLE numbers AS
    WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < :many)
    SELECT n FROM c;
INSERT INTO source (url, next_at) VALUES ('https://news.example/feed', :now);
INSERT INTO section (title, created_at) SELECT 'Section ' || n, :now FROM numbers WHERE n <= 10;
INSERT INTO article (source_id, section_id, url, title, lead, document, sorted_at, created_at)
    SELECT 1, 1 + n - n / 10 * 10, 'https://news.example/' || n, 'Title', '', '{}', :second, :now
    FROM numbers;
INSERT INTO alias (kind, scope, key, article_id)
    SELECT 'url', 0, 'key ' || n, n FROM numbers;
INSERT INTO reader (chat_id, kind, locale, created_at)
    SELECT n, 'private', 'ru', :now FROM numbers;
INSERT INTO subscription (reader_id, section_id, created_at) SELECT n, 1, :now FROM numbers;
INSERT INTO broadcast (article_id, created_at, fanned_out) SELECT n, :now, n < :many FROM numbers;
INSERT INTO delivery (broadcast_id, reader_id, not_before, state)
    SELECT 1, n, :second, 3 FROM numbers;
INSERT INTO delivery (broadcast_id, reader_id, not_before, state)
    SELECT 2, n, :second, 0 FROM numbers;
INSERT INTO delivery (broadcast_id, reader_id, not_before, lease_until, lease, state)
    SELECT 3, n, :second, :second, 'b', 1 + n - n / 2 * 2 FROM numbers WHERE n <= 100;
INSERT INTO incoming (update_id, chat_id, body, received_at, state)
    SELECT n, n / 40, '', :now, CASE WHEN n = n / 2 * 2 THEN 0 ELSE 1 END FROM numbers;
"""
SQLITE = {
    ":now": "'2026-11-23 09:00:00.000000'",
    ":second": "strftime('%Y-%m-%d %H:%M:%S.000000', '2026-11-23 09:00', '+' || n || ' seconds')",
}
POSTGRES = {
    ":now": "TIMESTAMPTZ '2026-11-23 09:00:00Z'",
    ":second": "TIMESTAMPTZ '2026-11-23 09:00:00Z' + n * INTERVAL '1 second'",
}


@pytest.fixture
async def full(database: Database) -> Database:
    """A database with many rows of every kind, and on PostgreSQL statistics of them."""
    async with database.write() as connection:
        sqlite = connection.dialect.name == "sqlite"
        script = FILL.replace(":many", str(MANY))
        for word, meaning in (SQLITE if sqlite else POSTGRES).items():
            script = script.replace(word, meaning)
        for statement in script.strip().strip(";").split(";"):
            await connection.exec_driver_sql(statement)
        if not sqlite:
            await connection.exec_driver_sql("ANALYZE")
    return database


@contextmanager
def asked(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """The statements that are executed meanwhile, with their variables."""
    seen: list[tuple[str, Any]] = []

    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if statement.startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")):
            seen.append((statement, parameters))

    engine = database._engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def plans(database: Database, question: Question) -> list[str]:
    """A line for each step of the plan of each statement of a question."""
    lines: list[str] = []
    async with database.write() as connection:
        with asked(database) as statements:
            await question(connection)
        await connection.rollback()
    async with database.read() as connection:
        for statement, parameters in statements:
            if connection.dialect.name == "sqlite":
                explain = f"EXPLAIN QUERY PLAN {statement}"
                found = await connection.exec_driver_sql(explain, parameters)
                lines += found.scalars(3)
            else:
                found = await connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
                lines += [row[0].strip() for row in found]
    return lines


@pytest.mark.parametrize("name", QUESTIONS)
async def test_rows_are_found_by_an_index(full: Database, name: str) -> None:
    question, indexes = QUESTIONS[name]

    steps = await plans(full, question)

    plan = "\n".join(steps)
    for index in indexes:
        assert _named(index, plan), plan
    scans = [step for step in steps if _scans(step)]
    assert scans == [], plan


def _named(index: str, plan: str) -> bool:
    """SQLite calls the index of a key by names of its own."""
    own = {
        "pk_alias": "sqlite_autoindex_alias_1",
        "pk_incoming": "sqlite_autoindex_incoming_1",
        "uq_reader_chat_id_thread_id": "sqlite_autoindex_reader_1",
    }
    return index in plan or own.get(index, index) in plan


def _scans(step: str) -> bool:
    """Whether a step reads a whole big table; an index that bounds or orders it does not."""
    words = step.removeprefix("->").split()
    if words[:2] == ["Seq", "Scan"]:
        return words[3] in BIG
    if words[0] == "SCAN":
        return words[1] in BIG and "INDEX" not in words
    return False
