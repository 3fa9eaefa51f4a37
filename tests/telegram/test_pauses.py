"""What must not become of a pause, and of those who need not wait."""

from __future__ import annotations

import asyncio

import pytest

from bot.telegram.buckets import Bucket
from bot.telegram.pace import Lane, Pacer


def test_a_reply_during_a_pause_makes_it_no_longer_where_the_rate_falls() -> None:
    """What was to come in until its end was once reckoned at the new rate: minutes were lost."""
    bucket = Bucket.full(25.0, 2.0, 0.0).emptied(1000.0)
    bucket = bucket.take(1.0).take(2.0).at_rate(5.0, 3.0)
    assert bucket.wait(1000.0) == pytest.approx(2 / 5)


def test_a_reply_during_a_pause_is_paid_for_after_it() -> None:
    now = [0.0]
    pacer = Pacer(25, clock=lambda: now[0])
    pacer.pause(600)
    for second in range(300):
        now[0] = second
        pacer.reply()
        pacer.answered(9.0 if second > 100 else 0.1)
    assert pacer.rate < 25
    now[0] = 600.0
    assert 0 < pacer._wait(Lane.NEWS) <= 300 / 5


async def test_news_need_not_let_paid_breaking_news_go_first() -> None:
    """They once waited for as long as any of those was to leave, although they leave beside."""
    stop = asyncio.Event()
    pacer = Pacer(1000, paid=True)
    async with asyncio.timeout(30):
        breaking = [asyncio.create_task(pacer.turn(Lane.BREAKING, stop)) for _ in range(3000)]
        await asyncio.sleep(0)
        assert all([await pacer.turn(Lane.NEWS, stop) for _ in range(5)])
        assert not all(turn.done() for turn in breaking)
        stop.set()
        await asyncio.gather(*breaking)
