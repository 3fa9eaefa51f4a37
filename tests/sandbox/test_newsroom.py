"""The sample news site, asked over its own socket."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import signal
import struct
import sys
import zlib
from calendar import timegm
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from html import unescape
from io import BytesIO
from typing import Any
from xml.etree import ElementTree as ET

import aiohttp
import feedparser
import pytest

from sandbox.newsroom import Newsroom, Seen
from sandbox.newsroom.articles import slugify
from sandbox.newsroom.pictures import HEIGHT, SIGNATURE, WIDTH

NOW = datetime(2031, 5, 20, 9, 30, 15, tzinfo=UTC)


@pytest.fixture
async def site() -> AsyncIterator[Newsroom]:
    async with Newsroom(now=lambda: NOW) as site:
        yield site


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as client:
        yield client


async def read(client: aiohttp.ClientSession, url: str) -> bytes:
    async with client.get(url) as response:
        assert response.status == 200, url
        return await response.read()


async def text(client: aiohttp.ClientSession, url: str) -> str:
    return (await read(client, url)).decode()


async def status(client: aiohttp.ClientSession, url: str, **headers: str) -> int:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    async with client.get(url, headers=sent) as response:
        return response.status


def parse(body: bytes) -> Any:
    feed = feedparser.parse(BytesIO(body), sanitize_html=False)
    assert not feed.bozo, feed.bozo_exception
    return feed


# --- The texts ------------------------------------------------------------------------------------


async def test_the_site_opens_with_varied_texts_in_three_sections(site: Newsroom) -> None:
    articles = site.articles()
    assert len(articles) >= 14
    assert {article.section for article in articles} == set(site.sections)
    assert len(site.sections) == 3
    assert len({article.title for article in articles}) == len(articles)
    assert {article.language for article in articles} == {"ru", "en"}
    assert any(article.image is None for article in articles)
    dates = [article.published for article in articles if article.published]
    assert dates == sorted(dates, reverse=True)
    assert timedelta(0) < NOW - dates[0] < timedelta(minutes=15)
    assert dates[0].utcoffset() == timedelta(hours=7)


async def test_one_text_is_long_and_uses_every_kind_of_block(site: Newsroom) -> None:
    longest = max(site.articles(), key=lambda article: len(article.body_html))
    words = unescape(re.sub(r"<[^>]+>", "", longest.body_html))
    assert 6000 <= len(words) <= 8500
    for tag in ("h2", "h3", "ul", "ol", "table", "blockquote", "figure", "figcaption", "img"):
        assert f"<{tag}" in longest.body_html, tag
    for piece in ("<a href=", "<strong>", "<em>", "Для справки", "Контакты", "ё", "«", "&nbsp;"):
        assert piece in longest.body_html, piece


async def test_texts_hold_emoji_and_combining_characters(site: Newsroom) -> None:
    every = "".join(article.title + article.lead + article.body_html for article in site.articles())
    assert "\N{ZERO WIDTH JOINER}" in every
    assert "\N{COMBINING ACUTE ACCENT}" in every
    assert re.search("[\U0001f300-\U0001faff]", every)


async def test_texts_name_nobody_real(site: Newsroom) -> None:
    every = unescape("".join(article.body_html for article in site.articles()))
    for host in re.findall(r"https?://([^/\"]+)", every) + re.findall(r"@([\w.-]+\w)", every):
        assert host.split(".")[-1] == "example" or host.split(".")[-2] == "example", host
    for phone in re.findall(r"\+7[^<\"]{9,}", every):
        assert re.sub(r"\D", "", phone).startswith("70000000"), phone


async def test_every_text_closes_the_tags_it_opens(site: Newsroom) -> None:
    for article in [*site.articles(), *site.publish_many(12)]:
        closed = re.sub(r"<(br|hr|img[^>]*)>", r"<\1/>", article.body_html)
        ET.fromstring(f"<div>{closed.replace('&nbsp;', ' ')}</div>")  # noqa: S314 -- our own text
        assert "{" not in article.title + article.body_html


# --- Pages ----------------------------------------------------------------------------------------


async def test_an_article_page_holds_the_boilerplate_of_a_real_site(
    site: Newsroom, client: aiohttp.ClientSession
) -> None:
    article = site.articles("uchastniki")[0]
    page = await text(client, article.url)
    assert page.startswith("<!DOCTYPE html>")
    for part in (
        '<a href="/">Новости</a>:\n<a href="/sections/uchastniki/">Новости участников</a>',
        "<header>",
        "файлы cookie",
        "Поделиться",
        "Материалы по теме",
        "Оставайтесь на связи",
        "Подпишитесь на новости",
        "Не получилось оформить подписку",
        "Подписка оформлена",
        "<footer>",
        "Миниатюра",
        f'<link rel="canonical" href="{article.url}">',
        f'<meta property="og:url" content="{article.url}">',
        f'<meta property="og:image" content="{article.image}">',
        '<meta property="og:type" content="article">',
        f'href="{site.feed_url()}"',
    ):
        assert part in page, part
    assert re.search(r'<time datetime="20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+07:00">', page)
    assert article.body_html in page


async def test_an_article_describes_itself_to_machines(
    site: Newsroom, client: aiohttp.ClientSession
) -> None:
    article = site.publish(title="Знак </script> в заголовке", lead="Лид", published=NOW)
    page = await text(client, article.url)
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert found
    data = json.loads(found[1])
    assert data["@type"] == "NewsArticle"
    assert data["headline"] == article.title
    assert data["image"] == [article.image]
    assert data["articleSection"] == "Новости программы"
    assert data["datePublished"] == "2031-05-20T16:30:15+07:00"


async def test_what_is_published_is_escaped(site: Newsroom, client: aiohttp.ClientSession) -> None:
    article = site.publish(
        title='Лента "A&B" <b>', lead="1 < 2 & «да»", paragraphs=["x <script>y</script>"]
    )
    page = await text(client, article.url)
    assert "Лента &quot;A&amp;B&quot; &lt;b&gt;" in page
    assert "<p>x &lt;script&gt;y&lt;/script&gt;</p>" in page
    assert "1 &lt; 2 &amp; «да»" in page
    listing = await text(client, f"{site.url}/")
    assert "Лента &quot;A&amp;B&quot; &lt;b&gt;" in listing
    in_html = "1 &lt; 2 &amp; «да»"  # as RSS has its descriptions
    for path, lead in (("/feed.xml", in_html), ("/atom.xml", article.lead)):
        entry = parse(await read(client, site.url + path)).entries[0]
        assert entry.title == article.title
        assert entry.summary == lead


async def test_listings_name_their_articles_and_feeds(
    site: Newsroom, client: aiohttp.ClientSession
) -> None:
    front = await text(client, f"{site.url}/")
    for path in ("/feed.xml", "/atom.xml", "/feed.json"):
        assert re.search(rf'<link rel="alternate" [^>]*href="{site.url}{path}"', front)
    for section, title in site.sections.items():
        page = await text(client, f"{site.url}/sections/{section}/")
        assert f"<h1>{title}</h1>" in page
        assert f'href="{site.feed_url(section)}"' in page
        for article in site.articles():
            assert (f'<h3><a href="{article.url}">' in page) == (article.section == section)


async def test_unknown_addresses_are_not_found(
    site: Newsroom, client: aiohttp.ClientSession
) -> None:
    for path in ("/news/nothing/", "/sections/none/", "/sections/none/feed.xml", "/media/A.png"):
        assert await status(client, site.url + path) == 404, path


async def test_the_site_listens_on_loopback_only(site: Newsroom) -> None:
    assert site.url.startswith("http://127.0.0.1:")
    assert [address[0] for address in site._runner.addresses] == ["127.0.0.1"]


# --- Feeds ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/feed.xml", "/atom.xml"])
async def test_feeds_carry_what_a_reader_needs(
    site: Newsroom, client: aiohttp.ClientSession, path: str
) -> None:
    feed = parse(await read(client, site.url + path))
    shown = site.shown()
    assert feed.feed.title == "Город вместе"
    assert [entry.id for entry in feed.entries] == [article.guid for article in shown]
    for entry, article in zip(feed.entries, shown, strict=True):
        assert entry.link == article.url
        assert entry.title == article.title
        assert entry.tags[0].term == site.sections[article.section]
        assert [enclosure.href for enclosure in entry.enclosures] == (
            [article.image] if article.image else []
        )
        assert article.published
        moment = datetime.fromtimestamp(timegm(entry.published_parsed), UTC)
        assert moment == article.published


async def test_the_json_feed_carries_the_same(
    site: Newsroom, client: aiohttp.ClientSession
) -> None:
    undated = site.publish(title="Без даты и картинки", image=False, dated=False)
    site.correct(site.shown()[1], lead="Исправлено")
    feed = json.loads(await read(client, f"{site.url}/feed.json"))
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert [item["id"] for item in feed["items"]] == [article.guid for article in site.shown()]
    first, second = feed["items"][:2]
    assert first["url"] == undated.url
    assert not {"image", "date_published", "date_modified"} & set(first)
    assert second["summary"] == second["content_text"] == "Исправлено"
    assert datetime.fromisoformat(second["date_modified"]) == NOW


async def test_rss_names_the_picture_as_media_and_its_own_address(
    site: Newsroom, client: aiohttp.ClientSession
) -> None:
    article = site.publish(title="С картинкой", image="river")
    root = ET.fromstring(await read(client, site.feed_url()))  # noqa: S314 -- our own bytes
    media = root.find("channel/item/{http://search.yahoo.com/mrss/}content")
    own = root.find("channel/{http://www.w3.org/2005/Atom}link")
    assert media is not None
    assert media.get("url") == article.image == f"{site.url}/media/river.png"
    assert own is not None
    assert own.get("href") == site.feed_url()


async def test_a_section_feed_holds_that_section_alone(
    site: Newsroom, client: aiohttp.ClientSession
) -> None:
    site.publish(title="Не сюда", section="programma")
    here = site.publish(title="Сюда", section="sobytiya")
    feed = parse(await read(client, site.feed_url("sobytiya")))
    assert feed.feed.title == "События"
    assert feed.entries[0].id == here.guid
    assert {entry.tags[0].term for entry in feed.entries} == {"События"}


@pytest.mark.parametrize(
    "path", ["/feed.xml", "/atom.xml", "/feed.json", "/", "/sections/sobytiya/"]
)
async def test_an_unchanged_answer_is_not_sent_again(
    site: Newsroom, client: aiohttp.ClientSession, path: str
) -> None:
    url = site.url + path
    async with client.get(url) as response:
        tag, modified = response.headers["ETag"], response.headers["Last-Modified"]
    assert parsedate_to_datetime(modified) == NOW
    async with client.get(url, headers={"If-None-Match": tag}) as response:
        assert response.status == 304
        assert await response.read() == b""
        assert response.headers["ETag"] == tag
    assert await status(client, url, If_None_Match=f'"other", W/{tag}') == 304
    assert await status(client, url, If_Modified_Since=modified) == 304
    assert await status(client, url, If_None_Match='"other"', If_Modified_Since=modified) == 200
    # The clock stands still: a change within the same second must show all the same.
    site.publish(title="Ещё одна", section="sobytiya")
    assert await status(client, url, If_None_Match=tag) == 200
    assert await status(client, url, If_Modified_Since=modified) == 200


# --- The editor's desk ----------------------------------------------------------------------------


async def test_what_is_published_appears_at_once_and_first(
    site: Newsroom, client: aiohttp.ClientSession
) -> None:
    old = site.publish(title="Задним числом", published=NOW - timedelta(days=900), guid="g-1")
    feed = parse(await read(client, site.feed_url()))
    assert feed.entries[0].id == old.guid == "g-1"
    assert "Задним числом" in await text(client, old.url)
    again = site.publish(title="Задним числом")
    assert again.url != old.url
    assert again.published == NOW
    with pytest.raises(ValueError, match="no section"):
        site.publish(title="Никуда", section="nowhere")
    with pytest.raises(ValueError, match="offset"):
        site.publish(title="Когда", published=NOW.replace(tzinfo=None))


async def test_the_feed_shows_the_newest_and_grows_for_many(
    client: aiohttp.ClientSession,
) -> None:
    async with Newsroom(now=lambda: NOW, feed_size=5, feed_limit=60) as site:
        assert len(parse(await read(client, site.feed_url())).entries) == 5
        many = site.publish_many(50)
        feed = parse(await read(client, site.feed_url()))
        assert [entry.id for entry in feed.entries] == [article.guid for article in many[::-1]]
        site.publish_many(80)
        assert len(parse(await read(client, site.feed_url())).entries) == 60
        assert len({article.title for article in site.articles()}) == len(site.articles())
        assert len({article.url for article in site.articles()}) == len(site.articles())


async def test_a_correction_keeps_address_and_guid(
    site: Newsroom, client: aiohttp.ClientSession
) -> None:
    before = site.articles()[3]
    after = site.correct(before, title="Уточнено", lead="Лид", body_html="<p>Новый текст</p>")
    assert (after.url, after.guid, after.published) == (before.url, before.guid, before.published)
    page = await text(client, before.url)
    assert "Уточнено" in page
    assert "<p>Новый текст</p>" in page
    feed = parse(await read(client, f"{site.url}/atom.xml"))
    assert (feed.entries[3].title, feed.entries[3].id) == ("Уточнено", before.guid)
    assert feed.entries[3].updated_parsed[:6] == NOW.timetuple()[:6]


async def test_a_withdrawn_article_is_gone(site: Newsroom, client: aiohttp.ClientSession) -> None:
    article = site.publish(title="Ошибочная новость")
    site.withdraw(article)
    assert await status(client, article.url) == 410
    assert article.title not in await text(client, site.feed_url())
    again = site.publish(title="Ошибочная новость")
    assert await status(client, article.url) == 410
    assert await status(client, again.url) == 200


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Ещё щи, съезд и Йод", "eshche-shchi-sezd-i-yod"),
        ("и\N{COMBINING BREVE} — это й", "y-eto-y"),
        ("🎨🎨", "news"),
        ("слово " * 30, "slovo-" * 9 + "slovo"),
    ],
)
def test_slugs_are_latin_and_short(title: str, slug: str) -> None:
    assert slugify(title) == slug
    assert len(slug) <= 60


# --- Faults ---------------------------------------------------------------------------------------


async def test_a_broken_feed_fails_as_told_and_mends(
    site: Newsroom, client: aiohttp.ClientSession
) -> None:
    section = site.feed_url("sobytiya")
    site.break_feed()
    assert await status(client, site.feed_url()) == 500
    assert await status(client, section) == 500
    assert await status(client, f"{site.url}/") == 200
    site.break_feed("garbage")
    garbage = feedparser.parse(BytesIO(await read(client, section)), sanitize_html=False)
    assert garbage.bozo
    assert not garbage.entries
    site.break_feed("reset")
    with pytest.raises(ConnectionResetError):
        await raw(site, "/feed.xml")
    site.mend_feed()
    assert await status(client, site.feed_url()) == 200
    assert [seen.status for seen in site.requests] == [500, 500, 200, 200, None, 200]


async def test_a_hanging_feed_says_nothing_until_mended(site: Newsroom) -> None:
    site.break_feed("hang")
    asking = asyncio.create_task(raw(site, "/feed.xml"))
    await site.wait_for(lambda seen: len(seen) == 1)
    assert site.requests[0].status is None
    assert not asking.done()
    site.mend_feed()
    with pytest.raises(ConnectionResetError):
        await asking


async def test_mending_the_feed_does_not_mend_a_page(
    site: Newsroom, client: aiohttp.ClientSession
) -> None:
    """A page told to hang was reset at once after the feed had been mended."""
    article = site.articles()[0]
    site.break_page(article, "hang")
    site.mend_feed()
    asking = asyncio.create_task(raw(site, article.url.removeprefix(site.url)))
    await site.wait_for(lambda seen: len(seen) == 1)
    for _ in range(3):  # a reset would have come by the time of these answers
        assert await status(client, site.feed_url()) == 200
    assert not asking.done()
    site.mend_page(article)
    with pytest.raises(ConnectionResetError):
        await asking


async def test_a_site_closes_while_somebody_hangs() -> None:
    async with Newsroom(now=lambda: NOW) as site:
        site.break_feed("hang")
        asking = asyncio.create_task(raw(site, "/feed.xml"))
        await site.wait_for(lambda seen: len(seen) == 1)
    with pytest.raises(ConnectionResetError):
        await asking


async def test_a_broken_page_leaves_the_feed_and_others_alone(
    site: Newsroom, client: aiohttp.ClientSession
) -> None:
    broken, other = site.articles()[:2]
    site.break_page(broken)
    assert await status(client, broken.url) == 404
    assert await status(client, other.url) == 200
    assert broken.url in await text(client, site.feed_url())
    site.break_page(broken, 503)
    assert await status(client, broken.url) == 503
    site.mend_page(broken)
    assert await status(client, broken.url) == 200


async def raw(site: Newsroom, path: str) -> bytes:
    """What the site says to a plain socket until it ends the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(site.url.rsplit(":", 1)[1]))
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: test\r\n\r\n".encode())
        return await reader.read()
    finally:
        writer.close()


