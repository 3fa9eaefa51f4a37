"""The checker: looks again at articles' pages, for what the site has edited or taken down."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import structlog

from bot.errors import ExtractError, FetchError, StorageError
from bot.ingest.corrections import filled, from_page, log_edit, revise
from bot.ingest.fetching.fetch import Fetcher, NotModified
from bot.ingest.page_looks import Found, Look, follows, look_of, speaks_for_itself
from bot.ingest.pages import PAGE_BYTES, PageRead, Silent, read_page
from bot.ingest.sameness.change import Edit, is_notice
from bot.ingest.workers import ParsePool
from bot.model import Article, Change, Correction, PageState, SourceSpec, shown_url
from bot.storage import articles, checks, revisions
from bot.storage.checks import Check
from bot.storage.database import Database, Transaction
from bot.waiting import rest, unless

T = TypeVar("T", str, Check)

_log = structlog.get_logger(__name__)

_WITNESSES = 10
_AT_ONCE = 10  # pages of a source that are due, in one round
_SOURCES_AT_ONCE = 16
_RETRY_SECONDS = 5.0
_AFTER_FAULT = timedelta(minutes=1)
_SHORTEST_NAP, _LONGEST_NAP = 0.05, 30.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look at a page has found.

    Attributes:
        page: the page, where it could be read and is not just as it was.
    """

    look: Look
    page: PageRead | None = None


