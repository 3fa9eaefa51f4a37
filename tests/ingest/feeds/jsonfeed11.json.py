from datetime import datetime

from bot.model import Entry, Feed

EXPECTED = Feed(
    title="Вестник Заречья",
    language="ru",
    entries=(
        Entry(
            guid="https://news.example.org/news/9",
            url="https://news.example.org/news/9?ref=1",
            title="Каток залили за ночь",
            lead="Кататься можно с утра.",
            published=datetime.fromisoformat("2026-11-23T07:00:00+03:00"),
            updated=datetime.fromisoformat("2026-11-23T08:15:00+03:00"),
            image="https://news.example.org/i/9.webp",
            content="<p>Лёд ровный.</p>",
        ),
        Entry(
            guid="8",
            url="https://other.example.org/a",
            title="",
            lead="",
            published=datetime.fromisoformat("2026-11-22T07:00:00+00:00"),
            updated=None,
            image="https://news.example.org/8.png",
            content="<p>Короткая запись &amp; ссылка.</p><p>Второй абзац<br>и строка.</p>",
        ),
    ),
)
