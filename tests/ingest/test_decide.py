from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ingest.decide import compose
from bot.ingest.naming import candidates, learnt_names, new_candidates, shared_names
from bot.model import (
    Alias,
    AliasKind,
    Document,
    Entry,
    Extracted,
    Feed,
    Heading,
    NewArticle,
    Paragraph,
    Span,
)

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def entry(
    guid: str | None = None,
    url: str | None = None,
    title: str = "Title",
    published: datetime | None = None,
    lead: str = "",
    image: str | None = None,
) -> Entry:
    return Entry(guid, url, title, lead, published, None, image, "")


def feed(*entries: Entry) -> Feed:
    return Feed("The feed", "ru", entries)


def body(text: str) -> Document:
    return Document((Paragraph((Span(text),)),))


def page(text: str = "", **fields: Any) -> Extracted:
    known: dict[str, Any] = {
        "url": None,
        "title": "",
        "lead": "",
        "sections": (),
        "image": None,
        "language": None,
        "published": None,
        "updated": None,
        "document": body(text) if text else Document(),
    }
    return Extracted(**{**known, **fields})


def make(
    one: Entry,
    of: Extracted | None = None,
    content: Document | None = None,
    *,
    allow_private: bool = False,
) -> NewArticle:
    return compose(
        candidates(feed(one))[0],
        of,
        content or Document(),
        section=("News",),
        language="ru",
        allow_private=allow_private,
    )


def test_an_entry_is_known_by_its_id_and_by_its_address() -> None:
    (found,) = candidates(feed(entry("1", "https://www.example.org/a/?utm_source=rss")))
    assert found.aliases == (
        Alias(AliasKind.GUID, "1"),
        Alias(AliasKind.URL, found.aliases[1].key),
    )
    assert "utm" not in found.aliases[1].key


def test_any_known_name_makes_an_entry_known() -> None:
    """Sites that changed their ids, or their addresses, once had everything pushed anew."""
    old = candidates(feed(entry("1", "https://example.org/a")))[0].aliases
    renamed = candidates(feed(entry("new-id", "https://example.org/a")))
    moved = candidates(feed(entry("1", "https://example.org/moved")))
    assert new_candidates(renamed, old) == ()
    assert new_candidates(moved, old) == ()
    assert len(new_candidates(candidates(feed(entry("2", "https://example.org/b"))), old)) == 1


def test_new_names_of_what_is_known_are_learnt() -> None:
    first, other = Alias(AliasKind.GUID, "1"), Alias(AliasKind.GUID, "2")
    (moved,) = candidates(feed(entry("1", "https://example.org/moved")))
    unseen = candidates(feed(entry("3", "https://example.org/c")))
    settled = candidates(feed(entry("2")))
    known = {first: 7, other: 8}
    assert learnt_names([moved, *unseen, *settled], known) == {7: moved.aliases[1:]}
    assert learnt_names([moved], {first: 9, moved.aliases[1]: 7}) == {}


def test_a_canonical_address_is_an_extra_name_and_no_link() -> None:
    """Where all pages named the list of news, all articles but the first were lost."""
    listing = Alias(AliasKind.CANONICAL, "https://example.org/news")
    article = make(
        entry("1", "https://example.org/a"), page("Text.", url="https://example.org/news")
    )
    assert listing not in article.aliases
    assert article.extra == (listing,)
    assert article.url == "https://example.org/a"
    named = candidates(feed(entry("2", "https://example.org/news")))
    nameless = candidates(feed(entry(None, "https://example.org/news")))
    assert new_candidates(named, article.extra) == named
    assert new_candidates(nameless, article.extra) == ()


def test_a_title_has_a_length_that_can_be_shown() -> None:
    assert len(make(entry("1", title="Title " * 100_000)).title) == 500


def test_an_address_that_all_entries_share_names_none_of_them() -> None:
    """A feed that links every entry to one page once had all but its first left out."""
    shared = "https://example.org/notices"
    found = candidates(feed(*(entry(str(number), shared) for number in range(5))))
    assert [c.aliases for c in found] == [
        (Alias(AliasKind.GUID, str(number)),) for number in reversed(range(5))
    ]


def test_an_id_that_entries_with_different_addresses_share_names_none_of_them() -> None:
    """All articles but the first of a feed with one id for all were once lost."""
    entries = [entry("news", f"https://example.org/{number}") for number in range(3)]
    found = candidates(feed(*entries))
    assert [c.aliases[0] for c in found] == [
        Alias(AliasKind.URL, f"https://example.org/{number}") for number in (2, 1, 0)
    ]
    empty = Alias(AliasKind.SHARED, "news")
    assert {c.extra for c in found} == {(empty,)}
    assert empty in shared_names(feed(entries[0]))
    (alone,) = candidates(feed(entries[0]), {empty})
    assert alone.aliases == found[-1].aliases


def test_entries_with_one_id_and_no_address_of_their_own_are_known_by_their_titles() -> None:
    places = (None, "https://example.org/")
    for place in places:
        found = candidates(feed(entry("news", place, "One"), entry("news", place, "Two")))
        assert [c.entry.title for c in found] == ["Two", "One"]


