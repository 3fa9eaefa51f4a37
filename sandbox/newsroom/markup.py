"""The editor's plain markup of a body: paragraphs, ``## `` headings, ``- `` lists, ``> `` quotes.

A blank line ends a paragraph, a list or a quote; a single line break inside a paragraph stays one;
a ``>`` alone begins a new paragraph of a quote. Nothing else has a meaning, and nothing is HTML.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import Literal

from lxml import etree
from lxml.html import HtmlElement, fragment_fromstring

Kind = Literal["p", "h2", "ul", "blockquote"]
Lines = tuple[str, ...]

_MARKS: dict[Kind, str] = {"h2": "## ", "ul": "- ", "blockquote": "> "}
# All that is no character of a text: https://www.w3.org/TR/xml/#charsets, less the controls.
_NO_TEXT = re.compile("[^\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SPACES = re.compile("[ \t\r\n\f]+")  # a no-break space is the editor's own choice


@dataclass(frozen=True, slots=True)
class _Block:
    """A block, named by its HTML element.

    Attributes:
        parts: the paragraphs of a quote, the items of a list, or the one text; each of lines.
    """

    kind: Kind
    parts: tuple[Lines, ...]


def to_html(markup: str) -> str:
    """A body in plain markup as HTML, an element a line."""
    return "\n".join(map(_element, _read(markup)))


def to_markup(html: str) -> str | None:
    """A body as the editor would type it; None where it holds more than the markup can say."""
    if not html.strip():
        return ""
    try:
        root = fragment_fromstring(html, create_parent="div")
        blocks = [] if _blank(root.text) else [_Block("p", (_lines(root.text or ""),))]
        blocks += [_block(child) for child in root]
    except (_TooRichError, etree.ParserError):
        return None
    markup = "\n\n".join(map(_written, blocks))
    # A paragraph that begins like a list, say, would be read back as one.
    return markup if list(_read(markup)) == blocks else None


# --- From markup ----------------------------------------------------------------------------------


def _read(markup: str) -> Iterator[_Block]:
    text = _NO_TEXT.sub(" ", re.sub("\r\n?", "\n", markup))
    lines = [_SPACES.sub(" ", line).strip(" ") for line in text.split("\n")]
    for kind, group in groupby(lines, _kind):
        if kind is None:
            continue
        said = [line[len(_MARKS.get(kind, "")) :] for line in group]
        match kind:
            case "p":
                yield _Block(kind, (tuple(said),))
            case "ul":
                yield _Block(kind, tuple((line,) for line in said))
            case "h2":
                yield from (_Block(kind, ((line,),)) for line in said)
            case "blockquote":
                paragraphs = tuple(tuple(part) for full, part in groupby(said, bool) if full)
                if paragraphs:
                    yield _Block(kind, paragraphs)


def _kind(line: str) -> Kind | None:
    """What a line belongs to; None for a blank one."""
    if not line:
        return None
    if line == ">":
        return "blockquote"
    return next((kind for kind, mark in _MARKS.items() if line.startswith(mark)), "p")


def _element(block: _Block) -> str:
    texts = ["<br>".join(map(_escaped, part)) for part in block.parts]
    match block.kind:
        case "ul":
            inside = "".join(f"<li>{text}</li>" for text in texts)
        case "blockquote":
            inside = "".join(f"<p>{text}</p>" for text in texts)
        case _:
            inside = "".join(texts)
    return f"<{block.kind}>{inside}</{block.kind}>"


def _escaped(text: str) -> str:
    return escape(text, quote=False)


# --- From HTML ------------------------------------------------------------------------------------


class _TooRichError(Exception):
    """There is something that the markup has no sign for."""


def _block(element: HtmlElement) -> _Block:
    if not _blank(element.tail) or element.attrib:
        raise _TooRichError
    match element.tag:
        case "p" | "h2" as kind:
            return _Block(kind, (_text(element),))
        case "ul":
            return _Block("ul", _children(element, "li"))
        case "blockquote" if len(element) and element[0].tag == "p":
            return _Block("blockquote", _children(element, "p"))
        case "blockquote":
            return _Block("blockquote", (_text(element),))
    raise _TooRichError


def _children(element: HtmlElement, tag: str) -> tuple[Lines, ...]:
    if not _blank(element.text):
        raise _TooRichError
    for child in element:
        if child.tag != tag or child.attrib or not _blank(child.tail):
            raise _TooRichError
    return tuple(map(_text, element))


def _text(element: HtmlElement) -> Lines:
    """The lines of an element that holds nothing but text and line breaks."""
    lines = list(_lines(element.text or ""))
    for child in element:
        if child.tag != "br":
            raise _TooRichError
        lines += _lines(child.tail or "")
    return tuple(lines)


def _lines(text: str) -> Lines:
    return (_SPACES.sub(" ", text).strip(" "),)


def _blank(text: str | None) -> bool:
    return not (text or "").strip(" \t\r\n\f")


def _written(block: _Block) -> str:
    mark = _MARKS.get(block.kind, "")
    parts = ["\n".join(mark + line for line in part) for part in block.parts]
    return ("\n>\n" if block.kind == "blockquote" else "\n").join(parts)
