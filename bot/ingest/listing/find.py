"""A page that lists a site's news, as a feed: what says most about itself is believed first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.addresses import normalise_url
from bot.errors import ParseError
from bot.ingest.about.article_address import address_shape, is_own, looks_like_article
from bot.ingest.listing.data import linked_groups, state_groups
from bot.ingest.listing.groups import repeated_groups
from bot.ingest.listing.headings import Headings
from bot.ingest.listing.markup import marked_groups
from bot.ingest.listing.page import Item, ListingPage
from bot.ingest.markup.cut import is_cut
from bot.ingest.markup.dom import Node, words
from bot.ingest.markup.fields import paragraphs, settled
from bot.ingest.markup.vocabulary import speaks_of_news
from bot.model import Entry, Feed

ADVICE = (
    "give the address of its RSS, Atom or JSON feed, or of its sitemap of news, or say by CSS "
    "selectors in SOURCES_FILE where its articles are"
)
_NONE = f"No list of news is found on this page: {ADVICE}."
_MORE = 2.5  # times as many articles outweigh that a list says less about itself
_RECENT = ((3, 1.5), (30, 1.2), (365, 0.8))  # days since the newest, and what that is worth
_OLD = 0.5
_SUPERSET = 0.7  # share of a list's articles in another one that makes it a part of that


@dataclass(frozen=True, slots=True)
class _Demands:
    """What a list must be like to be believed.

    Attributes:
        fewest: how many articles it has at least.
        dated: the share of them that have dates; a list without needs to look the more like news.
        title_chars, title_words: of its titles on average.
        undated_chars: the same of a list with fewer dates.
        named: whether a list with fewer dates needs a word for news in the page's path, title or
            heading, or in its own.
    """

    fewest: int
    title_chars: float
    title_words: float
    dated: float
    undated_chars: float
    named: bool = False


_TIERS: tuple[tuple[Callable[[ListingPage], list[list[Item]]], _Demands], ...] = (
    (linked_groups, _Demands(2, 12, 2, 0.3, 25)),
    (state_groups, _Demands(2, 12, 2, 0.3, 25)),
    (marked_groups, _Demands(2, 15, 2, 0.3, 20)),
    (repeated_groups, _Demands(3, 20, 3, 0.3, 45, named=True)),
)


def read_listing(page: ListingPage) -> Feed:
    """The news that a page lists, in its order.

    Four ways are tried: schema.org in JSON-LD, the state of scripts, marked elements, elements
    alike. The first that gives a convincing list is taken, unless a later one shows that it is
    only a part of the list, or far from all.

    Raises:
        ParseError: no list convinces; the sentence says what to do.
    """
    best: list[Item] = []
    for groups_of, demands in _TIERS:
        groups = [_tidied(page, group) for group in groups_of(page)]
        good = [group for group in groups if _convinces(page, group, demands)]
        if good:
            best = _better(best, max(good, key=lambda group: _weight(group, page.dates.now)))
    if not best:
        raise ParseError(_NONE)
    return feed_of(page, best)


def feed_of(page: ListingPage, items: Sequence[Item]) -> Feed:
    """What was found on a page, as a feed."""
    return Feed(page.title(), page.language, settled([_entry(item) for item in items]))


def listing_of(root: Node, url: str, now: datetime) -> Feed:
    """The news that a page lists; see ``read_listing``.

    Args:
        root: the page.
        url: its address.
        now: the moment that "yesterday" is told from.
    """
    return read_listing(ListingPage.of(root, url, now))


def _tidied(page: ListingPage, items: Sequence[Item]) -> list[Item]:
    """Each article once, those of the site itself, unless all lead elsewhere.

    What a heading calls popular, recommended or still to come is left out.
    """
    headings = Headings(item.title for item in items if item.title)
    items = [
        replace(item, heading=headings.over(item.node)) if item.node is not None else item
        for item in items
    ]
    items = [item for item in items if item.heading is None or not item.heading.other]
    own = [item for item in items if is_own(item.url, page.url)]
    found: dict[str, Item] = {}
    for item in own or items:
        key = normalise_url(item.url)
        known = found.get(key)
        if known is None or len(item.title) > len(known.title):
            found[key] = item
    return [item for item in found.values() if item.title]


def _convinces(page: ListingPage, items: Sequence[Item], demands: _Demands) -> bool:
    count = len(items)
    if count < demands.fewest:
        return False
    titles = {item.title for item in items}
    chars = sum(len(title) for title in titles) / len(titles)
    counts = sum(len(words(title)) for title in titles) / len(titles)
    if 5 * len(titles) < 4 * count or chars < demands.title_chars or counts < demands.title_words:
        return False
    dates = [item.date for item in items if item.date is not None]
    if 2 * sum(date.lies_ahead(page.dates.now) for date in dates) > len(dates):
        return False  # what is to come is announced, not reported
    likely = sum(looks_like_article(item.url) for item in items) / count
    if len(dates) >= demands.dated * count:
        return True
    if demands.named and not (page.speaks_of_news() or _heads_news(items)):
        return False
    shapes = Counter(address_shape(item.url) for item in items)
    alike = shapes.most_common(1)[0][1] / count
    enough = count > demands.fewest
    return enough and chars >= demands.undated_chars and likely >= 0.7 and alike >= 0.7  # noqa: PLR2004


def _heads_news(items: Sequence[Item]) -> bool:
    heading = items[0].heading
    return heading is not None and speaks_of_news(heading.text)


def _weight(items: Sequence[Item], now: datetime) -> float:
    """Which of a page's lists is its news: long, recent, with leads and telling addresses.

    What stands under the page's own heading is likelier what the page is for.
    """
    count = len(items)
    chars = sum(min(len(item.title), 90) for item in items) / count
    dated = sum(item.date is not None for item in items) / count
    leads = sum(bool(item.lead) for item in items) / count
    likely = sum(looks_like_article(item.url) for item in items) / count
    newest = max((item.date.moment for item in items if item.date is not None), default=None)
    recent = 1.0
    if newest is not None:
        recent = next((rate for days, rate in _RECENT if now - newest <= timedelta(days)), _OLD)
    place = sum(item.heading is not None and item.heading.level == 1 for item in items) / count
    looks = chars * (0.3 + likely) * (1 + dated) * (1 + leads / 2)
    return float(min(count, 40) * looks * recent * (1 + place / 2))


def _better(first: list[Item], later: list[Item]) -> list[Item]:
    """The list of an earlier tier, or the larger one of a later tier with what the first knows."""
    if not first:
        return later
    known = {normalise_url(item.url): item for item in first}
    keys = [normalise_url(item.url) for item in later]
    shared = sum(key in known for key in keys)
    if len(later) > len(first) and shared >= _SUPERSET * len(first):
        return [
            _joined(known[key], item) if key in known else item
            for key, item in zip(keys, later, strict=True)
        ]
    dated = sum(item.date is not None for item in later) * 2 >= len(later)
    return later if dated and len(later) > _MORE * len(first) else first


def _joined(one: Item, other: Item) -> Item:
    return replace(
        one,
        lead=one.lead or other.lead,
        date=one.date or other.date,
        image=one.image or other.image,
    )


def _entry(item: Item) -> Entry:
    """An item as an entry: what the list cut short is left to the article's page."""
    exact = item.date is not None and item.date.exact
    date = item.date.moment if item.date is not None else None
    return Entry(
        guid=None,
        url=item.url,
        title=item.title,
        lead="" if is_cut(item.lead) else item.lead,
        published=date if exact else None,
        updated=None,
        image=item.image,
        content=paragraphs(item.lead),
        date_hint=None if exact else date,
    )
