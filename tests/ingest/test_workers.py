from __future__ import annotations

import asyncio
import os
import select
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import bot
from bot.errors import ExtractError, ParseError
from bot.ingest.kinds import Reading
from bot.ingest.workers import ParsePool
from bot.model import Document, Feed, Paragraph, Span

URL = "https://news.example.org/feed.xml"
HOUSE = Path(bot.__file__).parent.parent
# What expat hands on in millions of pieces: small for a byte limit, long to read.
ENDLESS = b"<rss><channel><item><title>" + b"&" * 4_000_000
BRIDGE = "".join(
    f"<p>Через реку Тихую открыли мост номер {n}. Строили его четыре года, и первыми по нему"
    " прошли школьники, а за ними весь город с оркестром и цветами.</p>"
    for n in range(8)
)
PAGE = f"<html><head><title>Мост</title></head><body><article><h1>Мост</h1>{BRIDGE}</article>"


@pytest.fixture
async def pool() -> AsyncIterator[ParsePool]:
    async with ParsePool(workers=1, feed_timeout=30, article_timeout=30) as opened:
        yield opened


async def read_something(pool: ParsePool) -> None:
    assert (await feed(pool, b"<rss/>")).feed == Feed("", None, ())


async def feed(pool: ParsePool, content: bytes, kind: str | None = None) -> Reading:
    return await pool.source(content, kind, URL, None, datetime.now(UTC))


async def worker_of(pool: ParsePool) -> int:
    return await pool._run(ParseError, "feed", 30, os.getpid)


async def ended(pid: int) -> None:
    """Wait until a process, of whomever, is gone."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        ready, _, _ = await asyncio.to_thread(select.select, [handle], [], [], 30)
        assert ready, f"process {pid} lives on"
    finally:
        os.close(handle)


async def test_feeds_pages_and_fragments_are_read(pool: ParsePool) -> None:
    read, article, fragment = await asyncio.gather(
        feed(pool, b"<rss><channel><title>T</title></channel></rss>", "text/xml"),
        pool.article(PAGE.encode("cp1251"), "text/html; charset=windows-1251", URL),
        pool.fragment("<p>A <script>b</script>c</p>", URL),
    )

    assert read.feed == Feed("T", None, ())
    assert "прошли школьники" in article.document.plain_text()
    assert fragment == Document((Paragraph((Span("A c"),)),))


async def test_refusals_come_through_as_they_are(pool: ParsePool) -> None:
    with pytest.raises(ParseError, match=r"^The document is empty\.$"):
        await feed(pool, b"")
    with pytest.raises(ExtractError):
        await pool.article(b"", None, URL)


async def test_a_hostile_feed_is_ended_and_the_next_one_read() -> None:
    async with ParsePool(workers=1, feed_timeout=0.5) as pool:
        with pytest.raises(ParseError, match=r"^The feed took more than 0\.5 s to read\.$"):
            await feed(pool, ENDLESS)
        await read_something(pool)


async def test_a_worker_that_takes_too_much_memory_survives(pool: ParsePool) -> None:
    before = await worker_of(pool)

    with pytest.raises(ParseError, match="too much memory"):
        await pool._run(ParseError, "feed", 30, bytearray, 2 << 30)

    assert await worker_of(pool) == before


async def test_a_worker_that_crashes_costs_one_document(pool: ParsePool) -> None:
    with pytest.raises(ExtractError, match=r"^The process that read the page died\.$"):
        await pool._run(ExtractError, "page", 30, os.kill, await worker_of(pool), signal.SIGKILL)

    await read_something(pool)


async def test_the_death_of_an_idle_worker_costs_nothing(pool: ParsePool) -> None:
    # The library gives its whole pool up when that happens.
    for _ in range(3):
        worker = await worker_of(pool)
        os.kill(worker, signal.SIGKILL)
        await ended(worker)
        await read_something(pool)


async def test_an_unexpected_error_is_a_refusal(pool: ParsePool) -> None:
    with pytest.raises(ParseError, match=r"could not be read \(ValueError\)") as caught:
        await pool._run(ParseError, "feed", 30, int, "x")

    assert isinstance(caught.value.__cause__, ValueError)


async def test_workers_are_renewed() -> None:
    async with ParsePool(workers=1, tasks=2) as pool:
        workers = {await worker_of(pool) for _ in range(6)}

    assert len(workers) == 3


async def test_a_cancelled_call_frees_its_worker(pool: ParsePool, tmp_path: Path) -> None:
    fifo = tmp_path / "told"
    os.mkfifo(fifo)
    code = f"import os, time; open({str(fifo)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    task = asyncio.create_task(pool._run(ParseError, "feed", 600, exec, code))
    worker = int(await asyncio.to_thread(fifo.read_text))

    task.cancel()

    await ended(worker)
    await read_something(pool)


async def test_the_loop_runs_on_while_the_pool_starts() -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counter = asyncio.create_task(count())
    async with ParsePool():
        turns_while_starting = turns
    counter.cancel()

    assert turns_while_starting > 100  # a blocked loop would make one or two


async def test_an_interrupt_from_the_keyboard_is_left_to_the_parent(pool: ParsePool) -> None:
    worker = await worker_of(pool)

    os.kill(worker, signal.SIGINT)

    assert await worker_of(pool) == worker


async def test_a_pool_is_used_inside_its_context() -> None:
    with pytest.raises(RuntimeError):
        await feed(ParsePool(), b"")


def test_the_parent_does_not_load_the_libraries() -> None:
    code = (
        "import sys, bot.ingest.workers;"
        "assert not {'trafilatura', 'feedparser', 'lxml'} & sys.modules.keys()"
    )

    subprocess.run([sys.executable, "-c", code], cwd=HOUSE, check=True)


PARENT = """
    import asyncio, os, re, sys
    sys.path.insert(0, {house!r})
    from bot.errors import ParseError
    from bot.ingest.workers import ParsePool

    def search(fifo):
        with open(fifo, "w") as told:
            told.write(str(os.getpid()))
        re.match("(a+)+$", "a" * 64 + "b")  # inside C, deaf to everything but the kernel

    async def main():
        async with ParsePool(workers=1) as pool:
            await pool._run(ParseError, "feed", 600, search, sys.argv[1])

    if __name__ == "__main__":
        asyncio.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_a_busy_worker_dies_with_its_parent(tmp_path: Path, number: signal.Signals) -> None:
    script = tmp_path / "parent.py"
    script.write_text(textwrap.dedent(PARENT.format(house=str(HOUSE))))
    fifo = tmp_path / "told"
    os.mkfifo(fifo)

    parent = await asyncio.create_subprocess_exec(sys.executable, script, fifo, cwd=tmp_path)
    worker = int(await asyncio.to_thread(fifo.read_text))
    parent.send_signal(number)

    await parent.wait()
    await ended(worker)


async def test_dates_without_a_zone_are_of_the_one_that_is_set() -> None:
    text = "<p>Через реку открыли новый мост, и по нему пошли автобусы.</p>" * 5
    page = f"<h1>Мост</h1><div class=date>20 ноября 2026, 14:05</div>{text}".encode()
    async with ParsePool(zone=ZoneInfo("Europe/Moscow")) as moscow:
        found = await moscow.article(page, "text/html; charset=utf-8", URL)
    assert found.published == datetime(2026, 11, 20, 11, 5, tzinfo=UTC)
