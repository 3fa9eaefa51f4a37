"""Sitemaps: of news, of all pages, and indexes of sitemaps (https://www.sitemaps.org/protocol.html).

News: https://developers.google.com/search/docs/crawling-indexing/sitemaps/news-sitemap
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import urlsplit

from lxml import etree

from bot.addresses import absolute_url
from bot.errors import ParseError
from bot.ingest.feeds.newest import MOST_ENTRIES, newest_articles
from bot.ingest.feeds.references import mended
from bot.ingest.kinds import Kind, Reading
from bot.ingest.markup.dates import has_offset, moment
from bot.ingest.markup.dom import Node
from bot.ingest.markup.fields import language, one_line, settled
from bot.model import Entry, Feed

_MOST_ADDRESSES = 100_000  # twice what the protocol allows
_MOST_TAGS = 2_000_000  # closing ones among them; 50,000 addresses with 20 elements each
_MOST_NAMED = 10  # sitemaps of an index that are worth a look
_DTD = re.compile(r"<!(?:DOCTYPE|ENTITY)\b", re.IGNORECASE)
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]{0,200}\?>")
_NEWS = re.compile(r"news|novosti", re.IGNORECASE)
_ARTICLES = re.compile(r"post|article|stor(?:y|ies)|stat(?:yi|ji|i)|publi|material", re.IGNORECASE)
_OTHER = re.compile(
    r"categor|tag|author|user|page|product|image|video|taxonom|attachment|forum|rubri",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d+")
_ADDRESSES = frozenset({"url", "sitemap"})
_HOLDERS = _ADDRESSES | {"news", "publication", "image"}
_OF_NEWS = frozenset({"title", "name", "language"})
_OLDEST = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class _Address:
    """What a sitemap says of one address."""

    loc: str = ""
    lastmod: str = ""
    title: str = ""
    published: str = ""
    language: str = ""
    site: str = ""
    image: str = ""
    is_news: bool = False


def read_sitemap(text: str, url: str) -> Reading:
    """A sitemap or an index of sitemaps.

    A sitemap of news is as good as a feed. One of all pages says when each changed, not when it was
    published, and has no titles: its 200 newest addresses are entries, of which those that do not
    look like articles are left out where some do.

    Args:
        text: the document.
        url: where it was read, for relative addresses.

    Raises:
        ParseError: it is broken, too long, or names nothing.
    """
    if _DTD.search(text):
        raise ParseError("The sitemap declares entities, which no sitemap needs.")
    if text.count("<") > _MOST_TAGS:
        raise ParseError(f"The sitemap has more than {_MOST_TAGS:,} tags.")
    data = mended(_DECLARATION.sub("", text)).encode()
    sitemaps: list[_Address] = []
    pages: list[_Address] = []
    for is_index, address in _addresses(data):
        (sitemaps if is_index else pages).append(address)
        if len(sitemaps) + len(pages) > _MOST_ADDRESSES:
            raise ParseError(f"The sitemap names more than {_MOST_ADDRESSES:,} addresses.")
    if sitemaps:
        return Reading(Kind.INDEX, None, _named(sitemaps, url), "The index names no sitemap.")
    if not pages:
        raise ParseError("The sitemap names no pages.")
    news = [address for address in pages if address.is_news]
    if news:
        entries = settled([entry for page in news if (entry := _entry(page, url))])
        return Reading(Kind.FEED, Feed(_site(news), _language(news), entries))
    newest = sorted(pages, key=_changed, reverse=True)
    found = [entry for page in newest[: 5 * MOST_ENTRIES] if (entry := _entry(page, url))]
    return Reading(Kind.SITEMAP, newest_articles([Feed("", None, settled(found))]))


def _addresses(data: bytes) -> Iterator[tuple[bool, _Address]]:
    """Every address, with whether it is a sitemap's; what was read is freed at once."""
    parsing = etree.iterparse(
        io.BytesIO(data),
        events=("end",),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=True,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        for _, node in parsing:
            parent = node.getparent()
            if parent is None:
                continue
            name = _name(node)
            if name in _ADDRESSES:
                yield name == "sitemap", _read(node)
            elif _name(parent) in _HOLDERS:
                continue  # is read with its address
            node.clear()
            while node.getprevious() is not None:
                del parent[0]
    except etree.LxmlError as error:
        raise ParseError("This is too broken to be read as a sitemap.") from error


def _read(node: Node) -> _Address:
    found = _Address()
    for part in node.iter():
        text, around = part.text, part.getparent()
        name = _name(part)
        if name in _OF_NEWS and (around is None or _name(around) not in {"news", "publication"}):
            continue  # of a picture or a film
        match name:
            case "loc":
                if not found.loc:
                    found.loc = text or ""
                elif not found.image:
                    found.image = text or ""  # of <image:image>
            case "lastmod":
                found.lastmod = text or ""
            case "news":
                found.is_news = True
            case "title":
                found.title = found.title or text or ""
            case "publication_date":
                found.published = text or ""
            case "name":
                found.site = text or ""
            case "language":
                found.language = text or ""
    return found


def _name(node: Node) -> str:
    tag = node.tag
    return _local(tag) if isinstance(tag, str) else ""


@lru_cache(maxsize=256)
def _local(tag: str) -> str:
    return tag.rpartition("}")[2].lower()


def _entry(page: _Address, base: str) -> Entry | None:
    address = absolute_url(base, page.loc.strip())
    if address is None:
        return None
    published = moment(page.published) if page.published else None
    exact = published is not None and has_offset(page.published)
    return Entry(
        guid=None,
        url=address,
        title=one_line(page.title) if page.is_news else "",
        lead="",
        published=published if exact else None,
        updated=moment(page.lastmod) if page.lastmod else None,
        image=absolute_url(base, page.image.strip()) if page.image else None,
        content="",
        date_hint=None if exact else published,
    )


def _changed(page: _Address) -> datetime:
    text = page.lastmod.strip()
    with suppress(ValueError):  # nearly all are in this form, and there may be very many
        found = datetime.fromisoformat(text)
        return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    return moment(text) or _OLDEST


def _site(pages: list[_Address]) -> str:
    return next((one_line(page.site) for page in pages if page.site), "")


def _language(pages: list[_Address]) -> str | None:
    return next((code for page in pages if (code := language(page.language))), None)


def _named(sitemaps: list[_Address], base: str) -> tuple[str, ...]:
    """The sitemaps of an index in which new articles are likeliest, best first."""
    ranked = sorted(sitemaps, key=_rank, reverse=True)
    found = (absolute_url(base, each.loc.strip()) for each in ranked)
    return tuple(dict.fromkeys(address for address in found if address))[:_MOST_NAMED]


def _rank(sitemap: _Address) -> tuple[int, datetime, list[int]]:
    """By name, then by what changed last, then by number: the last of a row is the newest."""
    name = urlsplit(sitemap.loc.strip()).path.rsplit("/", 1)[-1]
    kind = 1
    if _OTHER.search(name):
        kind = 0
    elif _NEWS.search(name):
        kind = 3
    elif _ARTICLES.search(name):
        kind = 2
    return kind, _changed(sitemap), [int(number[:12]) for number in _NUMBER.findall(name)[:4]]
