from __future__ import annotations

import json

import pytest

from bot.ingest.feeds.parse import parse_feed
from bot.ingest.markup.websub_links import Links, of_headers

BASE = "https://news.example.org/feed/all.xml"
HUB, OWN = "https://hub.example.org/", "https://news.example.org/feed"


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ([], (None, None)),
        ([f'<{HUB}>; rel="hub"', f"<{OWN}>; rel=self"], (HUB, OWN)),
        ([f'<{HUB}>; rel="hub", </feed>; REL="Self"'], (HUB, OWN)),
        ([f'<{HUB}>;title="a, b; rel=self" ; rel="next hub"'], (HUB, None)),
        ([f"<{HUB}>; rel=hub, <https://second.example/>; rel=hub"], (HUB, None)),
        ([f'<javascript:alert(1)>; rel="hub", <{HUB}>; rel="hub"'], (HUB, None)),
        ([f'<{HUB}>; rel="next"; rel="hub"'], (None, None)),
        ([f'<{HUB}>; rel="hub"; anchor="#other"'], (None, None)),
        ([f"{HUB}; rel=hub", "<", '<a>; rel="', ",,;"], (None, None)),
        (['<https://user:secret@hub.example.org/>; rel="hub"'], (HUB, None)),
    ],
)
def test_link_headers(headers: list[str], found: Links) -> None:
    assert of_headers(headers, BASE) == found


@pytest.mark.parametrize(
    "feed",
    [
        (
            '<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><link href="/page"/>'
            f'<link rel="self" href="/feed"/><link rel="hub" href="{HUB}"/>'
            '<link rel="hub" href="https://second.example/"/></feed>'
        ),
        (
            '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>T</title>'
            f'<link>/page</link><atom:link rel="hub" href="{HUB}"/>'
            '<atom:link rel="self" href="/feed"/></channel></rss>'
        ),
        json.dumps(
            {
                "title": "T",
                "feed_url": OWN,
                "hubs": [
                    "nonsense",
                    {"type": "rssCloud", "url": "https://cloud.example/"},
                    {"type": "WebSub", "url": "mailto:a@b.example"},
                    {"type": "WebSub", "url": HUB},
                ],
                "items": [],
            }
        ),
    ],
    ids=["atom", "rss", "json"],
)
def test_feeds_name_their_hub_and_themselves(feed: str) -> None:
    read = parse_feed(feed.encode(), None, BASE)
    assert (read.hub, read.own_url) == (HUB, OWN)


def test_what_an_entry_links_to_is_not_the_feeds() -> None:
    feed = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><entry><id>1</id>'
        f'<title>E</title><link rel="hub" href="{HUB}"/><link rel="self" href="{OWN}"/>'
        "</entry></feed>"
    )
    read = parse_feed(feed.encode(), None, BASE)
    assert (read.hub, read.own_url) == (None, None)
