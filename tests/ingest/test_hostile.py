"""Hostile pages and feeds through the real pool: each ends in time, and the next is read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import UTC, datetime

import pytest

from bot.errors import ExtractError, ParseError
from bot.ingest.article.extract import extract_article, extract_card
from bot.ingest.bounds import MAX_CHARS
from bot.ingest.workers import CHEAP_SECONDS, ParsePool
from bot.model import Extracted
from tests.ingest import hostile

URL = "https://news.example/story"
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
SECONDS = 2.0  # for each way; the pool's own limits are longer
SHARES = 6  # of the cases, a test for each, so that none takes long
SPARE = 20.0  # for a machine with other things to do; what hangs would take for ever
FEW_TAGS = 49_000


@pytest.fixture
async def pool() -> AsyncIterator[ParsePool]:
    async with ParsePool(workers=2, feed_timeout=SECONDS, article_timeout=SECONDS) as opened:
        yield opened


async def in_pairs(
    read: Callable[[hostile.Case], Awaitable[str | None]], cases: Iterable[hostile.Case]
) -> list[str | None]:
    """Read all, as many at once as the pool has workers, so that none waits in its queue."""
    turns = asyncio.Semaphore(2)

    async def in_turn(case: hostile.Case) -> str | None:
        async with turns:
            return await read(case)

    return await asyncio.gather(*map(in_turn, cases))


@pytest.mark.parametrize("share", range(SHARES))
async def test_no_hostile_page_outlasts_its_time_or_ends_the_pool(
    pool: ParsePool, share: int
) -> None:
    async def read(case: hostile.Case) -> str | None:
        made = case.make()
        start = time.monotonic()
        try:
            found = await pool.article(made, case.content_type, URL)
        except ExtractError:
            pass
        else:
            assert len(found.document.plain_text()) <= MAX_CHARS * 2
        slow = time.monotonic() - start > SECONDS + 2 * CHEAP_SECONDS + SPARE
        return case.name if slow else None

    cases = [case for case in hostile.pages() if "short lines" not in case.name]
    assert [name for name in await in_pairs(read, cases[share::SHARES]) if name] == []
    story = await pool.article(f"<h1>Мост</h1><p>{hostile.TEXT * 5}</p>".encode(), None, URL)
    assert "школьники" in story.document.plain_text()


@pytest.mark.parametrize("share", range(SHARES))
async def test_no_hostile_feed_outlasts_its_time_or_ends_the_pool(
    pool: ParsePool, share: int
) -> None:
    async def read(case: hostile.Case) -> None:
        made = case.make()
        try:
            reading = pool.source(made, None, URL, None, NOW)
            found = await asyncio.wait_for(reading, SECONDS + SPARE)
        except ParseError:
            return
        entries = found.feed.entries if found.feed else ()
        assert all("root:" not in entry.title for entry in entries)

    await in_pairs(read, list(hostile.feeds())[share::SHARES])
    plain = b"<rss><channel><title>T</title></channel></rss>"
    found = (await pool.source(plain, None, URL, None, NOW)).feed
    assert found is not None
    assert found.title == "T"


async def test_no_hostile_content_outlasts_its_time(pool: ParsePool) -> None:
    for case in hostile.contents():
        try:
            await asyncio.wait_for(pool.fragment(case.make().decode(), URL), SECONDS + SPARE)
        except ExtractError:
            continue


async def test_a_page_that_is_too_large_is_read_in_a_cheaper_way(pool: ParsePool) -> None:
    story = f"<h1>Мост</h1><div><p>{hostile.TEXT * 3}</p><p>{hostile.TEXT * 3}</p></div>"
    state = f"<script>{'a' * 3_000_000}</script>"
    page = f"<html>{hostile.HEAD}</head><body>{story}{state}</body></html>".encode()
    with pytest.raises(ExtractError):
        extract_article(page, None, URL)

    found = await pool.article(page, None, URL)

    assert "школьники" in found.document.plain_text()
    assert found.reason == "The page is longer than 3,000,000 characters."
    assert (found.title, found.lead) == ("Мост открыли", "Строили два года.")


async def test_a_page_without_an_article_gives_a_card(pool: ParsePool) -> None:
    page = f"<html>{hostile.HEAD}</head><body><div id=app></div></body></html>".encode()

    found = await pool.article(page, None, URL)

    assert not found.document.blocks
    assert (found.title, found.lead) == ("Мост открыли", "Строили два года.")
    assert found.reason == "The page shows no article text."


async def test_a_page_that_takes_too_long_is_read_in_a_cheaper_way() -> None:
    small = "<p>один два три четыре</p>" * 12_000  # on which the usual way takes a second or more
    page = f"<html>{hostile.HEAD}</head><body>{hostile.STORY}{small}</body></html>".encode()
    async with ParsePool(workers=1, article_timeout=0.1) as pool:
        await pool.fragment("", URL)
        found = await pool.article(page, None, URL)
    assert found.title == "Мост открыли"
    assert found.reason.startswith("The page took more than")


async def test_a_page_that_says_nothing_is_refused_for_the_first_reason(pool: ParsePool) -> None:
    with pytest.raises(ExtractError, match=r"^The page nests its elements"):
        await pool.article(b"<html><body>" + b"<div>" * 200 + b"a", None, URL)


@pytest.mark.parametrize("size", [10, FEW_TAGS])
def test_the_cheaper_ways_read_the_beginning_only(size: int) -> None:
    page = f"<html>{hostile.HEAD}</head><body>{hostile.STORY}{'<p>a b c' * size}".encode()
    light = extract_article(page, None, URL, light=True)
    card = extract_card(page, None, URL)
    assert isinstance(light, Extracted)
    assert "школьники" in light.document.plain_text()
    assert card.title == light.title == "Мост открыли"
