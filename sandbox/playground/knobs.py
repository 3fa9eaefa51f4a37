"""What may go wrong with this Telegram, as switches."""

from __future__ import annotations

from itertools import count

from sandbox.telegram import Flood, HtmlError, Request, Reset, Telegram

SLOW_SECONDS = 1.5
FLOOD_EVERY = 3
FLOOD_SECONDS = 2


class Knobs:
    """Switches over the faults and the latency of an emulator, each on or off by itself.

    The faults are ordered once and look at their switch, so that turning leaves nothing behind.
    The connection is cut at every other message to a chat, so that a repetition gets through.
    """

    def __init__(self, telegram: Telegram) -> None:
        self._telegram = telegram
        self._on = dict.fromkeys(("slow", "floods", "down", "cut"), False)
        self._struck: set[int | None] = set()  # chats whose next message passes
        sends = count(1)

        def is_down(_request: Request) -> bool:
            return self._on["down"]

        def is_flooded(_request: Request) -> bool:
            return self._on["floods"] and next(sends) % FLOOD_EVERY == 0

        def is_cut(request: Request) -> bool:
            if not self._on["cut"]:
                return False
            chat = request.chat_id
            self._struck.symmetric_difference_update({chat})
            return chat in self._struck

        add = telegram.faults.add
        add(HtmlError(502), when=is_down, times=None)
        add(HtmlError(502), method="getUpdates", when=is_down, times=None)
        flood = Flood(FLOOD_SECONDS, scope="all")
        add(flood, method="sendMessage", when=is_flooded, times=None)
        add(Reset(), method="sendMessage", when=is_cut, after=True, times=None)

    def turn(self, name: str, *, on: bool) -> None:
        """Turn a switch; nothing happens where it is so already.

        Raises:
            KeyError: there is no such switch.
        """
        if self._on[name] == on:
            return
        self._on[name] = on
        if name == "cut":
            self._struck.clear()
        if name == "slow":
            self._telegram.set_latency(before=SLOW_SECONDS if on else 0.0)
        self._telegram.changes.announce()

    def part(self) -> dict[str, bool]:
        """Every switch by its name."""
        return dict(self._on)
