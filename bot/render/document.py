"""A document becomes one text with marks and places to end a page: how each block looks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import regex

from bot.model import (
    Aside,
    Block,
    Contacts,
    Divider,
    Document,
    EntityKind,
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
from bot.render.flow import Flow, Part, Seam, flow
from bot.render.inline import inline
from bot.render.runs import PLAIN, Mark, Run, merged
from bot.render.tables import table_parts
from bot.render.text import clean, is_blank, is_linkable

_INDENT = "\u2003"
_BULLETS = ("• ", "◦ ")
_PICTURE = "🖼"
_PAUSE = f"{_INDENT * 4}·{_INDENT}·{_INDENT}·"
_LONG_ASIDE = 600  # code points; a longer note is shown folded
_DASHES = ("—", "–", "-")
_TOP_LEVEL = 2
_DEEPEST = 4  # deeper items are set in no further: a phone is narrow
_BREAKS = regex.compile(r"\n+")
_BLANK_LINES = regex.compile(r"\n(?: *\n){2,}")


@dataclass(frozen=True, slots=True)
class Labels:
    """The words that a rendering adds, in the reader's language.

    Attributes:
        picture: stands for a picture with neither caption nor alternative text.
    """

    picture: str


def render(document: Document, labels: Labels) -> Flow:
    """The whole body as one text, ready for ``pages``; blocks with nothing to see are left out."""
    parts: list[Part] = []
    pause: list[Part] = []
    for block in document.blocks:
        if isinstance(block, Divider):  # shown only between two things that are
            pause = [Part((Run(_PAUSE),))] if parts else []
            continue
        shown = [part for part in _parts(block, labels) if part.runs]
        if shown:
            parts += pause
            parts += shown[:-1]
            parts.append(_closed(shown[-1], block))
            pause = []
    return flow(parts)


def _closed(part: Part, block: Block) -> Part:
    """The last part of a block, with what follows a block of its kind."""
    if isinstance(block, Heading):
        return replace(part, seam=Seam.KEEP, gap="\n")
    announces = isinstance(block, Paragraph) and part.runs[-1].text.endswith(":")
    return replace(part, seam=Seam.INTRO if announces else Seam.BLOCK, gap="\n\n")


def _parts(block: Block, labels: Labels) -> Iterator[Part]:
    """What one block shows, in parts between which a page may end."""
    match block:
        case Paragraph():
            yield Part(inline(block.spans))
        case Heading():
            yield _heading(block)
        case Quote():
            yield from _quote(block)
        case List():
            yield from _items(block)
        case Image():
            yield Part(_picture(block, labels))
        case Table():
            yield from table_parts(block)
        case Preformatted():
            yield Part(_verbatim(block.text))
        case Aside():
            yield from _aside(block)
        case Contacts():
            yield from _titled(block.title, block.lines, gap="\n")
        case Divider():
            pass


def _heading(block: Heading) -> Part:
    """Bold, below the second level in italic too; always on one line."""
    kinds = {EntityKind.BOLD} if block.level <= _TOP_LEVEL else {EntityKind.BOLD, EntityKind.ITALIC}
    return Part(_one_line(inline(block.spans, *kinds)), lines=Seam.KEEP)


def _one_line(runs: tuple[Run, ...]) -> tuple[Run, ...]:
    return tuple(Run(_BREAKS.sub(" ", run.text), run.mark) for run in runs)


def _quote(block: Quote) -> Iterator[Part]:
    """The words in a quote, and below them who said them."""
    mark = Mark(quote=EntityKind.QUOTE)
    words = [runs for spans in block.paragraphs if (runs := inline(spans, within=mark))]
    said_by = _one_line(inline(block.attribution, EntityKind.ITALIC, within=mark))
    for number, runs in enumerate(words, 1):
        last = number == len(words)
        # The name stays with the last words.
        yield Part(runs, Seam.NAME, "\n") if last and said_by else Part(runs, Seam.PART)
    if said_by:
        dash = "" if said_by[0].text.startswith(_DASHES) else "— "
        italic = mark.within(EntityKind.ITALIC)
        yield Part(merged((Run(dash, italic), *said_by)))


def _items(block: List) -> Iterator[Part]:
    """A line for each item, set in by its depth; numbers begin anew in each nested list."""
    numbers: list[int] = []
    for item in block.items:
        runs = inline(item.spans)
        if not runs:
            continue
        depth = min(max(0, item.depth), _DEEPEST)
        numbers = numbers[: depth + 1] + [block.start - 1] * (depth + 1 - len(numbers))
        numbers[depth] += 1
        bullet = f"{numbers[depth]}. " if block.ordered else _BULLETS[depth % len(_BULLETS)]
        yield Part(merged((Run(_INDENT * depth + bullet), *runs)), Seam.PART, "\n")


def _picture(block: Image, labels: Labels) -> tuple[Run, ...]:
    """One line that leads to the picture; where the caption has its own links, its sign does."""
    mark = PLAIN.within(EntityKind.LINK, block.url) if is_linkable(block.url) else PLAIN
    caption = _one_line(inline(block.caption))
    if any(run.mark.url for run in caption):
        return merged((Run(f"{_PICTURE} {clean(labels.picture)}", mark), Run(": "), *caption))
    words = (
        _one_line(inline(block.caption, within=mark))
        or _one_line(inline((Span(block.alt),), within=mark))
        or inline((Span(labels.picture),), within=mark)
    )
    return merged((Run(f"{_PICTURE} ", mark), *words))


def _verbatim(text: str) -> tuple[Run, ...]:
    """Lines as they are; of several blank ones, one is kept."""
    text = _BLANK_LINES.sub("\n\n", clean(text.expandtabs(4))).strip("\n").rstrip()
    return () if is_blank(text) else (Run(text, Mark(atom=EntityKind.PRE)),)


def _aside(block: Aside) -> Iterator[Part]:
    """A quote with a bold title, folded where it is long."""
    size = sum(len(span.text) for spans in block.paragraphs for span in spans)
    kind = EntityKind.EXPANDABLE_QUOTE if size > _LONG_ASIDE else EntityKind.QUOTE
    yield from _titled(block.title, block.paragraphs, Mark(quote=kind))


def _titled(
    title: str, lines: Iterable[Spans], mark: Mark = PLAIN, gap: str = "\n\n"
) -> Iterator[Part]:
    """A bold title, and lines that do not part from it."""
    heading = _one_line(inline((Span(title),), EntityKind.BOLD, within=mark))
    yield Part(heading, Seam.KEEP, "\n")
    for spans in lines:
        yield Part(inline(spans, within=mark), Seam.PART, gap)
