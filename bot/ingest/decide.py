"""What a read means: which entries are new, and what article each makes. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from urllib.parse import urlsplit

from bot.addresses import names_private_host, normalise_url, picture_name
from bot.ingest.about.leads import whole_lead
from bot.ingest.markup.cut import without_cut
from bot.ingest.markup.dom import words
from bot.ingest.markup.fields import hashed
from bot.ingest.markup.inline import plain
from bot.ingest.sameness.likeness import squeezed, without_counters
from bot.ingest.sameness.nearness import sketch, title_words
from bot.ingest.sameness.tails import id_host, id_tail
from bot.model import (
    Alias,
    AliasKind,
    Document,
    Entry,
    Extracted,
    Feed,
    Heading,
    Image,
    NewArticle,
    Paragraph,
    Priority,
    Span,
)

TITLE_CHARS = 500
_NAME_BYTES = 1000
LEAD_CHARS = 1000
FULLER = 1.5  # times as long as the other: then the second best of two texts is the better one
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


def compose(
    candidate: Candidate,
    page: Extracted | None,
    content: Document,
    *,
    section: tuple[str, ...],
    language: str | None,
    allow_private: bool,
) -> NewArticle:
    """The article that an entry, its page (None where it failed) and its own content make.

    What the page calls itself is no name of the article's own, nor its link: there are sites where
    every page names the list of all news.

    Args:
        candidate: the entry.
        page: what the article's page says.
        content: the feed's own content as a document; may be empty.
        section: the path to the section that it belongs to.
        language: the feed's language, or None.
        allow_private: whether a picture may be on a private address.
    """
    entry = candidate.entry
    title = _whole_title(entry.title, page.title if page else "")[:TITLE_CHARS]
    content = _without_title(content, title)
    document = _fuller(page.document if page else Document(), content)
    lead = entry.lead or (page.lead if page else "")
    if page and page.lead and len(entry.lead) > LEAD_CHARS:
        lead = page.lead
    lead = whole_lead(lead, document, LEAD_CHARS)
    image = (page.image if page else None) or entry.image
    if image and not allow_private and names_private_host(image):
        image = None
    url = entry.url or ""
    canonical = normalise_url(page.url) if page and page.url else None
    if page and page.url and canonical == normalise_url(url):
        url = page.url  # the same without what tracks people
    body = document if document.plain_text() else _of_lead(lead)
    published = entry.published or (page.published if page else None) or entry.date_hint
    return NewArticle(
        aliases=candidate.aliases,
        extra=(
            *candidate.extra,
            *([] if canonical is None else [Alias(AliasKind.CANONICAL, canonical)]),
        ),
        section=section,
        url=url,
        title=title,
        lead=lead[:LEAD_CHARS],
        image=image,
        language=(page.language if page else None) or language,
        published=published or (page.guessed if page else None),
        document=body,
        seen=fingerprint(entry),
        has_page=page is not None and not page.reason,
        spoke_at=spoke_at(entry),
        sketch=sketch(body.plain_text(), lead),
        authors=(page.authors if page else ()) or entry.authors,
        updated=entry.updated or (page.updated if page else None),
        guessed=published is None,
    )


def _whole_title(shown: str, own: str) -> str:
    """An entry's title, or the page's own where a list has cut it short."""
    stem = without_cut(shown)
    if stem != shown and len(own) > len(stem) and own.startswith(stem):
        return own
    return shown or own


def fingerprint(entry: Entry) -> str:
    """What changes when the site corrects an entry's title, lead or picture.

    As in an article, what is beyond the bounds does not count, nor white space, nor the size and
    the host of a picture, nor what a lead counts.
    """
    image = picture_name(entry.image) if entry.image else ""
    lead = without_counters(squeezed(entry.lead[:LEAD_CHARS]))
    said = "\0".join([squeezed(entry.title[:TITLE_CHARS]), lead, image])
    return sha256(said.encode()).hexdigest()


def spoke_at(entry: Entry) -> datetime | None:
    """The newest moment that an entry names: sites move either date when they edit."""
    moments = [moment for moment in (entry.published, entry.updated) if moment is not None]
    return max(moments, default=None)


def priority(title: str, breaking_words: Iterable[str]) -> Priority:
    """Whether an article is breaking news: its title begins with one of these words."""
    start = title.casefold().lstrip('⚡️❗‼🔴 «"“„([')
    for word in breaking_words:
        folded = word.casefold()
        after = start[len(folded) : len(folded) + 1]
        if folded and start.startswith(folded) and not after.isalnum():
            return Priority.BREAKING
    return Priority.NEWS


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


def _without_title(content: Document, title: str) -> Document:
    """What a feed says of an article without the heading that repeats its title; pages are read so.

    Pictures may stand before it.
    """
    blocks = content.blocks
    at = next((at for at, block in enumerate(blocks) if not isinstance(block, Image)), None)
    if at is None or not isinstance(block := blocks[at], Heading):
        return content
    if words(plain(block.spans)) != words(title):
        return content
    return Document(blocks[:at] + blocks[at + 1 :])


def _fuller(page: Document, content: Document) -> Document:
    here, there = len(page.plain_text()), len(content.plain_text())
    return content if there > here * FULLER else page


def _of_lead(lead: str) -> Document:
    return Document((Paragraph((Span(lead),)),)) if lead else Document()
