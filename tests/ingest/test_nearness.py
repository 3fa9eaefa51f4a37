from __future__ import annotations

import random
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ingest.sameness.nearness import (
    Lookalikes,
    empty_texts,
    likeness,
    load_sketch,
    same_story,
    sketch,
    text_digest,
    twin,
)
from bot.model import Document, NewArticle
from bot.storage.sketches import Recent
from sandbox.newsroom.samples import samples
from tests.ingest.lookalikes import PAIRS, Story

NOW = datetime(2026, 11, 23, 9, 17, tzinfo=UTC)
SOON, LATER = NOW + timedelta(minutes=50), NOW + timedelta(hours=20)
TITLE = "Через реку Тихую открыли новый мост"
TEXT = (
    "Мост через реку Тихую открыли в понедельник утром. На открытие пришли горожане, оркестр и "
    "строители, которые работали здесь больше года. Движение по мосту бесплатное, для велосипедов "
    "есть отдельная полоса, а по вечерам на опорах зажигается подсветка. Старый мост закрыли на "
    "ремонт, его обещают вернуть к весне, когда сойдёт лёд."
)
# What two stories of one template may have in common besides: one moment, but not one read.
REMAINING = {"won and lost", "two subjects", "nothing but a title", "the same short note twice"}


def new(story: Story, published: datetime | None = None, lead: str = "") -> NewArticle:
    title, text = story
    return NewArticle(
        *((), ("Город",), "", title, lead, None, "ru", published, Document()),
        sketch=sketch(text, lead),
    )


def old(
    story: Story, published: datetime | None = None, number: int = 1, source: int = 1
) -> Recent:
    title, text = story
    return Recent(number, source, title, published, sketch(text))


STORY = (TITLE, TEXT)


@pytest.mark.parametrize("dates", [(None, None), (NOW, NOW), (NOW, SOON), (None, NOW)])
@pytest.mark.parametrize("same_source", [True, False])
@pytest.mark.parametrize("beside", [True, False])
def test_the_same_text_under_the_same_title_is_one_story(
    dates: tuple[datetime | None, datetime | None], *, same_source: bool, beside: bool
) -> None:
    said = (
        "ЧЕРЕЗ реку Тихую — открыли новый мост!",
        TEXT.replace("ё", "е").replace(" ", "\n"),
    )
    one, other = new(said, dates[0]), old(STORY, dates[1])
    assert same_story(one, other, same_source=same_source, beside=beside)


@pytest.mark.parametrize("name", PAIRS)
def test_what_looks_alike_is_not_the_same(name: str) -> None:
    one, other = PAIRS[name]
    for first, second in ((one, other), (other, one)):
        for at, before in ((None, None), (LATER, NOW), (None, NOW), (NOW, None)):
            assert not same_story(new(first, at), old(second, before))
            assert not same_story(new(first, at), old(second, before), same_source=False)
        assert not same_story(new(first, NOW), old(second, NOW), same_source=False)
        assert not same_story(new(first, NOW), old(second, NOW), beside=True)
        assert same_story(new(first, NOW), old(second, NOW)) is (name in REMAINING)


def test_an_edited_text_is_known_by_its_moment() -> None:
    edited = (TITLE, TEXT.replace("бесплатное", "платное"))
    assert same_story(new(edited, NOW), old(STORY, NOW))
    assert same_story(new(edited, NOW), old(STORY, NOW), same_source=False) is False
    for at in (None, LATER):
        assert not same_story(new(edited, at), old(STORY, NOW))
    assert not same_story(new(edited, NOW), old(STORY, NOW), beside=True)


def test_a_day_is_no_moment() -> None:
    midnight = NOW.replace(hour=0, minute=0)
    edited = (TITLE, TEXT.replace("бесплатное", "платное"))
    assert not same_story(new(edited, midnight), old(STORY, midnight))


@pytest.mark.parametrize(
    ("word", "other"),
    [("понедельник", "вторник"), ("больше года", "2 года"), ("Тихую", "Быструю")],
)
def test_days_numbers_and_names_must_agree(word: str, other: str) -> None:
    edited = (TITLE, TEXT.replace(word, other))
    assert not same_story(new(edited, NOW), old(STORY, NOW))


def test_numbers_of_the_lead_count() -> None:
    assert not same_story(new(STORY, NOW, lead="Минус 5"), old(STORY, NOW))


def test_a_headline_may_be_edited_where_the_text_is_the_same() -> None:
    """Sites that put the headline into the id once had such an article pushed twice."""
    headline = "Через реку Тихую торжественно открыли новый мост"
    for title in (headline, TITLE.replace("открыли", "октрыли")):
        for at in (None, NOW, SOON):
            assert same_story(new((title, TEXT), at), old(STORY, NOW))
            assert same_story(new(STORY, at), old((title, TEXT), NOW))
        assert not same_story(new((title, TEXT), LATER), old(STORY, NOW))
        assert not same_story(new((title, TEXT), NOW), old(STORY, NOW), beside=True)
    assert not same_story(new((f"{TITLE} за 2 года", TEXT), NOW), old(STORY, NOW))
    assert not same_story(new(("Мэр уехал", TEXT), NOW), old(STORY, NOW))


def test_what_is_said_again_hours_later_is_another_story() -> None:
    """The second of two alarms was once taken for the first."""
    text = (
        "Внимание всем! Объявлена воздушная тревога. Просим жителей города спокойно пройти в "
        "ближайшее укрытие, взять с собой документы, воду и лекарства, отключить газ и "
        "электричество, помочь пожилым соседям и детям, не пользоваться лифтом и дождаться отбоя. "
        "Следите за сообщениями, соблюдайте порядок и не занимайте линии экстренных служб."
    )
    alarm = ("Воздушная тревога", text)
    for same_source in (True, False):
        assert not same_story(new(alarm, LATER), old(alarm, NOW), same_source=same_source)
        assert same_story(new(alarm, SOON), old(alarm, NOW), same_source=same_source)


