"""Reading addresses of the open web: politely, within limits, and never inside our own network."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from errno import EACCES
from http import HTTPStatus
from types import TracebackType
from typing import Self

import aiohttp
from yarl import URL

from bot.addresses import is_public_address
from bot.errors import AddressRefusedError, FetchError, UnreachableError
from bot.ingest.links import Links, of_headers

MAX_REDIRECTS = 5
MAX_WAIT = 86_400.0  # seconds; a site that asks to wait longer is asked again after a day

_CHUNK = 65_536  # bytes
_MAX_VALIDATOR = 1000  # characters
_AUTH = "Authorization"
_CONDITIONS = frozenset({"If-None-Match", "If-Modified-Since"})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SAME_AGAIN = frozenset({307, 308})
_BUSY = frozenset({429, 503})
_SAID = 300  # bytes of a refusal's own words
_ACCEPT = (
    "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9,"
    " text/html;q=0.9, */*;q=0.5"
)
# The first that fits, so the narrower kinds stand first.
_CAUSES: tuple[tuple[type[Exception], str], ...] = (
    (aiohttp.InvalidURL, "is not a name or address that can be looked up"),
    (aiohttp.ClientConnectorDNSError, "is not known to the name server"),
    (aiohttp.ClientConnectorCertificateError, "has no valid TLS certificate"),
    (aiohttp.ClientSSLError, "speaks no TLS that we understand"),
    (ConnectionRefusedError, "refused the connection"),
    (aiohttp.ClientConnectorError, "cannot be reached"),
    (aiohttp.ClientPayloadError, "broke off its answer or compressed it wrongly"),
    (aiohttp.ClientResponseError, "answered with something that is not HTTP"),
    (aiohttp.ClientConnectionError, "closed the connection"),
)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What an address answered.

    Attributes:
        url: the address that answered in the end, without user name and password.
        content: the body, decompressed.
        content_type: the header as it came, or None.
        etag, last_modified: what to send back next time, or None.
        link: the WebSub hub and the own address that the ``Link`` headers name, or None each.
    """

    url: str
    content: bytes
    content_type: str | None
    etag: str | None
    last_modified: str | None
    link: Links = (None, None)


@dataclass(frozen=True, slots=True)
class NotModified:
    """The address has nothing new since the validators that were sent."""

    url: str


class Fetcher:
    """Reads addresses; an async context manager that holds the connections.

    One host is asked for one feed and one page at a time, so at most for two things: feeds have
    turns of their own, or slow pages of one feed would hold up all others of the site. Cookies
    are forgotten. Proxies from the environment are not used: a proxy would open the connections
    for us, and with it every private address.

    Args:
        allow_private: read private, loopback and other addresses that are not public too.
        user_agent: who we say we are.
        timeout: seconds for one ``get``, all redirects together, waiting for its turn not counted.
        page_timeout: the same for a page, which is of less weight: its feed says the most of it.
    """

    def __init__(
        self,
        *,
        allow_private: bool,
        user_agent: str,
        timeout: float = 30.0,
        page_timeout: float = 10.0,
    ) -> None:
        self._allow_private = allow_private
        self._headers = {"User-Agent": user_agent, "Accept": _ACCEPT}
        self._timeout = timeout
        self._page_timeout = page_timeout
        self._session: aiohttp.ClientSession | None = None
        self._turns: dict[tuple[str, bool], _Turn] = {}

    async def __aenter__(self) -> Self:
        """Make ready to connect; nothing is connected yet."""
        factory = None if self._allow_private else _public_socket
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
            page: it is an article's page, not a feed: it takes its turn among pages.
            fresh: caches on the way are to ask the site itself.

        Raises:
            AddressRefusedError: it, or where it redirects to, is not public.
            UnreachableError: no answer came, or none in time.
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
        first = _authority(target)
        left = seconds = self._page_timeout if page else self._timeout
        clock = asyncio.get_running_loop().time
        for _ in range(MAX_REDIRECTS + 1):
            name = _authority(target)
            async with self._turn(name, page=page):
                started = clock()
                try:
                    async with asyncio.timeout(left):
                        answer = await self._ask(target, headers, limit)
                except TimeoutError as error:
                    raise UnreachableError(
                        f"{name} took longer than {seconds:g} s to answer."
                    ) from error
                left -= clock() - started
            if not isinstance(answer, URL):
                return answer
            if answer.origin() != target.origin():
                headers.pop(_AUTH, None)  # meant for the first host alone
            target = answer
        raise FetchError(f"{first} redirects more than {MAX_REDIRECTS} times.")

    async def post(self, url: str, form: Mapping[str, str]) -> None:
        """Send a form; any answer of success will do, and is not read.

        Redirects are followed as far as they leave the request what it is (307, 308).

        Args:
            url: an http(s) address; a user name and password in it are sent, never shown.
            form: names and values.

        Raises:
            AddressRefusedError: it, or where it redirects to, is not public.
            UnreachableError: no answer came, or none in time.
            FetchError: it was refused; the sentence ends with what was said.
        """
        target, headers = _web_address(url)
        first = _authority(target)
        try:
            async with asyncio.timeout(self._timeout):
                for _ in range(MAX_REDIRECTS + 1):
                    answer = await self._send(target, headers, form)
                    if answer is None:
                        return
                    if answer.origin() != target.origin():
                        headers.pop(_AUTH, None)  # meant for the first host alone
                    target = answer
        except TimeoutError as error:
            raise UnreachableError(f"{first} took longer than {self._timeout:g} s.") from error
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
            raise _explained(_authority(target), error) from error

    async def _ask(
        self, target: URL, headers: dict[str, str], limit: int
    ) -> Fetched | NotModified | URL:
        """One request; a URL as the answer is where it redirects to."""
        if self._session is None:
            raise RuntimeError("a Fetcher is used inside its context")
        try:
            async with self._session.get(
                target, headers=headers, allow_redirects=False
            ) as response:
                conditional = not _CONDITIONS.isdisjoint(headers)
                return await _answer(response, limit, conditional=conditional)
        except TimeoutError:
            raise
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _explained(_authority(target), error) from error

    @asynccontextmanager
    async def _turn(self, name: str, *, page: bool) -> AsyncIterator[None]:
        """Wait until no other page, or feed, is asked of this host; empty queues are forgotten."""
        queue = (name, page)
        turn = self._turns.setdefault(queue, _Turn(asyncio.Lock()))
        turn.users += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.users -= 1
            if not turn.users:
                del self._turns[queue]


