"""Faults that a test orders: what goes wrong, for which requests, before or after they count."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox.telegram.changes import Changes
from sandbox.telegram.ledger import Request


@dataclass(frozen=True, slots=True)
class HtmlError:
    """A server error with a page of HTML, as a proxy on the way would send."""

    status: int = 502


@dataclass(frozen=True, slots=True)
class Flood:
    """429; a request to the same scope before its end is a violation."""

    retry_after: int = 1
    scope: Literal["chat", "all"] = "chat"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer with ``ok: false``; ``description`` is the whole of it, with its prefix."""

    code: int
    description: str
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reset:
    """The connection is reset."""


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer ever comes."""


@dataclass(frozen=True, slots=True)
class Garbled:
    """200 with a body that is no JSON."""


@dataclass(frozen=True, slots=True, eq=False)
class Hold:
    """The request is held until ``release``, then goes on as if nothing had been.

    The fault's ``hits`` says how many came here; ``ledger.wait_for`` waits for it.
    """

    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def release(self) -> None:
        """Let go of those that are held and hold no more."""
        self.gate.set()


Effect = HtmlError | Flood | Refusal | Reset | Silence | Garbled | Hold


@dataclass(slots=True, eq=False)
class Fault:
    """An effect and the requests that it strikes.

    Attributes:
        after: strike when the request has taken effect, so that only its answer suffers.
        left: how many it may still strike; None is no end.
        skip: how many it lets pass first.
        hits: how many it struck.
    """

    effect: Effect
    method: str | None
    chat_id: int | None
    when: Callable[[Request], bool] | None
    after: bool
    left: int | None
    skip: int
    hits: int = 0

    def cancel(self) -> None:
        """Strike no more."""
        self.left = 0

    def fits(self, request: Request) -> bool:
        """Whether the request is one of those it is meant for."""
        return (
            self.left != 0
            and self.method in (None, request.method)
            and self.chat_id in (None, request.chat_id)
            and (self.method is not None or request.method != "getUpdates")
            and (self.when is None or self.when(request))
        )


class Faults:
    """The faults that are ordered, oldest first."""

    def __init__(self, changes: Changes) -> None:
        self._ordered: list[Fault] = []
        self._changes = changes

    def add(
        self,
        effect: Effect,
        *,
        method: str | None = None,
        chat_id: int | None = None,
        when: Callable[[Request], bool] | None = None,
        after: bool = False,
        times: int | None = 1,
        skip: int = 0,
    ) -> Fault:
        """Order a fault.

        Args:
            effect: what goes wrong.
            method: only this method; by default any but ``getUpdates``.
            chat_id: only requests to this chat.
            when: only requests that this says true of.
            after: False strikes before the request takes effect, True after it.
            times: how many requests to strike; None strikes all.
            skip: how many fitting requests to let pass first.
        """
        fault = Fault(effect, method, chat_id, when, after, times, skip)
        self._ordered.append(fault)
        return fault

    def clear(self) -> None:
        """Forget all that is ordered."""
        self._ordered.clear()

    def take(self, request: Request, *, after: bool) -> Effect | None:
        """What strikes this request at this point, noted in the request; None for nothing."""
        for fault in self._ordered:
            if fault.after != after or not fault.fits(request):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            if fault.left is not None:
                fault.left -= 1
            fault.hits += 1
            name = type(fault.effect).__name__
            request.fault = f"{name} {'after' if after else 'before'} acceptance"
            self._changes.announce()
            return fault.effect
        return None
