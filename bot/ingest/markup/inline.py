"""Running text: from text nodes and line breaks to spans, white space collapsed as browsers do."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.model import Span, Spans, Style

PLAIN: frozenset[Style] = frozenset()
_EDGES = " \n\u00a0"
_COLLAPSIBLE = re.compile(r"[ \t\n\r\f]+")
# Soft hyphen, zero-width space, word joiner, byte order mark, controls, and the halves of surrogate
# pairs, which no database takes. The zero-width joiners stay: emoji and several scripts need them.
_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def clean(text: str) -> str:
    """Text of an attribute or a field: one line, nothing invisible, no white space around it."""
    return _collapsed(text).strip(_EDGES)


def _collapsed(text: str) -> str:
    if text.isprintable():  # so that there is nothing invisible in it, nor any line break
        return _COLLAPSIBLE.sub(" ", text) if "  " in text else text
    return _COLLAPSIBLE.sub(" ", _INVISIBLE.sub("", text))


def clean_lines(text: str) -> str:
    """Preformatted text: line breaks of one kind, nothing invisible, no empty lines around it."""
    text = _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return text.strip("\n").rstrip()


def plain(spans: Spans) -> str:
    """The text of the spans without their look."""
    return "".join(span.text for span in spans)


def trim(spans: Iterable[Span]) -> Spans:
    """The spans without white space around the whole; neighbours of one look are joined."""
    joined: list[Span] = []
    for span in spans:
        text = span.text if joined else span.text.lstrip(_EDGES)
        if not text:
            continue
        if joined and joined[-1].styles == span.styles and joined[-1].link == span.link:
            text = joined.pop().text + text
        joined.append(_with_text(span, text))
    while joined:
        last = joined.pop()
        if text := last.text.rstrip(_EDGES):
            joined.append(_with_text(last, text))
            break
    return tuple(joined)


def _with_text(span: Span, text: str) -> Span:
    return span if len(text) == len(span.text) else Span(text, span.styles, span.link)


def lines_of(spans: Iterable[Span]) -> list[Spans]:
    """The spans cut at their line breaks, each line trimmed; empty lines stay, as empty tuples."""
    lines: list[list[Span]] = [[]]
    for span in spans:
        if "\n" not in span.text:
            lines[-1].append(span)
            continue
        first, *others = (Span(text, span.styles, span.link) for text in span.text.split("\n"))
        lines[-1].append(first)
        lines.extend([other] for other in others)
    return [trim(line) for line in lines]


def join_lines(lines: Iterable[Spans]) -> Spans:
    """One paragraph of several lines; empty ones are left out."""
    spans: list[Span] = []
    for line in lines:
        if line:
            spans.extend(((Span("\n"),) if spans else ()) + line)
    return trim(spans)


class Run:
    """Text being collected; ``take`` hands it out as paragraphs and begins anew."""

    __slots__ = ("_at_edge", "_empty", "_spans")

    def __init__(self) -> None:
        self._spans: list[Span] = []
        self._at_edge = True  # nothing, a space or a line break stands before
        self._empty = True  # nothing to be seen was added

    def __bool__(self) -> bool:
        """Whether there is anything to be seen."""
        return not self._empty

    @property
    def waiting(self) -> bool:
        """Whether anything was added, be it only a space."""
        return bool(self._spans)

    def text(self, text: str, styles: frozenset[Style] = PLAIN, link: str | None = None) -> None:
        """Add the content of a text node."""
        if self._at_edge and text.isspace() and "\u00a0" not in text:
            return
        text = _collapsed(text)
        if self._at_edge:
            text = text.removeprefix(" ")
        if text:
            self._spans.append(Span(text, styles, link))
            self._at_edge = text.endswith(" ")
            self._empty = self._empty and text.isspace()

    def line_break(self) -> None:
        """Add a ``<br>``; two in a row end the paragraph."""
        self._spans.append(Span("\n"))
        self._at_edge = True

    def take(self) -> list[Spans]:
        """The paragraphs collected so far, none of them empty."""
        spans, empty = self._spans, self._empty
        self._spans, self._at_edge, self._empty = [], True, True
        if empty:
            return []
        if not any(span.text == "\n" for span in spans):
            paragraph = trim(spans)
            return [paragraph] if paragraph else []
        paragraphs: list[list[Spans]] = [[]]
        for line in lines_of(spans):
            if line:
                paragraphs[-1].append(line)
            elif paragraphs[-1]:
                paragraphs.append([])
        return [join_lines(lines) for lines in paragraphs if lines]
