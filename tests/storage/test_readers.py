from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from bot.model import (
    BroadcastState,
    Chat,
    ChatKind,
    Delivery,
    DeliveryState,
    Form,
    OnUnknown,
    Reader,
)
from bot.storage import amendments, bookmarks, opened, outbox, readers, subscriptions
from bot.storage.amendments import Amending
from bot.storage.database import Database
from bot.storage.outbox import PutOff, Rescue, Settled
from bot.storage.schema import broadcast, delivery, reader, subscription
from bot.storage.schema import opened as opened_table
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


async def _leave_topic(database: Database, reader_id: int) -> None:
    async with database.write() as connection:
        await readers.leave_topic(connection, reader_id)


async def _claim(database: Database, now: datetime, limit: int = 100) -> list[Delivery]:
    async with database.write() as connection:
        return await outbox.claim(connection, lease=1, now=now, limit=limit)


async def _begin(database: Database, now: datetime, *claimed: Delivery) -> int:
    """How many of these may be sent."""
    async with database.write() as connection:
        return len(await outbox.begin(connection, claimed, now))


async def _record(database: Database, now: datetime, *results: outbox.Result) -> None:
    async with database.write() as connection:
        await outbox.record(connection, results, now)


async def _missing_since(database: Database, chat: Chat) -> datetime | None:
    async with database.read() as connection:
        return await connection.scalar(
            select(reader.c.missing_since).where(
                reader.c.chat_id == chat.id, reader.c.thread_id == chat.thread_id
            )
        )


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
    (held,) = await _claim(database, now)
    assert await _begin(database, now, held)
    await _record(database, now, Settled(held, DeliveryState.SENT, message_id=5, shown=1))
    await deactivate(database, ANNA.id, now)
    assert await states(database) == [DeliveryState.SENT]


async def test_a_chat_that_is_not_found_is_noted_until_it_writes(
    database: Database, now: datetime
) -> None:
    for thread in (0, 3):
        await _meet(database, Chat(SUPERGROUP.id, ChatKind.SUPERGROUP, thread), "ru", now)
    await _meet(database, ANNA, "ru", now)
    async with database.write() as connection:
        await readers.note_missing(connection, SUPERGROUP.id, now)
    topic = Chat(SUPERGROUP.id, ChatKind.SUPERGROUP, 3)
    assert [await _missing_since(database, c) for c in (SUPERGROUP, topic, ANNA)] == [
        now, now, None,
    ]  # fmt: skip
    await _meet(database, topic, "ru", now)
    assert [await _missing_since(database, c) for c in (SUPERGROUP, topic)] == [now, None]
    async with database.write() as connection:
        await readers.note_missing(connection, SUPERGROUP.id, None)
    assert await _missing_since(database, SUPERGROUP) is None


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
    (held,) = await _claim(database, now)
    assert await _begin(database, now, held)
    async with database.write() as connection:
        await outbox.record(connection, [PutOff(held, now, counts=False)], now)
        await readers.move_chat(connection, GROUP.id, SUPERGROUP.id)
    (again,) = await _claim(database, now)
    assert (again.broadcast_id, again.reader, again.attempt) == (held.broadcast_id, twin, 1)
    assert again.doubts == 0
    assert await _begin(database, now, again) == 1


@pytest.mark.parametrize(("begun", "doubts"), [(False, 0), (True, 1)])
async def test_one_in_hand_goes_back_to_the_queue_under_its_new_name(
    database: Database, now: datetime, *, begun: bool, doubts: int
) -> None:
    """As when the group tells of its new id while a push to the old one is in flight."""
    old = await add_reader(database, now, GROUP.id, kind=ChatKind.GROUP)
    twin = await _meet(database, SUPERGROUP, "ru", now)
    await add_broadcast(database, now)
    (held,) = await _claim(database, now)
    if begun:
        assert await _begin(database, now, held)

    await _move(database, GROUP.id, SUPERGROUP.id)

    assert await _begin(database, now, held) == 0
    await _record(database, now, PutOff(held, now), Settled(held, DeliveryState.FAILED))
    async with database.write() as connection:
        await outbox.release(connection, 1, now)
        assert await outbox.rescue(connection, 2, OnUnknown.RESEND, now) == Rescue(0, 0, 0)
    (row,) = await rows(database)
    assert (row.reader_id, row.state, row.lease) == (twin.id, DeliveryState.QUEUED, None)
    assert row.reader_id != old.id
    (again,) = await _claim(database, now)
    assert again.doubts == doubts
    assert await _begin(database, now, again) == 1


