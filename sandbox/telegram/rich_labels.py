"""How the items of a list are numbered."""

from __future__ import annotations

TYPES = frozenset("1aAiI")
BULLET = "•"

_ROMAN = (
    (1000, "m"),
    (900, "cm"),
    (500, "d"),
    (400, "cd"),
    (100, "c"),
    (90, "xc"),
    (50, "l"),
    (40, "xl"),
    (10, "x"),
    (9, "ix"),
    (5, "v"),
    (4, "iv"),
    (1, "i"),
)
_ROMAN_END = 4000


def label(kind: str, value: int) -> str:
    """The label of an item, such as ``3.``, ``c.`` or ``III.``.

    Numbers that have no letters or no Roman form are shown as they are.

    Args:
        kind: as the ``type`` of a list in HTML: ``1``, ``a``, ``A``, ``i`` or ``I``.
        value: the number.
    """
    shown = str(value)
    if value > 0 and kind in {"a", "A"}:
        shown = _letters(value)
    elif 0 < value < _ROMAN_END and kind in {"i", "I"}:
        shown = _roman(value)
    return f"{shown.upper() if kind in {'A', 'I'} else shown}."


def _letters(value: int) -> str:
    letters = ""
    while value:
        value, place = divmod(value - 1, 26)
        letters = chr(ord("a") + place) + letters
    return letters


def _roman(value: int) -> str:
    shown = ""
    for worth, letters in _ROMAN:
        times, value = divmod(value, worth)
        shown += letters * times
    return shown
