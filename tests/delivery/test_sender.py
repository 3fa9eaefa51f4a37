from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Literal

import pytest
from aiogram.client.session.aiohttp import AiohttpSession
from sqlalchemy import event, select, update
from sqlalchemy.exc import OperationalError

from bot.delivery import sender as machine
from bot.delivery.alerts import Alerts
from bot.delivery.sender import Policy, Sender
from bot.errors import TokenRefusedError
from bot.i18n import load_translators
from bot.model import BroadcastState, ChatKind, DeliveryState, OnUnknown, Priority
from bot.storage import broadcasts, outbox, pauses, readers, subscriptions
from bot.storage.database import Database
from bot.storage.schema import article, broadcast, reader
from bot.telegram import pace
from bot.telegram.pace import Pacer
from bot.telegram.session import make_bot
from sandbox.telegram import (
    Flood,
    FloodRules,
    Garbled,
    Hold,
    HtmlError,
    Person,
    Refusal,
    Reset,
    Telegram,
)
from sandbox.telegram.faults import Effect
from tests.storage.rows import (
    add_broadcast,
    add_reader,
    rows,
    states,
    unsubscribe,
)

S = DeliveryState
TITLE = "Открыт новый мост"
RATE = 1000.0
PATIENCE = 30.0
TERMS = count(1)
TRANSLATORS = load_translators("ru", "Europe/Moscow")


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pauses between looks and after a doubt, shortened; their order stays."""
    monkeypatch.setattr(machine, "_IDLE_SECONDS", 0.02)
    monkeypatch.setattr(machine, "_HOUSE_SECONDS", 0.05)
    monkeypatch.setattr("bot.delivery.verdict._FIRST_PAUSE", timedelta(milliseconds=50))


@pytest.fixture
async def database(sqlite_url: str) -> AsyncIterator[Database]:
    async with Database.open(sqlite_url) as opened:
        yield opened


@pytest.fixture
async def tg() -> AsyncIterator[Telegram]:
    async with Telegram() as telegram:
        yield telegram


@pytest.fixture
def admin(tg: Telegram) -> Person:
    return tg.person("Редактор", started=True)


@dataclass(slots=True)
class Running:
    """A sender at work."""

    database: Database
    stop: asyncio.Event
    sender: Sender
    task: asyncio.Task[None]

    async def until(self, done: Callable[[], Awaitable[bool]]) -> None:
        """Wait for a state of the database, looked at after each of its commits."""
        async with asyncio.timeout(PATIENCE):
            committed = asyncio.Event()
            engine = self.database._engine.sync_engine
            loop = asyncio.get_running_loop()

            def note(_connection: object) -> None:
                loop.call_soon_threadsafe(committed.set)

            event.listen(engine, "commit", note)
            try:
                while not await done():
                    committed.clear()
                    waiting = asyncio.ensure_future(committed.wait())
                    await asyncio.wait([waiting, self.task], return_when="FIRST_COMPLETED")
                    waiting.cancel()
                    if self.task.done():
                        await self.task
                        assert await done(), "the sender has ended"
                        return
            finally:
                event.remove(engine, "commit", note)

    async def until_over(self, count: int) -> list[DeliveryState]:
        """The states of all deliveries, when there are so many and none goes on."""

        async def over() -> bool:
            found = await states(self.database)
            return len(found) == count and not {S.QUEUED, S.LEASED, S.SENDING} & set(found)

        await self.until(over)
        return await states(self.database)

    async def end(self) -> None:
        self.stop.set()
        async with asyncio.timeout(PATIENCE):
            await self.task


@asynccontextmanager
async def sending(
    database: Database,
    tg: Telegram,
    *admins: Person,
    rate: float = RATE,
    policy: Policy = Policy(),  # noqa: B008 - frozen
) -> AsyncIterator[Running]:
    """A sender as the composition root builds it, in a term of its own, stopped at the end."""
    replies, pushes = (make_bot(tg.token, tg.url) for _ in range(2))
    alerts = Alerts(database, replies, [each.id for each in admins], TRANSLATORS["ru"])
    stop = asyncio.Event()
    policy = replace(policy, rate=rate)
    pacer = Pacer(rate, paid=policy.paid)
    sender = Sender(database, pushes, pacer, TRANSLATORS, alerts, policy, lease=next(TERMS))
    running = Running(
        database, stop, sender, asyncio.create_task(sender.run(stop, asyncio.Event()))
    )
    try:
        yield running
        await running.end()
    finally:
        running.task.cancel()
        await asyncio.gather(running.task, return_exceptions=True)
        for bot in (replies, pushes):
            await bot.session.close()


async def audience(database: Database, people: list[Person]) -> None:
    before = datetime.now(UTC) - timedelta(hours=1)
    for person in people:
        await add_reader(database, before, person.id)


async def publish(
    database: Database, key: str = "a", *, title: str = TITLE, image: str | None = None
) -> int:
    return await add_broadcast(database, datetime.now(UTC), key, title=title, image=image)


# --- It goes out ------------------------------------------------------------------------------


async def test_a_push_reaches_every_subscriber_once(database: Database, tg: Telegram) -> None:
    people = tg.persons(30)
    await audience(database, people)
    await publish(database, image="https://news.example/bridge.jpg")

    async with sending(database, tg) as running:
        assert await running.until_over(30) == [S.SENT] * 30

    assert tg.ledger.copies(TITLE) == dict.fromkeys((person.id for person in people), 1)
    numbers = {row.reader_id: row.message_id for row in await rows(database)}
    (shown,) = people[0].messages
    assert shown.id in numbers.values()
    assert shown.text == f"Город\n\n{TITLE}\n\nДвижение началось в понедельник."
    assert shown.image == "https://news.example/bridge.jpg"
    assert not shown.silent
    read, site, share, mute = shown.labels
    assert shown.button(read).data
    assert shown.button(site).url == "https://news.example/a"
    assert "t.me/share" in (shown.button(share).url or "")
    assert "Город" in mute
    assert tg.violations == []
    assert tg.notes == []


async def test_each_reader_is_spoken_to_in_their_language(database: Database, tg: Telegram) -> None:
    people = tg.persons(2)
    await audience(database, people)
    async with database.write() as connection:
        await readers.choose_locale(connection, 1, "en")
    await publish(database)
    async with sending(database, tg) as running:
        await running.until_over(2)
    english, russian = (person.messages[0].labels for person in people)
    assert "Read" in english[0]
    assert english[0] != russian[0]


async def test_a_topic_gets_its_push(database: Database, tg: Telegram) -> None:
    owner = tg.person("Анна", started=True)
    forum = tg.group("Форум", [owner], supergroup=True, forum=True)
    topic = await forum.add_topic("Новости")
    before = datetime.now(UTC)
    await add_reader(database, before, forum.id, kind=ChatKind.SUPERGROUP, thread_id=topic)
    await publish(database)
    async with sending(database, tg) as running:
        assert await running.until_over(1) == [S.SENT]
    (message,) = tg.ledger.messages(forum.id)
    assert message.thread_id == topic


async def test_pushes_to_one_chat_keep_their_order(
    database: Database, tg: Telegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A chat that had to wait for its turn once got the later articles first."""
    monkeypatch.setattr(pace, "_PRIVATE_BURST", 3.0)
    monkeypatch.setattr(pace, "_PRIVATE_RATE", 20.0)
    (anna,) = tg.persons(1)
    await audience(database, [anna])
    for number in range(24):
        await publish(database, f"key {number}", title=f"Новость {number:02}")

    async with sending(database, tg) as running:
        await running.until_over(24)

    titles = [view.text.split("\n")[2] for view in anna.messages]
    assert titles == [f"Новость {number:02}" for number in range(24)]


