"""The reader of sources: looks at each when it is due, and stores what is new."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import structlog

from bot.errors import FetchError, StorageError, VestnikError
from bot.ingest import corrections, holding, naming
from bot.ingest.backlog import Backlog
from bot.ingest.fetching import moves
from bot.ingest.fetching.fetch import Fetched, Fetcher
from bot.ingest.keeping import Effect, End, Push, compare, end_read, ensure_own_section, keep
from bot.ingest.looking import (
    Looked,
    Unchanged,
    has_moved,
    look,
    published_since,
    whereabouts,
)
from bot.ingest.making import Maker
from bot.ingest.naming import Candidate
from bot.ingest.once import Once, possible_owners
from bot.ingest.pages import Pages
from bot.ingest.patience import Patience, Wait
from bot.ingest.reuse import doubtful_owners, reused
from bot.ingest.rubrics import Aliases, Rubrics, rubrics_of
from bot.ingest.schedule import is_unconditional, next_read
from bot.ingest.slots import Slots, host_of
from bot.ingest.turns import Turns
from bot.ingest.workers import ParsePool
from bot.model import (
    Alias,
    Feed,
    NewArticle,
    Rhythm,
    Selectors,
    Source,
    SourceSpec,
    Whereabouts,
    shown_url,
)
from bot.storage import articles, broadcasts, hubs, revisions, sketches, sources
from bot.storage.database import Database, Transaction
from bot.storage.names import name_owners
from bot.storage.revisions import Kept
from bot.storage.sections import section_keys

_log = structlog.get_logger(__name__)

_LOOKS_AT_ONCE, _OF_A_HOST = 8, 2
_READS_AT_ONCE = 32
_LONGEST_READ = 300.0  # seconds
_TOGETHER = 200  # pages; no more articles are compared with those that are judged together
_CHUNK = 10  # articles stored in one transaction


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of the articles that a feed names, when they are new and when not.

    Attributes:
        named: the feed's articles, oldest first.
        aliases: numbers of articles, by those of the names that are known.
        once: which of them are new.
        kept: those that are not, by their numbers.
        sections: the keys of all sections.
        backlog: which of the new ones are older than the others.
    """

    named: Sequence[Candidate]
    aliases: Mapping[Alias, int]
    once: Once
    kept: Mapping[int, Kept]
    sections: frozenset[str]
    backlog: Backlog


