"""robots.txt of servers on a real socket, by a clock of our own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from yarl import URL

from bot.errors import RobotsRefusedError, UnreachableError
from bot.ingest.fetching.fetch import Fetched, Fetcher
from bot.ingest.fetching.headers import PRODUCT
from bot.ingest.fetching.robots import LONGEST_DELAY, ROBOTS_BYTES, Robots, read_rules
from bot.model import SourceSpec
from tests.ingest.site import Answer, Moved, Site

LIMIT = 1_000_000
HOUR, DAY = 3600.0, 86_400.0
FORBIDS = "User-agent: *\nDisallow: /private/\n"


def running(robots: Answer = 404) -> Site:
    """A site with this robots.txt, and a page at every path."""
    return Site({"/robots.txt": robots}, otherwise="page")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def fetcher(clock: Clock) -> AsyncIterator[Fetcher]:
    async with Fetcher(
        allow_private=True, user_agent="Vestnik/1", page_timeout=1, page_pause=0, clock=clock
    ) as opened:
        yield opened


async def page(fetcher: Fetcher, url: str) -> bytes:
    answer = await fetcher.get(url, limit=LIMIT, page=True)
    assert isinstance(answer, Fetched)
    return answer.content


async def test_a_page_that_robots_txt_forbids_is_not_asked_for(fetcher: Fetcher) -> None:
    async with running(FORBIDS) as site:
        assert await page(fetcher, f"{site.url}/news/1") == b"page"
        with pytest.raises(RobotsRefusedError, match=r"robots\.txt of 127\.0\.0\.1.* forbids"):
            await page(fetcher, f"{site.url}/private/1")
        assert site.paths() == ["/robots.txt", "/news/1"]


async def test_a_sources_own_address_is_read_whatever_robots_txt_says(fetcher: Fetcher) -> None:
    async with running("User-agent: *\nDisallow: /\n") as site:
        await fetcher.get(f"{site.url}/feed", limit=LIMIT)
        assert site.paths() == ["/feed"]


async def test_a_page_that_moved_to_where_we_may_not_go_is_not_followed(fetcher: Fetcher) -> None:
    async with running("User-agent: Vestnik\nDisallow: /\n") as other, running() as site:
        site.documents |= {"/here": Moved("/private/1"), "/away": Moved(f"{other.url}/a")}
        site.documents["/robots.txt"] = FORBIDS
        for path in ("/here", "/away"):
            with pytest.raises(RobotsRefusedError):
                await page(fetcher, f"{site.url}{path}")
        assert site.paths() == ["/robots.txt", "/here", "/away"]
        assert other.paths() == ["/robots.txt"]


async def test_robots_txt_is_asked_for_once_a_day(fetcher: Fetcher, clock: Clock) -> None:
    async with running(FORBIDS) as site:
        await asyncio.gather(*(page(fetcher, f"{site.url}/{n}") for n in range(5)))
        clock.now = DAY - 1
        await page(fetcher, f"{site.url}/a")
        assert site.paths().count("/robots.txt") == 1
        clock.now = DAY
        site.documents["/robots.txt"] = "User-agent: *\nDisallow: /a\n"
        with pytest.raises(RobotsRefusedError):
            await page(fetcher, f"{site.url}/a")
        assert site.paths().count("/robots.txt") == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
async def test_where_there_is_no_robots_txt_all_is_allowed(fetcher: Fetcher, status: int) -> None:
    async with running(status) as site:
        assert await page(fetcher, f"{site.url}/a") == b"page"
        assert await page(fetcher, f"{site.url}/b") == b"page"
        assert site.paths().count("/robots.txt") == 1


async def test_robots_txt_is_followed_to_where_it_moved(fetcher: Fetcher) -> None:
    async with running(FORBIDS) as other, running() as site:
        site.documents["/robots.txt"] = Moved(f"{other.url}/robots.txt")
        with pytest.raises(RobotsRefusedError):
            await page(fetcher, f"{site.url}/private/1")
        site.documents["/robots.txt"] = Moved("/robots.txt")  # a circle; it was kept for the day
        with pytest.raises(RobotsRefusedError):
            await page(fetcher, f"{site.url}/private/1")


async def test_a_circle_of_robots_txt_is_none(fetcher: Fetcher) -> None:
    async with running() as site:
        site.documents["/robots.txt"] = Moved("/robots.txt")
        assert await page(fetcher, f"{site.url}/a") == b"page"


@pytest.mark.parametrize("status", [500, 503, 429])
async def test_while_robots_txt_fails_pages_wait_but_not_for_ever(
    fetcher: Fetcher, clock: Clock, status: int
) -> None:
    async with running(status) as site:
        for clock.now in (0.0, 299.0):
            with pytest.raises(UnreachableError, match=r"does not give its robots\.txt"):
                await page(fetcher, f"{site.url}/a")
        assert site.paths() == ["/robots.txt"]
        for clock.now in (300.0, 23 * HOUR):
            with pytest.raises(UnreachableError):
                await page(fetcher, f"{site.url}/a")
        assert site.paths() == ["/robots.txt"] * 3
        clock.now = DAY
        assert await page(fetcher, f"{site.url}/a") == b"page"


async def test_the_last_copy_serves_while_robots_txt_fails(fetcher: Fetcher, clock: Clock) -> None:
    async with running(FORBIDS) as site:
        await page(fetcher, f"{site.url}/a")
        site.documents["/robots.txt"] = 500
        for clock.now in (DAY, 2 * DAY, 5 * DAY):
            assert await page(fetcher, f"{site.url}/a") == b"page"
            with pytest.raises(RobotsRefusedError):
                await page(fetcher, f"{site.url}/private/1")
        site.documents["/robots.txt"] = 404
        clock.now = 6 * DAY
        assert await page(fetcher, f"{site.url}/private/1") == b"page"


async def test_a_site_that_does_not_answer_is_asked_for_robots_txt_alone() -> None:
    async with (
        Site({"/robots.txt": None}, otherwise=None) as site,
        Fetcher(allow_private=True, user_agent="t", page_timeout=0.1) as fetcher,
    ):
        for _ in range(3):
            with pytest.raises(UnreachableError):
                await page(fetcher, f"{site.url}/a")
        assert site.paths() == ["/robots.txt"]


async def test_the_publishers_headers_open_robots_txt_and_pages_of_its_host_only() -> None:
    async with running() as other, running() as site:
        site.documents["/away"] = Moved(f"{other.url}/a")
        other.documents["/a"] = Moved(f"{site.url}/back")
        spec = SourceSpec(f"{site.url}/feed", headers=(("X-Key", "sesame"),))
        async with Fetcher(
            allow_private=True, user_agent="t", page_pause=0, sources=[spec]
        ) as fetcher:
            await fetcher.get(spec.url, limit=LIMIT)
            await page(fetcher, f"{site.url}/away")
        assert site.paths() == ["/feed", "/robots.txt", "/away", "/back"]
        assert [each.headers.get("X-Key") for each in site.asked] == ["sesame"] * 4
        assert other.paths() == ["/robots.txt", "/a"]
        assert [each.headers.get("X-Key") for each in other.asked] == [None, None]


# --- What it says ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("", True),
        ("hello", True),
        ("User-agent: *\nDisallow:\n", True),
        ("User-agent: *\nDisallow: /\n", False),
        ("User-agent: GPTBot\nUser-agent: CCBot\nDisallow: /\n", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: Vestnik\nAllow: /\n", True),
        ("User-agent: *\nAllow: /\n\nUser-agent: vestnik/2.0\nDisallow: /\n", False),
        ("User-agent: Vestnik*\nDisallow: /news\n", False),
        ("User-agent: Vestnik-Images\nDisallow: /\n", True),
        ("user agent vestnik\ndisallow /news\n", False),
        ("\ufeffUser-agent: *\r\nDisallow: /news/*/1$\r\n", False),
        ("User-agent: a\nUser-agent: *\nDisallow: /news\nUser-agent: b\nAllow: /\n", False),
        ("User-agent: *\nDisallow: /news\nAllow: /news/2026/1\n", True),
    ],
)
async def test_what_is_said_to_us_is_read(text: str, *, allowed: bool) -> None:
    assert await read_rules(text.encode()).allow("https://news.example/news/2026/1") is allowed


@pytest.mark.parametrize(
    ("line", "delay"),
    [("2.5", 2.5), ("0", 0), ("-1", 0), ("inf", 0), ("nan", 0), ("soon", 0), ("86400", 10)],
)
def test_a_crawl_delay_is_obeyed_within_a_limit(line: str, delay: float) -> None:
    assert LONGEST_DELAY == 10
    assert read_rules(f"User-agent: *\nCrawl-delay: {line}\n".encode()).delay == delay


K = ROBOTS_BYTES
MANY = range(20_000)
HOSTILE = {
    "names": "".join(f"User-agent: a{n}\n" for n in MANY[:15_000])
    + "".join(f"Disallow: /{n}\n" for n in MANY[:15_000]),
    "odd names": "".join(f"User \t agent vestnik{n}\x0c" for n in MANY[:9_000])
    + "".join(f"Disallow: /{n}\x0c" for n in MANY[:9_000]),
    "our names": "".join(f"User-agent: Vestnik/{n}\n" for n in MANY[:10_000])
    + "".join(f"Disallow: /{n}\n" for n in MANY[:10_000]),
    "wildcards": "User-agent: *\n" + "".join(f"Disallow: /*{n:x}\n" for n in range(30_000)),
    "one long line": "User-agent: *\nDisallow: /" + "*a" * (K // 2),
    "long lines": "User-agent: *\n" + ("Disallow: /" + "*a" * 900 + "b\n") * (K // 1812),
    "dollars": "User-agent: *\n" + "Disallow: /$$$\n" * (K // 15),
    "blanks": (" " * 1999 + "\n") * (K // 2000),
    "user user": ("user " * 399 + "\n") * (K // 2000),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_robots_txt_takes_little_time(name: str) -> None:
    """Ninety kilobytes of names and rules once took the library 20 s."""
    content = HOSTILE[name].encode()
    began = time.process_time()
    rules = await asyncio.to_thread(read_rules, content[:K])
    await rules.allow("https://news.example/" + "a" * 1900)
    assert time.process_time() - began < 3


async def test_what_is_kept_of_many_hosts_is_bounded() -> None:
    long = ("User-agent: *\n" + "Disallow: /b\n" * 30_000).encode()
    asked: list[str] = []

    async def read(url: str) -> bytes:
        asked.append(url)
        return long if "long" in url else FORBIDS.encode()

    robots = Robots(read)
    for name in [f"long{n}" for n in range(5)] + [f"short{n}" for n in range(400)]:
        await robots.admit(URL(f"https://{name}.example/a"))
    assert len(robots._copies) == 256
    await robots.admit(URL("https://short399.example/a"))
    assert len(asked) == 405
    await robots.admit(URL("https://short0.example/a"))
    assert len(asked) == 406
    for n in range(5):
        await robots.admit(URL(f"https://long{n}.example/a"))
    kept = sum(copy.rules.chars for copy in robots._copies.values() if copy.rules)
    assert kept <= 1024 * 1024
    assert PRODUCT == "Vestnik"
