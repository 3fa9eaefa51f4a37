"""What a page says about its article besides the text: JSON-LD first, then meta tags, then DOM."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice
from urllib.parse import urlsplit

from lxml import etree

from bot.addresses import absolute_url
from bot.ingest.about.authors import authors, meta_authors, shown_authors
from bot.ingest.about.crumbs import Place, page_path
from bot.ingest.about.jsonld import ArticleData, article_data
from bot.ingest.about.opening import Opening, heading_of, is_beside, opening_of
from bot.ingest.about.section_names import is_section
from bot.ingest.markup import dates
from bot.ingest.markup.dom import (
    Node,
    ancestors,
    attribute,
    class_words,
    tag_of,
    text_of,
    words,
)
from bot.ingest.markup.inline import clean
from bot.ingest.markup.printed_dates import DateReader, reads_month_first

_LONGEST_TITLE = 500  # characters
_LONGEST_LEAD = 2000
_MOST_HEADINGS = 20  # of level one that are looked at
_MOST_PARTS = 6  # of a title, of which the site's name may be the last
_SEPARATOR = re.compile(r"\s+[|–—·•:»«›/-]+\s+|\s*[|»]\s*")
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?:[-_].*)?")
_HOME = re.compile(r"/?(?:index\.\w+)?")
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
_KICKER = 3  # words; a title of no more may end a heading by chance
_ALIKE = 0.8  # share of common words
_KICKERS = frozenset(
    {
        *("kicker", "overline", "roofline", "topline", "eyebrow", "dachzeile", "spitzmarke"),
        *("subtitle", "pretitle", "supertitle", "overtitle", "nadzagolovok", "rubric", "rubrika"),
    }
)
_BETWEEN = " :.–—-|·•"


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
    meta = _meta(root)
    title = _title(root, data, meta, url)
    canonical = _canonical(root, meta, url)
    language = _language(root, data, meta)
    marked = [
        data.published,
        *(meta.get(name, "") for name in _PUBLISHED),
        *_times(root, "datePublished", "pubdate"),
    ]
    weak = [meta.get(name, "") for name in _DATED]
    updated = [data.updated, _first(meta, *_UPDATED), *_times(root, "dateModified")]
    zone = _zone((*marked, *weak, *updated), now)
    opening = opening_of(root, heading_of(root, title))
    leads = tuple(_leads(data, meta, title, opening))
    site = _first(meta, "og:site_name", "application-name") or data.site
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


def _meta(root: Node) -> dict[str, str]:
    """The page's meta properties by lower-case name; the first of a name counts."""
    found: dict[str, str] = {}
    for node in root.iter("meta", "link"):
        content = attribute(node, "content") or attribute(node, "href")
        if not content:
            continue
        for name in ("property", "name", "itemprop"):
            if key := attribute(node, name).lower():
                found.setdefault(key, clean(content))
    return found


def _first(meta: Mapping[str, str], *names: str) -> str:
    return next((value for name in names if (value := meta.get(name))), "")


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


def _title(root: Node, data: ArticleData, meta: Mapping[str, str], url: str) -> str:
    """The title as the page shows it: its one ``h1``, else as it is told to machines."""
    hosts = (urlsplit(url).hostname or "").split(".")
    highest = list(islice(root.iter("h1"), _MOST_HEADINGS))
    headings = [text for node in highest if (text := _text(node))]
    site = _first(meta, "og:site_name", "application-name") or data.site or _logo(highest, url)
    offers = [data.title, _first(meta, "og:title"), _first(meta, "twitter:title", "dc.title")]
    names = {data.section, _first(meta, "article:section", "og:article:section")} - {*offers}
    inner = _inner_headings(root, names)
    known = [*headings, *inner, *_lower_headings(root)]
    page = root.find(".//title")
    if page is not None:
        offers.append(clean(text_of(page, _LONGEST_TITLE)))
    told = [
        _without_section(
            _without_site(_without_host(offer[:_LONGEST_TITLE], hosts), site, known), names
        )
        for offer in offers
        if offer
    ]
    if any(is_section(text, names) for text in headings):
        headings = [text for text in headings if not is_section(text, names)]
        told = [title for title in told if words(title) != words(site)]
    elif headings:
        inner = []
    shown = [
        next((title for title in told if _follows_kicker(title, heading)), heading)
        for heading in (*headings, *inner)
        if any(_alike(heading, title) or _follows_kicker(title, heading) for title in told)
    ]
    found = [*shown, *(title for title in told if not is_section(title, names))]
    found += [*headings, *inner[:1], *told, *inner]
    return next((title[:_LONGEST_TITLE] for title in found if title), "")


def _text(node: Node) -> str:
    """A heading's text without the short line above it that some sites put inside."""
    whole = clean(text_of(node, _LONGEST_TITLE))
    first = next((child for child in node if text_of(child, _LONGEST_TITLE)), None)
    if first is None or clean(node.text or "") or not class_words(first) & _KICKERS:
        return whole
    above = clean(text_of(first, _LONGEST_TITLE))
    return whole.removeprefix(above).lstrip(_BETWEEN) or whole


