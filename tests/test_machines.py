"""When a part ends, the others must know whether it was meant to."""

from __future__ import annotations

import asyncio

import pytest

from bot.errors import FetchError, StorageError
from bot.machines import Machines


async def ends(error: Exception | None = None) -> None:
    if error is not None:
        raise error


@pytest.fixture
def told() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


async def test_a_part_that_ends_as_it_was_told_to_stops_no_other(told: asyncio.Event) -> None:
    machines = Machines()
    await machines.run("part", ends(), told)
    assert not machines.stop.is_set()
    assert machines.failure is None


async def test_a_part_that_ends_by_itself_stops_all() -> None:
    machines = Machines()
    await machines.run("part", ends(), asyncio.Event())
    assert machines.stop.is_set()
    assert machines.failure is None


@pytest.mark.parametrize("error", [FetchError("no answer"), ValueError("a bug")])
async def test_a_part_that_fails_stops_all_even_when_it_was_told_to_end(
    told: asyncio.Event, error: Exception
) -> None:
    machines = Machines()
    await machines.run("part", ends(error), told)
    assert machines.stop.is_set()
    assert machines.failure is error


async def test_the_first_failure_is_the_one_that_is_told() -> None:
    machines = Machines()
    first = ValueError("first")
    await machines.run("part", ends(first), asyncio.Event())
    await machines.run("another", ends(ValueError("second")), asyncio.Event())
    assert machines.failure is first


async def test_a_database_that_fails_at_the_end_of_a_term_stops_nothing(
    told: asyncio.Event,
) -> None:
    """It is most likely why the term ended; before that end it is a failure like any other."""
    machines = Machines()
    await machines.run("part", ends(StorageError("out of reach")), told)
    assert not machines.stop.is_set()
    assert machines.failure is None
    await machines.run("part", ends(StorageError("out of reach")), asyncio.Event())
    assert machines.stop.is_set()
    assert isinstance(machines.failure, StorageError)


async def test_a_part_that_is_cancelled_after_it_was_told_to_end_stops_nothing(
    told: asyncio.Event,
) -> None:
    machines = Machines()
    task = asyncio.create_task(machines.run("part", asyncio.sleep(60), told))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert not machines.stop.is_set()