async def test_order_is_kept_when_the_first_has_to_wait(database: Database, tg: Telegram) -> None:
    """What followed a push that Telegram put off once overtook it."""
    (anna,) = tg.persons(1)
    await audience(database, [anna])
    for number in range(4):
        await publish(database, f"key {number}", title=f"Новость {number}")
    tg.faults.add(Flood(1), method="sendMessage", skip=1)

    async with sending(database, tg) as running:
        assert await running.until_over(4) == [S.SENT] * 4

    assert [view.text.split("\n")[2] for view in anna.messages] == [
        f"Новость {number}" for number in range(4)
    ]
    assert tg.violations == []


# --- Telegram says no -------------------------------------------------------------------------


@pytest.mark.parametrize("scope", ["chat", "all"])
async def test_a_flood_wait_is_obeyed_and_the_delivery_kept(
    database: Database, scope: Literal["chat", "all"]
) -> None:
    """What was under way when the answer came may still arrive; nothing else leaves before."""
    grace, wait = 1.5, 3
    async with Telegram(flood=FloodRules(grace=grace)) as tg:
        people = tg.persons(40)
        await audience(database, people)
        await publish(database)
        flood = tg.faults.add(Flood(wait, scope), method="sendMessage", skip=5)

        async with sending(database, tg, rate=50) as running:
            assert await running.until_over(40) == [S.SENT] * 40

        assert flood.hits == 1
        assert tg.violations == []
        assert tg.ledger.copies(TITLE) == dict.fromkeys((person.id for person in people), 1)
        asked = next(r.finished for r in tg.ledger.requests if r.fault is not None)
        assert asked is not None
        arrived = [r.arrived - asked for r in tg.ledger.requests]
        assert sum(0 < moment < wait for moment in arrived) <= running.sender._sizes_now()[0]
        assert not [moment for moment in arrived if grace < moment < wait]
    assert {row.attempt for row in await rows(database)} == {1}
    assert not any(row.doubts for row in await rows(database))


