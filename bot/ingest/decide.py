"""What article an entry makes, with its page and its content. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256

from bot.addresses import names_private_host, normalise_url, picture_name
from bot.ingest.about.leads import whole_lead
from bot.ingest.markup.cut import without_cut
from bot.ingest.markup.dom import words
from bot.ingest.markup.inline import plain
from bot.ingest.naming import Candidate
from bot.ingest.sameness.likeness import squeezed, without_counters
from bot.ingest.sameness.nearness import sketch
from bot.model import (
    Alias,
    AliasKind,
    Document,
    Entry,
    Extracted,
    Heading,
    Image,
    NewArticle,
    Paragraph,
    Priority,
    Span,
)

TITLE_CHARS = 500
LEAD_CHARS = 1000
FULLER = 1.5  # times as long as the other: then the second best of two texts is the better one


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
