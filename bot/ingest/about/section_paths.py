"""Titles of sections, and paths of them such as ``News: Members' news``. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.model import section_key

Path = tuple[str, ...]
"""The titles that lead to a section, outermost first."""

LONGEST_TITLE = 80  # characters

_ARROW = re.compile(r"\s+(?:→|➔|»|›|>|&gt;)\s+")
_COLON = re.compile(r":\s+|\s+/\s+")
_SLASH = re.compile(r"\s*/\s*")
_EDGE = re.compile(r"^[\s:;,/|>›→•·–—-]+|(?:\s+»|[\s:;,/|>›→•·–—-])+$")
_LETTER = re.compile(r"[^\W\d_]")
_ADDRESS = re.compile(r"://|@|\bwww\.|^\S+\.(?:[a-z]{2,12}|рф)(?:/\S*)?$", re.IGNORECASE)
_MONTH = (
    r"(?:январ[ья]|феврал[ья]|марта?|апрел[ья]|ма[йя]|ию[нл][ья]|августа?|сентябр[ья]|октябр[ья]"
    r"|ноябр[ья]|декабр[ья]|january|february|march|april|may|june|july|august|september|october"
    r"|november|december)"
)
_DATE = re.compile(rf"[\d\s.,:/-]*(?:{_MONTH})?[\d\s.,:/-]*(?:г|год|года)?\.?", re.IGNORECASE)
_NOTHING = frozenset(
    {
        *("uncategorized", "uncategorised", "no category", "default"),
        *("all", "article", "page", "post", "posts"),
        *("без рубрики", "без категории", "без раздела", "все", "статья"),
    }
)


def split_path(title: str, *, tight: bool = False) -> Path:
    """A title as a path: ``News: Members' news`` is two steps.

    An arrow between spaces always parts steps. A colon before a space, or a slash between spaces,
    does so only where each step begins with a capital letter: ``Question: answer`` is one title.

    Args:
        title: what is said.
        tight: whether a slash without spaces parts steps too, by the same rule.
    """
    steps = [bare(part) for part in _ARROW.split(" ".join(title.split()))]
    separators = (_COLON, _SLASH) if tight else (_COLON,)
    for separator in separators:
        steps = [step for whole in steps for step in _capitals(whole, separator)]
    return outer_and_inner(step for step in steps if step)


def _capitals(title: str, separator: re.Pattern[str]) -> list[str]:
    parts = [bare(part) for part in separator.split(title)]
    if all(part and part.lstrip("«“\"'(")[:1].isupper() for part in parts):
        return parts
    return [title]


def bare(title: str) -> str:
    """A title without what parted it from others."""
    return _EDGE.sub("", title)


def outer_and_inner(steps: Iterable[str]) -> Path:
    """The outermost and the innermost step of a path; two are all that a person can choose from."""
    kept: list[str] = []
    for step in steps:
        if not kept or section_key([kept[-1]]) != section_key([step]):
            kept.append(step)
    return tuple(kept) if len(kept) <= 2 else (kept[0], kept[-1])  # noqa: PLR2004 - two, see above


def is_title(text: str) -> bool:
    """Whether a text can be a section's title: short, no address, no date, no word for "none"."""
    if not 1 < len(text) <= LONGEST_TITLE or len(_LETTER.findall(text)) < 2:  # noqa: PLR2004 - "К" is no title
        return False
    if text.startswith("#") or _ADDRESS.search(text) or _DATE.fullmatch(text):
        return False
    return section_key([text]) not in _NOTHING
