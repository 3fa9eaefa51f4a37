"""Once: what one read of a source shows, told apart from what we have under whatever names."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.ingest import decide, holding
from bot.ingest.decide import Candidate
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
        moved: addresses of articles that are known by their ids' tails alone.
        renamed: whether so much is new that all of it is judged together, and compared with older
            articles of the source, too.
    """

    def __init__(
        self,
        source: Source,
        named: Sequence[Candidate],
        known: Mapping[Alias, int],
        tail_owners: Mapping[int, Recent],
        *,
        established: bool,
    ) -> None:
        """Compare names.

        Args:
            source: what was read.
            named: its feed's entries.
            known: the names that we know and the articles they belong to.
            tail_owners: of those, the articles that tails belong to.
            established: whether articles of this source were stored before.
        """
        self._source = source
        self._size = len(named)
        self._here = nearness.Lookalikes()
        self._empty: set[int] = set()  # texts that say nothing
        self.joined: set[int] = set()
        new = decide.new_candidates(named, known)
        self.shown = {known[n] for each in named for n in each.aliases if n in known}
        by_tail = _by_tail(new, known, tail_owners, self.shown)
        self.shown.update(by_tail)
        self.moved = {
            number: each.entry.url
            for number, each in by_tail.items()
            if each.entry.url and tail_owners[number].source_id == source.id
        }
        self.learnt = decide.learnt_names(named, known)
        for number, each in by_tail.items():
            unknown = tuple(name for name in (*each.aliases, *each.extra) if name not in known)
            self.learnt[number] = (*self.learnt.get(number, ()), *unknown)
        moved = set(by_tail.values())
        self.new = tuple(each for each in new if each not in moved)
        dates = [each.entry.published for each in self.new]
        known_feed = source.primed and established
        self.renamed = known_feed and holding.looks_renamed(dates, self._size, source.read_at)

    def sort(self, made: Sequence[NewArticle], recent: Sequence[Recent]) -> Sorted:
        """Tell the articles that we have under other names from those that are new.

        Args:
            made: articles of which no name is known; all of the read's where it is ``renamed``.
            recent: what they are compared with.
        """
        same: list[tuple[Recent, NewArticle]] = []
        fresh = []
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
            dates = [new.published for new in fresh]
            holds = holding.held(dates, len(same), self._size, self._source.read_at)
        return Sorted(same, tuple(zip(fresh, holds, strict=True)))

    def stored(self, number: int, new: NewArticle) -> None:
        """An article was stored under this number."""
        self.shown.add(number)
        self._here.add(Recent(number, self._source.id, new.title, new.published, new.sketch))

    def twin(self, new: NewArticle) -> Recent | None:
        """The article of this very read that is the same, or None."""
        return nearness.twin(new, self._here.of(new), self._source.id, self.shown, self._empty)


def tail_owners(named: Iterable[Candidate], known: Mapping[Alias, int]) -> set[int]:
    """The articles that entries may be by their ids' tails, where nothing else names them."""
    return {
        known[name]
        for each in decide.new_candidates(named, known)
        for name in each.extra
        if name.kind is AliasKind.TAIL and name in known
    }


def _by_tail(
    new: Iterable[Candidate],
    known: Mapping[Alias, int],
    owners: Mapping[int, Recent],
    shown: Collection[int],
) -> dict[int, Candidate]:
    """The entries that are articles of ours by their ids' tails, by the articles' numbers.

    A tail alone might be another site's (``/?p=1``), so that the title or the date must agree, and
    the same read must not show that article besides.
    """
    found: dict[int, Candidate] = {}
    for candidate in new:
        for name in candidate.extra:
            old = owners.get(known.get(name, 0)) if name.kind is AliasKind.TAIL else None
            if old is None or old.article_id in shown or old.article_id in found:
                continue
            entry, title = candidate.entry, nearness.title_words(candidate.entry.title)
            same_title = bool(title) and title == nearness.title_words(old.title)
            if same_title or (entry.published and entry.published == old.published):
                found[old.article_id] = candidate
    return found
