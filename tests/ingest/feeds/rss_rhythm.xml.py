from bot.model import Feed, Rhythm

EXPECTED = Feed(
    title="Вестник Заречья",
    language=None,
    entries=(),
    rhythm=Rhythm(pause=5400, skip_hours=frozenset({0, 5}), skip_days=frozenset({5, 6})),
    hub="https://hub.example.org/",
    own_url="https://news.example.org/feeds/all.xml",
)
