"""What a read of a source leaves in the database: articles, their broadcasts, its own state."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from bot.ingest import decide
from bot.ingest.backlog import Backlog
from bot.ingest.corrections import Changes
from bot.ingest.once import Once
from bot.ingest.page_looks import next_check
from bot.ingest.rubrics import own_path
from bot.model import Alias, NewArticle, Rhythm, Source, Whereabouts, shown_url
from bot.storage import (
    articles,
    broadcasts,
    checks,
    hubs,
    placements,
    revisions,
    sketches,
    sources,
)
from bot.storage.articles import Written, written
from bot.storage.database import Database, Transaction
from bot.storage.names import learn_names
from bot.storage.revisions import Kept
from bot.storage.sections import ensure_section
from bot.storage.sketches import Recent

_log = structlog.get_logger(__name__)

_MISSED = timedelta(days=2)  # before the last read; what is older had been seen then


@dataclass(frozen=True, slots=True)
class End:
    """What is stored with the last articles of a read.

    Attributes:
        section: the path of one to be there though no article is in it yet, or empty.
        etag, last_modified: what to send back next time.
        learnt: what articles that were known before are called besides, by their numbers.
        looked_at: the moment at which what follows was compared with what is kept.
        named: the source's own articles that the feed names, by their numbers.
        changes: what it says anew of them.
        body_hash: of what was read; None, as for the validators, where it is to be read in full.
        rhythm: how often the feed asks to be read.
        fresh: for how many seconds more the site would say the same.
        where: where the source is read from now on.
        hub, topic: what the feed names for those who want to be told of its news.
        fruitless: whether the hub said that there are news, yet none are here.
        lists_all: whether what is not named, though older articles are, may be gone.
        waiting: whether articles wait for their pages, so that the next read is to be soon.
    """

    section: tuple[str, ...]
    etag: str | None
    last_modified: str | None
    learnt: Mapping[int, Sequence[Alias]]
    looked_at: datetime
    named: Mapping[int, Kept]
    changes: Changes
    body_hash: str | None
    rhythm: Rhythm
    fresh: float
    where: Whereabouts
    hub: str | None
    topic: str | None
    fruitless: bool
    lists_all: bool
    waiting: bool = False


@dataclass(frozen=True, slots=True)
class Effect:
    """What the end of a read asks others to do.

    Attributes:
        pushed: articles go out to the readers of further sections.
        vanished: pages of articles that the feed left out are to be looked at.
        hub_named: a hub is to be asked to tell of news.
    """

    pushed: bool = False
    vanished: bool = False
    hub_named: bool = False


@dataclass(frozen=True, slots=True)
class Push:
    """How new articles go out.

    Attributes:
        ttl: for how long after it is stored an article is still sent.
        breaking_words: at the start of a title they make it breaking news.
        since: only what was published from then on goes out; None: all that is new.
        backlog: what does not go out, since it is older than what the feed showed before.
    """

    ttl: timedelta
    breaking_words: Sequence[str]
    since: datetime | None
    backlog: Backlog = Backlog()  # noqa: RUF009 - frozen

    def goes_out(self, source: Source, published: datetime | None) -> bool:
        """Whether what a source shows of a moment goes out."""
        return source.primed and (self.since is None or (published or self.since) > self.since)

    def takes(self, source: Source, new: NewArticle) -> bool:
        """Whether a new article goes out."""
        return self.goes_out(source, new.published) and not self.backlog.has(new)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many articles were stored; of these pushed, and held until a person decides.

    ``placed`` is how many that were stored before go out to the readers of further sections.
    """

    stored: int = 0
    pushed: int = 0
    held: int = 0
    placed: int = 0


@dataclass(frozen=True, slots=True)
class Fresh:
    """An article that is new, ready to be stored; ``hold``: a person decides about its pushes."""

    new: NewArticle
    hold: bool
    text: Written


@dataclass(frozen=True, slots=True)
class Compared:
    """What articles under new names turn out to be; see ``once.Sorted``."""

    same: Sequence[tuple[Recent, NewArticle]] = ()
    fresh: Sequence[Fresh] = ()


async def compare(
    database: Database, source: Source, made: Sequence[NewArticle], once: Once, now: datetime
) -> Compared:
    """Tell what is new from what is had already, before the transaction in which it is stored.

    Nothing may be stored in between. It takes long where there are many articles, or long ones.
    """
    if not made:
        return Compared()
    besides = source.id if once.renamed else None
    async with database.read() as connection:
        recent = await sketches.recent_articles(connection, now, besides=besides)
    return await asyncio.to_thread(_compared, made, once, recent)


def _compared(made: Sequence[NewArticle], once: Once, recent: Sequence[Recent]) -> Compared:
    told = once.sort(made, recent)
    return Compared(told.same, [Fresh(new, hold, written(new)) for new, hold in told.fresh])


