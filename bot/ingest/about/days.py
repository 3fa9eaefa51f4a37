"""The day of a page that marks none: from its address, its lines, or its data."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import zip_longest
from typing import NamedTuple
from urllib.parse import urlsplit

from bot.ingest.about.metadata import Metadata
from bot.ingest.about.opening import CHANGED, OTHER, PUBLISHED, heading_of, is_beside
from bot.ingest.markup.boilerplate import is_hidden
from bot.ingest.markup.dates import sensible
from bot.ingest.markup.dom import (
    Node,
    ancestors,
    attribute,
    class_words,
    count_elements,
    tag_of,
    words,
)
from bot.ingest.markup.printed_dates import DateReader, reads_month_first
from bot.ingest.markup.vocabulary import DATE_WORDS

_MOST_TAGS = 5_000
_MOST_ABOVE = 12  # lines above the title
_TEXT_CHARS = 350  # of running text after which nothing belongs to the title any more
_RUN = 40  # characters of a line that is running text
_LONGEST_LINE = 120  # characters of a line that tells a date; more are a sentence
_BEGINNING = 160  # characters of a text that may begin with a date
_LABEL = 40  # characters before a date that may say which it is
_MOST_WORDS = 10  # beside a date in a line of its own
_PLACE_WORDS = 4  # before the date that a text begins with: "Berlin (dpa), 21. April"
_LONGEST_PART = 9  # characters of a date's part in an element of its own
_LONGEST_SCRIPT = 300_000
_AHEAD = timedelta(days=2)
_OTHERS_TAGS = frozenset(
    ["aside", "script", "style", "noscript", "template", "select", "head", "nav", "footer", "form"]
)
_OTHERS_NAMES = frozenset(
    [
        "related",
        "recommended",
        "similar",
        "popular",
        "comment",
        "comments",
        "sidebar",
        "nav",
        "menu",
        "footer",
        "cookie",
        "teasers",
        "carousel",
        "slider",
        "latest",
    ]
)

_SET_OFF = re.compile(r"\s*(?:[-–—:|•·)\]„“\"«]|$)")
_DAY_IN_PATH = re.compile(
    r"/(?P<year>(?:19|20)\d\d)/(?P<month>0?[1-9]|1[0-2])/(?P<day>0?[1-9]|[12]\d|3[01])(?=/|$)"
)
_DAY_IN_NAME = re.compile(
    r"(?<!\d)(?:(?P<year>(?:19|20)\d\d)(?P<mark>[-_.])(?P<month>0[1-9]|1[0-2])(?P=mark)"
    r"(?P<day>0[1-9]|[12]\d|3[01])|(?P<day2>0[1-9]|[12]\d|3[01])(?P<mark2>[-_.])"
    r"(?P<month2>0[1-9]|1[0-2])(?P=mark2)(?P<year2>(?:19|20)\d\d))(?!\d)"
)
_DATA = re.compile(
    r"(?P<name>date_?published|published(?:_?at|_?date|_?on|_?time)|publi(?:sh|cation)_?date"
    r"|pub_?date)[\"']?\s*[:=]\s*"
    r"[\"'](?P<date>\d{4}-\d\d-\d\d(?:[T ][\d:.+Z-]{5,30})?)[\"']",
    re.IGNORECASE,
)


class _Line(NamedTuple):
    """A text node of the page, with the element that holds it and the line before it."""

    text: str
    holder: Node
    before: str


class _Day(NamedTuple):
    """A day that a line tells, and whether a word says that something changed then."""

    moment: datetime
    changed: bool


def told_day(root: Node, url: str, metadata: Metadata, now: datetime) -> datetime | None:
    """When a page that marks no date seems to have been published; None where unclear.

    Args:
        root: the page.
        url: its address.
        metadata: what it says of itself.
        now: the moment, in the zone that the day is meant in.
    """
    if count_elements(root) > _MOST_TAGS:
        return None
    page = Undated(root, url, metadata, now)
    return next((day for find in FINDERS if (day := find(page)) is not None), None)


@dataclass
class Undated:
    """A page that marks no date."""

    root: Node
    url: str
    metadata: Metadata
    now: datetime

    @cached_property
    def reader(self) -> DateReader:
        """What reads the dates that it shows."""
        language = self.metadata.language
        month_first = reads_month_first(self.root, language, self.now)
        return DateReader(self.now, language, month_first=month_first)

    @cached_property
    def heading(self) -> Node | None:
        """The heading that shows the title, else what the article begins in."""
        heading = heading_of(self.root, self.metadata.title)
        return heading if heading is not None else next(self.root.iter("article", "main"), None)

    @cached_property
    def lines(self) -> list[_Line]:
        """All lines of the page that do not stand beside the article."""
        return self.lines_but(is_beside)

    @cached_property
    def most_lines(self) -> list[_Line]:
        """All lines but those of other articles and of comments, whatever their elements' names."""
        return self.lines_but(_is_other)

    def lines_but(self, left_out: Callable[[Node], bool]) -> list[_Line]:
        """All lines of the page without what is left out, which the title never is."""
        lines: list[_Line] = []
        before = ""
        around = set() if self.heading is None else set(ancestors(self.heading))
        top = self.root.find(".//body")
        for text, holder in _texts(self.root if top is None else top, left_out, around):
            lines.append(_Line(text, holder, before))
            before = text
        badges = [_joined(lines, at) for at in range(len(lines) - 2)]
        return [badge or line for badge, line in zip_longest(badges, lines)]

    def title_at(self, lines: list[_Line]) -> int:
        """After which line the title is over; -1 where none shows it."""
        if self.heading is None:
            return -1
        held = set(self.heading.iter())
        within = (at for at, line in enumerate(lines) if line.holder in held)
        if tag_of(self.heading) in {"article", "main"}:
            return next(within, 0) - 1
        return max(within, default=-1)

    def below(self, lines: list[_Line]) -> list[_Line]:
        """The lines from the title to the first of the text, which is among them."""
        if self.heading is None:
            return []
        found, passed = [], 0
        for line in lines[self.title_at(lines) + 1 :]:
            found.append(line)
            passed += len(line.text) if len(line.text) >= _RUN else 0
            if passed > _TEXT_CHARS:
                break
        return found

    @cached_property
    def above(self) -> list[_Line]:
        """The lines above the title, the nearest first."""
        at = max(0, self.title_at(self.lines))
        return self.lines[max(0, at - _MOST_ABOVE) : at][::-1]

    @cached_property
    def told(self) -> list[tuple[_Line, _Day]]:
        """All lines of the page that tell a day."""
        return [(line, day) for line in self.lines if (day := self.day_of(line)) is not None]

    @property
    def told_before(self) -> Iterator[tuple[_Line, datetime]]:
        """Those of another day than today, which sites show at their heads."""
        return (
            (line, day.moment)
            for line, day in self.told
            if not day.changed and day.moment.date() != self.now.date()
        )

    def published_in(self, lines: list[_Line]) -> datetime | None:
        """The first day that lines tell as that of publication."""
        days = (self.day_of(line) for line in lines)
        return next((day.moment for day in days if day is not None and not day.changed), None)

    def day_of(self, line: _Line) -> _Day | None:
        """The day that a line tells, unless in a sentence or of something else."""
        text = line.text[:_BEGINNING]
        found = self.reader.whole(text) if any(map(str.isdigit, text)) else []
        if not found:
            return None
        moment, start, end = found[0]
        said, after = text[:start], line.text[end:]
        if moment > self.now + _AHEAD:
            return None
        label = f"{line.before[-_LABEL:] if not words(said) else ''} {said[-_LABEL:]}"
        published = PUBLISHED.search(label) is not None
        changed = not published and CHANGED.search(label) is not None
        if not published and not changed and OTHER.search(label):
            return None
        own = len(line.text) <= _LONGEST_LINE and len(words(said + after)) <= _MOST_WORDS
        goes_on = [word for word in words(after) if not word.isdecimal()]
        own = own and not (after.lstrip()[:1].islower() and len(goes_on) > _PLACE_WORDS)
        if not published and not changed and len({day.date() for day, _, _ in found}) > 1:
            return None
        begins = len(words(said)) <= _PLACE_WORDS and _SET_OFF.match(after) is not None
        return _Day(moment, changed) if own or begins else None


