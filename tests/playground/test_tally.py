"""What the strip counts: messages sent, waits asked for, and what a crowd got."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import pytest

from sandbox.newsroom import Article, Newsroom
from sandbox.playground.crowd import Roll
from sandbox.playground.tally import Tally
from sandbox.telegram import Flood, ManualClock, Person, Telegram
from tests.playground.stage import Mouth


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1_790_000_000.5)


@pytest.fixture
async def telegram(clock: ManualClock) -> AsyncIterator[Telegram]:
    async with Telegram(clock=clock) as telegram:
        yield telegram


@pytest.fixture
async def mouth(telegram: Telegram) -> AsyncIterator[Mouth]:
    async with aiohttp.ClientSession() as client:
        yield Mouth(telegram, client)


async def test_each_message_of_the_bot_is_counted_once(telegram: Telegram, mouth: Mouth) -> None:
    anna, aside = (telegram.person(name, started=True) for name in ("Анна", "Образцы"))
    tally = Tally(telegram, left_out={aside.id})
    first = await mouth.say(anna, "Раз")
    await mouth.say(anna, "Два")
    await mouth.say(aside, "Не считается")
    await anna.say("Моё")
    # Changed after the second was sent: in the order of changes it comes last.
    await mouth.call("editMessageText", chat_id=anna.id, message_id=first, text="Раз!")
    assert [message.text for message in tally.look()] == ["Раз!", "Два"]
    await mouth.call("editMessageText", chat_id=anna.id, message_id=first, text="Раз!!")
    assert tally.look() == []
    await mouth.say(anna, "Три")
    assert [message.text for message in tally.look()] == ["Три"]
    assert tally.sent == 3


async def test_the_last_minute_by_whole_seconds(
    telegram: Telegram, mouth: Mouth, clock: ManualClock
) -> None:
    anna = telegram.person("Анна", started=True)
    tally = Tally(telegram, left_out=())
    await mouth.say(anna, "Раз")
    await mouth.say(anna, "Два")
    tally.look()
    assert tally.rates(clock.now()) == [0] * 60  # the second is not over
    clock.advance(2)
    await mouth.say(anna, "Три")
    clock.advance(1)
    tally.look()
    assert tally.rates(clock.now()) == [*[0] * 57, 2, 0, 1]
    clock.advance(57)
    assert tally.rates(clock.now()) == [2, 0, 1, *[0] * 57]
    clock.advance(1)
    assert tally.rates(clock.now()) == [0, 1, *[0] * 58]
    assert tally.sent == 3


async def test_waits_are_counted_when_they_are_answered(telegram: Telegram, mouth: Mouth) -> None:
    anna = telegram.person("Анна", started=True)
    tally = Tally(telegram, left_out=())
    telegram.faults.add(Flood(3), method="sendMessage", times=2)
    for _ in range(3):
        await mouth.call("sendMessage", chat_id=anna.id, text="Раз")
        tally.look()
    await telegram.settled()
    tally.look()
    assert tally.waits == 3  # the third is too early
    tally.look()
    assert (tally.waits, tally.sent) == (3, 0)


# --- The roll of a crowd --------------------------------------------------------------------------


@pytest.fixture
async def site() -> Newsroom:
    return Newsroom(now=lambda: datetime(2026, 11, 23, tzinfo=UTC))


class Gathering:
    """Readers of a roll, each of whom the bot writes to."""

    def __init__(self, telegram: Telegram, mouth: Mouth, site: Newsroom) -> None:
        self.roll = Roll()
        self.anna, self.tom = (telegram.person(name, started=True) for name in ("Анна", "Tom"))
        self._site = site
        self._mouth = mouth
        self._tally = Tally(telegram, left_out=())
        site.url = "http://127.0.0.1:1"

    def publish(self, title: str) -> Article:
        article = self._site.publish(title=title)
        self.roll.take_stock(self._site.articles())
        return article

    def withdraw(self, article: Article) -> None:
        self._site.withdraw(article)
        self.roll.take_stock(self._site.articles())

    async def push(self, article: Article, *people: Person, plain: bool = False) -> None:
        button = {"text": "На сайте", "url": article.url}
        for person in people:
            await self._mouth.say(
                person,
                f"Раздел\n\n{article.title}\n\n{article.url if plain else 'Коротко.'}",
                **({} if plain else {"reply_markup": {"inline_keyboard": [[button]]}}),
            )
        for message in self._tally.look():
            self.roll.receive(message)

    @property
    def figures(self) -> tuple[int, int, int]:
        return self.roll.expected, self.roll.arrived, self.roll.twice


@pytest.fixture
def gathering(telegram: Telegram, mouth: Mouth, site: Newsroom) -> Gathering:
    return Gathering(telegram, mouth, site)


async def test_what_is_owed_depends_on_when_one_joined(gathering: Gathering) -> None:
    roll, anna, tom = gathering.roll, gathering.anna, gathering.tom
    before = gathering.publish("Прежде всех")
    roll.join(anna.id)
    one = gathering.publish("Первая")
    roll.join(tom.id)
    two = gathering.publish("Вторая")
    assert (roll.joined, *gathering.figures) == (2, 3, 0, 0)
    await gathering.push(before, anna)
    await gathering.push(one, anna, tom)  # Tom got one that he was not owed
    assert gathering.figures == (3, 1, 0)
    await gathering.push(two, anna, tom)
    assert gathering.figures == (3, 3, 0)


async def test_titles_that_share_their_beginning_or_are_the_same(gathering: Gathering) -> None:
    gathering.roll.join(gathering.anna.id)
    articles = [gathering.publish(title) for title in ("Двор", "Двор и сад", "Двор")]
    await gathering.push(articles[1], gathering.anna)
    assert gathering.figures == (3, 1, 0)
    await gathering.push(articles[2], gathering.anna)
    await gathering.push(articles[0], gathering.anna, plain=True)
    assert gathering.figures == (3, 3, 0)
    await gathering.push(articles[1], gathering.anna, gathering.anna)
    assert gathering.figures == (3, 3, 2)


async def test_a_stranger_counts_for_nothing(gathering: Gathering) -> None:
    gathering.roll.join(gathering.anna.id)
    article = gathering.publish("Первая")
    await gathering.push(article, gathering.tom, gathering.tom)
    assert gathering.figures == (1, 0, 0)


async def test_what_was_withdrawn_is_owed_to_nobody_any_more(gathering: Gathering) -> None:
    for person in (gathering.anna, gathering.tom):
        gathering.roll.join(person.id)
    article = gathering.publish("Ошибка")
    await gathering.push(article, gathering.anna)
    gathering.withdraw(article)
    assert gathering.figures == (1, 1, 0)
    await gathering.push(article, gathering.tom)
    assert gathering.figures == (2, 2, 0)
    again = gathering.publish("Без ошибки")
    assert gathering.figures == (4, 2, 0)
    await gathering.push(again, gathering.anna, gathering.tom)
    assert gathering.figures == (4, 4, 0)


async def test_many_articles_at_once(gathering: Gathering, site: Newsroom) -> None:
    gathering.roll.join(gathering.anna.id)
    site.publish_many(10)
    gathering.roll.take_stock(site.articles())
    gathering.roll.take_stock(site.articles())
    assert gathering.figures == (10, 0, 0)
