"""One address or file, examined: is it a source or an article, and what would be kept of it?"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bot.errors import ExtractError, FetchError, ParseError
from bot.ingest import decide
from bot.ingest.decide import Candidate
from bot.ingest.fetching.fetch import Fetched, Fetcher, get_whole
from bot.ingest.looking import SITEMAP_BYTES, Looked, look
from bot.ingest.making import Maker
from bot.ingest.pages import Pages
from bot.ingest.rubrics import Aliases, rubrics_of
from bot.ingest.workers import ParsePool
from bot.model import Document, Entry, Extracted, Feed, NewArticle, Source, SourceSpec, shown_url
from bot.read.saved import Saved, own_address, read_file

_AT_ONCE = 4  # articles of one source


@dataclass(frozen=True, slots=True)
class Examined:
    """What would be kept of an address.

    Attributes:
        address: as it was given, without user name and password.
        title: what a source calls itself; empty where it does not.
        is_source: whether it lists articles; else it is one.
        reads_url: where the source would be read instead, or None.
        articles: of a source the newest first.
        listed: how many articles a source lists.
    """

    address: str
    title: str
    is_source: bool
    reads_url: str | None
    articles: tuple[NewArticle, ...]
    listed: int


@dataclass(frozen=True, slots=True)
class Examiner:
    """Examines as the bot would read; stores nothing, and pushes nothing.

    Attributes:
        fetcher: asks for addresses.
        pool: parses.
        specs: what the editor set for sources, by address.
        aliases: what sections are to be called.
        base_url: the address that files came from; where empty, what a page calls its own serves,
            and without that its relative links are lost.
        limit: how many articles of a source are read; None for all.
        allow_private: whether a picture may be on a private address.
    """

    fetcher: Fetcher
    pool: ParsePool
    specs: Mapping[str, SourceSpec]
    aliases: Aliases
    base_url: str
    limit: int | None
    allow_private: bool

    async def examine(self, address: str) -> Examined:
        """What would be kept of an address or of a file.

        Of a file nothing else is read: an article in a saved feed is what the feed says of it.

        Raises:
            FetchError: it cannot be read.
            ParseError: it is neither a source nor an article.
        """
        spec = self.specs.get(address, SourceSpec(address))
        if "://" in address:
            answer = await self._fetched(address)
            door = Saved({address: answer}, self.fetcher)
        else:
            answer = await asyncio.to_thread(read_file, Path(address), self.base_url, SITEMAP_BYTES)
            home = self.base_url or await asyncio.to_thread(own_address, answer)
            answer = replace(answer, url=home)
            spec = replace(spec, url=home)
            door = Saved({home: answer}, None)
        source = Source(0, spec.url, spec.section, None, None, failures=0, primed=False)
        page, fault = await self._page(answer, spec)
        if page is None or not page.declared:
            try:
                return await self._source(address, source, spec, door)
            except ParseError as error:
                if page is None:
                    raise ParseError(f"{error} {fault}") from error
        article = self._composed(page, source, answer)
        return Examined(shown_url(address), "", False, None, (article,), 1)

    async def _fetched(self, address: str) -> Fetched:
        return await get_whole(self.fetcher, address, limit=SITEMAP_BYTES)

    async def _page(self, answer: Fetched, spec: SourceSpec) -> tuple[Extracted | None, str]:
        """The article on a page, or why there is none."""
        try:
            page = await self.pool.article(
                answer.content, answer.content_type, answer.url, spec.selectors
            )
        except ExtractError as error:
            return None, f"It is no article either: {error}"
        if page.reason and not page.document.blocks:
            return None, f"It is no article either: {page.reason}"
        return page, ""

    def _composed(self, page: Extracted, source: Source, answer: Fetched) -> NewArticle:
        """The article that a page makes of which no list says anything."""
        entry = Entry(None, answer.url or None, "", "", None, None, None, "")
        rubrics = rubrics_of(source, Feed("", None, ()), self.aliases)
        article = decide.compose(
            Candidate(entry, ()),
            page,
            Document(),
            section=rubrics.section(entry, page),
            language=None,
            allow_private=self.allow_private,
        )
        return replace(article, url=article.url or page.url or "", fault=page.reason)

    async def _source(
        self, address: str, source: Source, spec: SourceSpec, door: Saved
    ) -> Examined:
        found = await look(door, self.pool, source, spec.selectors)
        if not isinstance(found, Looked):
            raise FetchError("The site says that nothing has changed, though nobody asked.")
        feed = found.feed
        maker = Maker(
            Pages(door, self.pool, spec.selectors),
            self.pool,
            source,
            feed,
            rubrics_of(source, feed, self.aliases),
            allow_private=self.allow_private,
        )
        newest = decide.candidates(feed)[::-1]
        free = asyncio.Semaphore(_AT_ONCE)

        async def made(candidate: Candidate) -> NewArticle | None:
            async with free:
                return await maker.article(candidate)

        found_all = await asyncio.gather(*map(made, newest[: self.limit]))
        articles = [article for article in found_all if article is not None]
        if door.others is None:  # that no page was read is no fault
            articles = [replace(article, fault="") for article in articles]
        return Examined(
            shown_url(address),
            feed.title,
            True,
            found.reads_url,
            tuple(articles),
            len(newest),
        )
