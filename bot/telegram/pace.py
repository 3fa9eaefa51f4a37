"""How fast we may send: the one gate that everything for Telegram passes, whoever sends it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from enum import IntEnum
from math import ceil

from bot.model import Chat, ChatKind
from bot.telegram.buckets import Bucket, Pulse, Rate, Window

# Telegram's advice: about one message a second in a chat with short bursts, 20 a minute in a
# group. https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
_PRIVATE_RATE, _PRIVATE_BURST = 1.0, 20.0
_GROUP_MOST, _GROUP_SECONDS = 20, 61.0
# With Telegram's paid option. https://core.telegram.org/bots/api#sendmessage
_PAID_RATE = 1000.0
# Requests that leave evenly arrive a little closer together or further apart.
_MARGIN = 0.015
_CATCH_UP = 2.0  # requests that may leave at once after the timer was late
_FLOOR = 5.0
_MOST_DEBT_SECONDS = 3.0  # so long at most pushes wait for answers that have left
_AFTER_FLOOD, _AFTER_DELAY = 0.7, 0.8
_FORGET_ABOVE = 10_000
_OTHERS_WELL, _FLOOD_REMEMBERED = 20, 600.0  # sends in between, and seconds
_LULL_SECONDS = 0.2  # without a push, after which none is expected at once
_TRICKLE_SECONDS = 2.0  # while pushes leave, one edit passes this often
_STEP_SECONDS = 0.2  # how soon a turn that is waited for sees a stop or a pause
_FLOOD_MARGIN = 0.3  # retry_after is in whole seconds
_TOGETHER_SECONDS = 5.0
_LONG_SECONDS = 5.0  # waits from here on are kept over a restart
_ALL = 0  # in the place of a chat's id


class Lane(IntEnum):
    """Who goes first of what waits for its turn; answers to people never wait, see ``reply``."""

    BREAKING = 0
    NEWS = 1
    AMENDMENT = 2


class Pacer:
    """The gate. Answers pass at once and are paid for by pushes, which wait for their turn.

    Args:
        rate: messages per second at most, to all chats together.
        paid: whether breaking news leave with Telegram's paid option, beside that rate.
        clock: seconds, never going back.
    """

    def __init__(
        self, rate: float, *, paid: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        now = clock()
        self.paid = paid
        self._clock = clock
        self._rate = Rate.full(rate, min(_FLOOR, rate), now)
        self._bulk = Bucket.full(rate, min(_CATCH_UP, max(1.0, rate)), now)
        self._window = Window(ceil(rate), 1.0 + _MARGIN) if rate >= 1 else None
        self._breaking = Bucket.full(_PAID_RATE, _CATCH_UP, now)
        self._pulse = Pulse()
        self._chats: dict[int, Bucket] = {}
        self._groups: dict[int, Window] = {}
        self._pushed_at = self._amended_at = now - _LULL_SECONDS
        self._paused_until = now
        self._closed_until: dict[int, float] = {}
        self._accepted = 0
        self._floods: dict[int, tuple[int, float]] = {}  # by chat: what was accepted by then; when
        self._reply_floods: dict[int, float] = {}
        self._long_waits: dict[int, float] = {}
        self._asking = dict.fromkeys(Lane, 0)
        self._locks = {lane: asyncio.Lock() for lane in Lane}

    # --- Turns -----------------------------------------------------------------------------------

    async def turn(self, lane: Lane, stop: asyncio.Event) -> bool:
        """Wait until something of this lane may leave, in the order of asking.

        Returns:
            False where it may not: ``stop`` came, or a pause is on (see ``paused_for``).
        """
        beside = self.paid and lane is Lane.BREAKING  # nobody has to let it go first
        self._asking[lane] += not beside
        try:
            async with self._locks[lane]:
                while not stop.is_set() and self.paused_for() <= 0:
                    wait = self._wait(lane)
                    if wait <= 0:
                        self._take(lane)
                        return True
                    await asyncio.sleep(min(wait, _STEP_SECONDS))
                return False
        finally:
            self._asking[lane] -= not beside

    def reply(self, chat_id: int | None = None) -> None:
        """An answer to a person leaves now; pushes, and those to its chat, make room."""
        now = self._clock()
        if self._bulk.debt(now) < _MOST_DEBT_SECONDS * self._bulk.rate:
            self._bulk = self._bulk.take(now)
        if self._window is not None:
            self._window.take(now)
        if chat_id is None:
            return
        if chat_id < 0:
            self._group(chat_id).take(now)
        else:
            self._chats[chat_id] = self._chat(chat_id, now).take(now)
        self._forget(now)

    def chat_wait(self, chat: Chat) -> float:
        """Seconds until this chat may get its next push; 0 takes its turn."""
        now = self._clock()
        if (closed := self.closed_for(chat.id)) > 0:
            return closed
        if chat.kind is not ChatKind.PRIVATE:
            window = self._group(chat.id)
            if (wait := window.wait(now)) > 0:
                return wait
            window.take(now)
        else:
            bucket = self._chat(chat.id, now)
            if (wait := bucket.wait(now)) > 0:
                return wait
            self._chats[chat.id] = bucket.take(now)
        self._forget(now)
        return 0.0

    # --- What Telegram says ----------------------------------------------------------------------

    def flood(self, chat_id: int, seconds: float) -> bool:
        """Telegram asks to wait (429).

        It does not say whether it means the chat or us altogether. So everything pauses; only
        where the same chat is named again soon, while many others got theirs in between, it alone.

        Returns:
            Whether all pushes pause.
        """
        now = self._clock()
        self._floods = {
            chat: told for chat, told in self._floods.items() if now - told[1] < _FLOOD_REMEMBERED
        }
        accepted, _ = self._floods.get(chat_id, (self._accepted, now))
        alone = self._accepted - accepted >= _OTHERS_WELL
        self._floods[chat_id] = self._accepted, now + seconds
        self.close_chat(chat_id, seconds)
        if not alone:
            if seconds >= _LONG_SECONDS:
                self._long_waits[_ALL] = self._clock() + seconds
            if self.paused_for() <= 0:  # those in flight together are one sign
                self._rate = self._rate.cut(_AFTER_FLOOD, self._clock())
                self._set_rate()
            self.pause(seconds + _FLOOD_MARGIN)
        return not alone

    def reply_flood(self, chat_id: int, seconds: float) -> None:
        """Telegram asks to wait before the next answer to this chat.

        Two chats of which it says so within seconds mean that it means us altogether. One alone is
        somebody who presses buttons faster than that chat may be written to: nobody else's fault.
        """
        now = self._clock()
        recent = {c: at for c, at in self._reply_floods.items() if now - at < _TOGETHER_SECONDS}
        self._reply_floods = recent | {chat_id: now}
        if recent.keys() - {chat_id}:
            self.flood(chat_id, seconds)
        else:
            self.close_chat(chat_id, seconds)

    def take_long_waits(self) -> dict[int, float]:
        """Waits that outlast a restart and were not asked for yet: chat's id, or 0, and seconds."""
        waits, self._long_waits = self._long_waits, {}
        now = self._clock()
        return {chat: until - now for chat, until in waits.items() if until > now}

    def answered(self, seconds: float) -> None:
        """A push was accepted after so long; delays that grow are the first sign of a flood."""
        self._accepted += 1
        if self._pulse.rises(seconds):
            self._rate = self._rate.cut(_AFTER_DELAY, self._clock())
            self._set_rate()

    def pause(self, seconds: float) -> None:
        """No push leaves for so long; a longer pause that is on already stays.

        At its end one push leaves at once, and the rate begins anew behind it.
        """
        until = self._clock() + seconds
        if until > self._paused_until:
            self._paused_until = until
            self._bulk = self._bulk.emptied(until)

    def close_chat(self, chat_id: int, seconds: float) -> None:
        """Telegram asks to leave one chat alone for so long."""
        now = self._clock()
        self._closed_until = {c: at for c, at in self._closed_until.items() if at > now}
        if seconds >= _LONG_SECONDS:
            self._long_waits[chat_id] = now + seconds
        until = now + seconds + _FLOOD_MARGIN
        self._closed_until[chat_id] = max(until, self._closed_until.get(chat_id, until))

    def closed_for(self, chat_id: int) -> float:
        """Seconds that a chat is still to be left alone; 0 where it is not."""
        return max(0.0, self._closed_until.get(chat_id, 0.0) - self._clock())

    def paused_for(self) -> float:
        """Seconds until the pause that is on ends; 0 where none is."""
        return max(0.0, self._paused_until - self._clock())

    @property
    def rate(self) -> float:
        """Messages per second that are allowed now."""
        return self._rate.at(self._clock())

    def spacing(self, chat: Chat) -> float:
        """Seconds between two pushes that both wait for this chat."""
        private = chat.kind is ChatKind.PRIVATE
        return 1 / _PRIVATE_RATE if private else _GROUP_SECONDS / _GROUP_MOST

    # --- Inside ----------------------------------------------------------------------------------

    def _wait(self, lane: Lane) -> float:
        now = self._clock()
        if lane is Lane.BREAKING and self.paid:
            return self._breaking.wait(now)
        self._set_rate()
        wait = self._bulk.wait(now)
        if self._window is not None:
            wait = max(wait, self._window.wait(now))
        if wait <= 0 and not (lane is Lane.AMENDMENT and self._trickles(now)):
            if any(self._asking[other] for other in Lane if other < lane):
                return 1 / self._bulk.rate  # theirs is the turn
            if lane is Lane.AMENDMENT and now - self._pushed_at < _LULL_SECONDS:
                return _LULL_SECONDS / 4  # the next push may be about to ask
        return wait

    def _trickles(self, now: float) -> bool:
        """Whether an edit passes beside pushes: a broadcast of hours has corrections of its own."""
        return now - self._amended_at >= _TRICKLE_SECONDS

    def _take(self, lane: Lane) -> None:
        now = self._clock()
        if lane is Lane.AMENDMENT:
            self._amended_at = now
        else:
            self._pushed_at = now
        if lane is Lane.BREAKING and self.paid:
            self._breaking = self._breaking.take(now)
            return
        self._bulk = self._bulk.take(now)
        if self._window is not None:
            self._window.take(now)

    def _set_rate(self) -> None:
        rate = self._rate.at(self._clock()) / (1 + _MARGIN)
        if rate != self._bulk.rate:
            self._bulk = self._bulk.at_rate(rate, self._clock())

    def _chat(self, chat_id: int, now: float) -> Bucket:
        return self._chats.get(chat_id) or Bucket.full(_PRIVATE_RATE, _PRIVATE_BURST, now)

    def _group(self, chat_id: int) -> Window:
        return self._groups.setdefault(chat_id, Window(_GROUP_MOST, _GROUP_SECONDS))

    def _forget(self, now: float) -> None:
        if len(self._chats) > _FORGET_ABOVE:
            self._chats = {chat: b for chat, b in self._chats.items() if b.level(now) < b.burst}
        if len(self._groups) > _FORGET_ABOVE:
            self._groups = {chat: w for chat, w in self._groups.items() if w.taken(now)}
