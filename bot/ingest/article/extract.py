"""From an article's page, or from the content of a feed's entry, to a ``Document``."""

from __future__ import annotations

import html as entities
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice

from bot.errors import ExtractError, NoArticleError
from bot.ingest.about.days import told_day
from bot.ingest.about.leads import lead_of_article, whole_lead
from bot.ingest.about.metadata import Metadata, read_metadata
from bot.ingest.article.anchor import LARGE, Ground, densest, judge, missed
from bot.ingest.article.blocks import read_pieces, resolve_link
from bot.ingest.article.ending import beyond
from bot.ingest.article.kept import KeptText, kept_text
from bot.ingest.article.notes import with_notes
from bot.ingest.article.phones import all_with_phones, region_of
from bot.ingest.article.pieces import Piece, with_links
from bot.ingest.article.selection import choose, choose_fragment, repeats_title
from bot.ingest.article.shortcodes import without_shortcodes
from bot.ingest.listing.selectors import article_parts, drop
from bot.ingest.markup.binaries import binary_kind
from bot.ingest.markup.boilerplate import certain, mail_forms
from bot.ingest.markup.charset import decode
from bot.ingest.markup.discovery import page_base
from bot.ingest.markup.dom import Node, parse_page, words
from bot.ingest.markup.inline import clean, plain, trim
from bot.ingest.markup.pictures import same_picture
from bot.model import (
    Block,
    Contacts,
    Document,
    Extracted,
    Heading,
    Image,
    Paragraph,
    Selectors,
    Span,
    Style,
)

_HIGHEST = 2  # level of the highest heading inside an article
_LONGEST_LEAD = 1000  # characters of one that is completed
_SHORTEST = 20  # characters; less is no article where nobody says that it is one
_TOLD = 250  # characters; less is no article that only a script or the extraction knows of
_WHOLE = 2  # times as long as what the page shows: then that is but a part
_LIGHT_BYTES = 2_000_000  # of a page that could not be read in the usual way
_LIGHT_CHARS = 1_000_000
_LIGHT_TAGS = 15_000  # closing ones among them
_CARD_CHARS = 300_000
_OPENING = re.compile("<")
_BODY = re.compile(r"<body[\s>]", re.IGNORECASE)
_MARKUP = re.compile(r"<[a-zA-Z/!][^>]*>")
_PARAGRAPHS = re.compile(r"\n\s*\n|\r\n\s*\r\n")
# "Photo: somebody" tells whose picture it is, which without the picture says nothing.
_CREDIT = re.compile(
    r"(?:фото|photo|изображение|иллюстрация|image|credit|©)[^.!?]{,120}", re.IGNORECASE
)


def extract_article(
    content: bytes,
    content_type: str | None,
    url: str,
    selectors: Selectors | None = None,
    *,
    now: datetime | None = None,
    light: bool = False,
    dated: bool = False,
) -> Extracted:
    """The article that a page shows, with what the page says about it.

    Args:
        content: the page as it was fetched.
        content_type: the ``Content-Type`` that came with it, or None.
        url: where it was fetched from; relative addresses are resolved against it.
        selectors: what on the page is the article and what is not, or None to find it unasked.
        now: the moment that "today" is told from, in the zone of dates that name none; None for
            the present in UTC.
        light: read its beginning only, and take for the article what stands where most running
            text is. That is right less often, but takes a fraction of the time.
        dated: it is known already when the article was published: its day is not guessed.

    Raises:
        ExtractError: no article is found, or the page is too large or too deep to be read.
    """
    _refuse_binary(content, content_type)
    try:
        if light:
            html = _beginning(decode(content[:_LIGHT_BYTES], content_type))
        else:
            html = decode(content, content_type)
        now = now or datetime.now(UTC)
        guess = not (light or dated)
        return _extract(html, url, selectors or Selectors(), now, light=light, guess=guess)
    except RecursionError as error:  # many levels inside a few elements, as lists in lists
        raise ExtractError("The page nests its elements too deep.") from error


def extract_card(
    content: bytes, content_type: str | None, url: str, now: datetime | None = None
) -> Extracted:
    """What the head of a page says about its article, without the article.

    Raises:
        ExtractError: it does not even name a title.
    """
    _refuse_binary(content, content_type)
    html = _beginning(decode(content[:_LIGHT_BYTES], content_type))[:_CARD_CHARS]
    end = _BODY.search(html)
    root = parse_page(html[: end.start()] if end else html)
    metadata = read_metadata(root, page_base(root, url), now or datetime.now(UTC))
    if not metadata.title:
        raise ExtractError("The page says nothing about an article.")
    return _extracted(metadata, Document())


def _refuse_binary(content: bytes, content_type: str | None) -> None:
    if kind := binary_kind(content, content_type):
        raise ExtractError(f"This is {kind}, not a page.")


def document_from_html(html: str, base_url: str) -> Document:
    """The content of a feed's entry as blocks; all of it is the article.

    Scripts, counters, share rows and the like are left out. Text without any tags becomes a
    paragraph for each of its own. Empty content gives an empty document.

    Raises:
        ExtractError: the content is too large or too deep to be read.
    """
    if not html.strip():
        return Document()
    if not _MARKUP.search(html):
        return _plain_document(html)
    try:
        root = parse_page(f"<html><body>{without_shortcodes(html)}</body></html>")
        base_url = page_base(root, base_url)
        chosen = choose_fragment(judge(read_pieces(root, base_url, mail_forms(root)), None))
        return _document([one.piece for one in chosen], base_url, None)
    except RecursionError as error:
        raise ExtractError("The content nests its elements too deep.") from error


