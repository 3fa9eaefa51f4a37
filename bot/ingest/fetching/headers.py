"""What we send along: who we are, and what a publisher wants to know us by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress

from yarl import URL

from bot import __version__
from bot.model import SourceSpec

PRODUCT = "Vestnik"
"""The name by which a robots.txt may address us."""

_MAX_HEADERS = 20
_MAX_VALUE = 2000  # characters
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")  # RFC 9110, section 5.6.2
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
# What makes up the request itself, or is ours to say.
_OURS = frozenset(
    {
        *("host", "content-length", "content-type", "transfer-encoding", "te", "trailer"),
        *("connection", "keep-alive", "upgrade", "expect", "user-agent", "accept-encoding"),
        *("if-none-match", "if-modified-since", "if-match", "if-unmodified-since", "if-range"),
        *("range", "date", "forwarded", "via"),
    }
)
_OUR_PREFIXES = ("proxy-", "sec-")


def user_agent(contact: str | None) -> str:
    """Who we say we are: ``Vestnik/1.2 (+contact)``, or without a contact what we do."""
    return f"{PRODUCT}/{__version__} ({f'+{contact}' if contact else 'news bot for Telegram'})"


def check_headers(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Headers that an editor wants sent along, as they may be sent.

    Raises:
        ValueError: one is none, is named twice, or is not the editor's to set, as it makes up the
            request itself (Host, Content-Length, Connection). The sentence never shows a value.
    """
    checked: dict[str, tuple[str, str]] = {}
    for given, value in headers:
        name = given.strip()
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name[:50]!r} is no name of a header")
        if name.lower() in _OURS or name.lower().startswith(_OUR_PREFIXES):
            raise ValueError(f"the header {name} cannot be set")
        if name.lower() in checked:
            raise ValueError(f"the header {name} is named twice")
        if len(value) > _MAX_VALUE or not _VALUE.fullmatch(value.strip()):
            raise ValueError(f"the value of the header {name} is empty, too long or not plain text")
        checked[name.lower()] = (name, value.strip())
    if len(checked) > _MAX_HEADERS:
        raise ValueError(f"more than {_MAX_HEADERS} headers")
    return tuple(checked.values())


class SourceHeaders:
    """The editor's headers by host: each source's go to its own host, for feeds and pages alike.

    Where two sources of one host have different ones, an address that is a source's own gets its
    own, and all others there those of the source that is listed first.
    """

    def __init__(self, specs: Iterable[SourceSpec]) -> None:
        self._of: list[tuple[URL, dict[str, str]]] = []
        for spec in specs:
            if spec.headers:
                headers = dict(check_headers(spec.headers))
                with suppress(ValueError):  # what is no address is never asked
                    home = URL(spec.url.strip()).with_user(None).with_fragment(None)
                    self._of.append((home, headers))

    def along_to(self, target: URL) -> Mapping[str, str]:
        """What is sent along with a request to an address; nothing to any other host."""
        at_home = [(home, headers) for home, headers in self._of if may_know(home, target)]
        own = [headers for home, headers in at_home if home == target]
        return next(iter(own or (headers for _, headers in at_home)), {})


def may_know(home: URL, target: URL) -> bool:
    """Whether what is meant for one address may be sent to the other.

    It may within one origin, and where the same host is asked by https instead of http. The other
    way round it would travel in the open.
    """
    if home.origin() == target.origin():
        return True
    upgraded = (home.scheme, target.scheme) == ("http", "https")
    return (
        upgraded
        and home.host == target.host
        and home.is_default_port()
        and target.is_default_port()
    )
