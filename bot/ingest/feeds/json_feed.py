"""JSON Feed 1 and 1.1, which the XML library cannot read.

https://www.jsonfeed.org/version/1.1/
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from bot.addresses import absolute_url
from bot.errors import ParseError
from bot.ingest.about.authors import authors
from bot.ingest.markup.dates import moment
from bot.ingest.markup.fields import (
    FULL_AREA,
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
from bot.model import Entry, Feed

_Object = dict[str, object]


def read_json_feed(text: str, url: str) -> Feed:
    """A JSON Feed.

    Args:
        text: the document.
        url: where it was read, for relative addresses.

    Raises:
        ParseError: it is broken JSON or no feed.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ParseError("This is broken JSON, so it is no JSON Feed.") from error
    items = document.get("items") if isinstance(document, dict) else None
    if not isinstance(items, list):
        raise ParseError("This is JSON but no JSON Feed: it has no list of items.")
    return Feed(
        title=one_line(_text(document, "title")),
        language=language(_text(document, "language")),
        entries=settled([_entry(item, url) for item in items if isinstance(item, dict)]),
        hub=_hub(document.get("hubs"), url),
        own_url=absolute_url(url, _text(document, "feed_url")),
    )


def _hub(hubs: object, base: str) -> str | None:
    """The first WebSub hub; the standard knows others, such as rssCloud."""
    for hub in hubs if isinstance(hubs, list) else ():
        if isinstance(hub, dict) and _text(hub, "type").lower() == "websub":
            address = absolute_url(base, _text(hub, "url"))
            if address is not None:
                return address
    return None


def _entry(item: _Object, base: str) -> Entry:
    summary = _text(item, "summary")
    content = _text(item, "content_html")
    if not content.strip():
        content = paragraphs(_text(item, "content_text") or summary)
    link = _text(item, "url") or _text(item, "external_url")
    return Entry(
        guid=_guid(item.get("id")),
        url=absolute_url(base, link),
        title=one_line(_text(item, "title")),
        lead=plain_text(summary) if "</" in summary else one_line(summary),
        published=moment(_text(item, "date_published")),
        updated=moment(_text(item, "date_modified")),
        image=largest(base, _pictures(item)),
        content=content,
        categories=categories(_tags(item)),
        authors=authors(_names(item)),
    )


def _tags(item: _Object) -> Iterator[str]:
    tags = item.get("tags")
    return (tag for tag in (tags if isinstance(tags, list) else ()) if isinstance(tag, str))


def _names(item: _Object) -> Iterator[str]:
    """The authors' names; version 1 had one author only."""
    listed = item.get("authors")
    for author in listed if isinstance(listed, list) else [item.get("author")]:
        if isinstance(author, dict):
            yield _text(author, "name")


def _guid(value: object) -> str | None:
    """The id; the standard asks readers to take numbers too."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return readable(str(value)).strip() or None


def _pictures(item: _Object) -> Iterator[tuple[object, int]]:
    """The picture of the item first; attachments serve where there is none."""
    yield item.get("image"), FULL_AREA + 2
    yield item.get("banner_image"), FULL_AREA + 1
    attachments = item.get("attachments")
    for attachment in attachments if isinstance(attachments, list) else ():
        if isinstance(attachment, dict):
            address = attachment.get("url")
            if is_picture(address, attachment.get("mime_type")):
                yield address, FULL_AREA


def _text(values: _Object, name: str) -> str:
    value = values.get(name)
    return readable(value) if isinstance(value, str) else ""
