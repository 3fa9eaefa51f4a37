"""What an administrator is told when something needs a person."""

from __future__ import annotations

from collections.abc import Sequence

from bot.i18n import Translator
from bot.model import Screen
from bot.render.text import cut, join

_REASON_CHARS = 500
_TITLE_CHARS = 100
_TITLES = 20


def source_failing(url: str, reason: str | None, t: Translator) -> Screen:
    """A source cannot be read."""
    text = t("⚠️ This source cannot be read. I keep trying.")
    return Screen(join("\n\n", [text, url, cut(reason or "", _REASON_CHARS)]))


def source_recovered(url: str, t: Translator) -> Screen:
    """It can be read again."""
    return Screen(join("\n\n", [t("✅ This source can be read again."), url]))


def rendering_refused(article_id: int, reason: str, t: Translator) -> Screen:
    """Telegram does not take an article as we made it."""
    text = t(
        "⚠️ Telegram refused the formatting of article {number}; it is sent as plain text.",
        number=article_id,
    )
    return Screen(join("\n\n", [text, cut(reason, _REASON_CHARS)]))


def not_delivered(article_id: int, reason: str, t: Translator) -> Screen:
    """A reader did not get an article, or nobody knows whether."""
    text = t(
        "⚠️ Article {number} did not reach every reader; /status shows the last errors.",
        number=article_id,
    )
    return Screen(join("\n\n", [text, cut(reason, _REASON_CHARS)]))


def articles_held(source: str, articles: Sequence[tuple[int, str]], t: Translator) -> Screen:
    """Too many articles of a source are gone at once for all of them to be withdrawn unasked.

    Args:
        source: its address.
        articles: their numbers and titles.
        t: the administrator's language.
    """
    text = t(
        "⚠️ These pages are gone, and too many others of the site do not open: it may be an outage "
        "or a new site. I have withdrawn nothing. You decide: /withdraw or /restore with the "
        "number."
    )
    lines = [
        f"{number} · {cut(title or t('Untitled'), _TITLE_CHARS).plain}"
        for number, title in articles[:_TITLES]
    ]
    if len(articles) > _TITLES:
        lines.append("…")
    return Screen(join("\n\n", [text, source, join("\n", lines)]))
