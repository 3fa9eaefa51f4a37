"""A rendered document before it is cut: its characters, their marks, and where a page may end."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import accumulate, zip_longest

import regex

from bot.model import EntityKind, Text
from bot.render.runs import PLAIN, Mark, Run, encode, merged

_LINE_BREAKS = regex.compile(r"\n+")


class Seam(float, Enum):
    """How much it costs to end a page at a place between the parts of a document.

    The unit is the length of a page: a cut of cost 0.5 is taken only where no free cut is found
    within half a page. Sentences and words have their own costs, see ``pages``.
    """

    BLOCK = 0.0
    PART = 0.15  # between items, rows, or the paragraphs of a quote
    LINE = 0.3  # at a forced line break
    INTRO = 0.7  # behind «… вошли:», before what is announced
    NAME = 1.4  # behind the last words of a quote, before who said them
    KEEP = 1.5  # behind a heading or a title, before what it stands above


@dataclass(frozen=True, slots=True)
class Break:
    """A place, in code points from the start, behind which a page may end."""

    at: int
    seam: Seam


@dataclass(frozen=True, slots=True)
class Flow:
    """The whole body as one text.

    Attributes:
        plain: all characters; nothing to be trimmed at either end.
        starts: where each run begins, in code points.
        marks: the mark of each run.
        breaks: from left to right.
    """

    plain: str
    starts: tuple[int, ...]
    marks: tuple[Mark, ...]
    breaks: tuple[Break, ...]

    def run_at(self, at: int) -> int:
        """The number of the run that holds the character at ``at``."""
        return max(0, bisect_right(self.starts, at) - 1)

    def runs(self, start: int, end: int) -> Iterator[Run]:
        """The characters from ``start`` to ``end`` with their marks."""
        for number in range(self.run_at(start), len(self.starts)):
            first = self.starts[number]
            if first >= end:
                return
            last = self.starts[number + 1] if number + 1 < len(self.starts) else len(self.plain)
            yield Run(self.plain[max(first, start) : min(last, end)], self.marks[number])

    def text(self, start: int = 0, end: int | None = None) -> Text:
        """The characters from ``start`` to ``end``, or all, as Telegram takes them."""
        return encode(self.runs(start, len(self.plain) if end is None else end))

    def breaks_between(self, low: int, high: int) -> Sequence[Break]:
        """The breaks from ``low`` to ``high``, both included."""
        first = bisect_left(self.breaks, low, key=lambda found: found.at)
        return self.breaks[first : bisect_right(self.breaks, high, key=lambda found: found.at)]

    def in_title(self, at: int) -> bool:
        """Whether ``at`` lies in a heading or a title: the next place to end is behind one."""
        index = bisect_left(self.breaks, at, key=lambda found: found.at)
        return index < len(self.breaks) and self.breaks[index].seam is Seam.KEEP


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a block: its runs, and what follows it where something does.

    Attributes:
        seam: what it costs to end a page behind the part.
        gap: the white space between it and the next one.
        lines: what it costs to end a page at a line break inside.
    """

    runs: tuple[Run, ...]
    seam: Seam = Seam.BLOCK
    gap: str = "\n\n"
    lines: Seam = Seam.LINE


def flow(parts: Sequence[Part]) -> Flow:
    """The parts one after another, without the gap behind the last."""
    runs: list[Run] = []
    breaks: list[Break] = []
    length = 0
    for part, following in zip_longest(parts, parts[1:]):
        for run in part.runs:
            found = _LINE_BREAKS.finditer(run.text)
            breaks += (Break(length + match.start(), part.lines) for match in found)
            length += len(run.text)
        runs += part.runs
        if following:
            breaks.append(Break(length, part.seam))
            runs.append(Run(part.gap, _between(part, following)))
            length += len(part.gap)
    whole = merged(runs)
    lengths = (0, *accumulate(len(run.text) for run in whole))
    return Flow(
        "".join(run.text for run in whole),
        lengths[:-1],
        tuple(run.mark for run in whole),
        tuple(breaks),
    )


def _between(part: Part, following: Part) -> Mark:
    """The mark of a gap: the quote or the preformatted text that both sides belong to."""
    last, first = part.runs[-1].mark, following.runs[0].mark
    if part.seam is Seam.BLOCK or last.quote != first.quote:
        return PLAIN
    verbatim = last.atom is first.atom is EntityKind.PRE
    return Mark(last.quote, EntityKind.PRE if verbatim else None)
