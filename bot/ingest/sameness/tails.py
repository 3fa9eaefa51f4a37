"""Tails: what stays of an id when a site moves to https or to another host. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import SplitResult, urlsplit

from bot.addresses import normalise_url

# RFC 4151: tag:authority,date:what. The date stays, since what follows may be unique within it.
_TAG = re.compile(r"tag:([^,]*),([0-9-]+:.+)", re.IGNORECASE | re.DOTALL)


def id_host(guid: str) -> str:
    """Whom an id belongs to, where it is an address or a ``tag:``; else nothing."""
    if tag := _TAG.fullmatch(guid):
        return tag[1].casefold()
    address = _address(guid)
    return address.netloc if address else ""


def id_tail(guid: str) -> str:
    """What follows the host in an id that is an address or a ``tag:``; else nothing."""
    if tag := _TAG.fullmatch(guid):
        return tag[2]
    address = _address(guid)
    return address._replace(scheme="", netloc="").geturl().lstrip("/") if address else ""


@lru_cache(maxsize=4096)  # a read of a feed asks for each of its ids several times
def _address(guid: str) -> SplitResult | None:
    try:
        parts = urlsplit(normalise_url(guid))
    except ValueError:
        return None
    return parts if parts.scheme in {"http", "https"} else None
