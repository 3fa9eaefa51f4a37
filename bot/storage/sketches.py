"""Sketches: what new articles are compared with, without loading a body."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import starmap
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.schema import article

_RECENT = timedelta(hours=48)
_MOST = 200  # articles


@dataclass(frozen=True, slots=True)
class Recent:
    """An article as far as another is compared with it; ``sketch`` is empty where it has none."""

    article_id: int
    source_id: int
    title: str
    published: datetime | None
    sketch: bytes = b""


async def recent_articles(
    connection: AsyncConnection, now: datetime, *, besides: int | None = None
) -> list[Recent]:
    """What was stored within two days, the newest 200 at most, withdrawn or not.

    Args:
        connection: a transaction.
        now: the moment.
        besides: a source of which the newest 200 articles come along, however old.
    """
    statement = (
        _recent()
        .where(article.c.created_at > now - _RECENT, article.c.sketch.is_not(None))
        .order_by(article.c.id.desc())
        .limit(_MOST)
    )
    found = list(starmap(Recent, await connection.execute(statement)))
    if besides is not None:
        statement = (
            _recent()
            .where(article.c.source_id == besides, article.c.sketch.is_not(None))
            .order_by(article.c.sorted_at.desc(), article.c.id.desc())
            .limit(_MOST)
        )
        found += starmap(Recent, await connection.execute(statement))
    return list({each.article_id: each for each in found}.values())


async def named_articles(
    connection: AsyncConnection, article_ids: Iterable[int]
) -> dict[int, Recent]:
    """These articles by their numbers, without sketches; a few at a time."""
    numbers = list(dict.fromkeys(article_ids))[:_MOST]
    if not numbers:
        return {}
    statement = select(
        article.c.id, article.c.source_id, article.c.title, article.c.published_at
    ).where(article.c.id.in_(numbers))
    return {row.id: Recent(*row) for row in await connection.execute(statement)}


async def newest_titles(connection: AsyncConnection, source_id: int) -> Sequence[str]:
    """The titles of a source's newest 200 articles; none where nothing was ever stored of it."""
    statement = (
        select(article.c.title)
        .where(article.c.source_id == source_id)
        .order_by(article.c.sorted_at.desc(), article.c.id.desc())
        .limit(_MOST)
    )
    return (await connection.scalars(statement)).all()


def _recent() -> Select[Any]:
    return select(
        article.c.id,
        article.c.source_id,
        article.c.title,
        article.c.published_at,
        article.c.sketch,
    )
