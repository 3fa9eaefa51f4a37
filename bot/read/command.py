"""The command: many addresses and files at once, as tables and text or as lines of JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from bot.errors import VestnikError
from bot.model import shown_url
from bot.read.examine import Examined, examiner
from bot.read.lines import as_json
from bot.read.terminal import overview, show, whole
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
    zone = ZoneInfo(settings.timezone)
    free = asyncio.Semaphore(_AT_ONCE)
    well = True
    async with examiner(settings) as examining:
        with _progress(err, wish) as progress:
            task = progress.add_task("", total=len(wish.addresses))

            async def examined(address: str) -> Examined | VestnikError:
                async with free:
                    try:
                        if is_address(address):
                            return await examining.examine(address, wish.limit)
                        return await examining.examine_file(address, wish.base_url, wish.limit)
                    except VestnikError as error:
                        return error
                    finally:
                        progress.advance(task)

            reading = [asyncio.ensure_future(examined(address)) for address in wish.addresses]
            for address, found in zip(wish.addresses, reading, strict=True):
                answer = await found
                if isinstance(answer, Examined):
                    _show(answer, wish, zone, out, err)
                else:
                    well = False
                    _tell(err, f"{shown_url(address)}: {answer}", "red")
    return well


def is_address(text: str) -> bool:
    """Whether something to be read is an address, and not the name of a file."""
    return "://" in text


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
    for note in found.notes:
        _tell(err, f"{found.address}: {note}", "yellow")
    if wish.as_json:
        for article in found.articles:
            out.file.write(f"{as_json(article)}\n")
            if article.fault:
                _tell(err, f"{article.url}: {article.fault}", "yellow")
        out.file.flush()
        return
    if found.is_source:
        _show_source(found, zone, out)
    if wish.full or not found.is_source:
        for article in found.articles:
            show(out, whole(article, zone))


def _show_source(found: Examined, zone: ZoneInfo, out: Console) -> None:
    show(out, Text(found.title or found.address, style="bold"))
    if found.title:
        show(out, Text(found.address, style="dim"))
    if found.reads_url is not None:
        show(out, Text(f"Read at {shown_url(found.reads_url)}", style="dim"))
    some = f", the newest {len(found.articles)} of them"
    shown = some if found.listed > len(found.articles) else ""
    show(out, Text(f"{found.listed} article(s){shown}; moments in {zone.key}:"))
    show(out, overview(found.articles, zone))


def _tell(err: Console, sentence: str, style: str) -> None:
    err.print(Text(sentence, style=style), soft_wrap=True)
