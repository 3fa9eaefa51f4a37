"""Parsing in processes of its own, which can be killed when a document proves hostile."""

from __future__ import annotations

import asyncio
import fcntl
import importlib
import multiprocessing
import os
import resource
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from types import TracebackType
from typing import Self, TypeVar

import structlog
from pebble import ProcessExpired, ProcessPool

from bot.errors import ExtractError, NoArticleError, ParseError, VestnikError
from bot.ingest.bounds import bounded
from bot.ingest.kinds import Reading
from bot.ingest.sameness.likeness import document_hash
from bot.model import Document, Extracted, Selectors, shown_url

T = TypeVar("T")

_log = structlog.get_logger(__name__)

_MEMORY = 1 << 30  # bytes of data for one worker; the largest feed allowed takes a tenth
CHEAP_SECONDS = 1.0  # for each of the cheaper ways to read a page
# What a worker needs, this module's own imports too: what is missing here each worker imports anew.
_PRELOADED = ["bot.ingest.workers", "bot.ingest.reading", "bot.ingest.article.extract"]


class ParsePool:
    """Parses in worker processes; an async context manager that starts and ends them.

    What a document can do to a worker - run forever, fill the memory, crash it - costs the one
    call an error and the pool a new worker. Workers are renewed after a number of tasks, since
    the libraries keep some memory. They die with this process, also when it is killed.

    Leave the context when no call is under way any more.

    Args:
        workers: how many processes parse at once.
        tasks: after how many tasks a worker is renewed.
        feed_timeout: seconds that a feed may take.
        article_timeout: seconds that an article's page or a fragment may take.
        zone: the time zone of dates on pages that name none, and of "today".
    """

    def __init__(
        self,
        *,
        workers: int = 2,
        tasks: int = 500,
        feed_timeout: float = 5.0,
        article_timeout: float = 5.0,
        zone: tzinfo = UTC,
    ) -> None:
        self._zone = zone
        self._workers = workers
        self._tasks = tasks
        self._feed_timeout = feed_timeout
        self._article_timeout = article_timeout
        self._pool: ProcessPool | None = None
        self._starting = asyncio.Lock()

    async def __aenter__(self) -> Self:
        """Start the workers, in a thread: importing the libraries takes a second."""
        starter = ThreadPoolExecutor(1, thread_name_prefix="parse-pool")
        starting = starter.submit(self._started)
        starter.shutdown(wait=False)
        try:
            self._pool = await asyncio.wrap_future(starting)
        except asyncio.CancelledError:  # which the thread does not hear of
            starting.add_done_callback(lambda started: _end(started.result()))
            raise
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the workers, whatever they are doing."""
        if self._pool is not None:
            await asyncio.to_thread(_end, self._pool)
            self._pool = None

    async def source(
        self,
        content: bytes,
        content_type: str | None,
        url: str,
        selectors: Selectors | None,
        now: datetime,
    ) -> Reading:
        """What a source's document says; see ``read_source``.

        Raises:
            ParseError: it is nothing that lists articles, or it could not be read in time.
        """
        return await self._run(
            ParseError,
            "feed",
            self._feed_timeout,
            _source,
            content,
            content_type,
            url,
            selectors,
            now.astimezone(self._zone),
        )

    async def article(
        self,
        content: bytes,
        content_type: str | None,
        url: str,
        selectors: Selectors | None = None,
        *,
        dated: bool = False,
    ) -> Extracted:
        """The article on a page, of ordinary length; see ``extract_article`` and ``bounded``.

        Where a page is too much for the usual way, a cheaper one is tried, and where that fails or
        there is no article, what its head says serves as a card; each has a second. The result
        tells the reason.

        Raises:
            ExtractError: there is none of that, or it could not be read in time; the reason is
                that of the usual way.
        """
        page = content, content_type, url, datetime.now(self._zone)
        try:
            article, dropped = await self._run(
                ExtractError, "page", self._article_timeout, _article, *page, selectors, dated
            )
        except ExtractError as error:
            pointed = selectors is not None and bool(selectors.article)
            article, dropped = await self._cheaper(page, error, pointed=pointed), 0
            _log.warning("article read in a cheaper way", page=shown_url(url), reason=str(error))
        if dropped:
            _log.warning("article cut: it is too long", page=url, dropped=dropped)
        return article

    async def _cheaper(
        self, page: tuple[bytes, str | None, str, datetime], refusal: ExtractError, *, pointed: bool
    ) -> Extracted:
        # Where there is no article, or it is not where the editor points, none is guessed.
        only_card = pointed or isinstance(refusal, NoArticleError)
        for way in (_card,) if only_card else (_light, _card):
            try:
                found = await self._run(ExtractError, "page", CHEAP_SECONDS, way, *page)
            except ExtractError:
                continue
            return replace(found, reason=str(refusal))
        raise refusal

    async def fragment(self, html: str, base_url: str) -> Document:
        """The content of a feed's entry, likewise; see ``document_from_html``.

        Raises:
            ExtractError: it could not be read, or not in time.
        """
        document, dropped = await self._run(
            ExtractError, "content", self._article_timeout, _fragment, html, base_url
        )
        if dropped:
            _log.warning("content cut: it is too long", page=shown_url(base_url), dropped=dropped)
        return document

    async def _run(
        self,
        refusal: type[VestnikError],
        what: str,
        seconds: float,
        function: Callable[..., T],
        *arguments: object,
    ) -> T:
        """Call the function in a worker; whatever goes wrong there is a refusal here."""
        if self._pool is None:
            raise RuntimeError("a ParsePool is used inside its context")
        try:
            try:
                return await self._call(seconds, function, arguments)
            except BrokenProcessPool:  # an idle worker died; this document is not to blame
                return await self._call(seconds, function, arguments)
        except refusal:
            raise
        except TimeoutError as error:
            raise refusal(f"The {what} took more than {seconds:g} s to read.") from error
        except MemoryError as error:
            raise refusal(f"The {what} needs too much memory to be read.") from error
        except (ProcessExpired, BrokenProcessPool) as error:
            raise refusal(f"The process that read the {what} died.") from error
        except Exception as error:
            raise refusal(f"The {what} could not be read ({type(error).__name__}).") from error

    async def _call(
        self, seconds: float, function: Callable[..., T], arguments: tuple[object, ...]
    ) -> T:
        pool = await self._working()
        return await asyncio.wrap_future(pool.schedule(function, args=arguments, timeout=seconds))

    async def _working(self) -> ProcessPool:
        """The pool; a new one where an idle worker's death has made the old one unusable."""
        async with self._starting:
            if self._pool is None:
                raise RuntimeError("the ParsePool was closed meanwhile")
            if not self._pool.active:
                await asyncio.to_thread(_end, self._pool)
                self._pool = await asyncio.to_thread(self._started)
            return self._pool

    def _started(self) -> ProcessPool:
        # A fork server forks workers in milliseconds from a process without threads, sockets or
        # secrets. Where it cannot import us by itself, each worker does so when it starts.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(_PRELOADED)
        pool = ProcessPool(
            max_workers=self._workers,
            max_tasks=self._tasks,
            initializer=_prepare,
            context=context,
        )
        if not pool.active:  # which starts it
            raise RuntimeError("the parsing processes do not start")
        return pool


