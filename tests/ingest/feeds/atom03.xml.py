from datetime import datetime

from bot.model import Entry, Feed

EXPECTED = Feed(
    title="Old paper",
    language=None,
    entries=(
        Entry(
            guid="tag:example.org,2004:harvest",
            url="https://news.example.org/2004/harvest",
            title="Harvest is in",
            lead="",
            published=datetime.fromisoformat("2004-09-01T10:00:00+02:00"),
            updated=datetime.fromisoformat("2004-09-02T10:00:00+00:00"),
            image=None,
            content="<p>All of it.</p>",
        ),
    ),
)
