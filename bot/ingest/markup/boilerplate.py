"""Which elements of a page are not its article: told by tags, roles, styles and names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection
from enum import IntEnum
from functools import lru_cache
from itertools import islice, pairwise

from bot.ingest.markup.dom import Node, ancestors, attribute, name_words, size_of, tag_of, text_of
from bot.ingest.markup.vocabulary import OTHERS_WORDS, STRONG_PAIRS, STRONG_WORDS, WEAK_WORDS


class Suspicion(IntEnum):
    """How much an element looks like something beside the article."""

    NONE = 0
    WEAK = 1  # its text is kept only where the text extraction kept it
    STRONG = 2  # its text is dropped, unless most of the article stands in it


# Never text of an article, whatever stands in it.
SKIPPED_TAGS = frozenset(
    {
        *("head", "script", "style", "template", "svg", "canvas", "math", "iframe", "frame"),
        *("frameset", "noframes", "embed", "object", "applet", "video", "audio", "map", "input"),
        *(
            "select",
            "option",
            "textarea",
            "datalist",
            "progress",
            "meter",
            "link",
            "meta",
            "amp-ad",
        ),
        *("amp-analytics", "amp-sidebar", "amp-social-share"),
    }
)
_STRONG_TAGS = frozenset({"nav", "footer", "form", "dialog", "menu", "fieldset"})
_STRONG_ROLES = frozenset(
    {
        *(
            "navigation",
            "banner",
            "contentinfo",
            "search",
            "complementary",
            "dialog",
            "alertdialog",
        ),
        *("alert", "menu", "menubar", "toolbar", "tablist", "form"),
    }
)
_MENU = 3  # links
_LONGEST_LINK = 500  # characters
_LINKED = 0.8  # share of the text of a list or a suspect from which on it is a menu
_KEPT = 0.5  # share of a list's text
_LONGEST_FORM = 400  # characters of a box that asks for an e-mail address
_FIELD_DEPTH = 6  # elements from the field out
_MOST_FIELDS = 50
_BOX_TAGS = frozenset({"form", "div", "section", "aside", "label", "p", "span", "fieldset", "li"})
_TERMS = ("tag-", "category-")
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


def suspicion(node: Node) -> Suspicion:
    """How much an element looks like something beside the article, by tag, role, class and id."""
    tag = tag_of(node)
    if tag in _STRONG_TAGS:
        return Suspicion.STRONG
    if tag in {"html", "body"}:
        return Suspicion.NONE
    say = node.get
    return _suspicion(
        tag,
        say("class") or "",
        say("id") or "",
        say("role"),
        say("itemprop"),
        (say("style"), say("hidden"), say("aria-hidden")),
    )


def is_hidden(node: Node) -> bool:
    """Whether the element says itself that nobody sees it."""
    return _hides(node.get("style"), node.get("hidden"), node.get("aria-hidden"))


def _hides(style: str | None, hidden: str | None, aria_hidden: str | None) -> bool:
    if style is not None and _HIDDEN_STYLE.search(style) is not None:
        return True
    return hidden is not None or (aria_hidden is not None and aria_hidden.strip().lower() == "true")


@lru_cache(maxsize=8192)
def _suspicion(
    tag: str,
    classes: str,
    identity: str,
    role: str | None,
    itemprop: str | None,
    hiding: tuple[str | None, str | None, str | None],
) -> Suspicion:
    """What an element's attributes say of it."""
    if _hides(*hiding) or (role or "").strip().lower() in _STRONG_ROLES:
        return Suspicion.STRONG
    if (itemprop or "").strip() == "articleBody":
        return Suspicion.NONE
    named = max(_named(classes), _named(identity))
    if tag == "aside":
        named = max(named, Suspicion.WEAK)
    elif tag == "figure":  # with its buttons for sharing it is a picture still
        named = min(named, Suspicion.WEAK)
    return named


@lru_cache(maxsize=8192)
def _named(classes: str) -> Suspicion:
    """What the names of an element say of it: its classes, or its id."""
    strongest = Suspicion.NONE
    names = classes.split()[:20]
    if "hentry" in names or "type-post" in names:  # WordPress names a post's tags in its class
        names = [name for name in names if not name.startswith(_TERMS)]
    for name in names:
        found = name_words(name)
        at = next((at for at, word in enumerate(found) if word in OTHERS_WORDS), len(found))
        found = found[:at]
        if not found:
            continue
        if STRONG_WORDS.intersection(found) or not STRONG_PAIRS.isdisjoint(pairwise(found)):
            return Suspicion.STRONG
        if WEAK_WORDS.intersection(found):
            strongest = Suspicion.WEAK
    return strongest


def certain(
    root: Node, most: float, kept: Callable[[str], float], beyond: Collection[Node] = ()
) -> set[Node]:
    """The elements that are no part of the article in any case.

    Args:
        root: the page.
        most: characters; strongly suspect elements of one class that hold more of them together
            may be where the article stands.
        kept: tells which share of a text the extraction kept; lists of links that it did not
            keep are no part of the article either.
        beyond: what is known to be none; nobody looks into it.
    """
    menus: set[Node] = set()
    sizes: Counter[Node | str] = Counter()
    found: list[tuple[Node, Node | str]] = []
    waiting = [root]
    while waiting:
        node = waiting.pop()
        tag = tag_of(node)
        if tag in SKIPPED_TAGS or node in beyond:
            continue
        if suspicion(node) is Suspicion.STRONG:
            name = suspect_name(node)
            sizes[name] += size_of(node)
            found.append((node, name))
        elif tag in {"ul", "ol"} and _is_menu(node) and kept(text_of(node)) < _KEPT:
            menus.add(node)
        else:
            waiting.extend(node)
    return (
        menus.union(beyond)
        | mail_forms(root)
        | {
            node
            for node, name in found
            if sizes[name] < most or (_is_linked(node) and kept(text_of(node)) < _KEPT)
        }
    )


def mail_forms(root: Node) -> set[Node]:
    """The boxes in which an e-mail address is asked for, whatever else is said in them."""
    boxes: set[Node] = set()
    for field in islice(root.iter("input"), _MOST_FIELDS):
        name = attribute(field, "name").lower()
        if attribute(field, "type").lower() != "email" and name not in {"email", "e-mail", "mail"}:
            continue
        box = None
        for node in list(ancestors(field))[1:_FIELD_DEPTH]:
            if tag_of(node) not in _BOX_TAGS or len(text_of(node)) > _LONGEST_FORM:
                break
            if next(node.iter("h1", "article"), None) is not None:
                break
            box = node
        if box is not None:
            boxes.add(box)
    if not boxes:
        return boxes
    whole = size_of(root)
    return {box for box in boxes if 2 * size_of(box) < whole}


def _is_linked(node: Node) -> bool:
    """Whether a suspect is nearly all links, with pictures or without."""
    linked = sum(len(text_of(link, _LONGEST_LINK)) for link in node.iter("a"))
    whole = size_of(node)  # white space counts for the article
    return linked > _LINKED * whole


def _is_menu(node: Node) -> bool:
    """Whether a list without pictures is nearly all links."""
    links = list(node.iter("a"))
    if len(links) < _MENU or next(node.iter("img", "picture", "figure"), None) is not None:
        return False
    linked = sum(len(text_of(link, _LONGEST_LINK)) for link in links)
    return linked >= _LINKED * len(text_of(node))


def suspect_name(node: Node) -> Node | str:
    """What suspects have in common: some sites put a suspicious class on each paragraph."""
    return node.get("class") or node
