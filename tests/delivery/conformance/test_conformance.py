"""The sender keeps its promises in every schedule: random ones, on both databases.

`VESTNIK_SCHEDULES` says how many are played on SQLite, and a sixth of it on PostgreSQL.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, given, settings

from tests.delivery.conformance.schedule import Schedule, schedules
from tests.delivery.conformance.stage import Stage, stage

SCHEDULES = int(os.environ.get("VESTNIK_SCHEDULES", "60"))


def _play(on: Stage, count: int) -> None:
    # Not shrunk: a schedule prints itself, and one that fails is found again by its seed.
    @settings(
        max_examples=count,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.reuse, Phase.generate),
    )
    @given(schedules())
    def play(schedule: Schedule) -> None:
        on.play(schedule)

    play()
    assert on.played >= min(count, 1)


def test_every_schedule_on_sqlite(sqlite_url: str) -> None:
    with stage(sqlite_url, one_by_one=True) as on:
        _play(on, SCHEDULES)


def test_every_schedule_on_postgresql(postgres_url: str) -> None:
    with stage(postgres_url, one_by_one=True) as on:
        _play(on, max(SCHEDULES // 6, 1))
