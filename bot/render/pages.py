"""A flow is cut into pages: comfortable ones, and none that Telegram would refuse."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, inf

from bot.model import EntityKind, Text
from bot.render.boundaries import boundary, sentence_ends, word_ends
from bot.render.flow import Flow
from bot.render.runs import PLAIN, Run, decode, encode, entity_bytes, opened
from bot.render.text import EMPTY, MAX_CHARS, cut, is_blank, strip

MIN_SIZE, MAX_SIZE = 200, 3500
MAX_ENTITIES = 100
"""Per message; the rest is dropped, https://core.telegram.org/bots/api#sendmessage."""
MAX_ENTITY_BYTES = 9000
"""Of all entities; ENTITIES_TOO_LONG comes at about 9.5 kB (tdlib/telegram-bot-api#165)."""

_GAP = "\n\n"
_HEADER_CHARS, _HEADER_ENTITIES, _HEADER_BYTES = 1024, 20, 3000

# Costs of cutting, in the unit of ``Seam``.
_SENTENCE, _WORD = 0.5, 1.0
_TORN = 0.2  # more where a link or a styled run is cut
_IN_TITLE = 0.8  # more inside a heading or a title
_SHORTEST, _LONGER = 0.5, 0.25  # at least, of the length aimed at; at most more than the size
_SPILL = 0.15  # of a page: less than this gets no page of its own


@dataclass(frozen=True, slots=True)
class _Head:
    """What stands above a page, and what it leaves to the body."""

    runs: tuple[Run, ...]
    length: int
    entities: int
    payload: int


def pages(
    body: Flow, *, size: int, header: Text = EMPTY, running: Text = EMPTY, lead: Text = EMPTY
) -> tuple[Text, ...]:
    """The body in pages of about ``size`` code points, each a message that Telegram takes.

    A page ends behind a block where one ends near, else a sentence, else a word; inside a word
    only between grapheme clusters. What is cut in two is decorated on both pages. Pages are about
    equally long, so none is left with a line or two; one may be a quarter longer than asked for.

    Args:
        body: what ``render`` made.
        size: the length aimed at, 200 to 3500, header included.
        header: stands above the first page. Headers are cut at 1024 code points, and lose their
            entities where there are more than 20.
        running: stands above each following page.
        lead: is shown where the body is empty.

    Returns:
        At least one page; none is blank.

    Raises:
        ValueError: the size is out of range.
    """
    if not MIN_SIZE <= size <= MAX_SIZE:
        raise ValueError(f"A page has {MIN_SIZE} to {MAX_SIZE} characters, not {size}.")
    head, rest = _head(header), _head(running)
    if not body.plain:
        shown_lead = decode(_light(cut(lead, min(size, MAX_CHARS - head.length))))
        page = strip(encode((*head.runs, *shown_lead)))
        return (Text("…") if is_blank(page.plain) else page,)
    found = []
    start = 0
    while start < len(body.plain):
        end = _page_end(body, start, size, head, rest)
        shown = body.plain[start:end].rstrip(" \n")
        if not is_blank(shown):
            found.append(encode((*head.runs, *body.runs(start, start + len(shown)))))
            head = rest
        start = _next_start(body, end)
    return tuple(found)


def _payload(text: Text) -> int:
    return sum(entity_bytes(entity.url) for entity in text.entities)


def _light(text: Text) -> Text:
    """``text``, plain where it would leave the body too few entities."""
    heavy = len(text.entities) > _HEADER_ENTITIES or _payload(text) > _HEADER_BYTES
    return Text(text.plain) if heavy else text


def _head(text: Text) -> _Head:
    text = _light(cut(text, _HEADER_CHARS))
    runs = (*decode(text), Run(_GAP)) if text.plain else ()
    length = sum(len(run.text) for run in runs)
    return _Head(runs, length, len(text.entities), _payload(text))


def _page_end(body: Flow, start: int, size: int, head: _Head, rest: _Head) -> int:
    """Where the page that begins at ``start`` ends."""
    remaining = len(body.plain) - start
    room = max(size - head.length, size / 2)
    longest = int(room + size * _LONGER)
    high = start + min(remaining, longest, MAX_CHARS - head.length)
    high = _reach(body, start, high, head)
    further = (remaining - room) / max(size - rest.length, size / 2)
    count = 1 + max(0, ceil(further - _SPILL))  # pages, this one included
    if count == 1 and high == len(body.plain):
        return high
    total = remaining + head.length + (count - 1) * rest.length
    aim = min(start + max(total / count - head.length, room / 2), high)
    low = start + max(1, int((aim - start) * _SHORTEST))
    best = _best_cut(body, low, aim, high, aim - start)
    # A long word is cut between clusters, and a cluster that is longer than a page anywhere.
    at = best or boundary(body.plain, round(aim))
    at = at if at > start else boundary(body.plain, high)
    return at if at > start else high


def _reach(body: Flow, start: int, high: int, head: _Head) -> int:
    """How far towards ``high`` the entities that a message may still have suffice."""
    entities, payload = MAX_ENTITIES - head.entities, MAX_ENTITY_BYTES - head.payload
    before = PLAIN
    for number in range(body.run_at(start), len(body.starts)):
        if body.starts[number] >= high:
            break
        for _, url in opened(body.marks[number], before):
            entities -= 1
            payload -= entity_bytes(url)
        if entities < 0 or payload < 0:
            return body.starts[number]
        before = body.marks[number]
    return high


def _best_cut(body: Flow, low: int, aim: float, high: int, length: float) -> int:
    """The cheapest place from ``low`` to ``high``, or 0 where there is only one long word.

    A place costs what is cut there and how far it lies from ``aim``, in pages of ``length``.
    """

    def cheapest(best: tuple[float, int], places: Iterable[tuple[float, int]]) -> tuple[float, int]:
        return min(best, *((cost + abs(at - aim) / length, at) for cost, at in places), best)

    best = (inf, 0)
    best = cheapest(best, ((found.seam, found.at) for found in body.breaks_between(low, high)))
    if best[0] > _SENTENCE:
        ends = sentence_ends(body.plain, low, high)
        best = cheapest(best, ((_SENTENCE + _torn(body, at), at) for at in ends))
    if best[0] > _WORD:
        ends = word_ends(body.plain, low, high)
        best = cheapest(best, ((_WORD + _torn(body, at), at) for at in ends))
    return best[1]


def _torn(body: Flow, at: int) -> float:
    """What a cut costs more for what it cuts in two: a link, a styled run, a title."""
    number = body.run_at(at - 1)
    mark = body.marks[number]
    whole = not (mark.url or mark.styles) or number != body.run_at(at)
    return (0 if whole else _TORN) + (_IN_TITLE if body.in_title(at) else 0)


def _next_start(body: Flow, end: int) -> int:
    """Where the page after ``end`` begins; a line of preformatted text keeps its indent."""
    at = end
    while at < len(body.plain) and body.plain[at] in " \n":
        at += 1
    if at < len(body.plain) and body.marks[body.run_at(at)].atom is EntityKind.PRE:
        line = body.plain.rfind("\n", end, at) + 1
        return line or at
    return at