class Checker:
    """Looks at the pages that are due. A source whose site does not answer holds up no other.

    Each source has rounds of its own, of its newest pages that are due. One request serves both
    questions: whether the page is there, and whether it was edited. Pages are parsed one at a time,
    so that news never find all workers busy with old pages.
    """

    def __init__(
        self,
        database: Database,
        fetcher: Fetcher,
        pool: ParsePool,
        *,
        poll_seconds: float,
        allow_private: bool,
        specs: Iterable[SourceSpec] = (),
    ) -> None:
        self._selectors = {spec.url: spec.selectors for spec in specs}
        self._database = database
        self._fetcher = fetcher
        self._pool = pool
        self._allow_private = allow_private
        self._parsing = asyncio.Lock()
        self._pause = timedelta(seconds=2 * poll_seconds)  # the feed is read in between
        self._paused: dict[int, datetime] = {}  # sources whose round failed, and until when
        self._looking: set[int] = set()  # sources whose round is under way
        self._slots = asyncio.Semaphore(_SOURCES_AT_ONCE)
        self._freed = asyncio.Event()

    async def run(self, stop: asyncio.Event, vanished: asyncio.Event) -> None:
        """Look at pages as they fall due until ``stop``; a look that is under way is given up.

        Args:
            stop: set when it is to end.
            vanished: set by whoever had a page's look brought forward.
        """
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                vanished.clear()
                self._freed.clear()
                nap = _LONGEST_NAP
                try:
                    now = datetime.now(UTC)
                    self._paused = {source: at for source, at in self._paused.items() if at > now}
                    left_out = self._looking | self._paused.keys()
                    async with self._database.read() as connection:
                        due = await checks.due_checks(connection, now, _AT_ONCE, left_out)
                        left_out |= {check.source_id for check in due}
                        upcoming = await checks.next_check_due(connection, left_out)
                    for number, all_ in _by_source(due).items():
                        self._looking.add(number)
                        group.create_task(self._turn(number, all_, stop))
                    moments = [*self._paused.values(), *([] if upcoming is None else [upcoming])]
                    if moments:
                        nap = (min(moments) - datetime.now(UTC)).total_seconds()
                except StorageError as error:
                    _log.warning("pages not looked after", error=str(error))
                    nap = _RETRY_SECONDS
                # Until a page may be due, or a round has ended.
                nap = min(max(nap, _SHORTEST_NAP), _LONGEST_NAP)
                await rest(stop, nap, vanished, self._freed)

    async def _turn(self, source_id: int, due: Sequence[Check], stop: asyncio.Event) -> None:
        """A round for one source; one that failed leaves it for a while."""
        try:
            async with self._slots:
                await unless(stop, self.look_round(source_id, due))
        except Exception as error:  # noqa: BLE001 - one source must not stop the others
            # Its pages stay due: else its site would be asked again at once, and again.
            self._paused[source_id] = datetime.now(UTC) + _AFTER_FAULT
            tell = _log.warning if isinstance(error, StorageError) else _log.exception
            tell("pages not looked after", source=source_id, error=str(error))
        finally:
            self._looking.discard(source_id)
            self._freed.set()

    async def look_round(self, source_id: int, due: Sequence[Check]) -> None:
        """Look at pages of one source and settle what follows, for all of them together."""
        seen = await _in_turn(due, self._look_at)
        looks = [each.look for each in seen]
        confirmed = [
            check.article_id
            for check, look in zip(due, looks, strict=True)
            if look is Look.GONE and check.gone > 0 and check.withdrawn_at is None
        ]
        others: list[Seen] = []
        if confirmed:  # before anything is taken back: is the site itself well?
            async with self._database.read() as connection:
                urls = await checks.witnesses(
                    connection, source_id, [check.article_id for check in due], _WITNESSES
                )
            others = await _in_turn(urls, self._ask)
        asked = [
            look
            for check, look in zip(due, looks, strict=True)
            if check.withdrawn_at is None or look is Look.THERE
        ] + [each.look for each in others]
        well = speaks_for_itself(asked.count(Look.GONE), asked.count(Look.THERE))
        now = datetime.now(UTC)
        found = [
            follows(check, look, now, self._pause, well=well)
            for check, look in zip(due, looks, strict=True)
        ]
        pages = {check.article_id: each.page for check, each in zip(due, seen, strict=True)}
        await self._settle(found, {check.article_id: check.page for check in due}, pages, now)
        if confirmed and not well:
            _log.warning("articles held: too many pages are gone at once", articles=confirmed)

    async def _look_at(self, check: Check) -> Seen:
        """One look; a page whose text gave way to a notice that it is gone is gone.

        Where something else serves for the page's text, it is asked for in any case. A text that
        was read whole is not compared with one that was not.
        """
        before = check.page
        known = before if check.whole else None
        answer = await self._fetcher.get(
            check.url,
            etag=known.etag if known else None,
            last_modified=known.last_modified if known else None,
            limit=PAGE_BYTES,
            page=True,
        )
        if isinstance(answer, NotModified):
            return Seen(Look.THERE)
        try:
            async with self._parsing:
                selectors = self._selectors.get(check.source_url)
                page = await read_page(answer, self._pool, selectors)
        except ExtractError as error:
            _log.info("page not compared", page=shown_url(check.url), error=str(error))
            return Seen(Look.THERE)
        if check.whole and page.article.reason:
            return Seen(Look.THERE)
        if known is not None and known.says_the_same(page.state):
            return Seen(Look.THERE, page)
        async with self._database.read() as connection:
            kept = await articles.get_article(connection, check.article_id)
        gone = kept is not None and await asyncio.to_thread(
            is_notice, kept, page.article.title, page.article.document
        )
        return Seen(Look.GONE) if gone else Seen(Look.THERE, page)

    async def _ask(self, url: str) -> Seen:
        """Whether a page is there, and nothing else of it."""
        await self._fetcher.get(url, limit=PAGE_BYTES, page=True)
        return Seen(Look.THERE)

    async def _settle(
        self,
        found: Sequence[Found],
        before: Mapping[int, PageState | None],
        pages: Mapping[int, PageRead | None],
        now: datetime,
    ) -> None:
        edits: dict[int, Correction | None] = {}
        compared = {
            number: await self._compare(number, before[number], page)
            for number, page in pages.items()
            if page is not None
        }
        async with self._database.write() as connection:
            for each in found:
                number = each.article_id
                if each.withdraw:
                    await revisions.withdraw_article(connection, number, now, by_hand=False)
                if each.reinstate:
                    await revisions.reinstate_article(connection, number)
                if page := pages[number]:
                    edits[number] = await self._follow(
                        connection, number, before[number], page, compared[number], now
                    )
                await checks.record_check(
                    connection, number, gone=each.gone, check_at=each.check_at
                )
        for each in found:
            if each.withdraw:
                _log.info(
                    "article withdrawn: its page is gone",
                    article=each.article_id,
                    kind=Change.WITHDRAWN.value,
                )
            if each.reinstate:
                _log.info("article reinstated: its page is back", article=each.article_id)
            log_edit(each.article_id, edits.get(each.article_id), back=False)

    async def _compare(
        self, article_id: int, before: PageState | None, page: PageRead
    ) -> Edit | None:
        """What was edited on a page since it was noted: found out before a transaction begins."""
        async with self._database.read() as connection:
            kept = await articles.get_article(connection, article_id)
        return None if kept is None else await asyncio.to_thread(self._edit, kept, before, page)

    def _edit(self, kept: Article, before: PageState | None, page: PageRead) -> Edit | None:
        private = self._allow_private
        if kept.fault:
            return Edit.between(kept, filled(kept, page.article, allow_private=private))
        if before is None or before.says_the_same(page.state):
            return None
        return Edit.between(kept, from_page(kept, before, page.article, allow_private=private))

    async def _follow(
        self,
        connection: Transaction,
        article_id: int,
        before: PageState | None,
        page: PageRead,
        edit: Edit | None,
        now: datetime,
    ) -> Correction | None:
        """Note what a page is now, and keep what was edited there since it was noted before.

        Of an article that was kept without it, what the page says is filled in.
        """
        await checks.note_page(connection, article_id, page.state)
        if edit is None:
            return None
        kept = await articles.get_article(connection, article_id, for_update=True)
        if kept is None:
            return None
        again = edit if edit.began_with(kept) else self._edit(kept, before, page)
        return None if again is None else await revise(connection, article_id, again, now)


def _by_source(due: Iterable[Check]) -> dict[int, list[Check]]:
    found: dict[int, list[Check]] = {}
    for check in due:
        found.setdefault(check.source_id, []).append(check)
    return found


async def _in_turn(pages: Sequence[T], look: Callable[[T], Awaitable[Seen]]) -> list[Seen]:
    """Look at pages one after the other; a site that does not answer is not asked for all."""
    found: list[Seen] = []
    silent = Silent()
    for page in pages:
        url, seen = page if isinstance(page, str) else page.url, Seen(Look.UNKNOWN)
        if url not in silent:
            try:
                seen = await look(page)
            except FetchError as error:
                seen = Seen(look_of(error))
            except Exception:  # noqa: BLE001 - a fault says nothing of the page, nor of others
                _log.exception("page not looked at", url=shown_url(url))
            if seen.look is Look.UNKNOWN:
                silent.add(url)
        found.append(seen)
    return found
