"""Open corpora of pages and feeds whose right reading is known, and folders of one's own.

Each function takes the folder of a corpus as it lies on the disk and gives its cases. What a corpus
does not tell of a page stays None, and is not measured.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lxml.html

from bot.addresses import absolute_url

_MARK = re.compile(r"[*_~`]+")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_SVG = re.compile(r"\.svg(?:$|[?#])|/svg/", re.IGNORECASE)
_FILE = re.compile(r"\.(?:jpe?g|png|gif|webp)(?:$|[?#])", re.IGNORECASE)
_ICON = 64  # pixels
_FEED_NAMES = ("*.xml", "*.rss", "*.atom", "*.rdf", "*.json")


@dataclass(frozen=True, slots=True)
class PageCase:
    """A page and what is known of its article; of each picture the addresses of all its sizes."""

    name: str
    url: str
    content: bytes
    text: str | None = None
    wanted: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()
    title: str | None = None
    lead: str | None = None
    published: str | None = None
    authors: tuple[str, ...] = ()
    images: tuple[tuple[str, ...], ...] = ()
    captions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FeedCase:
    """A feed; ``items`` are what is known of its entries, None where feedparser is to say."""

    name: str
    content: bytes
    items: tuple[Mapping[str, Any], ...] | None = None


def extraction_benchmark(folder: Path) -> Iterator[PageCase]:
    """The article-extraction-benchmark: ``ground-truth.json`` and ``html/*.html.gz``."""
    truth = json.loads((folder / "ground-truth.json").read_text(encoding="utf-8"))
    for name, article in truth.items():
        content = gzip.decompress((folder / "html" / f"{name}.html.gz").read_bytes())
        url = article.get("url") or "https://site.example/article"
        yield PageCase(name, url, content, text=article["articleBody"])


def trafilatura(folder: Path) -> Iterator[PageCase]:
    """The tests of trafilatura: ``evaldata.json`` beside the folders ``eval`` and ``cache``."""
    truth = json.loads((folder / "evaldata.json").read_text(encoding="utf-8"))
    for url, item in truth.items():
        path = next(
            (
                path
                for place in ("cache", "eval")
                if (path := folder / place / item["file"]).is_file()
            ),
            folder / "eval" / item["file"],
        )
        yield PageCase(
            item["file"],
            url,
            path.read_bytes(),
            wanted=tuple(item["with"]),
            unwanted=tuple(item["without"]),
            title=item.get("title") or None,
            lead=item.get("description") or None,
            published=_day(item.get("date")),
            authors=_names(item.get("author")),
        )


def htmldate(folder: Path) -> Iterator[PageCase]:
    """The tests of htmldate: days in ``eval_*.json``, pages in folders beside them."""
    for listed in sorted(folder.glob("eval_*.json")):
        for url, item in json.loads(listed.read_text(encoding="utf-8")).items():
            path = next(folder.glob(f"*/{item['file']}"))
            day = item["date"]
            if isinstance(day, str):  # NaN: it has none
                yield PageCase(item["file"], url, path.read_bytes(), published=_day(day))


def readability(folder: Path) -> Iterator[PageCase]:
    """Mozilla's Readability: a folder for each page, with what that program makes of it."""
    url = "http://fakehost/test/page.html"  # where its own tests say that pages are from
    for place in sorted(path.parent for path in folder.glob("*/source.html")):
        root = lxml.html.fromstring((place / "expected.html").read_text(encoding="utf-8"))
        meta = json.loads((place / "expected-metadata.json").read_text(encoding="utf-8"))
        yield PageCase(
            place.name,
            url,
            (place / "source.html").read_bytes(),
            text="\n".join(root.itertext()),
            title=meta.get("title") or None,
            lead=meta.get("excerpt") or None,
            published=meta.get("publishedTime") or None,
            authors=_names(meta.get("byline")),
            images=tuple(_sizes(image, url) for image in root.iter("img") if _is_picture(image)),
            captions=tuple(
                caption
                for node in root.iter("figcaption")
                if (caption := " ".join(str(node.text_content()).split()))
            ),
        )


