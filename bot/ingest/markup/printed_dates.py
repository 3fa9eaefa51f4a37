"""Dates as lists of news show them: "28 ноября, 14:05", "вчера", "2 hours ago"."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import islice, pairwise

from bot.ingest.markup.dates import has_offset, moment, sensible
from bot.ingest.markup.dom import Node

_LONGEST = 120  # characters that are searched
_LONGEST_GUESS = 40  # characters that the library is asked about
_GUESSES = 10  # for one page: the library takes a millisecond for each
_AHEAD = timedelta(days=2)  # a day without its year that lies further ahead was a year ago
_CENTURY = 100
_BESIDE = 12  # characters after a day in which its clock stands

# As Russian and English call the months, short names as well.
_OWN_MONTHS = (
    *("янв январь января jan january", "фев февр февраль февраля feb february"),
    *("мар март марта mar march", "апр апрель апреля apr april", "май мая may"),
    *("июн июнь июня jun june", "июл июль июля jul july", "авг август августа aug august"),
    *("сен сент сентябрь сентября sep sept september", "окт октябрь октября oct october"),
    *("ноя нояб ноябрь ноября nov november", "дек декабрь декабря dec december"),
)
# As others do. Some are words of other meanings elsewhere, so they count beside a year only.
_OTHER_MONTHS = (
    (
        "січ січня студзеня januar jänner jän januari janvier janv gennaio gen enero ene janeiro "
        "stycznia styczeń ledna tammikuuta ocak ianuarie"
    ),
    (
        "лют лютого лютага februar feber februari février fevrier févr fév febbraio febrero "
        "fevereiro fev lutego luty února helmikuuta şubat februarie"
    ),
    (
        "бер березня сакавіка märz maerz mär mrz mars maart mrt marzo março marca března "
        "maaliskuuta mart martie marts"
    ),
    "кві квіт квітня красавіка avril avr aprile abril abr kwietnia dubna huhtikuuta nisan aprilie",
    "тра трав травня траўня mai mei maj maggio mag mayo maio maja května toukokuuta mayıs",
    (
        "чер черв червня чэрвеня juni juin giugno giu junio junho czerwca června kesäkuuta haziran "
        "iunie"
    ),
    (
        "лип липня ліпеня juli juillet juil luglio lug julio julho lipca července heinäkuuta "
        "temmuz iulie"
    ),
    "сер серп серпня жніўня août aout augustus agosto ago sierpnia srpna elokuuta ağustos",
    (
        "вер верес вересня верасня septembre settembre set septiembre setiembre setembro września "
        "září syyskuuta eylül septembrie"
    ),
    (
        "жов жовт жовтня кастрычніка oktober okt octobre ottobre ott octubre outubro out "
        "października října lokakuuta ekim octombrie"
    ),
    (
        "лис лист листопада лістапада novembre noviembre novembro listopada listopadu marraskuuta "
        "kasım noiembrie"
    ),
    (
        "гру груд грудня снежня dezember dez décembre decembre déc dicembre dic diciembre dezembro "
        "grudnia prosince joulukuuta aralık decembrie desember"
    ),
)


def _numbered(months: tuple[str, ...]) -> dict[str, int]:
    return {name: number for number, names in enumerate(months, 1) for name in names.split()}


_OWN = _numbered(_OWN_MONTHS)
_MONTHS = _numbered(_OTHER_MONTHS) | _OWN
_MONTH = r"(?P<month>[^\W\d_]{3,12})\.?"
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_CLOCK = re.compile(r"(?<![\d.:])(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?::[0-5]\d)?(?!\d)")
_HALF_DAY = re.compile(r"\s*(?P<half>[ap])\.?m\b", re.IGNORECASE)
_DAYS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?<!\d){_YEAR}(?:[-/]|\.\s?|\s?[年년]\s?)(?P<number>\d{{1,2}})(?:[-/]|\.\s?|\s?[月월]\s?)(?P<day>\d{{1,2}})(?!\d)",
        r"(?<![\d.])(?P<day>\d{1,2})(?P<slash>[/-]|\.\s?)(?P<number>\d{1,2})(?:[/-]|\.\s?)(?P<year>(?:19|20)?\d\d)(?![\d.]*\d)",
        rf"(?<!\d)(?P<day>\d{{1,2}})(?:(?:st|nd|rd|th|er|º)?\s+(?:of\s+|de\s+)?|\.\s*|[-/]){_MONTH}(?:(?:,?\s+(?:de\s+|del\s+)?|[-/]){_YEAR})?",
        rf"\b{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?!:)(?:,?\s+{_YEAR})?",
    )
)
_DAY_MONTH = r"(?P<day>0?[1-9]|[12]\d|3[01])\.(?P<number>0[1-9]|1[0-2])\.?"
_BARE_DAY = re.compile(_DAY_MONTH)
_SHORT_DAY = re.compile(
    rf"(?:\d{{1,2}}:\d\d[,|\s]{{1,3}})?{_DAY_MONTH}(?:[,|\s]{{1,3}}(?:в\s)?\d{{1,2}}:\d\d)?"
)  # of which a clock is demanded besides
_NUMBERS = re.compile(r"(?<![\d/])(\d{1,2})/(\d{1,2})/((?:19|20)\d\d)(?![\d/])")
_MOST_NUMBERS = 200
_YEAR_LENGTH = timedelta(days=365)
_SOON = timedelta(days=180)
_NAMED_DAY = re.compile(
    r"\b(?:(?P<before>позавчера)|(?P<yesterday>вчера|yesterday)|(?P<today>сегодня|today))\b",
    re.IGNORECASE,
)
_AGO = re.compile(
    r"\b(?:(?P<count>\d{1,3}|an?|пару?|полчаса)\s+)?"
    r"(?:(?P<minute>мин(?:ут[ауы]?)?|min(?:ute)?s?)|(?P<hour>час(?:а|ов)?|ч|hours?|hrs?|h)"
    r"|(?P<day>день|дня|дней|дн|days?|d)|(?P<week>недел[юиь]|weeks?))\.?\s+(?:назад|ago)\b",
    re.IGNORECASE,
)
_NOW = re.compile(r"\b(?:только что|just now|полчаса назад)\b", re.IGNORECASE)
_UNITS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
_COUNTS = {"a": 1, "an": 1, "пар": 2, "пару": 2}


@dataclass(frozen=True, slots=True)
class Dated:
    """When something is, as a page says.

    Attributes:
        moment: in the reader's own time zone where the text names none.
        exact: whether it does.
        coming: whether it names a day without its year that this year is still to come, within
            half a year; it is read as last year's then.
    """

    moment: datetime
    exact: bool
    coming: bool = False

    def lies_ahead(self, now: datetime) -> bool:
        """Whether it is more than a day from now, or may well be."""
        return self.coming or self.moment > now + timedelta(days=1)


class DateReader:
    """Reads the dates of one page.

    Args:
        now: the moment that "вчера" is told from, in the zone of dates that name none.
        language: the page's language, or None.
        month_first: whether 11/05/2026 is the fifth of November there.
    """

    def __init__(self, now: datetime, language: str | None, *, month_first: bool = False) -> None:
        self.now = now
        self._zone = now.tzinfo or UTC
        self._month_first = month_first
        self._languages = list(dict.fromkeys(["ru", "en", (language or "en")[:2].lower()]))
        self._guesses = _GUESSES

    def attribute(self, text: str) -> Dated | None:
        """A date as it is written for machines, in an attribute or in data."""
        text = text.strip()
        if has_offset(text) and (found := moment(text)) is not None:
            return Dated(found, exact=True)
        if (shown := self.shown(text)) is not None:
            return shown
        found = moment(text, self._zone) if text else None
        return Dated(found, exact=False) if found is not None else None

    def shown(self, text: str) -> Dated | None:
        """A date as it is written for people, with other words around it."""
        text = " ".join(text[:_LONGEST].split())
        if not text:
            return None
        found = self._relative(text)
        if found is None and (day := self._day(text)) is not None:
            return day
        if found is None and (short := _SHORT_DAY.fullmatch(text)) and ":" in text:
            return self._short(text, short)
        if found is None and (clock := _CLOCK.fullmatch(text)):
            found = self._at(self.now, clock)
            found = found if found <= self.now + timedelta(hours=14) else None
        return Dated(found, exact=False) if found is not None else None

    def guessed(self, text: str) -> Dated | None:
        """A date that calls itself one; where our rules end, a library with more languages helps.

        At most ten times for a page.
        """
        if (found := self.shown(text)) is not None:
            return found
        text = " ".join(text.split())
        if bare := _BARE_DAY.fullmatch(text):
            return self._short(text, bare)
        if not text or len(text) > _LONGEST_GUESS or self._guesses <= 0:
            return None
        if not any(letter.isdigit() for letter in text):
            return None
        self._guesses -= 1
        guess = _library(text, self._languages, self.now)
        return Dated(guess, exact=False) if guess is not None else None

    def alone(self, text: str) -> Dated | None:
        """A date where hardly anything else is said, so that text without a mark may be one."""
        found = self.shown(text) if len(text) <= _LONGEST_GUESS else None
        if found is None:
            return None
        rest = text
        for pattern in (_SHORT_DAY, *_DAYS, _AGO, _NAMED_DAY, _NOW, _CLOCK):
            rest = pattern.sub(self._gap, rest)
        return found if len(re.findall(r"\w+", rest)) <= 2 else None  # noqa: PLR2004 - "г.", "в"

    def whole(self, text: str) -> list[tuple[datetime, int, int]]:
        """Every day that a text names with its year, at its clock, and where it stands there.

        What is found first in the longest form counts: "12. März 2026" is no "März 20".
        """
        found: list[tuple[datetime, int, int]] = []
        for pattern in _DAYS:
            for match in pattern.finditer(text):
                start, end = match.span()
                if match["year"] is None or any(a < end and start < b for _, a, b in found):
                    continue
                if (day := self._date(match.groupdict())) is not None:
                    clock = _CLOCK.search(text, end, end + _BESIDE)
                    if (at := sensible(self._at(day, clock))) is not None:
                        found.append((at, start, end))
        return sorted(found, key=lambda each: each[1])

    def _gap(self, found: re.Match[str]) -> str:
        """Nothing instead of a date, and what only looks like one as it is."""
        parts = found.groupdict()
        return found[0] if "day" in parts and "month" in parts and not self._date(parts) else " "

    def _relative(self, text: str) -> datetime | None:
        if _NOW.search(text):
            return self.now
        if ago := _AGO.search(text):
            unit = next(name for name in _UNITS if ago[name])
            word = (ago["count"] or "1").lower()
            return self.now - _UNITS[unit] * _COUNTS.get(word, int(word) if word.isdigit() else 1)
        if named := _NAMED_DAY.search(text):
            days = 2 if named["before"] else 1 if named["yesterday"] else 0
            day = self.now - timedelta(days=days)
            return self._at(day, _CLOCK.search(text))
        return None

    def _day(self, text: str) -> Dated | None:
        for pattern in _DAYS:
            for found in pattern.finditer(text):
                parts = found.groupdict()
                if (day := self._date(parts)) is not None:
                    clock = _CLOCK.search(text, found.end()) or _CLOCK.search(
                        text, 0, found.start()
                    )
                    moment_ = sensible(self._at(day, clock))
                    coming = not parts["year"] and self._comes(day)
                    return Dated(moment_, exact=False, coming=coming) if moment_ else None
        return None

    def _short(self, text: str, found: re.Match[str]) -> Dated | None:
        """A day and a month by numbers, without the year."""
        parts = {"day": found["day"], "number": found["number"], "year": None}
        if int(found["number"]) > 12 or (day := self._date(parts)) is None:  # noqa: PLR2004 - months
            return None
        return Dated(self._at(day, _CLOCK.search(text)), exact=False, coming=self._comes(day))

    def _comes(self, day: datetime) -> bool:
        """Whether a day that was taken for last year's may be one of the next months."""
        if day > self.now:
            return day > self.now + timedelta(days=1)
        return day + _YEAR_LENGTH - self.now < _SOON

    def _date(self, parts: dict[str, str | None]) -> datetime | None:
        month = int(parts["number"] or 0) if "number" in parts else 0
        if named := parts.get("month"):
            month = (_MONTHS if parts["year"] else _OWN).get(named.lower(), 0)
        day = int(parts["day"] or 0)
        swapped = self._month_first and parts.get("slash") == "/" and day <= 12  # noqa: PLR2004 - months
        if parts.get("number") and (month > 12 >= day or swapped):  # noqa: PLR2004 - as Americans write
            day, month = month, day
        year = int(parts["year"] or 0) or self.now.year
        year += 2000 if year < _CENTURY else 0
        with suppress(ValueError):
            found = datetime(year, month, day, tzinfo=self._zone)
            if not parts["year"] and found > self.now + _AHEAD:
                found = found.replace(year=year - 1)
            return found
        return None

    def _at(self, day: datetime, clock: re.Match[str] | None) -> datetime:
        if clock is None:
            return datetime.combine(day.date(), time(), self._zone)
        hour = int(clock["hour"])
        if half := _HALF_DAY.match(clock.string, clock.end()):
            hour = hour % 12 + (12 if half["half"].lower() == "p" else 0)
        return datetime.combine(day.date(), time(hour, int(clock["minute"])), self._zone)


