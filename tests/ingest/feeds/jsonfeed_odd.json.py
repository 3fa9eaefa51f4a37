from bot.model import Entry, Feed

EXPECTED = Feed(
    title="",
    language=None,
    entries=(
        Entry(
            guid="42",
            url="https://news.example.org/42",
            title="",
            lead="",
            published=None,
            updated=None,
            image=None,
            content="",
        ),
        Entry(
            guid=None,
            url=None,
            title="Without a way to know it",
            lead="Only a summary",
            published=None,
            updated=None,
            image=None,
            content="<p>Only a summary</p>",
        ),
        Entry(
            guid=None,
            url="https://news.example.org/43",
            title="Half of an emoji",
            lead="",
            published=None,
            updated=None,
            image=None,
            content="",
        ),
    ),
)
