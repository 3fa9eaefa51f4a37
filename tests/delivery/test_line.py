from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.delivery.line import Line
from bot.model import Chat, ChatKind, Delivery, Priority, Reader
from bot.storage.outbox import PutOff

SECOND = timedelta(seconds=1)


class Chats:
    """What the pace says of each chat: how long it has to wait, and who took a turn."""

    def __init__(self) -> None:
        self.waits: dict[int, float] = {}
        self.turns: list[int] = []

    def wait(self, chat: Chat) -> float:
        wait = self.waits.get(chat.id, 0.0)
        if wait <= 0:
            self.turns.append(chat.id)
        return wait

    def spacing(self, chat: Chat) -> float:
        return 1.0 if chat.kind is ChatKind.PRIVATE else 3.0


@pytest.fixture
def chats() -> Chats:
    return Chats()


@pytest.fixture
def line(chats: Chats) -> Line:
    return Line(chats.wait, chats.spacing)


def held(
    broadcast: int,
    chat: int,
    *,
    thread: int = 0,
    priority: Priority = Priority.NEWS,
    kind: ChatKind = ChatKind.PRIVATE,
) -> Delivery:
    """Of this broadcast to this chat; a chat's reader has ten times its number."""
    reader = Reader(10 * chat + thread, Chat(chat, kind, thread), "ru", active=True)
    return Delivery(broadcast, broadcast, reader, priority, attempt=1, doubts=0, lease=1)


def keys(taken: list[Delivery]) -> list[tuple[int, int]]:
    return [(each.broadcast_id, each.reader.chat.id) for each in taken]


def test_the_oldest_article_goes_first_and_breaking_news_before_all(
    line: Line, now: datetime
) -> None:
    line.add([held(2, 1), held(1, 3)], now)
    line.add([held(3, 4, priority=Priority.BREAKING), held(1, 2)], now)
    assert len(line) == 4
    taken, off = line.take(3, now)
    assert (keys(taken), off) == ([(3, 4), (1, 2), (1, 3)], [])
    assert len(line) == 1


def test_a_chat_gets_one_after_another(line: Line, chats: Chats, now: datetime) -> None:
    line.add([held(1, 7), held(2, 7), held(2, 8)], now)
    assert keys(line.take(9, now)[0]) == [(1, 7), (2, 8)]
    assert not line.may_go()
    assert line.take(9, now) == ([], [])
    line.done(held(1, 7))
    assert line.may_go()
    assert keys(line.take(9, now)[0]) == [(2, 7)]
    assert chats.turns == [7, 8, 7]


def test_topics_of_a_forum_are_one_chat(line: Line, now: datetime) -> None:
    line.add([held(1, 7, thread=thread) for thread in (1, 2)], now)
    (first,), _ = line.take(9, now)
    assert first.reader.chat.thread_id == 1
    line.done(first)
    (second,), _ = line.take(9, now)
    assert second.reader.chat.thread_id == 2


def test_a_chat_that_has_to_wait_holds_nobody_else_up(
    line: Line, chats: Chats, now: datetime
) -> None:
    chats.waits[7] = 2.5
    line.add([held(1, 7), held(1, 8)], now)
    taken, off = line.take(9, now)
    assert keys(taken) == [(1, 8)]
    assert off == [PutOff(held(1, 7), now + 2.5 * SECOND, counts=False)]
    assert len(line) == 0


@pytest.mark.parametrize(("kind", "gap"), [(ChatKind.PRIVATE, 1.0), (ChatKind.GROUP, 3.0)])
def test_what_follows_to_a_chat_that_waits_stays_behind_it(
    line: Line, chats: Chats, now: datetime, kind: ChatKind, gap: float
) -> None:
    chats.waits[7] = 2.0
    line.add([held(number, 7, kind=kind) for number in (1, 2, 3)], now)
    taken, off = line.take(9, now)
    assert taken == []
    assert [each.delivery.broadcast_id for each in off] == [1, 2, 3]
    assert [(each.not_before - now).total_seconds() for each in off] == pytest.approx(
        [2.0, 2.0 + gap, 2.0 + 2 * gap]
    )