async def test_a_pause_begins_before_the_flood_is_written_down(
    database: Database, tg: Telegram
) -> None:
    """While the outcome waited for the database, further pushes once left inside the wait."""
    people = tg.persons(30)
    await audience(database, people)
    await publish(database)
    flood = tg.faults.add(Flood(2, scope="all"), method="sendMessage")
    async with sending(database, tg, rate=50) as running:
        await tg.ledger.wait_for(lambda: flood.hits == 1)
        async with database.write():  # nothing can be written down meanwhile
            pacer = running.sender._pacer
            await tg.ledger.wait_for(lambda: pacer.paused_for() > 1.5)
        await running.until_over(30)
    assert tg.violations == []


async def test_who_blocked_us_is_left_alone(database: Database, tg: Telegram) -> None:
    people = tg.persons(3)
    await audience(database, people)
    await people[1].block()
    for key in ("a", "b"):
        await publish(database, key)

    async with sending(database, tg, rate=1000) as running:

        async def over() -> bool:
            async with database.read() as connection:
                return not await broadcasts.count_queued(connection, datetime.now(UTC))

        await running.until(over)

    found = await states(database)
    assert found.count(S.SENT) == 4
    assert found.count(S.FAILED) == 1
    assert found.count(S.CANCELLED) <= 1  # where the second was claimed before the first failed
    assert len(tg.ledger.calls("sendMessage", chat_id=people[1].id)) == 1
    async with database.read() as connection:
        known = await connection.scalars(
            select(reader.c.chat_id).where(reader.c.active).order_by("chat_id")
        )
        assert known.all() == sorted((people[0].id, people[2].id))
        failed = await outbox.last_errors(connection, 5)
    assert failed == [(people[1].id, "Forbidden: bot was blocked by the user")]


async def test_a_group_that_became_a_supergroup_is_followed(
    database: Database, tg: Telegram
) -> None:
    owner = tg.person("Анна", started=True)
    group = tg.group("Двор", [owner])
    await add_reader(database, datetime.now(UTC), group.id, kind=ChatKind.GROUP)
    await publish(database)
    supergroup = await group.upgrade()

    async with sending(database, tg) as running:
        assert await running.until_over(1) == [S.SENT]

    assert tg.ledger.copies(TITLE) == {supergroup.id: 1}
    async with database.read() as connection:
        row = (await connection.execute(select(reader))).one()
    assert (row.chat_id, row.kind, row.active) == (supergroup.id, "supergroup", True)
    assert tg.violations == []


REFUSAL = Refusal(400, "Bad Request: ENTITY_TEXTURL_INVALID")


async def test_a_refused_rendering_goes_out_plain_and_is_told_once(
    database: Database, tg: Telegram, admin: Person
) -> None:
    people = tg.persons(40)
    await audience(database, people)
    await publish(database, image="https://news.example/bridge.jpg")
    tg.faults.add(
        REFUSAL,
        method="sendMessage",
        when=lambda request: bool(request.params.get("entities")),
        times=None,
    )

    async with sending(database, tg, admin, rate=50) as running:
        assert await running.until_over(40) == [S.SENT] * 40
        told = await admin.sees("Telegram")

    assert REFUSAL.description in told.text
    assert len(admin.messages) == 1
    assert tg.ledger.copies(TITLE) == dict.fromkeys((person.id for person in people), 1)
    (shown,) = people[0].messages
    assert shown.entities == ()
    assert "https://news.example/a" in shown.text
    assert shown.image is None
    full = [r for r in tg.ledger.calls("sendMessage") if r.params.get("entities")]
    first = full[0].finished
    assert first is not None
    assert len(full) <= running.sender._sizes_now()[0]  # those that were in flight, and no more
    per_chat = [request.chat_id for request in full]
    assert len(per_chat) == len(set(per_chat))  # never the identical request again
    assert {row.attempt for row in await rows(database)} == {1}


