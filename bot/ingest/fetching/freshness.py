"""What the headers of an answer say of time: how long it stays fresh, how long to wait."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

MAX_WAIT = 86_400.0  # seconds; a site that asks to wait longer is asked again after a day

_DIRECTIVE = re.compile(r'([\w-]{1,40})\s*(?:=\s*(?:"([^"]*)"|([^\s,;"]*)))?')
_NEVER = frozenset({"no-store", "no-cache"})
_NUMBER = re.compile(r"[0-9]{1,9}")
_HEADER_CHARS = 8000


def fresh_for(headers: Mapping[str, str], now: datetime) -> float:
    """For how many seconds more an answer is what the site would say again; 0 where it is silent.

    ``s-maxage`` before ``max-age`` before ``Expires`` minus ``Date``, each less ``Age``
    (RFC 9111, section 4.2); ``no-store`` and ``no-cache`` ask for nothing. At most a day.
    """
    said = {
        found[1].lower(): found[2] or found[3] or ""
        for found in _DIRECTIVE.finditer(headers.get("Cache-Control", "")[:_HEADER_CHARS])
    }
    if not _NEVER.isdisjoint(said):
        return 0.0
    lifetime = None
    for name in ("s-maxage", "max-age"):
        if lifetime is None and _NUMBER.fullmatch(said.get(name, "")):
            lifetime = float(said[name])
    expires = http_date(headers.get("Expires", ""))
    if lifetime is None and expires is not None:
        sent = http_date(headers.get("Date", "")) or now
        lifetime = (expires - sent).total_seconds()
    age = headers.get("Age", "").strip()
    spent = float(age) if _NUMBER.fullmatch(age) else 0.0
    return min(max((lifetime or 0.0) - spent, 0.0), MAX_WAIT)


def retry_after(value: str, now: datetime) -> float | None:
    """The seconds that a ``Retry-After`` header asks to wait, at most a day; None if unreadable.

    Both forms: seconds and an HTTP date (RFC 9110, section 10.2.3).
    """
    value = value.strip()
    if _NUMBER.fullmatch(value):
        return min(float(value), MAX_WAIT)
    moment = http_date(value)
    return None if moment is None else min(max((moment - now).total_seconds(), 0.0), MAX_WAIT)


def http_date(value: str) -> datetime | None:
    """A date of a header as an aware moment; None where it cannot be read."""
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):  # of years and offsets that no machine counts to
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
