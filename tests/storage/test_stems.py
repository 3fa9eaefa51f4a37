from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.storage.stems import MAX_BODY, STOP_WORDS, article_words, stem, words

PAGES = Path(__file__).parents[1] / "ingest" / "pages"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Открыт новый МОСТ!", ["открыт", "новый", "мост"]),
        ("Ёлка и всё", ["елка", "и", "все"]),
        ("«Северо-Запад» (2026)", ["северо", "запад", "2026"]),
        ("COVID-19, COVID19", ["covid", "19", "covid", "19"]),
        ("12 м², 5G, №7", ["12", "м", "5", "g", "7"]),
        ("йод, за́мок, café, Zürich", ["йод", "замок", "cafe", "zurich"]),
        ("снег_дождь news@example.org", ["снег", "дождь", "news", "example", "org"]),
        ("мост👍🏽 \x00\ud83d", ["мост"]),
        ("\t", []),
    ],
)
def test_a_text_is_cut_into_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    "forms",
    [
        "мост моста мостов мостами мосты",
        "губернатор губернаторы губернатору губернаторами",
        "администрация администрации администрацией",
        "bridge bridges",
        "election elections",
        "opens opened opening",
    ],
)
def test_the_forms_of_a_word_have_one_stem(forms: str) -> None:
    assert len(set(map(stem, forms.split()))) == 1


def test_what_is_indexed_leaves_stop_words_out_and_tells_what_a_body_repeats() -> None:
    body = "И снег, и снегом, а мост. Под снегом мосты. The snow. " + "вода " * 2
    found = article_words("О снеге", "Под мостом", body)
    assert found.title == ["снеге"]
    assert found.lead == ["мостом"]
    assert found.frequent == ["снег"]
    assert found.body == ["снег", "снегом", "мост", "снегом", "мосты", "snow", "вода", "вода"]
    assert {found.stems[word] for word in found.body} == {"снег", "мост", "snow", "вод"}


def test_no_text_is_too_long() -> None:
    found = article_words("я" * 10**6, "", "слово " * 10**6)
    assert [len(word) for word in found.title] == [50]
    assert 0 < len(found.body) < MAX_BODY


@given(st.text())
def test_words_have_nothing_but_letters_or_digits_and_stay_as_they_are(text: str) -> None:
    for word in words(text):
        assert re.fullmatch(r"\S+", word)
        assert not set(word) & set("\"'*:&|!()-+\\\0")
        assert words(word)


def test_stop_words_are_those_of_the_configuration_russian(postgres_url: str) -> None:
    """Else a word would be asked for that PostgreSQL has left out."""
    with psycopg.connect(postgres_url) as connection:
        (folder,) = connection.execute(
            "SELECT setting FROM pg_config WHERE name = 'SHAREDIR'"
        ).fetchone() or ("",)
        files = [Path(folder, "tsearch_data", f"{each}.stop") for each in ("russian", "english")]
        theirs = {word for file in files for word in file.read_text(encoding="utf-8").split()}
    assert theirs == STOP_WORDS


def test_postgresql_has_nearly_all_words_by_the_same_stems(postgres_url: str) -> None:
    text = " ".join(file.read_text(encoding="utf-8") for file in PAGES.glob("*.html"))
    known = sorted({word for word in words(text) if word not in STOP_WORDS})
    with psycopg.connect(postgres_url) as connection:
        rows = connection.execute(
            "SELECT word, tsvector_to_array(to_tsvector('russian', word))"
            " FROM unnest(%s::text[]) AS asked(word)",
            (known,),
        ).fetchall()
    assert len(rows) > 500
    other = {word: found for word, found in rows if found != [stem(word)]}
    # Its English is an older one, which makes more words the same.
    assert other == {"organization": ["organ"]}
