"""Articles in several sections: in lists, and to their readers once, whatever comes when."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from bot.model import (
    ArticleCard,
    BroadcastState,
    Chat,
    ChatKind,
    Delivery,
    DeliveryState,
    OnUnknown,
    Page,
)
from bot.storage import (
    amendments,
    articles,
    audience,
    broadcasts,
    outbox,
    placements,
    readers,
    revisions,
    sections,
    subscriptions,
)
from bot.storage.database import Database
from bot.storage.outbox import Settled
from bot.storage.schema import broadcast
from tests.storage.rows import (
    FEED,
    add_article,
    add_broadcast,
    add_reader,
    add_source,
    broadcast_rows,
    path_of,
    rows,
    unsubscribe,
)

LEASE = 5
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
B = BroadcastState
S = DeliveryState
Path = str | tuple[str, ...]


async def place(
    database: Database, article: int, now: datetime, path: Path = "Спорт", *, goes_out: bool = True
) -> bool:
    async with database.write() as connection:
        section = await sections.ensure_section(connection, path_of(path), now)
        source = await add_source(connection, now, FEED)
        return await placements.place(connection, article, section, source, now, goes_out=goes_out)


async def claim(
    database: Database, now: datetime, limit: int = 100, lease: int = LEASE
) -> list[Delivery]:
    async with database.write() as connection:
        return await outbox.claim(connection, lease=lease, now=now, limit=limit)


async def send(database: Database, now: datetime, limit: int = 100) -> list[int]:
    """The chats that a sender reaches with one claim."""
    claimed = await claim(database, now, limit)
    async with database.write() as connection:
        begun = await outbox.begin(connection, claimed, now)
        sent = [Settled(b.delivery, S.SENT, b.delivery.reader.id, b.revision) for b in begun]
        await outbox.record(connection, sent, now)
    return [each.delivery.reader.chat.id for each in begun]


async def send_all(database: Database, now: datetime) -> list[int]:
    """The chats that are reached until the broadcasts are done, in order."""
    chats: list[int] = []
    while await _going(database, now):
        chats += await send(database, now)
    async with database.write() as connection:
        await broadcasts.settle_broadcasts(connection, now)
    return chats


async def _going(database: Database, now: datetime) -> Sequence[audience.Going]:
    async with database.read() as connection:
        return await audience.going(connection, now)


async def state(database: Database) -> BroadcastState:
    return BroadcastState((await broadcast_rows(database))[0].state)


async def everybody(database: Database, now: datetime) -> None:
    """Chat 1 follows the article's own section, 2 both, 3 the further one, 4 neither."""
    await add_reader(database, now, 1)
    await _follow_both(database, now, 2)
    await add_reader(database, now, 3, section="Спорт")
    await add_reader(database, now, 4, section="Культура")


async def _follow_both(database: Database, now: datetime, chat_id: int) -> int:
    reader = await add_reader(database, now, chat_id)
    await add_reader(database, now, chat_id, section="Спорт")
    return reader.id


# --- To each reader once ------------------------------------------------------------------------


@pytest.mark.parametrize("learnt", ["before", "during", "after", "when done"])
async def test_a_section_brings_its_readers_what_no_other_has(
    database: Database, now: datetime, learnt: str
) -> None:
    await everybody(database, now)
    article = await add_broadcast(database, now)
    reached: list[int] = []
    if learnt == "during":
        reached += await send(database, now, 1)
    if learnt == "after":
        reached += await send(database, now)
        assert await _going(database, now) == []
    if learnt == "when done":
        reached += await send_all(database, now)
        assert await state(database) is B.DONE
    assert await place(database, article, now + SECOND)
    reached += await send_all(database, now + SECOND)
    assert reached == [1, 2, 3]
    assert await state(database) is B.DONE
    assert not await place(database, article, now + 2 * SECOND)
    assert await send_all(database, now + 2 * SECOND) == []


