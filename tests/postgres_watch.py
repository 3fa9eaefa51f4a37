"""Ends a PostgreSQL server whose tests were ended: ``python postgres_watch.py FOLDER``.

A process of its own, so that it outlives Ctrl-C, SIGTERM and SIGKILL alike. Its standard input is a
pipe from the tests. A byte there says that they have ended the server themselves; that nobody holds
the other end any more says that they are gone. FOLDER holds the server's ``data``, and is deleted.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

_SECONDS = 10.0  # that a server may take to end, before it is killed


def end_server(data: Path) -> None:
    """End the server whose data these are, if one is running; its own processes end with it."""
    with suppress(OSError, ValueError, IndexError):
        # Negative while the data are made: that is no group of processes.
        number = abs(int((data / "postmaster.pid").read_text(encoding="utf-8").split()[0]))
        os.kill(number, signal.SIGQUIT)  # at once: nobody needs what it holds
        late = time.monotonic() + _SECONDS
        while time.monotonic() < late:
            os.kill(number, 0)
            time.sleep(0.05)
        os.kill(number, signal.SIGKILL)


if __name__ == "__main__" and not os.read(sys.stdin.fileno(), 1):
    end_server(Path(sys.argv[1]) / "data")
    shutil.rmtree(sys.argv[1], ignore_errors=True)