def _logo(headings: Iterable[Node], url: str) -> str:
    """What the site calls itself in a heading that leads to its front page; may be empty."""
    host = urlsplit(url).netloc
    for node in headings:
        link = next(node.iter("a"), None)
        target = urlsplit(attribute(link, "href")) if link is not None else None
        if target is None or not (target.netloc or target.path) or target.query:
            continue
        if target.netloc in {"", host} and _HOME.fullmatch(target.path):
            return _text(node)
    return ""


def _lower_headings(root: Node) -> Iterator[str]:
    return (_text(node) for node in islice(root.iter("h2", "h3"), _MOST_HEADINGS))


def _inner_headings(root: Node, names: Collection[str]) -> list[str]:
    """What may be the article's own heading where the page's is that of a section, or missing."""
    top = next(root.iter("h1"), None)
    opening = opening_of(root, top)
    return [
        text
        for node in opening.below
        if tag_of(node) in {"h1", "h2", "h3"} and next(node.iter("a"), None) is None
        if len(words(text := _text(node))) > 1 and not is_section(text, names)
    ]


def _alike(heading: str, title: str) -> bool:
    """Whether a heading is the title that machines are told, give or take a word."""
    one, other = set(words(heading)), set(words(title))
    if len(other) >= _KICKER and words(heading)[: len(words(title))] == words(title):
        return True  # which is cut short
    return bool(one) and len(one & other) >= _ALIKE * max(len(one), len(other))


def _follows_kicker(title: str, heading: str) -> bool:
    """Whether a heading is the title with a short line above it inside the same element."""
    wanted, shown = words(title), words(heading)
    return _KICKER < len(wanted) < len(shown) and shown[-len(wanted) :] == wanted


def _without_host(title: str, hosts: Collection[str]) -> str:
    """A title without a closing "- Site" where the address is that site's."""
    for match in reversed(list(_SEPARATOR.finditer(title))[-_MOST_PARTS:]):
        after = words(title[match.end() :])
        if match.start() and ("".join(after) in hosts or "-".join(after) in hosts):
            return title[: match.start()].strip()
    return title


def _without_site(title: str, site: str, headings: Iterable[str]) -> str:
    """A title without the name of the site where a separator sets that off."""
    known = {" ".join(words(heading)) for heading in headings}
    for match in reversed(list(_SEPARATOR.finditer(title))[-_MOST_PARTS:]):
        before, after = title[: match.start()], title[match.end() :]
        if site and words(after) == words(site):
            return before.strip()
        if before and " ".join(words(before)) in known:
            return before.strip()
    first = _SEPARATOR.search(title)
    if site and first is not None and words(title[: first.start()]) == words(site):
        return title[first.end() :].strip()
    return title


def _without_section(title: str, names: Collection[str]) -> str:
    """A title without a section's name that a separator sets off, and what stands behind that."""
    parts = list(_SEPARATOR.finditer(title))[:_MOST_PARTS]
    for at, match in enumerate(parts):
        end = parts[at + 1].start() if at + 1 < len(parts) else len(title)
        if match.start() and is_section(title[match.end() : end], names):
            return title[: match.start()].strip()
    if parts and is_section(title[: parts[0].start()], names):
        return title[parts[0].end() :].strip()
    return title


def _leads(
    data: ArticleData, meta: Mapping[str, str], title: str, opening: Opening
) -> Iterator[str]:
    for lead in (
        _first(meta, "og:description"),
        data.lead,
        _first(meta, "description", "twitter:description", "dc.description"),
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
    sites = (_first(meta, "og:site_name", "application-name"), data.site, domain)
    place = replace(place, sites=sites, authors=(*data.authors, _first(meta, "author")))
    told = (data.section, _first(meta, "article:section", "og:article:section"))
    return page_path(root, base, place, [data.crumbs], filter(None, told))


def _image(data: ArticleData, meta: Mapping[str, str], url: str) -> str | None:
    offers = [
        _first(meta, "og:image:secure_url", "og:image", "og:image:url"),
        *data.images,
        _first(meta, "twitter:image", "twitter:image:src"),
        _first(meta, "image", "thumbnailurl"),
    ]
    return next((image for offer in offers if offer and (image := absolute_url(url, offer))), None)


def _language(root: Node, data: ArticleData, meta: Mapping[str, str]) -> str | None:
    html = next(root.iter("html"), root)
    offers = (
        attribute(html, "lang") or attribute(html, "xml:lang"),
        data.language,
        _first(meta, "og:locale", "content-language", "inlanguage"),
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
    offers.append(_first(meta, "og:url"))
    for offer in offers:
        target = absolute_url(url, offer) if offer else None
        if target is not None and _is_own(target, url):
            return target
    return None


def _is_own(target: str, url: str) -> bool:
    here, there = urlsplit(url), urlsplit(target)
    if _host(here.hostname) != _host(there.hostname):
        return False
    home = _HOME.fullmatch(there.path) is not None and not there.query
    return not home or (_HOME.fullmatch(here.path) is not None and not here.query)


def _host(host: str | None) -> str:
    return re.sub(r"^(?:www|m|amp|mobile)\.", "", host or "")
