"""Corrections: what a feed says anew of articles that we know, and what follows from it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import structlog

from bot.addresses import normalise_url
from bot.ingest.decide import Candidate, fingerprint
from bot.ingest.making import Maker
from bot.model import Alias
from bot.storage import articles, revisions
from bot.storage.database import Database
from bot.storage.revisions import Kept

_log = structlog.get_logger(__name__)

_AT_ONCE = 20  # articles in one read; the others follow at the next
_REVISIONS = 20  # of an article; a feed that counts views in its leads is no editor
_CORRECTED = timedelta(hours=48)  # after it was stored an article is no news any more


@dataclass(frozen=True, slots=True)
class Changes:
    """What a read means for articles that are known.

    Attributes:
        revisit: articles to be made anew, by their numbers, and their entries.
        complete: whether those are all; else the feed must be read in full next time.
        noted: fingerprints that are only written down.
        moved: articles that have another address now.
    """

    revisit: tuple[tuple[int, Candidate], ...]
    complete: bool
    noted: Mapping[int, str]
    moved: Mapping[int, str]


def in_other_words(kept: Mapping[int, Kept]) -> dict[int, Kept]:
    """Articles of a source that is now read at another address: how that words them is noted only.

    A list shortens the titles that a feed has whole, and so on, which corrects nothing.
    """
    return {number: replace(each, seen=None) for number, each in kept.items()}


def changes(
    named: Sequence[Candidate],
    known: Mapping[Alias, int],
    kept: Mapping[int, Kept],
    now: datetime,
    later: Collection[int] = (),
) -> Changes:
    """What the entries of known articles say anew. Pure.

    Args:
        named: the feed's entries, oldest first; where several are of one article, the last counts.
        known: the names that we know and the articles they belong to.
        kept: those of the articles that belong to this source: others are not its to correct.
        now: the moment.
        later: articles whose pages gave no answer lately: they come after all others.
    """
    entries: dict[int, Candidate] = {}
    for candidate in named:
        owners = [known[name] for name in candidate.aliases if name in known]
        if owners and min(owners) in kept:
            entries[min(owners)] = candidate
    revisit: list[tuple[int, Candidate]] = []
    noted, moved = {}, {}
    for number, candidate in entries.items():
        said, before = fingerprint(candidate.entry), kept[number]
        back = before.withdrawn and before.gone > 0 and before.seen == revisions.ABSENT
        if before.seen == said or (before.withdrawn and not back):
            pass
        elif back or (
            before.seen is not None
            and before.revision <= _REVISIONS
            and now - before.created_at <= _CORRECTED
        ):
            revisit.append((number, candidate))
            continue
        else:
            noted[number] = said
        if candidate.entry.url and normalise_url(candidate.entry.url) != normalise_url(before.url):
            moved[number] = candidate.entry.url
    revisit.sort(key=lambda each: each[0] in later)
    return Changes(
        tuple(revisit[:_AT_ONCE]), complete=len(revisit) <= _AT_ONCE, noted=noted, moved=moved
    )


async def correct(database: Database, maker: Maker, found: Changes) -> set[int]:
    """Make the articles to be revisited anew and keep what has changed in them.

    Returns:
        The numbers of those whose pages gave no answer for now, and must be asked again.
    """
    again: set[int] = set()
    for number, candidate in found.revisit:
        async with database.read() as connection:
            kept = await articles.get_article(connection, number)
        made = None if kept is None else await maker.again(candidate, kept)
        now = datetime.now(UTC)
        async with database.write() as connection:
            shown = back = False
            if made is not None and made.new.has_page:
                back = await revisions.reinstate_article(connection, number)
            if made is not None and kept is not None and (back or kept.withdrawn_at is None):
                shown = await revisions.revise_article(connection, number, made.new, now)
            if made is not None and made.again:
                again.add(number)
            else:
                await revisions.note_seen(connection, {number: fingerprint(candidate.entry)})
        if shown or back:
            _log.info("article corrected", article=number, back=back)
    return again
