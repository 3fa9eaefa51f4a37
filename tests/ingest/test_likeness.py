"""What counts as the same text, however it is served."""

from __future__ import annotations

import string
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ingest.sameness.likeness import (
    document_hash,
    folded,
    page_state,
    text_hash,
    without_counters,
)
from bot.model import (
    Block,
    Contacts,
    Divider,
    Document,
    Heading,
    Image,
    List,
    ListItem,
    Paragraph,
    Preformatted,
    Quote,
    Span,
    Spans,
    Style,
    Table,
)

LINK = "https://news.example/rules?id=7"


def text(*words: str, link: str | None = None) -> Spans:
    return (Span(" ".join(words), link=link),)


WORDS = st.text(alphabet="абвгдежзиклмнопрстуэюя", min_size=1, max_size=9)
SENTENCES = st.lists(WORDS, min_size=2, max_size=12).map(" ".join)
HOSTS = st.sampled_from(["cdn1.news.example", "cdn2.news.example", "img.example", "static.example"])
SIZES = st.sampled_from(["", "-300x200", "-1200x800", "-scaled"])
QUERIES = st.sampled_from(["", "?w=300", "?v=17&width=640", "?_=1764000000"])
TRACKING = st.sampled_from(
    ["", "&utm_source=tg", "&utm_campaign=x&yclid=5", "&from=rss", "&fbclid=abc"]
)
COUNTS = st.integers(0, 9_999_999).map(lambda n: f"{n:,}".replace(",", " "))
CLOCK = st.times().map(lambda moment: f"{moment:%H:%M}")
COUNTERS = st.one_of(
    COUNTS.map("Просмотров: {}".format),
    COUNTS.map("{} просмотров".format),
    COUNTS.map("Поделились: {}".format),
    COUNTS.map("{} shares".format),
    COUNTS.map("Views: {}".format),
    COUNTS,
    CLOCK.map("Обновлено {}".format),
    CLOCK.map("Последнее обновление: 15 ноября 2026 г., {}".format),
    CLOCK.map("Updated at {}".format),
    st.integers(2, 59).map("{} min ago".format),
    st.integers(5, 59).map("{} минут назад".format),
    st.tuples(COUNTS, COUNTS).map(lambda pair: "👁 {} 💬 {}".format(*pair)),
    st.tuples(COUNTS, CLOCK).map(lambda pair: "{} просмотров · Обновлено в {}".format(*pair)),
)


@st.composite
def bodies(draw: st.DrawFn) -> list[str]:
    return draw(st.lists(SENTENCES, min_size=1, max_size=5))


def served(draw: st.DataObject, sentences: list[str]) -> Document:
    """A page's text as the site serves it this time."""
    link = LINK + draw.draw(TRACKING)
    picture = f"https://{draw.draw(HOSTS)}/2026/bridge{draw.draw(SIZES)}.jpg{draw.draw(QUERIES)}"
    blocks: list[Block] = []
    for sentence in sentences:
        blocks.append(Paragraph((Span(sentence + " "), Span("правила", link=link), Span("."))))
        if draw.draw(st.booleans()):
            blocks.append(Paragraph(text(draw.draw(COUNTERS))))
    blocks.append(Image(picture, text(f"У моста · {draw.draw(COUNTS)} просмотров")))
    return Document(tuple(blocks))


@given(bodies(), st.data())
def test_how_a_page_is_served_never_changes_its_hash(
    sentences: list[str], data: st.DataObject
) -> None:
    assert document_hash(served(data, sentences)) == document_hash(served(data, sentences))


@given(bodies(), WORDS, st.data())
def test_another_word_always_changes_it(
    sentences: list[str], word: str, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(sentences) - 1))
    words = sentences[at].split()
    place = data.draw(st.integers(0, len(words) - 1))
    before = served(data, sentences)
    same = words[place] == word
    words[place] = word
    after = served(data, [*sentences[:at], " ".join(words), *sentences[at + 1 :]])
    assert (document_hash(before) == document_hash(after)) is same


