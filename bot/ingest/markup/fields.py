"""What the formats of feeds share: text, moments, pictures, and the rules for a whole feed."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

from lxml import etree

from bot.addresses import MAX_URL, absolute_url
from bot.model import Entry, section_key

MAX_ENTRIES = 2000
FULL_AREA = 640 * 360  # square pixels that a picture of unknown size is taken to have
SMALL_AREA = 120 * 90  # and a thumbnail
_LONGEST_CATEGORY = 200  # characters
_MOST_CATEGORIES = 20  # of an entry; no more are looked at
_LONGEST_LINE = 10_000  # characters of a title or a lead; an article keeps far fewer

_HIDDEN = frozenset({"script", "style", "template", "title"})
_INLINE = frozenset(
    {
        *("a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn"),
        *("em", "font", "i", "ins", "kbd", "label", "mark", "nobr", "q", "s", "samp", "script"),
        *("small", "span", "strike", "strong", "style", "sub", "sup", "time", "tt", "u", "var"),
        "wbr",
    }
)
# What XML 1.0 cannot hold, and databases neither (NUL, halves of surrogate pairs).
_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_INVISIBLE = str.maketrans("", "", "\xad\u200b\u2060\ufeff")
_PICTURE_NAME = re.compile(r"\.(?:jpe?g|png|webp|gif|avif)(?:$|[?#])", re.IGNORECASE)


# --- Text ---------------------------------------------------------------------------------------


def plain_text(markup: str) -> str:
    """HTML as one line of text: tags dropped, entities decoded, white space collapsed."""
    if "<" not in markup:
        return one_line(html.unescape(markup))
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(markup.encode("utf-8", "replace"), parser)
    except etree.LxmlError:
        root = None
    if root is None:
        return ""
    parts: list[str] = []
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        if element.tag not in _INLINE:
            parts.append(" ")
        if event == "end":
            parts.append(element.tail or "")
        elif element.tag in _HIDDEN:
            walk.skip_subtree()
        else:
            parts.append(element.text or "")
    return one_line("".join(parts))


def readable(text: str) -> str:
    """Text without the characters that are no text."""
    return _UNREADABLE.sub("", text)


def one_line(text: str) -> str:
    """Text without line breaks, doubled spaces and invisible characters."""
    return " ".join(text.translate(_INVISIBLE).split())


def paragraphs(text: str) -> str:
    """Plain text as HTML: blank lines part paragraphs, other line breaks stay."""
    blocks = re.split(r"\n[^\S\n]*\n", text.replace("\r\n", "\n").replace("\r", "\n"))
    return "".join(
        f"<p>{html.escape(block.strip(), quote=False).replace(chr(10), '<br>')}</p>"
        for block in blocks
        if block.strip()
    )


def categories(said: Iterable[str]) -> tuple[str, ...]:
    """What an entry is filed under, each once; addresses are for machines."""
    found: dict[str, str] = {}
    for text in said:
        name = one_line(readable(text))
        if name and "://" not in name and len(name) <= _LONGEST_CATEGORY:
            found.setdefault(section_key([name]), name)
    return tuple(found.values())[:_MOST_CATEGORIES]


def language(code: str) -> str | None:
    """A language code such as ``ru`` or ``en-GB``, or None where it is none."""
    code = code.strip().replace("_", "-")
    return code if re.fullmatch(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*", code) else None


# --- Pictures -----------------------------------------------------------------------------------


def is_picture(url: object, kind: object = None) -> bool:
    """Whether an attached file is a picture that Telegram can show, by media type, else by name."""
    if isinstance(kind, str) and kind.strip():
        kind = kind.strip().lower()
        return kind.startswith("image/") and "svg" not in kind and "icon" not in kind
    return isinstance(url, str) and _PICTURE_NAME.search(url) is not None


def area(width: object, height: object, otherwise: int) -> int:
    """Square pixels by the attributes, where both are numbers."""
    try:
        size = int(str(width)) * int(str(height))
    except ValueError:
        return otherwise
    return size if size > 0 else otherwise


def largest(base: str, candidates: Iterable[tuple[object, int]]) -> str | None:
    """The absolute address of the candidate with most square pixels, the first among equals."""
    best, best_area = None, -1
    for href, size in candidates:
        url = absolute_url(base, href) if isinstance(href, str) else None
        if url is not None and size > best_area:
            best, best_area = url, size
    return best


# --- The whole feed -----------------------------------------------------------------------------


def settled(entries: list[Entry]) -> tuple[Entry, ...]:
    """The entries in the feed's order, each bounded; of more than 2,000 the newest.

    Those without a date count as oldest.
    """
    if len(entries) > MAX_ENTRIES:
        oldest = datetime.min.replace(tzinfo=UTC)

        def age(index: int) -> datetime:
            return entries[index].published or entries[index].updated or oldest

        newest = sorted(range(len(entries)), key=age, reverse=True)[:MAX_ENTRIES]
        entries = [entries[index] for index in sorted(newest)]
    return tuple(map(_bounded, entries))


def hashed(name: str) -> str:
    """What stands for a name that is too long to be compared and kept."""
    return f"sha256:{sha256(name.encode('utf-8', 'replace')).hexdigest()}"


def _bounded(entry: Entry) -> Entry:
    """An entry whose id, title and lead are no longer than anything that looks at them expects.

    What follows is done outside the workers, where nothing ends what takes too long.
    """
    if len(entry.guid or "") > MAX_URL:
        entry = replace(entry, guid=hashed(entry.guid or ""))
    if max(len(entry.title), len(entry.lead)) > _LONGEST_LINE:
        title, lead = entry.title[:_LONGEST_LINE], entry.lead[:_LONGEST_LINE]
        entry = replace(entry, title=title, lead=lead)
    return entry
