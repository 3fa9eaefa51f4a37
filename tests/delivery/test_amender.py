"""The amender against Telegram's emulator on a real socket, and a real database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event
from structlog.testing import capture_logs

from bot.delivery import amender as machine
from bot.delivery.alerts import Alerts
from bot.delivery.amender import Amender
from bot.i18n import load_translators
from bot.model import DeliveryState, NewArticle, Reader
from bot.storage import (
    amendments,
    articles,
    bookmarks,
    opened,
    outbox,
    placements,
    readers,
    revisions,
    sections,
)
from bot.storage.database import Database
from bot.storage.outbox import Settled
from bot.telegram import show
from bot.telegram.pace import Lane, Pacer
from bot.telegram.session import make_bot
from bot.views.push import push
from sandbox.telegram import (
    Flood,
    Garbled,
    Hold,
    HtmlError,
    Person,
    RealClock,
    Refusal,
    Request,
    Reset,
    Telegram,
)
from tests.storage.rows import (
    add_broadcast,
    add_reader,
    add_source,
    guid,
    new_article,
    rows,
    unsubscribe,
)

BEFORE, AFTER = "Открыт новый пост", "Открыт новый мост"
NOW = datetime.now(UTC)
LEASE = 1
PATIENCE = 30.0
HOURS = 3600


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pauses between looks and after a doubt, shortened; their order stays."""
    monkeypatch.setattr(machine, "_IDLE_SECONDS", 0.02)
    monkeypatch.setattr(machine, "_SHORTEST_REST", timedelta(milliseconds=50))
    monkeypatch.setattr("bot.delivery.amending._PAUSE", 0.05)
    monkeypatch.setattr("bot.delivery.amending._LONGEST_PAUSE", 0.2)
    monkeypatch.setattr("bot.delivery.amending._LONGEST_WAIT", 0.2)
    monkeypatch.setattr("bot.delivery.amending._MISSING_WAIT", 0.05)
    monkeypatch.setattr("bot.delivery.amending._OUTAGE_PAUSE", 0.05)


@pytest.fixture
def clock() -> RealClock:
    return RealClock()


@pytest.fixture
async def tg(clock: RealClock) -> AsyncIterator[Telegram]:
    async with Telegram(clock=clock) as telegram:
        yield telegram
        assert telegram.violations == []


@pytest.fixture
async def database(sqlite_url: str) -> AsyncIterator[Database]:
    async with Database.open(sqlite_url) as opened_:
        yield opened_


