"""What sections are called on nearly every site, so that it can be no article's title."""

from __future__ import annotations

from collections.abc import Collection

from bot.ingest.markup.dom import words

_FEW = 2  # words of a name such as "News of ministry"
_NEWS = frozenset({"новости", "news"})
_USUAL = frozenset(
    {
        *("новость", "все новости", "лента новостей", "последние новости", "главные новости"),
        *("пресс центр", "пресс служба", "пресс релизы", "пресс релиз", "прессцентр", "пресса"),
        *("события", "мероприятия", "анонсы", "объявления", "статьи", "публикации", "материалы"),
        *("блог", "медиа", "медиацентр", "сми о нас", "новости и события", "новости и анонсы"),
        *("latest news", "all news", "press", "press center", "press centre", "press releases"),
        *("press release", "media", "events", "articles", "blog", "publications", "newsroom"),
        *("news and events", "announcements"),
    }
)


def is_section(name: str, told: Collection[str] = ()) -> bool:
    """Whether a heading, or a part of a title, is the name of a section. Pure.

    Args:
        name: the heading.
        told: sections that the page names itself.
    """
    said = words(name)
    if not said:
        return False
    if " ".join(said) in _USUAL or any(said == words(other) for other in told):
        return True
    return said[0] in _NEWS and len(said) <= _FEW