SHARED_PLACE = Alias(AliasKind.SHARED_URL, "https://example.org/news")


@pytest.mark.parametrize("guid", [None, "https://example.org/news"])
def test_entries_that_share_an_address_and_have_no_id_of_their_own_are_known_by_their_titles(
    guid: str | None,
) -> None:
    """Only the first was kept of a feed that gives one address to all, as link or as id."""
    entries = [entry(guid, "https://example.org/news", f"News {n}") for n in ("one", "two", "six")]
    found = candidates(feed(*entries))
    assert [c.aliases[0].key for c in found] == [f"title:News {n}" for n in ("six", "two", "one")]
    assert all(SHARED_PLACE in c.extra for c in found)
    assert {c.before for c in found} == {(Alias(AliasKind.URL, SHARED_PLACE.key),)}
    assert SHARED_PLACE in shared_names(feed(entries[0]))
    (alone,) = candidates(feed(entries[0]), {name for c in found for name in c.extra})
    assert alone.aliases == found[-1].aliases


def test_places_of_one_page_are_names_where_there_are_no_ids() -> None:
    page = "https://example.org/news"
    entries = [entry(None, f"{page}#n{n}", f"News {n}") for n in (1, 2)]
    found = candidates(feed(*entries))
    assert [c.aliases for c in found] == [(Alias(AliasKind.URL, f"{page}#n{n}"),) for n in (2, 1)]
    (alone,) = candidates(feed(entries[0]), {SHARED_PLACE})
    assert alone.aliases == found[-1].aliases
    mark = [entry(None, f"{page}#rss", f"News {n}") for n in (1, 2)]
    assert [c.aliases[0].key for c in candidates(feed(*mark))] == ["title:News 2", "title:News 1"]


@pytest.mark.parametrize("guid", [None, "1"])
def test_two_versions_of_an_article_in_one_feed_are_one(guid: str | None) -> None:
    url = "https://example.org/a"
    twice = feed(entry(guid, url, "Bridge opens"), entry(guid, url, "Updated: bridge opens"))
    (found,) = candidates(twice)
    assert Alias(AliasKind.URL, url) in found.aliases


def test_an_id_with_one_address_stays_a_name() -> None:
    (found,) = candidates(feed(entry("1", "https://example.org/a"), entry("1", title="Again")))
    assert Alias(AliasKind.GUID, "1") in found.aliases


@pytest.mark.parametrize(
    ("guid", "moved"),
    [
        ("http://example.org/?p=12", "https://news.example/?p=12"),
        ("http://www.example.org/news/1/", "https://example.org/news/1"),
        ("tag:example.org,2026-11-23:/news/1", "tag:news.example,2026-11-23:/news/1"),
    ],
)
def test_an_id_keeps_its_tail_when_the_site_moves(guid: str, moved: str) -> None:
    (one,), (other,) = (candidates(feed(entry(each))) for each in (guid, moved))
    assert one.aliases != other.aliases
    assert one.extra == other.extra
    assert [name.kind for name in one.extra] == [AliasKind.TAIL]


@pytest.mark.parametrize(
    "guid",
    ["1", "urn:uuid:1", "https://example.org/", "tag:example.org:1", "a:b", "https://[", ""],
)
def test_other_ids_have_no_tail(guid: str) -> None:
    assert all(c.extra == () for c in candidates(feed(entry(guid))))


def test_ids_of_many_sites_in_one_feed_have_no_tails() -> None:
    """``/news/1`` of one site is not that of another."""
    found = candidates(feed(entry("https://a.example/news/1"), entry("https://b.example/news/1")))
    assert [c.extra for c in found] == [(), ()]


def test_the_front_page_names_nothing_where_there_is_an_id() -> None:
    (found,) = candidates(feed(entry("1", "https://example.org/")))
    assert found.aliases == (Alias(AliasKind.GUID, "1"),)


def test_an_entry_twice_in_one_feed_is_one() -> None:
    twice = entry("1", "https://example.org/a")
    assert len(candidates(feed(twice, twice, entry(None, "https://example.org/a")))) == 1


def test_an_entry_without_id_and_address_is_known_by_its_title() -> None:
    found = candidates(feed(entry(title="One"), entry(title="Two"), entry(title="")))
    assert [c.entry.title for c in found] == ["Two", "One"]


def test_oldest_first_by_date_where_all_have_one() -> None:
    days = [NOW - timedelta(days=n) for n in (2, 0, 1)]
    entries = [entry(str(n), published=day) for n, day in enumerate(days)]
    assert [c.entry.guid for c in candidates(feed(*entries))] == ["0", "2", "1"]


def test_a_list_in_ascending_order_is_read_by_the_dates_that_it_tells() -> None:
    days = [NOW - timedelta(days=2), NOW - timedelta(days=1), NOW - timedelta(days=1), NOW]
    entries = [
        replace(entry(str(at)), date_hint=day, published=None) for at, day in enumerate(days)
    ]

    for order in (entries, entries[::-1]):
        found = [one.entry.guid for one in candidates(feed(*order))]
        assert found == ["0", "1", "2", "3"]


