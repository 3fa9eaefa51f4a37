"""Reading addresses of the open web: politely, within limits, and never inside our own network."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from types import TracebackType
from typing import Protocol, Self

import aiohttp
from yarl import URL

from bot.errors import FetchError, UnreachableError
from bot.ingest.fetching.connect import authority, explained, public_socket
from bot.ingest.fetching.freshness import fresh_for, retry_after
from bot.ingest.fetching.headers import SourceHeaders, may_know
from bot.ingest.fetching.hosts import HostTurns
from bot.ingest.fetching.robots import ROBOTS_BYTES, Robots
from bot.ingest.markup.websub_links import of_headers
from bot.model import SourceSpec

MAX_REDIRECTS = 5

_CHUNK = 65_536  # bytes
_MAX_VALIDATOR = 1000  # characters
_AUTH = "Authorization"
_CONDITIONS = frozenset({"If-None-Match", "If-Modified-Since"})
_SAME_AGAIN = frozenset({307, 308})
_PERMANENT = frozenset({301, 308})
_REDIRECTS = _PERMANENT | {302, 303, 307}
_BUSY = frozenset({429, 503})
_SAID = 300  # bytes of a refusal's own words
_ACCEPT = (
    "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9,"
    " text/html;q=0.9, */*;q=0.5"
)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What an address answered.

    Attributes:
        url: the address that answered in the end, without user name and password.
        content: the body, decompressed.
        content_type: the header as it came, or None.
        etag, last_modified: what to send back next time, or None.
        fresh: for how many seconds more the site would say the same.
        moved_to: where permanent redirects, and no others, led from the address that was asked for.
        hub, own_url: what its ``Link`` headers name so: where changes are announced, and under
            which address (WebSub, section 4).
    """

    url: str
    content: bytes
    content_type: str | None
    etag: str | None
    last_modified: str | None
    fresh: float = 0.0
    moved_to: str | None = None
    hub: str | None = None
    own_url: str | None = None


@dataclass(frozen=True, slots=True)
class NotModified:
    """The address has nothing new since the validators that were sent; see ``Fetched``."""

    url: str
    fresh: float = 0.0
    moved_to: str | None = None


@dataclass(frozen=True, slots=True)
class _Redirect:
    target: URL
    permanent: bool


class Getter(Protocol):
    """Whoever can be asked for an address; see ``Fetcher.get``."""

    async def get(
        self,
        url: str,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        limit: int,
        page: bool = False,
        fresh: bool = False,
    ) -> Fetched | NotModified:
        """The document at an address."""


async def get_whole(getter: Getter, url: str, *, limit: int, page: bool = False) -> Fetched:
    """The document at an address, which nobody knows yet; see ``Fetcher.get``.

    Raises:
        FetchError: as there.
    """
    answer = await getter.get(url, limit=limit, page=page)
    if isinstance(answer, NotModified):
        raise unasked()
    return answer


def unasked() -> FetchError:
    """The fault of an answer that nothing has changed since what nobody named."""
    return FetchError("The site says that nothing has changed, though nobody asked.")


