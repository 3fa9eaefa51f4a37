"""Articles that a page lists as data: schema.org in JSON-LD, and the state of its scripts."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from bot.addresses import absolute_url
from bot.ingest.about.jsonld import ARTICLE_TYPES, linked_data, types_of
from bot.ingest.listing.page import LONGEST_TITLE, Item, ListingPage
from bot.ingest.markup.dom import attribute
from bot.ingest.markup.fields import plain_text

_LONGEST_STATE = 3_000_000  # characters
_MOST_VALUES = 100_000
_LONGEST_LEAD = 1000
_DEEPEST = 40
_MOST_STATES = 50  # scripts that hold data
_MOST_GROUPS = 50
_STATE_TYPES = frozenset({"application/json", "text/json"})
_STATE_IDS = frozenset({"__NEXT_DATA__", "__NUXT_DATA__"})
_ASSIGNED = re.compile(
    r"\s*(?:window\.)?(?:__NUXT__|__INITIAL_STATE__|__PRELOADED_STATE__|__DATA__)\s*=\s*(?=[{\[])"
)
_TITLES = ("title", "headline", "name", "header")
_ADDRESSES = ("url", "link", "href", "permalink", "path", "uri", "canonicalUrl", "canonical_url")
_SLUGS = ("slug", "alias", "code", "id")
_DATES = (
    *("publishedAt", "published_at", "datePublished", "publishDate", "publish_date", "published"),
    *("publicationDate", "pubDate", "pub_date", "publicDate", "date", "createdAt", "created_at"),
    *("dateCreated", "firstPublishedAt", "activeFrom", "active_from", "timestamp"),
)
_LEADS = ("lead", "excerpt", "description", "summary", "announce", "anons", "subtitle", "preview")
_IMAGES = (
    "image",
    "cover",
    "picture",
    "thumbnail",
    "preview_image",
    "previewImage",
    "img",
    "photo",
)
_LISTED = ("itemListElement", "blogPost", "blogPosts", "hasPart")

_Object = Mapping[str, Any]


def linked_groups(page: ListingPage) -> list[list[Item]]:
    """The lists of articles that the page's JSON-LD describes, each by itself."""
    loose: list[Item] = []
    groups: list[list[Item]] = []
    for node in linked_data(page.root):
        if types_of(node) & ARTICLE_TYPES and (item := _linked_item(page, node)):
            loose.append(item)
        if "breadcrumblist" in types_of(node):
            continue
        for name in _LISTED:
            parts = node.get(name)
            if isinstance(parts, list):
                found = (_linked_item(page, part) for part in parts if isinstance(part, dict))
                groups.append([item for item in found if item])
    return sorted(filter(None, (loose, *groups)), key=len, reverse=True)[:_MOST_GROUPS]


def _linked_item(page: ListingPage, node: _Object) -> Item | None:
    inner = node.get("item")
    if isinstance(inner, dict):
        node = {**node, **inner}
    elif isinstance(inner, str):
        node = {"url": inner, **node}
    if not node.keys() & {"headline", "name"}:
        return None
    if types_of(node) - {"listitem"} - ARTICLE_TYPES:
        return None
    main = node.get("mainEntityOfPage")
    if isinstance(main, dict):
        main = main.get("@id")
    url = next(
        (
            address
            for offer in (node.get("url"), main, node.get("@id"))
            if isinstance(offer, str) and (address := page.address(offer))
        ),
        None,
    )
    return _item(page, node, url) if url else None


def state_groups(page: ListingPage) -> list[list[Item]]:
    """The arrays of what looks like articles in the state that the page gives its own scripts.

    An article without its address but with a short name of its own is looked for among the page's
    links: how a site makes addresses of names is not guessed.
    """
    found = (state for script in page.root.iter("script") if (state := _state(script)))
    states = list(islice(found, _MOST_STATES))
    if not states:
        return []
    links = {
        urlsplit(link.url).path.rstrip("/").rpartition("/")[2]: link.url for link in page.links
    }
    groups: list[list[Item]] = []
    for values in _arrays(states):
        found = (_state_item(page, value, links) for value in values if isinstance(value, dict))
        items = [item for item in found if item is not None]
        if 2 * len(items) > len(values):
            groups.append(items)
    return sorted(groups, key=len, reverse=True)[:_MOST_GROUPS]


