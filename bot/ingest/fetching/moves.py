"""Where a source is read: permanent redirects are followed at once, and adopted with care. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from yarl import URL

from bot.addresses import MAX_URL, names_private_host
from bot.errors import FetchError
from bot.ingest.fetching.headers import may_know
from bot.model import Source, Whereabouts

PROVEN = timedelta(days=7)
"""How long a permanent redirect must stand until we no longer ask at the old address."""


def read_address(source: Source) -> str:
    """Where to read a source now, with its user name and password where they may be known."""
    if source.reads_url is None:
        return source.url
    home, there = URL(source.url), URL(source.reads_url)
    if home.user is None or there.user is not None or not may_know(home, there):
        return source.reads_url
    return str(there.with_user(home.user).with_password(home.password))


def followed(source: Source, target: str | None, now: datetime) -> Whereabouts:
    """What an answer that was read as a source means for where it is read.

    From http to https of the same host it is adopted at once; any other permanent redirect when it
    has stood for a week. A temporary one, or an answer without, ends the waiting.

    Args:
        source: as it was read.
        target: where permanent redirects led, or None.
        now: the moment of the answer.
    """
    old = source.reads_url or source.url
    here = Whereabouts(source.reads_url)
    if target is None or target == old or len(target) > MAX_URL:
        return here
    if names_private_host(target) and not names_private_host(old):
        return here
    if _is_upgrade(old, target):
        return _adopted(source, target)
    since = source.moved_since if target == source.moved_to else None
    if since is not None and now - since >= PROVEN:
        return _adopted(source, target)
    return Whereabouts(source.reads_url, target, since or now)


def failed(source: Source, error: Exception) -> Whereabouts:
    """What a failed read means for where a source is read.

    Where the address itself is gone, not what it redirects to, the one that it last redirected to
    is adopted. No failed read gives up an address: the fault may be our own network's, and what
    stands at the source's own address instead only a read can tell (``looking.look``).
    """
    gone = isinstance(error, FetchError) and error.gone and not error.redirected
    if gone and source.moved_to is not None:
        return _adopted(source, source.moved_to)
    return source.whereabouts


def _adopted(source: Source, target: str) -> Whereabouts:
    old = source.reads_url or source.url
    return Whereabouts(reads_url=target, untold=URL(old).host != URL(target).host)


def _is_upgrade(old: str, new: str) -> bool:
    before, after = URL(old), URL(new)
    return (before.scheme, after.scheme) == ("http", "https") and before.host == after.host
