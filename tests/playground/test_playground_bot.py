"""The playground with the real bot: what a person at the page can make happen to it."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from sandbox.fork_server import ForkServer
from sandbox.playground.bot import BotRun, in_words
from sandbox.playground.scene import Scene
from sandbox.telegram import Telegram
from tests.playground.stage import Json, Stream

ANNA = 1001
DRAFT = {"lead": "Коротко.", "text": "Раз.\n\nДва.", "section": "programma", "picture": None}

Act = Callable[..., Awaitable[Json]]


@pytest.fixture
async def scene(fork_server: ForkServer) -> AsyncIterator[Scene]:
    async with Scene(fork_server=fork_server) as scene:
        yield scene
        assert scene.telegram.violations == []


@pytest.fixture
def act(address: str, client: aiohttp.ClientSession) -> Act:
    async def act(name: str, /, **body: Any) -> Json:
        async with client.post(f"{address}api/{name}", json=body) as answer:
            told: Json = await answer.json()
            assert answer.status == 200, told
            return told

    return act


def labels(message: Json) -> list[str]:
    return [button["text"] for row in message.get("keyboard", []) for button in row]


def latest(stream: Stream, text: str, chat: int = ANNA) -> Json | None:
    """The newest message of the bot in a chat that says so."""
    found = [
        message
        for (where, _), message in sorted(stream.messages.items())
        if where == chat and text in message.get("text", "") and message["from"]["bot"]
    ]
    return found[-1] if found else None


def crowd(stream: Stream) -> Json:
    part: Json = stream.parts["pulse"]["crowd"]
    return part


async def test_from_the_start_to_a_push_and_its_correction(stream: Stream, act: Act) -> None:
    def pulse() -> Json:
        part: Json = stream.parts["pulse"]
        return part

    assert pulse()["bot"] == "starting"
    await stream.until(lambda: pulse()["bot"] == "running")
    await stream.until(lambda: pulse()["sources"] == {"known": 3, "read": 3, "failing": 0})
    assert (pulse()["well"], pulse()["queued"]) == (True, 0)
    await stream.until(lambda: stream.parts["chats"][1]["description"])
    descriptions = [chat["description"] for chat in stream.parts["chats"][:3]]
    assert descriptions[0] == descriptions[2] != descriptions[1]
    assert [command["command"] for command in stream.parts["chats"][0]["commands"]][:2] == [
        "news",
        "subscribe",
    ]
    await act("say", chat=ANNA, person=ANNA, text="/subscribe")
    await stream.until(lambda: latest(stream, "Оставайтесь на связи"))
    choices = latest(stream, "Оставайтесь на связи")
    assert choices is not None
    row = labels(choices).index("▫️ Новости программы")
    pressed = await act("press", chat=ANNA, message=choices["id"], person=ANNA, row=row, column=0)
    assert pressed == {"text": "Подписка оформлена.", "alert": False, "url": None}
    made = await act("publish", title="Двор", **{**DRAFT, "picture": {"cover": "cover-4"}})
    await stream.until(lambda: latest(stream, "Двор"))
    push = latest(stream, "Двор")
    assert push is not None
    preview = push["preview"]
    assert (preview["kind"], preview["above"], preview["large"]) == ("picture", True, True)
    assert preview["image"].endswith("/media/cover-4.png")
    await act("correct", slug=made["slug"], title="Сад", lead="Коротко.", text=None)
    await stream.until(lambda: stream.parts["articles"][0]["title"] == "Сад")
    await stream.until(lambda: sum(pulse()["rates"]) == pulse()["sent"] > 1)


async def noted_down(scene: Scene, client: aiohttp.ClientSession) -> None:
    """Wait until the bot has recorded all it sent; itself is asked, since the page hears later."""
    queued = 1
    while queued:
        async with client.get(scene.pulse._url) as answer:
            queued = (await answer.json())["queued"]


async def test_a_crowd_gets_everything_through_a_kill(
    stream: Stream, act: Act, scene: Scene, client: aiohttp.ClientSession
) -> None:
    # They come before the bot has read, or even knows, what they want to subscribe to.
    assert await act("crowd", count=12) == {"readers": 12}
    await stream.until(lambda: crowd(stream)["readers"] == 12)
    await stream.until(lambda: crowd(stream)["joining"] == 0)
    assert crowd(stream)["expected"] == 0
    await act("publish", title="Для всех", **DRAFT)
    await stream.until(lambda: crowd(stream)["arrived"] == 12)
    assert crowd(stream)["expected"] == 12
    await noted_down(scene, client)
    await act("bot", action="kill")
    await stream.until(lambda: stream.parts["pulse"]["bot"] == "stopped")
    assert stream.parts["pulse"]["sources"] is None
    assert stream.parts["pulse"]["error"] is None
    await act("publish", title="Пока никого нет", **DRAFT)
    await stream.until(lambda: crowd(stream)["expected"] == 24)
    assert crowd(stream)["arrived"] == 12
    await act("bot", action="start")
    await stream.until(lambda: stream.parts["pulse"]["bot"] == "running")
    await stream.until(lambda: crowd(stream)["arrived"] == 24)
    assert crowd(stream)["twice"] == 0


async def test_waits_and_faults_are_told(stream: Stream, act: Act) -> None:
    await stream.until(lambda: (stream.parts["pulse"]["sources"] or {}).get("read") == 3)
    await act("feed", fault="500")
    await stream.until(lambda: stream.parts["pulse"]["error"])
    error = stream.parts["pulse"]["error"]
    assert error["level"] == "warning"
    assert error["text"].startswith("source not read: ")
    assert error["time"] > 1_700_000_000
    await stream.until(lambda: stream.parts["pulse"]["sources"]["failing"] == 3)
    await act("feed", fault=None)
    await stream.until(lambda: stream.parts["pulse"]["sources"]["failing"] == 0)
    await act("knob", name="floods", on=True)
    for text in ("/start", "/news", "/help"):
        await act("say", chat=ANNA, person=ANNA, text=text)
    await stream.until(lambda: stream.parts["pulse"]["waits"])
    await act("knob", name="floods", on=False)
    await stream.until(lambda: latest(stream, "Что я умею"))


async def test_stopped_started_and_ended_by_itself(stream: Stream, act: Act, scene: Scene) -> None:
    def state() -> str:
        return str(stream.parts["pulse"]["bot"])

    def error() -> Json | None:
        told: Json | None = stream.parts["pulse"]["error"]
        return told

    await stream.until(lambda: state() == "running")
    for _ in range(2):
        await act("bot", action="stop")
    await stream.until(lambda: state() == "stopped")
    assert error() is None
    for _ in range(2):
        await act("bot", action="start")
    await stream.until(lambda: state() == "running")
    process = scene.bot._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    await stream.until(lambda: state() == "stopped")
    assert "ended by itself (exit code -9)" in (error() or {})["text"]
    await act("bot", action="start")
    await act("bot", action="kill")  # while it starts
    await stream.until(lambda: state() == "stopped")


async def test_a_bot_that_cannot_start_says_why(fork_server: ForkServer) -> None:
    async with Telegram() as telegram:
        changes = telegram.changes
        settings = {"BOT_TOKEN": "42:TEST", "SOURCES": "nonsense 42:TEST"}
        bot = BotRun(settings, telegram.clock.now, changes.announce, fork_server)
        await bot.start()
        await changes.wait_for(lambda: bot.state == "stopped", timeout=60)
        trouble = bot.trouble
    assert trouble is not None
    assert trouble.level == "error"
    assert trouble.text.startswith("the bot ended by itself (exit code 2): SOURCES is malformed")
    assert "42:TEST" not in trouble.text


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ({"event": "started", "level": "info"}, "started"),
        ({"event": "a", "error": "b\n  c", "source": "d"}, "a: b c"),
        ({"event": "a", "reason": "", "outcome": "Gone()"}, "a: Gone()"),
        ({"event": "a", "exception": [{"exc_type": "E", "exc_value": "disk"}]}, "a: E: disk"),
        ({"event": "x" * 500}, "x" * 299 + "…"),
        ({}, ""),
    ],
)  # fmt: skip
def test_a_line_of_the_log_in_words(line: Json, text: str) -> None:
    assert in_words(line) == text