async def test_what_one_of_the_two_has_got_the_other_does_not_get_again(
    database: Database, now: datetime
) -> None:
    """The group was reached, its twin was not, and comes later in the order of numbers."""
    await add_reader(database, now, GROUP.id, kind=ChatKind.GROUP)
    await add_reader(database, now, SUPERGROUP.id, kind=ChatKind.SUPERGROUP)
    await add_broadcast(database, now)
    (held,) = await _claim(database, now, limit=1)
    await _begin(database, now, held)
    await _record(database, now, Settled(held, DeliveryState.SENT, message_id=5, shown=1))
    await _move(database, GROUP.id, SUPERGROUP.id)
    assert await _claim(database, now) == []
    assert await states(database) == [DeliveryState.SENT]


async def _send_all(database: Database, now: datetime, message_id: int) -> None:
    held = await _claim(database, now)
    await _begin(database, now, *held)
    await _record(
        database,
        now,
        *(Settled(each, DeliveryState.SENT, message_id=message_id, shown=1) for each in held),
    )


async def _messages(database: Database, broadcast_id: int) -> list[tuple[int, int]]:
    """The readers and numbers of the messages that a correction would come to."""
    of = Amending(broadcast_id, broadcast_id, 0, Form.FULL)
    async with database.read() as connection:
        found = await amendments.next_amendments(connection, of, 2, 100)
    return [(each.reader.id, each.message_id) for each in found]


async def _opened(database: Database, reader_id: int) -> list[int]:
    async with database.read() as connection:
        found = await connection.scalars(
            select(opened_table.c.message_id)
            .where(opened_table.c.reader_id == reader_id)
            .order_by(opened_table.c.message_id)
        )
        return list(found)


async def test_the_messages_of_the_old_chat_are_not_sought_in_the_new_one(
    database: Database, now: datetime
) -> None:
    """A supergroup begins to number its messages anew."""
    group = await add_reader(database, now, GROUP.id, kind=ChatKind.GROUP)
    other = await add_reader(database, now, ANNA.id)
    await add_broadcast(database, now)
    await _send_all(database, now, 5)
    async with database.write() as connection:
        for each in (group, other):
            await opened.note_opened(connection, each.id, 5, 1, now)
    assert await _messages(database, 1) == [(group.id, 5), (other.id, 5)]

    await _move(database, GROUP.id, SUPERGROUP.id)

    assert await _messages(database, 1) == [(other.id, 5)]
    assert await states(database) == [DeliveryState.SENT, DeliveryState.SENT]
    assert await _claim(database, now) == []
    assert await _opened(database, group.id) == []
    assert await _opened(database, other.id) == [5]


async def test_a_join_keeps_only_the_messages_of_the_new_chat(
    database: Database, now: datetime
) -> None:
    old = await add_reader(database, now, GROUP.id, section="Старое", kind=ChatKind.GROUP)
    new = await add_reader(database, now, SUPERGROUP.id, kind=ChatKind.SUPERGROUP)
    await add_broadcast(database, now, "old", section="Старое")
    await add_broadcast(database, now, "new")
    await _send_all(database, now, 5)
    async with database.write() as connection:
        for each in (old, new):
            await opened.note_opened(connection, each.id, 5, 1, now)
    assert await _messages(database, 1) == [(old.id, 5)]

    await _move(database, GROUP.id, SUPERGROUP.id)

    assert await _messages(database, 1) == []
    assert await _messages(database, 2) == [(new.id, 5)]
    assert await states(database) == [DeliveryState.SENT, DeliveryState.SENT]
    assert await _opened(database, old.id) == []
    assert await _opened(database, new.id) == [5]


