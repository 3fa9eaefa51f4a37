"""A push: what a subscriber sees of a new article."""

from __future__ import annotations

from dataclasses import replace

from aiogram.filters.callback_data import CallbackData

from bot.i18n import Translator
from bot.model import Article, Button, EntityKind, Form, Keyboard, Screen
from bot.render.text import cut, join, plain_text, styled
from bot.views.article import corrected, open_and_share
from bot.views.news import NewsList, read_article

_TITLE_CHARS = 500
_LEAD_CHARS = 800
_SECTION_CHARS = 200
_BUTTON_CHARS = 40  # of a section's title on a button


class Mute(CallbackData, prefix="m1"):
    """No (or again) news of the section of this article."""

    article: int
    muted: bool


def push(article: Article, t: Translator, *, muted: bool = False) -> Screen:
    """Picture, section, title, lead, and what can be done with them.

    Where these were corrected, it says so and when: the day too, unless the article is of that day.
    """
    body = join(
        "\n\n",
        [
            cut(article.section.name, _SECTION_CHARS),
            styled(cut(article.title or t("Untitled"), _TITLE_CHARS), EntityKind.BOLD),
            cut(article.lead, _LEAD_CHARS),
            _correction(article, t),
        ],
    )
    return Screen(body, image=article.image, keyboard=push_keyboard(article, t, muted=muted))


def plain_push(article: Article, t: Translator, *, muted: bool = False) -> Screen:
    """The same with nothing in it that Telegram could refuse: for when it refused the full form."""
    return Screen(
        plain_text(join("\n\n", [push(article, t).body, article.url])),
        keyboard=((_read(article, t),), (_mute(article, t, muted=muted),)),
    )


def push_in(form: Form, article: Article, t: Translator, *, muted: bool = False) -> Screen:
    """A push in the form that Telegram takes."""
    match form:
        case Form.FULL:
            return push(article, t, muted=muted)
        case Form.BARE:
            return push(replace(article, image=None), t, muted=muted)
        case Form.PLAIN:
            return plain_push(article, t, muted=muted)


def push_keyboard(article: Article, t: Translator, *, muted: bool) -> Keyboard:
    """The buttons under a push, with its section muted or not."""
    rows = ((_read(article, t),), open_and_share(article, t), (_mute(article, t, muted=muted),))
    return tuple(row for row in rows if row)


def mute_saved(article: Article, t: Translator, *, muted: bool) -> str:
    """What a press says when the section of a push was muted, or is not any more."""
    section = cut(article.section.title, _BUTTON_CHARS).plain
    if muted:
        return t("New articles of “{section}” will not come any more.", section=section)
    return t("New articles of “{section}” will come again.", section=section)


def _correction(article: Article, t: Translator) -> str:
    if article.push_corrected_at is None:
        return ""  # nothing, or only the text behind it
    mark = corrected(article.push_corrected_at, article.sorted_at, t)
    return f"✏️ {mark}"


def _read(article: Article, t: Translator) -> Button:
    return Button(t("📖 Read"), data=read_article(article.id, NewsList()).pack())


def _mute(article: Article, t: Translator, *, muted: bool) -> Button:
    section = cut(article.section.title, _BUTTON_CHARS).plain
    label = (
        t("🔔 Unmute “{section}”", section=section)
        if muted
        else t("🔕 Mute “{section}”", section=section)
    )
    return Button(label, data=Mute(article=article.id, muted=not muted).pack())
