"""Characters with marks: the form in which text is composed before it becomes entities.

Telegram nests entities in one order only: a quote holds links, code and plain text; a link holds
styled text; code and preformatted text hold nothing. ``Mark`` can say nothing else, so whatever is
built from runs is accepted as it is, and counts as many entities as Telegram itself would count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from bot.model import Entity, EntityKind, Text

QUOTES = frozenset({EntityKind.QUOTE, EntityKind.EXPANDABLE_QUOTE})
STYLES = frozenset(
    {EntityKind.BOLD, EntityKind.ITALIC, EntityKind.UNDERLINE, EntityKind.STRIKE},
)
_VERBATIM = frozenset({EntityKind.CODE, EntityKind.PRE})
_ENTITY_BYTES = 20  # an entity on the wire: its kind, offset, length, flags and the url's length


@dataclass(frozen=True, slots=True)
class Mark:
    """How a run of characters is set apart.

    Attributes:
        quote: one of ``QUOTES``, or None.
        atom: LINK, CODE or PRE, or None; these exclude one another.
        url: where a LINK leads.
        styles: a part of ``STYLES``; empty inside CODE and PRE.
    """

    quote: EntityKind | None = None
    atom: EntityKind | None = None
    url: str | None = None
    styles: frozenset[EntityKind] = frozenset()

    def within(self, kind: EntityKind, url: str | None = None) -> Mark:
        """This mark inside one more entity; what cannot be nested stays as it was."""
        if kind in QUOTES:
            return self if self.quote else replace(self, quote=kind)
        if kind in STYLES:
            return self if self.atom in _VERBATIM else replace(self, styles=self.styles | {kind})
        if self.atom:
            return self
        return Mark(self.quote, kind, url, frozenset() if kind in _VERBATIM else self.styles)


PLAIN = Mark()


@dataclass(frozen=True, slots=True)
class Run:
    """Characters that share one mark."""

    text: str
    mark: Mark = PLAIN


def utf16_len(text: str) -> int:
    """The length of ``text`` in UTF-16 code units, in which Telegram counts offsets."""
    return len(text) + sum(character > "\uffff" for character in text)


def merged(runs: Iterable[Run]) -> tuple[Run, ...]:
    """The same characters in as few runs as possible, none of them empty."""
    parts: list[str] = []
    mark = PLAIN
    result: list[Run] = []
    for run in runs:
        if not run.text:
            continue
        if parts and run.mark != mark:
            result.append(Run("".join(parts), mark))
            parts = []
        mark = run.mark
        parts.append(run.text)
    if parts:
        result.append(Run("".join(parts), mark))
    return tuple(result)


def opened(mark: Mark, before: Mark) -> Iterator[tuple[EntityKind, str | None]]:
    """The entities that begin where ``mark`` follows ``before``, the outermost first.

    Styles begin anew in each run, as Telegram splits them at the edges of links and of one another.
    """
    if mark.quote and mark.quote != before.quote:
        yield mark.quote, None
    if mark.atom and (mark.atom, mark.url, mark.quote) != (before.atom, before.url, before.quote):
        yield mark.atom, mark.url
    for kind in sorted(mark.styles):
        yield kind, None


def entity_bytes(url: str | None) -> int:
    """What one entity adds, at most, to the payload that ends in ENTITIES_TOO_LONG."""
    return _ENTITY_BYTES + len(url.encode()) if url else _ENTITY_BYTES


def encode(runs: Iterable[Run]) -> Text:
    """Runs as Telegram takes them, entities ordered from left to right and from outside inwards."""
    found: list[Entity] = []
    extent: dict[str, int] = {}  # slot -> index in ``found`` of the entity that may yet grow
    parts: list[str] = []
    before, offset = PLAIN, 0
    for run in merged(runs):
        mark, length = run.mark, utf16_len(run.text)
        starts = list(opened(mark, before))
        kinds = {kind for kind, _ in starts}
        for slot, kind in (("quote", mark.quote), ("atom", mark.atom)):
            if kind and kind not in kinds:
                grown = found[extent[slot]]
                found[extent[slot]] = replace(grown, length=offset + length - grown.offset)
        for kind, url in starts:
            if kind not in STYLES:
                extent["quote" if kind in QUOTES else "atom"] = len(found)
            found.append(Entity(kind, offset, length, url))
        parts.append(run.text)
        before, offset = mark, offset + length
    return Text("".join(parts), tuple(found))


def decode(text: Text) -> tuple[Run, ...]:
    """The runs of a text; the inverse of ``encode``."""
    if not text.entities:
        return (Run(text.plain),) if text.plain else ()
    units = text.plain.encode("utf-16-le", "surrogatepass")
    edges = {0, len(units) // 2}
    for entity in text.entities:
        edges |= {entity.offset, entity.offset + entity.length}
    outermost_first = sorted(text.entities, key=lambda entity: (entity.offset, -entity.length))
    runs = []
    for start, end in pairwise(sorted(edges)):
        mark = PLAIN
        for entity in outermost_first:
            if entity.offset <= start and end <= entity.offset + entity.length:
                mark = mark.within(entity.kind, entity.url)
        runs.append(Run(units[2 * start : 2 * end].decode("utf-16-le", "surrogatepass"), mark))
    return merged(runs)
