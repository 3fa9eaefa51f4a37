"""Quotations: which elements hold one, and which part of it says whose words they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.ingest.markup.dom import Node, class_words, tag_of, text_of
from bot.ingest.markup.inline import plain, trim
from bot.model import Spans

_QUOTE_WORDS = frozenset({"blockquote", "pullquote", "citata", "tsitata", "cytata", "quote"})
_QUOTE_BOXES = frozenset({"div", "section", "p", "aside"})
_SPEAKER_TAGS = frozenset({"cite", "footer", "figcaption"})
_SPEAKER_WORDS = frozenset({"author", "avtor", "attribution", "cite", "source", "speaker"})
_LONGEST_NAME = 200  # characters of a name with a role
_DASH = re.compile(r"\s*(?:[—–―-]|--)\s*")


def is_quote(node: Node) -> bool:
    """Whether an element holds somebody's words set apart from the text."""
    tag = tag_of(node)
    if tag == "blockquote":
        return True
    if tag not in _QUOTE_BOXES or not class_words(node) & _QUOTE_WORDS:
        return False
    return node.find(".//blockquote") is None


def speaker_of(quote: Node) -> Node | None:
    """The element at the end of a quotation that names who said it, or None."""
    whole = text_of(quote)
    found = None
    for node in quote.iterdescendants():
        tag = tag_of(node)
        if tag in _SPEAKER_TAGS or (tag and class_words(node) & _SPEAKER_WORDS):
            name = text_of(node, _LONGEST_NAME + 1)
            if 0 < len(name) <= _LONGEST_NAME and len(name) < len(whole) and whole.endswith(name):
                found = node
                break
    return found


def split_attribution(paragraphs: Sequence[Spans]) -> tuple[Sequence[Spans], Spans]:
    """The paragraphs without a closing "— Name, role", and that name without its dash."""
    if len(paragraphs) < 2:  # noqa: PLR2004 - words and a name are at least two paragraphs
        return paragraphs, ()
    *words, last = paragraphs
    text = plain(last)
    if len(text) > _LONGEST_NAME or "\n" in text or not _DASH.match(text):
        return paragraphs, ()
    if _DASH.match(plain(words[0])):  # a dialogue: every paragraph begins with a dash
        return paragraphs, ()
    return words, without_dash(last)


def without_dash(spans: Spans) -> Spans:
    """The spans without a dash at their start."""
    if not spans or not (match := _DASH.match(spans[0].text)):
        return spans
    return trim((replace(spans[0], text=spans[0].text[match.end() :]), *spans[1:]))
