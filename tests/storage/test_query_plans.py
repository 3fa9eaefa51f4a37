"""What runs all day long finds its rows by an index, however many there are."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import (
    Alias,
    AliasKind,
    Chat,
    ChatKind,
    Delivery,
    DeliveryState,
    Form,
    Key,
    OnUnknown,
    Priority,
    Reader,
)
from bot.storage import (
    amendments,
    articles,
    audience,
    broadcasts,
    checks,
    incoming,
    opened,
    outbox,
    placements,
    readers,
    revisions,
    search,
    sections,
)
from bot.storage.amendments import Amending
from bot.storage.database import Database
from bot.storage.outbox import PutOff, Settled
from bot.storage.revisions import Kept
from tests.postgres import empty_postgres

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LONG_AFTER = NOW + timedelta(days=30)
MANY = 20_000
HALTED = 7
LATER = Key(int((NOW + timedelta(seconds=9000)).timestamp()) * 1_000_000, 9000)

AMENDING = Amending(1, 1, 0, Form.FULL)
NAMED = {
    n: Kept("x", "", NOW + timedelta(seconds=n), NOW, 1, withdrawn=False, gone=0)
    for n in range(19_000, 20_000)
}

Question = Callable[[AsyncConnection], Awaitable[Any]]


def names() -> list[Alias]:
    return [Alias(kind, f"key {number}") for number in range(50) for kind in AliasKind]


def held() -> list[Delivery]:
    """Some of those that the holder of term 1 has begun."""
    return [
        Delivery(
            3, 3, Reader(number, Chat(number, ChatKind.PRIVATE), "ru", active=True),
            Priority.NEWS, 1, 0, 1,
        )
        for number in range(1, 60)
    ]  # fmt: skip


def results() -> list[outbox.Result]:
    """Results of every kind, several of each."""
    found: list[outbox.Result] = []
    for number, each in enumerate(held()):
        match number % 3:
            case 0:
                found.append(Settled(each, DeliveryState.SENT, message_id=1, shown=1))
            case 1:
                found.append(Settled(each, DeliveryState.FAILED, error="no"))
            case _:
                found.append(PutOff(each, NOW))
    return found


async def count_all_queued(connection: AsyncConnection) -> int:
    """What is not made yet is counted only where what is queued leaves room below the bound."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(broadcasts, "_COUNTED", 2 * MANY)
        return await broadcasts.count_queued(connection, NOW)


