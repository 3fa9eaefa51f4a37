"""Articles named for an administrator: one a line, the number to type first."""

from __future__ import annotations

from collections.abc import Sequence

from bot.i18n import Translator
from bot.model import Text
from bot.render.text import cut, join

_TITLE_CHARS = 100


def titles(articles: Sequence[tuple[int, str]], most: int, t: Translator) -> Text:
    """``most`` articles of ``articles`` (numbers and titles), and a sign that there are more."""
    untitled = t("Untitled")
    lines = [
        f"{number} · {cut(title or untitled, _TITLE_CHARS).plain}"
        for number, title in articles[:most]
    ]
    if len(articles) > most:
        lines.append("…")
    return join("\n", lines)
