"""Revisions: what the site corrects in an article, takes back, and puts there again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import (
    BroadcastState,
    Change,
    Correction,
    DeliveryState,
    NewArticle,
    dump_document,
    load_document,
)
from bot.storage.articles import dump_authors, page_values
from bot.storage.schema import CHECKED, article, broadcast, delivery, revision
from bot.storage.search import drop_article, index_article, index_stored
from bot.waiting import aside

ABSENT = ""
"""As ``seen``: the feed names the article no more."""

COPIES = 24
"""How many replaced texts of an article are kept."""

_MATERIAL = Correction(Change.MATERIAL, Change.MATERIAL)
_CONCERNED = (
    DeliveryState.QUEUED,
    DeliveryState.LEASED,
    DeliveryState.SENDING,
    DeliveryState.SENT,
)
_NEWS = timedelta(hours=48)  # after which nobody looks whether an article is still named
_CHUNK = 200  # numbers in one query; SQLite bounds the variables of a statement


@dataclass(frozen=True, slots=True)
class Kept:
    """What is compared with an entry.

    Attributes:
        seen: the fingerprint of what the entry said last; None where that was never noted.
        spoke_at: the newest moment that the entry named, or None where that was never noted.
        withdrawn, gone: whether the article is withdrawn, and how many looks in a row found its
            page gone: 0 where a person withdrew it.
    """

    seen: str | None
    url: str
    sorted_at: datetime
    created_at: datetime
    revision: int
    withdrawn: bool
    gone: int
    spoke_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Replaced:
    """A title and a lead that an article had until it was edited at a moment."""

    title: str
    lead: str
    at: datetime


async def kept_articles(
    connection: AsyncConnection, source_id: int, article_ids: Iterable[int]
) -> dict[int, Kept]:
    """Those of these articles that belong to this source, by their numbers."""
    numbers = list(dict.fromkeys(article_ids))
    kept: dict[int, Kept] = {}
    for start in range(0, len(numbers), _CHUNK):
        statement = select(
            article.c.id,
            article.c.seen,
            article.c.url,
            article.c.sorted_at,
            article.c.created_at,
            article.c.revision,
            article.c.withdrawn_at,
            article.c.gone,
            article.c.spoke_at,
        ).where(article.c.id.in_(numbers[start : start + _CHUNK]), article.c.source_id == source_id)
        for row in await connection.execute(statement):
            kept[row.id] = Kept(
                seen=row.seen,
                url=row.url,
                sorted_at=row.sorted_at,
                created_at=row.created_at,
                revision=row.revision,
                withdrawn=row.withdrawn_at is not None,
                gone=row.gone,
                spoke_at=row.spoke_at,
            )
    return kept


async def note_seen(connection: AsyncConnection, seen: Mapping[int, str]) -> None:
    """What the entries of these articles say now, as fingerprints."""
    for number, fingerprint in seen.items():
        await connection.execute(
            update(article).where(article.c.id == number).values(seen=fingerprint)
        )


async def note_spoken(connection: AsyncConnection, spoken: Mapping[int, datetime]) -> None:
    """The newest moments that the entries of these articles name now."""
    for number, moment in spoken.items():
        await connection.execute(
            update(article).where(article.c.id == number).values(spoke_at=moment)
        )


async def move_article(connection: AsyncConnection, article_id: int, url: str) -> None:
    """The site has the same article at another address."""
    await connection.execute(update(article).where(article.c.id == article_id).values(url=url))


async def note_vanished(
    connection: AsyncConnection,
    source_id: int,
    present: Mapping[int, Kept],
    *,
    before: datetime,
    now: datetime,
) -> bool:
    """Have the pages looked at of articles that a feed left out, though it names older ones.

    An old article that a feed keeps, or names again, makes all that came since look left out. So
    only articles of the last two days are looked at, the newest first, and at once no more of them
    than the feed names.

    Args:
        connection: a transaction that writes.
        source_id: whose feed was read.
        present: the source's articles that it names.
        before: what was stored since then was not asked for.
        now: the moment.

    Returns:
        Whether there were any.
    """
    if not present:
        return False
    oldest = min((kept.sorted_at, number) for number, kept in present.items())
    newer = await connection.scalars(
        select(article.c.id)
        .where(
            article.c.source_id == source_id,
            tuple_(article.c.sorted_at, article.c.id) > tuple_(*max(oldest, (now - _NEWS, 0))),
            article.c.seen != ABSENT,
            article.c.created_at < before,
            article.c.withdrawn_at.is_(None),
        )
        .order_by(article.c.sorted_at.desc(), article.c.id.desc())
    )
    missing = [number for number in newer if number not in present][: len(present)]
    for start in range(0, len(missing), _CHUNK):
        await connection.execute(
            update(article)
            .where(article.c.id.in_(missing[start : start + _CHUNK]))
            .values(seen=ABSENT, check_at=now)
        )
    return bool(missing)


async def revise_article(
    connection: AsyncConnection,
    article_id: int,
    new: NewArticle,
    now: datetime,
    edit: Correction = _MATERIAL,
) -> bool:
    """Keep an article as it is now; True where that changes what a push shows.

    That is the title, the lead and the picture. Then the revision rises. Where only the text has
    changed, it is kept and the moment noted; of misprints no moment is. What an edit replaces is
    kept as well. The dates that order lists stay, and so does the date of publication.

    Args:
        connection: a transaction that writes.
        article_id: the article.
        new: what it is now.
        now: the moment.
        edit: what kind of edit it is; what it says stays is left as it is.
    """
    row = (
        await connection.execute(
            select(article).where(article.c.id == article_id).with_for_update()
        )
    ).one_or_none()
    if row is None:
        return False
    values: dict[str, Any] = {
        "url": new.url or row.url,
        "authors": dump_authors(new.authors) or row.authors,
        "updated_at": new.updated or row.updated_at,
        "fault": new.fault or None,
        **page_values(new.page),
    }
    if new.spoke_at is not None:
        values["spoke_at"] = new.spoke_at
    shown = edit.push is not None and _head(new) != _head(row)
    document = row.document
    if edit.text is not None:
        document = await aside(len(document), dump_document, new.document)
    if shown:
        values |= {"title": new.title, "lead": new.lead, "image": new.image}
        values["revision"] = article.c.revision + 1
    if document != row.document:
        values["document"] = document
    text = False
    if document != row.document:
        before = await aside(len(row.document), load_document, row.document)
        text = new.document.plain_text() != before.plain_text()
    if shown and edit.push is not Change.TYPO:
        values["push_corrected_at"] = values["corrected_at"] = now
    if text and edit.text is not Change.TYPO:
        values["corrected_at"] = now
    if shown or document != row.document:
        await _keep_replaced(connection, row, edit, now)
    await connection.execute(update(article).where(article.c.id == article_id).values(**values))
    if (shown or text) and row.withdrawn_at is None:
        await index_article(connection, article_id, new.title, new.lead, new.document)
    if shown:
        await _amend(connection, article_id)
    return shown


async def withdraw_article(
    connection: AsyncConnection, article_id: int, now: datetime, *, by_hand: bool
) -> bool:
    """Take an article out of lists and its pushes back; False where it is not to be.

    ``by_hand`` says that a person decided it: then its page is never asked again, and only a
    person brings it back. Else the site did, of which a person may have said that it does not
    count.
    """
    statement = update(article).where(article.c.id == article_id, article.c.withdrawn_at.is_(None))
    values: dict[str, Any] = {"withdrawn_at": now, "revision": article.c.revision + 1}
    if by_hand:
        values |= {"gone": 0, "check_at": None}
    else:
        statement = statement.where(CHECKED)
    if not (await connection.execute(statement.values(**values))).rowcount:
        return False
    await drop_article(connection, article_id)
    await _amend(connection, article_id, state=BroadcastState.WITHDRAWN)
    return True


async def reinstate_article(
    connection: AsyncConnection, article_id: int, *, by_hand: bool = False
) -> bool:
    """Put a withdrawn article into lists again; False where it was not withdrawn.

    It is not pushed again; a message that said that it was withdrawn shows it again. What a person
    withdrew only a person brings back: ``by_hand``. Then its page is not asked any more, gone or
    not, also where the article was only held.
    """
    withdrawn = article.c.withdrawn_at.is_not(None)
    mine = update(article).where(article.c.id == article_id)
    changed = await connection.execute(
        mine.where(withdrawn if by_hand else withdrawn & (article.c.gone > 0)).values(
            withdrawn_at=None, revision=article.c.revision + 1, gone=0
        )
    )
    if by_hand:
        await connection.execute(mine.values(gone=0, check_at=None))
    if not changed.rowcount:
        return False
    await index_stored(connection, article_id)
    await _amend(connection, article_id)  # it stays withdrawn: nobody else gets it
    return True


async def count_messages(connection: AsyncConnection, article_id: int) -> int:
    """How many pushes of an article were sent or are about to be."""
    statement = (
        select(func.count())
        .select_from(delivery.join(broadcast, broadcast.c.id == delivery.c.broadcast_id))
        .where(broadcast.c.article_id == article_id, delivery.c.state.in_(_CONCERNED))
    )
    return int((await connection.execute(statement)).scalar_one())


async def replaced_heads(connection: AsyncConnection, article_id: int) -> list[Replaced]:
    """The titles and leads that edits of an article replaced, as far as they are kept."""
    statement = select(revision.c.title, revision.c.lead, revision.c.at)
    found = await connection.execute(statement.where(revision.c.article_id == article_id))
    return [Replaced(*row) for row in found]


async def prune(connection: AsyncConnection, before: datetime, batch: int) -> bool:
    """Delete up to ``batch`` texts that were replaced before a moment.

    Returns:
        Whether there may be more.
    """
    old = select(revision.c.article_id, revision.c.number).where(revision.c.at < before)
    keys = [
        tuple(row) for row in await connection.execute(old.order_by(revision.c.at).limit(batch))
    ]
    for article_id, number in keys:
        await connection.execute(
            delete(revision).where(revision.c.article_id == article_id, revision.c.number == number)
        )
    return len(keys) == batch


def _head(text: NewArticle | Row[Any]) -> tuple[str, str, str | None]:
    """What a push shows."""
    return (text.title, text.lead, text.image)


async def _keep_replaced(
    connection: AsyncConnection, row: Row[Any], edit: Correction, now: datetime
) -> None:
    """Keep the text that an edit replaces; of more than ``COPIES`` the first and the newest."""
    kept = await connection.scalars(
        select(revision.c.number).where(revision.c.article_id == row.id).order_by(revision.c.number)
    )
    numbers = list(kept)
    if len(numbers) >= COPIES:
        await connection.execute(
            delete(revision).where(revision.c.article_id == row.id, revision.c.number == numbers[1])
        )
    await connection.execute(
        insert(revision).values(
            article_id=row.id,
            number=numbers[-1] + 1 if numbers else 1,
            kind=(edit.kind or Change.MATERIAL).value,
            title=row.title,
            lead=row.lead,
            image=row.image,
            document=row.document,
            at=now,
        )
    )


async def _amend(connection: AsyncConnection, article_id: int, **values: Any) -> None:
    """Have the messages that show an older revision amended, from the first reader on."""
    await connection.execute(
        update(broadcast)
        .where(broadcast.c.article_id == article_id)
        .values(amend_cursor=0, **values)
    )
