"""Addresses: absolute, safe to hand on, and known again in whichever form they are written."""

from __future__ import annotations

import re
import socket
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import (
    SplitResult,
    quote,
    quote_from_bytes,
    unquote,
    unquote_to_bytes,
    urljoin,
    urlsplit,
)

MAX_URL = 2000  # characters; what browsers and Telegram agree on

# RFC 3986: what may stand as it is in a path or query; "%" stays, for what is already encoded.
_AS_WRITTEN = "/?:@!$&'()*+,;=~%"
_SEGMENT = "!$'()*,;:@~"
# Full addresses and paths that are in order, so that nothing about them need be changed.
_WHOLE = re.compile(
    r"https?://(?![^/?#]*\.\.)[a-z0-9_](?:[a-z0-9._-]{0,251}[a-z0-9_])?(?=[/?#]|$)"
    r"(?:/[\w/:@!$&'()*+,=~%.-]*)?(?:\?[\w/?:@!$&'()*+,=~%.-]+)?(?:\#[\w/?:@!$&'()*+,=~%.-]+)?",
    re.ASCII,
)
_PATH = re.compile(r"/(?![/.])(?:[\w:@!$&'()*+,=~%.-]|/(?![/.]))*", re.ASCII)
# What stays as it is when it is decoded and encoded again.
_PLAIN_SEGMENT = re.compile(r"[A-Za-z0-9_.~!$'()*,;:@&=+-]*")
_PLAIN_PARAMETER = re.compile(r"[A-Za-z0-9_.~!$'()*,;:@/?-]*")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_LINE_BREAKS = str.maketrans("", "", "\t\n\r")
_DEVIATIONS = "\u00df\u1e9e\u03c2\u200c\u200d"
_LONGEST_LABEL = 63
_LONGEST_HOST = 1000  # characters as written; coded, one in an alphabet of its own takes no fewer
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9._-]{0,251}[a-z0-9_])?")

# The same site for telephones. "www2" is another server, which may hold something else.
_MOBILE_HOSTS = ("www.", "m.", "mobile.", "touch.", "wap.", "pda.", "amp.")
_DEFAULT_PAGE = re.compile(
    r"(?:index|default)\.(?:[sx]?html?|php\d?|phtml|aspx?|jsp|cfm)", re.IGNORECASE
)
_VISIT = re.compile(
    r";(?:jsessionid|phpsessid)=[^;]*", re.IGNORECASE
)  # of one visitor, within a path
_AMP_SUFFIX = ".amp"
_ESCAPED_TWICE = re.compile(r"(?:amp;)+")
# Where a visitor came from, never which article it is. Chosen for what news sites really append;
# "from" is a Russian habit (?from=rss). "id", "ref", "source", "p" and the like may name the page.
_TRACKING = frozenset(
    {
        *("from", "amp", "erid", "_openstat", "phpsessid", "jsessionid", "print", "sphrase_id"),
        *("yclid", "ysclid", "ymclid", "yadclid", "gclid", "gclsrc", "gbraid", "wbraid", "dclid"),
        *("gad_source", "gad_campaignid", "srsltid", "fbclid", "msclkid", "twclid", "ttclid"),
        *("li_fat_id", "igsh", "igshid", "mibextid", "rb_clickid", "_ga", "_gl", "_ym_uid"),
        *("_hsenc", "_hsmi", "__hstc", "__hssc", "__hsfp", "hsctatracking", "__twitter_impression"),
        *("roistat", "roistat_visit", "calltouch_tm", "mindbox-click-id", "mindbox-message-key"),
        *("mc_cid", "mc_eid", "mkt_tok", "cmpid", "xtor", "ncid", "vero_id", "vero_conv"),
        *("oly_anon_id", "oly_enc_id", "s_cid", "sc_cid", "wt_mc", "ocid", "intcmp", "icid"),
        *("_", "nocache", "clear_cache"),
    }
)
_TRACKING_PREFIXES = ("utm_", "itm_", "at_", "pk_", "mtm_", "matomo_", "hsa_", "ga_", "fb_")
# These may name a page, but not where they say this.
_PERHAPS_TRACKING = {
    **dict.fromkeys(
        ("ref", "referrer", "source", "src", "via"),
        frozenset({"rss", "feed", "atom", "newsletter", "email", "telegram", "tg", "vk", "twitter"})
        | frozenset({"facebook", "fb", "dzen", "yandex", "google"}),
    ),
    **dict.fromkeys(("outputtype", "mode", "format", "view"), frozenset({"amp"})),
}

_TELLING_NAME = 16  # characters; a picture whose name is this long with digits in it is used once
_SIZE_IN_NAME = re.compile(
    r"[-_](?:\d{2,5}x\d{2,5}|scaled|thumb(?:nail)?|small|medium|large)(?=\.|$)"
)

