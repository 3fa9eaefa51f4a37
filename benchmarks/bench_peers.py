"""The bot beside what bots broadcast with today, in the same scenarios against the same stub.

The peers are the textbook loop and the library aiogram-broadcaster, which has a virtual environment
of its own, made where it is missing. Each runs as its documentation has it, and after a kill it is
started again in the same way: the loop from its beginning, the library from its file.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # for when it is run by its path

from benchmarks._broadcast import UNKNOWN, Broadcasts
from benchmarks._common import ROOT, Row, show, sqlite
from benchmarks._lives import spend_life
from benchmarks.bench_faults import FAULTS
from benchmarks.stub import FLOODED, Ledger, Scenario, Stub, stub
from sandbox.fork_server import ForkServer
from sandbox.process import BotProcess

LATENCY = (0.02, 0.08)
LIMIT = 30
KILLS = 3
LIFE_SECONDS = 2.0  # at most, from the first message of a life to the kill
SEED = 7
_PEERS = ROOT / "benchmarks" / "peers"
_VENV = ROOT / ".venv-peers"
_TEXT = "В Заречном открыли новый пешеходный мост"
_STOPPED = 3  # the exit code with which peers/library.py asks to be started again
_STARTS = 12  # of it after it stopped, at most
_FIRST_SECONDS = 30.0  # for the first message of a life
_NOWHERE = asyncio.subprocess.DEVNULL
_MOST_SECONDS = 120.0  # for the last life of anybody


@dataclass(frozen=True, slots=True)
class Trial:
    """One scenario: how the server behaves, who is to be reached, and when a life ends.

    Attributes:
        scenario: the server's behaviour.
        readers: how many are to be reached.
        rate: our SEND_RATE; the peers have none.
        kills: seconds from the first message of each life to its kill.
    """

    scenario: Scenario
    readers: int
    rate: float
    kills: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What came of it.

    Attributes:
        rate: messages per second, from the first to the last.
        lost: readers whom it never reached, and who are not counted as unknown.
        twice: messages that came once too often.
        floods: how often the server answered with 429.
        note: how it ended, where that is not well.
    """

    rate: float
    lost: int
    twice: int
    floods: int
    note: str = ""


def result(ledger: Ledger, readers: int, unknown: int = 0, note: str = "") -> Result:
    """The ledger of one broadcast to so many readers, summed up."""
    copies = ledger.copies()
    fates = ledger.fates()
    return Result(
        ledger.rate(),
        readers - len(copies) - unknown,
        copies.total() - len(copies),
        sum(fates[fate] for fate in FLOODED),
        note,
    )


async def ours(trial: Trial) -> Result:
    """The real process on SQLite."""
    with stub(trial.scenario) as server, sqlite() as url:
        broadcasts = Broadcasts(url, trial.readers)
        await broadcasts.publish()
        settings = broadcasts.settings(server, trial.rate)
        if trial.kills:
            with ForkServer() as fork_server:
                for seconds in trial.kills:
                    await spend_life(fork_server, server, settings, seconds)
        async with BotProcess(settings) as bot:
            finished = await broadcasts.finished(bot, _MOST_SECONDS)
            await bot.stop()
        ledger = server.ledger()
        never = broadcasts.all() - broadcasts.copies(ledger).keys()
        unknown = len(never & broadcasts.deliveries(UNKNOWN))
    return result(ledger, trial.readers, unknown, "" if finished else "not finished")


async def peer(trial: Trial, python: Path, script: str) -> Result:
    """A peer's process."""
    with stub(trial.scenario) as server, tempfile.TemporaryDirectory() as folder:
        command = [str(python), str(_PEERS / script), server.url, str(trial.readers), _TEXT]
        command.append(f"{folder}/state.json")
        for seconds in trial.kills:
            await kill_once(command, server, seconds)
        code: int | None = _STOPPED
        starts = 0
        until = time.monotonic() + _MOST_SECONDS
        while code == _STOPPED and starts < _STARTS and time.monotonic() < until:
            code = await run(command, until - time.monotonic())
            starts += 1
        ledger = server.ledger()
    note = "" if code == 0 else "not finished" if code is None else f"ended with code {code}"
    if starts > 1:
        note = f"{note}, started {starts} times".removeprefix(", ")
    return result(ledger, trial.readers, note=note)


