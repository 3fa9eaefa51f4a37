"""What of a page follows its article, so that nobody needs to read it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from bot.ingest.article.anchor import SHORT
from bot.ingest.article.kept import KeptText
from bot.ingest.article.notes import opens_note
from bot.ingest.markup.boilerplate import SKIPPED_TAGS
from bot.ingest.markup.dom import Node, tag_of, words

_LARGE = 10  # elements; smaller boxes are read as soon as judged, and may be captions


def beyond(root: Node, kept: KeptText) -> set[Node]:
    """The boxes after the last text that was kept, of which the choice takes nothing.

    What it takes from behind that text stands in the same boxes, in figures or in notes. None
    where so much running text follows that the extraction may have kept the wrong one.
    """
    if not kept.size:
        return set()
    passed: set[Node] = set()
    following: list[str] = []
    running = 0
    for node, text, entered in _backwards(root):
        if text and not text.isspace():
            found = words(text)
            if kept.touches(found, following):
                break
            following = [*found, *following][:3]
            if len(text) >= SHORT and (tag_of(node) != "a" or not entered):
                running += len(text)
        if entered:
            passed.add(node)
    else:  # nothing that was kept stands on the page
        return set()
    if running > kept.size:
        return set()
    return {node for node in passed if node.getparent() not in passed and _is_needless(node)}


def _backwards(root: Node) -> Iterator[tuple[Node, str | None, bool]]:
    """Every text from the last to the first, with its element and whether it stands inside it.

    The text inside an element comes after all that is in the element, so that this is passed then.
    """
    waiting = [(root, False)]
    while waiting:
        node, entered = waiting.pop()
        if entered:
            yield node, node.text, True
            continue
        yield node, node.tail, False
        if tag_of(node) not in SKIPPED_TAGS:
            waiting.append((node, True))
            waiting.extend((child, False) for child in node)


def _is_needless(node: Node) -> bool:
    large = next(islice(node.iter(), _LARGE, None), None) is not None
    return (
        large
        and next(node.iter("figure"), None) is None
        and not any(opens_note(str(text).strip()) for text in node.itertext())
    )
