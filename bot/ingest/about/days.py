"""The day of a page that tells no moment: from its address, its head and what opens its article."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import cast

import htmldate
from lxml import etree, html
from lxml.html import HtmlElement

from bot.ingest.about.opening import is_beside, may_date, opening_of
from bot.ingest.markup.dates import sensible
from bot.ingest.markup.dom import Node, count_elements, text_of

_MOST_TAGS = 5_000  # it takes some 4 ms on ordinary pages
_LONGEST = 200  # characters of an element that may tell a date

logging.getLogger("htmldate").setLevel(logging.CRITICAL)


def told_day(root: Node, url: str, now: datetime) -> datetime | None:
    """The day on which a page seems to have been published, at midnight; None where unclear.

    Only the address, the page's head and what stands between its title and its text count: dates
    in a footer, beside the article and in its text are others.

    Args:
        root: the page.
        url: its address.
        now: the moment, in the zone that the day is meant in.
    """
    if count_elements(root) > _MOST_TAGS:
        return None
    zone = now.tzinfo
    try:
        day = htmldate.find_date(
            cast(HtmlElement, _beginning(root)),
            extensive_search=False,
            original_date=True,
            url=url,
            max_date=now.replace(tzinfo=None),
        )
        return sensible(datetime.fromisoformat(day).replace(tzinfo=zone)) if day else None
    except Exception:  # noqa: BLE001 - whatever a hostile page does to it, the article is read
        return None


def _beginning(root: Node) -> Node:
    """A page of its head and of what opens its article."""
    page = html.Element("html")
    head, body = html.Element("head"), html.Element("body")
    page.extend([head, body])
    for node in root.iter("meta", "title"):
        copy = etree.SubElement(head, str(node.tag), dict(node.attrib))
        copy.text = node.text
    opening = opening_of(root, next((h for h in root.iter("h1") if not is_beside(h)), None))
    for node in (*opening.above, *opening.below):
        text = text_of(node, _LONGEST + 1)
        if 0 < len(text) <= _LONGEST and not len(node) and may_date(node):
            copy = etree.SubElement(body, str(node.tag), dict(node.attrib))
            copy.text = text
    return page
