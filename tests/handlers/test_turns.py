"""Updates: kept before they are acknowledged, handled once each, in order within a chat."""

from __future__ import annotations

import asyncio

import pytest
from structlog.typing import EventDict

from bot.errors import TokenInUseError, TokenRefusedError
from bot.handlers import intake
from sandbox.telegram import Hold, HtmlError, Person, Refusal, Telegram
from tests.handlers.house import House

Json = dict[str, object]


async def kept(house: House) -> dict[int, int]:
    """The state of each update that the bot knows: 0 waits, 1 is handled, 2 is put aside."""
    rows = await house.rows("SELECT update_id, state FROM incoming")
    return {row[0]: row[1] for row in rows}


async def test_updates_are_kept_before_they_are_acknowledged(
    asleep: House, anna: Person, tg: Telegram
) -> None:
    asleep.start(handling=False)
    await anna.say("/help")
    await tg.settled()  # Telegram was told that it arrived
    assert list((await kept(asleep)).values()) == [0]
    await asleep.kill()
    asleep.start()
    await anna.sees("Что я умею")
    await asleep.stop()
    assert list((await kept(asleep)).values()) == [1]
    assert len(tg.ledger.messages(anna.id)) == 1
    assert tg.violations == []


async def test_what_is_not_kept_is_not_acknowledged(
    asleep: House, anna: Person, tg: Telegram
) -> None:
    await asleep.change("ALTER TABLE incoming RENAME TO lost")
    asleep.start(handling=False)
    await anna.say("/help")
    await tg.ledger.wait_for(lambda: len(tg.ledger.calls("getUpdates")) > 1)
    assert tg.pending_updates == 1
    await asleep.change("ALTER TABLE lost RENAME TO incoming")
    await asleep.kill()
    asleep.start()
    await anna.sees("Что я умею")
    assert tg.violations == []


async def test_a_process_that_dies_while_answering_answers_again(
    asleep: House, anna: Person, tg: Telegram
) -> None:
    asleep.start()
    hold = tg.faults.add(Hold(), method="sendMessage")
    await anna.say("/help")
    await tg.ledger.wait_for(lambda: hold.hits)
    await asleep.kill()
    assert list((await kept(asleep)).values()) == [0]
    asleep.start()
    await anna.sees("Что я умею")
    assert tg.violations == []


async def test_a_repeated_update_is_handled_once(asleep: House, anna: Person, tg: Telegram) -> None:
    asleep.start(handling=False)
    await anna.say("/help")
    await tg.ledger.wait_for(lambda: tg.pending_updates)
    updates = list(tg.ledger.world.updates.pending)
    await asleep.intake.arrived.wait()
    await asleep.kill()
    asleep.start()
    await anna.sees("Что я умею")
    await tg.settled()
    await asleep.stop()
    tg.ledger.world.updates.pending.extend(updates)  # Telegram forgot that they were confirmed
    asleep.start()
    await anna.say("/language")
    await anna.sees("На каком языке говорить?")
    assert len(tg.ledger.messages(anna.id)) == 2
    assert tg.violations == []


async def test_a_numbering_that_begins_anew_is_followed(
    asleep: House, anna: Person, boris: Person, tg: Telegram
) -> None:
    # After a week without updates Telegram goes on from a random number; a lower one once waited
    # for the next start of the process.
    private = {"id": anna.id, "type": "private", "first_name": "Анна"}
    help_me = {"message_id": 99, "date": 0, "chat": private, "from": anna.user.json()}
    asleep.start()
    await asleep.intake.keep([{"update_id": 900_000_000, "message": help_me | {"text": "/help"}}])
    await anna.sees("Что я умею")
    assert "Что я умею" in (await asleep.shows(boris, "/help")).text
    assert "На каком языке" in (await asleep.shows(anna, "/language")).text
    assert len(tg.ledger.messages(anna.id)) == 2
    assert tg.violations == []


async def test_an_update_that_cannot_be_marked_is_not_handled_again(
    house: House, anna: Person, tg: Telegram, logs: list[EventDict]
) -> None:
    await house.change(
        "CREATE TRIGGER broken BEFORE UPDATE OF state ON incoming "
        "BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
    )
    await house.shows(anna, "/help")
    await house.shows(anna, "/language")
    assert "update handled, but not marked so" in [entry["event"] for entry in logs]
    await anna.say("/start")
    await anna.sees("Здравствуйте!")
    assert len(tg.ledger.messages(anna.id)) == 3
    assert tg.violations == []