def test_a_later_article_does_not_overtake_one_that_is_tried_again(
    line: Line, now: datetime
) -> None:
    line.add([held(1, 7), held(2, 7)], now)
    ((first,), _) = line.take(9, now)
    line.done(first, now + 30 * SECOND)
    taken, off = line.take(9, now + SECOND)
    assert taken == []
    assert off == [PutOff(held(2, 7), now + 31 * SECOND, counts=False)]


def test_an_earlier_article_waits_for_no_later_one(line: Line, now: datetime) -> None:
    line.add([held(2, 7)], now)
    ((second,), _) = line.take(9, now)
    line.done(second, now + 30 * SECOND)
    line.add([held(1, 7)], now)
    assert keys(line.take(9, now)[0]) == [(1, 7)]


def test_what_could_have_been_claimed_too_is_no_more(line: Line, now: datetime) -> None:
    """An earlier one that was cancelled meanwhile must not keep the chat waiting for ever."""
    line.add([held(1, 7)], now)
    ((first,), _) = line.take(9, now)
    line.done(first, now + 5 * SECOND)
    line.add([held(2, 7)], now + 6 * SECOND)  # claimed when the first could be claimed as well
    assert keys(line.take(9, now + 6 * SECOND)[0]) == [(2, 7)]


def test_what_is_claimed_again_goes_in_its_old_place(line: Line, now: datetime) -> None:
    line.add([held(1, 7)], now)
    ((first,), _) = line.take(9, now)
    line.done(first, now + 5 * SECOND)
    later = now + 6 * SECOND
    line.add([held(1, 7), held(2, 7)], later)
    assert keys(line.take(9, later)[0]) == [(1, 7)]
    line.done(held(1, 7))
    assert keys(line.take(9, later)[0]) == [(2, 7)]


def test_after_a_failure_only_what_is_under_way_is_known(line: Line, now: datetime) -> None:
    line.add([held(1, 7), held(1, 8), held(1, 9)], now)
    flying, _ = line.take(2, now)
    line.reset([flying[0]])
    assert len(line) == 0
    line.add([held(2, 7), held(1, 8)], now)
    assert keys(line.take(9, now)[0]) == [(1, 8)]


places = st.tuples(st.integers(1, 4), st.integers(1, 3))


@given(
    claims=st.lists(places, unique=True, max_size=12),
    ends=st.lists(st.sampled_from([None, 0, 3, 10]), min_size=60, max_size=60),
    steps=st.lists(st.integers(0, 4), min_size=60, max_size=60),
)
def test_each_chat_gets_its_articles_in_order_whatever_is_put_off(
    claims: list[tuple[int, int]], ends: list[int | None], steps: list[int]
) -> None:
    """As the sender does it: what was put off is claimed again when its time has come."""
    line = Line(lambda _chat: 0.0, lambda _chat: 1.0)
    now = datetime.fromisoformat("2026-11-23T09:00+00:00")
    queue = {held(*claim): now for claim in claims}
    reached: dict[int, list[int]] = {}
    for end, step in zip(ends, steps, strict=True):
        ready = [each for each, at in queue.items() if at <= now]
        for each in ready:
            del queue[each]
        line.add(ready, now)
        taken, off = line.take(2, now)
        queue |= {each.delivery: each.not_before for each in off}
        for each in taken:
            if end is None:
                line.done(each)
                reached.setdefault(each.reader.chat.id, []).append(each.broadcast_id)
            else:
                until = now + end * SECOND
                line.done(each, until)
                queue[each] = until
        now += step * SECOND
    for _ in range(200):  # and then nothing is put off any more
        now += 20 * SECOND
        line.add([each for each, at in queue.items() if at <= now], now)
        queue = {each: at for each, at in queue.items() if at > now}
        taken, off = line.take(9, now)
        queue |= {each.delivery: each.not_before for each in off}
        for each in taken:
            line.done(each)
            reached.setdefault(each.reader.chat.id, []).append(each.broadcast_id)
        if not queue and not len(line):
            break
    assert sorted((n, chat) for chat, found in reached.items() for n in found) == sorted(claims)
    assert all(found == sorted(found) for found in reached.values())
