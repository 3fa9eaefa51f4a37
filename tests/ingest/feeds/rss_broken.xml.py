from bot.model import Entry, Feed

EXPECTED = Feed(
    title="Заречье",
    language=None,
    entries=(
        Entry(
            guid=None,
            url="https://news.example.org/1",
            title="5 < 6 и",
            lead="",
            published=None,
            updated=None,
            image=None,
            content="",
        ),
        Entry(
            guid=None,
            url="https://news.example.org/2",
            title="Вторая новость",
            lead="",
            published=None,
            updated=None,
            image=None,
            content="",
        ),
    ),
)
