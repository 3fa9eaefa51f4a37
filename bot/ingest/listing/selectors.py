"""What an editor points at by CSS selectors: the articles of a list, the article on its page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from lxml.cssselect import CSSSelector

from bot.addresses import absolute_url
from bot.errors import ExtractError, ParseError
from bot.ingest.listing.box import best_link, read_item
from bot.ingest.listing.find import feed_of
from bot.ingest.listing.page import LONGEST_TITLE, Item, ListingPage
from bot.ingest.markup.dom import Node, attribute, tag_of, text_of
from bot.ingest.markup.inline import clean
from bot.ingest.markup.pictures import picture_url
from bot.model import Feed, Selectors

_MOST_ITEMS = 500
_LONGEST_LEAD = 1000
_LONGEST_DATE = 120


def listing_by_selectors(root: Node, url: str, selectors: Selectors, now: datetime) -> Feed:
    """The articles of a page as the source's selectors find them.

    ``item`` must find something; of the others each tells one part, and what none tells is looked
    for as in any list.

    Raises:
        ParseError: ``item`` finds nothing, or nothing with a link; the sentence says so.
    """
    page = ListingPage.of(root, url, now)
    boxes = select(root, selectors.item)[:_MOST_ITEMS]
    if not boxes:
        raise ParseError(f"The selector item “{selectors.item}” finds nothing on this page.")
    items = [item for box in boxes if (item := _item(page, box, selectors)) is not None]
    if not items:
        told = f"link “{selectors.link}”" if selectors.link else "item"
        raise ParseError(
            f"The selector {told} finds no link to an article in any of the {len(boxes)} elements "
            f"that item “{selectors.item}” finds."
        )
    return feed_of(page, items)


def _item(page: ListingPage, box: Node, selectors: Selectors) -> Item | None:
    found = best_link(page, box)
    link, url = found if found is not None else (None, None)
    if selectors.link:
        link = _first(box, selectors.link)
        offers = [] if link is None else [link, *link.iter("a"), *link.iterancestors("a")]
        addresses = (absolute_url(page.base, attribute(node, "href")) for node in offers)
        url = next((address for address in addresses if address), None)
    if url is None:
        return None
    item = read_item(page, [box], link, url)
    title, lead, date, image = item.title, item.lead, item.date, item.image
    if selectors.title:
        title = _text(box, selectors.title, LONGEST_TITLE)
    if selectors.lead:
        lead = _text(box, selectors.lead, _LONGEST_LEAD)
    if selectors.date:
        node = _first(box, selectors.date)
        value = "" if node is None else attribute(node, "datetime") or attribute(node, "content")
        date = page.dates.attribute(value) if value else None
        date = date or page.dates.guessed(_text(box, selectors.date, _LONGEST_DATE))
    if selectors.image:
        image = _image(page, _first(box, selectors.image))
    return Item(url, title, lead, date, image)


def _image(page: ListingPage, node: Node | None) -> str | None:
    if node is None:
        return None
    if tag_of(node) != "img":
        node = next(node.iter("img"), node)
    return picture_url(node, page.base) or absolute_url(page.base, attribute(node, "href"))


def select(root: Node, selector: str) -> list[Node]:
    """What a selector finds, in the page's order."""
    return list(CSSSelector(selector, translator="html")(root))


def _first(box: Node, selector: str) -> Node | None:
    found = select(box, selector)
    return found[0] if found else None


def _text(box: Node, selector: str, limit: int) -> str:
    node = _first(box, selector)
    return "" if node is None else clean(text_of(node, limit))[:limit]


def drop(root: Node, selectors: Selectors) -> None:
    """Take what is no part of the article out of its page; text that follows it stays."""
    if not selectors.drop:
        return
    for node in select(root, selectors.drop):
        parent = node.getparent()
        if parent is None:
            continue
        before, tail = node.getprevious(), node.tail or ""
        if before is not None:
            before.tail = (before.tail or "") + tail
        else:
            parent.text = (parent.text or "") + tail
        parent.remove(node)


def article_parts(root: Node, selectors: Selectors) -> Sequence[Node]:
    """The elements that are the article, none inside another; empty where no selector is given.

    Raises:
        ExtractError: the selector finds nothing.
    """
    if not selectors.article:
        return ()
    found = select(root, selectors.article)
    if not found:
        raise ExtractError(
            f"The selector article “{selectors.article}” finds nothing on this page."
        )
    inside = set(found)
    return [node for node in found if not any(outer in inside for outer in node.iterancestors())]