async def test_a_refused_article_stays_plain_in_the_next_process(
    database: Database, tg: Telegram, admin: Person
) -> None:
    people = tg.persons(2)
    await audience(database, people[:1])
    await publish(database)
    tg.faults.add(REFUSAL, method="sendMessage")
    async with sending(database, tg, admin) as running:
        await running.until_over(1)
        await admin.sees("Telegram")
    await audience(database, people[1:])
    async with database.write() as connection:
        await connection.execute(
            update(broadcast).values(fanned_out=False, state=BroadcastState.OPEN)
        )
    async with sending(database, tg, admin) as running:
        await running.until_over(2)
    assert people[1].messages[0].entities == ()
    assert len(admin.messages) == 1


async def test_an_article_whose_plain_form_is_refused_too_fails(
    database: Database, tg: Telegram, admin: Person
) -> None:
    people = tg.persons(2)
    await audience(database, people)
    await publish(database)
    tg.faults.add(REFUSAL, when=lambda r: r.chat_id != admin.id, times=None)
    async with sending(database, tg, admin) as running:
        assert await running.until_over(2) == [S.FAILED] * 2
        await admin.sees("не все читатели")
    assert len(admin.messages) == 2  # once for the form, once for those who got nothing
    assert {len(tg.ledger.calls("sendMessage", chat_id=p.id)) for p in people} <= {1, 2}


async def test_an_administrator_who_cannot_be_told_holds_nothing_up(
    database: Database, tg: Telegram
) -> None:
    stranger = tg.person("Редактор")
    people = tg.persons(2)
    await audience(database, people)
    await publish(database)
    tg.faults.add(REFUSAL, method="sendMessage")
    async with sending(database, tg, stranger) as running:
        assert await running.until_over(2) == [S.SENT] * 2


async def test_an_article_that_cannot_be_shown_stops_no_other(
    database: Database, tg: Telegram
) -> None:
    """One article that could not be read back once ended the sender, and all sends with it."""
    (anna,) = tg.persons(1)
    await audience(database, [anna])
    broken = await publish(database, "broken")
    await publish(database, "well", title="Другая новость")
    async with database.write() as connection:
        await connection.execute(
            update(article).where(article.c.id == broken).values(document="no JSON")
        )
    async with sending(database, tg) as running:
        assert await running.until_over(2) == [S.FAILED, S.SENT]
    assert "cannot be shown" in (await rows(database))[0].error
    assert [view.text.split("\n")[2] for view in anna.messages] == ["Другая новость"]


async def test_an_unknown_refusal_is_kept_for_a_person_to_see(
    database: Database, tg: Telegram
) -> None:
    people = tg.persons(2)
    await audience(database, people)
    await publish(database)
    tg.faults.add(Refusal(400, "Bad Request: SOMETHING_NEW"), chat_id=people[0].id)
    async with sending(database, tg) as running:
        assert await running.until_over(2) == [S.FAILED, S.SENT]
    assert (await rows(database))[0].error == "Bad Request: SOMETHING_NEW"
    async with database.read() as connection:
        assert all((await connection.scalars(select(reader.c.active))).all())


async def test_a_refused_picture_is_left_out_and_told_once(
    database: Database, tg: Telegram, admin: Person
) -> None:
    people = tg.persons(10)
    await audience(database, people)
    await publish(database, image="https://news.example/bridge.jpg")
    refused = tg.faults.add(
        Refusal(400, "Bad Request: failed to get HTTP URL content"),
        method="sendMessage",
        when=lambda request: "bridge.jpg" in str(request.params.get("link_preview_options")),
        times=None,
    )
    async with sending(database, tg, admin, rate=50) as running:
        assert await running.until_over(10) == [S.SENT] * 10
        await admin.sees("картинк")
    assert len(admin.messages) == 1
    assert refused.hits <= running.sender._sizes_now()[0]
    assert {message.image for person in people for message in person.messages} == {None}
    assert all(person.messages[0].entities for person in people)


async def test_a_topic_that_is_gone_sends_its_news_to_the_chat_itself(
    database: Database, tg: Telegram
) -> None:
    owner = tg.person("Анна", started=True)
    forum = tg.group("Форум", [owner], supergroup=True, forum=True)
    topic = await forum.add_topic("Новости")
    await add_reader(
        database, datetime.now(UTC), forum.id, kind=ChatKind.SUPERGROUP, thread_id=topic
    )
    await publish(database)
    gone = Refusal(400, "Bad Request: message thread not found")
    tg.faults.add(gone, when=lambda request: "message_thread_id" in request.params, times=None)
    async with sending(database, tg) as running:
        assert await running.until_over(1) == [S.SENT]
        await publish(database, "b")
        assert await running.until_over(2) == [S.SENT] * 2
    assert [message.thread_id for message in tg.ledger.messages(forum.id)] == [None, None]
    assert len([r for r in tg.ledger.calls("sendMessage") if r.fault]) == 1


