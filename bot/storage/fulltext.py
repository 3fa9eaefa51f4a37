"""Full text in each database's own way: which articles have which words.

SQLite has FTS5 over stems that are made here. PostgreSQL has GIN over what its configuration
``russian`` makes of the same words: it stems Latin ones as ``english`` does. Only search.py asks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    TableClause,
    Text,
    cast,
    column,
    func,
    literal,
    literal_column,
    select,
    table,
    text,
    union_all,
)
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import ArticleCard
from bot.storage.schema import article
from bot.storage.stems import Words, stem


@dataclass(frozen=True, slots=True)
class Term:
    """What an article must have: this stem or, where it is not empty, a word that begins so."""

    stem: str
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """An article that fits, with the stems of its title, its lead and its frequent words.

    Each of the three is a text with a space before and after each stem.
    """

    card: ArticleCard
    heads: tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Counts:
    """How often a stem stands in an article's title, lead and body."""

    title: int
    lead: int
    body: int


class Index(Protocol):
    """What can be asked of the index, within the connection's transaction."""

    async def put(self, article_id: int, words: Words) -> None:
        """Write the words of an article that is not in the index."""

    async def drop(self, article_id: int) -> None:
        """Let an article be found no more; it need not be there."""

    async def stems(self, words: Sequence[str]) -> list[list[str]]:
        """What the index has for each of these words: a stem nearly always."""

    async def exact(self, terms: Sequence[Term], limit: int) -> list[Match]:
        """The newest articles that have the stem of each term."""

    async def inexact(self, terms: Sequence[Term], limit: int) -> list[Match]:
        """The newest articles that have all terms, but some only as beginnings."""

    async def holders(self, stems: Sequence[str], limit: int) -> dict[str, list[int]]:
        """Some of the articles that have each of these stems, in no order."""

    async def counts(self, article_id: int) -> dict[str, Counts]:
        """The stems of an article; empty where it is not in the index."""

    async def newest(self) -> int:
        """The highest number in the index, or 0: there are not more articles than that."""


def index_of(connection: AsyncConnection) -> Index:
    """The index of a connection's database."""
    return (_Gin if connection.dialect.name == "postgresql" else _Fts5)(connection)


class _Base:
    """What both spell alike, but for some words."""

    all_of: ClassVar[str]
    any_of: ClassVar[str]
    but_not: ClassVar[str]
    quote: ClassVar[str]
    beginning: ClassVar[str]
    index: ClassVar[TableClause]
    key: ClassVar[ColumnElement[Any]]

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def drop(self, article_id: int) -> None:
        await self._connection.execute(self.index.delete().where(self.key == article_id))

    async def exact(self, terms: Sequence[Term], limit: int) -> list[Match]:
        return await self._matches(self._all(terms, prefixes=False), limit)

    async def inexact(self, terms: Sequence[Term], limit: int) -> list[Match]:
        exact, wide = (self._all(terms, prefixes=each) for each in (False, True))
        return await self._matches(f"({wide}){self.but_not}({exact})", limit)

    async def _matches(self, expression: str, limit: int) -> list[Match]:
        newest = (
            select(self.key.label("id"))
            .where(self._fits(expression))
            .order_by(self._order().desc())
            .limit(limit)
            .subquery("newest")
        )
        async with self._by_words():
            rows = await self._connection.execute(self._with_heads(newest))
        return [
            Match(ArticleCard(row.id, row.title, row.sorted_at), (row.a, row.b, row.c))
            for row in rows
        ]

    async def holders(self, stems: Sequence[str], limit: int) -> dict[str, list[int]]:
        if not stems:
            return {}
        some = (
            select(self.key.label("id"))
            .where(self._fits(self._quoted(each)))
            .limit(limit)
            .subquery()
            for each in stems
        )
        # A row for each stem: a thousand rows of a number each take several times as long.
        numbers = (func.aggregate_strings(cast(each.c.id, Text), ",") for each in some)
        statement = union_all(*(select(literal(n), each) for n, each in enumerate(numbers)))
        async with self._by_words():
            rows = await self._connection.execute(statement)
        return {
            stems[n]: [int(each) for each in (joined or "").split(",") if each]
            for n, joined in rows
        }

    async def newest(self) -> int:
        statement = select(self.key).order_by(self.key.desc()).limit(1)
        return int(await self._connection.scalar(statement) or 0)

    def _order(self) -> ColumnElement[Any]:
        return self.key

    @asynccontextmanager
    async def _by_words(self) -> AsyncIterator[None]:
        """Meanwhile the index of words is used, whatever the database thinks of it."""
        yield

    def _all(self, terms: Sequence[Term], *, prefixes: bool) -> str:
        return self.all_of.join(self._spelled(term, prefixes=prefixes) for term in terms)

    def _spelled(self, term: Term, *, prefixes: bool) -> str:
        exact = self._quoted(term.stem)
        if not (prefixes and term.prefix):
            return exact
        return f"({exact}{self.any_of}{self._quoted(term.prefix)}{self.beginning})"

    def _quoted(self, word: str) -> str:
        # Letters or digits alone; twice a quote is there for what a database's parser may add.
        return f"{self.quote}{word.replace(self.quote, self.quote * 2)}{self.quote}"

    def _fits(self, expression: str) -> ColumnElement[bool]:
        raise NotImplementedError

    def _with_heads(self, newest: FromClause) -> Select[Any]:
        raise NotImplementedError


