from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Chat, ChatKind
from bot.telegram import pace
from bot.telegram.pace import Lane, Pacer

ANNA = Chat(7, ChatKind.PRIVATE)
GROUP = Chat(-50, ChatKind.SUPERGROUP)
NEWS = Lane.NEWS


class Clock:
    """Stands still until somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that sleeps move on; who sleeps lets the others run first."""
    made = Clock()
    slept = asyncio.sleep

    async def sleep(seconds: float) -> None:
        await slept(0)
        made.now += max(seconds, 1e-6)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return made


async def _turns(pacer: Pacer, clock: Clock, count: int, lane: Lane = NEWS) -> list[float]:
    """When each of so many pushes may leave, asked for one after another."""
    stop = asyncio.Event()
    moments = []
    for _ in range(count):
        assert await pacer.turn(lane, stop)
        moments.append(clock.now - 1000)
    return moments


def _most_in_a_second(moments: Sequence[float]) -> int:
    return max(sum(start <= at < start + 1.0 for at in moments) for start in moments)


# --- Turns ------------------------------------------------------------------------------------


async def test_pushes_leave_evenly_and_use_nearly_all_of_the_rate(clock: Clock) -> None:
    moments = await _turns(Pacer(30, clock=clock), clock, 600)
    assert _most_in_a_second(moments) <= 30
    assert 599 / moments[-1] >= 0.98 * 30
    gaps = [after - before for before, after in pairwise(moments)]
    assert max(gaps) < 0.08


async def test_a_slow_rate_has_no_burst(clock: Clock) -> None:
    moments = await _turns(Pacer(0.5, clock=clock), clock, 3)
    assert moments == pytest.approx([0, 2.03, 4.06], abs=0.01)


async def test_turns_come_in_the_order_of_asking(clock: Clock) -> None:
    pacer, stop, order = Pacer(10, clock=clock), asyncio.Event(), []

    async def ask(number: int) -> None:
        assert await pacer.turn(NEWS, stop)
        order.append(number)

    await asyncio.gather(*(ask(number) for number in range(20)))
    assert order == list(range(20))


async def test_breaking_news_go_first(clock: Clock) -> None:
    pacer, stop, order = Pacer(10, clock=clock), asyncio.Event(), []

    async def ask(lane: Lane) -> None:
        assert await pacer.turn(lane, stop)
        order.append(lane)

    await _turns(pacer, clock, 3)
    lanes = [Lane.NEWS] * 5 + [Lane.BREAKING] * 5
    await asyncio.gather(*(ask(lane) for lane in lanes))
    assert order == sorted(lanes)


async def test_paid_breaking_news_have_a_pace_of_their_own(clock: Clock) -> None:
    pacer = Pacer(10, paid=True, clock=clock)
    moments = await _turns(pacer, clock, 500, Lane.BREAKING)
    assert 499 / moments[-1] == pytest.approx(1000, rel=0.05)
    assert (await _turns(pacer, clock, 1))[0] - moments[-1] < 0.01  # others do not pay for it


@given(replies=st.lists(st.floats(0.0, 0.5), max_size=60), rate=st.integers(2, 60))
async def test_no_second_has_more_pushes_than_the_rate(replies: list[float], rate: int) -> None:
    clock = Clock()
    pacer = Pacer(rate, clock=clock)
    sent: list[float] = []
    for gap in replies:
        clock.now += gap
        pacer.reply()
        while (wait := pacer._wait(NEWS)) <= 0:
            pacer._take(NEWS)
            sent.append(clock.now)
        assert wait < 60
    if sent:
        assert _most_in_a_second(sent) <= rate


async def test_replies_pass_at_once_and_pushes_make_room(clock: Clock) -> None:
    pacer = Pacer(25, clock=clock)
    for _ in range(30):
        pacer.reply()
    assert clock.now == 1000
    (moment,) = await _turns(pacer, clock, 1)
    assert moment == pytest.approx(29 / 25, abs=0.05)


async def test_a_stop_ends_the_wait_and_takes_no_token(clock: Clock) -> None:
    pacer, stop = Pacer(0.001, clock=clock), asyncio.Event()
    assert await pacer.turn(NEWS, stop)
    waiting = [asyncio.create_task(pacer.turn(NEWS, stop)) for _ in range(3)]
    stop.set()
    assert await asyncio.gather(*waiting) == [False] * 3
    assert not await pacer.turn(NEWS, stop)


# --- Floods and pauses ------------------------------------------------------------------------


async def test_during_a_pause_nobody_gets_a_turn_and_after_it_one_probes(clock: Clock) -> None:
    pacer, stop = Pacer(25, clock=clock), asyncio.Event()
    pacer.pause(30)
    pacer.pause(3)  # the longer one stays
    assert not await pacer.turn(NEWS, stop)
    assert pacer.paused_for() == 30
    clock.now += 30
    moments = await _turns(pacer, clock, 3)
    assert moments == pytest.approx([30, 30.04, 30.08], abs=0.005)


async def test_a_pause_that_comes_while_a_push_waits_sends_it_back(clock: Clock) -> None:
    pacer, stop = Pacer(1, clock=clock), asyncio.Event()
    await _turns(pacer, clock, 1)
    waiting = asyncio.create_task(pacer.turn(NEWS, stop))
    await asyncio.sleep(0)
    pacer.pause(30)
    assert not await waiting
    assert clock.now < 1002


