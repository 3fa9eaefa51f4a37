"""The reader of sources: looks at each when it is due, and stores what is new."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime

import structlog

from bot.errors import ExtractError, FetchError, StorageError, VestnikError
from bot.ingest import decide
from bot.ingest.decide import Candidate
from bot.ingest.fetch import Fetched, Fetcher, NotModified
from bot.ingest.workers import ParsePool
from bot.model import Document, Extracted, Feed, NewArticle, Source
from bot.storage import articles, outbox, sources
from bot.storage.database import Database
from bot.waiting import rest, unless

_log = structlog.get_logger(__name__)

FEED_BYTES = 5 * 1024 * 1024
PAGE_BYTES = 3 * 1024 * 1024
_SOURCES_AT_ONCE = 8
_PAGES_AT_ONCE = 4
_CHUNK = 10  # articles stored in one transaction, so that the first of many need not wait for all
_LONGEST_NAP = 30.0


class Poller:
    """Reads every listed source in its turn. One that fails, or is slow, holds up no other.

    Attributes:
        published: set whenever a broadcast was stored.
    """

    def __init__(
        self,
        database: Database,
        fetcher: Fetcher,
        pool: ParsePool,
        *,
        poll_seconds: float,
        allow_private: bool,
    ) -> None:
        self.published = asyncio.Event()
        self._database = database
        self._fetcher = fetcher
        self._pool = pool
        self._poll_seconds = poll_seconds
        self._allow_private = allow_private
        self._reading: set[int] = set()
        self._slots = asyncio.Semaphore(_SOURCES_AT_ONCE)
        self._freed = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Read sources as they fall due until ``stop``; a read that is under way is given up.

        What a read had stored stays stored, and the next start takes it from there.
        """
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                self._freed.clear()
                nap = _LONGEST_NAP
                try:
                    async with self._database.read() as connection:
                        due = await sources.due_sources(connection, datetime.now(UTC))
                        upcoming = await sources.upcoming(connection, exclude=self._reading)
                    for source in due:
                        if source.id not in self._reading:
                            self._reading.add(source.id)
                            group.create_task(self._turn(source, stop))
                    if upcoming is not None:
                        nap = (upcoming - datetime.now(UTC)).total_seconds()
                except StorageError:
                    _log.exception("sources not listed")
                await self._nap(stop, nap)

    async def _nap(self, stop: asyncio.Event, seconds: float) -> None:
        """Rest until a source may be due, a read has ended, or ``stop``."""

        async def freed() -> None:
            await rest(self._freed, min(max(seconds, 0.05), _LONGEST_NAP))

        await unless(stop, freed())

    async def _turn(self, source: Source, stop: asyncio.Event) -> None:
        try:
            async with self._slots:
                await unless(stop, self.read(source))
        except Exception:  # noqa: BLE001 - one source must not stop the others
            _log.exception("source not read", source=source.url)
        finally:
            self._reading.discard(source.id)
            self._freed.set()

    async def read(self, source: Source) -> None:
        """Look at a source once, store what is new, and settle when to look again."""
        try:
            await self._read(source)
        except StorageError:
            raise  # nothing can be written down now; the source stays due
        except Exception as error:  # noqa: BLE001 - a fault is a source's state, not our end
            if not isinstance(error, VestnikError):
                _log.exception("unexpected fault", source=source.url)
            await self._record_failure(source, error)

    async def _read(self, source: Source) -> None:
        answer = await self._fetcher.get(
            source.url,
            etag=source.etag,
            last_modified=source.last_modified,
            limit=FEED_BYTES,
        )
        if isinstance(answer, NotModified):
            now = datetime.now(UTC)
            async with self._database.write() as connection:
                next_at = decide.next_read(now, self._poll_seconds)
                await sources.record_unchanged(connection, source.id, now=now, next_at=next_at)
            return
        feed = await self._pool.feed(answer.content, answer.content_type, answer.url)
        named = decide.candidates(feed)
        async with self._database.read() as connection:
            names = [name for candidate in named for name in candidate.aliases]
            known = await articles.known_aliases(connection, source.id, names)
        new = decide.new_candidates(named, known)
        for start in range(0, len(new), _CHUNK):
            made = await self._make(new[start : start + _CHUNK], source, feed)
            last = start + _CHUNK >= len(new)
            await self._store(source, made, answer if last else None)
        if not new:
            await self._store(source, (), answer)

    async def _make(
        self, chunk: Sequence[Candidate], source: Source, feed: Feed
    ) -> Sequence[NewArticle]:
        limit = asyncio.Semaphore(_PAGES_AT_ONCE)

        async def make(candidate: Candidate) -> NewArticle:
            async with limit:
                return await self._article(candidate, source, feed)

        return await asyncio.gather(*map(make, chunk))

    async def _article(self, candidate: Candidate, source: Source, feed: Feed) -> NewArticle:
        """An article from its page and its entry; either may fail without harm to the other."""
        entry = candidate.entry
        page: Extracted | None = None
        if entry.url:
            try:
                answer = await self._fetcher.get(entry.url, limit=PAGE_BYTES)
                if isinstance(answer, Fetched):
                    page = await self._pool.article(answer.content, answer.content_type, answer.url)
            except (FetchError, ExtractError) as error:
                _log.warning("page not read", page=entry.url, error=str(error))
        content = Document()
        if entry.content:
            try:
                content = await self._pool.fragment(entry.content, entry.url or source.url)
            except ExtractError as error:
                _log.warning("content not read", entry=entry.guid, error=str(error))
        return decide.compose(
            candidate,
            page,
            content,
            section=decide.section_title(source, feed),
            language=feed.language,
            allow_private=self._allow_private,
        )

    async def _store(
        self, source: Source, made: Sequence[NewArticle], answer: Fetched | None
    ) -> None:
        """Articles, broadcasts and, with the last of them, the source's state: all or none."""
        now = datetime.now(UTC)
        async with self._database.write() as connection:
            for new in made:
                number = await articles.add_article(connection, source.id, new, now)
                if number is not None and source.primed:
                    await outbox.add_broadcast(connection, number, now)
            if answer is not None:
                await sources.record_read(
                    connection,
                    source.id,
                    now=now,
                    next_at=decide.next_read(now, self._poll_seconds),
                    etag=answer.etag,
                    last_modified=answer.last_modified,
                )
        if made and source.primed:
            self.published.set()
        if answer is not None and not source.primed:
            _log.info("first read complete: what comes from now on is pushed", source=source.url)
        if made:
            _log.info("articles stored", source=source.url, count=len(made), pushed=source.primed)

    async def _record_failure(self, source: Source, error: Exception) -> None:
        next_at = decide.next_read(
            datetime.now(UTC),
            self._poll_seconds,
            failures=source.failures + 1,
            retry_after=error.retry_after if isinstance(error, FetchError) else None,
            jitter=random.random(),  # noqa: S311 - it only spreads reads
        )
        _log.warning(
            "source not read",
            source=source.url,
            error=str(error),
            failures=source.failures + 1,
            next_at=next_at.isoformat(timespec="seconds"),
        )
        async with self._database.write() as connection:
            await sources.record_failure(connection, source.id, next_at=next_at, error=str(error))
