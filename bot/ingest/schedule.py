"""When to look at a source again: the editor's wish, and what the site asks for. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.model import GONE_FOR_GOOD, Rhythm
from bot.waiting import growing

LONGEST_ASKED = timedelta(minutes=15)
"""How much of a pause a site gets by max-age, Expires or ttl: most are what its software writes
unasked (an hour, often), and the news of its own editor are to be out soon."""

LONGEST_SKIPPED = timedelta(hours=8)
"""How long skipHours and skipDays keep us away at a time: a night."""


_LONGEST_PAUSE = timedelta(hours=1)
_LONGEST_WHEN_GONE = timedelta(days=1)
_JITTER = 1 / 20
_UNCONDITIONAL = 1 / 100
_HOUR = timedelta(hours=1)
_ALL_DAYS = 7


def next_read(
    now: datetime,
    poll_seconds: float,
    *,
    failures: int = 0,
    gone: int = 0,
    retry_after: float | None = None,
    fresh: float = 0.0,
    rhythm: Rhythm = Rhythm(),  # noqa: B008 - frozen
    jitter: float = 0.0,
) -> datetime:
    """When to look at a source again. There is always a next time.

    Args:
        now: the moment of the read that just ended.
        poll_seconds: the pause that the editor wants after a read that went well; never less.
        failures: reads that failed in a row, the last included; each doubles the pause, up to
            an hour (or ``poll_seconds``, where that is longer).
        gone: answers in a row that it is gone for good; from the second on pauses grow to a day.
        retry_after: seconds that the site asked for; never less is waited.
        fresh: seconds for which the answer stays fresh; obeyed up to ``LONGEST_ASKED``.
        rhythm: what the feed asks for: its pause likewise, hours and days to skip up to
            ``LONGEST_SKIPPED``.
        jitter: 0 to 1; up to a twentieth of the pause is added, so that sources spread out.
    """
    pause = wish = timedelta(seconds=poll_seconds)
    if failures:
        longest = _LONGEST_WHEN_GONE if gone >= GONE_FOR_GOOD else _LONGEST_PAUSE
        pause = growing(wish, failures - 1, max(longest, wish))
    else:
        asked = timedelta(seconds=max(rhythm.pause, fresh))
        pause = max(wish, min(asked, LONGEST_ASKED))
    pause = max(pause, timedelta(seconds=retry_after or 0))
    spread = pause * jitter * _JITTER
    then = now + pause + spread
    awake = _awake(then, rhythm)
    return then if awake == then else awake + spread


def is_unconditional(chance: float) -> bool:
    """Whether to read in full though validators are known: one read in a hundred.

    A cache on the way may be broken and say for ever that nothing has changed.

    Args:
        chance: 0 to 1, by chance.
    """
    return chance < _UNCONDITIONAL


def _awake(moment: datetime, rhythm: Rhythm) -> datetime:
    """The first moment at which the feed does not ask to be skipped, within the limit."""
    if len(rhythm.skip_days) == _ALL_DAYS:
        return moment
    latest, found = moment + LONGEST_SKIPPED, moment
    while found < latest and _is_skipped(found, rhythm):
        found = found.replace(minute=0, second=0, microsecond=0) + _HOUR
    return min(found, latest)


def _is_skipped(moment: datetime, rhythm: Rhythm) -> bool:
    """Hours and days are those of Greenwich (https://www.rssboard.org/skip-hours-days)."""
    moment = moment.astimezone(UTC)
    return moment.hour in rhythm.skip_hours or moment.weekday() in rhythm.skip_days
