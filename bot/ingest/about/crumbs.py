"""Breadcrumbs: the way from a site's front page to an article, and so the article's section."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from urllib.parse import urlsplit

from lxml import etree

from bot.addresses import absolute_url, normalise_url
from bot.ingest.about.section_paths import Path, bare, is_title, outer_and_inner, split_path
from bot.ingest.markup.dom import Node, attribute, class_words, tag_of, text_of, words
from bot.ingest.markup.inline import clean

_LONGEST_STEP = 300  # characters
_ALIKE = 0.8  # share of common words
_MOST_STEPS = 12
_LARGEST_STEP = 50  # elements
_MOST_TRAILS = 5  # of a page that are marked for machines
_CRUMB_WORDS = frozenset({"breadcrumb", "breadcrumbs", "crumbs", "kroshki"})
_HOLDERS = ("nav", "div", "ul", "ol", "p", "span", "section")
_PARTS = ("rumb", "roshki")  # of their names, as fast to look for as can be: pages have thousands
_LABELS = re.compile(r"breadcrumb|хлебные крошки|вы здесь|you are here", re.IGNORECASE)
_HOME = frozenset(
    {
        *("home", "homepage", "home page", "main", "main page", "front page", "start", "index"),
        *("главная", "главная страница", "на главную", "домой", "начало", "домашняя страница"),
        *("головна", "accueil", "startseite", "inicio", "início", "úvod", "strona główna", "首页"),
    }
)
_FRONT_PAGE = re.compile(r"/?(?:(?:ru|en|uk|be|kk|de|fr|es)/?)?(?:index\.\w+)?", re.IGNORECASE)
_FEW_WORDS = 4
_TYPED = etree.XPath("//*[@itemtype or @typeof]")
_NAMES = frozenset({"name", "title", "v:title"})


@dataclass(frozen=True, slots=True)
class Crumb:
    """One step: what it is called and where it leads, or empty where the page does not say."""

    name: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """What is no section on the way to an article.

    Attributes:
        urls: of its page, as it calls itself and as it was asked for.
        title: of the article.
        sites: names of the site.
        authors: of the article.
    """

    urls: tuple[str, ...]
    title: str
    sites: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()


def page_path(
    root: Node, base: str, place: Place, trails: Iterable[Sequence[Crumb]], told: Iterable[str]
) -> Path:
    """The path to the section that a page names, outermost first; empty where it names none.

    Args:
        root: the page.
        base: the address against which its others are resolved.
        place: where the way leads.
        trails: breadcrumbs that the page tells to machines apart from its text.
        told: sections by name, the most trusted first; one that lists several means its first.
    """
    for trail in (*trails, *_trails(root)):
        path = _path(_resolved(trail, base), place)
        if path:
            return path
    for title in told:
        path = split_path(_first_of(title), tight=True)
        if path and all(_may_be_section(step, place) for step in path):
            return path
    return ()


def _path(trail: Sequence[Crumb], place: Place) -> Path:
    steps = [step for step in trail[:_MOST_STEPS] if step.name]
    linked = any(step.url for step in steps)
    if steps and steps[0].url and _is_front_page(steps[0].url, place.urls[0]):
        steps = steps[1:]
    if linked and steps and not steps[-1].url:  # where one is; some leave the article itself out
        steps = steps[: len(steps) - (len(steps) > 1 or len(words(steps[0].name)) > _FEW_WORDS)]
    names = [
        step.name
        for step in steps
        if not _leads_to(step.url, place) and _may_be_section(step.name, place)
    ]
    return split_path(names[0]) if len(names) == 1 else outer_and_inner(names)


def _may_be_section(name: str, place: Place) -> bool:
    if not is_title(name) or name.casefold() in _HOME:
        return False
    said = words(name)
    if any(said == words(other) for other in (*place.sites, *place.authors) if other):
        return False
    if said[-1:] == ["home"] and any(said[:-1] == words(site) for site in place.sites):
        return False
    return not _is_title_of(said, words(place.title))


def _is_title_of(said: list[str], title: list[str]) -> bool:
    """Whether these are the words of the article's title, or as many of it as there was room for.

    A word or two at its beginning may be the section's name all the same.
    """
    if not said or not title:
        return False
    if said == title or (len(said) > 3 and title[: len(said)] == said):  # noqa: PLR2004 - see above
        return True
    common = len(set(said) & set(title))
    return common >= _ALIKE * max(len(set(said)), len(set(title)))


def _first_of(title: str) -> str:
    """Of ``Town, Oddities`` or ``town,odd`` the first; ``Science, art and sport`` is one title."""
    parts = [part.strip() for part in title.split(",")]
    several = ", " not in title or all(part[:1].isupper() for part in parts)
    return parts[0] if several else title


def _is_front_page(url: str, page: str) -> bool:
    here, there = urlsplit(page), urlsplit(url)
    same_site = there.hostname is None or _host(there.hostname) == _host(here.hostname)
    return same_site and not there.query and _FRONT_PAGE.fullmatch(there.path) is not None


def _leads_to(url: str, place: Place) -> bool:
    return bool(url) and normalise_url(url) in map(normalise_url, place.urls)


def _host(host: str | None) -> str:
    return (host or "").removeprefix("www.")


# --- Markup -----------------------------------------------------------------------------------


def _resolved(trail: Iterable[Crumb], base: str) -> list[Crumb]:
    return [
        Crumb(step.name, (absolute_url(base, step.url) or "") if step.url else "") for step in trail
    ]


def _trails(root: Node) -> Iterator[list[Crumb]]:
    """The breadcrumbs in a page's text: those marked for machines, then what looks like one."""
    marked = [node for node in _typed(root) if "breadcrumb" in _type(node)]
    lists = [node for node in marked if _type(node).endswith("breadcrumblist")]
    for node in lists[:_MOST_TRAILS]:
        steps = (each for each in node.iterdescendants() if _is(each, "itemlistelement"))
        yield sorted_steps(map(_step, islice(steps, _MOST_STEPS)))
    if not lists:  # each by itself, as data-vocabulary.org had them
        yield [_step(node)[1] for node in marked[:_MOST_STEPS]]
    for node in root.iter(*_HOLDERS):
        if _is_called_so(node):
            links = list(islice(node.iter("a"), _MOST_STEPS + 1))
            if len(links) <= _MOST_STEPS:  # else it is a menu
                yield [Crumb(_text(link), attribute(link, "href")) for link in links]


