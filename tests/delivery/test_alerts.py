"""What administrators are told of articles that wait for their decision."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update

from bot.delivery.alerts import Alerts
from bot.i18n import load_translators
from bot.storage import revisions
from bot.storage.checks import held_articles
from bot.storage.database import Database
from bot.storage.schema import article
from bot.telegram.session import make_bot
from sandbox.telegram import Telegram
from tests.storage.rows import add_article


async def test_articles_that_are_held_are_told_once_and_again_when_there_are_more(
    database: Database, now: datetime
) -> None:
    async with database.write() as connection:
        numbers = [await add_article(connection, now, key, title=f"Статья {key}") for key in "abc"]

    async def hold(*held: int) -> None:
        async with database.write() as connection:
            await connection.execute(
                update(article).where(article.c.id.in_(held)).values(gone=2, check_at=now)
            )
        await look()

    async def look() -> None:
        async with database.read() as connection:
            held = await held_articles(connection)
        await alerts._articles_held(held)

    async with Telegram() as tg:
        editor = tg.person("Редактор", started=True)
        bot = make_bot(tg.token, tg.url)
        alerts = Alerts(database, bot, [editor.id], load_translators("ru", "UTC")["ru"])
        await look()
        assert editor.messages == []
        await hold(numbers[0], numbers[1])
        await look()
        (told,) = editor.messages
        assert f"{numbers[0]} · Статья a" in told.text
        assert "https://news.example/feed" in told.text
        assert "/withdraw" in told.text
        await hold(numbers[2])
        assert len(editor.messages) == 2
        async with database.write() as connection:
            await revisions.reinstate_article(connection, numbers[0], by_hand=True)
        await look()
        assert len(editor.messages) == 2
        await bot.session.close()
        assert tg.violations == []
