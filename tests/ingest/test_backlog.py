from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from bot.ingest.backlog import Backlog
from bot.ingest.naming import candidates
from bot.model import Alias, AliasKind, Document, Entry, Feed, NewArticle
from bot.storage.revisions import Kept

READ = datetime(2026, 11, 23, 9, 5, 30, tzinfo=UTC)
DAY = timedelta(days=1)


def names(at: int) -> tuple[Alias, ...]:
    return (Alias(AliasKind.GUID, str(at)),)


def backlog(
    ages: Sequence[float | None],
    *,
    known: Sequence[int],
    stored: Sequence[datetime] = (),
    last_read: datetime | None = READ,
) -> Backlog:
    """Of a feed with entries of these ages in days, in its order, of which some are known.

    ``stored`` is when each of these was; without it all were at the last read.
    """
    entries = tuple(
        Entry(
            str(at),
            None,
            f"Title {at}",
            "",
            None if age is None else READ - age * DAY,
            None,
            None,
            "",
        )
        for at, age in enumerate(ages)
    )
    feed = Feed("", None, entries)
    moments = stored or [READ] * len(known)
    kept = {
        at: Kept(None, "", moment.replace(microsecond=0), moment, 1, withdrawn=False, gone=0)
        for at, moment in zip(known, moments, strict=True)
    }
    aliases = {names(at)[0]: at for at in known}
    return Backlog.of(feed, candidates(feed), aliases, kept, last_read)


def new(at: int, age: float | None, *, guessed: bool = False) -> NewArticle:
    published = None if age is None else READ - age * DAY
    return NewArticle(
        names(at), ("S",), "", "T", "", None, None, published, Document(), guessed=guessed
    )


@pytest.mark.parametrize(
    ("ages", "at", "expected"),
    [
        ([2, 3, 9], 2, True),
        ([9, 3, 2], 0, True),  # oldest first
        ([2.5, 2, 3], 0, False),  # back-dated, among the known ones
        ([900, 2, 3], 0, False),  # dated back, and on top
        ([3, 2, 900], 2, False),  # the same where the oldest come first
        ([0.1, 0.5], 1, False),  # of the last day: an editor may be late, or a cache
        ([900, 2, 3, 9], 3, True),  # the first is pinned
        ([900, 2, 3, 9, 10], 3, True),
        ([2, 3, 9, 900], 2, False),
        ([3, None, 9], 2, True),
        ([None, None, 9], 2, False),
    ],
)
def test_what_is_older_than_all_that_is_known_is_no_news(
    ages: list[float | None], at: int, *, expected: bool
) -> None:
    known = [each for each in range(len(ages)) if each != at]
    if ages[-1] == 10:
        known.remove(4)  # two come up at once
    assert backlog(ages, known=known).has(new(at, ages[at])) is expected


def test_where_nothing_is_known_everything_may_be_news() -> None:
    assert not backlog([9, 3], known=[]).has(new(0, 9))
    assert not backlog([2, 9], known=[0], last_read=None).has(new(1, 9))


def test_a_day_is_over_at_its_end_only() -> None:
    """A list may say "yesterday" of what was written late in it."""
    before = Backlog(READ - DAY, frozenset([names(0)]))
    day = (READ - DAY).replace(hour=0, minute=0, second=0)
    for published, expected in (
        (day, False),
        (day - DAY, True),
        (day + timedelta(seconds=1), True),
    ):
        article = new(0, (READ - published) / DAY)
        assert before.has(article) is expected


def test_a_guess_is_no_date() -> None:
    found = Backlog(READ, frozenset([names(0)]), ordered=True)
    assert not found.has(new(0, 9, guessed=True))
    assert found.may_have(new(0, 9, guessed=True))
    assert not found.may_have(new(0, 9))


@pytest.mark.parametrize(
    ("known", "stored", "expected"),
    [
        ([0, 1], [READ, READ - DAY], True),
        ([0, 1], [READ, READ], False),  # all of one read: their order is our guess
        ([0, 1], [READ - DAY, READ], False),  # oldest first, or in no order
        ([1, 2], [READ, READ - DAY], False),  # it stands on top
        ([0, 2], [READ, READ - DAY], False),  # it stands between
    ],
)
def test_without_a_date_the_place_in_a_proven_order_tells(
    known: list[int], stored: list[datetime], *, expected: bool
) -> None:
    at = next(each for each in range(3) if each not in known)
    found = backlog([None] * 3, known=known, stored=stored)
    assert found.may_have(new(at, None)) is expected
    assert not found.has(new(at, None))


def test_dates_of_pages_tell_of_known_entries_that_have_none() -> None:
    entries = (Entry(each, None, each, "", None, None, None, "") for each in "01")
    feed = Feed("", None, tuple(entries))
    kept = {0: Kept(None, "", READ - 3 * DAY, READ, 1, withdrawn=False, gone=0)}
    found = Backlog.of(feed, candidates(feed), {names(0)[0]: 0}, kept, READ)
    assert found.has(new(1, 4))
    assert not found.has(new(1, 2.5))
