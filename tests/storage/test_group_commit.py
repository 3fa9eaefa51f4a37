"""Writes that coincide share a commit, and its fate."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import text

from bot.errors import StorageError
from bot.storage.database import Database, Transaction
from bot.storage.group_commit import GroupCommit


class Ledger:
    """Writes sections, and remembers what came together; ``gate`` keeps a commit waiting."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.entered = asyncio.Event()

    async def write(self, connection: Transaction, titles: Sequence[str]) -> None:
        self.groups.append(list(titles))
        self.entered.set()
        for title in titles:
            await connection.execute(
                text("INSERT INTO section (key, created_at) VALUES (:title, '2026-01-01')"),
                {"title": title},
            )
        await self.gate.wait()


async def titles(database: Database) -> set[str]:
    async with database.read() as connection:
        found = await connection.scalars(text("SELECT key FROM section"))
        return set(found.all())


async def blocked(commits: GroupCommit[str], ledger: Ledger) -> asyncio.Task[None]:
    """A first group of one, in the middle of its commit."""
    ledger.gate.clear()
    first = asyncio.create_task(commits.add(["first"]))
    await ledger.entered.wait()
    return first


async def test_what_comes_during_a_commit_goes_together(database: Database) -> None:
    ledger = Ledger()
    commits = GroupCommit(database, ledger.write)
    first = await blocked(commits, ledger)
    others = [asyncio.create_task(commits.add([str(n)])) for n in range(40)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in (first, *others))
    ledger.gate.set()
    await asyncio.gather(first, *others)
    assert ledger.groups == [["first"], [str(n) for n in range(40)]]
    assert await titles(database) == {"first", *map(str, range(40))}


async def test_who_has_returned_is_committed(database: Database) -> None:
    commits = GroupCommit(database, Ledger().write)

    async def add(title: str) -> None:
        await commits.add([title])
        assert title in await titles(database)

    await asyncio.gather(*(add(str(number)) for number in range(20)))


async def test_a_failure_is_told_to_the_whole_group_and_to_no_other(database: Database) -> None:
    ledger = Ledger()
    commits = GroupCommit(database, ledger.write)
    first = await blocked(commits, ledger)
    others = [asyncio.create_task(commits.add([title])) for title in ("a", "b", "a", "c")]
    await asyncio.sleep(0)
    ledger.gate.set()
    await first
    results = await asyncio.gather(*others, return_exceptions=True)
    assert [type(result) for result in results] == [StorageError] * 4
    assert await titles(database) == {"first"}
    await commits.add(["d"])
    assert await titles(database) == {"first", "d"}


async def test_a_group_survives_whoever_was_writing_it(database: Database) -> None:
    ledger = Ledger()
    commits = GroupCommit(database, ledger.write)
    leader = await blocked(commits, ledger)
    follower = asyncio.create_task(commits.add(["second"]))
    other = asyncio.create_task(commits.add(["third"]))
    await asyncio.sleep(0)
    leader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leader
    await asyncio.sleep(0)
    follower.cancel()
    ledger.gate.set()
    await other
    assert await titles(database) >= {"third"}
