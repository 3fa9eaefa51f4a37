from itertools import pairwise
from time import perf_counter, process_time

import pytest
import regex

from bot.render.boundaries import boundary, sentence_ends, word_ends


def sentences(text: str) -> list[str]:
    ends = [0, *sentence_ends(text, 1, len(text) - 1), len(text)]
    return [text[a:b].strip() for a, b in pairwise(ends)]


@pytest.mark.parametrize(
    "expected",
    [
        ["Мост открыт.", "Движение запущено!", "Когда?"],
        ["Мост открыл А. С. Петров.", "Он рад."],
        ["Это было в 2024 г. в Тестове и др. местах.", "Потом ушли."],
        ["Длина, т. е. размер, 3.5 м и т. д. по списку.", "Всё."],
        ["См. рис. 5 на стр. 10.", "Там всё."],
        ["Он сказал: «Идём!» — и ушёл.", "Все пошли."],
        ["«Мы готовы.»", "Так сказал он."],
        ["Открыли (наконец-то.)", "Ура…", "Да."],
        ["Mr. Smith met Dr. J. R. Brown in the U.S. Senate.", "They spoke."],
        ["It costs $3.50 vs. 4.", "Fine."],
        ['He said "Go."', "They went."],
        ["Сто тыс. руб. потратили.", "Хватило."],
        ["Ждали... и дождались.", "Всё!.."],
        ["今日は晴れ。", "明日は雨。」", "終わり"],
        ["今日は晴れ。\u200dx"],  # once a page ended inside the cluster «。» and joiner
        ["Стоит 100.", "Дорого."],
        ["Адрес news.example и точка.", "Да."],
    ],
    ids=lambda expected: expected[0],
)
def test_sentences(expected: list[str]) -> None:
    glue = "" if "。" in expected[0] else " "
    assert sentences(glue.join(expected)) == expected


def test_the_number_of_an_item_ends_no_sentence() -> None:
    assert sentences("1. Первый.\n2. Второй.") == ["1. Первый.", "2. Второй."]


def test_a_dash_and_no_break_spaces_stay_with_the_word_before() -> None:
    text = "Мост — это 5\u00a0км пути"
    words = [0, *word_ends(text, 1, len(text)), len(text)]
    assert [text[a:b].strip() for a, b in pairwise(words)] == [
        "Мост —",
        "это",
        "5\u00a0км",
        "пути",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "слово и слово",
        "👨‍👩‍👧👨‍👩‍👧 a👍🏽b",
        "x🇷🇺🇰🇿🇧🇾y🇷🇺",
        "е\u0301е\u0301\u0302 a\u0300",
        "각각 각",
        "각각",
        "क्षत्रिय क्षि",
        "\u0600 1\u0600\u0601x",
        "a\nb\n\u0301c",
        "שָׁלוֹם \u2067עולם\u2069",
        "กำำ ก",
    ],
)
def test_boundary_agrees_with_whole_segmentation(text: str) -> None:
    starts = [match.start() for match in regex.finditer(r"\X", text)] + [len(text)]
    for at in range(-1, len(text) + 2):
        expected = max(start for start in starts if start <= max(0, min(at, len(text))))
        assert boundary(text, at) == expected, (text, at)


@pytest.mark.parametrize("text", ["." * 200_000, ". " * 100_000, "…! »" * 50_000])
def test_sentences_end_quickly_in_a_sea_of_dots(text: str) -> None:
    """Ten thousand dots once took a second, and as many with spaces quadratic time."""
    began = process_time()
    ends = list(sentence_ends(text, 0, len(text)))
    assert ends == sorted(ends)
    assert process_time() - began < 2


def test_boundary_is_found_quickly_in_a_sea_of_flags() -> None:
    # Segmenting 60,000 flags as a whole once took 30 seconds: the library's rule is quadratic.
    text = "🇷🇺" * 30_000
    began = perf_counter()
    assert [boundary(text, at) for at in range(1801, 60_000, 1800)] == list(
        range(1800, 60_000, 1800)
    )
    assert perf_counter() - began < 1