_GLOBAL_UNICAST = IPv6Network("2000::/3")  # RFC 4291: all of IPv6 that is routed publicly
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address in its last 32 bits
_SIZE_PARAMETER = re.compile(
    r"(?:w|h|width|height|size|q|quality|dpr|fit|crop|resize|format|fm|auto)(?:=|$)",
    re.IGNORECASE,
)
_PRIVATE_NAMES = (
    *("localhost", "local", "localdomain", "internal", "intranet", "lan", "corp", "home"),
    "home.arpa",
)


@lru_cache(maxsize=4096)  # a read of a feed asks for each of its addresses several times
def normalise_url(url: str) -> str:
    """The identity of an address: equal for addresses that show the same article.

    The key is itself an address, but not one to open. Our rules: ``https`` for ``http``; the host
    in lower case and punycode, without ``www.``, ``m.``, ``amp.`` and the like, port 80 or 443 and
    user name; the path without dot segments, doubled or trailing slashes, default pages
    (``index.html``), a visitor's session and what asks for AMP (``/amp`` at either end, ``.amp``);
    percent-encoding made equal; tracking parameters removed, the others sorted, each once;
    no fragment, unless it routes within one page (``#!/news/1``, ``#/news/1``). Applying it twice
    changes nothing. What is no http(s) address is returned stripped and otherwise as it is.

    A rule that is added here must lead from the old keys to the new ones, and a migration must
    take the stored names along (``0010_once`` shows how): else they are not found any more.
    """
    stripped = _CONTROL.sub("", url).strip()
    try:
        parts = urlsplit(stripped)
        port, host = parts.port, _ascii_host(parts)
    except ValueError:
        return stripped
    if parts.scheme not in {"http", "https"} or host is None:
        return stripped
    authority = _without_mobile(host)
    if port not in {None, 80, 443}:
        authority = f"{authority}:{port}"
    path = "".join(f"/{segment}" for segment in _segments(parts.path))
    query = "&".join(sorted(set(_parameters(parts.query))))
    routes = parts.fragment.startswith(("!", "/")) and parts.fragment.strip("!/")
    fragment = parts.fragment if routes else ""
    key = f"https://{authority}{path}"
    if query:
        key = f"{key}?{query}"
    return f"{key}#{quote(fragment, safe=_AS_WRITTEN)}" if fragment else key


def picture_name(url: str) -> str:
    """What stays the same in a picture's address when its size or its host is another.

    Sites hand out one picture by several hosts in turn.
    """
    parts = urlsplit(url)
    path = _SIZE_IN_NAME.sub("", unquote(parts.path))
    name = path.rsplit("/", 1)[-1]
    if "." not in name:  # the picture may be named by the query
        named = [each for each in _parameters(parts.query) if not _SIZE_PARAMETER.match(each)]
        return "?".join([path, *(["&".join(sorted(named))] if named else [])])
    if len(name) >= _TELLING_NAME and any(letter.isdigit() for letter in name):
        path = name
    return path.casefold()


def absolute_url(base: str, href: str) -> str | None:
    """A link as a full http(s) address in plain ASCII, or None where it is none.

    Read as browsers do: spaces around it and line breaks in it are dropped, other characters that
    no address may hold are percent-encoded, an international host becomes punycode. A user name
    and password, also those of the base, are dropped, for the address is shown to people. Refused
    are other schemes, control characters and more than 2,000 characters.
    """
    if _WHOLE.fullmatch(href):
        return href if len(href) <= MAX_URL else None
    if _PATH.fullmatch(href) and (origin := _origin(base)):
        return f"{origin}{href}" if len(origin) + len(href) <= MAX_URL else None
    return _absolute(base, href)


@lru_cache(maxsize=256)
def _origin(base: str) -> str | None:
    """An address without its path, or None where it is none."""
    root = _absolute(base, "/")
    return root.removesuffix("/") if root else None


def _absolute(base: str, href: str) -> str | None:
    href = href.translate(_LINE_BREAKS).strip()
    if not href or _CONTROL.search(href):
        return None
    try:
        parts = urlsplit(urljoin(base, href))
        port, host = parts.port, _ascii_host(parts)
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or host is None:
        return None
    tail = parts._replace(scheme="", netloc="").geturl()
    authority = host if port is None else f"{host}:{port}"
    if tail and not tail.startswith(("/", "?", "#")):
        tail = f"/{tail}"
    url = f"{parts.scheme}://{authority}{quote(tail, safe=_AS_WRITTEN + '#')}"
    return url if len(url) <= MAX_URL else None


def is_public_address(ip: str | IPv4Address | IPv6Address) -> bool:
    """Whether an IP address belongs to the public internet.

    IPv6 forms that carry an IPv4 address (mapped, 6to4, NAT64) are judged by what they carry.
    What cannot be read as an address is not public.
    """
    try:
        address = ip_address(ip)
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        if address in _NAT64:
            return is_public_address(IPv4Address(int(address) & 0xFFFF_FFFF))
        carried = address.ipv4_mapped or address.sixtofour
        if carried is not None:
            return is_public_address(carried)
        if address not in _GLOBAL_UNICAST:
            return False
    return address.is_global and not address.is_multicast


