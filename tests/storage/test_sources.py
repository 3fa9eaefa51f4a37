from __future__ import annotations

from datetime import datetime, timedelta

from bot.model import Source, SourceSpec, Whereabouts
from bot.storage import sources
from bot.storage.database import Database
from bot.storage.sources import SourceHealth

MINUTE = timedelta(minutes=1)
ONE, TWO = SourceSpec("https://one.example/feed"), SourceSpec("https://two.example/feed", "Наука")


async def _list(database: Database, now: datetime, *specs: SourceSpec) -> None:
    async with database.write() as connection:
        await sources.list_sources(connection, specs, now)


async def _due(database: Database, now: datetime) -> list[Source]:
    async with database.read() as connection:
        return await sources.due_sources(connection, now)


async def _read(database: Database, source: Source, now: datetime, next_at: datetime) -> None:
    async with database.write() as connection:
        await sources.record_read(
            connection,
            source.id,
            now=now,
            next_at=next_at,
            etag='"a"',
            last_modified="Mon, 23 Nov 2026 09:00:00 GMT",
        )


async def test_a_new_source_is_due_and_unknown(database: Database, now: datetime) -> None:
    await _list(database, now, ONE, TWO)
    one, two = await _due(database, now)
    assert one == Source(one.id, ONE.url, None, None, None, 0, primed=False)
    assert (two.url, two.section) == (TWO.url, "Наука")


async def test_a_source_that_is_listed_again_keeps_what_is_known(
    database: Database, now: datetime
) -> None:
    await _list(database, now, ONE)
    (first,) = await _due(database, now)
    await _read(database, first, now, now + MINUTE)
    async with database.write() as connection:
        where = Whereabouts("https://one.example/rss")
        await sources.record_move(connection, first, where, validated=True)

    await _list(database, now, SourceSpec(ONE.url, "Город"))

    (again,) = await _due(database, now)
    assert again == Source(
        first.id,
        ONE.url,
        "Город",
        '"a"',
        "Mon, 23 Nov 2026 09:00:00 GMT",
        0,
        primed=True,
        reads_url="https://one.example/rss",
        read_at=now,
    )


async def test_another_address_has_no_validators_of_the_one_before(
    database: Database, now: datetime
) -> None:
    await _list(database, now, ONE)
    (first,) = await _due(database, now)
    async with database.write() as connection:
        await sources.record_read(
            connection,
            first.id,
            now=now,
            next_at=now,
            etag='"a"',
            last_modified="Mon, 23 Nov 2026 09:00:00 GMT",
            body_hash="abc",
        )
        waiting = Whereabouts(None, "https://two.example/rss", now)
        await sources.record_move(connection, first, waiting)
    (before,) = await _due(database, now)
    assert (before.etag, before.body_hash) == ('"a"', "abc")
    async with database.write() as connection:
        await sources.record_move(connection, before, Whereabouts("https://two.example/rss"))
    (after,) = await _due(database, now)
    assert after.reads_url == "https://two.example/rss"
    assert (after.etag, after.last_modified, after.body_hash) == (None, None, None)


async def test_a_new_start_forgets_no_pause_that_a_site_asked_for(
    database: Database, now: datetime
) -> None:
    """Started again and again, we would ask it each time."""
    await _list(database, now, ONE, TWO)
    one, two = await _due(database, now)
    tomorrow, later = now + 1440 * MINUTE, now + 5 * MINUTE
    async with database.write() as connection:
        await sources.record_failure(connection, one.id, next_at=tomorrow, error="fault")
    await _read(database, two, now, tomorrow)

    await _list(database, later, ONE, TWO)
    assert [source.id for source in await _due(database, later)] == [two.id]
    assert [source.id for source in await _due(database, tomorrow)] == [two.id, one.id]

    # Whoever lists it anew asks for it now.
    await _list(database, later, TWO)
    await _list(database, later, ONE, TWO)
    assert [source.id for source in await _due(database, later)] == [one.id, two.id]


