"""Who may take a role, and whose renewal counts."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from sqlalchemy import text, update

from bot.model import Role
from bot.storage import leases
from bot.storage.database import Database
from bot.storage.schema import lease

MINUTE = timedelta(minutes=1)
ROUNDS = 25
ELECTORS = 5


async def take(
    database: Database, holder: str, *, role: Role = Role.SEND, alone: bool = False
) -> int | None:
    async with database.write() as connection:
        return await leases.acquire(
            connection, role, holder, now=datetime.now(UTC), duration=MINUTE, alone=alone
        )


async def renewed(database: Database, holder: str, terms: dict[Role, int]) -> set[Role]:
    async with database.write() as connection:
        return await leases.renew(connection, holder, terms, now=datetime.now(UTC), duration=MINUTE)


async def let_go(database: Database, holder: str, term: int) -> None:
    async with database.write() as connection:
        await leases.release(connection, Role.SEND, holder, term, now=datetime.now(UTC))


async def run_out(database: Database) -> None:
    """As if a minute had gone by in which nobody renewed."""
    async with database.write() as connection:
        moment = datetime.now(UTC) - timedelta(seconds=1)
        await connection.execute(update(lease).values(until=moment))


async def test_a_role_is_led_by_one_until_it_runs_out(database: Database) -> None:
    assert await take(database, "a") == 1
    assert await take(database, "b") is None
    await run_out(database)
    assert await take(database, "b") == 2
    assert await take(database, "a") is None


async def test_roles_are_taken_one_by_one(database: Database) -> None:
    assert await take(database, "a", role=Role.READ) == 1
    assert await take(database, "b", role=Role.SEND) == 1
    assert await renewed(database, "a", {Role.READ: 1, Role.SEND: 1}) == {Role.READ}


async def test_of_many_that_ask_at_once_exactly_one_wins(database: Database) -> None:
    """In every round, be it after a release or after a death; the term grows by one."""
    names = [f"elector {number}" for number in range(ELECTORS)]
    for term in range(1, ROUNDS + 1):
        answers = await asyncio.gather(*(take(database, name) for name in names))
        assert sorted(filter(None, answers)) == [term]
        winner = names[answers.index(term)]
        if term % 2:
            await let_go(database, winner, term)
        else:
            await run_out(database)


async def test_a_renewal_puts_the_end_off(database: Database) -> None:
    await take(database, "a")
    await run_out(database)
    assert await renewed(database, "a", {Role.SEND: 1}) == {Role.SEND}  # nobody took it meanwhile
    assert await take(database, "b") is None


async def test_whoever_was_replaced_renews_nothing(database: Database) -> None:
    await take(database, "a")
    await run_out(database)
    await take(database, "b")
    await run_out(database)
    assert await renewed(database, "a", {Role.SEND: 1}) == set()
    assert await take(database, "c") == 3


async def test_an_older_term_of_the_same_holder_is_replaced_too(database: Database) -> None:
    """An answer that was lost must not keep the holder out; its old holding ends all the same."""
    assert await take(database, "a") == 1
    assert await take(database, "a") == 2
    assert await renewed(database, "a", {Role.SEND: 1}) == set()
    await let_go(database, "a", 1)
    assert await take(database, "b") is None
    assert await renewed(database, "a", {Role.SEND: 2}) == {Role.SEND}


async def test_a_release_hands_over_at_once_and_a_late_renewal_takes_nothing_back(
    database: Database,
) -> None:
    await take(database, "a")
    await let_go(database, "a", 1)
    assert await renewed(database, "a", {Role.SEND: 1}) == set()
    assert await take(database, "b") == 2


async def test_a_release_by_somebody_else_changes_nothing(database: Database) -> None:
    await take(database, "a")
    await let_go(database, "b", 1)
    assert await take(database, "b") is None


async def test_whoever_is_alone_takes_what_the_dead_left(database: Database) -> None:
    await take(database, "a")
    assert await take(database, "b", alone=True) == 2


async def test_nothing_is_renewed_where_nothing_is_led(database: Database) -> None:
    assert await renewed(database, "a", {}) == set()


async def test_on_postgresql_the_clock_of_the_database_counts(postgres_url: str) -> None:
    """The clocks of hosts differ; one that is an hour ahead must not take what is led."""
    async with Database.open(postgres_url) as database:
        await take(database, "a")
        for hours in (-1, 1):
            async with database.write() as connection:
                moment = datetime.now(UTC) + timedelta(hours=hours)
                taken = await leases.acquire(
                    connection, Role.SEND, "b", now=moment, duration=MINUTE
                )
            assert taken is None
        async with database.read() as connection:
            left = await connection.scalar(text("SELECT until - now() FROM lease"))
        assert left is not None
        assert timedelta(0) < left <= MINUTE
