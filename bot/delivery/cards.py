"""Pushes made ready: a broadcast is one article many times, so each screen is made once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import structlog

from bot.errors import StorageError
from bot.i18n import Translators
from bot.model import Article, Begun, DeliveryKey, Form, Screen
from bot.storage.articles import get_article
from bot.storage.database import Database
from bot.telegram.outcome import Failed
from bot.telegram.prepared import Prepared
from bot.views.push import push_in

_log = structlog.get_logger(__name__)

_KEPT_ARTICLES = 16
_KEPT_CARDS = 64
_KEPT_BARE = 10_000

_Key = tuple[int, int, int | None, str, Form]
"""Article, revision, the further section that brings it, language and form."""


class Cards:
    """What the readers of a broadcast see, by language and form; the ones of late are kept."""

    def __init__(
        self,
        database: Database,
        translators: Translators,
        prepare: Callable[[Screen], Prepared],
    ) -> None:
        self._prepare = prepare
        self._database = database
        self._translators = translators
        self._articles: dict[tuple[int, int, int | None], Article] = {}
        self._cards: dict[_Key, Prepared] = {}
        self._forms: dict[int, Form] = {}
        self._bare: set[DeliveryKey] = set()  # whose chats take no pictures
        self._reading = asyncio.Lock()

    def form(self, begun: Begun) -> Form:
        """The form in which a delivery goes out now: a refusal may have come since it was begun."""
        form = max(begun.form, self._forms.get(begun.delivery.broadcast_id, Form.FULL))
        return max(form, Form.BARE) if begun.delivery.key in self._bare else form

    def refused(self, broadcast_id: int, form: Form) -> None:
        """From now on this broadcast goes out in this form at most."""
        self._forms[broadcast_id] = max(form, self._forms.get(broadcast_id, Form.FULL))

    def refused_here(self, key: DeliveryKey) -> None:
        """This delivery goes out without its picture."""
        if len(self._bare) >= _KEPT_BARE:
            self._bare.clear()
        self._bare.add(key)

    async def card(self, begun: Begun) -> Prepared | Failed:
        """What the reader is to see; an article that cannot be shown stops no other.

        Raises:
            StorageError: the article cannot be read now.
        """
        delivery = begun.delivery
        form = self.form(begun)
        shown = (delivery.article_id, begun.revision, delivery.section_id)
        key = (*shown, delivery.reader.locale, form)
        if (card := self._cards.get(key)) is not None:
            return card
        try:
            article = await self._article(*shown)
            t = self._translators[delivery.reader.locale]
            card = self._prepare(push_in(form, article, t))
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever breaks is told in the delivery
            _log.exception("article cannot be shown", article=delivery.article_id)
            return Failed(f"the article cannot be shown: {error}")
        _make_room(self._cards, _KEPT_CARDS)
        self._cards[key] = card
        return card

    async def _article(self, article_id: int, revision: int, section_id: int | None) -> Article:
        key = (article_id, revision, section_id)
        async with self._reading:
            if key not in self._articles:
                async with self._database.read() as connection:
                    article = await get_article(connection, article_id, section_id=section_id)
                if article is None:
                    raise StorageError(f"Article {article_id} of a delivery is missing.")
                _make_room(self._articles, _KEPT_ARTICLES)
                self._articles[key] = article
            return self._articles[key]


def _make_room(kept: dict[Any, Any], most: int) -> None:
    while len(kept) >= most:
        del kept[next(iter(kept))]
