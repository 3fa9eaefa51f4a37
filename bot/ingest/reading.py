"""Bytes of a source's document, whatever it is, to what it says of the site's articles."""

from __future__ import annotations

import re
import zlib
from datetime import datetime

from bot.errors import ExtractError, ParseError
from bot.ingest.feeds.parse import parse_text, root_of
from bot.ingest.feeds.sitemap import read_sitemap
from bot.ingest.kinds import Kind, Reading
from bot.ingest.listing.find import listing_of
from bot.ingest.listing.selectors import listing_by_selectors
from bot.ingest.markup.binaries import binary_kind
from bot.ingest.markup.charset import decode
from bot.ingest.markup.discovery import named_feeds
from bot.ingest.markup.dom import parse_page
from bot.ingest.markup.fields import readable
from bot.model import Selectors

MAX_UNPACKED = 50_000_000  # bytes; what the protocol of sitemaps allows
MAX_FEED = 5 * 1024 * 1024  # bytes; of what is no sitemap

_GZIP = b"\x1f\x8b"
_PIECE = 1 << 16
_NAMES_FEEDS = 100_000  # characters at the beginning of a page that is too large to be read whole
_LINK = re.compile(r"<a\s", re.IGNORECASE)
_BODY = re.compile(r"<body[\s>]", re.IGNORECASE)


def read_source(
    content: bytes,
    content_type: str | None,
    url: str,
    selectors: Selectors | None,
    now: datetime,
) -> Reading:
    """What the document at a source's address says.

    Args:
        content: the document as read; it may be packed by gzip.
        content_type: its ``Content-Type`` header, or None.
        url: where it was read, for relative addresses.
        selectors: where on a page its articles are, or None to find them unasked.
        now: the moment of the read, from which "yesterday" is told, in the zone of dates that name
            none.

    Raises:
        ParseError: it is neither a feed, a sitemap nor a page, or it is broken.
    """
    content = unpacked(content)
    if kind := binary_kind(content, content_type):
        raise ParseError(f"This is {kind}, neither a feed nor a page.")
    text = readable(decode(content, content_type)).strip(" \t\r\n\ufeff")
    root = None if text.startswith(("{", "[")) else root_of(text)
    if root is not None and root["sitemap"]:
        return read_sitemap(text, url)
    if len(content) > MAX_FEED:
        raise ParseError(f"The document is longer than {MAX_FEED:,} bytes.")
    html = root is None and "html" in (content_type or "") and _LINK.search(text) is not None
    if html or (root is not None and root["page"]):
        return _page(text, url, selectors, now)
    return Reading(Kind.FEED, parse_text(text, url))


def unpacked(content: bytes) -> bytes:
    """The bytes, unpacked where they are packed by gzip, piece by piece up to the limit.

    Raises:
        ParseError: they are broken, or too many.
    """
    if not content.startswith(_GZIP):
        return content
    found = bytearray()
    while content.startswith(_GZIP):  # a file may hold several parts
        unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            while not unpacking.eof and (content or unpacking.unconsumed_tail):
                found += unpacking.decompress(content, _PIECE)
                content = unpacking.unconsumed_tail
                if len(found) > MAX_UNPACKED:
                    raise ParseError(f"The document unpacks to more than {MAX_UNPACKED:,} bytes.")
        except zlib.error as error:
            raise ParseError("The document is packed by gzip, but broken.") from error
        content = unpacking.unused_data
    return bytes(found)


def _page(text: str, url: str, selectors: Selectors | None, now: datetime) -> Reading:
    try:
        root = parse_page(text)
    except ExtractError as error:
        return Reading(Kind.PAGE, None, _named_in_head(text, url), str(error))
    if selectors is not None and selectors.item:
        return Reading(Kind.PAGE, listing_by_selectors(root, url, selectors, now))
    named = named_feeds(root, url)
    try:
        return Reading(Kind.PAGE, listing_of(root, url, now), named)
    except (ParseError, RecursionError) as error:
        fault = str(error) if isinstance(error, ParseError) else "The page is nested too deep."
        return Reading(Kind.PAGE, None, named, fault)


def _named_in_head(text: str, url: str) -> tuple[str, ...]:
    """The feeds that a page names before its body, which is too large or too deep."""
    body = _BODY.search(text, 0, _NAMES_FEEDS)
    try:
        return named_feeds(parse_page(text[: body.start() if body else _NAMES_FEEDS]), url)
    except ExtractError:
        return ()