# --- What was asked -------------------------------------------------------------------------------


async def test_requests_are_noted_and_waited_for(
    site: Newsroom, client: aiohttp.ClientSession
) -> None:
    waiting = asyncio.create_task(
        site.wait_for(lambda seen: any(request.status == 404 for request in seen))
    )
    assert await status(client, f"{site.url}/?page=2", User_Agent="test-reader") == 200
    assert not waiting.done()
    async with client.head(f"{site.url}/nowhere") as response:
        assert response.status == 404
    await waiting
    first, second = site.requests
    assert isinstance(first, Seen)
    assert (first.method, first.path, first.status) == ("GET", "/?page=2", 200)
    assert first.headers["User-Agent"] == "test-reader"
    assert second[:3] == ("HEAD", "/nowhere", 404)
    with pytest.raises(TimeoutError):
        await site.wait_for(lambda seen: len(seen) > 2, timeout=0.01)


async def test_only_the_latest_requests_are_kept_where_there_is_a_bound(
    client: aiohttp.ClientSession,
) -> None:
    """A demo that was left open grew with every poll."""
    async with Newsroom(keep=2) as site:
        for page in range(3):
            await status(client, f"{site.url}/?page={page}")
        await site.wait_for(lambda seen: seen[-1].path == "/?page=2")
        assert [seen.path for seen in site.requests] == ["/?page=1", "/?page=2"]


