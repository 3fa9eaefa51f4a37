"""What people see when something breaks, when Telegram asks to wait, and when one is too fast."""

from __future__ import annotations

import pytest
from aiogram import Bot
from aiogram.client.session.middlewares.base import (
    BaseRequestMiddleware,
    NextRequestMiddlewareType,
)
from aiogram.exceptions import ClientDecodeError
from aiogram.methods import Response, SendMessage, TelegramMethod
from aiogram.methods.base import TelegramType
from structlog.typing import EventDict

from bot.handlers.throttle import _BURST, _RATE, Throttle
from bot.storage.database import Database
from sandbox.telegram import (
    Flood,
    FloodRules,
    Hold,
    HtmlError,
    ManualClock,
    Person,
    Refusal,
    Reset,
    Telegram,
)
from tests.handlers.house import House, open_house

NO_PICTURE = "Bad Request: wrong type of the web page content"
SORRY = "Что-то сломалось на нашей стороне. Пожалуйста, попробуйте ещё раз чуть позже."


async def test_an_unexpected_error_is_logged_and_answered_with_an_apology(
    house: House, anna: Person, boris: Person, tg: Telegram, logs: list[EventDict]
) -> None:
    await house.publish("Целая")
    await house.publish("Битая")
    theirs = await house.shows(boris, "/news")
    shown = await house.shows(anna, "/news")
    await house.change("UPDATE article SET document = 'no document' WHERE title = 'Битая'")
    query = anna.tap(shown, "Битая")
    await boris.press(theirs, "Целая")
    assert "Абзац 1." in (await boris.sees()).text
    answer = await tg.ledger.wait_for(lambda: query.answer)
    assert answer["text"] == SORRY
    assert answer["show_alert"]
    (failed,) = [entry for entry in logs if entry["event"] == "update failed"]
    number = next(
        u.update_id for u in house.handled if u.callback_query and u.callback_query.id == query.id
    )
    assert failed["update_id"] == number
    assert failed["update"]["chat"] == anna.id
    assert failed["exc_info"]
    assert await house.rows("SELECT count(*) FROM incoming WHERE state = 2") == [(0,)]
    assert tg.violations == []


async def test_a_command_that_breaks_is_answered_with_an_apology(
    house: House, anna: Person, tg: Telegram
) -> None:
    await house.shows(anna, "/start")
    await house.change("ALTER TABLE article RENAME TO lost")
    assert (await house.shows(anna, "/news")).text == SORRY
    await house.change("ALTER TABLE lost RENAME TO article")
    assert "Новости" in (await house.shows(anna, "/news")).text
    assert tg.violations == []


async def test_what_people_write_is_not_logged(
    house: House, anna: Person, tg: Telegram, logs: list[EventDict]
) -> None:
    await house.change("ALTER TABLE reader RENAME TO lost")
    await anna.say("это моя тайна")
    await anna.say("/news тайна")
    await house.handles(lambda update: update.message, times=2)
    assert [entry["event"] for entry in logs].count("update failed") == 2
    assert "тайна" not in str([{**entry, "exc_info": None} for entry in logs])
    assert tg.violations == []


@pytest.mark.parametrize("text", ["/news", "/nonsense", "просто текст"])
async def test_an_answer_that_telegram_refuses_comes_in_a_harmless_form(
    house: House, anna: Person, tg: Telegram, text: str
) -> None:
    await house.publish("Ледоход")
    refused = Refusal(400, "Bad Request: BUTTON_URL_INVALID")
    tg.faults.add(refused, method="sendMessage", chat_id=anna.id)
    shown = await house.shows(anna, text)
    assert shown.entities == ()
    assert shown.labels
    assert tg.violations == []


async def test_an_article_whose_picture_telegram_refuses_is_read_without(
    house: House, anna: Person, tg: Telegram
) -> None:
    await house.publish("Ледоход", image="https://paper.example/river.jpg")
    shown = await house.shows(anna, "/news")
    tg.faults.add(Refusal(400, NO_PICTURE), method="editMessageText")
    await anna.press(shown, "Ледоход")
    article = await anna.sees("Абзац 1.")
    assert article.image is None
    # Once, its bold title and the buttons to its site went with the picture, and the list stayed.
    assert article.entities
    assert {"🌐 На сайте", "« К списку"} <= set(article.labels)
    assert len(tg.ledger.messages(anna.id)) == 1
    assert tg.violations == []