def _texts(
    top: Node, left_out: Callable[[Node], bool], around: Collection[Node]
) -> Iterator[tuple[str, Node]]:
    """The page's texts in order, each with the element whose text or children's tail it is."""
    if top not in around and left_out(top):
        return
    if text := " ".join((top.text or "").split()):
        yield text, top
    for child in top:
        yield from _texts(child, left_out, around)
        if text := " ".join((child.tail or "").split()):
            yield text, top


def _is_other(node: Node) -> bool:
    """Whether an element shows other articles, comments, or nothing at all."""
    named = class_words(node) & _OTHERS_NAMES
    return tag_of(node) in _OTHERS_TAGS or is_hidden(node) or bool(named)


def _joined(lines: list[_Line], at: int) -> _Line | None:
    """A date of which every part stands in an element of its own, as on a calendar's leaf."""
    parts = lines[at : at + 3]
    texts = [line.text for line in parts]
    if max(map(len, texts)) > _LONGEST_PART or sum(text.isdecimal() for text in texts) != 2:  # noqa: PLR2004 - day and year
        return None
    return _Line(" ".join(texts), parts[0].holder, parts[0].before)


def _in_path(page: Undated) -> datetime | None:
    """The day of an address as ``/2026/11/20/title``."""
    return _day(_DAY_IN_PATH.search(urlsplit(page.url).path), page.now)


