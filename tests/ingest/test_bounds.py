from __future__ import annotations

import pytest

from bot.ingest.bounds import MAX_CHARS, MAX_SPANS, bounded
from bot.model import (
    Aside,
    Block,
    Contacts,
    Document,
    Heading,
    Image,
    List,
    ListItem,
    Paragraph,
    Preformatted,
    Quote,
    Span,
    Spans,
    Style,
    Table,
)

WORD = (Span("слово "),)
MANY: tuple[Spans, ...] = (WORD,) * (MAX_SPANS + 5000)
LONG = (Span("длинно " * MAX_CHARS),)


def test_an_ordinary_document_stays_itself() -> None:
    document = Document((Heading(WORD), Paragraph(WORD), Image("https://i.example/a.png")))
    assert bounded(document) == (document, 0)
    assert bounded(document)[0] is document


@pytest.mark.parametrize(
    "block",
    [
        Paragraph(LONG),
        Paragraph(tuple(Span("слово", frozenset({style})) for style in Style) * 5000),
        Quote(MANY, WORD),
        Quote((LONG,)),
        List(tuple(map(ListItem, MANY))),
        Table((MANY,)),
        Table(((WORD, ()),) * MAX_SPANS, caption=LONG),
        Table((*((),) * MAX_CHARS, (LONG,))),
        Image("https://i.example/a.png", LONG),
        Aside("Справка", MANY),
        Contacts("Кому звонить", MANY),
        Preformatted("x" * (MAX_CHARS + 1)),
    ],
    ids=lambda block: block.kind,
)
def test_any_block_is_cut(block: Block) -> None:
    """Rendering a page of millions of characters once held up all readers for seconds."""
    whole = Document((Paragraph(WORD), block, Paragraph(LONG)))
    kept, dropped = bounded(whole)
    sizes = [sum(len(span.text) for spans in d.spans() for span in spans) for d in (whole, kept)]
    assert sizes[1] <= MAX_CHARS
    assert sizes[0] - sizes[1] == dropped > 0
    assert sum(map(len, kept.spans())) <= MAX_SPANS
    assert kept.blocks[0] == Paragraph(WORD)
    assert whole.plain_text().replace("\n", "").startswith(kept.plain_text().replace("\n", "")[:99])
    again, more = bounded(kept)
    assert more == 0
    assert again.plain_text() == kept.plain_text()


def test_pictures_and_empty_cells_count_too() -> None:
    pictures = Document((Image("https://i.example/a.png"),) * 100_000)
    assert len(bounded(pictures)[0].blocks) <= MAX_SPANS
    (table,) = bounded(Document((Table((((),) * 100_000,)),)))[0].blocks
    assert isinstance(table, Table)
    assert len(table.rows[0]) <= MAX_SPANS
