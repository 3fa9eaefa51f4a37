"""The mark of a text that was cut short, as lists and summaries put it at the end."""

from __future__ import annotations

import re

_MARK = re.compile(r"\[?\s?(?:…|\.\.\.)\s?\]?$")
_LONGEST = 7  # characters of a mark


def without_cut(text: str) -> str:
    """A text without its mark, and the spaces before it; the text itself where it has none.

    Marks are ``…`` and ``...``, bare or in square brackets. Only the text's end is looked at,
    however long it is.
    """
    whole = text.rstrip()
    mark = _MARK.search(whole, max(len(whole) - _LONGEST, 0))
    return whole[: mark.start()].rstrip() if mark else text


def is_cut(text: str) -> bool:
    """Whether a text ends in the middle, as lists shorten them."""
    return without_cut(text) != text
