"""How much of a limit is used: 10,000 deliveries to a Bot API that takes 30 messages per second.

The real process on SQLite with SEND_RATE=30. The stub refuses with 429 whatever would be the 31st
accepted message in any one second by its own clock: a window that slides with each message, not
a second of a calendar. What the way to Telegram adds to the moments of arrival is not in it.
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # for when it is run by its path

from benchmarks._broadcast import Broadcasts
from benchmarks._common import Row, conclude, demand, quantile, show, sqlite
from benchmarks.stub import FLOODED, Ledger, Scenario, stub
from sandbox.process import BotProcess

READERS = 10_000
LIMIT = 30  # messages in any one second, and SEND_RATE
LATENCY = (0.02, 0.08)
AIM = 0.97
_SLACK = 1.15  # how many times the best possible time it may take
_START_SECONDS = 60.0


async def measure(readers: int) -> None:
    """Measure and print the table."""
    with stub(Scenario(latency=LATENCY, limit=LIMIT)) as server, sqlite() as url:
        broadcasts = Broadcasts(url, readers)
        await broadcasts.publish()
        async with BotProcess(broadcasts.settings(server, LIMIT)) as bot:
            most = _START_SECONDS + readers / LIMIT * _SLACK
            finished = await broadcasts.finished(bot, most)
            await bot.stop()
        ledger = server.ledger()
    demand("it finishes", finished)
    show(
        f"Limit: {readers:,} deliveries, {LIMIT} in any one second, SEND_RATE={LIMIT}"
        + ("" if finished else "; NOT FINISHED"),
        table(ledger),
    )


def table(ledger: Ledger) -> list[Row]:
    """What came of it."""
    fates = ledger.fates()
    tried = [arrival.at for arrival in ledger.arrivals if arrival.message]
    gaps = [later - earlier for earlier, later in pairwise(tried)]
    rate = ledger.rate()
    return [
        ("messages per second", f"{rate:.2f}", f"limit {LIMIT}", f"{rate / LIMIT:.1%}"),
        ("  aim", "", "", f"{AIM:.0%}"),
        ("answered with 429", f"{sum(fates[fate] for fate in FLOODED)}", "aim 0", "-"),
        ("most requests in any one second", f"{most_in_a_second(tried)}", f"limit {LIMIT}", "-"),
        ("between two requests, p50", f"{quantile(gaps, 0.5) * 1000:.1f} ms", "-", "-"),
        ("  p99", f"{quantile(gaps, 0.99) * 1000:.1f} ms", "-", "-"),
        ("  most", f"{max(gaps) * 1000:.1f} ms", "-", "-"),
    ]


def most_in_a_second(times: Sequence[float]) -> int:
    """The most moments that any one second holds."""
    window: deque[float] = deque()
    most = 0
    for at in times:
        window.append(at)
        while window[0] <= at - 1.0:
            window.popleft()
        most = max(most, len(window))
    return most


if __name__ == "__main__":
    asyncio.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else READERS))
    conclude()
