"""What a page says about its article besides the text: JSON-LD first, then meta tags, then DOM."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from urllib.parse import urlsplit

from lxml import etree

from bot.addresses import absolute_url
from bot.ingest.about.article_address import is_home, site_host
from bot.ingest.about.authors import authors, meta_authors, shown_authors
from bot.ingest.about.crumbs import Place, page_path
from bot.ingest.about.jsonld import ArticleData, article_data
from bot.ingest.about.meta_tags import first_of, meta_tags
from bot.ingest.about.opening import Opening, heading_of, is_beside, opening_of
from bot.ingest.about.titles import title_of
from bot.ingest.markup import dates
from bot.ingest.markup.dom import (
    Node,
    ancestors,
    attribute,
    words,
)
from bot.ingest.markup.inline import clean
from bot.ingest.markup.printed_dates import DateReader, reads_month_first

_LONGEST_LEAD = 2000
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?:[-_].*)?")
_PUBLISHED = (
    *("article:published_time", "og:article:published_time", "datepublished", "publish-date"),
    *("pubdate", "dc.date.issued", "parsely-pub-date", "dcterms.created"),
    *("dc.date.created", "sailthru.date", "article.published", "publishdate", "article:published"),
    *("cxenseparse:recs:publishtime", "rnews:datepublished", "citation_publication_date"),
)
_DATED = ("date", "dc.date")  # of what, depends on the site: often of the last change
_DATED_ELEMENTS = etree.XPath(
    "//*[contains(@itemprop, 'datePublished') or contains(@property, 'datePublished')"
    " or contains(@property, 'dateCreated') or contains(@class, 'published')]"
    "[@content or @datetime or @title]"
)
_MOST_DATED = 50
_UPDATED = ("article:modified_time", "og:updated_time", "datemodified", "last-modified")
_DOUBT = timedelta(hours=30)  # between dates that mean the same day somewhere


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a page says about its article; texts may be empty, the rest None.

    Attributes:
        leads: all that may be its lead, the likeliest, which is ``lead``, first.
        site: what the site calls itself.
        body: the article's text where the page gives it as data, plain or as HTML.
    """

    url: str | None
    title: str
    lead: str
    sections: tuple[str, ...]
    image: str | None
    language: str | None
    published: datetime | None
    updated: datetime | None
    authors: tuple[str, ...] = ()
    declared: bool = False
    leads: tuple[str, ...] = ()
    site: str = ""
    body: str = ""


def read_metadata(root: Node, url: str, now: datetime | None = None) -> Metadata:
    """What a page says about its article. Nothing is invented: what is not said is missing.

    Args:
        root: the page.
        url: its address, against which others are resolved.
        now: the moment that "today" is told from, in the zone of dates that name none; where the
            page gives another of its dates with an offset, that is theirs. None: now, in UTC.
    """
    now = now or datetime.now(UTC)
    data = article_data(root)
    meta = meta_tags(root)
    title = title_of(root, data, meta, url)
    canonical = _canonical(root, meta, url)
    language = _language(root, data, meta)
    marked = [
        data.published,
        *(meta.get(name, "") for name in _PUBLISHED),
        *_times(root, "datePublished", "pubdate"),
    ]
    weak = [meta.get(name, "") for name in _DATED]
    updated = [data.updated, first_of(meta, *_UPDATED), *_times(root, "dateModified")]
    zone = _zone((*marked, *weak, *updated), now)
    opening = opening_of(root, heading_of(root, title))
    leads = tuple(_leads(data, meta, title, opening))
    site = first_of(meta, "og:site_name", "application-name") or data.site
    return Metadata(
        url=canonical,
        title=title,
        lead=leads[0] if leads else "",
        leads=leads,
        site=site,
        body=data.body,
        sections=_sections(root, url, data, meta, Place((canonical or url, url), title)),
        image=_image(data, meta, url),
        language=language,
        published=_published(
            [moment for text in marked if (moment := _moment(zone, text))]
            or _in_attributes(root, zone),
            _moment(zone, *weak),
            lambda: _shown(root, opening, language, now.astimezone(zone)),
        ),
        updated=_moment(zone, *updated),
        declared=meta.get("og:type", "article" if data.alone else "").lower() == "article",
        authors=authors(
            data.authors,
            meta_authors(root),
            shown_authors(root),
            site=site,
        ),
    )


def _moment(zone: tzinfo, *texts: str) -> datetime | None:
    return next(
        (moment for text in texts if text and (moment := dates.moment(text, zone))),
        None,
    )


