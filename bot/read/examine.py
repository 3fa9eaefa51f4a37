"""One address or file, examined: is it a source or an article, and what would be kept of it?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.errors import ExtractError, ParseError, VestnikError
from bot.ingest import decide, naming
from bot.ingest.fetching.fetch import Fetched, Fetcher, Getter, get_whole, unasked
from bot.ingest.fetching.headers import user_agent
from bot.ingest.looking import SITEMAP_BYTES, Looked, look
from bot.ingest.making import Maker
from bot.ingest.naming import Candidate
from bot.ingest.pages import Pages
from bot.ingest.rubrics import Aliases, Rubrics, rubrics_of
from bot.ingest.workers import ParsePool
from bot.model import Document, Entry, Extracted, Feed, NewArticle, Source, SourceSpec, shown_url
from bot.read.saved import Saved, read_file, whence
from bot.settings import Settings


@dataclass(frozen=True, slots=True)
class Listed:
    """A source that was looked at; its articles are made when they are asked for.

    Attributes:
        title: what it calls itself; empty where it does not.
        reads_url: where it would be read instead, or None.
        rubrics: the sections of its articles.
        newest: what it lists, the newest first.
        maker: makes its articles.
    """

    title: str
    reads_url: str | None
    rubrics: Rubrics
    newest: Sequence[Candidate]
    maker: Maker


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
        notes: sentences on what a file alone cannot tell.
    """

    address: str
    title: str
    is_source: bool
    reads_url: str | None
    articles: tuple[NewArticle, ...]
    listed: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Examiner:
    """Examines as the bot would read; stores nothing, and pushes nothing.

    Attributes:
        fetcher: asks for addresses.
        pool: parses.
        specs: what the editor set for sources, by address.
        aliases: what sections are to be called.
        allow_private: whether a picture may be on a private address.
    """

    fetcher: Fetcher
    pool: ParsePool
    specs: Mapping[str, SourceSpec]
    aliases: Aliases
    allow_private: bool

    async def examine(self, address: str, limit: int | None) -> Examined:
        """What would be kept of an address.

        Args:
            address: of a source or of an article.
            limit: how many articles of a source are read; None for all.

        Raises:
            FetchError: it cannot be read.
            ParseError: it is neither a source nor an article.
        """
        spec = self.specs.get(address, SourceSpec(address))
        answer = await get_whole(self.fetcher, address, limit=SITEMAP_BYTES)
        return await self._examined(
            address, answer, spec, Saved({address: answer}, self.fetcher), limit
        )

    async def examine_file(self, name: str, base_url: str, limit: int | None) -> Examined:
        """What would be kept of a file. Nothing else is read: neither a feed nor a page it names.

        Args:
            name: of the file.
            base_url: the address that it came from; where empty, what a page calls its own serves,
                and without that its relative links are lost.
            limit: how many articles of a source are shown; None for all.

        Raises:
            FetchError: it cannot be read.
            ParseError: it is neither a source nor an article.
        """
        answer = await asyncio.to_thread(read_file, Path(name), base_url, SITEMAP_BYTES)
        home, lost = base_url, ""
        if not home:
            home, lost = await asyncio.to_thread(whence, answer)
        spec = self.specs.get(home, SourceSpec(home))
        answer = replace(answer, url=home)
        door = Saved({home: answer}, None)
        try:
            found = await self._examined(name, answer, spec, door, limit)
        except VestnikError as error:
            fault = str(error)
            if door.missed:
                fault = (
                    f"The articles are not listed in this file but at {shown_url(door.missed[0])}, "
                    "which it names. Of a file nothing else is read: give that address, or save "
                    "what is there and give that file."
                )
            raise ParseError(f"{fault} {lost}".rstrip()) from error
        notes = [lost] if lost else []
        if door.missed:
            named = shown_url(door.missed[0])
            notes.append(f"It names {named}: on its site that would be read instead.")
        articles = found.articles
        if found.is_source:  # that no page was read is no fault
            articles = tuple(replace(article, fault="") for article in articles)
        return replace(found, articles=articles, notes=tuple(notes))

    async def listed(self, spec: SourceSpec, door: Getter | None = None) -> Listed:
        """What a source lists.

        Args:
            spec: the source.
            door: who is asked for documents instead of the sites.

        Raises:
            FetchError: it cannot be read.
            ParseError: it is no source.
        """
        source = _source(spec)
        door = door or self.fetcher
        found = await look(door, self.pool, source, spec.selectors)
        if not isinstance(found, Looked):
            raise unasked()
        rubrics = rubrics_of(source, found.feed, self.aliases)
        maker = Maker(
            Pages(door, self.pool, spec.selectors),
            self.pool,
            source,
            found.feed,
            rubrics,
            allow_private=self.allow_private,
        )
        newest = naming.candidates(found.feed)[::-1]
        return Listed(found.feed.title, found.reads_url, rubrics, newest, maker)

    async def _examined(
        self, address: str, answer: Fetched, spec: SourceSpec, door: Saved, limit: int | None
    ) -> Examined:
        page, fault = await self._page(answer, spec)
        if page is None or not page.declared:
            try:
                return await self._list(address, spec, door, limit)
            except ParseError as error:
                if page is None:
                    raise ParseError(f"{error} {fault}") from error
        article = self._composed(page, _source(spec), answer)
        return Examined(shown_url(address), "", False, None, (article,), 1)

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

    async def _list(
        self, address: str, spec: SourceSpec, door: Saved, limit: int | None
    ) -> Examined:
        found = await self.listed(spec, door)
        return Examined(
            shown_url(address),
            found.title,
            True,
            found.reads_url,
            tuple(await found.maker.articles(found.newest[:limit])),
            len(found.newest),
        )


@asynccontextmanager
async def examiner(settings: Settings) -> AsyncIterator[Examiner]:
    """Who examines with these settings, for as long as the context lasts."""
    async with (
        Fetcher(
            allow_private=settings.allow_private_addresses,
            user_agent=user_agent(settings.contact),
            page_pause=settings.page_pause,
            sources=settings.sources,
        ) as fetcher,
        ParsePool(zone=ZoneInfo(settings.timezone)) as pool,
    ):
        yield Examiner(
            fetcher,
            pool,
            {spec.url: spec for spec in settings.sources},
            Aliases(settings.section_aliases),
            settings.allow_private_addresses,
        )


def _source(spec: SourceSpec) -> Source:
    """A source that nothing is known of yet."""
    return Source(0, spec.url, spec.section, None, None, failures=0, primed=False)
