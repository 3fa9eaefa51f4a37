"""A bot without a head, which says what a test tells it to, and parts read from the live stream."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import aiohttp

from sandbox.telegram import Room, Telegram

Json = dict[str, Any]

_LINE_BYTES = 64 * 1024 * 1024


class Mouth:
    """Calls the emulator's methods as a bot does."""

    def __init__(self, telegram: Telegram, client: aiohttp.ClientSession) -> None:
        self._base = f"{telegram.url}/bot{telegram.token}"
        self._client = client

    async def call(self, method: str, **params: Any) -> Any:
        """A method's result; an error of Telegram's is returned whole."""
        async with self._client.post(f"{self._base}/{method}", json=params) as answer:
            told = await answer.json()
        return told.get("result", told)

    async def say(self, room: Room, text: str, **params: Any) -> int:
        """Send a message; its id."""
        sent = await self.call("sendMessage", chat_id=room.id, text=text, **params)
        number: int = sent["message_id"]
        return number


class Stream:
    """A page's side of ``/live``: the parts as last sent, messages by (chat, id)."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.parts: Json = {}
        self.messages: dict[tuple[int, int], Json] = {}
        self.events: list[Json] = []
        self._response = response

    async def event(self) -> Json | None:
        """The next event, None at the end of the stream."""
        while line := await self._response.content.readline(max_line_length=_LINE_BYTES):
            if line.startswith(b"data: "):
                event: Json = json.loads(line.removeprefix(b"data: "))
                self._take(event)
                return event
        return None

    async def until(self, found: Callable[[], object]) -> None:
        """Take events until something is so; the test's own timeout ends what never is."""
        while not found():
            assert await self.event() is not None, "the stream has ended"

    def _take(self, event: Json) -> None:
        self.events.append(event)
        self.parts |= event
        for message in event.get("messages", []):
            self.messages[message["chat"], message["id"]] = message

    def texts(self, chat: int) -> list[str]:
        """What the messages of a chat say."""
        return [m["text"] for (c, _), m in self.messages.items() if c == chat and "text" in m]