class _Fts5(_Base):
    """A virtual table of stems, column by column."""

    all_of, any_of, but_not, quote, beginning = " AND ", " OR ", " NOT ", '"', "*"
    index = table(
        "article_search",
        *map(column, ("rowid", "title", "lead", "frequent", "body")),
    )
    key = index.c.rowid

    _PUT = index.insert()

    async def put(self, article_id: int, words: Words) -> None:
        def stemmed(some: Sequence[str]) -> str:
            return " ".join(map(words.stems.__getitem__, some))

        values = {
            "rowid": article_id,
            "title": stemmed(words.title),
            "lead": stemmed(words.lead),
            "frequent": stemmed(words.frequent),
            "body": stemmed(words.body),
        }
        await self._connection.execute(self._PUT, values)

    async def stems(self, words: Sequence[str]) -> list[list[str]]:
        return [[stem(word)] for word in words]

    async def counts(self, article_id: int) -> dict[str, Counts]:
        columns = self.index.c.title, self.index.c.lead, self.index.c.body
        row = (
            await self._connection.execute(select(*columns).where(self.key == article_id))
        ).one_or_none()
        if row is None:
            return {}
        title, lead, body = (Counter(each.split()) for each in row)
        return {each: Counts(title[each], lead[each], body[each]) for each in title | lead | body}

    def _fits(self, expression: str) -> ColumnElement[bool]:
        # The whole table is a column of its own for this operator.
        return literal_column("article_search").op("MATCH")(expression)

    def _with_heads(self, newest: FromClause) -> Select[Any]:
        own = self.index.c
        heads = zip("abc", (own.title, own.lead, own.frequent), strict=True)
        return (
            select(
                *(article.c.id, article.c.title, article.c.sorted_at),
                *((literal(" ") + head + literal(" ")).label(name) for name, head in heads),
            )
            .select_from(newest)
            .join(self.index, own.rowid == newest.c.id)
            .join(article, article.c.id == newest.c.id)
        )


class _Gin(_Base):
    """A column of type tsvector, its words marked A, B, C and D by where they stand."""

    all_of, any_of, but_not, quote, beginning = " & ", " | ", " & !", "'", ":*"
    index = table("article_search", column("article_id"), column("stems"))
    key = index.c.article_id

    _PUT = text(
        "INSERT INTO article_search (article_id, stems) VALUES (:article_id, "
        "setweight(to_tsvector('russian', CAST(:title AS text)), 'A') || "
        "setweight(to_tsvector('russian', CAST(:lead AS text)), 'B') || "
        "setweight(to_tsvector('russian', CAST(:frequent AS text)), 'C') || "
        "setweight(to_tsvector('russian', CAST(:body AS text)), 'D'))"
    )
    _STEMS = text(
        "SELECT tsvector_to_array(to_tsvector('russian', word)) "
        "FROM unnest(CAST(:words AS text[])) WITH ORDINALITY AS asked(word, place) ORDER BY place"
    )
    _COUNTS = text(
        "SELECT lexeme, cardinality(array_positions(weights, 'A')), "
        "cardinality(array_positions(weights, 'B')), cardinality(array_positions(weights, 'D')) "
        "FROM article_search, unnest(stems) WHERE article_id = :article_id"
    )

    _NO_SCANS = text("SET LOCAL enable_seqscan = off")
    _ANY_PLAN = text("SET LOCAL enable_seqscan = on")

    async def put(self, article_id: int, words: Words) -> None:
        values = {
            "article_id": article_id,
            "title": " ".join(words.title),
            "lead": " ".join(words.lead),
            "frequent": " ".join(words.frequent),
            "body": " ".join(words.body),
        }
        await self._connection.execute(self._PUT, values)

    async def stems(self, words: Sequence[str]) -> list[list[str]]:
        rows = await self._connection.execute(self._STEMS, {"words": list(words)})
        return [list(row[0]) for row in rows]

    async def counts(self, article_id: int) -> dict[str, Counts]:
        rows = await self._connection.execute(self._COUNTS, {"article_id": article_id})
        return {row[0]: Counts(*row[1:]) for row in rows}

    def _order(self) -> ColumnElement[Any]:
        # The planner would go through all articles, from the newest on, and look into each.
        return self.key + 0

    @asynccontextmanager
    async def _by_words(self) -> AsyncIterator[None]:
        # To the planner a look into an article's words costs nothing; in truth its row lies
        # elsewhere, compressed, so that looking into each takes a hundred times as long.
        await self._connection.execute(self._NO_SCANS)
        yield
        await self._connection.execute(self._ANY_PLAN)

    def _fits(self, expression: str) -> ColumnElement[bool]:
        return self.index.c.stems.op("@@")(cast(expression, TSQUERY))

    def _with_heads(self, newest: FromClause) -> Select[Any]:
        # Taken apart once: a long row is stored compressed, and each look unpacks it.
        heads = (
            select(newest.c.id, func.ts_filter(self.index.c.stems, literal_column("'{a,b,c}'")))
            .join(self.index, self.key == newest.c.id)
            .cte("heads")
            .prefix_with("MATERIALIZED")
        )
        kept = list(heads.c)[1]

        def marked(mark: str) -> ColumnElement[str]:
            lexemes = func.tsvector_to_array(func.ts_filter(kept, literal_column(f"'{{{mark}}}'")))
            return (literal(" ") + func.array_to_string(lexemes, " ") + literal(" ")).label(mark)

        return select(
            *(article.c.id, article.c.title, article.c.sorted_at),
            *map(marked, "abc"),
        ).join(heads, heads.c.id == article.c.id)
