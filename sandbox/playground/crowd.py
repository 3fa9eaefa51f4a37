"""Readers who come by the hundred, subscribe through real updates, and are owed every article."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence

from sandbox.newsroom import Article
from sandbox.telegram import Message, MessageView, Person, Telegram

MOST_READERS = 500

_AT_ONCE = 16
_PATIENCE = 60.0  # seconds; a bot that is stopped may be started again
_PAUSE = 1.0
_TO_ALL = {"ru": "Подписаться на всё", "en": "Subscribe to all"}


class Roll:
    """Who is owed which article, and who got it.

    An article is owed to those who had joined when it was published. What was withdrawn is owed
    to nobody any more. A message is of the article to whose page it links: titles may be alike.
    """

    def __init__(self) -> None:
        self.twice = 0
        self._joined: dict[int, int] = {}  # chat -> the newest article when it joined
        self._newest = 0
        self._numbers: dict[str, int] = {}  # address -> article, for those that anybody is owed
        self._owed: dict[int, int] = {}
        self._got: dict[int, set[int]] = {}
        self._arrived: dict[int, int] = {}
        self._shown: set[int] = set()

    @property
    def joined(self) -> int:
        """How many have joined."""
        return len(self._joined)

    @property
    def expected(self) -> int:
        """How many messages must arrive in the end."""
        return sum(
            owed if number in self._shown else self._arrived[number]
            for number, owed in self._owed.items()
        )

    @property
    def arrived(self) -> int:
        """How many of those have arrived, copies not counted."""
        return sum(self._arrived.values())

    def join(self, chat: int) -> None:
        """From now on this reader is owed what is published."""
        self._joined[chat] = self._newest

    def take_stock(self, articles: Sequence[Article]) -> None:
        """See what the site shows now, newest first; to be called after every change of it."""
        self._shown = {article.number for article in articles}
        newest = self._newest
        for article in articles:
            if article.number <= newest:
                break
            self._newest = max(self._newest, article.number)
            if self._joined:
                self._numbers[article.url] = article.number
                self._owed[article.number] = len(self._joined)
                self._got[article.number] = set()
                self._arrived[article.number] = 0

    def receive(self, message: Message) -> None:
        """A message of the bot's has come, for the first time."""
        chat = message.chat.id
        number = next((self._numbers[a] for a in _addresses(message) if a in self._numbers), None)
        if number is None or chat not in self._joined:
            return
        got = self._got[number]
        if chat in got:
            self.twice += 1
            return
        got.add(chat)
        if self._joined[chat] < number:
            self._arrived[number] += 1


def _addresses(message: Message) -> Iterator[str]:
    """The addresses that a message brought when it was sent: its buttons', and bare lines."""
    rows = (message.history[0].markup or {}).get("inline_keyboard", [])
    yield from (button["url"] for row in rows for button in row if "url" in button)
    yield from message.first_text.split("\n")


class Crowd:
    """The readers of a roll, those who are on their way in too.

    Args:
        telegram: where they come from.
        sections: how many sections there are to subscribe to.
    """

    def __init__(self, telegram: Telegram, sections: int) -> None:
        self.roll = Roll()
        self.readers = 0
        self._telegram = telegram
        self._sections = sections
        self._door = asyncio.Semaphore(_AT_ONCE)
        self._coming: set[asyncio.Task[None]] = set()

    def invite(self, count: int) -> None:
        """So many more readers come, some at a time."""
        for number in range(self.readers + 1, self.readers + count + 1):
            language = "ru" if number % 4 else "en"
            name = f"Читатель {number}" if language == "ru" else f"Reader {number}"
            person = self._telegram.person(name, language=language)
            task = asyncio.create_task(self._come(person))
            self._coming.add(task)
            task.add_done_callback(self._coming.discard)
        self.readers += count

    async def close(self) -> None:
        """Nobody comes any more."""
        coming = list(self._coming)
        for task in coming:
            task.cancel()
        await asyncio.gather(*coming, return_exceptions=True)

    def receive(self, messages: Iterable[Message]) -> None:
        """Take what the bot has sent since the last call."""
        for message in messages:
            self.roll.receive(message)

    def part(self) -> dict[str, int]:
        """The figures that the page shows."""
        return {
            "readers": self.readers,
            "joining": self.readers - self.roll.joined,
            "expected": self.roll.expected,
            "arrived": self.roll.arrived,
            "twice": self.roll.twice,
        }

    async def _come(self, person: Person) -> None:
        async with self._door:
            await subscribe_to_all(person, self._sections)
            self.roll.join(person.id)
            self._telegram.changes.announce()


async def subscribe_to_all(person: Person, sections: int) -> None:
    """Somebody who speaks Russian or English subscribes, however long the bot takes."""
    while True:
        try:
            return await _subscribe(person, _TO_ALL[person.user.language or "ru"], sections)
        except (TimeoutError, LookupError):  # the bot is down, or has not read all sections yet
            await asyncio.sleep(_PAUSE)


async def _subscribe(person: Person, to_all: str, sections: int) -> None:
    """Meet the bot and press what subscribes to everything, until the bot shows it is so.

    Raises:
        TimeoutError: the bot does not answer.
        LookupError: it does not have all sections yet.
    """
    if not person.chat.started:
        await person.say("/start")
        await person.sees(timeout=_PATIENCE)
    await person.say("/subscribe")
    choices = await person.sees(timeout=_PATIENCE)
    on, off = _marks(choices)
    if on + off < sections:
        raise LookupError("there are sections missing")
    if off == 0:
        return
    person.tap(choices, to_all)
    await person.sees(lambda view: _marks(view) == (sections, 0), timeout=_PATIENCE)


def _marks(choices: MessageView) -> tuple[int, int]:
    """How many sections are shown as subscribed to, and how many as not."""
    marks = [label[0] for label in choices.labels]
    return marks.count("✅"), marks.count("▫")
