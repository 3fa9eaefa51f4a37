from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from bot.model import Chat, ChatKind, DeliveryState, Reader
from bot.storage import bookmarks, outbox, readers, subscriptions
from bot.storage.database import Database
from bot.storage.schema import delivery, reader, subscription
from tests.storage.rows import (
    add_article,
    add_broadcast,
    add_reader,
    deactivate,
    fan_out,
    rows,
    states,
)

ANNA = Chat(7, ChatKind.PRIVATE)
GROUP = Chat(-50, ChatKind.GROUP)
SUPERGROUP = Chat(-10050, ChatKind.SUPERGROUP)


async def _meet(database: Database, chat: Chat, locale: str, now: datetime) -> Reader:
    async with database.write() as connection:
        return await readers.meet_reader(connection, chat, locale, now)


async def _find(database: Database, chat: Chat) -> Reader | None:
    async with database.read() as connection:
        found = await readers.find_reader(connection, chat)
    return None if found is None else found[0]


async def _move(database: Database, old: int, new: int) -> None:
    async with database.write() as connection:
        await readers.move_chat(connection, old, new)


async def _sections(database: Database, reader_id: int) -> set[int]:
    async with database.read() as connection:
        statement = select(subscription.c.section_id).where(
            subscription.c.reader_id == reader_id, subscription.c.ended_at.is_(None)
        )
        return set((await connection.scalars(statement)).all())


async def test_a_reader_is_met_once(database: Database, now: datetime) -> None:
    assert await _find(database, ANNA) is None
    first = await _meet(database, ANNA, "ru", now)
    assert first == Reader(first.id, ANNA, "ru", active=True)
    assert await _meet(database, ANNA, "ru", now + timedelta(days=1)) == first
    assert await _find(database, ANNA) == first


async def test_a_new_language_in_telegram_is_followed(database: Database, now: datetime) -> None:
    await _meet(database, ANNA, "ru", now)
    assert (await _meet(database, ANNA, "en", now)).locale == "en"


async def test_a_language_that_was_chosen_stays(database: Database, now: datetime) -> None:
    anna = await _meet(database, ANNA, "ru", now)
    other = await _meet(database, Chat(8, ChatKind.PRIVATE), "ru", now)
    async with database.write() as connection:
        await readers.choose_locale(connection, anna.id, "en")
        assert await readers.find_reader(connection, ANNA) == (
            Reader(anna.id, ANNA, "en", active=True),
            True,
        )
    assert (await _meet(database, ANNA, "ru", now)).locale == "en"
    assert (await _meet(database, other.chat, "ru", now)).locale == "ru"


async def test_the_kind_of_a_chat_is_kept_current(database: Database, now: datetime) -> None:
    first = await _meet(database, GROUP, "ru", now)
    again = await _meet(database, Chat(GROUP.id, ChatKind.SUPERGROUP), "ru", now)
    assert (again.id, again.chat.kind) == (first.id, ChatKind.SUPERGROUP)


async def test_topics_of_a_forum_are_readers_of_their_own(
    database: Database, now: datetime
) -> None:
    whole = await _meet(database, SUPERGROUP, "ru", now)
    topics = [
        await _meet(database, Chat(SUPERGROUP.id, ChatKind.SUPERGROUP, thread), "ru", now)
        for thread in (3, 4)
    ]
    assert len({whole.id, *(topic.id for topic in topics)}) == 3
    assert await _find(database, topics[1].chat) == topics[1]
    await deactivate(database, SUPERGROUP.id, now)
    for chat in (whole.chat, *(topic.chat for topic in topics)):
        found = await _find(database, chat)
        assert found is not None
        assert not found.active