class Poller:
    """Reads every listed source in its turn. One that fails, or is slow, holds up no other.

    So looks at sources and the reading of articles' pages have slots of their own, and first reads,
    which push nothing and may be long, have few. A read ends after some minutes; the next one goes
    on with the rest.

    ``chance`` gives numbers from 0 to 1: they spread reads, and leave out validators now and then.

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
        specs: Iterable[SourceSpec] = (),
        aliases: Aliases | None = None,
        chance: Callable[[], float] = random.random,
        longest_read: float = _LONGEST_READ,
    ) -> None:
        # By address. What they find may differ from what those of the last start found.
        self._selectors = {spec.url: spec.selectors for spec in specs if spec.selectors}
        self.published = published or asyncio.Event()
        self.vanished = asyncio.Event()
        self.named = asyncio.Event()
        self.pinged = pinged or asyncio.Event()
        self._ttl = ttl
        self._chance = chance
        self._breaking_words = breaking_words
        self._aliases = aliases or Aliases()
        self._database = database
        self._fetcher = fetcher
        self._pool = pool
        self._poll_seconds = poll_seconds
        self._allow_private = allow_private
        self._unanswered: dict[int, set[int]] = {}  # by source: to be corrected, once pages answer
        self._waiting: dict[int, dict[Alias, Wait]] = {}  # by source: new, once pages answer
        self._seen: set[int] = set()  # sources with selectors that were read since the start
        self._longest_read = longest_read
        self._turns = Turns(database, self.read, poll_seconds)
        self._looks = Slots(_LOOKS_AT_ONCE, _OF_A_HOST)
        self._reads = asyncio.Semaphore(_READS_AT_ONCE)
        self._storing = asyncio.Lock()  # two sources with one story must not miss each other

    async def run(self, stop: asyncio.Event) -> None:
        """Read sources as they fall due until ``stop``; a read that is under way is given up.

        What a read had stored stays stored, and the next start takes it from there.
        """
        await self._turns.run(stop, self.pinged)

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
        selectors = self._selectors.get(source.url)
        first = selectors is not None and source.id not in self._seen
        full = first or is_unconditional(self._chance())
        fresh = source.pinged_at is not None
        async with self._looks.of(host_of(source)):
            answer = await look(
                self._fetcher, self._pool, source, selectors, full=full, fresh=fresh
            )
        self._seen.add(source.id)
        if isinstance(answer, Looked):
            async with self._reads:
                await self._looked(source, answer, selectors)
        else:
            await self._unchanged(source, answer)

    async def _looked(self, source: Source, answer: Looked, selectors: Selectors | None) -> None:
        """Store what a look has found to be new, and correct what has changed."""
        now = datetime.now(UTC)
        known = await self._known(source, answer.feed)
        rubrics = rubrics_of(source, answer.feed, self._aliases, known.sections)
        end = await self._end(source, answer, known, rubrics, now)
        patience = Patience(
            self._waiting.get(source.id, {}),
            now,
            timedelta(seconds=self._poll_seconds),
            # What is judged together must be stored together.
            allowed=source.primed and not has_moved(source, answer) and not known.once.renamed,
        )
        pages = Pages(self._fetcher, self._pool, selectors)
        if known.once.renamed:  # the others' are looked at later
            pages.limit(_TOGETHER, self._longest_read)
        maker = Maker(
            pages,
            self._pool,
            source,
            answer.feed,
            rubrics,
            patience,
            allow_private=self._allow_private,
        )
        push = Push(self._ttl, self._breaking_words, published_since(source, answer), known.backlog)
        await self._take(source, known.once, maker, patience, push, end)

    async def _known(self, source: Source, feed: Feed) -> _Known:
        """What is known of the articles that a feed names."""
        asked = await asyncio.to_thread(naming.shared_names, feed)
        async with self._database.read() as connection:
            shared = await articles.known_aliases(connection, source.id, asked)
            named, known = await _named(connection, source, feed, {*shared})
            if doubted := await asyncio.to_thread(doubtful_owners, named, known):
                whose = await name_owners(connection, source.id, doubted)
                if names := reused(named, known, whose, source.id):
                    named, known = await _named(connection, source, feed, {*shared, *names})
            owners = await sketches.named_articles(connection, possible_owners(named, known))
            titles: Sequence[str] = ()
            if holding.is_unusual(len(naming.new_candidates(named, known)), len(named)):
                titles = await sketches.newest_titles(connection, source.id)
            once = await asyncio.to_thread(Once, source, named, known, owners, titles)
            kept = await revisions.kept_articles(connection, source.id, once.shown)
            sections = await section_keys(connection)
        backlog = Backlog()
        if once.new:
            backlog = await asyncio.to_thread(Backlog.of, feed, named, known, kept, source.read_at)
        return _Known(named, known, once, kept, sections, backlog)

    async def _end(
        self, source: Source, answer: Looked, known: _Known, rubrics: Rubrics, now: datetime
    ) -> End:
        """What is to be written down of the source once all articles are stored."""
        feed, once = answer.feed, known.once
        later = self._unanswered.pop(source.id, set())
        moved = has_moved(source, answer)
        before = corrections.in_other_words(known.kept) if moved else known.kept
        changes = await asyncio.to_thread(
            corrections.changes, known.named, known.aliases, before, now, later
        )
        changes = replace(changes, moved={**changes.moved, **once.moved})
        fruitless = source.pinged_at is not None and not once.new and not changes.revisit
        end = End(
            section=() if feed.entries else rubrics.otherwise,
            etag=answer.etag,
            last_modified=answer.last_modified,
            learnt=once.learnt,
            looked_at=now,
            named=known.kept,
            changes=changes,
            body_hash=answer.body_hash,
            rhythm=feed.rhythm,
            fresh=answer.fresh,
            where=whereabouts(source, answer, now),
            hub=feed.hub,
            topic=feed.own_url,
            fruitless=fruitless,
            lists_all=not (moved or answer.changes_only),
        )
        return end if changes.complete else _to_read_again(end)

    async def _take(
        self,
        source: Source,
        once: Once,
        maker: Maker,
        patience: Patience,
        push: Push,
        end: End,
    ) -> None:
        """Make and store what is new, correct what has changed, and store the read's end.

        After some minutes the rest is left for the next read.
        """
        new, revisit = once.new, end.changes.revisit
        ends = time.monotonic() + self._longest_read
        for start, stop in pieces(len(new), together=once.renamed):
            made = await self._made(maker, new[start:stop], once)
            last = stop == len(new) and not revisit
            if patience.waiting:
                end = replace(_to_read_again(end), waiting=True)
            await self._store(source, made, once, push, end if last else None)
            if stop < len(new) and time.monotonic() >= ends:
                await self._break_off(source, patience, len(new) - stop)
                return
        self._waiting.pop(source.id, None)
        if patience.waiting:
            self._waiting[source.id] = patience.waiting
        if revisit:  # news first
            end = await self._correct(source, maker, end)
        if revisit or not new:
            await self._store(source, (), once, push, end)

    async def _made(
        self, maker: Maker, new: Sequence[Candidate], once: Once
    ) -> Sequence[NewArticle]:
        """The articles of some candidates; not all pages are read of what is judged together."""
        if not once.renamed:
            return await maker.articles(new)
        return (await maker.articles(new[::-1]))[::-1]  # the newest have their pages first

    async def _break_off(self, source: Source, patience: Patience, left: int) -> None:
        """Leave so many articles for the next read, which then begins as this one did."""
        self._waiting[source.id] = {**self._waiting.get(source.id, {}), **patience.waiting}
        next_at = self._next_read(datetime.now(UTC), 0.0, Rhythm())
        async with self._database.write() as connection:
            await sources.record_part(connection, source.id, next_at=next_at)
        _log.info("read broken off: the next goes on", source=shown_url(source.url), left=left)

    async def _unchanged(self, source: Source, answer: Unchanged) -> None:
        """The last complete read showed the same."""
        now = datetime.now(UTC)
        etag, last_modified = source.etag, source.last_modified
        where = moves.followed(source, answer.moved_to, now)
        if isinstance(answer, Fetched):
            etag, last_modified = answer.etag, answer.last_modified
        elif answer.moved_to not in {None, source.moved_to}:
            # Nobody has seen that there is a feed; the next read is a full one.
            etag, last_modified, where = None, None, source.whereabouts
        next_at = self._next_read(now, answer.fresh, source.rhythm)
        async with self._database.write() as connection:
            await sources.record_unchanged(
                connection,
                source.id,
                now=now,
                next_at=next_at,
                etag=etag,
                last_modified=last_modified,
            )
            await sources.record_move(connection, source, where, validated=True)
            fruitless = source.pinged_at is not None  # for which it was asked without validators
            await hubs.settle_ping(connection, source, now, fruitless=fruitless)
        _log_move(source, where)

    def _next_read(self, now: datetime, fresh: float, rhythm: Rhythm) -> datetime:
        return next_read(now, self._poll_seconds, fresh=fresh, rhythm=rhythm, jitter=self._chance())

    async def _correct(self, source: Source, maker: Maker, end: End) -> End:
        """Correct what the feed says anew; what could not be read makes the next read a full one.

        With validators the site might say then that nothing has changed.
        """
        again = await corrections.correct(self._database, maker, end.changes)
        if not again:
            return end
        self._unanswered[source.id] = again
        return _to_read_again(end)

    async def _store(
        self,
        source: Source,
        made: Sequence[NewArticle],
        once: Once,
        push: Push,
        end: End | None,
    ) -> None:
        """Articles, broadcasts and, with the last of them, the source's state: all or none."""
        now = datetime.now(UTC)
        effect = Effect()
        async with self._storing:
            compared = await compare(self._database, source, made, once, now)
            async with self._database.write() as connection:
                await ensure_own_section(connection, source, end, now)
                tally = await keep(connection, source, compared, once, push, now)
                if end is not None:
                    # The site is asked for pages, whatever it says of the feed.
                    asked = (0.0, Rhythm()) if end.waiting else (end.fresh, end.rhythm)
                    next_at = self._next_read(now, *asked)
                    effect = await end_read(connection, source, once, push, end, now, next_at)
        shown = shown_url(source.url)
        if tally.pushed or tally.placed or effect.pushed:
            self.published.set()
        if effect.vanished:
            self.vanished.set()
        if effect.hub_named:
            self.named.set()
        _log_move(source, source.whereabouts if end is None else end.where)
        if end is not None and not source.primed:
            _log.info("first read complete: what comes from now on is pushed", source=shown)
        if tally.stored:
            _log.info("articles stored", source=shown, count=tally.stored, pushed=tally.pushed)
        if tally.held:
            _log.warning(
                "news held: almost all of the feed is new at once", source=shown, count=tally.held
            )

    async def _record_failure(self, source: Source, error: Exception) -> None:
        retry_after, gone, where = None, 0, moves.failed(source, error)
        if isinstance(error, FetchError):
            retry_after = error.retry_after
            gone = source.gone + 1 if error.status == HTTPStatus.GONE else 0
        next_at = next_read(
            datetime.now(UTC),
            self._poll_seconds,
            failures=source.failures + 1,
            gone=gone,
            retry_after=retry_after,
            rhythm=source.rhythm,
            jitter=self._chance(),
        )
        _log.warning(
            "source not read",
            source=shown_url(source.url),
            error=str(error),
            failures=source.failures + 1,
            next_at=next_at.isoformat(timespec="seconds"),
        )
        async with self._database.write() as connection:
            await sources.record_failure(
                connection, source.id, next_at=next_at, error=str(error), gone=gone
            )
            await sources.record_move(connection, source, where)
        _log_move(source, where)


