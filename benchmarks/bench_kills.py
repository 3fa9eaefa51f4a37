"""Loss and duplicates when the process is killed again and again in the middle of broadcasts.

The real process on SQLite sends to a Bot API that takes its time to answer. It is killed with
SIGKILL at a random moment after the first message that it got through, started again, and so on;
in the end it may finish. A message in flight at a kill may have arrived or not, and nobody can
know: those are the most that may come twice (ON_UNKNOWN=resend) or be missing (ON_UNKNOWN=drop).
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # for when it is run by its path

from benchmarks._broadcast import SENDING, UNKNOWN, Broadcasts
from benchmarks._common import Row, conclude, demand, quantile, show, sqlite
from benchmarks._lives import spend_life
from benchmarks.stub import Scenario, Stub, stub
from sandbox.fork_server import ForkServer
from sandbox.process import BotProcess

READERS = 1500
RATE = 200.0  # messages per second
LATENCY = (0.05, 0.25)  # seconds; together with the rate some thirty messages are in flight
LIFE_SECONDS = 1.0  # at most, from the first message to the kill
KILLS = {"resend": 100, "drop": 25}
SEED = 4
_NEXT_BELOW = 600  # deliveries left when the next article is published: enough for a life
_MOST_SECONDS = {"resend": 330.0, "drop": 110.0}  # for the kills; fewer are made where it is slow
_FINISH_SECONDS = 120.0


@dataclass(slots=True)
class Run:
    """What happened until the last kill.

    Attributes:
        starts: seconds from each start to its first message.
        in_flight: how many deliveries were being sent at each kill.
        uncertain: which those were: number of the article, reader.
    """

    starts: list[float] = field(default_factory=list)
    in_flight: list[int] = field(default_factory=list)
    uncertain: set[tuple[int, int]] = field(default_factory=set)


async def kill_often(
    broadcasts: Broadcasts, server: Stub, settings: dict[str, str], policy: str
) -> Run:
    """Kill the process in the middle of broadcasts, as often as was asked for."""
    run = Run()
    chance = random.Random(SEED)
    until = time.monotonic() + _MOST_SECONDS[policy]
    with ForkServer() as fork_server:
        while len(run.in_flight) < KILLS[policy] and time.monotonic() < until:
            if broadcasts.unfinished() < _NEXT_BELOW:
                await broadcasts.publish()
            life = chance.uniform(0, LIFE_SECONDS)
            run.starts.append(await spend_life(fork_server, server, settings, life))
            # All of this life: what earlier ones left was taken up before its first message.
            sending = broadcasts.deliveries(SENDING)
            run.in_flight.append(len(sending))
            run.uncertain |= sending
    return run


async def measure(policy: str) -> None:
    """Measure one policy and print its table."""
    with stub(Scenario(latency=LATENCY, seed=SEED)) as server, sqlite() as url:
        broadcasts = Broadcasts(url, READERS)
        await broadcasts.publish()
        settings = broadcasts.settings(server, RATE, ON_UNKNOWN=policy)
        run = await kill_often(broadcasts, server, settings, policy)
        async with BotProcess(settings) as bot:
            finished = await broadcasts.finished(bot, _FINISH_SECONDS)
            await bot.stop()
        copies = broadcasts.copies(server.ledger())
        rows = table(broadcasts, run, copies)
    demand("it finishes", finished)
    demand("all kills are made in time", len(run.in_flight) == KILLS[policy])
    show(
        f"Kills: {len(run.in_flight)} of {KILLS[policy]} times kill -9, ON_UNKNOWN={policy}"
        + ("" if finished else "; NOT FINISHED"),
        rows,
    )


def table(broadcasts: Broadcasts, run: Run, copies: dict[tuple[int, int], int]) -> list[Row]:
    """What came of it."""
    twice = {delivery for delivery, count in copies.items() if count > 1}
    duplicates = sum(count - 1 for count in copies.values())
    missing = broadcasts.all() - copies.keys()
    unknown = broadcasts.deliveries(UNKNOWN)
    lost = missing - unknown
    uncounted = broadcasts.uncounted(copies)
    demand("nothing is lost", not lost)
    demand("what comes twice was in flight at a kill", twice <= run.uncertain)
    demand("what comes twice is counted as in doubt", not uncounted)
    flying = sum(run.in_flight)
    demand("no more comes twice than was in flight", duplicates <= flying)
    return [
        ("messages owed to readers", f"{broadcasts.owed:,}", "-", "-"),
        ("sends in flight at the kills, together", f"{flying:,}", "-", "-"),
        ("  at one kill, most", f"{max(run.in_flight)}", "-", "-"),
        ("lost: never arrived, and not counted as unknown", f"{len(lost)}", "limit 0", "-"),
        ("counted as unknown", f"{len(unknown)}", "-", "-"),
        ("  of these never arrived", f"{len(missing & unknown)}", "-", "-"),
        (
            "arrived twice",
            f"{duplicates}",
            f"in flight {flying:,}",
            f"{duplicates / flying:.2f}x",
        ),
        ("  of these not counted as in doubt", f"{len(uncounted)}", "limit 0", "-"),
        ("  of these not in flight at a kill", f"{len(twice - run.uncertain)}", "limit 0", "-"),
        ("from a start to its first message, p50", f"{quantile(run.starts, 0.5):.2f} s", "-", "-"),
        ("  most", f"{max(run.starts):.2f} s", "-", "-"),
    ]


def main() -> None:
    """Measure both policies."""
    for policy in KILLS:
        asyncio.run(measure(policy))
    conclude()


if __name__ == "__main__":
    main()
