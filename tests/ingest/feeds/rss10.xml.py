from datetime import datetime

from bot.model import Entry, Feed

EXPECTED = Feed(
    title="Вестник Заречья",
    language="ru",
    entries=(
        Entry(
            guid="https://news.example.org/news/7",
            url="https://news.example.org/news/7",
            title="Парк закрыт до весны",
            lead="Дорожки переложат.",
            published=datetime.fromisoformat("2026-11-20T12:00:00+03:00"),
            updated=None,
            image=None,
            content="Дорожки переложат.",
        ),
    ),
)
