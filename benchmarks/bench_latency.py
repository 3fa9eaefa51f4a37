"""From publication to the first push: the real process, a news site and a Telegram, all here.

A source is looked at every POLL_SECONDS, so an article waits for the next look first: half of that
on average, and as long as the operator likes. What comes on top is our own work, and what is
measured: from the moment when the site has handed out the feed that tells of the article to the
moment when its push is in the first chat. The article's page is fetched and taken apart in between.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # for when it is run by its path

from benchmarks._common import Row, quantile, show
from sandbox.newsroom import Newsroom
from sandbox.process import BotProcess
from sandbox.telegram import Person, Telegram

PUBLICATIONS = 25
POLL_SECONDS = 1.0
SEED = 6
AIM_SECONDS = 1.0  # beyond the wait for the next look
_PATIENCE_SECONDS = 30.0
_FEED = "/feed.xml"


async def subscribe(person: Person) -> None:
    """Have a person subscribe to everything, once there is something to subscribe to."""
    await person.say("/subscribe")
    shown = await person.sees(lambda message: len(message.labels) > 1, timeout=_PATIENCE_SECONDS)
    await person.press(shown, "Подписаться на всё")


async def publish(
    telegram: Telegram, site: Newsroom, number: int, after: float
) -> tuple[float, float]:
    """Publish an article in so many seconds; how long until its push.

    Returns:
        Seconds from its publication, and from the feed's read.
    """
    await asyncio.sleep(after)
    title = f"Срочная новость номер {number}"
    reads = feed_reads(site)
    site.publish(title=title, lead="Коротко о главном.", paragraphs=["Подробности позже."] * 8)
    published = time.monotonic()
    await site.wait_for(lambda _: feed_reads(site) > reads, timeout=_PATIENCE_SECONDS)
    read = time.monotonic()
    await telegram.ledger.wait_for(lambda: telegram.ledger.copies(title), timeout=_PATIENCE_SECONDS)
    arrived = time.monotonic()
    return arrived - published, arrived - read


def phases() -> list[float]:
    """Moments between two looks, evenly spread and out of order, as shares of the time between."""
    shares = [number / PUBLICATIONS for number in range(PUBLICATIONS)]
    random.Random(SEED).shuffle(shares)
    return shares


def feed_reads(site: Newsroom) -> int:
    """How often the feed was read in full."""
    return sum(seen.path == _FEED and seen.status == 200 for seen in site.requests)


async def measure() -> None:
    """Measure and print the table."""
    async with Telegram() as telegram, Newsroom() as site:
        with tempfile.TemporaryDirectory() as folder:
            settings = {
                "BOT_TOKEN": telegram.token,
                "BOT_API_URL": telegram.url,
                "SOURCES": site.feed_url(),
                "POLL_SECONDS": str(round(POLL_SECONDS)),
                "PAGE_PAUSE": "0",
                "DATA_DIR": folder,
                "ALLOW_PRIVATE_ADDRESSES": "true",
            }
            async with BotProcess(settings):
                # The second look at the feed begins when the first is complete.
                await site.wait_for(
                    lambda seen: sum(one.path == _FEED for one in seen) > 1, _PATIENCE_SECONDS
                )
                anna = telegram.person("Анна", started=True)
                await subscribe(anna)
                times = [
                    await publish(telegram, site, number, share * POLL_SECONDS)
                    for number, share in enumerate(phases())
                ]
    whole, own = zip(*times, strict=True)
    waits = [together - rest for together, rest in times]
    rows: list[Row] = [
        _row("beyond the wait for the next look, p50", quantile(own, 0.5)),
        _row("  p95", quantile(own, 0.95)),
        _row("  most", max(own)),
        ("from publication to push, p50", f"{quantile(whole, 0.5) * 1000:.0f} ms", "-", "-"),
        ("  p95", f"{quantile(whole, 0.95) * 1000:.0f} ms", "-", "-"),
        ("  most", f"{max(whole) * 1000:.0f} ms", "-", "-"),
        ("  wait for the next look, p50", f"{quantile(waits, 0.5) * 1000:.0f} ms", "-", "-"),
    ]
    show(f"Latency: {PUBLICATIONS} publications, POLL_SECONDS={POLL_SECONDS:.0f}", rows)


def _row(what: str, seconds: float) -> Row:
    return (
        what,
        f"{seconds * 1000:.0f} ms",
        f"aim {AIM_SECONDS * 1000:.0f} ms",
        f"{seconds / AIM_SECONDS:.2f}x",
    )


if __name__ == "__main__":
    asyncio.run(measure())
