"""A look at a source: its feed, the feed that its page names, a sitemap, or a list of news."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from urllib.parse import urlsplit

import structlog

from bot.errors import FetchError, ParseError
from bot.ingest.feeds.newest import newest_articles
from bot.ingest.fetching.fetch import Fetched, Getter, NotModified, get_whole
from bot.ingest.fetching.moves import followed, read_address
from bot.ingest.kinds import Kind, Reading
from bot.ingest.workers import ParsePool
from bot.model import Feed, Selectors, Source, Whereabouts, shown_url

_log = structlog.get_logger(__name__)

FEED_BYTES = 5 * 1024 * 1024
SITEMAP_BYTES = 20 * 1024 * 1024  # 50,000 addresses take ten
_SITEMAP = re.compile(r"sitemap|\.xml\.gz$", re.IGNORECASE)
_FEEDS_TRIED = 3
_SITEMAPS_READ = 3
_NEWER_THAN = timedelta(days=1)  # dates may be whole days, in other zones


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at a source has found.

    Attributes:
        feed: its articles.
        reads_url: the address to read from now on, instead of the source's own; None for that.
        etag, last_modified, body_hash: of the address that is read; None where several were.
        fresh: for how many seconds more the site would say the same.
        moved_to: where permanent redirects, and no others, led from there to a feed.
        changes_only: whether the articles are those that changed, which need not be new.
    """

    feed: Feed
    reads_url: str | None
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    fresh: float = 0.0
    moved_to: str | None = None
    changes_only: bool = False


Unchanged = Fetched | NotModified
"""An answer that shows what the last complete read showed."""


def has_moved(source: Source, looked: Looked) -> bool:
    """Whether a source that was read before is now read at another address. Pure."""
    return source.read_at is not None and looked.reads_url != source.reads_url


def whereabouts(source: Source, looked: Looked, now: datetime) -> Whereabouts:
    """Where a source is read after a look. Pure."""
    if looked.reads_url != source.reads_url:
        return Whereabouts(looked.reads_url)
    return followed(source, looked.moved_to, now)


def published_since(source: Source, looked: Looked) -> datetime | None:
    """From which moment on an article must be published to be pushed; None: all new ones are. Pure.

    Where a source is suddenly read at another address - the list of news for a feed that is gone,
    or the other way round - that one may show older articles that the first did not. And a sitemap
    of all pages shows an old one again when it changes.
    """
    if source.read_at is None or not (has_moved(source, looked) or looked.changes_only):
        return None
    return source.read_at - _NEWER_THAN


async def look(
    fetcher: Getter,
    pool: ParsePool,
    source: Source,
    selectors: Selectors | None = None,
    *,
    full: bool = False,
    fresh: bool = False,
) -> Looked | Unchanged:
    """Read a source, whatever is at its address.

    A feed, a sitemap of news and one of all pages are taken as they are. Of an index of sitemaps
    the likeliest are read, each time anew. Of a page the feed is read that it names, and its
    address remembered; where that is broken or empty, or there is none, the page's own list serves.
    A remembered address that is gone, or no feed any more, is given up where the source's own
    address, looked at again, shows a source; else it is tried again. Where selectors say where the
    articles are on the page, the source's own address alone is read, however it redirects.

    Args:
        fetcher: to read with.
        pool: to parse with.
        source: the source; its validators belong to ``reads_url`` where it has one.
        selectors: where on its pages to look, or None to find it unasked.
        full: read and parse it though it may be unchanged.
        fresh: ask past caches and without validators, for there is news.

    Raises:
        FetchError: an address cannot be read.
        ParseError: nothing that is found lists articles.
    """
    if full:
        source = replace(source, etag=None, last_modified=None, body_hash=None)
    if selectors is not None and selectors.item:
        found = await _own(fetcher, pool, _without_memory(source), selectors, fresh=fresh)
        return replace(found, moved_to=None) if isinstance(found, Looked) else found
    if source.reads_url is None:
        return await _own(fetcher, pool, source, selectors, fresh=fresh)
    try:
        return await _remembered(fetcher, pool, source, fresh=fresh)
    except FetchError as error:
        moves_on = source.moved_to is not None and not error.redirected  # see ``moves.failed``
        if not error.gone or moves_on:
            raise
        cause = str(error)
    except ParseError as error:
        cause = str(error)
    try:
        found = await _own(fetcher, pool, _without_memory(source), selectors, fresh=fresh)
    except FetchError as error:
        error.redirected = True  # another address was asked first
        raise
    _log.warning(
        "feed forgotten",
        source=shown_url(source.url),
        feed=shown_url(source.reads_url),
        error=cause,
    )
    return found


def _without_memory(source: Source) -> Source:
    """The source as if no other address were remembered; the validators are of that one."""
    if source.reads_url is None:
        return source
    return replace(source, reads_url=None, etag=None, last_modified=None, body_hash=None)


