from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.delivery.breaker import Breaker


def test_it_trips_above_a_fifth_of_the_last_two_hundred() -> None:
    breaker = Breaker()
    for number in range(200):
        assert not breaker.trips(refused=number % 5 == 0)
    assert not breaker.trips(refused=False)  # that one left a refused one behind: 39 of 200
    assert not breaker.trips(refused=True)
    assert breaker.trips(refused=True)


def test_a_few_refusals_are_nothing_however_few_sends_there_were() -> None:
    breaker = Breaker()
    assert [breaker.trips(refused=True) for _ in range(41)] == [False] * 40 + [True]


def test_a_success_never_trips_it() -> None:
    breaker = Breaker()
    for _ in range(60):
        breaker.trips(refused=True)
    assert not breaker.trips(refused=False)
    assert breaker.trips(refused=True)


def test_it_begins_anew() -> None:
    breaker = Breaker()
    for _ in range(60):
        breaker.trips(refused=True)
    breaker.reset()
    assert [breaker.trips(refused=True) for _ in range(41)] == [False] * 40 + [True]


def test_only_chats_of_the_sends_looked_at_are_told() -> None:
    """Whoever blocked the bot long before is none of them, and must not be written to again."""
    breaker = Breaker()
    breaker.trips(refused=True, closed_chat=1)
    for _ in range(199):
        breaker.trips(refused=False)
    breaker.trips(refused=True)
    breaker.trips(refused=True, closed_chat=3)
    assert breaker.reset() == (3,)
    assert breaker.reset() == ()


@given(st.lists(st.booleans(), max_size=600))
def test_it_counts_as_one_would(sends: list[bool]) -> None:
    breaker = Breaker()
    for end, refused in enumerate(sends, 1):
        assert breaker.trips(refused=refused) == (
            refused and sum(sends[max(0, end - 200) : end]) > 40
        )