def test_oldest_first_by_the_feeds_order_where_a_date_is_missing() -> None:
    entries = [entry("new", published=NOW), entry("undated"), entry("old", published=NOW)]
    assert [c.entry.guid for c in candidates(feed(*entries))] == ["old", "undated", "new"]


@given(
    st.lists(
        st.builds(
            entry,
            st.one_of(st.none(), st.sampled_from("abcdef")),
            st.one_of(st.none(), st.sampled_from([f"https://example.org/{n}" for n in range(6)])),
            st.text("xyz", max_size=2),
            st.one_of(st.none(), st.datetimes(timezones=st.just(UTC))),
        ),
        max_size=12,
    )
)
def test_nothing_with_a_name_is_skipped_and_nothing_comes_twice(entries: list[Entry]) -> None:
    found = candidates(feed(*entries))
    names = [name for c in found for name in c.aliases]
    assert len(names) == len(set(names))
    known = set(names)
    for one in entries:
        if one.guid:
            empty = Alias(AliasKind.SHARED, one.guid) in {name for c in found for name in c.extra}
            nameless = one.url is None and not one.title and _shared(one.guid, entries)
            named = Alias(AliasKind.GUID, one.guid) in known or one.url is not None
            assert empty or named or nameless
    assert new_candidates(candidates(feed(*entries)), known) == ()


def _shared(guid: str, entries: list[Entry]) -> bool:
    """Whether several articles bear an id, so that it names none."""
    return len({one.url for one in entries if one.guid == guid and one.url}) > 1


def test_a_title_that_a_list_cuts_short_is_the_page_s_own() -> None:
    whole = page("The whole text.", title="New bridge across the river opens")
    for shown, title in [
        ("New bridge across…", "New bridge across the river opens"),
        ("New bridge across ...", "New bridge across the river opens"),
        ("And then...", "And then..."),
    ]:
        assert make(entry("1", title=shown), whole, body("")).title == title


def test_a_date_without_a_zone_serves_where_the_page_has_none() -> None:
    hint = NOW - timedelta(hours=3)
    listed = replace(entry("1", title="One"), date_hint=hint)
    assert make(listed, page("Text."), body("")).published == hint
    assert make(listed, replace(page("Text."), published=NOW), body("")).published == NOW


def test_a_guessed_day_is_the_last_resort() -> None:
    guess = NOW - timedelta(days=900)
    guessed = replace(page("Text."), guessed=guess)
    listed = replace(entry("1", title="One"), date_hint=NOW)
    assert make(listed, guessed, body("")).published == NOW
    assert make(entry("1", title="One"), guessed, body("")).published == guess


def test_the_page_makes_the_article_and_the_entry_its_title() -> None:
    article = make(
        entry("1", "https://example.org/a?utm_source=x", "Entry", NOW, "Lead"),
        page(
            "The whole text.",
            title="Page",
            url="https://example.org/a",
            image="https://i.example/x.png",
        ),
        body("Short."),
    )
    assert (article.title, article.lead, article.url) == ("Entry", "Lead", "https://example.org/a")
    assert article.document == body("The whole text.")
    assert article.image == "https://i.example/x.png"
    assert len(article.aliases) == 2


def test_the_feeds_content_serves_where_the_page_fails() -> None:
    article = make(entry("1", "https://example.org/a"), None, body("From the feed."))
    assert article.document == body("From the feed.")


def test_the_heading_of_a_feeds_content_does_not_repeat_the_title() -> None:
    heading, text = Heading((Span("The ENTRY: one."),), 2), body("From the feed.").blocks
    same = make(replace(entry("1"), title="The entry — one"), None, Document((heading, *text)))
    assert same.document == Document(text)
    other = make(entry("1"), None, Document((heading, *text)))
    assert other.document == Document((heading, *text))


def test_the_fuller_text_is_taken() -> None:
    cookie_wall = page("Please accept cookies.")
    article = make(entry("1", "https://example.org/a"), cookie_wall, body("A long text. " * 20))
    assert article.document == body("A long text. " * 20)


def test_the_lead_serves_where_there_is_nothing_else() -> None:
    assert make(entry("1", lead="Only this.")).document == body("Only this.")
    assert make(entry("1")).document == Document()


@pytest.mark.parametrize("allowed", [True, False])
def test_a_picture_on_a_private_address_is_refused(*, allowed: bool) -> None:
    image = "http://192.168.0.7/secret.png"
    article = make(entry("1", image=image), allow_private=allowed)
    assert article.image == (image if allowed else None)


def test_a_very_long_id_stays_a_name_of_its_own() -> None:
    """PostgreSQL once refused to index one, and its source was read in vain for ever."""
    found = candidates(feed(entry("x" * 10_000), entry("x" * 9_999 + "y")))
    keys = [c.aliases[0].key for c in found]
    assert len(set(keys)) == 2
    assert max(map(len, keys)) < 100
