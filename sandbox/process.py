"""The real bot as a process of its own, on sockets of this machine."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sandbox.fork_server import Fork, ForkServer

ROOT = Path(__file__).parent.parent
FIRST_READ = "first read complete: what comes from now on is pushed"
"""What the bot logs when it has read a source, named as ``source``, for the first time."""

_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE")
_LINES = 20_000  # more than any test waits through; a demo that is left open does not grow

Line = dict[str, Any]


class BotProcess:
    """``python -m bot`` with the given settings and nothing else from our environment.

    An async context manager: the process starts with it, and is killed at the end where it still
    runs.

    Args:
        settings: its environment.
        arguments: of its command line.
        on_line: told each line of its log as it comes.
        fork_server: starts it, where it is not to be started anew.

    Attributes:
        lines: what it logged, a dict a line; of a very long log its end.
    """

    def __init__(
        self,
        settings: Mapping[str, str],
        *arguments: str,
        on_line: Callable[[Line], None] | None = None,
        fork_server: ForkServer | None = None,
    ) -> None:
        self._arguments = arguments
        self._fork_server = fork_server
        self._on_line = on_line
        self._environment = {
            **{name: os.environ[name] for name in _KEPT if name in os.environ},
            "PYTHONPATH": str(ROOT),
            "LOG_FORMAT": "json",
            **settings,
        }
        # A folder of its own: a .env that lies in ours is somebody's real bot.
        self._folder = tempfile.TemporaryDirectory(prefix="vestnik-process-")
        self._process: asyncio.subprocess.Process | Fork | None = None
        self._reading: asyncio.Task[None] | None = None
        self._more = asyncio.Condition()
        self.lines: deque[Line] = deque(maxlen=_LINES)
        self._texts: deque[str] = deque(maxlen=_LINES)

    async def __aenter__(self) -> Self:
        """Start it."""
        self._process = await self._started()
        self._reading = asyncio.create_task(self._read())
        return self

    async def _started(self) -> asyncio.subprocess.Process | Fork:
        if self._fork_server is not None:
            return await self._fork_server.fork(
                self._arguments, cwd=self._folder.name, environment=self._environment
            )
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            *self._arguments,
            cwd=self._folder.name,
            env=self._environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End it, by force where it still runs."""
        await self.kill()
        self._folder.cleanup()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._running.pid

    @property
    def text(self) -> str:
        """What it logged, as it wrote it; of a very long log its end."""
        return "".join(self._texts)

    @property
    def _running(self) -> asyncio.subprocess.Process | Fork:
        if self._process is None:
            raise RuntimeError("the bot was not started")
        return self._process

    async def logs(self, event: str, *, timeout: float = 30.0) -> Line:  # noqa: ASYNC109 - how long a person would wait
        """The first line of its log that says so, now or within ``timeout`` seconds.

        Raises:
            TimeoutError: it does not; the message holds all that it logged.
        """
        return await self.logs_when(lambda line: line.get("event") == event, timeout=timeout)

    async def logs_when(
        self,
        fits: Callable[[Line], bool],
        *,
        timeout: float = 30.0,  # noqa: ASYNC109 - as above
    ) -> Line:
        """The first line of its log that fits; raises TimeoutError as ``logs`` does."""

        def found() -> Line | None:
            return next((line for line in self.lines if fits(line)), None)

        try:
            async with asyncio.timeout(timeout), self._more:
                await self._more.wait_for(lambda: found() is not None)
        except TimeoutError:
            raise TimeoutError(f"the bot did not log what was waited for:\n{self.text}") from None
        line = found()
        assert line is not None  # noqa: S101 - the wait above ended by finding it
        return line

    async def kill(self) -> None:
        """Kill it (SIGKILL), as a power cut would; nothing where it has ended."""
        if self._running.returncode is None:
            self._running.send_signal(signal.SIGKILL)
        await self.ended()

    async def stop(self, *, timeout: float = 15.0) -> int:  # noqa: ASYNC109 - as above
        """Ask it to stop (SIGTERM); its exit code.

        Raises:
            TimeoutError: it did not end within ``timeout`` seconds.
        """
        self._running.send_signal(signal.SIGTERM)
        async with asyncio.timeout(timeout):
            return await self.ended()

    async def ended(self) -> int:
        """Wait for its end; its exit code, negative for a signal's number."""
        code = await self._running.wait()
        if self._reading is not None:
            await self._reading
        return code

    async def _read(self) -> None:
        output = self._running.stdout
        assert output is not None  # noqa: S101 - it was asked for above
        async for raw in output:
            text = raw.decode(errors="replace")
            self._texts.append(text)
            try:
                line = json.loads(text)
            except ValueError:
                line = None
            if not isinstance(line, dict):
                line = {"event": text.rstrip("\n")}
            if self._on_line is not None:
                self._on_line(line)
            async with self._more:
                self.lines.append(line)
                self._more.notify_all()
