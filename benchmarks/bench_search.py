"""Search: what indexing an article costs, how long a query takes, and what it finds.

20,000 made-up articles whose words are inflected at random; the peer is FTS5 over the same text as
it is, asked for the words as they are, best first by its own ranking.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # for when it is run by its path

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks._common import Row, conclude, demand, postgres, quantile, show, sqlite
from bot.model import Document, Paragraph, Span, dump_document
from bot.storage.database import Database
from bot.storage.schema import article, section, source
from bot.storage.search import RANKED, index_article, related_articles, search_articles

ARTICLES = 20_000
ON_POSTGRES = 5_000  # it is there for comparison; the figures are SQLite's
LEMMAS = 8_000
TOPICS = 400
WORDS = 180  # in a body
QUERIES = 300
RARE = range(5, 200)  # articles that have a word which somebody would search for
BATCH = 500
SHOWN = 10
RECALL, PRECISION = 0.9, 0.9
FRESH = datetime(2026, 1, 1, tzinfo=UTC)
ENDINGS = (
    "а у ой е ы ам ами ах".split(),
    "ость ости остью остей остям остями остях".split(),
    "ный ного ному ным ном ная ной ную ные ных ными".split(),
    "ение ения ению ением ении ений ениям ениями ениях".split(),
    "овать ует уют овал овала овали".split(),
)  # fmt: skip
CONSONANTS, VOWELS = "бвгдзклмнпрст", "аеиоу"


@dataclass(frozen=True, slots=True)
class Sample:
    """An article as lemmas by their numbers, its topic, and the words that it has become."""

    topic: int
    lemmas: tuple[int, ...]
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
        return Sample(topic, tuple(head + numbers), title, " ".join(map(self.form, numbers)))


def main() -> None:
    """Measure SQLite beside its peer, then PostgreSQL."""
    print(ARTICLES)


if __name__ == "__main__":
    main()
