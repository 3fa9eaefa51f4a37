"""The article that a page describes in JSON-LD (https://schema.org/Article), read leniently."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot.ingest.about.crumbs import Crumb, number, sorted_steps
from bot.ingest.markup.dom import Node, attribute
from bot.ingest.markup.inline import clean

ARTICLE_TYPES = frozenset(
    {
        *("article", "newsarticle", "blogposting", "reportagenewsarticle", "analysisnewsarticle"),
        *("opinionnewsarticle", "backgroundnewsarticle", "reviewnewsarticle", "liveblogposting"),
        *("socialmediaposting", "report", "scholarlyarticle", "techarticle"),
        *("advertisercontentarticle", "satiricalarticle"),
    }
)
_PAGE_TYPES = frozenset(
    {
        *("webpage", "itempage", "aboutpage", "medicalwebpage", "creativework", "recipe", "howto"),
        *("review", "podcastepisode", "discussionforumposting", "qapage"),
    }
)
_LONGEST_SCRIPT = 1_000_000  # characters
_LINKED_DATA = "application/ld+json"
_MOST_NODES = 5_000
_MOST_NAMES = 20
_CONTROL = re.compile("[\x00-\x1f]")
_TRAILING_COMMA = re.compile(r",\s*([}\]])")
_COMMENT = re.compile(
    r"\A(?:<!--|/\*(?:[^*]|\*(?!/)){0,100}\*/|(?://\s{0,9})?<!\[CDATA\[)"
    r"|(?:-->|(?://\s{0,9})?\]\]>|/\*\s{0,9}\]\]>\s{0,9}\*/);?\Z"
)
_TAG = re.compile(r"<[^>]{1,200}>")
_ESCAPED = re.compile(r"&lt;(?:p|div|h[1-6]|ul|ol|figure)\b")


@dataclass(frozen=True, slots=True)
class ArticleData:
    """What the JSON-LD says of the article; texts are empty where it does not."""

    title: str = ""
    lead: str = ""
    section: str = ""
    site: str = ""
    language: str = ""
    published: str = ""
    updated: str = ""
    images: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    crumbs: tuple[Crumb, ...] = ()
    body: str = ""  # the whole text, plain or as HTML; empty where it is for payers alone
    alone: bool = False  # whether it is the only article that is described


def article_data(root: Node) -> ArticleData:
    """The first article that the page's JSON-LD describes, with the page's breadcrumb."""
    nodes = list(linked_data(root))
    trails = (_crumbs(node) for node in nodes if "breadcrumblist" in types_of(node))
    crumbs = next(filter(None, trails), ())
    articles = [node for node in nodes if types_of(node) & ARTICLE_TYPES]
    if not articles:
        return ArticleData(crumbs=crumbs, published=_page_date(nodes))
    article = articles[0]
    return ArticleData(
        title=_text(article.get("headline")) or _text(article.get("name")),
        lead=_text(article.get("description")),
        section=_text(article.get("articleSection")),
        site=_text(article.get("publisher")),
        language=_text(article.get("inLanguage")),
        published=(
            _text(article.get("datePublished"))
            or _text(article.get("dateCreated"))
            or _page_date(nodes)
        ),
        updated=_text(article.get("dateModified")),
        images=tuple(_addresses(article.get("image"))),
        authors=tuple(_names(article.get("author") or article.get("creator"))),
        crumbs=crumbs,
        body=_body(article),
        alone=len(articles) == 1,
    )


def _page_date(nodes: list[dict[str, Any]]) -> str:
    """When the page itself was published, as it says."""
    pages = (node for node in nodes if types_of(node) & _PAGE_TYPES)
    return next(filter(None, (_text(node.get("datePublished")) for node in pages)), "")


def linked_data(root: Node) -> Iterator[dict[str, Any]]:
    """Every object of the page's JSON-LD, in order, those of ``@graph`` and arrays included."""
    waiting: list[Any] = [
        _load(script.text)
        for script in root.iter("script")
        if script.text and attribute(script, "type").lower().split(";")[0] == _LINKED_DATA
    ]
    waiting.reverse()
    for _ in range(_MOST_NODES):
        if not waiting:
            return
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(reversed(value))
        elif isinstance(value, dict):
            yield value
            waiting.extend(
                value[key]
                for key in ("mainEntity", "mainEntityOfPage", "breadcrumb", "@graph")
                if key in value
            )


def _load(text: str) -> Any:
    """The value of a script, repaired where sites usually break it, or None."""
    if len(text) > _LONGEST_SCRIPT:
        return None
    text = _COMMENT.sub("", text.strip())
    for attempt in (text, _TRAILING_COMMA.sub(r"\1", _CONTROL.sub(" ", text))):
        try:
            return json.loads(attempt, strict=False)
        except (ValueError, RecursionError):
            continue
    try:  # something follows the value
        return json.JSONDecoder(strict=False).raw_decode(text.lstrip())[0]
    except (ValueError, RecursionError):
        return None


def types_of(node: Mapping[str, Any]) -> set[str]:
    """The types that an object says it has, in lower case and without their vocabulary."""
    types = node.get("@type")
    found = types if isinstance(types, list) else [types]
    return {each.rsplit("/", 1)[-1].lower() for each in found if isinstance(each, str)}


def _text(value: Any) -> str:
    """A text in its usual guises: a string, a list of them, a language's or a thing's name."""
    for _ in range(3):
        if isinstance(value, list):
            value = value[0] if value else None
        elif isinstance(value, dict):
            value = value.get("name") or value.get("@value") or value.get("alternateName")
    if not isinstance(value, str):
        return ""
    return clean(_TAG.sub("", html.unescape(value)))


def _body(article: Mapping[str, Any]) -> str:
    """The text of an article that is given whole.

    What only subscribers may read is given too, for search engines, and is none of ours
    (https://developers.google.com/search/docs/appearance/structured-data/paywalled-content).
    """
    free = article.get("isAccessibleForFree", True)
    body = article.get("articleBody")
    if not isinstance(body, str) or str(free).rsplit("/", 1)[-1].lower() in {"false", "0"}:
        return ""
    return html.unescape(body) if _ESCAPED.search(body) else body


def _addresses(value: Any) -> Iterator[str]:
    for each in value if isinstance(value, list) else [value]:
        found = each.get("url") or each.get("contentUrl") if isinstance(each, dict) else each
        found = found[0] if isinstance(found, list) and found else found
        if isinstance(found, str):
            yield found


def _names(value: Any) -> Iterator[str]:
    """The names of people and organisations, one or many."""
    values = value if isinstance(value, list) else [value]
    for each in values[:_MOST_NAMES]:
        names = each.get("name") if isinstance(each, dict) else each
        for name in (names if isinstance(names, list) else [names])[:_MOST_NAMES]:
            if text := _text(name):
                yield text


def _crumbs(node: dict[str, Any]) -> tuple[Crumb, ...]:
    """A breadcrumb's steps, outermost first."""
    steps = node.get("itemListElement")
    found = []
    for step in steps if isinstance(steps, list) else [steps]:
        if isinstance(step, dict):
            item = step.get("item")
            thing = item if isinstance(item, dict) else {"@id": item}
            name = _text(step.get("name")) or _text(thing.get("name"))
            address = thing.get("@id") or thing.get("url") or step.get("url")
            url = address if isinstance(address, str) else ""
            found.append((number(step.get("position")), Crumb(name, url)))
    return tuple(sorted_steps(found))
