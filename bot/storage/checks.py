"""Checks: which articles' pages are to be looked at again, and what the last looks found."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import PageState, shown_url
from bot.storage.articles import page_values
from bot.storage.schema import CHECKED, article, source

_CONFIRMED = 2  # looks in a row that find a page gone before its article is taken for withdrawn


@dataclass(frozen=True, slots=True)
class Check:
    """An article whose page is to be looked at.

    Attributes:
        gone: how many looks in a row found the page gone.
        withdrawn_at: since when the article is withdrawn because of that, or None.
        page: what the page was when it was read last, or None where that was never noted.
        source_url: the address of its source, as the editor gave it.
        whole: whether that page gave the article's text; else something else serves for it.
    """

    article_id: int
    source_id: int
    url: str
    created_at: datetime
    gone: int
    withdrawn_at: datetime | None
    page: PageState | None = None
    source_url: str = ""
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Held:
    """An article that is gone from the site with too many others to be withdrawn unasked."""

    article_id: int
    title: str
    source_url: str


async def due_checks(
    connection: AsyncConnection, now: datetime, limit: int, without: Collection[int] = ()
) -> list[Check]:
    """The articles of listed sources, but for some, that are due; the newest first.

    Args:
        connection: what to ask.
        now: the moment.
        limit: how many of each source at most.
        without: the numbers of the sources that are left out.
    """
    newest = (article.c.created_at.desc(), article.c.id.desc())
    place = func.row_number().over(partition_by=article.c.source_id, order_by=newest)
    due = (
        select(
            article.c.id,
            article.c.source_id,
            article.c.url,
            article.c.created_at,
            article.c.gone,
            article.c.withdrawn_at,
            article.c.page_etag,
            article.c.page_modified,
            article.c.page_said,
            article.c.body_hash,
            article.c.fault,
            source.c.url.label("source_url"),
            place.label("place"),
        )
        .join(source, source.c.id == article.c.source_id)
        .where(
            CHECKED,
            article.c.check_at <= now,
            source.c.listed,
            source.c.id.not_in(without),
        )
        .subquery()
    )
    statement = (
        select(due).where(due.c.place <= limit).order_by(due.c.created_at.desc(), due.c.id.desc())
    )
    return [_check(row) for row in (await connection.execute(statement)).all()]


async def bring_forward(connection: AsyncConnection, looks: Mapping[int, datetime]) -> None:
    """Have pages that are looked at anyway looked at by these moments at the latest."""
    for number, at in looks.items():
        await connection.execute(
            update(article)
            .where(CHECKED, article.c.id == number, article.c.check_at > at)
            .values(check_at=at)
        )


async def next_check_due(
    connection: AsyncConnection, without: Collection[int] = ()
) -> datetime | None:
    """When the next page of a listed source, but for some, is to be looked at; None for never."""
    moment: datetime | None = await connection.scalar(
        select(func.min(article.c.check_at))
        .join(source, source.c.id == article.c.source_id)
        .where(CHECKED, source.c.listed, source.c.id.not_in(without))
    )
    return moment


async def witnesses(
    connection: AsyncConnection, source_id: int, exclude: Collection[int], limit: int
) -> list[str]:
    """The addresses of a source's newest articles, some left out, none of them withdrawn."""
    statement = (
        select(article.c.url)
        .where(
            article.c.source_id == source_id,
            article.c.withdrawn_at.is_(None),
            article.c.url != "",
            article.c.id.not_in(exclude),
        )
        .order_by(article.c.sorted_at.desc(), article.c.id.desc())
        .limit(limit)
    )
    return list(await connection.scalars(statement))


async def note_page(connection: AsyncConnection, article_id: int, page: PageState) -> None:
    """What an article's page is now, for the next look to compare with."""
    await connection.execute(
        update(article).where(article.c.id == article_id).values(**page_values(page))
    )


async def record_check(
    connection: AsyncConnection, article_id: int, *, gone: int, check_at: datetime | None
) -> None:
    """A page was looked at; one whose looks a person has ended meanwhile stays as it is.

    Args:
        connection: a transaction that writes.
        article_id: whose page.
        gone: how many looks in a row have found it gone now.
        check_at: when it is looked at next; None for never.
    """
    await connection.execute(
        update(article)
        .where(article.c.id == article_id, CHECKED)
        .values(gone=gone, check_at=check_at)
    )


async def held_articles(connection: AsyncConnection) -> list[Held]:
    """The articles that wait for a person to decide, by source."""
    statement = (
        select(article.c.id, article.c.title, source.c.url)
        .join(source, source.c.id == article.c.source_id)
        .where(
            CHECKED,
            article.c.gone >= _CONFIRMED,
            article.c.withdrawn_at.is_(None),
            source.c.listed,
        )
        .order_by(source.c.id, article.c.id)
    )
    return [
        Held(number, title, shown_url(url))
        for number, title, url in await connection.execute(statement)
    ]


def _check(row: Any) -> Check:
    page = None
    if row.page_said is not None and row.body_hash is not None:
        page = PageState(row.page_etag, row.page_modified, row.page_said, row.body_hash)
    return Check(
        row.id,
        row.source_id,
        row.url,
        row.created_at,
        row.gone,
        row.withdrawn_at,
        page=page,
        source_url=row.source_url,
        whole=not row.fault,
    )
