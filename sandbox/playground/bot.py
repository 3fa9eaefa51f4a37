"""The bot as the playground runs it: started, stopped, killed, and what its log says last."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sandbox.fork_server import ForkServer
from sandbox.process import FIRST_READ, BotProcess, Line

State = Literal["starting", "running", "stopped"]

_STOP_SECONDS = 12.0  # it gives itself ten
_TEXT_CHARS = 300
_TELLING = ("error", "reason", "outcome", "faults", "update", "source", "page", "part")


@dataclass(frozen=True, slots=True)
class Trouble:
    """The last warning or error, in words.

    Attributes:
        at: seconds since 1970 UTC.
    """

    at: float
    level: Literal["warning", "error"]
    text: str


class BotRun:
    """One process of the bot at a time, always with the same settings and so the same data.

    Args:
        settings: the environment of the process.
        now: seconds since 1970 UTC.
        on_change: told each time that something here has changed.
        fork_server: starts the process.

    Attributes:
        state: ``starting`` until it says that it has started.
        trouble: the last warning or error of any of its processes.
        primed: the sources that it has read for the first time.
    """

    def __init__(
        self,
        settings: Mapping[str, str],
        now: Callable[[], float],
        on_change: Callable[[], None],
        fork_server: ForkServer,
    ) -> None:
        self.state: State = "stopped"
        self.trouble: Trouble | None = None
        self.primed: set[str] = set()
        self._settings = settings
        self._now = now
        self._on_change = on_change
        self._fork_server = fork_server
        self._process: BotProcess | None = None
        self._running: asyncio.Task[None] | None = None
        self._asked_to_stop = False
        self._last = ""

    async def start(self) -> None:
        """Start it; nothing happens where it runs."""
        if self.state == "stopped":
            self._asked_to_stop, self._last = False, ""
            self._set("starting")
            self._running = asyncio.create_task(self._run())
            # Not at the end of it: what is cancelled at once never begins.
            self._running.add_done_callback(lambda _: self._set("stopped"))

    async def stop(self) -> None:
        """Ask it to stop and wait for its end; it is killed where it does not come to one."""
        self._asked_to_stop = True
        if self._process is not None:
            with suppress(TimeoutError, ProcessLookupError):
                await self._process.stop(timeout=_STOP_SECONDS)
        await self.kill()

    async def kill(self) -> None:
        """Kill it as a power cut would; nothing happens where it does not run."""
        if self._running is None or self._running.done():
            return
        if not self._running.cancelling():
            self._running.cancel()
        await asyncio.wait([self._running])

    async def _run(self) -> None:
        """Live with one process to its end; cancelling kills it."""
        try:
            async with BotProcess(
                self._settings, on_line=self._read, fork_server=self._fork_server
            ) as process:
                self._process = process
                code = await process.ended()
            if not self._asked_to_stop:
                reason = self._last or "it said nothing"
                self._note("error", f"the bot ended by itself (exit code {code}): {reason}")
        except OSError as error:
            self._note("error", f"the bot cannot be started: {error}")
        finally:
            self._process = None

    def _read(self, line: Line) -> None:
        """Take a line of its log."""
        said = in_words(line)
        self._last = said or self._last
        match line.get("level"):
            case "warning":
                self._note("warning", said, line)
            case "error" | "critical":
                self._note("error", said, line)
        match line.get("event"):
            case "started" if self.state == "starting":
                self._set("running")
            case "push not accepted":
                self._note("warning", said, line)
            case event if event == FIRST_READ:
                self.primed.add(str(line.get("source")))
                self._on_change()

    def _note(
        self, level: Literal["warning", "error"], text: str, line: Line | None = None
    ) -> None:
        text = text.replace(self._settings["BOT_TOKEN"], "<hidden>")
        self.trouble = Trouble(_moment(line) or self._now(), level, text)
        self._on_change()

    def _set(self, state: State) -> None:
        self.state = state
        self._on_change()


def in_words(line: Line) -> str:
    """A line of the bot's log as a person would say it: the event and what tells most about it."""
    event = str(line.get("event", "")).strip()
    telling = next((str(line[name]) for name in _TELLING if line.get(name)), "")
    if not telling and isinstance(raised := line.get("exception"), list) and raised:
        telling = f"{raised[0].get('exc_type', '')}: {raised[0].get('exc_value', '')}"
    text = " ".join((f"{event}: {telling}" if telling else event).split())
    return text if len(text) <= _TEXT_CHARS else f"{text[: _TEXT_CHARS - 1]}…"


def _moment(line: Line | None) -> float | None:
    try:
        return datetime.fromisoformat(str((line or {})["timestamp"])).timestamp()
    except (KeyError, ValueError):
        return None
