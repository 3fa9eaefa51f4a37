"""Names: whose they are, and what more of them an article may learn."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Alias, AliasKind
from bot.storage.articles import add_aliases
from bot.storage.schema import alias, article

_MOST = 20  # names of a kind that an article learns: there are ids that are made anew at each read
_CHUNK = 200  # numbers in one query; SQLite bounds the variables of a statement


@dataclass(frozen=True, slots=True)
class Owner:
    """An article as far as it is asked whether a name is its own; ``ids``: how many it has here."""

    article_id: int
    source_id: int
    title: str
    url: str
    published: datetime | None
    ids: int


async def name_owners(
    connection: AsyncConnection, source_id: int, article_ids: Iterable[int]
) -> dict[int, Owner]:
    """These articles by their numbers; ids within ``source_id`` are counted."""
    numbers = sorted(set(article_ids))
    ids = (
        select(func.count())
        .where(
            alias.c.article_id == article.c.id,
            alias.c.kind == AliasKind.GUID.value,
            alias.c.scope == source_id,
        )
        .scalar_subquery()
    )
    found: dict[int, Owner] = {}
    for start in range(0, len(numbers), _CHUNK):
        statement = select(
            article.c.id,
            article.c.source_id,
            article.c.title,
            article.c.url,
            article.c.published_at,
            ids,
        ).where(article.c.id.in_(numbers[start : start + _CHUNK]))
        found |= {row.id: Owner(*row) for row in await connection.execute(statement)}
    return found


async def learn_names(
    connection: AsyncConnection, source_id: int, learnt: Mapping[int, Sequence[Alias]]
) -> None:
    """What known articles are called besides, by their numbers, as far as there is room for it.

    One that is another's by now stays where it is.
    """
    numbers = [number for number, names in learnt.items() if names]
    had: defaultdict[int, Counter[AliasKind]] = defaultdict(Counter)
    for start in range(0, len(numbers), _CHUNK):
        statement = (
            select(alias.c.article_id, alias.c.kind, func.count())
            .where(alias.c.article_id.in_(numbers[start : start + _CHUNK]))
            .group_by(alias.c.article_id, alias.c.kind)
        )
        for number, kind, count in await connection.execute(statement):
            had[number][AliasKind(kind)] = count
    for number in numbers:
        names = []
        for name in dict.fromkeys(learnt[number]):
            if had[number][name.kind] < _MOST:
                had[number][name.kind] += 1
                names.append(name)
        await add_aliases(connection, source_id, number, names)