def _below(page: Undated) -> datetime | None:
    """What is shown between the title and the text, or the text begins with."""
    return page.published_in(page.below(page.lines))


def _near(page: Undated) -> datetime | None:
    """The same where the element that shows it has the name of what stands beside articles."""
    return page.published_in(page.below(page.most_lines))


def _above(page: Undated) -> datetime | None:
    """What is shown above the title, but not the date of today at the head of a site."""
    days = (page.day_of(line) for line in page.above)
    return next(
        (
            day.moment
            for day in days
            if day is not None and not day.changed and day.moment.date() != page.now.date()
        ),
        None,
    )


def _in_name(page: Undated) -> datetime | None:
    """The day that an address has anywhere in its path."""
    return _day(_DAY_IN_NAME.search(urlsplit(page.url).path), page.now)


def _labelled(page: Undated) -> datetime | None:
    """What calls itself the date of publication, wherever it stands."""
    for line, day in page.told:
        if PUBLISHED.search(f"{line.before[-_LABEL:]} {line.text[:_LABEL]}") and not day.changed:
            return day.moment
    return None


def _marked(page: Undated) -> datetime | None:
    """The only day that elements show which are named a date."""
    return _only(day for line, day in page.told_before if _is_named(line.holder))


def _in_data(page: Undated) -> datetime | None:
    """The day that the page's scripts tell, if it is only one."""
    found: dict[str, list[datetime]] = {}
    for script in page.root.iter("script"):
        for match in _DATA.finditer((script.text or "")[:_LONGEST_SCRIPT].replace('\\"', '"')):
            day = _moment(match["date"], page.now)
            if day is not None and day <= page.now + _AHEAD:
                found.setdefault(match["name"].lower().replace("_", ""), []).append(day)
    return next((day for days in found.values() if (day := _only(iter(days))) is not None), None)


def _alone(page: Undated) -> datetime | None:
    """The only day that the page's lines tell."""
    return _only(day for _, day in page.told_before)


FINDERS: tuple[Callable[[Undated], datetime | None], ...] = (
    *(_in_path, _below, _near, _in_name, _labelled, _in_data, _marked, _above, _alone),
)
"""From the surest to the least sure."""


def _is_named(holder: Node) -> bool:
    around = holder.getparent()
    nodes = (holder,) if around is None else (holder, around)
    return any(
        tag_of(node) == "time"
        or class_words(node) & DATE_WORDS
        or "datePublished" in attribute(node, "itemprop")
        for node in nodes
    )


def _only(days: Iterator[datetime]) -> datetime | None:
    found = list(days)
    return found[0] if len({day.date() for day in found}) == 1 else None


def _moment(text: str, now: datetime) -> datetime | None:
    try:
        return sensible(datetime.fromisoformat(text.replace(" ", "T")), now.tzinfo or UTC)
    except ValueError:
        return None


def _day(found: re.Match[str] | None, now: datetime) -> datetime | None:
    if found is None:
        return None
    parts = {name.rstrip("2"): value for name, value in found.groupdict().items() if value}
    try:
        day = date(int(parts["year"]), int(parts["month"]), int(parts["day"]))
    except ValueError:
        return None
    moment = datetime.combine(day, time(), now.tzinfo)
    return sensible(moment) if moment <= now + _AHEAD else None
