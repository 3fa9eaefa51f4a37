from datetime import UTC, datetime, timedelta, timezone

from bot.model import Entry, Feed

MSK = timezone(timedelta(hours=3))

EXPECTED = Feed(
    title="Новости",
    language="ru",
    entries=(
        Entry(
            guid=None,
            url="https://gorod.example.org/news/novyj-most-cherez-tihuyu",
            title="Через реку Тихую открыли новый мост",
            lead="Мост строили четыре года, и первыми по нему прошли школьники города.",
            published=datetime(2026, 11, 28, 14, 5, tzinfo=MSK),
            updated=None,
            image="https://gorod.example.org/i/0.jpg",
            content="<p>Мост строили четыре года, и первыми по нему прошли школьники города.</p>",
            date_hint=None,
        ),
        Entry(
            guid=None,
            url="https://gorod.example.org/news/biblioteka-posle-remonta",
            title="Городская библиотека открылась после ремонта",
            lead="В читальном зале теперь шестьдесят мест и тихая комната для занятий.",
            published=datetime(2026, 11, 27, 10, 0, tzinfo=MSK),
            updated=None,
            image="https://gorod.example.org/i/1.jpg",
            content="<p>В читальном зале теперь шестьдесят мест и тихая комната для занятий.</p>",
            date_hint=None,
        ),
        Entry(
            guid=None,
            url="https://gorod.example.org/news/yarmarka-remesel-v-lugovom",
            title="Ярмарка ремёсел в Луговом собрала сто мастеров",
            lead="Гости приехали из трёх соседних районов и увезли почти все корзины.",
            published=datetime(2026, 11, 26, 18, 30, tzinfo=MSK),
            updated=None,
            image="https://gorod.example.org/i/2.jpg",
            content="<p>Гости приехали из трёх соседних районов и увезли почти все корзины.</p>",
            date_hint=None,
        ),
        Entry(
            guid=None,
            url="https://gorod.example.org/news/shkola-poluchila-avtobus",
            title="Школа в посёлке Дальнем получила новый автобус",
            lead="",
            published=None,
            updated=None,
            image=None,
            content="",
            date_hint=datetime(2026, 11, 25, 0, 0, tzinfo=UTC),
        ),
        Entry(
            guid=None,
            url="https://gorod.example.org/news/otkryta-zapis-v-kruzhki",
            title="Открыта запись в кружки Дома творчества",
            lead="",
            published=None,
            updated=None,
            image=None,
            content="",
            date_hint=datetime(2026, 11, 24, 0, 0, tzinfo=UTC),
        ),
    ),
)
