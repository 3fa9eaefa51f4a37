"""What is written down of updates while they are handled: begun, given up, ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

import structlog

from bot.errors import StorageError
from bot.storage import incoming
from bot.storage.database import Database, Transaction
from bot.storage.group_commit import GroupCommit

_log = structlog.get_logger(__name__)


class _Step(Enum):
    BEGUN = auto()
    RELEASED = auto()
    HANDLED = auto()
    PUT_ASIDE = auto()


@dataclass(frozen=True, slots=True)
class _Mark:
    number: int
    step: _Step
    error: str = ""


class Marks:
    """Writes marks; those of many updates at the same moment share a commit."""

    def __init__(self, database: Database) -> None:
        self._commits = GroupCommit(database, _write)
        self._begun: set[int] = set()  # and neither ended nor given up
        self._unwritten: dict[int, _Mark] = {}  # the database failed just then

    def ended(self) -> frozenset[int]:
        """Numbers of updates that still wait by the database's word, yet have ended."""
        return frozenset(self._unwritten)

    async def begin(self, number: int) -> None:
        """Count one more start of handling an update, before it begins.

        Raises:
            StorageError: the database failed.
        """
        if number in self._begun:  # with the end of the one before it
            return
        await self._commits.add([_Mark(number, _Step.BEGUN)])
        self._begun.add(number)

    async def release(self, number: int | None = None) -> bool:
        """What was begun and has not ended is given up through no fault of its: it does not count.

        Args:
            number: of the only update that is meant; without it all are.

        Returns:
            False where the database failed: then it goes on as begun, and begins once only.
        """
        given_up = self._begun & ({number} if number is not None else self._begun)
        try:
            await self._commits.add(_Mark(each, _Step.RELEASED) for each in given_up)
        except StorageError as error:
            _log.warning("updates given up, but not marked so", error=str(error))
            return False
        self._begun -= given_up
        return True

    async def end(self, number: int, error: str | None, following: int | None = None) -> None:
        """An update is handled or, with an ``error``, put aside.

        Where the database fails it is remembered here, and not handled again by this process.

        Args:
            number: of the update.
            error: why it is put aside.
            following: of the one that begins right after it: its start shares the commit.
        """
        if error is None:
            mark = _Mark(number, _Step.HANDLED)
        else:
            mark = _Mark(number, _Step.PUT_ASIDE, _storable(error))
        try:
            begun = [] if following is None else [_Mark(following, _Step.BEGUN)]
            await self._commits.add([mark, *begun])
            self._begun.update(each.number for each in begun)
        except StorageError:
            _log.exception("update handled, but not marked so", update_id=number)
            self._unwritten[number] = mark
        self._begun.discard(number)

    async def try_again(self) -> None:
        """Write down what the database did not take."""
        marks = list(self._unwritten.values())
        if not marks:
            return
        try:
            await self._commits.add(marks)
        except StorageError as error:
            _log.debug("marks not written", error=str(error))
        else:
            for mark in marks:
                del self._unwritten[mark.number]


async def _write(connection: Transaction, marks: Sequence[_Mark]) -> None:
    of = {step: [mark.number for mark in marks if mark.step is step] for step in _Step}
    await incoming.begin_updates(connection, of[_Step.BEGUN])
    await incoming.release_updates(connection, of[_Step.RELEASED])
    await incoming.settle_updates(connection, of[_Step.HANDLED])
    for mark in marks:
        if mark.step is _Step.PUT_ASIDE:
            await incoming.put_update_aside(connection, mark.number, mark.error)


def _storable(text: str) -> str:
    """A text without what a database refuses: an error may quote what somebody sent."""
    return text.replace("\0", "").encode(errors="replace").decode()
