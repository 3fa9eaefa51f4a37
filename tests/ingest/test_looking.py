"""Sources that are no feeds, over real sockets: what serves, is remembered, is pushed."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from bot.ingest.fetching.fetch import Fetcher
from bot.ingest.poll import Poller
from bot.ingest.workers import ParsePool
from bot.model import Selectors, Source, SourceSpec
from bot.storage import sources
from bot.storage.database import Database
from bot.storage.schema import article, broadcast, source
from tests.ingest.reads import now_of, read
from tests.ingest.site import TEXT, Site, article_page, item, rss

TODAY = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with Site(tagged=True) as opened:
        yield opened


def lists(site: Site) -> list[tuple[str, int]]:
    """What was asked for since the last time, without articles' pages and robots.txt."""
    asked = [(each.path, each.status) for each in site.asked]
    site.asked.clear()
    return [each for each in asked if not each[0].startswith(("/n/", "/robots.txt"))]


@pytest.fixture
async def pool() -> AsyncIterator[ParsePool]:
    async with ParsePool(workers=1) as opened:
        yield opened


class Reader:
    """Reads one source again and again, as the poller does."""

    def __init__(self, database: Database, fetcher: Fetcher, pool: ParsePool) -> None:
        self._database = database
        self._fetcher = fetcher
        self._pool = pool
        self.spec = SourceSpec("")

    def poller(self, url: str, selectors: Selectors | None) -> Poller:
        return Poller(
            self._database,
            self._fetcher,
            self._pool,
            poll_seconds=60,
            allow_private=True,
            specs=[SourceSpec(url, selectors=selectors)],
            chance=lambda: 0.5,
        )

    async def read(self, url: str, selectors: Selectors | None = None) -> Source:
        spec = SourceSpec(url, selectors=selectors)
        poller = self.poller(url, selectors)
        return await read(poller, self._database, spec)

    async def kept(self) -> list[str]:
        async with self._database.read() as connection:
            found = await connection.scalars(select(article.c.title).order_by(article.c.id))
            return list(found.all())

    async def pushed(self) -> list[str]:
        async with self._database.read() as connection:
            found = await connection.scalars(
                select(article.c.title)
                .join(broadcast, broadcast.c.article_id == article.c.id)
                .order_by(broadcast.c.id)
            )
            return list(found.all())

    async def fault(self) -> str | None:
        async with self._database.read() as connection:
            (health,) = await sources.source_health(connection)
        return health.error


@pytest.fixture
async def reader(database: Database, pool: ParsePool) -> AsyncIterator[Reader]:
    async with Fetcher(allow_private=True, user_agent="test", page_pause=0) as fetcher:
        yield Reader(database, fetcher, pool)


def news(*names: str) -> str:
    return rss(*(item(f"Новость {name}", f"/n/{name}00") for name in names))


def published(moment: datetime, title: str = "") -> str:
    """An article's page that says when it was published."""
    told = f"<meta property='article:published_time' content='{moment.isoformat()}'>"
    return article_page(title, told)


def page(*names: str, feed: str = "") -> str:
    named = f"<link rel='alternate' type='application/rss+xml' href='{feed}'>" if feed else ""
    cards = "".join(
        f"<article><h2><a href='/n/{n}00'>Новость {n} из города</a></h2>"
        f"<time datetime='2026-11-20'>20 ноября</time></article>"
        for n in names
    )
    return f"<html><head><title>Новости</title>{named}</head><body>{cards}</body></html>"


async def test_the_feed_that_a_page_names_is_remembered_until_it_is_gone(
    reader: Reader, site: Site
) -> None:
    url = f"{site.url}/news"
    site.documents |= {"/news": page("1", "2", "3", feed="/rss"), "/rss": news("1", "2", "3")}
    after = await reader.read(url)
    assert (after.reads_url, after.primed) == (f"{site.url}/rss", True)
    assert lists(site) == [("/news", 200), ("/rss", 200)]

    await reader.read(url)
    assert lists(site) == [("/rss", 304)]

    site.documents["/rss"] = news("4", "1", "2")
    await reader.read(url)
    assert lists(site) == [("/rss", 200)]
    assert await reader.pushed() == ["Новость 4"]

    # The list shows two old articles that the feed never had, and one of today.
    site.documents |= {"/rss": 404, "/news": page("6", "4", "1", "8", "9", feed="/rss")}
    site.documents["/n/600"] = published(TODAY)
    site.documents["/n/800"] = published(TODAY - timedelta(days=90))
    after = await reader.read(url)
    assert after.reads_url is None
    assert lists(site) == [("/rss", 404), ("/news", 200), ("/rss", 404)]
    assert await reader.pushed() == ["Новость 4", "Новость 6 из города"]

    await reader.read(url)
    assert lists(site) == [("/news", 304)]  # whose validators they are

    site.documents |= {"/rss": news("7", "6", "4"), "/news": page("7", "6", "4", feed="/rss")}
    site.documents["/n/700"] = published(TODAY)
    after = await reader.read(url)
    assert after.reads_url == f"{site.url}/rss"
    assert (await reader.pushed())[2:] == ["Новость 7"]
    assert len(await reader.kept()) == 8