async def test_who_shut_us_out_gets_nothing_and_keeps_the_subscriptions(
    database: Database, now: datetime
) -> None:
    anna = await add_reader(database, now, ANNA.id)
    other = await add_reader(database, now, 8)
    await add_broadcast(database, now)
    await fan_out(database, now)

    await deactivate(database, ANNA.id, now + timedelta(minutes=1))

    waiting, untouched = await rows(database)
    assert (waiting.reader_id, waiting.state) == (anna.id, DeliveryState.CANCELLED)
    assert waiting.finished_at == now + timedelta(minutes=1)
    assert (untouched.reader_id, untouched.state) == (other.id, DeliveryState.QUEUED)
    assert len(await _sections(database, anna.id)) == 1
    found = await _find(database, ANNA)
    assert found is not None
    assert not found.active


async def test_what_is_over_is_not_cancelled(database: Database, now: datetime) -> None:
    await add_reader(database, now, ANNA.id)
    await add_broadcast(database, now)
    await fan_out(database, now)
    async with database.write() as connection:
        (held,) = await outbox.claim(connection, lease="a", now=now, until=now, limit=1)
        assert await outbox.begin_send(connection, held, now)
        await outbox.record_sent(connection, held, 5, now)
    await deactivate(database, ANNA.id, now)
    assert await states(database) == [DeliveryState.SENT]


async def test_who_lets_us_in_again_is_active(database: Database, now: datetime) -> None:
    anna = await add_reader(database, now, ANNA.id)
    await deactivate(database, ANNA.id, now)
    async with database.write() as connection:
        await readers.activate_chat(connection, ANNA.id)
    assert await _find(database, ANNA) == anna
    await deactivate(database, ANNA.id, now)
    assert await _meet(database, ANNA, "ru", now) == anna


# --- A group becomes a supergroup -----------------------------------------------------------------


async def test_a_group_goes_on_under_its_new_id(database: Database, now: datetime) -> None:
    group = await add_reader(database, now, GROUP.id, kind=ChatKind.GROUP)
    await add_broadcast(database, now)
    await fan_out(database, now)
    await deactivate(database, GROUP.id, now)

    await _move(database, GROUP.id, SUPERGROUP.id)

    assert await _find(database, GROUP) is None
    assert await _find(database, SUPERGROUP) == Reader(group.id, SUPERGROUP, "ru", active=True)
    assert len(await _sections(database, group.id)) == 1


async def test_moving_twice_or_from_nowhere_changes_nothing(
    database: Database, now: datetime
) -> None:
    await add_reader(database, now, GROUP.id, kind=ChatKind.GROUP)
    await _move(database, GROUP.id, SUPERGROUP.id)
    moved = await _find(database, SUPERGROUP)
    await _move(database, GROUP.id, SUPERGROUP.id)
    await _move(database, -999, -1000)
    assert await _find(database, SUPERGROUP) == moved


async def test_what_the_old_chat_had_joins_what_the_new_one_has(
    database: Database, now: datetime
) -> None:
    """Both chats subscribe to one section, each to one of its own, and read the same article."""
    old = await add_reader(database, now, GROUP.id, section="Общее", kind=ChatKind.GROUP)
    await add_reader(database, now, GROUP.id, section="Только старое", kind=ChatKind.GROUP)
    new = await add_reader(database, now, SUPERGROUP.id, section="Общее", kind=ChatKind.SUPERGROUP)
    await add_reader(database, now, SUPERGROUP.id, section="Только новое", kind=ChatKind.SUPERGROUP)
    await add_broadcast(database, now, "shared", section="Общее")
    await add_broadcast(database, now, "old", section="Только старое")
    await fan_out(database, now)
    async with database.write() as connection:
        first = await add_article(connection, now, "read", section="Общее")
        second = await add_article(connection, now, "unread", section="Общее")
        await bookmarks.set_bookmark(connection, old.id, first, 2, now)
        await bookmarks.set_bookmark(connection, new.id, first, 5, now)
        await bookmarks.set_bookmark(connection, old.id, second, 3, now)

    await _move(database, GROUP.id, SUPERGROUP.id)

    assert await _find(database, GROUP) is None
    assert await _find(database, SUPERGROUP) == new
    assert len(await _sections(database, new.id)) == 3
    found = await rows(database)
    assert [row.reader_id for row in found] == [new.id, new.id]
    assert len({row.broadcast_id for row in found}) == 2
    async with database.read() as connection:
        assert await bookmarks.bookmarked_page(connection, new.id, first) == 5
        assert await bookmarks.bookmarked_page(connection, new.id, second) == 3
        assert await connection.scalar(select(reader.c.id).where(reader.c.id == old.id)) is None


