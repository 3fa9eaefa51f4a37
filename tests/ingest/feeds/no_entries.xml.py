from bot.model import Feed

EXPECTED = Feed(
    title="Пока пусто",
    language=None,
    entries=(),
)