async def test_several_sections_are_gone_through_one_after_the_other(
    database: Database, now: datetime
) -> None:
    await everybody(database, now)
    article = await add_broadcast(database, now)
    assert await place(database, article, now)
    assert await send(database, now, 3) == [1, 2]
    assert await place(database, article, now + SECOND, "Культура")
    assert await send(database, now + SECOND) == [3]
    assert await send(database, now + SECOND) == [4]
    assert await send_all(database, now + SECOND) == []
    names = {row.reader_id: row.section_id for row in await rows(database)}
    async with database.read() as connection:
        keys = {each.id: each.title for each in await sections.sections(connection)}
    assert [names[n] and keys[names[n]] for n in sorted(names)] == [
        *(None, None),
        *("Спорт", "Культура"),
    ]


async def test_who_follows_a_parent_and_its_child_has_it_once(
    database: Database, now: datetime
) -> None:
    """By the child of one parent and by the child of another."""
    path, other = ("Новости", "Город"), ("Проект", "Спорт")
    audiences: list[list[tuple[str, ...]]] = [
        [path],
        [path[:1]],
        [path, path[:1], other],
        [other[:1]],
        [other, other[:1]],
        [other],
    ]
    for chat, follows in enumerate(audiences, 1):
        for each in follows:
            await add_reader(database, now, chat, section=each)
    article = await add_broadcast(database, now, section=path)
    assert await place(database, article, now, other)
    assert sorted(await send_all(database, now)) == [1, 2, 3, 4, 5, 6]
    # Its parent has what is in the child anyway.
    assert not await place(database, article, now, path[:1])
    assert len(await send_all(database, now)) == 0


async def test_what_stood_in_a_parent_comes_to_those_of_the_child(
    database: Database, now: datetime
) -> None:
    await add_reader(database, now, 1, section="Новости")
    await add_reader(database, now, 2, section=("Новости", "Спорт"))
    article = await add_broadcast(database, now, section="Новости")
    assert await send_all(database, now) == [1]
    assert await place(database, article, now, ("Новости", "Спорт"))
    assert await send_all(database, now) == [2]


async def test_a_muted_section_says_nothing_of_another_one(
    database: Database, now: datetime
) -> None:
    """Chat 1 muted the article's, chat 2 the further one; chat 3 muted both."""
    city, sport = ("Новости", "Город"), ("Проект", "Спорт")
    for chat, muted in ((1, [city]), (2, [sport]), (3, [city, sport])):
        reader = await add_reader(database, now, chat, section="Новости")
        await add_reader(database, now, chat, section="Проект")
        async with database.write() as connection:
            for path in muted:
                number = await sections.ensure_section(connection, path, now)
                await subscriptions.unsubscribe(connection, reader.id, now, section_id=number)
    article = await add_broadcast(database, now, section=city)
    assert await place(database, article, now, sport)
    assert await send_all(database, now) == [2, 1]


async def test_who_left_the_section_that_was_about_to_bring_it_has_it_by_the_other(
    database: Database, now: datetime
) -> None:
    reader_id = await _follow_both(database, now, 2)
    article = await add_broadcast(database, now)
    claimed = await claim(database, now)
    async with database.write() as connection:
        city = await sections.ensure_section(connection, ("Город",), now)
        await subscriptions.unsubscribe(connection, reader_id, now, section_id=city)
        assert await outbox.begin(connection, claimed, now) == []
    assert [row.state for row in await rows(database)] == [S.CANCELLED]
    await place(database, article, now + SECOND)
    assert await send_all(database, now + SECOND) == [2]
    (row,) = await rows(database)
    assert (row.state, row.attempt, row.error) == (S.SENT, 1, None)


async def test_who_left_the_section_that_brings_it_still_has_it_by_the_other(
    database: Database, now: datetime
) -> None:
    reader_id = await _follow_both(database, now, 2)
    article = await add_broadcast(database, now)
    await place(database, article, now)
    claimed = await claim(database, now)
    async with database.write() as connection:
        city = await sections.ensure_section(connection, ("Город",), now)
        await subscriptions.unsubscribe(connection, reader_id, now, section_id=city)
        assert len(await outbox.begin(connection, claimed, now)) == 1


