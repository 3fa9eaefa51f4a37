from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ingest.markup.charset import decode

PROSE = (
    "Жители Заречья на этой неделе увидели новый мост через реку Тихую. "
    "«Мы ждали этого дня», сказала мэр Анна Полевая и первой прошла на другой берег."
)
CYRILLIC = ["windows-1251", "koi8-r", "iso-8859-5", "cp866"]


def encoded(name: str, text: str = PROSE) -> bytes:
    return text.encode(name, "ignore")  # not every set has these quotation marks


@pytest.mark.parametrize("declared", [None, "text/html", "text/html; charset=utf-8", "charset=x"])
@pytest.mark.parametrize("name", CYRILLIC)
def test_an_undeclared_cyrillic_set_is_recognised(name: str, declared: str | None) -> None:
    content = encoded(name)

    assert decode(content, declared) == content.decode(name)


@pytest.mark.parametrize("declared", [*CYRILLIC, "iso-8859-1", "windows-1252", "us-ascii"])
@pytest.mark.parametrize("name", CYRILLIC)
def test_a_wrong_declaration_does_not_spoil_prose(name: str, declared: str) -> None:
    content = encoded(name)

    assert decode(content, f"text/html; charset={declared}") == content.decode(name)


@pytest.mark.parametrize("declared", CYRILLIC)
@pytest.mark.parametrize("word", ["МЧС", "ЮНЕСКО", "Ёж", "ДТП"])
def test_of_few_letters_the_declaration_decides(word: str, declared: str) -> None:
    assert decode(encoded(declared, word), declared) == word


@pytest.mark.parametrize("declared", [None, *CYRILLIC, "iso-8859-1", "utf-16"])
def test_utf8_is_utf8_whatever_is_declared(declared: str | None) -> None:
    assert decode(PROSE.encode(), declared) == PROSE


@pytest.mark.parametrize("bad", [b"\xd1", b"\x98", b"\xff"])
def test_one_bad_byte_does_not_change_the_set(bad: bytes) -> None:
    content = PROSE.encode()
    spoilt = content[:10] + bad + content[10:]

    assert decode(spoilt, "windows-1251") == spoilt.decode("utf-8", "replace")


def test_a_document_cut_inside_a_letter_keeps_its_set() -> None:
    assert decode(PROSE.encode()[:-2], None).startswith(PROSE[:-2])


@pytest.mark.parametrize(
    "prolog",
    [
        '<?xml version="1.0" encoding="windows-1250"?>',
        "<?xml version='1.0' encoding='WINDOWS-1250' standalone='yes'?>",
        '<html><head><meta charset="windows-1250">',
        '<meta http-equiv="Content-Type" content="text/html; charset=cp-1250">',
    ],
)
def test_the_document_s_own_declaration_counts(prolog: str) -> None:
    text = f"{prolog}Příliš žluťoučký kůň"

    assert decode(text.encode("cp1250"), None) == text


def test_the_header_goes_before_the_document() -> None:
    text = "<meta charset=windows-1250>Έτοιμη η νέα γέφυρα"

    assert decode(text.encode("cp1253"), "text/html; charset=windows-1253") == text


@pytest.mark.parametrize(
    ("label", "codec", "text"),
    [
        ("iso-8859-1", "cp1252", "“Naïve” – café"),
        ("iso-8859-15", "iso-8859-15", "Prix : 5 €, déjà payé"),
        ("gb2312", "gb18030", "新的桥已经开放"),
        ("Shift_JIS", "shift_jis", "新しい橋が開通した"),
        ("iso-2022-jp", "iso2022_jp", "新しい橋"),
        ("win-1251", "cp1251", "Ёлка"),
        ("KOI8-U", "koi8-u", "Її ґудзик"),
        ("utf8", "utf-8", "мост"),
    ],
)
def test_the_labels_of_the_web_are_understood(label: str, codec: str, text: str) -> None:
    assert decode(text.encode(codec), f'text/html; charset="{label}"') == text
    assert decode(text.encode(codec), label) == text


@pytest.mark.parametrize(
    "text", ["Le café déjà fermé à l'été", "Größe über alles schön", "Señor, mañana"]
)
@pytest.mark.parametrize(
    "declared", [None, "utf-8", "punycode", "unicode_escape", "rot13", "no-such-set"]
)
def test_western_text_is_not_taken_for_cyrillic(text: str, declared: str | None) -> None:
    assert decode(text.encode("cp1252"), declared) == text


@pytest.mark.parametrize("name", ["utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be"])
def test_marks_and_wide_characters_are_seen(name: str) -> None:
    text = f"<?xml version='1.0'?>{PROSE}"

    assert decode(text.encode(name), "windows-1251") == text


def test_neighbours_of_russian_are_read_too() -> None:
    for text in (
        "Український уряд ухвалив нові закони і дозволив їхнє застосування",
        "Сборът на новите членове се проведе в старата сграда",
        "Ў Беларусі пабудавалі новы мост праз раку",
    ):
        assert decode(text.encode("cp1251"), None) == text


@given(st.binary(), st.none() | st.text() | st.sampled_from(["utf-7", "undefined", "idna", "hex"]))
def test_any_bytes_become_text(content: bytes, declared: str | None) -> None:
    decode(content, declared).encode()
