"""What of an article counts as the same: its words, links and pictures, not how they are served.

A page is never twice the same to the byte. White space, quotation marks and dashes, what tracks
people, the host and size of a picture and whatever counts or tells the time are no part of it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from hashlib import sha256

from bot.addresses import normalise_url, picture_name
from bot.model import (
    Aside,
    Block,
    Contacts,
    Divider,
    Document,
    Heading,
    Image,
    List,
    PageState,
    Paragraph,
    Preformatted,
    Quote,
    Span,
    Spans,
    Table,
)

_HASH_CHARS = 32
_COUNTER_CHARS = 120  # what is longer tells something, whatever it counts
_MARKS = {
    **dict.fromkeys("«»„“”‟‹›″", '"'),
    **dict.fromkeys("‘’‚‛′`", "'"),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    "…": "...",
    "ё": "е",
    "Ё": "Е",
}
_INVISIBLE = dict.fromkeys("\u00ad\u200b\u2060\ufeff", "")
_PLAIN = {**_MARKS, **_INVISIBLE}
_ANY_INVISIBLE = re.compile(f"[{''.join(_INVISIBLE)}]+")
_ANY_OF_THESE = re.compile(f"[{''.join(_PLAIN)}]")
# In lower case: whatever counts or tells the time holds one of these.
_HINTS = (
    *("просм", "прочт", "прочит", "посмотр", "показ", "коммент", "репост", "лайк", "нравит"),
    *("поделил", "скачив", "view", "read", "hit", "share", "like", "comment", "repost", "download"),
    *("обновлен", "изменен", "updated", "modified", "время", "сейчас", "current time", "назад"),
    *("ago", "только что", "just now", *"👁👀💬❤♥👍🔁⭐☆★"),
)

_NUMBER = r"\d(?:[\d .,]{0,12}\d)?(?:\s?(?:тыс\.?|млн|[kmкм]\b))?"
_COUNTED = (
    r"(?:(?:количество|число|всего)\s)?(?:просмотр\w*|просмотрен\w*|прочтени\w*|прочитан\w*"
    r"|прочитали|посмотрел\w*|показ(?:ов|ы|а)?\b|комментари\w*|репост\w*|лайк\w*|нравится"
    r"|поделил\w+|скачивани\w*|views?\b|reads?\b|hits?\b|shares?\b|likes?\b|comments?\b"
    r"|reposts?\b|downloads?\b|viewed|shared)"
)
_UNIT = (
    r"(?:сек\w*|мин\w*|час\w*|ч|дн\w+|день|дня|недел\w+|месяц\w*|лет|год\w*"
    r"|s|sec\w*|m|min\w*|h|hrs?|hours?|d|days?|weeks?|months?|years?)\.?"
)
_MONTH = (
    r"(?:январ|феврал|март|апрел|ма[йя]|июн|июл|август|сентябр|октябр|ноябр|декабр|jan|feb|mar|apr"
    r"|may|jun|jul|aug|sep|oct|nov|dec)\w*"
)
# Possessive: a row of digits can be cut up in very many ways.
_MOMENT = (
    rf"(?:[\s,]{{0,2}}(?:\d{{1,4}}+(?:[:./-]\d{{1,4}}+){{0,3}}+|{_MONTH}|г\.|года\b|в\b|at\b|on\b"
    r"|сегодня|вчера|today|yesterday|utc|gmt|мск|msk|[ap]m\b)){1,8}+"
)
_STAMP = (
    r"(?:(?:последнее\s)?обновлен(?:о|а|ие)\b|изменен(?:о|а)\b|(?:last\s)?(?:updated|modified)\b"
    rf"|текущее время\b|сейчас\b|current time\b)[:\s]{{0,2}}"
    rf"(?=[^.]{{0,40}}\d|сегодня|today){_MOMENT}"
)
_COUNTERS = re.compile(
    rf"(?:{_STAMP}"
    rf"|{_COUNTED}(?:\s?(?:страниц\w*|раз|на сайте|за сегодня|today))?\s?[:(-]?\s?{_NUMBER}\)?"
    rf"(?:\s?(?:раза?|times|человек\w*)\b)?"
    rf"|{_NUMBER}\s?(?:человек\w*\s)?{_COUNTED}"
    rf"|(?:(?:\d{{1,3}}|an?|one)\s)?{_UNIT}\s(?:назад|ago)\b|только что|just now"
    r"|[👁👀💬❤♥👍🔁⭐☆★]\ufe0f?\s?" + _NUMBER + ")",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"[\s,;.·•∙●|/()-]*")
_PARTS = re.compile(r"(\s?[·•∙●|]\s?|(?<=[.!?])\s(?=[A-ZА-Я]))")
_BARE_COUNT = re.compile(r"\d[\d ]{0,11}[kmкм]?|\d{1,2}:\d{2}(?::\d{2})?", re.IGNORECASE)
_STAMP_FIRST = re.compile(rf"(?:{_STAMP}(?:[.;]\s|\s-\s|$))", re.IGNORECASE)
_STAMP_LAST = re.compile(rf"{_STAMP}\)\.?", re.IGNORECASE)


def squeezed(text: str) -> str:
    """Text without invisible characters, each white space one space."""
    return " ".join(_ANY_INVISIBLE.sub("", text).split())


def folded(text: str) -> str:
    """The same with one kind of quotation marks, of dashes, and of the letter ё."""
    plain = _ANY_OF_THESE.sub(lambda found: _PLAIN[found[0]], unicodedata.normalize("NFC", text))
    return " ".join(plain.split())


def without_counters(line: str) -> str:
    """A folded line without what counts visitors or tells the time; empty where that is all of it.

    Only whole parts of a line, and sentences, count as that, and a stamp before or after the rest:
    what is told in a sentence ("1 000 просмотров за день") is news.
    """
    lowered = line.lower()
    if not any(map(lowered.__contains__, _HINTS)):
        return line
    if _STAMP_FIRST.match(line):
        line = _STAMP_FIRST.sub("", line, count=1)
    before, bracket, last = line.rpartition("(")
    if bracket and _STAMP_LAST.fullmatch(last):
        line = before.rstrip()
    first, *others = _PARTS.split(line)
    kept = "" if _is_counter(first) else first
    for mark, part in zip(others[::2], others[1::2], strict=True):
        if not _is_counter(part):
            kept = f"{kept}{mark}{part}" if kept else part
    return kept


def lines(document: Document) -> list[str]:
    """What a document says, folded and without counters, a paragraph (item, cell) a line."""
    return [line for block in document.blocks for line, _ in _said(block)]


def pictures(document: Document) -> list[str]:
    """What its pictures are called, whichever host and size they come in."""
    return [picture_name(block.url) for block in document.blocks if isinstance(block, Image)]


def document_hash(document: Document) -> str:
    """A hash of a document's blocks that only an edit changes.

    It is of what kind they are, what they say, where they link to and which pictures they are.
    """
    digest = sha256()
    for block in document.blocks:
        said = [[line, *_links(spans)] for line, spans in _said(block)]
        if isinstance(block, Image):
            said.append([picture_name(block.url)])
        if said:
            digest.update(f"{block.kind}\0{said!r}\0".encode())
    return digest.hexdigest()[:_HASH_CHARS]


def text_hash(text: str) -> str:
    """A hash of a title or a lead that only an edit changes."""
    return sha256(without_counters(folded(text)).encode()).hexdigest()[:_HASH_CHARS]


def picture_hash(url: str | None) -> str:
    """A hash of a picture, likewise; one of none, too."""
    return sha256((picture_name(url) if url else "").encode()).hexdigest()[:_HASH_CHARS]


def page_state(
    *,
    title: str,
    lead: str,
    image: str | None,
    body_hash: str,
    etag: str | None = None,
    last_modified: str | None = None,
) -> PageState:
    """What is kept of a page that says this; ``body_hash`` is its document's."""
    said = " ".join([text_hash(title), text_hash(lead), picture_hash(image)])
    return PageState(etag, last_modified, said, body_hash)