@dataclass(slots=True)
class _Turn:
    lock: asyncio.Lock
    users: int = 0


class _NotPublicError(OSError):
    """The address that a name led to is not public; an OSError, so that the next one is tried."""


def _public_socket(info: tuple[int, int, int, str, tuple[object, ...]]) -> socket.socket:
    """A socket for an address about to be connected to, so nothing can lead past this check.

    Names, literals, redirects and later answers of a name server all end here.
    """
    family, kind, protocol, _, address = info
    if not is_public_address(str(address[0])):
        raise _NotPublicError(EACCES, "not a public address")
    return socket.socket(family, kind, protocol)


async def _answer(
    response: aiohttp.ClientResponse, limit: int, *, conditional: bool
) -> Fetched | NotModified | URL:
    name = _authority(response.url)
    status = response.status
    if status == HTTPStatus.NOT_MODIFIED and conditional:
        return NotModified(str(response.url))
    location = response.headers.get("Location")
    if status in _REDIRECTS and location:
        return _redirected(response.url, location)
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        wait = response.headers.get("Retry-After") if status in _BUSY else None
        raise FetchError(
            f"{name} answered {_reason(status)}.",
            status=status,
            retry_after=None if wait is None else retry_after(wait, datetime.now(UTC)),
        )
    content = await _body(response, limit)
    headers = response.headers
    return Fetched(
        url=str(response.url),
        content=content,
        content_type=headers.get("Content-Type"),
        etag=_validator(headers.get("ETag")),
        last_modified=_validator(headers.get("Last-Modified")),
        link=of_headers(headers.getall("Link", ()), str(response.url)),
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
        f"{_authority(response.url)} answered {_reason(status)}{said and ': '}{said}.",
        status=status,
        retry_after=None if wait is None else retry_after(wait, datetime.now(UTC)),
    )


async def _body(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """The body in decompressed pieces, given up as soon as they are too much (gzip bombs)."""
    content = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        content += chunk
        if len(content) > limit:
            response.close()
            raise FetchError(f"{_authority(response.url)} sent more than {limit:,} bytes.")
    return bytes(content)


def retry_after(value: str, now: datetime) -> float | None:
    """The seconds that a ``Retry-After`` header asks to wait, at most a day; None if unreadable.

    Both forms: seconds and an HTTP date (RFC 9110, section 10.2.3).
    """
    value = value.strip()
    if re.fullmatch(r"[0-9]{1,9}", value):
        return min(float(value), MAX_WAIT)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - now).total_seconds(), 0.0), MAX_WAIT)


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
            f"{_authority(source)} redirects to something that is no web address."
        ) from None


def _bare(url: URL) -> URL:
    """The part of an http(s) address that is sent in the open; others raise ValueError."""
    if url.scheme not in {"http", "https"} or not url.host:
        raise ValueError("no http(s) address")
    return url.with_user(None).with_fragment(None)


def _authority(url: URL) -> str:
    """The host as people know it, with a port that is not the scheme's own."""
    return f"{url.host}" if url.is_default_port() else f"{url.host}:{url.port}"


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


def _explained(name: str, error: Exception) -> FetchError:
    """What went wrong on the way, as a sentence."""
    reason = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(reason, _NotPublicError):
        return AddressRefusedError(
            f"{name} is not a public address; ALLOW_PRIVATE_ADDRESSES=true would allow it."
        )
    for kind, sentence in _CAUSES:
        if isinstance(error, kind) or isinstance(reason, kind):
            return UnreachableError(f"{name} {sentence}.")
    return FetchError(f"{name} could not be read ({type(error).__name__}).")