class Fetcher:
    """Reads addresses; an async context manager that holds the connections.

    One host is asked for one thing at a time, feeds before pages, and rests between pages
    (``HostTurns``). Pages are read where the site's robots.txt lets us; a source's own address is
    read because its editor said so. Cookies are forgotten. Proxies from the environment are not
    used: a proxy would open the connections for us, and with it every private address.

    Args:
        allow_private: read private, loopback and other addresses that are not public too.
        user_agent: who we say we are; see ``headers.user_agent``.
        timeout: seconds for one ``get``, all redirects together, waiting for its turn not counted.
        page_timeout: the same for a page, which is of less weight: its feed says the most of it.
        page_pause: seconds between two pages of a host, at least.
        sources: whose headers are sent along, each to its own host.
        clock: seconds that only rise; by them a robots.txt ages.
    """

    def __init__(
        self,
        *,
        allow_private: bool,
        user_agent: str,
        timeout: float = 30.0,
        page_timeout: float = 10.0,
        page_pause: float = 1.0,
        sources: Iterable[SourceSpec] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._allow_private = allow_private
        self._headers = {"User-Agent": user_agent, "Accept": _ACCEPT}
        self._timeout = timeout
        self._page_timeout = page_timeout
        self._page_pause = page_pause
        self._sources = SourceHeaders(sources)
        self._session: aiohttp.ClientSession | None = None
        self._turns = HostTurns()
        self._robots = Robots(self._robots_txt, clock)

    async def __aenter__(self) -> Self:
        """Make ready to connect; nothing is connected yet."""
        factory = None if self._allow_private else public_socket
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(socket_factory=factory),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=self._headers,
            timeout=aiohttp.ClientTimeout(total=None),  # ours spans redirects
            trust_env=False,
        )
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    async def get(
        self,
        url: str,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        limit: int,
        page: bool = False,
        fresh: bool = False,
    ) -> Fetched | NotModified:
        """Read an address.

        Args:
            url: an http(s) address; a user name and password in it are sent, never shown.
            etag: the ``ETag`` of an earlier answer, sent back as it is.
            last_modified: its ``Last-Modified``, sent back as it is.
            limit: how many bytes the decompressed body may have.
            page: it is an article's page, not a feed: it takes its turn among pages, where the
                site's robots.txt does not forbid it.
            fresh: caches on the way are to ask the site itself.

        Raises:
            RobotsRefusedError: the robots.txt of its host, or of where it redirects to, forbids it.
            AddressRefusedError: it, or where it redirects to, is not public.
            UnreachableError: no answer came, or none in time, or robots.txt cannot be read.
            FetchError: it cannot be read for another reason.

        The sentence of each names the host and the cause.
        """
        target, headers = _web_address(url)
        if etag is not None:
            headers["If-None-Match"] = etag
        if last_modified is not None:
            headers["If-Modified-Since"] = last_modified
        if fresh:
            headers["Cache-Control"] = "no-cache"
        if page:
            return await self._follow(target, headers, limit, self._page_timeout, page=True)
        return await self._follow(target, headers, limit, self._timeout)

    async def _robots_txt(self, url: str) -> bytes:
        answer = await self._follow(URL(url), {}, ROBOTS_BYTES, self._page_timeout, cut=True)
        return answer.content if isinstance(answer, Fetched) else b""

    async def _follow(
        self,
        target: URL,
        headers: dict[str, str],
        limit: int,
        seconds: float,
        *,
        page: bool = False,
        cut: bool = False,
    ) -> Fetched | NotModified:
        """Ask, and go where we are sent; ``cut`` takes the first ``limit`` bytes of more."""
        first, before, left, permanent = authority(target), None, seconds, True
        clock = asyncio.get_running_loop().time
        for hops in range(MAX_REDIRECTS + 1):
            name = authority(target)
            pause = 0.0
            if page:
                pause = max(self._page_pause, await self._robots.admit(target))
            try:
                async with self._turns.turn(name, page=page, pause=pause, goes_on=name == before):
                    started = clock()
                    async with asyncio.timeout(left):
                        answer = await self._ask(target, headers, limit, cut=cut)
                left -= clock() - started
            except TimeoutError as error:
                raise UnreachableError(
                    f"{name} took longer than {seconds:g} s to answer."
                ) from error
            except FetchError as error:
                error.redirected = hops > 0
                if error.retry_after:
                    self._turns.close(name, error.retry_after)
                raise
            if not isinstance(answer, _Redirect):
                moved = str(target) if hops and permanent else None
                return replace(answer, moved_to=moved)
            permanent = permanent and answer.permanent
            if not may_know(target, answer.target):
                headers.pop(_AUTH, None)  # meant for the first host alone
            before, target = name, answer.target
        raise FetchError(f"{first} redirects more than {MAX_REDIRECTS} times.")

    async def post(self, url: str, form: Mapping[str, str]) -> None:
        """Send a form; any answer of success will do, and is not read.

        It takes its turn at the host as a feed does. Redirects are followed as far as they leave
        the request what it is (307, 308).

        Args:
            url: an http(s) address; a user name and password in it are sent, never shown.
            form: names and values.

        Raises:
            AddressRefusedError: it, or where it redirects to, is not public.
            UnreachableError: no answer came, or none in time.
            FetchError: it was refused; the sentence ends with what was said.
        """
        target, headers = _web_address(url)
        first, left = authority(target), self._timeout
        clock = asyncio.get_running_loop().time
        for _ in range(MAX_REDIRECTS + 1):
            name = authority(target)
            try:
                async with self._turns.turn(name, page=False):
                    started = clock()
                    async with asyncio.timeout(left):
                        answer = await self._send(target, headers, form)
                left -= clock() - started
            except TimeoutError as error:
                raise UnreachableError(f"{name} took longer than {self._timeout:g} s.") from error
            except FetchError as error:
                if error.retry_after:
                    self._turns.close(name, error.retry_after)
                raise
            if answer is None:
                return
            if not may_know(target, answer):
                headers.pop(_AUTH, None)  # meant for the first host alone
            target = answer
        raise FetchError(f"{first} redirects more than {MAX_REDIRECTS} times.")

    async def _send(
        self, target: URL, headers: dict[str, str], form: Mapping[str, str]
    ) -> URL | None:
        """One request; a URL as the answer is where it is to be sent instead."""
        if self._session is None:
            raise RuntimeError("a Fetcher is used inside its context")
        try:
            async with self._session.post(
                target, data=form, headers=headers, allow_redirects=False
            ) as response:
                return await _accepted(response)
        except TimeoutError:
            raise
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise explained(authority(target), error) from error

    async def _ask(
        self, target: URL, headers: dict[str, str], limit: int, *, cut: bool
    ) -> Fetched | NotModified | _Redirect:
        """One request."""
        if self._session is None:
            raise RuntimeError("a Fetcher is used inside its context")
        try:
            async with self._session.get(
                target,
                headers={**self._sources.along_to(target), **headers},
                allow_redirects=False,
            ) as response:
                conditional = not _CONDITIONS.isdisjoint(headers)
                return await _answer(response, limit, conditional=conditional, cut=cut)
        except TimeoutError:
            raise
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise explained(authority(target), error) from error


