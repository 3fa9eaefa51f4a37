"""Leads: whole where they were cut short, and of the article rather than of the site."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice

from bot.ingest.markup.cut import is_cut, without_cut
from bot.model import Document, Paragraph

_ENDED = re.compile(r"[.!?…]['\"»“”)\]]*$")
# Where a sentence ends: not after an initial, nor after a usual abbreviation.
_END = re.compile(
    r"(?<!\b[A-ZА-ЯЁ])(?<!\b[гпдт])(?<!\b(?:ул|им|гг|св|др|Mr|Dr|St))(?<!\b(?:тыс|млн|руб|стр|обл|Mrs))"
    r"[.!?…]++['\"»“”)\]]*+(?=\s+['\"«„“(—–A-ZА-ЯЁ0-9]|\s*$)"
)
_BEYOND = 200  # characters after the longest lead, in which no end serves any more
_FIRST = 3  # paragraphs in which the lead's words may stand again
_SHORTEST = 20  # characters of a beginning that is no chance
_STEM = 4  # letters that a telling word has at least, and by which its forms are known as one
_TELLING = 3  # words; of fewer nothing is concluded
_WORD = re.compile(r"\w+")


def whole_lead(lead: str, document: Document, limit: int) -> str:
    """A lead that ends within a sentence, to the sentence's end. Pure.

    Args:
        lead: one line.
        document: the article, one of whose first paragraphs may begin with the lead's words.
        limit: characters; a longer lead is left as it is.
    """
    if len(lead) > limit:
        return lead
    stem = lead
    if is_cut(lead):
        stem = without_cut(lead).rstrip(" ,;:—–-")
    elif _ENDED.search(lead):
        return lead
    stem = " ".join(stem.split())
    if len(stem) < _SHORTEST:
        return lead
    paragraphs = (block for block in document.blocks if isinstance(block, Paragraph))
    for paragraph in islice(paragraphs, _FIRST):
        text = " ".join("".join(span.text for span in paragraph.spans).split())
        text = text[: limit + _BEYOND]
        if text.startswith(stem):
            ends = (end.end() for end in _END.finditer(text) if end.end() >= len(stem))
            end = next(ends, len(text))
            return text[:end] if end <= limit else lead
    return lead


def lead_of_article(leads: Iterable[str], title: str, text: str, site: str) -> str:
    """The first lead that speaks of the article, not of the site as on all its pages. Pure.

    Args:
        leads: what the page offers.
        title: the article's.
        text: the article's.
        site: the site's name, whose words prove nothing.
    """
    said = (_stems(title) | _stems(text)) - _stems(site)
    return next((lead for lead in leads if _stems(lead) & said or len(_stems(lead)) < _TELLING), "")


def _stems(text: str) -> set[str]:
    return {word[:_STEM] for word in _WORD.findall(text.casefold()) if len(word) >= _STEM}
