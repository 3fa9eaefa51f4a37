from datetime import UTC, datetime

from bot.model import Entry, Feed

EXPECTED = Feed(
    title="News",
    language="en",
    entries=(
        Entry(
            guid=None,
            url="https://gorod.example.org/stories/bridge-opens",
            title="New bridge across the Calm River opens",
            lead="What happened in town number 0 and who saw it.",
            published=None,
            updated=None,
            image=None,
            content="<p>What happened in town number 0 and who saw it.</p>",
            date_hint=datetime(2026, 11, 28, 0, 0, tzinfo=UTC),
        ),
        Entry(
            guid=None,
            url="https://gorod.example.org/stories/library-reopens",
            title="City library reopens after repairs",
            lead="What happened in town number 1 and who saw it.",
            published=None,
            updated=None,
            image=None,
            content="<p>What happened in town number 1 and who saw it.</p>",
            date_hint=datetime(2026, 11, 27, 0, 0, tzinfo=UTC),
        ),
        Entry(
            guid=None,
            url="https://gorod.example.org/stories/craft-fair-draws",
            title="Craft fair in Meadowtown draws a hundred makers",
            lead="What happened in town number 2 and who saw it.",
            published=None,
            updated=None,
            image=None,
            content="<p>What happened in town number 2 and who saw it.</p>",
            date_hint=datetime(2026, 11, 26, 0, 0, tzinfo=UTC),
        ),
        Entry(
            guid=None,
            url="https://gorod.example.org/stories/school-bus",
            title="Village school gets a new bus for its pupils",
            lead="What happened in town number 3 and who saw it.",
            published=None,
            updated=None,
            image=None,
            content="<p>What happened in town number 3 and who saw it.</p>",
            date_hint=datetime(2026, 11, 25, 0, 0, tzinfo=UTC),
        ),
    ),
)
