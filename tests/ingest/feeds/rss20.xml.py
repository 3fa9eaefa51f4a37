from datetime import datetime

from bot.model import Entry, Feed

EXPECTED = Feed(
    title="Вестник Заречья",
    language="ru-RU",
    entries=(
        Entry(
            guid="news-101",
            url="https://news.example.org/news/101?utm_source=rss",
            title="Через Тихую открыли мост",
            lead="Строили его четыре года.",
            published=datetime.fromisoformat("2026-11-23T08:30:00+03:00"),
            updated=None,
            image="https://news.example.org/i/101.jpg",
            content="<p>Строили его четыре года.</p><p>Первыми прошли школьники.</p>",
            categories=("Город",),
            authors=("Анна Полевая",),
        ),
        Entry(
            guid="https://news.example.org/news/100",
            url="https://news.example.org/news/100",
            title="В библиотеке прошёл вечер чтения",
            lead="Читали вслух восемь часов — без перерыва.",
            published=datetime.fromisoformat("2026-11-22T19:05:00+00:00"),
            updated=None,
            image=None,
            content="Читали вслух <i>восемь</i> часов &mdash; без перерыва.",
        ),
    ),
    own_url="https://news.example.org/feeds/all.xml",
)