@given(st.integers(0, 23), st.integers(0, 23))
def test_a_figure_in_a_sentence_always_changes_it(one: int, other: int) -> None:
    before, after = (
        document_hash(Document((Paragraph(text(f"Открытие моста начнётся в {hour}:00.")),)))
        for hour in (one, other)
    )
    assert (before == after) is (one == other)


@given(st.text(alphabet=string.digits + " :.,-()·обновленпрсмтивга", max_size=200))
def test_no_line_takes_long_or_grows(line: str) -> None:
    assert len(without_counters(folded(line))) <= len(folded(line))


@pytest.mark.parametrize(
    "line",
    [
        "Ролик набрал 1 000 просмотров за день.",
        "За: 120 голосов",
        "Обновлено 3 школы",
        "Сейчас 12:03, мост закрыт",
        "Пять минут назад началось заседание",
        "Комментарии редакции",
        "Тираж: 12 000",
    ],
)
def test_what_is_told_is_no_counter(line: str) -> None:
    assert without_counters(folded(line)) == line


@pytest.mark.parametrize(
    ("line", "rest"),
    [
        ("Обновлено в 12:03. Губернатор приехал.", "Губернатор приехал."),
        ("Мост закрыт (обновлено в 12:03)", "Мост закрыт"),
        ("Иван Петров · 5 минут назад · 123 просмотра", "Иван Петров"),
        ("Просмотров: 12,3 тыс. Комментариев: 5", ""),
    ],
)
def test_a_stamp_and_counters_go_and_the_rest_stays(line: str, rest: str) -> None:
    assert without_counters(folded(line)) == rest


ONE = Document(
    (
        Heading(text("Мост")),
        Paragraph(text("Он сказал «да» — и всё.")),
        Quote((text("Да"),), text("Мэр")),
        List((ListItem(text("раз")),)),
        Table(((text("Длина"), text("300")),)),
        Preformatted("а\n  б"),
        Divider(),
        Contacts("", (text("Пресс-центр", link="tel:+70000000000"),)),
        Image("https://a.example/img?id=7&w=300"),
    )
)


def changed(at: int, block: Block) -> Document:
    return Document((*ONE.blocks[:at], block, *ONE.blocks[at + 1 :]))


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (changed(1, Paragraph(text('Он  сказал\u00a0"да" - и все.'))), True),
        (changed(1, Paragraph((Span("Он сказал «да»", frozenset({Style.BOLD})), Span(" — и всё.")))), True),  # noqa: E501
        (changed(1, Paragraph(text("он сказал «да» — и всё."))), False),
        (changed(1, Heading(text("Он сказал «да» — и всё."))), False),
        (changed(4, Table(((text("Длина"), text("301")),))), False),  # no counter, but a figure
        (changed(7, Contacts("", (text("Пресс-центр", link="tel:+70000000001"),))), False),
        (changed(8, Image("https://b.example/img?w=900&id=7")), True),
        (changed(8, Image("https://b.example/img?w=900&id=8")), False),
        (changed(6, Image("https://b.example/river.jpg")), False),
        (Document(tuple(block for block in ONE.blocks if block != Divider())), True),
        (Document((*ONE.blocks, ONE.blocks[0])), False),
        (Document(ONE.blocks[::-1]), False),
    ],
)  # fmt: skip
def test_blocks_are_alike_or_not(other: Document, *, same: bool) -> None:
    assert (document_hash(ONE) == document_hash(other)) is same


def test_titles_and_leads_are_compared_likewise() -> None:
    assert text_hash("«Мост» открыт…") == text_hash(' "Мост"  открыт... ')
    assert text_hash("Мост открыт") != text_hash("Пост открыт")


def test_a_page_says_the_same_with_other_validators() -> None:
    said = {"title": "Мост", "lead": "Лид.", "image": None, "body_hash": document_hash(ONE)}
    one = page_state(**said, etag="1")  # type: ignore[arg-type]
    other = replace(one, etag="2", last_modified="x")
    assert one.says_the_same(other)
    assert not one.says_the_same(replace(one, said="x"))
    assert not one.says_the_same(replace(one, body_hash="x"))
