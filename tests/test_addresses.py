from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.addresses import (
    MAX_URL,
    absolute_url,
    is_public_address,
    names_private_host,
    normalise_url,
)
from bot.model import shown_url

ONE_ARTICLE = [
    "https://example.org/news/1",
    "http://example.org/news/1",
    "https://www.example.org/news/1",
    "https://m.example.org/news/1",
    "https://www.m.example.org/news/1",
    "https://amp.example.org/news/1",
    "HTTPS://Example.ORG/news/1",
    "https://example.org:443/news/1",
    "http://example.org:80/news/1",
    "https://example.org./news/1",
    "https://reader:secret@example.org/news/1",
    "https://example.org/news/1/",
    "https://example.org//news//1",
    "https://example.org/news/./old/../1",
    "https://example.org/news/1/index.html",
    "https://example.org/news/1/index.php",
    "https://example.org/news/1/amp",
    "https://example.org/news/1/amp/",
    "https://example.org/news/1?amp",
    "https://example.org/%6Eews/%31",
    "https://example.org/news/1#comments",
    "https://example.org/news/1#:~:text=bridge",
    "https://example.org/news/1?",
    "https://example.org/news/1?utm_source=rss&UTM_Medium=feed",
    "https://example.org/news/1?yclid=1&ysclid=2&_openstat=3&erid=4&from=rss&gclid=5&fbclid=6",
    "  https://example.org/news/1\n",
    "https://mobile.example.org/news/1",
    "https://touch.example.org/news/1",
    "https://pda.example.org/news/1",
    "https://example.org/amp/news/1",
    "https://example.org/amp/news/1/amp/",
    "https://example.org/news/1.amp",
    "https://example.org/news/1?amp=1",
    "https://example.org/news/1?outputType=amp",
    "https://example.org/news/1;jsessionid=0A1B2C.node1",
    "https://example.org/news/1;JSESSIONID=0A1B2C?utm_source=rss",
    "https://example.org/news/1?PHPSESSID=abc&jsessionid=def",
    "https://example.org/news/1/Default.aspx",
    "https://example.org/news/1/index.shtml",
    "https://example.org/news/1#!",
    "https://example.org/news/1#/",
    "https://example.org/news/1#utm_source=rss",
    "https://example.org/news/1?ref=rss&source=telegram",
    "https://example.org/news/1?print=Y",
    "https://example.org/news/1?utm_source=rss&amp;utm_medium=feed&amp;amp;from=rss",
    "https://example.org/news/1?gad_source=1&srsltid=2&igsh=3&roistat=4&_=1700000000",
    "https://example.org/news/1?at_medium=rss&itm_source=x&fb_action_ids=1&mtm_campaign=2",
]


