"""Articles that a page lists in marked elements: ``article``, hfeed, schema.org's microdata."""

from __future__ import annotations

import re
from collections import defaultdict

from bot.ingest.listing.box import best_link, read_item
from bot.ingest.listing.page import Item, ListingPage
from bot.ingest.markup.dom import Node, ancestors, attribute, tag_of

_ITEM_CLASSES = frozenset({"h-entry", "hentry"})
_ARTICLE_TYPE = re.compile(r"schema\.org/(?:\w*Article|BlogPosting|Report|LiveBlogPosting)\b")
_MOST = 500


def marked_groups(page: ListingPage) -> list[list[Item]]:
    """The lists of elements that say they are articles; of one inside another the inner one."""
    boxes = [node for node in page.signatures if _is_article(node)][:_MOST]
    outer = {above for box in boxes for above in list(ancestors(box))[1:]}
    groups: defaultdict[str, list[Item]] = defaultdict(list)
    for box in boxes:
        if box in outer:
            continue
        found = best_link(page, box)
        if found is not None:
            link, url = found
            groups[_group(page, box)].append(read_item(page, [box], link, url))
    return list(groups.values())


def _is_article(node: Node) -> bool:
    return (
        tag_of(node) == "article"
        or bool(_ITEM_CLASSES & set(attribute(node, "class").split()))
        or _ARTICLE_TYPE.search(attribute(node, "itemtype")) is not None
    )


def _group(page: ListingPage, box: Node) -> str:
    """What the boxes of one list have in common: their look, whichever rows they stand in."""
    return page.signatures[box].rpartition("/")[2]