async def test_a_chat_that_is_not_found_is_given_up_only_after_a_day(
    database: Database, tg: Telegram
) -> None:
    """Telegram says the same of any chat when it ails itself."""
    anna, boris = tg.persons(2)
    await audience(database, [anna, boris])
    missing = Refusal(400, "Bad Request: chat not found")
    tg.faults.add(missing, method="sendMessage", chat_id=anna.id, times=None)
    found = tg.faults.add(missing, method="sendMessage", chat_id=boris.id)

    async def active(key: str) -> list[tuple[bool, bool]]:
        await publish(database, key)
        async with sending(database, tg) as running:
            await running.until_over(2 * len("abc"[: "abc".index(key) + 1]))
        async with database.read() as connection:
            rows = await connection.execute(select(reader).order_by(reader.c.id))
            return [(row.active, row.missing_since is not None) for row in rows]

    assert await active("a") == [(True, True), (True, True)]
    assert found.hits == 1
    assert await active("b") == [(True, True), (True, False)]
    yesterday = datetime.now(UTC) - timedelta(hours=25)
    async with database.write() as connection:
        await readers.note_missing(connection, anna.id, yesterday)
    assert await active("c") == [(False, True), (True, False)]


async def test_a_refused_token_ends_the_sender_and_touches_no_reader(
    database: Database, tg: Telegram
) -> None:
    people = tg.persons(5)
    await audience(database, people)
    await publish(database)
    tg.faults.add(Refusal(401, "Unauthorized"), times=None)
    with pytest.raises(TokenRefusedError):
        async with sending(database, tg) as running:
            await running.task
    assert set(await states(database)) == {S.QUEUED}
    async with database.read() as connection:
        assert all((await connection.scalars(select(reader.c.active))).all())


# --- The breaker ------------------------------------------------------------------------------


async def test_a_broadcast_that_is_refused_too_often_stops_before_the_audience_is_lost(
    database: Database, tg: Telegram, admin: Person
) -> None:
    people = tg.persons(400)
    await audience(database, people)
    await publish(database)
    blocked = Refusal(403, "Forbidden: bot was blocked by the user")
    fault = tg.faults.add(
        blocked, method="sendMessage", when=lambda r: r.chat_id != admin.id, times=None
    )
    async with sending(database, tg, admin, rate=500) as running:
        told = await admin.sees("200", timeout=PATIENCE)
        running.stop.set()
        await running.task
    # 41 that trip it, those in flight, and those that a transaction under way begins.
    assert fault.hits <= 41 + 2 * running.sender._sizes_now()[0]
    async with database.read() as connection:
        closed = (await connection.scalars(select(reader.c.id).where(~reader.c.active))).all()
        assert (await connection.scalars(select(broadcast.c.state))).all() == [
            BroadcastState.HALTED
        ]
    assert len(closed) == 0

    fault.cancel()
    assert [button.split()[-1] for button in told.labels] == ["дальше", "рассылку"]
    async with database.write() as connection:
        now = datetime.now(UTC)
        assert await broadcasts.resume(connection, 1, now, now + timedelta(hours=1))
    async with sending(database, tg, admin) as running:
        assert await running.until_over(400) == [S.SENT] * 400
    assert set(tg.ledger.copies(TITLE).values()) == {1}


# --- Priority, expiry, waits ------------------------------------------------------------------


async def test_breaking_news_overtake_what_is_going_out(database: Database, tg: Telegram) -> None:
    people = tg.persons(60)
    await audience(database, people)
    await publish(database)
    async with sending(database, tg, rate=50) as running:
        await tg.ledger.wait_for(lambda: tg.ledger.sent >= 5)
        now = datetime.now(UTC)
        await add_broadcast(database, now, "b", title="Срочно", priority=Priority.BREAKING)
        assert await running.until_over(120) == [S.SENT] * 120
    order = [request.params["text"] for request in tg.ledger.calls("sendMessage")]
    urgent = [place for place, text in enumerate(order) if "Срочно" in text]
    assert urgent[0] < 5 + 3 * running.sender._sizes_now()[0]
    assert urgent[-1] <= urgent[0] + 60 + running.sender._sizes_now()[0]


async def test_paid_breaking_news_leave_beside_the_free_rate(
    database: Database, tg: Telegram
) -> None:
    people = tg.persons(60)
    await audience(database, people)
    now = datetime.now(UTC)
    await add_broadcast(database, now, "b", title="Срочно", priority=Priority.BREAKING)
    async with sending(database, tg, rate=2, policy=Policy(paid=True)) as running:
        assert await running.until_over(60) == [S.SENT] * 60
    sent = tg.ledger.calls("sendMessage")
    assert all(request.params["allow_paid_broadcast"] for request in sent)
    assert sent[-1].arrived - sent[0].arrived < 58 / 2  # what the free rate would take