def sorted_steps(steps: Iterable[tuple[float, Crumb]]) -> list[Crumb]:
    """Steps by their positions; those without one stay where they are."""
    found = list(steps)
    if all(position > 0 for position, _ in found):
        found.sort(key=lambda step: step[0])
    return [crumb for _, crumb in found]


def _step(item: Node) -> tuple[float, Crumb]:
    name, url, position = "", "", 0.0
    for node in islice(item.iter(), _LARGEST_STEP):
        if not name and any(_is(node, each) for each in _NAMES):
            name = clean(attribute(node, "content")) or _text(node)
        if not url and tag_of(node) in {"a", "link"}:
            url = attribute(node, "href")
        if _is(node, "position"):
            position = number(attribute(node, "content") or _text(node))
    return position, Crumb(name or _text(item), url)


def number(text: object) -> float:
    """A position, or 0 where it is none."""
    try:
        return float(str(text))
    except ValueError:
        return 0.0


def _is_called_so(node: Node) -> bool:
    names = (node.get("class") or "") + (node.get("id") or "")
    if any(part in names for part in _PARTS) and class_words(node) & _CRUMB_WORDS:
        return True
    label = node.get("aria-label")
    return bool(label and _LABELS.search(label))


def _typed(root: Node) -> list[Node]:
    found = _TYPED(root)
    return [node for node in found if isinstance(node, etree._Element)]  # noqa: SLF001 - see dom


def _type(node: Node) -> str:
    return (attribute(node, "itemtype") or attribute(node, "typeof")).lower()


def _is(node: Node, prop: str) -> bool:
    props = (attribute(node, "itemprop") or attribute(node, "property")).lower().split()
    return prop in props


def _text(node: Node) -> str:
    return bare(clean(text_of(node, _LONGEST_STEP)))
