"""What an administrator sees who takes an article back, or puts it there again."""

from __future__ import annotations

from enum import StrEnum

from aiogram.filters.callback_data import CallbackData

from bot.i18n import Translator
from bot.model import Article, Button, EntityKind, Screen, Text
from bot.render.text import cut, join, styled

_TITLE_CHARS = 500
_SECTION_CHARS = 200


class Deed(StrEnum):
    """What is to become of the article."""

    WITHDRAW = "w"
    RESTORE = "r"


class Decide(CallbackData, prefix="w1"):
    """Do it, or (``sure`` is false) leave everything as it is."""

    article: int
    deed: Deed
    sure: bool


def ask(article: Article, deed: Deed, messages: int, t: Translator) -> Screen:
    """The article, how many messages it concerns, and whether that is really meant.

    Args:
        article: what is to be withdrawn or restored.
        deed: which.
        messages: how many pushes of it were sent or are about to be.
        t: the administrator's language.
    """
    if deed is Deed.WITHDRAW:
        question = t("Withdraw this article?")
        meaning = t(
            "It leaves the lists and comes to nobody any more. Messages with it: {number}. They "
            "are deleted or, where Telegram does not allow that any more, edited to say so.",
            number=messages,
        )
        label = t("Withdraw")
    else:
        question = t("Restore this article?")
        meaning = t("It can be read again. It is not pushed again.")
        label = t("Restore")
    yes, no = (Decide(article=article.id, deed=deed, sure=sure).pack() for sure in (True, False))
    return Screen(
        join("\n\n", [question, _named(article, t), meaning]),
        keyboard=((Button(label, data=yes), Button(t("Cancel"), data=no)),),
    )


def done(article: Article, deed: Deed, t: Translator) -> Screen:
    """It was withdrawn, or restored."""
    if deed is Deed.WITHDRAW:
        text = t("🗑 Withdrawn. The messages with it are being taken back.")
    else:
        text = t("✅ Restored.")
    return Screen(join("\n\n", [text, _named(article, t)]))


def left(article: Article, t: Translator) -> Screen:
    """Nothing was done."""
    return Screen(join("\n\n", [t("Nothing has changed."), _named(article, t)]))


def already(article: Article, deed: Deed, t: Translator) -> Screen:
    """There is nothing to be done."""
    if deed is Deed.WITHDRAW:
        text = t("This article is withdrawn already.")
    else:
        text = t("This article is not withdrawn, and will not be because of its page.")
    return Screen(join("\n\n", [text, _named(article, t)]))


def usage(deed: Deed, t: Translator) -> Screen:
    """How the command is meant."""
    name = "/withdraw" if deed is Deed.WITHDRAW else "/restore"
    return Screen(
        join(
            "\n\n",
            [
                t("Which article? Send its address on the site, or its number:"),
                f"{name} https://example.org/news/1",
            ],
        )
    )


def not_found(t: Translator) -> Screen:
    """There is no such article."""
    return Screen(join("", [t("I know no article with this address or number.")]))


def _named(article: Article, t: Translator) -> Text:
    title = styled(cut(article.title or t("Untitled"), _TITLE_CHARS), EntityKind.BOLD)
    section = cut(article.section.name, _SECTION_CHARS).plain
    return join("\n", [title, f"{article.id} · {section}", article.url])
