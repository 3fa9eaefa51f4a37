"""References to characters in XML as sites write it: mended, so that no strict parser stops."""

from __future__ import annotations

import re
import sys
from html import escape
from html.entities import html5 as entities

from bot.ingest.markup.fields import readable

_NUMBER = r"#(?:[xX](?P<hex>[0-9a-fA-F]+)|(?P<decimal>[0-9]+));?"
_REFERENCE = re.compile(f"&{_NUMBER}")
# One that is never closed is taken to the end at once, not searched again and again.
_SECTION = re.compile(r"(<!\[CDATA\[(?:.*?\]\]>|.*))", re.DOTALL)
_AMPERSAND = re.compile(
    rf"&(?!(?:amp|lt|gt|quot|apos);)(?:{_NUMBER}|(?P<name>\w{{1,32}});)?"
)  # but for the names that XML knows
_HALF = re.compile("[\ud800-\udfff]")  # of a surrogate pair
_LONGEST_REFERENCE = 8  # digits


def mended(text: str, *, own_names: bool = False) -> str:
    """XML in which each ``&`` begins a reference that XML knows, to a character that it can hold.

    Args:
        text: the document from its root on.
        own_names: whether it may use names that its DOCTYPE declares.
    """

    def repaired(found: re.Match[str]) -> str:
        if found["hex"] or found["decimal"]:
            return _possible(found)
        if found["name"] and own_names:
            return found[0]
        return escape(entities.get(f"{found['name']};", found[0]), quote=False)

    text = "".join(
        _REFERENCE.sub(_possible, part) if at % 2 else _AMPERSAND.sub(repaired, part)
        for at, part in enumerate(_SECTION.split(text))
    )
    if _HALF.search(text) is None:
        return text
    # Emoji written as two references become one character again; a lone half is dropped.
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")


def _possible(reference: re.Match[str]) -> str:
    """A reference by number, or nothing where XML has no such character."""
    digits = (reference["hex"] or reference["decimal"]).lstrip("0")
    if not digits or len(digits) > _LONGEST_REFERENCE:
        return ""
    code = int(digits, 16 if reference["hex"] else 10)
    if 0xD800 <= code <= 0xDFFF:  # noqa: PLR2004 - the range of surrogates
        return chr(code)
    if code > sys.maxunicode or not readable(chr(code)):
        return ""
    return f"&#{code};"