async def kill_once(command: Sequence[str], server: Stub, seconds: float) -> None:
    """Start it, and kill it so long after its first message, if it sends one."""
    before = server.accepted()
    process = await asyncio.create_subprocess_exec(*command, stdout=_NOWHERE, stderr=_NOWHERE)
    with contextlib.suppress(TimeoutError):  # it has nothing to send any more
        await asyncio.to_thread(server.wait, accepted=before + 1, seconds=_FIRST_SECONDS)
        await asyncio.sleep(seconds)
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()


async def run(command: Sequence[str], seconds: float) -> int | None:
    """Run it to its end; its exit code, or None where that took longer."""
    process = await asyncio.create_subprocess_exec(*command, stdout=_NOWHERE, stderr=_NOWHERE)
    try:
        async with asyncio.timeout(max(1.0, seconds)):
            return await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
        return None


def library_python() -> Path | None:
    """The Python that has aiogram-broadcaster, installed where it is missing; None without it."""
    requirements, installed = _PEERS / "requirements.txt", _VENV / "requirements.txt"
    python = _VENV / "bin" / "python"
    if installed.exists() and installed.read_bytes() == requirements.read_bytes():
        return python
    create = ["sh", str(ROOT / "scripts" / "create-venv"), sys.executable, str(_VENV)]
    install = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    install += ["--require-hashes", "--requirement", str(requirements)]
    for command in (create, install):
        if subprocess.run(command, check=False).returncode:
            return None
    shutil.copy(requirements, installed)
    return python


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure of a result: its name, its value, and how it is written."""

    name: str
    value: Callable[[Result], float]
    form: str = ".0f"
    compared: bool = False

    def shown(self, one: Result) -> str:
        """The figure."""
        return format(self.value(one), self.form)

    def ratio(self, house: Result, theirs: Result | None) -> str:
        """Ours as so many times theirs, where that says something."""
        if not self.compared or theirs is None or not self.value(theirs):
            return "-"
        return f"{self.value(house) / self.value(theirs):.1f}x"


RATE = Metric("messages per second", lambda one: one.rate, compared=True)
USE = Metric("use of the limit", lambda one: one.rate / LIMIT, ".0%", compared=True)
FLOODS = Metric("answered with 429", lambda one: one.floods)
LOST = Metric("readers never reached, nor counted as unknown", lambda one: one.lost)
TWICE = Metric("messages that came once too often", lambda one: one.twice)


async def compare(title: str, trial: Trial, metrics: Sequence[Metric], few: int = 0) -> None:
    """One scenario for all, as a table; the textbook loop may have ``few`` readers."""
    house = await ours(trial)
    loop = replace(trial, readers=few or trial.readers)
    peers: dict[str, Result | None] = {
        "textbook": await peer(loop, Path(sys.executable), "textbook.py")
    }
    library = library_python()
    peers["aiogram-broadcaster"] = (
        None if library is None else await peer(trial, library, "library.py")
    )
    rows: list[Row] = []
    for metric in metrics:
        name, figure = metric.name, metric.shown(house)
        for who, theirs in peers.items():
            told = "not installed" if theirs is None else metric.shown(theirs)
            rows.append((name, figure, f"{who} {told}", metric.ratio(house, theirs)))
            name, figure = "", ""
    notes = [("this bot", house), *peers.items()]
    rows += [
        (f"{who}: {one.note}", "", "", "") for who, one in notes if one is not None and one.note
    ]
    show(f"Peers: {title}", rows)


async def measure() -> None:
    """Measure all scenarios and print their tables."""
    chance = random.Random(SEED)
    kills = tuple(chance.uniform(0, LIFE_SECONDS) for _ in range(KILLS))
    usual = Scenario(latency=LATENCY, seed=SEED)
    await compare(
        "as fast as they can, 1,000 readers (textbook: 200)",
        Trial(Scenario(), readers=1000, rate=1000.0),
        [RATE],
        few=200,
    )
    await compare(
        f"{LIMIT} messages in any one second, 400 readers",
        Trial(replace(usual, limit=LIMIT), readers=400, rate=LIMIT),
        [USE, FLOODS],
    )
    await compare(
        f"killed {KILLS} times and started again, 200 readers",
        Trial(usual, readers=200, rate=LIMIT, kills=kills),
        [LOST, TWICE],
    )
    await compare(
        "faults of the server, 100 readers",
        Trial(replace(usual, faults=FAULTS), readers=100, rate=LIMIT),
        [LOST, TWICE],
    )


if __name__ == "__main__":
    asyncio.run(measure())