def _is_counter(part: str) -> bool:
    """Whether a part of a line is nothing but counters, one after another."""
    at, found = 0, False
    while at < len(part) <= _COUNTER_CHARS:
        match = _COUNTERS.match(part, at)
        if match is None or match.end() == at:
            return False
        found = True
        between = _BETWEEN.match(part, match.end())
        at = between.end() if between else match.end()
    return found


def _said(block: Block) -> Iterator[tuple[str, Spans]]:
    """The lines of a block that say something, and the spans that they are made of."""
    counts = isinstance(block, Paragraph | List | Image | Aside)
    for spans in _runs(block):
        line = folded("".join(span.text for span in spans))
        if counts:
            line = without_counters(line)
        if isinstance(block, Paragraph) and _BARE_COUNT.fullmatch(line):
            line = ""
        if line:
            yield line, spans


def _runs(block: Block) -> Iterator[Spans]:
    match block:
        case Preformatted():
            yield from ((Span(line),) for line in block.text.splitlines())
        case Quote() | List() | Image() | Table() | Aside() | Contacts() | Paragraph() | Heading():
            yield from Document((block,)).spans()
        case Divider():
            pass


def _links(spans: Spans) -> list[str]:
    """Where the spans link to, one after another."""
    found: list[str] = []
    for span in spans:
        link = normalise_url(span.link) if span.link else ""
        if link and found[-1:] != [link]:
            found.append(link)
    return found
