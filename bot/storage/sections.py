"""Sections: the rubrics that articles belong to and readers subscribe to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, bindparam, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Section, SectionChoice, section_key
from bot.storage.schema import article, placement, section, source, subscription
from bot.storage.upsert import insert

_NONE = datetime(1970, 1, 1, tzinfo=UTC)  # as if what there never was had ended long ago
_BY_KEY = select(section.c.id).where(section.c.key == bindparam("key"))

PARENT = section.alias("parent")
"""The parent of a section, to be joined with it by ``with_parent``."""

_FOUND_HERE = (
    select(placement.c.article_id)
    .where(placement.c.section_id == section.c.id)
    .order_by(placement.c.sorted_at.desc())
    .correlate(section)
)

WITH_PARENT = (
    section.c.id.label("section_id"),
    section.c.title.label("section_title"),
    PARENT.c.id.label("parent_id"),
    PARENT.c.title.label("parent_title"),
)
"""What ``section_of`` makes a section of."""


async def ensure_section(
    connection: AsyncConnection,
    path: Sequence[str],
    now: datetime,
    *,
    announced: bool = False,
) -> int:
    """The number of the section at the end of a path, made where there is none, parents too.

    Args:
        connection: a transaction that writes.
        path: titles, outermost first; one that differs in case, ё or spaces is the same.
        now: the moment.
        announced: whether the administrators know of it without being told.

    Raises:
        ValueError: the path has no step.
    """
    number: int | None = None
    for depth, title in enumerate(path, 1):
        key = section_key(path[:depth])
        found = await connection.scalar(_BY_KEY, {"key": key})
        if found is None:
            await connection.execute(
                insert(connection, section)
                .values(
                    key=key,
                    title=title,
                    parent_id=number,
                    created_at=now,
                    announced_at=now if announced else None,
                )
                .on_conflict_do_nothing()
            )
            found = await connection.scalar(_BY_KEY, {"key": key})
        number = found
    if number is None:
        raise ValueError("a section without a title")
    return number


async def section_keys(connection: AsyncConnection) -> frozenset[str]:
    """By what the sections that there are is known, as ``section_key`` has it."""
    return frozenset(await connection.scalars(select(section.c.key)))


async def sections(connection: AsyncConnection) -> list[Section]:
    """The sections that have articles to read, each after its parent, by title."""
    readable = exists().where(
        article.c.section_id == section.c.id, article.c.withdrawn_at.is_(None)
    )
    further = _FOUND_HERE.join(article, article.c.id == placement.c.article_id)
    further = further.where(article.c.withdrawn_at.is_(None))
    found = await _that_have(connection, readable, _any(further))
    everything = map(section_of, await connection.execute(with_parent(select(*WITH_PARENT))))
    return sorted(_with_parents(everything, found), key=_place)


async def family(connection: AsyncConnection, section_id: int) -> list[int]:
    """The numbers of a section and of those below it."""
    statement = select(section.c.id).where(
        or_(section.c.id == section_id, section.c.parent_id == section_id)
    )
    return list(await connection.scalars(statement))


async def section_choices(connection: AsyncConnection, reader_id: int) -> list[SectionChoice]:
    """The sections, each after its parent, by title, and whether this reader gets their articles.

    One whose articles are all of sources that are no longer listed is only for its subscribers.
    A parent is there with any of its children.
    """
    articles = exists().where(article.c.section_id == section.c.id)
    fed = articles.where(article.c.source_id == source.c.id, source.c.listed)
    fed_further = _FOUND_HERE.join(source, source.c.id == placement.c.source_id)
    fed_further = fed_further.where(source.c.listed)
    filled = await _that_have(connection, articles, _any(_FOUND_HERE))
    offered = await _that_have(connection, fed, _any(fed_further))
    of_reader = select(subscription).where(subscription.c.reader_id == reader_id)
    mine = {row.section_id: row.ended_at for row in await connection.execute(of_reader)}
    everything = list(map(section_of, await connection.execute(with_parent(select(*WITH_PARENT)))))
    parents = {each.parent.id for each in everything if each.parent is not None}
    offered |= {each.id for each in everything if each.id not in filled | parents}
    offered |= {number for number, ended_at in mine.items() if ended_at is None}
    return [_choice(each, mine) for each in sorted(_with_parents(everything, offered), key=_place)]


async def new_sections(connection: AsyncConnection) -> list[Section]:
    """The sections that the administrators were not told of, as far as they have articles.

    Those of a source whose first read is not complete are left for its end.
    """
    read = exists().where(
        article.c.section_id == section.c.id, article.c.source_id == source.c.id, source.c.primed
    )
    further = _FOUND_HERE.join(source, source.c.id == placement.c.source_id)
    further = further.where(source.c.primed)
    untold = section.c.announced_at.is_(None)
    numbers = await _that_have(connection, untold & read, untold & _any(further))
    statement = with_parent(select(*WITH_PARENT)).where(section.c.id.in_(numbers))
    return sorted(map(section_of, await connection.execute(statement)), key=_place)


async def note_announced(
    connection: AsyncConnection, announced: Collection[Section], now: datetime
) -> None:
    """The administrators were told of these, and so of their parents."""
    numbers = {each.id for each in announced}
    numbers |= {each.parent.id for each in announced if each.parent is not None}
    await connection.execute(
        update(section)
        .where(section.c.id.in_(numbers), section.c.announced_at.is_(None))
        .values(announced_at=now)
    )


def with_parent(statement: Select[Any]) -> Select[Any]:
    """A query of sections that knows the parent of each."""
    return statement.outerjoin_from(section, PARENT, PARENT.c.id == section.c.parent_id)


def section_of(row: Row[Any]) -> Section:
    """A row with the columns of ``WITH_PARENT`` as a section."""
    parent = None if row.parent_id is None else Section(row.parent_id, row.parent_title)
    return Section(row.section_id, row.section_title, parent)


async def _that_have(connection: AsyncConnection, *one_of: ColumnElement[bool]) -> set[int]:
    """The numbers of the sections of which one of these is true, each asked by its own index."""
    found: set[int] = set()
    for condition in one_of:
        found.update(await connection.scalars(select(section.c.id).where(condition)))
    return found


def _any(statement: Select[Any]) -> ColumnElement[bool]:
    """That there is a row; by its order the index is taken, where PostgreSQL would join all."""
    return statement.limit(1).scalar_subquery().is_not(None)


def _with_parents(among: Iterable[Section], numbers: Collection[int]) -> list[Section]:
    """The sections with these numbers, and their parents."""
    every = list(among)
    wanted = {each.parent.id for each in every if each.parent is not None and each.id in numbers}
    return [each for each in every if each.id in numbers or each.id in wanted]


def _choice(one: Section, mine: Mapping[int, datetime | None]) -> SectionChoice:
    """A section and what the reader's subscriptions, by sections and when they ended, mean."""
    if one.id in mine:  # one that ended says no, whatever comes of its parent
        return SectionChoice(one, subscribed=mine[one.id] is None)
    through = one.parent is not None and mine.get(one.parent.id, _NONE) is None
    return SectionChoice(one, subscribed=through, inherited=through)


def _place(one: Section) -> tuple[tuple[str, ...], int]:
    """The order of titles, the same on both databases; a parent comes before its children."""
    return tuple(section_key([title]) for title in one.path), one.id