@pytest.mark.parametrize("url", ONE_ARTICLE)
def test_one_article_has_one_key(url: str) -> None:
    assert normalise_url(url) == "https://example.org/news/1"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://example.org/news/1", "https://example.org/news/2"),
        ("https://example.org/news/1", "https://example.com/news/1"),
        ("https://example.org/news/1", "https://en.example.org/news/1"),
        ("https://example.org/news/1", "https://example.org:8080/news/1"),
        ("https://example.org/news/1", "https://example.org/News/1"),
        ("https://example.org/?id=1", "https://example.org/?id=2"),
        ("https://example.org/?p=1&ref=2", "https://example.org/?p=1"),
        ("https://example.org/a%2Fb", "https://example.org/a/b"),
        ("https://example.org/?a=1%262", "https://example.org/?a=1&2"),
        ("https://example.org/#!/news/1", "https://example.org/#!/news/2"),
        ("https://example.org/#/news/1", "https://example.org/#/news/2"),
        ("https://example.org/amp", "https://example.org/"),
        ("https://m.ru/", "https://www.ru/"),
        ("https://www2.example.org/news/1", "https://www.example.org/news/1"),
        ("https://example.org/news/1?ref=2", "https://example.org/news/1"),
        ("https://example.org/news?source=city", "https://example.org/news"),
        ("https://example.org/news?m=1", "https://example.org/news"),
        ("https://example.org/news/1?view=full", "https://example.org/news/1"),
        ("https://example.org/news/amp-lamp", "https://example.org/news/lamp"),
        ("https://example.org/index/1", "https://example.org/1"),
        ("https://example.org/news;id=1", "https://example.org/news;id=2"),
        ("https://example.org/.amp", "https://example.org/"),
        ("https://straße.example/", "https://strasse.example/"),
    ],
)
def test_different_articles_have_different_keys(one: str, other: str) -> None:
    assert normalise_url(one) != normalise_url(other)


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("http://Пример.РФ/Новость", "https://xn--e1afmkfd.xn--p1ai/%D0%9D%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D1%8C"),
        ("http://xn--e1afmkfd.xn--p1ai/%d0%9d%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D1%8C", "https://xn--e1afmkfd.xn--p1ai/%D0%9D%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D1%8C"),
        ("https://example.org/%CD%EE%E2", "https://example.org/%CD%EE%E2"),
        ("https://example.org?b=2&a=x+y", "https://example.org?a=x%20y&b=2"),
        ("https://example.org/50%", "https://example.org/50%25"),
        ("http://[2001:DB8:0:0::1]:81/", "https://[2001:db8::1]:81"),
        ("https://example.org/", "https://example.org"),
        ("https://example.org?amp;b=2&a=1&a=1", "https://example.org?a=1&b=2"),
        ("https://example.org/1.amp.html", "https://example.org/1.html"),
        # IDNA 2008 keeps what IDNA 2003 folded, and knows characters that are younger.
        ("https://Straße.example/", "https://xn--strae-oqa.example"),
        ("https://xn--strae-oqa.example/", "https://xn--strae-oqa.example"),
        ("https://βόλος.example/", "https://xn--nxasmm1c.example"),
        ("https://💩.example/", "https://xn--ls8h.example"),
        ("https://ПРИМЕР。рф/", "https://xn--e1afmkfd.xn--p1ai"),
        ("https://пои\u0306ск.рф/", "https://xn--i1ackdm.xn--p1ai"),
    ],
)  # fmt: skip
def test_keys_have_one_spelling(url: str, key: str) -> None:
    assert normalise_url(url) == key


@pytest.mark.parametrize(
    "url", ["", "tag:example.org,2026:1", "mailto:a@example.org", "http://[", "https://"]
)
def test_what_is_no_web_address_stays(url: str) -> None:
    assert normalise_url(f" {url} ") == url


@given(st.text())
@example("http://h:443/")
@example("http://e.org/%25zz/amp/amp/index.html?+=%2b")
@example("http://e.org/?a=1;b&&=&x")
@example("http://e.org/..//.%2e/")
@example("http://e.org/#!a b")
@example("http://e.org/..amp/x")
@example("http://e.org/amp/amp/.amp.amp/index.amp.html")
@example("http://e.org/a;jsessionid=;phpsessid=b;jsessionid=%3b/..")
@example("http://ß①⒈💩.example/")
@example("http://e.org/?amp;amp;a=%26amp;b")
def test_a_key_is_its_own_key(text: str) -> None:
    for url in (text, f"http://e.org/{text}", f"http://{text}/", f"http://e.org/?{text}"):
        key = normalise_url(url)
        assert normalise_url(key) == key