async def _named(
    connection: Transaction, source: Source, feed: Feed, shared: Collection[Alias]
) -> tuple[Sequence[Candidate], Mapping[Alias, int]]:
    """A feed's entries with their names, and which of these we know."""
    # A feed of thousands of entries takes too long to hold up all others.
    named = await asyncio.to_thread(naming.candidates, feed, shared)
    names = [name for each in named for name in (*each.aliases, *each.extra, *each.before)]
    return named, await articles.known_aliases(connection, source.id, names)


def pieces(count: int, *, together: bool = False) -> Iterator[tuple[int, int]]:
    """Where the transactions begin and end in which so many articles are stored. Pure.

    The first alone, then twice as many each time: pages come with a pause between them, and the
    first of many need not wait for all.

    Args:
        count: how many there are.
        together: whether all are to be judged, and so stored, at once.
    """
    start, size = 0, count if together else 1
    while start < count:
        stop = min(start + size, count)
        yield start, stop
        start, size = stop, min(2 * size, _CHUNK)


def _to_read_again(end: End) -> End:
    """The end of a read that is not complete: the next one is in full."""
    return replace(end, etag=None, last_modified=None, body_hash=None)


def _log_move(source: Source, where: Whereabouts) -> None:
    if where.reads_url != source.reads_url:
        address = where.reads_url or source.url
        _log.info("read elsewhere", source=shown_url(source.url), now=shown_url(address))
