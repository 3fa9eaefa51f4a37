"""Articles: kept in full, known again by their aliases, listed by key."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Row,
    Select,
    bindparam,
    delete,
    insert,
    literal,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import (
    Alias,
    AliasKind,
    Article,
    ArticleCard,
    Key,
    NewArticle,
    Page,
    PageState,
    dump_document,
    load_document,
)
from bot.storage.placements import with_placements
from bot.storage.schema import alias, article, placement, section
from bot.storage.search import index_new
from bot.storage.sections import PARENT, WITH_PARENT, ensure_section, family, section_of
from bot.storage.stems import Words, article_words
from bot.storage.upsert import insert_missing
from bot.waiting import aside

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_CHUNK = 200  # aliases in one query; SQLite bounds the variables of a statement
_ANYWHERE = {AliasKind.URL, AliasKind.CANONICAL}  # the others are names within their source
_INSERT = insert(article).returning(article.c.id)
_CARDS = select(article.c.id, article.c.title, article.c.sorted_at).where(
    article.c.withdrawn_at.is_(None)
)


@dataclass(frozen=True, slots=True)
class _List:
    """A query of cards, and the columns that say where in the list each has its place."""

    query: Select[Any]
    sorted_at: ColumnElement[datetime]
    id: ColumnElement[int]


async def known_aliases(
    connection: AsyncConnection, source_id: int, aliases: Sequence[Alias]
) -> dict[Alias, int]:
    """Which of these names we know, and whose they are (name → article's number)."""
    known: dict[Alias, int] = {}
    for start in range(0, len(aliases), _CHUNK):
        keys: defaultdict[AliasKind, list[str]] = defaultdict(list)
        for name in aliases[start : start + _CHUNK]:
            keys[name.kind].append(name.key)
        values = {f"{kind.value}_keys": of_kind for kind, of_kind in keys.items()}
        found = await connection.execute(
            _named(tuple(sorted(keys))), {"source_id": source_id, **values}
        )
        known |= {Alias(AliasKind(kind), key): number for kind, key, number in found}
    return known


@cache
def _named(kinds: Sequence[AliasKind]) -> CompoundSelect[Any]:
    """The names of these kinds that there are.

    One kind after another: SQLite finds no index for a list of tuples.
    """
    return union_all(
        *(
            select(alias.c.kind, alias.c.key, alias.c.article_id).where(
                alias.c.kind == literal(kind.value),
                alias.c.scope == (0 if kind in _ANYWHERE else bindparam("source_id")),
                alias.c.key.in_(bindparam(f"{kind.value}_keys", expanding=True)),
            )
            for kind in kinds
        )
    )


async def add_aliases(
    connection: AsyncConnection, source_id: int, article_id: int, aliases: Sequence[Alias]
) -> bool:
    """More names of an article, and whether all were free: one that is taken stays where it is."""
    rows = [
        {
            "kind": a.kind.value,
            "scope": 0 if a.kind in _ANYWHERE else source_id,
            "key": a.key,
            "article_id": article_id,
        }
        for a in dict.fromkeys(aliases)
    ]
    if not rows:
        return True
    result = await connection.execute(
        insert_missing(connection, alias),
        rows,
        execution_options={"preserve_rowcount": True},
    )
    return result.rowcount == len(rows)


def dump_authors(authors: Sequence[str]) -> str | None:
    """Names as JSON, or None where nobody is named."""
    return json.dumps(authors, ensure_ascii=False) if authors else None


def ensure_storable(new: NewArticle) -> None:
    """Make sure that an article can be written down, before others share a transaction with it.

    Raises:
        ValueError: a text holds what neither database takes: half a surrogate pair or NUL.
    """
    texts = [*new.section, new.url, new.title, new.lead, new.image or "", new.language or ""]
    texts += [name.key for name in (*new.aliases, *new.extra)]
    texts += new.authors
    texts.append(dump_document(new.document))
    for text in texts:
        if b"\0" in text.encode():
            raise ValueError("a text holds NUL")


@dataclass(frozen=True, slots=True)
class Written:
    """What is stored of an article's text: its document as JSON, and the words to find it by."""

    document: str
    words: Words


def written(new: NewArticle) -> Written:
    """Write an article's text down, which takes up to a fifth of a second where it is long."""
    words = article_words(new.title, new.lead, new.document.plain_text())
    return Written(dump_document(new.document), words)


async def add_article(
    connection: AsyncConnection,
    source_id: int,
    new: NewArticle,
    now: datetime,
    *,
    text: Written | None = None,
    check_at: datetime | None = None,
) -> int | None:
    """Store an article; its number, or None where one of its names is known by now.

    Only its own names decide that. Its extra names are kept as far as nobody else has them.

    Its place in lists is the earlier of its publication and now, so that a date in the future
    does not hold it on top. Its page is looked at again at ``check_at``, if at all. ``text`` is
    what ``written`` makes of it, where that was done before the transaction.
    """
    known = await known_aliases(connection, source_id, new.aliases)
    if known:
        await add_aliases(connection, source_id, min(known.values()), new.aliases)
        return None
    text = text or written(new)
    values = {
        "source_id": source_id,
        "section_id": await ensure_section(connection, new.section, now),
        "url": new.url,
        "title": new.title,
        "lead": new.lead,
        "image": new.image,
        "language": new.language,
        "document": text.document,
        "published_at": new.published,
        # Whole seconds, as feeds have them: within one, the order of storing decides.
        "sorted_at": min(new.published or now, now).replace(microsecond=0),
        "created_at": now,
        "seen": new.seen,
        "check_at": check_at,
        "spoke_at": new.spoke_at,
        **page_values(new.page),
        "sketch": new.sketch or None,
        "authors": dump_authors(new.authors),
        "updated_at": new.updated,
        "fault": new.fault or None,
    }
    number: int = (await connection.execute(_INSERT, values)).scalar_one()
    if not await add_aliases(connection, source_id, number, (*new.aliases, *new.extra)):
        owners = await known_aliases(connection, source_id, new.aliases)
        if others := {*owners.values()} - {number}:
            # Another transaction stored it meanwhile: PostgreSQL lets two writers look at once.
            await connection.execute(delete(article).where(article.c.id == number))
            await add_aliases(connection, source_id, min(others), new.aliases)
            return None
    await index_new(connection, number, text.words)
    return number


def page_values(page: PageState | None) -> dict[str, str | None]:
    """The columns that keep what an article's page was; none where it was not read."""
    if page is None:
        return {}
    return {
        "page_etag": page.etag,
        "page_modified": page.last_modified,
        "page_said": page.said,
        "body_hash": page.body_hash,
    }


async def get_article(
    connection: AsyncConnection,
    article_id: int,
    *,
    section_id: int | None = None,
    for_update: bool = False,
) -> Article | None:
    """An article in full, or None where there is none.

    Args:
        connection: a transaction.
        article_id: its number.
        section_id: a further section, to be shown in instead of its own.
        for_update: whether its row is locked.
    """
    stands_in = article.c.section_id if section_id is None else section_id
    its = [column for column in article.c if column is not article.c.section_id]
    statement = (
        select(*its, *WITH_PARENT)
        .select_from(article)
        .join(section, section.c.id == stands_in)
        .outerjoin(PARENT, PARENT.c.id == section.c.parent_id)
        .where(article.c.id == article_id)
    )
    if for_update:
        statement = statement.with_for_update(of=article)
    row: Any = (await connection.execute(statement)).one_or_none()
    return None if row is None else await aside(len(row.document), _article, row)


async def find_article(connection: AsyncConnection, url: str) -> int | None:
    """The number of the article with this address, as ``normalise_url`` has it, or None."""
    number: int | None = await connection.scalar(
        select(alias.c.article_id)
        .where(
            alias.c.kind.in_([AliasKind.URL.value, AliasKind.CANONICAL.value]),
            alias.c.scope == 0,
            alias.c.key == url,
        )
        .order_by(alias.c.kind.desc())
        .limit(1)
    )
    return number


async def article_cards(
    connection: AsyncConnection,
    *,
    limit: int,
    section_id: int | None = None,
    older_than: Key | None = None,
    newer_than: Key | None = None,
) -> Page[ArticleCard]:
    """A page of the news, newest first, of one section or of all, without what was withdrawn.

    A section shows what is in its children, too.

    ``older_than`` continues downwards, ``newer_than`` upwards; without both the newest come. Going
    up past the newest gives the first page, whole.
    """
    lists = [_List(_CARDS, article.c.sorted_at, article.c.id)]
    if section_id is not None:
        below = await family(connection, section_id)
        lists = [_own(number) for number in below]
        lists += [_further(number) for number in await with_placements(connection, below)]
    if newer_than is not None:
        cards = await _first_cards(connection, lists, limit + 1, after=newer_than)
        if len(cards) > limit:
            cards = cards[limit - 1 :: -1]
            return Page(tuple(cards), older=_key(cards[-1]), newer=_key(cards[0]))
    cards = await _first_cards(connection, lists, limit + 1, before=older_than)
    shown = cards[:limit]
    return Page(
        tuple(shown),
        older=_key(shown[-1]) if len(cards) > limit else None,
        newer=_key(shown[0]) if older_than is not None and shown else None,
    )


async def _first_cards(
    connection: AsyncConnection,
    lists: Iterable[_List],
    limit: int,
    *,
    before: Key | None = None,
    after: Key | None = None,
) -> list[ArticleCard]:
    """The first of what several lists have together, upwards where it is ``after`` a key.

    Each is asked by itself: one query for all would sort everything that is in them. An article
    that is in several counts once.
    """
    cards: dict[int, ArticleCard] = {}
    for each in lists:
        query, place = each.query, tuple_(each.sorted_at, each.id)
        if before is not None:
            query = query.where(place < tuple_(*_place(before)))
        if after is not None:
            query = query.where(place > tuple_(*_place(after)))
        order = (each.sorted_at, each.id)
        query = query.order_by(*(order if after else [column.desc() for column in order]))
        for row in await connection.execute(query.limit(limit)):
            cards[row.id] = _card(row)
    return sorted(cards.values(), key=_key, reverse=after is None)[:limit]


def _own(section_id: int) -> _List:
    query = _CARDS.where(article.c.section_id == section_id)
    return _List(query, article.c.sorted_at, article.c.id)


def _further(section_id: int) -> _List:
    query = _CARDS.join(placement, placement.c.article_id == article.c.id)
    query = query.where(placement.c.section_id == section_id)
    return _List(query, placement.c.sorted_at, placement.c.article_id)


def _card(row: Row[Any]) -> ArticleCard:
    return ArticleCard(row.id, row.title, row.sorted_at)


def _key(card: ArticleCard) -> Key:
    return Key((card.sorted_at - _EPOCH) // _MICROSECOND, card.id)


def _place(key: Key) -> tuple[datetime, int]:
    return _EPOCH + key.at * _MICROSECOND, key.id


def _article(row: Row[Any]) -> Article:
    return Article(
        id=row.id,
        section=section_of(row),
        url=row.url,
        title=row.title,
        lead=row.lead,
        image=row.image,
        published=row.published_at,
        sorted_at=row.sorted_at,
        document=load_document(row.document),
        revision=row.revision,
        corrected_at=row.corrected_at,
        push_corrected_at=row.push_corrected_at,
        withdrawn_at=row.withdrawn_at,
        authors=tuple(json.loads(row.authors)) if row.authors else (),
        fault=row.fault or "",
    )
