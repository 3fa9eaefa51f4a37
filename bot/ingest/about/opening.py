"""What stands between an article's title and its text, or just above the title: date and lead."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, islice

from bot.ingest.markup.boilerplate import Suspicion, suspicion
from bot.ingest.markup.dom import Node, attribute, class_words, name_words, tag_of, text_of, words
from bot.ingest.markup.inline import clean
from bot.ingest.markup.printed_dates import Dated, DateReader
from bot.ingest.markup.vocabulary import DATE_WORDS

_MOST_BELOW, _MOST_ABOVE = 120, 15  # elements
_LEVELS = 4  # around the title, in which something above it counts
_TEXT_CHARS = 350  # of running text after which nothing belongs to the title any more
_RUN = 40  # characters of a line that is running text
_LINE = 25
_LONGEST_HEADING = 500
_LONGEST_DATE = 60
_LEAD_CHARS = (30, 600)
_AHEAD = timedelta(days=2)
_BESIDE_TAGS = frozenset({"aside", "script", "style", "noscript", "template", "select", "head"})
_TOLD_WORDS = frozenset(
    {
        *("popular", "similar", "recommend", "carousel", "slider", "comment", "footer", "teaser"),
        *("teasers", "contacts"),
    }
)
_BESIDE_WORDS = _TOLD_WORDS | {"widget", "widgets"}
_HEAD_WORDS = frozenset({"header", "top", "topbar", "masthead"})
_OWN_DATE_WORDS = DATE_WORDS | {"entry"}
_OWN_HEAD_WORDS = DATE_WORDS | {"article", "post", "entry", "story"}
_OTHER_WORDS = frozenset({"updated", "modified", "comment", "comments"})
_LEAD_WORDS = frozenset({"lead", "standfirst", "announce", "anons", "lid", "excerpt", "intro"})
_HOLDERS = frozenset({"body", "article", "main"})
_CLOCK = re.compile(r"\d{1,2}:\d\d(?::\d\d)?")
# What a date says that it is of, in the words before it.
PUBLISHED = re.compile(
    r"опублик|размещ|дата\b|publi[ckés]|\bpost(?:ed|ado)|veröffentl|erschienen|erstellt"
    r"|geschrieben|gespeichert|datum\b|pressemitteilung vom|mise? en ligne|pubblicat|inserito"
    r"|\bcreated|date\s*:"
    r"|geplaatst|gepubliceerd|dodan|zveřejněn|vydán|julkaistu|publicerad|udgivet|yayın|napsal",
    re.IGNORECASE,
)
CHANGED = re.compile(
    r"обновл|измен|актуал|updated|modified|changed|edited|revised|aktualisiert|geändert|bearbeitet"
    r"|\bstand\b|mis à jour|modifi|aggiornat|actualiza|atualiza|bijgewerkt|gewijzigd|aktualizac",
    re.IGNORECASE,
)
OTHER = re.compile(
    r"действ|срок|провед|начал|состо|\bwann\b|\bwhen\b|termin|beginn|\bstart|gültig|deadline|©"
    r"|copyright|\bbis\b|\buntil\b|\bseit\b|\bsince\b|geboren|\bborn\b|\*|†|registr|mitglied"
    r"|joined|\bheute\b|сегодня|\btoday\b|abgerufen|retrieved|accessed|свидетельств|лицензи|приказ"
    r"|постановлени|распоряжени|голосовани|\bдо\b|\bфото\b|photo|licen[cs]e|выбор[ыао]",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Opening:
    """The elements around a title that say something of its article.

    Attributes:
        above: just above the title, the nearest first.
        below: from the title to the first of the text, in the page's order.
    """

    above: tuple[Node, ...] = ()
    below: tuple[Node, ...] = ()

    def date(self, reader: DateReader, now: datetime) -> Dated | None:
        """The date that is shown: as marked, then as a class name says, then as it looks."""
        near = (*self.below, *self.above)
        marked = (_marked(node, reader) for node in near if may_date(node))
        named = (
            reader.guessed(text)
            for node in near
            if class_words(node) & DATE_WORDS and may_date(node) and (text := _date_text(node))
        )
        plain = (
            reader.alone(text)
            for node in self.below
            if not len(node)
            and tag_of(node) != "a"
            and may_date(node)
            and (text := _date_text(node))
        )
        for found in chain(marked, named, plain):
            if found is not None and (found.exact or found.moment <= now + _AHEAD):
                return found
        return None

    def lead(self) -> str:
        """The paragraph that calls itself the lead; empty where none does."""
        for node in self.below:
            if class_words(node) & _LEAD_WORDS or attribute(node, "itemprop") == "description":
                text = clean(text_of(node, _LEAD_CHARS[1] + 1))
                if _LEAD_CHARS[0] <= len(text) <= _LEAD_CHARS[1]:
                    return text
        return ""


def opening_of(root: Node, title: Node | None) -> Opening:
    """What stands around a title; without one, what the article, or the page, begins with."""
    walk = _Walk()
    if title is not None:
        return Opening(tuple(_above(title)), tuple(walk.to_text(walk.after(title))))
    top = next(root.iter("article", "main"), None)
    top = root.find(".//body") if top is None else top
    return Opening() if top is None else Opening((), tuple(walk.to_text(walk.inside(top))))


def heading_of(root: Node, title: str) -> Node | None:
    """The heading that shows the title, else the page's first."""
    headings = list(root.iter("h1"))
    wanted = words(title)
    same = (
        node
        for node in (*headings, *root.iter("h2", "h3"))
        if wanted and words(text_of(node, _LONGEST_HEADING))[-len(wanted) :] == wanted
    )
    return next(same, headings[0] if headings else None)


