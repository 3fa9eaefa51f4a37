"""Nearness: whether two articles under different names are one story. Pure.

A story that is wrongly taken for another is lost, which is worse than one that comes twice. So
the title alone never suffices, nor does the text, and every number and date must agree. The same
is said again a day later (alarms, forecasts), so that both must be of about one hour. A text that
was edited, however little, is known only where the moment of publication is the same: forecasts,
vacancies and outages differ in a word or two. And what stands under several titles is no story but
what a site shows in the place of one.
"""

from __future__ import annotations

import re
import struct
from collections import Counter, defaultdict, deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from zlib import crc32

from bot.ingest.sameness.change import NEGATIONS, is_misprint
from bot.ingest.sameness.likeness import folded
from bot.model import NewArticle
from bot.storage.sketches import Recent

_SAMPLE = 64  # hashes of a text: its likeness to another is estimated within about 0.06
_RUN = 3  # words
_CHARS = 50_000  # of a text; the longer ones are known by their beginnings
_SHORT = 20  # words; below, only the title and the moment of publication can tell
_LONG = 40  # words from which on a text may speak for itself
_TELLING = 4  # words; "Вакансия" and "Погода на завтра" come again and again with other texts
_REPEATED = timedelta(hours=1)  # between two copies of a text; later it is said again
# How alike the texts of one moment must be: the share of runs of three words that both have.
_OF_ONE_SOURCE = 0.5
_OF_ANOTHER = 0.9
_TITLES = 0.5  # of the longer title's words, that the other must have, too
_MOST = 20  # articles of one title, or of one text, with one's figures, that one is compared with

_HEAD = struct.Struct(">BIQQQ")
_BEGINNING = struct.Struct(">BIQQ")  # of a head
_FORM = 1
_WORD = re.compile(r"[^\W_]+")
_CAPITAL = re.compile(r"[A-ZА-ЯЁ](?<!\w.)[^\W\d_]+")  # at the start of a word
_BEFORE = 4  # characters before a word: an end of a sentence, a space, a dash or a quotation mark
_TOKEN = re.compile(r"\w+")
_DIGIT = re.compile(r"\d")
# Words by their beginnings that say when, as numbers do; ё is е here.
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
    sample = sorted(_hashes(words))[:_SAMPLE]
    # A token differs from a word only where there is an underscore.
    figures = _telling_when(words) if "_" not in text else _figures(text)
    head = _HEAD.pack(
        _FORM,
        len(words),
        _digest(words),
        _digest(sorted(figures | _figures(lead[:_CHARS]))),
        _digest(sorted(_names(text))),
    )
    return head + struct.pack(f">{len(sample)}I", *sample)


@lru_cache(maxsize=2048)  # each is compared with several
def load_sketch(kept: bytes) -> Sketch | None:
    """A sketch that was kept; None where another version made it, so that it cannot be compared."""
    if not _is_whole(kept):
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
    new: NewArticle,
    old: Recent,
    *,
    same_source: bool = True,
    beside: bool = False,
    empty: bool = False,
) -> bool:
    """Whether an article whose names are all new is one that we have.

    Args:
        new: the article.
        old: what we have.
        same_source: whether both come from one source.
        beside: whether one read shows both: then they are two, unless title and text are the same.
        empty: whether the new one's text says nothing, as those of ``empty_texts`` do.
    """
    title, before = title_words(new.title), title_words(old.title)
    same_title = title == before
    retouched = (
        not (same_title or beside)
        and text_digest(new.sketch) == text_digest(old.sketch)
        and is_retouched(new.title, old.title)
    )
    if not title or not (same_title or retouched):
        return False
    one, other = load_sketch(new.sketch), load_sketch(old.sketch)
    if one is None or other is None or one.figures != other.figures:
        return False
    moment = _same_moment(new.published, old.published)
    if one.text == other.text:
        if not empty and _near(new.published, old.published, min(one.words, other.words)):
            return True
        return moment and same_source and same_title and not beside
    if not same_title or beside or empty:
        return False
    enough = _OF_ONE_SOURCE if same_source else _OF_ANOTHER
    telling = len(title) >= _TELLING and min(one.words, other.words) >= _LONG
    return moment and telling and one.names == other.names and likeness(one, other) >= enough


def is_reprint(new: NewArticle, old: Recent) -> bool:
    """Whether title and text are the same, whenever they were published; a short text may be."""
    one, other = load_sketch(new.sketch), load_sketch(old.sketch)
    return (
        one is not None
        and other is not None
        and one.text == other.text
        and one.words >= _SHORT
        and title_words(new.title) == title_words(old.title)
    )


class Lookalikes:
    """Articles by titles and texts: only one that shares either can be the same story.

    Figures must agree in any case. Of many that share all that, the newest twenty are kept: else
    comparing a feed of one title for all its entries would take quadratic time.

    Args:
        articles: the newest first.
    """

    def __init__(self, articles: Sequence[Recent] = ()) -> None:
        self._by = defaultdict[object, deque[Recent]](lambda: deque(maxlen=_MOST))
        for each in reversed(articles):
            self.add(each)

    def add(self, one: Recent) -> None:
        """One more article to compare with, newer than all others."""
        for key in _keys(one):
            self._by[key].appendleft(one)

    def of(self, new: NewArticle) -> list[Recent]:
        """Those that are worth comparing with an article, the newest first; some may come twice."""
        return [old for key in _keys(new) for old in self._by.get(key, ())]


