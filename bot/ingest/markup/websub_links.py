"""Which WebSub hub a feed names, and what it calls its own address.

https://www.w3.org/TR/websub/#discovery
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from bot.addresses import absolute_url

Links = tuple[str | None, str | None]
"""The addresses of the hub and of the feed itself; None for what is not named."""

# https://www.rfc-editor.org/rfc/rfc8288#section-3
_LINK = re.compile(r'<([^<>]+)>((?:[^,"<]|"[^"]*")*)')
_PARAMETER = re.compile(r';\s*([\w*-]+)(?:\s*=\s*(?:"([^"]*)"|([^\s;,"]*)))?')


def of_headers(values: Iterable[str], base: str) -> Links:
    """What ``Link`` headers name.

    Args:
        values: the headers as they came; one may hold several links.
        base: the address that answered, for relative addresses.
    """
    return _first(_links(values), base)


def of_elements(elements: Iterable[Mapping[str, object]], base: str) -> Links:
    """What a feed's own ``link`` elements name.

    Args:
        elements: their attributes.
        base: where the feed was read, for relative addresses.
    """
    return _first(((str(one.get("rel", "")), str(one.get("href", ""))) for one in elements), base)


def _links(values: Iterable[str]) -> Iterator[tuple[str, str]]:
    for value in values:
        for address, rest in _LINK.findall(value):
            parameters: dict[str, str] = {}
            for name, quoted, bare in _PARAMETER.findall(rest):
                parameters.setdefault(name.lower(), quoted or bare)  # the first one counts
            if "anchor" not in parameters:  # else it says something of another document
                yield parameters.get("rel", ""), address


def _first(links: Iterable[tuple[str, str]], base: str) -> Links:
    found: dict[str, str] = {}
    for relations, address in links:
        for relation in relations.lower().split():
            if relation in {"hub", "self"} and relation not in found:
                url = absolute_url(base, address)
                if url is not None:
                    found[relation] = url
    return found.get("hub"), found.get("self")
