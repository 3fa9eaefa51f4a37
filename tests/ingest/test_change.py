"""What kind of edit lies between two texts."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.ingest.sameness.change import correction, is_misprint, is_notice
from bot.model import (
    Article,
    Change,
    Correction,
    Document,
    Image,
    NewArticle,
    Paragraph,
    Section,
    Span,
)

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
C = Change


def document(*lines: str) -> Document:
    return Document(tuple(Paragraph((Span(line),)) for line in lines))


TEXT = document(
    "Новый мост через реку откроют для движения пятнадцатого числа, сообщил глава района.",
    "Длина моста 300 метров. Проезд будет бесплатным для всех жителей города и области.",
)
BEFORE = Article(
    1, Section(1, "Город"), "https://news.example/a", "Открыт «новый» мост", "Движение началось.",
    "https://news.example/bridge-300x200.jpg", NOW, NOW, TEXT,
)  # fmt: skip


def made(**changed: Any) -> NewArticle:
    plain = NewArticle(
        (), ("Город",), BEFORE.url, BEFORE.title, BEFORE.lead, BEFORE.image, None, NOW, TEXT,
        has_page=True,
    )  # fmt: skip
    return replace(plain, **changed)


@pytest.mark.parametrize(
    ("before", "after", "misprint"),
    [
        ("губенатор приехал", "губернатор приехал", True),
        ("приеахл вечером", "приехал вечером", True),  # two letters swapped
        ("мостоткрыт сегодня", "мост открыт сегодня", True),
        ("так-же было", "так же было", True),
        ("хорошо сказал он", "хорошо, сказал он", True),
        ("министр", "Министр", True),
        ("начнется в 18:00", "начнется в 19:00", False),
        ("откроют 15 ноября", "откроют 16 ноября", False),
        ("откроют 15 июня", "откроют 15 июля", False),
        ("Он не пришел", "Он пришел", False),
        ("это безопасно", "это небезопасно", False),
        ("The bridge is safe", "The bridge is unsafe", False),
        ("сказал Иванов", "сказал Иванова", False),  # perhaps somebody else
        ("старый мост", "старый пост", False),
        ("мост открыли", "мост закрыли", False),
        ("спрос увеличился", "спрос уменьшился", False),
        ("это новое слово", "это слово", False),
        ("слово это", "это слово", False),
        ("5 млн рублей", "5 млрд рублей", False),
        ("а " * 20_000, "б " * 20_000, False),  # too long to be compared
        ("ключ " + "a" * 58 + "cd", "ключ " + "a" * 58 + "dc", True),
        ("ключ " + "a" * 59 + "cd", "ключ " + "a" * 59 + "dc", False),  # no word
        ("ключ " + "a" * 3000, "ключ " + "a" * 2998 + "bc", False),
        ("абвгдежзи", "абгвдежз", True),  # swapped, and left out
        ("абвгдежзи", "агбвдежиз", False),
    ],
)
def test_a_misprint_is_a_few_letters_within_words(
    before: str, after: str, *, misprint: bool
) -> None:
    assert is_misprint(before, after) is misprint
    assert is_misprint(after, before) is misprint


@pytest.mark.parametrize(
    ("changed", "push", "text"),
    [
        ({}, None, None),
        ({"title": "Открыт \u00a0«новый» мост "}, None, None),
        ({"title": 'Открыт "новый" мост'}, C.TYPO, None),
        ({"title": "Открыт «новый» пост"}, C.HEADLINE, None),
        ({"lead": "Движение началсь."}, C.TYPO, None),
        ({"lead": "Движение не началось."}, C.MATERIAL, None),
        ({"lead": "Движение началось. Просмотров: 15"}, None, None),
        ({"image": "https://cdn2.news.example/bridge-1200x800.jpg"}, None, None),
        ({"image": "https://news.example/river.jpg"}, C.MATERIAL, None),
        ({"image": None}, C.MATERIAL, None),
        ({"document": document(*TEXT.plain_text().replace("300", "320").split("\n"))}, None, C.MATERIAL),  # noqa: E501
        ({"document": document(*TEXT.plain_text().replace("бесплатным", "бесплатнм").split("\n"))}, None, C.TYPO),  # noqa: E501
        ({"document": document(*TEXT.plain_text().split("\n"), "Просмотров: 1 234")}, None, None),
        ({"document": document(*TEXT.plain_text().split("\n"), "И ещё абзац.")}, None, C.MATERIAL),
        ({"document": document(TEXT.plain_text().replace("\n", " "))}, None, C.TYPO),
        ({"document": Document((*TEXT.blocks, Image("https://news.example/x.jpg")))}, None, C.MATERIAL),  # noqa: E501
        ({"title": "Мост закрыт", "document": document("Иначе всё.")}, C.HEADLINE, C.MATERIAL),
    ],
)  # fmt: skip
def test_what_kind_of_edit_it_is(
    changed: dict[str, Any], push: Change | None, text: Change | None
) -> None:
    assert correction(BEFORE, made(**changed)) == Correction(push, text)


def test_the_weightier_of_two_kinds_counts() -> None:
    assert Correction(C.TYPO, C.MATERIAL).kind is C.MATERIAL
    assert Correction(C.HEADLINE, C.MATERIAL).kind is C.HEADLINE
    assert Correction(None, C.TYPO).kind is C.TYPO
    assert Correction(None, None).kind is None


def test_many_misprints_are_a_text_that_was_gone_over() -> None:
    lines = [f"Строка с ошибкай {number}" for number in range(20)]
    old = replace(BEFORE, document=document(*lines))
    new = made(document=document(*(line.replace("ошибкай", "ошибкой") for line in lines)))
    assert correction(old, new).text is C.MATERIAL


@pytest.mark.parametrize(
    ("title", "notice", "gone"),
    [
        ("Материал удалён", "К сожалению, запрошенный материал был удалён редакцией.", True),
        ("Страница не найдена", "Возможно, адрес набран с опечаткой. Вернитесь на главную.", True),
        ("Открыт «новый» мост", "Новость снята с публикации по решению редакции.", True),
        ("Not here", "This article has been removed by the publisher.", True),
        ("Открыт «новый» мост", "Движение по мосту открыто. Подробности позже.", False),
        # What tells of something that was removed, at its length.
        ("Закон", "Статья 282 удалена из кодекса. " + "Об этом сообщили депутаты. " * 40, False),
        # What was merely shortened, with a word too many.
        ("Мост", TEXT.plain_text() + " Страница плана не найдена.", False),
    ],
)
def test_a_notice_in_the_place_of_a_text_is_a_withdrawal(
    title: str, notice: str, *, gone: bool
) -> None:
    new = made(title=title, document=document(notice))
    assert (correction(BEFORE, new).kind is C.WITHDRAWN) is gone
    assert correction(BEFORE, replace(new, has_page=False)).kind is not C.WITHDRAWN
    # An article that always read like that was not withdrawn.
    told = replace(BEFORE, title=title, document=document(notice))
    assert correction(told, new).kind is None


def test_a_notice_is_told_quickly_of_a_long_article() -> None:
    """Folding both texts once took 0.2 s where they were long."""
    text = "Ёлка на площади, и ещё одна — у моста. " * 25_000
    long = replace(BEFORE, document=document(text))
    began = time.process_time()
    for _ in range(10):
        assert not is_notice(long, "Статья удалена", long.document)
        assert is_notice(long, "Мост", document("Статья удалена."))
        assert not is_notice(long, "Статья удалена", document(text[:500]))
    assert time.process_time() - began < 2
