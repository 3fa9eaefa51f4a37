"""From a feed's entry and its page to a stored article, without a network: time, rate, memory.

The set is mixed: the sample newsroom's pages and the pages of the tests, made as long, as large and
as full of links as real pages are. What is measured of an article: its page and the feed's content
are read, both are composed, with the sketch by which its twins are known and the hash by which its
edits are, it is compared with what was stored of late, and it is stored with its broadcast and its
words in the index of the search. A read has ten new entries; as in the bot, its first article is
stored alone, then two, four and three share a transaction.
"""

from __future__ import annotations

import asyncio
import os
import resource
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import cycle, islice
from pathlib import Path

import trafilatura

sys.path.insert(0, str(Path(__file__).parents[1]))  # for when it is run by its path

from benchmarks._common import ROOT, SITE, quantile, show, sqlite
from benchmarks.bench_reading import material, rate
from bot.ingest import decide, naming
from bot.ingest.article.extract import document_from_html, extract_article
from bot.ingest.feeds.parse import parse_feed
from bot.ingest.keeping import Push, compare, keep
from bot.ingest.naming import Candidate
from bot.ingest.once import Once
from bot.ingest.poll import pieces
from bot.ingest.sameness.likeness import document_hash, page_state
from bot.ingest.workers import ParsePool
from bot.model import Document, Entry, Extracted, Feed, NewArticle, Source, SourceSpec
from bot.storage.articles import ensure_storable
from bot.storage.database import Database
from bot.storage.sources import due_sources, list_sources
from bot.waiting import SWITCH_SECONDS

SECONDS = 10.0
SOURCES_AT_ONCE = 4
MEAN, P95, RATE, MEMORY, LAG = 30.0, 70.0, 70.0, 120.0, 10.0  # the aims: ms, ms, 1/s, MB, ms
_TICK = 0.002  # seconds
# Links and KB of a page at the 10th, 30th, 50th, 70th and 90th percentile of 1,301 real pages: of
# the article-extraction-benchmark, of trafilatura's tests and of Readability's. By the median they
# have 695 elements, 120 links and 14 pictures in 99 KB, on the mean 819, 155 and 22 in 153 KB.
_SIZES = ((37, 31), (82, 64), (120, 99), (174, 163), (279, 308))
_STORY = "Жители улицы Соседской, {}, посадили сорок яблонь и делятся урожаем с соседями."
_HEADLINE = "На улице Соседской {} посадят яблони"
_MARK = b"Number 000000"  # what makes a page another one
_PARAGRAPHS = 12
_ENTRIES = 10  # of a read
_PUSH = Push(timedelta(days=1), (), None)

Page = tuple[bytes, str, str]


def pages() -> tuple[list[Page], Feed]:
    """The mixed set, and a feed whose entries go with it."""
    found, (feed, feed_type, feed_url) = asyncio.run(material())
    for path in sorted((ROOT / "tests/ingest/pages").glob("*.html")):
        found.append((path.read_bytes(), "text/html", f"{SITE}/{path.stem}"))
    mixed = [
        (_larger(content, *size), kind, url) for size in _SIZES for content, kind, url in found
    ]
    return mixed, parse_feed(feed, feed_type, feed_url)


def different(mixed: Sequence[Page]) -> Iterator[Page]:
    """The pages without end, each with a text of its own."""
    for number, (content, kind, url) in enumerate(cycle(mixed)):
        yield content.replace(_MARK, b"Number %06d" % number), kind, url


