"""What a page says in its meta tags."""

from __future__ import annotations

from collections.abc import Mapping

from bot.ingest.markup.dom import (
    Node,
    attribute,
)
from bot.ingest.markup.inline import clean


def meta_tags(root: Node) -> dict[str, str]:
    """The page's meta properties by lower-case name; the first of a name counts."""
    found: dict[str, str] = {}
    for node in root.iter("meta", "link"):
        content = attribute(node, "content") or attribute(node, "href")
        if not content:
            continue
        for name in ("property", "name", "itemprop"):
            if key := attribute(node, name).lower():
                found.setdefault(key, clean(content))
    return found


def first_of(meta: Mapping[str, str], *names: str) -> str:
    """What the first of these tags says that is there; else empty."""
    return next((value for name in names if (value := meta.get(name))), "")
