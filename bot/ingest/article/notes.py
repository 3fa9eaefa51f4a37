"""Notes at the side or the end of a story: "for reference" boxes and whom to contact."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from enum import Enum

from bot.ingest.article.pieces import Piece, spans_of
from bot.ingest.markup.dom import Node, ancestors
from bot.ingest.markup.inline import lines_of, plain, trim
from bot.model import (
    Aside,
    Block,
    Contacts,
    Heading,
    List,
    Paragraph,
    Spans,
)

_REFERENCE = (
    r"для\s+справки|справка|справочно|справочная\s+информация|историческая\s+справка"
    r"|for\s+reference|reference|background"
)
_CONTACTS = (
    r"контакты(?:\s+(?:для\s+(?:сми|прессы|журналистов)|пресс-службы|пресс-центра))?"
    r"|контактная\s+информация(?:\s+для\s+(?:сми|прессы))?|контактные\s+данные"
    r"|(?:media|press|news)\s+contacts?|contacts?(?:\s+(?:information|details))?|media\s+enquiries"
    r"|media\s+inquiries"
)
_TITLE = re.compile(
    rf"(?:(?P<reference>{_REFERENCE})|(?P<contacts>{_CONTACTS}))\s*(?P<end>[:.]|$|(?=\n))",
    re.IGNORECASE,
)
_REACHABLE = re.compile(r"@|\d[\d\s()-]{4,}\d|\bhttps?://|\bwww\.|\bтел\b|\btel\b", re.IGNORECASE)
_LONGEST_LINE = 160  # characters of one line of contacts


class Note(Enum):
    """What a note is."""

    REFERENCE = "reference"
    CONTACTS = "contacts"


def opens_note(text: str) -> Note | None:
    """What kind of note a line is the title of, perhaps with the note's text after a colon."""
    match = _TITLE.match(text)
    if match is None or (match["end"] == "." and match.end() < len(text)):
        return None
    return Note.REFERENCE if match["reference"] else Note.CONTACTS


def with_notes(pieces: Sequence[Piece]) -> list[Block]:
    """The blocks of the pieces, those of a note gathered into an ``Aside`` or ``Contacts``.

    A note reaches to the end of the box in which its title stands; where it has no box of its
    own, to the next heading or note.
    """
    blocks: list[Block] = []
    at = 0
    while at < len(pieces):
        note, end = _note_at(pieces, at)
        if note is None:
            blocks.append(pieces[at].block)
            at += 1
        else:
            blocks.append(note)
            at = end
    return blocks


def _note_at(pieces: Sequence[Piece], at: int) -> tuple[Block | None, int]:
    """The note that begins at a piece and the place after it, or None."""
    block = pieces[at].block
    if not isinstance(block, Paragraph | Heading):
        return None, at
    kind = opens_note(plain(block.spans))
    if kind is None:
        return None, at
    title, rest = _split_title(block.spans)
    texts = [rest] if rest else []
    box = _box(pieces, at)
    end = at + 1
    while end < len(pieces) and _continues(pieces[end], kind, box, title_only=not rest):
        texts += spans_of(pieces[end].block)
        end += 1
    if not texts:
        return None, at
    if kind is Note.REFERENCE:
        return Aside(title, tuple(texts)), end
    lines = tuple(line for text in texts for line in lines_of(text) if line)
    return Contacts(title, lines), end


def _split_title(spans: Spans) -> tuple[str, Spans]:
    """The title without its colon, and what follows it in the same paragraph."""
    match = _TITLE.match(plain(spans))
    if match is None:
        return "", spans
    title = match[0].rstrip(" :.\n")
    room = match.end()
    rest: list[Spans] = []
    for span in spans:
        text = span.text[room:] if room < len(span.text) else ""
        room = max(room - len(span.text), 0)
        if text:
            rest.append((replace(span, text=text),))
    return title, trim(span for group in rest for span in group)


def _box(pieces: Sequence[Piece], at: int) -> Node | None:
    """The largest element around a note's title that holds no text before it, if it holds more."""
    before = set(ancestors(pieces[at - 1].node)) if at else set()
    box: Node | None = None
    for node in ancestors(pieces[at].node):
        if node in before:
            break
        box = node
    if box is None or at + 1 == len(pieces) or box not in set(ancestors(pieces[at + 1].node)):
        return None
    return box


def _continues(piece: Piece, kind: Note, box: Node | None, *, title_only: bool) -> bool:
    block = piece.block
    if not isinstance(block, Paragraph | Heading | List):
        return False
    if not isinstance(block, List) and opens_note(plain(block.spans)) is not None:
        return False
    if box is not None:
        return box in set(ancestors(piece.node))
    if isinstance(block, Heading):
        return False
    if kind is Note.REFERENCE:
        return title_only
    return all(_is_contact_line(line) for text in spans_of(block) for line in lines_of(text))


def _is_contact_line(line: Spans) -> bool:
    text = plain(line)
    if len(text) > _LONGEST_LINE:
        return False
    return not text.endswith((".", "!", "?", "…")) or _REACHABLE.search(text) is not None
