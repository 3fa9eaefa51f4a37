"""A playground as a person starts it, and a real Chromium to open its page with."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright

ROOT = Path(__file__).parents[2]
PATIENCE = 30_000
"""Milliseconds that the page may take: a first start compiles all that the bot imports."""

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium() -> str | None:
    """The path of a browser on this machine, or None."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


@contextmanager
def running_playground() -> Iterator[str]:
    """The address that ``make demo`` prints, with everything behind it running; ended by Ctrl+C."""
    command = [sys.executable, "-m", "sandbox.playground", "--port", "0", "--no-browser"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            yield next(word for word in line.split() if word.startswith("http://"))
        finally:
            process.send_signal(signal.SIGINT)
            process.stdout.read()
        assert process.wait() == 0


@asynccontextmanager
async def open_chromium(path: str) -> AsyncIterator[Browser]:
    """A fresh browser without a window."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(_FLAGS))
        try:
            yield browser
        finally:
            await browser.close()
