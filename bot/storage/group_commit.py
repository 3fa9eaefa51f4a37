"""Group commit: what many want to write at the same moment shares one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from bot.errors import StorageError
from bot.storage.database import Database, Transaction

T = TypeVar("T")


@dataclass(slots=True)
class _Group(Generic[T]):
    items: list[T] = field(default_factory=list)
    done: bool = False
    error: StorageError | None = None


class GroupCommit(Generic[T]):
    """Writes items in groups: while one group is committed, the next one gathers.

    A commit waits for the disk. Forty that coincide would wait for it forty times, one after the
    other; as a group they wait once.

    Args:
        database: where to.
        write: writes items, within the transaction that it is given.
    """

    def __init__(
        self,
        database: Database,
        write: Callable[[Transaction, Sequence[T]], Awaitable[None]],
    ) -> None:
        self._database = database
        self._write = write
        self._gathering: _Group[T] = _Group()
        self._turn = asyncio.Lock()

    async def add(self, items: Iterable[T]) -> None:
        """Return when the items are committed.

        Whoever comes to their turn first writes for the whole group; where they are cancelled
        meanwhile, the next one does.

        Raises:
            StorageError: the database failed; the whole group is told so.
        """
        group = self._gathering
        group.items.extend(items)
        async with self._turn:
            if not group.done:
                if group is self._gathering:
                    self._gathering = _Group()
                await self._commit(group)
        if group.error is not None:
            raise StorageError(str(group.error)) from group.error

    async def _commit(self, group: _Group[T]) -> None:
        try:
            async with self._database.write() as connection:
                await self._write(connection, group.items)
        except StorageError as error:
            group.error = error
        group.done = True
