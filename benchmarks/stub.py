"""A Bot API stub in a process of its own: fast, strict about limits, faulty where asked to be.

It knows no chats and checks no texts (the sandbox's Telegram does); it accepts what is sent as
fast as it can, and keeps in a ledger what arrived for whom, when, and what was answered:

    with stub(Scenario(latency=(0.05, 0.25))) as server:
        ...                                   # BOT_API_URL=server.url, BOT_TOKEN=any
        server.wait(accepted=100)
        print(server.ledger().copies())
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

ROOT = Path(__file__).parents[1]


class Fate(StrEnum):
    """What the stub did with a request that sends a message."""

    ANSWERED = "answered"
    SLOW = "slow"
    """Accepted and answered, but only after seconds."""
    MISSHAPEN = "misshapen"
    """Accepted; the answer says ``ok``, its message is not what the Bot API describes."""
    CUT = "cut"
    """Accepted; then the connection was closed without an answer."""
    GARBLED = "garbled"
    """Accepted; the answer is HTTP 200 and no JSON."""
    LOST = "lost"
    """Accepted; the answer is a proxy's HTML page with status 502."""
    BAD_GATEWAY = "bad gateway"
    """Not accepted; the answer is the same page."""
    ERROR = "error"
    """Not accepted: HTTP 500."""
    DROPPED = "dropped"
    """Not accepted: the connection was closed."""
    FLOOD = "flood"
    """Not accepted: 429. For ``retry_after`` seconds nothing is accepted."""
    CLOSED = "closed"
    """Not accepted: 429, since it came within such a time."""
    LIMITED = "limited"
    """Not accepted: 429, since it was one too many within one second."""


ACCEPTED = frozenset({Fate.ANSWERED, Fate.SLOW, Fate.MISSHAPEN, Fate.CUT, Fate.GARBLED, Fate.LOST})
"""The message is in its chat."""

AMBIGUOUS = frozenset({Fate.CUT, Fate.GARBLED, Fate.LOST})
"""The message is in its chat, and the sender cannot know it."""

DOUBTFUL = AMBIGUOUS | {Fate.BAD_GATEWAY, Fate.ERROR, Fate.DROPPED}
"""The sender cannot know whether the message is in its chat."""

FLOODED = frozenset({Fate.FLOOD, Fate.CLOSED, Fate.LIMITED})
"""Answered with 429."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """How the stub behaves.

    Attributes:
        latency: seconds from a request to its answer, drawn between these two.
        limit: how many messages it accepts at most in any one second by its clock; 0 for no limit.
        faults: the share of messages that meet a fate; each is drawn for itself.
        flood_seconds: the bounds of ``retry_after`` in a flood.
        slow_seconds: the bounds of a slow answer's time.
        seed: of everything that is drawn.
    """

    latency: tuple[float, float] = (0.0, 0.0)
    limit: int = 0
    faults: Mapping[Fate, float] = field(default_factory=dict)
    flood_seconds: tuple[int, int] = (1, 2)
    slow_seconds: tuple[float, float] = (2.0, 4.0)
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request about a chat, as the stub saw it.

    Attributes:
        at: when, on ``time.monotonic()``, which is one clock for all processes of a machine.
        chat: the chat's id.
        text: its text.
        method: of the Bot API.
        fate: what was done with it; ANSWERED for whatever sends no message.
    """

    at: float
    chat: int
    text: str
    method: str
    fate: Fate

    @property
    def message(self) -> bool:
        """Whether it sends a message."""
        return self.method.startswith("send")


@dataclass(frozen=True, slots=True)
class Ledger:
    """All that arrived, in the order of arrival."""

    arrivals: Sequence[Arrival]

    def messages(self, text: str = "") -> list[Arrival]:
        """The accepted messages, all or those with ``text`` in them."""
        return [a for a in self.arrivals if a.message and a.fate in ACCEPTED and text in a.text]

    def copies(self, text: str = "") -> Counter[tuple[int, str]]:
        """How often each text reached each chat."""
        return Counter((arrival.chat, arrival.text) for arrival in self.messages(text))

    def fates(self) -> Counter[Fate]:
        """How many messages met each fate."""
        return Counter(arrival.fate for arrival in self.arrivals if arrival.message)

    def rate(self) -> float:
        """Accepted messages per second, from the first to the last."""
        times = [arrival.at for arrival in self.messages()]
        return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 else 0.0


class Stub:
    """The running stub, as seen from outside.

    Attributes:
        url: for BOT_API_URL.
        pid: its process.
    """

    def __init__(self, port: int, pid: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.pid = pid

    def ledger(self) -> Ledger:
        """What has arrived until now."""
        told = self._ask("ledger")
        texts = told["texts"]
        return Ledger(
            [
                Arrival(at, chat, texts[text], method, Fate(fate))
                for at, chat, text, method, fate in told["arrivals"]
            ]
        )

    def accepted(self) -> int:
        """How many messages were accepted until now."""
        return int(self._ask("wait", {"accepted": 0, "seconds": 0.0})["accepted"])

    def wait(self, *, accepted: int, seconds: float = 60.0) -> int:
        """Wait until so many messages were accepted in all; how many there are then.

        Raises:
            TimeoutError: there were fewer after so many ``seconds``.
        """
        told = int(self._ask("wait", {"accepted": accepted, "seconds": seconds})["accepted"])
        if told < accepted:
            raise TimeoutError(f"{told} of {accepted} messages after {seconds:.0f} s")
        return told

    def reset(self, scenario: Scenario | None = None) -> None:
        """Begin a new ledger; with a scenario, behave like that from now on."""
        self._ask("reset", None if scenario is None else asdict(scenario))

    def bring(self, updates: Sequence[Mapping[str, Any]]) -> None:
        """Hand out these updates, numbered in rising order, to whoever calls getUpdates."""
        self._ask("updates", updates)

    def _ask(self, what: str, body: Any = None) -> Any:
        request = Request(f"{self.url}/-/{what}", json.dumps(body).encode())  # noqa: S310 - our own address
        with urlopen(request) as answer:  # noqa: S310 - as above
            return json.load(answer)


@contextmanager
def stub(scenario: Scenario | None = None) -> Iterator[Stub]:
    """A stub that runs as long as the block."""
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "benchmarks.stub_server",
            json.dumps(asdict(scenario or Scenario())),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,  # its end ends the stub, whatever becomes of us
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Stub(int(process.stdout.readline()), process.pid)
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()
