"""How rightly pages and feeds of a corpus are read, beside what is expected of them.

    quality.py --corpus trafilatura=/corpora/trafilatura/tests --corpus own=/my/pages

KIND is one of: benchmark (article-extraction-benchmark), trafilatura and htmldate (their tests),
readability (test/test-pages), own (a folder of x.html beside x.json), gofeed (testdata), feeds (any
folder of feeds, read as feedparser reads them). Nothing is fetched.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import feedparser

sys.path.insert(0, str(Path(__file__).parents[1]))  # for when it is run by its path

from benchmarks import _corpora, _scores
from benchmarks._common import quantile
from bot.addresses import absolute_url, normalise_url, picture_name
from bot.errors import ExtractError, ParseError
from bot.ingest.article.extract import extract_article
from bot.ingest.feeds.parse import parse_feed
from bot.ingest.markup.fields import plain_text
from bot.model import Block, Document, Entry, Extracted, Image, Paragraph, Style

PAGE_KINDS: dict[str, Callable[[Path], Iterator[_corpora.PageCase]]] = {
    "benchmark": _corpora.extraction_benchmark,
    "trafilatura": _corpora.trafilatura,
    "htmldate": _corpora.htmldate,
    "readability": _corpora.readability,
    "own": _corpora.own,
}
FEED_KINDS: dict[str, Callable[[Path], Iterator[_corpora.FeedCase]]] = {
    "gofeed": _corpora.gofeed,
    "feeds": _corpora.feeds,
}
GOALS = {
    "text F1, runs of 4 words": 0.93, "text F1, words": 0.93, "text F1, pieces": 0.93,
    "pictures in the body": 0.90, "captions": 0.70, "leads": 0.80, "dates": 0.95,
}  # fmt: skip
_DATED = ("right", "wrong", "missing")
FEED_URL = "https://site.example/feed"


@dataclass
class Tally:
    """What was found of what was expected, over all pages of a corpus."""

    seen: dict[str, list[float]] = field(default_factory=dict)
    shingles: list[_scores.Counts] = field(default_factory=list)
    words: list[_scores.Counts] = field(default_factory=list)
    chunks: list[tuple[int, int, int]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    dates: Counter[str] = field(default_factory=Counter)
    unread: list[str] = field(default_factory=list)
    pages: int = 0

    def note(self, what: str, found: Iterable[bool]) -> list[bool]:
        """Count what was found and what was not; returned for the list of misses."""
        held = [bool(each) for each in found]
        self.seen.setdefault(what, []).extend(map(float, held))
        return held


def measure(cases: Iterable[_corpora.PageCase], misses: list[dict[str, Any]]) -> Tally:
    """Read every page, and compare what it says with what is expected."""
    tally = Tally()
    for case in cases:
        tally.pages += 1
        start = time.process_time()
        try:
            found = extract_article(case.content, None, case.url)
        except ExtractError as error:
            found = None
            tally.unread.append(f"{case.name}: {error}")
        tally.times.append(time.process_time() - start)
        misses.append({"name": case.name, **compare(case, found, tally)})
    return tally


def compare(case: _corpora.PageCase, found: Extracted | None, tally: Tally) -> dict[str, Any]:
    """Count one page; what is missing or wrong of it comes back, for people to look at."""
    text = found.document.plain_text() if found else ""
    said: dict[str, Any] = {}
    if case.text is not None:
        shingles = _scores.counts(case.text, text, _scores.SHINGLE)
        tally.shingles.append(shingles)
        tally.words.append(_scores.counts(case.text, text, 1))
        said["text"] = [round(share, 3) for share in shingles]
    if case.wanted or case.unwanted:
        bare = _without_captions(found) if found else ""  # this corpus counts them as no text
        tally.chunks.append(_scores.chunks(bare, case.wanted, case.unwanted))
        said["pieces"] = tally.chunks[-1]
    if case.title:
        same = found is not None and _scores.folded(found.title) == _scores.folded(case.title)
        if not all(tally.note("titles", [same])):
            said["title"] = [case.title, found.title if found else None]
    if case.lead:
        kept = found is not None and (
            _scores.alike(case.lead, found.lead) or _scores.stands_in(case.lead, text)
        )
        if not all(tally.note("leads", [kept])):
            said["lead"] = [case.lead, found.lead if found else None]
    if case.published:
        moment = (found.published or found.guessed) if found else None  # as an article is dated
        same = _scores.same_moment(case.published, moment)
        tally.dates["right" if same else "missing" if moment is None else "wrong"] += 1
        if not all(tally.note("dates", [same])):
            said["published"] = [case.published, str(moment)]
    compare_pictures(case, found, tally, said)
    if case.authors:
        names = found.authors if found else ()
        known = [any(_scores.alike(author, name) for name in names) for author in case.authors]
        if not all(tally.note("authors", known)):
            said["authors"] = [case.authors, names]
    return said


def compare_pictures(
    case: _corpora.PageCase, found: Extracted | None, tally: Tally, said: dict[str, Any]
) -> None:
    """Count pictures in the body, the cover among them, and captions as captions."""
    images = [b for b in found.document.blocks if isinstance(b, Image)] if found else []
    addresses = [image.url for image in images]
    if found and found.image:
        addresses.append(found.image)
    names = {picture_name(address) for address in addresses}
    wanted = list(dict.fromkeys(case.images))
    held = tally.note(
        "pictures in the body",
        (any(picture_name(size) in names for size in sizes) for sizes in wanted),
    )
    if not all(held):
        said["images"] = [sizes[0] for sizes, ok in zip(wanted, held, strict=True) if not ok]
    captions = ["".join(span.text for span in image.caption) for image in images]
    captions += [_line(b) for b in found.document.blocks if _is_cover_caption(b)] if found else []
    text = "\n".join([found.document.plain_text(), *captions]) if found else ""
    held = tally.note(
        "captions", (any(_scores.alike(each, c) for c in captions) for each in case.captions)
    )
    tally.note("captions, anywhere", (_scores.stands_in(each, text) for each in case.captions))
    if not all(held):
        said["captions"] = [each for each, ok in zip(case.captions, held, strict=True) if not ok]


def _is_cover_caption(block: Block) -> bool:
    """Whether it is what stands below the cover: a paragraph all in italics."""
    return isinstance(block, Paragraph) and all(Style.ITALIC in s.styles for s in block.spans)


def _without_captions(found: Extracted) -> str:
    blocks = (block for block in found.document.blocks if not isinstance(block, Image))
    return Document(tuple(blocks)).plain_text()


def _line(block: Block) -> str:
    return "".join(span.text for spans in Document((block,)).spans() for span in spans)


def lines(tally: Tally) -> Iterator[tuple[str, float | None, str]]:
    """What is measured, its share of 1 or None, and how it is shown."""
    for what, counts in (
        ("text F1, runs of 4 words", tally.shingles),
        ("text F1, words", tally.words),
    ):
        if counts:
            yield what, _scores.f1(counts), f"{_scores.f1(counts):.3f} of {len(counts)} pages"
    if tally.chunks:
        share = _scores.chunks_f1(tally.chunks)
        yield "text F1, pieces", share, f"{share:.3f} of {len(tally.chunks)} pages"
    for what, held in tally.seen.items():
        if held:
            share = sum(held) / len(held)
            yield what, share, f"{share:.1%} of {len(held)}"
    if tally.dates:
        shares = (tally.dates[what] / tally.dates.total() for what in _DATED)
        shown = ", ".join(f"{share:.1%}" for share in shares)
        yield f"dates, {' / '.join(_DATED)}", None, shown
    times = [1000 * seconds for seconds in tally.times]
    if times:
        mean = sum(times) / len(times)
        yield (
            "CPU ms a page",
            None,
            f"{mean:.1f}, p95 {quantile(times, 0.95):.1f}, most {max(times):.0f}",
        )
    yield "pages not read", None, f"{len(tally.unread)} of {tally.pages}"


# --- Feeds --------------------------------------------------------------------------------------


@dataclass
class FeedTally:
    """Documents of which something is known, those fully right, and single fields."""

    documents: int = 0
    right: int = 0
    fields: dict[str, list[bool]] = field(default_factory=dict)


def measure_feeds(cases: Iterable[_corpora.FeedCase], misses: list[dict[str, Any]]) -> FeedTally:
    """Read every feed, and compare its entries with what is known of them."""
    tally = FeedTally()
    for case in cases:
        items = _told(case.items) if case.items is not None else _as_feedparser(case.content)
        if items is None or (case.items is None and not items):
            continue
        tally.documents += 1
        try:
            entries = parse_feed(case.content, None, FEED_URL).entries
        except ParseError as error:
            tally.fields.setdefault("entries", []).append(not items)
            tally.right += not items
            if items:
                misses.append({"name": case.name, "error": str(error)})
            continue
        wrong = list(_wrong(items, entries, tally.fields))
        tally.right += not wrong
        if wrong:
            misses.append({"name": case.name, "wrong": wrong})
    return tally


def _wrong(
    items: Sequence[dict[str, Any]], entries: Sequence[Entry], fields: dict[str, list[bool]]
) -> Iterator[tuple[str, object, object]]:
    same = len(items) == len(entries)
    fields.setdefault("entries", []).append(same)
    if not same:
        yield "entries", len(items), len(entries)
    ids = [item["id"] for item in items]
    for item, entry in zip(items, entries, strict=False):
        found: dict[str, object] = {
            "title": _scores.folded(entry.title),
            "link": normalise_url(entry.url) if entry.url else None,
            "published": entry.published and entry.published.astimezone(UTC),
            "id": entry.guid,
        }
        for what, got in found.items():
            wanted = item[what]
            if wanted is None or (what == "id" and ids.count(wanted) > 1):
                continue
            fields.setdefault(what, []).append(wanted == got)
            if wanted != got:
                yield what, wanted, got


def _as_feedparser(content: bytes) -> list[dict[str, Any]] | None:
    """The entries as the library reads them; None where it finds no feed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            result = feedparser.parse(
                io.BytesIO(content), response_headers={"content-location": FEED_URL}
            )
        except Exception:  # noqa: BLE001 - then it is no example to follow
            return None
        if not result.get("version"):
            return None
        return [
            {
                "title": _scores.folded(plain_text(entry.get("title", ""))),
                "link": _link(entry.get("link")),
                "published": _moment(entry),
                "id": entry.get("id") or None,
            }
            for entry in result.entries
        ]


