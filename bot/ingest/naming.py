"""The entries of a feed by the names that their articles are known by. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from bot.addresses import normalise_url
from bot.ingest.markup.fields import hashed
from bot.ingest.sameness.nearness import title_words
from bot.ingest.sameness.tails import id_host, id_tail
from bot.model import (
    Alias,
    AliasKind,
    Entry,
    Feed,
)

_NAME_BYTES = 1000
_VERSIONS = 2  # of an article under one id and address in one read; more are several articles


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry and the names by which its article may be known.

    ``extra`` are names that say too little to be believed alone. ``before`` is a name by which it
    may have been known until its address turned out to be shared; it is not kept.
    """

    entry: Entry
    aliases: tuple[Alias, ...]
    extra: tuple[Alias, ...] = ()
    before: tuple[Alias, ...] = ()


def shared_names(feed: Feed) -> list[Alias]:
    """The names under which it is kept that an id or an address names nothing, for a feed's all."""
    ids = [Alias(AliasKind.SHARED, _short(each.guid)) for each in feed.entries if each.guid]
    urls = {url for each in feed.entries if each.url for url in _addresses(each.url)}
    return [*ids, *(Alias(AliasKind.SHARED_URL, url) for url in urls)]


def candidates(feed: Feed, shared: Collection[Alias] = ()) -> tuple[Candidate, ...]:
    """The feed's entries with their names, oldest first, each once.

    An entry is known by its id and by its address; without an id also by what an article's page
    called itself. An address that several entries with different
    ids share (some feeds link all to one page), or without ids with different titles, or that is a
    site's front page, names nothing; but without an id its fragment may tell. Nor
    does an id that several entries with different addresses share. So do those in ``shared``, of
    which an earlier read found it. An entry with neither is known by its title; one without even
    that says nothing and is left out.
    """
    repeated = _repeated_ids(feed.entries)
    repeated |= {name.key for name in shared if name.kind is AliasKind.SHARED}
    tails = _tells_by_tails(feed.entries)
    addresses = _shared_addresses(feed.entries, repeated)
    addresses |= {name.key for name in shared if name.kind is AliasKind.SHARED_URL}
    found: list[Candidate] = []
    names: set[Alias] = set()
    for entry in _oldest_first(feed.entries):
        aliases = tuple(_aliases(entry, addresses, repeated))
        if aliases and names.isdisjoint(aliases):
            extra = tuple(_extra(entry, addresses, repeated, tails=tails))
            found.append(Candidate(entry, aliases, extra, _before(entry, aliases)))
            names.update(aliases)
    return tuple(found)


def new_candidates(
    all_candidates: Iterable[Candidate], known: Collection[Alias]
) -> tuple[Candidate, ...]:
    """Those of which no name is known. Dates have no say: they lie in the future, jump, or lack."""
    return tuple(c for c in all_candidates if not any(name in known for name in c.aliases))


def learnt_names(
    all_candidates: Iterable[Candidate], known: Mapping[Alias, int]
) -> dict[int, tuple[Alias, ...]]:
    """What known articles are called besides, by their numbers: ids and addresses change singly.

    Args:
        all_candidates: what the feed shows.
        known: the names that we know and the articles they belong to; where an entry's names
            belong to several, the oldest takes the new ones.
    """
    learnt: dict[int, tuple[Alias, ...]] = {}
    for candidate in all_candidates:
        owners = [known[name] for name in candidate.aliases if name in known]
        names = (*candidate.aliases, *candidate.extra)
        unknown = tuple(name for name in names if name not in known)
        if owners and unknown:
            learnt[min(owners)] = (*learnt.get(min(owners), ()), *unknown)
    return learnt


def _aliases(entry: Entry, shared: Collection[str], repeated: Collection[str]) -> Iterator[Alias]:
    has_id = bool(entry.guid) and _short(entry.guid or "") not in repeated
    if has_id:
        yield Alias(AliasKind.GUID, _short(entry.guid or ""))
    url = normalise_url(entry.url) if entry.url else None
    named = entry.guid or entry.title
    if url is not None and url not in shared and not (named and _is_front_page(entry.url)):
        yield Alias(AliasKind.URL, url)
        if not has_id:
            yield Alias(AliasKind.CANONICAL, url)
    elif not has_id and url in shared and (place := _addresses(entry.url or "")[-1]) not in shared:
        yield Alias(AliasKind.URL, place)
    elif not has_id and entry.title:
        yield Alias(AliasKind.GUID, _short(f"title:{entry.title}"))