async def test_a_topic_that_is_left_keeps_its_messages(database: Database, now: datetime) -> None:
    """They are in the same chat, under the same numbers."""
    topic = await add_reader(database, now, SUPERGROUP.id, kind=ChatKind.SUPERGROUP, thread_id=3)
    await add_broadcast(database, now)
    await _send_all(database, now, 5)
    await _leave_topic(database, topic.id)
    assert await _messages(database, 1) == [(topic.id, 5)]


@pytest.mark.parametrize("state", [BroadcastState.OPEN, BroadcastState.HALTED])
async def test_who_is_joined_to_a_reader_that_the_fan_out_has_passed_is_reached(
    database: Database, now: datetime, state: BroadcastState
) -> None:
    """The fan-out goes by readers' numbers and never comes back to a lower one."""
    twin = await _meet(database, SUPERGROUP, "ru", now)  # subscribes to nothing
    await add_reader(database, now, 7)
    await add_reader(database, now, GROUP.id, kind=ChatKind.GROUP)
    await add_broadcast(database, now)
    (first,) = await _claim(database, now, limit=1)
    assert first.reader.chat == ANNA
    async with database.write() as connection:
        await connection.execute(update(broadcast).values(state=state))

    await _move(database, GROUP.id, SUPERGROUP.id)

    async with database.write() as connection:
        await connection.execute(update(broadcast).values(state=BroadcastState.OPEN))
    (second,) = await _claim(database, now)
    assert second.reader == twin
    assert await _begin(database, now, second) == 1
    assert await _claim(database, now) == []


async def test_a_join_reaches_nobody_who_was_not_to_be_reached(
    database: Database, now: datetime
) -> None:
    await _meet(database, SUPERGROUP, "ru", now)
    await add_reader(database, now, 7)
    group = await add_reader(database, now, GROUP.id, kind=ChatKind.GROUP)
    await add_broadcast(database, now, "left")
    await _claim(database, now, limit=1)
    async with database.write() as connection:
        await subscriptions.unsubscribe(connection, group.id, now)
        later = now + timedelta(seconds=1)
        await subscriptions.subscribe(connection, group.id, [1], later)  # after the broadcast
    await _move(database, GROUP.id, SUPERGROUP.id)
    assert await _claim(database, later) == []


# --- A forum topic is gone ------------------------------------------------------------------------


async def test_a_reader_of_a_topic_goes_on_in_the_chat_itself(
    database: Database, now: datetime
) -> None:
    topic = await add_reader(database, now, SUPERGROUP.id, kind=ChatKind.SUPERGROUP, thread_id=3)
    await add_broadcast(database, now)
    (held,) = await _claim(database, now)
    await _begin(database, now, held)
    async with database.write() as connection:
        await outbox.record(connection, [PutOff(held, now, counts=False)], now)
        await readers.leave_topic(connection, topic.id)
    found = await _find(database, SUPERGROUP)
    assert found is not None
    assert found.id == topic.id
    assert await _find(database, topic.chat) is None
    (again,) = await _claim(database, now)
    assert again.reader == found
    await _leave_topic(database, topic.id)  # nothing more to leave
    assert await _find(database, SUPERGROUP) == found


async def test_a_reader_of_a_topic_joins_the_one_of_the_chat(
    database: Database, now: datetime
) -> None:
    whole = await add_reader(
        database, now, SUPERGROUP.id, section="Наука", kind=ChatKind.SUPERGROUP
    )
    topics = [
        await add_reader(database, now, SUPERGROUP.id, kind=ChatKind.SUPERGROUP, thread_id=thread)
        for thread in (3, 4)
    ]
    await add_broadcast(database, now)
    await fan_out(database, now)
    for topic in topics:
        await _leave_topic(database, topic.id)
    await _leave_topic(database, 999)
    (held,) = await _claim(database, now)  # once, although both topics were to get it
    assert held.reader == whole
    assert len(await _sections(database, whole.id)) == 2
    async with database.read() as connection:
        assert (await connection.scalars(select(reader.c.id))).all() == [whole.id]


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
