"""What an editor does at the site's desk: pictures of one's own, and who is told of changes."""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections.abc import AsyncIterator
from io import BytesIO

import aiohttp
import feedparser
import pytest

from sandbox.newsroom import Newsroom
from sandbox.newsroom.uploads import PICTURE_BYTES, media_type, suffix_of

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", zlib.crc32(b""))
KINDS = {
    "png": PNG,
    "jpg": b"\xff\xd8\xff\xe0 picture",
    "gif": b"GIF89a picture",
    "webp": b"RIFF\x10\x00\x00\x00WEBPVP8 picture",
}


@pytest.fixture
async def site() -> AsyncIterator[Newsroom]:
    async with Newsroom() as site:
        yield site


@pytest.mark.parametrize("suffix", KINDS)
async def test_a_picture_of_the_editors_is_served_and_named_in_page_and_feed(
    site: Newsroom, suffix: str
) -> None:
    content = KINDS[suffix]
    name = site.add_picture(content)
    article = site.publish(title="Со снимком", section="programma", image=name)
    assert article.image == f"{site.url}/media/{name}"
    async with aiohttp.ClientSession() as client:
        async with client.get(article.image) as answer:
            assert (answer.status, answer.content_type) == (200, f"image/{_subtype(suffix)}")
            assert await answer.read() == content
        async with client.get(site.feed_url("programma")) as answer:
            entry = feedparser.parse(BytesIO(await answer.read())).entries[0]
        async with client.get(article.url) as answer:
            page = await answer.text()
    (enclosure,) = entry.enclosures
    assert (enclosure.href, enclosure.type) == (article.image, f"image/{_subtype(suffix)}")
    assert f'content="image/{_subtype(suffix)}"' in page


def _subtype(suffix: str) -> str:
    return "jpeg" if suffix == "jpg" else suffix


@pytest.mark.parametrize(
    "content", [b"", b"<svg/>", b"%PDF-1.7", b"RIFF\x00\x00\x00\x00WAVEfmt ", b"\x89PNG", b"GIF8"]
)
def test_what_is_no_picture(content: bytes) -> None:
    assert suffix_of(content) is None


async def test_the_site_takes_no_others_and_none_that_are_too_large(site: Newsroom) -> None:
    with pytest.raises(ValueError, match="PNG"):
        site.add_picture(b"<svg/>")
    with pytest.raises(ValueError, match="at most"):
        site.add_picture(PNG.ljust(PICTURE_BYTES + 1, b"\0"))
    assert site.add_picture(PNG.ljust(PICTURE_BYTES, b"\0")) == "upload-1.png"
    assert site.add_picture(KINDS["gif"]) == "upload-2.gif"


async def test_a_picture_that_nobody_brought(site: Newsroom) -> None:
    async with aiohttp.ClientSession() as client:
        async with client.get(f"{site.url}/media/upload-1.jpg") as answer:
            assert answer.status == 404
        async with client.get(f"{site.url}/media/upload-1.png") as answer:
            assert (answer.status, answer.content_type) == (200, "image/png")  # drawn by its name


def test_the_type_of_a_picture_by_its_address() -> None:
    assert media_type("http://127.0.0.1:80/media/upload-1.jpg") == "image/jpeg"


async def test_every_change_is_told_and_the_fault_of_the_feeds_can_be_read() -> None:
    told: list[int] = []
    newsroom = Newsroom(on_change=lambda: told.append(len(newsroom.articles())))
    async with newsroom as site:
        count = len(site.articles())
        assert told == list(range(1, count + 1))
        told.clear()
        article = site.publish(title="Новость")
        site.correct(article, title="Новость с поправкой")
        site.withdraw(article)
        assert told == [count + 1, count + 1, count]
        faults = [site.feed_fault]
        site.break_feed("reset")
        faults.append(site.feed_fault)
        site.break_feed(500)
        faults.append(site.feed_fault)
        site.mend_feed()
        faults.append(site.feed_fault)
        assert faults == [None, "reset", 500, None]
        assert len(told) == 6


async def test_readers_that_hang_are_let_go_when_the_fault_becomes_another(site: Newsroom) -> None:
    site.break_feed("hang")
    async with aiohttp.ClientSession() as client:

        async def read() -> int:
            async with client.get(site.feed_url()) as answer:
                return answer.status

        hanging = asyncio.ensure_future(read())
        await site.wait_for(lambda seen: len(seen) == 1)
        site.break_feed(500)
        async with asyncio.timeout(10):
            assert await hanging == 500  # the client asked again where it was dropped


async def test_a_silent_correction_is_on_the_page_and_in_no_feed(site: Newsroom) -> None:
    article = site.publish(title="Было")

    async def shown() -> tuple[bool, bool]:
        async with aiohttp.ClientSession() as client:
            async with client.get(article.url) as answer:
                page = await answer.text()
            async with client.get(site.feed_url()) as answer:
                feed = await answer.text()
        return "Стало" in page, "Стало" in feed

    before = site.last_modified()
    site.correct(article, title="Стало", silently=True)
    assert await shown() == (True, False)
    assert site.last_modified() == before
    site.correct(article, lead="И это.")
    assert await shown() == (True, True)