async def test_an_article_that_is_refused_without_its_picture_comes_in_a_harmless_form(
    house: House, anna: Person, tg: Telegram, logs: list[EventDict]
) -> None:
    await house.publish("Ледоход", image="https://paper.example/river.jpg")
    shown = await house.shows(anna, "/news")
    for reason in (NO_PICTURE, "Bad Request: BUTTON_URL_INVALID"):
        tg.faults.add(Refusal(400, reason), method="editMessageText")
    await anna.press(shown, "Ледоход")
    article = await anna.sees("Абзац 1.")
    assert (article.image, article.entities) == (None, ())
    assert "« К списку" in article.labels
    told = [(entry["event"], entry.get("reason")) for entry in logs]
    assert ("picture refused", NO_PICTURE) in told
    assert ("rendering refused", "Bad Request: BUTTON_URL_INVALID") in told
    assert tg.violations == []


async def test_a_refused_picture_that_was_none_is_logged_and_asked_for_no_more(
    house: House, anna: Person, tg: Telegram, logs: list[EventDict]
) -> None:
    fault = tg.faults.add(Refusal(400, NO_PICTURE), method="sendMessage", times=None)
    await anna.say("/help")
    await house.handles(lambda update: update.message)
    assert fault.hits == 1
    assert "answer not shown" in [entry["event"] for entry in logs]
    assert tg.violations == []


@pytest.mark.parametrize(
    "reason", ["Bad Request: chat not found", "Bad Request: ALLOW_PAYMENT_REQUIRED_50"]
)
async def test_a_chat_that_is_not_found_once_or_wants_stars_stays_active(
    house: House, anna: Person, tg: Telegram, logs: list[EventDict], reason: str
) -> None:
    fault = tg.faults.add(Refusal(400, reason), method="sendMessage", chat_id=anna.id)
    await anna.say("/help")
    await house.handles(lambda update: update.message)
    assert fault.hits == 1
    (told,) = [entry for entry in logs if entry["event"] == "answer not shown"]
    assert reason in told["outcome"]
    assert await house.rows("SELECT active FROM reader") == [(1,)]
    assert tg.violations == []


async def test_a_short_flood_wait_is_waited_out(house: House, anna: Person, tg: Telegram) -> None:
    tg.faults.add(Flood(1), method="sendMessage", chat_id=anna.id)
    assert "Что я умею" in (await house.shows(anna, "/help")).text
    assert len(tg.ledger.calls("sendMessage", chat_id=anna.id)) == 2
    assert tg.violations == []


async def test_a_long_flood_wait_is_not_waited_out_and_hurts_nobody_else(
    house: House, anna: Person, boris: Person, tg: Telegram, logs: list[EventDict]
) -> None:
    tg.faults.add(Flood(60), method="sendMessage", chat_id=anna.id)
    await anna.say("/help")
    await house.handles(lambda update: update.message)
    assert "answer not shown" in [entry["event"] for entry in logs]
    assert "Что я умею" in (await house.shows(boris, "/help")).text
    assert tg.violations == []


@pytest.mark.parametrize(
    "fault", [HtmlError(), Refusal(400, "Bad Request: query is too old")], ids=["502", "too old"]
)
async def test_a_press_that_cannot_be_answered_still_shows_its_screen(
    house: House, anna: Person, tg: Telegram, fault: HtmlError | Refusal
) -> None:
    # Once, a fault in answering the press kept the screen away too.
    shown = await house.shows(anna, "/help")
    tg.faults.add(fault, method="answerCallbackQuery")
    anna.tap(shown, "📰 Новости")
    await anna.sees("Здесь пока ничего не опубликовано")
    assert tg.violations == []


async def test_presses_from_before_a_long_stop_are_shown_all_the_same(
    sqlite_url: str,
) -> None:
    clock = ManualClock()
    async with (
        Telegram(clock=clock) as tg,
        Database.open(sqlite_url) as database,
        open_house(tg, database) as house,
    ):
        anna = tg.person("Анна", started=True)
        house.start()
        shown = await house.shows(anna, "/help")
        await house.stop()
        query = anna.tap(shown, "📰 Новости")
        clock.advance(3600)
        house.start()
        await anna.sees("Здесь пока ничего не опубликовано")
        assert query.answer is None  # it was too old, which is no reason to apologise
        assert len(tg.ledger.messages(anna.id)) == 1
        assert tg.violations == []


