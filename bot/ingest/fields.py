"""What the formats of feeds share: text, moments, pictures, and the rules for a whole feed."""

from __future__ import annotations

import html
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from lxml import etree

from bot.ingest.addresses import absolute_url, normalise_url
from bot.model import Entry

MAX_ENTRIES = 2000
FULL_AREA = 640 * 360  # square pixels that a picture of unknown size is taken to have
SMALL_AREA = 120 * 90  # and a thumbnail

_FIRST_YEAR, _LAST_YEAR = 1990, 2099
_LONGEST_DATE = 80  # characters
_LONGEST_EPOCH = 10  # digits of seconds; more are milliseconds

_HIDDEN = frozenset({"script", "style", "template", "title"})
_INLINE = frozenset(
    {
        *("a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn"),
        *("em", "font", "i", "ins", "kbd", "label", "mark", "nobr", "q", "s", "samp", "script"),
        *("small", "span", "strike", "strong", "style", "sub", "sup", "time", "tt", "u", "var"),
        "wbr",
    }
)
# What XML 1.0 cannot hold, and databases neither (NUL, halves of surrogate pairs).
_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_INVISIBLE = str.maketrans("", "", "\xad\u200b\u2060\ufeff")
_PICTURE_NAME = re.compile(r"\.(?:jpe?g|png|webp|gif|avif)(?:$|[?#])", re.IGNORECASE)

_ZONES = {  # those that RFC 822 does not name
    zone: offset
    for offset, zones in (
        *(("+0100", "CET MET BST"), ("+0200", "CEST MEST EET"), ("+0300", "EEST MSK")),
        *(("+0400", "MSD SAMT"), ("+0500", "YEKT")),
    )
    for zone in zones.split()
}
_ZONE = re.compile(rf"\b(?:{'|'.join(_ZONES)})\b", re.IGNORECASE)
_NAMED_OFFSET = re.compile(r"\s*\b(?:GMT|UTC)\s*(?:([+-]\d{1,2})(?::?(\d\d))?)?$", re.IGNORECASE)
_OFFSET = re.compile(r"\s*([+-])(\d{1,2}):?(\d\d)$")
_DAY_FIRST = re.compile(r"^(\d{1,2})\.(\d{1,2})\.(\d{4})\b,?")
_RUSSIAN_WORD = re.compile(r"[а-яё]+\.?", re.IGNORECASE)
_RUSSIAN_MONTHS = {
    russian: english
    for pair in (
        *("янв Jan", "фев Feb", "мар Mar", "апр Apr", "май May", "мая May", "июн Jun", "июл Jul"),
        *("авг Aug", "сен Sep", "окт Oct", "ноя Nov", "дек Dec"),
    )
    for russian, english in (pair.split(),)
}
_YEAR_ZERO = re.compile(r"(?<![\d+-])0\d{3}(?!\d)")


# --- Text ---------------------------------------------------------------------------------------


def plain_text(markup: str) -> str:
    """HTML as one line of text: tags dropped, entities decoded, white space collapsed."""
    if "<" not in markup:
        return one_line(html.unescape(markup))
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(markup.encode("utf-8", "replace"), parser)
    except etree.LxmlError:
        root = None
    if root is None:
        return ""
    parts: list[str] = []
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        if element.tag not in _INLINE:
            parts.append(" ")
        if event == "end":
            parts.append(element.tail or "")
        elif element.tag in _HIDDEN:
            walk.skip_subtree()
        else:
            parts.append(element.text or "")
    return one_line("".join(parts))


def readable(text: str) -> str:
    """Text without the characters that are no text."""
    return _UNREADABLE.sub("", text)


def one_line(text: str) -> str:
    """Text without line breaks, doubled spaces and invisible characters."""
    return " ".join(text.translate(_INVISIBLE).split())


def paragraphs(text: str) -> str:
    """Plain text as HTML: blank lines part paragraphs, other line breaks stay."""
    blocks = re.split(r"\n[^\S\n]*\n", text.replace("\r\n", "\n").replace("\r", "\n"))
    return "".join(
        f"<p>{html.escape(block.strip(), quote=False).replace(chr(10), '<br>')}</p>"
        for block in blocks
        if block.strip()
    )


