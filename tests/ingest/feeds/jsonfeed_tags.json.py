from bot.model import Entry, Feed

EXPECTED = Feed(
    title="Harbour notes",
    language=None,
    entries=(
        Entry(
            guid="1",
            url="https://news.example.org/clock",
            title="The clock runs again",
            lead="",
            published=None,
            updated=None,
            image=None,
            content="",
            categories=("Town", "Oddities"),
        ),
        Entry(
            guid="2",
            url="https://news.example.org/tide",
            title="High tide",
            lead="",
            published=None,
            updated=None,
            image=None,
            content="",
        ),
    ),
)