POISON: dict[str, Json] = {
    "a date that is none": {"date": "yesterday", "text": "/help"},
    "an entity without a kind": {"text": "/help", "entities": [{"offset": 0, "length": 5}]},
    "a chat without a kind": {"text": "/help", "chat": {"id": 1001}},
    "a text that is a list": {"text": ["/help"]},
    "no sender to speak of": {"text": "/help", "from": 5},
}


@pytest.mark.parametrize("content", POISON.values(), ids=POISON.keys())
async def test_a_poison_update_is_put_aside_and_the_others_go_on(
    house: House,
    anna: Person,
    boris: Person,
    tg: Telegram,
    logs: list[EventDict],
    content: Json,
) -> None:
    await anna.say_raw(content)
    assert "Что я умею" in (await house.shows(boris, "/help")).text
    assert "Что я умею" in (await house.shows(anna, "/help")).text
    await house.stop()
    ((number, error, body),) = await house.rows(
        "SELECT update_id, error, body FROM incoming WHERE state = 2"
    )
    assert error
    assert body
    assert number in [e["update_id"] for e in logs if e["event"] == "update put aside"]
    assert tg.violations == []


async def test_a_person_is_answered_in_the_order_of_asking(
    house: House, anna: Person, boris: Person, tg: Telegram
) -> None:
    hold = Hold()
    fault = tg.faults.add(hold, method="sendMessage", chat_id=anna.id)
    for said in ("/help", "/language", "/news", "/start"):
        await anna.say(said)
    await tg.ledger.wait_for(lambda: fault.hits)
    await house.shows(boris, "/help")  # there was time enough to overtake
    assert len(tg.ledger.calls("sendMessage", chat_id=anna.id)) == 1
    hold.release()
    await anna.sees("Здравствуйте!")
    starts = ["Что я умею", "На каком языке", "Новости", "Здравствуйте!"]
    texts = [message.text for message in tg.ledger.messages(anna.id)]
    assert all(text.startswith(start) for text, start in zip(texts, starts, strict=True))
    assert tg.violations == []


async def test_chats_are_answered_side_by_side(
    house: House, anna: Person, boris: Person, tg: Telegram
) -> None:
    hold = Hold()
    fault = tg.faults.add(hold, method="sendMessage", chat_id=anna.id)
    await anna.say("/help")
    await tg.ledger.wait_for(lambda: fault.hits)
    assert "Что я умею" in (await house.shows(boris, "/help")).text
    hold.release()
    await anna.sees("Что я умею")
    assert tg.violations == []


async def test_a_stop_finishes_what_has_begun_and_keeps_the_rest(
    house: House, anna: Person, boris: Person, tg: Telegram
) -> None:
    hold = Hold()
    fault = tg.faults.add(hold, method="sendMessage", chat_id=anna.id)
    await anna.say("/help")
    await anna.say("/language")
    await tg.ledger.wait_for(lambda: fault.hits)
    await tg.ledger.wait_for(lambda: not tg.pending_updates)
    stopping = asyncio.create_task(house.stop())
    await asyncio.sleep(0)
    hold.release()
    await stopping
    assert sorted((await kept(house)).values()) == [0, 1]
    assert [m.text[:10] for m in tg.ledger.messages(anna.id)] == ["Что я умею"]
    house.start()
    await anna.sees("На каком языке говорить?")
    assert len(tg.ledger.messages(anna.id)) == 2
    assert tg.violations == []


async def test_a_backlog_of_a_long_stop_is_worked_off(house: House, tg: Telegram) -> None:
    await house.stop()
    people = tg.persons(150)
    for person in people:
        await person.say("/help")
        await person.say("/language")
    house.start()
    for person in people:
        await person.sees("На каком языке")
    assert set(tg.ledger.copies("Что я умею").values()) == {1}
    assert len(tg.ledger.copies("Что я умею")) == 150
    assert tg.violations == []


@pytest.mark.parametrize("fault", [HtmlError(), Refusal(409, "Conflict: terminated by other")])
async def test_a_fault_in_receiving_is_survived(
    asleep: House, anna: Person, tg: Telegram, fault: HtmlError | Refusal
) -> None:
    struck = tg.faults.add(fault, method="getUpdates")
    asleep.start()
    await tg.ledger.wait_for(lambda: struck.hits)
    await anna.say("/help")
    await anna.sees("Что я умею")
    assert asleep.intake.silence() < 5
    assert tg.violations == []


