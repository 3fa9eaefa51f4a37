"""How often a feed asks to be read: ttl, skipHours, skipDays and the syndication module."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.model import Rhythm

_HEAD = 200_000  # characters in which a channel says it; entries may come first, but rarely do
_LONGEST = 1000  # characters of such a list
_HOUR = re.compile(r"<hour>\s*([0-9]{1,2})\s*</hour>", re.IGNORECASE)
_DAY = re.compile(r"<day>\s*([a-z]{6,9})\s*</day>", re.IGNORECASE)
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_HOURS_A_DAY = 24
# https://web.resource.org/rss/1.0/modules/syndication/
_PERIODS = {
    "hourly": 3600,
    "daily": 86_400,
    "weekly": 7 * 86_400,
    "monthly": 30 * 86_400,
    "yearly": 365 * 86_400,
}
# Hourly is what WordPress writes into every feed: nobody's wish.
_WORDPRESS = 3600.0


def rhythm(text: str, channel: Mapping[str, object]) -> Rhythm:
    """What a feed asks for.

    Args:
        text: the document; of lists, the library that parses it keeps the last item only.
        channel: what that library knows of the feed.
    """
    hours = {int(hour) % _HOURS_A_DAY for hour in _HOUR.findall(_list(text, "skipHours"))}
    days = {name.lower() for name in _DAY.findall(_list(text, "skipDays"))}
    return Rhythm(
        pause=_ttl(channel) or _period(channel),
        skip_hours=frozenset(hours) if len(hours) < _HOURS_A_DAY else frozenset(),
        skip_days=frozenset(number for number, name in enumerate(_DAYS) if name in days),
    )


def _list(text: str, name: str) -> str:
    start = text.find(f"<{name}", 0, _HEAD)
    return "" if start < 0 else text[start : start + _LONGEST].partition(f"</{name}")[0]


def _ttl(channel: Mapping[str, object]) -> float:
    """Minutes, as RSS 2.0 counts them, in seconds."""
    return 60.0 * _number(channel.get("ttl"))


def _period(channel: Mapping[str, object]) -> float:
    period = _PERIODS.get(str(channel.get("sy_updateperiod", "")).strip().lower(), 0)
    pause = period / max(_number(channel.get("sy_updatefrequency")), 1.0)
    return 0.0 if pause == _WORDPRESS else pause


def _number(value: object) -> float:
    text = str(value).strip()
    return float(text) if re.fullmatch(r"[0-9]{1,6}", text) else 0.0