class Press:
    """A press office: what it has pushed, and what it does to it."""

    def __init__(self, database: Database, tg: Telegram) -> None:
        self.database = database
        self.tg = tg
        self.t = load_translators("ru", "Europe/Moscow")["ru"]
        self.article = 0
        self.readers: list[Reader] = []

    async def push(self, *persons: Person) -> None:
        """Have an article in the chats of these people, as the sender would."""
        self.readers = [await add_reader(self.database, NOW, person.id) for person in persons]
        self.article = await add_broadcast(
            self.database, NOW, title=BEFORE, image="https://news.example/bridge.jpg"
        )
        await self._send()

    async def place(self, title: str, *persons: Person) -> None:
        """Have it in the chats of these people by another section in which it stands, too."""
        for person in persons:
            await add_reader(self.database, NOW, person.id, section=title)
        async with self.database.write() as connection:
            number = await sections.ensure_section(connection, (title,), NOW)
            source = await add_source(connection, NOW)
            await placements.place(connection, self.article, number, source, NOW, goes_out=True)
        await self._send(number)

    async def _send(self, by: int | None = None) -> None:
        async with self.database.read() as connection:
            article = await articles.get_article(connection, self.article, section_id=by)
        assert article is not None
        bot = make_bot(self.tg.token, self.tg.url)
        async with self.database.write() as connection:
            claimed = await outbox.claim(connection, lease=LEASE, now=NOW, limit=1000)
            begun = [each.delivery for each in await outbox.begin(connection, claimed, NOW)]
        sent = []
        for delivery in begun:
            number = await show.send(bot, delivery.reader.chat, push(article, self.t))
            sent.append(Settled(delivery, DeliveryState.SENT, message_id=number, shown=1))
        await bot.session.close()
        async with self.database.write() as connection:
            await outbox.record(connection, sent, NOW)

    async def correct(self, **changes: Any) -> None:
        new: NewArticle = replace(
            new_article(guid("a"), image="https://news.example/bridge.jpg"),
            **({"title": AFTER} | changes),
        )
        async with self.database.write() as connection:
            await revisions.revise_article(connection, self.article, new, NOW)

    async def withdraw(self) -> None:
        async with self.database.write() as connection:
            await revisions.withdraw_article(connection, self.article, NOW, by_hand=True)

    async def over(self) -> None:
        """Wait until nothing is left to amend, looking again after each commit."""
        committed = asyncio.Event()
        loop = asyncio.get_running_loop()

        def note(_connection: object) -> None:
            loop.call_soon_threadsafe(committed.set)

        engine = self.database._engine.sync_engine
        event.listen(engine, "commit", note)
        try:
            async with asyncio.timeout(PATIENCE):
                while await self.is_amending():
                    committed.clear()
                    await committed.wait()
        finally:
            event.remove(engine, "commit", note)

    async def is_amending(self) -> bool:
        async with self.database.read() as connection:
            return await amendments.amending(connection) is not None


@pytest.fixture
def press(database: Database, tg: Telegram) -> Press:
    return Press(database, tg)


@asynccontextmanager
async def amender(
    press: Press, *admins: Person, pacer: Pacer | None = None
) -> AsyncIterator[Amender]:
    """An amender as the composition root builds it."""
    replies, edits = (make_bot(press.tg.token, press.tg.url) for _ in range(2))
    translators = load_translators("ru", "Europe/Moscow")
    alerts = Alerts(press.database, replies, [each.id for each in admins], translators["ru"])
    try:
        yield Amender(
            press.database,
            edits,
            pacer or Pacer(1000),
            translators,
            alerts,
            rate=25,
            page_chars=600,
        )
    finally:
        for bot in (replies, edits):
            await bot.session.close()


@asynccontextmanager
async def amending(
    press: Press, *admins: Person, pacer: Pacer | None = None
) -> AsyncIterator[asyncio.Event]:
    """An amender at work, stopped at the end."""
    stop = asyncio.Event()
    async with amender(press, *admins, pacer=pacer) as worker:
        task = asyncio.create_task(worker.run(stop))
        try:
            yield stop
        finally:
            stop.set()
            async with asyncio.timeout(PATIENCE):
                await task


def edits(tg: Telegram, person: Person | None = None) -> list[Request]:
    return tg.ledger.calls("editMessageText", chat_id=person.id if person else None)


async def test_everybody_sees_the_corrected_headline_with_its_mark(
    press: Press, tg: Telegram
) -> None:
    people = tg.persons(75)
    await press.push(*people)
    await press.correct()
    async with amending(press):
        await press.over()
    for person in people:
        (message,) = person.messages
        assert AFTER in message.text
        assert "✏️ Исправлено" in message.text
        assert message.image == "https://news.example/bridge.jpg"
        assert message.labels[-1] == "🔕 Не присылать «Город»"
    assert len(edits(tg)) == 75
    assert [row.shown for row in await rows(press.database)] == [2] * 75


async def test_corrections_in_a_row_collapse_into_the_newest(press: Press, tg: Telegram) -> None:
    people = tg.persons(40)
    await press.push(*people)
    for number in range(5):
        await press.correct(title=f"Версия {number}")
    async with amending(press):
        await press.over()
    assert all("Версия 4" in person.messages[0].text for person in people)
    assert len(edits(tg)) == 40


