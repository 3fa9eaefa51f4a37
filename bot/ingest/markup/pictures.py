"""Pictures on a page: the best address of each, its caption, and which are no part of a story."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from urllib.parse import urlsplit

from bot.addresses import absolute_url, picture_name
from bot.ingest.markup.dom import Node, ancestors, attribute, class_words, tag_of, text_of
from bot.ingest.markup.inline import clean

PICTURE_TAGS = frozenset({"img", "amp-img"})
CAPTION_WORDS = frozenset({"caption", "figcaption", "podpis", "legend", "opisanie"})

_WIDE_ENOUGH = 1600  # pixels; Telegram shows no more
_LONGEST_SET = 10_000  # characters
_LONGEST_ALT = 1000
_PIXEL = 2  # pixels; a counter
_SMALL = 64  # pixels; below it is an icon
_TINY_FILE = re.compile(
    r"(?:^|[/_.-])(?:spacer|blank|pixel|transparent|placeholder|1x1|sprite|counter|loader|loading"
    r"|avatar|gravatar|smil(?:e|ies|ey)|emoji|favicon)(?:[/_.-]|\d|$)",
    re.IGNORECASE,
)
_COUNTER_HOSTS = re.compile(
    r"(?:^|\.)(?:mc\.yandex\.\w+|counter\.yadro\.ru|top-fwz1\.mail\.ru|counter\.rambler\.ru"
    r"|doubleclick\.net|scorecardresearch\.com|google-analytics\.com|pixel\.wp\.com"
    r"|gravatar\.com|feeds\.feedburner\.com|facebook\.com)$"
)
EMOJI_WORDS = frozenset({"emoji", "smiley", "smile"})
_ICON_WORDS = EMOJI_WORDS | {"avatar", "icon", "ico", "logo", "userpic", "gravatar"}
_LAZY = re.compile(r"data-[a-z-]*(?:src|original|lazy|image|img|full)[a-z-]*")
_LAZY_SET = re.compile(r"data-[a-z-]*srcset")
_ADDRESS = re.compile(r"(?:https?:|/|\.|[\w%~-]+[/.?])(?!.*[{}\s])", re.IGNORECASE)
_IN_JSON = re.compile(r"\{\s*\"(https?://[^\"\s]+)\".*", re.DOTALL)
_SIZE = re.compile(r"\s*(\d{1,5})(?:px)?\s*", re.IGNORECASE)
_STYLE_SIZE = re.compile(r"(?:^|;)\s*(?:width|height)\s*:\s*(\d{1,5})px", re.IGNORECASE)
_PICTURE_FILE = re.compile(r"\.(?:jpe?g|png|webp)$", re.IGNORECASE)
_LINK_DEPTH = 5  # elements around a picture in which its link may stand
_PHOTOGRAPHER = re.compile(
    r"\b(?:фото(?:граф\w*)?|снимок|photo(?:grapher)?|foto)\s?(?:[:©/]|by\b|предоставлен)|©",
    re.IGNORECASE,
)
_ITALICS = frozenset({"em", "i"})
_LONGEST_CAPTION = 300  # characters of one that names a photographer
_LONGEST_IN_ITALICS = 160
_ALL_ITALIC = 0.9  # share of the text
_OFFER_SIZE = re.compile(r"(\d{1,5}(?:\.\d{1,3})?)([wx])")


def picture_url(image: Node, base_url: str) -> str | None:
    """The address of the picture that an ``img`` shows, or None where it is no picture of a story.

    Lazy loading is seen through; of several sizes the largest that Telegram still uses is taken.
    A link around the picture that leads to a picture is that in full size.
    """
    if _is_small(image) or class_words(image) & _ICON_WORDS:
        return None
    for address in (*_linked(image), *_addresses(image)):
        if not _ADDRESS.match(address) or _TINY_FILE.search(address.split("?")[0]):
            continue
        url = absolute_url(base_url, address)
        if url is not None and _is_picture(url):
            return url
    return None


def same_picture(one: str, other: str) -> bool:
    """Whether two addresses name one picture, perhaps in two sizes."""
    return picture_name(one) == picture_name(other)


def leaves_site(link: str, base_url: str) -> bool:
    """Whether a picture's link leads to another site, and not just to the picture itself."""
    target = urlsplit(link)
    if target.path.lower().endswith((".jpg", ".jpeg", ".png", ".webp", ".gif")):
        return False
    return target.hostname != urlsplit(base_url).hostname


def picture_caption(image: Node) -> Node | None:
    """The element outside any ``figure`` that holds the caption of this picture, or None.

    It is known by its class, or by being short and in italics or naming the photographer, and
    stands beside the picture, or beside the box around it.
    """
    text_between = False
    for node in _box(image):
        sibling = node.getnext()
        text_between = text_between or bool((node.tail or "").strip())
        if sibling is None:
            continue
        if is_caption(sibling) or (not text_between and _looks_like_caption(sibling)):
            return sibling
    return None


