"""Documents that are at hand already: files, and what was fetched a moment ago."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from bot.addresses import absolute_url
from bot.errors import ExtractError, FetchError
from bot.ingest.fetching.fetch import Fetched, Getter, NotModified
from bot.ingest.markup.charset import decode
from bot.ingest.markup.discovery import page_base
from bot.ingest.markup.dom import Node, attribute, parse_page
from bot.model import shown_url


@dataclass(frozen=True, slots=True)
class Saved:
    """Answers with what is at hand; what is not is asked of ``others``, or refused where None.

    Attributes:
        answers: what is at hand, by address.
        others: who is asked for other addresses.
        missed: what was refused but articles' pages, in the order in which it was asked for.
    """

    answers: Mapping[str, Fetched]
    others: Getter | None
    missed: list[str] = field(default_factory=list)

    async def get(
        self,
        url: str,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        limit: int,
        page: bool = False,
        fresh: bool = False,
    ) -> Fetched | NotModified:
        """The document at an address; see ``Fetcher.get``."""
        if url in self.answers:
            return self.answers[url]
        if self.others is None:
            if not page:
                self.missed.append(url)
            raise FetchError(f"{shown_url(url)} is not at hand: of a file nothing else is read.")
        return await self.others.get(
            url, etag=etag, last_modified=last_modified, limit=limit, page=page, fresh=fresh
        )


def whence(document: Fetched) -> tuple[str, str]:
    """The address that a saved page calls its own, or empty; and a sentence on what is lost then.

    The sentence is empty where no link is lost.
    """
    try:
        root = parse_page(decode(document.content, document.content_type))
    except (ExtractError, RecursionError):
        return "", ""
    if own := _own_address(root):
        return own, ""
    base = page_base(root, "")
    lost = sum(_is_relative(link) and absolute_url(base, link) is None for link in _links(root))
    if not lost:
        return "", ""
    count = "1 link has" if lost == 1 else f"{lost} links have"
    return "", f"{count} no address: say by --base-url where the file came from."


def _own_address(root: Node) -> str:
    offers = [
        attribute(node, "href")
        for node in root.iter("link")
        if "canonical" in attribute(node, "rel").lower().split()
    ]
    offers += [
        attribute(node, "content")
        for node in root.iter("meta")
        if attribute(node, "property").lower() == "og:url"
    ]
    return next((found for offer in offers if (found := absolute_url("", offer))), "")


def _links(root: Node) -> Iterator[str]:
    """What is read of a page besides its text: links, pictures and the feeds that it names."""
    for node in root.iter("a", "img", "link"):
        if node.tag != "link" or "alternate" in attribute(node, "rel").lower().split():
            yield attribute(node, "href") or attribute(node, "src")


def _is_relative(link: str) -> bool:
    """Whether a link is to another document, and says where only beside its own page's address."""
    try:
        return not link.startswith("#") and bool(link.strip()) and not urlsplit(link).scheme
    except ValueError:
        return False


def read_file(path: Path, url: str, limit: int) -> Fetched:
    """A saved document as if it had just been fetched from ``url``.

    Raises:
        FetchError: the file cannot be read, or is longer than ``limit`` bytes.
    """
    if path.is_dir():
        raise FetchError("This is a folder: name the files in it.")
    if not path.is_file():
        raise FetchError("There is no such file, and an address begins with https://.")
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise FetchError(f"The file cannot be read: {error.strerror}.") from error
    if len(content) > limit:
        raise FetchError(f"The file is longer than {limit:,} bytes.")
    kind, _ = mimetypes.guess_type(path.name)
    return Fetched(url=url, content=content, content_type=kind, etag=None, last_modified=None)
