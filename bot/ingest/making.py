"""Making articles of entries: the page, the feed's own content, and what serves where they fail."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from bot.addresses import picture_name
from bot.errors import ExtractError, FetchError
from bot.ingest import decide
from bot.ingest.naming import Candidate
from bot.ingest.pages import PageRead, Pages
from bot.ingest.patience import Patience
from bot.ingest.rubrics import Rubrics
from bot.ingest.workers import ParsePool
from bot.model import Article, Document, Entry, Feed, NewArticle, Source, shown_url
from bot.storage.articles import ensure_storable

_log = structlog.get_logger(__name__)

_AT_ONCE = 4
_UNEXPECTED = "Reading the page met with an unexpected fault."


@dataclass(frozen=True, slots=True)
class Remade:
    """A known article as the site has it now.

    Attributes:
        again: whether its page gave no answer for now, so that it is to be asked again.
    """

    new: NewArticle
    again: bool


class Maker:
    """Makes the articles of one read of a source; each part may fail without harm to the others."""

    def __init__(
        self,
        pages: Pages,
        pool: ParsePool,
        source: Source,
        feed: Feed,
        rubrics: Rubrics,
        patience: Patience | None = None,
        *,
        allow_private: bool,
    ) -> None:
        self._pages = pages
        self._pool = pool
        self._source = source
        self._feed = feed
        self._rubrics = rubrics
        self._patience = patience
        self._allow_private = allow_private

    async def articles(self, candidates: Sequence[Candidate]) -> list[NewArticle]:
        """The articles of some candidates in their order, a few made at once; see ``article``."""
        free = asyncio.Semaphore(_AT_ONCE)

        async def make(candidate: Candidate) -> NewArticle | None:
            async with free:
                return await self.article(candidate)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(make(candidate)) for candidate in candidates]
        return [new for task in tasks if (new := task.result()) is not None]

    async def article(self, candidate: Candidate) -> NewArticle | None:
        """An article from its page and its entry; None where none can be made of them now.

        Where the page gives no answer for now and alone names the section, the article may be left
        for the next read: else nobody who wants that section would get it.

        Whatever else goes wrong with one entry costs that entry alone: first its page and content,
        for which the checker then asks again, and if it still cannot be stored, its article.
        """
        entry = candidate.entry
        where = {
            "source": shown_url(self._source.url),
            "entry": entry.guid or entry.url or entry.title,
        }
        try:
            page, again, fault = await self._page(entry)
            if again and self._waits(candidate):
                _log.info("article waits for its page", page=shown_url(entry.url or ""))
                return None
            content = await self._content(candidate)
            new = await asyncio.to_thread(self._compose, candidate, page, content)
            return replace(new, fault=fault or new.fault, again=again or bool(new.fault))
        except Exception:  # noqa: BLE001 - one odd page must not block the source for ever
            _log.exception("article not made: its entry alone is taken", **where)
        try:
            new = await asyncio.to_thread(self._compose, candidate, None, Document())
            return replace(new, fault=_UNEXPECTED, again=True)
        except Exception:  # noqa: BLE001 - as above
            _log.exception("entry skipped: no article can be made of it", **where)
            return None

    async def again(self, candidate: Candidate, kept: Article) -> Remade | None:
        """A known article anew, from its page and its entry; None where none can be made.

        Where the page cannot be read, what was read of it before stays.
        """
        try:
            page, again, fault = await self._page(candidate.entry)
            content = await self._content(candidate)
            new = await asyncio.to_thread(self._compose, candidate, page, content)
        except Exception:  # noqa: BLE001 - the article stays as it is
            _log.exception("article not made anew", article=kept.id)
            return None
        return Remade(revised(kept, replace(new, fault=fault or new.fault)), again)

    def _waits(self, candidate: Candidate) -> bool:
        if self._rubrics.own or self._patience is None:
            return False
        return self._patience.waits(candidate)

    async def _page(self, entry: Entry) -> tuple[PageRead | None, bool, str]:
        """The article's page; else whether it may be read later, and why it cannot be now."""
        if not entry.url:
            return None, False, ""
        try:
            page = await self._pages.ask(entry.url, dated=entry.published is not None)
        except (FetchError, ExtractError) as error:
            _log.warning("page not read", page=shown_url(entry.url), error=str(error))
            return None, isinstance(error, FetchError) and error.passing, str(error)
        return page, False, ""

    def _compose(
        self, candidate: Candidate, page: PageRead | None, content: Document
    ) -> NewArticle:
        article = page.article if page else None
        new = decide.compose(
            candidate,
            article,
            content,
            section=self._rubrics.section(candidate.entry, article),
            language=self._feed.language,
            allow_private=self._allow_private,
        )
        new = replace(
            new, page=page.state if page else None, fault=article.reason if article else ""
        )
        ensure_storable(new)
        return new

    async def _content(self, candidate: Candidate) -> Document:
        entry = candidate.entry
        if not entry.content:
            return Document()
        try:
            return await self._pool.fragment(entry.content, entry.url or self._source.url)
        except ExtractError as error:
            _log.warning("content not read", entry=entry.guid, error=str(error))
            return Document()


def revised(kept: Article, new: NewArticle) -> NewArticle:
    """What is to be kept of an article that was made anew: no less than before for want of a page.

    The same picture in another size stays the one that was shown. Where the text that was kept
    stays, so does what is known of how it was read.
    """
    image, lead, document = new.image, new.lead, new.document
    fault, page = new.fault, new.page
    if not new.has_page:
        image, lead = image or kept.image, lead or kept.lead
        if len(kept.document.plain_text()) > decide.FULLER * len(document.plain_text()):
            document = kept.document
        if document == kept.document:
            fault, page = kept.fault, None
    if image and kept.image and picture_name(image) == picture_name(kept.image):
        image = kept.image
    return replace(
        new,
        title=new.title or kept.title,
        lead=lead,
        image=image,
        document=document,
        fault=fault,
        page=page,
    )
