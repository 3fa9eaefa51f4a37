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
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path
from types import TracebackType
from typing import Self

_ROOT = Path(__file__).parent.parent
_IMPORTED = ("bot.__main__", "bot.app", "bot.check", "alembic.command")
_REQUEST_BYTES = 1 << 20
_NUMBER_BYTES = 10
_STARTED = b"started\n"

_Forked = tuple[int, socket.socket, RawIOBase]


class ForkServer:
    """Forks processes of the bot, and is started when it is to fork the first.

    A context manager that ends the server, not what it forked.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="vestnik-fork-")
        self._path = str(Path(self._folder.name) / "socket")
        self._process: subprocess.Popen[bytes] | None = None
        self._starting = threading.Lock()
        self._started = False

    def __enter__(self) -> Self:
        """Nothing runs yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End it."""
        if self._process is not None:
            with self._process:  # closes its pipes, whoever else holds them
                self._process.kill()
        self._folder.cleanup()

    @property
    def pid(self) -> int | None:
        """Its process id, once it was started."""
        return None if self._process is None else self._process.pid

    def _start(self) -> None:
        """Start it, where it was not, and wait until it has imported everything.

        Raises:
            OSError: it does not start; its complaint is on the standard error.
        """
        with self._starting:
            if self._started:
                return
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", "sandbox.fork_server", self._path],
                cwd=_ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            assert self._process.stdout is not None  # noqa: S101 - it was asked for above
            if self._process.stdout.readline() != _STARTED:
                raise OSError("the fork server does not start")
            self._started = True

    async def fork(
        self, arguments: Sequence[str], *, cwd: str, environment: Mapping[str, str]
    ) -> Fork:
        """Start ``python -m bot`` with these arguments, and nothing of our environment.

        Raises:
            OSError: the server does not start; its complaint is on the standard error.
        """
        job = json.dumps([list(arguments), cwd, dict(environment)]).encode() + b"\n"
        loop = asyncio.get_running_loop()
        forking = loop.run_in_executor(None, self._fork, job)
        try:
            pid, client, output = await asyncio.shield(forking)
        except asyncio.CancelledError:
            forking.add_done_callback(_give_up)
            raise
        try:
            stdout = asyncio.StreamReader()
            await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdout), output)
        except BaseException:
            client.close()
            raise
        return Fork(pid, stdout, client)

    def _fork(self, job: bytes) -> _Forked:
        self._start()
        reading, writing = os.pipe()
        with os.fdopen(writing, "wb", buffering=0):
            output = os.fdopen(reading, "rb", buffering=0)
            client = socket.socket(socket.AF_UNIX)
            client.connect(self._path)
            socket.send_fds(client, [job], [writing])
        pid = int(client.recv(_NUMBER_BYTES))
        client.setblocking(False)
        return pid, client, output


def _give_up(forking: asyncio.Future[_Forked]) -> None:
    """Let go of what nobody waits for any more; the process ends of it."""
    if not forking.cancelled() and forking.exception() is None:
        _, client, output = forking.result()
        client.close()
        output.close()


class Fork:
    """A process that was forked, in the manner of asyncio's ``Process``; it ends with ours.

    Attributes:
        pid: its process id.
        stdout: what it writes to both its outputs.
        returncode: its exit code, negative for a signal's number; None until it is known.
    """

    def __init__(self, pid: int, stdout: asyncio.StreamReader, client: socket.socket) -> None:
        self.pid = pid
        self.stdout = stdout
        self.returncode: int | None = None
        self._ended = asyncio.create_task(self._end(client))

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

    async def _end(self, client: socket.socket) -> int:
        with client:
            told = await asyncio.get_running_loop().sock_recv(client, _NUMBER_BYTES)
        self.returncode = int(told)
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
    while not request.endswith(b"\n"):
        more = client.recv(_REQUEST_BYTES)
        if not more:  # it was given up
            os._exit(0)
        request += more
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        client.close()
        arguments, cwd, environment = json.loads(request)
        return _Job(arguments, cwd, environment, received[0])
    os.close(received[0])  # its end is the end of what is written to it
    threading.Thread(target=_kill_with, args=(client, pid), daemon=True).start()
    with suppress(BrokenPipeError):
        client.sendall(b"%10d" % pid)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with suppress(BrokenPipeError):
        client.sendall(b"%10d" % code)
    os._exit(0)


def _kill_with(client: socket.socket, pid: int) -> None:
    """Kill a process when whoever wanted it is gone."""
    client.recv(1)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


if __name__ == "__main__" and (job := _serve(sys.argv[1])):
    job.run()
