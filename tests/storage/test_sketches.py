from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.storage import articles, sketches
from bot.storage.database import Database
from tests.storage.rows import add_source, guid, new_article

HOUR = timedelta(hours=1)


async def test_what_is_recent_is_known_by_when_it_was_stored(
    database: Database, now: datetime
) -> None:
    """However old it is by its date; older ones of one source only where they are asked for."""
    async with database.write() as connection:
        source = await add_source(connection, now)
        other = await add_source(connection, now, "https://other.example/feed")
        assert await sketches.newest_titles(connection, source) == []
        for number, (owner, age, sketch) in enumerate(
            [
                (source, 50, b"old"),
                (other, 50, b"old"),
                (source, 47, b"new"),
                (other, 1, b"new"),
                (source, 1, b""),
            ]
        ):
            new = new_article(guid(str(number)), title=str(number), published=now - 900 * HOUR)
            moment = now - age * HOUR
            await articles.add_article(connection, owner, replace(new, sketch=sketch), moment)
        recent = await sketches.recent_articles(connection, now)
        wide = await sketches.recent_articles(connection, now, besides=source)
        assert sorted(await sketches.newest_titles(connection, source)) == ["0", "2", "4"]
        named = await sketches.named_articles(connection, [1, 5, 1, 99])
        assert await sketches.named_articles(connection, []) == {}
    assert [(each.title, each.sketch) for each in recent] == [("3", b"new"), ("2", b"new")]
    assert [each.title for each in wide] == ["3", "2", "0"]
    assert recent[0].published == now - 900 * HOUR
    assert {number: each.title for number, each in named.items()} == {1: "0", 5: "4"}
