"""``python -m sandbox.playground`` as a person starts and ends it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def started(*arguments: str, **environment: str) -> AsyncIterator[Process]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sandbox.playground", *arguments,
        cwd=ROOT, env={**kept, **environment}, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def address(process: Process) -> str:
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    assert line.startswith("Open http://127.0.0.1:")
    return line.split()[1]


@pytest.mark.parametrize(
    ("number", "arguments", "display"),
    [(signal.SIGINT, ("--no-browser",), {"DISPLAY": ":99"}), (signal.SIGTERM, (), {})],
    ids=["where no browser is wanted", "without a display"],
)
async def test_it_opens_no_browser_and_ends_at_once_even_while_the_bot_starts_and_a_page_is_open(
    tmp_path: Path, number: signal.Signals, arguments: tuple[str, ...], display: dict[str, str]
) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f"#!/bin/sh\ntouch {tmp_path}/opened\n")
    browser.chmod(0o755)
    environment = {"BROWSER": f"{browser} %s", **display}
    async with (
        started("--port", "0", *arguments, **environment) as process,
        aiohttp.ClientSession() as client,
    ):
        page = await address(process)
        async with client.get(page) as answer:
            assert answer.status == 200
        async with client.get(f"{page}live") as live:
            assert await live.content.readline()
            process.send_signal(number)
            began = time.monotonic()
            out, err = await process.communicate()
    assert process.returncode == 0
    assert time.monotonic() - began < 5
    assert (out, err) == (b"", b"")
    assert not (tmp_path / "opened").exists()


async def test_a_port_that_is_taken_is_told_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        async with started("--port", port, "--no-browser") as process:
            out, err = await process.communicate()
    assert process.returncode == 1
    assert out == b""
    assert err.decode().count("\n") == 1
    assert err.decode().startswith(f"Cannot listen on 127.0.0.1:{port}: ")


async def test_the_page_is_opened_where_there_is_a_display(tmp_path: Path) -> None:
    browser, told = tmp_path / "browser", tmp_path / "told"
    os.mkfifo(told)
    browser.write_text(f'#!/bin/sh\necho "$1" > {told}\n')
    browser.chmod(0o755)
    async with started("--port", "0", DISPLAY=":99", BROWSER=f"{browser} %s") as process:
        page = await address(process)
        opened = await asyncio.to_thread(told.read_text)
        process.send_signal(signal.SIGINT)
        await process.communicate()
    assert opened.strip() == page
    assert process.returncode == 0