def reads_month_first(root: Node, language: str | None, now: datetime) -> bool:
    """Whether a page in English writes 11/05/2026 for the fifth of November.

    The reading of all its dates is taken that gives days that exist and are not to come, then the
    one that puts them in order, then the one that makes the newest the newer.
    """
    if (language or "").lower()[:2] != "en":
        return False
    texts = (text for text in root.itertext() if "/" in text and len(text) <= _LONGEST)
    found = islice((match for text in texts for match in _NUMBERS.finditer(text)), _MOST_NUMBERS)
    numbers = [tuple(map(int, match.groups())) for match in found]
    if not numbers:
        return False
    as_days = [_existing(year, second, first) for first, second, year in numbers]
    as_months = [_existing(year, first, second) for first, second, year in numbers]
    return _likelihood(as_months, now) > _likelihood(as_days, now)


def _existing(year: int, month: int, day: int) -> datetime | None:
    with suppress(ValueError):
        return datetime(year, month, day, tzinfo=UTC)
    return None


def _likelihood(days: list[datetime | None], now: datetime) -> tuple[int, int, datetime]:
    good = [day for day in days if day is not None and day <= now + _AHEAD]
    falls = sum(one < other for one, other in pairwise(good))
    rises = sum(one > other for one, other in pairwise(good))
    oldest = datetime.min.replace(tzinfo=UTC)
    return len(good), -min(falls, rises), max(good, default=oldest)


def _library(text: str, languages: list[str], now: datetime) -> datetime | None:
    import dateparser  # noqa: PLC0415 - it takes 40 MB, and few pages need it

    try:
        found = dateparser.parse(
            text,
            languages=languages,
            settings={
                "RELATIVE_BASE": now.replace(tzinfo=None),
                "PREFER_DATES_FROM": "past",
                "DATE_ORDER": "DMY",
                "REQUIRE_PARTS": ["day", "month"],
            },
        )
    except Exception:  # noqa: BLE001 - a language that it does not know, or a text that it dislikes
        return None
    return sensible(found, now.tzinfo or UTC) if found is not None else None
