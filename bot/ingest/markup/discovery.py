"""The feeds that a page names in its markup (https://blog.whatwg.org/feed-autodiscovery)."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from bot.addresses import absolute_url, normalise_url
from bot.ingest.markup.dom import Node, attribute

_MOST = 50  # links that are looked at
_FEED_TYPES = frozenset(
    {
        *("application/rss+xml", "application/atom+xml", "application/feed+json"),
        *("application/rdf+xml", "application/xml", "text/xml"),
    }
)
# Also the type of a site's programming interfaces, so that it must call itself a feed.
_JSON = "application/json"
_FEED_WORD = re.compile(r"feed|лента", re.IGNORECASE)
_COMMENTS = re.compile(r"comment|коммент|отзыв", re.IGNORECASE)


def page_base(root: Node, url: str) -> str:
    """What the page's relative addresses start from."""
    for node in root.iter("base"):
        if (href := attribute(node, "href")) and (base := absolute_url(url, href)):
            return base
    return url


def named_feeds(root: Node, url: str) -> tuple[str, ...]:
    """The addresses of the feeds that a page names, the one for this page's own news first.

    Feeds of comments are left out. A feed whose path goes on from the page's own is that page's;
    among equals the page's order decides.

    Args:
        root: the page.
        url: its address.
    """
    base = page_base(root, url)
    here = normalise_url(url)
    found: dict[str, tuple[bool, int]] = {}
    for node in list(root.iter("link", "a"))[: _MOST * 20]:
        kind = attribute(node, "type").lower().split(";")[0].strip()
        if kind not in _FEED_TYPES and kind != _JSON:
            continue
        if not {"alternate", "feed"} & set(attribute(node, "rel").lower().split()):
            continue
        href, title = attribute(node, "href"), attribute(node, "title")
        address = absolute_url(base, href)
        if address is None or normalise_url(address) == here or len(found) >= _MOST:
            continue
        if kind == _JSON and not _FEED_WORD.search(f"{urlsplit(address).path} {title}"):
            continue
        if _COMMENTS.search(f"{urlsplit(address).path} {title}"):
            continue
        found.setdefault(address, _fit(address, url))
    return tuple(sorted(found, key=found.__getitem__))


def _fit(address: str, url: str) -> tuple[bool, int]:
    """How well a feed fits a page, the least first: its own host, then its own folder."""
    there, here = urlsplit(address), urlsplit(url)
    folders = [part for part in here.path.split("/") if part]
    own = [part for part in there.path.split("/") if part]
    shared = 0
    while shared < min(len(folders), len(own)) and folders[shared] == own[shared]:
        shared += 1
    return there.hostname != here.hostname, -shared
