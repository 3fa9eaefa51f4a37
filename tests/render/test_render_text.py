import pytest

from bot.model import Entity, EntityKind, Text
from bot.render.text import (
    EMPTY,
    clean,
    concat,
    cut,
    is_blank,
    is_linkable,
    join,
    link,
    plain,
    plain_text,
    strip,
    styled,
    utf16_len,
)
from tests.render.rules import assert_accepted, clusters, shown

FAMILY = "👨‍👩‍👧"
BOLD, ITALIC, CODE, QUOTE = (
    EntityKind.BOLD,
    EntityKind.ITALIC,
    EntityKind.CODE,
    EntityKind.QUOTE,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\x00b\x07c\x7fd\x9be", "abcde"),
        ("half \ud83d pair", "half  pair"),
        ("one\r\ntwo\rthree\u2028four\x85five", "one\ntwo\nthree\nfour\nfive"),
        ("a\tb\x0bc", "a b c"),
        ("evil\u202egnp.exe", "evilgnp.exe"),
        ("\u2067שלום\u2069", "\u2067שלום\u2069"),
        ("на\u00adли\u00adчие\ufeff", "наличие"),
        ("и\u0306од", "йод"),
        ("A\u030angström", "Ångström"),
        ("x\u030a\u0333y", "xy"),
        ("\u200f\u200f\u200eа", "\u200eа"),
        ("a \u0301b", "a b"),
        ("\ufffe\uffff\ufdd0\ufffc", ""),
        (f"{FAMILY}🏴󠁧󠁢󠁳󠁣󠁴󠁿👍🏽1️⃣", f"{FAMILY}🏴󠁧󠁢󠁳󠁣󠁴󠁿👍🏽1️⃣"),
        ("не\u00a0рвать", "не\u00a0рвать"),
    ],
)
def test_cleaning_leaves_what_telegram_leaves(text: str, expected: str) -> None:
    assert clean(text) == expected
    assert clean(expected) == expected


@pytest.mark.parametrize(
    "text", ["", " \n\t", "\u200b\u200d\ufeff", "\u00a0\u2003\u3000", "\u2800"]
)
def test_blank(text: str) -> None:
    assert is_blank(text)
    assert not is_blank(text + "x")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://news.example/a?b=ц", True),
        ("HTTP://news.example", True),
        ("tg://resolve?domain=news", True),
        ("javascript:alert(1)", False),
        ("mailto:press@example.org", False),
        ("https://news.example/a b", False),
        ("https://news.example/\u202e", False),
        ("https://news.example/" + "ц" * 1000, False),
        ("", False),
        (None, False),
    ],
)
def test_linkable(url: str | None, *, expected: bool) -> None:
    assert is_linkable(url) is expected


def test_offsets_count_utf16_units() -> None:
    text = concat(f"{FAMILY} ", styled("жирно", BOLD), " ", link("👍🏽", "https://news.example"))
    assert utf16_len(FAMILY) == 8
    assert text.entities == (
        Entity(BOLD, 9, 5),
        Entity(EntityKind.LINK, 15, 4, "https://news.example"),
    )
    assert_accepted(text)


def test_nested_styles_are_split_as_telegram_splits_them() -> None:
    text = styled(concat("see ", link("here", "https://news.example"), " now"), BOLD)
    assert shown(text) == [
        ("bold", "see "),
        ("text_link", "here"),
        ("bold", "here"),
        ("bold", " now"),
    ]
    assert_accepted(text)


def test_code_gives_up_what_it_cannot_hold() -> None:
    inner = concat(styled("a", BOLD), link("b", "https://news.example"))
    assert shown(styled(inner, CODE)) == [("code", "ab")]
    assert shown(styled(styled(inner, CODE), ITALIC)) == [("code", "ab")]
    assert shown(styled(styled("ab", CODE), QUOTE)) == [("blockquote", "ab"), ("code", "ab")]


def test_quote_in_quote_stays_one() -> None:
    text = styled(
        concat("a", styled("b", EntityKind.EXPANDABLE_QUOTE)), EntityKind.EXPANDABLE_QUOTE
    )
    assert shown(text) == [("expandable_blockquote", "ab")]


def test_neighbours_of_one_kind_become_one_entity() -> None:
    assert shown(concat(styled("a", BOLD), styled("b", BOLD))) == [("bold", "ab")]
    one, other = link("a", "https://news.example/1"), link("b", "https://news.example/2")
    assert len(concat(one, one).entities) == 1
    assert len(concat(one, other).entities) == 2


def test_a_refused_address_leaves_plain_text() -> None:
    assert link("x", "javascript:void(0)") == Text("x")


def test_join_skips_what_is_empty() -> None:
    assert join("\n", ["a", EMPTY, "", styled("b", BOLD)]) == Text("a\nb", (Entity(BOLD, 2, 1),))
    assert join("\n", []) == EMPTY


def test_strip_moves_and_clips_entities() -> None:
    assert strip(styled("  \nтекст \n", BOLD)) == Text("текст", (Entity(BOLD, 0, 5),))
    assert strip(styled(" \n ", BOLD)) == EMPTY
    assert strip(Text("\u2003x")) == Text("\u2003x")


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("короткий", 8, "короткий"),
        ("Мост открыли для всех", 15, "Мост открыли…"),
        ("Мост, который открыли", 8, "Мост…"),
        ("Мост — это мост", 8, "Мост…"),
        ("Сверхдлинноесловобезпробелов", 10, "Сверхдлин…"),
        (f"{FAMILY * 3}", 12, f"{FAMILY * 2}…"),
        (f"{FAMILY}x", 4, "…"),
        ("  пробелы  ", 7, "пробелы"),
        ("ab", 1, "…"),
    ],
)
def test_cut(text: str, limit: int, expected: str) -> None:
    assert cut(text, limit).plain == expected


def test_cut_clips_entities_and_leaves_the_ellipsis_plain() -> None:
    text = cut(concat("В ", styled("Нижнем Тестове открыли", BOLD), " мост"), 18)
    assert shown(text) == [("bold", "Нижнем Тестове")]
    assert text.plain == "В Нижнем Тестове…"


def test_cut_keeps_every_cluster_whole() -> None:
    text = f"Флаги 🇷🇺🇰🇿🇧🇾 и {FAMILY} е\u0301ж क्षत्रिय" * 3
    for limit in range(1, len(text) + 1):
        shorter = cut(text, limit).plain
        assert len(shorter) <= limit
        kept = clusters(shorter.removesuffix("…"))
        assert kept == clusters(clean(text))[: len(kept)]


def test_plain_text_spells_links_out() -> None:
    text = concat(
        styled("a", BOLD), link("b", "https://news.example"), link("c", "https://x.example")
    )
    assert plain_text(text) == Text("ab (https://news.example)c (https://x.example)")
    assert plain_text(link("https://x.example", "https://x.example")) == Text("https://x.example")
    # A link whose words are partly bold is several runs and still one address.
    bold = link(concat("a", styled("b", BOLD)), "https://x.example")
    assert plain_text(bold) == Text("ab (https://x.example)")


def test_plain_text_leaves_addresses_out_where_they_do_not_fit() -> None:
    text = concat("x" * 4090, link("b", "https://news.example"))
    assert plain_text(text) == Text("x" * 4090 + "b")


def test_plain_keeps_a_text_and_cleans_a_string() -> None:
    text = styled("a", BOLD)
    assert plain(text) is text
    assert plain("a\x00") == Text("a")