async def test_what_may_have_arrived_is_not_sent_by_another_section(
    database: Database, now: datetime
) -> None:
    reader_id = await _follow_both(database, now, 2)
    article = await add_broadcast(database, now)
    claimed = await claim(database, now)
    async with database.write() as connection:
        await outbox.begin(connection, claimed, now)
    async with database.write() as connection:  # the process died meanwhile
        await outbox.rescue(connection, LEASE + 1, OnUnknown.RESEND, now)
        await readers.deactivate_chat(connection, 2, now)
        await readers.activate_chat(connection, 2)
    assert [(row.state, row.doubts) for row in await rows(database)] == [(S.CANCELLED, 1)]
    await place(database, article, now + SECOND)
    assert await send_all(database, now + SECOND) == []
    assert reader_id


async def test_who_subscribes_to_a_section_before_the_article_is_in_it_has_it(
    database: Database, now: datetime
) -> None:
    article = await add_broadcast(database, now)
    await send_all(database, now)
    await add_reader(database, now + SECOND, 3, section="Спорт")
    await place(database, article, now + 2 * SECOND)
    await add_reader(database, now + 3 * SECOND, 4, section="Спорт")
    assert await send_all(database, now + 4 * SECOND) == [3]


async def test_those_who_have_it_already_are_gone_through_some_at_a_time(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcasts, "_LOOKED_AT", 2)
    for chat in range(1, 6):
        await _follow_both(database, now, chat)
    for chat in range(6, 10):
        await add_reader(database, now, chat, section="Спорт")
    article = await add_broadcast(database, now)
    assert await send(database, now) == [1, 2, 3, 4, 5]
    await place(database, article, now)
    found = [await send(database, now, 2) for _ in range(6)]
    assert found == [[], [], [6], [7, 8], [9], []]
    assert await _going(database, now) == []


# --- What is not sent ---------------------------------------------------------------------------


async def test_what_a_first_read_shows_is_pushed_to_nobody(
    database: Database, now: datetime
) -> None:
    await everybody(database, now)
    article = await add_broadcast(database, now)
    assert not await place(database, article, now, goes_out=False)
    assert await send_all(database, now) == [1, 2]
    assert not await place(database, article, now)
    assert await send_all(database, now) == []
    assert await titles(database, "Спорт") == ["Открыт новый мост"]


@pytest.mark.parametrize("state_", [B.EXPIRED, B.WITHDRAWN])
async def test_what_is_over_stays_over(database: Database, now: datetime, state_: B) -> None:
    await everybody(database, now)
    article = await add_broadcast(database, now)
    async with database.write() as connection:
        await connection.execute(update(broadcast).values(state=state_))
    assert not await place(database, article, now)
    assert await state(database) is state_
    assert await send_all(database, now) == []


async def test_what_is_no_news_any_more_is_not_sent(database: Database, now: datetime) -> None:
    await everybody(database, now)
    article = await add_broadcast(database, now)
    assert await send_all(database, now) == [1, 2]
    assert not await place(database, article, now + DAY)
    assert await state(database) is B.DONE