def _keys(one: Recent | NewArticle) -> list[object]:
    """What one must share with another: figures, and the title or the text."""
    if not _is_whole(one.sketch):
        return []
    _, _, text, figures = _BEGINNING.unpack_from(one.sketch)
    return [(title_words(one.title), figures), (text, figures)]


def twin(
    new: NewArticle,
    recent: Iterable[Recent],
    source_id: int,
    beside: Collection[int],
    empty: Collection[int] = (),
) -> Recent | None:
    """The first article that is the same story, or None.

    Args:
        new: an article whose names are all new.
        recent: those that it is compared with.
        source_id: where it comes from.
        beside: the numbers of those that the same read shows as well.
        empty: texts that say nothing, as ``empty_texts`` has them.
    """
    says_nothing = text_digest(new.sketch) in empty
    for old in recent:
        same_source, shown = old.source_id == source_id, old.article_id in beside
        if same_story(new, old, same_source=same_source, beside=shown, empty=says_nothing):
            return old
    return None


def empty_texts(articles: Iterable[tuple[int, str, bytes]]) -> set[int]:
    """The texts, by their digests, that one source has under different titles.

    Such a text asks for cookies or a subscription: it says nothing of the story.

    Args:
        articles: the source, the title and the sketch of each.
    """
    titles: defaultdict[tuple[int, int], set[tuple[str, ...]]] = defaultdict(set)
    for source_id, title, kept in articles:
        if (text := text_digest(kept)) is not None:
            titles[source_id, text].add(title_words(title))
    return {text for (_, text), found in titles.items() if len(found) > 1}


def text_digest(kept: bytes) -> int | None:
    """What stands for all words of a text, in its sketch; None where that cannot be read."""
    if not _is_whole(kept):
        return None
    text: int = _BEGINNING.unpack_from(kept)[2]
    return text


def _is_whole(kept: bytes) -> bool:
    return len(kept) >= _HEAD.size and kept[0] == _FORM


@lru_cache(maxsize=2048)
def title_words(title: str) -> tuple[str, ...]:
    """A title without case and punctuation, and with ё as е."""
    return tuple(_words(title))


@lru_cache(maxsize=2048)
def _title_figures(title: str) -> frozenset[str]:
    """The words of a title that hold a digit or say when."""
    return frozenset(_figures(title))


def _folded(text: str) -> str:
    return text.casefold().replace("ё", "е")


def _words(text: str) -> list[str]:
    return _WORD.findall(_folded(text))


def _hashes(words: list[str]) -> set[int]:
    """A hash of each run of three words, or of all where there are fewer, spread evenly."""
    coded = " ".join(words).encode().split()
    runs = zip(coded, coded[1:], coded[2:], strict=False) if len(coded) > _RUN else [tuple(coded)]
    sums = set(map(crc32, map(b" ".join, runs))) if coded else ()
    return {each * 0x9E3779B1 & 0xFFFF_FFFF for each in sums}


def _figures(text: str) -> set[str]:
    """The words that hold a digit or say when."""
    return _telling_when(_TOKEN.findall(_folded(text)))


def _telling_when(tokens: Iterable[str]) -> set[str]:
    return {
        word
        for word in set(tokens)
        if _DAY.match(word) or (not word.isalpha() and _DIGIT.search(word))
    }


def _names(text: str) -> set[str]:
    return {
        found[0].casefold()
        for found in _CAPITAL.finditer(text)
        if text[max(found.start() - _BEFORE, 0) : found.start()].rstrip(' «"“(—–-')[-1:]
        not in {"", "\n", ".", "!", "?", "…"}
    }


def _digest(words: Iterable[str]) -> int:
    return int.from_bytes(blake2b("\0".join(words).encode(), digest_size=8).digest(), "big")


def is_retouched(one: str, other: str) -> bool:
    """Whether titles differ in misprints alone, or in words that only one of them has.

    None of these may be a name, which also may begin a title, or a "not"; numbers and days must
    agree. Titles with other words in the same place are of two stories.
    """
    if _title_figures(one) != _title_figures(other):
        return False
    if is_misprint(folded(one), folded(other)):
        return True
    first, second = (Counter(_WORD.findall(title.replace("ё", "е"))) for title in (one, other))
    more, less = first - second, second - first
    added = more or less
    kept = (first & second).total()
    return (
        not (more and less)
        and kept >= max(_TELLING, _TITLES * (kept + added.total()))
        and all(word.islower() and word not in NEGATIONS for word in added)
    )


def _same_moment(new: datetime | None, old: datetime | None) -> bool:
    """Whether both were published at one moment; a day, or a full hour, says too little.

    Midnight is a full hour in nearly all zones.
    """
    return new is not None and new == old and bool(new.minute or new.second)


def _near(new: datetime | None, old: datetime | None, words: int) -> bool:
    """Whether two copies of a text of so many words are of one hour; undated, a long one may be."""
    if new is None or old is None:
        return words >= _LONG
    return words >= _SHORT and abs(new - old) <= _REPEATED
