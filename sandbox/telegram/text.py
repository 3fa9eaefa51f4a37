"""The rules of text and captions: length, trimming, and what becomes of each entity."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.telegram import links
from sandbox.telegram.errors import bad_request

Json = dict[str, Any]

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
RAW_LIMIT = 32768
ENTITY_LIMIT = 100
ENTITY_BYTES = 9500

_SPLITTABLE = frozenset({"bold", "italic", "underline", "strikethrough", "spoiler"})
_PRE = frozenset({"code", "pre"})
_QUOTES = frozenset({"blockquote", "expandable_blockquote"})
_CONTINUOUS = frozenset({"text_link", "text_mention", "custom_emoji", "date_time"})
_DETECTED = frozenset(
    {
        "mention",
        "hashtag",
        "cashtag",
        "bot_command",
        "url",
        "email",
        "phone_number",
        "bank_card_number",
    }
)
_NEEDED = {
    "text_link": "url",
    "text_mention": "user",
    "custom_emoji": "custom_emoji_id",
    "date_time": "unix_time",
}
DATE_FORMAT = re.compile(r"[rR]|[tTdDwW]*")
_KNOWN = _SPLITTABLE | _PRE | _QUOTES | _CONTINUOUS | _DETECTED
_FOUND = re.compile(
    r"(?P<bot_command>(?<![\w/])/[A-Za-z0-9_]{1,64}(?:@\w{3,32})?)"
    r"|(?P<url>https?://[^\s«»<>\"]*[^\s«»<>\".,:;!?…)\]'])"
    r"|(?P<email>(?<![\w.+-])[\w.+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)"
    r"|(?P<mention>(?<!\w)@\w{4,32})"
    r"|(?P<hashtag>(?<!\w)#\w+)"
)


@dataclass(frozen=True, slots=True)
class Formatted:
    """Text as Telegram keeps it.

    Attributes:
        text: trimmed.
        entities: sorted, inside the text; offsets in UTF-16 code units.
        notes: what was dropped without an error, a sentence each.
    """

    text: str
    entities: tuple[Json, ...] = ()
    notes: tuple[str, ...] = ()


def utf16_length(text: str) -> int:
    """How many UTF-16 code units a text takes."""
    return len(text) + sum(ord(character) > 0xFFFF for character in text)


def detect(text: str) -> list[Json]:
    """What Telegram finds in a text by itself: commands, links, e-mails, mentions and hashtags.

    Returns:
        MessageEntity objects in their order; offsets in UTF-16 code units.
    """
    return [
        {
            "type": found.lastgroup,
            "offset": utf16_length(text[: found.start()]),
            "length": utf16_length(found[0]),
        }
        for found in _FOUND.finditer(text)
    ]


def drawn_entities(text: str, entities: Iterable[Json]) -> list[Json]:
    """The entities of a text as an app draws it: those given, and those that Telegram finds.

    What is found may stand inside bold text or a quote and the like, and nowhere that a link,
    code, a date or another found entity stands already.
    """
    given = list(entities)
    found = [e for e in detect(text) if not any(_keeps_out(outer, e) for outer in given)]
    return sorted([*given, *found], key=lambda entity: (entity["offset"], -entity["length"]))


def _keeps_out(given: Json, found: Json) -> bool:
    start, end = found["offset"], _end(found)
    if _end(given) <= start or end <= given["offset"] or given["type"] in _SPLITTABLE:
        return False
    inside = given["offset"] <= start and end <= _end(given)
    return not (inside and given["type"] in _QUOTES)


def read_text(text: str, entities: list[Json]) -> Formatted:
    """The text of a message.

    Raises:
        ApiError: empty, over 4096 code points (32768 bytes raw), or with senseless entities.
    """
    if not text:
        raise bad_request("message text is empty", breach="content")
    formatted = _read(text, entities)
    if not formatted.text:
        raise bad_request("text must be non-empty", breach="content")
    if len(formatted.text) > TEXT_LIMIT:
        raise bad_request("message is too long", breach="content")
    return formatted


def read_caption(text: str, entities: list[Json]) -> Formatted:
    """The caption of a picture; it may be empty.

    Raises:
        ApiError: over 1024 code points, or with senseless entities.
    """
    formatted = _read(text, entities)
    if len(formatted.text) > CAPTION_LIMIT:
        raise bad_request("message caption is too long", breach="content")
    return formatted


def _read(text: str, entities: list[Json]) -> Formatted:
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise bad_request("strings must be encoded in UTF-8", breach="content") from None
    if size > RAW_LIMIT:
        raise bad_request("text is too long", breach="content")
    notes: list[str] = []
    _check_places(text, entities)
    kept = _nested(_keep(entities, notes), notes)
    if len(kept) > ENTITY_LIMIT:
        notes.append(f"{len(kept)} entities: those after the first {ENTITY_LIMIT} were dropped")
        kept = kept[:ENTITY_LIMIT]
    if sum(map(_payload, kept)) > ENTITY_BYTES:
        raise bad_request("ENTITIES_TOO_LONG", breach="content")
    return _trim(text, kept, notes)


def _check_places(text: str, entities: Iterable[Json]) -> None:
    ends = utf16_length(text)
    inside = _insides_of_pairs(text)
    for entity in entities:
        _check_kind(entity)
        offset, length = entity["offset"], entity["length"]
        if wrong := _fault_of_range(offset, length, ends, inside):
            raise bad_request(wrong, breach="content")


def _check_kind(entity: Json) -> None:
    kind, fault = entity["type"], None
    if kind not in _KNOWN:
        fault = "Unsupported type specified"
    elif (needed := _NEEDED.get(kind)) and needed not in entity:
        fault = f'Can\'t find field "{needed}"'
    elif not DATE_FORMAT.fullmatch(entity.get("date_time_format", "")):
        fault = "Invalid date-time format specified"
    if fault:
        raise bad_request(f"can't parse MessageEntity: {fault}", breach="content")


def _fault_of_range(offset: int, length: int, ends: int, inside: Mapping[int, int]) -> str | None:
    """What is wrong with a place in a text, in the words of tdlib's MessageEntity.cpp."""
    last = offset + length
    for name, value in (("offset", offset), ("length", length)):
        if value < 0:
            return f"receive an entity with incorrect {name} {value}"
    if offset >= ends and length:
        return f"entity begins after the end of the text at UTF-16 offset {offset}"
    if offset in inside:
        return f"entity begins in a middle of a UTF-16 symbol at byte offset {inside[offset]}"
    beginning = f"entity beginning at UTF-16 offset {offset}"
    if last > ends:
        return f"{beginning} ends after the end of the text at UTF-16 offset {last}"
    if last in inside:
        return f"{beginning} ends in a middle of a UTF-16 symbol at byte offset {inside[last]}"
    return None


