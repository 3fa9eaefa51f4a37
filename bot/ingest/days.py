"""The day of a page that tells no moment to machines: from its address and its text."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import cast

import htmldate
from lxml.html import HtmlElement

from bot.ingest.dates import sensible
from bot.ingest.dom import Node, count_elements

_MOST_TAGS = 5_000  # it takes some 4 ms on ordinary pages

logging.getLogger("htmldate").setLevel(logging.CRITICAL)


def told_day(root: Node, url: str) -> datetime | None:
    """The day on which a page seems to have been published, at midnight UTC; None where unclear.

    The tree may be changed by it, so that it comes last. Only marked dates and the address count,
    not any number in the text that looks like a date.
    """
    if count_elements(root) > _MOST_TAGS:
        return None
    try:
        day = htmldate.find_date(
            cast(HtmlElement, root), extensive_search=False, original_date=True, url=url
        )
        return sensible(datetime.fromisoformat(day).replace(tzinfo=UTC)) if day else None
    except Exception:  # noqa: BLE001 - whatever a hostile page does to it, the article is read
        return None
