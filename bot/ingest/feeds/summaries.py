"""The lead that a feed's summary gives, without what the site's software puts below it."""

from __future__ import annotations

import re

from bot.ingest.markup.cut import without_cut
from bot.ingest.markup.fields import one_line, plain_text
from bot.ingest.markup.vocabulary import is_service_line

_MOST_PARAGRAPHS = 30  # that are looked at singly
_LONGEST_END = 700  # characters at the end that a footer may take
_LONGEST_TAG = 1000
_PARTS = re.compile(
    rf"</?(?:p|div|ul|ol|li|h[1-6]|blockquote|section|article|tr|table)(?:\s[^<>]{{0,{_LONGEST_TAG}}})?/?>"
    rf"|(?:<br\s{{0,5}}/?>\s{{0,20}}){{2,9}}",
    re.IGNORECASE,
)
# WordPress names in each entry where it appeared first, in the language of the site.
_FOOTER = re.compile(
    r"(?:^|(?<=\s))(?:(?:Сообщение|Запись|Публикация)\s.{1,300}?\s"
    r"(?:впервые\s+появил|появил(?:ись|ось|ась)\s+сначала)|The\s+post\s.{1,300}?\s"
    r"(?:appeared\s+first|first\s+appeared)\s+on\b).{0,200}$"
)
_MORE = re.compile(
    r"(?:^|(?<=[\s.!?…»”\]]))[«<\[(]?\s?"
    r"(?:Читать\s(?:далее|дальше|полностью|ещ[её]|статью|новость|весь\sтекст)|Подробнее|Далее"
    r"|Continue\s[Rr]eading|Read\s(?:[Mm]ore|[Oo]n|the\s(?:full|rest)))(?!\w)"
)
# What follows "read on" there: nothing or an arrow, or the article's title and an arrow.
_ARROW = re.compile(r"(?:.{0,200}\s)?[→»›>]+\s?|[\s.:…)\]-]*")
_AFTER_CUT = re.compile(
    r"(?:\[\s?)?(?:…|\.\.\.)(?:\s?\])?\s{0,3}(?:читать|подробнее|далее|read|more|continue)\b.{0,200}$",
    re.IGNORECASE,
)


def lead_from(markup: str) -> str:
    """The summary of an entry as one plain line: its paragraphs without those of the site.

    "Read more" and where the entry appeared first go; that a text is cut stays to be seen.

    Args:
        markup: the summary as HTML.
    """
    parts = _PARTS.split(markup, _MOST_PARAGRAPHS)
    lines = [line for part in parts if part.strip() and (line := plain_text(part))]
    story = [text for line in lines if (text := without_tail(line))]
    told = [line for line in story if not is_service_line(line, 0)]
    return one_line(" ".join(told or story))


def without_tail(text: str) -> str:
    """One line of a lead without a closing "read more" and the like."""
    head, end = text[:-_LONGEST_END], text[-_LONGEST_END:]
    end = _FOOTER.sub("", end).rstrip()
    end = _AFTER_CUT.sub("…", end).rstrip()
    for more in _MORE.finditer(end):
        if _ARROW.fullmatch(end, more.end()):
            end = end[: more.start()].rstrip()
            break
    stem = without_cut(end)
    if end[len(stem) :] not in {"", "…", "..."}:  # which may be the author's own
        end = f"{stem}…" if stem else ""
    return f"{head}{end}".strip() if end.strip(" ….") else head.strip()