async def test_a_correction_while_the_last_is_carried_out_reaches_all(
    press: Press, tg: Telegram
) -> None:
    people = tg.persons(70)
    await press.push(*people)
    await press.correct(title="Первая")
    hold = Hold()
    tg.faults.add(hold, method="editMessageText", skip=40)
    async with amending(press):
        await tg.ledger.wait_for(lambda: len(edits(tg)) > 40)
        await press.correct(title="Вторая")
        hold.release()
        await press.over()
    assert all("Вторая" in person.messages[0].text for person in people)


async def test_who_reads_is_shown_the_corrected_page_and_who_went_on_is_left(
    press: Press, tg: Telegram
) -> None:
    reading, gone, muted = (tg.person(name, started=True) for name in ("Анна", "Борис", "Вера"))
    await press.push(reading, gone, muted)
    numbers = [person.messages[0].id for person in (reading, gone, muted)]
    one, two, three = press.readers
    await unsubscribe(press.database, three.id, NOW)
    async with press.database.write() as connection:
        await bookmarks.set_bookmark(connection, one.id, press.article, 0, NOW)
        await opened.note_opened(connection, one.id, numbers[0], press.article, NOW)
        await opened.note_opened(connection, two.id, numbers[1], press.article, NOW)
        await opened.note_left(connection, two.id, numbers[1], NOW)
    await press.correct()
    async with amending(press):
        await press.over()
    page = reading.messages[0]
    assert "Исправлено" in page.text
    assert "Длина моста 300 метров." in page.text
    assert page.labels[-1] == "« К списку"
    assert BEFORE in gone.messages[0].text
    assert edits(tg, gone) == []
    assert muted.messages[0].labels[-1] == "🔔 Снова присылать «Город»"


async def test_who_has_it_by_another_section_sees_that_one_on(press: Press, tg: Telegram) -> None:
    anna, boris = (tg.person(name, started=True) for name in ("Анна", "Борис"))
    await press.push(anna)
    await press.place("Спорт", boris)
    await press.correct()
    async with amending(press):
        await press.over()
    city, sport = anna.messages[0], boris.messages[0]
    assert [shown.text.split("\n")[0] for shown in (city, sport)] == ["Город", "Спорт"]
    assert AFTER in sport.text
    assert sport.labels[-1] == "🔕 Не присылать «Спорт»"
    await press.withdraw()
    async with amending(press):
        await press.over()
    assert anna.messages == boris.messages == []


async def test_what_was_withdrawn_is_deleted_and_comes_back_to_nobody(
    press: Press, tg: Telegram
) -> None:
    people = tg.persons(3)
    await press.push(*people)
    await press.withdraw()
    async with amending(press):
        await press.over()
        assert [person.messages for person in people] == [[], [], []]
        async with press.database.write() as connection:
            await revisions.reinstate_article(connection, press.article, by_hand=True)
        await press.over()
    assert [person.messages for person in people] == [[], [], []]
    assert tg.ledger.sent == 3


async def test_after_48_hours_it_says_that_it_was_withdrawn_and_shows_it_again(
    press: Press, tg: Telegram, clock: RealClock
) -> None:
    (anna,) = tg.persons(1)
    await press.push(anna)
    clock.advance(49 * HOURS)
    await press.withdraw()
    async with amending(press):
        await press.over()
        (message,) = anna.messages
        assert message.text == "🗑 Эта статья снята с публикации издателем."
        assert (message.labels, message.image) == ((), None)
        async with press.database.write() as connection:
            await revisions.reinstate_article(connection, press.article, by_hand=True)
        await press.over()
    assert BEFORE in anna.messages[0].text
    assert "Исправлено" not in anna.messages[0].text


async def test_a_message_that_its_reader_deleted_is_let_go(press: Press, tg: Telegram) -> None:
    one, two = tg.persons(2)
    await press.push(one, two)
    tg.faults.add(Refusal(400, "Bad Request: message to edit not found"), chat_id=one.id)
    await press.correct()
    async with amending(press):
        await press.over()
    assert AFTER in two.messages[0].text
    assert len(edits(tg, one)) == 1
    assert tg.ledger.sent == 2  # nothing is sent in its place


