"""The newest articles of sitemaps that list all pages of a site."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from bot.ingest.about.article_address import looks_like_article
from bot.model import Feed

MOST_ENTRIES = 200
_FEW = 3  # articles by their addresses from which on other pages are left out
_OLDEST = datetime.min.replace(tzinfo=UTC)


def newest_articles(feeds: Sequence[Feed]) -> Feed:
    """The 200 addresses that changed last of all that sitemaps name, newest first.

    Those that do not look like an article's are left out where some do.
    """
    entries = [entry for feed in feeds for entry in feed.entries]
    articles = [entry for entry in entries if entry.url and looks_like_article(entry.url)]
    chosen = articles if len(articles) >= _FEW else entries
    chosen.sort(key=lambda entry: entry.updated or _OLDEST, reverse=True)
    title = next((feed.title for feed in feeds if feed.title), "")
    code = next((feed.language for feed in feeds if feed.language), None)
    return Feed(title, code, tuple(chosen[:MOST_ENTRIES]))
