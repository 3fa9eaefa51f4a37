"""Tables: rows of cells where the table holds data; a table that only lays out a page is told."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from bot.ingest.markup.dom import Node, attribute, tag_of, text_of
from bot.model import Spans, Table

_COUNT = re.compile(r"[0-9]{1,6}")
MAX_COLUMNS = 50
MAX_ROWS = 1000
_LONG_CELL = 500  # characters; a cell with more of them, or with headings, holds a text
_STORY_TAGS = ("h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "figure", "table", "article")


def is_data_table(table: Node) -> bool:
    """Whether a table relates its cells to each other, rather than placing parts of a page."""
    if attribute(table, "role").lower() in {"presentation", "none"}:
        return False
    if next((node for node in table.iter(*_STORY_TAGS) if node is not table), None) is not None:
        return False
    rows = list(_rows(table))
    if max((len(_cells(row)) for row in rows), default=0) < 2:  # noqa: PLR2004 - one column is a list
        return False
    if len(rows) < 2 and table.find(".//th") is None:  # noqa: PLR2004 - one row relates nothing
        return False
    return all(len(text_of(cell, _LONG_CELL + 1)) <= _LONG_CELL for row in rows for cell in row)


def read_table(table: Node, read: Callable[[Node], Spans]) -> Table | None:
    """The table's block, or None where all its cells are empty.

    Args:
        table: an element for which ``is_data_table`` holds.
        read: gives the running text of a cell or a caption.
    """
    rows: list[tuple[Spans, ...]] = []
    reaching: dict[int, int] = {}  # column → how many more rows a cell above reaches down
    header = False
    for row in _rows(table):
        cells = _cells(row)
        line = _line(cells, reaching, read)
        if not any(line):
            continue
        if not rows:
            header = all(tag_of(cell) == "th" for cell in cells) or _in_head(row)
        rows.append(tuple(line))
    if not rows:
        return None
    width = max(len(line) for line in rows)
    caption = table.find("caption")
    return Table(
        rows=tuple(line + ((),) * (width - len(line)) for line in rows),
        header=header and len(rows) > 1,
        caption=read(caption) if caption is not None else (),
    )


def _rows(table: Node) -> Iterator[Node]:
    for number, row in enumerate(table.iter("tr")):
        if number == MAX_ROWS:
            return
        yield row


def _cells(row: Node) -> list[Node]:
    return [cell for cell in row if tag_of(cell) in {"td", "th"}][:MAX_COLUMNS]


def _line(
    cells: list[Node], reaching: dict[int, int], read: Callable[[Node], Spans]
) -> list[Spans]:
    """One row with an empty cell wherever a neighbour spreads over several places."""
    line: list[Spans] = []

    def skip_taken() -> None:
        while reaching.get(len(line), 0) > 0 and len(line) < MAX_COLUMNS:
            reaching[len(line)] -= 1
            line.append(())

    for cell in cells:
        skip_taken()
        down = _span(cell, "rowspan", MAX_ROWS) - 1
        for place in range(min(_span(cell, "colspan", MAX_COLUMNS), MAX_COLUMNS - len(line))):
            reaching[len(line)] = down
            line.append(read(cell) if place == 0 else ())
    skip_taken()
    return line


def _span(cell: Node, name: str, limit: int) -> int:
    value = attribute(cell, name)
    return min(max(int(value), 1), limit) if _COUNT.fullmatch(value) else 1


def _in_head(row: Node) -> bool:
    parent = row.getparent()
    return parent is not None and tag_of(parent) == "thead"
