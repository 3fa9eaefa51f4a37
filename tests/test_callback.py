"""What hubs may say to us, and what becomes of it, on a real socket."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO

import aiohttp
import pytest
from sqlalchemy import text

from bot.model import Role, SourceSpec
from bot.storage import hubs, sources
from bot.storage.database import Database
from bot.storage.hubs import HubState, HubSubscription
from bot.web import CALLBACK, HubCallback, Standing, lease_granted, serve

TOPIC = "https://news.example/feed?a=1&b=ы"
HOUR = timedelta(hours=1)


@dataclass(slots=True)
class House:
    """A served callback, with one subscription that its hub was asked for."""

    database: Database
    client: aiohttp.ClientSession
    url: str
    asked: HubSubscription
    now: datetime
    pinged: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def callback(self) -> str:
        return f"{self.url}{CALLBACK}{self.asked.token}"

    async def verify(self, token: str | None = None, **changed: str | None) -> tuple[int, str]:
        usual = {"mode": "subscribe", "topic": TOPIC, "challenge": "c", "lease_seconds": "7200"}
        query = {**usual, **changed}
        given = {f"hub.{name}": value for name, value in query.items() if value is not None}
        url = f"{self.url}{CALLBACK}{token or self.asked.token}"
        async with self.client.get(url, params=given) as answer:
            return answer.status, await answer.text()

    async def tell(self, body: bytes = b"<rss/>", signature: str | None = None) -> int:
        headers = {} if signature is None else {"X-Hub-Signature": signature}
        async with self.client.post(self.callback, data=BytesIO(body), headers=headers) as answer:
            return answer.status

    def sign(self, body: bytes, method: str = "sha256", secret: str | None = None) -> str:
        key = (secret or self.asked.secret).encode()
        return f"{method}={hmac.new(key, body, method).hexdigest()}"

    async def found(self) -> HubSubscription:
        async with self.database.read() as connection:
            found = await hubs.find_subscription(connection, self.asked.token)
        assert found is not None
        return found

    async def is_due(self) -> bool:
        async with self.database.read() as connection:
            return bool(await sources.due_sources(connection, self.now))


@pytest.fixture
async def house(database: Database, unused_tcp_port: int, now: datetime) -> AsyncIterator[House]:
    async with database.write() as connection:
        spec = SourceSpec("https://news.example/feed")
        await sources.list_sources(connection, [spec], now + HOUR)  # due in an hour
        await hubs.note_hub(connection, 1, "https://hub.example/", TOPIC, now)
        (asked,) = await hubs.due_requests(connection, now, "")
        await hubs.begin_request(connection, asked, base="", now=now, renew_at=now + HOUR)
    url = f"http://127.0.0.1:{unused_tcp_port}"
    async with aiohttp.ClientSession() as client:
        built = House(database, client, url, asked, now)
        callback = HubCallback(database, built.pinged, lambda: now)
        standing = Standing(tuple(Role), frozenset(), None)
        async with serve(
            "127.0.0.1", unused_tcp_port, database, lambda: standing, callback=callback
        ):
            yield built


async def test_what_was_asked_for_is_confirmed(house: House) -> None:
    challenge = "<script>alert('ы')</script>&%20"
    query = {
        "hub.mode": "subscribe",
        "hub.topic": TOPIC,
        "hub.challenge": challenge,
        "hub.lease_seconds": "7200",
    }
    async with house.client.get(house.callback, params=query) as answer:
        assert (answer.status, answer.content_type) == (200, "text/plain")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert await answer.text() == challenge
    found = await house.found()
    assert (found.state, found.failures) == (HubState.ACTIVE, 0)
    assert found.lease_until == house.now + timedelta(seconds=7200)
    async with house.database.read() as connection:
        assert await hubs.next_request(connection) == house.now + timedelta(seconds=4800)


async def test_a_hub_that_asks_twice_is_told_twice(house: House) -> None:
    """Where our first answer was lost, 404 to the second would end the subscription there."""
    assert await house.verify() == (200, "c")
    assert await house.verify() == (200, "c")


async def test_nothing_else_is_confirmed_and_no_challenge_echoed(house: House) -> None:
    refused: list[dict[str, str | None]] = [
        {"topic": "https://news.example/feed"},
        {"topic": None},
        {"topic": TOPIC.upper()},
        {"token": "x" * 43},
        {"mode": "unsubscribe"},
        {"mode": "publish"},
        {"mode": None},
        {"challenge": None},
        {"challenge": ""},
        {"challenge": "c" * 1001},
        {"challenge": "c\x00\x1b[31m"},
    ]
    for changed in refused:
        status, said = await house.verify(**changed)
        assert (changed, status) == (changed, 404)
        assert "c" not in said
    assert (await house.found()).state == HubState.REQUESTED


async def test_nothing_is_confirmed_that_was_not_asked_for(house: House) -> None:
    async with house.database.write() as connection:
        await hubs.note_hub(connection, 1, "https://b.example/", TOPIC, house.now + 2 * HOUR)
        (fresh,) = await hubs.due_requests(connection, house.now + 2 * HOUR, "")
    assert (await house.verify(fresh.token))[0] == 404
    assert (await house.verify())[0] == 404  # the old one is over


async def test_a_hub_may_deny_before_and_after(house: House) -> None:
    assert (await house.verify(mode="denied", topic="https://other.example/"))[0] == 404
    assert (await house.found()).state == HubState.REQUESTED
    for _ in range(2):
        assert await house.verify(mode="denied", reason="no\nthanks") == (200, "")
        assert (await house.found()).state == HubState.DENIED
        assert await house.verify() == (200, "c")  # it may also change its mind
        assert (await house.found()).state == HubState.ACTIVE


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("300", 300), ("1", 300), ("0", 300), ("604800", 604_800), ("9999999999", 2_592_000),
        (None, 864_000), ("", 864_000), ("-5", 864_000), ("1e9", 864_000), ("٣٠٠", 864_000),
    ],
)  # fmt: skip
def test_a_lease_has_limits(said: str | None, seconds: int) -> None:
    assert lease_granted(said) == timedelta(seconds=seconds)


async def test_signed_news_make_the_source_due_at_once(house: House) -> None:
    body = "<rss>Новости</rss>".encode() * 100_000  # more than the webhook of Telegram takes
    assert await house.tell(body, house.sign(body)) == 200
    assert house.pinged.is_set()
    assert await house.is_due()


async def test_hubs_sign_by_any_method_of_the_standard(house: House) -> None:
    for method in ("sha1", "sha256", "sha384", "sha512"):
        house.pinged.clear()
        assert await house.tell(b"<rss/>", house.sign(b"<rss/>", method)) == 200
        assert house.pinged.is_set()


async def test_what_is_not_signed_rightly_does_nothing(house: House) -> None:
    body = b"<rss/>"
    right = house.sign(body)
    for signature in (
        None,
        "",
        right[:-1] + ("0" if right[-1] != "0" else "1"),
        right.removeprefix("sha256="),
        right.replace("sha256", "sha1"),
        right[:20],
        f"md5={hmac.new(house.asked.secret.encode(), body, hashlib.md5).hexdigest()}",
        house.sign(body, secret="another"),
        house.sign(b"<rss> </rss>"),
        "sha256=" + "é" * 64,
    ):
        assert await house.tell(body, signature) == 200  # who guesses learns nothing
        assert not house.pinged.is_set()
        assert not await house.is_due()
    assert await house.tell(body, right.upper().replace("SHA", "sha")) == 200
    assert await house.is_due()


async def test_what_is_too_long_is_given_up(house: House) -> None:
    body = b" " * (5 * 1024 * 1024 + 1)
    assert await house.tell(body, house.sign(body)) == 413
    assert not await house.is_due()


@pytest.mark.parametrize(
    "framed",
    [
        b"Content-Length: 100\r\n\r\n<rss",
        b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n<rss",
    ],
)
async def test_what_breaks_off_is_nothing(
    house: House, framed: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    port = int(house.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    path = house.callback.removeprefix(house.url)
    signature = house.sign(b"<rss")
    head = f"POST {path} HTTP/1.1\r\nHost: bot.example\r\nX-Hub-Signature: {signature}\r\n"
    writer.write(head.encode() + framed)
    writer.write_eof()
    await reader.read()
    writer.close()
    await writer.wait_closed()
    assert await house.verify() == (200, "c")  # what came first is over
    assert not await house.is_due()
    assert [record for record in caplog.records if record.name.startswith("aiohttp")] == []


async def test_unknown_paths_are_not_found(house: House) -> None:
    body = b"<rss/>"
    for path in ("x" * 43, "", "a/b", "%00", "x" * 101):
        url = f"{house.url}{CALLBACK}{path}"
        headers = {"X-Hub-Signature": house.sign(body)}
        async with house.client.post(url, data=body, headers=headers) as answer:
            assert answer.status == 404
    assert not await house.is_due()


async def test_a_hub_is_told_when_we_want_no_more(house: House) -> None:
    assert await house.verify() == (200, "c")
    async with house.database.write() as connection:
        await sources.list_sources(connection, [], house.now + HOUR)
    assert (await house.verify())[0] == 404
    body = b"<rss/>"
    assert await house.tell(body, house.sign(body)) == 410
    assert not house.pinged.is_set()


async def test_a_hub_is_to_repeat_what_the_database_does_not_take(house: House) -> None:
    async with house.database.write() as connection:
        await connection.execute(text("ALTER TABLE source RENAME TO lost"))
    body = b"<rss/>"
    assert await house.tell(body, house.sign(body)) == 503
    assert (await house.verify())[0] == 503
    async with house.database.write() as connection:
        await connection.execute(text("ALTER TABLE lost RENAME TO source"))
    assert await house.tell(body, house.sign(body)) == 200
    assert await house.is_due()


async def test_the_health_check_counts_active_hubs(house: House) -> None:
    async def counted() -> object:
        async with house.client.get(f"{house.url}/healthz") as answer:
            return (await answer.json())["websub"]

    assert await counted() == 0
    async with house.database.write() as connection:
        await hubs.confirm(
            connection,
            house.asked.token,
            lease_until=datetime.now(UTC) + HOUR,
            renew_at=house.now,
        )
    assert await counted() == 1
