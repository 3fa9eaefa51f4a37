"""What the site publishes: an article, its section, and the address made from its title."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

SITE_TITLE = "Город вместе"
SITE_ZONE = timezone(timedelta(hours=7))

# Address -> title, in the order of the site's menu.
SECTIONS = {
    "programma": "Новости программы",
    "uchastniki": "Новости участников",
    "sobytiya": "События",
}

_LATIN = str.maketrans("абвгдеёзийклмнопрстуфыэ", "abvgdeeziyklmnoprstufye", "ъь") | str.maketrans(
    {"ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ю": "yu", "я": "ya"}
)
_SLUG_CHARS = 60


@dataclass(frozen=True, slots=True)
class Draft:
    """A text before it is published.

    Attributes:
        body_html: the body as trusted HTML, without the title and the lead.
        section: the address of its section, a key of ``SECTIONS``.
        image: True for a cover of its own, False for none, or a picture's name.
        language: ``ru`` or ``en``.
    """

    title: str
    lead: str
    body_html: str
    section: str
    image: bool | str = True
    language: str = "ru"


@dataclass(frozen=True, slots=True)
class Article:
    """A published text.

    Attributes:
        number: counts what the site has published, from 1.
        url: the absolute address of its page.
        guid: its name in the feeds; stays when title, text or port change.
        section: the address of its section, a key of ``SECTIONS``.
        lead, title: plain text.
        body_html: trusted HTML.
        image: the absolute address of its cover, or None.
        published: in the site's zone, whole seconds; None where the site keeps silent about it.
        corrected: the moment of the last correction, or None.
    """

    number: int
    slug: str
    url: str
    guid: str
    section: str
    title: str
    lead: str
    body_html: str
    image: str | None
    language: str
    published: datetime | None
    corrected: datetime | None = None


def slugify(title: str) -> str:
    """A title in Latin letters, digits and hyphens, at most 60 characters, cut at a word."""
    latin = unicodedata.normalize("NFC", title).lower().translate(_LATIN)
    words = re.findall(r"[a-z0-9]+", latin)
    slug = ""
    for word in words:
        if len(slug) + 1 + len(word) > _SLUG_CHARS:
            break
        slug = f"{slug}-{word}" if slug else word
    return slug or "news"
