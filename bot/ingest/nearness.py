"""Nearness: whether two articles under different names are one story. Pure.

A story that is wrongly taken for another is lost, which is worse than one that comes twice. So
the title alone never suffices, nor does the text, and every number and date must agree. A text
that was edited, however little, is known only where the moment of publication is the same too:
forecasts, vacancies and outages differ in a word or two.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from zlib import crc32

from bot.model import NewArticle
from bot.storage.sketches import Recent

_SAMPLE = 64  # hashes of a text: its likeness to another is estimated within about 0.06
_RUN = 3  # words
_CHARS = 50_000  # of a text; the longer ones are known by their beginnings
_SHORT = 20  # words; below, only the title and the moment of publication can tell
_LONG = 40  # words from which on a text speaks for itself
_TELLING = 4  # words; "Вакансия" and "Погода на завтра" come again and again with other texts
_REPEATED = timedelta(hours=1)  # between two copies of a short text; later it is said again
# How alike the texts of one moment must be: the share of runs of three words that both have.
_OF_ONE_SOURCE = 0.5
_OF_ANOTHER = 0.9
_TITLES = 0.5  # likewise of the titles' words, where the texts are the same

_HEAD = struct.Struct(">BIQQQ")
_FORM = 1
_WORD = re.compile(r"[^\W_]+")
_CAPITAL = re.compile(r"\b[A-ZА-ЯЁ][^\W\d_]+")
_BEFORE = 4  # characters before a word: an end of a sentence, a space, a dash or a quotation mark
# Numbers, and words (by their beginnings) that say when as numbers do; ё is е here.
_FIGURE = re.compile(
    r"\b(?:[^\W\d]*+\d\w*"
    r"|(?:понедельник|вторник|сред[уаые]\b|четверг|пятниц|суббот|воскресень"
    r"|январ|феврал|март[аеу]?\b|апрел|ма[йея]\b|июн[ьея]|июл[ьея]|август|сентябр|октябр|ноябр"
    r"|декабр|(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march\b|april|may\b|june"
    r"|july|august|september|october|november|december)\w*)"
)
_CAPITAL = re.compile(r"\b[A-ZА-ЯЁ][^\W\d_]+")
_BEFORE = 4  # characters before a word: an end of a sentence, a space, a dash or a quotation mark
# Words by their beginnings that say when, as numbers do.
_DAY = re.compile(
    r"(?:понедельник|вторник|сред[уаые]$|четверг|пятниц|суббот|воскресень"
    r"|январ|феврал|март[аеу]?$|апрел|ма[йея]$|июн[ьея]|июл[ьея]|август|сентябр|октябр|ноябр|декабр"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day"
    r"|january|february|march$|april|may$|june|july|august|september|october|november|december)"
)


@dataclass(frozen=True, slots=True)
class Sketch:
    """What is kept of a text so that another can be compared with it.

    Attributes:
        words: how many it has.
        text: what stands for all of them, in order.
        figures: what stands for its numbers, days and months.
        names: what stands for its words in capitals, but for those that begin a sentence.
        sample: the smallest hashes of its runs of three words: two texts of which these agree in
            part agree in about the same part.
    """

    words: int
    text: int
    figures: int
    names: int
    sample: tuple[int, ...]


def sketch(text: str, lead: str = "") -> bytes:
    """A text's sketch in the form in which it is kept: 29 bytes, and 4 for each of 64 hashes.

    Args:
        text: plain text.
        lead: its numbers count, too.
    """
    text = text[:_CHARS]
    words = _words(text)
    sample = sorted(set(_hashes(words)))[:_SAMPLE]
    head = _HEAD.pack(
        _FORM,
        len(words),
        _digest(words),
        _digest(sorted(_figures(f"{text}\n{lead[:_CHARS]}"))),
        _digest(sorted(_names(text))),
    )
    return head + struct.pack(f">{len(sample)}I", *sample)


def load_sketch(kept: bytes) -> Sketch | None:
    """A sketch that was kept; None where another version made it, so that it cannot be compared."""
    if len(kept) < _HEAD.size or kept[0] != _FORM:
        return None
    _, words, text, figures, names = _HEAD.unpack_from(kept)
    sample = struct.unpack(f">{(len(kept) - _HEAD.size) // 4}I", kept[_HEAD.size :])
    return Sketch(words, text, figures, names, sample)


def likeness(one: Sketch, other: Sketch) -> float:
    """The share, 0 to 1, of runs of three words that two texts have in common, as estimated.

    It is exact where both texts together have no more than 64 different ones.
    """
    first, second = set(one.sample), set(other.sample)
    sample = sorted(first | second)[:_SAMPLE]
    return sum(each in first and each in second for each in sample) / len(sample) if sample else 0.0


def same_story(
    new: NewArticle, old: Recent, *, same_source: bool = True, beside: bool = False
) -> bool:
    """Whether an article whose names are all new is one that we have.

    Args:
        new: the article.
        old: what we have.
        same_source: whether both come from one source.
        beside: whether one read shows both: then they are two, unless title and text are the same.
    """
    title, before = title_words(new.title), title_words(old.title)
    same_title = title == before
    if not title or not (same_title or (not beside and _shared(title, before) >= _TITLES)):
        return False
    one, other = load_sketch(new.sketch), load_sketch(old.sketch)
    if one is None or other is None or one.figures != other.figures:
        return False
    same_text, size = one.text == other.text, min(one.words, other.words)
    if not same_title or beside:
        return same_text and size >= _LONG and _figures(new.title) == _figures(old.title)
    moment = _same_moment(new.published, old.published)
    if same_text:
        near = size >= _SHORT and _near(new.published, old.published)
        return size >= _LONG or near or (moment and same_source)
    enough = _OF_ONE_SOURCE if same_source else _OF_ANOTHER
    telling = moment and size >= _LONG and len(title) >= _TELLING and one.names == other.names
    return telling and likeness(one, other) >= enough


def twin(
    new: NewArticle, recent: Iterable[Recent], source_id: int, beside: Collection[int]
) -> Recent | None:
    """The first article that is the same story, or None.

    Args:
        new: an article whose names are all new.
        recent: those that it is compared with.
        source_id: where it comes from.
        beside: the numbers of those that the same read shows as well.
    """
    for old in recent:
        same_source, shown = old.source_id == source_id, old.article_id in beside
        if same_story(new, old, same_source=same_source, beside=shown):
            return old
    return None


@lru_cache(maxsize=2048)
def title_words(title: str) -> tuple[str, ...]:
    """A title without case and punctuation, and with ё as е."""
    return tuple(_words(title))


def _folded(text: str) -> str:
    return text.casefold().replace("ё", "е")


def _words(text: str) -> list[str]:
    return _WORD.findall(_folded(text))


def _hashes(words: list[str]) -> Iterator[int]:
    """A hash of each run of three words, or of all where there are fewer, spread evenly."""
    coded = " ".join(words).encode().split()
    runs = zip(coded, coded[1:], coded[2:], strict=False) if len(coded) > _RUN else [tuple(coded)]
    return (crc32(b" ".join(run)) * 0x9E3779B1 & 0xFFFF_FFFF for run in runs if run)


def _figures(text: str) -> set[str]:
    return set(_FIGURE.findall(_folded(text)))


def _names(text: str) -> set[str]:
    return {
        found[0].casefold()
        for found in _CAPITAL.finditer(text)
        if text[max(found.start() - _BEFORE, 0) : found.start()].rstrip(' «"“(—–-')[-1:]
        not in {"", "\n", ".", "!", "?", "…"}
    }


def _digest(words: Iterable[str]) -> int:
    return int.from_bytes(blake2b("\0".join(words).encode(), digest_size=8).digest(), "big")


def _shared(one: tuple[str, ...], other: tuple[str, ...]) -> float:
    first, second = set(one), set(other)
    return len(first & second) / len(first | second)


def _same_moment(new: datetime | None, old: datetime | None) -> bool:
    """Whether both were published at one moment; a day, or a full hour, says too little.

    Midnight is a full hour in nearly all zones.
    """
    return new is not None and new == old and bool(new.minute or new.second)


def _near(new: datetime | None, old: datetime | None) -> bool:
    return new is None or old is None or abs(new - old) <= _REPEATED
