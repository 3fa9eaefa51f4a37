"""Subscriptions: the sections whose new articles come to a reader."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from aiogram.filters.callback_data import CallbackData

from bot.i18n import Translator
from bot.model import Button, EntityKind, Screen, SectionChoice
from bot.render.text import cut, join, styled
from bot.views.news import NewsList, with_row
from bot.views.paging import MAX_CHOICES, paging_row

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LABEL_CHARS = 50


class Choices(CallbackData, prefix="sl1"):
    """The list of sections, at a page."""

    page: int = 0


class Toggle(CallbackData, prefix="st1"):
    """Subscribe to a section, or end it."""

    section: int
    on: bool
    page: int = 0


class ToggleAll(CallbackData, prefix="sa1"):
    """Subscribe to every section, or end all."""

    on: bool


class Undo(CallbackData, prefix="su1"):
    """Take back what ended at this moment (microseconds since 1970 UTC)."""

    at: int

    @property
    def ended_at(self) -> datetime:
        """The moment."""
        return _EPOCH + timedelta(microseconds=self.at)


def choices(sections: Sequence[SectionChoice], here: Choices, t: Translator) -> Screen:
    """Every section with its state, each toggled by a tap; those below another follow it."""
    title = styled(t("Stay in touch"), EntityKind.BOLD)
    if not sections:
        empty = t("There is nothing to subscribe to yet: the news is still being loaded.")
        return Screen(join("\n\n", [title, empty]))
    count = sum(choice.subscribed for choice in sections)
    if count == 0:
        state = t("Choose the sections you want. New articles will come to this chat.")
    else:
        state = t.plural(
            "Thank you for your interest. Your subscription is active: {number} section.",
            "Thank you for your interest. Your subscription is active: {number} sections.",
            count,
        )
    along = t("☑️ comes with the section above it.") if _some_inherited(sections) else ""
    rows = [
        (_toggle(choice, here.page),)
        for choice in sections[here.page * MAX_CHOICES :][:MAX_CHOICES]
    ]
    turns = paging_row(here.page, len(sections), lambda page: Choices(page=page))
    ends = (
        Button(t("Subscribe to all"), data=ToggleAll(on=True).pack()),
        Button(t("Unsubscribe from all"), data=ToggleAll(on=False).pack()),
    )
    return Screen(
        join("\n\n", [title, state, along]), keyboard=(*with_row(rows, turns), ends, _news_row(t))
    )


def unsubscribed(count: int, at: datetime, t: Translator) -> Screen:
    """All subscriptions have ended, which can be undone; or there were none."""
    if count == 0:
        return Screen(
            join("", [t("You have no subscriptions.")]),
            keyboard=((Button(t("🔔 Subscribe"), data=Choices().pack()),),),
        )
    text = t("You are unsubscribed: you will get no more messages. The news stays here.")
    undo = Undo(at=(at - _EPOCH) // timedelta(microseconds=1))
    return Screen(
        join("", [text]),
        keyboard=((Button(t("↩️ Undo"), data=undo.pack()),), _news_row(t)),
    )


def saved(choice: Toggle | ToggleAll, t: Translator) -> str:
    """What a tap says when it was saved."""
    match choice:
        case ToggleAll(on=True):
            return t("You are subscribed to all current sections.")
        case ToggleAll():
            return t("You are unsubscribed from everything.")
        case Toggle(on=True):
            return t("You are subscribed.")
        case Toggle():
            return t("You are unsubscribed.")


def not_saved(t: Translator) -> str:
    """What is told when saving failed."""
    return t(
        "Unfortunately something went wrong while your subscription was being saved. Nothing is "
        "lost and nothing has changed. Please try again a little later."
    )


def _some_inherited(sections: Sequence[SectionChoice]) -> bool:
    return any(choice.inherited for choice in sections)


def _toggle(choice: SectionChoice, page: int) -> Button:
    """A section's button; one below another says so, and whether it comes with that."""
    mark = "✅" if choice.subscribed else "▫️"
    if choice.inherited:
        mark = "☑️"
    below = "" if choice.section.parent is None else "↳ "
    data = Toggle(section=choice.section.id, on=not choice.subscribed, page=page)
    title = cut(choice.section.title, _LABEL_CHARS).plain
    return Button(f"{below}{mark} {title}", data=data.pack())


def _news_row(t: Translator) -> tuple[Button, ...]:
    return (Button(t("📰 News"), data=NewsList().pack()),)
