"""The text inside a block of rich HTML, read into a RichText."""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from sandbox.telegram.errors import rich_refused

Json = dict[str, Any]

STYLES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "code": "code",
    "mark": "marked",
    "sub": "subscript",
    "sup": "superscript",
    "tg-spoiler": "spoiler",
}
_WHITE = re.compile(r"[ \t\r\n\f]+")


class Inline:
    """Gathers text and formatting from left to right, with white space run together as in HTML.

    Args:
        exact: leave the white space as it is.
    """

    def __init__(self, *, exact: bool = False) -> None:
        self._exact = exact
        self._parts: list[Any] = []
        self._after_space = True

    @classmethod
    def of(
        cls, element: etree._Element, *, exact: bool = False, skip: etree._Element | None = None
    ) -> Any:
        """The RichText in an element, without one of its children."""
        inline = cls(exact=exact)
        inline._inside(element, skip)
        return inline.result()

    def result(self) -> Any:
        """A string, one formatted text, or a list of both."""
        if not self._exact:
            _trim_end(self._parts)
        return _joined(self._parts)

    def add(self, text: str | None) -> None:
        """Plain text."""
        text = text or ""
        if not self._exact:
            text = _WHITE.sub(" ", text)
            if self._after_space:
                text = text.removeprefix(" ")
        if text:
            self._parts.append(text)
            self._after_space = text.endswith((" ", "\n"))

    def element(self, element: etree._Element) -> None:
        """A tag of formatting, without the text that follows it.

        Raises:
            ApiError: the tag is for something else.
        """
        if element.tag == "br":
            if not self._exact:
                _trim_end(self._parts)
            self._parts.append("\n")
            self._after_space = True
            return
        formatting = _formatting(element)
        outer, self._parts = self._parts, []
        self._inside(element)
        text, self._parts = _joined(self._parts), outer
        if formatting["type"] != "anchor":
            self._parts.append({**formatting, "text": text})
            return
        self._parts.append(formatting)
        if text:
            self._parts.append(text)

    def _inside(self, element: etree._Element, skip: etree._Element | None = None) -> None:
        self.add(element.text)
        for child in element:
            if child is not skip:
                self.element(child)
            self.add(child.tail)


def flag(element: etree._Element, name: str) -> bool:
    """Whether an attribute is there, whatever its value."""
    return name in element.attrib


def number(element: etree._Element, name: str, default: int) -> int:
    """The value of an attribute.

    Raises:
        ApiError: it is no number.
    """
    value = element.get(name)
    if value is None:
        return default
    if not re.fullmatch(r"-?\d{1,11}", value, re.ASCII):
        raise rich_refused(f"<{element.tag!s}> has {name}={value!r}, which is no number")
    return int(value)


def _formatting(element: etree._Element) -> Json:
    tag = str(element.tag)
    if style := STYLES.get(tag):
        if element.attrib:
            raise rich_refused(f"<{tag}> has a class outside of <pre>")
        return {"type": style}
    if tag == "tg-time":
        if "unix" not in element.attrib:
            raise rich_refused("<tg-time> without unix")
        moment = number(element, "unix", 0)
        return {
            "type": "date_time",
            "unix_time": moment,
            "date_time_format": element.get("format", ""),
        }
    if tag == "a":
        return _link(element)
    raise rich_refused(f"<{tag}> cannot stand here")


def _link(element: etree._Element) -> Json:
    if (name := element.get("name")) is not None:
        return {"type": "anchor", "name": name}
    href = element.get("href", "")
    if href.startswith("#"):
        return {"type": "anchor_link", "anchor_name": href[1:]}
    scheme, _, rest = href.partition(":")
    match scheme.lower():
        case "mailto":
            return {"type": "email_address", "email_address": rest}
        case "tel":
            return {"type": "phone_number", "phone_number": rest}
    return {"type": "url", "url": href}


def _joined(parts: list[Any]) -> Any:
    """Parts as one RichText, plain strings beside each other run together."""
    joined: list[Any] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        elif isinstance(part, list):
            joined += part
        else:
            joined.append(part)
    if not joined:
        return ""
    return joined[0] if len(joined) == 1 else joined


def _trim_end(parts: list[Any]) -> None:
    """Take the white space off the end, inside formatting as well."""
    while parts and isinstance(parts[-1], str):
        parts[-1] = parts[-1].rstrip(" \n")
        if parts[-1]:
            return
        parts.pop()
    if not parts or "text" not in parts[-1]:
        return
    inner = parts[-1]["text"]
    held = inner if isinstance(inner, list) else [inner]
    _trim_end(held)
    parts[-1]["text"] = _joined(held)
