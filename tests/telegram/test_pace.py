from __future__ import annotations

import asyncio
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Chat, ChatKind
from bot.telegram import pace
from bot.telegram.pace import Bucket, Pacer

ANNA = Chat(7, ChatKind.PRIVATE)
GROUP = Chat(-50, ChatKind.SUPERGROUP)


class Clock:
    """Stands still until somebody rests."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that rests move on; who rests lets the others run first."""
    made = Clock()

    async def rest(stop: asyncio.Event, seconds: float) -> None:
        await asyncio.sleep(0)
        if not stop.is_set():
            made.now += max(seconds, 1e-6)

    monkeypatch.setattr(pace, "rest", rest)
    return made


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


# --- Pushes -----------------------------------------------------------------------------------


async def _turns(pacer: Pacer, clock: Clock, count: int) -> list[float]:
    """When each of so many pushes may leave, asked for one after another."""
    stop = asyncio.Event()
    moments = []
    for _ in range(count):
        assert await pacer.turn(stop)
        moments.append(clock.now - 1000)
    return moments


async def test_pushes_leave_in_a_burst_and_then_at_the_rate(clock: Clock) -> None:
    moments = await _turns(Pacer(25, clock), clock, 30)
    assert moments[:5] == [0.0] * 5
    assert moments[5:] == pytest.approx([n * 0.04 for n in range(1, 26)], abs=1e-4)


async def test_a_slow_rate_has_no_burst(clock: Clock) -> None:
    moments = await _turns(Pacer(0.5, clock), clock, 3)
    assert moments == pytest.approx([0, 2, 4], abs=1e-4)


async def test_turns_come_in_the_order_of_asking(clock: Clock) -> None:
    pacer, stop, order = Pacer(10, clock), asyncio.Event(), []

    async def ask(number: int) -> None:
        assert await pacer.turn(stop)
        order.append(number)

    await asyncio.gather(*(ask(number) for number in range(20)))
    assert order == list(range(20))


async def test_a_pause_holds_all_pushes(clock: Clock) -> None:
    pacer = Pacer(25, clock)
    pacer.pause(30)
    pacer.pause(3)  # the longer one stays
    moments = await _turns(pacer, clock, 6)
    assert moments[0] == pytest.approx(30, abs=1e-3)
    assert moments[5] == pytest.approx(30.2, abs=1e-3)  # one probes, the others follow at the rate


async def test_a_pause_that_comes_while_a_push_waits_holds_it(clock: Clock) -> None:
    pacer, stop = Pacer(25, clock), asyncio.Event()
    await _turns(pacer, clock, 5)
    waiting = asyncio.create_task(pacer.turn(stop))
    await asyncio.sleep(0)
    pacer.pause(30)
    assert await waiting
    assert clock.now - 1000 >= 30


async def test_replies_pass_at_once_and_pushes_make_room(clock: Clock) -> None:
    pacer = Pacer(25, clock)
    for _ in range(30):
        pacer.reply()
    assert clock.now == 1000
    (moment,) = await _turns(pacer, clock, 1)
    assert moment == pytest.approx(26 / 25, abs=1e-3)


async def test_a_stop_ends_the_wait(clock: Clock) -> None:
    pacer, stop = Pacer(25, clock), asyncio.Event()
    pacer.pause(math.inf)
    waiting = [asyncio.create_task(pacer.turn(stop)) for _ in range(3)]
    stop.set()
    assert await asyncio.gather(*waiting) == [False] * 3
    assert not await pacer.turn(stop)


async def test_a_real_rest_is_cut_short_by_a_stop() -> None:
    pacer, stop = Pacer(25), asyncio.Event()
    pacer.pause(3600)
    waiting = asyncio.create_task(pacer.turn(stop))
    await asyncio.sleep(0)
    stop.set()
    assert not await asyncio.wait_for(waiting, 5)


async def test_a_stop_takes_no_token(clock: Clock) -> None:
    pacer, stop = Pacer(25, clock), asyncio.Event()
    stop.set()
    for _ in range(10):
        assert not await pacer.turn(stop)
    assert await _turns(pacer, clock, 5) == [0.0] * 5


# --- Chats ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chat", "burst", "gap"),
    [(ANNA, 20, 1.0), (GROUP, 5, 4.0), (Chat(-9, ChatKind.CHANNEL), 5, 4.0)],
    ids=["private", "group", "channel"],
)
def test_a_chat_gets_its_burst_and_then_at_its_rate(chat: Chat, burst: int, gap: float) -> None:
    clock = Clock()
    pacer = Pacer(25, clock)
    assert [pacer.chat_wait(chat) for _ in range(burst)] == [0.0] * burst
    assert pacer.chat_wait(chat) == pytest.approx(gap)
    clock.now += gap / 2
    assert pacer.chat_wait(chat) == pytest.approx(gap / 2)
    clock.now += gap / 2 + 1e-6
    assert pacer.chat_wait(chat) == 0.0
    assert pacer.chat_wait(chat) == pytest.approx(gap, abs=1e-3)


def test_no_group_gets_more_than_telegram_advises() -> None:
    """Twenty in any minute; a burst on top of that rate once made thirty in the first one."""
    clock = Clock()
    pacer = Pacer(25, clock)
    sent = []
    for _ in range(3000):
        if pacer.chat_wait(GROUP) == 0:
            sent.append(clock.now)
        clock.now += 0.1
    assert len(sent) >= 75
    assert 18 <= max(sum(start <= at < start + 60 for at in sent) for start in sent) <= 20


def test_asking_in_vain_costs_nothing() -> None:
    clock = Clock()
    pacer = Pacer(25, clock)
    while pacer.chat_wait(ANNA) == 0:
        pass
    assert [pacer.chat_wait(ANNA) for _ in range(100)] == [1.0] * 100


def test_chats_do_not_wait_for_each_other() -> None:
    pacer = Pacer(25, Clock())
    while pacer.chat_wait(ANNA) == 0:
        pass
    assert pacer.chat_wait(Chat(8, ChatKind.PRIVATE)) == 0.0


def test_topics_of_a_forum_share_the_chat() -> None:
    pacer = Pacer(25, Clock())
    waits = [pacer.chat_wait(Chat(-50, ChatKind.SUPERGROUP, thread)) for thread in range(6)]
    assert waits[:5] == [0.0] * 5
    assert waits[5] > 0


def test_chats_that_have_rested_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "_FORGET_ABOVE", 100)
    clock = Clock()
    pacer = Pacer(25, clock)
    while pacer.chat_wait(ANNA) == 0:
        pass
    for number in range(1000):
        clock.now += 0.01
        pacer.chat_wait(Chat(1000 + number, ChatKind.PRIVATE))
    assert len(pacer._chats) <= 110
    assert 0 < pacer._chats[ANNA.id].level(clock.now) < 20  # still owes: not forgotten
