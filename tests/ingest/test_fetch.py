from __future__ import annotations

import asyncio
import gzip
import socket
import traceback
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from aiohttp import web

from bot.errors import AddressRefusedError, FetchError, UnreachableError
from bot.ingest.fetching import connect
from bot.ingest.fetching.fetch import MAX_REDIRECTS, Fetched, Fetcher, NotModified
from bot.ingest.fetching.freshness import retry_after

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
AGENT = "Vestnik-Test/1.0"
LIMIT = 1_000_000


@asynccontextmanager
async def site(handler: Handler, host: str = "127.0.0.1") -> AsyncIterator[str]:
    """A web server that answers everything with one handler; gives its address without a slash."""
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    try:
        server = web.TCPSite(runner, host, 0)
        await server.start()
        port = runner.addresses[0][1]
        yield f"http://{f'[{host}]' if ':' in host else host}:{port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def raw_site(answer: bytes) -> AsyncIterator[str]:
    """A server that says the same bytes to whoever asks, then hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10_000)
        writer.write(answer)
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    async with Fetcher(allow_private=True, user_agent=AGENT, timeout=10, page_pause=0) as opened:
        yield opened


async def hello(_request: web.Request) -> web.Response:
    return web.Response(text="hello")


# --- What is asked and what is answered -----------------------------------------------------------


async def test_an_answer_carries_body_type_and_validators(fetcher: Fetcher) -> None:
    asked: list[web.Request] = []

    async def feed(request: web.Request) -> web.Response:
        asked.append(request)
        headers = {
            "Content-Type": "text/xml; charset=windows-1251",
            "ETag": 'W/"a b"',
            "Last-Modified": "Mon, 23 Nov 2026 06:00:00 GMT",
        }
        return web.Response(body=b"\xcd\xee", headers=headers)

    async with site(feed) as base:
        fetched = await fetcher.get(f"{base}/feed#top", limit=LIMIT)

    assert fetched == Fetched(
        url=f"{base}/feed",
        content=b"\xcd\xee",
        content_type="text/xml; charset=windows-1251",
        etag='W/"a b"',
        last_modified="Mon, 23 Nov 2026 06:00:00 GMT",
    )
    assert asked[0].headers["User-Agent"] == AGENT
    assert "application/rss+xml" in asked[0].headers["Accept"]
    assert "If-None-Match" not in asked[0].headers
    assert "If-Modified-Since" not in asked[0].headers


async def test_validators_go_back_as_they_came_also_behind_a_redirect(fetcher: Fetcher) -> None:
    asked: list[web.Request] = []

    async def feed(request: web.Request) -> web.Response:
        asked.append(request)
        if request.path == "/old":
            raise web.HTTPFound("/new")
        return web.Response(status=304)

    async with site(feed) as base:
        answer = await fetcher.get(
            f"{base}/old", etag='W/"a b"', last_modified="Monday, maybe", limit=LIMIT
        )

    assert answer == NotModified(f"{base}/new")
    assert [request.headers["If-None-Match"] for request in asked] == ['W/"a b"'] * 2
    assert [request.headers["If-Modified-Since"] for request in asked] == ["Monday, maybe"] * 2


async def test_a_304_that_nobody_asked_for_is_an_error(fetcher: Fetcher) -> None:
    async def feed(_request: web.Request) -> web.Response:
        return web.Response(status=304)

    async with site(feed) as base:
        with pytest.raises(FetchError, match="304") as caught:
            await fetcher.get(base, limit=LIMIT)

    assert caught.value.status == 304


async def test_a_validator_that_cannot_be_stored_is_dropped(fetcher: Fetcher) -> None:
    answer = b'HTTP/1.1 200 OK\r\nETag: "\xff\xfe"\r\nContent-Length: 2\r\n\r\nok'

    async with raw_site(answer) as base:
        fetched = await fetcher.get(base, limit=LIMIT)

    assert isinstance(fetched, Fetched)
    assert (fetched.content, fetched.etag) == (b"ok", None)


async def test_cookies_are_forgotten(fetcher: Fetcher) -> None:
    cookies: list[str | None] = []

    async def feed(request: web.Request) -> web.Response:
        cookies.append(request.headers.get("Cookie"))
        return web.Response(headers={"Set-Cookie": "session=1; Path=/"})

    async with site(feed, host="127.0.0.1") as base:
        for _ in range(2):
            await fetcher.get(base, limit=LIMIT)

    assert cookies == [None, None]


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with (
        site(hello) as base,
        Fetcher(allow_private=True, user_agent=AGENT) as fetcher,
    ):
        fetched = await fetcher.get(base, limit=LIMIT)

    assert isinstance(fetched, Fetched)
    assert fetched.content == b"hello"


@pytest.mark.parametrize("status", [200, 304])
async def test_an_answer_says_how_long_it_is_fresh(fetcher: Fetcher, status: int) -> None:
    async def feed(_request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Cache-Control": "max-age=120"})

    async with site(feed) as base:
        answer = await fetcher.get(base, etag='"a"', limit=LIMIT)

    assert answer.fresh == 120


async def test_an_answer_names_its_hub(fetcher: Fetcher) -> None:
    async def feed(_request: web.Request) -> web.Response:
        link = '<https://hub.example/>; rel="hub", </feed>; rel="self"'
        return web.Response(headers={"Link": link})

    async with site(feed) as base:
        answer = await fetcher.get(base, limit=LIMIT)
        assert isinstance(answer, Fetched)
        assert (answer.hub, answer.own_url) == ("https://hub.example/", f"{base}/feed")


@pytest.mark.parametrize(
    ("statuses", "moved"),
    [((301,), True), ((308, 301), True), ((302,), False), ((301, 307), False), ((303, 308), False)],
)
async def test_only_permanent_redirects_are_a_move(
    fetcher: Fetcher, statuses: tuple[int, ...], *, moved: bool
) -> None:
    async def feed(request: web.Request) -> web.Response:
        hop = int(request.path.strip("/") or 0)
        if hop == len(statuses):
            return web.Response()
        return web.Response(status=statuses[hop], headers={"Location": f"/{hop + 1}"})

    async with site(feed) as base:
        answer = await fetcher.get(base, limit=LIMIT)

    assert answer.moved_to == (f"{base}/{len(statuses)}" if moved else None)


async def test_a_fault_says_whether_it_came_behind_a_redirect(fetcher: Fetcher) -> None:
    async def feed(request: web.Request) -> web.Response:
        if request.path == "/":
            raise web.HTTPMovedPermanently("/new")
        return web.Response(status=410)

    async with site(feed) as base:
        for path, redirected in (("/", True), ("/new", False)):
            with pytest.raises(FetchError) as caught:
                await fetcher.get(base + path, limit=LIMIT)
            assert (caught.value.status, caught.value.redirected) == (410, redirected)


# --- Passwords ------------------------------------------------------------------------------------


async def test_a_password_is_sent_to_its_own_host_only_and_never_shown(fetcher: Fetcher) -> None:
    seen: list[str | None] = []

    async with AsyncExitStack() as stack:

        async def other(request: web.Request) -> web.Response:
            seen.append(request.headers.get("Authorization"))
            return web.Response(status=500)

        elsewhere = await stack.enter_async_context(site(other))

        async def own(request: web.Request) -> web.Response:
            seen.append(request.headers.get("Authorization"))
            raise web.HTTPFound("/again" if request.path == "/" else elsewhere)

        base = await stack.enter_async_context(site(own))
        with pytest.raises(FetchError) as caught:
            await fetcher.get(base.replace("//", "//editor:s%65cret@"), limit=LIMIT)

    assert seen == ["Basic ZWRpdG9yOnNlY3JldA=="] * 2 + [None]
    assert "secret" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "url",
    [
        *("", "news", "ftp://u:secret@example.org/", "file:///etc/passwd", "http://"),
        *("http://u:secret@[::1/", "http://u:secret@example.org:99999/", "http://xn--/"),
        f"http://u:secret@{'я' * 70}.example/",
    ],
)
async def test_what_is_no_address_is_refused_without_being_shown(
    fetcher: Fetcher, url: str
) -> None:
    with pytest.raises(FetchError, match="http") as caught:
        await fetcher.get(url, limit=LIMIT)

    assert "secret" not in "".join(traceback.format_exception(caught.value))


# --- Private addresses ----------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0x7f000001", "[::ffff:127.0.0.1]"])
async def test_a_private_address_is_refused_however_it_is_written(host: str) -> None:
    asked: list[str] = []

    async def secret(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(text="secret")

    async with (
        site(secret) as base,
        Fetcher(allow_private=False, user_agent=AGENT) as fetcher,
    ):
        with pytest.raises(AddressRefusedError, match="not a public address"):
            await fetcher.get(base.replace("127.0.0.1", host), limit=LIMIT)

    assert asked == []


@pytest.mark.parametrize("host", ["127.1", "2130706433"])
async def test_a_host_of_numbers_only_is_never_asked(fetcher: Fetcher, host: str) -> None:
    with pytest.raises(FetchError, match="not a name or address that can be looked up"):
        await fetcher.get(f"http://{host}/", limit=LIMIT)


@pytest.mark.parametrize("target", ["http://127.0.0.2", "http://localhost", "//[::ffff:127.0.0.2]"])
async def test_a_redirect_into_the_private_network_is_refused(
    monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    asked: list[str] = []

    async def secret(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(text="secret")

    # The outer network is not here: one loopback address plays it.
    monkeypatch.setattr(connect, "is_public_address", lambda ip: ip == "127.0.0.3")
    async with AsyncExitStack() as stack:
        inside = await stack.enter_async_context(site(secret, "127.0.0.2"))
        port = inside.rpartition(":")[2]

        async def outside(_request: web.Request) -> web.Response:
            return web.Response(status=302, headers={"Location": f"{target}:{port}/admin"})

        base = await stack.enter_async_context(site(outside, "127.0.0.3"))
        fetcher = await stack.enter_async_context(Fetcher(allow_private=False, user_agent=AGENT))
        with pytest.raises(AddressRefusedError):
            await fetcher.get(base, limit=LIMIT)

    assert asked == []


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "javascript:1", "http://[::1", "mailto:a@b"]
)
async def test_a_redirect_to_no_web_address_is_refused(fetcher: Fetcher, location: str) -> None:
    async def moved(_request: web.Request) -> web.Response:
        return web.Response(status=301, headers={"Location": location})

    async with site(moved) as base:
        with pytest.raises(FetchError, match="redirects to something"):
            await fetcher.get(base, limit=LIMIT)


async def test_a_circle_of_redirects_ends(fetcher: Fetcher) -> None:
    asked: list[str] = []

    async def circle(request: web.Request) -> web.Response:
        asked.append(request.path)
        raise web.HTTPFound(f"{request.path}x")

    async with site(circle) as base:
        with pytest.raises(FetchError, match="redirects more than"):
            await fetcher.get(base, limit=LIMIT)

    assert len(asked) == MAX_REDIRECTS + 1


# --- Limits ---------------------------------------------------------------------------------------


async def test_a_body_may_have_exactly_the_limit(fetcher: Fetcher) -> None:
    async def body(_request: web.Request) -> web.Response:
        return web.Response(body=b"x" * 100_000)

    async with site(body) as base:
        fetched = await fetcher.get(base, limit=100_000)
        with pytest.raises(FetchError, match="more than 99,999 bytes"):
            await fetcher.get(base, limit=99_999)

    assert isinstance(fetched, Fetched)
    assert len(fetched.content) == 100_000


async def test_a_gzip_bomb_is_given_up_early(fetcher: Fetcher) -> None:
    bomb = gzip.compress(bytes(200_000_000), 1)

    async def body(_request: web.Request) -> web.Response:
        return web.Response(body=bomb, headers={"Content-Encoding": "gzip"})

    async with site(body) as base:
        tracemalloc.start()
        try:
            with pytest.raises(FetchError, match="more than 1,000,000 bytes"):
                await fetcher.get(base, limit=LIMIT)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert peak < 20_000_000


async def test_a_slow_drip_is_given_up() -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b".")
            await asyncio.sleep(0.01)  # each pause is shorter than any pause between two reads

    async with (
        site(drip) as base,
        Fetcher(allow_private=True, user_agent=AGENT, timeout=0.3) as fetcher,
    ):
        with pytest.raises(FetchError, match=r"took longer than 0\.3 s"):
            await fetcher.get(base, limit=LIMIT)


async def test_the_time_limit_spans_redirects() -> None:
    async def slow(request: web.Request) -> web.Response:
        await asyncio.sleep(0.2)
        raise web.HTTPFound(f"{request.path}x")

    async with (
        site(slow) as base,
        Fetcher(allow_private=True, user_agent=AGENT, timeout=0.3) as fetcher,
    ):
        with pytest.raises(FetchError, match="took longer"):
            await fetcher.get(base, limit=LIMIT)


# --- One at a time --------------------------------------------------------------------------------


async def test_a_host_is_asked_one_thing_at_a_time(fetcher: Fetcher) -> None:
    busy = most = 0

    async def count(_request: web.Request) -> web.Response:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0.01)
        busy -= 1
        return web.Response()

    async with site(count) as base:
        await asyncio.gather(*(fetcher.get(f"{base}/{n}", limit=LIMIT) for n in range(5)))

    assert most == 1
    assert fetcher._turns._hosts == {}


async def test_a_feed_waits_for_one_page_of_its_host_at_most(fetcher: Fetcher) -> None:
    """Slow pages of one section once held up the feed of another for a minute and a half."""
    asked, release = asyncio.Queue[str](), asyncio.Event()

    async def slow_pages(request: web.Request) -> web.Response:
        await asked.put(request.path)
        if request.path == "/page":
            await release.wait()
        return web.Response()

    async with site(slow_pages) as base, asyncio.TaskGroup() as group:
        for _ in range(5):
            group.create_task(fetcher.get(f"{base}/page", limit=LIMIT, page=True))
        assert [await asked.get() for _ in range(2)] == ["/robots.txt", "/page"]
        group.create_task(fetcher.get(f"{base}/feed", limit=LIMIT))
        await asyncio.sleep(0)
        release.set()
        assert [await asked.get() for _ in range(5)] == ["/feed", *["/page"] * 4]

    assert fetcher._turns._hosts == {}


async def test_pages_of_a_host_come_with_a_pause_after_the_first() -> None:
    times: list[tuple[str, float, float]] = []
    clock = asyncio.get_running_loop().time

    async def pages(request: web.Request) -> web.Response:
        if request.path == "/robots.txt":
            return web.Response(status=404)
        began = clock()
        await asyncio.sleep(0.05)
        times.append((request.path, began, clock()))
        if request.path == "/old":
            raise web.HTTPMovedPermanently("/new")
        return web.Response()

    async with (
        site(pages) as base,
        Fetcher(allow_private=True, user_agent=AGENT, page_pause=0.2) as fetcher,
    ):
        started = clock()
        await asyncio.gather(*(fetcher.get(f"{base}/{n}", limit=LIMIT, page=True) for n in "ab"))
        await fetcher.get(f"{base}/feed", limit=LIMIT)
        await fetcher.get(f"{base}/old", limit=LIMIT, page=True)
        assert list(fetcher._turns._hosts) == [base.removeprefix("http://")]

    assert [path for path, *_ in times] == ["/a", "/b", "/feed", "/old", "/new"]
    gaps = [after[1] - before[2] for before, after in pairwise(times)]
    assert times[0][1] - started < 0.15  # the first page after silence never waits
    assert gaps[0] >= 0.2
    assert gaps[1] < 0.15  # a feed does not rest
    assert times[3][1] - times[1][2] >= 0.2  # a page rests since the last page
    assert gaps[3] < 0.15  # a redirect within the host is the same page


async def test_the_pause_that_robots_txt_asks_for_is_kept() -> None:
    times: list[float] = []
    clock = asyncio.get_running_loop().time

    async def pages(request: web.Request) -> web.Response:
        if request.path == "/robots.txt":
            return web.Response(text="User-agent: *\nCrawl-delay: 0.3\n")
        times.append(clock())
        return web.Response()

    async with (
        site(pages) as base,
        Fetcher(allow_private=True, user_agent=AGENT, page_pause=0) as fetcher,
    ):
        for _ in range(2):
            await fetcher.get(base, limit=LIMIT, page=True)

    assert times[1] - times[0] >= 0.3


@pytest.mark.parametrize("page", [True, False])
async def test_a_host_that_asks_us_to_wait_is_asked_for_no_page(
    fetcher: Fetcher, *, page: bool
) -> None:
    asked: list[str] = []

    async def busy(request: web.Request) -> web.Response:
        asked.append(request.path)
        wait = {"Retry-After": "60"} if request.path == "/busy" else {}
        return web.Response(status=429 if wait else 200, headers=wait)

    async with site(busy) as base:
        with pytest.raises(FetchError, match="429"):
            await fetcher.get(f"{base}/busy", limit=LIMIT, page=page)
        with pytest.raises(UnreachableError, match="asked to be left alone"):
            await fetcher.get(f"{base}/page", limit=LIMIT, page=True)
        await fetcher.get(f"{base}/feed", limit=LIMIT)

    assert [path for path in asked if path != "/robots.txt"] == ["/busy", "/feed"]


async def test_a_page_is_given_less_time_than_a_feed() -> None:
    async def silent(request: web.Request) -> web.Response:
        if request.path == "/robots.txt":
            return web.Response(status=404)
        await asyncio.Event().wait()
        raise AssertionError

    async with (
        site(silent) as base,
        Fetcher(allow_private=True, user_agent=AGENT, page_timeout=0.2) as fetcher,
    ):
        with pytest.raises(UnreachableError, match=r"took longer than 0\.2 s"):
            await fetcher.get(base, limit=LIMIT, page=True)


async def test_one_host_does_not_wait_for_another(fetcher: Fetcher) -> None:
    both = asyncio.Barrier(2)

    async def meet(_request: web.Request) -> web.Response:
        await both.wait()  # answers only when the other is being asked too
        return web.Response()

    async with site(meet) as one, site(meet) as other:
        await asyncio.gather(fetcher.get(one, limit=LIMIT), fetcher.get(other, limit=LIMIT))


async def test_two_hosts_that_redirect_to_each_other_do_not_block(fetcher: Fetcher) -> None:
    bases: list[str] = []

    async def across(request: web.Request) -> web.Response:
        if request.path == "/end":
            return web.Response()
        here = str(request.url.origin())
        raise web.HTTPFound(f"{bases[0] if here == bases[1] else bases[1]}/end")

    async with site(across) as one, site(across) as other:
        bases += [one, other]
        await asyncio.gather(*(fetcher.get(base, limit=LIMIT) for base in bases * 3))


# --- What goes wrong ------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [204, 404, 410, 429, 500, 503, 599])
async def test_a_status_is_told(fetcher: Fetcher, status: int) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Retry-After": "120"})

    async with site(answer) as base:
        if status == 204:
            fetched = await fetcher.get(base, limit=LIMIT)
            assert isinstance(fetched, Fetched)
            assert fetched.content == b""
            return
        with pytest.raises(FetchError, match=f"127.0.0.1:.* answered {status}") as caught:
            await fetcher.get(base, limit=LIMIT)

    assert caught.value.status == status
    assert caught.value.retry_after == (120 if status in {429, 503} else None)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        (" 90 ", 90),
        ("999999999", 86_400),
        ("9" * 5000, None),
        ("Mon, 23 Nov 2026 09:02:00 GMT", 120),
        ("Mon, 23 Nov 2026 08:00:00 GMT", 0),
        ("Mon, 23 Nov 2036 08:00:00 GMT", 86_400),
        ("Mon, 23 Nov 2026 12:01:00 +0300", 60),
        ("-5", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_read_in_both_forms(
    value: str, seconds: float | None, now: datetime
) -> None:
    assert now == datetime(2026, 11, 23, 9, tzinfo=UTC)
    assert retry_after(value, now) == seconds


async def test_a_closed_port_is_told(fetcher: Fetcher) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    with pytest.raises(FetchError, match=f"^127.0.0.1:{port} refused the connection.$"):
        await fetcher.get(f"http://127.0.0.1:{port}/", limit=LIMIT)


async def test_a_name_that_does_not_exist_is_told(fetcher: Fetcher) -> None:
    with pytest.raises(FetchError, match=r"^nowhere\.invalid is not known to the name server\.$"):
        await fetcher.get("http://nowhere.invalid/", limit=LIMIT)


async def test_tls_where_there_is_none_is_told(fetcher: Fetcher) -> None:
    async with site(hello) as base:
        with pytest.raises(FetchError, match="TLS"):
            await fetcher.get(base.replace("http:", "https:"), limit=LIMIT)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (b"", "closed the connection"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "answered with something that is not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort", "broke off its answer"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nzzzz",
            "compressed it wrongly",
        ),
    ],
)
async def test_a_broken_answer_is_told(fetcher: Fetcher, answer: bytes, sentence: str) -> None:
    async with raw_site(answer) as base:
        with pytest.raises(FetchError, match=sentence):
            await fetcher.get(base, limit=LIMIT)


async def test_a_cancelled_request_leaves_nothing_behind(fetcher: Fetcher) -> None:
    asked = asyncio.Event()

    async def hang(_request: web.Request) -> web.Response:
        asked.set()
        await asyncio.Event().wait()
        return web.Response()

    async with site(hang) as base:
        task = asyncio.create_task(fetcher.get(base, limit=LIMIT))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert fetcher._turns._hosts == {}


# --- Forms, and what hubs need --------------------------------------------------------------------


async def test_a_form_is_posted_and_sent_on_as_it_is(fetcher: Fetcher) -> None:
    posted: list[tuple[str, dict[str, str], str | None]] = []

    async def take(request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        posted.append((request.method, form, request.headers.get("Authorization")))
        if request.path == "/first":
            return web.Response(status=307, headers={"Location": "/second"})
        return web.Response(status=202)

    async with site(take) as base:
        with_password = base.replace("http://", "http://user:secret@")
        await fetcher.post(f"{with_password}/first", {"a": "ы&=", "b": ""})

    sign = "Basic dXNlcjpzZWNyZXQ="
    assert posted == [("POST", {"a": "ы&=", "b": ""}, sign)] * 2


async def test_a_form_is_sent_on_to_another_host_without_the_password(fetcher: Fetcher) -> None:
    posted: list[str] = []

    async def other(request: web.Request) -> web.Response:
        posted.append(f"{request.method} {request.url} {request.raw_headers}")
        return web.Response(status=202)

    async with site(other) as elsewhere:

        async def own(_request: web.Request) -> web.Response:
            return web.Response(status=307, headers={"Location": elsewhere})

        async with site(own) as base:
            await fetcher.post(base.replace("//", "//editor:s%65cret@"), {"a": "b"})

    (said,) = posted
    assert said.startswith("POST")
    assert not any(each in said for each in ("Authorization", "editor", "secret", "s%65cret"))


async def test_forms_take_turns_at_a_host_and_leave_it_alone_as_it_asks(fetcher: Fetcher) -> None:
    """Hubs were once asked beside the turns, and their hosts' pages though they were busy."""
    here = most = 0
    paths: list[str] = []
    busy = False

    async def take(request: web.Request) -> web.Response:
        nonlocal here, most
        paths.append(request.path)
        here += 1
        most = max(most, here)
        await asyncio.sleep(0)
        await request.read()
        here -= 1
        return web.Response(status=429 if busy else 202, headers={"Retry-After": "60"})

    async with site(take) as base:
        await asyncio.gather(*(fetcher.post(f"{base}/hub", {"a": "b" * 70_000}) for _ in range(9)))
        assert (most, len(paths)) == (1, 9)
        busy = True
        with pytest.raises(FetchError, match="429"):
            await fetcher.post(f"{base}/hub", {})
        busy = False
        with pytest.raises(UnreachableError, match="left alone"):
            await fetcher.get(f"{base}/page", limit=LIMIT, page=True)
    assert "/page" not in paths


