"""What the benchmarks share: a table on the screen, quantiles, databases, subscribers."""

from __future__ import annotations

import ctypes
import resource
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from math import ceil
from pathlib import Path

from sqlalchemy import insert, select, true

from bot.model import Alias, AliasKind, Document, NewArticle, Paragraph, SourceSpec, Span
from bot.storage.articles import add_article
from bot.storage.broadcasts import add_broadcast
from bot.storage.database import Database
from bot.storage.schema import reader, section, subscription
from bot.storage.sources import due_sources, list_sources
from tests.postgres import postgres_server

ROOT = Path(__file__).parents[1]
TOKEN = "42:TEST"
SITE = "https://news.example"

Row = tuple[str, str, str, str]
"""What was measured, its figure, its peer or limit, and how the two compare."""

_CHUNK = 10_000  # readers in one statement


def show(title: str, rows: Sequence[Row]) -> None:
    """Print a table: each figure beside its peer or limit."""
    lines = [("", "figure", "peer or limit", "ratio"), *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(4)]
    print(f"\n{title}")
    for line in lines:
        cells = [line[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
        print("  ".join(cells).rstrip(), flush=True)


_missed: list[str] = []


def demand(what: str, holds: bool) -> None:  # noqa: FBT001 - it reads as a sentence
    """Note whether what must hold on any machine, however slow, does; see ``conclude``."""
    if not holds:
        _missed.append(what)
        print(f"NOT HELD: {what}", flush=True)


def conclude() -> None:
    """End with exit code 1 where something was demanded that does not hold."""
    if _missed:
        raise SystemExit(1)


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that this share of all does not exceed."""
    return sorted(values)[max(0, ceil(share * len(values)) - 1)]


def memory() -> float:
    """The memory that this process holds now (its resident set), in MB; Linux only.

    What is free is given back before, so that it does not hide what is taken next.
    """
    ctypes.CDLL(None).malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1_000_000


@contextmanager
def sqlite() -> Iterator[str]:
    """The address of a fresh SQLite file."""
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{folder}/vestnik.db"


@contextmanager
def postgres() -> Iterator[str]:
    """The address of a fresh PostgreSQL, started for this and ended with it, however it ends."""
    with postgres_server(lasting=True) as url:
        yield url


async def add_subscribers(database: Database, count: int) -> None:
    """Readers 1 to ``count`` in chats 1 to ``count``, subscribed to every section there is."""
    now = datetime.now(UTC)
    async with database.write() as connection:
        for start in range(1, count + 1, _CHUNK):
            rows = [
                {"id": i, "chat_id": i, "kind": "private", "locale": "ru", "created_at": now}
                for i in range(start, min(start + _CHUNK, count + 1))
            ]
            await connection.execute(insert(reader), rows)
        await connection.execute(
            insert(subscription).from_select(
                ["reader_id", "section_id", "created_at"],
                select(reader.c.id, section.c.id, reader.c.created_at).join(section, true()),
            )
        )
        # In life the database has counted its rows long before there are so many.
        await connection.exec_driver_sql("ANALYZE")


async def publish(database: Database, number: int) -> None:
    """Store article ``number`` with its broadcast, as the reader of sources does."""
    now = datetime.now(UTC)
    async with database.write() as connection:
        await list_sources(connection, [SourceSpec(f"{SITE}/feed.xml")], now)
        (source,) = await due_sources(connection, now)
        stored = await add_article(connection, source.id, _article(number), now)
        assert stored is not None
        await add_broadcast(connection, stored, now)


def headline(number: int) -> str:
    """What only the title of this article has in it."""
    return f"Новость {number}:"


def _article(number: int) -> NewArticle:
    """An article such as a small press office writes."""
    return NewArticle(
        aliases=(Alias(AliasKind.GUID, f"bench-{number}"),),
        section=("Новости",),
        url=f"{SITE}/news/{number}",
        title=f"{headline(number)} в Заречном открыли новый пешеходный мост",
        lead="Мост соединил набережную и старый парк; строили его два года.",
        image=f"{SITE}/media/{number}.png",
        language="ru",
        published=None,
        document=Document((Paragraph((Span("Мост открыли утром, в девять часов. " * 40),)),)),
    )
