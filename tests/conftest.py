"""What many tests need: a database of either kind, and moments."""

from __future__ import annotations

import asyncio
import functools
import gc
import os
import shutil
import ssl
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
import structlog
from hypothesis import HealthCheck, settings

from bot.storage.database import Database
from sandbox.fork_server import ForkServer
from tests.postgres import empty_postgres, postgres_server

_MEMORY = Path("/dev/shm")  # noqa: S108 - each file in it has a folder of its own
_ROOM = 2 << 30  # bytes; a container's own is far smaller
if "TMPDIR" not in os.environ and _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM:
    # What survives a power cut is not tested, so nothing need wait for a disk.
    os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)

settings.register_profile(
    "vestnik", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("vestnik")

# Tracebacks without all their values, which take a second each to be rendered.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)


def pytest_collection_finish() -> None:
    """Spare the garbage collector, each time that it looks at all, what was imported."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def certificates_once() -> Iterator[None]:
    """aiogram reads all certificates anew for each bot, 40 ms; no emulator shows one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", functools.cache(ssl.create_default_context))
        yield


@pytest.fixture(scope="session")
def fork_server() -> Iterator[ForkServer]:
    """Starts the bot in a second where it takes eight, most of them for imports."""
    with ForkServer() as server:
        yield server


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of an empty PostgreSQL server, without a database's name."""
    with postgres_server() as url:
        yield url


@pytest.fixture(scope="session")
def postgres_template(postgres: str) -> str:
    """The name of a database that is migrated and empty; making it anew takes longer by far."""
    with empty_postgres(postgres, "template_migrated", keep=True) as url:
        asyncio.run(_migrate(url))
    return "template_migrated"


@pytest.fixture
def postgres_url(postgres: str, postgres_template: str) -> Iterator[str]:
    """The address of a fresh PostgreSQL database, its schema current."""
    with empty_postgres(postgres, f"test_{uuid4().hex}", template=postgres_template) as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that is migrated and empty."""
    file = tmp_path_factory.mktemp("sqlite") / "template.db"
    asyncio.run(_migrate(f"sqlite:///{file}"))
    return file


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    """The address of a fresh SQLite database, its schema current."""
    file = tmp_path / "vestnik.db"
    shutil.copyfile(sqlite_template, file)
    return f"sqlite:///{file}"


async def _migrate(url: str) -> None:
    async with Database.open(url):
        pass


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    url: str = request.getfixturevalue(name)
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database.open(database_url) as opened:
        yield opened