def _beginning(html: str) -> str:
    """So much of a page that it can be read in a fraction of a second."""
    tags = islice(_OPENING.finditer(html, 0, _LIGHT_CHARS), _LIGHT_TAGS, None)
    surplus = next(tags, None)
    if surplus is not None:
        return html[: surplus.start()]
    return html[:_LIGHT_CHARS]


def _extract(
    html: str, url: str, selectors: Selectors, now: datetime, *, light: bool, guess: bool
) -> Extracted:
    root = parse_page(without_shortcodes(html))
    nodes = list(root.iter())  # lxml makes each element's object anew unless somebody holds it
    base_url = page_base(root, url)
    metadata = read_metadata(root, base_url, now)
    drop(root, selectors)
    if parts := article_parts(root, selectors):
        pieces = _pointed_at(parts, base_url, metadata.title)
    else:
        pieces = _found(root, base_url, metadata, light=light)
    del nodes
    pieces = _without_cover(pieces, metadata.image)
    document = _document(pieces, base_url, metadata.language)
    if not parts:
        document = _with_data(document, metadata.body, base_url)
    # A page that calls itself an article may be as short as it likes.
    text = document.plain_text()
    if len(text) < (1 if metadata.declared else _SHORTEST):
        raise NoArticleError("The page shows no article text.")
    lead = lead_of_article(metadata.leads, metadata.title, text, metadata.site)
    lead = whole_lead(lead, document, _LONGEST_LEAD)
    found = _extracted(replace(metadata, lead=lead), document)
    if metadata.published is None and guess:
        return replace(found, guessed=told_day(root, base_url, metadata, now))
    return found


def _extracted(metadata: Metadata, document: Document) -> Extracted:
    return Extracted(
        url=metadata.url,
        title=metadata.title,
        lead=metadata.lead,
        sections=metadata.sections,
        image=metadata.image,
        language=metadata.language,
        published=metadata.published,
        updated=metadata.updated,
        document=document,
        authors=metadata.authors,
        declared=metadata.declared,
    )


def _found(root: Node, base_url: str, metadata: Metadata, *, light: bool) -> list[Piece]:
    """The pieces of a page that make its article."""
    kept = KeptText("") if light else kept_text(root)
    # What cannot be the article is not even walked: on many pages that is most of the page.
    beside = certain(root, LARGE * kept.size, kept.share, beyond(root, kept))
    judged = judge(read_pieces(root, base_url, beside), kept)
    if missed(judged):
        judged = densest(judged)
    ground = Ground(judged)
    chosen = [one.piece for one in choose(judged, ground, metadata.title, metadata.lead)]
    return chosen or list(_as_told(kept, root, metadata.title))


def _as_told(kept: KeptText, root: Node, title: str) -> Iterator[Piece]:
    """The text that the extraction found where the tree does not show it, as plain paragraphs.

    It may stand in a script's data, or inside a menu that the page never closes.
    """
    if kept.size >= _TOLD:
        for line in kept.paragraphs:
            if words(line) == words(title):
                continue
            yield Piece(Paragraph((Span(line),)), root, ())


def _with_data(document: Document, body: str, base_url: str) -> Document:
    """The article as the page's data give it, where what the page shows is but a part of it."""
    shown = len(document.plain_text())
    if len(body) < max(_TOLD, _WHOLE * shown):  # markup only makes it longer
        return document
    told = document_from_html(body, base_url)
    whole = len(told.plain_text())
    return told if whole >= max(_TOLD, _WHOLE * shown) else document


def _pointed_at(parts: Sequence[Node], base_url: str, title: str) -> list[Piece]:
    """The pieces of the elements that an editor calls the article, without its title.

    A heading of the highest level that begins the text is that, whatever the page calls itself.
    """
    read = [piece for part in parts for piece in read_pieces(part, base_url)]
    chosen = choose_fragment(judge(read, None))
    texts = (one for one in chosen if isinstance(one.piece.block, Heading | Paragraph))
    first = next(texts, None)
    if first and isinstance(first.piece.block, Heading) and first.piece.block.level == 1:
        chosen.remove(first)
    return [one.piece for one in chosen if not repeats_title(one, title)]


def _plain_document(text: str) -> Document:
    lines = (clean(entities.unescape(line)) for line in _PARAGRAPHS.split(text))
    return Document(tuple(Paragraph((Span(line),)) for line in lines if line))


def _document(pieces: Sequence[Piece], base_url: str, language: str | None) -> Document:
    """The chosen pieces with their notes gathered, links resolved, and headings from level two."""

    def finished(block: Block) -> Block:
        block = with_links(block, lambda href: resolve_link(href, base_url))
        if isinstance(block, Heading) and block.level < _HIGHEST:
            return replace(block, level=_HIGHEST)
        return block

    blocks = [finished(block) for block in with_notes(pieces)]
    contacts = (block for block in blocks if isinstance(block, Contacts))
    dialled = all_with_phones(contacts, region_of(base_url, language))
    return Document(
        tuple(next(dialled) if isinstance(block, Contacts) else block for block in blocks)
    )


def _without_cover(pieces: list[Piece], cover: str | None) -> list[Piece]:
    """The pieces without the cover as their first picture: it is shown above them anyway.

    What its caption tells stays, as a paragraph in italics.
    """
    at = next((at for at, piece in enumerate(pieces) if isinstance(piece.block, Image)), None)
    if at is None or cover is None:
        return pieces
    block = pieces[at].block
    if not isinstance(block, Image) or not same_picture(block.url, cover):
        return pieces
    if not block.caption or _CREDIT.fullmatch(plain(block.caption)):
        return pieces[:at] + pieces[at + 1 :]
    caption = trim(replace(span, styles=span.styles | {Style.ITALIC}) for span in block.caption)
    return [*pieces[:at], replace(pieces[at], block=Paragraph(caption)), *pieces[at + 1 :]]