def _moment(entry: Any) -> datetime | None:
    parsed = entry.get("published_parsed")
    if parsed is None or parsed.tm_year < 1990:
        return None
    year, month, day, hour, minute, second = parsed[:6]
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


def _link(href: object) -> str | None:
    url = absolute_url(FEED_URL, href) if isinstance(href, str) and href else None
    return normalise_url(url) if url else None


def _told(items: Sequence[Any]) -> list[dict[str, Any]]:
    """Entries as gofeed's tests describe them."""
    return [
        {
            "title": _scores.folded(plain_text(item["title"])) if item.get("title") else None,
            "link": _link(item.get("link")),
            "published": (
                datetime.fromisoformat(item["publishedParsed"])
                if item.get("publishedParsed")
                else None
            ),
            "id": item.get("guid") or None,
        }
        for item in items
    ]


# --- The table ----------------------------------------------------------------------------------


def main() -> None:
    """Measure the corpora that are named, and print a table for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--corpus", action="append", required=True, metavar="KIND=PATH")
    parser.add_argument("--misses", type=Path, help="write what was wrong to this file, as JSON")
    parser.add_argument("--limit", type=int, help="cases of each corpus")
    arguments = parser.parse_args()
    misses: dict[str, list[dict[str, Any]]] = {}
    for corpus in arguments.corpus:
        kind, _, path = corpus.partition("=")
        if kind not in {*PAGE_KINDS, *FEED_KINDS} or not Path(path).is_dir():
            parser.error(
                f"{corpus}: KIND is one of {', '.join([*PAGE_KINDS, *FEED_KINDS])}, PATH a folder"
            )
        print(f"\n{kind}: {path}")
        wrong = misses.setdefault(corpus, [])
        if kind in FEED_KINDS:
            show_feeds(measure_feeds(FEED_KINDS[kind](Path(path)), wrong))
            continue
        cases = PAGE_KINDS[kind](Path(path))
        tally = measure(list(cases)[: arguments.limit], wrong)
        for what, share, shown in lines(tally):
            goal = GOALS.get(what)
            verdict = (
                ""
                if goal is None or share is None
                else f"  goal {goal:.2f}, {'held' if share >= goal else 'MISSED'}"
            )
            print(f"  {what:<31} {shown}{verdict}")
        for line in tally.unread:
            print(f"  not read: {line}")
    if arguments.misses:
        arguments.misses.write_text(
            json.dumps(misses, ensure_ascii=False, indent=1, default=str), encoding="utf-8"
        )


def show_feeds(tally: FeedTally) -> None:
    """Print how many documents and which of their fields are right."""
    print(f"  documents fully right      {tally.right} of {tally.documents}")
    for what, held in tally.fields.items():
        print(f"  {what:<26} {sum(held)} of {len(held)}")


if __name__ == "__main__":
    main()
