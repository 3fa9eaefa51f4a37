"""Pages that list news, each beside what is to be found on it, and pages that list none."""

from __future__ import annotations

import runpy
import time
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ParseError
from bot.ingest.about.article_address import looks_like_article
from bot.ingest.markup.printed_dates import DateReader
from bot.ingest.reading import read_source
from bot.model import Feed, Selectors

URL = "https://gorod.example.org/news/"
NOW = datetime(2026, 11, 28, 15, 0, tzinfo=UTC)
PAGES = sorted((Path(__file__).parent / "listings").glob("*.html"))


def listing(html: str, selectors: Selectors | None = None) -> Feed | None:
    return read_source(html.encode(), "text/html", URL, selectors, NOW).feed


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_page_gives_what_stands_beside_it(path: Path) -> None:
    expected = runpy.run_path(f"{path}.py")["EXPECTED"]

    read = read_source(path.read_bytes(), "text/html", URL, None, NOW)

    assert read.feed == expected
    assert ("SOURCES_FILE" in read.fault) == (expected is None)


def items(count: int, *, box: str = "div", more: str = "") -> str:
    return "".join(
        f"<{box}><i>{28 - n}.11.2026</i> <a href='{more}/news/{100 + n}'>В городе открыли новый"
        f" мост номер {n}</a></{box}>"
        for n in range(count)
    )


def titles(feed: Feed | None) -> list[str]:
    return [entry.title for entry in feed.entries] if feed else []


def test_links_to_other_sites_are_no_articles_of_this_one() -> None:
    feed = listing(f"<html><body>{items(4)}{items(9, more='https://other.example')}")

    assert feed is not None
    assert {entry.url for entry in feed.entries} == {
        f"https://gorod.example.org/news/{100 + n}" for n in range(4)
    }


def test_unless_all_lead_there() -> None:
    assert len(titles(listing(f"<html><body>{items(4, more='https://other.example')}"))) == 4


@pytest.mark.parametrize(
    "zone", ["<nav>{}</nav>", "<aside>{}</aside>", "<div class='related-posts'>{}</div>"]
)
def test_what_stands_in_a_side_list_is_left_out(zone: str) -> None:
    feed = listing(f"<html><body>{items(3, box='p')}{zone.format(items(9))}")

    assert len(titles(feed)) == 3


def test_a_zone_with_all_the_news_in_it_is_none() -> None:
    """Some builders of sites call the whole page a menu or a sidebar."""
    assert len(titles(listing(f"<html><body><div class='sidebar'>{items(5)}</div>"))) == 5


def test_a_lead_that_is_cut_short_is_left_to_the_page() -> None:
    cards = "".join(
        f"<article><h2><a href='/news/{n}00'>Открыли мост номер {n}</a></h2>"
        f"<time>2{n}.11.2026</time>"
        "<p>Строили его четыре года, и вот наконец он…</p></article>"
        for n in range(3)
    )
    feed = listing(f"<html><body>{cards}")

    assert feed is not None
    assert [entry.lead for entry in feed.entries] == [""] * 3
    assert feed.entries[0].content.startswith("<p>Строили его")


def test_a_date_without_a_zone_is_a_hint_only() -> None:
    feed = listing(f"<html><body>{items(3)}")

    assert feed is not None
    assert feed.entries[0].published is None
    assert feed.entries[0].date_hint == datetime(2026, 11, 28, tzinfo=UTC)


@pytest.mark.parametrize(
    ("shown", "meant"),
    [
        ("28 ноября 2026", "2026-11-28T00:00"),
        ("28.11.2026 14:05", "2026-11-28T14:05"),
        ("10:30, 27 ноября", "2026-11-27T10:30"),
        ("30 декабря", "2025-12-30T00:00"),
        ("сегодня в 9:15", "2026-11-28T09:15"),
        ("Вчера, 10:00", "2026-11-27T10:00"),
        ("позавчера", "2026-11-26T00:00"),
        ("2 часа назад", "2026-11-28T13:00"),
        ("час назад", "2026-11-28T14:00"),
        ("5 мин. назад", "2026-11-28T14:55"),
        ("14:05", "2026-11-28T14:05"),
        ("November 28, 2026 3:05 pm", "2026-11-28T15:05"),
        ("28th of November, 2026", "2026-11-28T00:00"),
        ("12/31/2025", "2025-12-31T00:00"),
        ("an hour ago", "2026-11-28T14:00"),
        ("3 days ago", "2026-11-25T15:00"),
        ("28 listopada 2026", "2026-11-28T00:00"),
        ("99.99.2026", None),
        ("версия 1.2.3", None),
        ("скоро", None),
    ],
)
def test_dates_as_people_read_them(shown: str, meant: str | None) -> None:
    found = DateReader(NOW, "pl").guessed(shown)

    assert (found and found.moment.isoformat()[:16]) == meant


@pytest.mark.parametrize(
    ("shown", "meant"),
    [
        ("20 ноября 2026, 14:05", "2026-11-20T11:05"),
        ("сегодня, 00:30", "2026-11-28T21:30"),  # where it is the 29th already
        ("вчера", "2026-11-27T21:00"),
    ],
)
def test_dates_without_a_zone_are_read_in_the_site_s(shown: str, meant: str) -> None:
    late = datetime(2026, 11, 28, 22, tzinfo=UTC).astimezone(ZoneInfo("Europe/Moscow"))
    found = DateReader(late, "ru").guessed(shown)
    assert found is not None
    assert found.moment.astimezone(UTC).isoformat()[:16] == meant


