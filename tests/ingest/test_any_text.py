"""Whatever stands in a header, a date or a line is read, or is nothing; and within bounds."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.addresses import absolute_url
from bot.ingest.about.authors import MAX_AUTHORS, MAX_CHARS, authors
from bot.ingest.about.crumbs import Crumb, Place, page_path
from bot.ingest.about.leads import lead_of_article, whole_lead
from bot.ingest.about.section_paths import is_title, split_path
from bot.ingest.article.phones import with_phones
from bot.ingest.bounds import bounded
from bot.ingest.fetching.freshness import MAX_WAIT, fresh_for, http_date, retry_after
from bot.ingest.fetching.headers import check_headers
from bot.ingest.fetching.robots import LONGEST_DELAY, read_rules
from bot.ingest.markup.dates import has_offset, moment
from bot.ingest.markup.dom import parse_page
from bot.ingest.markup.inline import plain
from bot.ingest.markup.printed_dates import DateReader
from bot.ingest.markup.websub_links import of_headers
from bot.ingest.sameness.likeness import document_hash, text_hash
from bot.ingest.sameness.nearness import likeness, load_sketch, sketch
from bot.model import Document, Span, dump_document, load_document
from tests.ingest.anything import CLEAN_TEXTS, DATES, DOCUMENTS, HUGE, PAGE, TEXTS

NOW = datetime(2026, 11, 28, 15, 0, tzinfo=UTC)
ZONES = st.sampled_from([UTC, *(timezone(timedelta(hours=hours)) for hours in (-12, 3, 14))])
MANY = settings(max_examples=80)
EMPTY = parse_page("<html><body>.</body></html>")


# --- Moments ------------------------------------------------------------------------------------


def is_sensible(found: datetime | None) -> bool:
    return found is None or (found.tzinfo is not None and 1990 <= found.year <= 2099)


@MANY
@given(DATES, ZONES)
def test_any_date_is_a_moment_of_our_time_or_none(text: str, zone: timezone) -> None:
    assert is_sensible(moment(text, zone))
    assert isinstance(has_offset(text), bool)


@MANY
@given(
    st.lists(DATES, max_size=4),
    st.integers(0, 40_000).map(lambda hours: NOW + timedelta(hours=hours)),
    ZONES,
    st.none() | st.sampled_from(["ru", "en-US", "xx", ""]),
)
@example(["29 февраля", "999 недель назад"], datetime(2028, 2, 28, tzinfo=UTC), UTC, "ru")
def test_any_printed_date_is_a_moment_of_our_time_or_none(
    texts: list[str], now: datetime, zone: timezone, language: str | None
) -> None:
    reader = DateReader(now.astimezone(zone), language, month_first=language == "en-US")
    for text in texts:
        for read in (reader.attribute, reader.shown, reader.guessed, reader.alone):
            found = read(text)
            assert found is None or is_sensible(found.moment)
            assert found is None or isinstance(found.lies_ahead(now), bool)


# --- Headers ------------------------------------------------------------------------------------

_LIFETIMES = st.sampled_from(["max-age=", "s-maxage=", "no-cache", '"', ",", "=", "1", HUGE, "-1"])
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Cache-Control": st.lists(_LIFETIMES, max_size=8).map("".join) | TEXTS,
        "Expires": DATES,
        "Date": DATES,
        "Age": TEXTS | st.sampled_from([HUGE, "5", "-5"]),
    },
)


@MANY
@given(HEADERS)
@example({"Expires": f"Mon, 01 Jan {HUGE} 00:00:00 GMT"})
def test_any_headers_say_how_long_an_answer_stays_fresh(headers: dict[str, str]) -> None:
    assert 0 <= fresh_for(headers, NOW) <= MAX_WAIT


@MANY
@given(DATES)
@example(f"Mon, 01 Jan {HUGE} 00:00:00 GMT")
@example(f"Mon, 01 Jan 2026 00:00:00 +{HUGE}")
@example("Fri, 31 Dec 9999 23:59:59 -2359")
@example("Mon, 01 Jan 0001 00:00:00 +2359")
def test_any_header_asks_to_wait_a_day_at_most(value: str) -> None:
    wait = retry_after(value, NOW)
    assert wait is None or 0 <= wait <= MAX_WAIT
    found = http_date(value)
    assert found is None or found.tzinfo is not None


@MANY
@given(st.lists(TEXTS | st.sampled_from(["<", ">", ";", 'rel="hub self"', "rel=hub"]), max_size=8))
def test_any_link_header_names_addresses_or_nothing(parts: list[str]) -> None:
    for found in of_headers(["".join(parts), *parts], PAGE):
        assert found is None or found.startswith(("http://", "https://"))


@MANY
@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=4))
def test_any_headers_of_an_editor_are_plain_or_refused(
    given_headers: list[tuple[str, str]],
) -> None:
    with suppress(ValueError):
        for name, value in check_headers(given_headers):
            assert f"{name}{value}".isascii()
            assert f"{name}{value}".isprintable()


_ROBOTS = st.sampled_from(
    [
        *("User-agent: *\n", "User-agent: Vestnik\n", "Disallow: /", "Allow: ", "Crawl-delay: "),
        *("\n", "*", "$", "%", "%zz", "/", ":", "#", "nan", "inf", "-9", HUGE, "Request-rate: 1/0"),
        *("Visit-time: 9", "Sitemap: http://[", "\ufeff", "\0"),
    ]
)


@MANY
@given(
    st.binary(max_size=200)
    | st.lists(_ROBOTS | TEXTS, max_size=12)
    .map("".join)
    .map(lambda text: text.encode("utf-8", "surrogatepass")),
    TEXTS,
)
async def test_any_robots_txt_allows_or_forbids(content: bytes, href: str) -> None:
    rules = read_rules(content)
    assert 0 <= rules.delay <= LONGEST_DELAY
    for url in (PAGE, absolute_url(PAGE, href) or PAGE):
        assert await rules.allow(url) in {True, False}


# --- What an article is about -------------------------------------------------------------------


@MANY
@given(st.lists(st.lists(TEXTS, max_size=5), max_size=3), TEXTS)
@example([[", ".join(f"Ann Lee{'abcdefghijklmnop'[n]}" for n in range(16))]], "")
@example([["<a href='/ann?a=1>2'>Ann Lee</a>", "<b>Ann</b> and <i>Bo Ray</i>"]], "")
def test_any_lines_give_few_short_names(sources: list[list[str]], site: str) -> None:
    found = authors(*sources, site=site)
    assert len(found) <= MAX_AUTHORS
    for name in found:
        assert 2 <= len(name) <= MAX_CHARS
        assert name == name.strip()
        assert not re.search(r"[\0\n\ud800-\udfff]|</?\w+>", name)


@MANY
@given(TEXTS)
def test_any_title_is_a_path_of_two_steps_at_most(title: str) -> None:
    for path in (split_path(title), split_path(title, tight=True)):
        assert len(path) <= 2
        assert all(path)


@MANY
@given(
    st.lists(st.lists(st.builds(Crumb, TEXTS, TEXTS), max_size=6), max_size=3),
    st.lists(TEXTS, max_size=3),
    TEXTS,
)
def test_any_breadcrumbs_name_sections_or_nothing(
    trails: list[list[Crumb]], told: list[str], title: str
) -> None:
    path = page_path(EMPTY, PAGE, Place((PAGE,), title), trails, told)
    assert len(path) <= 2
    assert all(map(is_title, path))


@MANY
@given(TEXTS, DOCUMENTS)
def test_any_lead_is_completed_or_stays(lead: str, document: Document) -> None:
    assert len(whole_lead(lead, document, 1000)) <= max(len(lead), 1000)
    assert lead_of_article([lead], lead, document.plain_text(), "") in {lead, ""}


@MANY
@given(st.lists(st.builds(Span, TEXTS), max_size=5).map(tuple), st.sampled_from(["RU", "US", None]))
def test_any_line_keeps_its_words_whatever_looks_like_a_number(
    line: tuple[Span, ...], region: str | None
) -> None:
    found = with_phones(line, region)
    for span in found:
        assert span.link is None or re.fullmatch(r"tel:\+\d{3,17}", span.link)
    letters = [letter for letter in plain(line) if letter.isalpha()]
    assert [letter for letter in plain(found) if letter.isalpha()] == letters


# --- What is the same ---------------------------------------------------------------------------


@MANY
@given(DOCUMENTS)
def test_a_document_is_itself_however_it_was_kept(document: Document) -> None:
    kept = load_document(dump_document(document))
    assert kept == document
    assert document_hash(kept) == document_hash(document)
    assert bounded(document) == (document, 0)


@MANY
@given(CLEAN_TEXTS)
def test_white_space_changes_no_texts_hash(text: str) -> None:
    assert text_hash(f" {text}\n\xa0") == text_hash(text)


@MANY
@given(st.lists(TEXTS, max_size=9), st.lists(TEXTS, max_size=9))
def test_two_texts_are_as_like_each_other_either_way(one: list[str], other: list[str]) -> None:
    first, second = load_sketch(sketch(" ".join(one))), load_sketch(sketch(" ".join(other)))
    assert first is not None
    assert second is not None
    assert likeness(first, second) == likeness(second, first)
    assert 0 <= likeness(first, second) <= 1
