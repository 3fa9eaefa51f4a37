"""Pages: an article of 60,000 characters rendered and cut, beside slicing its text blindly."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # for when it is run by its path

from benchmarks._common import show
from bot.model import (
    Document,
    EntityKind,
    Heading,
    Image,
    List,
    ListItem,
    Paragraph,
    Quote,
    Span,
    Style,
    Text,
)
from bot.render.document import Labels, render
from bot.render.pages import pages
from bot.render.text import styled

CHARACTERS = 60_000
PAGE_CHARS = 1800
SECONDS = 5.0
BLINK = 0.1  # seconds; an answer that takes no longer seems to come at once
_LIMIT = 4096

_SENTENCE = "Набережную откроют в субботу: её строили два года, и жители помогали советом. "
_PART = (
    Heading((Span("Что изменится для жителей"),)),
    Paragraph((Span(_SENTENCE * 4),)),
    Paragraph(
        (
            Span(_SENTENCE),
            Span("Подробности на сайте", link="https://news.example/naberezhnaya"),
            Span(". " + _SENTENCE * 3),
            Span("Вход свободный", frozenset({Style.BOLD})),
            Span(". " + _SENTENCE),
        )
    ),
    Quote(((Span(_SENTENCE * 2),),), (Span("Анна Иванова, архитектор"),)),
    List(tuple(ListItem((Span(_SENTENCE),)) for _ in range(4))),
    Image("https://news.example/media/naberezhnaya.png", (Span("Набережная утром"),)),
)


def article() -> Document:
    """A long article with all that articles have."""
    blocks: list[Heading | Paragraph | Quote | List | Image] = []
    size = 0
    part = len(Document(_PART).plain_text())
    while size < CHARACTERS:
        blocks += _PART
        size += part
    return Document(tuple(blocks))


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds that it takes, once it is warm."""
    work()
    times = 0
    start = time.process_time()
    while time.process_time() - start < SECONDS:
        work()
        times += 1
    return (time.process_time() - start) / times


def main() -> None:
    """Measure and print the table."""
    document = article()
    header = styled("Набережная откроется в субботу", EntityKind.BOLD)
    labels = Labels(picture="Иллюстрация")

    def ours() -> tuple[Text, ...]:
        return pages(render(document, labels), size=PAGE_CHARS, header=header, running=header)

    def naive() -> list[str]:
        text = document.plain_text()
        return [text[i : i + _LIMIT] for i in range(0, len(text), _LIMIT)]

    taken, slicing = seconds(ours), seconds(naive)
    made = ours()
    show(
        f"Pages: {len(document.plain_text()):,} characters in {len(document.blocks)} blocks",
        [
            (
                f"render and cut into {len(made)} pages",
                f"{taken * 1000:.1f} ms",
                f"slicing {slicing * 1000:.3f} ms",
                f"{taken / slicing:.0f}x",
            ),
            (
                "  beside what seems to come at once",
                f"{taken * 1000:.1f} ms",
                f"limit {BLINK * 1000:.0f} ms",
                f"{taken / BLINK:.2f}x",
            ),
        ],
    )


if __name__ == "__main__":
    main()