def test_a_date_with_its_offset_is_exact() -> None:
    found = DateReader(NOW, None).attribute("2026-11-28T10:00:00+03:00")

    assert found is not None
    assert found.exact
    assert found.moment.isoformat() == "2026-11-28T10:00:00+03:00"


@pytest.mark.parametrize(
    ("path", "article"),
    [
        ("/news/12345", True),
        ("/news/otkryli-novyj-most/", True),
        ("/news/detail.php?ELEMENT_ID=7", True),
        ("/2026/11/most/", True),
        ("/", False),
        ("/about/", False),
        ("/tag/12345", False),
        ("/author/ivan-ivanovich-ivanov/", False),
        ("/news/?page=2", False),
        ("/upload/otchet-za-2026-god.pdf", False),
    ],
)
def test_addresses_of_articles(path: str, *, article: bool) -> None:
    assert looks_like_article(f"https://gorod.example.org{path}") is article


# --- Selectors ----------------------------------------------------------------------------------

ODD = """<html><body>{}</body></html>""".format(
    "".join(
        f"<b class='x'><u>Мост {n}</u><s>2{n}.11.2026</s><em>Открыт</em>"
        f"<q data-x='1'><img src='/{n}.jpg'></q><a class='go' href='/n/{n}'>›</a></b>"
        for n in range(2)
    )
)


def test_selectors_find_what_nothing_else_does() -> None:
    found = listing(
        ODD, Selectors(item="b.x", link="a.go", title="u", lead="em", date="s", image="q")
    )

    assert found is not None
    assert [(e.url, e.title, e.lead, e.image) for e in found.entries] == [
        (
            f"https://gorod.example.org/n/{n}",
            f"Мост {n}",
            "Открыт",
            f"https://gorod.example.org/{n}.jpg",
        )
        for n in range(2)
    ]
    assert found.entries[1].date_hint == datetime(2026, 11, 21, tzinfo=UTC)
    assert listing(ODD) is None


@pytest.mark.parametrize(
    ("selectors", "says"),
    [
        (Selectors(item=".card"), "The selector item “.card” finds nothing on this page."),
        (Selectors(item="b", link="h1"), "The selector link “h1” finds no link to an article"),
    ],
)
def test_a_selector_that_finds_nothing_is_named(selectors: Selectors, says: str) -> None:
    with pytest.raises(ParseError, match=says):
        listing(ODD, selectors)


# --- Harm ---------------------------------------------------------------------------------------

LINK = "<a href='/news/100'>В городе открыли новый мост</a>"


@pytest.mark.parametrize(
    "body",
    [
        "".join(f"<a href='/news/{n}00'>В городе открыли мост {n}</a>" for n in range(20_000)),
        "".join(
            f"<h3><a href='/news/{n}00'>Мост номер {n}</a></h3><p>x</p>" for n in range(12_000)
        ),
        f"<article>{LINK * 20_000}</article>",
        f"<article>{LINK}<time>{'1 ' * 30}</time></article>" * 9_000,
        ("<article>" * 90 + LINK + "</article>" * 90) * 200,
        ("<div>" * 90 + LINK + "</div>" * 90) * 400,
        f"<li>{LINK}<i>{'1.' * 40}</i></li>" * 9_000,
        "<script type='application/json'>" + "[" * 90_000 + "</script>",
        f"<article>{LINK}<p style='" + "background:" * 130_000 + "'>x</p></article>" * 2,
        (
            "<script type='application/json'>"
            '[[{"title":"В городе открыли мост","date":"2026-11-28","url":"/news/100"},'
            '{"title":"В городе открыли сад","date":"2026-11-27","url":"/news/101"}]]</script>'
        )
        * 12_000,
        "<link rel=alternate type=application/rss+xml href=/f>" * 30_000,
    ],
    ids=range(11),
)
def test_a_page_that_means_harm_takes_little_time(body: str) -> None:
    started = time.process_time()

    listing(f"<html><body>{body}")

    assert time.process_time() - started < 5


# --- Anything -----------------------------------------------------------------------------------

SCRAPS = st.sampled_from(
    [
        *("<article>", "</article>", "<a href='/news/123'>", "<a href='http://['>", "</a>", "<h2>"),
        *("Открыли новый мост через реку", "28.11.2026", "вчера", "<time datetime='x'>", "<li>"),
        *("<script type='application/ld+json'>", '{"@type":"NewsArticle","url":[1]}', "</script>"),
        *("<script id='__NUXT_DATA__' type='application/json'>", '[[1],{"title":1}]', "<table>"),
        *("<tr><td>", "<nav>", "</nav>", "<base href='x:'>", "<link rel='alternate'", "\0", "<div"),
        *(
            " class='h-entry'",
            ">",
            " itemtype='schema.org/Article'",
            "<img srcset=','>",
            "&",
            "\ud83d",
        ),
    ]
)


def check(content: bytes, kind: str | None) -> None:
    try:
        read = read_source(content, kind, URL, None, NOW)
    except ParseError:
        return
    for entry in read.feed.entries if read.feed else ():
        assert entry.url is None or entry.url.startswith(("http://", "https://"))
        assert "\0" not in entry.title
        assert entry.title.encode()


@given(st.binary(max_size=2000), st.sampled_from([None, "text/html", "application/gzip"]))
def test_any_bytes_are_something_or_an_error(content: bytes, kind: str | None) -> None:
    check(content, kind)


@given(st.sampled_from(["<html>", "<urlset>", "<sitemapindex>", ""]), st.lists(SCRAPS, max_size=60))
def test_any_heap_of_markup_is_something_or_an_error(root: str, scraps: list[str]) -> None:
    check((root + "".join(scraps)).encode("utf-8", "surrogatepass"), "text/html")
