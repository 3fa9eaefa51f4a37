"""Spans of a document become runs: white space collapsed, links and styles that Telegram takes."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import unquote

import regex

from bot.model import EntityKind, Span, Spans, Style
from bot.render.runs import PLAIN, Mark, Run, merged
from bot.render.text import clean, is_blank, is_linkable

_KINDS = {
    Style.BOLD: EntityKind.BOLD,
    Style.ITALIC: EntityKind.ITALIC,
    Style.UNDERLINE: EntityKind.UNDERLINE,
    Style.STRIKE: EntityKind.STRIKE,
    Style.CODE: EntityKind.CODE,
}
_SPACES = regex.compile(r" +")
_AROUND_BREAK = regex.compile(r" *\n *")
_MANY_BREAKS = regex.compile(r"\n{3,}")
# What cannot follow white space that ended another run: more of it, and marks without a letter.
_AFTER_SPACE = regex.compile(r"^[ \p{GCB=EX}\p{GCB=SM}\p{GCB=ZWJ}]+")
_AFTER_BREAK = regex.compile(r"^[ \n\p{GCB=EX}\p{GCB=SM}\p{GCB=ZWJ}]+")
_PUNCTUATION = str.maketrans("", "", "()-–.")
_UNLINKED = ("mailto:", "tel:")


def inline(spans: Spans, *kinds: EntityKind, within: Mark = PLAIN) -> tuple[Run, ...]:
    """The runs of one paragraph, empty where nothing of it can be seen.

    Args:
        spans: the paragraph.
        kinds: styles that the whole of it takes, such as BOLD for a heading.
        within: the mark that it stands in, such as a quote's.
    """
    for kind in kinds:
        within = within.within(kind)
    pieces = (Run(clean(span.text), _mark(span, within)) for span in _spelled_out(spans))
    runs = _trimmed(_collapsed(pieces))
    return () if is_blank("".join(run.text for run in runs)) else runs


def _mark(span: Span, mark: Mark) -> Mark:
    # A link is of more use than the look of code; Telegram takes only one of them.
    if is_linkable(span.link):
        mark = mark.within(EntityKind.LINK, span.link)
    for style in sorted(span.styles, key=lambda style: style is Style.CODE):
        mark = mark.within(_KINDS[style])
    return Mark(mark.quote, mark.atom) if mark.atom is EntityKind.CODE else mark


def _spelled_out(spans: Spans) -> Iterable[Span]:
    """The spans, each mail address and phone number written out behind a link that hides it.

    Telegram links neither, but its apps make what they recognise in the text touchable.
    """
    told: str | None = None
    for span in spans:
        yield span
        if span.link and span.link.casefold().startswith(_UNLINKED):
            address = unquote(span.link.partition(":")[2].partition("?")[0])
            told = told or _essence("".join(other.text for other in spans))
            if address and _essence(address) not in told:
                yield Span(f" ({address})")


def _essence(address: str) -> str:
    """``address`` as it is compared: phone numbers are written with all kinds of punctuation."""
    return "".join(address.casefold().translate(_PUNCTUATION).split())


def _collapsed(runs: Iterable[Run]) -> Iterable[Run]:
    """The runs with one space for many, also across runs, and no space around line breaks."""
    last = "\n"
    for run in runs:
        text = _AROUND_BREAK.sub("\n", _SPACES.sub(" ", run.text))
        text = _MANY_BREAKS.sub("\n\n", text)
        if last == "\n":
            text = _AFTER_BREAK.sub("", text)
        elif last == " ":
            text = _AFTER_SPACE.sub("", text)
        if text:
            last = text[-1]
            yield Run(text, run.mark)


def _trimmed(runs: Iterable[Run]) -> tuple[Run, ...]:
    """The runs without white space at the end."""
    kept = list(merged(runs))
    while kept and not kept[-1].text.rstrip(" \n"):
        kept.pop()
    if kept:
        kept[-1] = Run(kept[-1].text.rstrip(" \n"), kept[-1].mark)
    return tuple(kept)