async def test_a_feed_that_became_a_page_is_forgotten(reader: Reader, site: Site) -> None:
    url = f"{site.url}/news"
    site.documents |= {"/news": page("1", "2", feed="/rss"), "/rss": news("1", "2")}
    await reader.read(url)
    site.documents |= {"/rss": page("5", "6"), "/news": page("1", "2", feed="/new.xml")}
    site.documents["/new.xml"] = news("1", "2")
    assert (await reader.read(url)).reads_url == f"{site.url}/new.xml"
    assert await reader.pushed() == []


async def test_a_remembered_feed_that_fails_for_now_is_kept(reader: Reader, site: Site) -> None:
    url = f"{site.url}/news"
    site.documents |= {"/news": page("1", "2", feed="/rss"), "/rss": news("1", "2")}
    await reader.read(url)
    lists(site)
    site.documents["/rss"] = 503
    for _ in range(7):
        after = await reader.read(url)
    assert (after.reads_url, after.failures) == (f"{site.url}/rss", 7)
    assert lists(site) == [("/rss", 503)] * 7
    site.documents["/rss"] = news("3", "1", "2")
    after = await reader.read(url)
    assert (after.reads_url, after.failures) == (f"{site.url}/rss", 0)
    assert await reader.pushed() == ["Новость 3"]


@pytest.mark.parametrize("own", [404, 503, "<html><body><p>Ведутся работы</p>"])
@pytest.mark.parametrize("feed", [404, 410, "<html><body><p>Ведутся работы</p>"])
async def test_a_remembered_feed_is_kept_where_its_page_shows_nothing_either(
    reader: Reader, site: Site, feed: str | int, own: str | int
) -> None:
    url = f"{site.url}/news"
    site.documents |= {"/news": page("1", "2", feed="/rss"), "/rss": news("1", "2")}
    await reader.read(url)
    site.documents |= {"/news": own, "/rss": feed}
    for _ in range(6):
        after = await reader.read(url)
    assert (after.reads_url, after.failures) == (f"{site.url}/rss", 6)
    site.documents["/rss"] = news("3", "1", "2")
    assert (await reader.read(url)).failures == 0
    assert await reader.pushed() == ["Новость 3"]


@pytest.mark.parametrize("feed", [404, news(), "<rss", page("5", "6")])
async def test_where_the_named_feed_is_of_no_use_the_page_serves(
    reader: Reader, site: Site, feed: str | int
) -> None:
    site.documents |= {"/news": page("1", "2", "3", feed="/rss"), "/rss": feed}
    after = await reader.read(f"{site.url}/news")
    assert (after.reads_url, after.failures) == (None, 0)
    assert len(await reader.kept()) == 3


async def test_what_is_new_in_a_list_is_pushed_once(reader: Reader, site: Site) -> None:
    url = f"{site.url}/news"
    site.documents["/news"] = page("1", "2", "3")
    assert (await reader.read(url)).primed
    assert await reader.pushed() == []
    site.documents["/news"] = page("4", "1", "2", "3")
    for _ in range(3):
        await reader.read(url)
    assert await reader.pushed() == ["Новость 4 из города"]
    assert [status for _, status in lists(site)] == [200, 200, 304, 304]


async def test_a_page_without_news_says_what_to_do(reader: Reader, site: Site) -> None:
    site.documents |= {"/": "<html><body><p>Добро пожаловать</p>", "/rss": 404}
    after = await reader.read(site.url + "/")
    assert not after.primed
    assert "SOURCES_FILE" in (await reader.fault() or "")


async def test_a_sitemap_of_news_is_read_like_a_feed(reader: Reader, site: Site) -> None:
    def sitemap(*names: str) -> bytes:
        urls = "".join(
            f"<url><loc>{site.url}/n/{n}</loc><n:news xmlns:n='x'><n:title>Новость {n}</n:title>"
            f"<n:publication_date>{TODAY.isoformat()}</n:publication_date></n:news></url>"
            for n in names
        )
        return gzip.compress(f"<urlset>{urls}</urlset>".encode(), mtime=0)

    index = "<sitemapindex><sitemap><loc>/s/pages.xml</loc></sitemap>"
    index += "<sitemap><loc>/s/news.xml.gz</loc></sitemap></sitemapindex>"
    site.documents |= {"/sitemap.xml": index, "/s/news.xml.gz": sitemap("1", "2")}
    after = await reader.read(f"{site.url}/sitemap.xml")
    assert after.reads_url == f"{site.url}/s/news.xml.gz"
    lists(site)
    site.documents["/s/news.xml.gz"] = sitemap("3", "1", "2")
    await reader.read(f"{site.url}/sitemap.xml")
    assert lists(site) == [("/s/news.xml.gz", 200)]
    assert await reader.pushed() == ["Новость 3"]