async def test_who_was_not_reached_in_time_is_not_sent_old_news(
    database: Database, tg: Telegram
) -> None:
    people = tg.persons(40)
    await audience(database, people)
    await publish(database)
    async with sending(database, tg, rate=20) as running:
        await tg.ledger.wait_for(lambda: tg.ledger.sent >= 5)
        async with database.write() as connection:
            past = datetime.now(UTC) - timedelta(seconds=1)
            await connection.execute(update(broadcast).values(expires_at=past))

        async def over() -> bool:
            async with database.read() as connection:
                state = await connection.scalar(select(broadcast.c.state))
            left = {S.QUEUED, S.LEASED, S.SENDING} & set(await states(database))
            return state == BroadcastState.EXPIRED and not left

        await running.until(over)
    found = await states(database)
    assert set(found) <= {S.SENT, S.EXPIRED}
    assert 5 <= found.count(S.SENT) < 40
    assert tg.ledger.sent == found.count(S.SENT)


async def test_a_long_wait_survives_a_restart(database: Database, tg: Telegram) -> None:
    people = tg.persons(10)
    await audience(database, people)
    await publish(database)
    flood = tg.faults.add(Flood(3600, "all"), method="sendMessage")
    async with sending(database, tg) as running:

        async def kept() -> bool:
            async with database.read() as connection:
                return bool(await pauses.pauses(connection, datetime.now(UTC)))

        await running.until(kept)
    async with sending(database, tg) as running:

        async def obeyed() -> bool:
            return running.sender._pacer.paused_for() > 3500

        await running.until(obeyed)
    assert flood.hits == 1
    assert tg.violations == []


@pytest.mark.parametrize("ends", [False, True], ids=["while it runs", "as it ends"])
async def test_a_long_wait_of_an_answer_is_kept_though_nothing_goes_out(
    database: Database, tg: Telegram, *, ends: bool
) -> None:
    (anna,) = tg.persons(1)

    async def kept() -> bool:
        async with database.read() as connection:
            return anna.id in await pauses.pauses(connection, datetime.now(UTC))

    async with sending(database, tg) as running:
        running.sender._pacer.reply_flood(anna.id, 3600)
        if not ends:
            await running.until(kept)
    assert await kept()


# --- Nobody knows whether it arrived ----------------------------------------------------------


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    "effect",
    [
        Reset(),
        HtmlError(502),
        Garbled(),
        Refusal(500, "Internal Server Error: Request aborted"),
    ],
    ids=["reset", "502", "garbled", "aborted"],
)
async def test_a_doubtful_push_is_repeated_once_and_silently(
    database: Database, tg: Telegram, effect: Effect, *, after: bool
) -> None:
    (anna,) = tg.persons(1)
    await audience(database, [anna])
    await publish(database)
    tg.faults.add(effect, method="sendMessage", after=after)

    async with sending(database, tg) as running:
        assert await running.until_over(1) == [S.SENT]

    assert [view.silent for view in anna.messages] == [False, True] if after else [True]
    (row,) = await rows(database)
    assert (row.doubts, row.attempt) == (1, 2)
    assert tg.violations == []


async def test_a_second_doubt_while_others_get_through_ends_it_as_unknown(
    database: Database, tg: Telegram, admin: Person
) -> None:
    anna, *others = people = tg.persons(40)
    await audience(database, people)
    await publish(database)
    tg.faults.add(Reset(), method="sendMessage", chat_id=anna.id, after=True, times=None)
    async with sending(database, tg, admin, rate=20) as running:
        assert sorted(await running.until_over(40)) == [*[S.SENT] * 39, S.UNKNOWN]
        await admin.sees("не все читатели")
    # Another push may get through a moment before or after the second try at Anna's.
    assert [view.silent for view in anna.messages] in ([False, True], [False, True, True])
    assert {len(other.messages) for other in others} == {1}


async def test_who_wants_no_repetition_gets_none(
    database: Database, tg: Telegram, admin: Person
) -> None:
    anna, boris = tg.persons(2)
    await audience(database, [anna, boris])
    await publish(database)
    tg.faults.add(Reset(), method="sendMessage", chat_id=anna.id, after=True)
    policy = Policy(on_unknown=OnUnknown.DROP)
    async with sending(database, tg, admin, policy=policy) as running:
        assert sorted(await running.until_over(2)) == [S.SENT, S.UNKNOWN]
        await admin.sees("не все читатели")
    assert (len(anna.messages), len(boris.messages)) == (1, 1)


