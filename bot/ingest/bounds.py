"""How much of a document is kept, so that showing it cannot hold up everything else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bot.model import (
    Aside,
    Block,
    Contacts,
    Divider,
    Document,
    Heading,
    Image,
    List,
    Paragraph,
    Preformatted,
    Quote,
    Span,
    Spans,
    Table,
)

MAX_CHARS = 400_000  # a novel; the longest reports of newspapers have a tenth
MAX_SPANS = 20_000


def bounded(document: Document) -> tuple[Document, int]:
    """A document's beginning of at most 400,000 characters in 20,000 spans.

    Blocks, empty cells and pictures count as spans too.

    Returns:
        What is kept, the document itself where that is all, and how many characters are not.
    """
    size = sum(map(_chars, document.spans()))
    spans = len(document.blocks) + sum(map(_count, document.spans()))
    if size <= MAX_CHARS and spans <= MAX_SPANS:
        return document, 0
    left = _Left()
    blocks = []
    for block in document.blocks:
        left.spans -= 1
        if left.nothing:
            break
        blocks.append(_begun(block, left))
    kept = Document(tuple(blocks))
    return kept, size - sum(map(_chars, kept.spans()))


class _Left:
    """What may still be kept."""

    def __init__(self) -> None:
        self.chars = MAX_CHARS
        self.spans = MAX_SPANS

    @property
    def nothing(self) -> bool:
        return self.chars <= 0 or self.spans <= 0

    def of(self, spans: Spans) -> Spans:
        kept = []
        self.spans -= not spans
        for span in spans:
            if self.nothing:
                break
            kept.append(replace(span, text=self.text(span.text)))
            self.spans -= 1
        return tuple(kept)

    def text(self, text: str) -> str:
        text = text[: max(self.chars, 0)]
        self.chars -= len(text)
        return text

    def all_of(self, runs: Iterable[Spans]) -> tuple[Spans, ...]:
        kept = []
        for spans in runs:
            if self.nothing:
                break
            kept.append(self.of(spans))
        return tuple(kept)


def _begun(block: Block, left: _Left) -> Block:
    """As much of a block as may be kept, in its reading order."""
    match block:
        case Paragraph() | Heading():
            cut: Block = replace(block, spans=left.of(block.spans))
        case Quote():
            words = left.all_of(block.paragraphs)
            cut = replace(block, paragraphs=words, attribution=left.of(block.attribution))
        case List():
            texts = left.all_of(item.spans for item in block.items)
            items = zip(block.items, texts, strict=False)
            cut = replace(block, items=tuple(replace(item, spans=text) for item, text in items))
        case Table():
            caption = left.of(block.caption)
            rows = (left.all_of(row) for row in block.rows)
            cut = replace(block, caption=caption, rows=tuple(row for row in rows if row))
        case Image():
            cut = replace(block, caption=left.of(block.caption))
        case Aside():
            title = left.text(block.title)
            cut = replace(block, title=title, paragraphs=left.all_of(block.paragraphs))
        case Contacts():
            title = left.text(block.title)
            cut = replace(block, title=title, lines=left.all_of(block.lines))
        case Preformatted():
            cut = replace(block, text=left.text(block.text))
        case Divider():
            cut = block
    return cut


def _chars(spans: Iterable[Span]) -> int:
    return sum(len(span.text) for span in spans)


def _count(spans: Spans) -> int:
    return len(spans) or 1