async def test_a_delivery_under_way_to_the_old_chat_is_not_lost(
    database: Database, now: datetime
) -> None:
    """As when Telegram answers with the new id: the holder puts its delivery off to right now."""
    await add_reader(database, now, GROUP.id, kind=ChatKind.GROUP)
    twin = await _meet(database, SUPERGROUP, "ru", now)
    await add_broadcast(database, now)
    await fan_out(database, now)
    async with database.write() as connection:
        (held,) = await outbox.claim(connection, lease="a", now=now, until=now, limit=1)
        assert await outbox.begin_send(connection, held, now)
        await readers.move_chat(connection, GROUP.id, SUPERGROUP.id)
        await outbox.put_off(connection, held, now, counts=False)
        (again,) = await outbox.claim(connection, lease="a", now=now, until=now, limit=1)
        assert (again.id, again.reader, again.attempt) == (held.id, twin, 1)
        assert await outbox.begin_send(connection, again, now)


async def test_topics_move_with_their_group(database: Database, now: datetime) -> None:
    for thread in (0, 3):
        await add_reader(database, now, GROUP.id, kind=ChatKind.SUPERGROUP, thread_id=thread)
    twin = await _meet(database, SUPERGROUP, "ru", now)
    await _move(database, GROUP.id, SUPERGROUP.id)
    topic = await _find(database, Chat(SUPERGROUP.id, ChatKind.SUPERGROUP, 3))
    assert topic is not None
    assert topic.id != twin.id
    assert len(await _sections(database, topic.id)) == 1
    assert len(await _sections(database, twin.id)) == 1


async def test_a_language_that_the_group_chose_goes_with_it(
    database: Database, now: datetime
) -> None:
    """The new chat, met first in Telegram's language, once forgot what the group had chosen."""
    old = await _meet(database, GROUP, "ru", now)
    async with database.write() as connection:
        await readers.choose_locale(connection, old.id, "en")
    await _meet(database, SUPERGROUP, "ru", now)
    await _move(database, GROUP.id, SUPERGROUP.id)
    assert (await _meet(database, SUPERGROUP, "ru", now)).locale == "en"


async def test_a_language_that_the_new_chat_chose_stays(database: Database, now: datetime) -> None:
    for chat, locale in ((GROUP, "en"), (SUPERGROUP, "ru")):
        met = await _meet(database, chat, "ru", now)
        async with database.write() as connection:
            await readers.choose_locale(connection, met.id, locale)
    await _move(database, GROUP.id, SUPERGROUP.id)
    assert (await _meet(database, SUPERGROUP, "en", now)).locale == "ru"


async def test_an_end_in_the_new_chat_is_not_undone_by_the_join(
    database: Database, now: datetime
) -> None:
    await add_reader(database, now, GROUP.id, kind=ChatKind.GROUP)
    new = await add_reader(database, now, SUPERGROUP.id, kind=ChatKind.SUPERGROUP)
    async with database.write() as connection:
        await subscriptions.unsubscribe(connection, new.id, now)
    await _move(database, GROUP.id, SUPERGROUP.id)
    assert await _sections(database, new.id) == set()


async def test_nothing_is_left_of_a_reader_that_was_joined(
    database: Database, now: datetime
) -> None:
    old = await add_reader(database, now, GROUP.id, kind=ChatKind.GROUP)
    await add_reader(database, now, SUPERGROUP.id, kind=ChatKind.SUPERGROUP)
    await add_broadcast(database, now)
    await fan_out(database, now)
    assert len(await rows(database)) == 2
    await _move(database, GROUP.id, SUPERGROUP.id)
    async with database.read() as connection:
        for table in (subscription, delivery):
            found = await connection.execute(select(table).where(table.c.reader_id == old.id))
            assert found.all() == []
