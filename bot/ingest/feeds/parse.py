"""Bytes of a feed in any format to a ``Feed``: RSS 0.9x to 2.0, RDF, Atom, JSON Feed."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html import escape
from typing import Any

import feedparser
from feedparser import mixin

from bot.addresses import absolute_url
from bot.errors import ParseError
from bot.ingest.about.authors import authors
from bot.ingest.feeds.json_feed import read_json_feed
from bot.ingest.feeds.references import mended
from bot.ingest.feeds.rhythm import rhythm
from bot.ingest.feeds.summaries import lead_from, without_tail
from bot.ingest.markup.charset import decode
from bot.ingest.markup.dates import moment, sensible
from bot.ingest.markup.fields import (
    FULL_AREA,
    SMALL_AREA,
    area,
    categories,
    is_picture,
    language,
    largest,
    one_line,
    paragraphs,
    plain_text,
    readable,
    settled,
)
from bot.ingest.markup.websub_links import of_elements
from bot.model import Entry, Feed

MAX_TAGS = 300_000  # some 10,000 entries

_HEAD = 8000  # characters in which a document shows what it is
_LONGEST_DOCTYPE = 10_000  # characters
_DECLARATION = "<?xml version='1.0' encoding='utf-8'?>\n"
_COMMENT = re.compile("<!--.*?-->", re.DOTALL)
_ROOT = re.compile(
    r"<(?:[\w.-]{1,40}:)?(?P<feed>rss|rdf|feed|channel)[\s>/]"
    r"|<(?:[\w.-]{1,40}:)?(?P<sitemap>urlset|sitemapindex)[\s>/]"
    r"|<(?P<page>!doctype\s+html|html|head|body)[\s>]",
    re.IGNORECASE,
)
_DOCTYPE = re.compile(r"<!DOCTYPE\s", re.IGNORECASE)

_LONGEST_AUTHOR = 500  # characters of the lines of authors that are looked at
_STRAY_TAG = re.compile(
    r"</?(?:b|br|em|i|nobr|p|span|strong|sub|sup|u|wbr)(?:\s[^<>]*)?/?>", re.IGNORECASE
)
_TAGS = re.compile(r"\btags?\b", re.IGNORECASE)
_RELATIVE = re.compile(
    r"(?:src|href|srcset)\s{0,9}=\s{0,9}[\"']?(?!\w{1,20}:|//|#)[^\s\"'>]", re.IGNORECASE
)
_HTML = frozenset({"text/html", "application/xhtml+xml"})
# Full text as Russian aggregators ask for it, under the names that the parser gives it.
_FULL_TEXT = ("yandex_full-text", "turbo_content", "full-text")

_Raw = dict[str, Any]


def _note_author(parser: Any, key: str = "author") -> None:
    """Put an author's line beside the others; the library would search it for an e-mail address.

    That search takes quadratic time: 32 KB of author took it 3.4 s.
    """
    context = parser._get_context()  # noqa: SLF001 - as below
    listed = context.get("authors")
    if key == "author" and listed and not listed[-1] and context.get(key):
        listed[-1]["name"] = str(context[key])[:_LONGEST_AUTHOR]


# feedparser 6.0.14; a test holds that this name is still the one.
mixin._FeedParserMixin._sync_author_detail = _note_author  # noqa: SLF001 - there is no public switch


def parse_feed(content: bytes, content_type: str | None, url: str) -> Feed:
    """The feed that the bytes hold.

    Entries keep the feed's order. A feed without entries is a feed.

    Args:
        content: the document as read.
        content_type: its ``Content-Type`` header, or None.
        url: where it was read, for relative addresses.

    Raises:
        ParseError: it is no feed; the sentence says what it is instead, as far as we can tell.
    """
    return parse_text(readable(decode(content, content_type)).strip(" \t\r\n\ufeff"), url)


def root_of(text: str) -> re.Match[str] | None:
    """Where the root of a document is: in one of the groups ``feed``, ``sitemap`` and ``page``."""
    return _ROOT.search(_COMMENT.sub(_blank, text[:_HEAD])) or _ROOT.search(text)


def parse_text(text: str, url: str) -> Feed:
    """The feed that a text holds; see ``parse_feed``."""
    if not text:
        raise ParseError("The document is empty.")
    if text.startswith(("{", "[")):
        return read_json_feed(text, url)
    root = root_of(text)
    if root is None or not root["feed"]:
        raise ParseError("This is neither RSS, Atom nor JSON Feed.")
    if text.count("<") > MAX_TAGS:
        raise ParseError(f"The document has more than {MAX_TAGS:,} tags, too many for a feed.")
    result = _parse_xml(_well_formed(text, root.start()))
    if not result["version"] and not result["entries"]:
        raise ParseError("This is XML, but neither RSS nor Atom.")
    if result["bozo"] and not result["entries"] and not result["feed"].get("title"):
        raise ParseError("The feed is broken: it has neither a title nor an entry.")
    atom = result["version"].startswith("atom")
    channel = result["feed"]
    hub, own_url = of_elements(_dicts(channel.get("links")), url)
    return Feed(
        title=_line(result["feed"].get("title_detail"), literal=atom),
        language=language(str(result["feed"].get("language", ""))),
        entries=settled([_entry(raw, url, atom=atom) for raw in result["entries"]]),
        rhythm=rhythm(text, channel),
        hub=hub,
        own_url=own_url,
    )


def _blank(match: re.Match[str]) -> str:
    """As many spaces, so that places stay the same."""
    return " " * len(match[0])


def _well_formed(text: str, root: int) -> bytes:
    """The document from its DOCTYPE or root on, in UTF-8 that says so, its ampersands repaired.

    One bare ``&`` would send the whole document to the library's loose parser, which reads
    ``Q&A`` as an entity.
    """
    doctype = _DOCTYPE.search(text, 0, root)
    start = doctype.start() if doctype and root - doctype.start() <= _LONGEST_DOCTYPE else root
    head = text[start:root]
    return (_DECLARATION + head + mended(text[root:], own_names="<!ENTITY" in head)).encode()


def _parse_xml(data: bytes) -> Any:
    try:
        # Never text: a string that looks like an address or a file name would be opened.
        return feedparser.parse(io.BytesIO(data), sanitize_html=False, resolve_relative_uris=False)
    except Exception as error:  # the library lets many kinds out on broken markup
        raise ParseError("This is too broken to be read as a feed.") from error


def _entry(raw: _Raw, base: str, *, atom: bool) -> Entry:
    guid = str(raw.get("id", "")).strip() or None
    summary = raw.get("summary_detail")
    published = _moment(raw, "published") or _moment(raw, "created")
    updated = _moment(raw, "updated")
    if published is None and not atom:
        published, updated = updated, None  # dc:date, all that RDF has
    return Entry(
        guid=guid,
        url=_link(raw, guid, base),
        title=_line(raw.get("title_detail"), literal=atom),
        lead=_lead(summary, literal=atom),
        published=published,
        updated=updated,
        image=largest(base, _pictures(raw)),
        content=max(_contents(raw, base), key=len, default="") or _markup(summary, base),
        categories=categories(_labels(raw)),
        authors=authors(plain_text(str(who.get("name", ""))) for who in _dicts(raw.get("authors"))),
    )


def _labels(raw: _Raw) -> Iterator[str]:
    """What the entry is filed under, as people read it; what is called a tag is left out."""
    for tag in _dicts(raw.get("tags")):
        if not _TAGS.search(str(tag.get("scheme") or "")):
            yield plain_text(str(tag.get("label") or tag.get("term") or ""))


def _link(raw: _Raw, guid: str | None, base: str) -> str | None:
    """The article's page: the link, or an id that is an address itself."""
    original = raw.get("feedburner_origlink")
    if isinstance(original, str) and original:
        return absolute_url(base, original)
    link = str(raw.get("link", ""))
    named = [str(other.get("href", "")) for other in _dicts(raw.get("links")) if _alternate(other)]
    if link == guid and link not in named and not link.lower().startswith(("http://", "https://")):
        link = ""  # the parser takes an id for a link unless the feed says that it is none
    for address in (link, *named):
        url = absolute_url(base, address)
        if url is not None:
            return url
    return None