async def test_an_outage_of_telegram_loses_nobody(database: Database, tg: Telegram) -> None:
    """Half a minute of 502 once left every delivery of a broadcast unknown."""
    people = tg.persons(40)
    await audience(database, people)
    await publish(database)
    away = tg.faults.add(HtmlError(), method="sendMessage", times=None)
    async with sending(database, tg) as running:
        await tg.ledger.wait_for(lambda: away.hits >= 5, timeout=30)
        away.cancel()
        assert set(await running.until_over(40)) == {S.SENT}
    assert all(len(person.messages) == 1 for person in people)


async def test_an_answer_that_cannot_be_read_but_says_ok_counts_as_delivered(
    database: Database, tg: Telegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Telegram newer than our library answers with what the library cannot read."""
    (anna,) = tg.persons(1)
    await audience(database, [anna])
    await publish(database)

    def newer(text: str) -> object:
        answer = json.loads(text)
        if isinstance(answer.get("result"), dict) and "chat" in answer["result"]:
            answer["result"]["chat"] = "a new kind of chat"
        return answer

    async with sending(database, tg) as running:
        session = running.sender._bot.session
        assert isinstance(session, AiohttpSession)
        monkeypatch.setattr(session, "json_loads", newer)
        assert await running.until_over(1) == [S.SENT]
    assert len(anna.messages) == 1
    assert (await rows(database))[0].message_id == anna.messages[0].id


async def left_behind(database: Database, lease: int) -> None:
    """Two deliveries as a killed sender leaves them: one begun, one claimed."""
    now = datetime.now(UTC)
    async with database.write() as connection:
        first, _ = await outbox.claim(connection, lease=lease, now=now, limit=9)
        assert await outbox.begin(connection, [first], now)


async def test_what_a_killed_sender_had_begun_goes_out_once_more_silently(
    database: Database, tg: Telegram
) -> None:
    begun, claimed = tg.persons(2)
    await audience(database, [begun, claimed])
    await publish(database)
    await left_behind(database, lease=0)
    async with sending(database, tg) as running:
        assert await running.until_over(2) == [S.SENT] * 2
    assert [view.silent for view in begun.messages] == [True]
    assert [view.silent for view in claimed.messages] == [False]


async def test_two_kills_in_a_row_lose_nothing(database: Database, tg: Telegram) -> None:
    """A push that was begun at the second kill, too, once ended without having been sent."""
    people = tg.persons(2)
    await audience(database, people)
    await publish(database)
    await left_behind(database, lease=-1)
    async with database.write() as connection:
        await outbox.rescue(connection, 0, OnUnknown.RESEND, datetime.now(UTC))
    await left_behind(database, lease=0)
    async with sending(database, tg) as running:
        assert await running.until_over(2) == [S.SENT] * 2
    assert [row.doubts for row in await rows(database)] == [2, 0]


async def test_a_killed_sender_s_begun_push_is_dropped_where_that_is_wanted(
    database: Database, tg: Telegram
) -> None:
    begun, claimed = tg.persons(2)
    await audience(database, [begun, claimed])
    await publish(database)
    await left_behind(database, lease=0)
    policy = Policy(on_unknown=OnUnknown.DROP)
    async with sending(database, tg, policy=policy) as running:
        assert await running.until_over(2) == [S.UNKNOWN, S.SENT]
    assert begun.messages == []


async def test_what_could_not_be_begun_or_recorded_is_taken_up_again(
    database: Database, tg: Telegram
) -> None:
    """A database that fails for a moment once left deliveries to nobody until a restart."""
    people = tg.persons(3)
    await audience(database, people)
    await publish(database)
    failed: list[str] = []

    def fail_once(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        for part in ("EXISTS", "SET state=?, message_id"):
            if statement.startswith("UPDATE delivery") and part in statement and part not in failed:
                failed.append(part)
                raise OperationalError(statement, None, OSError("the disk is full"))

    engine = database._engine.sync_engine
    event.listen(engine, "before_cursor_execute", fail_once)
    try:
        async with sending(database, tg) as running:
            assert await running.until_over(3) == [S.SENT] * 3
    finally:
        event.remove(engine, "before_cursor_execute", fail_once)
    assert len(failed) == 2
    assert tg.ledger.copies(TITLE) == {person.id: 1 for person in people}


async def test_telegram_away_for_a_moment_costs_nothing(database: Database, tg: Telegram) -> None:
    """No connection came about, so nothing was sent: it is tried again, not doubted."""
    (anna,) = tg.persons(1)
    await audience(database, [anna])
    await publish(database)
    async with Telegram() as passing:
        closed = passing.url
    async with sending(database, tg) as running:
        session = running.sender._bot.session
        there, session.api = session.api, make_bot(tg.token, closed).session.api

        async def put_off() -> bool:
            return any(row.error and "Connect" in row.error for row in await rows(database))

        await running.until(put_off)
        session.api = there
        assert await running.until_over(1) == [S.SENT]
    assert [view.silent for view in anna.messages] == [False]
    (row,) = await rows(database)
    assert not row.doubts
    assert row.attempt >= 2


# --- Readers who leave, and the end -----------------------------------------------------------


async def test_an_unsubscribe_between_claim_and_send_is_obeyed(
    database: Database, tg: Telegram
) -> None:
    anna, boris = tg.persons(2)
    await audience(database, [anna, boris])
    await publish(database)
    await publish(database, "b", title="Другая новость")
    held = Hold()
    fault = tg.faults.add(held, method="sendMessage", times=None)
    async with sending(database, tg) as running:
        # The second article is claimed, and waits until the first has come to this chat.
        await tg.ledger.wait_for(lambda: fault.hits == 2)
        await unsubscribe(database, 1, datetime.now(UTC))
        held.release()
        assert sorted(await running.until_over(4)) == [S.SENT] * 3 + [S.CANCELLED]
    assert len(anna.messages) == 1
    assert len(boris.messages) == 2


async def test_a_stop_claims_nothing_more_and_records_what_is_in_flight(
    database: Database, tg: Telegram
) -> None:
    people = tg.persons(200)
    await audience(database, people)
    await publish(database)
    held = Hold()
    fault = tg.faults.add(held, method="sendMessage", after=True, skip=20, times=None)

    async with sending(database, tg, rate=100) as running:
        at_once = running.sender._sizes_now()[0]
        await tg.ledger.wait_for(lambda: fault.hits == at_once, timeout=PATIENCE)
        running.stop.set()
        await asyncio.sleep(0)
        assert not running.task.done()
        held.release()
        await running.end()

    found = await states(database)
    assert found.count(S.SENT) == 20 + at_once
    assert set(found) <= {S.SENT, S.QUEUED}
    assert len(tg.ledger.calls("sendMessage")) == 20 + at_once
    left = [row for row in await rows(database) if row.state == S.QUEUED]
    assert all(row.lease is None and row.attempt == 0 for row in left)

    tg.faults.clear()
    async with sending(database, tg) as running:
        await running.until_over(200)
    assert tg.ledger.copies(TITLE) == dict.fromkeys((person.id for person in people), 1)
    assert not any(view.silent for person in people for view in person.messages)


async def test_a_sender_that_was_only_slow_does_not_undo_what_its_successor_did(
    database: Database, tg: Telegram
) -> None:
    """The term of the old one is over: its late success still counts, nothing else of it does."""
    people = tg.persons(20)
    await audience(database, people)
    await publish(database)
    held = Hold()
    fault = tg.faults.add(held, method="sendMessage", times=5)
    async with sending(database, tg, rate=50) as old:
        await tg.ledger.wait_for(lambda: fault.hits == 5)
        async with sending(database, tg, rate=50) as new:
            old.stop.set()
            held.release()
            await old.task
            assert await new.until_over(20) == [S.SENT] * 20
    copies = tg.ledger.copies(TITLE)
    assert set(copies) == {person.id for person in people}
    doubted = sum(row.doubts for row in await rows(database))
    assert sum(copies.values()) - 20 <= doubted


async def test_the_rate_is_kept(database: Database, tg: Telegram) -> None:
    people = tg.persons(30)
    await audience(database, people)
    await publish(database)
    async with sending(database, tg, rate=25) as running:
        await running.until_over(30)
    arrived = [request.arrived for request in tg.ledger.calls("sendMessage")]
    assert arrived[-1] - arrived[0] >= (30 - 2 - 1) / 25  # a burst of two, then one each 40 ms


async def test_mute_between_two_articles(database: Database, tg: Telegram) -> None:
    (anna,) = tg.persons(1)
    await audience(database, [anna])
    await publish(database, "a")
    async with sending(database, tg) as running:
        await running.until_over(1)
        async with database.write() as connection:
            await subscriptions.unsubscribe(connection, 1, datetime.now(UTC), section_id=1)
        await publish(database, "b")

        async def fanned_out() -> bool:
            async with database.read() as connection:
                pending = select(broadcast.c.id).where(~broadcast.c.fanned_out)
                return (await connection.scalars(pending)).first() is None

        await running.until(fanned_out)
    assert len(await rows(database)) == 1
