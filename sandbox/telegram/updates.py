"""Updates that wait for the bot until it confirms them, and the one long poll that may wait."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Any

from sandbox.telegram.changes import Changes
from sandbox.telegram.errors import bad_request, conflict

Json = dict[str, Any]

KINDS = frozenset(
    {
        "message",
        "edited_message",
        "channel_post",
        "edited_channel_post",
        "business_connection",
        "business_message",
        "edited_business_message",
        "deleted_business_messages",
        "guest_message",
        "message_reaction",
        "message_reaction_count",
        "inline_query",
        "chosen_inline_result",
        "callback_query",
        "shipping_query",
        "pre_checkout_query",
        "purchased_paid_media",
        "poll",
        "poll_answer",
        "my_chat_member",
        "chat_member",
        "chat_join_request",
        "chat_boost",
        "removed_chat_boost",
        "managed_bot",
        "subscription",
        "stopped_message_generation",
    }
)
BY_DEFAULT = KINDS - {"chat_member", "message_reaction", "message_reaction_count"}
LIMIT = 100
LONGEST_POLL = 50


class Updates:
    """The queue of one bot.

    Attributes:
        pending: not confirmed yet, oldest first.
        allowed: the kinds that are kept when they happen.
    """

    def __init__(self, changes: Changes) -> None:
        self.pending: deque[Json] = deque()
        self.allowed = BY_DEFAULT
        self._changes = changes
        self._last_id = 0
        self._poll: asyncio.Future[None] | None = None
        self._closed = False

    def add(self, kind: str, payload: Json) -> None:
        """Something happened; dropped unless the bot asked for this kind."""
        if kind not in self.allowed:
            return
        self._last_id += 1
        self.pending.append({"update_id": self._last_id, kind: payload})
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(None)
        self._changes.announce()

    def allow(self, kinds: Sequence[str] | None) -> None:
        """Keep these kinds from now on; none given keeps the last choice, an empty list resets.

        Raises:
            ApiError: there is no such kind.
        """
        if kinds is None:
            return
        if unknown := set(kinds) - KINDS:
            raise bad_request(
                f'"allowed_updates" has unknown kinds: {", ".join(sorted(unknown))}',
                breach="contract",
            )
        self.allowed = frozenset(kinds) or BY_DEFAULT

    async def poll(self, offset: int, limit: int, seconds: int) -> list[Json]:
        """Confirm what came before ``offset``, then give what is next, waiting if there is none.

        Raises:
            ApiError: another poll began meanwhile.
        """
        self._confirm(offset)
        self.supersede(
            "terminated by other getUpdates request; "
            "make sure that only one bot instance is running"
        )
        seconds = min(seconds, LONGEST_POLL)
        if not self.pending and seconds > 0 and not self._closed:
            await self._wait(seconds)
        count = min(max(limit, 1), LIMIT)
        return list(islice(self.pending, count))

    async def _wait(self, seconds: int) -> None:
        poll = self._poll = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(seconds):
                await poll
        except TimeoutError:
            pass
        finally:
            if self._poll is poll:
                self._poll = None

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            offset = self._last_id + 1 + offset
        while self.pending and self.pending[0]["update_id"] < offset:
            self.pending.popleft()
        self._changes.announce()

    def confirm(self, update_id: int) -> None:
        """Forget one update, which was taken."""
        self.pending = deque(u for u in self.pending if u["update_id"] != update_id)
        self._changes.announce()

    def supersede(self, reason: str) -> None:
        """End the poll that waits, if one does, with a conflict."""
        if self._poll is not None and not self._poll.done():
            self._poll.set_exception(conflict(reason))

    def drop(self) -> None:
        """Forget what is pending."""
        self.pending.clear()
        self._changes.announce()

    def close(self) -> None:
        """Let the poll that waits go, and no other wait any more."""
        self._closed = True
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(None)