async def test_a_refused_token_ends_the_receiving(asleep: House, tg: Telegram) -> None:
    asleep.start(receiving=False)
    for method in ("getUpdates", "getMe"):
        tg.faults.add(Refusal(401, "Unauthorized"), method=method, times=None)
    with pytest.raises(TokenRefusedError):
        await asleep.intake.run(asyncio.Event())


async def test_another_process_that_goes_on_asking_ends_the_receiving(
    asleep: House, tg: Telegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "_CONFLICT_SECONDS", 0.0)
    monkeypatch.setattr(intake, "_FIRST_PAUSE", 0.01)
    asleep.start(receiving=False)
    wording = "Conflict: terminated by other getUpdates request"
    refused = tg.faults.add(Refusal(409, wording), method="getUpdates", times=None)
    with pytest.raises(TokenInUseError):
        await asleep.intake.run(asyncio.Event())
    assert refused.hits == intake._CONFLICTS


async def test_a_server_that_refuses_for_a_moment_does_not_end_the_receiving(
    house: House, tg: Telegram, anna: Person
) -> None:
    """Only Telegram's word on who we are ends the bot: a server of one's own may stumble."""
    refused = tg.faults.add(Refusal(404, "Not Found"), method="getUpdates", times=2)
    await anna.say("/help")
    await anna.sees("Что я умею", timeout=15)
    await tg.ledger.wait_for(lambda: refused.hits >= 1, timeout=60)


async def test_a_webhook_that_keeps_the_updates_is_deleted(
    house: House, tg: Telegram, anna: Person
) -> None:
    """One that could not be deleted at the start once left the bot deaf."""
    wording = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook"
    tg.faults.add(Refusal(409, wording), method="getUpdates", times=1)
    await anna.say("/help")
    await tg.ledger.wait_for(lambda: bool(tg.ledger.calls("deleteWebhook")), timeout=60)
    await anna.sees("Что я умею", timeout=15)


async def test_a_database_that_is_away_for_a_moment_is_waited_for(
    house: House, anna: Person, tg: Telegram, logs: list[EventDict]
) -> None:
    await house.shows(anna, "/start")
    await house.change("ALTER TABLE incoming RENAME TO lost")
    await anna.say("/help")
    await tg.ledger.wait_for(lambda: len(tg.ledger.calls("getUpdates")) > 2)
    assert "updates not received" in [entry["event"] for entry in logs]
    await house.change("ALTER TABLE lost RENAME TO incoming")
    await anna.sees("Что я умею")
    assert tg.violations == []


async def test_the_backlog_of_one_chat_keeps_nobody_else_waiting(
    house: House, anna: Person, boris: Person, tg: Telegram
) -> None:
    # Once, the 200 updates that were held in memory could all be one person's.
    hold = Hold()
    fault = tg.faults.add(hold, method="sendMessage", chat_id=anna.id)
    said = 250
    for number in range(said):
        await anna.say(("/help", "/language")[number % 2])
    await tg.ledger.wait_for(lambda: fault.hits)
    assert "Что я умею" in (await house.shows(boris, "/help")).text
    line = house.turns._lines[anna.id]
    assert (len(line.updates), line.more) == (8, True)
    hold.release()
    await house.handles(lambda u: u.message and u.message.chat.id == anna.id, times=said)
    await house.stop()
    texts = [message.text[:4] for message in tg.ledger.messages(anna.id)]
    assert texts[:60] == ["Что ", "На к"] * 30
    numbers = [u.update_id for u in house.handled if u.message and u.message.chat.id == anna.id]
    assert numbers == sorted(set(numbers))
    assert set((await kept(house)).values()) == {1}
    assert (house.turns._lines, house.turns._in_memory) == ({}, 0)
    assert tg.violations == []


async def test_a_press_that_is_put_aside_is_answered(
    asleep: House, anna: Person, tg: Telegram
) -> None:
    # Once, its button went on spinning.
    asleep.start()
    shown = await asleep.shows(anna, "/help")
    await asleep.stop()
    query = anna.tap(shown, "📰 Новости")
    tg.ledger.world.updates.pending[-1]["callback_query"]["from"] = "nobody"
    asleep.start()
    await tg.ledger.wait_for(lambda: query.answer is not None)
    await asleep.stop()
    assert sorted((await kept(asleep)).values()) == [1, 2]
    assert tg.violations == []
