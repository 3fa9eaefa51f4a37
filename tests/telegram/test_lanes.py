"""Which lane goes first."""

from __future__ import annotations

import asyncio

from bot.telegram.pace import Lane, Pacer


async def _turns(pacer: Pacer, lane: Lane, count: int, done: list[Lane]) -> None:
    for _ in range(count):
        assert await pacer.turn(lane, asyncio.Event())
        done.append(lane)


async def test_edits_trickle_while_pushes_leave_and_flow_when_they_have_left() -> None:
    """Each push asks only when the one before has left, as the sender's loop does."""
    pacer = Pacer(100)
    done: list[Lane] = []
    await asyncio.gather(
        _turns(pacer, Lane.NEWS, 300, done), _turns(pacer, Lane.AMENDMENT, 30, done)
    )
    last_push = max(place for place, lane in enumerate(done) if lane is Lane.NEWS)
    among = done[:last_push].count(Lane.AMENDMENT)
    assert 1 <= among <= 4  # one every two seconds, in three
    assert done.count(Lane.AMENDMENT) == 30
