"""What stands over a list on a page: its heading, by which other lists are told from the news."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from bot.ingest.markup.dom import Node, ancestors, class_words, tag_of, text_of
from bot.ingest.markup.inline import clean
from bot.ingest.markup.vocabulary import names_other_list

_LEVELS = {f"h{level}": level for level in range(1, 7)}
_TITLE_WORDS = frozenset({"title", "heading", "headline", "caption", "zagolovok"})
_UNKNOWN_LEVEL = 7
_LONGEST = 80  # characters of a heading
_BESIDE = 60  # characters of links and the like beside a heading in its box
_LARGE = 400  # characters of what has a heading of its own, most likely
_MOST_LEVELS = 30
_MOST_SIBLINGS = 30
_NEAR = 3  # elements around a link without a heading that its neighbours need not climb again


@dataclass(frozen=True, slots=True)
class ListHeading:
    """A heading's text, and its level from 1 to 6, or 7 where it is no heading by its tag."""

    text: str
    level: int

    @property
    def other(self) -> bool:
        """Whether it says that its list is no news; the page's own heading never does."""
        return self.level > 1 and names_other_list(self.text)


class Headings:
    """Tells the headings over the articles of one list.

    A heading stands before its list, beside it or beside what is around it. Past another large
    part of the page only the page's own heading still counts.

    Args:
        titles: of the list's articles, which are headings too.
    """

    def __init__(self, titles: Iterable[str]) -> None:
        self._titles = frozenset(titles)
        self._known: dict[Node, ListHeading | None] = {}

    def over(self, link: Node) -> ListHeading | None:
        """What stands over the article that a link leads to; ask in the page's order."""
        around = list(islice(ancestors(link), _MOST_LEVELS))
        for at, node in enumerate(around):
            past = False
            sibling = node.getprevious()
            for _ in range(_MOST_SIBLINGS):
                if sibling is None:
                    break
                if sibling in self._known:
                    return self._noted(around[: at + 1], self._known[sibling])
                found = self._heading(sibling)
                if found is not None and (found.level == 1 or not past):
                    return self._noted(around[: at + 1], found)
                past = past or len(text_of(sibling, _LARGE)) >= _LARGE or _has_links(sibling)
                sibling = sibling.getprevious()
        return self._noted(around[:_NEAR], None)

    def _noted(self, nodes: Iterable[Node], heading: ListHeading | None) -> ListHeading | None:
        self._known.update(dict.fromkeys(nodes, heading))
        return heading

    def _heading(self, node: Node) -> ListHeading | None:
        if not tag_of(node):
            return None
        inner = next(node.iter(*_LEVELS), None)
        whole = clean(text_of(node, _LONGEST + _BESIDE + 1))
        text = whole if inner is None else clean(text_of(inner, _LONGEST + 1))
        if not text or len(text) > _LONGEST or len(whole) > len(text) + _BESIDE:
            return None
        if any(text == title or title in text for title in self._titles):
            return None
        if inner is not None:
            return ListHeading(text, _LEVELS[tag_of(inner)])
        if class_words(node) & _TITLE_WORDS or names_other_list(text):
            return ListHeading(text, _UNKNOWN_LEVEL)
        return None


def _has_links(node: Node) -> bool:
    return len(list(islice(node.iter("a"), 4))) > 3  # noqa: PLR2004 - more than a heading's own
