"""What addresses tell: which look like an article's, and which are of one site."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import SplitResult, parse_qsl, urlsplit

_OTHER_FOLDERS = frozenset(
    {
        *("tag", "tags", "category", "categories", "cat", "topic", "topics", "author", "authors"),
        *("user", "users", "page", "search", "login", "auth", "archive", "theme", "themes"),
        *("rubric", "rubrics", "rubrika", "teg", "tegi", "avtor", "avtory", "comments", "share"),
        *("ad", "ads", "sponsored", "reklama"),
    }
)
_OTHER_PAGES = frozenset(
    {
        *("about", "contacts", "contact", "kontakty", "search", "login", "register", "sitemap"),
        *("privacy", "privacy-policy", "terms", "terms-of-use", "rss", "feed", "subscribe"),
    }
)
_FILE = re.compile(
    r"\.(?:jpe?g|png|gif|webp|svg|pdf|docx?|xlsx?|pptx?|zip|rar|7z|mp[34]|avi|mov|ics|xml|rss)$",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d{3,}")
_SEPARATOR = re.compile(r"[-_+]|%20")
_SLUG_PARTS = 3  # words of a slug
_ID_KEYS = re.compile(
    r"(?:element_|news_?|article_?|post_?|item_?)?(?:id|p|n|code|slug)", re.IGNORECASE
)
_DATE_IN_PATH = re.compile(r"/(?:19|20)\d\d/(?:0?[1-9]|1[0-2])(?:/|$)")
_HOME = re.compile(r"/?(?:index\.\w+)?")
_WWW = re.compile(r"^(?:www|m|amp|mobile)\.")


@lru_cache(maxsize=4096)
def looks_like_article(url: str) -> bool:
    """Whether an address looks like an article's: a slug of several words, a number, or a date."""
    parts = urlsplit(url)
    segments = [part for part in parts.path.lower().split("/") if part]
    if is_other_page(url):
        return False
    numbered = any(
        _ID_KEYS.fullmatch(key) and (value.isdigit() or len(value) > _SLUG_PARTS)
        for key, value in parse_qsl(parts.query)[:20]
    )
    if not segments:
        return numbered
    last = re.sub(r"\.\w{2,5}$", "", segments[-1])
    return (
        numbered
        or _NUMBER.search(last) is not None
        or (len(segments) > 1 and last.isdigit())
        or len(_SEPARATOR.split(last)) >= _SLUG_PARTS
        or (_DATE_IN_PATH.search(parts.path) is not None and not last.isdigit())
    )


def is_other_page(url: str) -> bool:
    """Whether an address is a file's, a tag's, an author's, a page of a list's and the like."""
    parts = urlsplit(url)
    segments = [part for part in parts.path.lower().split("/") if part]
    if not segments:
        return not parts.query
    if _FILE.search(segments[-1]) or segments[-1] in _OTHER_PAGES:
        return True
    return any(part in _OTHER_FOLDERS for part in segments[-2:])


def address_shape(url: str) -> str:
    """What addresses of one kind have in common: host and folders, without numbers and the last."""
    parts = urlsplit(url)
    folders = [part for part in parts.path.split("/") if part][:-1]
    return "/".join([site_host(url), *("#" if part.isdigit() else part for part in folders)])


def site_host(url: str) -> str:
    """The host without what marks another form of the same site."""
    return _WWW.sub("", urlsplit(url).hostname or "")


def is_home(parts: SplitResult) -> bool:
    """Whether an address is that of a site's front page, or empty."""
    return _HOME.fullmatch(parts.path) is not None and not parts.query


def is_own(url: str, page: str) -> bool:
    """Whether an address is of the page's own site, its subdomains and what is above included."""
    there, here = site_host(url), site_host(page)
    return there == here or there.endswith(f".{here}") or here.endswith(f".{there}")
