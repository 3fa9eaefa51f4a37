"""The pages of one read of a source; a site that does not answer is not asked for all of them."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from urllib.parse import urlsplit

import structlog

from bot.errors import UnreachableError
from bot.ingest.fetching.fetch import Fetched, Getter, get_whole
from bot.ingest.sameness.likeness import document_hash, page_state
from bot.ingest.workers import ParsePool
from bot.model import Extracted, PageState, Selectors

_log = structlog.get_logger(__name__)

PAGE_BYTES = 3 * 1024 * 1024
_PATIENCE = 2  # pages without an answer after which a host is left alone


class Silent:
    """Which hosts gave no answer twice in one round: nobody asks them for other pages in it.

    What counts as no answer whoever asks decides.
    """

    def __init__(self) -> None:
        self._unanswered: Counter[str] = Counter()

    def __contains__(self, url: str) -> bool:
        """Whether the page is at such a host."""
        return self._unanswered[urlsplit(url).netloc] >= _PATIENCE

    def add(self, url: str) -> None:
        """A page gave no answer."""
        host = urlsplit(url).netloc
        self._unanswered[host] += 1
        if self._unanswered[host] == _PATIENCE:
            _log.warning("site does not answer: its other pages are not asked for", host=host)


@dataclass(frozen=True, slots=True)
class PageRead:
    """What an article's page says, and what the next look at it compares with."""

    article: Extracted
    state: PageState


async def read_page(
    answer: Fetched, pool: ParsePool, selectors: Selectors | None = None, *, dated: bool = False
) -> PageRead:
    """The article on a page that was fetched.

    Args:
        answer: the page.
        pool: what reads it.
        selectors: the editor's, or None.
        dated: whether it is known when the article was published, so that nobody need guess.

    Raises:
        ExtractError: there is none, or it could not be read in time.
    """
    article = await pool.article(
        answer.content, answer.content_type, answer.url, selectors, dated=dated
    )
    state = page_state(
        title=article.title,
        lead=article.lead,
        image=article.image,
        body_hash=article.body_hash or document_hash(article.document),
        etag=answer.etag,
        last_modified=answer.last_modified,
    )
    return PageRead(article, state)


class Pages:
    """Reads articles' pages, one at a time from each host; made anew for each read of a source.

    A host that twice gave no answer is not asked again in the same read; the next one begins with
    fresh patience. What becomes of the articles meanwhile ``making.Maker`` decides.
    """

    def __init__(
        self, fetcher: Getter, pool: ParsePool, selectors: Selectors | None = None
    ) -> None:
        self._selectors = selectors
        self._fetcher = fetcher
        self._pool = pool
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._silent = Silent()
        self._left, self._ends = math.inf, math.inf

    def limit(self, most: int, seconds: float) -> None:
        """Ask for so many pages more, for so long; the others count as without an answer."""
        self._left, self._ends = most, time.monotonic() + seconds

    async def ask(self, url: str, *, dated: bool = False) -> PageRead:
        """What a page says; ``dated`` as for ``read_page``.

        Raises:
            FetchError, ExtractError: it cannot be read.
        """
        return await read_page(await self._fetched(url), self._pool, self._selectors, dated=dated)

    async def _fetched(self, url: str) -> Fetched:
        host = urlsplit(url).netloc
        async with self._turns[host]:
            if url in self._silent:
                raise UnreachableError(f"{host} is left alone until the next read.")
            if self._left <= 0 or time.monotonic() >= self._ends:
                raise UnreachableError("Too many pages are new at once: this one has time.")
            self._left -= 1
            try:
                return await get_whole(self._fetcher, url, limit=PAGE_BYTES, page=True)
            except UnreachableError:
                self._silent.add(url)
                raise
