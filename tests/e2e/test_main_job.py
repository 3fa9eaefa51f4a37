"""What a reader does, from the first word to the first push, with nothing replaced."""

from __future__ import annotations

from sandbox.newsroom import Newsroom
from sandbox.process import FIRST_READ
from sandbox.telegram import MessageView, Person, Telegram
from tests.e2e.conftest import Start, tells


async def turn(person: Person, page: MessageView) -> MessageView:
    await person.press(page, "›")
    return await person.sees(lambda seen: seen.text != page.text)


async def test_reads_the_site_shows_the_news_and_pushes_the_next_article(
    start: Start, telegram: Telegram, newsroom: Newsroom
) -> None:
    anna = telegram.person("Анна")
    feeds = "\n".join(f"{title}={newsroom.feed_url(s)}" for s, title in newsroom.sections.items())
    async with start(SOURCES=feeds, anew=True) as bot:
        for slug in newsroom.sections:
            await bot.logs_when(tells(FIRST_READ, source=newsroom.feed_url(slug)))

        await anna.say("/start")
        greeting = await anna.sees("Здравствуйте", timeout=45)
        await anna.press(greeting, "Новости")
        news = await anna.sees("Нажмите на заголовок")
        newest = newsroom.articles()[0]
        await anna.press(news, newest.title[:10])
        article = await anna.sees(newest.title)
        assert article.id == greeting.id
        assert article.image == newest.image

        await anna.say("/subscribe")
        choices = await anna.sees("Оставайтесь на связи")
        answer = await anna.press(choices, newsroom.sections["programma"])
        assert answer.text == "Подписка оформлена."

        published = newsroom.publish(
            title="Открыт набор волонтёров",
            lead="Первая встреча – в субботу.",
            paragraphs=["Приходите с друзьями.", "Инвентарь выдадим на месте."],
            section="programma",
        )
        newsroom.publish(title="Чужой раздел", paragraphs=["Не для Анны."], section="sobytiya")
        pushed = await anna.sees("Открыт набор волонтёров", timeout=45)
        assert pushed.text == (
            "Новости программы\n\nОткрыт набор волонтёров\n\nПервая встреча – в субботу."
        )
        assert pushed.image == published.image
        assert not pushed.silent
        await anna.press(pushed, "Читать")
        read = await anna.sees("Инвентарь выдадим на месте.")
        assert read.id == pushed.id

        second = newsroom.publish(title="Ещё новость", paragraphs=["Да."], section="programma")
        await anna.sees(second.title, timeout=45)
        assert telegram.ledger.copies("Открыт набор волонтёров") == {anna.id: 1}
        assert telegram.ledger.copies("Чужой раздел") == {}
        assert await bot.stop() == 0, bot.text


async def test_the_menu_and_the_descriptions_are_set_in_both_languages(
    start: Start, telegram: Telegram
) -> None:
    async with start():
        await telegram.ledger.wait_for(
            lambda: len(telegram.ledger.calls("setMyShortDescription")) == 3, timeout=45
        )
    commands = {
        language: [command["command"] for command in telegram.bot.commands["default", language]]
        for language in ("", "ru", "en")
    }
    assert set(map(tuple, commands.values())) == {
        ("news", "subscribe", "unsubscribe", "language", "help")
    }
    assert telegram.bot.descriptions.keys() == {"", "ru", "en"}
    assert telegram.bot.descriptions["ru"] != telegram.bot.descriptions["en"]
    assert telegram.bot.descriptions[""] == telegram.bot.descriptions["ru"]


async def test_english_by_telegrams_language_and_russian_by_choice(
    start: Start, telegram: Telegram
) -> None:
    john = telegram.person("John", language="en-GB")
    async with start():
        await john.say("/start")
        await john.sees("Hello! This is", timeout=45)
        await john.say("/language")
        languages = await john.sees("Which language")
        await john.press(languages, "Русский")
        await john.sees("На каком языке")
        await john.say("/help")
        await john.sees("Что я умею")


async def test_an_article_of_60_000_characters_is_read_to_its_end(
    start: Start, telegram: Telegram, newsroom: Newsroom
) -> None:
    sentences = [f"Это предложение номер {number} длинной статьи." for number in range(1, 1501)]
    paragraphs = [" ".join(sentences[i : i + 10]) for i in range(0, len(sentences), 10)]
    assert sum(map(len, paragraphs)) > 60_000
    newsroom.publish(title="Длинная статья", lead="Длинно.", paragraphs=paragraphs)
    anna = telegram.person("Анна")
    async with start() as bot:
        await bot.logs(FIRST_READ)
        await anna.say("/news")
        news = await anna.sees("Нажмите на заголовок", timeout=45)
        await anna.press(news, "Длинная статья")
        page = await anna.sees("Длинная статья")
        texts = [page.text]
        while "›" in page.labels:
            page = await turn(anna, page)
            assert len(page.text) <= 4096
            texts.append(page.text)
        body = "\n".join(texts)
        assert [s for s in sentences if s not in body.replace("\n", " ")] == []
        assert 20 <= len(texts) <= 45
        await anna.say("/news")
        news = await anna.sees("Нажмите на заголовок")
        await anna.press(news, "Длинная статья")
        assert (await anna.sees("Длинная статья")).text == texts[-1]
