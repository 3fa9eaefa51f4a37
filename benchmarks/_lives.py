"""The bot's process, started many times: each life is forked from one that has imported all.

Importing aiogram takes seconds, most of the time of a start. What is forked is the command line's
own ``main``, in a process of its own with the environment it is given; a kill ends it as any other.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.stub import Stub

ROOT = Path(__file__).parents[1]
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")
_FIRST_SECONDS = 60.0  # for the first message of a life


class Lives:
    """Starts and kills the bot, one life after another; an async context manager."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="vestnik-lives-")
        self._log = Path(self._folder.name) / "log"
        self._mother: asyncio.subprocess.Process | None = None
        self._pid = 0

    async def __aenter__(self) -> Self:
        """Start the process that has imported everything."""
        self._mother = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "benchmarks._lives",
            self._folder.name,
            env={name: os.environ[name] for name in _KEPT if name in os.environ}
            | {"PYTHONPATH": str(ROOT)},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        await self._told()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End whatever runs."""
        await self.kill()
        assert self._mother is not None
        assert self._mother.stdin is not None
        self._mother.stdin.close()
        await self._mother.wait()
        self._folder.cleanup()

    async def start(self, settings: Mapping[str, str]) -> None:
        """Begin a life."""
        assert self._mother is not None
        assert self._mother.stdin is not None
        self._mother.stdin.write(json.dumps(dict(settings)).encode() + b"\n")
        self._pid = int(await self._told())

    async def kill(self) -> None:
        """Kill it (SIGKILL) and wait for its end; nothing where none lives."""
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            self._pid = 0
            await self._told()

    async def spend(self, server: Stub, settings: Mapping[str, str], seconds: float) -> float:
        """Start it, and kill it so long after its first message; how long that one took.

        Raises:
            TimeoutError: it sent none; what it logged is the message.
        """
        before = server.accepted()
        started = time.monotonic()
        await self.start(settings)
        try:
            await asyncio.to_thread(server.wait, accepted=before + 1, seconds=_FIRST_SECONDS)
        except TimeoutError:
            raise TimeoutError(f"no message after the start:\n{self.text}") from None
        first = time.monotonic() - started
        await asyncio.sleep(seconds)
        await self.kill()
        return first

    @property
    def text(self) -> str:
        """What this life has logged."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    async def _told(self) -> str:
        assert self._mother is not None
        assert self._mother.stdout is not None
        line = await self._mother.stdout.readline()
        if not line:
            raise RuntimeError("the process that starts the bot has ended")
        return line.decode().strip()


def main(folder: str) -> None:
    """Fork a life for each line of the standard input; say its id, and when it has ended."""
    os.chdir(folder)
    import bot.__main__  # noqa: PLC0415 - only this process imports it
    import bot.app  # noqa: PLC0415 - as above

    print("ready", flush=True)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                os.environ.update(json.loads(line))
                os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
                log = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
                os.dup2(log, 1)
                os.dup2(log, 2)
                code = bot.__main__.main([])
            finally:
                os._exit(code)
        print(pid, flush=True)
        os.waitpid(pid, 0)
        print("ended", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
