"""What an administrator is told when something needs a person."""

from __future__ import annotations

from collections.abc import Sequence

from aiogram.filters.callback_data import CallbackData

from bot.i18n import Translator
from bot.model import Button, Screen, Section
from bot.render.text import cut, join
from bot.views.titles import titles

_REASON_CHARS = 500
_ADDRESS_CHARS = 1500
_TITLES = 20
_SCREEN_CHARS = 4000
_SECTIONS = 30
_SECTION_CHARS = 100


class Halted(CallbackData, prefix="h1"):
    """What becomes of a broadcast that was stopped."""

    broadcast: int
    go_on: bool


class HeldNews(CallbackData, prefix="n1"):
    """What becomes of a source's news that are held, up to the newest that was told of."""

    source: int
    up_to: int
    push: bool


def source_failing(url: str, reason: str | None, t: Translator) -> Screen:
    """A source cannot be read."""
    text = t("⚠️ This source cannot be read. I keep trying.")
    return Screen(join("\n\n", [text, url, cut(reason or "", _REASON_CHARS)]))


def source_gone(url: str, t: Translator) -> Screen:
    """A site says that a source is gone for good."""
    text = t(
        "⚠️ The site says that this source is gone for good (410). I keep looking, ever more "
        "rarely. If it has a new address, put that into SOURCES."
    )
    return Screen(join("\n\n", [text, url]))


def source_moved(url: str, target: str, t: Translator) -> Screen:
    """A source has moved to another host, and is read there."""
    text = t(
        "ℹ️ This source has moved for good, the site says. I read it at its new address now. "
        "SOURCES may stay as it is."
    )
    way = join(" →\n", [cut(url, _ADDRESS_CHARS), cut(target, _ADDRESS_CHARS)])
    return Screen(join("\n\n", [text, way]))


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


def picture_refused(article_id: int, reason: str, t: Translator) -> Screen:
    """Telegram does not take an article's picture."""
    text = t(
        "⚠️ Telegram refused the picture of article {number}; it is sent without.",
        number=article_id,
    )
    return Screen(join("\n\n", [text, cut(reason, _REASON_CHARS)]))


def halted(broadcast_id: int, article_id: int, reason: str, t: Translator) -> Screen:
    """A broadcast was stopped, and what can be done about it."""
    text = t(
        "🛑 Sending article {number} was stopped: Telegram refused more than a fifth of the last "
        "200 messages. Nobody was unsubscribed.",
        number=article_id,
    )
    question = t(
        "If this is well, let it go on; what was refused is tried again. If nobody decides, it "
        "ends when the article is too old to be sent."
    )
    why = [cut(reason, _REASON_CHARS)] if reason else []
    return Screen(
        join("\n\n", [text, *why, question]),
        keyboard=(
            (
                Button(t("▶️ Go on"), data=Halted(broadcast=broadcast_id, go_on=True).pack()),
                Button(t("⏹ End it"), data=Halted(broadcast=broadcast_id, go_on=False).pack()),
            ),
        ),
    )


def halt_settled(t: Translator, *, go_on: bool, settled: bool) -> str:
    """What a press says about a broadcast that was stopped."""
    if not settled:
        return t("That was decided already, or the article is too old to be sent by now.")
    if go_on:
        return t("The article goes out again.")
    return t("Nobody else gets this article.")


def not_delivered(article_id: int, reason: str, t: Translator) -> Screen:
    """A reader did not get an article, or nobody knows whether."""
    text = t(
        "⚠️ Article {number} did not reach every reader; /status shows the last errors.",
        number=article_id,
    )
    return Screen(join("\n\n", [text, cut(reason, _REASON_CHARS)]))


def new_sections(sections: Sequence[Section], t: Translator) -> Screen:
    """There are sections that there were not before."""
    text = t.plural(
        "🆕 {number} new section. Readers may choose it now; nobody was subscribed to it.",
        "🆕 {number} new sections. Readers may choose them now; nobody was subscribed to them.",
        len(sections),
    )
    lines = [cut(section.name, _SECTION_CHARS).plain for section in sections[:_SECTIONS]]
    if len(sections) > _SECTIONS:
        lines.append("…")
    hint = t("The setting SECTION_ALIASES renames, merges or hides sections.")
    return Screen(join("\n\n", [text, join("\n", lines), hint]))


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
    return Screen(cut(join("\n\n", [text, source, titles(articles, _TITLES, t)]), _SCREEN_CHARS))


def news_held(
    source: tuple[int, str], articles: Sequence[tuple[int, str]], up_to: int, t: Translator
) -> Screen:
    """Almost all of a feed was new at once, and is not pushed unless somebody says so.

    Args:
        source: its number and address.
        articles: the numbers and titles of what is held.
        up_to: the newest broadcast among it.
        t: the administrator's language.
    """
    number, url = source
    text = t(
        "⏸ Almost everything in this feed is new at once, or these stand below older articles, and "
        "no dates say that they are news: the site may have given old articles new addresses, or "
        "shows more of them than before. I have stored these articles and pushed none of them."
    )
    question = t("You decide. If nobody does, they stay in the lists and are not pushed.")
    body = join("\n\n", [text, url, titles(articles, _TITLES, t), question])

    def button(label: str, *, push: bool) -> Button:
        return Button(label, data=HeldNews(source=number, up_to=up_to, push=push).pack())

    keyboard = (
        (
            button(t("📣 Push them all"), push=True),
            button(t("🗄 Do not push"), push=False),
        ),
    )
    return Screen(cut(body, _SCREEN_CHARS), keyboard=keyboard)


def held_settled(t: Translator, *, push: bool, count: int) -> str:
    """What a press says about news that were held."""
    if not count:
        return t("That was decided already, or the articles are too old to be pushed by now.")
    if push:
        return t("These articles go out.")
    return t("These articles stay in the lists and are not pushed.")