def _alternate(link: _Raw) -> bool:
    return bool(link.get("rel", "alternate") == "alternate")


def _contents(raw: _Raw, base: str) -> Iterator[str]:
    """The forms in which the article itself is in the feed, as HTML."""
    for detail in _dicts(raw.get("content")):
        yield _markup(detail, base)
    for name in _FULL_TEXT:
        value = raw.get(name)
        if isinstance(value, str):
            yield value if "<" in value else paragraphs(value)


def _markup(detail: _Raw | None, base: str) -> str:
    """A text construct as HTML; empty for media other than text.

    Where addresses in it start from an ``xml:base`` (https://www.w3.org/TR/xmlbase/), the HTML
    begins with that.
    """
    if not detail:
        return ""
    value = str(detail.get("value", ""))
    if detail.get("type") in _HTML:
        own = str(detail.get("base") or "")
        start = absolute_url(base, own) if own and _RELATIVE.search(value) else None
        return f'<base href="{escape(start)}">{value}' if start and start != base else value
    return paragraphs(value) if detail.get("type") == "text/plain" else ""


def _line(detail: _Raw | None, *, literal: bool) -> str:
    """A text construct as one plain line.

    Args:
        detail: what the parser knows of it.
        literal: whether text that calls itself plain is plain, as in Atom; RSS leaves it open.
    """
    if not detail:
        return ""
    value = str(detail.get("value", ""))
    if detail.get("type") in _HTML:
        return plain_text(value)
    return one_line(value if literal else _STRAY_TAG.sub(" ", value))


def _lead(detail: _Raw | None, *, literal: bool) -> str:
    """A summary as one plain line, without what the site's software puts below it."""
    if detail and detail.get("type") in _HTML:
        return lead_from(str(detail.get("value", "")))
    return without_tail(_line(detail, literal=literal))


def _moment(raw: _Raw, name: str) -> datetime | None:
    """A date with its own offset; where only the parser can read it, in UTC."""
    if not dict.__contains__(raw, name):  # "in" and "get" would answer for another date too
        return None
    found = moment(str(raw[name]))
    parsed = dict.get(raw, f"{name}_parsed")
    if found is None and parsed is not None:
        try:
            year, month, day, hour, minute, second = parsed[:6]
            found = sensible(datetime(year, month, day, hour, minute, second, tzinfo=UTC))
        except (ValueError, TypeError):
            return None
    return found


def _pictures(raw: _Raw) -> Iterator[tuple[object, int]]:
    for media in _dicts(raw.get("media_content")):
        kind = media.get("type") or ("image/*" if media.get("medium") == "image" else None)
        if is_picture(media.get("url"), kind):
            yield media.get("url"), area(media.get("width"), media.get("height"), FULL_AREA)
    for link in _dicts(raw.get("links")):
        if link.get("rel") == "enclosure" and is_picture(link.get("href"), link.get("type")):
            yield link.get("href"), FULL_AREA
    for media in _dicts(raw.get("media_thumbnail")):
        yield media.get("url"), area(media.get("width"), media.get("height"), SMALL_AREA)
    image = raw.get("image")
    if isinstance(image, dict):
        yield image.get("href"), SMALL_AREA


def _dicts(value: object) -> list[_Raw]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