async def test_a_flood_of_one_person_delays_nobody_and_gets_one_notice(
    house: House, anna: Person, boris: Person, tg: Telegram
) -> None:
    await house.shows(boris, "/help")
    for number in range(500):
        await anna.say(f"сообщение {number}")
    await boris.say("/help")
    await boris.sees("Что я умею")
    answered = len(tg.ledger.messages(anna.id))
    assert answered < 200
    assert sum("не так быстро" in message.text for message in tg.ledger.messages(anna.id)) <= 1
    await house.handles(lambda u: u.message and u.message.chat.id == anna.id, times=500)
    notices = [m for m in tg.ledger.messages(anna.id) if "не так быстро" in m.text]
    assert len(notices) == 1
    assert tg.violations == []


async def test_presses_that_come_too_fast_are_all_answered(
    house: House, anna: Person, tg: Telegram
) -> None:
    shown = await house.shows(anna, "/help")
    queries = [anna.tap(shown, "📰 Новости") for _ in range(2 * int(_BURST))]
    for query in queries:
        await house.answers(query)
    hasty = [query for query in queries if "быстро" in str(query.answer)]
    assert 0 < len(hasty) <= _BURST
    assert len(tg.ledger.messages(anna.id)) == 1
    assert tg.violations == []


async def test_a_chat_is_not_asked_again_before_its_flood_wait_ends(
    house: House, anna: Person, tg: Telegram
) -> None:
    # Once, each further answer to an impatient person was one more request inside the wait.
    tg.faults.add(Flood(60), method="sendMessage", chat_id=anna.id)
    for said in ("/help", "/news", "/language"):
        await anna.say(said)
    await house.handles(lambda update: update.message, times=3)
    assert len(tg.ledger.calls("sendMessage", chat_id=anna.id)) == 1
    assert tg.violations == []


async def test_two_flood_waits_in_a_row_are_obeyed(
    house: House, anna: Person, tg: Telegram
) -> None:
    tg.faults.add(Flood(1), method="sendMessage", chat_id=anna.id, times=2)
    await anna.say("/help")
    await anna.say("/language")
    await anna.sees("На каком языке говорить?")
    assert len(tg.ledger.messages(anna.id)) == 2  # once, the first answer never came
    assert len(tg.ledger.calls("sendMessage", chat_id=anna.id)) == 4
    assert tg.violations == []


async def test_a_busy_person_stays_within_the_limits_of_telegram(sqlite_url: str) -> None:
    rules = FloodRules(per_chat_per_second=1, per_chat_burst=20)
    async with (
        Telegram(flood=rules) as tg,
        Database.open(sqlite_url) as database,
        open_house(tg, database) as house,
    ):
        house.start()
        anna = tg.person("Анна", started=True)
        for _ in range(50):
            await anna.say("/help")
        await house.handles(lambda update: update.message, times=20)
        await tg.ledger.wait_for(lambda: len(tg.ledger.calls("sendMessage")) == 21)
        await house.stop()  # amid the wait that Telegram asks for
        assert len(tg.ledger.messages(anna.id)) == 20
        states = await house.rows("SELECT state, count(*) FROM incoming GROUP BY state")
        assert dict(states) == {0: 30, 1: 20}
        assert tg.violations == []


def test_the_bucket_of_a_person_fills_again() -> None:
    clock = ManualClock(0.0)
    throttle = Throttle(clock.now)
    assert sum(throttle.allows(1) for _ in range(500)) == _BURST
    assert throttle.allows(2)
    clock.advance(1.0)
    assert sum(throttle.allows(1) for _ in range(10)) == _RATE
    assert throttle.may_notice(1)
    assert not throttle.may_notice(1)
    assert throttle.may_notice(2)
    clock.advance(31)
    assert throttle.may_notice(1)


def test_people_who_are_quiet_again_are_forgotten() -> None:
    clock = ManualClock(0.0)
    throttle = Throttle(clock.now)
    for person in range(10_001):
        assert throttle.allows(person)
        assert throttle.may_notice(person)
        clock.advance(0.01)
    assert len(throttle._buckets) < 100
    assert len(throttle._noticed) < 100


