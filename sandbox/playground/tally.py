"""Counting what the bot sends, each message once, however often it is looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from sandbox.telegram import Message, Telegram

SECONDS = 60


class Tally:
    """What the bot has sent so far and in each of the last seconds, and how often it had to wait.

    Each look costs only what is new since the last.

    Attributes:
        sent: how many messages of the bot were accepted.
    """

    def __init__(self, telegram: Telegram, left_out: Collection[int]) -> None:
        self.sent = 0
        self._telegram = telegram
        self._left_out = left_out  # chats that do not count
        self._change = 0
        self._newest: dict[int, int] = {}  # the id of the last message counted in each chat
        self._by_second: Counter[int] = Counter()

    @property
    def waits(self) -> int:
        """How many requests were answered with 429."""
        return self._telegram.ledger.refused[429]

    def look(self) -> list[Message]:
        """Count what is new; the bot's messages that were sent since the last look."""
        changed = self._telegram.changed_since(self._change)
        self._change = self._telegram.last_change
        fresh = [message for message in sorted(changed, key=_place) if self._is_new(message)]
        self.sent += len(fresh)
        self._by_second.update(int(message.history[0].at) for message in fresh)
        return fresh

    def rates(self, now: float) -> list[int]:
        """Messages in each of the last 60 whole seconds, oldest first."""
        end = int(now)
        for second in [second for second in self._by_second if second < end - SECONDS]:
            del self._by_second[second]
        return [self._by_second[second] for second in range(end - SECONDS, end)]

    def _is_new(self, message: Message) -> bool:
        chat, bot = message.chat.id, self._telegram.bot.user
        if chat in self._left_out or message.sender not in (None, bot):
            return False
        if message.id <= self._newest.get(chat, 0):
            return False
        self._newest[chat] = message.id
        return True


def _place(message: Message) -> tuple[int, int]:
    return message.chat.id, message.id
