"""The choice of a page's pieces that make its article, in reading order."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from bot.addresses import picture_name
from bot.ingest.article.anchor import Ground, Judged, with_block
from bot.ingest.article.notes import opens_note
from bot.ingest.article.pieces import spans_of
from bot.ingest.markup.boilerplate import Suspicion
from bot.ingest.markup.dom import Node, tag_of, words
from bot.ingest.markup.inline import join_lines
from bot.ingest.markup.vocabulary import is_service_line, opens_other_part
from bot.model import Divider, Heading, Image, List, Paragraph

_LONG = 80  # characters; a paragraph that long is running text
_LONGEST_CAPTION = 400  # characters
_UNDER_WAY = 0.2  # share of the text after which no title follows


def choose(judged: Sequence[Judged], ground: Ground, title: str, lead: str) -> list[Judged]:
    """The pieces that are the article.

    Args:
        judged: every piece of the page in reading order.
        ground: where the article stands.
        title: the article's title, which the body does not repeat.
        lead: its lead, which is kept wherever the page shows it before the text.
    """
    anchors = [
        at
        for at, one in enumerate(judged)
        if one.kept and ground.outer in one.around and ground.guilt(one) is not Suspicion.STRONG
    ]
    if not anchors:
        return []
    first, last = anchors[0], anchors[-1]
    top = _title_place(judged, first, last, title)
    entry = next(at for at, one in enumerate(judged) if ground.outer in one.around)
    start = min(entry, first) if top is None else top + 1
    head = [one for one in judged[start:first] if _opens(one, ground, lead)]
    if top is not None:  # some sites show the picture above the title
        head[:0] = [one for one in judged[entry:top] if _is_figure(one, ground)]
    parents = {judged[at].piece.node.getparent() for at in anchors}
    parents |= {one.piece.node.getparent() for one in judged if opens_note(one.text)}
    body = [
        one
        for one in _without_other_parts(judged[max(first, start) : last + 1])
        if _belongs(one, ground, parents)
    ]
    tail = _tail(judged[last + 1 :], ground, parents)
    chosen = [one for one in head + body + tail if not repeats_title(one, title)]
    return _tidied(chosen)


def choose_fragment(judged: Sequence[Judged]) -> list[Judged]:
    """The pieces of a feed's content: all that do not look like something beside the article."""
    chosen = [
        one
        for one in _without_other_parts(judged)
        if all(level is not Suspicion.STRONG for _, level in one.piece.suspects)
        and not _serves(one)
        and not _is_advert(one)
    ]
    return _tidied(chosen)


def _title_place(judged: Sequence[Judged], first: int, last: int, title: str) -> int | None:
    """Where the title stands: before the text, or within its first few pieces.

    Titles further on belong to links to this very article.
    """
    wanted = words(title)
    place = None
    before = 0
    room = _UNDER_WAY * sum(len(one.text) for one in judged[first : last + 1] if one.kept)
    for at, one in enumerate(judged[: last + 1]):
        block = one.piece.block
        if at >= first and one.kept:
            before += len(one.text)
            if before > room:
                break
        if isinstance(block, Heading):
            is_title = bool(wanted) and words(one.text) == wanted
            if is_title or (block.level == 1 and at <= first):
                place = at
    return place


def repeats_title(one: Judged, title: str) -> bool:
    """Whether a piece says what stands above the article anyway."""
    block = one.piece.block
    if isinstance(block, Heading) and block.level == 1 and not title:
        return True
    return (
        isinstance(block, Heading | Paragraph) and bool(title) and words(one.text) == words(title)
    )


def _opens(one: Judged, ground: Ground, lead: str) -> bool:
    """Whether a piece between the title and the kept text is the lead or the first picture."""
    guilt = ground.guilt(one)
    if guilt is Suspicion.STRONG:
        return False
    block = one.piece.block
    if isinstance(block, Image):
        return guilt is Suspicion.NONE and not _is_advert(one)
    if not isinstance(block, Paragraph | Heading) or one.is_link_list:
        return False
    if lead and words(one.text) == words(lead):
        return True
    return guilt is Suspicion.NONE and len(one.text) >= _LONG and not _serves(one)


def _belongs(one: Judged, ground: Ground, parents: Collection[Node | None]) -> bool:
    """Whether a piece between the first and the last kept one is part of the article."""
    guilt = ground.guilt(one)
    if guilt is Suspicion.STRONG or _serves(one):
        return False
    block = one.piece.block
    if isinstance(block, Image):
        in_figure = tag_of(one.piece.node) == "figure"
        fits = guilt is Suspicion.NONE or in_figure or ground.vouched(one)
        return fits and not _is_advert(one)
    if guilt is Suspicion.WEAK:
        return one.kept
    return one.kept or (not one.is_link_list and (len(one.text) >= _LONG or _fits(one, parents)))


def _fits(one: Judged, parents: Collection[Node | None]) -> bool:
    """Whether a short piece stands beside kept text; only paragraphs need to."""
    if not isinstance(one.piece.block, Paragraph):
        return True
    return one.piece.node in parents or one.piece.node.getparent() in parents


