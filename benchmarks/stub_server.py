"""The stub's own process: a small HTTP/1.1 server on one core, cheaper per request than a client.

It understands what aiogram sends: POST, a form in the body, connections kept alive. ``/-/`` is for
the benchmark that started it; see ``stub``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys
import time
from collections import deque
from collections.abc import Callable
from math import ceil
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import unquote_plus

sys.path.insert(0, str(Path(__file__).parents[1]))  # for when it is run by its path

from benchmarks.stub import ACCEPTED, Fate, Scenario

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_MOST_UPDATES = 100  # in one answer to getUpdates, as the Bot API has it
_ME = {"id": 42, "is_bot": True, "first_name": "Вестник", "username": "vestnik_bench_bot"}
_PAGE = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
_REASONS = {200: b"OK", 429: b"Too Many Requests", 500: b"Error", 502: b"Bad Gateway"}

_Form = dict[bytes, bytes]
_Answer = Callable[[bytes], None]
"""Sends a whole response; an empty one closes the connection."""


def response(body: bytes, status: int = 200, kind: bytes = b"application/json") -> bytes:
    """A whole HTTP response."""
    return b"HTTP/1.1 %d %b\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n%b" % (
        status,
        _REASONS[status],
        kind,
        len(body),
        body,
    )


def result(value: Any) -> bytes:
    """A successful answer of the Bot API."""
    return response(json.dumps({"ok": True, "result": value}).encode())


def refusal(code: int, description: str, **parameters: int) -> bytes:
    """An unsuccessful answer of the Bot API."""
    told: dict[str, Any] = {"ok": False, "error_code": code, "description": description}
    if parameters:
        told["parameters"] = parameters
    return response(json.dumps(told).encode(), code)


def flood_wait(seconds: int) -> bytes:
    """The Bot API's 429."""
    return refusal(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)


