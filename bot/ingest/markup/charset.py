"""Bytes to text: which character set was meant, whatever the site declares."""

from __future__ import annotations

import codecs
import math
import re
from collections import Counter
from functools import cache

# What the web uses (https://encoding.spec.whatwg.org/#names-and-labels), by Python's own names.
# Not everything that Python can decode: "punycode" and "unicode_escape" are no character sets.
_KNOWN = frozenset(
    {
        *("utf-8", "koi8-u", "mac-roman", "mac-cyrillic", "kz1048", "ptcp154"),
        *("cp866", "cp874", *(f"cp{number}" for number in range(1250, 1259))),
        *(f"iso8859-{number}" for number in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)),
        *("gb18030", "big5hkscs", "euc_jp", "euc_kr", "shift_jis", "iso2022_jp"),
    }
)
# The same standard reads these labels as a larger set that holds them.
_LARGER = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "koi8-r": "koi8-u",  # differs in box-drawing characters only
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "cp949": "euc_kr",
    "cp932": "shift_jis",
    "utf-8-sig": "utf-8",
}
_LABELS = {"x-sjis": "shift_jis", "ks_c_5601-1987": "euc_kr", "x-mac-cyrillic": "mac-cyrillic"}
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark begins it
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_HEADER = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_PROLOG = re.compile(
    rb"<\?xml[^>]{0,200}?\bencoding\s*=\s*[\"']\s*([\w.:-]+)"
    rb"|<meta[^>]{0,300}?\bcharset\s*=\s*[\"']?\s*([\w.:-]+)",
    re.IGNORECASE,
)
_PROLOG_BYTES = 4096

_CYRILLIC = ("cp1251", "koi8-u", "iso8859-5", "cp866")
_CYRILLIC_SETS = frozenset({*_CYRILLIC, "mac-cyrillic"})
_WESTERN = frozenset({"cp1252", "iso8859-15", "mac-roman"})
_WORD_OF_HIGH_BYTES = re.compile(rb"[\x80-\xff]{3,}")
_VOTERS = 20_000  # bytes
_MARGIN = 0.5  # by how much another set must read better than the declared one, and
_DOUBT = 10.0  # how much more for few letters
# Roughly how often letters stand in a thousand of Russian prose; its neighbours' are rare ones.
_FREQUENCY = {
    letter: share
    for share, letters in (
        *((110, "о"), (85, "е"), (80, "а"), (74, "и"), (65, "нт"), (50, "срвл"), (32, "кмдп")),
        *((20, "уяы"), (17, "ьгзбч"), (11, "йх"), (7, "жшюц"), (4, "щэфіїє"), (2, "ъёґўјљњћђџ")),
    )
    for letter in letters
}
_IN_ANY_PROSE = frozenset("«»—–…„“”‘’№§©®°•·\xa0\xad")
_NOT_PROSE = -9.0  # the weight of a byte that such text does not hold, as a logarithm
_CAPITAL = -0.5  # capitals are rarer


def decode(content: bytes, declared: str | None) -> str:
    """The text that the bytes hold; never fails, unreadable bytes become U+FFFD.

    In this order: a byte order mark; UTF-8 where all or nearly all bytes agree with it; the
    declared set, from HTTP, then from the document's own first bytes; for undeclared text, and for
    text declared as Western or in the wrong Cyrillic set, the Cyrillic set in which the letters
    are about as frequent as in Russian prose; else windows-1252.

    Args:
        content: the document as read.
        declared: the ``Content-Type`` header, or just a character set's name, or None.
    """
    for mark, name in _BOMS:
        if content.startswith(mark):
            return content[len(mark) :].decode(name, "replace")
    if content[:4].count(0) == 2 and content[:1] + content[1:2] in {b"<\0", b"\0<"}:  # noqa: PLR2004 - every other byte
        return content.decode("utf-16-le" if content[1] == 0 else "utf-16-be", "replace")
    names = _declared(content, declared)
    if b"\x1b" in content and "iso2022_jp" in names:
        return content.decode("iso2022_jp", "replace")  # which is valid UTF-8 too
    text = _nearly_utf8(content)
    if text is not None:
        return text
    voted = _vote(content, names)
    for name in ([voted] if voted else []) + names:
        if name == "utf-8":
            continue
        try:
            return content.decode(name)
        except UnicodeDecodeError:
            continue
    return content.decode(_fallback(content, names), "replace")


def _declared(content: bytes, header: str | None) -> list[str]:
    """The codecs of the sets that the header and the document's beginning name, if we know them."""
    labels = []
    if header:
        match = _HEADER.search(header)
        if match:
            labels.append(match[1])
        elif "/" not in header:
            labels.append(header.strip())
    prolog = _PROLOG.search(content, 0, _PROLOG_BYTES)
    if prolog:
        labels.append((prolog[1] or prolog[2]).decode("ascii", "replace"))
    return [name for name in map(_codec, labels) if name]


def _codec(label: str) -> str | None:
    label = label.lower()
    spelt = re.sub(r"^(?:x-)?(?:win|windows|cp)[-_]?(?=125\d$)", "cp", label)
    try:
        name = codecs.lookup(_LABELS.get(spelt, spelt)).name
    except (LookupError, ValueError):
        return None
    larger = _LARGER.get(name, name)
    return larger if larger in _KNOWN else None


def _nearly_utf8(content: bytes) -> str | None:
    """The bytes as UTF-8, or None where more than one character in twenty would be broken."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        text = content.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    whole = len(text) - len(text.encode("ascii", "ignore")) - broken
    return text if whole >= 20 * broken else None


def _fallback(content: bytes, names: list[str]) -> str:
    """The set that does least harm to text which none decodes completely."""
    return _vote(content, names) or next((name for name in names if name != "utf-8"), "cp1252")


def _vote(content: bytes, names: list[str]) -> str | None:
    """The Cyrillic set in which the text reads as prose, or None where there is no say."""
    declared = next((name for name in names if name != "utf-8"), None)
    if declared is not None and declared not in _CYRILLIC_SETS | _WESTERN:
        return None
    words = b"".join(_WORD_OF_HIGH_BYTES.findall(content))
    high = content.translate(None, bytes(range(128)))
    if 2 * len(words) < len(high) or not words:
        return None  # single letters among ASCII ones: Western text
    counts = Counter(words[:_VOTERS])
    scores = {name: _score(name, counts) for name in _CYRILLIC}
    best = max(_CYRILLIC, key=scores.__getitem__)
    if declared in _CYRILLIC_SETS:
        own = _score(declared, counts)
        return best if scores[best] > own + _MARGIN + _DOUBT / counts.total() else declared
    return best if scores[best] > _NOT_PROSE / 2 else None


def _score(name: str, counts: Counter[int]) -> float:
    """The mean weight of the bytes as letters of prose, higher is likelier."""
    weights = _weights(name)
    return sum(weights[byte] * count for byte, count in counts.items()) / counts.total()


@cache
def _weights(name: str) -> tuple[float, ...]:
    weights = []
    for byte in range(256):
        letter = bytes([byte]).decode(name, "replace")
        share = _FREQUENCY.get(letter.lower())
        if share is not None:
            capital = _CAPITAL if letter != letter.lower() else 0.0
            weights.append(math.log(share / 1000) + capital)
        else:
            weights.append(-4.0 if letter in _IN_ANY_PROSE else _NOT_PROSE)
    return tuple(weights)
