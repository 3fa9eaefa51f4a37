"""Hostile pages and feeds through the real pool: the time that each takes, and how it ends."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import structlog

sys.path.insert(0, str(Path(__file__).parents[1]))  # for when it is run by its path

from benchmarks._common import Row, conclude, demand, quantile, show
from bot.errors import ExtractError, ParseError
from bot.ingest.kinds import Reading
from bot.ingest.workers import CHEAP_SECONDS, ParsePool
from bot.model import Document, Extracted
from tests.ingest import hostile

LIMIT = 5.0  # seconds
URL = "https://news.example/story"
SLOW = 0.5  # seconds; cases that take longer are printed


def outcome(found: Reading | Extracted | Document) -> str:
    """How a case ended that was read."""
    match found:
        case Reading():
            return f"{len(found.feed.entries)} entries" if found.feed else found.fault
        case Document():
            return f"{len(found.blocks)} blocks"
        case Extracted():
            ending = f"{len(found.document.blocks)} blocks"
            return f"{ending}; {found.reason}" if found.reason else ending


async def timed(call: Callable[[], Awaitable[Reading | Extracted | Document]]) -> tuple[float, str]:
    """Seconds, and the outcome."""
    start = time.perf_counter()
    try:
        said = outcome(await call())
    except (ParseError, ExtractError) as error:
        said = f"refused: {error}"
    return time.perf_counter() - start, said


async def measure() -> list[tuple[str, float, str]]:
    """Every case, one after another."""
    measured: list[tuple[str, float, str]] = []
    async with ParsePool(workers=1) as pool:
        await pool.fragment("<p>a</p>", URL)
        for case in hostile.pages():
            read = partial(pool.article, case.make(), case.content_type, URL)
            measured.append((f"page: {case.name}", *await timed(read)))
        for case in hostile.feeds():
            parse = partial(
                pool.source, case.make(), case.content_type, URL, None, datetime.now(UTC)
            )
            measured.append((f"feed: {case.name}", *await timed(parse)))
        for case in hostile.contents():
            fragment = partial(pool.fragment, case.make().decode(), URL)
            measured.append((f"content: {case.name}", *await timed(fragment)))
    return measured


def main() -> None:
    """Measure and print the table, the slow cases first; all of them with ``--all``."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    measured = asyncio.run(measure())
    most = LIMIT + 2 * CHEAP_SECONDS + 1
    shown = measured if "--all" in sys.argv else [one for one in measured if one[1] > SLOW]
    rows: list[Row] = [
        (name, f"{seconds:.2f} s", f"limit {most:g} s", said[:70])
        for name, seconds, said in sorted(shown, key=lambda one: -one[1])
    ]
    times = [seconds for _, seconds, _ in measured]
    rows += [
        (f"all {len(times)}: p50", f"{quantile(times, 0.5):.2f} s", "-", "-"),
        ("  p95", f"{quantile(times, 0.95):.2f} s", "-", "-"),
        (
            "  killed for their time",
            f"{sum('took more' in said for *_, said in measured)}",
            "-",
            "-",
        ),
    ]
    show("Hostile pages and feeds, through the pool", rows)
    demand("every hostile case ends in time", max(times) <= most)
    conclude()


if __name__ == "__main__":
    main()
