from __future__ import annotations

import pytest
from yarl import URL

from bot import __version__
from bot.ingest.fetching.headers import SourceHeaders, check_headers, user_agent
from bot.model import SourceSpec


def test_we_say_who_we_are_and_where_to_reach_us() -> None:
    assert user_agent(None) == f"Vestnik/{__version__} (news bot for Telegram)"
    assert user_agent("press@example.org") == f"Vestnik/{__version__} (+press@example.org)"


def test_headers_are_taken_as_they_may_be_sent() -> None:
    given = [(" X-Key ", " open sesame "), ("Authorization", "Bearer a.b")]
    assert check_headers(given) == (("X-Key", "open sesame"), ("Authorization", "Bearer a.b"))


@pytest.mark.parametrize(
    "headers",
    [
        *([(name, "secret")] for name in ("Host", "content-length", "Transfer-Encoding", "TE")),
        *([(name, "secret")] for name in ("Connection", "Proxy-Authorization", "Sec-Fetch-Site")),
        *([(name, "secret")] for name in ("User-Agent", "If-None-Match", "Range", "Upgrade")),
        *([(name, "secret")] for name in ("", "X Key", "X-Key:", "Ключ", "X\r\nHost")),
        *([("X-Key", value)] for value in ("", " ", "secret\r\nHost: a", "secret\0", "secretЖ")),
        [("X-Key", "secret" * 400)],
        [("X-Key", "secret"), ("x-key", "secret")],
        [(f"X-{n}", "secret") for n in range(21)],
    ],
)
def test_other_headers_are_refused_without_their_value(headers: list[tuple[str, str]]) -> None:
    with pytest.raises(ValueError, match="header") as caught:
        check_headers(headers)
    assert "secret" not in str(caught.value)


def test_headers_go_to_the_sources_own_host_only() -> None:
    spec = SourceSpec("http://u:p@news.example/feed", headers=(("X-Key", "1"),))
    along = SourceHeaders([SourceSpec("https://other.example/feed"), spec]).along_to
    for known in ("http://news.example/feed", "http://news.example/a", "https://news.example/a"):
        assert along(URL(known)) == {"X-Key": "1"}
    for strange in (
        *("http://www.news.example/feed", "http://news.example:8080/feed"),
        *("https://news.example:8443/feed", "http://news.example.evil.example/feed"),
        "https://other.example/feed",
    ):
        assert along(URL(strange)) == {}


def test_what_was_meant_for_https_is_not_sent_in_the_open() -> None:
    spec = SourceSpec("https://news.example/feed", headers=(("X-Key", "1"),))
    assert SourceHeaders([spec]).along_to(URL("http://news.example/feed")) == {}


def test_a_sources_own_address_gets_its_own_headers() -> None:
    one, two = (
        SourceSpec(f"https://news.example/{n}", headers=(("X-Key", n),)) for n in ("1", "2")
    )
    along = SourceHeaders([one, two]).along_to
    paths = ("1", "2", "news/a")
    assert [along(URL(f"https://news.example/{path}"))["X-Key"] for path in paths] == [
        *("1", "2", "1"),
    ]


def test_headers_are_not_in_what_a_log_would_show() -> None:
    assert "secret" not in repr(SourceSpec("https://news.example/", headers=(("X-Key", "secret"),)))