def _extra(
    entry: Entry, shared: Collection[str], repeated: Collection[str], *, tails: bool
) -> Iterator[Alias]:
    if shared:
        for url in _addresses(entry.url or ""):
            if url in shared:
                yield Alias(AliasKind.SHARED_URL, url)
    if not entry.guid:
        return
    if _short(entry.guid) in repeated:
        yield Alias(AliasKind.SHARED, _short(entry.guid))
    elif tails and (tail := id_tail(entry.guid)):
        yield Alias(AliasKind.TAIL, _short(tail))


def _before(entry: Entry, aliases: Sequence[Alias]) -> tuple[Alias, ...]:
    """The address of an entry that is named by its fragment or its title alone."""
    if not entry.url or any(name.kind is AliasKind.CANONICAL for name in aliases):
        return ()
    if entry.guid and aliases[0] == Alias(AliasKind.GUID, _short(entry.guid)):
        return ()
    return (Alias(AliasKind.URL, normalise_url(entry.url)),)


def _addresses(url: str) -> tuple[str, ...]:
    """An address as it names a page, and where it has a fragment, as it names a place there."""
    if not url:
        return ()
    page = normalise_url(url)
    _, _, fragment = url.partition("#")
    return (page,) if not fragment or "#" in page else (page, f"{page}#{fragment}")


def _shared_addresses(entries: Iterable[Entry], repeated: Collection[str]) -> set[str]:
    """The addresses of several articles: of different ids, or of different titles without ids.

    Where one title has all words of another, both are of one article.
    """
    ids: defaultdict[str, set[str]] = defaultdict(set)
    titles: defaultdict[str, dict[str, bool]] = defaultdict(dict)  # whether it comes with an id
    for entry in entries:
        guid = _short(entry.guid) if entry.guid else None
        for url in _addresses(entry.url or ""):
            if guid is not None and guid not in repeated:
                ids[url].add(guid)
                titles[url].setdefault(entry.title, True)
            elif entry.title:
                titles[url][entry.title] = False
    shared = {url for url, found in ids.items() if len(found) > 1}
    for url, found in titles.items():
        if len(found) > 1 and not all(found.values()) and _are_several(found):
            shared.add(url)
    return shared


def _are_several(titles: Iterable[str]) -> bool:
    """Whether titles are of more than one article, as far as they tell."""
    first, *others = (frozenset(title_words(title)) for title in titles)
    return any(not (first <= other or other <= first) for other in others)


def _repeated_ids(entries: Iterable[Entry]) -> set[str]:
    """The ids of entries with different addresses, or with none and with different titles.

    Some feeds give one address to all, as id and as link.
    """
    addresses: defaultdict[str, set[str]] = defaultdict(set)
    titles: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for entry in entries:
        if not entry.guid:
            continue
        guid = _short(entry.guid)
        if entry.url and not _is_front_page(entry.url):
            addresses[guid].add(normalise_url(entry.url))
        if entry.title:
            titles[guid][entry.title] = None
    repeated = {guid for guid, urls in addresses.items() if len(urls) > 1}
    for guid, found in titles.items():
        versions = _VERSIONS if guid in addresses else 1
        if len(found) > versions and (guid not in addresses or _are_several(found)):
            repeated.add(guid)
    return repeated


def _tells_by_tails(entries: Iterable[Entry]) -> bool:
    """Whether ids differ without their hosts: not where one feed has articles of many sites."""
    tails = [(id_host(e.guid), id_tail(e.guid)) for e in entries if e.guid and id_tail(e.guid)]
    return len({host for host, _ in tails}) <= 1


@lru_cache(maxsize=4096)  # asked for each address of a feed twice
def _is_front_page(url: str | None) -> bool:
    parts = urlsplit(url or "")
    return not parts.path.strip("/") and not parts.query


def _short(name: str) -> str:
    """The name, or what stands for one that is too long for a database's index."""
    if len(name.encode()) <= _NAME_BYTES:
        return name
    return hashed(name)


def _oldest_first(entries: tuple[Entry, ...]) -> list[Entry]:
    """By date where all have one, exact or told by a list; else the feed's order from its end.

    Newest first is the custom. What has the same date follows the direction that the dates show.
    """
    found = [(entry.published or entry.date_hint, entry) for entry in entries]
    dated = [(date, entry) for date, entry in found if date is not None]
    if len(dated) < len(entries) or len({date for date, _ in dated}) < 2:  # noqa: PLR2004 - two differ
        return list(reversed(entries))
    if dated[0][0] >= dated[-1][0]:
        dated.reverse()
    return [entry for _, entry in sorted(dated, key=lambda each: each[0])]