def _tail(judged: Sequence[Judged], ground: Ground, parents: set[Node | None]) -> list[Judged]:
    """What follows the kept text in the same boxes: last paragraphs, notes and contacts."""
    note_boxes: set[Node | None] = set()
    tail: list[Judged] = []
    for one in judged:
        parent = one.piece.node.getparent()
        if ground.outer in one.around and opens_note(one.text):
            note_boxes.add(parent)
        inside = ground.inner in one.around and (
            one.piece.node in parents or parent in parents or _is_figure(one, ground)
        )
        if not inside and parent not in note_boxes:
            continue
        if _ends_article(one):
            break
        if ground.guilt(one) is Suspicion.NONE and _belongs(one, ground, parents | note_boxes):
            tail.append(one)
    return tail


def _is_figure(one: Judged, ground: Ground) -> bool:
    """Whether a piece is a picture in a figure that is surely no boilerplate."""
    return (
        isinstance(one.piece.block, Image)
        and tag_of(one.piece.node) == "figure"
        and ground.guilt(one) is Suspicion.NONE
        and not _is_advert(one)
    )


def _ends_article(one: Judged) -> bool:
    return isinstance(one.piece.block, Heading | Paragraph | List) and opens_other_part(one.text)


def _without_other_parts(judged: Sequence[Judged]) -> list[Judged]:
    """The pieces without links to other articles and forms put between the paragraphs."""
    rest: list[Judged] = []
    skipping = False
    for one in judged:
        if _ends_article(one):
            skipping = True
            continue
        if skipping and one.kept and not one.is_link_list and len(one.text) >= _LONG:
            skipping = False
        if not skipping:
            rest.append(one)
    return rest


def _serves(one: Judged) -> bool:
    return isinstance(one.piece.block, Paragraph | Heading | List) and is_service_line(
        one.text, one.linked
    )


def _is_advert(one: Judged) -> bool:
    """Whether a picture that nothing describes leads away from the site."""
    block = one.piece.block
    return isinstance(block, Image) and one.piece.away and not (block.caption or block.alt)


def _tidied(chosen: Sequence[Judged]) -> list[Judged]:
    return _without_loose_ends(_with_captions(_without_repeated_pictures(chosen)))


def _with_captions(chosen: Sequence[Judged]) -> list[Judged]:
    """Text alone in a box with one picture becomes its caption, whatever the box is called."""
    rest: list[Judged] = []
    at = 0
    while at < len(chosen):
        one = chosen[at]
        at += 1
        block = one.piece.block
        if isinstance(block, Image) and not block.caption:
            end = _caption_end(chosen, at)
            lines = [spans for other in chosen[at:end] for spans in spans_of(other.piece.block)]
            one = with_block(one, replace(block, caption=join_lines(lines)))
            at = end
        rest.append(one)
    return rest


def _caption_end(chosen: Sequence[Judged], at: int) -> int:
    """The place after the paragraphs that share a box with the picture before them only."""
    picture = chosen[at - 1]
    before = chosen[at - 2].around if at > 1 else frozenset()
    own = picture.around - before
    end = at
    size = 0
    while end < len(chosen) and isinstance(chosen[end].piece.block, Paragraph):
        if chosen[end].kept:  # the extraction leaves captions out
            break
        size += len(chosen[end].text)
        if size > _LONGEST_CAPTION or not own & chosen[end].around:
            break
        end += 1
    if end < len(chosen):
        own -= chosen[end].around
    while end > at and not own & chosen[end - 1].around:
        end -= 1
    return end


def _without_repeated_pictures(chosen: Sequence[Judged]) -> list[Judged]:
    """Each picture once: pages carry one for every width, and one for readers without scripts.

    Whichever of them has a caption gives it to the one that stays.

    Text that was not kept is dropped where it says again what stands before it, as the captions
    of such pictures do; what the article itself repeats stays.
    """
    rest: list[Judged] = []
    seen: dict[str, int] = {}
    said: set[str] = set()
    for one in chosen:
        block = one.piece.block
        if isinstance(block, Image):
            name = picture_name(block.url)
            if name in seen:
                first = rest[seen[name]].piece.block
                if isinstance(first, Image) and block.caption and not first.caption:
                    captioned = replace(first, caption=block.caption)
                    rest[seen[name]] = with_block(rest[seen[name]], captioned)
                continue
            seen[name] = len(rest)
        elif not one.kept and one.text in said:
            continue
        if one.text:
            said.add(one.text)
        rest.append(one)
    return rest


def _without_loose_ends(chosen: list[Judged]) -> list[Judged]:
    """No headings at the end, no dividers at either end or beside each other."""
    rest: list[Judged] = []
    for one in chosen:
        if isinstance(one.piece.block, Divider) and (
            not rest or isinstance(rest[-1].piece.block, Divider)
        ):
            continue
        rest.append(one)
    while rest and isinstance(rest[-1].piece.block, Divider | Heading):
        rest.pop()
    return rest
