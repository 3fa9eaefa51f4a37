"""Words as the search index knows them: how a text is cut, what is left out, what is stemmed."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import regex
import Stemmer

# Longer texts are indexed by their beginnings: a tsvector of PostgreSQL holds 1 MB at most, and no
# character takes more than four bytes.
MAX_HEAD = 10_000
MAX_BODY = 100_000
_MAX_WORD = 50  # PostgreSQL indexes no word of more than 2 KB

_FREQUENT = 12  # words of a body that stand for what it is about
_OFTEN = 3  # occurrences that make a word one of them

# Letters and digits apart, so that "COVID-19" and "COVID19" are the same two words. PostgreSQL's
# own parser sees a number or a word in each, and never an address or a file.
_WORD = regex.compile(r"\p{L}[\p{L}\p{M}]*|\p{Nd}+")
# Of accents only the breve stays: it makes й of и.
_ACCENT = regex.compile("[\u0300-\u0305\u0307-\u036f]+")

# What PostgreSQL's configuration `russian` leaves out, of both alphabets; a test compares. Words
# come here in lower case, with е for ё.
_STOP_WORDS = """
    а без более больше будет будто бы был была были было быть в вам вас вдруг ведь во вот впрочем
    все всегда всего всех всю вы где да даже два для до другой его ее ей ему если есть еще ж же за
    зачем здесь и из или им иногда их к как какая какой когда конечно кто куда ли лучше между меня
    мне много может можно мой моя мы на над надо наконец нас не него нее ней нельзя нет ни нибудь
    никогда ним них ничего но ну о об один он она они опять от перед по под после потом потому почти
    при про раз разве с сам свою себе себя сейчас со совсем так такой там тебя тем теперь то тогда
    того тоже только том тот три тут ты у уж уже хорошо хоть чего чем через что чтоб чтобы чуть эти
    этого этой этом этот эту я
    a about above after again against all am an and any are as at be because been before being below
    between both but by can did do does doing don down during each few for from further had has have
    having he her here hers herself him himself his how i if in into is it its itself just me more
    most my myself no nor not now of off on once only or other our ours ourselves out over own s
    same she should so some such t than that the their theirs them themselves then there these they
    this those through to too under until up very was we were what when where which while who whom
    why will with you your yours yourself yourselves
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())

# Texts of these alone, in lower case, have no accents.
_PLAIN = re.compile("[\\x00-\\x7fа-я«»„“”‘’–—…№\\xa0]*")
_PLAIN_WORD = re.compile("[a-zа-я]+|[0-9]+")


class _Stemmers(threading.local):
    """The stemmers of a thread, since threads are not to share them.

    They keep no cache of their own: looking a word up in it takes longer than stemming it.
    """

    def __init__(self) -> None:
        self.english = Stemmer.Stemmer("english", 0)
        self.russian = Stemmer.Stemmer("russian", 0)


_STEMMERS = _Stemmers()


@dataclass(frozen=True, slots=True)
class Words:
    """The words of an article that are indexed, without stop words.

    Attributes:
        frequent: those that the body repeats most often; they stand in it, too.
        stems: the stem of each word.
    """

    title: list[str]
    lead: list[str]
    frequent: list[str]
    body: list[str]
    stems: Mapping[str, str]


def words(text: str) -> list[str]:
    """The words of a text in order: small letters without accents, or digits; ё is е."""
    plain = text.casefold().replace("ё", "е")
    if _PLAIN.fullmatch(plain):
        found = _PLAIN_WORD.findall(plain)
    else:
        plain = _ACCENT.sub("", unicodedata.normalize("NFD", plain))
        found = _WORD.findall(unicodedata.normalize("NFC", plain))
    return [word if len(word) <= _MAX_WORD else word[:_MAX_WORD] for word in found]


def stem(word: str) -> str:
    """What a word's forms have in common: English for Latin letters alone, else Russian."""
    stemmer = _STEMMERS.english if word.isascii() else _STEMMERS.russian
    return str(stemmer.stemWord(word))


def article_words(title: str, lead: str, text: str) -> Words:
    """What is indexed of an article; ``text`` is its body as plain text."""
    heads = [_telling(each[:MAX_HEAD]) for each in (title, lead)]
    body = _telling(text[:MAX_BODY])
    stems = _stems({*heads[0], *heads[1], *body})
    return Words(heads[0], heads[1], _most_frequent(body, stems), body, stems)


def _telling(text: str) -> list[str]:
    return [word for word in words(text) if word not in STOP_WORDS]


def _stems(some: Iterable[str]) -> dict[str, str]:
    """The stem of each of these words, as ``stem`` has it."""
    latin: list[str] = []
    other: list[str] = []
    for word in some:
        (latin if word.isascii() else other).append(word)
    stemmed = [*_STEMMERS.english.stemWords(latin), *_STEMMERS.russian.stemWords(other)]
    return dict(zip([*latin, *other], stemmed, strict=True))


def _most_frequent(body: list[str], stems: Mapping[str, str]) -> list[str]:
    """The first form of each of the words that the body repeats most."""
    counts: Counter[str] = Counter()
    forms: dict[str, str] = {}
    for word, count in Counter(body).items():  # in the order of their first places
        counts[stems[word]] += count
        forms.setdefault(stems[word], word)
    often = {each for each, count in counts.most_common(_FREQUENT) if count >= _OFTEN}
    return [word for each, word in forms.items() if each in often]
