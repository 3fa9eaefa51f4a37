"""The main job played through: a newsroom, a Telegram and the real bot, all on this machine.

``python -m sandbox.tour`` needs neither a token nor the internet.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from functools import partial

from sandbox.newsroom import Newsroom
from sandbox.process import FIRST_READ, BotProcess, Line
from sandbox.telegram import MessageView, Person, Telegram

_PATIENCE = 60.0  # seconds; a first start on a slow machine compiles everything it imports

GO_ON = """
That was the real bot: the process that you would run, on a fresh SQLite file, over real sockets.

To go on with a bot of your own:
  1. Ask @BotFather in Telegram for a bot; it gives you a token.
  2. cp .env.example .env, and fill in BOT_TOKEN and SOURCES, the address of your site's feed.
  3. .venv/bin/python -m bot check    shows what would be read, and sends nothing.
  4. .venv/bin/python -m bot          runs it. Write /start to your bot.
"""


async def main() -> None:
    """Play the main job through and print it as a person would see it."""
    with tempfile.TemporaryDirectory(prefix="vestnik-tour-") as folder:
        async with Telegram(name="Город вместе") as telegram, Newsroom() as newsroom:
            tell(
                f"A newsroom publishes at {newsroom.url}, and a Telegram answers at {telegram.url}."
            )
            settings = {
                "BOT_TOKEN": telegram.token,
                "BOT_API_URL": telegram.url,
                "SOURCES": "\n".join(
                    f"{title}={newsroom.feed_url(slug)}"
                    for slug, title in newsroom.sections.items()
                ),
                "POLL_SECONDS": "1",
                "PAGE_PAUSE": "0",
                "DATA_DIR": folder,
                "ALLOW_PRIVATE_ADDRESSES": "true",
                "TIMEZONE": "Asia/Krasnoyarsk",
            }
            async with BotProcess(settings) as bot:
                await start_up(bot, newsroom)
                await play(telegram.person("Анна"), newsroom)
                code = await bot.stop()
            tell(f"SIGTERM: the bot stopped cleanly (exit code {code}).")
            if telegram.violations:
                sys.exit(f"The bot broke Telegram's rules: {telegram.violations}")
    print(GO_ON)


async def start_up(bot: BotProcess, newsroom: Newsroom) -> None:
    """Wait until every feed was read once: what was there before is kept, and pushed to nobody."""
    tell("The bot starts and reads the site for the first time.")
    began = time.monotonic()
    for slug in newsroom.sections:
        await bot.logs_when(partial(_is_first_read, newsroom.feed_url(slug)), timeout=_PATIENCE)
    tell(f"{len(newsroom.articles())} articles are kept, {time.monotonic() - began:.1f} s later.")


def _is_first_read(address: str, line: Line) -> bool:
    return bool(line["event"] == FIRST_READ and line["source"] == address)


async def play(anna: Person, newsroom: Newsroom) -> None:
    """A reader meets the bot, reads, subscribes, is told of the next article, and leaves."""
    tell("Anna opens the bot for the first time.")
    greeting = await say(anna, "/start", "Здравствуйте")
    news = await press(anna, greeting, "📰 Новости", "Нажмите")
    tell("She opens an article that has several pages, and turns one.")
    older = await press(anna, news, "Раньше ›", "Нажмите")
    long = "Пять вопросов человеку"
    article = await press(anna, older if long in str(older.labels) else news, long, long)
    if "›" in article.labels:
        article = await press(anna, article, "›", "")
    tell("She wants to hear of new articles.")
    choices = await say(anna, "/subscribe", "Оставайтесь на связи")
    await press(anna, choices, newsroom.sections["uchastniki"], "активирована")

    tell("The newsroom publishes one more article. Nobody presses anything.")
    anna.mark()
    published = time.monotonic()
    newsroom.publish(
        title="Двор на улице Садовой стал пешеходным",
        lead="Жители сами придумали проект, собрали подписи и посадили первые двенадцать лип.",
        paragraphs=[
            "Ещё весной во дворе стояли машины. Теперь здесь скамейки, клумбы и место для игр.",
            "— Мы просто перестали ждать, что кто-то сделает это за нас, — говорит автор проекта.",
        ],
        section="uchastniki",
    )
    push = await anna.sees("Двор на улице Садовой", timeout=_PATIENCE)
    print(push.render())
    tell(f"The push arrived {time.monotonic() - published:.1f} s after the publication.")
    await press(anna, push, "📖 Читать", "Ещё весной")
    tell("Enough for today.")
    goodbye = await say(anna, "/unsubscribe", "Подписка отменена")
    await press(anna, goodbye, "↩️ Вернуть", "активирована")


async def say(person: Person, text: str, answer: str) -> MessageView:
    """Say something, print it, and print what the bot answers."""
    print((await person.say(text)).render())
    shown = await person.sees(answer, timeout=_PATIENCE)
    print(shown.render())
    return shown


async def press(person: Person, message: MessageView, label: str, shows: str) -> MessageView:
    """Press a button, print what pops up and what the message turns into."""
    print(f"\n   ☝ {person.name} presses [{message.button(label).label}]\n")
    answer = await person.press(message, label)
    if answer.text:
        print(f"   💬 {answer.text}\n")
    shown = await person.sees(shows, timeout=_PATIENCE)
    print(shown.render())
    return shown


def tell(text: str) -> None:
    """Say what happens, between the lines of the conversation."""
    print(f"\n— {text}\n", flush=True)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        sys.exit(130)
