"""Updates by webhook, on real sockets: kept, then acknowledged, handled once, and in order."""

from __future__ import annotations

import asyncio
import io
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from sqlalchemy import event
from structlog.typing import EventDict

from bot.handlers.dispatch import ALLOWED_UPDATES
from bot.model import Role
from bot.telegram.webhook import WebhookKeeper
from bot.web import Standing, Webhook, serve
from sandbox.telegram import Person, Telegram
from tests.handlers.house import House, becomes

PATH = "/webhook/a-path-that-nobody-knows"
SECRET = "a-secret-of-many-letters"
HEADER = "X-Telegram-Bot-Api-Secret-Token"


class Door:
    """The webhook of a house; ``open`` and ``close`` may take turns, as processes do."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.client = aiohttp.ClientSession()
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self._port = found.getsockname()[1]
        self.address = f"http://127.0.0.1:{self._port}{PATH}"

    @asynccontextmanager
    async def open(self, *, handling: bool = True) -> AsyncIterator[None]:
        self.house.start(receiving=False, handling=handling)
        intake = self.house.intake
        keeper = WebhookKeeper(
            self.house.bot,
            address=self.address,
            secret=SECRET,
            allowed=ALLOWED_UPDATES,
            heard=intake.heard,
        )
        webhook = Webhook(PATH, SECRET, intake.keep)

        def standing() -> Standing:
            return Standing([Role.WEB], [], intake.silence())

        stop = asyncio.Event()
        async with serve("127.0.0.1", self._port, self.house.database, standing, webhook):
            keeping = asyncio.create_task(keeper.run(stop))
            yield
            stop.set()
            await keeping
            await self.house.stop()

    async def post(
        self, update: object, *, secret: str | None = SECRET, path: str = ""
    ) -> tuple[int, str]:
        body = update if isinstance(update, bytes) else json.dumps(update).encode()
        headers = {HEADER: secret} if secret is not None else {}
        address = self.address.replace(PATH, path) if path else self.address
        async with self.client.post(address, data=io.BytesIO(body), headers=headers) as answer:
            return answer.status, await answer.text()


@pytest.fixture
async def door(asleep: House) -> AsyncIterator[Door]:
    door = Door(asleep)
    yield door
    await door.client.close()


def said(number: int, person: Person, text: str) -> dict[str, Any]:
    private = {"id": person.id, "type": "private", "first_name": "Анна"}
    message = {"message_id": number, "date": 0, "chat": private, "from": person.user.json()}
    return {"update_id": number, "message": {**message, "text": text}}


async def states(house: House) -> list[tuple[Any, ...]]:
    return await house.rows("SELECT update_id, state FROM incoming ORDER BY update_id")


async def test_people_are_answered(door: Door, anna: Person, boris: Person, tg: Telegram) -> None:
    await anna.say("/help")  # before anybody told Telegram where to
    async with door.open():
        await anna.sees("Что я умею")
        shown = await door.house.shows(boris, "/help")
        await boris.press(shown, "📰 Новости")
        await tg.settled()
    assert tg.ledger.calls("getUpdates") == []
    assert len(await states(door.house)) == 3
    assert tg.violations == []


async def test_an_update_is_acknowledged_when_it_is_kept_and_survives_a_kill(
    door: Door, anna: Person, tg: Telegram
) -> None:
    async with door.open(handling=False):
        await anna.say("/help")
        await tg.settled()  # Telegram was answered with 200
        await door.house.kill()
    assert await states(door.house) == [(1, 0)]
    async with door.open():
        await anna.sees("Что я умею")
    assert await states(door.house) == [(1, 1)]
    assert len(tg.ledger.messages(anna.id)) == 1
    assert tg.violations == []


async def test_what_is_not_kept_is_not_acknowledged_and_comes_again(
    door: Door, anna: Person, tg: Telegram, logs: list[EventDict]
) -> None:
    await door.house.change("ALTER TABLE incoming RENAME TO lost")
    async with door.open():
        await anna.say("/help")
        await becomes(lambda: [e for e in logs if e["event"].startswith("update not kept")])
        assert tg.pending_updates == 1
        status, _ = await door.post(said(500, anna, "/language"))
        assert status == 503
        await door.house.change("ALTER TABLE lost RENAME TO incoming")
        await anna.sees("Что я умею")
        await tg.settled()
    assert "503" in str((await door.house.bot.get_webhook_info()).last_error_message)
    assert await states(door.house) == [(1, 1)]
    assert len(tg.ledger.messages(anna.id)) == 1
    assert tg.violations == []


async def test_a_repeated_update_is_handled_once(door: Door, anna: Person, tg: Telegram) -> None:
    async with door.open():
        update = said(7, anna, "/help")
        answers = await asyncio.gather(*(door.post(update) for _ in range(5)))
        await anna.sees("Что я умею")
        answers.append(await door.post(update))
        await door.house.shows(anna, "/language")
    assert answers == [(200, "")] * 6
    assert len(tg.ledger.messages(anna.id)) == 2
    assert tg.violations == []


@pytest.mark.parametrize(
    "given", [None, "", SECRET[:-1], SECRET + "x", "Секрет".encode().decode("latin-1")]
)
async def test_without_the_secret_nothing_is_kept(
    door: Door, anna: Person, logs: list[EventDict], given: str | None
) -> None:
    async with door.open():
        for _ in range(5):
            assert await door.post(said(7, anna, "/help"), secret=given) == (401, "")
    assert await states(door.house) == []
    refused = [entry for entry in logs if entry["event"].startswith("webhook request refused")]
    assert [entry["so_far"] for entry in refused] == [1, 2, 4]
    assert SECRET[:-1] not in str(logs)
    assert PATH not in str(logs)


async def test_the_path_takes_posts_only_and_no_other_path_takes_them(
    door: Door, anna: Person
) -> None:
    async with door.open():
        assert (await door.client.get(door.address, headers={HEADER: SECRET})).status == 405
        for path in ("/", "/webhook", f"{PATH}/", f"{PATH}x", "/webhook/42:TEST"):
            assert (await door.post(said(7, anna, "/help"), path=path))[0] == 404
    assert await states(door.house) == []


MALFORMED: dict[str, bytes] = {
    "no JSON": b"{",
    "nothing": b"",
    "no text": b"\xff\xfe\xfd",
    "a list": b"[]",
    "no number": b"{}",
    "a number that is none": b'{"update_id": "7"}',
    "a number that is true": b'{"update_id": true}',
    "a number without end": b'{"update_id": ' + b"9" * 30 + b"}",
    "a number below zero": b'{"update_id": -1}',
    "a number of too many digits": b'{"update_id": ' + b"9" * 5000 + b"}",
    "nested without end": b'{"update_id": 7, "message": ' + b"[" * 50_000 + b"}",
    "longer than any update": b'{"update_id": 7, "message": "' + b"x" * 1024 * 1024 + b'"}',
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
async def test_what_is_no_update_is_passed_over_and_not_asked_for_again(
    door: Door, anna: Person, tg: Telegram, logs: list[EventDict], body: bytes
) -> None:
    """Telegram repeats for a day what is answered with an error, and the chat waits for it."""
    async with door.open():
        assert await door.post(body) == (200, "")
        assert "Что я умею" in (await door.house.shows(anna, "/help")).text
    assert "update passed over: it is malformed" in [entry["event"] for entry in logs]
    assert [state for _, state in await states(door.house)] == [1]
    assert tg.violations == []


ODD: dict[str, object] = {
    "a message that is a list": {"update_id": 7, "message": []},
    "half of a pair": {"update_id": 7, "message": {"text": "\ud83d", "chat": {"id": 5}}},
    "a chat without end": {"update_id": 7, "message": {"chat": {"id": 10**30}}},
    "a null byte": {"update_id": 7, "message": {"text": "\0", "chat": {"id": 5}}},
}


@pytest.mark.parametrize("update", ODD.values(), ids=ODD.keys())
async def test_what_has_a_number_is_kept_and_put_aside(
    door: Door, anna: Person, tg: Telegram, update: object
) -> None:
    async with door.open():
        assert await door.post(update) == (200, "")
        await door.house.finds("SELECT state FROM incoming WHERE update_id = 7", [(2,)])
        await door.house.shows(anna, "/help")
    assert tg.violations == []


async def test_the_order_within_a_chat_is_kept(door: Door, tg: Telegram) -> None:
    people = tg.persons(5)
    async with door.open():
        await asyncio.gather(
            *(person.say(f"/{word}") for word in ("help", "language", "news") for person in people)
        )
        for person in people:
            await person.sees("Новости")
        await tg.settled()
    for person in people:
        starts = ("Что я умею", "На каком языке", "Новости")
        texts = [message.text for message in tg.ledger.messages(person.id)]
        assert all(text.startswith(start) for text, start in zip(texts, starts, strict=True))
    assert tg.violations == []


async def test_posts_that_come_together_in_a_chat_are_handled_by_their_numbers(
    door: Door, anna: Person, tg: Telegram
) -> None:
    said_words = ("help", "language", "news", "start", "subscribe")
    async with door.open(handling=False):
        posts = [door.post(said(n, anna, f"/{word}")) for n, word in enumerate(said_words, 1)]
        assert await asyncio.gather(*reversed(posts)) == [(200, "")] * 5
    async with door.open():
        await door.house.handles(lambda update: update.message, times=5)
    numbers = [update.update_id for update in door.house.handled]
    assert numbers == [1, 2, 3, 4, 5]
    assert tg.violations == []


async def test_posts_that_coincide_share_commits(door: Door, anna: Person) -> None:
    """Forty at once, as many as Telegram posts, once waited for the disk forty times."""
    commits = 0

    def count(_connection: object) -> None:
        nonlocal commits
        commits += 1

    async with door.open(handling=False):
        engine = door.house.database._engine.sync_engine
        async with door.house.database.write():  # while another writer is busy, all forty gather
            posts = [
                asyncio.create_task(door.post(said(number, anna, "/help"))) for number in range(40)
            ]
            gathering = door.house.intake._commits
            await becomes(lambda: len(gathering._gathering.items) == 39)
            event.listen(engine, "commit", count)
        assert await asyncio.gather(*posts) == [(200, "")] * 40
        event.remove(engine, "commit", count)
    assert len(await states(door.house)) == 40
    assert commits <= 4
