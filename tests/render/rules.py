"""What Telegram demands of a message, checked without the code under test."""

from collections.abc import Iterator
from itertools import combinations

import regex

from bot.model import EntityKind, Text

QUOTES = {EntityKind.QUOTE, EntityKind.EXPANDABLE_QUOTE}
STYLES = {EntityKind.BOLD, EntityKind.ITALIC, EntityKind.UNDERLINE, EntityKind.STRIKE}
VERBATIM = {EntityKind.CODE, EntityKind.PRE}


def covered(text: Text) -> list[str]:
    """The characters under each entity; fails where an edge halves a character."""
    units = text.plain.encode("utf-16-le")
    return [
        units[2 * entity.offset : 2 * (entity.offset + entity.length)].decode("utf-16-le")
        for entity in text.entities
    ]


def shown(text: Text) -> list[tuple[str, str]]:
    """Each entity as (its kind, the characters under it)."""
    return [
        (entity.kind.value, part) for entity, part in zip(text.entities, covered(text), strict=True)
    ]


def decorated(text: Text) -> Iterator[tuple[str, frozenset[tuple[str, str | None]]]]:
    """Each character that is not white space, with the entities that cover it."""
    length = len(text.plain.encode("utf-16-le")) // 2
    covers: list[frozenset[tuple[str, str | None]]] = [frozenset()] * length
    for entity in text.entities:
        for unit in range(entity.offset, entity.offset + entity.length):
            covers[unit] |= {(entity.kind.value, entity.url)}
    offset = 0
    for character in text.plain:
        if character not in " \n":
            yield character, covers[offset]
        offset += 1 + (character > "\uffff")


def clusters(text: str) -> list[str]:
    """What people see as characters, white space left out."""
    return [found for cluster in regex.findall(r"\X", text) if (found := cluster.strip(" \n"))]


def assert_accepted(text: Text) -> None:
    """Fails where Telegram would refuse the message, drop a part of it, or show it otherwise."""
    assert 0 < len(text.plain) <= 4096
    assert regex.search(r"[^\s\p{Cf}\p{M}]", text.plain), "nothing to see"
    text.plain.encode()  # fails on half a surrogate pair
    assert not regex.search("[\x00-\x09\x0b-\x1f\u2028-\u202e\u030a\u0333\u033f]", text.plain)
    assert text.plain == text.plain.rstrip(" \n")
    pre = [entity.offset for entity in text.entities if entity.kind is EntityKind.PRE]
    assert text.plain == text.plain.lstrip(" \n") or 0 in pre

    assert len(text.entities) <= 100
    assert sum(20 + len((entity.url or "").encode()) for entity in text.entities) <= 9500
    assert all(
        entity.length > 0 and part
        for entity, part in zip(text.entities, covered(text), strict=True)
    )
    assert all(
        (entity.url is not None) == (entity.kind is EntityKind.LINK) for entity in text.entities
    )
    ends = [entity.offset + entity.length for entity in text.entities]
    assert all(entity.offset >= 0 for entity in text.entities)
    assert max(ends, default=0) <= len(text.plain.encode("utf-16-le")) // 2
    assert [(e.offset, -e.length) for e in text.entities] == sorted(
        (e.offset, -e.length) for e in text.entities
    )
    for outer, inner in combinations(text.entities, 2):  # sorted: the first begins no later
        if inner.offset >= outer.offset + outer.length:
            continue
        assert inner.offset + inner.length <= outer.offset + outer.length, "entities cross"
        kinds = {outer.kind, inner.kind}
        assert outer.kind is not inner.kind, "an entity inside one of its kind"
        assert not kinds <= QUOTES, "a quote inside a quote"
        assert not kinds & VERBATIM or kinds & QUOTES, "code combined with something else"
        same = (outer.offset, outer.length) == (inner.offset, inner.length)
        assert inner.kind not in QUOTES, "a quote inside something else"
        assert outer.kind not in STYLES or same, "Telegram would split this style"
