from datetime import datetime

from bot.model import Entry, Feed

EXPECTED = Feed(
    title="Riverside & Hills",
    language="en-GB",
    entries=(
        Entry(
            guid="tag:example.org,2026:5",
            url="https://cdn.example.org/en/news/5",
            title="How to use <b> and &amp;",
            lead="A <short> guide.",
            published=datetime.fromisoformat("2026-11-22T10:00:00.500000-05:00"),
            updated=datetime.fromisoformat("2026-11-23T01:00:00+01:00"),
            image=None,
            content="<p>Write <code>&lt;b&gt;</code> &amp; close it.</p>",
        ),
        Entry(
            guid="https://news.example.org/id/4",
            url="https://news.example.org/news/4",
            title="A quiet day",
            lead="",
            published=None,
            updated=datetime.fromisoformat("2026-11-21T23:30:00+03:00"),
            image=None,
            content="<p>First line.</p><p>Second &lt;line&gt;.</p>",
        ),
    ),
    own_url="https://news.example.org/feeds/all.xml",
)
