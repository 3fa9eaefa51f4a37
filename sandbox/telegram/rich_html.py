"""The HTML of a rich message, read into the blocks that a bot could have sent instead.

The tags and attributes are those of https://core.telegram.org/bots/api#rich-message-formatting-options.
Telegram reads this HTML on its servers with a parser that nobody outside knows; where it might
mend what is broken, this refuses it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from lxml import etree

from sandbox.telegram.errors import rich_refused
from sandbox.telegram.rich_inline import STYLES, Inline, flag, number
from sandbox.telegram.schema import wrong

Json = dict[str, Any]

ATTRIBUTES: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(STYLES, frozenset()),
    "a": frozenset({"href", "name"}),
    "tg-time": frozenset({"unix", "format"}),
    "code": frozenset({"class"}),
    "ol": frozenset({"start", "type", "reversed"}),
    "li": frozenset({"value", "type"}),
    "input": frozenset({"type", "checked"}),
    "blockquote": frozenset({"collapsed"}),
    "img": frozenset({"src", "tg-spoiler"}),
    "table": frozenset({"bordered", "striped", "compact"}),
    "td": frozenset({"colspan", "rowspan", "align", "valign"}),
    "th": frozenset({"colspan", "rowspan", "align", "valign"}),
    "details": frozenset({"open"}),
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), frozenset()),
    **dict.fromkeys(("p", "pre", "footer", "hr", "ul", "aside", "cite", "br"), frozenset()),
    **dict.fromkeys(("figure", "figcaption", "caption", "tr", "summary"), frozenset()),
}
NOT_EMULATED = frozenset(
    {
        "video",
        "audio",
        "tg-button",
        "tg-button-row",
        "tg-collage",
        "tg-document",
        "tg-emoji",
        "tg-map",
        "tg-math",
        "tg-math-block",
        "tg-reference",
        "tg-slideshow",
        "tg-thinking",
    }
)
DEEPEST = 40
"""Tags inside of one another; sixteen levels of blocks and text never need as many."""

_TEXT_BLOCKS: Mapping[str, Json] = {
    "p": {"type": "paragraph"},
    "footer": {"type": "footer"},
    **{f"h{size}": {"type": "heading", "size": size} for size in range(1, 7)},
}
_BLOCKS = frozenset(
    {
        *_TEXT_BLOCKS,
        "hr",
        "pre",
        "ul",
        "ol",
        "blockquote",
        "aside",
        "img",
        "figure",
        "table",
        "details",
    }
)
_NAMED = "amp|lt|gt|quot|apos|nbsp|hellip|mdash|ndash|lsquo|rsquo|ldquo|rdquo"
_STRAY = re.compile(rf"&(?!(?:{_NAMED}|#\d+|#[xX][0-9a-fA-F]+);)")
_MEDIA_ID = re.compile(r"tg://photo\?id=([A-Za-z0-9_-]{1,64})")


def parse(html: str, media: Mapping[str, Json]) -> list[Json]:
    """The blocks of a message, as InputRichBlock objects.

    Args:
        html: as the bot sent it.
        media: the InputMediaPhoto objects that ``tg://photo?id=`` links may name.

    Raises:
        ApiError: it has an unknown tag or attribute, one in a place where it cannot be, or one
            that is not closed; a contract violation where Telegram knows what this does not.
    """
    root = _tree(html)
    for element in root.iterdescendants():
        _check(element)
    return _Reader(media).blocks(root)


def _tree(html: str) -> etree._Element:
    parser = etree.HTMLParser(encoding="utf-8")
    try:
        wrapped = f"<html><body><div>{_STRAY.sub('&amp;', html)}</div></body></html>".encode()
    except UnicodeEncodeError:
        raise rich_refused("strings must be encoded in UTF-8") from None
    document = etree.fromstring(wrapped, parser)
    for error in parser.error_log:
        raise rich_refused(error.message)
    body = document.find("body")
    if "\0" in html or body is None or len(body) != 1 or body[0].tail or len(document) != 1:
        raise rich_refused("a tag that is closed without being open")
    depth = 0
    for event, _ in etree.iterwalk(body[0], events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > DEEPEST:
            raise rich_refused(f"more than {DEEPEST} tags inside of one another")
    return body[0]


def _check(element: etree._Element) -> None:
    tag = element.tag
    if not isinstance(tag, str):
        raise rich_refused("a comment")
    if tag in NOT_EMULATED:
        raise wrong(f"the tag <{tag}> of rich messages is not emulated")
    if tag not in ATTRIBUTES:
        raise rich_refused(f"the unknown tag <{tag}>")
    for name in sorted(element.keys()):
        if name not in ATTRIBUTES[tag]:
            raise rich_refused(f"<{tag}> has the unknown attribute {name!r}")


class _Reader:
    """Makes blocks of elements; ``media`` is what links to media may name."""

    def __init__(self, media: Mapping[str, Json]) -> None:
        self._media = media

    def blocks(self, parent: etree._Element, *, skip: etree._Element | None = None) -> list[Json]:
        """The blocks in an element; text between them becomes paragraphs.

        Args:
            parent: the element.
            skip: a child of it that is something else; the text after it counts.
        """
        found: list[Json] = []
        run = Inline()
        run.add(parent.text)
        for child in parent:
            if child is skip:
                pass
            elif child.tag in _BLOCKS:
                found += [*_paragraph(run), self._block(child)]
                run = Inline()
            else:
                run.element(child)
            run.add(child.tail)
        return [*found, *_paragraph(run)]

    def _block(self, element: etree._Element) -> Json:
        tag = str(element.tag)
        if tag in _TEXT_BLOCKS:
            return {**_TEXT_BLOCKS[tag], "text": Inline.of(element)}
        readers: dict[str, Callable[[etree._Element], Json]] = {
            "hr": lambda _: {"type": "divider"},
            "pre": _pre,
            "ul": self._list,
            "ol": self._list,
            "blockquote": self._quote,
            "aside": self._quote,
            "img": self._photo,
            "figure": self._figure,
            "table": _table,
            "details": self._details,
        }
        return readers[tag](element)

    def _list(self, element: etree._Element) -> Json:
        return {"type": "list", "items": self._items(element)}

    def _items(self, element: etree._Element) -> list[Json]:
        _only(element, "li")
        if element.tag == "ul":
            return [self._item(child) for child in element]
        backwards = flag(element, "reversed")
        value = number(element, "start", len(element) if backwards else 1)
        items = []
        for child in element:
            value = number(child, "value", value)
            kind = child.get("type", element.get("type", "1"))
            items.append({**self._item(child), "value": value, "type": kind})
            value += -1 if backwards else 1
        return items

    def _item(self, element: etree._Element) -> Json:
        box = element[0] if len(element) and element[0].tag == "input" else None
        item: Json = {}
        if box is not None:
            if (element.text or "").strip() or box.get("type") != "checkbox":
                raise rich_refused("<input> is for a checkbox at the start of an item")
            item = {"has_checkbox": True, "is_checked": flag(box, "checked")}
        return {**item, "blocks": self.blocks(element, skip=box)}

    def _quote(self, element: etree._Element) -> Json:
        cite = element[-1] if len(element) and element[-1].tag == "cite" else None
        credit = {} if cite is None else {"credit": Inline.of(cite)}
        if element.tag == "aside":
            return {"type": "pullquote", "text": Inline.of(element, skip=cite), **credit}
        if flag(element, "collapsed"):
            text = Inline.of(element, skip=cite)
            return {"type": "expandable_blockquote", "text": text, **credit}
        return {"type": "blockquote", "blocks": self.blocks(element, skip=cite), **credit}

    def _photo(self, element: etree._Element) -> Json:
        source = element.get("src", "")
        photo: Json = {"type": "photo", "media": source}
        if named := _MEDIA_ID.fullmatch(source):
            if named[1] not in self._media:
                raise rich_refused(f"media has no {named[1]!r}")
            photo = self._media[named[1]]
        elif not source.lower().startswith(("http://", "https://")):
            raise rich_refused(f"the picture {source!r} has no address")
        if flag(element, "tg-spoiler"):
            photo = {**photo, "has_spoiler": True}
        return {"type": "photo", "photo": photo}

    def _figure(self, element: etree._Element) -> Json:
        tags = [child.tag for child in element]
        if tags not in (["img"], ["img", "figcaption"]):
            raise rich_refused("<figure> holds one <img> and at most one <figcaption>")
        _only(element, "img", "figcaption")
        block = self._photo(element[0])
        if len(element) == 1:
            return block
        below = element[1]
        cite = below[-1] if len(below) and below[-1].tag == "cite" else None
        caption: Json = {"text": Inline.of(below, skip=cite)}
        if cite is not None:
            caption["credit"] = Inline.of(cite)
        return {**block, "caption": caption}

    def _details(self, element: etree._Element) -> Json:
        if not len(element) or element[0].tag != "summary" or (element.text or "").strip():
            raise rich_refused("<details> begins with <summary>")
        return {
            "type": "details",
            "summary": Inline.of(element[0]),
            "blocks": self.blocks(element, skip=element[0]),
            "is_open": flag(element, "open"),
        }


def _paragraph(run: Inline) -> list[Json]:
    """A paragraph of what stood between blocks; nothing for white space, an anchor for its own."""
    text = run.result()
    if not text:
        return []
    if isinstance(text, dict) and text["type"] == "anchor":
        return [text]
    return [{"type": "paragraph", "text": text}]


def _pre(element: etree._Element) -> Json:
    inner = element[0] if len(element) == 1 and element[0].tag == "code" else None
    if inner is None or element.text or inner.tail or not inner.get("class"):
        return {"type": "pre", "text": Inline.of(element, exact=True)}
    language = inner.get("class", "").removeprefix("language-")
    return {"type": "pre", "text": Inline.of(inner, exact=True), "language": language}


def _table(element: etree._Element) -> Json:
    _only(element, "caption", "tr")
    captions = element.findall("caption")
    if len(captions) > 1 or (captions and captions[0] is not element[0]):
        raise rich_refused("<caption> stands first in a table, and once")
    table: Json = {
        "type": "table",
        "cells": [_row(row) for row in element.findall("tr")],
        "is_bordered": flag(element, "bordered"),
        "is_striped": flag(element, "striped"),
        "is_compact": flag(element, "compact"),
    }
    if captions:
        table["caption"] = Inline.of(captions[0])
    return table


def _row(element: etree._Element) -> list[Json]:
    _only(element, "td", "th")
    cells = []
    for cell in element:
        shown: Json = {
            "text": Inline.of(cell),
            "is_header": cell.tag == "th",
            "align": cell.get("align", "left"),
            "valign": cell.get("valign", "top"),
        }
        spans = {name: number(cell, name, 1) for name in ("colspan", "rowspan")}
        cells.append(shown | {name: value for name, value in spans.items() if value != 1})
    return cells


def _only(element: etree._Element, *tags: str) -> None:
    """Nothing but these tags may stand in an element."""
    words = [element.text, *(child.tail for child in element)]
    if any(child.tag not in tags for child in element) or any((w or "").strip() for w in words):
        raise rich_refused(f"<{element.tag!s}> holds nothing but {', '.join(tags)}")