async def test_whether_a_chat_is_closed_is_left_for_the_next_push_to_find_out(
    press: Press, tg: Telegram
) -> None:
    """An answer to an edit costs nobody their news."""
    one, two = tg.persons(2)
    await press.push(one, two)
    await one.block()
    await press.correct()
    async with amending(press):
        await press.over()
    assert AFTER in two.messages[0].text
    assert len(edits(tg, one)) == 1
    async with press.database.read() as connection:
        for each in press.readers:
            found = await readers.find_reader(connection, each.chat)
            assert found is not None
            assert found[0].active


@pytest.mark.parametrize("fault", [Reset(), Garbled()])
async def test_a_doubtful_edit_is_repeated(
    press: Press, tg: Telegram, fault: Reset | Garbled
) -> None:
    (anna,) = tg.persons(1)
    await press.push(anna)
    tg.faults.add(fault, method="editMessageText", times=2)
    await press.correct()
    async with amending(press):
        await press.over()
    assert AFTER in anna.messages[0].text


async def test_what_stays_doubtful_is_let_go_in_the_end(
    press: Press, tg: Telegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.delivery.amending._MOST_TRIES", 7)
    one, two = tg.persons(2)
    await press.push(one, two)
    tg.faults.add(Reset(), method="editMessageText", chat_id=one.id, times=100)
    await press.correct()
    with capture_logs() as logs:
        async with amending(press):
            await press.over()
    assert 5 <= len(edits(tg, one)) <= 7
    assert AFTER in two.messages[0].text
    assert [line["reader"] for line in logs if line["event"] == "message not amended"] == [
        press.readers[0].id
    ]


@pytest.mark.parametrize("fault", [HtmlError(502), Reset()])
async def test_an_outage_costs_no_correction(
    press: Press, tg: Telegram, fault: HtmlError | Reset
) -> None:
    people = tg.persons(4)
    await press.push(*people)
    outage = tg.faults.add(fault, method="editMessageText", times=1000)
    await press.correct()
    async with amending(press):
        await tg.ledger.wait_for(lambda: all(len(edits(tg, person)) >= 5 for person in people))
        outage.cancel()
        await press.over()
    assert all(AFTER in person.messages[0].text for person in people)


async def test_while_nothing_gets_through_all_amendments_wait(
    press: Press, tg: Telegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.delivery.amending._LONGEST_PAUSE", 3600)
    monkeypatch.setattr("bot.delivery.amending._PAUSE", 3600)
    people = tg.persons(90)
    await press.push(*people)
    outage = tg.faults.add(HtmlError(502), method="editMessageText", times=1000)
    await press.correct()
    async with amender(press) as worker:
        stop = asyncio.Event()
        assert await worker._step(stop)
        assert worker._rests()
        asked = len(edits(tg))
        assert asked <= 8  # those that were in flight together
        outage.cancel()
        assert await worker._step(stop)
    assert len(edits(tg)) == asked


async def test_a_chat_that_is_not_found_for_a_while_is_amended(press: Press, tg: Telegram) -> None:
    (anna,) = tg.persons(1)
    await press.push(anna)
    refusal = Refusal(400, "Bad Request: chat not found")
    tg.faults.add(refusal, method="editMessageText", times=3)
    await press.correct()
    async with amending(press):
        await press.over()
    assert AFTER in anna.messages[0].text


class Gate(Pacer):
    """A pacer whose turns wait until they are let through."""

    def __init__(self) -> None:
        super().__init__(1000)
        self.asked, self.open = asyncio.Event(), asyncio.Event()

    async def turn(self, lane: Lane, stop: asyncio.Event) -> bool:
        self.asked.set()
        await self.open.wait()
        return await super().turn(lane, stop)


@pytest.mark.parametrize("to_article", [True, False])
async def test_who_presses_while_their_turn_is_waited_for_is_not_thrown_out(
    press: Press, tg: Telegram, *, to_article: bool
) -> None:
    (anna,) = tg.persons(1)
    await press.push(anna)
    (reader,), number = press.readers, anna.messages[0].id
    await press.correct()
    gate = Gate()
    async with amending(press, pacer=gate):
        await gate.asked.wait()
        async with press.database.write() as connection:
            await opened.note_opened(connection, reader.id, number, press.article, NOW)
            if not to_article:
                await opened.note_left(connection, reader.id, number, NOW)
        gate.open.set()
        await press.over()
    if to_article:
        assert "Длина моста 300 метров." in anna.messages[0].text
    else:
        assert edits(tg, anna) == []


async def test_a_broadcast_rests_until_the_first_of_its_messages_may_be_tried(
    press: Press, tg: Telegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "_SHORTEST_REST", timedelta(0))
    one, two = tg.persons(2)
    await press.push(one, two)
    await press.correct()
    pacer, stop = Pacer(1000), asyncio.Event()
    pacer.close_chat(one.id, 12 * HOURS)
    async with amender(press, pacer=pacer) as worker, asyncio.timeout(PATIENCE):
        while await worker._step(stop):
            pass
        assert AFTER in two.messages[0].text
        assert await press.is_amending()
        await press.correct(title="Ещё раз")  # which does not wait for that chat
        while await worker._step(stop):
            pass
    assert "Ещё раз" in two.messages[0].text
    assert edits(tg, one) == []


async def test_a_refused_rendering_is_shown_plain_and_told_once(press: Press, tg: Telegram) -> None:
    editor = tg.person("Редактор", started=True)
    people = tg.persons(10)
    await press.push(*people)
    tg.faults.add(
        Refusal(400, "Bad Request: ENTITIES_TOO_LONG"),
        method="editMessageText",
        when=lambda request: bool(request.params.get("entities")),
        times=100,
    )
    await press.correct()
    async with amending(press, editor):
        await press.over()
        await editor.sees("не принял оформление")
    for person in people:
        (message,) = person.messages
        assert AFTER in message.text
        assert "✏️ Исправлено" in message.text
        assert message.entities == ()
    assert len(editor.messages) == 1


async def test_a_flood_wait_is_obeyed_to_the_second(press: Press, tg: Telegram) -> None:
    """The emulator counts whoever asks within the wait as a breach."""
    people = tg.persons(5)
    await press.push(*people)
    tg.faults.add(Flood(1), method="editMessageText")
    await press.correct()
    async with amending(press):
        await press.over()
    assert tg.ledger.refused[429] >= 1
    assert all(AFTER in person.messages[0].text for person in people)


async def test_a_restart_goes_on_where_it_stopped(press: Press, tg: Telegram) -> None:
    people = tg.persons(70)
    await press.push(*people)
    await press.correct()
    hold = Hold()
    tg.faults.add(hold, method="editMessageText", skip=45)
    async with amending(press) as stop:
        await tg.ledger.wait_for(lambda: len(edits(tg)) > 45)
        stop.set()
        hold.release()
    asked = len(edits(tg))
    async with amending(press):
        await press.over()
    assert all(AFTER in person.messages[0].text for person in people)
    assert len(edits(tg)) <= asked + 70 - 30


async def test_news_that_asks_goes_first(press: Press, tg: Telegram) -> None:
    """While pushes leave one after the other, edits only trickle."""
    people = tg.persons(60)
    await press.push(*people)
    await press.correct()
    pacer = Pacer(50)
    stop = asyncio.Event()
    async with amending(press, pacer=pacer):
        await tg.ledger.wait_for(lambda: len(edits(tg)) >= 2)
        before = len(edits(tg))
        for _ in range(50):
            assert await pacer.turn(Lane.NEWS, stop)
        assert len(edits(tg)) - before <= 8
        await press.over()