def _looks_like_caption(node: Node) -> bool:
    """Whether a paragraph right after a picture is its caption, though it does not say so."""
    if tag_of(node) not in {"p", "div", "em", "i", "small"}:
        return False
    if next(node.iter(*PICTURE_TAGS, "p", "ul", "ol", "table"), node) is not node:
        return False
    text = clean(text_of(node, _LONGEST_CAPTION + 1))
    if not text or len(text) > _LONGEST_CAPTION:
        return False
    if _PHOTOGRAPHER.search(text):
        return True
    italic = sum(
        len(text_of(inner))
        for inner in node.iter("em", "i")
        if inner is node or not any(tag_of(above) in _ITALICS for above in _between(inner, node))
    )
    return len(text) <= _LONGEST_IN_ITALICS and italic >= _ALL_ITALIC * len(text)


def _between(inner: Node, outer: Node) -> Iterator[Node]:
    """The elements around one up to another, that one included."""
    node = inner.getparent()
    while node is not None:
        yield node
        if node is outer:
            return
        node = node.getparent()


def is_caption(node: Node) -> bool:
    """Whether the element calls itself the caption of a picture."""
    if tag_of(node) == "figcaption":
        return True
    return bool(class_words(node) & CAPTION_WORDS) and not any(
        tag_of(inner) in PICTURE_TAGS for inner in node.iter()
    )


def picture_alt(image: Node) -> str:
    """The alternative text, empty where it is only the name of a file."""
    alt = clean(attribute(image, "alt"))[:_LONGEST_ALT]
    return "" if re.fullmatch(r"\S+\.(?:jpe?g|png|webp|gif)", alt, re.IGNORECASE) else alt


def _box(image: Node) -> list[Node]:
    """The picture and the elements that hold nothing but it."""
    box = [image]
    parent = image.getparent()
    while parent is not None and tag_of(parent) in {"a", "div", "span", "picture", "p", "noscript"}:
        if len(parent) > 1 and tag_of(parent) != "picture":
            break
        if (parent.text or "").strip():
            break
        box.append(parent)
        parent = parent.getparent()
    return box


def _addresses(image: Node) -> list[str]:
    """Every address that the element offers, best first."""
    sets: list[str | None] = []
    lazy: list[str] = []
    for name, value in image.items():
        if name == "srcset" or _LAZY_SET.fullmatch(name):
            sets.append(_best_of_set(value))
        elif _LAZY.fullmatch(name):
            lazy.append(_IN_JSON.sub(r"\1", value.strip()))
    sources = [
        _best_of_set(attribute(node, "srcset") or attribute(node, "data-srcset"))
        for node in _sources(image)
        if attribute(node, "type").lower() != "image/avif"
    ]
    return [address for address in (*sets, *lazy, image.get("src"), *sources) if address]


def _linked(image: Node) -> list[str]:
    """Where a link around the picture leads, if that is a picture too and not a page about it."""
    for node in islice(ancestors(image), 1, _LINK_DEPTH):
        if tag_of(node) == "a":
            href = attribute(node, "href")
            path = href.partition("?")[0].partition("#")[0]
            name = path.rpartition("/")[2]
            return [href] if _PICTURE_FILE.search(name) and ":" not in name else []
    return []


def _sources(image: Node) -> list[Node]:
    """The other forms in the ``picture`` around an image (libxml2 nests one in the other)."""
    around = image.getparent()
    while around is not None and tag_of(around) == "source":
        around = around.getparent()
    return list(around.iter("source")) if around is not None and tag_of(around) == "picture" else []


def _best_of_set(srcset: str) -> str | None:
    """The largest picture of a ``srcset`` up to the useful width, else the smallest above it."""
    offers = _offers(srcset)
    if not offers:
        return None
    useful = [offer for offer in offers if offer[0] <= _WIDE_ENOUGH]
    return max(useful)[1] if useful else min(offers)[1]


def _offers(srcset: str) -> list[tuple[float, str]]:
    """The (width, address) pairs of a ``srcset``; a density counts as so many half widths."""
    offers: list[tuple[float, str]] = []
    parts = srcset[:_LONGEST_SET].split()
    while parts:
        address = parts.pop(0)
        size = ""
        if not address.endswith(",") and parts:
            size, _, rest = parts.pop(0).partition(",")
            parts[:0] = [rest] if rest else []
        match = _OFFER_SIZE.fullmatch(size)
        unit = _WIDE_ENOUGH / 2 if match is None or match[2] == "x" else 1
        if address := address.strip(","):
            offers.append((float(match[1] if match else 1) * unit, address))
    return offers


def _is_small(image: Node) -> bool:
    sizes = [
        int(match[1])
        for name in ("width", "height")
        if (match := _SIZE.fullmatch(attribute(image, name)))
    ]
    sizes += [int(size) for size in _STYLE_SIZE.findall(attribute(image, "style"))]
    return any(0 < size <= _PIXEL for size in sizes) or (len(sizes) > 1 and max(sizes) <= _SMALL)


def _is_picture(url: str) -> bool:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or parts.path.lower().endswith(".svg"):
        return False
    return not _COUNTER_HOSTS.search(parts.hostname or "")
