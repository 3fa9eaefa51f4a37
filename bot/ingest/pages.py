"""The pages of one read of a source; a site that does not answer is not asked for all of them."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from urllib.parse import urlsplit

import structlog

from bot.errors import ExtractError, FetchError, UnreachableError
from bot.ingest.fetch import Fetched, Fetcher
from bot.ingest.workers import ParsePool
from bot.model import Extracted, Selectors

_log = structlog.get_logger(__name__)

PAGE_BYTES = 3 * 1024 * 1024
_PATIENCE = 2  # requests without an answer after which a host is left alone


class Pages:
    """Reads articles' pages, one at a time from each host; made anew for each read of a source.

    A host that twice gave no answer is not asked again: what the feed says serves instead, and the
    next read begins with fresh patience.
    """

    def __init__(
        self, fetcher: Fetcher, pool: ParsePool, selectors: Selectors | None = None
    ) -> None:
        self._selectors = selectors
        self._fetcher = fetcher
        self._pool = pool
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._unanswered: Counter[str] = Counter()

    async def read(self, url: str) -> Extracted | None:
        """What a page says, or None where it cannot be read; the log says why."""
        try:
            return await self.ask(url)
        except (FetchError, ExtractError) as error:
            _log.warning("page not read", page=url, error=str(error))
            return None

    async def ask(self, url: str) -> Extracted:
        """What a page says.

        Raises:
            FetchError, ExtractError: it cannot be read.
        """
        answer = await self._fetched(url)
        return await self._pool.article(
            answer.content, answer.content_type, answer.url, self._selectors
        )

    async def _fetched(self, url: str) -> Fetched:
        host = urlsplit(url).netloc
        async with self._turns[host]:
            if self._unanswered[host] >= _PATIENCE:
                raise UnreachableError(f"{host} is left alone until the next read.")
            try:
                answer = await self._fetcher.get(url, limit=PAGE_BYTES, page=True)
            except UnreachableError:
                self._unanswered[host] += 1
                if self._unanswered[host] == _PATIENCE:
                    _log.warning("site does not answer: its other pages wait", host=host)
                raise
        if not isinstance(answer, Fetched):
            raise FetchError(f"{host} says that nothing has changed, though nobody asked.")
        return answer
