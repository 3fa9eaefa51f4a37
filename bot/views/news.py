"""The news list: one button an article, newer and older, and the choice of a section."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from aiogram.filters.callback_data import CallbackData

from bot.i18n import Translator
from bot.model import ArticleCard, Button, EntityKind, Key, Keyboard, Page, Screen, Section
from bot.render.text import cut, join, styled
from bot.views.paging import MAX_CHOICES, paging_row

_LABEL_CHARS = 60


class Towards(StrEnum):
    """On which side of its key a page of the list lies."""

    NEWEST = ""
    OLDER = "o"
    NEWER = "n"


class NewsList(CallbackData, prefix="n1"):
    """A page of the list: of a section (0: of all), older or newer than a key."""

    section: int = 0
    towards: Towards = Towards.NEWEST
    at: int = 0
    id: int = 0

    @property
    def older_than(self) -> Key | None:
        """The key that the page comes after."""
        return Key(self.at, self.id) if self.towards is Towards.OLDER else None

    @property
    def newer_than(self) -> Key | None:
        """The key that the page comes before."""
        return Key(self.at, self.id) if self.towards is Towards.NEWER else None


class ChooseSection(CallbackData, prefix="ns1"):
    """The choice of a section for the list."""

    page: int = 0


class ReadArticle(CallbackData, prefix="a1"):
    """An article at a page (-1: where the reader left it) and the list that it was opened from."""

    article: int
    page: int = -1
    section: int = 0
    towards: Towards = Towards.NEWEST
    at: int = 0
    id: int = 0

    @property
    def origin(self) -> NewsList:
        """The list to go back to."""
        return NewsList(section=self.section, towards=self.towards, at=self.at, id=self.id)


def read_article(article_id: int, origin: NewsList, page: int = -1) -> ReadArticle:
    """The data of a button that opens an article from a list."""
    return ReadArticle(
        article=article_id,
        page=page,
        section=origin.section,
        towards=origin.towards,
        at=origin.at,
        id=origin.id,
    )


def news_list(
    page: Page[ArticleCard],
    here: NewsList,
    sections: Sequence[Section],
    t: Translator,
    now: datetime,
) -> Screen:
    """A page of the news.

    Args:
        page: the articles.
        here: what was asked for; articles lead back to it.
        sections: all sections; with more than one, they can be chosen from.
        t: the reader's language.
        now: the moment, for dates as short as can be.
    """
    chosen = next((s.name for s in sections if s.id == here.section), None)
    rows: list[tuple[Button, ...]] = [
        (Button(_label(card, t, now), data=read_article(card.id, here).pack()),)
        for card in page.items
    ]
    turns = []
    if page.newer is not None:
        turns.append(Button(t("‹ Newer"), data=_list(here, Towards.NEWER, page.newer).pack()))
    if page.older is not None:
        turns.append(Button(t("Older ›"), data=_list(here, Towards.OLDER, page.older).pack()))
    if turns:
        rows.append(tuple(turns))
    if len(sections) > 1:
        rows.append((Button(t("📂 Sections"), data=ChooseSection().pack()),))
    title = styled(t("News"), EntityKind.BOLD)
    if not page.items:
        hint = t("Nothing has been published here yet. New articles will appear here at once.")
    else:
        hint = t("Tap a headline to read.")
    return Screen(
        join("\n\n", [join(" · ", [title, _cut(chosen or "")]), hint]), keyboard=tuple(rows)
    )


def section_choice(sections: Sequence[Section], here: ChooseSection, t: Translator) -> Screen:
    """The sections to choose from."""
    shown = sections[here.page * MAX_CHOICES :][:MAX_CHOICES]
    rows: list[tuple[Button, ...]] = [(Button(t("All news"), data=NewsList().pack()),)]
    rows += [
        (Button(_section_label(section), data=NewsList(section=section.id).pack()),)
        for section in shown
    ]
    turns = paging_row(here.page, len(sections), lambda page: ChooseSection(page=page))
    return Screen(
        join("\n\n", [styled(t("Sections"), EntityKind.BOLD), t("Which news shall I show?")]),
        keyboard=with_row(rows, turns),
    )


def with_row(rows: Sequence[tuple[Button, ...]], last: tuple[Button, ...]) -> Keyboard:
    """A keyboard of these rows; an empty last row is left out."""
    return (*rows, last) if last else tuple(rows)


def _list(here: NewsList, towards: Towards, key: Key) -> NewsList:
    return NewsList(section=here.section, towards=towards, at=key.at, id=key.id)


def _label(card: ArticleCard, t: Translator, now: datetime) -> str:
    date = t.short_date(card.sorted_at, now)
    title = card.title or t("Untitled")  # not inside the braces: Python 3.11 hides it there
    return _cut(f"{date} · {title}")


def _section_label(section: Section) -> str:
    return _cut(section.title if section.parent is None else f"↳ {section.title}")


def _cut(label: str) -> str:
    return cut(" ".join(label.split()), _LABEL_CHARS).plain