class Api:
    """Answers requests and keeps the ledger."""

    def __init__(self, scenario: Scenario) -> None:
        self._loop = asyncio.get_running_loop()
        self._more = asyncio.Event()
        self._updates: list[dict[str, Any]] = []
        self._next_update = 1
        self._message = 0
        self._texts: dict[bytes, tuple[int, bytes]] = {}  # number in the ledger, and as JSON
        self._behave(scenario)
        self._clear()

    def _behave(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._random = Random(scenario.seed)
        self._window: deque[float] = deque()
        self._closed_until = 0.0

    def _clear(self) -> None:
        self._accepted = 0
        self._arrivals: list[tuple[float, int, int, str, str]] = []

    def serve(self, method: str, body: bytes, answer: _Answer) -> None:
        """Answer one request to the Bot API."""
        form: _Form = {}
        for part in body.split(b"&"):
            name, _, value = part.partition(b"=")
            form[name] = value
        if method == "getUpdates":
            self._spawn(self._get_updates(form, answer))
        elif method == "getMe":
            answer(result(_ME))
        elif b"chat_id" in form:
            self._about_chat(method, form, answer)
        else:
            answer(result(True))

    def _about_chat(self, method: str, form: _Form, answer: _Answer) -> None:
        now = time.monotonic()
        chat = int(form[b"chat_id"])
        number, text = self._text(form.get(b"text", b""))
        sends = method.startswith("send") and method != "sendChatAction"
        fate = self._fate(now) if sends else Fate.ANSWERED
        self._arrivals.append((now, chat, number, method, fate.value))
        if sends and fate in ACCEPTED:
            self._accepted += 1
            self._more.set()
        low, high = self._scenario.slow_seconds if fate is Fate.SLOW else self._scenario.latency
        whole = self._answer(fate, method, chat, text, now)
        if high > 0:
            self._loop.call_later(self._random.uniform(low, high), answer, whole)
        else:
            answer(whole)

    def _fate(self, now: float) -> Fate:
        """What becomes of a message that arrives now."""
        if now < self._closed_until:
            return Fate.CLOSED
        drawn = self._random.random()
        fate = Fate.ANSWERED
        for one, share in self._scenario.faults.items():
            drawn -= share
            if drawn < 0:
                fate = one
                break
        if fate is Fate.FLOOD:
            self._closed_until = now + self._random.randint(*self._scenario.flood_seconds)
        if self._scenario.limit and fate in ACCEPTED:
            while self._window and self._window[0] <= now - 1.0:
                self._window.popleft()
            if len(self._window) >= self._scenario.limit:
                return Fate.LIMITED
            self._window.append(now)
        return fate

    def _answer(self, fate: Fate, method: str, chat: int, text: bytes, now: float) -> bytes:  # noqa: PLR0911 - a table
        match fate:
            case Fate.CUT | Fate.DROPPED:
                return b""
            case Fate.LOST | Fate.BAD_GATEWAY:
                return response(_PAGE, 502, b"text/html")
            case Fate.ERROR:
                return refusal(500, "Internal Server Error: restart")
            case Fate.GARBLED:
                return response(b'{"ok":true,"resu')
            case Fate.MISSHAPEN:
                self._message += 1
                return result({"message_id": self._message, "date": "today"})
            case Fate.FLOOD | Fate.CLOSED:
                return flood_wait(max(1, ceil(self._closed_until - now)))
            case Fate.LIMITED:
                return flood_wait(1)
        if method.startswith("delete"):
            return result(True)
        self._message += 1
        return response(
            b'{"ok":true,"result":{"message_id":%d,"date":1,"chat":{"id":%d,"type":"private"},'
            b'"text":%b}}' % (self._message, chat, text)
        )

    def _text(self, raw: bytes) -> tuple[int, bytes]:
        known = self._texts.get(raw)
        if known is None:
            known = len(self._texts), json.dumps(unquote_plus(raw.decode())).encode()
            self._texts[raw] = known
        return known

    async def _get_updates(self, form: _Form, answer: _Answer) -> None:
        offset = int(form.get(b"offset", b"0"))
        if offset > 0:
            self._updates = [u for u in self._updates if u["update_id"] >= offset]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(float(form.get(b"timeout", b"0"))):
                while not self._updates:
                    await self._until_more()
        answer(result(self._updates[:_MOST_UPDATES]))

    async def _until_more(self) -> None:
        self._more.clear()
        await self._more.wait()

    def control(self, what: str, body: Any, answer: _Answer) -> None:
        """Answer the benchmark."""
        match what:
            case "ledger":
                texts = [json.loads(text) for _, text in self._texts.values()]
                told = {"texts": texts, "arrivals": self._arrivals}
                answer(response(json.dumps(told).encode()))
            case "wait":
                self._spawn(self._wait(body["accepted"], body["seconds"], answer))
            case "reset":
                self._clear()
                if body is not None:
                    self._behave(read_scenario(body))
                answer(response(b"{}"))
            case "updates":
                for update in body:
                    self._updates.append({**update, "update_id": self._next_update})
                    self._next_update += 1
                self._more.set()
                answer(response(b"{}"))
            case _:
                raise ValueError(what)

    async def _wait(self, accepted: int, seconds: float, answer: _Answer) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._accepted < accepted:
                    await self._until_more()
        answer(response(b'{"accepted":%d}' % self._accepted))

    def _spawn(self, work: Any) -> None:
        task = self._loop.create_task(work)
        _running.add(task)
        task.add_done_callback(_running.discard)


_running: set[asyncio.Task[None]] = set()  # the loop itself keeps only weak references


class Connection(asyncio.Protocol):
    """One connection of a client: takes requests apart, one after another."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Serve each request that is complete."""
        self._rest += data
        while (end := self._rest.find(b"\r\n\r\n")) >= 0:
            head = self._rest[:end]
            length = _LENGTH.search(head)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._rest) < whole:
                return
            body, self._rest = self._rest[end + 4 : whole], self._rest[whole:]
            owner, _, method = head.split(b" ", 2)[1].decode()[1:].partition("/")
            if owner == "-":
                self._api.control(method, json.loads(body), self._answer)
            else:
                self._api.serve(method, body, self._answer)

    def _answer(self, whole: bytes) -> None:
        if self._transport.is_closing():
            return
        if whole:
            self._transport.write(whole)
        else:
            self._transport.abort()


def read_scenario(told: dict[str, Any]) -> Scenario:
    """A scenario from its JSON."""
    faults = {Fate(name): share for name, share in told.pop("faults").items()}
    return Scenario(faults=faults, **told)


async def main() -> None:
    """Serve until the standard input ends; the port is printed first."""
    loop = asyncio.get_running_loop()
    api = Api(read_scenario(json.loads(sys.argv[1])))
    server = await loop.create_server(lambda: Connection(api), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