QUESTIONS: dict[str, tuple[Question, set[str]]] = {
    "claim what waits": (
        lambda c: outbox.claim(c, lease=2, now=LONG_AFTER, limit=20),
        {"ix_broadcast_open", "ix_delivery_waiting", "pk_delivery"},
    ),
    "claim and fan out": (
        lambda c: outbox.claim(c, lease=2, now=NOW, limit=20),
        {"ix_broadcast_open", "ix_delivery_waiting", "ix_subscription_section_id_reader_id"},
    ),
    "fan out under a parent": (
        lambda c: broadcasts.fan_out(c, audience.Going(8, 8, 9, 1, 0, False, NOW, 1), 2, 20),
        {"ix_subscription_section_id_reader_id"},
    ),
    "fan out to those of a further section": (
        lambda c: broadcasts.fan_out_further(
            c, audience.Going(8, 8, 9, 1, 0, False, NOW, 1, further=True), 2, 20
        ),
        {"ix_subscription_section_id_reader_id", "pk_delivery"},
    ),
    "place": (
        lambda c: placements.place(c, 8, 5, 1, NOW, goes_out=True),
        {"uq_broadcast_article_id"},
    ),
    "begin a round": (lambda c: placements.begin_round(c, 8, 8), {"pk_placement"}),
    "what is not placed": (
        lambda c: placements.unplaced(c, range(1, 300), 5, 2),
        {"pk_placement"},
    ),
    "what brought it": (
        lambda c: placements.brought_by(c, 5, 5),
        {"uq_broadcast_article_id", "pk_delivery"},
    ),
    "older of what is found in a section": (
        lambda c: articles.article_cards(c, limit=9, section_id=6, older_than=LATER),
        {"ix_placement_section_id_sorted_at_article_id"},
    ),
    "is there anything to claim": (
        lambda c: audience.going(c, LONG_AFTER),
        {"ix_broadcast_open", "ix_delivery_waiting"},
    ),
    "begin": (lambda c: outbox.begin(c, held(), NOW), set()),  # by key or by holder
    "record": (lambda c: outbox.record(c, results(), NOW), {"pk_delivery"}),
    "release": (lambda c: outbox.release(c, 1, NOW), {"ix_delivery_held"}),
    "rescue": (
        lambda c: outbox.rescue(c, 2, OnUnknown.RESEND, NOW),
        {"ix_delivery_held"},
    ),
    "last errors": (lambda c: outbox.last_errors(c, 5), {"ix_delivery_ended"}),
    "settle": (
        lambda c: broadcasts.settle_broadcasts(c, NOW),
        {"ix_broadcast_open", "ix_delivery_waiting", "ix_delivery_held"},
    ),
    "halted": (broadcasts.halted_broadcasts, {"ix_broadcast_kept", "ix_delivery_ended"}),
    "resume": (
        lambda c: broadcasts.resume(c, HALTED, NOW, LONG_AFTER),
        set(),  # by broadcast or by what ended
    ),
    "prune": (
        lambda c: broadcasts.prune(c, LONG_AFTER, 1000),
        {"ix_broadcast_kept", "pk_delivery"},
    ),
    "count of late": (
        lambda c: broadcasts.count_deliveries(c, LONG_AFTER),
        {"pk_delivery"},
    ),
    "count what is queued": (
        count_all_queued,
        {"ix_delivery_waiting", "ix_delivery_held", "ix_subscription_section_id_reader_id"},
    ),
    "deactivate": (
        lambda c: readers.deactivate_chat(c, 500, NOW),
        {"pk_delivery", "uq_reader_chat_id_thread_id"},
    ),
    "move": (
        lambda c: readers.move_chat(c, 500, 501),
        {"pk_delivery", "pk_opened", "ix_broadcast_kept", "uq_reader_chat_id_thread_id"},
    ),
    "waiting": (
        lambda c: incoming.waiting_updates(c, after_chat=5, of_one_chat=5, limit=100),
        {"ix_incoming_waiting", "pk_incoming"},
    ),
    "begin updates": (lambda c: incoming.begin_updates(c, range(5000, 5100)), {"pk_incoming"}),
    "settle updates": (lambda c: incoming.settle_updates(c, range(5000, 5100)), {"pk_incoming"}),
    "forget updates": (
        lambda c: incoming.forget_handled(c, NOW, 1000),
        {"pk_incoming"},
    ),
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
    "older of a parent": (
        lambda c: articles.article_cards(c, limit=9, section_id=1, older_than=LATER),
        {"ix_article_"},
    ),
    "aliases": (lambda c: articles.known_aliases(c, 1, names()), {"pk_alias"}),
    "what is amended": (lambda c: amendments.amending(c, [7]), {"ix_broadcast_amending"}),
    "next amendments": (
        lambda c: amendments.next_amendments(c, AMENDING, 2, 30),
        {"pk_delivery", "pk_opened"},
    ),
    "record amendments": (
        lambda c: amendments.record_amendments(
            c, AMENDING, 1, shown=range(1, 20), deleted=range(20, 30), cursor=30
        ),
        {"pk_delivery"},
    ),
    "one amendment": (
        lambda c: amendments.amendment(c, AMENDING, 2, 5),
        {"pk_delivery", "pk_opened"},
    ),
    "withdraw": (
        lambda c: revisions.withdraw_article(c, 5, NOW, by_hand=True),
        {"uq_broadcast_article_id"},
    ),
    "messages of an article": (
        lambda c: revisions.count_messages(c, 1),
        {"uq_broadcast_article_id", "pk_delivery"},
    ),
    "kept articles": (lambda c: revisions.kept_articles(c, 1, range(1, 300)), set()),  # by number
    "vanished": (
        lambda c: revisions.note_vanished(c, 1, NAMED, before=NOW, now=NOW),
        {"ix_article_"},  # PostgreSQL takes the other one for a source of nearly all
    ),
    "due checks": (lambda c: checks.due_checks(c, NOW, 50), {"ix_article_check_at"}),
    "next check": (checks.next_check_due, {"ix_article_check_at"}),
    "held articles": (checks.held_articles, {"ix_article_check_at"}),
    "witnesses": (
        lambda c: checks.witnesses(c, 1, [5], 10),
        {"ix_article_"},  # as above
    ),
    "opened": (lambda c: opened.opened_article(c, 5, 5), {"pk_opened"}),
    "forget opened": (
        lambda c: opened.forget_opened(c, LONG_AFTER, 10),
        {"ix_opened_opened_at"},
    ),
    "choices": (
        lambda c: sections.section_choices(c, 500),
        {"ix_article_section_id_sorted_at_id", "pk_subscription"},
    ),
    "new sections": (
        sections.new_sections,
        {"ix_article_section_id_sorted_at_id"},
    ),
    "sections": (sections.sections, {"ix_article_section_id_sorted_at_id"}),
    "search": (
        lambda c: search.search_articles(c, "словом rare", limit=9),
        {"ix_article_search_stems"},
    ),
    "search by beginnings": (
        lambda c: search.search_articles(c, "rar", limit=9),
        {"ix_article_search_stems"},
    ),
    "related": (
        lambda c: search.related_articles(c, 777, limit=9),
        {"ix_article_search_stems"},
    ),
}
BIG = (
    *("delivery", "article", "alias", "incoming", "reader", "broadcast", "subscription"),
    *("opened", "article_search", "placement"),
)