def is_beside(node: Node) -> bool:
    """Whether an element is surely no part of the article, nor says anything of it."""
    if tag_of(node) in _BESIDE_TAGS or suspicion(node) is Suspicion.STRONG:
        return True
    said = class_words(node)
    # Elementor calls every element of a page its widget.
    return not said.isdisjoint(_BESIDE_WORDS if "elementor" not in said else _TOLD_WORDS)


class _Walk:
    """Goes through elements in the page's order, and counts the running text that it passes."""

    def __init__(self) -> None:
        self._passed = 0

    def after(self, node: Node) -> Iterator[Node]:
        """All that follows an element."""
        current: Node | None = node
        while current is not None and tag_of(current) != "body":
            self._pass(current.tail)
            for sibling in current.itersiblings():
                yield from self.inside(sibling)
                self._pass(sibling.tail)
            current = current.getparent()

    def inside(self, node: Node) -> Iterator[Node]:
        """An element and all in it."""
        if is_beside(node):
            return
        yield node
        self._pass(node.text)
        for child in node:
            yield from self.inside(child)
            self._pass(child.tail)

    def to_text(self, nodes: Iterator[Node]) -> Iterator[Node]:
        """Those before so much text that it must be the article's."""
        for node in islice(nodes, _MOST_BELOW):
            if self._passed > _TEXT_CHARS:
                return
            yield node

    def _pass(self, text: str | None) -> None:
        size = len(text.strip()) if text else 0
        self._passed += size if size >= _RUN else 0


def _above(title: Node) -> Iterator[Node]:
    """What stands just above a title, but not the head of the site."""
    current, found = title, 0
    for _ in range(_LEVELS):
        for sibling in current.itersiblings(preceding=True):
            if _is_head(sibling):
                return
            for node in reversed(list(islice(_Walk().inside(sibling), _MOST_ABOVE))):
                yield node
                found += 1
                if found >= _MOST_ABOVE:
                    return
        parent = current.getparent()
        if parent is None or tag_of(parent) in _HOLDERS:
            return
        current = parent


def _is_head(node: Node) -> bool:
    """Whether it is the head of the site; that of a date or of the article is none."""
    said = class_words(node)
    return (tag_of(node) == "header" or bool(said & _HEAD_WORDS)) and not said & _OWN_HEAD_WORDS


def _marked(node: Node, reader: DateReader) -> Dated | None:
    """The date of a ``time`` or of microdata; what it shows, where only that tells the time."""
    if tag_of(node) != "time" and "datePublished" not in attribute(node, "itemprop").split():
        return None
    value = attribute(node, "datetime") or attribute(node, "content")
    text = _date_text(node)
    shown = reader.guessed(text) if text else None
    told = reader.attribute(value) if value else None
    if told is None:
        return shown
    if shown is None or ":" in value or shown.moment.date() != told.moment.date():
        return told
    return shown


def _date_text(node: Node) -> str:
    text = text_of(node, 2 * _LONGEST_DATE)
    return "" if len(text) > _LONGEST_DATE or _CLOCK.fullmatch(text) else text


def _is_named_other(node: Node) -> bool:
    """Whether a class name says that a date is another than that of publication.

    In ``date updated`` it does not: hAtom demands a date of the name ``updated``, so themes give
    it to the only one that they show (http://microformats.org/wiki/hatom).
    """
    said = class_words(node) & _OTHER_WORDS
    if said != {"updated"}:
        return bool(said)
    names = attribute(node, "class").split()
    return "updated" not in names or not any(
        _OWN_DATE_WORDS.intersection(name_words(name)) for name in names if name != "updated"
    )


def may_date(node: Node) -> bool:
    """Whether a date in an element may be that of publication, and is no part of a sentence."""
    if _is_named_other(node) or "dateModified" in attribute(node, "itemprop").split():
        return False
    parent, before = node.getparent(), node.getprevious()
    line = text_of(node, _LONGEST_DATE)
    lead_in = (
        before.tail if before is not None else parent.text if parent is not None else ""
    ) or ""
    said = f"{lead_in[-_LINE:]} {line}"
    if (CHANGED.search(said) or OTHER.search(said)) and not PUBLISHED.search(said):
        return False
    after = (node.tail or "").strip()
    if lead_in.strip() and after[:1].islower() and not PUBLISHED.search(lead_in):
        return False
    if parent is not None and tag_of(parent) in {"p", "li", "blockquote", "td", "dd"}:
        own = [parent.text or "", *(child.tail or "" for child in parent)]
        return sum(len(text.strip()) for text in own) <= _RUN
    return len(lead_in.strip()) <= _LINE and not (len(after) > _LINE and after[:1].islower())
