"""Corrections: what a feed, or a page, says anew of articles that we know, and what follows."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import structlog

from bot.addresses import names_private_host, normalise_url
from bot.ingest.decide import LEAD_CHARS, TITLE_CHARS, fingerprint, spoke_at
from bot.ingest.making import Maker, revised
from bot.ingest.naming import Candidate
from bot.ingest.sameness.change import Edit, correction, is_notice
from bot.ingest.sameness.likeness import document_hash, picture_hash, text_hash
from bot.model import Alias, Article, Change, Correction, Extracted, NewArticle, PageState
from bot.storage import articles, checks, revisions
from bot.storage.database import Database, Transaction
from bot.storage.revisions import Kept, Replaced

_log = structlog.get_logger(__name__)

_AT_ONCE = 20  # articles in one read; the others follow at the next
_REVISIONS = 24  # of an article; whoever corrects it more often is no editor
_SOON, _PART = timedelta(minutes=2), 20  # till a look, or that part of the article's age
_MANY = 5  # entries with new dates in one read
_SETTLED = timedelta(hours=6)  # after an edit what it replaced may come back without a page
_CORRECTED = timedelta(hours=48)  # after it was stored an article is no news any more


@dataclass(frozen=True, slots=True)
class Changes:
    """What a read means for articles that are known.

    Attributes:
        revisit: articles to be made anew, by their numbers, and their entries.
        complete: whether those are all; else the feed must be read in full next time.
        noted: fingerprints that are only written down.
        moved: articles that have another address now.
        spoken: articles of which only the dates are new, and these.
        edited: those of them whose pages may have been edited, and when these are to be looked at.
    """

    revisit: tuple[tuple[int, Candidate], ...]
    complete: bool
    noted: Mapping[int, str]
    moved: Mapping[int, str]
    spoken: Mapping[int, datetime] = field(default_factory=dict)
    edited: Mapping[int, datetime] = field(default_factory=dict)


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
    noted, moved, spoken = {}, {}, {}
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
        moment = spoke_at(candidate.entry)
        if moment is not None and (before.spoke_at is None or moment > before.spoke_at):
            spoken[number] = moment
    revisit.sort(key=lambda each: each[0] in later)
    return Changes(
        tuple(revisit[:_AT_ONCE]),
        complete=len(revisit) <= _AT_ONCE,
        noted=noted,
        moved=moved,
        spoken=spoken,
        edited=_edited(spoken, kept, entries, now),
    )


def _edited(
    spoken: Collection[int], kept: Mapping[int, Kept], named: Collection[int], now: datetime
) -> dict[int, datetime]:
    """The articles whose new dates tell of an edit, and when their pages are to be looked at.

    Where many are new at once, it is the feed that was made anew. There are entries that are dated
    anew at each read: the older the article, the more rarely its page is looked at for that.
    """
    if len(spoken) >= _MANY and len(spoken) * 2 > len(named):
        return {}
    ages = {number: now - kept[number].created_at for number in spoken if kept[number].spoke_at}
    return {
        number: now + max(_SOON, age / _PART) for number, age in ages.items() if age <= _CORRECTED
    }


async def correct(database: Database, maker: Maker, found: Changes) -> set[int]:
    """Make the articles to be revisited anew and keep what has changed in them.

    Returns:
        The numbers of those that could not be made, whose pages gave no answer for now, or that
        may have been shown as they were before; they must be asked again.
    """
    again: set[int] = set()
    for number, candidate in found.revisit:
        async with database.read() as connection:
            kept = await articles.get_article(connection, number)
            replaced = await revisions.replaced_heads(connection, number)
        made = None if kept is None else await maker.again(candidate, kept)
        edit, there, stale = None, False, False
        now = datetime.now(UTC)
        if kept is not None and made is not None:
            new = without_stale(kept, made.new, replaced, now)
            stale = new.page is None and new is not made.new
            edit = await asyncio.to_thread(Edit.between, kept, new)
            there = new.has_page and not await asyncio.to_thread(
                is_notice, kept, new.title, new.document
            )
        kind, back = None, False
        async with database.write() as connection:
            if there:
                back = await revisions.reinstate_article(connection, number)
            if edit is not None:
                kind = await revise(connection, number, edit, now)
            if stale or (kept is not None and (made is None or made.again)):
                again.add(number)
            else:
                await revisions.note_seen(connection, {number: fingerprint(candidate.entry)})
        log_edit(number, kind, back=back)
    return again


async def revise(
    connection: Transaction, article_id: int, edit: Edit, now: datetime
) -> Correction | None:
    """Keep an article as the site has it now: the one way in which an edit is stored.

    The texts were compared before the transaction began; only where somebody else has changed the
    article since then, they are compared again. Where its text gave way to a notice that it is
    gone, its page is looked at at once, and what was there stays until the checker has decided.

    Returns:
        What kind of edit it is; None where the article is not to be changed.
    """
    kept = await articles.get_article(connection, article_id, for_update=True)
    if kept is None or kept.withdrawn_at is not None:
        return None
    kind = edit.kind if edit.began_with(kept) else correction(kept, edit.new)
    kind = without_mark(kept, edit.new, kind)
    if kind.kind is Change.WITHDRAWN:
        await checks.bring_forward(connection, {article_id: now})
    else:
        await revisions.revise_article(connection, article_id, edit.new, now, kind)
    return kind


def log_edit(article_id: int, edit: Correction | None, *, back: bool) -> None:
    """Log what became of an article that was looked at again, where anything did."""
    kind = None if edit is None else edit.kind
    if kind is Change.WITHDRAWN:
        _log.info("article gave way to a notice", article=article_id)
    elif kind is not None or back:
        _log.info("article corrected", article=article_id, kind=kind, back=back)


def without_stale(
    kept: Article, new: NewArticle, replaced: Collection[Replaced], now: datetime
) -> NewArticle:
    """What a feed says of an article, but for what its page corrected before. Pure.

    A feed may go on saying what the page has long said otherwise. Where it says more that is new,
    that must not bring the old headline back. Without a page nothing tells an editor who thinks
    better of it from a cache that shows an old copy in turn with the new one: then nothing comes
    back within some hours.

    Args:
        kept: the article.
        new: what its page and its entry make of it now.
        replaced: the titles and leads that edits replaced.
        now: the moment.
    """
    if new.page is None:
        replaced = [old for old in replaced if now - old.at < _SETTLED]
        title, lead = text_hash(kept.title), text_hash(kept.lead)
    else:
        title, lead, _ = new.page.said.split(" ")
    old_titles, old_leads = {old.title for old in replaced}, {old.lead for old in replaced}
    if kept.title != new.title and new.title in old_titles and text_hash(kept.title) == title:
        new = replace(new, title=kept.title)
    if kept.lead != new.lead and new.lead in old_leads and text_hash(kept.lead) == lead:
        new = replace(new, lead=kept.lead)
    return new


def without_mark(kept: Article, new: NewArticle, edit: Correction) -> Correction:
    """What kind of edit it is where only what we could not read before is added. Pure.

    The site corrected nothing then, so readers are told of nothing.
    """
    if not kept.fault or edit.kind is Change.WITHDRAWN or not (new.has_page or new.again):
        return edit
    added = (
        edit.push is Change.MATERIAL
        and kept.lead in {"", new.lead}
        and kept.image in {None, new.image}
    )
    return Correction(
        Change.TYPO if added else edit.push, None if edit.text is None else Change.TYPO
    )


def filled(kept: Article, page: Extracted, *, allow_private: bool) -> NewArticle:
    """An article whose page could not be read before, or not whole, with what is there now. Pure.

    The page's text takes the place of what served for it; else only what was missing is added.

    Args:
        kept: the article.
        page: what its page says now.
        allow_private: whether a picture may be on a private address.
    """
    private = page.image is not None and not allow_private and names_private_host(page.image)
    new = NewArticle(
        aliases=(),
        section=kept.section.path,
        url=kept.url,
        title=kept.title or page.title[:TITLE_CHARS],
        lead=kept.lead or page.lead[:LEAD_CHARS],
        image=kept.image or (None if private else page.image),
        language=None,
        published=kept.published,
        document=page.document,
        authors=() if kept.authors else page.authors,
        fault=page.reason,
    )
    new = revised(kept, new)  # a feed may have told more
    return replace(new, fault=page.reason, has_page=not page.reason, again=bool(page.reason))


def from_page(
    kept: Article, before: PageState, page: Extracted, *, allow_private: bool
) -> NewArticle:
    """A known article with what was edited on its page, though its feed says nothing new. Pure.

    A title, lead, picture or text follows the page where it was what the page said before. What
    the feed says differently is the feed's to correct.

    Args:
        kept: the article.
        before: what its page was when it was read last.
        page: what it says now.
        allow_private: whether a picture may be on a private address.
    """
    title, lead, image = before.said.split(" ")
    new = NewArticle(
        aliases=(),
        section=kept.section.path,
        url=kept.url,
        title=kept.title,
        lead=kept.lead,
        image=kept.image,
        language=None,
        published=kept.published,
        document=kept.document,
        has_page=True,
    )
    if page.title and text_hash(kept.title) == title:
        new = replace(new, title=page.title[:TITLE_CHARS])
    if page.lead and text_hash(kept.lead) == lead:
        new = replace(new, lead=page.lead[:LEAD_CHARS])
    private = page.image is not None and not allow_private and names_private_host(page.image)
    if page.image and not private and picture_hash(kept.image) == image:
        new = replace(new, image=page.image)
    if document_hash(kept.document) == before.body_hash:
        new = replace(new, document=page.document)
    return revised(kept, new)
