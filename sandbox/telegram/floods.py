"""Limits on how fast a bot may write, and the waits that follow from breaking them."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from sandbox.telegram.chats import Chat
from sandbox.telegram.clock import Clock
from sandbox.telegram.errors import too_many_requests

Scope = Literal["all"] | int
"""All chats, or one by its id."""


@dataclass(frozen=True, slots=True)
class FloodRules:
    """How fast messages and edits may come; None is no limit.

    Attributes:
        overall_per_second: to all chats together, in any one second.
        per_chat_per_second: to a private chat, on average over ``per_chat_burst`` messages.
        per_chat_burst: how many may come at once before that rate applies.
        group_per_minute: to a group or channel, in any sixty seconds.
        grace: seconds after a 429 within which requests count as sent before it was known.
    """

    overall_per_second: int | None = None
    per_chat_per_second: float | None = None
    per_chat_burst: int = 3
    group_per_minute: int | None = None
    grace: float = 0.5


@dataclass(slots=True)
class _Window:
    """At most ``limit`` moments in any ``seconds``."""

    limit: int
    seconds: float
    moments: deque[float] = field(default_factory=deque)

    def wait(self, now: float) -> float:
        """How long until there is room again; 0 when there is."""
        while self.moments and now - self.moments[0] >= self.seconds:
            self.moments.popleft()
        if len(self.moments) < self.limit:
            return 0.0
        return self.moments[0] + self.seconds - now


@dataclass(slots=True)
class _Wait:
    """What a ``retry_after`` asked for."""

    since: float
    until: float


class Floods:
    """Counts what is sent; asks to wait; doubles the wait of who does not."""

    def __init__(self, rules: FloodRules, clock: Clock) -> None:
        self._rules = rules
        self._clock = clock
        self._windows: dict[Scope, _Window] = {}
        self._waits: dict[Scope, _Wait] = {}

    def punish(self, scope: Scope, seconds: int) -> None:
        """From now on, nothing to this scope for so many seconds."""
        now = self._clock.now()
        self._waits[scope] = _Wait(now, now + seconds)

    def check(self, chat: Chat | None) -> None:
        """Count one message or edit to a chat.

        Raises:
            ApiError: 429, and a breach where it comes inside an earlier ``retry_after``.
        """
        now = self._clock.now()
        scopes: list[Scope] = ["all"] if chat is None else ["all", chat.id]
        for scope in scopes:
            self._check_wait(scope, now)
        windows = [(scope, self._window(scope, chat)) for scope in scopes]
        for scope, window in windows:
            if window is not None and (wait := window.wait(now)) > 0:
                seconds = max(1, math.ceil(wait))
                self.punish(scope, seconds)
                raise too_many_requests(seconds)
        for _, window in windows:
            if window is not None:
                window.moments.append(now)

    def _check_wait(self, scope: Scope, now: float) -> None:
        wait = self._waits.get(scope)
        if wait is None or now >= wait.until:
            self._waits.pop(scope, None)
            return
        remaining = math.ceil(wait.until - now)
        if now - wait.since <= self._rules.grace:
            raise too_many_requests(remaining)
        self.punish(scope, remaining * 2)
        raise too_many_requests(remaining * 2, breach="flood")

    def _window(self, scope: Scope, chat: Chat | None) -> _Window | None:
        if scope not in self._windows and (limit := self._limit(scope, chat)) is not None:
            self._windows[scope] = _Window(*limit)
        return self._windows.get(scope)

    def _limit(self, scope: Scope, chat: Chat | None) -> tuple[int, float] | None:
        rules = self._rules
        if scope == "all" or chat is None:
            return (rules.overall_per_second, 1.0) if rules.overall_per_second else None
        if chat.kind == "private":
            rate, burst = rules.per_chat_per_second, rules.per_chat_burst
            return (burst, burst / rate) if rate else None
        return (rules.group_per_minute, 60.0) if rules.group_per_minute else None
