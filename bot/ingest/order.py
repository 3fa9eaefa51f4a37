"""The order of sources: the new ones let those go ahead whose news they would take. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from bot.model import Source

_FIRST_TURN = timedelta(minutes=1)
_LONGEST = timedelta(hours=1)


class Order:
    """Which of the sources that are due are to be read now.

    A first read pushes nothing, not even what another source was about to push. So at a start the
    sources that are new wait until the others were read once, for a minute at most; for an hour
    where those are of the same host, or where one of that host fails.

    Attributes:
        waiting: the numbers of those that are due and wait.
    """

    def __init__(self) -> None:
        self.waiting: frozenset[int] = frozenset()
        self._ahead: dict[int, Source] | None = None  # what is to be read before any that is new
        self._since: dict[int, datetime] = {}  # since when those that are new are due
        self._started = datetime.min.replace(tzinfo=UTC)

    def ready(
        self,
        due: Sequence[Source],
        failing: Sequence[Source],
        reading: Collection[int],
        now: datetime,
    ) -> list[Source]:
        """What is to be read now of what is due, in the same order.

        Args:
            due: the sources that are due.
            failing: those that were read before and will push what they missed, once they are well.
            reading: the numbers of those that are being read.
            now: the moment.
        """
        if self._ahead is None:
            self._ahead = {source.id: source for source in due if source.primed}
            self._started = now
        left = {source.id for source in due}.union(reading)
        self._ahead = {number: each for number, each in self._ahead.items() if number in left}
        new = [source for source in due if not source.primed]
        for each in new:
            self._since.setdefault(each.id, now)
        hosts = {host for each in (*self._ahead.values(), *failing) for host in _hosts(each)}
        all_wait = bool(self._ahead) and now < self._started + _FIRST_TURN
        self.waiting = frozenset(
            each.id
            for each in new
            if all_wait
            or (not hosts.isdisjoint(_hosts(each)) and now < self._since[each.id] + _LONGEST)
        )
        return [source for source in due if source.id not in self.waiting]


def _hosts(source: Source) -> set[str]:
    """Where a source is, and where it is read."""
    urls = [source.url, *([source.reads_url] if source.reads_url else [])]
    return {(urlsplit(url).hostname or "").removeprefix("www.") for url in urls}
