"""How what was read is told in lines: its section and moments, and an article for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.model import NewArticle, dump_document


def section_name(path: Sequence[str]) -> str:
    """The path of a section as SOURCES and SECTION_ALIASES take it, such as ``News: Members``."""
    return ": ".join(path)


def moment(when: datetime, zone: ZoneInfo) -> str:
    """A moment in a zone, to the minute, such as ``2026-11-23 08:30``."""
    return f"{when.astimezone(zone):%Y-%m-%d %H:%M}"


def as_json(article: NewArticle) -> str:
    """One line of JSON; ``blocks`` are as a ``Document`` has them, moments as ISO 8601 with offset.

    Keys: url, title, lead, section, authors, published, updated, image, language, blocks.
    """
    return json.dumps(
        {
            "url": article.url or None,
            "title": article.title,
            "lead": article.lead,
            "section": section_name(article.section) or None,
            "authors": list(article.authors),
            "published": article.published.isoformat() if article.published else None,
            "updated": article.updated.isoformat() if article.updated else None,
            "image": article.image,
            "language": article.language,
            "blocks": json.loads(dump_document(article.document))["blocks"],
        },
        ensure_ascii=False,
    )
