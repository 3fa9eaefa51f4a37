"""Articles that a page lists in elements alike, found where nothing says that they are articles."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from bot.ingest.listing.box import date_of, read_item, title_of
from bot.ingest.listing.page import Item, Link, ListingPage, around
from bot.ingest.markup.dom import Node, ancestors, tag_of, text_of

_FEWEST = 3  # links alike
_MOST_GROUPS = 12  # that are read; the largest
_MOST_ITEMS = 200
_SHORTEST_TITLE = 12  # characters
_LONGEST_NOTE = 40  # characters of an element that holds a date and little else


def repeated_groups(page: ListingPage) -> list[list[Item]]:
    """The lists of links that stand alike in the tree, each link with the box around it."""
    by_signature: defaultdict[str, dict[str, Link]] = defaultdict(dict)
    for link in page.links:
        if len(title_of([], link.node)[0]) >= _SHORTEST_TITLE:
            by_signature[link.signature].setdefault(link.key, link)
    groups = [list(links.values()) for links in by_signature.values() if len(links) >= _FEWEST]
    groups.sort(key=lambda links: sum(len(text_of(each.node, 100)) for each in links), reverse=True)
    return [_read(page, links[:_MOST_ITEMS]) for links in groups[:_MOST_GROUPS]]


def _read(page: ListingPage, links: Sequence[Link]) -> list[Item]:
    """The items of one group.

    A box is all around a link that holds no other of its group. In a flat list, where titles,
    dates and leads stand side by side, what follows a title up to the next one is its own; dates
    that stand before the titles go with what follows them.
    """
    boxes = _boxes(links)
    own = set(boxes)
    flat = all(_is_title_only(box, link.node) for box, link in zip(boxes, links, strict=True))
    before = flat and _date_before(page, boxes[0]) is not None
    items = []
    for box, link in zip(boxes, links, strict=True):
        parts = [box]
        if flat:
            note = _date_before(page, box) if before else None
            parts = [
                *([note] if note is not None else []),
                box,
                *_following(box, own, before=before),
            ]
        items.append(read_item(page, parts, link.node, link.url))
    return items


def _boxes(links: Sequence[Link]) -> list[Node]:
    holds: defaultdict[Node, set[str]] = defaultdict(set)
    for link in links:
        for node in ancestors(link.node):
            holds[node].add(link.key)
    boxes = []
    for link in links:
        box = link.node
        for node in around(link.node):
            if len(holds[node]) > 1:
                break
            box = node
        boxes.append(box)
    return boxes


def _is_title_only(box: Node, link: Node) -> bool:
    return len(text_of(box, 1000)) <= len(text_of(link, 1000)) + 2 and tag_of(box) != "tr"


def _date_before(page: ListingPage, box: Node) -> Node | None:
    """The element before a box, where it holds a date and little else."""
    node = box.getprevious()
    if node is None or not tag_of(node) or len(text_of(node, 200)) > _LONGEST_NOTE:
        return None
    return node if date_of(page, list(node.iter())) is not None else None


def _following(box: Node, boxes: set[Node], *, before: bool) -> list[Node]:
    found: list[Node] = []
    node = box.getnext()
    while node is not None and node not in boxes and len(found) < _FEWEST:
        if before and len(text_of(node, 200)) <= _LONGEST_NOTE:
            break
        found.append(node)
        node = node.getnext()
    return found