def test_a_flood_pauses_everything_and_cuts_the_rate_once() -> None:
    clock = Clock()
    pacer = Pacer(30, clock=clock)
    for chat in range(1, 20):  # those in flight together are told the same
        assert pacer.flood(chat, 7)
    assert 7 < pacer.paused_for() < 8
    assert pacer.rate == pytest.approx(21)
    clock.now += 7.4
    assert pacer.paused_for() == 0
    assert pacer.flood(1, 7)
    assert pacer.rate == pytest.approx(14.7)
    clock.now += 3600
    assert pacer.rate == 30


def test_a_chat_that_floods_alone_while_others_get_theirs_pauses_alone() -> None:
    clock = Clock()
    pacer = Pacer(30, clock=clock)
    assert pacer.flood(ANNA.id, 1)
    clock.now += 2
    for _ in range(20):
        pacer.answered(0.1)
    assert not pacer.flood(ANNA.id, 9)
    assert pacer.paused_for() == 0
    assert pacer.closed_for(ANNA.id) > 9
    assert pacer.chat_wait(ANNA) > 9
    assert pacer.chat_wait(Chat(8, ChatKind.PRIVATE)) == 0


def test_a_flood_of_long_ago_says_nothing_of_the_next_one() -> None:
    """A chat that was flooded once was alone for ever: it hid the next flood of all."""
    clock = Clock()
    pacer = Pacer(30, clock=clock)
    pacer.flood(ANNA.id, 1)
    for _ in range(1000):
        pacer.answered(0.1)
    clock.now += 3600
    assert pacer.flood(ANNA.id, 9)
    assert pacer.paused_for() > 9


def test_long_waits_are_told_once_for_the_database() -> None:
    clock = Clock()
    pacer = Pacer(30, clock=clock)
    pacer.flood(ANNA.id, 4)
    assert pacer.take_long_waits() == {}
    pacer.flood(ANNA.id, 600)
    assert pacer.take_long_waits() == {0: 600, ANNA.id: 600}
    assert pacer.take_long_waits() == {}


def test_answers_that_take_long_slow_us_down() -> None:
    pacer = Pacer(30, clock=Clock())
    for _ in range(100):
        pacer.answered(0.1)
    assert pacer.rate == 30
    for _ in range(50):
        pacer.answered(4.0)
    assert pacer.rate == pytest.approx(24)


# --- Chats ------------------------------------------------------------------------------------


def test_a_private_chat_gets_its_burst_and_then_one_a_second() -> None:
    clock = Clock()
    pacer = Pacer(25, clock=clock)
    assert [pacer.chat_wait(ANNA) for _ in range(20)] == [0.0] * 20
    assert pacer.chat_wait(ANNA) == pytest.approx(1.0)
    clock.now += 0.5
    assert pacer.chat_wait(ANNA) == pytest.approx(0.5)
    clock.now += 0.5 + 1e-6
    assert pacer.chat_wait(ANNA) == 0.0
    assert pacer.chat_wait(ANNA) == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("chat", [GROUP, Chat(-9, ChatKind.CHANNEL)], ids=["group", "channel"])
def test_no_group_gets_more_than_20_in_any_minute(chat: Chat) -> None:
    """A burst on top of a rate once made thirty in the first one. Answers count, too."""
    clock = Clock()
    pacer = Pacer(25, clock=clock)
    sent = []
    for step in range(3000):
        if step % 50 == 0:
            pacer.reply(chat.id)
            sent.append(clock.now)
        if pacer.chat_wait(chat) == 0:
            sent.append(clock.now)
        clock.now += 0.1
    assert len(sent) >= 95
    assert max(sum(start <= at < start + 60 for at in sent) for start in sent) <= 20 + 12


def test_pushes_alone_fill_a_group_s_minute_and_no_more() -> None:
    clock = Clock()
    pacer = Pacer(25, clock=clock)
    sent = []
    for _ in range(3000):
        if pacer.chat_wait(GROUP) == 0:
            sent.append(clock.now)
        clock.now += 0.1
    assert len(sent) >= 95
    assert max(sum(start <= at < start + 60 for at in sent) for start in sent) == 20


def test_asking_in_vain_costs_nothing() -> None:
    clock = Clock()
    pacer = Pacer(25, clock=clock)
    while pacer.chat_wait(ANNA) == 0:
        pass
    assert [pacer.chat_wait(ANNA) for _ in range(100)] == [1.0] * 100


def test_chats_do_not_wait_for_each_other() -> None:
    pacer = Pacer(25, clock=Clock())
    while pacer.chat_wait(ANNA) == 0:
        pass
    assert pacer.chat_wait(Chat(8, ChatKind.PRIVATE)) == 0.0


def test_topics_of_a_forum_share_the_chat() -> None:
    pacer = Pacer(25, clock=Clock())
    waits = [pacer.chat_wait(Chat(-50, ChatKind.SUPERGROUP, thread)) for thread in range(21)]
    assert waits[:20] == [0.0] * 20
    assert waits[20] > 0


def test_chats_that_have_rested_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "_FORGET_ABOVE", 100)
    clock = Clock()
    pacer = Pacer(25, clock=clock)
    while pacer.chat_wait(ANNA) == 0:
        pass
    for number in range(1000):
        clock.now += 0.01
        pacer.chat_wait(Chat(1000 + number, ChatKind.PRIVATE))
    assert len(pacer._chats) <= 110
    assert 0 < pacer._chats[ANNA.id].level(clock.now) < 20  # still owes: not forgotten
