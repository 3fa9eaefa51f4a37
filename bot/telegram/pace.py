"""How fast we may send: pure buckets, and the one gate that everything for Telegram passes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

from bot.model import Chat, ChatKind
from bot.waiting import rest

# Telegram's advice: about one message a second in a chat with short bursts, 20 a minute in a
# group. https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
_PRIVATE_RATE, _PRIVATE_BURST = 1.0, 20.0
_GROUP_RATE, _GROUP_BURST = 15 / 60, 5.0  # together no more than 20 in any minute
_BULK_BURST = 5.0
_FORGET_ABOVE = 10_000
_TOGETHER_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Bucket:
    """A token bucket at a moment.

    Attributes:
        rate: tokens that come in per second.
        burst: tokens that it holds at most.
        tokens: tokens that it held at ``at``; below zero where more was taken than was there.
        at: seconds on the clock of whoever asks.
    """

    rate: float
    burst: float
    tokens: float
    at: float

    @classmethod
    def full(cls, rate: float, burst: float, at: float) -> Self:
        """A bucket that nothing was taken from yet."""
        return cls(rate, burst, burst, at)

    def level(self, now: float) -> float:
        """The tokens in it now."""
        return min(self.burst, self.tokens + (now - self.at) * self.rate)

    def wait(self, now: float) -> float:
        """Seconds until a whole token is there; 0 where it is."""
        return max(0.0, (1.0 - self.level(now)) / self.rate)

    def take(self, now: float) -> Self:
        """One token fewer, even where none is left: the next ones wait the longer."""
        return replace(self, tokens=self.level(now) - 1.0, at=now)


class Pacer:
    """The gate. Replies pass at once and are paid for by pushes, which wait for their turn."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._bulk = Bucket.full(rate, min(_BULK_BURST, max(1.0, rate)), clock())
        self._chats: dict[int, Bucket] = {}
        self._paused_until = clock()
        self._closed_until: dict[int, float] = {}
        self._closed_at: dict[int, float] = {}
        self._turn = asyncio.Lock()

    async def turn(self, stop: asyncio.Event) -> bool:
        """Wait until a push may leave, in the order of asking; False where ``stop`` came first."""
        async with self._turn:
            while not stop.is_set():
                wait = self._bulk_wait()
                if wait <= 0:
                    self._bulk = self._bulk.take(self._clock())
                    return True
                await rest(stop, wait)
            return False

    def reply(self) -> None:
        """A reply to a person leaves now."""
        self._bulk = self._bulk.take(self._clock())

    def pause(self, seconds: float) -> None:
        """No push leaves for so long; a longer pause that is on already stays.

        At its end one push leaves at once, and the rate begins anew behind it.
        """
        until = self._clock() + seconds
        if until > self._paused_until:
            self._paused_until = until
            self._bulk = replace(self._bulk, tokens=1.0, at=until)

    def close_chat(self, chat_id: int, seconds: float) -> None:
        """Telegram asks to leave one chat alone for so long.

        Two chats of which it says so within seconds mean that it means us altogether: then pushes
        pause, too. One alone is somebody who presses buttons faster than that chat may be written
        to, which is nobody else's fault.
        """
        now = self._clock()
        others = [chat for chat, said in self._closed_at.items() if now - said < _TOGETHER_SECONDS]
        if any(chat != chat_id for chat in others):
            self.pause(seconds)
        self._closed_at = {chat: self._closed_at[chat] for chat in others} | {chat_id: now}
        self._closed_until = {c: at for c, at in self._closed_until.items() if at > now}
        self._closed_until[chat_id] = now + seconds

    def closed_for(self, chat_id: int) -> float:
        """Seconds that a chat is still to be left alone; 0 where it is not."""
        return max(0.0, self._closed_until.get(chat_id, 0.0) - self._clock())

    def paused_for(self) -> float:
        """Seconds until the pause that is on ends; 0 where none is."""
        return max(0.0, self._paused_until - self._clock())

    def chat_wait(self, chat: Chat) -> float:
        """Seconds until this chat may get its next push; 0 takes its turn."""
        now = self._clock()
        if (closed := self.closed_for(chat.id)) > 0:
            return closed
        bucket = self._chats.get(chat.id) or _chat_bucket(chat, now)
        if (wait := bucket.wait(now)) > 0:
            return wait
        self._chats[chat.id] = bucket.take(now)
        if len(self._chats) > _FORGET_ABOVE:
            self._forget(now)
        return 0.0

    def _forget(self, now: float) -> None:
        self._chats = {chat: b for chat, b in self._chats.items() if b.level(now) < b.burst}

    def _bulk_wait(self) -> float:
        now = self._clock()
        return max(self.paused_for(), self._bulk.wait(now))


def _chat_bucket(chat: Chat, now: float) -> Bucket:
    if chat.kind is ChatKind.PRIVATE:
        return Bucket.full(_PRIVATE_RATE, _PRIVATE_BURST, now)
    return Bucket.full(_GROUP_RATE, _GROUP_BURST, now)
