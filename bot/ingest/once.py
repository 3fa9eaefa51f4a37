"""Once: what one read of a source shows, told apart from what we have under whatever names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.ingest import holding, naming
from bot.ingest.naming import Candidate
from bot.ingest.sameness import nearness
from bot.model import Alias, AliasKind, NewArticle, Source
from bot.storage.sketches import Recent


@dataclass(frozen=True, slots=True)
class Sorted:
    """What articles under new names turn out to be.

    Attributes:
        same: those that we have, each with the one that it is.
        fresh: the others, and whether each is held instead of pushed.
    """

    same: Sequence[tuple[Recent, NewArticle]]
    fresh: Sequence[tuple[NewArticle, bool]]


class Once:
    """One read of a source. Pure: it is told what is kept, and remembers what it was shown.

    Attributes:
        new: the entries to make articles of, oldest first.
        shown: the numbers of the articles that the feed shows.
        joined: of those, the ones that were known by their texts alone.
        learnt: what known articles are called besides, by their numbers.
        moved: addresses of articles that are known by weak names alone.
        renamed: whether so much is new that all of it is judged together, and compared with older
            articles of the source, too.
    """

    def __init__(
        self,
        source: Source,
        named: Sequence[Candidate],
        known: Mapping[Alias, int],
        owners: Mapping[int, Recent],
        titles: Sequence[str] = (),
    ) -> None:
        """Compare names.

        Args:
            source: what was read.
            named: its feed's entries.
            known: the names that we know and the articles they belong to.
            owners: of those, the articles that ``possible_owners`` names.
            titles: those of the source's newest articles, where much of the feed is new.
        """
        self._source = source
        self._size = len(named)
        self._here = nearness.Lookalikes()
        self._empty: set[int] = set()  # texts that say nothing
        self.joined: set[int] = set()
        new = naming.new_candidates(named, known)
        self.shown = {known[n] for each in named for n in each.aliases if n in known}
        weakly = _weakly_named(new, known, owners, self.shown)
        self.shown.update(weakly)
        self.moved = {
            number: each.entry.url
            for number, each in weakly.items()
            if each.entry.url and owners[number].source_id == source.id
        }
        self.learnt = naming.learnt_names(named, known)
        for number, each in weakly.items():
            unknown = tuple(name for name in (*each.aliases, *each.extra) if name not in known)
            self.learnt[number] = (*self.learnt.get(number, ()), *unknown)
        moved = set(weakly.values())
        self.new = tuple(each for each in new if each not in moved)
        dates = [each.entry.published for each in self.new]
        counts = Counter(map(nearness.title_words, titles))
        self._titles = {title for title, count in counts.items() if count == 1}
        familiar = sum(not each.entry.title or self._had(each.entry.title) for each in self.new)
        self.renamed = (
            source.primed
            and bool(titles)
            and holding.looks_renamed(dates, familiar, self._size, source.read_at)
        )

    def sort(self, made: Sequence[NewArticle], recent: Sequence[Recent]) -> Sorted:
        """Tell the articles that we have under other names from those that are new.

        Args:
            made: articles of which no name is known; all of the read's where it is ``renamed``.
            recent: what they are compared with.
        """
        same: list[tuple[Recent, NewArticle]] = []
        fresh: list[NewArticle] = []
        self._empty |= nearness.empty_texts((r.source_id, r.title, r.sketch) for r in recent)
        self._empty |= nearness.empty_texts((self._source.id, n.title, n.sketch) for n in made)
        lookalikes = nearness.Lookalikes(recent)
        for new in made:
            old = nearness.twin(new, lookalikes.of(new), self._source.id, self.shown, self._empty)
            if old is None:
                fresh.append(new)
            else:
                same.append((old, new))
                self.shown.add(old.article_id)
                self.joined.add(old.article_id)
        holds = [False] * len(fresh)
        if self.renamed:
            reprints = self._reprints(fresh, lookalikes)
            if holding.are_many(len(same) + len(reprints), len(made)):
                same += reprints
                again = {old.article_id for old, _ in reprints}
                self.shown |= again
                self.joined |= again
                old_ones = {id(new) for _, new in reprints}
                fresh = [new for new in fresh if id(new) not in old_ones]
            dates = [new.published for new in fresh]
            familiar = sum(self._had(new.title) for new in fresh)
            holds = holding.held(dates, len(same), self._size, self._source.read_at, familiar)
        return Sorted(same, tuple(zip(fresh, holds, strict=True)))

    def _reprints(
        self, fresh: Sequence[NewArticle], lookalikes: nearness.Lookalikes
    ) -> list[tuple[Recent, NewArticle]]:
        """The articles that the source had word for word before, though dated otherwise.

        Only where many are, for some news come again in the same words; and under a title that the
        source had once.
        """
        found: dict[int, tuple[Recent, NewArticle]] = {}
        for new in fresh:
            if not self._had(new.title) or nearness.text_digest(new.sketch) in self._empty:
                continue
            for old in lookalikes.of(new):
                mine = old.source_id == self._source.id and old.article_id not in self.shown
                if mine and old.article_id not in found and nearness.is_reprint(new, old):
                    found[old.article_id] = old, new
                    break
        return list(found.values())

    def _had(self, title: str) -> bool:
        """Whether one article of the source has this title, of those that are lately known."""
        return bool(title) and nearness.title_words(title) in self._titles

    def stored(self, number: int, new: NewArticle) -> None:
        """An article was stored under this number."""
        self.shown.add(number)
        self._here.add(Recent(number, self._source.id, new.title, new.published, new.sketch))

    def twin(self, new: NewArticle) -> Recent | None:
        """The article of this very read that is the same, or None."""
        return nearness.twin(new, self._here.of(new), self._source.id, self.shown, self._empty)


def possible_owners(named: Iterable[Candidate], known: Mapping[Alias, int]) -> set[int]:
    """The articles that entries may be by weak names, where nothing else names them.

    Such are an id's tail, and an address that turned out to be shared.
    """
    return {
        known[name]
        for each in naming.new_candidates(named, known)
        for name in _weak_names(each)
        if name in known
    }


def _weak_names(candidate: Candidate) -> Iterator[Alias]:
    yield from (name for name in candidate.extra if name.kind is AliasKind.TAIL)
    yield from candidate.before


def _weakly_named(
    new: Iterable[Candidate],
    known: Mapping[Alias, int],
    owners: Mapping[int, Recent],
    shown: Collection[int],
) -> dict[int, Candidate]:
    """The entries that are articles of ours by weak names, by the articles' numbers.

    A tail alone might be another site's (``/?p=1``), so that the title or the date must agree, and
    the same read must not show that article besides. At a shared address the title must.
    """
    found: dict[int, Candidate] = {}
    for candidate in new:
        for name in _weak_names(candidate):
            old = owners.get(known.get(name, 0))
            if old is None or old.article_id in shown or old.article_id in found:
                continue
            entry, title = candidate.entry, nearness.title_words(candidate.entry.title)
            same_title = bool(title) and title == nearness.title_words(old.title)
            same_date = name.kind is AliasKind.TAIL and entry.published is not None
            if same_title or (same_date and entry.published == old.published):
                found[old.article_id] = candidate
    return found
