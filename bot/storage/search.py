"""The search index of articles: what is found for some words, and what resembles an article.

The index says which articles have which words; how they are ranked is decided here, so that the
order is the same on both databases. Why it is so: docs/decisions/0024-search.md.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import ArticleCard, Document, Found, Rank, load_document
from bot.storage.fulltext import Counts, Index, Match, Term, index_of
from bot.storage.schema import article
from bot.storage.stems import STOP_WORDS, Words, article_words, words
from bot.waiting import aside

RANKED = 300
"""So many of the articles that have all words are ranked, the newest; the others are not found."""

_MAX_WORDS = 12  # of a query; the others are passed over
_MIN_PREFIX = 3  # letters that may stand for a word that begins with them
_HEADS = (5, 3, 2)  # what a word counts in the title, in the lead, among the body's frequent ones
_BODY = 1  # and elsewhere
_EXACT = 1000  # more than all words count

_TERMS = 8  # stems by which related articles are found
_CANDIDATES = 16  # the article's own, of which those are chosen
_COMMON = 300  # articles that have a stem, from which on it tells nothing
_FEW = 3  # articles, which are never too many
_SHARED = 2  # terms that a related article must have; one is chance
_REPEATS = 10  # of a stem in a body that count

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


# --- Indexing -------------------------------------------------------------------------------------


async def index_article(
    connection: AsyncConnection, article_id: int, title: str, lead: str, document: Document
) -> None:
    """Let an article be found by its words, and by those alone that it has now."""
    text = document.plain_text()
    words_of_it = await aside(len(text), article_words, title, lead, text)
    await drop_article(connection, article_id)
    await index_new(connection, article_id, words_of_it)


async def index_new(connection: AsyncConnection, article_id: int, words_of_it: Words) -> None:
    """The same of an article that is not in the index."""
    await index_of(connection).put(article_id, words_of_it)


async def index_stored(connection: AsyncConnection, article_id: int) -> None:
    """Let an article be found again by what is stored of it."""
    statement = select(article.c.title, article.c.lead, article.c.document)
    row = (await connection.execute(statement.where(article.c.id == article_id))).one()
    document = await aside(len(row.document), load_document, row.document)
    await index_article(connection, article_id, row.title, row.lead, document)


async def drop_article(connection: AsyncConnection, article_id: int) -> None:
    """Let an article be found no more."""
    await index_of(connection).drop(article_id)


# --- Searching ------------------------------------------------------------------------------------


async def search_articles(
    connection: AsyncConnection,
    query: str,
    *,
    limit: int,
    worse_than: Rank | None = None,
    better_than: Rank | None = None,
) -> Found:
    """A page of the articles that have all words of a query, best first, without bodies.

    A word stands for all its forms and, from three letters on, for any word that begins with it.
    First come those that have each word in a form of its own; then counts where the words stand
    (title, lead, often in the body, anywhere), then the date, newest first. Any text is a query;
    one without words finds nothing.

    ``worse_than`` continues downwards, ``better_than`` upwards. Going up past the best gives the
    first page, whole.
    """
    index = index_of(connection)
    terms = await _terms(index, query)
    if not terms:
        return Found((), worse=None, better=None)
    exact = await index.exact(terms, RANKED)
    ranked = [_ranked(match, terms, exact=True) for match in exact]
    left = RANKED - len(ranked)
    if left and any(term.prefix for term in terms):
        inexact = await index.inexact(terms, left)
        ranked += [_ranked(match, terms, exact=False) for match in inexact]
    best_first = sorted(ranked, key=lambda each: each[0], reverse=True)
    return _page(best_first, limit, worse_than, better_than)


async def _terms(index: Index, query: str) -> list[Term]:
    """What an article must have. Stop words are asked for where there is nothing else.

    The index has none of them; then they are the beginnings of other words.
    """
    asked = list(dict.fromkeys(words(query)))
    telling = [word for word in asked if word not in STOP_WORDS][:_MAX_WORDS]
    if not telling:
        beginnings = [word for word in asked if len(word) >= _MIN_PREFIX][:_MAX_WORDS]
        return [Term(word, word) for word in beginnings]
    terms: list[Term] = []
    for word, found in zip(telling, await index.stems(telling), strict=True):
        prefix = word if len(word) >= _MIN_PREFIX else ""
        match found:
            case [one]:
                terms.append(Term(one, prefix))
            case []:
                terms.append(Term(word, prefix))
            case _:  # a parser's own opinion of a rare script
                terms += [Term(each) for each in found]
    return list(dict.fromkeys(terms))


def _ranked(match: Match, terms: Sequence[Term], *, exact: bool) -> tuple[Rank, ArticleCard]:
    card = match.card
    at = (card.sorted_at - _EPOCH) // _MICROSECOND
    return Rank(score(match.heads, terms, exact=exact), at, card.id), card


def score(heads: Sequence[str], terms: Sequence[Term], *, exact: bool) -> int:
    """How well an article that has all terms answers them.

    Args:
        heads: the stems of its title, its lead and its frequent words, as in ``Match``.
        terms: what was asked for.
        exact: whether it has the stem of each; else beginnings count as well.
    """
    total = _EXACT if exact else 0
    for term in terms:
        forms = [f" {term.stem} "]
        if term.prefix and not exact:
            forms.append(f" {term.prefix}")
        total += next(
            (
                weight
                for weight, head in zip(_HEADS, heads, strict=True)
                if any(form in head for form in forms)
            ),
            _BODY,
        )
    return total


def _page(
    best_first: Sequence[tuple[Rank, ArticleCard]],
    limit: int,
    worse_than: Rank | None,
    better_than: Rank | None,
) -> Found:
    start = 0
    if better_than is not None:
        start = max(0, sum(rank > better_than for rank, _ in best_first) - limit)
    elif worse_than is not None:
        start = sum(rank >= worse_than for rank, _ in best_first)
    shown = best_first[start : start + limit]
    more = start + limit < len(best_first)
    return Found(
        tuple(card for _, card in shown),
        worse=shown[-1][0] if more else None,
        better=shown[0][0] if start and shown else None,
    )


# --- Related articles -----------------------------------------------------------------------------


async def related_articles(
    connection: AsyncConnection, article_id: int, *, limit: int
) -> list[ArticleCard]:
    """The articles that share the words which tell most of this one; the closest first."""
    index = index_of(connection)
    candidates = candidate_stems(await index.counts(article_id))
    holders = await index.holders(list(candidates), _COMMON)
    closest = closest_articles(article_id, candidates, holders, await index.newest())[:limit]
    statement = select(article.c.id, article.c.title, article.c.sorted_at)
    cards = {
        row.id: ArticleCard(*row)
        for row in await connection.execute(statement.where(article.c.id.in_(closest)))
    }
    return [cards[number] for number in closest]


def candidate_stems(counts: Mapping[str, Counts]) -> dict[str, int]:
    """The stems of an article that stand out in it, with what they count, the weightiest first."""
    title, lead, _ = _HEADS
    weights = {
        each: title * count.title + lead * count.lead + _BODY * min(count.body, _REPEATS)
        for each, count in counts.items()
        if len(each) >= _MIN_PREFIX and not each.isdecimal()
    }
    chosen = sorted(weights, key=lambda each: (-weights[each], each))[:_CANDIDATES]
    return {each: weights[each] for each in chosen}


def closest_articles(
    article_id: int,
    weights: Mapping[str, int],
    holders: Mapping[str, Sequence[int]],
    newest: int,
) -> list[int]:
    """The articles that have several of an article's best terms: the closest, then the newest.

    Args:
        article_id: the article itself, which is not among them.
        weights: what its candidate stems count in it.
        holders: which articles have them; ``_COMMON`` are too many.
        newest: the highest number of an article.
    """
    # tf-idf; of what a quarter of all articles have, it says nothing.
    common = min(_COMMON, max(_FEW, newest // 4))
    telling = {
        each: weights[each] * math.log(common / len(found))
        for each, found in holders.items()
        if 1 < len(found) < common
    }
    terms = sorted(telling, key=lambda each: (-telling[each], each))[:_TERMS]
    shares: defaultdict[int, list[float]] = defaultdict(list)
    for each in terms:
        for number in holders[each]:
            shares[number].append(telling[each])
    shares.pop(article_id, None)
    close = {number: sum(some) for number, some in shares.items() if len(some) >= _SHARED}
    return sorted(close, key=lambda number: (-close[number], -number))
