"""A block with its place on the page, and what several of them make together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from bot.addresses import picture_name
from bot.ingest.article.quotes import without_dash
from bot.ingest.markup.boilerplate import Suspicion
from bot.ingest.markup.dom import Node
from bot.ingest.markup.inline import join_lines, trim
from bot.model import (
    Aside,
    Block,
    Contacts,
    Divider,
    Document,
    Heading,
    Image,
    List,
    ListItem,
    Paragraph,
    Preformatted,
    Quote,
    Spans,
    Table,
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A block and where on the page it stands.

    Attributes:
        node: the block-level element it was read from.
        suspects: the elements around it that look like something beside the article.
        away: for a picture, whether a press on it leaves the site.
    """

    block: Block
    node: Node
    suspects: tuple[tuple[Node, Suspicion], ...]
    away: bool = False


def spans_of(block: Block) -> list[Spans]:
    """The runs of text of one block."""
    return [spans for spans in Document((block,)).spans() if spans]


def with_links(block: Block, resolve: Callable[[str], str | None]) -> Block:
    """The block with its links as full addresses; those that lead nowhere become plain text."""

    def of(spans: Spans) -> Spans:
        if all(span.link is None for span in spans):
            return spans
        return trim(replace(span, link=span.link and resolve(span.link)) for span in spans)

    match block:
        case Paragraph() | Heading():
            changed: Block = replace(block, spans=of(block.spans))
        case Quote():
            words = tuple(map(of, block.paragraphs))
            changed = replace(block, paragraphs=words, attribution=of(block.attribution))
        case List():
            items = tuple(replace(item, spans=of(item.spans)) for item in block.items)
            changed = replace(block, items=items)
        case Table():
            rows = tuple(tuple(map(of, row)) for row in block.rows)
            changed = replace(block, rows=rows, caption=of(block.caption))
        case Image():
            changed = replace(block, caption=of(block.caption))
        case Aside():
            changed = replace(block, paragraphs=tuple(map(of, block.paragraphs)))
        case Contacts():
            changed = replace(block, lines=tuple(map(of, block.lines)))
        case Preformatted() | Divider():
            changed = block
    return changed


def parted(pieces: Iterable[Piece]) -> tuple[list[Spans], list[Piece]]:
    """The runs of text in some pieces, and the pieces that are no text."""
    texts: list[Spans] = []
    others: list[Piece] = []
    for piece in pieces:
        if isinstance(piece.block, Image):
            others.append(piece)
        else:
            texts += spans_of(piece.block)
    return texts, others


def once(pieces: Iterable[Piece]) -> list[Piece]:
    """The pictures of a figure, each once though it may stand there for readers without scripts."""
    images: dict[str, Piece] = {}
    for piece in pieces:
        if isinstance(piece.block, Image):
            images.setdefault(picture_name(piece.block.url), piece)
    return list(images.values())


def list_items(groups: Iterable[Iterable[Piece]]) -> list[ListItem]:
    """The items of a list; a list inside an item follows it one level deeper."""
    items: list[ListItem] = []
    for group in groups:
        texts: list[Spans] = []
        for piece in group:
            if isinstance(piece.block, List):
                items += [ListItem(join_lines(texts))] if texts else []
                items += [replace(item, depth=item.depth + 1) for item in piece.block.items]
                texts = []
            elif not isinstance(piece.block, Image | Preformatted):
                texts += spans_of(piece.block)
        items += [ListItem(join_lines(texts))] if texts else []
    return items


def takes_caption(piece: Piece) -> bool:
    """Whether a caption may belong to this piece."""
    return isinstance(piece.block, Image | Table | Quote)


def captioned(block: Block, caption: Spans) -> Block:
    """The block with a caption, unless it has one already."""
    match block:
        case Image() | Table():
            return block if block.caption else replace(block, caption=caption)
        case Quote():
            return block if block.attribution else replace(block, attribution=without_dash(caption))
        case _:
            return block
