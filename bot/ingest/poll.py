"""The reader of sources: looks at each when it is due, and stores what is new."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import structlog

from bot.errors import FetchError, StorageError, VestnikError
from bot.ingest import corrections, decide
from bot.ingest.checks import next_check
from bot.ingest.corrections import Changes
from bot.ingest.decide import Candidate
from bot.ingest.fetch import Fetcher, NotModified
from bot.ingest.making import Maker
from bot.ingest.pages import Pages
from bot.ingest.workers import ParsePool
from bot.model import Alias, NewArticle, Source, shown_url
from bot.storage import articles, broadcasts, hubs, revisions, sources
from bot.storage.database import Database
from bot.storage.revisions import Kept
from bot.storage.sections import ensure_section
from bot.waiting import rest, unless

_log = structlog.get_logger(__name__)

FEED_BYTES = 5 * 1024 * 1024
_SOURCES_AT_ONCE = 8
_PAGES_AT_ONCE = 4
_CHUNK = 10  # articles stored in one transaction, so that the first of many need not wait for all
_SHORTEST_NAP, _LONGEST_NAP = 0.05, 30.0


@dataclass(frozen=True, slots=True)
class _Pause:
    """Until when a source is left alone whose state cannot be stored, and for what time running."""

    until: datetime
    failures: int


@dataclass(frozen=True, slots=True)
class _End:
    """What is stored with the last articles of a read.

    Attributes:
        section: the title of the source's section, which may have no articles yet.
        etag, last_modified: what to send back next time.
        learnt: what articles that were known before are called besides, by their numbers.
        looked_at: the moment at which what follows was compared with what is kept.
        named: the source's own articles that the feed names, by their numbers.
        changes: what it says anew of them.
        hub, topic: what the feed names for those who want to be told of its news.
        fruitless: whether the hub said that there are news, yet none are here.
    """

    section: str
    etag: str | None
    last_modified: str | None
    learnt: Mapping[int, Sequence[Alias]]
    looked_at: datetime
    named: Mapping[int, Kept]
    changes: Changes
    hub: str | None
    topic: str | None
    fruitless: bool


class Poller:
    """Reads every listed source in its turn. One that fails, or is slow, holds up no other.

    Attributes:
        published: set whenever a broadcast was stored.
        vanished: set whenever a feed left out an article whose page is to be looked at.
        named: set whenever a feed named a hub that is to be asked to tell of its news.
        pinged: to be set when a hub has told of news, so that its source is due.
    """

    def __init__(
        self,
        database: Database,
        fetcher: Fetcher,
        pool: ParsePool,
        *,
        poll_seconds: float,
        allow_private: bool,
        published: asyncio.Event | None = None,
        pinged: asyncio.Event | None = None,
        ttl: timedelta = broadcasts.DELIVERY_TTL,
        breaking_words: Sequence[str] = (),
    ) -> None:
        self.published = published or asyncio.Event()
        self.vanished = asyncio.Event()
        self.named = asyncio.Event()
        self.pinged = pinged or asyncio.Event()
        self._ttl = ttl
        self._breaking_words = breaking_words
        self._database = database
        self._fetcher = fetcher
        self._pool = pool
        self._poll_seconds = poll_seconds
        self._allow_private = allow_private
        self._reading: set[int] = set()
        self._pauses: dict[int, _Pause] = {}
        self._unanswered: dict[int, set[int]] = {}  # by source: to be corrected, once pages answer
        self._slots = asyncio.Semaphore(_SOURCES_AT_ONCE)
        self._freed = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Read sources as they fall due until ``stop``; a read that is under way is given up.

        What a read had stored stays stored, and the next start takes it from there.
        """
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                self._freed.clear()
                self.pinged.clear()
                nap = _LONGEST_NAP
                try:
                    async with self._database.read() as connection:
                        now = datetime.now(UTC)
                        paused = {i: p.until for i, p in self._pauses.items() if p.until > now}
                        busy = self._reading | paused.keys()
                        due = await sources.due_sources(connection, now)
                        upcoming = await sources.upcoming(connection, exclude=busy)
                    for source in due:
                        if source.id not in busy:
                            self._reading.add(source.id)
                            group.create_task(self._turn(source, stop))
                    moments = [*paused.values(), *([] if upcoming is None else [upcoming])]
                    if moments:
                        nap = (min(moments) - datetime.now(UTC)).total_seconds()
                except StorageError as error:
                    _log.warning("sources not listed", error=str(error))
                # Until a source may be due, or a read has ended.
                nap = min(max(nap, _SHORTEST_NAP), _LONGEST_NAP)
                await rest(stop, nap, self._freed, self.pinged)

    async def _turn(self, source: Source, stop: asyncio.Event) -> None:
        try:
            async with self._slots:
                await unless(stop, self.read(source))
            self._pauses.pop(source.id, None)
        except Exception as error:  # noqa: BLE001 - one source must not stop the others
            self._pause(source, error)
        finally:
            self._reading.discard(source.id)
            self._freed.set()

    def _pause(self, source: Source, error: Exception) -> None:
        """Leave a source alone for a while though its row, which was not written, says it is due.

        Else its site would be asked again and again for as long as the database fails.
        """
        failures = 1 + (self._pauses[source.id].failures if source.id in self._pauses else 0)
        until = decide.next_read(datetime.now(UTC), self._poll_seconds, failures=failures)
        self._pauses[source.id] = _Pause(until, failures)
        tell = _log.warning if isinstance(error, StorageError) else _log.exception
        tell(
            "source not read: its state cannot be stored",
            source=shown_url(source.url),
            error=str(error),
            next_at=until.isoformat(timespec="seconds"),
        )

    async def read(self, source: Source) -> None:
        """Look at a source once, store what is new, and settle when to look again."""
        try:
            await self._read(source)
        except StorageError:
            raise  # nothing can be written down now; the source stays due
        except Exception as error:  # noqa: BLE001 - a fault is a source's state, not our end
            if not isinstance(error, VestnikError):
                _log.exception("unexpected fault", source=shown_url(source.url))
            await self._record_failure(source, error)

    async def _read(self, source: Source) -> None:
        pinged = source.pinged_at is not None  # so "not modified" would be no answer
        answer = await self._fetcher.get(
            source.url,
            etag=None if pinged else source.etag,
            last_modified=None if pinged else source.last_modified,
            limit=FEED_BYTES,
            fresh=pinged,
        )
        if isinstance(answer, NotModified):
            now = datetime.now(UTC)
            async with self._database.write() as connection:
                next_at = decide.next_read(now, self._poll_seconds)
                await sources.record_unchanged(connection, source.id, now=now, next_at=next_at)
                await hubs.settle_ping(connection, source, now, fruitless=False)
            return
        feed = await self._pool.feed(answer.content, answer.content_type, answer.url)
        named = decide.candidates(feed)
        now = datetime.now(UTC)
        async with self._database.read() as connection:
            names = [name for candidate in named for name in candidate.aliases]
            known = await articles.known_aliases(connection, source.id, names)
            kept = await revisions.kept_articles(connection, source.id, known.values())
        new = decide.new_candidates(named, known)
        later = self._unanswered.pop(source.id, set())
        changes = corrections.changes(named, known, kept, now, later)
        end = _End(
            section=decide.section_title(source, feed),
            etag=answer.etag if changes.complete else None,
            last_modified=answer.last_modified if changes.complete else None,
            learnt=decide.learnt_names(named, known),
            looked_at=now,
            named=kept,
            changes=changes,
            hub=answer.link[0] or feed.hub,
            topic=answer.link[1] or feed.own_url,
            fruitless=pinged and not new and not changes.revisit,
        )
        pages = Pages(self._fetcher, self._pool)
        maker = Maker(pages, self._pool, source, feed, allow_private=self._allow_private)
        for start in range(0, len(new), _CHUNK):
            made = await self._make(new[start : start + _CHUNK], maker)
            last = start + _CHUNK >= len(new) and not changes.revisit
            await self._store(source, made, end if last else None)
        if changes.revisit:  # news first
            end = await self._correct(source, maker, end)
        if changes.revisit or not new:
            await self._store(source, (), end)

    async def _make(self, chunk: Sequence[Candidate], maker: Maker) -> Sequence[NewArticle]:
        limit = asyncio.Semaphore(_PAGES_AT_ONCE)

        async def make(candidate: Candidate) -> NewArticle | None:
            async with limit:
                return await maker.article(candidate)

        made = await asyncio.gather(*map(make, chunk))
        return [new for new in made if new is not None]

    async def _correct(self, source: Source, maker: Maker, end: _End) -> _End:
        """Correct what the feed says anew; what could not be read makes the next read a full one.

        With validators the site might say then that nothing has changed.
        """
        again = await corrections.correct(self._database, maker, end.changes)
        if not again:
            return end
        self._unanswered[source.id] = again
        return replace(end, etag=None, last_modified=None)

    async def _store(self, source: Source, made: Sequence[NewArticle], end: _End | None) -> None:
        """Articles, broadcasts and, with the last of them, the source's state: all or none."""
        now = datetime.now(UTC)
        stored, vanished, named = 0, False, False
        async with self._database.write() as connection:
            for new in made:
                check_at = next_check(now, now) if source.primed and new.has_page else None
                number = await articles.add_article(
                    connection, source.id, new, now, check_at=check_at
                )
                if number is None:
                    continue
                stored += 1
                if source.primed:
                    await broadcasts.add_broadcast(
                        connection,
                        number,
                        now,
                        ttl=self._ttl,
                        priority=decide.priority(new.title, self._breaking_words),
                    )
            if end is not None:
                await ensure_section(connection, end.section, now)
                for number, names in end.learnt.items():
                    await articles.add_aliases(connection, source.id, number, names)
                await revisions.note_seen(connection, end.changes.noted)
                for number, url in end.changes.moved.items():
                    await revisions.move_article(connection, number, url)
                vanished = await revisions.note_vanished(
                    connection, source.id, end.named, before=end.looked_at, now=now
                )
                await sources.record_read(
                    connection,
                    source.id,
                    now=now,
                    next_at=decide.next_read(now, self._poll_seconds),
                    etag=end.etag,
                    last_modified=end.last_modified,
                )
                await hubs.settle_ping(connection, source, now, fruitless=end.fruitless)
                named = await hubs.note_hub(connection, source.id, end.hub, end.topic, now)
        shown, pushed = shown_url(source.url), stored if source.primed else 0
        if pushed:
            self.published.set()
        if vanished:
            self.vanished.set()
        if named:
            self.named.set()
        if end is not None and not source.primed:
            _log.info("first read complete: what comes from now on is pushed", source=shown)
        if stored:
            _log.info("articles stored", source=shown, count=stored, pushed=pushed)

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
            source=shown_url(source.url),
            error=str(error),
            failures=source.failures + 1,
            next_at=next_at.isoformat(timespec="seconds"),
        )
        async with self._database.write() as connection:
            await sources.record_failure(connection, source.id, next_at=next_at, error=str(error))
