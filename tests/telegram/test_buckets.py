from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.telegram.buckets import Bucket, Pulse, Rate, Window

# --- Buckets ----------------------------------------------------------------------------------


def test_a_full_bucket_gives_its_burst_and_then_at_its_rate() -> None:
    bucket = Bucket.full(rate=2.0, burst=3.0, at=0.0)
    for _ in range(3):
        assert bucket.wait(0.0) == 0.0
        bucket = bucket.take(0.0)
    assert bucket.wait(0.0) == 0.5
    assert bucket.wait(0.25) == 0.25
    assert bucket.wait(0.5) == 0.0


def test_a_bucket_holds_no_more_than_its_burst() -> None:
    bucket = Bucket.full(rate=2.0, burst=3.0, at=0.0).take(0.0)
    assert bucket.level(0.25) == 2.5
    assert bucket.level(1e9) == 3.0


def test_a_debt_is_paid_back() -> None:
    bucket = Bucket.full(rate=1.0, burst=1.0, at=0.0)
    for _ in range(4):
        bucket = bucket.take(0.0)
    assert bucket.level(0.0) == -3.0
    assert bucket.wait(0.0) == 4.0
    assert bucket.wait(4.0) == 0.0


@given(
    rate=st.floats(0.1, 100),
    burst=st.floats(1, 50),
    gaps=st.lists(st.floats(0, 5), min_size=1, max_size=60),
)
def test_never_more_than_burst_and_rate_allow(rate: float, burst: float, gaps: list[float]) -> None:
    now, bucket, taken = 0.0, Bucket.full(rate, burst, 0.0), 0
    for gap in gaps:
        now += gap
        if bucket.wait(now) == 0:
            bucket = bucket.take(now)
            taken += 1
        assert taken <= burst + rate * now + 1e-6
        assert bucket.level(now) >= -1e-9


@given(rate=st.floats(0.1, 100), spent=st.integers(0, 50), now=st.floats(0, 1e6))
def test_after_the_wait_there_is_a_token(rate: float, spent: int, now: float) -> None:
    bucket = Bucket.full(rate, 5.0, now)
    for _ in range(spent):
        bucket = bucket.take(now)
    assert bucket.wait(now + bucket.wait(now) + 1e-6) <= 1e-6


# --- Windows ----------------------------------------------------------------------------------


@given(most=st.integers(1, 30), gaps=st.lists(st.floats(0, 0.3), min_size=1, max_size=200))
def test_a_window_is_never_exceeded(most: int, gaps: list[float]) -> None:
    now, window, taken = 1000.0, Window(most, 1.0), list[float]()
    for gap in gaps:
        now += gap
        if window.wait(now) == 0:
            window.take(now)
            taken.append(now)
    for start in taken:
        assert sum(start <= at < start + 1.0 for at in taken) <= most


def test_a_window_tells_how_long_to_wait() -> None:
    window = Window(2, 60.0)
    for at in (0.0, 10.0):
        assert window.wait(at) == 0
        window.take(at)
    assert window.wait(11.0) == 49.0
    window.take(11.0)  # all the same: what does not ask counts too
    assert window.wait(61.0) == 9.0
    assert window.taken(70.9)
    assert not window.taken(71.1)


# --- A rate that adapts -----------------------------------------------------------------------


def test_a_rate_falls_at_once_and_rises_slowly() -> None:
    rate = Rate.full(most=50, least=5, at=0.0).cut(0.7, 100.0)
    assert rate.at(100.0) == pytest.approx(35)
    assert rate.at(159.9) == pytest.approx(35)
    assert rate.at(160.0) == pytest.approx(37)
    assert rate.at(160.0 + 6 * 60) == pytest.approx(49)
    assert rate.at(1e6) == 50


def test_a_rate_never_falls_below_its_floor() -> None:
    rate = Rate.full(most=25, least=5, at=0.0)
    for at in range(20):
        rate = rate.cut(0.7, float(at))
    assert rate.at(20.0) == 5


@given(
    signs=st.lists(st.tuples(st.floats(0, 300), st.sampled_from([0.7, 0.8])), max_size=50),
    most=st.floats(1, 1000),
)
def test_a_rate_stays_within_its_bounds(signs: list[tuple[float, float]], most: float) -> None:
    now, rate = 0.0, Rate.full(most, min(5.0, most), 0.0)
    for gap, factor in signs:
        now += gap
        rate = rate.cut(factor, now)
        assert min(5.0, most) - 1e-9 <= rate.at(now) <= most


# --- The pulse --------------------------------------------------------------------------------


def test_a_pulse_notices_answers_that_take_long() -> None:
    pulse = Pulse()
    assert not any(pulse.rises(0.1) for _ in range(500))
    assert [pulse.rises(2.0) for _ in range(50)] == [False] * 49 + [True]


def test_a_pulse_does_not_mind_what_nobody_would_notice_or_what_is_usual() -> None:
    quick, slow = Pulse(), Pulse()
    assert not any(quick.rises(0.01) for _ in range(100))
    assert not any(quick.rises(0.9) for _ in range(100))
    assert not any(slow.rises(3.0) for _ in range(500))


def test_a_single_slow_answer_is_no_sign() -> None:
    pulse = Pulse()
    assert not any(pulse.rises(60.0 if n % 50 == 7 else 0.1) for n in range(500))
