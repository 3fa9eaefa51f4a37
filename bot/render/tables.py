"""Tables: a narrow one keeps its columns, another is told row by row."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from itertools import zip_longest

import regex

from bot.model import EntityKind, Table
from bot.render.flow import Part, Seam
from bot.render.inline import inline
from bot.render.runs import Mark, Run

_COLUMNS = 34  # what a phone shows of monospaced text without wrapping
_BETWEEN = "  "
_NUMBER = regex.compile(r"[-−+]?[\d\s.,:%‰₽$€]*\d[\d\s.,:%‰₽$€]*|[—–-]?")

Cells = tuple[tuple[Run, ...], ...]


def table_parts(table: Table) -> Iterator[Part]:
    """The caption, then rows in columns, or rows as «header: cell» lines."""
    caption = inline(table.caption, EntityKind.BOLD)
    if caption:
        yield Part(caption, Seam.KEEP, "\n")
    rows = [tuple(inline(cell) for cell in row) for row in table.rows]
    rows = [row for row in rows if any(row)]
    grid = _grid(rows)
    if grid:
        yield from _columns(grid, header=table.header)
    else:
        yield from _told(rows, header=table.header)


def _grid(rows: Sequence[Cells]) -> list[list[str]]:
    """The rows as strings of equal count, empty where columns would not do them justice."""
    count = max(map(len, rows), default=0)
    links = any(run.mark.url for row in rows for cell in row for run in cell)
    if links or count <= 1:
        return []
    grid = [["".join(run.text for run in cell).replace("\n", " ") for cell in row] for row in rows]
    grid = [row + [""] * (count - len(row)) for row in grid]
    total = sum(max(map(_width, column)) for column in zip(*grid, strict=True))
    return grid if total + len(_BETWEEN) * (count - 1) <= _COLUMNS else []


def _columns(grid: Sequence[Sequence[str]], *, header: bool) -> Iterator[Part]:
    """Rows of aligned cells, numbers to the right, a rule below the header."""
    columns = list(zip(*grid, strict=True))
    widths = [max(map(_width, column)) for column in columns]
    body = columns if not header else [column[1:] for column in columns]
    right = [all(map(_NUMBER.fullmatch, column)) for column in body]
    lines = []
    for row in grid:
        cells = []
        for cell, width, to_right in zip(row, widths, right, strict=True):
            padding = " " * (width - _width(cell))
            cells.append(padding + cell if to_right else cell + padding)
        lines.append(_BETWEEN.join(cells).rstrip())
    if header and len(lines) > 1:
        rule = "─" * (sum(widths) + len(_BETWEEN) * (len(widths) - 1))
        lines[:2] = [f"{lines[0]}\n{rule}\n{lines[1]}"]
    for line in lines:
        yield Part((Run(line, Mark(atom=EntityKind.PRE)),), Seam.PART, "\n", lines=Seam.KEEP)


def _told(rows: Sequence[Cells], *, header: bool) -> Iterator[Part]:
    """A few lines for each row, every cell behind its column's name; the first line is bold."""
    names = rows[0] if header and len(rows) > 1 else ()
    between = Run("\n" if names else " · ")
    for row in rows[1:] if names else rows:
        runs: list[Run] = []
        for name, cell in zip_longest(names, row, fillvalue=()):
            if cell:
                line = (*name, Run(": "), *cell) if name else cell
                runs += (between, *line) if runs else _bold(line) if names else line
        yield Part(tuple(runs), Seam.PART, "\n\n" if names else "\n", lines=Seam.INTRO)


def _bold(runs: Sequence[Run]) -> Iterator[Run]:
    return (Run(run.text, run.mark.within(EntityKind.BOLD)) for run in runs)


def _width(text: str) -> int:
    """How many columns monospaced ``text`` takes, as well as one can know without the font."""
    return sum(
        0
        if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf")
        else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )
