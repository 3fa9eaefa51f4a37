"""Reading: pages and feeds of the sample newsroom, beside the libraries that the work rests on.

The peers do less: trafilatura gives text without blocks and captions, feedparser no checks.
"""

from __future__ import annotations

import asyncio
import io
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import aiohttp
import feedparser
import trafilatura

sys.path.insert(0, str(Path(__file__).parents[1]))  # for when it is run by its path

from benchmarks._common import Row, show
from bot.ingest.article.extract import extract_article
from bot.ingest.feeds.parse import parse_feed
from sandbox.newsroom import Newsroom

SECONDS = 6.0  # for each
FEED_ENTRIES = 50


async def material() -> tuple[list[tuple[bytes, str, str]], tuple[bytes, str, str]]:
    """The newsroom's article pages and a feed of it, each with its content type and address."""
    async with Newsroom() as site, aiohttp.ClientSession() as session:

        async def get(url: str) -> tuple[bytes, str, str]:
            async with session.get(url) as response:
                return await response.read(), response.headers["Content-Type"], url

        pages = [await get(article.url) for article in site.articles()]
        site.publish_many(FEED_ENTRIES)
        return pages, await get(site.feed_url())


def rate(work: Sequence[Callable[[], object]]) -> float:
    """Do all of it again and again; pieces of work per second."""
    for piece in work:  # once, so that caches are warm for everybody
        piece()
    done = 0
    start = time.process_time()
    while time.process_time() - start < SECONDS:
        for piece in work:
            piece()
        done += len(work)
    return done / (time.process_time() - start)


def compared(what: str, ours: float, peer: str, theirs: float) -> Row:
    """A row of the table, the time of one piece in the first column."""
    return (
        f"{what} ({1000 / ours:.1f} ms each)",
        f"{ours:,.0f}/s",
        f"{peer} {theirs:,.0f}/s",
        f"{ours / theirs:.2f}x",
    )


def main() -> None:
    """Measure and print the table."""
    pages, (feed, feed_type, feed_url) = asyncio.run(material())
    extracted = rate([partial(extract_article, *page) for page in pages])
    bare = rate(
        [
            partial(trafilatura.bare_extraction, content, url=url, fast=True)
            for content, _, url in pages
        ]
    )
    parsed = rate([partial(parse_feed, feed, feed_type, feed_url)])
    plain = rate([lambda: feedparser.parse(io.BytesIO(feed))])
    show(
        f"Reading: {len(pages)} article pages, a feed of {FEED_ENTRIES} entries; CPU time",
        [
            compared("article page to document", extracted, "trafilatura", bare),
            compared("feed to entries", parsed, "feedparser", plain),
        ],
    )


if __name__ == "__main__":
    main()