async def test_of_a_sitemap_of_all_pages_what_was_just_published_is_pushed(
    reader: Reader, site: Site, database: Database
) -> None:
    """An article of years ago shows up there again when a letter is changed.

    What did not change was then thought to be gone, and all its pages were looked at.
    """

    def sitemap(*names: str) -> str:
        urls = "".join(
            f"<url><loc>{site.url}/n/{n}00</loc><lastmod>{TODAY.isoformat()}</lastmod></url>"
            for n in names
        )
        return f"<urlset>{urls}<url><loc>{site.url}/about</loc></url></urlset>"

    index = "<sitemapindex><sitemap><loc>/s/posts.xml</loc></sitemap></sitemapindex>"
    site.documents |= {"/sitemap.xml": index, "/s/posts.xml": sitemap("1", "2", "3")}
    for number in (1, 2, 3):
        moment = TODAY - timedelta(hours=4 - number)
        site.documents[f"/n/{number}00"] = published(moment, f"Страница {number}")
    after = await reader.read(f"{site.url}/sitemap.xml")
    assert (after.reads_url, after.etag) == (None, None)
    site.documents["/s/posts.xml"] = sitemap("4", "5", "6", "1")
    site.documents["/n/400"] = published(TODAY, "Страница 4")
    site.documents["/n/500"] = published(TODAY - timedelta(days=400), "Страница 5")
    site.documents["/n/600"] = article_page("Страница 6")
    await reader.read(f"{site.url}/sitemap.xml")
    assert await reader.pushed() == ["Страница 4"]
    assert len(await reader.kept()) == 6
    async with database.read() as connection:
        absent = await connection.scalars(select(article.c.id).where(article.c.seen == ""))
        assert absent.all() == []


async def test_selectors_serve_the_list_and_the_article(
    reader: Reader, site: Site, database: Database
) -> None:
    site.documents["/odd"] = "<html><body>" + "".join(
        f"<b class=x><u>Мост {n}</u> <a href='/n/{n}'>›</a></b>" for n in range(2)
    )
    site.otherwise = f"<html><body><article>{TEXT}</article><i>сбоку</i></body></html>"
    selectors = Selectors(item="b.x", title="u", article="body", drop="article p + p")
    after = await reader.read(f"{site.url}/odd", selectors)
    assert after.primed
    async with database.read() as connection:
        texts = (await connection.scalars(select(article.c.document))).all()
    assert len(texts) == 2
    assert all(str(text).count("Через реку") == 1 and "сбоку" in str(text) for text in texts)


async def test_selectors_of_a_list_go_before_a_remembered_feed(reader: Reader, site: Site) -> None:
    """The editor has seen that the page names the feed of something else."""
    url = f"{site.url}/news"
    site.documents |= {"/news": page("1", "2", feed="/rss"), "/rss": news("8", "9")}
    after = await reader.read(url)
    assert after.reads_url == f"{site.url}/rss"
    lists(site)
    after = await reader.read(url, Selectors(item="article", title="a"))
    assert (after.reads_url, after.failures) == (None, 0)
    assert lists(site) == [("/news", 200)]
    assert len(await reader.kept()) == 4
    assert await reader.pushed() == []  # what was there before is not news
    site.documents["/news"] = page("3", "1", "2", feed="/rss")
    await reader.read(url, Selectors(item="article", title="a"))
    assert await reader.pushed() == ["Новость 3 из города"]
    site.documents["/news"] = page("4", "3", "1", "2", feed="/rss")
    assert (await reader.read(url)).reads_url == f"{site.url}/rss"


async def test_no_validator_of_the_remembered_feed_reaches_a_page_with_selectors(
    reader: Reader, site: Site, database: Database
) -> None:
    url = f"{site.url}/news"
    site.documents |= {"/news": page("1", "2", feed="/rss"), "/rss": news("8", "9")}
    await reader.read(url)
    selectors = Selectors(item="article", title="a")
    shown = f'"{hash(site.documents["/news"])}"'
    async with database.write() as connection:
        await connection.execute(update(source).values(etag=shown))
    poller = reader.poller(url, selectors)
    due = await now_of(database)
    poller._seen.add(due.id)  # so that it is no full read
    lists(site)
    await poller.read(due)
    assert lists(site) == [("/news", 200)]


async def test_a_selector_that_finds_nothing_is_told(reader: Reader, site: Site) -> None:
    site.documents["/news"] = page("1", "2", "3")
    await reader.read(f"{site.url}/news", Selectors(item=".card"))
    assert await reader.fault() == "The selector item “.card” finds nothing on this page."
