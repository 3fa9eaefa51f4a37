"""First words, help, the language, and the short notices in between."""

from __future__ import annotations

from collections.abc import Sequence

from aiogram.filters.callback_data import CallbackData

from bot.i18n import Translator
from bot.model import Button, EntityKind, Screen
from bot.render.text import concat, join, styled
from bot.views.news import NewsList
from bot.views.subscriptions import Choices


class ChooseLanguage(CallbackData, prefix="l1"):
    """Speak this language from now on."""

    locale: str


def commands(t: Translator) -> list[tuple[str, str]]:
    """The command menu: names and descriptions."""
    return [
        ("news", t("Recent news")),
        ("subscribe", t("Subscribe to news")),
        ("unsubscribe", t("Unsubscribe")),
        ("language", t("Choose the language")),
        ("help", t("What I can do")),
    ]


def admin_commands(t: Translator) -> list[tuple[str, str]]:
    """The command menu of an administrator."""
    return [
        *commands(t),
        ("status", t("How things stand")),
        ("withdraw", t("Withdraw an article")),
        ("restore", t("Restore an article")),
    ]


def description(name: str, t: Translator) -> str:
    """What an empty chat says of the bot; at most 512 characters."""
    return t(
        "{name} brings the news of its site to Telegram. Read articles right here, or subscribe to "
        "get new ones as soon as they are out.",
        name=name,
    )[:512]


def short_description(name: str, t: Translator) -> str:
    """What the bot's profile says; at most 120 characters."""
    return t("{name}: the news of the site, to read and to get", name=name)[:120]


def start(name: str, t: Translator) -> Screen:
    """Who we are and what one can do."""
    greeting = t("Hello! This is {name}.", name=name)
    offer = t(
        "Here you can read our news as soon as it is out: open an article, turn its pages, and "
        "pick up where you left off. Subscribe, and new articles will come to you by themselves."
    )
    return Screen(join("\n\n", [styled(greeting, EntityKind.BOLD), offer]), keyboard=_doors(t))


def help_text(t: Translator) -> Screen:
    """What the commands do."""
    lines = [f"/{name} – {text}" for name, text in commands(t)]
    return Screen(
        join("\n\n", [styled(t("What I can do"), EntityKind.BOLD), join("\n", lines)]),
        keyboard=_doors(t),
    )


def unknown(t: Translator) -> Screen:
    """The answer to a command or a text that means nothing to us."""
    return Screen(
        concat(
            t("I did not understand that. Try /news for the news, or /help to see what I can do.")
        ),
        keyboard=_doors(t),
    )


def languages(translators: Sequence[Translator], t: Translator) -> Screen:
    """The languages to choose from, each by its own name."""
    return Screen(
        concat(t("Which language shall I speak?")),
        keyboard=tuple(
            (
                Button(
                    f"{'✅ ' if other.locale == t.locale else ''}{other.language}",
                    data=ChooseLanguage(locale=other.locale).pack(),
                ),
            )
            for other in translators
        ),
    )


def apology(t: Translator) -> Screen:
    """Something broke on our side."""
    return Screen(concat(t("Something went wrong on our side. Please try again a little later.")))


def outdated(t: Translator) -> str:
    """A press on a button that an older version made."""
    return t("This button is out of date. Please open /news again.")


def article_gone(t: Translator) -> str:
    """A press on a button of an article that is not there any more."""
    return t("This article is not available any more.")


def too_fast(t: Translator) -> str:
    """Somebody sends more than a person can."""
    return t("Not so fast, please. Try again in a few seconds.")


def only_administrators(t: Translator) -> str:
    """In a group not everybody may change what comes to all."""
    return t("In a group only its administrators can change this.")


def page_of(page: int, pages: int, t: Translator) -> str:
    """Where one is in an article."""
    return t("Page {page} of {pages}", page=page, pages=pages)


def _doors(t: Translator) -> tuple[tuple[Button, ...], ...]:
    return (
        (
            Button(t("📰 News"), data=NewsList().pack()),
            Button(t("🔔 Subscribe"), data=Choices().pack()),
        ),
    )
