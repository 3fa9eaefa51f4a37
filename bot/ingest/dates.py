"""Moments as pages write them: ISO 8601 with its usual liberties, and RFC 2822."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)
_LONGEST = 64  # characters
_ISO = re.compile(
    r"(\d{4})-?(\d{2})-?(\d{2})"
    r"(?:[T\s]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?)?"
    r"\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?(?:\[[\w/+-]+\])?",
    re.IGNORECASE,
)
_EPOCH = re.compile(r"\d{10}(?:\d{3})?")
_RUSSIAN = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:[,\sT]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")


def parse_moment(text: str) -> datetime | None:
    """An aware moment, or None where the text names none between 1990 and 2100.

    A moment without an offset is taken for UTC: the page does not say better, and a guess of the
    site's zone would be as wrong for its other half of writers. A day without a time is its
    midnight.
    """
    text = text.strip()[:_LONGEST]
    try:
        moment = _parse(text)
    except (ValueError, OverflowError, TypeError, IndexError):  # the last two: email.utils
        return None
    if moment is None:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment if _EARLIEST <= moment <= _LATEST else None


def _parse(text: str) -> datetime | None:
    if match := _ISO.fullmatch(text):
        year, month, day, hour, minute, second, offset = match.groups()
        moment = datetime(  # noqa: DTZ001 - the offset follows
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0)
        )
        return moment.replace(tzinfo=_zone(offset)) if offset else moment
    if _EPOCH.fullmatch(text):
        return datetime.fromtimestamp(int(text[:10]), UTC)
    if match := _RUSSIAN.fullmatch(text):
        day, month, year, hour, minute, second = (int(part or 0) for part in match.groups())
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - none is written
    if re.match(r"(?:[A-Za-z]{3},?\s)?\d{1,2}\s[A-Za-z]{3}\s\d{4}\s", text):
        return parsedate_to_datetime(text)
    return None


def _zone(offset: str) -> timezone:
    if offset[0] not in "+-":
        return UTC
    digits = offset[1:].replace(":", "").ljust(4, "0")
    ahead = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(ahead if offset[0] == "+" else -ahead)
