"""The emulator as tests and the demo hold it: one bot's Telegram, started and stopped."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from sandbox.telegram.api import Api
from sandbox.telegram.changes import Changes
from sandbox.telegram.chats import Message, User
from sandbox.telegram.clock import Clock, RealClock
from sandbox.telegram.commands import commands_for, primary_language
from sandbox.telegram.faults import Faults
from sandbox.telegram.floods import FloodRules, Floods
from sandbox.telegram.group import Group
from sandbox.telegram.ledger import Ledger, Violation
from sandbox.telegram.person import PATIENCE, Person, Room
from sandbox.telegram.pictures import Picture
from sandbox.telegram.server import Latency, Server
from sandbox.telegram.world import Bot, World

Json = dict[str, Any]

HOST = "127.0.0.1"


class Telegram:
    """A Bot API server for one bot on a loopback socket, with the people who talk to it.

    Args:
        token: the bot's token; its first part is the bot's id.
        name, username: the bot's own, as its account has them.
        flood: how fast it may write; by default as fast as it can.
        clock: what dates, floods and the age of queries go by.
        port: where to listen; 0 takes any port that is free.
        latency: real seconds before a request takes effect, or a function of the request.
        reply_latency: real seconds before its answer is sent.
        keep: how many of the latest requests the ledger keeps; None keeps all.

    Attributes:
        ledger: what happened.
        clock: as given.
    """

    def __init__(
        self,
        token: str = "42:TEST",  # noqa: S107 - no secret: the server accepts what it is given
        *,
        name: str = "Вестник",
        username: str = "vestnik_test_bot",
        flood: FloodRules | None = None,
        clock: Clock | None = None,
        port: int = 0,
        latency: Latency = 0.0,
        reply_latency: Latency = 0.0,
        keep: int | None = None,
    ) -> None:
        self.token = token
        self.clock = clock or RealClock()
        self._changes = Changes()
        account = User(int(token.partition(":")[0]), name, username, is_bot=True)
        self._world = World(self.clock, self._changes, account)
        self.ledger = Ledger(self._world, self._changes, keep=keep)
        floods = Floods(flood or FloodRules(), self.clock)
        self._server = Server(token, Api(self._world, floods), self.ledger, floods)
        self._server.latency, self._server.reply_latency = latency, reply_latency
        self._port = port

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        await self.close()

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: the port is taken.
        """
        self._port = await self._server.start(HOST, self._port)

    async def close(self) -> None:
        """Let go of everything that waits and stop listening."""
        await self._server.close()

    @property
    def url(self) -> str:
        """The base for the bot's BOT_API_URL, without a slash at its end."""
        return f"http://{HOST}:{self._port}"

    @property
    def faults(self) -> Faults:
        """What is to go wrong."""
        return self._server.faults

    @property
    def violations(self) -> list[Violation]:
        """What a correct bot never does; empty at the end of a good test."""
        return self.ledger.violations

    @property
    def notes(self) -> list[str]:
        """What Telegram dropped or ignored without an error, a sentence each."""
        return self._world.notes

    @property
    def bot(self) -> Bot:
        """What the bot set about itself: commands, descriptions, names, menu buttons."""
        return self._world.bot

    @property
    def pending_updates(self) -> int:
        """How many updates the bot has not confirmed."""
        return len(self._world.updates.pending)

    @property
    def changes(self) -> Changes:
        """Wakes who waits for anything here to change."""
        return self._changes

    @property
    def last_change(self) -> int:
        """The number of the latest change to any message."""
        return self._world.last_change

    def changed_since(self, number: int) -> list[Message]:
        """The messages of all chats that changed after this change, in its order.

        Each comes once, as it stands now, deleted ones too; the cost is that of the answer.
        """
        return self._world.changed_since(number)

    def commands_for(self, room: Room, person: Person) -> list[Json]:
        """The BotCommand objects that a person sees in the menu of a chat."""
        return commands_for(self.bot.commands, room.chat, person.user)

    def description_for(self, language: str | None) -> str:
        """What the bot says it can do, to an account of this language; empty for nothing."""
        texts = self.bot.descriptions
        return texts.get(primary_language(language)) or texts.get("", "")

    def picture(self, file_id: str) -> Picture | None:
        """What a photo is drawn from, or None where there is no such photo."""
        return self._world.pictures.get(file_id)

    def set_latency(self, before: Latency = 0.0, after: Latency = 0.0) -> None:
        """Delay requests, before they take effect and before they are answered."""
        self._server.latency, self._server.reply_latency = before, after

    async def settled(self, *, timeout: float = PATIENCE) -> None:  # noqa: ASYNC109 - the public form
        """Wait until every update is confirmed and no request is in flight.

        Raises:
            TimeoutError: the bot did not get there in so many real seconds.
        """
        await self._changes.wait_for(
            lambda: not self._world.updates.pending and not self.ledger.in_flight, timeout=timeout
        )

    # --- People and chats ----------------------------------------------------------------------

    def person(
        self,
        name: str,
        *,
        language: str | None = "ru",
        username: str | None = None,
        started: bool = False,
    ) -> Person:
        """A new account; ``started`` ones have written to the bot before, without an update."""
        chat = self._world.add_person(name, language=language, username=username)
        chat.started = started
        return Person(self._world, chat, self._world.users[chat.id])

    def persons(self, count: int, *, language: str | None = "ru") -> list[Person]:
        """Many accounts that have all started the bot before."""
        return [
            self.person(f"Читатель {number}", language=language, started=True)
            for number in range(1, count + 1)
        ]

    def group(
        self,
        title: str,
        members: Sequence[Person],
        *,
        supergroup: bool = False,
        forum: bool = False,
        bot_is_admin: bool = False,
    ) -> Group:
        """A new group of these people, its owner first, with the bot just added.

        A ``forum`` is a supergroup with topics.
        """
        kind = "supergroup" if supergroup or forum else "group"
        chat = self._world.add_chat(
            "supergroup" if kind != "group" else "group", title, forum=forum
        )
        group = Group(self._world, chat, members)
        group.enter(admin=bot_is_admin)
        return group

    def channel(
        self, title: str, owner: Person, *, username: str | None = None, bot_is_admin: bool = True
    ) -> Group:
        """A new channel with the bot just added."""
        chat = self._world.add_chat("channel", title)
        chat.username = username
        channel = Group(self._world, chat, [owner])
        channel.enter(admin=bot_is_admin)
        return channel
