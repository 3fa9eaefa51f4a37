"""The command: many addresses and files at once, as tables and text or as lines of JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from bot.errors import VestnikError
from bot.ingest.fetching.fetch import Fetcher
from bot.ingest.fetching.headers import user_agent
from bot.ingest.rubrics import Aliases
from bot.ingest.workers import ParsePool
from bot.model import shown_url
from bot.read.examine import Examined, Examiner
from bot.read.lines import as_json
from bot.read.terminal import overview, whole
from bot.settings import Settings

_AT_ONCE = 8  # addresses; the fetcher sees to it that no host is asked for two things at once


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be read, and how it is to be shown.

    Attributes:
        addresses: addresses and files.
        base_url: the address that files came from, or empty.
        limit: how many articles of a source are read; None for all.
        as_json: one object a line instead of tables.
        full: the whole text of each article of a source as well.
    """

    addresses: Sequence[str]
    base_url: str
    limit: int | None
    as_json: bool
    full: bool


async def read(wish: Wish, settings: Settings, out: Console, err: Console) -> bool:
    """Read everything and show it, in the order asked for; what fails is told on ``err``.

    Returns:
        Whether all could be read.
    """
    async with AsyncExitStack() as stack:
        fetcher = await stack.enter_async_context(
            Fetcher(
                allow_private=settings.allow_private_addresses,
                user_agent=user_agent(settings.contact),
                page_pause=settings.page_pause,
                sources=settings.sources,
            )
        )
        examiner = Examiner(
            fetcher,
            await stack.enter_async_context(ParsePool(zone=ZoneInfo(settings.timezone))),
            {spec.url: spec for spec in settings.sources},
            Aliases(settings.section_aliases),
            wish.base_url,
            wish.limit,
            settings.allow_private_addresses,
        )
        progress = stack.enter_context(_progress(err, wish))
        task = progress.add_task("", total=len(wish.addresses))
        free = asyncio.Semaphore(_AT_ONCE)

        async def examined(address: str) -> Examined | VestnikError:
            async with free:
                try:
                    return await examiner.examine(address)
                except VestnikError as error:
                    return error
                finally:
                    progress.advance(task)

        well = True
        reading = [asyncio.ensure_future(examined(address)) for address in wish.addresses]
        for address, found in zip(wish.addresses, reading, strict=True):
            answer = await found
            if isinstance(answer, Examined):
                _show(answer, wish, ZoneInfo(settings.timezone), out, err)
            else:
                well = False
                err.print(Text(f"{shown_url(address)}: {answer}", style="red"), soft_wrap=True)
    return well


def _progress(err: Console, wish: Wish) -> Progress:
    """A bar for people who wait for many; where nobody looks, none."""
    return Progress(
        TextColumn("Reading"),
        BarColumn(),
        MofNCompleteColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal or len(wish.addresses) == 1,
    )


def _show(found: Examined, wish: Wish, zone: ZoneInfo, out: Console, err: Console) -> None:
    if wish.as_json:
        for article in found.articles:
            out.file.write(f"{as_json(article)}\n")
            if article.fault:
                err.print(Text(f"{article.url}: {article.fault}", style="yellow"), soft_wrap=True)
        out.file.flush()
        return
    if not found.is_source:
        for article in found.articles:
            out.print(whole(article))
        return
    out.print(Text(found.title or found.address, style="bold"))
    if found.title:
        out.print(Text(found.address, style="dim"))
    if found.reads_url is not None:
        out.print(Text(f"Read at {shown_url(found.reads_url)}", style="dim"))
    shown = (
        f"the newest {len(found.articles)} of them" if found.listed > len(found.articles) else ""
    )
    out.print(f"{found.listed} article(s){', ' if shown else ''}{shown}; moments in {zone.key}:")
    out.print(overview(found.articles, zone))
    if wish.full:
        for article in found.articles:
            out.print(whole(article))