async def _own(
    fetcher: Getter,
    pool: ParsePool,
    source: Source,
    selectors: Selectors | None,
    *,
    fresh: bool,
) -> Looked | Unchanged:
    """Look at the source's own address, and at what is named there."""
    answer = await _asked(fetcher, source.url, source, fresh=fresh)
    if isinstance(answer, NotModified) or _is_unchanged(answer, source):
        return answer
    reading = await _read(pool, answer, selectors)
    match reading.kind:
        case Kind.PAGE:
            return await _page(fetcher, pool, answer, reading)
        case Kind.INDEX:
            return await _index(fetcher, pool, reading)
    found = _listed(reading, answer)
    if found is None:
        raise ParseError(reading.fault)
    return found


async def _remembered(
    fetcher: Getter, pool: ParsePool, source: Source, *, fresh: bool
) -> Looked | Unchanged:
    answer = await _asked(fetcher, read_address(source), source, fresh=fresh)
    if isinstance(answer, NotModified) or _is_unchanged(answer, source):
        return answer
    reading = await _read(pool, answer, None)
    found = _listed(reading, answer)
    if found is None or reading.kind is Kind.PAGE:
        raise ParseError("It is no feed any more.")
    return replace(found, reads_url=source.reads_url)


def _is_unchanged(answer: Fetched, source: Source) -> bool:
    """Whether it need not be read; where it is new that it has moved, somebody has to look."""
    return _hash(answer) == source.body_hash and answer.moved_to in {None, source.moved_to}


def _hash(answer: Fetched) -> str:
    return sha256(answer.content).hexdigest()


async def _page(fetcher: Getter, pool: ParsePool, answer: Fetched, reading: Reading) -> Looked:
    """The feed that a page names, else the page's own list, else an empty feed that it names."""
    empty: Looked | None = None
    faults: list[str] = []
    for address in reading.named[:_FEEDS_TRIED]:
        try:
            there = await _unasked(fetcher, address)
            inner = await _read(pool, there, None)
        except (FetchError, ParseError) as error:
            faults.append(f" The feed that it names, {address}, cannot be read: {error}")
            _log.warning("named feed not read", page=answer.url, feed=address, error=str(error))
            continue
        if inner.kind is Kind.FEED and (found := _listed(inner, there)) is not None:
            found = replace(found, reads_url=address)
            if found.feed.entries:
                return found
            empty = empty or found
    own = _listed(reading, answer) or empty
    if own is None:
        raise ParseError(reading.fault + "".join(faults[:1]))
    return own


async def _index(fetcher: Getter, pool: ParsePool, reading: Reading) -> Looked:
    """What the likeliest sitemaps of an index name; the first of news is enough, and remembered."""
    feeds: list[Feed] = []
    fault: Exception | None = None
    for address in reading.named[:_SITEMAPS_READ]:
        try:
            there = await _unasked(fetcher, address)
            inner = await _read(pool, there, None)
        except (FetchError, ParseError) as error:
            fault = error
            _log.warning("sitemap not read", sitemap=address, error=str(error))
            continue
        if (found := _listed(inner, there)) is None:
            continue
        if inner.kind is Kind.FEED:
            return replace(found, reads_url=address)
        feeds.append(found.feed)
    if not feeds:
        raise fault or ParseError("The index of sitemaps names none that lists articles.")
    return Looked(newest_articles(feeds), None, changes_only=True)


def _listed(reading: Reading, answer: Fetched) -> Looked | None:
    """What a document lists itself. Only a feed that has moved is looked for elsewhere later."""
    feed = reading.feed
    if feed is None:
        return None
    return Looked(
        replace(feed, hub=answer.hub or feed.hub, own_url=answer.own_url or feed.own_url),
        None,
        etag=answer.etag,
        last_modified=answer.last_modified,
        body_hash=_hash(answer),
        fresh=answer.fresh,
        moved_to=None if reading.kind is Kind.PAGE else answer.moved_to,
        changes_only=reading.kind is Kind.SITEMAP,
    )


async def _read(pool: ParsePool, answer: Fetched, selectors: Selectors | None) -> Reading:
    return await pool.source(
        answer.content, answer.content_type, answer.url, selectors, datetime.now(UTC)
    )


async def _asked(
    fetcher: Getter, url: str, source: Source, *, fresh: bool
) -> Fetched | NotModified:
    if fresh:
        return await fetcher.get(url, limit=_limit(url), fresh=True)
    return await fetcher.get(
        url, etag=source.etag, last_modified=source.last_modified, limit=_limit(url)
    )


def _limit(url: str) -> int:
    return SITEMAP_BYTES if _SITEMAP.search(urlsplit(url).path) else FEED_BYTES


async def _unasked(fetcher: Getter, url: str) -> Fetched:
    return await get_whole(fetcher, url, limit=_limit(url))
