"""Sections: the rubrics that articles belong to and readers subscribe to."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Section, SectionChoice
from bot.storage.schema import article, section, source, subscription
from bot.storage.upsert import insert


async def ensure_section(connection: AsyncConnection, title: str, now: datetime) -> int:
    """The number of the section with this title, made where there is none."""
    await connection.execute(
        insert(connection, section).values(title=title, created_at=now).on_conflict_do_nothing()
    )
    number: int = (
        await connection.execute(select(section.c.id).where(section.c.title == title))
    ).scalar_one()
    return number


async def sections(connection: AsyncConnection) -> list[Section]:
    """The sections that have articles to read, by title."""
    readable = exists().where(
        article.c.section_id == section.c.id, article.c.withdrawn_at.is_(None)
    )
    statement = select(section.c.id, section.c.title).where(readable).order_by(section.c.title)
    return [Section(*row) for row in await connection.execute(statement)]


async def section_choices(connection: AsyncConnection, reader_id: int) -> list[SectionChoice]:
    """The sections, by title, and whether this reader subscribes to each.

    One whose articles are all of sources that are no longer listed is only for its subscribers.
    """
    articles = exists().where(article.c.section_id == section.c.id)
    fed = articles.where(article.c.source_id == source.c.id, source.c.listed)
    statement = (
        select(section.c.id, section.c.title, subscription.c.reader_id)
        .outerjoin(
            subscription,
            and_(
                subscription.c.section_id == section.c.id,
                subscription.c.reader_id == reader_id,
                subscription.c.ended_at.is_(None),
            ),
        )
        .where(or_(subscription.c.reader_id.is_not(None), ~articles, fed))
        .order_by(section.c.title)
    )
    return [
        SectionChoice(Section(number, title), subscribed=mine is not None)
        for number, title, mine in await connection.execute(statement)
    ]
