"""Moments as feeds and pages write them, each with its own liberties."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from email.utils import parsedate_to_datetime

_FIRST_YEAR, _LAST_YEAR = 1990, 2099
_LONGEST_DATE = 80  # characters
_LONGEST_EPOCH = 10  # digits of seconds; more are milliseconds
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
_ZONED = re.compile(
    rf":\d\d(?:[.,]\d+)?(?:\s*Z|\s*[+-]\d{{1,2}}:?\d\d|\s*\b(?:{'|'.join(_ZONES)}))$", re.IGNORECASE
)
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


def moment(text: str, zone: tzinfo = UTC) -> datetime | None:
    """A date as feeds and pages write it, with its own UTC offset; without one, it is of the zone.

    ISO 8601, RFC 822 with its usual mistakes, Russian month names, seconds or milliseconds since
    1970. None for what is no date or lies outside the years 1990 to 2099.
    """
    text = " ".join(text[:_LONGEST_DATE].split())
    readers: tuple[Callable[[str], datetime], ...] = (_epoch, _iso8601, _rfc822)
    for read in readers:
        try:
            found = read(text)
        except (ValueError, OverflowError, TypeError, IndexError):
            continue
        return sensible(found, zone)
    return None


def has_offset(text: str) -> bool:
    """Whether a date says in which zone it is meant."""
    text = " ".join(text[:_LONGEST_DATE].split())
    zoned = _ZONED.search(text) is not None or _NAMED_OFFSET.search(text) is not None
    return zoned or re.fullmatch(r"[0-9]{9,13}", text) is not None


def sensible(found: datetime, zone: tzinfo = UTC) -> datetime | None:
    """The moment with an offset, or None where its year cannot be meant."""
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=zone)


def _epoch(text: str) -> datetime:
    if not re.fullmatch(r"[0-9]{9,13}", text):
        raise ValueError("not a count of seconds")
    return datetime.fromtimestamp(int(text) / (1 if len(text) <= _LONGEST_EPOCH else 1000), UTC)


def _iso8601(text: str) -> datetime:
    text = _DAY_FIRST.sub(lambda day: f"{day[3]}-{day[2]:0>2}-{day[1]:0>2}", text.upper())
    return datetime.fromisoformat(_with_offset(text, colon=":"))


def _rfc822(text: str) -> datetime:
    text = _RUSSIAN_WORD.sub(lambda word: _RUSSIAN_MONTHS.get(word[0].lower()[:3], ""), text)
    text = " ".join(_with_offset(text, colon="").replace(" , ", " ").split()).lstrip(", ")
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