def _insides_of_pairs(text: str) -> dict[int, int]:
    """The UTF-16 offsets between the halves of surrogate pairs, and the byte each pair ends at."""
    inside, at, size = {}, 0, 0
    for character in text:
        size += len(character.encode())
        if ord(character) > 0xFFFF:
            inside[at + 1] = size
            at += 1
        at += 1
    return inside


def _keep(entities: list[Json], notes: list[str]) -> list[Json]:
    kept = []
    for entity in entities:
        kind, offset = entity["type"], entity["offset"]
        if not entity["length"]:
            notes.append(f"empty {kind} at {offset} was dropped")
        elif kind in _DETECTED:
            notes.append(f"{kind} at {offset} was dropped: Telegram finds these itself")
        elif kind == "text_link" and (wrong := _fault_of_link(entity["url"])):
            notes.append(f"text_link at {offset} was dropped: {wrong}")
        else:
            kept.append(entity)
    return sorted(kept, key=lambda entity: (entity["offset"], -entity["length"]))


def _fault_of_link(url: str) -> str | None:
    if links.is_mail(url):
        return "Telegram would open a mailto: address as a web site"
    return links.fault_of(url)


def _nested(entities: list[Json], notes: list[str]) -> list[Json]:
    """Without those that may not stand where they stand; ``entities`` are sorted."""
    kept: list[Json] = []
    for entity in entities:
        around = [outer for outer in kept if _end(outer) > entity["offset"]]
        if wrong := _fault_of_place(entity, around):
            notes.append(f"{entity['type']} at {entity['offset']} was dropped: {wrong}")
        else:
            kept.append(entity)
    return kept


def _fault_of_place(entity: Json, around: list[Json]) -> str | None:
    kind = entity["type"]
    for outer in around:
        other = outer["type"]
        crosses = _end(entity) > _end(outer)
        if crosses and not {kind, other} <= _SPLITTABLE:
            return f"it crosses a {other}"
        if other in _PRE:
            return f"{other} cannot contain others"
        if kind in _PRE and other not in _QUOTES:
            return f"{kind} cannot be part of {other}"
        if kind in _QUOTES and other in _QUOTES:
            return "quotes cannot be nested"
        if kind in _CONTINUOUS | _QUOTES and other in _CONTINUOUS:
            return f"{kind} cannot be part of {other}"
    return None


def _end(entity: Json) -> int:
    end: int = entity["offset"] + entity["length"]
    return end


def _payload(entity: Json) -> int:
    """Roughly the bytes that an entity takes on the wire: three numbers and its strings."""
    strings = (str(entity.get(name, "")) for name in ("url", "language", "custom_emoji_id"))
    return 12 + sum(len(string.encode()) for string in strings)


def _trim(text: str, entities: list[Json], notes: list[str]) -> Formatted:
    """Cut white space at both ends, as far as an entity at the start allows."""
    right = text.rstrip()
    end = utf16_length(right)
    cut = [
        {**entity, "length": min(_end(entity), end) - entity["offset"]}
        for entity in entities
        if entity["offset"] < end
    ]
    first = cut[0]["offset"] if cut else len(right)
    start = 0
    while start < min(first, len(right)) and right[start] in " \n":
        start += 1
    moved = tuple({**entity, "offset": entity["offset"] - start} for entity in cut)
    return Formatted(right[start:], moved, tuple(notes))
