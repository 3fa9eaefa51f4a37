from datetime import UTC, datetime

from bot.model import Entry, Feed

EXPECTED = Feed(
    title="Harbour notes",
    language=None,
    entries=(
        Entry(
            guid="tag:news.example.org,2031:1",
            url="https://news.example.org/clock",
            title="The clock runs again",
            lead="",
            published=None,
            updated=datetime(2031, 5, 1, 10, tzinfo=UTC),
            image=None,
            content="",
            categories=("Town and port", "Oddities"),
        ),
    ),
)