def _end(pool: ProcessPool) -> None:
    stop: Callable[[], None] = pool.stop  # which the library leaves untyped
    stop()
    # The library takes away their locks first, of which one that is just starting complains loudly.
    for worker in tuple(pool._pool_manager.worker_manager.workers.values()):  # noqa: SLF001 - as above
        worker.kill()
    pool.join()


def _prepare() -> None:
    """Make a fresh worker ready, easy to end and unable to take all memory."""
    # The library would clean up on SIGTERM, which a worker inside a long search never gets to.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # Data, not address space: the latter counts mapped libraries and what allocators reserve.
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = _MEMORY if hard == resource.RLIM_INFINITY else min(_MEMORY, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))
    # When the parent ends, however it ends, the kernel reports it on this pipe by SIGIO, which ends
    # a worker even inside C code that holds the interpreter's lock, where no thread could watch.
    parent = multiprocessing.parent_process()
    if parent is not None:
        fcntl.fcntl(parent.sentinel, fcntl.F_SETOWN, os.getpid())
        flags = fcntl.fcntl(parent.sentinel, fcntl.F_GETFL)
        fcntl.fcntl(parent.sentinel, fcntl.F_SETFL, flags | os.O_ASYNC)
    for name in _PRELOADED:  # now, so that no document's time goes by with it
        importlib.import_module(name)


# Imported by workers only: the libraries behind them take a second and 60 MB.


def _source(
    content: bytes,
    content_type: str | None,
    url: str,
    selectors: Selectors | None,
    now: datetime,
) -> Reading:
    from bot.ingest.reading import read_source  # noqa: PLC0415 - see above

    return read_source(content, content_type, url, selectors, now)


def _article(
    content: bytes,
    content_type: str | None,
    url: str,
    now: datetime,
    selectors: Selectors | None,
    dated: bool,  # noqa: FBT001 - pebble hands on no names
) -> tuple[Extracted, int]:
    from bot.ingest.article.extract import extract_article  # noqa: PLC0415 - see above

    article = extract_article(content, content_type, url, selectors, now=now, dated=dated)
    return _finished(article)


def _light(content: bytes, content_type: str | None, url: str, now: datetime) -> Extracted:
    from bot.ingest.article.extract import extract_article  # noqa: PLC0415 - see above

    article = extract_article(content, content_type, url, now=now, light=True)
    return _finished(article)[0]


def _finished(article: Extracted) -> tuple[Extracted, int]:
    """The article within bounds, with the hash that would hold up the event loop for long."""
    document, dropped = bounded(article.document)
    return replace(article, document=document, body_hash=document_hash(document)), dropped


def _card(content: bytes, content_type: str | None, url: str, now: datetime) -> Extracted:
    from bot.ingest.article.extract import extract_card  # noqa: PLC0415 - see above

    return extract_card(content, content_type, url, now)


def _fragment(html: str, base_url: str) -> tuple[Document, int]:
    from bot.ingest.article.extract import document_from_html  # noqa: PLC0415 - see above

    return bounded(document_from_html(html, base_url))
