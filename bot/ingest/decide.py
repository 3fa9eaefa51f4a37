"""What a read means: which entries are new, what article each makes, when to look again. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from urllib.parse import urlsplit

from bot.addresses import names_private_host, normalise_url, picture_name
from bot.model import (
    Alias,
    AliasKind,
    Document,
    Entry,
    Extracted,
    Feed,
    NewArticle,
    Paragraph,
    Priority,
    Source,
    Span,
    shown_url,
)
from bot.waiting import growing

_TITLE_CHARS = 500
_NAME_BYTES = 1000
_LEAD_CHARS = 1000
_FULLER = 1.5  # the feed's own text is taken where it is this much longer than the page's
_LONGEST_PAUSE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry and the names by which its article may be known."""

    entry: Entry
    aliases: tuple[Alias, ...]


def candidates(feed: Feed) -> tuple[Candidate, ...]:
    """The feed's entries with their names, oldest first, each once.

    An entry is known by its id and by its address; without an id also by what an article's page
    called itself. An address that several entries with different
    ids share (some feeds link all to one page), or that is a site's front page, names nothing. An
    entry with neither is known by its title; one without even that says nothing and is left out.
    """
    ids_of: dict[str, set[str | None]] = {}
    for entry in feed.entries:
        if entry.url:
            ids_of.setdefault(normalise_url(entry.url), set()).add(entry.guid)
    shared = {url for url, ids in ids_of.items() if len(ids - {None}) > 1}
    found: dict[Alias, Candidate] = {}
    for entry in _oldest_first(feed.entries):
        aliases = tuple(_aliases(entry, shared))
        if aliases and not any(name in found for name in aliases):
            found.update(dict.fromkeys(aliases, Candidate(entry, aliases)))
    return tuple(dict.fromkeys(found.values()))


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
        unknown = tuple(name for name in candidate.aliases if name not in known)
        if owners and unknown:
            learnt[min(owners)] = (*learnt.get(min(owners), ()), *unknown)
    return learnt


def compose(
    candidate: Candidate,
    page: Extracted | None,
    content: Document,
    *,
    section: str,
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
        section: the title of the section that it belongs to.
        language: the feed's language, or None.
        allow_private: whether a picture may be on a private address.
    """
    entry = candidate.entry
    document = _fuller(page.document if page else Document(), content)
    lead = entry.lead or (page.lead if page else "")
    if page and page.lead and len(entry.lead) > _LEAD_CHARS:
        lead = page.lead
    image = (page.image if page else None) or entry.image
    if image and not allow_private and names_private_host(image):
        image = None
    url = entry.url or ""
    canonical = normalise_url(page.url) if page and page.url else None
    if page and page.url and canonical == normalise_url(url):
        url = page.url  # the same without what tracks people
    return NewArticle(
        aliases=candidate.aliases,
        extra=() if canonical is None else (Alias(AliasKind.CANONICAL, canonical),),
        section=section,
        url=url,
        title=(entry.title or (page.title if page else ""))[:_TITLE_CHARS],
        lead=lead[:_LEAD_CHARS],
        image=image,
        language=(page.language if page else None) or language,
        published=entry.published or (page.published if page else None),
        document=document if document.plain_text() else _of_lead(lead),
        seen=fingerprint(entry),
        has_page=page is not None and not page.reason,
        authors=(page.authors if page else ()) or entry.authors,
        updated=entry.updated or (page.updated if page else None),
    )


def fingerprint(entry: Entry) -> str:
    """What changes when the site corrects an entry's title, lead or picture.

    As in an article, what is beyond the bounds does not count, nor the size of a picture.
    """
    image = picture_name(entry.image) if entry.image else ""
    said = "\0".join([entry.title[:_TITLE_CHARS], entry.lead[:_LEAD_CHARS], image])
    return sha256(said.encode()).hexdigest()


def section_title(source: Source, feed: Feed) -> str:
    """The section of a source's articles: as the editor says, else as the feed calls itself."""
    return source.section or feed.title or urlsplit(source.url).hostname or shown_url(source.url)


def priority(title: str, breaking_words: Iterable[str]) -> Priority:
    """Whether an article is breaking news: its title begins with one of these words."""
    start = title.casefold().lstrip('⚡️❗‼🔴 «"“„([')
    for word in breaking_words:
        folded = word.casefold()
        after = start[len(folded) : len(folded) + 1]
        if folded and start.startswith(folded) and not after.isalnum():
            return Priority.BREAKING
    return Priority.NEWS


def next_read(
    now: datetime,
    poll_seconds: float,
    *,
    failures: int = 0,
    retry_after: float | None = None,
    jitter: float = 0.0,
) -> datetime:
    """When to look at a source again.

    Args:
        now: the moment of the read that just ended.
        poll_seconds: the pause after a read that went well.
        failures: reads that failed in a row, the last included; each doubles the pause, up to
            an hour (or ``poll_seconds``, where that is longer).
        retry_after: seconds that the site asked for; never less is waited.
        jitter: 0 to 1; after a failure up to a tenth is added, so that sources spread out.
    """
    pause = timedelta(seconds=poll_seconds)
    if failures:
        pause = growing(pause, failures - 1, max(_LONGEST_PAUSE, pause))
        pause *= 1 + jitter / 10
    return now + max(pause, timedelta(seconds=retry_after or 0))


def _aliases(entry: Entry, shared: Collection[str]) -> Iterator[Alias]:
    if entry.guid:
        yield Alias(AliasKind.GUID, _short(entry.guid))
    if entry.url:
        url = normalise_url(entry.url)
        front_page = not urlsplit(entry.url).path.strip("/") and not urlsplit(entry.url).query
        if url not in shared and not (front_page and entry.guid):
            yield Alias(AliasKind.URL, url)
            if not entry.guid:
                yield Alias(AliasKind.CANONICAL, url)
    elif not entry.guid and entry.title:
        yield Alias(AliasKind.GUID, _short(f"title:{entry.title}"))


def _short(name: str) -> str:
    """The name, or what stands for one that is too long for a database's index."""
    if len(name.encode()) <= _NAME_BYTES:
        return name
    return f"sha256:{sha256(name.encode()).hexdigest()}"


def _oldest_first(entries: tuple[Entry, ...]) -> list[Entry]:
    """By date where all have one; else the feed's order, which is newest first by custom."""
    reverse = list(reversed(entries))
    dates = [entry.published for entry in reverse if entry.published is not None]
    if len(dates) == len(reverse) and len(Counter(dates)) > 1:
        order = dict(zip(map(id, reverse), dates, strict=True))
        return sorted(reverse, key=lambda entry: order[id(entry)])
    return reverse


def _fuller(page: Document, content: Document) -> Document:
    here, there = len(page.plain_text()), len(content.plain_text())
    return content if there > here * _FULLER else page


def _of_lead(lead: str) -> Document:
    return Document((Paragraph((Span(lead),)),)) if lead else Document()
