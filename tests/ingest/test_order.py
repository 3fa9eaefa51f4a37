"""Which sources are read first: those whose news a first read would take."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.ingest.order import Order
from bot.model import Source

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


def source(number: int, host: str, *, primed: bool = True, reads: str | None = None) -> Source:
    url = f"https://{host}/{number}.xml"
    return Source(number, url, None, None, None, failures=0, primed=primed, reads_url=reads)


OLD, OTHER = source(1, "a.example"), source(2, "b.example")
NEW = source(3, "a.example", primed=False)
ELSEWHERE = source(4, "c.example", primed=False)


def test_at_a_start_new_sources_wait_until_the_others_were_read() -> None:
    order = Order()
    assert order.ready([NEW, OLD, OTHER, ELSEWHERE], [], (), NOW) == [OLD, OTHER]
    assert order.waiting == {3, 4}
    assert order.ready([NEW, ELSEWHERE], [], {1, 2}, NOW + SECOND) == []
    assert order.ready([NEW, ELSEWHERE], [], {1}, NOW + 2 * SECOND) == []
    assert order.ready([NEW, ELSEWHERE], [], (), NOW + 3 * SECOND) == [NEW, ELSEWHERE]
    assert order.waiting == frozenset()


def test_where_all_are_new_or_none_is_nothing_waits() -> None:
    assert Order().ready([NEW, ELSEWHERE], [], (), NOW) == [NEW, ELSEWHERE]
    assert Order().ready([OLD, OTHER], [OLD], (), NOW) == [OLD, OTHER]


def test_after_the_start_no_new_source_waits_for_what_is_due_again() -> None:
    order = Order()
    order.ready([OLD], [], (), NOW)
    order.ready([], [], (), NOW + SECOND)
    assert order.ready([OLD, NEW], [], (), NOW + MINUTE) == [OLD, NEW]


def test_a_slow_source_holds_up_those_of_other_hosts_for_a_minute() -> None:
    order = Order()
    order.ready([OLD, NEW, ELSEWHERE], [], (), NOW)
    assert order.ready([NEW, ELSEWHERE], [], {1}, NOW + 59 * SECOND) == []
    assert order.ready([NEW, ELSEWHERE], [], {1}, NOW + MINUTE) == [ELSEWHERE]
    assert order.ready([NEW, ELSEWHERE], [], {1}, NOW + 59 * MINUTE) == [ELSEWHERE]
    assert order.ready([NEW, ELSEWHERE], [], {1}, NOW + HOUR) == [NEW, ELSEWHERE]


def test_a_new_source_waits_for_one_of_its_host_that_fails() -> None:
    """What the failing one had missed was once stored by the first read, and reached nobody."""
    order = Order()
    assert order.ready([NEW, ELSEWHERE], [OLD], (), NOW) == [ELSEWHERE]
    assert order.ready([NEW], [OLD], {4}, NOW + 8 * MINUTE) == []
    assert order.waiting == {3}
    assert order.ready([NEW], [], (), NOW + 9 * MINUTE) == [NEW]


def test_one_that_fails_for_good_is_waited_for_an_hour() -> None:
    order = Order()
    assert order.ready([NEW], [OLD], (), NOW) == []
    assert order.ready([NEW], [OLD], (), NOW + HOUR - SECOND) == []
    assert order.ready([NEW], [OLD], (), NOW + HOUR) == [NEW]


def test_nothing_is_waited_for_twice() -> None:
    """A first read may need several turns, or fail itself."""
    order = Order()
    order.ready([NEW], [OLD], (), NOW)
    assert order.ready([NEW], [OLD], (), NOW + HOUR) == [NEW]
    assert order.ready([], [OLD], (), NOW + HOUR + SECOND) == []
    assert order.ready([NEW], [OLD], (), NOW + HOUR + MINUTE) == [NEW]


def test_a_host_is_the_same_by_its_other_name_and_where_a_source_is_read_now() -> None:
    by_name = source(5, "www.a.example", primed=False)
    moved = source(6, "old.example", reads="https://a.example/feed")
    assert Order().ready([by_name], [OLD], (), NOW) == []
    assert Order().ready([NEW], [moved], (), NOW) == []
