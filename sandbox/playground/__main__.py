"""The playground in a browser: ``python -m sandbox.playground [--port N] [--no-browser]``."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
import sys
import threading
import webbrowser

from sandbox.playground.scene import HOST, Scene
from sandbox.playground.server import listen, serve

_PORT = 8765
_IN_THE_TERMINAL = {"www-browser", "links", "elinks", "lynx", "w3m"}


async def run(listening: socket.socket, *, browser: bool, instead: bool) -> None:
    """Serve until SIGINT or SIGTERM; the bot is still starting when the page can be opened.

    ``instead`` says that it is not the port that was meant.
    """
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with Scene() as scene, serve(scene, listening) as address:
        print(f"Open {address} in a browser. Ctrl+C ends.", flush=True)
        if instead:
            print(f"Port {_PORT} is taken: another playground may be running.", flush=True)
        if browser:
            # Some browsers keep whoever opens them until they are closed.
            threading.Thread(target=_open, args=(address,), daemon=True).start()
        await stop.wait()


def _open(address: str) -> None:
    """Open the page where there is a browser with a window."""
    seen = sys.platform in {"darwin", "win32"} or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    if not seen:
        return
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return
    if getattr(browser, "name", "") not in _IN_THE_TERMINAL:
        browser.open(address)


def _listen(port: int | None) -> socket.socket:
    """The port that is asked for, else the usual one, or any where that is taken."""
    if port is not None:
        return listen(port)
    try:
        return listen(_PORT)
    except OSError:
        return listen(0)


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.playground", description=__doc__)
    parser.add_argument("--port", type=int, help=f"on {HOST}; 0 takes a free one")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    arguments = parser.parse_args()
    try:
        listening = _listen(arguments.port)
    except (OSError, OverflowError) as error:
        parser.exit(1, f"Cannot listen on {HOST}:{arguments.port}: {error}\n")
    instead = arguments.port is None and listening.getsockname()[1] != _PORT
    asyncio.run(run(listening, browser=not arguments.no_browser, instead=instead))


if __name__ == "__main__":
    main()
