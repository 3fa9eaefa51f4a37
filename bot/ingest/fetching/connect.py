"""Connecting to the open web: never inside our own network, and what goes wrong on the way."""

from __future__ import annotations

import socket
from errno import EACCES

import aiohttp
from yarl import URL

from bot.addresses import is_public_address
from bot.errors import AddressRefusedError, FetchError, UnreachableError

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


class _NotPublicError(OSError):
    """The address that a name led to is not public; an OSError, so that the next one is tried."""


def public_socket(info: tuple[int, int, int, str, tuple[object, ...]]) -> socket.socket:
    """A socket for an address about to be connected to, so nothing can lead past this check.

    Names, literals, redirects and later answers of a name server all end here.
    """
    family, kind, protocol, _, address = info
    if not is_public_address(str(address[0])):
        raise _NotPublicError(EACCES, "not a public address")
    return socket.socket(family, kind, protocol)


def authority(url: URL) -> str:
    """The host as people know it, with a port that is not the scheme's own."""
    return f"{url.host}" if url.is_default_port() else f"{url.host}:{url.port}"


def explained(name: str, error: Exception) -> FetchError:
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
