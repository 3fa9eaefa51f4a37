"""One article in a list: its link, title, date, lead and picture, looked for inside its box."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from bot.addresses import absolute_url
from bot.ingest.about.article_address import is_own, looks_like_article
from bot.ingest.listing.page import LONGEST_TITLE, Item, ListingPage
from bot.ingest.markup.cut import is_cut, without_cut
from bot.ingest.markup.dom import Node, ancestors, attribute, class_words, tag_of, text_of
from bot.ingest.markup.inline import clean
from bot.ingest.markup.pictures import PICTURE_TAGS, picture_url
from bot.ingest.markup.printed_dates import Dated
from bot.ingest.markup.vocabulary import DATE_WORDS

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_TITLE_WORDS = frozenset(
    {"title", "headline", "heading", "header", "name", "caption", "zagolovok", "subject", "ttl"}
)
LEAD_WORDS = frozenset(
    {
        *("lead", "summary", "description", "descr", "desc", "excerpt", "anons", "announce"),
        *("announcement", "preview", "intro", "text", "teaser", "lid", "subtitle", "body"),
    }
)
_MORE = re.compile(
    r"\s{0,9}(?:\[?(?:…|\.\.\.)\]?\s{0,9})?(?:читать\s+(?:далее|полностью|дальше|ещё)|подробнее|далее|ещё"
    r"|read\s+(?:more|on)|continue\s+reading|more)\s*[.…»→>]*$",
    re.IGNORECASE,
)
_BACKGROUND = re.compile(
    r"background(?:-image)?\s{0,9}:[^;]{0,300}?url\(\s{0,9}['\"]?([^'\")]+)", re.IGNORECASE
)
_LONGEST_STYLE = 2000  # characters
_SHORTEST_LEAD = 30  # characters
_LONGEST_LEAD = 1000
_LONGEST_DATE = 60
_MOST_NODES = 400  # of one box
_MOST_LINKS = 50


def read_item(page: ListingPage, parts: Sequence[Node], link: Node | None, url: str) -> Item:
    """What a list says of one article.

    Args:
        page: the page.
        parts: the elements of the article's box, in order.
        link: the link that leads to it; None where the box says so itself.
        url: where it leads.
    """
    nodes = list(islice((node for part in parts for node in part.iter()), _MOST_NODES))
    title, shown = title_of(nodes, link)
    return Item(
        url=url,
        title=title[:LONGEST_TITLE],
        lead=lead_of(nodes, title, shown),
        date=date_of(page, nodes),
        image=image_of(page, nodes),
        node=link if link is not None else next(iter(parts), None),
    )


def best_link(page: ListingPage, box: Node) -> tuple[Node, str] | None:
    """The link of a box that leads to its article, and where to; None where there is none."""
    if tag_of(box) == "a" and (address := page.address(attribute(box, "href"))):
        return box, address
    ranked: list[tuple[tuple[int, ...], Node, str]] = []
    for node in islice(box.iter("a"), _MOST_LINKS):
        address = page.address(attribute(node, "href"))
        if address is None:
            continue
        rank = (
            is_own(address, page.url),
            _is_marked(node),
            _in_title(node, box),
            looks_like_article(address),
            min(len(text_of(node, 200)), 100),
        )
        ranked.append((rank, node, address))
    if ranked:
        _, node, address = max(ranked, key=lambda each: each[0])
        return node, address
    for outer in ancestors(box):
        if tag_of(outer) == "a" and (address := page.address(attribute(outer, "href"))):
            return outer, address
    return None


def _is_marked(link: Node) -> bool:
    return (
        "bookmark" in attribute(link, "rel").lower().split()
        or "u-url" in attribute(link, "class").split()
        or attribute(link, "itemprop") in {"url", "mainEntityOfPage"}
    )


def _in_title(link: Node, box: Node) -> bool:
    if next(link.iter(*_HEADINGS), None) is not None:
        return True
    for node in ancestors(link):
        if node is box:
            return False
        if tag_of(node) in _HEADINGS or class_words(node) & _TITLE_WORDS:
            return True
    return False


def title_of(nodes: Iterable[Node], link: Node | None) -> tuple[str, Node | None]:
    """The title, and the element that shows it."""
    nodes = list(nodes)
    inside = set(link.iter()) if link is not None else set()
    around = set(ancestors(link)) if link is not None else set()
    marked = [
        node
        for node in nodes
        if attribute(node, "itemprop") in {"headline", "name"}
        or "p-name" in attribute(node, "class").split()
    ]
    headings = [node for node in nodes if tag_of(node) in _HEADINGS]
    named = [
        node
        for node in nodes
        if class_words(node) & _TITLE_WORDS and (node in inside or node in around)
    ]
    for node in (*marked, *headings, *named, *([link] if link is not None else [])):
        text = clean(text_of(node, LONGEST_TITLE))
        if node is link and len(node):
            text = _first_line(node) or text
        if not text or _MORE.fullmatch(text):
            continue
        full = clean(attribute(link, "title")) if link is not None else ""
        if is_cut(text) and full.startswith(without_cut(text)):
            text = full
        return text, node
    if link is None:
        return "", None
    picture = next(link.iter("img"), None)
    alt = attribute(picture, "alt") if picture is not None else ""
    return clean(attribute(link, "title") or alt), None


def _first_line(link: Node) -> str:
    """The longest part of a link that holds a whole card."""
    blocks = [
        clean(text_of(node, LONGEST_TITLE))
        for node in link.iter("div", "p", "span", "strong", "b", "td")
        if not len(node) and not class_words(node) & (DATE_WORDS | LEAD_WORDS)
    ]
    own = clean(link.text or "")
    return max([own, *blocks[:20]], key=len) if blocks else ""


def date_of(page: ListingPage, nodes: Sequence[Node]) -> Dated | None:
    """The date: as it is marked for machines, then as a class name says, then as it looks."""
    for node in nodes:
        props = attribute(node, "itemprop").split()
        if tag_of(node) == "time" or "datePublished" in props or "dt-published" in _classes(node):
            value = attribute(node, "datetime") or attribute(node, "content")
            found = page.dates.attribute(value) if value else None
            found = found or page.dates.guessed(text_of(node, _LONGEST_DATE))
            if found is not None:
                return found
    for node in nodes:
        if class_words(node) & DATE_WORDS and (text := text_of(node, 2 * _LONGEST_DATE)):
            found = page.dates.guessed(text) if len(text) <= _LONGEST_DATE else None
            if found is not None:
                return found
    for text in _short_texts(nodes):
        if (found := page.dates.alone(text)) is not None:
            return found
    return None


def _classes(node: Node) -> list[str]:
    return attribute(node, "class").split()


def _short_texts(nodes: Iterable[Node]) -> Iterator[str]:
    for node in nodes:
        if not isinstance(node.tag, str) or node.tag in {"script", "style"}:
            continue
        for text in (node.text, node.tail):
            if text and 4 <= len(stripped := " ".join(text.split())) <= _LONGEST_DATE:  # noqa: PLR2004
                yield stripped


def lead_of(nodes: Sequence[Node], title: str, shown: Node | None) -> str:
    """One or two sentences under the title; empty where the list shows none."""
    marked = (
        node
        for node in nodes
        if attribute(node, "itemprop") in {"description", "abstract"}
        or "p-summary" in _classes(node)
    )
    named = (node for node in nodes if class_words(node) & LEAD_WORDS)
    plain = (node for node in nodes if tag_of(node) in {"p", "div", "span", "td", "dd"})
    holders = set(ancestors(shown)) if shown is not None else set()
    for node in (*marked, *named, *plain):
        if node in holders or next(node.iter(*_HEADINGS), None) is not None:
            continue
        text = _MORE.sub("", clean(text_of(node, 2 * _LONGEST_LEAD)))
        if len(text) >= _SHORTEST_LEAD and title not in text and text not in title:
            return text[:_LONGEST_LEAD]
    loose = (clean(node.tail or "") for node in nodes[1:] if node.getparent() in holders)
    return next((text[:_LONGEST_LEAD] for text in loose if len(text) >= _SHORTEST_LEAD), "")


def image_of(page: ListingPage, nodes: Iterable[Node]) -> str | None:
    """The first picture, as an element or as a background."""
    for node in nodes:
        if tag_of(node) in PICTURE_TAGS and (url := picture_url(node, page.base)):
            return url
        offers = [attribute(node, "data-original"), attribute(node, "data-bg")]
        if found := _BACKGROUND.search(attribute(node, "style")[:_LONGEST_STYLE]):
            offers.append(found[1])
        for offer in offers:
            if offer and (url := absolute_url(page.base, offer)):
                return url
    return None
