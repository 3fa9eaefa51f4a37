"""The preview of a link under or above a text, made of what the site is known to hold."""

from __future__ import annotations

from typing import Any
from urllib.parse import urldefrag, urlsplit

from sandbox.newsroom import Newsroom
from sandbox.newsroom.articles import SITE_TITLE
from sandbox.newsroom.uploads import MEDIA_TYPES

Json = dict[str, Any]

_HERE = "http://127.0.0.1:"  # the page loads nothing from anywhere else
_SUFFIXES = tuple(f".{suffix}" for suffix in (*MEDIA_TYPES, "jpeg"))


def preview(text: str, entities: list[Json], options: Json | None, site: Newsroom) -> Json | None:
    """What Telegram would show of the first link of a text, or of the one that is asked for.

    Nothing is fetched: pictures on this machine are shown, the site's articles are known, and
    other addresses have no preview.

    Args:
        text: of the message.
        entities: all that are drawn in it.
        options: its ``LinkPreviewOptions``.
        site: where the articles are.
    """
    options = options or {}
    address = options.get("url") or _first_link(text, entities)
    if address is None or options.get("is_disabled"):
        return None
    shown = _picture(address) or _card(address, site)
    if shown is None:
        return None
    large = shown["kind"] == "picture"
    if options.get("prefer_small_media"):
        large = False
    elif options.get("prefer_large_media"):
        large = True
    return shown | {"above": bool(options.get("show_above_text")), "large": large}


def _picture(address: str) -> Json | None:
    path = urlsplit(address).path.lower()
    if not address.startswith(_HERE) or not path.endswith(_SUFFIXES):
        return None
    empty = {"site": "", "title": "", "description": ""}
    return {"kind": "picture", "href": address, "image": address, **empty}


def _card(address: str, site: Newsroom) -> Json | None:
    page, _ = urldefrag(address)
    slug = page.removeprefix(f"{site.url}/news/").removesuffix("/")
    article = site.article(slug)
    if article is None or article.url.rstrip("/") != page.rstrip("/"):
        return None
    return {
        "kind": "card",
        "href": address,
        "image": article.image,
        "site": SITE_TITLE,
        "title": article.title,
        "description": article.lead,
    }


def _first_link(text: str, entities: list[Json]) -> str | None:
    """The address of the first link, as it is written or as it lies under a text."""
    links = [entity for entity in entities if entity["type"] in {"url", "text_link"}]
    if not links:
        return None
    first = min(links, key=lambda entity: entity["offset"])
    if first["type"] == "text_link":
        under: str = first["url"]
        return under
    units = text.encode("utf-16-le", "surrogatepass")
    start, length = first["offset"] * 2, first["length"] * 2
    written = units[start : start + length].decode("utf-16-le", "replace")
    return written if "://" in written else f"http://{written}"
