"""What administrators are told of articles and broadcasts that wait for their decision."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from sqlalchemy import update

from bot.delivery.alerts import Alerts
from bot.i18n import load_translators
from bot.model import Delivery, DeliveryState, SourceSpec, Whereabouts
from bot.storage import broadcasts, outbox, revisions, sections, sources
from bot.storage.database import Database
from bot.storage.schema import article, source
from bot.telegram.session import make_bot
from sandbox.telegram import Person, Refusal, Telegram
from tests.storage.rows import add_article, add_broadcast, add_reader


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
        await alerts._look()

    async with Telegram() as tg:
        editor = tg.person("Редактор", started=True)
        bot = make_bot(tg.token, tg.url)
        alerts = Alerts(database, bot, [editor.id], load_translators("ru", "UTC")["ru"])
        await alerts._look()
        assert editor.messages == []
        await hold(numbers[0], numbers[1])
        await alerts._look()
        (told,) = editor.messages
        assert f"{numbers[0]} · Статья a" in told.text
        assert "https://news.example/feed" in told.text
        assert "/withdraw" in told.text
        await hold(numbers[2])
        assert len(editor.messages) == 2
        async with database.write() as connection:
            await revisions.reinstate_article(connection, numbers[0], by_hand=True)
        await alerts._look()
        assert len(editor.messages) == 2
        await bot.session.close()
        assert tg.violations == []


GONE = SourceSpec("https://editor:secret@gone.example/feed")
MOVED = "https://new.example/feed"


async def test_a_source_that_is_gone_is_told_once_and_when_it_is_back(
    database: Database, now: datetime
) -> None:
    async with database.write() as connection:
        await sources.list_sources(connection, [GONE], now)
        (one,) = await sources.due_sources(connection, now)

    async def fails(*, gone: int) -> None:
        async with database.write() as connection:
            await sources.record_failure(connection, one.id, next_at=now, error="410", gone=gone)
        await alerts._look()

    async with telling(database) as (alerts, editor, tg):
        await fails(gone=1)
        assert editor.messages == []
        for number in range(2, 9):  # that it cannot be read besides is not told
            await fails(gone=number)
        (told,) = editor.messages
        assert "410" in told.text
        assert "https://gone.example/feed" in told.text
        async with database.write() as connection:
            await sources.record_read(
                connection, one.id, now=now, next_at=now, etag=None, last_modified=None
            )
        await alerts._look()
        assert "снова читается" in editor.messages[1].text
        await fails(gone=1)
        await fails(gone=2)
        assert editor.messages[2].text == told.text
        assert tg.violations == []


async def test_a_source_that_has_moved_is_told_until_it_reaches_somebody_and_never_again(
    database: Database, now: datetime
) -> None:
    async with database.write() as connection:
        await sources.list_sources(connection, [GONE], now)
        (one,) = await sources.due_sources(connection, now)
        await sources.record_move(connection, one, Whereabouts(MOVED, untold=True))
    async with telling(database) as (alerts, editor, tg):
        tg.faults.add(Refusal(500, "Internal Server Error"), method="sendMessage", times=1)
        await alerts._look()
        assert editor.messages == []
        await alerts._look()
        (told,) = editor.messages
        assert told.text.endswith(f"https://gone.example/feed →\n{MOVED}")
    async with telling(database) as (alerts, editor, tg):  # after a restart
        await alerts._look()
        assert editor.messages == []
        assert tg.violations == []


@asynccontextmanager
async def telling(database: Database) -> AsyncIterator[tuple[Alerts, Person, Telegram]]:
    async with Telegram() as tg:
        editor = tg.person("Редактор", started=True)
        bot = make_bot(tg.token, tg.url)
        yield Alerts(database, bot, [editor.id], load_translators("ru", "UTC")["ru"]), editor, tg
        await bot.session.close()


async def test_new_sections_are_told_in_one_message_until_it_arrives_and_then_no_more(
    database: Database, now: datetime
) -> None:
    async def publish(key: str, *path: str) -> None:
        async with database.write() as connection:
            await add_article(connection, now, key, section=path)
            await connection.execute(update(source).values(primed=primed))

    async with Telegram() as tg:
        editor = tg.person("Редактор", started=True)
        bot = make_bot(tg.token, tg.url)
        t = load_translators("ru", "UTC")["ru"]
        alerts = Alerts(database, bot, [editor.id], t)
        primed = False
        for number in range(1, 8):
            await publish(f"a{number}", "Новости", f"Рубрика {number}")
        await alerts._look()
        assert editor.messages == []  # the first read goes on
        primed = True
        await publish("b", "Спорт")
        tg.faults.add(Refusal(500, "Internal Server Error"), method="sendMessage")
        await alerts._look()
        assert editor.messages == []
        await alerts._look()
        (told,) = editor.messages
        assert told.text.startswith("🆕 8 новых разделов.")
        assert "Новости · Рубрика 7\nСпорт" in told.text
        await publish("c", "Новости")  # it is known as their parent
        await Alerts(database, bot, [editor.id], t)._look()
        assert len(editor.messages) == 1
        await publish("d", "Наука")
        await alerts._look()
        assert "🆕 1 новый раздел." in editor.messages[-1].text
        assert len(editor.messages) == 2
        await bot.session.close()
        assert tg.violations == []


async def test_without_administrators_sections_are_not_kept_to_be_told_later(
    database: Database, now: datetime
) -> None:
    async with database.write() as connection:
        await add_article(connection, now, "a", section="Город")
        await connection.execute(update(source).values(primed=True))
    async with Telegram() as tg:
        bot = make_bot(tg.token, tg.url)
        await Alerts(database, bot, [], load_translators("ru", "UTC")["ru"])._look()
        await bot.session.close()
    async with database.read() as connection:
        assert await sections.new_sections(connection) == []


REFUSED = "Forbidden: bot was blocked by the user"


async def halt(database: Database, now: datetime) -> Delivery:
    """A broadcast that was stopped after a refusal, told to nobody."""
    await add_reader(database, now, 7)
    await add_broadcast(database, now, title="Ледоход")
    async with database.write() as connection:
        (held,) = await outbox.claim(connection, lease=1, now=now, limit=1)
        await outbox.begin(connection, [held], now)
        refused = outbox.Settled(held, DeliveryState.FAILED, error=REFUSED)
        await outbox.record(connection, [refused], now)
        assert await broadcasts.halt(connection, held.broadcast_id)
    return held


async def test_a_broadcast_that_stopped_before_anybody_was_told_is_told(
    database: Database, now: datetime
) -> None:
    """Once, it waited for ever where the process died before it told."""
    held = await halt(database, now)
    t = load_translators("ru", "UTC")["ru"]
    async with Telegram() as tg:
        editor = tg.person("Редактор", started=True)
        bot = make_bot(tg.token, tg.url)
        alerts = Alerts(database, bot, [editor.id], t)
        stop = asyncio.Event()
        watching = asyncio.create_task(alerts.watch(stop))
        told = await editor.sees("остановлена")
        stop.set()
        await watching
        assert REFUSED in told.text
        assert len(told.labels) == 2
        await alerts._look()
        await alerts.halted(held, REFUSED)
        assert len(editor.messages) == 1

        after_restart = Alerts(database, bot, [editor.id], t)
        await after_restart.halted(held, REFUSED)
        await after_restart._look()
        first, second = editor.messages
        assert (first.text, first.labels) == (second.text, second.labels)

        async with database.write() as connection:
            await broadcasts.settle_broadcasts(connection, now + timedelta(days=1))
        await Alerts(database, bot, [editor.id], t)._look()
        assert len(editor.messages) == 2
        await bot.session.close()
        assert tg.violations == []


async def test_a_stop_that_reached_nobody_is_told_until_it_does(
    database: Database, now: datetime
) -> None:
    held = await halt(database, now)
    async with Telegram() as tg:
        editor, other = (tg.person(name, started=True) for name in ("Редактор", "Вторая"))
        bot = make_bot(tg.token, tg.url)
        admins = [editor.id, other.id]
        alerts = Alerts(database, bot, admins, load_translators("ru", "UTC")["ru"])
        broken = Refusal(500, "Internal Server Error")
        tg.faults.add(broken, method="sendMessage", times=4)
        await alerts.halted(held, REFUSED)
        await alerts._look()
        assert editor.messages == other.messages == []
        tg.faults.add(broken, method="sendMessage")
        await alerts._look()
        await alerts._look()
        assert editor.messages == []
        assert len(other.messages) == 1
        await bot.session.close()
        assert tg.violations == []
