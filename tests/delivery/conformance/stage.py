"""A database on which one schedule after another is played."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from bot.delivery import breaker
from bot.storage.database import Database
from tests.delivery.conformance.clock import VirtualLoop, following
from tests.delivery.conformance.invariants import Ledger
from tests.delivery.conformance.observer import Observer
from tests.delivery.conformance.schedule import Schedule
from tests.delivery.conformance.world import World


class BrokenPromiseError(AssertionError):
    """Something that must hold does not; told with all that happened."""


class Stage:
    """Plays schedules, each from an empty database and the same moment on."""

    def __init__(
        self, runner: asyncio.Runner, database: Database, observer: Observer, *, one_by_one: bool
    ) -> None:
        self.played = 0
        self._runner = runner
        self._database = database
        self._observer = observer
        self._one_by_one = one_by_one

    def play(self, schedule: Schedule) -> World:
        """What came of it.

        Raises:
            BrokenPromiseError: what must hold does not.
        """
        self._observer.loop.rewind()
        world = self._runner.run(self._play(schedule))
        self.played += 1
        if complaints := list(Ledger(world).complaints()):
            raise BrokenPromiseError("\n".join([repr(schedule), *world.story, "", *complaints]))
        return world

    async def _play(self, schedule: Schedule) -> World:
        world = World(schedule, self._database, self._observer, one_by_one=self._one_by_one)
        await world.play()
        return world


@contextmanager
def stage(url: str, *, one_by_one: bool) -> Iterator[Stage]:
    """A stage with this database, its transactions one by one (the same each time) or not."""
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(breaker, "_LAST", 40)  # audiences are small
        patch.setattr(breaker, "_MOST_REFUSED", 8)
        runner = stack.enter_context(asyncio.Runner(loop_factory=VirtualLoop))
        loop = runner.get_loop()
        assert isinstance(loop, VirtualLoop)
        opening = Database.open(url)

        async def open_() -> Database:
            database = await opening.__aenter__()
            engine = database._engine
            if engine.dialect.name == "sqlite":
                await engine.dispose()
                event.listen(engine.sync_engine, "connect", _hurry)
            return database

        async def close() -> None:
            await opening.__aexit__(None, None, None)

        with loop.real():
            database = runner.run(open_())
        stack.callback(lambda: runner.run(_real(loop, close())))
        observer = stack.enter_context(closing(Observer(url, loop)))
        stack.enter_context(following(loop))
        yield Stage(runner, database, observer, one_by_one=one_by_one)


async def _real(loop: VirtualLoop, work: Any) -> None:
    with loop.real():
        await work


def _hurry(connection: Any, _record: Any) -> None:
    # What dies is the process and not the machine, so what is written need not be on disk.
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous = OFF")
    cursor.close()