def _state(script: Any) -> Any:
    text = script.text or ""
    kind = attribute(script, "type").lower().split(";")[0]
    if len(text) > _LONGEST_STATE:
        return None
    if kind not in _STATE_TYPES and script.get("id") not in _STATE_IDS:
        if kind not in {"", "text/javascript", "module"}:
            return None
        start = _ASSIGNED.match(text)
        if start is None:
            return None
        text = text[start.end() :]
    try:
        value = json.JSONDecoder(strict=False).raw_decode(text.lstrip())[0]
        return _unflattened(value) if script.get("id") == "__NUXT_DATA__" else value
    except (ValueError, RecursionError):
        return None


def _unflattened(values: Any) -> list[Any]:
    """The objects of Nuxt's flat form, in which each value stands for the place of another."""
    if not isinstance(values, list):
        return []

    def at(place: Any) -> Any:
        known = isinstance(place, int) and not isinstance(place, bool) and 0 <= place < len(values)
        return values[place] if known else None

    def shown(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: inner
                for key, place in value.items()
                if isinstance(inner := at(place), str | int | float)
            }
        return value

    return [
        [shown(at(place)) for place in value]
        for value in values[:_MOST_VALUES]
        if isinstance(value, list) and len(value) > 1
    ]


def _arrays(states: list[Any]) -> Iterator[list[Any]]:
    """Every array of objects, the outer ones first."""
    waiting: deque[tuple[Any, int]] = deque((state, 0) for state in states)
    for _ in range(_MOST_VALUES):
        if not waiting:
            return
        value, depth = waiting.popleft()
        if depth > _DEEPEST:
            continue
        inner: list[Any] = []
        if isinstance(value, list):
            if len(value) > 1 and any(isinstance(each, dict) for each in value):
                yield value
            inner = value
        elif isinstance(value, dict):
            inner = list(value.values())
        waiting.extend((each, depth + 1) for each in inner if isinstance(each, list | dict))


def _state_item(page: ListingPage, value: _Object, links: Mapping[str, str]) -> Item | None:
    """An object as an article: it has a title, a date, and an address or a name in one."""
    if isinstance(value.get("attributes"), dict):
        value = {**value, **value["attributes"]}
    elif isinstance(value.get("node"), dict):
        value = value["node"]
    if not _text(value, _TITLES) or not _date(value):
        return None
    offers = [_text(value, (name,)) for name in _ADDRESSES]
    url = next((address for offer in offers if offer and (address := page.address(offer))), None)
    if url is None:
        names = (_text(value, (name,)) for name in _SLUGS)
        url = next((links[name] for name in names if name in links), None)
    return _item(page, value, url) if url else None


def _item(page: ListingPage, value: _Object, url: str) -> Item:
    return Item(
        url=url,
        title=plain_text(_text(value, ("headline", *_TITLES)))[:LONGEST_TITLE],
        lead=plain_text(_text(value, _LEADS))[:_LONGEST_LEAD],
        date=page.dates.attribute(_date(value)),
        image=_image(page, value),
    )


def _text(value: _Object, names: tuple[str, ...]) -> str:
    """The first of these fields that is text, or a number, or text inside ``rendered``."""
    for name in names:
        found = value.get(name)
        if isinstance(found, dict):
            found = found.get("rendered") or found.get("ru") or found.get("current")
        if isinstance(found, int) and not isinstance(found, bool):
            found = str(found)
        if isinstance(found, str) and found.strip():
            return found.strip()
    return ""


def _date(value: _Object) -> str:
    return _text(value, _DATES)


def _image(page: ListingPage, value: _Object) -> str | None:
    for name in _IMAGES:
        found = value.get(name)
        for _ in range(3):
            if isinstance(found, list):
                found = found[0] if found else None
            elif isinstance(found, dict):
                found = found.get("url") or found.get("src") or found.get("contentUrl")
        if isinstance(found, str) and found and (url := absolute_url(page.base, found)):
            return url
    return None