@pytest.mark.parametrize(
    ("href", "url"),
    [
        ("/a", "https://example.org/a"),
        ("b?c=d#e", "https://example.org/news/b?c=d#e"),
        ("//cdn.example.org/i.jpg", "https://cdn.example.org/i.jpg"),
        ("?page=2", "https://example.org/news/?page=2"),
        ("http://example.com", "http://example.com"),
        (" \n/a\tb\n", "https://example.org/ab"),
        ("/Фото 1.jpg", "https://example.org/%D0%A4%D0%BE%D1%82%D0%BE%201.jpg"),
        ("/%20a%2Fb", "https://example.org/%20a%2Fb"),
        ('/"><script>', "https://example.org/%22%3E%3Cscript%3E"),
        ("https://Пример.рф/x", "https://xn--e1afmkfd.xn--p1ai/x"),
        ("https://user:pass@example.com:8443/x", "https://example.com:8443/x"),
        ("http://[::1]:80/x", "http://[::1]:80/x"),
        ("", None),
        ("   ", None),
        ("javascript:alert(1)", None),
        ("JaVa\nScript:alert(1)", None),
        ("data:text/html,x", None),
        ("mailto:press@example.org", None),
        ("ftp://example.org/", None),
        ("https://exa mple.org/", None),
        ("https://example.org\\@evil.example/", None),
        ("https://example.org%2f@evil/%00", "https://evil/%00"),
        ("https://a..b/", None),
        ("https://example.org:99999/", None),
        ("http://[::1/", None),
        ("/a\x00b", None),
        ("/a\x1bb", None),
        ("/a\ud800b", None),
        ("/" + "a" * MAX_URL, None),
        ("/" + "я" * (MAX_URL // 6 + 1), None),
    ],
)
def test_links_become_absolute_or_nothing(href: str, url: str | None) -> None:
    assert absolute_url("https://editor:secret@example.org/news/", href) == url


def test_a_link_needs_a_base_that_is_one() -> None:
    assert absolute_url("", "/a") is None
    assert absolute_url("file:///etc/passwd", "shadow") is None


@given(st.text(), st.text())
def test_absolute_addresses_are_plain(base: str, href: str) -> None:
    for url in (absolute_url(base, href), absolute_url("https://example.org", href)):
        if url is not None:
            assert url.startswith(("http://", "https://"))
            assert url.isascii()
            assert url.isprintable()
            assert " " not in url
            assert len(url) <= MAX_URL
            assert absolute_url("", url) == url


@pytest.mark.parametrize(
    "tail",
    [
        *("a" + ".amp" * 30_000 + "z", ".amp" * 30_000, "amp/" * 30_000, "?" + "amp;" * 30_000),
        *("../" * 30_000, "?" + "a&" * 60_000, "%D1%8F" * 20_000, ";jsessionid=" * 10_000),
        *("#!" + "/" * 100_000, "#!" + "я" * 20_000),
    ],
)
def test_an_address_of_any_length_takes_its_length(tail: str) -> None:
    """Ids that are addresses once were read in quadratic time: 32 KB stopped the bot for 16 s."""
    start = time.process_time()
    normalise_url(f"https://example.org/{tail}")
    assert time.process_time() - start < 1


@pytest.mark.parametrize("host", ["m." * 50_000 + "ru", "ы" * 50_000, "ы." * 50_000, "ß" * 50_000])
def test_a_host_of_any_length_takes_its_length(host: str) -> None:
    start = time.process_time()
    assert normalise_url(f"http://{host}/") == f"http://{host}/"
    assert absolute_url("", f"http://{host}/") is None
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    "ip",
    [
        *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1"),
        *("169.254.169.254", "100.64.0.1", "192.0.2.1", "198.18.0.1", "240.0.0.1"),
        *("255.255.255.255", "224.0.0.1", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1"),
        *("fec0::1", "ff02::1", "ff0e::1", "2001:db8::1", "2001::1", "::ffff:127.0.0.1"),
        *("::ffff:10.0.0.1", "::127.0.0.1", "2002:7f00:1::", "2002:a00:1::", "64:ff9b::7f00:1"),
        *("64:ff9b::a00:1", "64:ff9b:1::808:808", "100::1", "not an address", ""),
    ],
)
def test_inner_addresses_are_not_public(ip: str) -> None:
    assert not is_public_address(ip)


@pytest.mark.parametrize(
    "ip",
    ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "2002:808:808::", "64:ff9b::808:808"],
)
def test_outer_addresses_are_public(ip: str) -> None:
    assert is_public_address(ip)


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "017700000001", "0", "10.1"),
        *("[::1]", "[::ffff:127.0.0.1]", "[fe80::1]", "localhost", "LOCALHOST", "localhost."),
        *("a.localhost", "printer.local", "db.internal", "nas.home.arpa", "router.lan"),
        *("intranet", "①②⑦.0.0.1", "127。0。0。1", "127%2e0.0.1", "exa mple.org", ""),
        *("user@127.0.0.1", "example.org@localhost:80"),
    ],
)
def test_private_hosts_are_known_by_how_they_are_written(host: str) -> None:
    assert names_private_host(f"http://{host}/a.jpg")


@pytest.mark.parametrize(
    "host", ["example.org", "8.8.8.8", "[2606:4700::1111]", "пример.рф:8080", "local.example.org"]
)
def test_public_hosts_are_not_private(host: str) -> None:
    assert not names_private_host(f"http://{host}/a.jpg")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://example.org/feed@home?to=a@b", "https://example.org/feed@home?to=a@b"),
        ("http://user:pw@example.org/feed", "http://example.org/feed"),
        ("http://user:p@w@example.org", "http://example.org"),
        ("https://token@example.org:8080?x=//y@z", "https://example.org:8080?x=//y@z"),
        ("no address", "no address"),
    ],
)
def test_an_address_is_shown_without_user_and_password(url: str, shown: str) -> None:
    """Passwords of sources once stood in logs, alerts and ``/status``."""
    assert shown_url(url) == shown
