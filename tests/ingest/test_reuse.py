from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.ingest.naming import candidates
from bot.ingest.reuse import doubtful_owners, reused
from bot.model import Alias, AliasKind, Entry, Feed
from bot.storage.names import Owner

NOW = datetime(2026, 11, 23, 9, 5, tzinfo=UTC)
HERE = 1
OLD = Owner(7, HERE, "Открыт новый мост", "https://news.example/7", NOW, 1)
ID, URL = Alias(AliasKind.GUID, "7"), Alias(AliasKind.URL, OLD.url)


def entry(
    title: str = "Школы закрыли на карантин",
    guid: str | None = "7",
    url: str | None = "https://news.example/8",
    hours: float | None = 1,
) -> Entry:
    published = None if hours is None else NOW + timedelta(hours=hours)
    return Entry(guid, url, title, "", published, None, None, "")


def found(*entries: Entry, owner: Owner = OLD, other: Owner | None = None) -> set[Alias]:
    """What of these entries' names is reused, where ``owner`` has an id and an address.

    ``other`` has the address alone that its number makes.
    """
    named = candidates(Feed("", None, entries))
    known = {ID: 7, URL: 7}
    owners = {7: owner}
    if other is not None:
        known[Alias(AliasKind.URL, other.url)] = other.article_id
        owners[other.article_id] = other
    asked = {number: owners[number] for number in doubtful_owners(named, known)}
    return reused(named, known, asked, HERE)


SHARED_ID = {Alias(AliasKind.SHARED, "7")}
SHARED_URL = {Alias(AliasKind.SHARED_URL, OLD.url)}


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (entry(), SHARED_ID),
        (entry(url=None), SHARED_ID),
        (entry(hours=0), set()),  # an edit without another date
        (entry(hours=None), set()),
        (entry("Новый мост закрыт"), set()),  # its subject is the same
        (entry("Открыт новый мост"), set()),  # moved
        (entry(url=OLD.url), set()),  # another headline
        (entry(""), set()),
    ],
)
def test_an_id_is_another_articles_where_nothing_agrees(one: Entry, expected: set[Alias]) -> None:
    assert found(one) == expected


def test_an_id_is_another_articles_where_the_feed_shows_its_own_besides() -> None:
    """Then a word in common, or no date, says nothing."""
    own = entry(OLD.title, "9", OLD.url, hours=0)
    one = entry("Новый мост закрыт", hours=None)
    assert found(one, own) == SHARED_ID


def test_an_id_is_another_articles_whose_address_and_title_it_comes_with() -> None:
    other = replace(OLD, article_id=8, title="Новый мост закрыт", url="https://news.example/8")
    assert found(entry(other.title), other=other) == SHARED_ID
    assert found(entry("Третий заголовок"), other=other) == set()


def test_where_ids_are_places_an_edited_headline_does_not_lead_to_another_article() -> None:
    """The entry of one article once rewrote the one that had its place before."""
    owners = {
        at: Owner(at + 1, HERE, title, f"https://news.example/{at}", NOW, 1)
        for at, title in enumerate(("Открыт мост", "Школы закрыли", "Снег убран", "Мэр уехал"))
    }
    known = {
        name: owner.article_id
        for at, owner in owners.items()
        for name in (Alias(AliasKind.GUID, str(at)), Alias(AliasKind.URL, owner.url))
    }
    shown = [
        entry("Новое кино", "0", "https://news.example/9", None),
        *(entry(owners[at].title, str(at + 1), owners[at].url, None) for at in range(3)),
    ]
    by_number = {each.article_id: each for each in owners.values()}
    for edited in (2, 3):
        titles = [*shown]
        titles[edited] = replace(shown[edited], title="Другой заголовок")
        named = candidates(Feed("", None, tuple(titles)))
        assert reused(named, known, by_number, HERE) == {
            Alias(AliasKind.SHARED, str(at)) for at in range(4)
        }


@pytest.mark.parametrize(
    ("one", "owner", "expected"),
    [
        (entry(guid="8", url=OLD.url), OLD, SHARED_URL),
        (entry(guid="8", url=OLD.url, hours=0), OLD, set()),
        (entry(guid="8", url=OLD.url, title="Открыт новый пешеходный мост"), OLD, set()),
        (entry(guid=None, url=OLD.url), OLD, set()),  # nothing but an edit can be told
        # Its ids change, or it came from a list without any, or from another source.
        (entry(guid="8", url=OLD.url), replace(OLD, ids=2), set()),
        (entry(guid="8", url=OLD.url), replace(OLD, ids=0), set()),
        (entry(guid="8", url=OLD.url), replace(OLD, source_id=2), set()),
    ],
)
def test_an_address_is_shared_where_id_title_and_date_are_others(
    one: Entry, owner: Owner, expected: set[Alias]
) -> None:
    assert found(one, owner=owner) == expected


def test_where_ids_are_made_anew_a_new_id_says_nothing() -> None:
    other = replace(OLD, article_id=8, title="Школы закрыли", url="https://news.example/8")
    same = entry(other.title, "new-8", other.url, hours=0)
    assert found(entry("Движение встало", "new-7", OLD.url), same, other=other) == set()


@pytest.mark.parametrize(
    ("place", "hours", "expected"),
    [("#2", 1, SHARED_URL), ("#1", 1, set()), ("", 1, set()), ("#2", 0, set())],
)
def test_places_of_one_page_tell_articles_apart(
    place: str, hours: float, expected: set[Alias]
) -> None:
    first = replace(OLD, url=f"{OLD.url}#1")
    assert found(entry(guid=None, url=f"{OLD.url}{place}", hours=hours), owner=first) == expected
