"""Into which section an article goes: as its source says, else as it says itself. Pure.

What an article says itself is trusted in this order: its page (breadcrumb, JSON-LD, meta; see
``about.crumbs``), then the categories that its feed gives. Else the feed's own title serves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from bot.ingest.about.section_paths import (
    LONGEST_TITLE,
    Path,
    is_title,
    outer_and_inner,
    split_path,
)
from bot.model import Entry, Extracted, Feed, Source, section_key, shown_url

Alias = tuple[str, str]
"""What a section is called, and how it is to be called; ``-``: it is none."""

HIDDEN = "-"

_MOST_CATEGORIES = 4  # of an entry; more are tags
_FEW_ENTRIES = 5  # in a feed; among fewer nothing can be compared
_NEARLY_ALL = 0.9  # of a feed's entries
_MOST_SECTIONS = 500  # more is no choice for anybody: then nothing new is made of what pages say


class Aliases:
    """What the editor calls sections: to merge some, to rename some, to hide some."""

    def __init__(self, pairs: Iterable[Alias] = ()) -> None:
        self._targets: dict[str, Path] = {}
        for name, target in pairs:
            path = () if target.strip() == HIDDEN else split_path(target)
            self._targets[section_key(split_path(name))] = path

    def of(self, path: Path) -> Path:
        """A path as it is to be; empty where nothing of it is to be a section.

        An alias names a whole path, or its last step: then its target stands for the whole path. An
        alias of the first of two steps holds for that step. A step that is hidden is left out.
        """
        if not path:
            return ()
        for name in (path, path[-1:]):
            target = self._targets.get(section_key(name))
            if target is not None:
                return target or self._outer(path[:-1])
        return outer_and_inner((*self._outer(path[:-1]), path[-1]))

    def _outer(self, path: Path) -> Path:
        return self._targets.get(section_key(path), path)


@dataclass(frozen=True, slots=True)
class Rubrics:
    """The sections of one source's articles, as one read of its feed shows them.

    Attributes:
        own: the path that the editor gave the source, or empty.
        otherwise: the path for articles that name no section.
        aliases: the editor's.
        counts: how many of the feed's entries have each category, by its key.
        entries: how many there are.
        known: the keys of the sections that there are.
    """

    own: Path
    otherwise: Path
    aliases: Aliases
    counts: Mapping[str, int]
    entries: int
    known: Collection[str] = frozenset()

    def section(self, entry: Entry, page: Extracted | None) -> Path:
        """The path to the section of an article.

        Args:
            entry: what the feed says of it.
            page: what its page says, or None where that could not be read.
        """
        if self.own:
            return self.own
        for said in self._said(entry, page):
            path = self.aliases.of(said)
            if path and (len(self.known) < _MOST_SECTIONS or section_key(path) in self.known):
                return path
        return self.otherwise

    def _said(self, entry: Entry, page: Extracted | None) -> Iterator[Path]:
        if page is not None:
            yield page.sections
        yield from self._categories(entry)

    def _categories(self, entry: Entry) -> Iterator[Path]:
        """The entry's categories that may be its section, the likeliest first.

        Feeds mix sections and tags. An entry with many has tags. One that no other entry of the
        feed has may be a tag, and makes no new section. One that nearly all have tells nothing
        where there is another. Of several the feed's first is taken: sections come before tags.
        """
        if len(entry.categories) > _MOST_CATEGORIES:
            return
        common: list[Path] = []
        title = section_key([entry.title])
        for category in entry.categories:
            path = split_path(category)
            if not path or not all(map(is_title, path)) or section_key(path) == title:
                continue
            count = self.counts.get(section_key([category]), 0)
            few = self.entries < _FEW_ENTRIES
            if not few and count < 2 and not self._is_known(path):  # noqa: PLR2004 - a one-off
                continue
            if not few and count >= _NEARLY_ALL * self.entries:
                common.append(path)
            else:
                yield path
        yield from common

    def _is_known(self, path: Path) -> bool:
        return section_key(self.aliases.of(path)) in self.known


def own_path(source: Source) -> Path:
    """The section that the editor gave a source, or empty."""
    title = (source.section or "")[:LONGEST_TITLE]
    return split_path(title) or (title,) if title else ()


def rubrics_of(
    source: Source, feed: Feed, aliases: Aliases, known: Collection[str] = frozenset()
) -> Rubrics:
    """The sections of a source's articles.

    Args:
        source: what is read; where the editor gave it a title, that is the section of all.
        feed: what was read.
        aliases: the editor's.
        known: ``section_key`` of the sections that there are.
    """
    counts = Counter(
        key
        for entry in feed.entries
        for key in {section_key([category]) for category in entry.categories}
    )
    title = feed.title or urlsplit(source.url).hostname or shown_url(source.url)
    title = title[:LONGEST_TITLE].strip()  # PostgreSQL's index bounds it, and so do buttons
    otherwise = split_path(title)
    return Rubrics(
        own=own_path(source),
        otherwise=aliases.of(otherwise) or otherwise or (title,),
        aliases=aliases,
        counts=counts,
        entries=len(feed.entries),
        known=known,
    )
