from bot.model import Entry, Feed

EXPECTED = Feed(
    title="Вестник Заречья",
    language=None,
    entries=(
        Entry(
            guid=None,
            url="https://news.example.org/1",
            title="«Мост» открыт",
            lead="Коротко о мосте.",
            published=None,
            updated=None,
            image=None,
            content="<p>Мост открыт утром.</p><p>Строили его четыре года — без перерыва.</p>",
        ),
    ),
)
