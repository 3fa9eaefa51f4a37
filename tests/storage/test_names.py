from __future__ import annotations

from datetime import datetime

from bot.model import Alias, AliasKind
from bot.storage import articles
from bot.storage.database import Database
from bot.storage.names import Owner, learn_names, name_owners
from tests.storage.rows import add_source, guid, new_article, url


async def test_an_article_learns_a_few_names_of_a_kind(database: Database, now: datetime) -> None:
    """Ids that were made anew at each read once swelled the database without end."""
    async with database.write() as connection:
        source = await add_source(connection, now)
        one = await articles.add_article(connection, source, new_article(guid("0")), now)
        two = await articles.add_article(connection, source, new_article(guid("x")), now)
        assert one is not None
        assert two is not None
        ids = [guid(str(number)) for number in range(30)]
        await learn_names(connection, source, {one: [*ids[:10], url("u")], two: [guid("y")]})
        await learn_names(
            connection, source, {one: [*ids[10:], Alias(AliasKind.SHARED, "s")], 3: ()}
        )
        known = await articles.known_aliases(
            connection, source, [*ids, url("u"), guid("y"), Alias(AliasKind.SHARED, "s")]
        )
    assert sum(name.kind is AliasKind.GUID for name, owner in known.items() if owner == one) == 20
    assert known[url("u")] == known[Alias(AliasKind.SHARED, "s")] == one
    assert known[guid("y")] == two


async def test_owners_of_names_tell_how_many_ids_they_have_here(
    database: Database, now: datetime
) -> None:
    async with database.write() as connection:
        source = await add_source(connection, now)
        other = await add_source(connection, now, "https://other.example/feed")
        new = new_article(guid("1"), guid("2"), url("u"), published=now)
        number = await articles.add_article(connection, source, new, now)
        assert number is not None
        here = await name_owners(connection, source, [number, 99])
        there = await name_owners(connection, other, [number])
    assert here == {number: Owner(number, source, new.title, new.url, now, 2)}
    assert there[number].ids == 0