async def test_a_source_that_is_listed_no_more_rests(database: Database, now: datetime) -> None:
    await _list(database, now, ONE, TWO)
    await _list(database, now, TWO)
    assert [source.url for source in await _due(database, now)] == [TWO.url]
    async with database.read() as connection:
        assert [health.url for health in await sources.source_health(connection)] == [TWO.url]
    await _list(database, now)
    async with database.read() as connection:
        assert await sources.upcoming(connection) is None


async def test_sources_come_when_their_time_has_come_longest_overdue_first(
    database: Database, now: datetime
) -> None:
    await _list(database, now, ONE, TWO)
    one, two = await _due(database, now)
    await _read(database, one, now, now + 2 * MINUTE)
    await _read(database, two, now, now + MINUTE)
    assert await _due(database, now) == []
    assert [source.id for source in await _due(database, now + MINUTE)] == [two.id]
    assert [source.id for source in await _due(database, now + 3 * MINUTE)] == [two.id, one.id]
    async with database.read() as connection:
        assert await sources.upcoming(connection) == now + MINUTE
        assert await sources.upcoming(connection, exclude=[two.id]) == now + 2 * MINUTE
        assert await sources.upcoming(connection, exclude=[one.id, two.id]) is None


async def test_failures_count_up_until_a_read(database: Database, now: datetime) -> None:
    await _list(database, now, ONE)
    (source,) = await _due(database, now)
    for number in (1, 2):
        async with database.write() as connection:
            await sources.record_failure(
                connection, source.id, next_at=now + number * MINUTE, error=f"fault {number}"
            )
    async with database.read() as connection:
        assert await sources.source_health(connection) == [
            SourceHealth(ONE.url, None, 2, "fault 2")
        ]
    (failing,) = await _due(database, now + 2 * MINUTE)
    assert (failing.failures, failing.primed) == (2, False)

    await _read(database, source, now + 2 * MINUTE, now + 3 * MINUTE)

    async with database.read() as connection:
        assert await sources.source_health(connection) == [
            SourceHealth(ONE.url, now + 2 * MINUTE, 0, None)
        ]


async def test_nothing_new_keeps_the_validators_and_ends_the_failures(
    database: Database, now: datetime
) -> None:
    await _list(database, now, ONE)
    (source,) = await _due(database, now)
    await _read(database, source, now, now)
    async with database.write() as connection:
        await sources.record_failure(connection, source.id, next_at=now, error="fault")
        await sources.record_unchanged(
            connection,
            source.id,
            now=now + MINUTE,
            next_at=now,
            etag='"a"',
            last_modified=None,
        )
    (again,) = await _due(database, now)
    assert (again.etag, again.failures, again.primed) == ('"a"', 0, True)
    async with database.read() as connection:
        (health,) = await sources.source_health(connection)
    assert (health.read_at, health.error) == (now + MINUTE, None)


async def test_a_failure_of_one_source_is_its_own(database: Database, now: datetime) -> None:
    await _list(database, now, ONE, TWO)
    one, two = await _due(database, now)
    async with database.write() as connection:
        await sources.record_failure(connection, one.id, next_at=now + MINUTE, error="fault")
    assert await _due(database, now) == [two]


async def test_what_fails_and_was_well_before_is_known(database: Database, now: datetime) -> None:
    specs = [SourceSpec(f"https://news.example/{n}") for n in ("well", "fails", "new", "gone")]
    await _list(database, now, *specs)
    well, fails, new, gone = await _due(database, now)
    for source in (well, fails, gone):
        await _read(database, source, now, now)
    async with database.write() as connection:
        for source, times in ((fails, 0), (new, 0), (gone, 2)):
            await sources.record_failure(
                connection, source.id, next_at=now + MINUTE, error="x", gone=times
            )
        assert [each.id for each in await sources.failing_sources(connection)] == [fails.id]
    await _list(database, now, specs[0])
    async with database.read() as connection:
        assert await sources.failing_sources(connection) == []