def language(code: str) -> str | None:
    """A language code such as ``ru`` or ``en-GB``, or None where it is none."""
    code = code.strip().replace("_", "-")
    return code if re.fullmatch(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*", code) else None


# --- Moments ------------------------------------------------------------------------------------


def moment(text: str) -> datetime | None:
    """A date as feeds write it, with its own UTC offset; without one, UTC is assumed.

    ISO 8601, RFC 822 with its usual mistakes, Russian month names, seconds or milliseconds since
    1970. None for what is no date or lies outside the years 1990 to 2099.
    """
    text = one_line(text[:_LONGEST_DATE])
    readers: tuple[Callable[[str], datetime], ...] = (_epoch, _iso8601, _rfc822)
    for read in readers:
        try:
            found = read(text)
        except (ValueError, OverflowError, TypeError, IndexError):
            continue
        return sensible(found)
    return None


def sensible(found: datetime) -> datetime | None:
    """The moment with an offset, or None where its year cannot be meant."""
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _epoch(text: str) -> datetime:
    if not re.fullmatch(r"[0-9]{9,13}", text):
        raise ValueError("not a count of seconds")
    return datetime.fromtimestamp(int(text) / (1 if len(text) <= _LONGEST_EPOCH else 1000), UTC)


def _iso8601(text: str) -> datetime:
    text = _DAY_FIRST.sub(lambda day: f"{day[3]}-{day[2]:0>2}-{day[1]:0>2}", text.upper())
    return datetime.fromisoformat(_with_offset(text, colon=":"))


def _rfc822(text: str) -> datetime:
    text = _RUSSIAN_WORD.sub(lambda word: _RUSSIAN_MONTHS.get(word[0].lower()[:3], ""), text)
    text = one_line(_with_offset(text, colon="").replace(" , ", " ")).lstrip(", ")
    if _YEAR_ZERO.search(text):
        raise ValueError("the year 1 of an empty date")  # it would be read as 2001
    return parsedate_to_datetime(text)


def _with_offset(text: str, colon: str) -> str:
    """The date with its zone as an offset in the one form that its reader understands."""
    text = _ZONE.sub(lambda zone: _ZONES[zone[0].upper()], text)
    text = _NAMED_OFFSET.sub(lambda name: f"{name[1] or '+00'}:{name[2] or '00'}", text)
    space = "" if colon else " "
    return _OFFSET.sub(
        lambda offset: f"{space}{offset[1]}{offset[2]:0>2}{colon}{offset[3]}",
        text,
    )


# --- Pictures -----------------------------------------------------------------------------------


def is_picture(url: object, kind: object = None) -> bool:
    """Whether an attached file is a picture that Telegram can show, by media type, else by name."""
    if isinstance(kind, str) and kind.strip():
        kind = kind.strip().lower()
        return kind.startswith("image/") and "svg" not in kind and "icon" not in kind
    return isinstance(url, str) and _PICTURE_NAME.search(url) is not None


def area(width: object, height: object, otherwise: int) -> int:
    """Square pixels by the attributes, where both are numbers."""
    try:
        size = int(str(width)) * int(str(height))
    except ValueError:
        return otherwise
    return size if size > 0 else otherwise


def largest(base: str, candidates: Iterable[tuple[object, int]]) -> str | None:
    """The absolute address of the candidate with most square pixels, the first among equals."""
    best, best_area = None, -1
    for href, size in candidates:
        url = absolute_url(base, href) if isinstance(href, str) else None
        if url is not None and size > best_area:
            best, best_area = url, size
    return best


# --- The whole feed -----------------------------------------------------------------------------


def settled(entries: list[Entry]) -> tuple[Entry, ...]:
    """The entries in the feed's order, by the rules that need all of them.

    An id shared by different articles identifies none of them. Of more than 2,000 entries the
    newest are kept, those without a date as if they were oldest.
    """
    owners: defaultdict[str, set[str]] = defaultdict(set)
    for entry in entries:
        if entry.guid is not None:
            owners[entry.guid].add(normalise_url(entry.url) if entry.url else entry.title)
    shared = {guid for guid, articles in owners.items() if len(articles) > 1}
    if len(entries) > MAX_ENTRIES:
        oldest = datetime.min.replace(tzinfo=UTC)

        def age(index: int) -> datetime:
            return entries[index].published or entries[index].updated or oldest

        newest = sorted(range(len(entries)), key=age, reverse=True)[:MAX_ENTRIES]
        entries = [entries[index] for index in sorted(newest)]
    return tuple(replace(entry, guid=None) if entry.guid in shared else entry for entry in entries)
