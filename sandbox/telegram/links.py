"""Which addresses Telegram takes in a link, a button or a preview."""

from __future__ import annotations

import re

_INSIDE_TELEGRAM = re.compile(r"(?:tg|ton|tonsite):(?://)?([^/?#]*)", re.IGNORECASE)
_SCHEME = re.compile(r"([^:/?#\[\]@]*)://")
_HOST = re.compile(r"(?:[\w.\-!$,~*'();&+=]|%[0-9a-fA-F]{2})+")
_IP_V6 = re.compile(r"\[[0-9a-fA-F:.]+\]")


def fault_of(url: str) -> str | None:
    """What is wrong with an address in Telegram's words, or None.

    The rules are those of tdlib's ``LinkManager::check_link`` and ``parse_url``: http and https
    with a host that has a dot, or one of Telegram's own schemes; an address without a scheme
    counts as http.
    """
    if inside := _INSIDE_TELEGRAM.match(url):
        named = re.fullmatch(r"[\w\-.]+", inside[1])
        return None if named else "Unallowed characters in URL host"
    rest = url
    if scheme := _SCHEME.match(url):
        if scheme[1].lower() not in {"http", "https"}:
            return "Unsupported URL protocol"
        rest = url[scheme.end() :]
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    return _fault_of_authority(authority)


def _fault_of_authority(authority: str) -> str | None:
    host = authority.rpartition("@")[2]
    if (colon := host.rfind(":")) > host.rfind("]"):
        port = host[colon + 1 :]
        if not port.isdecimal() or not 0 < int(port) <= 65535:
            return "Wrong port number specified in the URL"
        host = host[:colon]
    if not host:
        return "URL host is empty"
    if _IP_V6.fullmatch(host):
        return None
    if not _HOST.fullmatch(host):
        return "Disallowed character in URL host"
    return None if "." in host.strip(".") else "Wrong HTTP URL"


def is_mail(url: str) -> bool:
    """Whether this is a ``mailto:`` address, which Telegram mistakes for a web site."""
    return url.lower().startswith("mailto:")
