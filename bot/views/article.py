"""An article in pages."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote

from aiogram.filters.callback_data import CallbackData

from bot.i18n import Translator
from bot.model import Article, Button, EntityKind, Screen
from bot.render.document import Labels, render
from bot.render.pages import pages
from bot.render.text import cut, join, styled
from bot.views.news import NewsList, read_article

_RUNNING_TITLE_CHARS = 100


class PageNumber(CallbackData, prefix="p1"):
    """The button of the first page that only says where one is."""

    page: int
    pages: int


def article_page(
    article: Article, page: int, origin: NewsList, t: Translator, page_chars: int
) -> tuple[Screen, int]:
    """A page of an article and the page it turned out to be.

    Args:
        article: what is read.
        page: counted from 0; one past the end gives the last.
        origin: the list to go back to.
        t: the reader's language.
        page_chars: the size aimed at, 200 to 3500 code points.
    """
    title = article.title or t("Untitled")
    bold = styled(title, EntityKind.BOLD)
    published = article.published or article.sorted_at
    when = t.date(published)
    if article.corrected_at is not None:
        when = f"{when} · {corrected(article.corrected_at, published, t)}"
    header = join("\n\n", [article.section.name, join("\n", [bold, when])])
    texts = pages(
        render(article.document, Labels(picture=t("Picture"))),
        size=page_chars,
        header=header,
        running=styled(cut(title, _RUNNING_TITLE_CHARS), EntityKind.BOLD),
        lead=join("", [article.lead]),
    )
    page = max(0, min(page, len(texts) - 1))
    rows = [
        _turns(article.id, page, len(texts), origin),
        open_and_share(article, t),
        _way_back(origin, t),
    ]
    screen = Screen(
        texts[page],
        image=article.image if page == 0 else None,
        keyboard=tuple(row for row in rows if row),
    )
    return screen, page


def corrected(at: datetime, published: datetime, t: Translator) -> str:
    """That an article was corrected: at which time and, unless it is of that day, on which day."""
    if t.same_day(at, published):
        return t("Corrected at {time}", time=t.time(at))
    return t("Corrected on {date} at {time}", date=t.date(at), time=t.time(at))


def withdrawn(t: Translator, origin: NewsList | None = None) -> Screen:
    """In the place of an article that was withdrawn, with the way back to where one comes from."""
    text = t("🗑 This article was withdrawn by the publisher.")
    rows = () if origin is None else (_way_back(origin, t),)
    return Screen(join("", [text]), keyboard=rows)


def open_and_share(article: Article, t: Translator) -> tuple[Button, ...]:
    """Buttons to the article on the site, and to Telegram's own way of passing it on.

    None where a feed gave the article no address.
    """
    if not article.url:
        return ()
    return (
        Button(t("🌐 On the site"), url=article.url),
        Button(t("↗️ Share"), url=_share_url(article)),
    )


def _turns(article_id: int, page: int, count: int, origin: NewsList) -> tuple[Button, ...]:
    if count == 1:
        return ()
    here: CallbackData = PageNumber(page=1, pages=count)
    if page > 0:
        here = read_article(article_id, origin, 0)  # the way back to the beginning
    row = [Button(f"{page + 1}/{count}", data=here.pack())]
    if page > 0:
        row.insert(0, Button("‹", data=read_article(article_id, origin, page - 1).pack()))
    if page < count - 1:
        row.append(Button("›", data=read_article(article_id, origin, page + 1).pack()))
    return tuple(row)


def _way_back(origin: NewsList, t: Translator) -> tuple[Button, ...]:
    return (Button(t("« Back to the list"), data=origin.pack()),)


def _share_url(article: Article) -> str:
    """https://core.telegram.org/widgets/share."""
    title = cut(article.title, 200).plain
    return f"https://t.me/share/url?url={quote(article.url, safe='')}&text={quote(title, safe='')}"
