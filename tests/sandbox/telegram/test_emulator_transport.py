"""The socket: bodies, envelopes, unknown methods and parameters, and what is recorded of them."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from aiogram import Bot
from aiogram.exceptions import (
    TelegramConflictError,
    TelegramForbiddenError,
    TelegramUnauthorizedError,
)
from aiogram.types import BufferedInputFile, Update

from sandbox.telegram import ManualClock, Person, Telegram
from tests.sandbox.telegram.wires import PNG, Raw, Refused, open_bot


def texts(updates: list[Update]) -> list[str | None]:
    return [update.message.text for update in updates if update.message]


async def test_get_me_names_the_bot(tg: Telegram, bot: Bot) -> None:
    me = await bot.get_me()

    assert (me.id, me.username, me.is_bot) == (42, "vestnik_test_bot", True)


@pytest.mark.parametrize(
    "body",
    [
        lambda chat: {"json": {"chat_id": chat, "text": "Привет", "disable_notification": True}},
        lambda chat: {"data": {"chat_id": chat, "text": "Привет", "disable_notification": "true"}},
        lambda chat: {"params": {"chat_id": chat, "text": "Привет", "disable_notification": "1"}},
    ],
    ids=["json", "urlencoded", "query"],
)
async def test_bodies_of_every_kind_say_the_same(
    tg: Telegram, raw: Raw, anna: Person, body: Callable[[int], dict[str, Any]]
) -> None:
    status, envelope = await raw("sendMessage", **body(anna.id))

    assert (status, envelope["ok"]) == (200, True)
    assert anna.messages[-1].text == "Привет"
    assert anna.messages[-1].silent
    assert tg.violations == []


async def test_multipart_with_json_values_and_a_file(tg: Telegram, raw: Raw, anna: Person) -> None:
    form = aiohttp.FormData()
    form.add_field("chat_id", str(anna.id))
    form.add_field("photo", "attach://picture")
    form.add_field("caption", "Мост")
    form.add_field("caption_entities", json.dumps([{"type": "bold", "offset": 0, "length": 4}]))
    form.add_field("picture", PNG, filename="bridge.png")

    status, envelope = await raw("sendPhoto", data=form)

    assert status == 200
    assert envelope["result"]["photo"][0]["file_size"] == len(PNG)
    assert anna.messages[-1].entities == ({"type": "bold", "offset": 0, "length": 4},)


async def test_a_file_named_but_not_sent_is_refused(tg: Telegram, raw: Raw, anna: Person) -> None:
    form = aiohttp.FormData()
    form.add_field("chat_id", str(anna.id))
    form.add_field("photo", "attach://nowhere")

    status, envelope = await raw("sendPhoto", data=form)

    assert status == 400
    assert "attach://nowhere" in envelope["description"]


async def test_get_works_as_post(raw: Raw) -> None:
    assert (await raw("getMe", http="GET"))[1]["result"]["id"] == 42


async def test_a_wrong_token_is_unauthorized(tg: Telegram, raw: Raw) -> None:
    assert await raw("getMe", token="42:OTHER") == (
        401,
        {"ok": False, "error_code": 401, "description": "Unauthorized"},
    )
    assert [v.kind for v in tg.violations] == ["contract"]


async def test_aiogram_understands_the_refusal_of_a_token(tg: Telegram) -> None:
    async with open_bot(tg) as bot:
        tg._server._token = "42:CHANGED"
        with pytest.raises(TelegramUnauthorizedError):
            await bot.get_me()


async def test_an_unknown_method_is_not_found_and_recorded(tg: Telegram, raw: Raw) -> None:
    status, envelope = await raw("sendPigeon", json={})

    assert (status, envelope["description"]) == (404, "Not Found: method not found")
    assert tg.violations[0].method == "sendPigeon"


@pytest.mark.parametrize(
    ("params", "named"),
    [
        (
            {"chat_id": 1001, "text": "а", "disable_webpage_preview": True},
            "disable_webpage_preview",
        ),
        ({"text": "а"}, "chat_id"),
        ({"chat_id": "anna", "text": "а"}, "chat_id"),
        ({"chat_id": 1001, "text": 5}, "text"),
        ({"chat_id": 1001, "text": "а", "disable_notification": "maybe"}, "disable_notification"),
        ({"chat_id": 1001, "text": "а", "entities": "bold"}, "entities"),
        ({"chat_id": 1001, "text": "а", "entities": [{"type": "bold", "offset": 0}]}, "length"),
        (
            {"chat_id": 1001, "text": "а", "reply_markup": {"inline_keyboard": [[{"data": "x"}]]}},
            "reply_markup.inline_keyboard[0][0].text",
        ),
        ({"chat_id": 1001, "text": "а", "link_preview_options": {"size": 1}}, "size"),
        ({"chat_id": 1001, "text": "а", "reply_markup": {"buttons": []}}, "reply_markup"),
        ({"chat_id": 1001, "text": "а", "message_thread_id": True}, "message_thread_id"),
        ({"chat_id": 1001, "text": "<b>а</b>", "parse_mode": "HTML"}, "parse_mode"),
    ],
)
async def test_misused_parameters_are_refused_by_name(
    tg: Telegram, raw: Raw, anna: Person, params: dict[str, Any], named: str
) -> None:
    status, envelope = await raw("sendMessage", json=params)

    assert status == 400
    assert named in envelope["description"]
    assert [v.kind for v in tg.violations] == ["contract"]
    assert anna.messages == []


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{"),
        ("application/json", b"[1]"),
        ("application/json", b'"\xff"'),
        ("multipart/form-data", b"--"),
        ("multipart/form-data; boundary=b", b"no boundary"),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\nno name\r\n--b--\r\n"),
    ],
)
async def test_bodies_that_cannot_be_read_are_refused(
    tg: Telegram, raw: Raw, kind: str, body: bytes
) -> None:
    status, envelope = await raw("getMe", data=body, headers={"Content-Type": kind})

    assert status == 400
    assert "can't parse the body" in envelope["description"]
    assert [v.kind for v in tg.violations] == ["contract"]


async def test_a_body_of_more_than_fifty_megabytes_is_refused(raw: Raw) -> None:
    headers = {"Content-Type": "application/json"}

    body = io.BytesIO(bytes(50 * 1024 * 1024 + 1))
    status, envelope = await raw("getMe", data=body, headers=headers)

    assert (status, envelope["description"]) == (413, "Request Entity Too Large")


async def test_updates_stay_until_their_offset_is_confirmed(
    tg: Telegram, bot: Bot, anna: Person
) -> None:
    await anna.say("раз")
    await anna.say("два")

    first = await bot.get_updates()
    again = await bot.get_updates()
    rest = await bot.get_updates(offset=first[0].update_id + 1)

    assert texts(first) == texts(again) == ["раз", "два"]
    assert texts(rest) == ["два"]
    assert await bot.get_updates(offset=rest[-1].update_id + 1) == []
    assert tg.pending_updates == 0


async def test_limit_and_negative_offset(bot: Bot, anna: Person) -> None:
    for text in ("раз", "два", "три"):
        await anna.say(text)

    assert texts(await bot.get_updates(limit=2)) == ["раз", "два"]
    assert texts(await bot.get_updates(offset=-1)) == ["три"]


async def test_a_long_poll_ends_with_the_next_update(tg: Telegram, bot: Bot, anna: Person) -> None:
    poll = asyncio.create_task(bot.get_updates(timeout=30))
    await tg.ledger.wait_for(lambda: tg.ledger.calls("getUpdates"))

    await anna.say("раз")

    assert texts(await poll) == ["раз"]


async def test_the_older_of_two_polls_is_ended(tg: Telegram, bot: Bot, anna: Person) -> None:
    older = asyncio.create_task(bot.get_updates(timeout=30))
    await tg.ledger.wait_for(lambda: tg.ledger.calls("getUpdates"))
    newer = asyncio.create_task(bot.get_updates(timeout=30))

    with pytest.raises(TelegramConflictError) as caught:
        await older
    await anna.say("раз")

    assert caught.value.message == (
        "Conflict: terminated by other getUpdates request; "
        "make sure that only one bot instance is running"
    )
    assert len(await newer) == 1


async def test_only_allowed_kinds_are_kept(
    tg: Telegram, bot: Bot, anna: Person, refused: Refused
) -> None:
    await bot.get_updates(allowed_updates=["my_chat_member"])
    await anna.say("раз")
    await anna.block()

    kept = await bot.get_updates()

    assert [u.event_type for u in kept] == ["my_chat_member"]
    assert "pigeon" in await refused(bot.get_updates(allowed_updates=["pigeon"]))


async def test_a_whole_list_of_updates_may_be_asked_for(bot: Bot, anna: Person) -> None:
    await bot.get_updates(allowed_updates=["message"])
    await bot.get_updates(allowed_updates=[])
    await anna.block()

    assert [u.event_type for u in await bot.get_updates()] == ["my_chat_member"]


async def test_log_out_ends_everything(bot: Bot, refused: Refused) -> None:
    await bot.log_out()

    assert await refused(bot.get_me()) == "Logged out"


async def test_the_ledger_knows_who_heard(tg: Telegram, bot: Bot, anna: Person) -> None:
    """A process that is killed leaves sends that took effect and were never heard of."""
    tg.set_latency(after=0.2)
    send = asyncio.create_task(bot.send_message(anna.id, "раз"))
    await anna.sees("раз")
    assert [r.method for r in tg.ledger.in_flight] == ["sendMessage"]

    send.cancel()
    await asyncio.gather(send, return_exceptions=True)
    await tg.ledger.wait_for(lambda: not tg.ledger.in_flight)

    request = tg.ledger.calls("sendMessage", chat_id=anna.id)[0]
    assert (request.accepted, request.heard, request.status) == (True, False, None)


async def test_a_send_on_its_way_is_accepted_even_when_nobody_waits(
    tg: Telegram, bot: Bot, anna: Person
) -> None:
    tg.set_latency(before=0.1)
    send = asyncio.create_task(bot.send_message(anna.id, "раз"))
    await tg.ledger.wait_for(lambda: tg.ledger.in_flight)

    send.cancel()
    await asyncio.gather(send, return_exceptions=True)

    assert (await anna.sees("раз")).text == "раз"
    assert tg.ledger.sent == 1


async def test_who_dies_in_the_middle_of_a_request_sent_nothing(tg: Telegram) -> None:
    """A bot that is killed while it writes is no error of the emulator's own."""
    _, writer = await asyncio.open_connection("127.0.0.1", int(tg.url.rpartition(":")[2]))
    head = f"POST /bot{tg.token}/sendMessage HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n"
    writer.write((head + "Content-Type: application/json\r\n\r\n{").encode())
    await tg.ledger.wait_for(lambda: tg.ledger.in_flight)

    writer.transport.abort()

    await tg.ledger.wait_for(lambda: not tg.ledger.in_flight)
    assert not tg.ledger.requests[0].accepted
    assert tg.violations == []


