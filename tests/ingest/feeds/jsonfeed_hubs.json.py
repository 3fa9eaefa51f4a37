from bot.model import Feed

EXPECTED = Feed(
    title="Вестник Заречья",
    language=None,
    entries=(),
    hub="https://hub.example.org/",
    own_url="https://news.example.org/feed.json",
)