async def keep(
    connection: Transaction,
    source: Source,
    compared: Compared,
    once: Once,
    push: Push,
    now: datetime,
) -> Tally:
    """Store what is new, with its broadcasts. What is had already learns its other names."""
    stored = pushed = held = placed = 0
    await placements.lock(connection, {old.article_id for old, _ in compared.same})
    for old, new in compared.same:
        await _join(connection, source, old, new)
        placed += await _place(connection, source, old.article_id, new, once, push, now)
    for fresh in compared.fresh:
        new, hold = fresh.new, fresh.hold or push.backlog.may_have(fresh.new)
        if (same := once.twin(new)) is not None:
            await _join(connection, source, same, new)
            placed += await _place(connection, source, same.article_id, new, once, push, now)
            continue
        if goes_out := push.takes(source, new):
            new = _as_news(source, new)
        check_at = next_check(now, now) if _is_looked_at(source, new) else None
        number = await articles.add_article(
            connection, source.id, new, now, text=fresh.text, check_at=check_at
        )
        if number is None:  # another source stored it meanwhile
            known = await articles.known_aliases(connection, source.id, new.aliases)
            other = min(known.values())
            placed += await _place(connection, source, other, new, once, push, now)
            continue
        once.stored(number, new)
        stored += 1
        if goes_out:
            held += hold
            pushed += not hold
            await broadcasts.add_broadcast(
                connection,
                number,
                now,
                ttl=push.ttl,
                priority=decide.priority(new.title, push.breaking_words),
                held=hold,
            )
    return Tally(stored, pushed, held, placed)


async def end_read(
    connection: Transaction,
    source: Source,
    once: Once,
    push: Push,
    end: End,
    now: datetime,
    next_at: datetime,
) -> Effect:
    """Store what a read ends with."""
    await learn_names(connection, source.id, end.learnt)
    await revisions.note_seen(connection, end.changes.noted)
    for number, url in end.changes.moved.items():
        await revisions.move_article(connection, number, url)
    await revisions.note_spoken(connection, end.changes.spoken)
    await checks.bring_forward(connection, end.changes.edited)
    pushed = await _place_known(connection, source, once, push, now)
    vanished = False
    if end.lists_all:
        joined = await revisions.kept_articles(connection, source.id, once.joined)
        vanished = await revisions.note_vanished(
            connection, source.id, {**end.named, **joined}, before=end.looked_at, now=now
        )
    await sources.record_read(
        connection,
        source.id,
        now=now,
        next_at=next_at,
        etag=end.etag,
        last_modified=end.last_modified,
        body_hash=end.body_hash,
        rhythm=end.rhythm,
    )
    await sources.record_move(connection, source, end.where, validated=True)
    await hubs.settle_ping(connection, source, now, fruitless=end.fruitless)
    named = await hubs.note_hub(connection, source.id, end.hub, end.topic, now)
    return Effect(pushed, vanished, named)


async def ensure_own_section(
    connection: Transaction, source: Source, end: End | None, now: datetime
) -> None:
    """A section that can be chosen before an article is in it; the editor knows it by name."""
    if own := own_path(source):
        await ensure_section(connection, own, now, announced=True)
    elif end is not None and end.section:
        await ensure_section(connection, end.section, now)


def _as_news(source: Source, new: NewArticle) -> NewArticle:
    """What goes out as news, without a guess at its date that cannot be right."""
    if not new.guessed or new.published is None or source.read_at is None:
        return new
    return replace(new, published=None) if new.published < source.read_at - _MISSED else new


def _is_looked_at(source: Source, new: NewArticle) -> bool:
    """Whether an article's page is looked at again: where it is news, or was not read yet."""
    if not new.url:
        return False
    if source.primed:
        return new.has_page or new.again
    return new.again and new.page is None


async def _join(connection: Transaction, source: Source, old: Recent, new: NewArticle) -> None:
    """An article that came under other names is one that we have."""
    await learn_names(connection, source.id, {old.article_id: (*new.aliases, *new.extra)})
    if old.source_id == source.id and new.url:
        await revisions.move_article(connection, old.article_id, new.url)
    _log.info("known under other names", article=old.article_id, url=shown_url(new.url))


async def _place(
    connection: Transaction,
    source: Source,
    article_id: int,
    new: NewArticle,
    once: Once,
    push: Push,
    now: datetime,
) -> bool:
    """An article that we have stands in the section of ``new``, too; whether that sends it."""
    return await placements.place(
        connection,
        article_id,
        await ensure_section(connection, new.section, now),
        source.id,
        now,
        goes_out=not once.renamed and push.goes_out(source, new.published),
    )


async def _place_known(
    connection: Transaction, source: Source, once: Once, push: Push, now: datetime
) -> bool:
    """Articles of others that a source shows stand in the section that the editor gave it, too.

    Which section a page would name is not known of them: it is not fetched again.
    """
    if not (own := own_path(source)):
        return False
    section_id = await ensure_section(connection, own, now, announced=True)
    pushed = False
    others = await placements.unplaced(connection, once.shown, section_id, source.id)
    await placements.lock(connection, [number for number, _ in others])
    for number, published in others:
        goes_out = not once.renamed and push.goes_out(source, published)
        pushed |= await placements.place(
            connection, number, section_id, source.id, now, goes_out=goes_out
        )
    return pushed
