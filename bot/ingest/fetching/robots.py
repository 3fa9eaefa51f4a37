"""robots.txt: whether a site lets us read a page, and how long we rest between pages (RFC 9309)."""

from __future__ import annotations

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog

from bot.errors import AddressRefusedError, FetchError, RobotsRefusedError, UnreachableError
from bot.ingest.fetching.connect import authority
from bot.ingest.fetching.headers import PRODUCT

if TYPE_CHECKING:
    from protego import Protego
    from yarl import URL

_log = structlog.get_logger(__name__)

ROBOTS_BYTES = 500 * 1024
"""How much of a robots.txt is read: what the standard demands (section 2.5)."""

LONGEST_DELAY = 10.0  # seconds; a site that asks for more between two pages waits no longer

_KEPT = 86_400.0  # seconds that a robots.txt stands, as the standard allows (section 2.4)
_AGAIN = 300.0  # seconds after which one that could not be read is asked for again
_ABSENT = 86_400.0  # seconds after which one that was never read counts as absent
_MAX_HOSTS = 256
_MAX_CHARS = 1024 * 1024  # of all that are kept
_QUICK = 4096  # characters of one that is read in a few milliseconds
_LINE_CHARS = 2000  # no address is longer
_AGENT = re.compile(
    r"^([^\S\n]*user(?:[^\S\n]+|-)?agent[^\S\n]*:?[^\S\n]*)([^\n#]*)", re.IGNORECASE | re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Rules:
    """What a robots.txt says to us; without one (None) all is allowed."""

    chars: int = 0
    delay: float = 0.0
    parsed: Protego | None = None

    async def allow(self, url: str) -> bool:
        """Whether we may read an address."""
        if self.parsed is None:
            return True
        if self.chars <= _QUICK:
            return self.parsed.can_fetch(url, PRODUCT)
        return await asyncio.to_thread(self.parsed.can_fetch, url, PRODUCT)


def read_rules(content: bytes) -> Rules:
    """The rules for us in a robots.txt, in time that grows with its length alone."""
    from protego import Protego  # noqa: PLC0415 - not needed where no page is read

    lines = content[:ROBOTS_BYTES].decode("utf-8-sig", "replace").splitlines()
    text = "\n".join(line for line in lines if len(line) <= _LINE_CHARS)
    # The parser keeps all rules of a group once for each name in it: 90 KB took it 20 s. All
    # names but ours and "*" become one, which changes nothing of what is said to us.
    text = _AGENT.sub(_known_agent, text)
    parsed = Protego.parse(text)
    delay = min(parsed.crawl_delay(PRODUCT) or 0.0, LONGEST_DELAY)
    return Rules(len(text), delay, parsed)


def _known_agent(line: re.Match[str]) -> str:
    name = line[2].strip()
    if name != "*":
        product = name.replace("*", "").partition("/")[0].strip().lower()
        name = PRODUCT if product == PRODUCT.lower() else "other"
    return f"{line[1]}{name}"


@dataclass(slots=True)
class _Copy:
    """What is known of a host's robots.txt.

    Attributes:
        rules: as last read, or None.
        until: when it is asked for again, by the clock.
        failing_since: since when it cannot be read, or None.
    """

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    rules: Rules | None = None
    until: float = float("-inf")
    failing_since: float | None = None


class Robots:
    """Asks each host for its robots.txt once a day, when the first page there is wanted.

    A client error (404 and the like, but not 429) means that there is none: all is allowed. Where
    the host does not answer, or with a fault of its own, the copy that we have serves on; without
    one no page of its is read, and it is asked again every five minutes. Where that goes on for a
    day, it counts as absent. (Section 2.3.1, which names 30 days as an example.)

    Args:
        read: asks for an address of a robots.txt and gives the first ``ROBOTS_BYTES`` of it.
        clock: seconds that only rise.
    """

    def __init__(
        self,
        read: Callable[[str], Awaitable[bytes]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._clock = clock
        self._copies: OrderedDict[str, _Copy] = OrderedDict()

    async def admit(self, target: URL) -> float:
        """Ask whether a page may be read; the seconds that its host wants between two pages.

        Raises:
            RobotsRefusedError: the site does not want it.
            UnreachableError: nobody knows for now.
        """
        origin = str(target.origin())
        copy = self._copies.setdefault(origin, _Copy())
        self._copies.move_to_end(origin)
        async with copy.lock:
            if self._clock() >= copy.until:
                await self._refresh(origin, copy)
        self._forget()
        if copy.rules is None:
            raise UnreachableError(
                f"{authority(target)} does not give its robots.txt, so no page is read for now."
            )
        if not await copy.rules.allow(str(target)):
            raise RobotsRefusedError(f"The robots.txt of {authority(target)} forbids this page.")
        return copy.rules.delay

    async def _refresh(self, origin: str, copy: _Copy) -> None:
        now = self._clock()
        try:
            content = await self._read(f"{origin}/robots.txt")
        except AddressRefusedError:
            raise  # as the page itself would be
        except FetchError as error:
            if _is_absent(error):
                copy.rules, copy.until, copy.failing_since = Rules(), now + _KEPT, None
                return
            if copy.failing_since is None:
                copy.failing_since = now
                _log.warning("robots.txt not read", host=origin, error=str(error))
            if copy.rules is None and now - copy.failing_since >= _ABSENT:
                copy.rules = Rules()
            copy.until = now + _AGAIN
            return
        if len(content) <= _QUICK:
            copy.rules = read_rules(content)
        else:
            copy.rules = await asyncio.to_thread(read_rules, content)
        copy.until, copy.failing_since = now + _KEPT, None

    def _forget(self) -> None:
        """Leave out those that were longest not asked for, where there are too many."""
        chars = sum(copy.rules.chars for copy in self._copies.values() if copy.rules)
        for origin, copy in list(self._copies.items())[:-1]:
            if len(self._copies) <= _MAX_HOSTS and chars <= _MAX_CHARS:
                return
            if not copy.lock.locked():
                chars -= copy.rules.chars if copy.rules else 0
                del self._copies[origin]


def _is_absent(error: FetchError) -> bool:
    """Whether the answer says that there is no robots.txt: also a circle of redirects does."""
    if isinstance(error, UnreachableError) or error.status == HTTPStatus.TOO_MANY_REQUESTS:
        return False
    return error.status is None or error.status < HTTPStatus.INTERNAL_SERVER_ERROR