def names_private_host(url: str) -> bool:
    """Whether an address points, by how it is written, into a private network.

    For addresses that others open for us (pictures): nothing is resolved. True for an IP address
    that is not public, in any notation that ``inet_aton`` takes (``2130706433``, ``0x7f.1``), for
    names that are only used inside (``localhost``, ``*.local``, a single word), and for whatever
    has no host that can be read.
    """
    try:
        host = _ascii_host(urlsplit(url.strip()))
    except ValueError:
        return True
    if host is None:
        return True
    if host.startswith("["):
        return not is_public_address(host[1:-1])
    try:
        return not is_public_address(IPv4Address(socket.inet_aton(host)))
    except OSError:
        pass
    if "." not in host:
        return True
    return any(host.endswith(f".{name}") for name in _PRIVATE_NAMES)


def _ascii_host(parts: SplitResult) -> str | None:
    """The host in lower case and punycode (``[…]`` for IPv6), or None where there is none.

    May raise ValueError, as ``parts.hostname`` does.
    """
    if "\\" in parts.netloc:
        return None  # browsers end the host there, Python does not
    host = (parts.hostname or "").rstrip(".")
    if len(host) > _LONGEST_HOST:  # coding a long label is quadratic
        return None
    if ":" in host:
        return f"[{IPv6Address(host)}]"
    if not host.isascii():
        # This also folds look-alike digits and full stops, so "①.1" cannot pass for a name.
        host = ".".join(map(_ascii_label, re.split("[.\u3002\uff0e\uff61]", host)))
    return host if _HOST.fullmatch(host) and ".." not in host else None


def _ascii_label(label: str) -> str:
    """One part of a host in punycode, as browsers have it.

    Python's codec follows IDNA 2003, which wrote "ß" as "ss" and knows no younger characters.
    IDNA 2008 keeps them: https://www.unicode.org/reports/tr46/#Deviations

    Raises:
        ValueError: it is none.
    """
    if not any(letter in _DEVIATIONS for letter in label):
        try:
            return label.encode("idna").decode("ascii").lower()
        except UnicodeError:
            pass
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", label).lower())
    if folded.isascii():
        return folded
    coded = f"xn--{folded.encode('punycode').decode('ascii')}".lower()
    if len(coded) > _LONGEST_LABEL:
        raise ValueError("a part of a host's name is too long")
    return coded


def _without_mobile(host: str) -> str:
    while True:
        for prefix in _MOBILE_HOSTS:
            rest = host.removeprefix(prefix)
            if rest != host and "." in rest:
                host = rest
                break
        else:
            return host


def _segments(path: str) -> list[str]:
    """The parts of a path that tell pages apart, percent-encoded alike."""
    segments: list[str] = []
    for raw in path.split("/"):
        segment = raw
        if not _PLAIN_SEGMENT.fullmatch(raw):
            segment = quote_from_bytes(unquote_to_bytes(raw), safe=_SEGMENT + "&=+")
        segment = _without_amp(_VISIT.sub("", segment))
        if segment == "..":
            del segments[-1:]
        elif segment not in {"", "."}:
            segments.append(segment)
    while segments and (
        _DEFAULT_PAGE.fullmatch(segments[-1])
        or (segments[-1].lower() == "amp" and len(segments) > 1)
    ):
        segments.pop()
    start = 0
    while start < len(segments) - 1 and segments[start].lower() == "amp":
        start += 1
    return segments[start:]


def _without_amp(segment: str) -> str:
    """A segment without ``.amp`` at its end, or before the ``.html`` there."""
    lowered = segment.lower()
    end = len(segment) - next(len(e) for e in (".html", ".htm", "") if lowered.endswith(e))
    stem = end
    while stem > len(_AMP_SUFFIX) and lowered.endswith(_AMP_SUFFIX, 0, stem):
        stem -= len(_AMP_SUFFIX)
    return segment[:stem] + segment[end:]


def _parameters(query: str) -> Iterator[str]:
    """The parameters of a query that may choose the page, percent-encoded alike."""
    for pair in query.split("&"):
        name, equals, value = (_parameter(part) for part in pair.partition("="))
        if escaped := _ESCAPED_TWICE.match(name):
            name = name[escaped.end() :]
        lowered = name.lower()
        if not name or lowered in _TRACKING or lowered.startswith(_TRACKING_PREFIXES):
            continue
        if value.lower() not in _PERHAPS_TRACKING.get(lowered, ()):
            yield f"{name}{equals and '='}{value}"


def _parameter(text: str) -> str:
    if _PLAIN_PARAMETER.fullmatch(text):
        return text
    return quote_from_bytes(unquote_to_bytes(text.replace("+", "%20")), safe=_SEGMENT + "/?")
