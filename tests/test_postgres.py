"""The tests' own PostgreSQL server ends with them, however they end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

HOUSE = Path(__file__).parent.parent
TESTS = """
from tests.postgres import postgres_server
with postgres_server() as url:
    print(url, flush=True)
    input()
"""


def test_tests_that_are_killed_leave_no_server() -> None:
    """An aborted run once left its server, and all that it held, to the machine."""
    alone = {name: value for name, value in os.environ.items() if name != "XDG_RUNTIME_DIR"}
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", TESTS]
    with subprocess.Popen(command, cwd=HOUSE, env=alone, stdin=pipe, stdout=pipe) as tests:
        assert tests.stdout is not None
        url = tests.stdout.readline().decode().strip()
        with psycopg.connect(url) as connection:
            row = connection.execute("SHOW data_directory").fetchone()
            assert row is not None
            folder = Path(row[0]).parent
            assert folder.is_dir()
            tests.kill()
            with pytest.raises(psycopg.OperationalError):
                connection.execute("SELECT pg_sleep(60)")
        tests.stdout.read()  # until nobody is left who could write there
    assert not folder.exists()
