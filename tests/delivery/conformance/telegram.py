"""A Telegram for virtual time: it takes its time, fails as it is told, and keeps count."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import parse_qsl

from aiogram import Bot
from aiogram.client.session.base import BaseSession
from aiogram.exceptions import TelegramNetworkError
from aiogram.methods import GetMe, TelegramMethod
from aiohttp import ClientConnectorError
from aiohttp.client_reqrep import ConnectionKey

from bot.model import Chat, ChatKind
from bot.telegram.prepared import SendPrepared
from tests.delivery.conformance.schedule import Effect, Fault, Schedule

if TYPE_CHECKING:
    from tests.delivery.conformance.process import Process

_TIMEOUT_SECONDS = 8.0  # shorter than that of the bot, so that schedules are played faster
_LATE_SECONDS = 10.0
_OTHERS = 20  # who got theirs, before a flood that names the same chat again may mean it alone
_SUPERGROUP = 1_000_000_000_000
_KEY = ConnectionKey("api.telegram.org", 443, is_ssl=True, ssl=True, proxy=None, proxy_auth=None,
                     proxy_headers_hash=None)  # fmt: skip

_REFUSALS = {
    Effect.BLOCKED: (403, "Forbidden: bot was blocked by the user"),
    Effect.MISSING: (400, "Bad Request: chat not found"),
    Effect.UNDELIVERABLE: (403, "Forbidden: ALLOW_PAYMENT_REQUIRED"),
    Effect.UNHEARD_OF: (400, "Bad Request: SOMETHING_NEW"),
    Effect.MARKUP: (400, "Bad Request: can't parse entities: it does not matter why"),
    Effect.PICTURE: (400, "Bad Request: wrong type of the web page content"),
    Effect.TOKEN: (401, "Unauthorized"),
}
_FINAL = {Effect.BLOCKED, Effect.MISSING, Effect.UNDELIVERABLE, Effect.UNHEARD_OF}
_ACCEPTED = {effect for effect in Effect if effect.name.startswith("ACCEPTED")}
_DOUBTFUL = _ACCEPTED - {Effect.ACCEPTED_NEWER} | {Effect.BAD_GATEWAY, Effect.CUT, Effect.SILENT}


@dataclass(eq=False, slots=True)
class Room:
    """A chat as Telegram has it.

    Attributes:
        closed: whether it takes no messages from us.
        said_so: whether the bot was ever told that it is closed, by an answer or an update.
        moved: whether its id has changed, or one of its topics is gone.
    """

    number: int
    id: int
    kind: ChatKind
    closed: bool = False
    said_so: bool = False
    moved: bool = False
    gone: set[int] = field(default_factory=set)

    def migrate(self) -> None:
        """It becomes a supergroup, if it is a group."""
        if self.kind is ChatKind.GROUP:
            self.kind, self.id, self.moved = ChatKind.SUPERGROUP, self.id - _SUPERGROUP, True


@dataclass(frozen=True, slots=True)
class Request:
    """A message that a process asks to be sent."""

    number: int
    process: Process
    broadcast: int
    chat_id: int
    room: Room
    thread: int
    left: float
    order: int  # among all that was asked and answered
    plain: bool
    picture: bool
    paid: bool

    def __str__(self) -> str:
        thread = f"/{self.thread}" if self.thread else ""
        return f"#{self.number} broadcast {self.broadcast} to {self.chat_id}{thread}"


@dataclass(frozen=True, slots=True)
class Message:
    """A message that arrived; in the order of arrival."""

    number: int
    request: Request


@dataclass(slots=True)
class Flood:
    """Telegram asked to wait: all, or with ``room`` this one alone.

    Attributes:
        until: when the wait is over.
        told: which process was told, and when in the order of all that was asked and answered.
    """

    room: Room | None
    until: float
    seconds: int
    told: dict[Process, int] = field(default_factory=dict)


Answer = tuple[int, str] | Exception
Deliveries = Counter[tuple[int, int]]
"""Counted by broadcast and room."""


class Telegram:
    """Its chats, and all that was ever asked of it.

    Attributes:
        messages: what arrived.
        doubts: answers that did not tell whether a message was accepted.
        unheard: messages that were accepted, of which the answer did not tell.
        refusals: final refusals.
        violations: what a sender must not do.
    """

    def __init__(self, schedule: Schedule, note: Callable[[str], None]) -> None:
        self.loop = asyncio.get_running_loop()
        self.note = note
        self.rooms = _rooms(schedule)
        self.faults = {each.request: each for each in schedule.faults}
        self.outage: Effect | None = None
        self.messages: list[Message] = []
        self.doubts: Deliveries = Counter()
        self.unheard: Deliveries = Counter()
        self.refusals: Deliveries = Counter()
        self.violations: list[str] = []
        self.floods: list[Flood] = []
        self._answers = schedule.answers
        self._requests = 0
        self._order = 0
        self._left: defaultdict[Process, list[float]] = defaultdict(list)
        self._answered: Counter[Process] = Counter()
        self._named: dict[tuple[Process, Room], int] = {}
        self._serving: set[asyncio.Task[Answer]] = set()

    def room(self, chat_id: int) -> Room:
        """The chat that has, or once had, this id."""
        return next(r for r in self.rooms if chat_id in {r.id, r.id + _SUPERGROUP})

    # --- A request ------------------------------------------------------------------------------

    def leave(self, process: Process, method: SendPrepared) -> tuple[Request, asyncio.Task[Answer]]:
        """A request is on its way, whatever becomes of who asked."""
        self._requests += 1
        self._order += 1
        form = dict(parse_qsl(method.form))
        found = re.search(r"№(\d+)", form["text"])
        assert found, form["text"]
        chat_id = int(form["chat_id"])
        request = Request(
            number=self._requests,
            process=process,
            broadcast=int(found[1]),
            chat_id=chat_id,
            room=self.room(chat_id),
            thread=int(form.get("message_thread_id", 0)),
            left=self.loop.time(),
            order=self._order,
            plain=form.get("entities", "[]") == "[]",
            picture="url" in json.loads(form.get("link_preview_options", "{}")),
            paid="allow_paid_broadcast" in form,
        )
        self.note(f"{process} asks {request}")
        process.asks(request)
        self._watch(request)
        task = self.loop.create_task(self._serve(request))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        return request, task

    def tell(self, request: Request, answer: Answer) -> None:
        """Who asked gets its answer."""
        self._order += 1
        process, code = request.process, None if isinstance(answer, Exception) else answer[0]
        self.note(f"{process} hears of #{request.number}: {code or repr(answer)}")
        if code == 200:
            self._answered[process] += 1
        if code != 429:
            return
        before = self._named.get((process, request.room))
        self._named[process, request.room] = self._answered[process]
        alone = before is not None and self._answered[process] - before >= _OTHERS
        for flood in self.floods:
            if self._concerns(flood, request) and not (alone and flood.room is None):
                flood.told.setdefault(process, self._order)

    async def end(self) -> None:
        """All that is on its way has come to its end."""
        while self._serving:
            await asyncio.wait(list(self._serving))

    async def _serve(self, request: Request) -> Answer:
        """Take a request and answer it, each after half of the time that it takes."""
        delay = self._answers[request.number % len(self._answers)] / 2
        await asyncio.sleep(delay)
        fault = self.faults.get(request.number)
        effect = self._effect(request, fault)
        if self._flooded(request):
            return await self._refuse(request, delay, self._flood_answer(request))
        if effect in {Effect.FLOOD, Effect.CHAT_FLOOD}:
            assert fault
            self._flood(request, fault.effect, fault.seconds)
            return await self._refuse(request, delay, self._flood_answer(request))
        refusal = self._refusal(request, effect)
        if refusal is not None:
            return await self._refuse(request, delay, refusal)
        return await self._take(request, delay, effect)

    async def _refuse(self, request: Request, delay: float, answer: Answer) -> Answer:
        self.note(f"Telegram refuses #{request.number}: {answer}")
        await asyncio.sleep(delay)
        return answer

    async def _take(self, request: Request, delay: float, effect: Effect | None) -> Answer:
        key = request.broadcast, request.room.number
        if effect in _DOUBTFUL:
            self.doubts[key] += 1
        if effect is None or effect in _ACCEPTED:
            self.unheard[key] += effect in _DOUBTFUL
            if effect is Effect.ACCEPTED_LATE:
                await asyncio.sleep(_LATE_SECONDS)
            answer = self._accept(request)
        else:
            answer = (0, "")
        self.note(f"Telegram on #{request.number}: {effect or 'accepted'}")
        match effect:
            case None:
                await asyncio.sleep(delay)
            case Effect.ACCEPTED_NEWER:
                await asyncio.sleep(delay)
                answer = 200, answer[1].replace('"type"', '"kind"')
            case Effect.ACCEPTED_GARBLED:
                await asyncio.sleep(delay)
                answer = 200, '{"ok": tr'
            case Effect.BAD_GATEWAY | Effect.ACCEPTED_BAD_GATEWAY:
                await asyncio.sleep(delay)
                answer = 502, '{"ok": false, "error_code": 502, "description": "Bad Gateway"}'
            case Effect.CUT | Effect.ACCEPTED_CUT:
                await asyncio.sleep(delay)
                return ConnectionResetError("cut")
            case _:
                await asyncio.sleep(_TIMEOUT_SECONDS)
                return TimeoutError()
        return answer

    def _accept(self, request: Request) -> tuple[int, str]:
        number = len(self.messages) + 1
        self.messages.append(Message(number, request))
        chat = {"id": request.room.id, "type": request.room.kind.value}
        message = {"message_id": number, "date": 0, "chat": chat, "text": "."}
        return 200, json.dumps({"ok": True, "result": message})

    def _effect(self, request: Request, fault: Fault | None) -> Effect | None:
        """What is to befall this request; what it does not have cannot be refused."""
        effect = self.outage or (fault.effect if fault else None)
        if effect is Effect.MARKUP and request.plain:
            return None
        if effect is Effect.PICTURE and not request.picture:
            return None
        return effect

    def _refusal(self, request: Request, effect: Effect | None) -> Answer | None:
        """Why a request is not to be taken, be it a fault or the chat's state."""
        room, key = request.room, (request.broadcast, request.room.number)
        if effect is Effect.UNREACHABLE:
            return ClientConnectorError(_KEY, OSError("unreachable"))
        if request.chat_id != room.id:
            return _error(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=room.id,
            )
        if room.closed and effect not in _DOUBTFUL - _ACCEPTED:
            effect = Effect.BLOCKED
        if effect in _FINAL:
            self.refusals[key] += 1
            room.said_so |= effect is Effect.BLOCKED
        if effect in _REFUSALS:
            return _error(*_REFUSALS[effect])
        if request.thread in room.gone:
            return _error(400, "Bad Request: message thread not found")
        return None

    # --- Limits ---------------------------------------------------------------------------------

    def _flood(self, request: Request, effect: Effect, seconds: int) -> None:
        room = request.room if effect is Effect.CHAT_FLOOD else None
        self.floods.append(Flood(room, self.loop.time() + seconds, seconds))

    def _flooded(self, request: Request) -> bool:
        now = self.loop.time()
        return any(f.until > now and self._concerns(f, request) for f in self.floods)

    def _concerns(self, flood: Flood, request: Request) -> bool:
        return flood.room in {None, request.room}

    def _flood_answer(self, request: Request) -> Answer:
        untils = [f.until for f in self.floods if self._concerns(f, request)]
        seconds = max(1, ceil(max(untils) - self.loop.time()))
        words = f"Too Many Requests: retry after {seconds}"
        return _error(429, words, retry_after=seconds)

    def _watch(self, request: Request) -> None:
        """What must not be: a request within a wait of which its sender knows, or too many."""
        now, process = request.left, request.process
        if process.superseded:
            return  # it cannot know what its successor knows
        for flood in self.floods:
            told = flood.told.get(process)
            if told is None or flood.until <= now:
                continue
            if self._concerns(flood, request) and request.order > told:
                self.violations.append(f"{request} within a wait until {flood.until:.3f}")
        if request.paid:
            return
        left, most = self._left[process], int(process.rate)
        if len(left) >= most and now - left[-most] < 1.0 - 1e-9:
            self.violations.append(f"{request} is one too many within a second")
        left.append(now)