# --- Pictures -------------------------------------------------------------------------------------


async def test_every_picture_that_a_page_shows_is_a_whole_png(
    site: Newsroom, client: aiohttp.ClientSession
) -> None:
    shown = {article.image for article in site.articles() if article.image}
    for article in site.articles():
        shown |= {site.url + path for path in re.findall(r'src="(/[^"]+)"', article.body_html)}
    assert len(shown) > 12
    bodies = {url: await read(client, url) for url in shown}
    for body in bodies.values():
        assert_png(body)
    assert len(set(bodies.values())) == len(bodies)
    again = next(iter(bodies))
    assert await read(client, again) == bodies[again]


def assert_png(body: bytes) -> None:
    """https://www.w3.org/TR/png-3/: every chunk's checksum, the size, and all rows of pixels."""
    assert body.startswith(SIGNATURE)
    chunks: list[tuple[bytes, bytes]] = []
    at = len(SIGNATURE)
    while at < len(body):
        (length,) = struct.unpack_from(">I", body, at)
        kind, data = body[at + 4 : at + 8], body[at + 8 : at + 8 + length]
        (checksum,) = struct.unpack_from(">I", body, at + 8 + length)
        assert checksum == zlib.crc32(kind + data)
        chunks.append((kind, data))
        at += length + 12
    assert [kind for kind, _ in chunks] == [b"IHDR", b"IDAT", b"IEND"]
    assert chunks[0][1] == struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    rows = zlib.decompress(chunks[1][1])
    stride = 1 + WIDTH * 3
    assert len(rows) == stride * HEIGHT
    assert set(rows[::stride]) == {0}