async def _answer(
    response: aiohttp.ClientResponse, limit: int, *, conditional: bool, cut: bool
) -> Fetched | NotModified | _Redirect:
    name, now = authority(response.url), datetime.now(UTC)
    status = response.status
    if status == HTTPStatus.NOT_MODIFIED and conditional:
        return NotModified(str(response.url), fresh_for(response.headers, now))
    location = response.headers.get("Location")
    if status in _REDIRECTS and location:
        return _Redirect(_redirected(response.url, location), status in _PERMANENT)
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        wait = response.headers.get("Retry-After") if status in _BUSY else None
        raise FetchError(
            f"{name} answered {_reason(status)}.",
            status=status,
            retry_after=None if wait is None else retry_after(wait, now),
        )
    content = await _body(response, limit, cut=cut)
    url, headers = str(response.url), response.headers
    hub, own_url = of_headers(headers.getall("Link", ()), url)
    return Fetched(
        url=url,
        content=content,
        content_type=headers.get("Content-Type"),
        etag=_validator(headers.get("ETag")),
        last_modified=_validator(headers.get("Last-Modified")),
        fresh=fresh_for(headers, now),
        hub=hub,
        own_url=own_url,
    )


async def _accepted(response: aiohttp.ClientResponse) -> URL | None:
    """Nothing where a request was taken, or where it is to be sent instead."""
    status = response.status
    location = response.headers.get("Location")
    if status in _SAME_AGAIN and location:
        return _redirected(response.url, location)
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return None
    said = (await response.content.read(_SAID)).decode(errors="replace")
    said = " ".join("".join(c if c.isprintable() else " " for c in said).split())
    wait = response.headers.get("Retry-After") if status in _BUSY else None
    raise FetchError(
        f"{authority(response.url)} answered {_reason(status)}{said and ': '}{said}.",
        status=status,
        retry_after=None if wait is None else retry_after(wait, datetime.now(UTC)),
    )


async def _body(response: aiohttp.ClientResponse, limit: int, *, cut: bool) -> bytes:
    """The body in decompressed pieces, given up as soon as they are too much (gzip bombs)."""
    content = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        content += chunk
        if len(content) > limit:
            response.close()
            if cut:
                return bytes(content[:limit])
            raise FetchError(f"{authority(response.url)} sent more than {limit:,} bytes.")
    return bytes(content)


def _web_address(url: str) -> tuple[URL, dict[str, str]]:
    """The address, and its user name and password as a header, so that no error can show them."""
    try:
        given = URL(url.strip())
        target = _bare(given)
        if given.user is None:
            return target, {}
        password = given.password or ""
        return target, {_AUTH: aiohttp.encode_basic_auth(given.user, password, encoding="utf-8")}
    except ValueError:  # which may quote the address
        raise FetchError("The address to read is not a full http(s) address.") from None


def _redirected(source: URL, location: str) -> URL:
    try:
        return _bare(source.join(URL(location)))
    except ValueError:
        raise FetchError(
            f"{authority(source)} redirects to something that is no web address."
        ) from None


def _bare(url: URL) -> URL:
    """The part of an http(s) address that is sent in the open; others raise ValueError."""
    if url.scheme not in {"http", "https"} or not url.host:
        raise ValueError("no http(s) address")
    return url.with_user(None).with_fragment(None)


def _reason(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _validator(value: str | None) -> str | None:
    """A validator that can be stored and sent back, else None."""
    if value and len(value) <= _MAX_VALIDATOR and value.isprintable():
        return value
    return None
