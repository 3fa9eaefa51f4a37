"""Articles on a terminal: many as a table, one as it would be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from rich import box
from rich.console import Console, Group, RenderableType
from rich.constrain import Constrain
from rich.panel import Panel
from rich.rule import Rule
from rich.style import Style as RichStyle
from rich.table import Table as RichTable
from rich.text import Text

from bot.model import (
    Aside,
    Block,
    Contacts,
    Divider,
    Document,
    Heading,
    Image,
    List,
    NewArticle,
    Paragraph,
    Preformatted,
    Quote,
    Spans,
    Style,
    Table,
)
from bot.read.lines import moment, section_name

_STYLES = {
    Style.BOLD: RichStyle(bold=True),
    Style.ITALIC: RichStyle(italic=True),
    Style.UNDERLINE: RichStyle(underline=True),
    Style.STRIKE: RichStyle(strike=True),
    Style.CODE: RichStyle(color="cyan"),
}
_BULLETS = "•◦▪"
_RULE = 80  # columns
_WIDE = 1_000_000  # columns, where nobody looks: no line is broken


def show(out: Console, what: RenderableType) -> None:
    """Print to a terminal, or in a form that can be searched, compared and cut to where it is none.

    There lines are as long as what they say: nothing is broken, and no spaces fill them up.
    """
    if out.is_terminal:
        out.print(what)
        return
    out.width = _WIDE
    with out.capture() as captured:
        out.print(what)
    out.file.writelines(f"{line.rstrip()}\n" for line in captured.get().splitlines())
    out.file.flush()


def overview(articles: Sequence[NewArticle], zone: ZoneInfo) -> RenderableType:
    """What would be kept of a source, an article a line in the order given, and what to note."""
    shown = RichTable(box=box.SIMPLE_HEAD, pad_edge=False)
    shown.add_column("", justify="right", no_wrap=True, style="dim")
    shown.add_column("Published", no_wrap=True)
    shown.add_column("Section")
    shown.add_column("Title", ratio=1, min_width=16)
    shown.add_column("Chars", justify="right", no_wrap=True)
    shown.add_column("Images", justify="right", no_wrap=True)
    notes: list[Text] = []
    for number, article in enumerate(articles, start=1):
        shown.add_row(
            str(number),
            moment(article.published, zone) if article.published else "—",
            Text(section_name(article.section)),
            Text(article.title or article.url or "untitled"),
            f"{len(article.document.plain_text()):,}",
            str(_pictures(article)),
        )
        if article.fault:
            notes.append(Text(f"{number}: {article.fault}", style="yellow"))
    return Group(shown, *notes)


def whole(article: NewArticle, zone: ZoneInfo) -> RenderableType:
    """An article in full: what is known of it, and its text."""
    facts = RichTable.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    for name, value in (
        ("Address", article.url),
        ("Section", section_name(article.section)),
        ("Authors", ", ".join(article.authors)),
        ("Published", _moment(article.published, zone)),
        ("Updated", _moment(article.updated, zone)),
        ("Language", article.language or ""),
        ("Picture", article.image or ""),
        ("Lead", article.lead),
        ("Note", article.fault),
    ):
        facts.add_row(name, Text(value or "—"))
    title = Text(article.title or "untitled", style="bold")
    return Group(_rule(), title, "", facts, "", *document(article.document))


def document(body: Document) -> Iterator[RenderableType]:
    """The blocks of an article, a blank line after each."""
    for block in body.blocks:
        yield _block(block)
        yield ""


def _moment(when: datetime | None, zone: ZoneInfo) -> str:
    return f"{moment(when, zone)} ({zone.key})" if when else ""


def _rule(style: str = "rule.line") -> RenderableType:
    return Constrain(Rule(style=style), _RULE)


def _block(block: Block) -> RenderableType:  # noqa: PLR0911 - one for each kind
    match block:
        case Paragraph():
            return _text(block.spans)
        case Heading():
            return Text.assemble(f"{'#' * block.level} ", _text(block.spans), style="bold")
        case Quote():
            return _quote(block)
        case List():
            return _list(block)
        case Image():
            return _image(block)
        case Table():
            return _table(block)
        case Preformatted():
            return Panel(Text(block.text), box=box.SQUARE, expand=False)
        case Divider():
            return _rule("dim")
        case Aside():
            return _boxed(block.title or "Note", block.paragraphs)
        case Contacts():
            return _boxed(block.title or "Contacts", block.lines)


def _text(spans: Spans) -> Text:
    text = Text()
    for span in spans:
        style = sum((_STYLES[name] for name in sorted(span.styles)), RichStyle())
        if span.link:
            style += RichStyle(color="blue", underline=True, link=span.link)
        text.append(span.text, style)
    return text


def _quote(quote: Quote) -> RenderableType:
    lines = [_text(spans) for spans in quote.paragraphs]
    if quote.attribution:
        lines.append(Text.assemble("— ", _text(quote.attribution)))
    bar = RichTable.grid(padding=(0, 1))
    bar.add_column(style="dim", no_wrap=True)
    bar.add_column()
    for line in lines:
        bar.add_row("▎", line)
    return bar


def _list(block: List) -> RenderableType:
    grid = RichTable.grid(padding=(0, 1))
    grid.add_column(no_wrap=True, justify="right")
    grid.add_column()
    numbers: list[int] = []
    for item in block.items:
        del numbers[item.depth + 1 :]
        numbers += [block.start - 1] * (item.depth + 1 - len(numbers))
        numbers[item.depth] += 1
        bullet = _BULLETS[min(item.depth, len(_BULLETS) - 1)]
        mark = f"{numbers[item.depth]}." if block.ordered else bullet
        grid.add_row("  " * item.depth + mark, _text(item.spans))
    return grid


def _image(image: Image) -> Text:
    caption = _text(image.caption) if image.caption else Text(image.alt)
    link = RichStyle(dim=True, link=image.url)
    return Text.assemble("[picture] ", caption, " " if caption else "", (image.url, link))


def _table(table: Table) -> RenderableType:
    width = max((len(row) for row in table.rows), default=0)
    title = _text(table.caption) if table.caption else None
    shown = RichTable(box=box.SQUARE, title=title, show_header=table.header, show_lines=True)
    rows = [[_text(cell) for cell in row] + [Text()] * (width - len(row)) for row in table.rows]
    for column in range(width):
        shown.add_column(rows[0][column] if table.header else "")
    for row in rows[1 if table.header else 0 :]:
        shown.add_row(*row)
    return shown


def _boxed(title: str, paragraphs: Sequence[Spans]) -> RenderableType:
    lines = Group(*map(_text, paragraphs))
    return Panel(lines, title=Text(title), title_align="left", expand=False)


def _pictures(article: NewArticle) -> int:
    """The cover and those in the text, each once."""
    inside = {block.url for block in article.document.blocks if isinstance(block, Image)}
    return len(inside | ({article.image} if article.image else set()))
