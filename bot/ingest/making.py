"""Making articles of entries: the page, the feed's own content, and what serves where they fail."""

from __future__ import annotations

from dataclasses import dataclass, replace
from http import HTTPStatus

import structlog

from bot.addresses import picture_name
from bot.errors import ExtractError, FetchError, RobotsRefusedError
from bot.ingest import decide
from bot.ingest.decide import Candidate
from bot.ingest.pages import PageRead, Pages
from bot.ingest.rubrics import Rubrics
from bot.ingest.workers import ParsePool
from bot.model import Article, Document, Entry, Feed, NewArticle, Source, shown_url
from bot.storage.articles import ensure_storable

_log = structlog.get_logger(__name__)


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
        *,
        allow_private: bool,
    ) -> None:
        self._pages = pages
        self._pool = pool
        self._source = source
        self._feed = feed
        self._rubrics = rubrics
        self._allow_private = allow_private

    async def article(self, candidate: Candidate) -> NewArticle | None:
        """An article from its page and its entry.

        Whatever else goes wrong with one entry costs that entry alone: first its page and content,
        then, if it still cannot be stored, its article (None).
        """
        entry = candidate.entry
        where = {
            "source": shown_url(self._source.url),
            "entry": entry.guid or entry.url or entry.title,
        }
        try:
            page, fault = await self._page(entry)
            new = self._compose(candidate, page, await self._content(candidate))
            return replace(new, fault=fault or new.fault)
        except Exception:  # noqa: BLE001 - one odd page must not block the source for ever
            _log.exception("article not made: its entry alone is taken", **where)
        try:
            return self._compose(candidate, None, Document())
        except Exception:  # noqa: BLE001 - as above
            _log.exception("entry skipped: no article can be made of it", **where)
            return None

    async def again(self, candidate: Candidate, kept: Article) -> Remade | None:
        """A known article anew, from its page and its entry; None where none can be made.

        Where the page cannot be read, what was read of it before stays.
        """
        page, again, fault = None, False, ""
        try:
            if candidate.entry.url:
                page = await self._pages.ask(candidate.entry.url)
        except (FetchError, ExtractError) as error:
            again = isinstance(error, FetchError) and _may_pass(error)
            fault = str(error)
            _log.warning("page not read again", page=candidate.entry.url, error=fault)
        try:
            new = self._compose(candidate, page, await self._content(candidate))
        except Exception:  # noqa: BLE001 - the article stays as it is
            _log.exception("article not made anew", article=kept.id)
            return None
        return Remade(revised(kept, replace(new, fault=fault or new.fault)), again)

    async def _page(self, entry: Entry) -> tuple[PageRead | None, str]:
        """The article's page, or why it cannot be read."""
        if not entry.url:
            return None, ""
        try:
            return await self._pages.ask(entry.url), ""
        except (FetchError, ExtractError) as error:
            _log.warning("page not read", page=entry.url, error=str(error))
            return None, str(error)

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

    The same picture in another size stays the one that was shown.
    """
    image, lead, document = new.image, new.lead, new.document
    if not new.has_page:
        image, lead = image or kept.image, lead or kept.lead
        if len(kept.document.plain_text()) > decide.FULLER * len(document.plain_text()):
            document = kept.document
    if image and kept.image and picture_name(image) == picture_name(kept.image):
        image = kept.image
    return replace(new, title=new.title or kept.title, lead=lead, image=image, document=document)


def _may_pass(error: FetchError) -> bool:
    """Whether a page that cannot be read now may be read later."""
    status = error.status
    if isinstance(error, RobotsRefusedError):
        return False
    return (
        status is None
        or status >= HTTPStatus.INTERNAL_SERVER_ERROR
        or status == HTTPStatus.TOO_MANY_REQUESTS
    )
