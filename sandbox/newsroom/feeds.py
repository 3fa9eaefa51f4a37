"""The site's feeds: RSS 2.0, Atom and JSON Feed, each a pure function of what is to be shown."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from html import escape
from typing import Any
from xml.etree import ElementTree as ET

from sandbox.newsroom.articles import SECTIONS, Article
from sandbox.newsroom.uploads import media_type

_ATOM = "http://www.w3.org/2005/Atom"
_MEDIA = "http://search.yahoo.com/mrss/"
_AUTHOR = "Пресс-центр программы «Город вместе»"


@dataclass(frozen=True, slots=True)
class Channel:
    """What a feed says about itself.

    Attributes:
        title: the section's title, or the site's.
        page: the absolute address of the page that the feed follows.
        url: the feed's own absolute address.
        modified: the moment of the last change.
    """

    title: str
    page: str
    url: str
    modified: datetime


def rss(channel: Channel, articles: list[Article]) -> bytes:
    """RSS 2.0 with Media RSS pictures: https://www.rssboard.org/rss-specification."""
    spaces = {"xmlns:atom": _ATOM, "xmlns:media": _MEDIA}
    root = ET.Element("rss", spaces, version="2.0")
    top = ET.SubElement(root, "channel")
    _put(top, "title", channel.title)
    _put(top, "link", channel.page)
    _put(top, "description", f"Лента новостей: {channel.title}")
    _put(top, "language", "ru")
    _put(top, "lastBuildDate", format_datetime(channel.modified))
    ET.SubElement(top, "atom:link", rel="self", type="application/rss+xml", href=channel.url)
    for article in articles:
        item = ET.SubElement(top, "item")
        _put(item, "title", article.title)
        _put(item, "link", article.url)
        ET.SubElement(item, "guid", isPermaLink="false").text = article.guid
        _put(item, "description", escape(article.lead, quote=False))
        _put(item, "category", SECTIONS[article.section])
        if article.published is not None:
            _put(item, "pubDate", format_datetime(article.published))
        if article.image is not None:
            picture = {"url": article.image, "type": media_type(article.image)}
            ET.SubElement(item, "enclosure", picture, length="0")  # 0: not known
            ET.SubElement(item, "media:content", picture, medium="image")
    return _xml(root)


def atom(channel: Channel, articles: list[Article]) -> bytes:
    """Atom: https://www.rfc-editor.org/rfc/rfc4287."""
    root = ET.Element("feed", {"xmlns": _ATOM, "xml:lang": "ru"})
    _put(root, "id", "tag:gorod-vmeste.example,2020:feed")
    _put(root, "title", channel.title)
    _put(root, "updated", channel.modified.isoformat())
    author = ET.SubElement(root, "author")
    _put(author, "name", _AUTHOR)
    ET.SubElement(root, "link", rel="self", href=channel.url)
    ET.SubElement(root, "link", rel="alternate", href=channel.page)
    for article in articles:
        entry = ET.SubElement(root, "entry")
        _put(entry, "id", article.guid)
        _put(entry, "title", article.title)
        _put(entry, "summary", article.lead)
        ET.SubElement(entry, "link", rel="alternate", href=article.url)
        ET.SubElement(entry, "category", term=SECTIONS[article.section])
        if article.published is not None:
            updated = article.corrected or article.published
            _put(entry, "published", article.published.isoformat())
            _put(entry, "updated", updated.isoformat())
        if article.image is not None:
            picture = {"type": media_type(article.image), "href": article.image}
            ET.SubElement(entry, "link", picture, rel="enclosure")
    return _xml(root)


def json_feed(channel: Channel, articles: list[Article]) -> bytes:
    """JSON Feed 1.1: https://www.jsonfeed.org/version/1.1/."""
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": channel.title,
        "home_page_url": channel.page,
        "feed_url": channel.url,
        "language": "ru",
        "authors": [{"name": _AUTHOR}],
        "items": [_item(article) for article in articles],
    }
    return json.dumps(feed, ensure_ascii=False, indent=1).encode()


def _item(article: Article) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": article.guid,
        "url": article.url,
        "title": article.title,
        "summary": article.lead,
        "content_text": article.lead,
        "tags": [SECTIONS[article.section]],
        "language": article.language,
    }
    if article.image is not None:
        item["image"] = article.image
    if article.published is not None:
        item["date_published"] = article.published.isoformat()
    if article.corrected is not None:
        item["date_modified"] = article.corrected.isoformat()
    return item


def _put(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = text


def _xml(root: ET.Element) -> bytes:
    ET.indent(root, " ")
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document
