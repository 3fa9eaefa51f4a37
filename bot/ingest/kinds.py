"""What an address may be, and what its document says of a site's articles."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from bot.model import Feed


class Kind(Enum):
    """What a source's document is."""

    FEED = "feed"  # RSS, Atom or JSON Feed, or a sitemap of news
    SITEMAP = "sitemap"  # of all pages: what changed last, which need not be new
    INDEX = "index"  # of sitemaps
    PAGE = "page"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a source's document says.

    Attributes:
        kind: what it is.
        feed: the articles that it lists itself; None where it lists none.
        named: the addresses of the feeds that a page names, or of the sitemaps that an index
            names, best first.
        fault: a sentence that says why there is no feed; else empty.
    """

    kind: Kind
    feed: Feed | None
    named: tuple[str, ...] = ()
    fault: str = ""
