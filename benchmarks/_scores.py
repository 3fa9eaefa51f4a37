"""How right a reading is: texts by their words and runs of words, names, moments, pictures."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time, timedelta, timezone

from bot.ingest.markup.dates import moment

SHINGLE = 4  # words, as in the article-extraction-benchmark

_WORD = re.compile(r"\w+")
_ALIKE = 0.8  # of the words, for leads and captions
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_READERS = range(-8, 4)  # hours from UTC: from California to Moscow, where these corpora are read

Counts = tuple[float, float, float]
"""What was found rightly, found wrongly, and missed, as shares of one text."""


def tokens(text: str) -> list[str]:
    """The words of a text, in the case that they have."""
    return _WORD.findall(text)


def folded(text: str) -> list[str]:
    """The words of a text in one case."""
    return _WORD.findall(text.casefold())


def counts(true: str, found: str, size: int) -> Counts:
    """How runs of ``size`` words agree, as the article-extraction-benchmark counts them.

    https://github.com/scrapinghub/article-extraction-benchmark (``string_shingle_matching``)
    """
    expected, got = _runs(tokens(true), size), _runs(tokens(found), size)
    right = float((expected & got).total())
    wrong, missing = got.total() - right, expected.total() - right
    whole = right + wrong + missing
    return (right / whole, wrong / whole, missing / whole) if whole else (0.0, 0.0, 0.0)


def f1(all_counts: Iterable[Counts]) -> float:
    """From the mean precision and the mean recall of texts, as that benchmark has it."""
    whole = list(all_counts)
    precisions = [right / (right + wrong) for right, wrong, _ in whole if right + wrong > 0]
    recalls = [right / (right + missing) for right, _, missing in whole if right + missing > 0]
    if not precisions or not recalls:
        return 0.0
    precision, recall = sum(precisions) / len(precisions), sum(recalls) / len(recalls)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def chunks_f1(found: Sequence[tuple[int, int, int]]) -> float:
    """From sums over all pages: pieces of text rightly found, wrongly found, missed."""
    right, wrong, missing = (sum(column) for column in zip(*found, strict=True))
    return 2 * right / (2 * right + wrong + missing) if right else 0.0


def chunks(text: str, wanted: Iterable[str], unwanted: Iterable[str]) -> tuple[int, int, int]:
    """Which pieces of text that an article has, and that it has not, stand in what was found."""
    line = " ".join(text.split())
    held = [" ".join(chunk.split()) in line for chunk in wanted]
    wrong = sum(" ".join(chunk.split()) in line for chunk in unwanted)
    return sum(held), wrong, len(held) - sum(held)


def alike(one: str, other: str) -> bool:
    """Whether two lines say the same, give or take a fifth of their words."""
    a, b = Counter(folded(one)), Counter(folded(other))
    return bool(a) and 2 * (a & b).total() >= _ALIKE * (a.total() + b.total())


def stands_in(line: str, text: str) -> bool:
    """Whether a text holds nearly all of a line in one run, a cut end ("…") forgiven."""
    wanted = folded(line)
    wanted = wanted[: max(1, int(len(wanted) * _ALIKE))]
    return f" {' '.join(wanted)} " in f" {' '.join(folded(text))} "


def same_moment(expected: str, found: datetime | None) -> bool:
    """Whether a moment is the one expected; the day is enough where no more is known.

    Where a page tells machines a moment in UTC, the day is that of its readers, wherever they are.
    """
    if found is None:
        return False
    if _DAY.fullmatch(expected.strip()):
        days = {found.date(), found.astimezone(UTC).date()}
        if not found.utcoffset() and found.time() != time():
            zones = (timezone(timedelta(hours=hours)) for hours in _READERS)
            days.update(found.astimezone(zone).date() for zone in zones)
        return expected.strip() in {day.isoformat() for day in days}
    wanted = moment(expected)
    return wanted is not None and abs((wanted - found).total_seconds()) < 1


def _runs(words: list[str], size: int) -> Counter[tuple[str, ...]]:
    if not words:
        return Counter()
    places = range(max(1, len(words) - size + 1))
    return Counter(tuple(words[at : at + size]) for at in places)
