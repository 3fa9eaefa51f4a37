"""Reuse: ids and addresses that a source gives to one article after another. Pure.

An id may say no more than a place in the feed, and an address may be that of a page on which all
news stand. Whoever believes them takes a new article for a correction of an old one: the new one is
lost, and the old one's messages are edited into another story. An edited headline is no such case,
so that the date must be another too, and more must speak for it than the title alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from bot.ingest.naming import Candidate
from bot.ingest.sameness.nearness import is_retouched, title_words
from bot.model import Alias, AliasKind, Entry
from bot.storage.names import Owner

_BY_TITLE = "title:"  # so begins the name of an entry without id and address
_SEVERAL = 2  # ids that are another article's in one read
_STEM = 5  # letters of a word, without its ending
_SHORTEST = 4  # letters; shorter words tell nothing


@dataclass(frozen=True, slots=True)
class _Named:
    """A candidate's id and address, and the articles that these belong to, as far as known."""

    entry: Entry
    guid: Alias | None
    url: Alias | None
    by_id: int | None
    by_url: int | None

    @property
    def doubtful(self) -> bool:
        """Whether they do not agree; or an id alone names it, or an address with a place in it."""
        if self.guid is not None and self.url is not None:
            return self.by_id != self.by_url
        if self.guid is not None:
            return self.by_id is not None
        return self.by_url is not None and "#" in (self.entry.url or "")


def doubtful_owners(named: Iterable[Candidate], known: Mapping[Alias, int]) -> set[int]:
    """The articles that names belong to which do not agree with each other."""
    return {
        number
        for each in _names(named, known)
        if each.doubtful
        for number in (each.by_id, each.by_url)
        if number is not None
    }


def reused(
    named: Sequence[Candidate],
    known: Mapping[Alias, int],
    owners: Mapping[int, Owner],
    source_id: int,
) -> set[Alias]:
    """The names under which it is to be kept that an id or an address names nothing.

    Args:
        named: what the feed shows.
        known: the names that we know and the articles they belong to.
        owners: the articles that ``doubtful_owners`` names.
        source_id: whose feed it is.
    """
    doubted = [each for each in _names(named, known) if each.doubtful]
    # Shown under their own addresses and titles: no other entry can be these.
    shown = {
        each.by_url
        for each in _names(named, known)
        if (owner := owners.get(each.by_url or 0)) and _same(each.entry, owner)
    }
    # Sites that give the same articles new ids: there a new id says nothing.
    steady = not any(
        each.guid is not None and each.by_id is None and each.by_url in shown for each in doubted
    )
    proofs = sum(
        (owner := owners.get(each.by_id or 0)) is not None and _is_proven(each, owner, shown)
        for each in doubted
    )
    found: set[Alias] = set()
    for each in doubted:
        first, second = owners.get(each.by_id or 0), owners.get(each.by_url or 0)
        if first is not None and each.guid is not None:
            if _is_anothers_id(each, first, shown, proofs):
                found.add(Alias(AliasKind.SHARED, each.guid.key))
        elif second is not None and each.url is not None and second.source_id == source_id:
            new_id = each.guid is not None and steady and second.ids == 1
            new_place = each.guid is None and _places_differ(each.entry.url, second.url)
            if (new_id or new_place) and _is_another(each.entry, second):
                found.add(Alias(AliasKind.SHARED_URL, each.url.key))
    return found


def _is_anothers_id(each: _Named, owner: Owner, shown: Collection[int | None], proofs: int) -> bool:
    """Whether an entry is not the article that its id belongs to.

    Where that is proven of several entries, ids are places in the feed, and say nothing of the
    others. Else nothing but the title and the date can tell.
    """
    entry = each.entry
    if _is_proven(each, owner, shown):
        return True
    if not _has_another_title(entry, owner):
        return False
    if proofs >= _SEVERAL:
        return True
    no_word = _stems(entry.title).isdisjoint(_stems(owner.title))
    return each.by_url is None and no_word and _has_another_date(entry, owner)


def _is_proven(each: _Named, owner: Owner, shown: Collection[int | None]) -> bool:
    """Whether an entry's address and title are another article's, or the feed shows its own too."""
    named = owner.article_id if each.by_url is None else each.by_url
    return _has_another_title(each.entry, owner) and named in shown


def _is_another(entry: Entry, owner: Owner) -> bool:
    """Whether an entry has another title and another date than the article at its address."""
    return _has_another_title(entry, owner) and _has_another_date(entry, owner)


def _names(named: Iterable[Candidate], known: Mapping[Alias, int]) -> list[_Named]:
    found = []
    for candidate in named:
        guid = url = None
        for name in candidate.aliases:
            if name.kind is AliasKind.GUID and not name.key.startswith(_BY_TITLE):
                guid = name
            elif name.kind is AliasKind.URL:
                url = name
        by_id = known.get(guid) if guid else None
        by_url = known.get(url) if url else None
        found.append(_Named(candidate.entry, guid, url, by_id, by_url))
    return found


def _same(entry: Entry, owner: Owner) -> bool:
    return title_words(entry.title) == title_words(owner.title)


def _has_another_title(entry: Entry, owner: Owner) -> bool:
    """Whether the titles are no versions of one: cut short, announced as new, retouched."""
    one, other = set(title_words(entry.title)), set(title_words(owner.title))
    return not (one <= other or other <= one or is_retouched(entry.title, owner.title))


def _has_another_date(entry: Entry, owner: Owner) -> bool:
    return None not in {entry.published, owner.published} and entry.published != owner.published


def _places_differ(one: str | None, other: str) -> bool:
    first, second = urlsplit(one or "").fragment, urlsplit(other).fragment
    return bool(first and second) and first != second


def _stems(title: str) -> set[str]:
    """The words of a title that tell something, without their endings."""
    return {
        word[:_STEM]
        for word in title_words(title)
        if len(word) >= _SHORTEST or re.search(r"\d", word)
    }
