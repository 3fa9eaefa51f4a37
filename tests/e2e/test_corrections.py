"""What an editor corrects and takes down on the site, followed into the chats."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import update

from bot.storage.database import Database
from bot.storage.schema import article as table
from sandbox.newsroom import Article, Newsroom
from sandbox.process import FIRST_READ, BotProcess
from sandbox.telegram import FloodRules, Person, RealClock, Request, Telegram
from tests.e2e.conftest import Start
from tests.e2e.test_recovery import prime

MARK = re.compile(r"\n\n✏️ Исправлено в \d{1,2}:\d\d$")
HOURS = 3600.0


@pytest.fixture
def clock() -> RealClock:
    """Telegram's own; the bot's process has another."""
    return RealClock()


@pytest.fixture
async def telegram(clock: RealClock) -> AsyncIterator[Telegram]:
    async with Telegram(clock=clock) as emulator:
        yield emulator
        assert emulator.violations == []


async def subscribe(person: Person, bot: BotProcess) -> None:
    await bot.logs(FIRST_READ)
    await person.say("/subscribe")
    choices = await person.sees("Оставайтесь на связи", timeout=20)
    await person.press(choices, "Подписаться на всё")
    await person.sees("активирована")


async def test_a_correction_reaches_the_push_and_whoever_reads_it(
    start: Start, telegram: Telegram, newsroom: Newsroom
) -> None:
    anna, boris, vera = (telegram.person(name) for name in ("Анна", "Борис", "Вера"))
    async with start() as bot:
        for person in (anna, boris, vera):
            await subscribe(person, bot)
        article = newsroom.publish(
            title="Пост на выставке", lead="Завтра.", paragraphs=["Вход свободный."]
        )
        pushed = {person: await person.sees(article.title, timeout=20) for person in (anna, boris)}
        elsewhere = await vera.sees(article.title)
        await boris.press(pushed[boris], "Читать")
        await boris.sees("Вход свободный.")
        await vera.press(elsewhere, "Читать")
        read = await vera.sees("Вход свободный.")
        await vera.press(read, "К списку")
        listed = await vera.sees("Нажмите на заголовок")
        for person in (anna, boris, vera):
            person.mark()

        newsroom.correct(
            article, title="Мост на выставке", body_html="<p>Вход по билетам музея.</p>"
        )
        amended = await anna.sees("Мост на выставке", timeout=20)
        assert amended.id == pushed[anna].id
        assert MARK.search(amended.text)
        assert amended.image == article.image
        assert amended.labels == pushed[anna].labels
        # Who reads it in the place of the push goes on reading.
        page = await boris.sees("Вход по билетам музея.", timeout=20)
        assert page.id == pushed[boris].id
        assert "Исправлено" in page.text
        assert "« К списку" in page.labels
        # Who went on to something else is left there.
        await bot.logs("messages amended")
        assert vera.message(listed.id).text == listed.text
        await vera.press(listed, article.title)
        await vera.sees("Вход по билетам музея.")
        assert telegram.ledger.copies("на выставке").total() == 3
        assert await bot.stop() == 0


async def test_a_withdrawn_article_disappears_from_chats_and_lists(
    start: Start, telegram: Telegram, newsroom: Newsroom
) -> None:
    anna, boris = telegram.person("Анна"), telegram.person("Борис")
    async with start() as bot:
        for person in (anna, boris):
            await subscribe(person, bot)
        article = newsroom.publish(title="Ошибочная новость", paragraphs=["Неправда."])
        pushed = await anna.sees(article.title, timeout=20)
        await boris.sees(article.title)
        await boris.say("/news")
        listed = await boris.sees("Нажмите на заголовок")

        newsroom.withdraw(article)
        await telegram.ledger.wait_for(
            lambda: all(
                article.title not in person.transcript().split("Нажмите")[0]
                for person in (anna, boris)
            ),
            timeout=30,
        )
        assert pushed.id not in [message.id for message in anna.messages]
        await boris.press(listed, article.title)
        await boris.sees("Эта статья снята с публикации издателем.")
        await anna.say("/news")
        news = await anna.sees("Нажмите на заголовок")
        assert article.title not in str(news.labels)
        assert await bot.stop() == 0


async def test_what_telegram_deletes_no_more_says_that_it_was_withdrawn(
    start: Start, telegram: Telegram, newsroom: Newsroom, clock: RealClock
) -> None:
    anna = telegram.person("Анна")
    async with start() as bot:
        await subscribe(anna, bot)
        article = newsroom.publish(title="Старая ошибка", paragraphs=["Неправда."])
        pushed = await anna.sees(article.title, timeout=20)
        clock.advance(49 * HOURS)
        newsroom.withdraw(article)
        edited = await anna.sees("снята с публикации", timeout=30)
        assert edited.id == pushed.id
        assert edited.labels == ()
        assert edited.image is None
        assert article.title not in edited.text
        assert await bot.stop() == 0


async def test_an_edit_of_which_the_feed_says_nothing_reaches_the_push(
    start: Start, telegram: Telegram, newsroom: Newsroom, tmp_path: Path
) -> None:
    anna = telegram.person("Анна")
    async with start() as bot:
        await subscribe(anna, bot)
        article = newsroom.publish(
            title="Мост открыт", lead="Проезд бесплатнй.", paragraphs=["Вход свободный."]
        )
        pushed = await anna.sees(article.title, timeout=20)
        assert await bot.stop() == 0

    async def look_now() -> None:
        """What ten minutes would bring about."""
        path = f"sqlite:///{tmp_path / 'data' / 'vestnik.db'}"
        async with Database.open(path) as database, database.write() as connection:
            await connection.execute(
                update(table)
                .where(table.c.check_at.is_not(None))
                .values(check_at=datetime.now(UTC))
            )

    newsroom.correct(article, lead="Проезд бесплатный.", silently=True)
    await look_now()
    async with start() as bot:
        mended = await anna.sees("Проезд бесплатный.", timeout=20)
        assert mended.id == pushed.id
        assert "Исправлено" not in mended.text  # a misprint
        assert await bot.stop() == 0
    newsroom.correct(article, title="Мост закрыт", silently=True)
    await look_now()
    async with start() as bot:
        amended = await anna.sees("Мост закрыт", timeout=20)
        assert amended.id == pushed.id
        assert MARK.search(amended.text)
        assert amended.labels == pushed.labels
        assert await bot.stop() == 0
    assert telegram.ledger.copies("Мост").total() == 1


async def test_an_administrator_withdraws_and_restores_by_hand(
    start: Start, telegram: Telegram, newsroom: Newsroom
) -> None:
    anna, editor = telegram.person("Анна"), telegram.person("Редактор", started=True)
    async with start(ADMIN_IDS=str(editor.id)) as bot:
        await subscribe(anna, bot)
        article = newsroom.publish(title="Спорная новость", paragraphs=["Так ли это?"])
        pushed = await anna.sees(article.title, timeout=20)
        await editor.say(f"/withdraw {article.url}?utm_source=chat")
        question = await editor.sees("Снять эту статью", timeout=20)
        assert article.title in question.text
        assert "Сообщений с ней: 1." in question.text
        await editor.press(question, "Снять")
        await editor.sees("Статья снята.")
        await telegram.ledger.wait_for(
            lambda: pushed.id not in [message.id for message in anna.messages], timeout=20
        )
        await editor.say("/restore 999999")
        await editor.sees("Я не знаю статьи")
        await editor.say(f"/restore {article.url}")
        question = await editor.sees("Вернуть эту статью?")
        await editor.press(question, "Вернуть")
        await editor.sees("Статья возвращена.")
        await anna.say("/news")
        news = await anna.sees("Нажмите на заголовок")
        assert article.title in str(news.labels)
        assert telegram.ledger.copies(article.title)[anna.id] == 1
        assert await bot.stop() == 0


async def test_a_storm_of_edits_delays_no_news(
    start: Start, newsroom: Newsroom, tmp_path: Path
) -> None:
    """Each read of the site brings one more correction to everybody, and then an article."""
    readers = 60
    async with Telegram(flood=FloodRules(overall_per_second=30)) as telegram:
        ledger = telegram.ledger
        persons = telegram.persons(readers)
        settings = {"BOT_TOKEN": telegram.token, "BOT_API_URL": telegram.url, "SEND_RATE": "25"}
        await prime(lambda: start(**settings), tmp_path / "data" / "vestnik.db", persons)
        async with start(**settings) as bot:
            article = newsroom.publish(title="Версия", paragraphs=["Текст."])
            await ledger.wait_for(lambda: len(ledger.copies("Версия")) == readers, timeout=40)
            storm = asyncio.create_task(_correct_at_each_read(newsroom, article))
            try:
                await ledger.wait_for(
                    lambda: len(ledger.calls("editMessageText")) > readers, timeout=30
                )
                newsroom.publish(title="Срочная новость", paragraphs=["Текст."])
                await ledger.wait_for(
                    lambda: len(ledger.copies("Срочная новость")) == readers, timeout=40
                )
            finally:
                storm.cancel()
                await asyncio.wait([storm])
            asked = list(ledger.requests)
            news = [n for n, each in enumerate(asked) if _says(each, "Срочная новость")]
            edits = [n for n, each in enumerate(asked) if each.method == "editMessageText"]
            assert any(n > news[0] - 10 for n in edits if n < news[0]), "the storm was over"
            # At most those that were let through in the moments in which no push was ready.
            assert len([n for n in edits if news[0] < n < news[-1]]) <= readers // 10
            newest = newsroom.correct(article, title="Последняя версия")
            await ledger.wait_for(
                lambda: all(newest.title in person.transcript() for person in persons), timeout=60
            )
            assert await bot.stop() == 0
        assert telegram.violations == []
        assert ledger.refused[429] == 0


def _says(request: Request, text: str) -> bool:
    return request.method == "sendMessage" and text in str(request.params.get("text"))


async def _correct_at_each_read(newsroom: Newsroom, article: Article) -> None:
    for number in count(1):
        read = len(newsroom.requests)
        newsroom.correct(article, title=f"Версия {number}")
        await _feed_is_read(newsroom, after=read)


async def _feed_is_read(newsroom: Newsroom, *, after: int) -> None:
    """Wait for a request of a feed beyond so many requests."""
    await newsroom.wait_for(
        lambda requests: any("feed" in each.path for each in list(requests)[after:]), timeout=60
    )
