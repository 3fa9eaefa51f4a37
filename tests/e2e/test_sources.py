"""Sources that misbehave, and many entries at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sandbox.newsroom import Newsroom
from sandbox.process import FIRST_READ, BotProcess
from sandbox.telegram import Person, Telegram
from tests.e2e.conftest import Start


async def subscribe(person: Person, bot: BotProcess) -> None:
    await bot.logs(FIRST_READ)
    await person.say("/subscribe")
    choices = await person.sees("Оставайтесь на связи", timeout=20)
    await person.press(choices, "Подписаться на всё")
    await person.sees("активирована")


async def is_asked_again(newsroom: Newsroom) -> None:
    seen = len(newsroom.requests)
    await newsroom.wait_for(lambda requests: len(requests) > seen, timeout=20)


async def test_a_feed_that_breaks_and_recovers_loses_nothing_and_stops_no_other(
    start: Start, telegram: Telegram, newsroom: Newsroom
) -> None:
    anna = telegram.person("Анна")
    async with (
        Newsroom() as other,
        start(SOURCES=f"Первый={newsroom.feed_url()}, Второй={other.feed_url()}") as bot,
    ):
        await bot.logs_when(
            lambda line: line["event"] == FIRST_READ and other.url in line["source"]
        )
        await subscribe(anna, bot)
        for fault in (500, "garbage", "reset"):
            newsroom.break_feed(fault)
            await is_asked_again(newsroom)
            missed = newsroom.publish(title=f"Пропущенная при {fault}", paragraphs=["Текст."])
            healthy = other.publish(title=f"Здоровая при {fault}", paragraphs=["Текст."])
            await anna.sees(healthy.title, timeout=20)
            newsroom.mend_feed()
            await anna.sees(missed.title, timeout=30)
        titles = [f"Пропущенная при {fault}" for fault in (500, "garbage", "reset")]
        assert [telegram.ledger.copies(title) for title in titles] == [{anna.id: 1}] * 3
        assert await bot.stop() == 0


async def test_30_entries_at_once_all_arrive_once_and_in_order(
    start: Start, telegram: Telegram, newsroom: Newsroom
) -> None:
    readers = [telegram.person("Анна"), telegram.person("Борис")]
    async with start() as bot:
        for reader in readers:
            await subscribe(reader, bot)
        published = newsroom.publish_many(30)
        assert len(newsroom.shown()) >= 30
        await telegram.ledger.wait_for(
            lambda: (
                telegram.ledger.sent >= len(readers) * len(published)
                and all(telegram.ledger.copies(a.title).total() >= 2 for a in published)
            ),
            timeout=90,
        )
        for article in published:
            assert telegram.ledger.copies(article.title) == {reader.id: 1 for reader in readers}
        for reader in readers:
            received = [m.text for m in reader.messages if m.own]
            places = [
                next(i for i, text in enumerate(received) if article.title in text)
                for article in published
            ]
            assert places == sorted(places)


async def test_odd_dates_and_a_missing_page_stop_nothing(
    start: Start, telegram: Telegram, newsroom: Newsroom
) -> None:
    anna = telegram.person("Анна")
    async with start() as bot:
        await subscribe(anna, bot)
        future = datetime.now(UTC) + timedelta(days=2000)
        past = datetime.now(UTC) - timedelta(days=2000)
        newsroom.publish(title="Из будущего", paragraphs=["Текст."], published=future)
        newsroom.publish(title="Из прошлого", paragraphs=["Текст."], published=past)
        newsroom.publish(title="Без даты", paragraphs=["Текст."], dated=False)
        lost = newsroom.publish(title="Без страницы", lead="Только лид.", paragraphs=["Текст."])
        newsroom.break_page(lost, 404)
        for title in ("Из будущего", "Из прошлого", "Без даты", "Без страницы"):
            await anna.sees(title, timeout=20)
        later = newsroom.publish(title="После всех", paragraphs=["Текст."])
        await anna.sees(later.title, timeout=20)
        await anna.say("/news")
        news = await anna.sees("Нажмите на заголовок")
        assert "После всех" in news.buttons[0][0].label