# --- The command line -----------------------------------------------------------------------------


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
async def test_the_command_serves_until_interrupted(
    client: aiohttp.ClientSession, stop: signal.Signals
) -> None:
    async with command(asyncio.subprocess.DEVNULL) as process:
        assert process.stdout
        first = (await process.stdout.readline()).decode().split()
        assert first[0] == "Site:"
        assert "Город вместе" in await text(client, first[1])
        process.send_signal(stop)
        assert await process.wait() == 0
        said = (await process.stdout.read()).decode()
        assert "/sections/sobytiya/feed.xml" in said
        assert "Enter" not in said


async def test_enter_in_a_terminal_publishes_one_more(client: aiohttp.ClientSession) -> None:
    keyboard, terminal = pty.openpty()
    try:
        async with command(terminal) as process:
            assert process.stdout
            first = (await process.stdout.readline()).decode().split()
            said = await process.stdout.readuntil(b"Ctrl+C ends.\n")
            assert b"Enter publishes" in said
            os.write(keyboard, b"\n")
            published = (await process.stdout.readline()).decode().split()
            assert published[0] == "Published:"
            newest = parse(await read(client, f"{first[1]}feed.xml")).entries[0]
            assert newest.link == published[-1]
    finally:
        os.close(keyboard)
        os.close(terminal)


async def test_a_port_in_use_is_told_plainly(site: Newsroom) -> None:
    port = site.url.rsplit(":", 1)[1]
    async with command(asyncio.subprocess.DEVNULL, port) as process:
        assert process.stderr
        said = (await process.stderr.read()).decode()
        assert await process.wait() == 1
    assert said.startswith(f"Cannot listen on 127.0.0.1:{port}: ")
    assert "Traceback" not in said


@asynccontextmanager
async def command(stdin: int, port: str = "0") -> AsyncIterator[asyncio.subprocess.Process]:
    """The site as a process of its own, ended with the block."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sandbox.newsroom", "--port", port),
        stdin=stdin,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
