"""From a tree to blocks: every text and picture of a page in reading order, nothing judged yet."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from bot.addresses import absolute_url
from bot.ingest.article.pieces import Piece, captioned, list_items, once, parted, takes_caption
from bot.ingest.article.quotes import is_quote, speaker_of, split_attribution, without_dash
from bot.ingest.article.tables import is_data_table, read_table
from bot.ingest.markup.boilerplate import SKIPPED_TAGS, Suspicion, is_hidden, suspicion
from bot.ingest.markup.dom import Node, attribute, class_words, tag_of, text_of
from bot.ingest.markup.inline import PLAIN, Run, clean, clean_lines, join_lines, plain
from bot.ingest.markup.pictures import (
    EMOJI_WORDS,
    PICTURE_TAGS,
    is_caption,
    leaves_site,
    picture_alt,
    picture_caption,
    picture_url,
)
from bot.model import (
    Block,
    Divider,
    Heading,
    Image,
    List,
    Paragraph,
    Preformatted,
    Quote,
    Spans,
    Style,
    Table,
)

_BLOCK_TAGS = frozenset(
    {
        *("html", "body", "address", "article", "aside", "blockquote", "center", "dd", "details"),
        *("dialog", "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form"),
        *("h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "li", "main", "nav", "ol"),
        *("p", "picture", "pre", "search", "section", "summary", "table", "tbody", "td", "tfoot"),
        *("th", "thead", "tr", "caption", "ul", "noscript", "button", "legend"),
    }
)
_TEXT_TAGS = frozenset(
    {
        *("p", "h1", "h2", "h3", "h4", "h5", "h6", "li", "td", "th", "dd", "dt", "figcaption"),
        *("caption", "summary"),
    }
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_STYLES = {
    "b": Style.BOLD, "strong": Style.BOLD, "dt": Style.BOLD,
    "i": Style.ITALIC, "em": Style.ITALIC, "dfn": Style.ITALIC, "var": Style.ITALIC,
    "u": Style.UNDERLINE, "ins": Style.UNDERLINE,
    "s": Style.STRIKE, "strike": Style.STRIKE, "del": Style.STRIKE,
    "code": Style.CODE, "kbd": Style.CODE, "samp": Style.CODE, "tt": Style.CODE,
}  # fmt: skip
_BOLD_STYLE = re.compile(r"font-weight\s*:\s*(?:bold|[6-9]00)", re.IGNORECASE)
_ITALIC_STYLE = re.compile(r"font-style\s*:\s*italic", re.IGNORECASE)
_OTHER_LINK = re.compile(r"(?:mailto:[^\s@]+@[^\s@]+|tel:\+?[\d\s().-]{3,30})", re.IGNORECASE)
_LONGEST_CREDIT = 300  # characters of the text beside a picture in a figure
_BACKGROUND_WORDS = frozenset({"image", "img", "bgimg", "lazy", "photo", "picture", "bg"})
_LONGEST_EMOJI = 16
_START = re.compile(r"\d{1,6}")
_CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Look:
    """What the inline elements around a text make of it."""

    styles: frozenset[Style] = PLAIN
    link: str | None = None


def read_pieces(root: Node, base_url: str, without: Collection[Node] = ()) -> list[Piece]:
    """Every block of the page in reading order, the article's and all others.

    Two things wait until the article is chosen: a level-one heading keeps its level, so that the
    title can be told, and links stay as the page writes them (``resolve_link``), for most of a
    page's links are not the article's.

    Args:
        root: the page, or a part of it.
        base_url: what relative addresses start from.
        without: elements that are passed over.
    """
    return _Walker(base_url, set(without)).read(root, _Look())


def resolve_link(href: str, base_url: str) -> str | None:
    """A link as it may stand in a document: ``http(s)``, ``mailto:`` or ``tel:``; else None."""
    if href[:7].lower() == "mailto:" or href[:4].lower() == "tel:":
        address = clean(href.partition("?")[0])
        return address if _OTHER_LINK.fullmatch(address) else None
    return absolute_url(base_url, href)


def _target(href: str) -> str | None:
    """A link as the page writes it, or None for one that only moves within the page."""
    return None if not href or href.startswith(("#", "javascript:")) else href


class _Walker:
    """Walks one element's content once; elements inside lists, quotes and cells get their own."""

    __slots__ = ("_base_url", "_node", "_pieces", "_run", "_suspects", "_taken")

    def __init__(self, base_url: str, taken: set[Node]) -> None:
        self._base_url = base_url
        self._taken = taken  # captions and names that were read with what they belong to
        self._run = Run()
        self._pieces: list[Piece] = []
        self._suspects: tuple[tuple[Node, Suspicion], ...] = ()

    def read(self, node: Node, look: _Look) -> list[Piece]:
        self._node = node
        self._children(node, look)
        self._flush()
        return self._pieces

    def read_whole(self, node: Node, look: _Look) -> list[Piece]:
        self._node = node
        self._element(node, look)
        self._flush()
        return self._pieces

    def _children(self, node: Node, look: _Look) -> None:
        add = self._run.text
        if text := node.text:
            add(text, look.styles, look.link)
        for child in node:
            self._element(child, look)
            if text := child.tail:
                add(text, look.styles, look.link)

    def _element(self, node: Node, look: _Look) -> None:
        tag = tag_of(node)
        if not tag or tag in SKIPPED_TAGS or node in self._taken:
            return
        if tag == "br":
            self._run.line_break()
        elif tag in PICTURE_TAGS or _is_background(node, tag):
            self._picture(node, look)
        elif tag in _BLOCK_TAGS:
            self._block(node, tag, look, suspicion(node))
        else:
            self._inline(node, tag, look)

    def _inline(self, node: Node, tag: str, look: _Look) -> None:
        if is_hidden(node):
            return
        parent = node.getparent()
        stands_alone = not self._run and parent is not None and tag_of(parent) not in _TEXT_TAGS
        if stands_alone and (level := suspicion(node)):
            self._block(node, tag, look, level)
            return
        inner = self._look(node, tag, look)
        if tag != "q":
            self._children(node, inner)
            return
        left, right = ("«", "»") if _CYRILLIC.search(text_of(node, 200)) else ("“", "”")
        self._run.text(left, look.styles, look.link)
        self._children(node, inner)
        self._run.text(right, look.styles, look.link)

    def _look(self, node: Node, tag: str, look: _Look) -> _Look:
        if tag == "a":
            return _Look(look.styles, _target(attribute(node, "href")) or look.link)
        styles = look.styles
        if tag in _STYLES:
            styles |= {_STYLES[tag]}
        elif css := node.get("style"):
            styles |= {Style.BOLD} if _BOLD_STYLE.search(css) else set()
            styles |= {Style.ITALIC} if _ITALIC_STYLE.search(css) else set()
        return look if styles == look.styles else _Look(styles, look.link)

    def _flush(self) -> None:
        if not self._run.waiting:
            return
        for spans in self._run.take():
            self._emit(Paragraph(spans))

    def _emit(self, block: Block, *, away: bool = False) -> None:
        self._pieces.append(Piece(block, self._node, self._suspects, away))

    def _adopt(self, pieces: Iterable[Piece]) -> None:
        """Emit pieces that were read from inside of the current element."""
        if not self._suspects:
            self._pieces += pieces
            return
        for piece in pieces:
            suspects = self._suspects + piece.suspects
            self._pieces.append(Piece(piece.block, piece.node, suspects, piece.away))

    def _inside(self, node: Node, look: _Look, *, whole: bool = False) -> list[Piece]:
        """The pieces in an element that becomes part of one block; boilerplate stays out.

        Args:
            node: the element whose content is read.
            look: what applies around it.
            whole: read the element itself rather than what is in it.
        """
        walker = _Walker(self._base_url, self._taken)
        pieces = walker.read_whole(node, look) if whole else walker.read(node, look)
        return [
            piece
            for piece in pieces
            if not any(level is Suspicion.STRONG for _, level in piece.suspects)
        ]

    def _spans(self, node: Node, look: _Look = _Look()) -> Spans:
        """An element's running text on one line per paragraph."""
        return join_lines(parted(self._inside(node, look))[0])

    def _block(self, node: Node, tag: str, look: _Look, level: Suspicion) -> None:
        self._flush()
        before = self._node, self._suspects
        self._node = node
        if level:
            self._suspects += ((node, level),)
        if is_quote(node):
            self._quote(node, look)
        elif tag in _HEADINGS:
            self._heading(node, tag, look)
        elif tag in {"ul", "ol"}:
            self._list(node, tag, look)
        elif tag == "figure" and node.find(".//figure") is None:
            self._figure(node, look)
        elif tag == "table" and is_data_table(node):
            self._table(node, look)
        elif tag == "pre":
            self._preformatted(node)
        elif tag == "hr":
            self._emit(Divider())
        elif tag in {"noscript", "button"}:  # a picture's plain form, or one that opens larger
            for image in node.iter(*PICTURE_TAGS):
                self._picture(image, look)
        else:
            self._children(node, self._look(node, tag, look))
        self._flush()
        self._node, self._suspects = before

    def _heading(self, node: Node, tag: str, look: _Look) -> None:
        texts, others = parted(self._inside(node, look))
        if spans := join_lines(texts):
            self._emit(Heading(spans, int(tag[1])))
        self._adopt(others)

    def _quote(self, node: Node, look: _Look) -> None:
        name = speaker_of(node)
        attribution: Spans = ()
        if name is not None:
            attribution = without_dash(self._spans(name, look))
            self._taken.add(name)
        texts, others = parted(self._inside(node, look))
        if not attribution:
            rest, attribution = split_attribution(texts)
            texts = list(rest)
        if texts:
            self._emit(Quote(tuple(texts), attribution))
        self._adopt(others)

    def _list(self, node: Node, tag: str, look: _Look) -> None:
        groups = [self._inside(child, look, whole=True) for child in node]
        pieces = [piece for group in groups for piece in group]
        if any(isinstance(piece.block, Heading | Table | Quote) for piece in pieces):
            self._adopt(pieces)  # the list only places parts of the page
            return
        if items := list_items(groups):
            self._emit(List(tuple(items), tag == "ol", _start(node)))
        self._adopt(piece for piece in pieces if isinstance(piece.block, Image | Preformatted))

    def _table(self, node: Node, look: _Look) -> None:
        others: list[Piece] = []

        def read(cell: Node) -> Spans:
            texts, rest = parted(self._inside(cell, look))
            others.extend(rest)
            return join_lines(texts)

        if (table := read_table(node, read)) is not None:
            self._emit(table)
        self._adopt(others)

    def _preformatted(self, node: Node) -> None:
        parts: list[str] = []
        for part in node.iter():
            if tag_of(part) == "br":
                parts.append("\n")
            elif part.text:
                parts.append(part.text)
            if part is not node and part.tail:
                parts.append(part.tail)
        if text := clean_lines("".join(parts)):
            self._emit(Preformatted(text))

    def _figure(self, node: Node, look: _Look) -> None:
        captions = {
            inner: None  # in the page's order
            for inner in node.iterdescendants()
            if is_caption(inner)
        }
        outer = [inner for inner in captions if inner.getparent() not in captions]
        lines = [spans for inner in outer if (spans := self._spans(inner, look))]
        self._taken.update(captions)
        beside = node.getnext()
        if not lines and beside is not None and is_caption(beside):
            lines = [self._spans(beside)]
            self._taken.add(beside)
        pieces = self._inside(node, look)
        images = once(pieces)
        texts, _ = parted(pieces)
        if images and sum(len(plain(spans)) for spans in texts) <= _LONGEST_CREDIT:
            lines += [spans for spans in texts if spans not in lines]
            pieces = images
        caption = join_lines(lines)
        last = next((at for at in reversed(range(len(pieces))) if takes_caption(pieces[at])), None)
        if caption and last is not None:
            pieces[last] = replace(pieces[last], block=captioned(pieces[last].block, caption))
        self._adopt(pieces)

    def _picture(self, image: Node, look: _Look) -> None:
        url = picture_url(image, self._base_url)
        if url is None:
            if class_words(image) & EMOJI_WORDS:
                self._run.text(attribute(image, "alt")[:_LONGEST_EMOJI], look.styles, look.link)
            return
        caption: Spans = ()
        if (node := picture_caption(image)) is not None and node not in self._taken:
            caption = self._spans(node)
            self._taken.add(node)
        self._flush()
        link = resolve_link(look.link, self._base_url) if look.link else None
        away = link is not None and leaves_site(link, self._base_url)
        self._emit(Image(url, caption, picture_alt(image)), away=away)


def _is_background(node: Node, tag: str) -> bool:
    """Whether an empty box is filled with a picture by a script when it comes into sight."""
    return (
        tag == "div"
        and len(node) == 0
        and (node.get("data-original") or node.get("data-src")) is not None
        and bool(class_words(node) & _BACKGROUND_WORDS)
    )


def _start(node: Node) -> int:
    value = attribute(node, "start")
    return int(value) if _START.fullmatch(value) else 1
