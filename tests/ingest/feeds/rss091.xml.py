from bot.model import Entry, Feed

EXPECTED = Feed(
    title="Riverside Gazette",
    language="en",
    entries=(
        Entry(
            guid=None,
            url="https://news.example.org/news/1",
            title="New bridge opens",
            lead="It took four years.",
            published=None,
            updated=None,
            image=None,
            content="It took four years.",
        ),
    ),
)
