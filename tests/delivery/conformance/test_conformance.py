"""The sender keeps its promises whatever happens: random schedules on a virtual clock.

`make test ARGS='-k every_schedule'` with SCHEDULES=2000 in the environment plays that many, and a
tenth of it on PostgreSQL.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from hypothesis import Phase, given, settings

from tests.delivery.conformance.schedule import (
    DatabaseAway,
    Effect,
    FailWrite,
    Fault,
    Freeze,
    Kill,
    Publish,
    Schedule,
    schedules,
)
from tests.delivery.conformance.stage import Stage, stage

_ASKED = int(os.environ.get("SCHEDULES", "0"))
_SQLITE, _POSTGRESQL = (_ASKED, _ASKED // 10) if _ASKED else (30, 6)
_PHASES = (Phase.explicit, Phase.reuse, Phase.generate)  # a failure tells its story as it is
_SECONDS_EACH = 5.0

Tell = Callable[[str], None]


@pytest.fixture
def tell(
    capsys: pytest.CaptureFixture[str], record_property: Callable[[str, object], None]
) -> Tell:
    """Say something where a long run is watched."""

    def say(text: str) -> None:
        record_property("schedules", text)
        if _ASKED:
            with capsys.disabled():
                print(f"\n{text}")  # noqa: T201 - for a person who watches

    return say


def _play(on: Stage, most: int) -> None:
    @settings(max_examples=most, phases=_PHASES)
    @given(schedules())
    def played(schedule: Schedule) -> None:
        on.play(schedule)

    played()


@pytest.mark.timeout(60 + _SECONDS_EACH * _SQLITE)
def test_every_schedule_ends_well_on_sqlite(sqlite_url: str, tell: Tell) -> None:
    with stage(sqlite_url, one_by_one=True) as on:
        _play(on, _SQLITE)
    tell(f"{on.played} schedules on SQLite")


@pytest.mark.timeout(60 + _SECONDS_EACH * _POSTGRESQL)
def test_every_schedule_ends_well_on_postgresql(postgres_url: str, tell: Tell) -> None:
    """Transactions overlap there, so a failure may be of one run and not of the next."""
    with stage(postgres_url, one_by_one=False) as on:
        _play(on, _POSTGRESQL)
    tell(f"{on.played} schedules on PostgreSQL")


# --- Schedules that once ended badly ----------------------------------------------------------

_ONCE = {
    "a chat whose send ended while the database was away was never written to again": Schedule(
        privates=4,
        commits=(0.1,),
        events=((0.0, Publish()), (0.16, DatabaseAway(1.0))),
    ),
    "a sender that was frozen went on claiming after its successor had begun": Schedule(
        privates=4,
        commits=(1.0,),
        events=((0.0, Publish()), (1.2, Freeze(successor=0.0, seconds=1.0))),
    ),
    "a sender that was frozen began what had expired meanwhile": Schedule(
        privates=4,
        commits=(1.0,),
        events=((0.0, Publish(ttl=2.0)), (1.2, Freeze(successor=2.0, seconds=0.0))),
    ),
    "a sender that was late with its rescue took what its successor was sending": Schedule(
        privates=12,
        rate=10.0,
        answers=(1.0,),
        commits=(0.2,),
        events=(
            (0.0, Publish()),
            (0.3, Kill(restart=0.0)),
            (0.05, Freeze(successor=0.1, seconds=1.0)),
        ),
    ),
    "after a restart a later article overtook one that was put off": Schedule(
        privates=4,
        answers=(0.2,),
        faults=(Fault(2, Effect.UNREACHABLE),),
        events=((0.0, Publish()), (0.4, Kill(restart=0.0)), (0.0, Publish())),
    ),
    "a long wait was forgotten where the transaction failed that kept it": Schedule(
        privates=1,
        faults=(Fault(1, Effect.FLOOD, 20),),
        events=((0.0, Publish()), (0.05, FailWrite(1, committed=False)), (2.0, Kill(0.0))),
    ),
}


@pytest.mark.parametrize("schedule", _ONCE.values(), ids=_ONCE.keys())
def test_what_once_ended_badly_ends_well(schedule: Schedule, database_url: str) -> None:
    with stage(database_url, one_by_one=True) as on:
        on.play(schedule)


def test_a_schedule_is_played_the_same_way_each_time(sqlite_url: str) -> None:
    schedule = Schedule(
        privates=20,
        groups=2,
        answers=(0.3, 0.1, 0.05),
        faults=(Fault(5, Effect.FLOOD, 3), Fault(20, Effect.ACCEPTED_CUT)),
        events=((0.0, Publish()), (0.1, Publish(breaking=True)), (0.3, Kill(1.0))),
    )
    with stage(sqlite_url, one_by_one=True) as on:
        first, second = (on.play(schedule).story for _ in range(2))
    assert first == second
