"""What kind of edit lies between two texts of an article. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from bot.addresses import picture_name
from bot.ingest.sameness.likeness import (
    document_hash,
    folded,
    lines,
    pictures,
    squeezed,
    without_counters,
)
from bot.model import Article, Change, Correction, Document, NewArticle

_MOST_LINES = 12  # with a misprint each; more is a text that was gone over
_MOST_WORDS = 100  # between the first and the last that differ in a line: comparing is quadratic
_LONG_LINE = 20_000  # characters
_SHORTEST = 5  # letters; "мост" and "пост" are two words
_LONG = 8  # letters, from which on two of them may be wrong
_LONGEST = 60  # letters; what is longer is no word but a key, a picture or an address
_NOTICE = 600  # characters; what says that an article is gone is short
_AS_WRITTEN = 10 * _NOTICE  # the same, white space and invisible characters included
_BEGINNING = 50_000  # characters of an article that a notice is compared with
_SHARED = 0.5  # of a notice's words; what has more of the old text is a shortened article

_WORD = re.compile(r"\w+|[^\w\s]")
_DIGITS = re.compile(r"\d+")
NEGATIONS = frozenset(
    {"не", "ни", "нет", "без", "нельзя", "никогда", "not", "no", "never", "without", "t", "cannot"}
)
_JUNE_OR_JULY = re.compile("ию[нл]", re.IGNORECASE)
_NEGATIVE = ("не", "ни", "без", "бес", "un", "in", "im", "dis", "non")
_GONE = re.compile(
    r"\b(?:материал|новость|статья|публикация|страница|запись|сообщение)\W+(?:\w+\W+){0,3}"
    r"(?:удален[ао]?|снят[ао]?\W+с\W+публикации|не\W+найден[ао]?|не\W+существует|недоступ(?:ен|на|но)"
    r"|отозван[ао]?|больше\W+не\W+доступ\w+)\b"
    r"|\b(?:article|story|page|post|content|item)\W+(?:\w+\W+){0,4}"
    r"(?:removed|deleted|withdrawn|retracted|not\W+found|no\W+longer\W+available|unavailable)\b",
    re.IGNORECASE,
)


def correction(before: Article, new: NewArticle) -> Correction:
    """What kind of edit made an article what it is now.

    A title that changed beyond its marks is a new headline. A few letters within words are a
    misprint; a figure, a name, a "not", or words that came and went never are.
    """
    if new.has_page and is_notice(before, new.title, new.document):
        return Correction(Change.WITHDRAWN, Change.WITHDRAWN)
    return Correction(_of_push(before, new), _of_text(before, new))


@dataclass(frozen=True, slots=True)
class Edit:
    """An article as it was, as it is now, and what kind of edit lies between. Pure."""

    before: Article
    new: NewArticle
    kind: Correction

    @classmethod
    def between(cls, before: Article, new: NewArticle) -> Edit:
        """Compare them, which takes up to a second where the texts are long."""
        return cls(before, new, correction(before, new))

    def began_with(self, article: Article) -> bool:
        """Whether an article says what it said when it was compared."""
        return _content(article) == _content(self.before)


def is_notice(before: Article, title: str, document: Document) -> bool:
    """Whether what stands in the place of an article is a notice that it is gone."""
    said = document.plain_text()
    if len(said) > _AS_WRITTEN:
        return False
    text = folded(said)
    if len(text) > _NOTICE or not (_GONE.search(text) or _GONE.search(folded(title))):
        return False
    old = folded(before.document.plain_text()[:_BEGINNING])
    if _GONE.search(old) or _GONE.search(folded(before.title)):
        return False
    words = set(_WORD.findall(text.casefold()))
    return len(words & set(_WORD.findall(old.casefold()))) < _SHARED * len(words)


def _content(article: Article) -> tuple[str, str, str | None, Document]:
    return article.title, article.lead, article.image, article.document


def _of_push(before: Article, new: NewArticle) -> Change | None:
    if folded(before.title) != folded(new.title):
        return Change.HEADLINE
    if _named(before.image) != _named(new.image):
        return Change.MATERIAL
    if _told(before.lead) != _told(new.lead):
        return Change.TYPO if is_misprint(_told(before.lead), _told(new.lead)) else Change.MATERIAL
    marks = squeezed(before.title) != squeezed(new.title) or (
        folded(before.lead) == folded(new.lead) and squeezed(before.lead) != squeezed(new.lead)
    )
    return Change.TYPO if marks else None


def _of_text(before: Article, new: NewArticle) -> Change | None:
    if document_hash(before.document) == document_hash(new.document):
        return None
    if sorted(pictures(before.document)) != sorted(pictures(new.document)):
        return Change.MATERIAL
    old, now = lines(before.document), lines(new.document)
    if " ".join(old) == " ".join(now):
        return Change.TYPO  # links, or where paragraphs end
    if len(old) != len(now):
        return Change.MATERIAL
    differing = [(one, other) for one, other in zip(old, now, strict=True) if one != other]
    if len(differing) > _MOST_LINES:
        return Change.MATERIAL
    misprints = all(is_misprint(one, other) for one, other in differing)
    return Change.TYPO if misprints else Change.MATERIAL


def is_misprint(before: str, after: str) -> bool:
    """Whether two folded lines differ by nothing but a few letters within words, or by marks."""
    if max(len(before), len(after)) > _LONG_LINE or _DIGITS.findall(before) != _DIGITS.findall(
        after
    ):
        return False
    old, new = _WORD.findall(before), _WORD.findall(after)
    if _negations(old) != _negations(new):
        return False
    old, new = _middles(old, new)
    if max(len(old), len(new)) > _MOST_WORDS:
        return False
    return all(_same_words(*pair) for pair in _differences(old, new))


def _same_words(words: list[str], others: list[str]) -> bool:
    """Whether words are the same but for misprints and marks, or a space that was missing."""
    words = [word for word in words if word[0].isalnum()]
    others = [word for word in others if word[0].isalnum()]
    if len(words) != len(others):
        return "".join(words) == "".join(others)
    return all(_same_word(*pair) for pair in zip(words, others, strict=True))


def _same_word(one: str, other: str) -> bool:
    """Whether one is the other with a letter or, where it is long, two letters wrong."""
    if one == other:
        return True
    if one[0].isupper() or other[0].isupper():
        return one.casefold() == other.casefold()  # else perhaps a name
    short, long = sorted((one, other), key=len)
    if not _SHORTEST <= len(short) <= len(long) <= _LONGEST:
        return False
    if one[0] != other[0] or _JUNE_OR_JULY.match(one):
        return False
    if any(long == prefix + short for prefix in _NEGATIVE):
        return False
    return _within(one, other, 2 if len(short) >= _LONG else 1)


def _within(one: str, other: str, wrong: int) -> bool:
    """Whether so many letters at most are put in, left out, replaced or swapped with the next."""
    at, shortest = 0, min(len(one), len(other))
    while at < shortest and one[at] == other[at]:
        at += 1
    one, other = one[at:], other[at:]
    if not (one and other and wrong):
        return max(len(one), len(other)) <= wrong
    return (
        _within(one[1:], other[1:], wrong - 1)
        or _within(one[1:], other, wrong - 1)
        or _within(one, other[1:], wrong - 1)
        or (one[:2] == other[1::-1] and _within(one[2:], other[2:], wrong - 1))
    )


def _middles(old: list[str], new: list[str]) -> tuple[list[str], list[str]]:
    """What lies between the first and the last words that differ."""
    start, shortest = 0, min(len(old), len(new))
    while start < shortest and old[start] == new[start]:
        start += 1
    end = 0
    while end < shortest - start and old[-1 - end] == new[-1 - end]:
        end += 1
    return old[start : len(old) - end], new[start : len(new) - end]


def _differences(old: list[str], new: list[str]) -> Iterator[tuple[list[str], list[str]]]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for kind, start, end, begin, stop in matcher.get_opcodes():
        if kind != "equal":
            yield old[start:end], new[begin:stop]


def _negations(words: list[str]) -> list[str]:
    return [word for each in words if (word := each.casefold()) in NEGATIONS]


def _named(image: str | None) -> str:
    return picture_name(image) if image else ""


def _told(lead: str) -> str:
    return without_counters(folded(lead))
