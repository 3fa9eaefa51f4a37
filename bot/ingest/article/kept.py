"""Which text of a page is the article, as the text extraction has it."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from copy import copy
from functools import lru_cache
from itertools import chain
from typing import cast

from lxml.html import HtmlElement
from trafilatura.baseline import baseline
from trafilatura.htmlprocessing import convert_tags, tree_cleaning
from trafilatura.main_extractor import extract_content
from trafilatura.settings import Extractor
from trafilatura.xml import xmltotxt

from bot.ingest.markup.dom import Node, count_elements, words

_MOST_TAGS = 20_000
# Elements that trafilatura drops whatever stands in them.
_UNREAD = (
    *("script", "style", "svg", "template", "aside", "footer", "nav", "menu", "iframe", "embed"),
    *("object", "video", "audio", "canvas", "select", "option", "button", "textarea", "input"),
    *("link", "noscript"),
)
_SHINGLE = 4  # words
_OPTIONS = Extractor(fast=True, comments=False)
# Boxes of readers' comments, by class or id; long ones would be taken for the article.
_BOXES = ("div", "section", "details", "ol", "ul")
_COMMENTS = re.compile(
    r"comments?(?![a-z])|comment-?list|disqus_thread|dsq-comments|(?:article|post)-comments",
    re.IGNORECASE,
)

# A page without an article is an ordinary answer here, reported by our own error.
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)


class KeptText:
    """The text that an extraction kept, to be asked about pieces of the page.

    Attributes:
        size: its characters.
        paragraphs: its lines.
    """

    def __init__(self, text: str) -> None:
        self.size = len(text)
        self.paragraphs = tuple(line for line in map(str.strip, text.splitlines()) if line)
        lines = [tuple(words(line)) for line in self.paragraphs]
        whole = list(chain.from_iterable(lines))
        self._lines = set(lines)
        self._shingles = set(zip(*(whole[start:] for start in range(_SHINGLE)), strict=False))

    def touches(self, found: Sequence[str], following: Sequence[str]) -> bool:
        """Whether anything was kept of some words, or of them and the first that follow them."""
        if tuple(found) in self._lines:
            return True
        whole = [*found, *following]
        shingles = zip(*(whole[start:] for start in range(_SHINGLE)), strict=False)
        return not self._shingles.isdisjoint(shingles)

    def share(self, text: str) -> float:
        """How much of a text was kept, 0 to 1."""
        found = tuple(words(text))
        if not found:
            return 0.0
        if found in self._lines:
            return 1.0
        if len(found) < _SHINGLE:
            return 0.0
        shingles = list(zip(*(found[start:] for start in range(_SHINGLE)), strict=False))
        return sum(map(self._shingles.__contains__, shingles)) / len(shingles)


def kept_text(root: Node) -> KeptText:
    """What trafilatura takes for the article; empty where it finds none.

    Its parts are called one by one. The whole would read half of the pages again with looser
    settings, and copy each several times, for what the choice of pieces does by itself.

    It searches a page some twenty times, most of it before it drops what it never reads, so that
    this goes first: on many pages half of the elements.

    Its time grows with the square of the page (60,000 short paragraphs take it 4 s), so that it
    is not asked about pages that are larger than any ordinary one.
    """
    if count_elements(root) > _MOST_TAGS:
        return KeptText("")
    page = copy(root)
    _drop_unread(page)
    try:
        return KeptText(_extracted(cast(HtmlElement, page)))
    except Exception:  # noqa: BLE001 - whatever a hostile page does to it, we still have the page
        return KeptText("")


def _extracted(page: HtmlElement) -> str:
    whole = copy(page)
    body, text = extract_content(convert_tags(tree_cleaning(page, _OPTIONS), _OPTIONS), _OPTIONS)
    if len(text) < _OPTIONS.min_extracted_size:
        rescued, longer, size = baseline(whole)
        if size > len(text):
            body, text = rescued, longer
    return xmltotxt(body, include_formatting=False) if text else ""


def _drop_unread(root: Node) -> None:
    """Take out what the extraction does not read; of scripts it reads those that hold data."""
    for node in list(root.iter(*_UNREAD)):
        if "json" not in (node.get("type") or ""):
            _drop(node)
    for node in list(root.iter(*_BOXES)):
        if _holds_comments(node.get("class") or "", node.get("id") or ""):
            _drop(node)


@lru_cache(maxsize=8192)
def _holds_comments(classes: str, identity: str) -> bool:
    return any(_COMMENTS.match(name) for name in (classes, identity))


def _drop(node: Node) -> None:
    """Take an element out; the text after it stays."""
    around = node.getparent()
    if around is None:
        return
    if tail := node.tail:
        before = node.getprevious()
        if before is None:
            around.text = (around.text or "") + tail
        else:
            before.tail = (before.tail or "") + tail
    around.remove(node)
