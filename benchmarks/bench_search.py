"""Search: what indexing an article costs, how long a query takes, and what it finds.

20,000 made-up articles whose words are inflected at random; the peer is FTS5 over the same text as
it is, asked for the words as they are, best first by its own ranking.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).parents[1]))  # for when it is run by its path

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks._common import Row, conclude, demand, postgres, quantile, show, sqlite
from bot.model import Document, Paragraph, Span
from bot.storage.database import Database
from bot.storage.schema import article, section, source
from bot.storage.search import RANKED, index_article, related_articles, search_articles

T = TypeVar("T")

ARTICLES = 20_000
ON_POSTGRES = 3_000  # it is there for comparison; a round trip for each takes its time
LEMMAS = 8_000
TOPICS = 200
WORDS = 150  # in a body
QUERIES = 200
RARE = range(5, 200)  # articles that have a word which somebody would search for
BATCH = 500
SHOWN = 10
RECALL, PRECISION = 0.9, 0.9
FRESH = datetime(2026, 1, 1, tzinfo=UTC)
ENDINGS = (
    ["а", "у", "ой", "е", "ы", "ам", "ами", "ах"],
    ["ость", "ости", "остью", "остей", "остям", "остями", "остях"],
    ["ный", "ного", "ному", "ным", "ном", "ная", "ной", "ную", "ные", "ных", "ными"],
    ["ение", "ения", "ению", "ением", "ении", "ений", "ениям", "ениями", "ениях"],
    ["овать", "ует", "уют", "овал", "овала", "овали"],
)  # fmt: skip
CONSONANTS, VOWELS = "бвгдзклмнпрст", "аеиоу"


@dataclass(frozen=True, slots=True)
class Sample:
    """An article as lemmas by their numbers, its topic, and the words that it has become."""

    topic: int
    lemmas: tuple[int, ...]
    title_lemmas: tuple[int, ...]
    title: str
    body: str


class Newsroom:
    """Writes articles: a tenth of their words tell the topic, the others are as common as in life.

    How often a lemma is used falls with its number (Zipf); each use has an ending of its own.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        roots = {self._root() for _ in range(2 * LEMMAS)}
        self._lemmas = [
            [root + ending for ending in self._random.choice(ENDINGS)]
            for root in sorted(roots, key=lambda _: self._random.random())[:LEMMAS]
        ]
        self._weights = list(accumulate(1 / (number + 3) for number in range(LEMMAS)))
        rare = range(LEMMAS // 10, LEMMAS)
        self._topics = [self._random.sample(rare, 15) for _ in range(TOPICS)]

    def _root(self) -> str:
        count = self._random.choice((2, 2, 3))
        return "".join(
            self._random.choice(CONSONANTS) + self._random.choice(VOWELS) for _ in range(count)
        ) + self._random.choice(CONSONANTS)

    def form(self, lemma: int, *, but: str = "") -> str:
        """A form of a word, another one than this."""
        return self._random.choice([form for form in self._lemmas[lemma] if form != but])

    def article(self) -> Sample:
        """An article of a random topic."""
        topic = self._random.randrange(TOPICS)
        numbers = self._random.choices(range(LEMMAS), cum_weights=self._weights, k=WORDS)
        for place in self._random.sample(range(WORDS), WORDS // 10):
            numbers[place] = self._random.choice(self._topics[topic])
        head = [*self._random.sample(self._topics[topic], 3), *numbers[:3]]
        title = " ".join(map(self.form, head))
        return Sample(
            topic, tuple(head + numbers), tuple(head), title, " ".join(map(self.form, numbers))
        )


class Peer:
    """FTS5 over the words as they are written, by the driver alone."""

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("CREATE VIRTUAL TABLE peer USING fts5(title, body)")

    def put(self, samples: Sequence[Sample], start: int) -> None:
        """Index articles in one transaction."""
        self._connection.execute("BEGIN")
        self._connection.executemany(
            "INSERT INTO peer (rowid, title, body) VALUES (?, ?, ?)",
            [(start + place, each.title, each.body) for place, each in enumerate(samples)],
        )
        self._connection.execute("COMMIT")

    def find(self, words: str, *, operator: str = "AND", limit: int = SHOWN) -> list[int]:
        """The best articles that have all these words, or any of them."""
        expression = f" {operator} ".join(f'"{word}"' for word in words.split())
        rows = self._connection.execute(
            "SELECT rowid FROM peer WHERE peer MATCH ? ORDER BY bm25(peer, 5, 1) LIMIT ?",
            (expression, limit),
        )
        return [row[0] for row in rows]

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


async def fill(database: Database, samples: Sequence[Sample]) -> float:
    """Store and index the articles; the processor's milliseconds for the index of each."""
    spent = 0.0
    async with database.write() as connection:
        await connection.execute(insert(source).values(url="x", next_at=FRESH))
        await connection.execute(insert(section).values(title="x", created_at=FRESH))
    for start in range(0, len(samples), BATCH):
        rows = [_row(start + place) for place in range(len(samples[start : start + BATCH]))]
        async with database.write() as connection:
            await connection.execute(insert(article), rows)
            before = time.process_time()
            for place, each in enumerate(samples[start : start + BATCH]):
                document = Document((Paragraph((Span(each.body),)),))
                await index_article(connection, start + place + 1, each.title, "", document)
            spent += time.process_time() - before
    async with database.write() as connection:
        await connection.exec_driver_sql("ANALYZE")
    return spent / len(samples) * 1000


def _row(place: int) -> dict[str, object]:
    moment = FRESH + timedelta(minutes=place)
    return {
        "id": place + 1,
        "source_id": 1,
        "section_id": 1,
        "url": "x",
        "title": f"Article {place + 1}",
        "lead": "",
        "document": "{}",
        "sorted_at": moment,
        "created_at": moment,
    }


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: queries with the articles that they were taken from."""

    one: list[tuple[str, int]]
    two: list[tuple[str, int]]
    common: list[tuple[str, int]]


def questions(newsroom: Newsroom, samples: Sequence[Sample], seed: int) -> Asked:
    """Words of articles in forms of their own, such as somebody would search for."""
    rng = random.Random(seed)
    holders = Counter(lemma for each in samples for lemma in set(each.lemmas))
    common = [lemma for lemma, _ in holders.most_common(10)]

    def draw(count: int) -> list[tuple[str, int]]:
        drawn: list[tuple[str, int]] = []
        while len(drawn) < QUERIES:
            number = rng.randrange(len(samples))
            rare = [each for each in samples[number].title_lemmas if holders[each] in RARE]
            if len(rare) >= count:
                words = [newsroom.form(each) for each in rng.sample(rare, count)]
                drawn.append((" ".join(words), number + 1))
        return drawn

    often = [(newsroom.form(rng.choice(common)), 0) for _ in range(QUERIES // 10)]
    return Asked(draw(1), draw(2), often)


async def timed(
    database: Database, ask: Callable[[AsyncConnection, T], Awaitable[object]], asked: Sequence[T]
) -> list[float]:
    """The milliseconds of each question."""
    times = []
    async with database.read() as connection:
        for each in asked:
            start = time.perf_counter()
            await ask(connection, each)
            times.append((time.perf_counter() - start) * 1000)
    return times


def timed_peer(ask: Callable[[T], object], asked: Sequence[T]) -> list[float]:
    """The same of the peer."""
    times = []
    for each in asked:
        start = time.perf_counter()
        ask(each)
        times.append((time.perf_counter() - start) * 1000)
    return times


async def recall(database: Database, asked: Sequence[tuple[str, int]]) -> float:
    """The share of queries that find the article which they were taken from."""
    found = 0
    async with database.read() as connection:
        for query, number in asked:
            page = await search_articles(connection, query, limit=RANKED)
            found += number in {card.id for card in page.items}
    return found / len(asked)


async def precision(database: Database, samples: Sequence[Sample], numbers: Sequence[int]) -> float:
    """The share of related articles that have the same topic."""
    same = shown = 0
    async with database.read() as connection:
        for number in numbers:
            for card in await related_articles(connection, number, limit=5):
                shown += 1
                same += samples[card.id - 1].topic == samples[number - 1].topic
    return same / shown


async def measure(name: str, url: str, count: int) -> None:
    """Measure one database beside the peer and print its table."""
    newsroom = Newsroom(1)
    samples = [newsroom.article() for _ in range(count)]
    asked = questions(newsroom, samples, 2)
    numbers = random.Random(3).sample(range(1, count + 1), QUERIES // 3)
    with tempfile.TemporaryDirectory() as folder:
        peer = Peer(f"{folder}/peer.db")
        before = time.process_time()
        for start in range(0, count, BATCH):
            peer.put(samples[start : start + BATCH], start + 1)
        theirs = (time.process_time() - before) / count * 1000
        async with Database.open(url) as database:
            ours = await fill(database, samples)
            rows: list[Row] = [_row_of("index an article, CPU", ours, theirs)]
            for what, queries in (
                ("one word", asked.one),
                ("two words", asked.two),
                ("a very common word", asked.common),
            ):
                mine = await timed(database, _search, queries)
                rows += _rows_of(what, mine, timed_peer(lambda each: peer.find(each[0]), queries))
            mine = await timed(database, _related, numbers)
            raw = timed_peer(
                lambda number: peer.find(samples[number - 1].title, operator="OR"), numbers
            )
            rows += _rows_of("related", mine, raw)
            for what, queries in (("one word", asked.one), ("two words", asked.two)):
                share = await recall(database, queries)
                raw_share = (
                    sum(number in peer.find(query, limit=RANKED) for query, number in queries)
                    / QUERIES
                )
                rows.append(_shares(f"found in any form, {what}", share, raw_share))
                if what == "one word":
                    demand(f"{RECALL:.0%} of one-word queries find their article", share >= RECALL)
            close = await precision(database, samples, numbers)
            rows.append(("related articles of the same topic", f"{close:.3f}", "-", "-"))
            demand(f"{PRECISION:.0%} of related articles are of the topic", close >= PRECISION)
        peer.close()
    show(f"Search among {count:,} articles on {name}, beside FTS5 over unstemmed text", rows)


async def _search(connection: AsyncConnection, asked: tuple[str, int]) -> object:
    return await search_articles(connection, asked[0], limit=SHOWN)


async def _related(connection: AsyncConnection, number: int) -> object:
    return await related_articles(connection, number, limit=5)


def _rows_of(what: str, mine: Sequence[float], theirs: Sequence[float]) -> Iterator[Row]:
    for name, share in (("p50", 0.5), ("p95", 0.95)):
        yield _row_of(f"{what}, {name}", quantile(mine, share), quantile(theirs, share))


def _row_of(what: str, mine: float, theirs: float) -> Row:
    return (what, f"{mine:.2f} ms", f"raw {theirs:.2f} ms", f"{mine / theirs:.1f}x")


def _shares(what: str, mine: float, theirs: float) -> Row:
    return (what, f"{mine:.3f}", f"raw {theirs:.3f}", f"{mine / max(theirs, 0.001):.1f}x")


def main() -> None:
    """Measure SQLite, then, with fewer articles, PostgreSQL."""
    for name, server, count in (
        ("SQLite", sqlite, ARTICLES),
        ("PostgreSQL", postgres, ON_POSTGRES),
    ):
        with server() as url:
            asyncio.run(measure(name, url, count))
    conclude()


if __name__ == "__main__":
    main()
