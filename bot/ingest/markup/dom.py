"""A page as a tree: parsed within limits, with the few questions that every reader of it asks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import TypeAlias

import lxml.html
from lxml import etree

from bot.errors import ExtractError

Node: TypeAlias = etree._Element  # noqa: SLF001 - lxml has no public name for its element type

MAX_CHARS = 3_000_000
MAX_TAGS = 50_000
MAX_PLACES = 20_000  # cells that spans of several rows and columns may cover together
_LONGEST_SPAN = 4  # digits
_MOST_NOSCRIPTS = 200
_HOLDS = 2  # of this part of a page's text it is the page
_LONGEST_NAME = 500
MAX_DEPTH = 100  # elements; libxml2 itself cuts a page off at 256

# What XML 1.0 cannot hold, and so neither can the tree: control characters as bytes, U+FFFE and
# U+FFFF as UTF-8. Halves of surrogate pairs cannot be encoded and go that way.
_CONTROLS = bytes([*range(9), 11, *range(14, 32)])
_NONCHARACTERS = (b"\xef\xbf\xbe", b"\xef\xbf\xbf")
_NAME_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_TOO_DEEP = etree.XPath("boolean(" + "/*" * (MAX_DEPTH + 1) + ")")
_COUNT = etree.XPath("count(//*)")
_SIZE = etree.XPath("string-length()")
_WORD = re.compile(r"\w+")
# One class for all elements, without asking Python code for each of them: nobody needs the methods
# of forms, and the text extraction asks for those of ``HtmlElement``.
_CLASSES = etree.ElementDefaultClassLookup(
    element=lxml.html.HtmlElement,
    comment=lxml.html.HtmlComment,
    pi=lxml.html.HtmlProcessingInstruction,
    entity=lxml.html.HtmlEntity,
)


def parse_page(html: str) -> Node:
    """The root of a page.

    Raises:
        ExtractError: the page is empty, or larger or deeper than an article's page has to be.
    """
    if len(html) > MAX_CHARS:
        raise ExtractError(f"The page is longer than {MAX_CHARS:,} characters.")
    if html.count("<") > 3 * MAX_TAGS:  # closing tags and comments count too
        raise ExtractError(f"The page has far more than {MAX_TAGS:,} elements.")
    # UTF-8 bytes with the encoding named: a charset declared inside the page cannot interfere.
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    parser.set_element_class_lookup(_CLASSES)
    try:
        root = etree.fromstring(_encoded(html), parser)
    except etree.LxmlError as error:
        raise ExtractError("The page holds no HTML.") from error
    if root is None:
        raise ExtractError("The page holds no HTML.")
    _check_size(root)
    _check_spans(root)
    _open_noscript(root)
    return root


def _encoded(html: str) -> bytes:
    """A page as UTF-8 without what no tree can hold."""
    content = html.encode(errors="ignore").translate(None, _CONTROLS)
    for character in _NONCHARACTERS:
        content = content.replace(character, b"")
    return content


def _check_size(root: Node) -> None:
    """Refuse a tree that would take too long or too many levels to walk."""
    if _TOO_DEEP(root):
        raise ExtractError(f"The page nests its elements more than {MAX_DEPTH} deep.")
    if count_elements(root) > MAX_TAGS:
        raise ExtractError(f"The page has more than {MAX_TAGS:,} elements.")


def _open_noscript(root: Node) -> None:
    """Make an ordinary box of what is meant for browsers without scripts, but holds the page.

    So a ``<noscript>`` that is never closed reads, and so does a page that a script is to build.
    """
    for node in list(islice(root.iter("noscript"), _MOST_NOSCRIPTS)):
        if next(node.iter("p", "h1", "article"), None) is not None and (
            _HOLDS * size_of(node) > size_of(root)
        ):
            node.tag = "div"


def _check_spans(root: Node) -> None:
    """Make every cell a plain one where tables spread their cells beyond all measure."""
    cells = [cell for cell in root.iter("td", "th") if cell.get("colspan") or cell.get("rowspan")]
    places = 0
    for cell in cells:
        across, down = cell.get("colspan") or "1", cell.get("rowspan") or "1"
        small = len(across) <= _LONGEST_SPAN and len(down) <= _LONGEST_SPAN
        numbers = across.isdecimal() and down.isdecimal()
        places += int(across) * int(down) if small and numbers else MAX_PLACES + 1
    if places > MAX_PLACES:
        for cell in cells:
            cell.attrib.pop("colspan", None)
            cell.attrib.pop("rowspan", None)


def count_elements(root: Node) -> int:
    """How many elements a tree has."""
    return int(float(str(_COUNT(root))))


def tag_of(node: Node) -> str:
    """The element's name, which the parser gives in lower case; empty for what is no element."""
    tag = node.tag
    return tag if isinstance(tag, str) else ""


def attribute(node: Node, name: str) -> str:
    """The attribute's value without white space around it; empty where missing."""
    return (node.get(name) or "").strip()


def name_words(name: str) -> list[str]:
    """The words that a class name or an id is made of, in lower case.

    ``NewsCard__share-row`` gives news, card, share, row.
    """
    return [word.lower() for word in _NAME_WORD.findall(name[:_LONGEST_NAME])]


@lru_cache(maxsize=8192)
def _words_of(names: str) -> frozenset[str]:
    return frozenset(name_words(names))


def class_words(node: Node) -> frozenset[str]:
    """The words of the element's class names and its id."""
    classes = _words_of(node.get("class") or "")
    return classes | _words_of(identity) if (identity := node.get("id")) else classes


def words(text: str) -> list[str]:
    """The words of a text in one case, for comparing; punctuation and white space are left out."""
    return _WORD.findall(text.casefold())


def size_of(node: Node) -> int:
    """How many characters of text stand beneath a node, white space among them."""
    return int(float(str(_SIZE(node))))


def text_of(node: Node, limit: int = 20_000) -> str:
    """All text beneath a node with single spaces, at most about ``limit`` characters of it."""
    parts: list[str] = []
    room = limit
    for part in node.itertext():
        parts.append(str(part))
        room -= len(part)
        if room < 0:
            break
    return " ".join("".join(parts).split())


def ancestors(node: Node) -> Iterator[Node]:
    """The node itself and everything around it, inside out."""
    current: Node | None = node
    while current is not None:
        yield current
        current = current.getparent()