async def test_what_was_never_pushed_is_not_sent(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        article = await add_article(connection, now, "a")
    assert not await place(database, article, now)


@pytest.mark.parametrize("state_", [B.HELD, B.HALTED])
async def test_what_waits_for_a_decision_goes_on_to_all(
    database: Database, now: datetime, state_: B
) -> None:
    await everybody(database, now)
    article = await add_broadcast(database, now)
    if state_ is B.HALTED:
        await claim(database, now, 3)  # to the end of its own section
    async with database.write() as connection:
        await outbox.release(connection, LEASE, now)
        await connection.execute(update(broadcast).values(state=state_))
    assert await place(database, article, now)
    assert await state(database) is state_
    assert await send_all(database, now) == []
    async with database.write() as connection:
        await connection.execute(update(broadcast).values(state=B.OPEN))
    assert await send_all(database, now) == [1, 2, 3]


async def test_what_was_sent_to_whom_is_not_forgotten_while_more_readers_may_come(
    database: Database, now: datetime
) -> None:
    """Deliveries may be kept for less time than an article is sent."""
    for chat in (1, 2, 3):
        await _follow_both(database, now, chat)
    article = await add_broadcast(database, now, ttl=30 * DAY)
    await send_all(database, now)
    async with database.write() as connection:
        assert await broadcasts.prune(connection, now + 3 * DAY, 1)
    assert len(await rows(database)) < 3
    assert not await place(database, article, now + 6 * DAY)
    assert await send_all(database, now + 6 * DAY) == []


# --- Whatever happens meanwhile -----------------------------------------------------------------


async def test_a_crash_within_a_round_repeats_nothing(database: Database, now: datetime) -> None:
    await everybody(database, now)
    article = await add_broadcast(database, now)
    assert await send(database, now) == [1, 2]
    await place(database, article, now)

    async def crash() -> None:
        async with database.write() as connection:
            assert len(await outbox.claim(connection, lease=LEASE, now=now, limit=9)) == 1
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await crash()
    assert len(await rows(database)) == 2
    assert len(await claim(database, now)) == 1  # and then the process dies
    async with database.write() as connection:
        await outbox.rescue(connection, LEASE + 1, OnUnknown.RESEND, now)
    assert await send_all(database, now) == [3]


async def test_who_was_frozen_in_one_round_skips_nobody_of_the_next(
    database: Database, now: datetime
) -> None:
    """An old look at the cursor is of the readers of another section."""
    await add_reader(database, now, 3, section="Спорт")
    await add_reader(database, now, 4)
    await add_reader(database, now, 5)
    article = await add_broadcast(database, now)
    (stale,) = await _going(database, now)
    assert await send(database, now) == [4, 5]
    await place(database, article, now)
    async with database.write() as connection:
        assert await broadcasts.fan_out(connection, stale, LEASE - 1, 9) == 0
    assert await send_all(database, now) == [3]


async def test_what_is_claimed_is_claimed_once(database: Database, now: datetime) -> None:
    """Some of an earlier round are in hand yet, and the cursor is before them again."""
    await everybody(database, now)
    await add_reader(database, now, 0, section="Спорт")
    article = await add_broadcast(database, now)
    in_hand = await claim(database, now)
    await place(database, article, now)
    further = await claim(database, now)
    assert [each.reader.chat.id for each in in_hand] == [1, 2]
    assert [each.reader.chat.id for each in further] == [3, 0]


async def test_a_section_that_is_learnt_of_as_the_round_ends_is_not_missed(
    database: Database, now: datetime
) -> None:
    """Both transactions are open at once, as PostgreSQL lets them be."""
    await everybody(database, now)
    article = await add_broadcast(database, now)
    entered, ended = asyncio.Event(), asyncio.Event()

    async def end() -> None:
        async with database.write() as connection:
            await outbox.claim(connection, lease=LEASE, now=now, limit=9)
            entered.set()
            await asyncio.wait([other], timeout=0.2)  # it waits for this one to end

    async def learn() -> None:
        await entered.wait()
        await place(database, article, now)
        ended.set()

    other = asyncio.ensure_future(learn())
    await end()
    await ended.wait()
    async with database.write() as connection:
        await outbox.release(connection, LEASE, now)
    assert await send_all(database, now) == [1, 2, 3]


async def test_two_groups_that_become_one_have_it_once(database: Database, now: datetime) -> None:
    """What had come past the one and not to the other, in a later round."""
    first = await add_reader(database, now, -1, section=None, kind=ChatKind.SUPERGROUP)
    await add_reader(database, now, 5, section="Спорт")
    await add_reader(database, now, -2, section="Спорт", kind=ChatKind.GROUP)
    article = await add_broadcast(database, now)
    await send_all(database, now)
    await place(database, article, now)
    assert await send(database, now, 1) == [5]
    async with database.write() as connection:
        await readers.move_chat(connection, -2, -1)
    assert await send_all(database, now) == [-1]
    assert [(row.reader_id, row.section_id is None) for row in await rows(database)] == [
        (first.id, False),
        (first.id + 1, False),
    ]


# --- What messages show -------------------------------------------------------------------------


async def test_a_message_names_the_section_that_brought_it(
    database: Database, now: datetime
) -> None:
    await everybody(database, now)
    article = await add_broadcast(database, now)
    await place(database, article, now)
    assert await send_all(database, now) == [1, 2, 3]
    async with database.write() as connection:
        sport = await sections.ensure_section(connection, ("Спорт",), now)
        found = await readers.find_reader(connection, Chat(3, ChatKind.PRIVATE))
        assert found is not None
        reader, _ = found
        assert await placements.brought_by(connection, article, reader.id) == sport
        assert await placements.brought_by(connection, article, reader.id - 1) is None
        shown = await articles.get_article(connection, article, section_id=sport)
        assert shown is not None
        assert (shown.section.id, shown.section.title) == (sport, "Спорт")
        await subscriptions.unsubscribe(connection, reader.id, now, section_id=sport)
        await revisions.withdraw_article(connection, article, now, by_hand=True)
        of = await amendments.amending(connection)
        assert of is not None
        waiting = await amendments.next_amendments(connection, of, 2, 9)
    assert [(each.section.title, each.muted) for each in waiting] == [
        ("Город", False),
        ("Город", False),
        ("Спорт", True),
    ]


# --- In lists -----------------------------------------------------------------------------------


async def cards(database: Database, path: Path, **towards: object) -> Page[ArticleCard]:
    async with database.write() as connection:
        number = await sections.ensure_section(
            connection, path_of(path), datetime.now().astimezone()
        )
        return await articles.article_cards(connection, limit=2, section_id=number, **towards)  # type: ignore[arg-type]


async def titles(database: Database, path: Path) -> list[str]:
    """A section's list from its top to its end, two at a time, and the way back."""
    page = await cards(database, path)
    pages = [page]
    while page.older is not None:
        page = await cards(database, path, older_than=page.older)
        pages.append(page)
    for earlier in reversed(pages[:-1]):
        page = await cards(database, path, newer_than=page.newer)
        assert page.items == earlier.items
    return [card.title for page in pages for card in page.items]


async def test_lists_have_what_is_found_in_them_in_its_place(
    database: Database, now: datetime
) -> None:
    numbers: list[int] = []
    paths: list[Path] = ["Город", "Спорт", ("Спорт", "Хоккей"), "Город", "Спорт"]
    for number, path in enumerate(paths):
        async with database.write() as connection:
            numbers.append(
                await add_article(
                    connection, now + number * SECOND, str(number), section=path, title=str(number)
                )
            )
    await place(database, numbers[0], now, ("Спорт", "Хоккей"))
    await place(database, numbers[0], now)  # in the parent, too
    await place(database, numbers[3], now)
    await place(database, numbers[1], now, "Город")
    assert await titles(database, "Спорт") == ["4", "3", "2", "1", "0"]
    assert await titles(database, ("Спорт", "Хоккей")) == ["2", "0"]
    assert await titles(database, "Город") == ["3", "1", "0"]
    async with database.write() as connection:
        await revisions.withdraw_article(connection, numbers[3], now, by_hand=True)
    assert await titles(database, "Спорт") == ["4", "2", "1", "0"]


async def test_a_section_that_has_what_is_found_in_it_alone_is_offered(
    database: Database, now: datetime
) -> None:
    reader = await add_reader(database, now, 1)
    article = await add_broadcast(database, now)
    await place(database, article, now)
    async with database.read() as connection:
        assert [each.title for each in await sections.sections(connection)] == ["Город", "Спорт"]
        choices = await sections.section_choices(connection, reader.id)
    assert [(c.section.title, c.subscribed) for c in choices] == [("Город", True), ("Спорт", False)]
    async with database.write() as connection:
        await revisions.withdraw_article(connection, article, now, by_hand=True)
        assert await sections.sections(connection) == []


async def test_nobody_is_asked_to_say_no_to_everything_at_once(
    database: Database, now: datetime
) -> None:
    """Whoever leaves all sections is sent nothing by any of them."""
    reader_id = await _follow_both(database, now, 2)
    article = await add_broadcast(database, now)
    await place(database, article, now)
    await unsubscribe(database, reader_id, now)
    assert await send_all(database, now) == []