class Connection(BaseSession):
    """A process's connection to it."""

    def __init__(self, telegram: Telegram, process: Process) -> None:
        super().__init__()
        self._telegram = telegram
        self._process = process

    async def make_request(
        self,
        bot: Bot,
        method: TelegramMethod[Any],
        timeout: int | None = None,  # noqa: ARG002, ASYNC109 - aiogram's signature
    ) -> Any:
        await self._process.awake()
        content = await self._ask(method)
        if isinstance(content, Exception):
            _fail(method, content)
        return self.check_response(bot, method, *content).result

    async def _ask(self, method: TelegramMethod[Any]) -> Answer:
        if isinstance(method, GetMe):
            me = {"id": 42, "is_bot": True, "first_name": "Bot", "username": "bot"}
            return 200, json.dumps({"ok": True, "result": me})
        assert isinstance(method, SendPrepared)
        request, task = self._telegram.leave(self._process, method)
        content = await asyncio.shield(task)
        await self._process.awake()
        self._telegram.tell(request, content)
        return content

    async def close(self) -> None:
        """Nothing is open."""

    async def stream_content(self, *_: Any, **__: Any) -> AsyncGenerator[bytes, None]:
        """Nothing is streamed."""
        yield b""


def _fail(method: TelegramMethod[Any], cause: Exception) -> NoReturn:
    text = "Request timeout error" if isinstance(cause, TimeoutError) else str(cause)
    raise TelegramNetworkError(method=method, message=text) from cause


def _error(code: int, description: str, **parameters: int) -> Answer:
    body = {"ok": False, "error_code": code, "description": description, "parameters": parameters}
    return code, json.dumps(body)


def _rooms(schedule: Schedule) -> Sequence[Room]:
    kinds = [ChatKind.PRIVATE] * schedule.privates + [ChatKind.GROUP] * schedule.groups
    rooms = [
        Room(n, 1001 + n if kind is ChatKind.PRIVATE else -1001 - n, kind)
        for n, kind in enumerate(kinds)
    ]
    for _ in schedule.topics:
        number = len(rooms)
        rooms.append(Room(number, -_SUPERGROUP - 1001 - number, ChatKind.SUPERGROUP))
    return rooms


def chats(schedule: Schedule) -> list[Chat]:
    """Where the readers are, in the order of their numbers: the rooms, then the topics."""
    rooms = _rooms(schedule)
    forums = rooms[len(rooms) - len(schedule.topics) :]
    topics = [
        Chat(forum.id, forum.kind, thread)
        for forum, size in zip(forums, schedule.topics, strict=True)
        for thread in range(2, size + 2)
    ]
    return [Chat(room.id, room.kind) for room in rooms] + topics