def test_a_text_under_several_titles_of_one_source_says_nothing() -> None:
    """What a site shows in the place of its texts was once one story with any title twice."""
    wall = PAIRS["two matches behind one wall"][0][1]
    kept = [old((title, wall), NOW, n) for n, title in enumerate(("Погода", "Мэр уехал"), 1)]
    empty = empty_texts((each.source_id, each.title, each.sketch) for each in kept)
    assert empty == {text_digest(sketch(wall))}
    again = new(("Погода", wall), SOON)
    assert twin(again, kept, 1, ()) is kept[0]
    for source in (1, 2):
        assert twin(again, kept, source, (), empty) is None
        assert twin(again, kept, source, {1}, empty) is None
    assert twin(new(("Погода", wall), NOW), kept, 1, (), empty) is kept[0]  # title and moment
    # Two sources with one story under titles of their own, and one source with one title twice.
    for pair in ([(1, "Погода"), (2, "Мэр уехал")], [(1, "Погода"), (1, "ПОГОДА")]):
        assert empty_texts((source, title, sketch(wall)) for source, title in pair) == set()
    assert empty_texts((1, title, b"") for title in ("Погода", "Мэр уехал")) == set()


def test_what_cannot_be_compared_is_not_the_same() -> None:
    for kept in (b"", b"\x01short", b"\x02" + sketch(TEXT)[1:]):
        assert load_sketch(kept) is None
        assert not same_story(new(STORY, NOW), Recent(1, 1, TITLE, NOW, kept))
    assert not same_story(new(("", TEXT), NOW), old(("", TEXT), NOW))


def test_the_twin_is_found_among_others() -> None:
    others = [old(pair[0], NOW, number) for number, pair in enumerate(PAIRS.values(), 2)]
    here = old(STORY, None, 99, source=7)
    assert twin(new(STORY, NOW), [*others, here], 1, ()) is here
    assert twin(new(STORY, NOW), others, 1, ()) is None


def test_what_shares_neither_title_nor_text_is_not_compared() -> None:
    kept = [old(pair[0], NOW, number) for number, pair in enumerate(PAIRS.values(), 3)]
    by_title, by_text = old((TITLE, "В понедельник."), NOW, 1), old(("Мэр уехал", TEXT), NOW, 2)
    lookalikes = Lookalikes([*kept, by_title])
    lookalikes.add(by_text)
    assert lookalikes.of(new(STORY)) == [by_title, by_text]
    assert lookalikes.of(new(("Иной", "Иной."))) == []
    assert lookalikes.of(new((TITLE, "Во вторник."))) == []


def test_of_many_that_look_alike_the_newest_are_compared() -> None:
    """A feed of 500 entries with one title once stopped the bot for six seconds."""
    kept = [old((TITLE, f"Иначе и {word}."), NOW, 100 - at) for at, word in enumerate(["так"] * 50)]
    lookalikes = Lookalikes(kept)
    lookalikes.add(newest := old((TITLE, "Иначе."), NOW, 101))
    assert lookalikes.of(new((TITLE, "Иначе."))) == [newest, *kept[:19], newest]


def _edited(text: str, share: float, words: list[str], chance: random.Random) -> str:
    """A text of which a share of the words is replaced; numbers and names stay."""
    parts = text.split()
    plain = [n for n, word in enumerate(parts) if re.fullmatch("[а-яё]+", word)]
    for number in chance.sample(plain, min(len(plain), round(share * len(parts)))):
        parts[number] = chance.choice(words)
    return " ".join(parts)


def test_regenerated_ids_of_edited_articles_are_known() -> None:
    """The floors of what ``docs/decisions/0027-once.md`` says of edits."""
    drafts = [sample.draft for sample in samples() if sample.draft.language == "ru"]
    texts = [re.sub("<[^>]+>", " ", draft.body_html) for draft in drafts]
    texts = [" ".join(text.split()) for text in texts if len(text.split()) >= 60]
    words = [word for text in texts for word in re.findall("[а-яё]{4,8}", text)]
    words = [word for word in words if sketch(word)[13:21] == sketch("")[13:21]]  # say no time
    chance = random.Random(5)
    for share, floor in ((0.02, 0.97), (0.05, 0.93), (0.10, 0.88)):
        found = [
            same_story(
                new((TITLE, _edited(text, share, words, chance)), NOW), old((TITLE, text), NOW)
            )
            for text in texts
            for _ in range(20)
        ]
        assert sum(found) / len(found) >= floor
    mixed = [
        same_story(new((TITLE, one), NOW), old((TITLE, other), NOW))
        for one in texts
        for other in texts
        if one != other
    ]
    assert not any(mixed)


@given(st.text(), st.text())
def test_any_text_has_a_small_sketch(text: str, lead: str) -> None:
    kept = sketch(text, lead)
    assert len(kept) <= 29 + 4 * 64
    loaded = load_sketch(kept)
    assert loaded is not None
    assert likeness(loaded, loaded) == (1.0 if loaded.sample else 0.0)


def test_likeness_is_exact_for_short_texts_and_near_for_long_ones() -> None:
    words = [f"слово{number}" for number in range(1000)]

    def of(first: int, last: int) -> float:
        one, other = (
            load_sketch(sketch(" ".join(words[:last]))),
            load_sketch(sketch(" ".join(words[first:last]))),
        )
        assert one is not None
        assert other is not None
        return likeness(one, other)

    assert of(10, 22) == 10 / 20
    assert abs(of(250, 1000) - 0.75) < 0.15