@pytest.mark.parametrize("status", [301, 302, 303])
async def test_a_redirect_that_would_lose_the_form_is_a_refusal(
    fetcher: Fetcher, status: int
) -> None:
    async def move(_request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Location": "/second"})

    async with site(move) as base:
        with pytest.raises(FetchError, match=f"answered {status}"):
            await fetcher.post(base, {"a": "b"})


async def test_a_refusal_says_why_in_short(fetcher: Fetcher) -> None:
    async def refuse(_request: web.Request) -> web.Response:
        headers = {"Retry-After": "60"}
        return web.Response(status=429, text="Too\nmany\x1b[0m" + "!" * 100_000, headers=headers)

    async with site(refuse) as base:
        with pytest.raises(FetchError) as caught:
            await fetcher.post(base, {"a": "b"})

    assert "answered 429 Too Many Requests: Too many [0m!!!" in str(caught.value)
    assert len(str(caught.value)) < 400
    assert (caught.value.status, caught.value.retry_after) == (429, 60.0)


async def test_a_form_does_not_go_into_the_private_network() -> None:
    asked: list[web.Request] = []

    async def take(request: web.Request) -> web.Response:
        asked.append(request)
        return web.Response()

    async with site(take) as base, Fetcher(allow_private=False, user_agent=AGENT) as fetcher:
        with pytest.raises(AddressRefusedError):
            await fetcher.post(base, {"a": "b"})

    assert asked == []


async def test_a_hub_that_does_not_answer_and_a_circle_are_given_up() -> None:
    async def turn(request: web.Request) -> web.Response:
        if request.path == "/hang":
            await asyncio.Event().wait()
        return web.Response(status=308, headers={"Location": "/"})

    async with (
        site(turn) as base,
        Fetcher(allow_private=True, user_agent=AGENT, timeout=0.3) as fetcher,
    ):
        with pytest.raises(UnreachableError, match=r"took longer than 0\.3 s"):
            await fetcher.post(f"{base}/hang", {})
    async with site(turn) as base, Fetcher(allow_private=True, user_agent=AGENT) as fetcher:
        with pytest.raises(FetchError, match="redirects more than"):
            await fetcher.post(base, {})


async def test_the_hub_in_the_headers_is_told_and_caches_are_passed_by(fetcher: Fetcher) -> None:
    asked: list[str | None] = []

    async def feed(request: web.Request) -> web.Response:
        asked.append(request.headers.get("Cache-Control"))
        headers = {"Link": '<https://hub.example/>; rel="hub", </own>; rel="self"'}
        return web.Response(text="feed", headers=headers)

    async with site(feed) as base:
        fetched = await fetcher.get(f"{base}/feed", limit=LIMIT)
        again = await fetcher.get(f"{base}/feed", limit=LIMIT, fresh=True)

    assert isinstance(fetched, Fetched)
    assert (fetched.hub, fetched.own_url) == ("https://hub.example/", f"{base}/own")
    assert again == fetched
    assert asked == [None, "no-cache"]
