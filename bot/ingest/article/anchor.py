"""Where on a page its article stands: what the text extraction kept, found again in the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from bot.ingest.article.kept import KeptText
from bot.ingest.article.notes import opens_note
from bot.ingest.article.pieces import Piece, spans_of
from bot.ingest.markup.boilerplate import Suspicion, suspect_name
from bot.ingest.markup.dom import Node, ancestors, attribute, tag_of
from bot.ingest.markup.inline import plain
from bot.model import Block, Divider, Image, Paragraph

_KEPT = 0.5  # share of a piece's text that must have been kept
_MOST = 0.8  # share of the kept text that the article's container holds
LARGE = 0.5  # share of the kept text in an element that cannot be boilerplate then
_VOUCHED = 200  # characters of kept text that make a weak suspect part of the article
_LINKY = 0.5  # share of linked characters from which a text is a list of links
SHORT = 60  # characters; shorter paragraphs say nothing about where the article is
_MISSED = 0.4  # share of the running text below which the extraction took something else


@dataclass(frozen=True)
class Judged:
    """A piece with what the choice looks at.

    Attributes:
        text: all its text on one line.
        linked: the share of the text that is links.
        kept: whether the text extraction kept it.
    """

    piece: Piece
    text: str
    linked: float
    kept: bool

    @cached_property
    def around(self) -> frozenset[Node]:
        """The element it was read from and all around it."""
        return frozenset(ancestors(self.piece.node))

    @property
    def is_link_list(self) -> bool:
        """Whether its text is mostly links."""
        return self.linked >= _LINKY


def with_block(one: Judged, block: Block) -> Judged:
    """The same judgement on another form of the block."""
    return replace(one, piece=replace(one.piece, block=block))


def judge(pieces: Sequence[Piece], kept: KeptText | None) -> list[Judged]:
    """Every piece with whether it was kept; with None all text was."""
    return [_judge(piece, kept) for piece in pieces]


def _judge(piece: Piece, kept: KeptText | None) -> Judged:
    runs = spans_of(piece.block)
    texts = [plain(spans) for spans in runs]
    size = sum(map(len, texts)) or 1
    linked = sum(len(span.text) for spans in runs for span in spans if span.link) / size
    share = 1.0 if kept is None else sum(len(text) * kept.share(text) for text in texts) / size
    line = " ".join(" ".join(texts).split())
    return Judged(piece, line, linked, _is_text(piece) and share >= _KEPT)


def _is_text(piece: Piece) -> bool:
    return not isinstance(piece.block, Image | Divider)


class Ground:
    """Where on the page the article stands.

    Attributes:
        inner: the lowest element that holds most of the article's text.
        outer: the element around it that the page calls its article, or ``inner`` again.
    """

    def __init__(self, judged: Sequence[Judged]) -> None:
        self._weights: Counter[Node] = Counter()
        self._suspected: Counter[Node | str] = Counter()
        self._total = 0
        self._noted: set[Node] = set()
        for one in judged:
            if one.piece.suspects and opens_note(one.text):
                node, level = one.piece.suspects[-1]
                if level is Suspicion.WEAK:  # an aside, but one that belongs to the story
                    self._noted.add(node)
            if one.kept and not one.is_link_list:
                self._total += len(one.text)
                for node in one.around:
                    self._weights[node] += len(one.text)
                for name in {suspect_name(node) for node, _ in one.piece.suspects}:
                    self._suspected[name] += len(one.text)
        self.inner = self._lowest()
        self.outer = _named_article(self.inner)

    def guilt(self, one: Judged) -> Suspicion:
        """How suspect a piece is, not counting elements that hold most of the article or a note.

        Elements of one class count together, for there are sites that mark each paragraph.
        """
        return max(
            (
                level
                for node, level in one.piece.suspects
                if node not in self._noted
                and self._suspected[suspect_name(node)] < LARGE * self._total
            ),
            default=Suspicion.NONE,
        )

    def vouched(self, one: Judged) -> bool:
        """Whether each suspect around a piece also holds text of the article."""
        return all(
            self._suspected[suspect_name(node)] >= _VOUCHED for node, _ in one.piece.suspects
        )

    def _lowest(self) -> Node | None:
        most = [node for node, weight in self._weights.items() if weight >= _MOST * self._total]
        return max(most, key=lambda node: sum(1 for _ in ancestors(node)), default=None)


def _named_article(inner: Node | None) -> Node | None:
    around = list(ancestors(inner)) if inner is not None else []
    for is_named in (
        lambda node: tag_of(node) == "article",
        lambda node: attribute(node, "itemprop") == "articleBody",
        lambda node: tag_of(node) == "main" or attribute(node, "role") == "main",
    ):
        if (named := next(filter(is_named, around), None)) is not None:
            return named
    return inner


def densest(judged: Sequence[Judged]) -> list[Judged]:
    """The same pieces, kept where most running text stands."""
    weights = _running_text(judged)
    if not weights:
        return list(judged)
    best = weights.most_common(1)[0][0]
    return [replace(one, kept=best in one.around and _is_text(one.piece)) for one in judged]


def missed(judged: Sequence[Judged]) -> bool:
    """Whether most running text of the page was not kept, so that something else was taken."""
    weights = _running_text(judged)
    if not weights:
        return False
    best, weight = weights.most_common(1)[0]
    kept = sum(len(one.text) for one in judged if one.kept and not one.is_link_list)
    inside = sum(len(one.text) for one in judged if one.kept and best in one.around)
    return kept == 0 or (inside < _MISSED * weight and kept < _MISSED * weight)


def _running_text(judged: Sequence[Judged]) -> Counter[Node]:
    """How much running text, in characters, each element holds in paragraphs of its own."""
    weights: Counter[Node] = Counter()
    for one in judged:
        if not isinstance(one.piece.block, Paragraph) or len(one.text) < SHORT or one.is_link_list:
            continue
        if any(level is Suspicion.STRONG for _, level in one.piece.suspects):
            continue
        parent = one.piece.node.getparent()
        if parent is not None:
            weights[parent] += len(one.text)
    return weights
