"""``python -m bot forget``: all that is kept of a chat goes, and only that."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select

from bot.__main__ import main
from bot.model import Chat, ChatKind, DeliveryState
from bot.settings import Settings
from bot.storage import bookmarks, incoming, opened, outbox, pauses, readers
from bot.storage import schema as tables
from bot.storage.database import Database
from bot.storage.incoming import KeptUpdate
from bot.storage.lock import lock_database
from bot.storage.outbox import Settled
from tests.storage.rows import add_broadcast, add_reader, rows

ANNA, BORIS, FORUM = 7, 8, -10050
NOW = datetime.now(UTC)
HELD = (
    tables.reader,
    tables.subscription,
    tables.bookmark,
    tables.opened,
    tables.delivery,
    tables.pause,
)


@pytest.fixture(autouse=True)
def _environment(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("BOT_TOKEN", "123456789:AAExampleExampleExample_-0")
    monkeypatch.setenv("SOURCES", "https://news.example/feed.xml")
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.chdir(tmp_path)


async def forget(chat_id: int) -> int:
    """The command, as the shell runs it: with a loop of its own."""
    return await asyncio.to_thread(main, ["forget", str(chat_id)])


async def send_all(database: Database) -> None:
    async with database.write() as connection:
        claimed = await outbox.claim(connection, lease=1, now=NOW, limit=100)
        begun = await outbox.begin(connection, claimed, NOW)
        sent = [Settled(b.delivery, DeliveryState.SENT, message_id=5, shown=1) for b in begun]
        await outbox.record(connection, sent, NOW)


async def use(database: Database, chat_id: int, reader_id: int, first_update: int) -> None:
    """What a reader leaves behind: an article opened, a pause, updates in each state."""
    async with database.write() as connection:
        await bookmarks.set_bookmark(connection, reader_id, 1, 2, NOW)
        await opened.note_opened(connection, reader_id, 5, 1, NOW)
        await pauses.keep_pause(connection, chat_id, NOW + timedelta(hours=1))
        numbers = range(first_update, first_update + 3)
        kept = [KeptUpdate(number, chat_id, "said") for number in numbers]
        await incoming.keep_updates(connection, kept, NOW)
        await incoming.settle_updates(connection, [first_update])
        await incoming.put_update_aside(connection, first_update + 1, "said")


async def counts(database: Database) -> list[int]:
    async with database.read() as connection:
        return [await connection.scalar(select(func.count()).select_from(t)) or 0 for t in HELD]


async def updates(database: Database) -> list[tuple[Any, ...]]:
    """Number, chat, state, body and error of each update."""
    t = tables.incoming.c
    statement = select(t.update_id, t.chat_id, t.state, t.body, t.error).order_by(t.update_id)
    async with database.read() as connection:
        return [tuple(row) for row in await connection.execute(statement)]


async def test_all_that_is_kept_of_a_reader_goes_and_nothing_of_others(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    boris, anna = [await add_reader(database, NOW, chat) for chat in (BORIS, ANNA)]
    await add_broadcast(database, NOW)
    await send_all(database)
    await use(database, ANNA, anna.id, 1)
    await use(database, BORIS, boris.id, 4)
    assert await counts(database) == [2] * len(HELD)

    assert await forget(ANNA) == 0

    assert capsys.readouterr().out == (
        "Chat 7 is forgotten: readers 1, subscriptions 1, bookmarks 1, opened messages 1, "
        "deliveries 1, updates 2.\n"
    )
    assert await counts(database) == [1] * len(HELD)
    assert [row.reader_id for row in await rows(database)] == [boris.id]
    assert await updates(database) == [
        (1, 0, 1, "", None), (2, 0, 1, "", None), (3, 0, 1, "", None),
        (4, 0, 1, "", None), (5, BORIS, 2, "said", "said"), (6, BORIS, 0, "said", None),
    ]  # fmt: skip
    assert await forget(ANNA) == 1
    assert capsys.readouterr().err == "Nobody with the id 7 is known.\n"


async def test_who_comes_next_inherits_nothing(database: Database) -> None:
    """SQLite gives the number of the last reader again."""
    await add_reader(database, NOW, ANNA)
    await add_broadcast(database, NOW)
    await send_all(database)
    await forget(ANNA)
    later = NOW + timedelta(seconds=1)
    await add_reader(database, later, BORIS)
    assert await rows(database) == []
    async with database.write() as connection:
        assert await outbox.claim(connection, lease=1, now=later, limit=100) == []


async def test_a_forum_goes_with_all_its_topics(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    for topic in (0, 3, 4):
        await add_reader(database, NOW, FORUM, kind=ChatKind.SUPERGROUP, thread_id=topic)
    assert await forget(FORUM) == 0
    assert "readers 3, subscriptions 3" in capsys.readouterr().out
    assert await counts(database) == [0] * len(HELD)


async def test_who_wrote_but_was_not_met_yet_is_known(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    async with database.write() as connection:
        await incoming.keep_updates(connection, [KeptUpdate(1, ANNA, "said")], NOW)
    assert await forget(ANNA) == 0
    assert "readers 0" in capsys.readouterr().out
    assert await updates(database) == [(1, 0, 1, "", None)]


@pytest.mark.parametrize("chat_id", ["0", "9223372036854775808", "@anna"])
def test_what_is_no_number_of_a_chat_is_refused(
    chat_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["forget", chat_id])
    assert caught.value.code == 2
    told = capsys.readouterr().err
    assert "CHAT_ID" in told
    assert f"'{chat_id}' is no chat's number" in told


async def test_the_bot_on_sqlite_is_to_be_stopped_first(
    database_url: str, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """Many processes share PostgreSQL, and this is one more."""
    await add_reader(database, NOW, ANNA)
    with lock_database(database_url) as alone:
        assert await forget(ANNA) == (1 if alone else 0)
    assert ("is in use by another process" in capsys.readouterr().err) is alone
    assert (await counts(database))[0] == (1 if alone else 0)


async def test_a_delivery_without_a_reader_goes_when_it_is_claimed(database: Database) -> None:
    """PostgreSQL lets one be made at the moment in which its reader is forgotten."""
    for chat in (ANNA, BORIS):
        await add_reader(database, NOW, chat)
    await add_broadcast(database, NOW)
    async with database.write() as connection:
        await outbox.claim(connection, lease=1, now=NOW, limit=100)
        await outbox.release(connection, 1, NOW)
        await connection.execute(delete(tables.reader).where(tables.reader.c.chat_id == ANNA))
    async with database.write() as connection:
        (left,) = await outbox.claim(connection, lease=1, now=NOW, limit=100)
    assert left.reader.chat == Chat(BORIS, ChatKind.PRIVATE)
    assert [row.reader_id for row in await rows(database)] == [left.reader.id]


async def test_a_reader_forgotten_while_a_push_is_on_its_way(database: Database) -> None:
    """Its result changes nothing, and nothing comes back."""
    await add_reader(database, NOW, ANNA)
    await add_broadcast(database, NOW)
    async with database.write() as connection:
        (held,) = await outbox.claim(connection, lease=1, now=NOW, limit=100)
        await outbox.begin(connection, [held], NOW)
        await readers.forget_chat(connection, ANNA)
        sent = Settled(held, DeliveryState.SENT, message_id=5, shown=1)
        await outbox.record(connection, [sent], NOW)
    assert await rows(database) == []