def _zone(texts: Iterable[str], now: datetime) -> tzinfo:
    """The offset of one of the page's dates; nearly all sites write UTC for machines as well."""
    for text in texts:
        moment = dates.moment(text) if text and dates.has_offset(text) else None
        if moment is not None and moment.utcoffset():
            return moment.tzinfo or UTC
    return now.tzinfo or UTC


def _times(root: Node, itemprop: str, flag: str | None = None) -> list[str]:
    """What ``time`` elements say that are marked for it."""
    return [
        value
        for node in root.iter("time")
        if itemprop in attribute(node, "itemprop").split() or (flag and node.get(flag) is not None)
        if (value := attribute(node, "datetime") or attribute(node, "content"))
    ]


def _published(
    marked: Sequence[datetime], weak: datetime | None, shown: Callable[[], datetime | None]
) -> datetime | None:
    """When it was published: as it is marked, and where that is in doubt, as readers see it.

    Args:
        marked: moments that are marked as this one.
        weak: a date of which nobody says what it is of.
        shown: gives the date that the page shows; it takes a while.
    """
    if marked and all(abs(other - marked[0]) < _DOUBT for other in marked):
        return marked[0]
    if not marked and weak is None:
        return shown()
    seen = shown()
    if marked:
        return next((each for each in marked if seen and each.date() == seen.date()), marked[0])
    same = seen is None or weak is None or weak.date() == seen.date()
    return weak if same else seen


def _in_attributes(root: Node, zone: tzinfo) -> list[datetime]:
    """The moment of microdata, RDFa or hAtom, which may be a mere attribute, if it is only one."""
    found: list[datetime] = []
    nodes: list[Node] = _DATED_ELEMENTS(root)
    for node in nodes[:_MOST_DATED]:
        value = (
            attribute(node, "content") or attribute(node, "datetime") or attribute(node, "title")
        )
        moment = _moment(zone, value)
        if moment is not None and not any(map(is_beside, ancestors(node))):
            found.append(moment)
    return found[:1] if len({moment.date() for moment in found}) == 1 else []


def _shown(root: Node, opening: Opening, language: str | None, now: datetime) -> datetime | None:
    """The date that readers of the page see beside its title."""
    month_first = reads_month_first(root, language, now)
    found = opening.date(DateReader(now, language, month_first=month_first), now)
    return found.moment if found is not None else None


def _leads(
    data: ArticleData, meta: Mapping[str, str], title: str, opening: Opening
) -> Iterator[str]:
    for lead in (
        first_of(meta, "og:description"),
        data.lead,
        first_of(meta, "description", "twitter:description", "dc.description"),
        opening.lead(),
    ):
        text = clean(lead)[:_LONGEST_LEAD]
        if text and words(text) != words(title):
            yield text


def _sections(
    root: Node, base: str, data: ArticleData, meta: Mapping[str, str], place: Place
) -> tuple[str, ...]:
    name, *rest = (urlsplit(place.urls[0]).hostname or "").removeprefix("www.").split(".")
    domain = name if len(rest) == 1 else ""
    sites = (first_of(meta, "og:site_name", "application-name"), data.site, domain)
    place = replace(place, sites=sites, authors=(*data.authors, first_of(meta, "author")))
    told = (data.section, first_of(meta, "article:section", "og:article:section"))
    return page_path(root, base, place, [data.crumbs], filter(None, told))


def _image(data: ArticleData, meta: Mapping[str, str], url: str) -> str | None:
    offers = [
        first_of(meta, "og:image:secure_url", "og:image", "og:image:url"),
        *data.images,
        first_of(meta, "twitter:image", "twitter:image:src"),
        first_of(meta, "image", "thumbnailurl"),
    ]
    return next((image for offer in offers if offer and (image := absolute_url(url, offer))), None)


def _language(root: Node, data: ArticleData, meta: Mapping[str, str]) -> str | None:
    html = next(root.iter("html"), root)
    offers = (
        attribute(html, "lang") or attribute(html, "xml:lang"),
        data.language,
        first_of(meta, "og:locale", "content-language", "inlanguage"),
    )
    for offer in offers:
        if match := _LANGUAGE.fullmatch(offer):
            return match[1].lower()
    return None


def _canonical(root: Node, meta: Mapping[str, str], url: str) -> str | None:
    """The address that the page calls its own, unless it names another host or the home page."""
    offers = [
        attribute(node, "href")
        for node in root.iter("link")
        if "canonical" in attribute(node, "rel").lower().split()
    ]
    offers.append(first_of(meta, "og:url"))
    for offer in offers:
        target = absolute_url(url, offer) if offer else None
        if target is not None and _is_own(target, url):
            return target
    return None


def _is_own(target: str, url: str) -> bool:
    if site_host(target) != site_host(url):
        return False
    return not is_home(urlsplit(target)) or is_home(urlsplit(url))
