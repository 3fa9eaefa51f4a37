from bot.model import Entry, Feed

EXPECTED = Feed(
    title="Q&A",
    language=None,
    entries=(
        Entry(
            guid="a&b",
            url="https://news.example.org/?id=1&section=2&copy=3",
            title="Q&A: «Мост & река» &copy",
            lead="R&D 😊",
            published=None,
            updated=None,
            image=None,
            content='<a href="/?a=1&b=2">R&D</a> 😊',
        ),
        Entry(
            guid=None,
            url="https://news.example.org/?id=2&section=2",
            title="Эмодзи 😊 и мусор",
            lead="",
            published=None,
            updated=None,
            image=None,
            content="",
        ),
    ),
)