@pytest.mark.parametrize("fault", [HtmlError(), Reset()], ids=["502", "reset"])
async def test_an_answer_that_did_not_come_through_is_shown_again(
    house: House, anna: Person, tg: Telegram, fault: HtmlError | Reset
) -> None:
    # Once, the person got no answer at all, though the update counted as handled.
    tg.faults.add(fault, method="sendMessage", chat_id=anna.id)
    shown = await house.shows(anna, "/help")
    tg.faults.add(fault, method="editMessageText", chat_id=anna.id)
    await anna.press(shown, "📰 Новости")
    await anna.sees("Здесь пока ничего не опубликовано")
    assert len(tg.ledger.messages(anna.id)) == 1
    assert tg.violations == []


async def test_an_answer_that_comes_through_never_is_given_up(
    house: House, anna: Person, tg: Telegram, logs: list[EventDict]
) -> None:
    fault = tg.faults.add(HtmlError(), method="sendMessage", chat_id=anna.id, times=None)
    await anna.say("/help")
    await house.handles(lambda update: update.message)
    assert fault.hits == 4
    assert "answer not shown" in [entry["event"] for entry in logs]
    assert tg.violations == []


async def test_a_stop_does_not_wait_for_an_answer_to_be_shown_again(
    house: House, anna: Person, tg: Telegram
) -> None:
    fault = tg.faults.add(HtmlError(), method="sendMessage", chat_id=anna.id)
    await anna.say("/help")
    await tg.ledger.wait_for(lambda: fault.hits)
    await house.stop()
    assert await house.rows("SELECT state FROM incoming") == [(0,)]
    house.start()
    await anna.sees("Что я умею")
    assert len(tg.ledger.messages(anna.id)) == 1
    assert tg.violations == []


class _Undecoded(BaseRequestMiddleware):
    """Telegram accepts a message in words that aiogram does not understand."""

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        answer = await make_request(bot, method)
        if isinstance(method, SendMessage):
            data = {"ok": True, "result": {"message_id": 2, "new": {}}}
            raise ClientDecodeError("Failed to deserialize object", ValueError(), data)
        return answer


async def test_an_answer_that_was_accepted_in_odd_words_is_shown_once(
    house: House, anna: Person, tg: Telegram, logs: list[EventDict]
) -> None:
    # Once, the log warned that it had not been shown.
    house.bot.session.middleware(_Undecoded())
    await anna.say("/help")
    await house.handles(lambda update: update.message)
    assert len(tg.ledger.messages(anna.id)) == 1
    assert "answer not shown" not in [entry["event"] for entry in logs]
    assert tg.violations == []


@pytest.mark.parametrize("refusal", [Refusal(404, "Not Found"), Refusal(401, "Unauthorized")])
async def test_a_method_that_a_server_does_not_know_puts_no_update_aside(
    house: House, anna: Person, tg: Telegram, refusal: Refusal
) -> None:
    tg.faults.add(refusal, method="sendMessage", chat_id=anna.id)
    await anna.say("/help")
    await house.handles(lambda update: update.message)
    assert "На каком языке" in (await house.shows(anna, "/language")).text
    await house.stop()
    assert await house.rows("SELECT DISTINCT state FROM incoming") == [(1,)]
    assert tg.violations == []


async def test_a_press_on_a_message_that_is_not_told_is_answered(
    asleep: House, anna: Person, tg: Telegram
) -> None:
    # Once, its button went on spinning.
    asleep.start()
    shown = await asleep.shows(anna, "/help")
    await asleep.stop()
    query = anna.tap(shown, "📰 Новости")
    press = tg.ledger.world.updates.pending[-1]["callback_query"]
    del press["message"]
    press["inline_message_id"] = "AAAA"
    asleep.start()
    answer = await tg.ledger.wait_for(lambda: query.answer)
    assert "устарела" in answer["text"]
    assert tg.violations == []


async def test_presses_that_come_too_fast_keep_nothing_waiting(
    house: House, anna: Person, tg: Telegram
) -> None:
    # Once, a thousand presses took a request each before anything else of theirs was handled.
    shown = await house.shows(anna, "/help")
    hold = Hold()
    told = tg.faults.add(
        hold,
        method="answerCallbackQuery",
        when=lambda request: "быстро" in str(request.params.get("text")),
        times=None,
    )
    presses = 2 * int(_BURST)
    queries = [anna.tap(shown, "📰 Новости") for _ in range(presses)]
    await house.handles(lambda update: update.callback_query, times=presses)
    await tg.ledger.wait_for(lambda: told.hits)
    hold.release()
    for query in queries:
        await house.answers(query)
    assert tg.violations == []
