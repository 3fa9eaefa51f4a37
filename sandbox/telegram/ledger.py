"""What happened: the requests with their outcomes, every breach, every message ever accepted."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from sandbox.telegram.changes import Changes
from sandbox.telegram.chats import Message
from sandbox.telegram.errors import ApiError, Breach
from sandbox.telegram.world import World

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Request:
    """One call of a method.

    Attributes:
        number: counted from 1.
        method: its name; empty where the request named none that exists.
        params: as sent until they are checked, then of their kinds.
        chat_id: the chat it names, where it names one by id.
        arrived, finished: moments by the clock; ``finished`` is None while in flight.
        accepted: whether it took effect, whatever became of the answer.
        message_id: of the message that it made or changed.
        status: the HTTP status of the answer; None where none was sent.
        description: Telegram's refusal, or empty.
        fault: the fault that struck it, or None.
        heard: whether the client was still connected at the end.
    """

    number: int
    method: str
    params: dict[str, Any]
    arrived: float
    chat_id: int | None = None
    finished: float | None = None
    accepted: bool = False
    message_id: int | None = None
    status: int | None = None
    description: str = ""
    fault: str | None = None
    heard: bool = False


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that a correct bot never does.

    Attributes:
        kind: ``contract`` (a method misused), ``content`` (text or buttons that cannot be shown)
            or ``flood`` (a request inside a ``retry_after``).
    """

    kind: Breach
    method: str
    description: str
    request: int


class Ledger:
    """The record of one emulator.

    Args:
        world: what the messages are asked of.
        changes: told when a request comes or ends.
        keep: how many of the latest requests are kept; None keeps all.

    Attributes:
        requests: in the order of arrival.
        refused: how many requests were refused so far, by the status of the answer.
        violations: in the order of happening.
        peak: the largest number of requests in flight at once, long polls apart.
    """

    def __init__(self, world: World, changes: Changes, *, keep: int | None = None) -> None:
        self.world = world
        self.changes = changes
        self.requests: deque[Request] = deque(maxlen=keep)
        self.refused: Counter[int] = Counter()
        self.violations: list[Violation] = []
        self.peak = 0
        self._arrived = 0
        self._flying: dict[int, Request] = {}

    # --- Questions -------------------------------------------------------------------------------

    @property
    def in_flight(self) -> list[Request]:
        """Requests that arrived and have no end yet, long polls apart."""
        return list(self._flying.values())

    @property
    def sent(self) -> int:
        """How many messages of the bot were accepted so far; cheap enough to wait for."""
        return self.world.sent

    def calls(self, method: str, *, chat_id: int | None = None) -> list[Request]:
        """The requests of a method that are kept, to one chat if given."""
        return [
            request
            for request in self.requests
            if request.method == method and chat_id in (None, request.chat_id)
        ]

    def messages(self, chat_id: int | None = None) -> list[Message]:
        """The bot's messages, deleted ones included, in one chat or in all."""
        chats = self.world.chats
        return [
            message
            for chat in (chats.values() if chat_id is None else [chats[chat_id]])
            for message in chat.messages.values()
            if message.sender is self.world.bot.user or message.sender is None
        ]

    def copies(self, what: str | Callable[[Message], bool]) -> Counter[int]:
        """How often each chat, by id, was sent something.

        Args:
            what: a part of the text that the message had when it was sent, or a test of it.
        """
        return Counter(
            message.chat.id
            for message in self.messages()
            if (what in message.first_text if isinstance(what, str) else what(message))
        )

    async def wait_for(self, found: Callable[[], T | None], *, timeout: float = 5.0) -> T:  # noqa: ASYNC109 - as asyncio's own wait_for
        """The first true value of ``found``, asked now and after each change.

        Raises:
            TimeoutError: it did not become true within so many real seconds.
        """
        return await self.changes.wait_for(found, timeout=timeout)

    # --- Keeping it ------------------------------------------------------------------------------

    def open(self, method: str, params: dict[str, Any]) -> Request:
        """A request has arrived."""
        now = self.world.clock.now()
        self._arrived += 1
        request = Request(self._arrived, method, params, now)
        self.requests.append(request)
        if method != "getUpdates":
            self._flying[request.number] = request
            self.peak = max(self.peak, len(self._flying))
        self.changes.announce()
        return request

    def refuse(self, request: Request, error: ApiError) -> None:
        """A request was answered with an error."""
        request.status, request.description = error.code, error.description
        self.refused[error.code] += 1
        if error.breach is not None:
            violation = Violation(error.breach, request.method, error.description, request.number)
            self.violations.append(violation)

    def close(self, request: Request) -> None:
        """A request has come to its end."""
        request.finished = self.world.clock.now()
        self._flying.pop(request.number, None)
        self.changes.announce()
