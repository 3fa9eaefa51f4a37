"""A page that may list articles: its tree with what every way of finding them asks of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from urllib.parse import urlsplit

from bot.addresses import absolute_url, normalise_url
from bot.ingest.about.article_address import is_other_page, is_own
from bot.ingest.listing.headings import ListHeading
from bot.ingest.markup.boilerplate import is_hidden
from bot.ingest.markup.discovery import page_base
from bot.ingest.markup.dom import Node, attribute, class_words, tag_of, text_of
from bot.ingest.markup.fields import language
from bot.ingest.markup.inline import clean
from bot.ingest.markup.printed_dates import Dated, DateReader, reads_month_first
from bot.ingest.markup.vocabulary import STRONG_WORDS, speaks_of_news

LONGEST_TITLE = 500  # characters
_LONGEST_NAME = 80
_MOST_HEADINGS = 20
_MOST_LINKS = 3_000
_TELLING = 20  # characters of a link's text that may be a title
_MOST = 0.8  # share of such links in a zone that, whatever it is called, is the page's content

_ZONE_TAGS = frozenset({"nav", "aside", "dialog", "menu", "select"})
_SKIPPED_TAGS = frozenset(
    {"head", "script", "style", "template", "svg", "iframe", "noscript", "textarea", "select"}
)
_EDGE_TAGS = frozenset({"header", "footer"})  # of the page, unless an article is around them
_ZONE_ROLES = frozenset(
    {"navigation", "banner", "contentinfo", "complementary", "search", "menu", "menubar", "dialog"}
)
# Whose lists are articles too, but not this page's news; what is named so of one card is harmless.
_ZONE_WORDS = (STRONG_WORDS - {"likes", "rating", "ratings", "skip", "noprint", "social"}) | {
    *("popular", "popularnoe", "top10", "similar", "recommend", "tagcloud", "cloud", "partners"),
    *("footer", "topbar", "megamenu", "dropdown", "offcanvas", "submenu", "widget", "widgets"),
}
_PAGE_HEADS = frozenset({"header", "site-header", "page-header", "main-header", "b-header", "top"})
_NEGATIONS = frozenset({"no", "has", "with", "without", "entry", "post", "item", "card", "news"})
# Words in a row's class that tell rows apart and not what they are.
_ROW_WORD = re.compile(
    r"(?:\S*\d\S*|odd|even|first|last|active|current|sticky|is-\S+|has-\S+)$", re.IGNORECASE
)
_SITE_IN_TITLE = re.compile(r"\s+[|–—·•»-]\s+|\s*[|»]\s*")


@dataclass(frozen=True, slots=True)
class Item:
    """An article as a list shows it; all but the address may be empty or None.

    Attributes:
        node: its link on the page, where it is an element.
        heading: what stands over its list there.
    """

    url: str
    title: str
    lead: str = ""
    date: Dated | None = None
    image: str | None = None
    node: Node | None = field(default=None, compare=False, repr=False)
    heading: ListHeading | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Link:
    """A link that may lead to an article.

    Attributes:
        key: the address in the form in which addresses are compared.
        signature: the way to it from the top of the page, alike for those of one list.
        place: its number among the page's links.
    """

    node: Node
    url: str
    key: str
    signature: str
    place: int


@dataclass(slots=True)
class ListingPage:
    """A page and what its readers share.

    Attributes:
        url, base: the page's address, and what relative ones start from.
        links: those outside of menus and the like that may lead to articles of this site, or of
            others where it has none of its own.
        zones: the elements whose content is none of the page's.
        signatures: of every element outside the zones.
    """

    root: Node
    url: str
    base: str
    language: str | None
    dates: DateReader
    links: list[Link] = field(default_factory=list)
    zones: set[Node] = field(default_factory=set)
    signatures: dict[Node, str] = field(default_factory=dict)
    _known: dict[str, str | None] = field(default_factory=dict)
    _key: str = ""

    @classmethod
    def of(cls, root: Node, url: str, now: datetime) -> ListingPage:
        """The page at an address, read at a moment."""
        html = next(root.iter("html"), root)
        code = language(attribute(html, "lang") or attribute(html, "xml:lang"))
        dates = DateReader(now, code, month_first=reads_month_first(root, code, now))
        page = cls(root, url, page_base(root, url), code, dates)
        page._key = normalise_url(url)
        page.zones = _zones(root)
        page._walk()
        return page

    def address(self, href: str) -> str | None:
        """A link as a full address, or None where it cannot be an article's."""
        if href not in self._known:
            self._known[href] = self._address(href)
        return self._known[href]

    def _address(self, href: str) -> str | None:
        address = absolute_url(self.base, href) if href and not href.startswith("#") else None
        if address is None or is_other_page(address):
            return None
        return None if normalise_url(address) == self._key else address

    def title(self) -> str:
        """What the page calls itself: its one heading, else its title without the site's name."""
        nodes = islice(self.root.iter("h1"), _MOST_HEADINGS)
        headings = [clean(text_of(node, LONGEST_TITLE)) for node in nodes]
        if len(headings) == 1 and 0 < len(headings[0]) <= _LONGEST_NAME:
            return headings[0]
        node = self.root.find(".//title")
        name = clean(text_of(node, LONGEST_TITLE)) if node is not None else ""
        return _SITE_IN_TITLE.split(name)[0][:_LONGEST_NAME]

    def speaks_of_news(self) -> bool:
        """Whether the page's path, title or heading says that it shows news."""
        node = self.root.find(".//title")
        headings = islice(self.root.iter("h1"), _MOST_HEADINGS)
        told = [text_of(each, LONGEST_TITLE) for each in (*headings, node) if each is not None]
        return any(map(speaks_of_news, [urlsplit(self.url).path, *told]))

    def _walk(self) -> None:
        own: list[Link] = []
        others: list[Link] = []
        waiting: list[tuple[Node, str]] = [(self.root, "")]
        while waiting and len(own) + len(others) < _MOST_LINKS:
            node, above = waiting.pop()
            tag = tag_of(node)
            if not tag or tag in _SKIPPED_TAGS or node in self.zones:
                continue
            signature = f"{above}/{tag}{_kind(node)}"
            self.signatures[node] = signature
            if tag == "a" and (address := self.address(attribute(node, "href"))):
                place = len(own) + len(others)
                link = Link(node, address, normalise_url(address), signature, place)
                (own if is_own(address, self.url) else others).append(link)
            waiting.extend((child, signature) for child in reversed(node))
        self.links = own or others


