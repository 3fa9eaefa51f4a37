"""Composing texts for Telegram: pure functions from strings and texts to a text."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from itertools import zip_longest

import regex

from bot.model import EntityKind, Text
from bot.render.boundaries import boundary, word_ends
from bot.render.runs import QUOTES, STYLES, Mark, Run, decode, encode, utf16_len

__all__ = [
    "EMPTY",
    "MAX_CHARS",
    "clean",
    "concat",
    "cut",
    "is_blank",
    "is_linkable",
    "join",
    "link",
    "plain",
    "plain_text",
    "strip",
    "styled",
    "utf16_len",
]

EMPTY = Text("")
MAX_CHARS = 4096
"""Code points in a message, https://core.telegram.org/bots/api#sendmessage (measured as such)."""

_ELLIPSIS = "…"
_MAX_URL = 2000  # bytes; browsers and Telegram's own total of about 9.5 kB agree on no more
_WHITE = " \n"  # what Telegram trims

_LINE_BREAK = regex.compile(r"\r\n?|[\x85\u2028\u2029]")
_SPACE = regex.compile(r"[\t\v\f]")
# Controls, halves of surrogate pairs, non-characters, soft hyphens, byte order marks, objects that
# were not copied, and the bidirectional embeddings and overrides: Telegram drops the latter too
# (td, clean_input_string), and one that is left open turns the rest of a message around. Isolates
# (U+2066 to U+2069) end with their paragraph and may stay.
_DROPPED = regex.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u202a-\u202e\ud800-\udfff\ufdd0-\ufdef\ufeff\ufff9-\ufffc\ufffe\uffff]",
)
# Marks that Telegram removes, after composition: the ring of «å» is then part of its letter.
_REMOVED_MARKS = regex.compile("[\u030a\u0333\u033f]")
_REPEATED_DIRECTION = regex.compile("[\u200e\u200f]+(?=[\u200e\u200f])")
_BASELESS = regex.compile(r"(?<=[ \n])[\p{GCB=EX}\p{GCB=SM}\p{GCB=ZWJ}]+")
_BLANK = regex.compile(r"[\s\p{Z}\p{Cf}\p{Cc}\p{M}\u2800\ufffc]*")


def clean(text: str) -> str:
    r"""``text`` without what Telegram refuses, drops or is upset by, composed (NFC).

    After this, what we count is what Telegram counts. Line breaks become ``\n``, tabs spaces;
    marks that follow white space, and so have no letter to stand on, are left out.
    """
    text = _LINE_BREAK.sub("\n", text)
    text = _DROPPED.sub("", _SPACE.sub(" ", text))
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
        text = _REMOVED_MARKS.sub("", text)
        text = _REPEATED_DIRECTION.sub("", text)
        text = _BASELESS.sub("", text)
    return text


def is_blank(text: str) -> bool:
    """Whether nothing can be seen of ``text``; Telegram refuses such a message."""
    return _BLANK.fullmatch(text) is not None


def is_linkable(url: str | None) -> bool:
    """Whether Telegram takes ``url`` for a link; others are dropped there without a word."""
    if not url or not url.casefold().startswith(("http://", "https://", "tg://")):
        return False
    return clean(url) == url and not regex.search(r"\s", url) and len(url.encode()) <= _MAX_URL


def plain(value: Text | str) -> Text:
    """Text without decoration; a ``Text`` is returned as it is, a string is cleaned."""
    return value if isinstance(value, Text) else Text(clean(value))


def _marked(value: Text | str, kind: EntityKind, url: str | None = None) -> Text:
    return encode(Run(run.text, _inside(run.mark, kind, url)) for run in decode(plain(value)))


def _inside(mark: Mark, kind: EntityKind, url: str | None) -> Mark:
    """``mark`` with an entity put around it; the outer one gives way where both cannot be."""
    if kind in QUOTES | STYLES:
        return mark.within(kind)
    return (
        Mark(mark.quote).within(kind, url)
        if kind is not EntityKind.LINK
        else mark.within(kind, url)
    )


def styled(value: Text | str, *kinds: EntityKind) -> Text:
    """``value`` with ``kinds`` (any but LINK) put around the whole of it.

    CODE and PRE replace links and styles inside; a quote inside a quote stays one quote.
    """
    text = plain(value)
    for kind in kinds:
        text = _marked(text, kind)
    return text


def link(value: Text | str, url: str) -> Text:
    """``value`` leading to ``url``, or plain where Telegram would not take the address."""
    return _marked(value, EntityKind.LINK, url) if is_linkable(url) else plain(value)


def concat(*values: Text | str) -> Text:
    """The values one after another."""
    return encode(run for value in values for run in decode(plain(value)))


def join(separator: Text | str, values: Iterable[Text | str]) -> Text:
    """The values that are not empty, with ``separator`` between them."""

    def parts() -> Iterator[Text]:
        for number, text in enumerate(filter(lambda text: text.plain, map(plain, values))):
            if number:
                yield plain(separator)
            yield text

    return concat(*parts())


def _slice(text: Text, start: int, end: int) -> Text:
    """The characters from ``start`` to ``end`` (code points) with what decorates them."""
    runs, position = [], 0
    for run in decode(text):
        runs.append(Run(run.text[max(0, start - position) : max(0, end - position)], run.mark))
        position += len(run.text)
    return encode(runs)


def strip(text: Text) -> Text:
    """``text`` without the white space around it that Telegram would trim."""
    kept = text.plain.rstrip(_WHITE)
    return _slice(text, len(kept) - len(kept.lstrip(_WHITE)), len(kept))


def cut(value: Text | str, limit: int) -> Text:
    """``value`` in at most ``limit`` code points (at least 1), cut behind a word, with «…».

    A word that is longer than half of the limit is cut between grapheme clusters.
    """
    text = strip(plain(value))
    if len(text.plain) <= limit:
        return text
    room = limit - len(_ELLIPSIS)
    ends = list(word_ends(text.plain, room // 2, room))
    end = ends[-1] if ends else boundary(text.plain, room)
    kept = text.plain[:end].rstrip(" \n,;:—–-")
    return concat(_slice(text, 0, len(kept)), _ELLIPSIS)


def plain_text(text: Text) -> Text:
    """``text`` without entities, for when Telegram refuses them.

    An address follows its link in parentheses, where it is not what the link shows and where the
    whole still fits a message.
    """
    parts = []
    runs = decode(text)
    for run, following in zip_longest(runs, runs[1:], fillvalue=Run("")):
        parts.append(run.text)
        url = run.mark.url
        if url and following.mark.url != url and run.text.strip() != url:
            parts.append(f" ({url})")
    full = "".join(parts)
    return Text(full if len(full) <= MAX_CHARS else text.plain)
