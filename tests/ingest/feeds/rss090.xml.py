from bot.model import Entry, Feed

EXPECTED = Feed(
    title="Riverside Gazette",
    language=None,
    entries=(
        Entry(
            guid=None,
            url="https://news.example.org/news/1",
            title="New bridge opens",
            lead="",
            published=None,
            updated=None,
            image=None,
            content="",
        ),
    ),
)
