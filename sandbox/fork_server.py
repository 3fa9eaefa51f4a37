"""A fork server: a process that has imported the bot, and starts it by forking.

To import aiogram takes seconds, most of a start. Where the bot is started again and again, each
start is forked from a process that has done so: the same ``python -m bot``, in a process of its own
with an environment, a folder and an output of its own.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

_ROOT = Path(__file__).parent.parent
_IMPORTED = ("bot.__main__", "bot.app", "bot.check", "alembic.command")
_REQUEST_BYTES = 1 << 20
_STARTED = b"started\n"


class ForkServer:
    """Forks processes of the bot; a context manager that ends the server, not what it forked."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="vestnik-fork-")
        self._path = str(Path(self._folder.name) / "socket")
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start it, and wait until it has imported everything.

        Raises:
            RuntimeError: it does not start; its complaint is on the standard error.
        """
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "sandbox.fork_server", self._path],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None  # noqa: S101 - it was asked for above
        if self._process.stdout.readline() != _STARTED:
            raise RuntimeError("the fork server does not start")
        self._process.stdout.close()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End it."""
        if self._process is not None:
            assert self._process.stdin is not None  # noqa: S101 - it was asked for above
            self._process.stdin.close()  # which ends it
            self._process.wait()
        self._folder.cleanup()

    async def fork(
        self, arguments: Sequence[str], *, cwd: str, environment: Mapping[str, str]
    ) -> Fork:
        """Start ``python -m bot`` with these arguments, and nothing of our environment."""
        reading, writing = os.pipe()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(self._path)
            job = json.dumps([list(arguments), cwd, dict(environment)]).encode()
            socket.send_fds(client, [job], [writing])
            os.close(writing)
            client.shutdown(socket.SHUT_WR)
            client.setblocking(False)
            told, teller = await asyncio.open_unix_connection(sock=client.dup())
        stdout = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(stdout), os.fdopen(reading, "rb", buffering=0)
        )
        return Fork(int(await told.readline()), stdout, told, teller)


class Fork:
    """A process that was forked, in the manner of asyncio's ``Process``.

    Attributes:
        pid: its process id.
        stdout: what it writes to both its outputs.
        returncode: its exit code, negative for a signal's number; None until it is known.
    """

    def __init__(
        self,
        pid: int,
        stdout: asyncio.StreamReader,
        told: asyncio.StreamReader,
        teller: asyncio.StreamWriter,
    ) -> None:
        self.pid = pid
        self.stdout = stdout
        self.returncode: int | None = None
        self._ended = asyncio.create_task(self._end(told, teller))

    async def wait(self) -> int:
        """Wait for its end; its exit code."""
        return await asyncio.shield(self._ended)

    def send_signal(self, number: int) -> None:
        """Send it a signal.

        Raises:
            ProcessLookupError: it has ended.
        """
        if self.returncode is not None:
            raise ProcessLookupError
        os.kill(self.pid, number)

    async def _end(self, told: asyncio.StreamReader, teller: asyncio.StreamWriter) -> int:
        self.returncode = int(await told.readline())
        teller.close()
        return self.returncode


@dataclass(frozen=True, slots=True)
class _Job:
    """What a forked process is to do."""

    arguments: list[str]
    cwd: str
    environment: dict[str, str]
    output: int

    def run(self) -> None:
        """Become ``python -m bot``."""
        os.chdir(self.cwd)
        os.environ.clear()
        os.environ.update(self.environment)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(self.output, 1)
        os.dup2(self.output, 2)
        os.close(self.output)
        sys.argv = ["bot", *self.arguments]
        del sys.modules["bot.__main__"]  # it is run anew, under its other name
        runpy.run_module("bot", run_name="__main__", alter_sys=True)


def _serve(path: str) -> _Job | None:
    """Fork for each connection until the standard input ends; in the fork: what it is to do."""
    for name in _IMPORTED:
        importlib.import_module(name)
    gc.freeze()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        sys.stdout.buffer.write(_STARTED)
        sys.stdout.buffer.flush()
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who wait
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # our end is that of the standard input
        while server in select.select([server, sys.stdin], [], [])[0]:
            client, _ = server.accept()
            if os.fork() == 0:
                server.close()
                return _fork(client)
            client.close()
    return None


def _fork(client: socket.socket) -> _Job:
    """Fork the process itself, and stay behind to tell what became of it."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    request, received, _, _ = socket.recv_fds(client, _REQUEST_BYTES, 1)
    while more := client.recv(_REQUEST_BYTES):
        request += more
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        client.close()
        arguments, cwd, environment = json.loads(request)
        return _Job(arguments, cwd, environment, received[0])
    os.close(received[0])  # its end is the end of what is written to it
    client.sendall(b"%d\n" % pid)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    client.sendall(b"%d\n" % code)
    os._exit(0)


if __name__ == "__main__" and (job := _serve(sys.argv[1])):
    job.run()
