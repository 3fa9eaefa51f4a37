"""Loss and duplicates when the Bot API fails in every way it can, at random.

The real process on SQLite. Some faults leave the message in its chat and the sender in the dark
(the connection is cut after the message was accepted, the answer cannot be read, a proxy answers
instead): those are the most that may come twice (ON_UNKNOWN=resend), and what may be missing
(ON_UNKNOWN=drop) is what was in doubt, each counted as unknown.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # for when it is run by its path

from benchmarks._broadcast import UNKNOWN, Broadcasts
from benchmarks._common import Row, conclude, demand, show, sqlite
from benchmarks.stub import AMBIGUOUS, DOUBTFUL, FLOODED, Fate, Ledger, Scenario, stub
from sandbox.process import BotProcess

READERS = 1000
RATE = 200.0  # messages per second
LATENCY = (0.02, 0.1)
FAULTS = {
    Fate.LOST: 0.01,
    Fate.CUT: 0.01,
    Fate.GARBLED: 0.01,
    Fate.MISSHAPEN: 0.01,
    Fate.BAD_GATEWAY: 0.01,
    Fate.DROPPED: 0.01,
    Fate.ERROR: 0.01,
    Fate.FLOOD: 0.002,
    Fate.SLOW: 0.005,
}
"""The share of messages that meet each fate."""

SEED = 5
_MOST_SECONDS = 120.0
_NOTICED_SECONDS = 0.5  # after a 429, what comes later than this was sent in spite of it


async def measure(policy: str) -> None:
    """Measure one policy and print its table."""
    scenario = Scenario(latency=LATENCY, faults=FAULTS, seed=SEED)
    with stub(scenario) as server, sqlite() as url:
        broadcasts = Broadcasts(url, READERS)
        await broadcasts.publish()
        async with BotProcess(broadcasts.settings(server, RATE, ON_UNKNOWN=policy)) as bot:
            finished = await broadcasts.finished(bot, _MOST_SECONDS)
            await bot.stop()
        rows = table(broadcasts, server.ledger())
    demand("it finishes", finished)
    show(
        f"Faults of the server: one article to {READERS:,} readers, ON_UNKNOWN={policy}"
        + ("" if finished else "; NOT FINISHED"),
        rows,
    )


def table(broadcasts: Broadcasts, ledger: Ledger) -> list[Row]:
    """What came of it."""
    fates = ledger.fates()
    ambiguous = Counter(a.chat for a in ledger.messages() if a.fate in AMBIGUOUS)
    injected = ambiguous.total()
    copies = broadcasts.copies(ledger)
    duplicates = sum(count - 1 for count in copies.values())
    beyond = sum(max(0, count - 1 - ambiguous[chat]) for (_, chat), count in copies.items())
    missing = broadcasts.all() - copies.keys()
    unknown = broadcasts.deliveries(UNKNOWN)
    uncounted = broadcasts.uncounted(copies)
    hasty = impatient(ledger)
    demand("nothing is lost", not missing - unknown)
    demand("nothing comes twice without an ambiguity", not beyond)
    demand("what comes twice is counted as in doubt", not uncounted)
    demand("nothing is sent in spite of a 429", not hasty)
    return [
        ("messages owed to readers", f"{broadcasts.owed:,}", "-", "-"),
        ("faults, together", f"{fates.total() - fates[Fate.ANSWERED]:,}", "-", "-"),
        ("  of them in doubt", f"{sum(fates[fate] for fate in DOUBTFUL)}", "-", "-"),
        ("  of these accepted", f"{injected}", "-", "-"),
        ("lost: never arrived, and not counted as unknown", f"{len(missing - unknown)}", "0", "-"),
        ("counted as unknown", f"{len(unknown)}", "-", "-"),
        ("  of these never arrived", f"{len(missing & unknown)}", "-", "-"),
        (
            "arrived twice",
            f"{duplicates}",
            f"ambiguous {injected}",
            f"{duplicates / injected:.2f}x" if injected else "-",
        ),
        ("  of these not counted as in doubt", f"{len(uncounted)}", "limit 0", "-"),
        ("  beyond the ambiguities of its chat", f"{beyond}", "limit 0", "-"),
        ("answered with 429", f"{sum(fates[fate] for fate in FLOODED)}", "-", "-"),
        ("  sent in spite of it", f"{hasty}", "limit 0", "-"),
        ("messages per second", f"{ledger.rate():.0f}", f"SEND_RATE {RATE:.0f}", "-"),
    ]


def impatient(ledger: Ledger) -> int:
    """How many requests came while Telegram had asked to wait, and its answer had long arrived."""
    count, flood = 0, 0.0
    for arrival in ledger.arrivals:
        if arrival.fate is Fate.FLOOD:
            flood = arrival.at
        elif arrival.fate is Fate.CLOSED and arrival.at > flood + _NOTICED_SECONDS:
            count += 1
    return count


def main() -> None:
    """Measure both policies."""
    for policy in ("resend", "drop"):
        asyncio.run(measure(policy))
    conclude()


if __name__ == "__main__":
    main()