def own(folder: Path) -> Iterator[PageCase]:
    """A folder of ``x.html`` beside ``x.json``.

    The JSON has ``url`` and any of text, title, lead, published, authors, images, captions, all of
    them at the top or in ``expected``. An ``outline`` as in ``tests/ingest/pages`` serves for the
    text, the pictures and their captions.
    """
    for path in sorted(folder.glob("*.html")):
        said = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        said = {**said, **said.get("expected", {}), "url": said.get("url")}
        if "outline" in said:
            said = {**_outlined(said["outline"]), **said}
        yield PageCase(
            path.stem,
            said["url"] or "https://site.example/article",
            path.read_bytes(),
            text=said.get("text"),
            title=said.get("title"),
            lead=said.get("lead"),
            published=said.get("published"),
            authors=tuple(said.get("authors") or ()),
            images=tuple((address,) for address in said.get("images") or ()),
            captions=tuple(said.get("captions") or ()),
        )


def feeds(folder: Path) -> Iterator[FeedCase]:
    """Any folder of feeds, to be read as feedparser reads them (feedparser, reader, miniflux)."""
    paths = {path for name in _FEED_NAMES for path in folder.rglob(name)}
    for path in sorted(paths):
        yield FeedCase(str(path.relative_to(folder)), path.read_bytes())


def gofeed(folder: Path) -> Iterator[FeedCase]:
    """The translator's tests of gofeed, JSON Feed among them: ``x.xml`` beside ``x.json``."""
    for path in sorted((folder / "translator").rglob("*.json")):
        source = path.with_suffix(".xml")
        if path.parent.name == "json":
            source = path
            path = path.with_name(path.name.replace(".json", "_expected.json"))  # noqa: PLW2901
        if source.is_file() and path.is_file():
            said = json.loads(path.read_text(encoding="utf-8"))
            yield FeedCase(source.stem, source.read_bytes(), tuple(said.get("items") or ()))


def _is_picture(image: lxml.html.HtmlElement) -> bool:
    """Whether it is more than an icon, and of a kind that a messenger can show (no SVG)."""
    sizes = [int(size) for name in ("width", "height") if (size := image.get(name, "")).isdecimal()]
    source = image.get("src") or ""
    small = len(sizes) > 1 and max(sizes) <= _ICON
    return not small and not source.startswith("data:") and not _SVG.search(source)


def _sizes(image: lxml.html.HtmlElement, url: str) -> tuple[str, ...]:
    """Every address that an ``img``, a ``picture`` and a link to the whole around it offer."""
    around = image.getparent()
    nodes = [image]
    if around is not None and around.tag == "picture":
        nodes += around.iter("source")
    links = (node.get("href") or "" for node in image.iterancestors("a"))
    offers = [image.get("src") or "", *(link for link in links if _FILE.search(link))]
    for node in nodes:
        for name, value in node.items():
            if name.endswith("srcset"):
                offers += [
                    part.split()[0] for part in re.split(r",\s+|,(?=http)", value) if part.split()
                ]
            elif name.startswith("data-") or name == "itemid":
                offers.append(value)
    return tuple(address for offer in offers if (address := absolute_url(url, offer)))


def _day(text: str | None) -> str | None:
    """A day as ISO 8601 writes it; corpora made by hand have 2022-29-11 and 2022-11-1 as well."""
    numbers = re.findall(r"\d+", text or "")
    if len(numbers) != 3:
        return text or None
    year, month, day = map(int, numbers)
    if month > 12:
        month, day = day, month
    return f"{year:04}-{month:02}-{day:02}"


def _names(value: object) -> tuple[str, ...]:
    names = value if isinstance(value, list) else re.split(r"\s*[;,]\s*", str(value or ""))
    return tuple(str(name).strip() for name in names if str(name).strip())


def _outlined(outline: list[str]) -> dict[str, Any]:
    """What the lines of an outline say: a block's kind, then its text or its picture."""
    texts: list[str] = []
    images: list[str] = []
    captions: list[str] = []
    for line in outline:
        kind, _, rest = line.partition(" ")
        if kind == "image":
            address, _, caption = rest.partition(" | ")
            images.append(address)
            captions += [_LINK.sub(r"\1", caption)] if caption else []
        elif rest:
            texts.append(_MARK.sub("", _LINK.sub(r"\1", rest)))
    return {"text": "\n".join(texts), "images": images, "captions": captions}