def _larger(page: bytes, links: int, kilobytes: int) -> bytes:
    """The page with as long a text as real ones have, and what sites put around it."""
    around = links // 2
    menu = "".join(
        f"<li class='menu-item menu-item-{n}'><a href='/s/{n}'><span>Рубрика {n}</span></a></li>"
        for n in range(around)
    )
    cards = "".join(
        f"<div class='card news-card'><div class='card-media'><a href='/n/{n}'>"
        f"<img src='/i/{n}.jpg' width='300' height='200' alt=''></a></div><div class='card-body'>"
        f"<h3><a href='/n/{n}'>{_HEADLINE.format(n)}</a></h3><span class='date'>"
        f"{n % 28 + 1}.05.2031</span></div></div>"
        for n in range(around // 2)
    )
    buttons = "".join(
        f"<span class='share'><button title='{n}'><svg><use href='#{n}'/></svg></button></span>"
        for n in range(around // 4)
    )
    story = f"<p>{_MARK.decode()}.</p>" + "".join(
        f"<p>{_STORY.format(n)} {_STORY.format(n + 40)} {_STORY.format(n + 80)} "
        f"<a href='/n/{n}'>Подробности</a> сообщили в управе.</p>"
        for n in range(_PARAGRAPHS)
    )
    head, tag, body = page.partition(b"<body")
    rest, end, closing = body.rpartition(b"</body>")
    if not tag or not end:
        return page
    opened, bracket, inside = rest.partition(b">")
    at = inside.find(b"</p>", max(inside.find(b"</h1>"), 0))
    if at >= 0:
        at += len(b"</p>")
        inside = inside[:at] + story.encode() + inside[at:]
    before = f"<header class='header'><nav><ul>{menu}</ul></nav></header>{buttons}".encode()
    after = f"<section class='latest'>{cards}</section><footer><p>© Вестник</p></footer>".encode()
    made = head + tag + opened + bracket + before + inside + after
    room = max(1000 * kilobytes - len(made), 0)
    script = b"{a: [1, 2], name: 'value'}, " * (room // 28)
    return made + b"<script>var state = [" + script + b"]</script>" + end + closing


@asynccontextmanager
async def store() -> AsyncIterator[tuple[Database, Source]]:
    """A fresh SQLite database with one source, whose first read is over."""
    with sqlite() as url:
        async with Database.open(url) as database:
            async with database.write() as connection:
                now = datetime.now(UTC)
                await list_sources(connection, [SourceSpec(f"{SITE}/feed.xml")], now)
                (source,) = await due_sources(connection, now)
            yield database, replace(source, primed=True)


class Read:
    """One read of a source: some entries, all new, that become articles."""

    def __init__(self, source: Source, entries: Iterator[Entry]) -> None:
        feed = Feed("T", None, tuple(islice(entries, _ENTRIES)))
        named = naming.candidates(feed)
        self._source = source
        self._once = Once(source, named, {}, {})
        self.new = self._once.new

    async def keep(self, database: Database, made: Sequence[NewArticle]) -> None:
        """Store articles that were made together, with their broadcasts, in one transaction."""
        now = datetime.now(UTC)
        compared = await compare(database, self._source, made, self._once, now)
        async with database.write() as connection:
            tally = await keep(connection, self._source, compared, self._once, _PUSH, now)
        assert tally.stored == tally.pushed == len(made)


def article_of(candidate: Candidate, page: Extracted, content: Document) -> NewArticle:
    """What the reader of sources makes of an entry, its page and its content."""
    state = page_state(
        title=page.title,
        lead=page.lead,
        image=page.image,
        body_hash=page.body_hash or document_hash(page.document),
    )
    new = decide.compose(
        candidate, page, content, section=("Новости",), language="ru", allow_private=True
    )
    new = replace(new, page=state)
    ensure_storable(new)
    return new


def numbered(feed: Feed) -> Iterator[Entry]:
    """The feed's entries without end, each with names and a title of its own."""
    for number, entry in enumerate(cycle(feed.entries)):
        yield replace(
            entry,
            guid=f"bench-{number}",
            url=f"{SITE}/bench/{number}",
            title=f"{entry.title} {number}",
        )


async def one_process(mixed: Sequence[Page], feed: Feed) -> tuple[list[float], list[float]]:
    """CPU milliseconds of each article in this process: in all, and to read its page.

    What a read and a transaction cost is divided among their articles.
    """
    taken: list[float] = []
    reading: list[float] = []
    waiting = different(mixed)
    clock = time.process_time
    async with store() as (database, source):
        entries = numbered(feed)
        until = clock() + SECONDS
        while clock() < until or len(taken) < 2 * len(mixed):
            start = clock()
            read = Read(source, entries)
            begun = (clock() - start) / len(read.new)
            for first, last in pieces(len(read.new)):
                made, each = [], []
                for candidate in read.new[first:last]:
                    raw = next(waiting)
                    start = clock()
                    page = extract_article(*raw, dated=candidate.entry.published is not None)
                    reading.append(1000 * (clock() - start))
                    content = document_from_html(candidate.entry.content, SITE)
                    made.append(article_of(candidate, page, content))
                    each.append(clock() - start)
                start = clock()
                await read.keep(database, made)
                stored = (clock() - start) / len(made)
                taken += [1000 * (begun + own + stored) for own in each]
    first = len(mixed)  # the round in which caches fill
    return taken[first:], reading[first:]


async def pooled(mixed: Sequence[Page], feed: Feed) -> tuple[float, float, float]:
    """Articles a second on two workers, the loop's lag at p99 in ms, the larger worker in MB."""
    entries = numbered(feed)
    waiting = different(mixed)
    done = 0
    async with store() as (database, source), ParsePool(workers=2) as pool:

        async def make(candidate: Candidate) -> NewArticle:
            dated = candidate.entry.published is not None
            page = await pool.article(*next(waiting), dated=dated)
            content = await pool.fragment(candidate.entry.content, SITE)
            return await asyncio.to_thread(article_of, candidate, page, content)

        async def read_on(until: float) -> None:
            nonlocal done
            while time.perf_counter() < until:
                read = Read(source, entries)
                for first, last in pieces(len(read.new)):
                    made = await asyncio.gather(*map(make, read.new[first:last]))
                    await read.keep(database, made)
                    done += len(made)

        async def lags(until: float) -> list[float]:
            found = []
            while (start := time.perf_counter()) < until:
                await asyncio.sleep(_TICK)
                found.append(1000 * (time.perf_counter() - start - _TICK))
            return found

        for seconds in (1.0, SECONDS):  # the first to warm up
            done = 0
            start = time.perf_counter()
            until = start + seconds
            readers = (read_on(until) for _ in range(SOURCES_AT_ONCE))
            late, _ = await asyncio.gather(lags(until), asyncio.gather(*readers))
            taken = time.perf_counter() - start
        return done / taken, quantile(late, 0.99), max(map(held, workers()))


def workers() -> list[int]:
    """The processes that this process's fork server has forked."""
    ids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]
    parents = {number: parent(number) for number in ids}
    mine = {number for number, above in parents.items() if above == os.getpid()}
    return [number for number, above in parents.items() if above in mine]


def parent(number: int) -> int:
    """The process above a process, 0 where it has ended."""
    try:
        return int(
            Path(f"/proc/{number}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[1]
        )
    except OSError:
        return 0


def held(number: int) -> float:
    """The resident memory (RSS) of a process in MB; what it shares with others counts in full."""
    pages_held = int(Path(f"/proc/{number}/statm").read_text(encoding="ascii").split()[1])
    return pages_held * resource.getpagesize() / 1_000_000


def main() -> None:
    """Measure and print the table."""
    sys.setswitchinterval(SWITCH_SECONDS)  # as the bot does
    mixed, feed = pages()
    sizes = sorted(len(content) for content, *_ in mixed)
    taken, reading = asyncio.run(one_process(mixed, feed))
    read = sum(reading) / len(reading)
    mean, p95 = sum(taken) / len(taken), quantile(taken, 0.95)
    per_second, lag, most = asyncio.run(pooled(mixed, feed))
    bare = rate(
        [
            partial(trafilatura.bare_extraction, content, url=url, fast=True)
            for content, _, url in mixed
        ]
    )
    show(
        f"Ingestion: {len(mixed)} pages of {sizes[0] // 1000} to {sizes[-1] // 1000} KB,"
        " from entry and page to the stored article (SQLite)",
        [
            ("CPU, mean", f"{mean:.1f} ms", f"aim {MEAN:.0f} ms", f"{mean / MEAN:.2f}x"),
            ("CPU, p95", f"{p95:.1f} ms", f"aim {P95:.0f} ms", f"{p95 / P95:.2f}x"),
            (
                "  of it the page's reading",
                f"{read:.1f} ms",
                f"trafilatura alone {1000 / bare:.1f} ms",
                f"{read * bare / 1000:.2f}x",
            ),
            (
                "two workers",
                f"{per_second:.0f}/s",
                f"aim {RATE:.0f}/s",
                f"{per_second / RATE:.2f}x",
            ),
            (
                "  the larger worker (RSS)",
                f"{most:.0f} MB",
                f"aim {MEMORY:.0f} MB",
                f"{most / MEMORY:.2f}x",
            ),
            ("  lag of the loop, p99", f"{lag:.1f} ms", f"aim {LAG:.0f} ms", f"{lag / LAG:.2f}x"),
        ],
    )


if __name__ == "__main__":
    main()
