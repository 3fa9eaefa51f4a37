"""An article as the command gives it to other programs."""

from __future__ import annotations

import json

from bot.model import NewArticle, dump_document


def section_name(article: NewArticle) -> str:
    """The path of its section as people write it, such as ``News: Members``."""
    return ": ".join(article.section)


def as_json(article: NewArticle) -> str:
    """One line of JSON; ``blocks`` are as a ``Document`` has them, moments as ISO 8601 with offset.

    Keys: url, title, lead, section, authors, published, updated, image, language, blocks.
    """
    return json.dumps(
        {
            "url": article.url or None,
            "title": article.title,
            "lead": article.lead,
            "section": section_name(article) or None,
            "authors": list(article.authors),
            "published": article.published.isoformat() if article.published else None,
            "updated": article.updated.isoformat() if article.updated else None,
            "image": article.image,
            "language": article.language,
            "blocks": json.loads(dump_document(article.document))["blocks"],
        },
        ensure_ascii=False,
    )
