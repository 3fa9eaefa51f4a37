"""An article's title, told from the names of its section and its site."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from urllib.parse import urlsplit

from bot.ingest.about.article_address import is_home
from bot.ingest.about.jsonld import ArticleData
from bot.ingest.about.meta_tags import first_of
from bot.ingest.about.opening import opening_of
from bot.ingest.about.section_names import is_section
from bot.ingest.markup.dom import (
    Node,
    attribute,
    class_words,
    tag_of,
    text_of,
    words,
)
from bot.ingest.markup.inline import clean

_LONGEST_TITLE = 500  # characters
_MOST_HEADINGS = 20  # of level one that are looked at
_MOST_PARTS = 6  # of a title, of which the site's name may be the last
_SEPARATOR = re.compile(r"\s+[|–—·•:»«›/-]+\s+|\s*[|»]\s*")
_KICKER = 3  # words; a title of no more may end a heading by chance
_ALIKE = 0.8  # share of common words
_KICKERS = frozenset(
    {
        *("kicker", "overline", "roofline", "topline", "eyebrow", "dachzeile", "spitzmarke"),
        *("subtitle", "pretitle", "supertitle", "overtitle", "nadzagolovok", "rubric", "rubrika"),
    }
)
_BETWEEN = " :.–—-|·•"


def title_of(root: Node, data: ArticleData, meta: Mapping[str, str], url: str) -> str:
    """The title as the page shows it: its one ``h1``, else as it is told to machines."""
    hosts = (urlsplit(url).hostname or "").split(".")
    highest = list(islice(root.iter("h1"), _MOST_HEADINGS))
    headings = [text for node in highest if (text := _text(node))]
    site = first_of(meta, "og:site_name", "application-name") or data.site or _logo(highest, url)
    offers = [data.title, first_of(meta, "og:title"), first_of(meta, "twitter:title", "dc.title")]
    names = {data.section, first_of(meta, "article:section", "og:article:section")} - {*offers}
    inner = _inner_headings(root, names)
    known = [*headings, *inner, *_lower_headings(root)]
    page = root.find(".//title")
    if page is not None:
        offers.append(clean(text_of(page, _LONGEST_TITLE)))
    told = [
        _without_section(
            _without_site(_without_host(offer[:_LONGEST_TITLE], hosts), site, known), names
        )
        for offer in offers
        if offer
    ]
    if any(is_section(text, names) for text in headings):
        headings = [text for text in headings if not is_section(text, names)]
        told = [title for title in told if words(title) != words(site)]
    elif headings:
        inner = []
    shown = [
        next((title for title in told if _follows_kicker(title, heading)), heading)
        for heading in (*headings, *inner)
        if any(_alike(heading, title) or _follows_kicker(title, heading) for title in told)
    ]
    found = [*shown, *(title for title in told if not is_section(title, names))]
    found += [*headings, *inner[:1], *told, *inner]
    return next((title[:_LONGEST_TITLE] for title in found if title), "")


def _text(node: Node) -> str:
    """A heading's text without the short line above it that some sites put inside."""
    whole = clean(text_of(node, _LONGEST_TITLE))
    first = next((child for child in node if text_of(child, _LONGEST_TITLE)), None)
    if first is None or clean(node.text or "") or not class_words(first) & _KICKERS:
        return whole
    above = clean(text_of(first, _LONGEST_TITLE))
    return whole.removeprefix(above).lstrip(_BETWEEN) or whole


def _logo(headings: Iterable[Node], url: str) -> str:
    """What the site calls itself in a heading that leads to its front page; may be empty."""
    host = urlsplit(url).netloc
    for node in headings:
        link = next(node.iter("a"), None)
        target = urlsplit(attribute(link, "href")) if link is not None else None
        if target is None or not (target.netloc or target.path):
            continue
        if target.netloc in {"", host} and is_home(target):
            return _text(node)
    return ""


def _lower_headings(root: Node) -> Iterator[str]:
    return (_text(node) for node in islice(root.iter("h2", "h3"), _MOST_HEADINGS))


def _inner_headings(root: Node, names: Collection[str]) -> list[str]:
    """What may be the article's own heading where the page's is that of a section, or missing."""
    top = next(root.iter("h1"), None)
    opening = opening_of(root, top)
    return [
        text
        for node in opening.below
        if tag_of(node) in {"h1", "h2", "h3"} and next(node.iter("a"), None) is None
        if len(words(text := _text(node))) > 1 and not is_section(text, names)
    ]


def _alike(heading: str, title: str) -> bool:
    """Whether a heading is the title that machines are told, give or take a word."""
    one, other = set(words(heading)), set(words(title))
    if len(other) >= _KICKER and words(heading)[: len(words(title))] == words(title):
        return True  # which is cut short
    return bool(one) and len(one & other) >= _ALIKE * max(len(one), len(other))


def _follows_kicker(title: str, heading: str) -> bool:
    """Whether a heading is the title with a short line above it inside the same element."""
    wanted, shown = words(title), words(heading)
    return _KICKER < len(wanted) < len(shown) and shown[-len(wanted) :] == wanted


def _without_host(title: str, hosts: Collection[str]) -> str:
    """A title without a closing "- Site" where the address is that site's."""
    for match in reversed(list(_SEPARATOR.finditer(title))[-_MOST_PARTS:]):
        after = words(title[match.end() :])
        if match.start() and ("".join(after) in hosts or "-".join(after) in hosts):
            return title[: match.start()].strip()
    return title


def _without_site(title: str, site: str, headings: Iterable[str]) -> str:
    """A title without the name of the site where a separator sets that off."""
    known = {" ".join(words(heading)) for heading in headings}
    for match in reversed(list(_SEPARATOR.finditer(title))[-_MOST_PARTS:]):
        before, after = title[: match.start()], title[match.end() :]
        if site and words(after) == words(site):
            return before.strip()
        if before and " ".join(words(before)) in known:
            return before.strip()
    first = _SEPARATOR.search(title)
    if site and first is not None and words(title[: first.start()]) == words(site):
        return title[first.end() :].strip()
    return title


def _without_section(title: str, names: Collection[str]) -> str:
    """A title without a section's name that a separator sets off, and what stands behind that."""
    parts = list(_SEPARATOR.finditer(title))[:_MOST_PARTS]
    for at, match in enumerate(parts):
        end = parts[at + 1].start() if at + 1 < len(parts) else len(title)
        if match.start() and is_section(title[match.end() : end], names):
            return title[: match.start()].strip()
    if parts and is_section(title[: parts[0].start()], names):
        return title[parts[0].end() :].strip()
    return title