def _kind(node: Node) -> str:
    """The first of an element's classes that tells what it is."""
    for name in (node.get("class") or "")[:300].split():
        if not _ROW_WORD.match(name):
            return f".{name}"
    return ""


def _zones(root: Node) -> set[Node]:
    """Menus, headers, footers and side lists, unless most of the page's links stand in them."""
    zones: set[Node] = set()
    sizes: Counter[Node] = Counter()
    total = 0
    waiting: list[tuple[Node, Node | None, bool]] = [(root, None, False)]
    while waiting:
        node, zone, inside = waiting.pop()
        tag = tag_of(node)
        if not tag or tag in _SKIPPED_TAGS:
            continue
        if zone is None and _is_zone(node, tag, inside=inside):
            zone = node
            zones.add(node)
        if tag == "a" and len(text_of(node, 100)) >= _TELLING:
            total += 1
            if zone is not None:
                sizes[zone] += 1
        inside = inside or tag in {"article", "main", "li"}
        waiting.extend((child, zone, inside) for child in node)
    by_name = {node for node in zones if not _by_tag(node)}
    return {node for node in zones if node not in by_name or sizes[node] <= _MOST * total}


def _by_tag(node: Node) -> bool:
    return tag_of(node) in _ZONE_TAGS or attribute(node, "role").lower() in _ZONE_ROLES


def _is_zone(node: Node, tag: str, *, inside: bool) -> bool:
    if tag in {"html", "body", "main", "a", "article"}:
        return False
    if tag in _ZONE_TAGS or attribute(node, "role").lower() in _ZONE_ROLES or is_hidden(node):
        return True
    if tag in _EDGE_TAGS:
        return not inside
    words = class_words(node)
    if not words:
        return False
    names = {name.lower() for name in f"{node.get('class') or ''} {node.get('id') or ''}".split()}
    if names & _PAGE_HEADS and not inside:
        return True
    return bool(words & _ZONE_WORDS) and not words & _NEGATIONS


def around(node: Node) -> Iterator[Node]:
    """The element and those around it, inside out, below the page's body."""
    current: Node | None = node
    while current is not None and tag_of(current) not in {"body", "html"}:
        yield current
        current = current.getparent()
