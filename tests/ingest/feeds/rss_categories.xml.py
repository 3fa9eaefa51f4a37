from bot.model import Entry, Feed

EXPECTED = Feed(
    title="Записки Заречья",
    language=None,
    entries=(
        Entry(
            guid="https://news.example.org/?p=7",
            url="https://news.example.org/fontan",
            title="Фонтан заработал",
            lead="",
            published=None,
            updated=None,
            image=None,
            content="",
            categories=("Новости: Новости участников", "Вопросы & ответы", "Город"),
        ),
        Entry(
            guid="https://news.example.org/?p=8",
            url="https://news.example.org/bez",
            title="Без всего",
            lead="",
            published=None,
            updated=None,
            image=None,
            content="",
        ),
    ),
)