RARE = {
    "resume",
    "prune",
    "count what is queued",
    "messages of an article",
}
"""These may go through all deliveries of one broadcast, or through all that waits."""

FILL = """
CREATE TEMPORARY TABLE numbers AS
    WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < :many)
    SELECT n FROM c;
INSERT INTO source (url, next_at) VALUES ('https://news.example/feed', :now);
INSERT INTO section (key, title, created_at)
    SELECT 'section ' || n, 'Section ' || n, :now FROM numbers WHERE n <= 10;
UPDATE section SET parent_id = 1 WHERE id IN (4, 9);
INSERT INTO article (source_id, section_id, url, title, lead, document, sorted_at, created_at)
    SELECT 1, 1 + n - n / 10 * 10, 'https://news.example/' || n, 'Title', '', '{}', :second, :now
    FROM numbers;
:index
INSERT INTO placement (article_id, section_id, source_id, sorted_at, created_at)
    SELECT n, 1 + n + 5 - (n + 5) / 10 * 10, 1, :second, :now FROM numbers;
INSERT INTO alias (kind, scope, key, article_id)
    SELECT 'url', 0, 'key ' || n, n FROM numbers;
INSERT INTO reader (chat_id, kind, locale, created_at)
    SELECT n, 'private', 'ru', :now FROM numbers;
INSERT INTO subscription (reader_id, section_id, created_at) SELECT n, 1, :now FROM numbers;
INSERT INTO broadcast (article_id, created_at, expires_at, fanned_out, state, pruned)
    SELECT n, :now, :second, n <> 4 AND n <> 8, 2, n > 2000 FROM numbers;
UPDATE broadcast SET state = 0, expires_at = :long_after WHERE id IN (2, 3, 4, 8);
UPDATE broadcast SET state = 1 WHERE id = 7;
INSERT INTO delivery (broadcast_id, reader_id, finished_at, message_id, shown, state)
    SELECT 1, n, :now, n, 1, 3 FROM numbers;
INSERT INTO delivery (broadcast_id, reader_id, not_before, state)
    SELECT 2, n, :second, 0 FROM numbers;
INSERT INTO delivery (broadcast_id, reader_id, lease, state)
    SELECT 3, n, 1, 1 + n - n / 2 * 2 FROM numbers WHERE n <= 100;
INSERT INTO delivery (broadcast_id, reader_id, lease, state)
    SELECT 3, n, 1, 3 FROM numbers WHERE n > 100;
INSERT INTO delivery (broadcast_id, reader_id, finished_at, error, state)
    SELECT 7, n, :second, 'no', CASE WHEN n < 50 THEN 4 ELSE 3 END FROM numbers;
UPDATE broadcast SET amend_cursor = 0 WHERE id = 1;
UPDATE article SET seen = 'x', check_at = :now, gone = 2 WHERE id > 19950;
INSERT INTO opened (reader_id, message_id, article_id, opened_at)
    SELECT n, n, 1, :second FROM numbers;
INSERT INTO incoming (update_id, chat_id, body, received_at, state)
    SELECT n, n / 40, '', :now, CASE WHEN n = n / 2 * 2 THEN 0 ELSE 1 END FROM numbers;
"""
SQLITE = {
    ":index": """INSERT INTO article_search (rowid, title, lead, frequent, body)
        SELECT n, 'слов', 'rare ' || (n / 10), '', 'stem' || (n / 20) FROM numbers;""",
    ":long_after": "'2026-12-30 09:00:00.000000'",
    ":now": "'2026-11-23 09:00:00.000000'",
    ":second": "strftime('%Y-%m-%d %H:%M:%S.000000', '2026-11-23 09:00', '+' || n || ' seconds')",
}
POSTGRES = {
    ":index": """INSERT INTO article_search (article_id, stems)
        SELECT n, to_tsvector('simple', 'слов rare ' || (n / 10) || ' stem' || (n / 20))
        FROM numbers;""",
    ":long_after": "TIMESTAMPTZ '2026-12-30 09:00:00Z'",
    ":now": "TIMESTAMPTZ '2026-11-23 09:00:00Z'",
    ":second": "TIMESTAMPTZ '2026-11-23 09:00:00Z' + n * INTERVAL '1 second'",
}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def full_url(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[str]:
    """A database with many rows of every kind, and on PostgreSQL statistics of them."""
    if request.param == "sqlite":
        file = tmp_path_factory.mktemp("full") / "vestnik.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), file)
        url = f"sqlite:///{file}"
        asyncio.run(_fill(url))
        yield url
    else:
        server, template = map(request.getfixturevalue, ("postgres", "postgres_template"))
        with empty_postgres(server, f"full_{uuid4().hex}", template=template) as url:
            asyncio.run(_fill(url))
            yield url


async def _fill(url: str) -> None:
    async with Database.open(url) as database, database.write() as connection:
        sqlite = connection.dialect.name == "sqlite"
        script = FILL.replace(":many", str(MANY))
        for word, meaning in (SQLITE if sqlite else POSTGRES).items():
            script = script.replace(word, meaning)
        for statement in script.strip().strip(";").split(";"):
            await connection.exec_driver_sql(statement)
        if not sqlite:
            await connection.exec_driver_sql("ANALYZE")


@pytest.fixture
async def full(full_url: str) -> AsyncIterator[Database]:
    """That database, which every question leaves as it was."""
    async with Database.open(full_url) as database:
        yield database


@contextmanager
def asked(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """The statements that are executed meanwhile, with their variables."""
    seen: list[tuple[str, Any]] = []

    def note(
        _conn: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: Any
    ) -> None:
        if statement.startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "SET LOCAL")):
            seen.append((statement, parameters[0] if many else parameters))

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
            if statement.startswith("SET LOCAL"):
                await connection.exec_driver_sql(statement)
            elif connection.dialect.name == "sqlite":
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
    if name not in RARE:
        assert "delivery USING PRIMARY KEY (broadcast_id=?)" not in plan, plan
        assert "SCAN delivery USING INDEX ix_delivery_waiting" not in plan, plan


def _named(index: str, plan: str) -> bool:
    """SQLite calls the index of a key by names of its own."""
    own = {
        "pk_alias": "sqlite_autoindex_alias_1",
        "ix_article_search_stems": ":M4",
        "pk_placement": "sqlite_autoindex_placement_1",
        "pk_opened": "sqlite_autoindex_opened_1",
        "uq_broadcast_article_id": "sqlite_autoindex_broadcast_1",
        "pk_delivery": "delivery USING PRIMARY KEY",
        "pk_subscription": "sqlite_autoindex_subscription_1",
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
