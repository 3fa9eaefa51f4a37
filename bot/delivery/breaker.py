"""The breaker: stops a broadcast that Telegram refuses too often, before it costs the audience."""

from __future__ import annotations

from collections import deque

_LAST = 200
_MOST_REFUSED = _LAST // 5


class Breaker:
    """Looks back at the last 200 sends that came to an end."""

    def __init__(self) -> None:
        self._last: deque[tuple[bool, int | None]] = deque(maxlen=_LAST)

    def trips(self, *, refused: bool, closed_chat: int | None = None) -> bool:
        """Count one send; True where more than a fifth of the last ones were refused for good.

        Args:
            refused: whether this one was.
            closed_chat: the id of its chat where that takes no messages from us any more.
        """
        self._last.append((refused, closed_chat))
        return refused and sum(each for each, _ in self._last) > _MOST_REFUSED

    def reset(self) -> tuple[int, ...]:
        """Begin anew; the chats that were counted as closed, since it may not have been them."""
        closed = tuple(chat for _, chat in self._last if chat is not None)
        self._last.clear()
        return closed