async def test_peak_counts_requests_at_once(tg: Telegram, bot: Bot) -> None:
    readers = tg.persons(5)
    tg.set_latency(before=0.05)

    await asyncio.gather(*(bot.send_message(reader.id, "раз") for reader in readers))

    assert tg.ledger.peak == 5


async def test_only_the_latest_requests_are_kept_where_the_ledger_is_bound() -> None:
    """A demo that was left open grew with every poll."""
    async with Telegram(keep=2) as telegram, open_bot(telegram) as bot:
        stranger = telegram.person("Борис")
        for _ in range(3):
            with pytest.raises(TelegramForbiddenError):
                await bot.send_message(stranger.id, "раз")
        await bot.get_me()
        await telegram.settled()
        assert [(r.number, r.method) for r in telegram.ledger.requests] == [
            (3, "sendMessage"), (4, "getMe"),
        ]  # fmt: skip
        assert telegram.ledger.refused == {403: 3}


async def test_the_same_port_again_after_a_close(clock: ManualClock) -> None:
    async with Telegram(clock=clock) as first:
        port = int(first.url.rpartition(":")[2])
    async with Telegram(clock=clock, port=port) as second:
        assert second.url == first.url


async def test_an_error_in_the_emulator_itself_is_not_hidden(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    telegram = Telegram()
    await telegram.start()
    monkeypatch.setattr(telegram._world.updates, "poll", None)
    async with open_bot(telegram) as bot:
        with pytest.raises(Exception, match="decode"):
            await bot.get_updates()

    with pytest.raises(TypeError):
        await telegram.close()


async def test_uploads_come_back_as_a_file_id_that_can_be_sent_again(
    tg: Telegram, bot: Bot, anna: Person
) -> None:
    sent = await bot.send_photo(anna.id, BufferedInputFile(PNG, "bridge.png"))
    assert sent.photo is not None
    again = await bot.send_photo(anna.id, sent.photo[-1].file_id)

    assert again.photo == sent.photo
    assert tg.violations == []
