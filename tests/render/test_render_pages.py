import random
from time import perf_counter

import pytest

from bot.model import (
    Block,
    Document,
    Entity,
    EntityKind,
    Heading,
    Image,
    List,
    ListItem,
    Paragraph,
    Preformatted,
    Quote,
    Span,
    Style,
    Table,
    Text,
)
from bot.render.document import Labels, render
from bot.render.flow import Flow
from bot.render.pages import pages
from bot.render.text import plain, styled
from tests.render.rules import assert_accepted, decorated, shown

LABELS = Labels(picture="Picture")
BOLD = EntityKind.BOLD
VOCABULARY = "мост река город новый открыли вчера жители рады построен через год и в на для"
WORDS = VOCABULARY.split()
SIZES = (200, 300, 777, 1800, 3500)


def flow(*blocks: Block) -> Flow:
    return render(Document(blocks), LABELS)


def p(text: str, *styles: Style, link: str | None = None) -> Paragraph:
    return Paragraph((Span(text, frozenset(styles), link),))


def sentence(source: random.Random, words: int = 9) -> str:
    return " ".join(source.choices(WORDS, k=source.randint(3, words))).capitalize() + "."


def prose(source: random.Random, sentences: int = 6) -> str:
    return " ".join(sentence(source) for _ in range(source.randint(1, sentences)))


def article(length: int) -> Document:
    """A plausible article of at least ``length`` characters: everything that articles have."""
    source = random.Random(length)
    blocks: list[Block] = []
    while (
        sum(len(span.text) for spans in Document(tuple(blocks)).spans() for span in spans) < length
    ):
        linked = Span("на сайте", link="https://news.example/" + "а" * source.randint(1, 90))
        bold = Span(sentence(source), frozenset({Style.BOLD}))
        blocks += [
            Heading((Span(sentence(source, 5)),), source.randint(2, 4)),
            Paragraph((Span(prose(source) + " "), linked, Span(". "), bold)),
            p(prose(source)),
            p(sentence(source).removesuffix(".") + ":"),
            List(tuple(ListItem((Span(sentence(source)),), i % 2) for i in range(6))),
            Quote(((Span(prose(source)),), (Span(prose(source)),)), (Span("А. С. Петров"),)),
            Image("https://news.example/p.jpg", (Span(sentence(source)),)),
            p(prose(source, 12)),
            Table(tuple(((Span(str(i)),), (Span(source.choice(WORDS)),)) for i in range(5))),
        ]
    return Document(tuple(blocks))


def assert_whole(body: Flow, found: tuple[Text, ...], headers: tuple[Text, Text]) -> None:
    """Every page is accepted, and together they hold everything, decorated as it was."""
    together = []
    for number, page in enumerate(found):
        assert_accepted(page)
        header = headers[min(number, 1)]
        expected = list(decorated(header))
        characters = list(decorated(page))
        assert characters[: len(expected)] == expected
        together += characters[len(expected) :]
    assert together == list(decorated(body.text()))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("length", [1000, 6000, 60_000])
def test_an_article_is_paged_whole(size: int, length: int) -> None:
    document = article(length)
    header, running = styled("Заголовок статьи о мосте", BOLD), styled("Мост", BOLD)
    body = render(document, LABELS)
    found = pages(body, size=size, header=header, running=running)
    assert_whole(body, found, (header, running))
    assert all(len(page.plain) <= size * 1.25 for page in found)
    assert all(len(page.plain) >= size * 0.35 for page in found[:-1])
    # About as many pages as the size asks for, and no last page of a line or two.
    assert len(found) <= len(body.plain) / (size - len(header.plain)) * 1.25 + 1
    assert len(found) == 1 or len(found[-1].plain) >= size * 0.3


def test_60_000_characters_take_milliseconds() -> None:
    document = article(60_000)
    began = perf_counter()
    found = pages(render(document, LABELS), size=1800)
    assert perf_counter() - began < 1  # about 0.03 s, on a machine that does nothing else
    assert found == pages(render(document, LABELS), size=1800)


MONSTERS = {
    "one word": "а" * 60_000,
    "one paragraph of words": "слово " * 10_000,
    "one paragraph of sentences": "Мост открыт. " * 4600,
    "families": "👨‍👩‍👧" * 12_000,
    "flags": "🇷🇺" * 30_000,
    "hangul": "각" * 60_000,
    "jamo": "\u1100\u1161\u11a8" * 60_000,
    "right to left": "שלום עולם " * 6000,
    "addresses": "https://news.example/aaaa/bbbb?c=d&e=f " * 1500,
}


@pytest.mark.parametrize("name", MONSTERS)
def test_monsters(name: str) -> None:
    body = flow(p(MONSTERS[name], Style.BOLD))
    began = perf_counter()
    found = pages(body, size=1800)
    assert perf_counter() - began < 2
    assert_whole(body, found, (Text(""), Text("")))
    assert len(found) in (33, 34)
    lengths = [len(page.plain) for page in found]
    assert max(lengths) - min(lengths) < 60  # they are spread evenly


def test_a_letter_under_60_000_accents_ends() -> None:
    # It is one cluster, longer than any message, so it has to be cut somewhere.
    found = pages(flow(p("x" + "\u0302" * 60_000 + " конец")), size=1800)
    for page in found:
        assert_accepted(page)
    assert found[0].plain.startswith("x\u0302")
    assert found[-1].plain.endswith("конец")


@pytest.mark.parametrize("size", range(200, 3501, 150))
def test_a_heading_never_ends_a_page(size: int) -> None:
    document = article(20_000)
    titles = {
        "".join(span.text for span in block.spans)
        for block in document.blocks
        if isinstance(block, Heading)
    }
    for page in pages(render(document, LABELS), size=size):
        assert page.plain.rpartition("\n")[2] not in titles


def test_a_long_heading_is_not_cut_where_the_text_below_it_can_be() -> None:
    for length in range(20, 38):
        title = "мост " * (length - 1) + "мост"
        first, *_ = pages(flow(Heading((Span(title),)), p("река " * 100)), size=200)
        assert first.plain.startswith(title + "\nрека")


def test_no_comfort_goes_beyond_the_limit() -> None:
    # The paragraph would end within the quarter that a page of 3500 may be longer.
    body = flow(p("мост " * 840), p("река " * 840))
    found = pages(body, size=3500)
    assert_whole(body, found, (Text(""), Text("")))


def test_pages_end_behind_blocks_where_blocks_end_near() -> None:
    text = "Мост открыт для всех. " * 14
    body = flow(*(p(f"{text}№{number}") for number in range(20)))
    found = pages(body, size=1000)
    assert len(found) > 5
    assert all(page.plain.rpartition(" ")[2].startswith("№") for page in found)


def test_else_behind_sentences_and_never_at_initials() -> None:
    found = pages(flow(p("Мост в г. Тестове открыл сам А. С. Петров и др. люди. " * 100)), size=500)
    assert len(found) > 8
    assert all(page.plain.endswith(" люди.") for page in found)


def test_else_between_words() -> None:
    found = pages(flow(p("мост " * 500)), size=500)
    assert all(set(page.plain.split()) == {"мост"} for page in found)


@pytest.mark.parametrize(
    "decorated_words",
    [
        Span("одна ссылка из нескольких слов", link="https://news.example"),
        Span("нечто важное из нескольких слов", frozenset({Style.BOLD})),
    ],
)
def test_a_cut_moves_aside_for_a_link_or_a_bold_run(decorated_words: Span) -> None:
    for before in range(70, 110):  # wherever the run stands around the middle
        spans = (Span("мост " * before), decorated_words, Span(" мост" * (180 - before)))
        one, two = pages(flow(Paragraph(spans)), size=500)
        assert len(one.entities) + len(two.entities) == 1


def test_what_must_be_cut_is_decorated_on_both_pages() -> None:
    url = "https://news.example/long"
    spans = Span("мост " * 200, frozenset({Style.ITALIC}), url)
    found = pages(flow(Quote(((spans,),))), size=400)
    assert len(found) > 2
    for page in found:
        length = len(page.plain)
        assert page.entities == (
            Entity(EntityKind.QUOTE, 0, length),
            Entity(EntityKind.LINK, 0, length, url),
            Entity(EntityKind.ITALIC, 0, length),
        )


def test_lists_are_cut_between_items_and_quotes_before_a_paragraph() -> None:
    items = tuple(ListItem((Span("мост через реку " * 4),)) for _ in range(40))
    for page in pages(flow(List(items)), size=400):
        assert page.plain.startswith("• ")
    said = tuple((Span(f"Абзац {i}. " + "Мост открыт. " * 8),) for i in range(12))
    for page in pages(flow(Quote(said, (Span("Пётр"),))), size=400):
        assert page.plain.startswith("Абзац")


def test_the_name_stays_with_the_last_words_of_a_quote() -> None:
    for length in range(10, 60):
        body = flow(Quote(((Span("Мост открыт. " * length),),), (Span("Пётр"),)), p("Да. " * 40))
        for page in pages(body, size=300):
            assert not page.plain.startswith("— Пётр")


def test_a_list_stays_with_what_announces_it() -> None:
    for length in range(5, 60):
        items = tuple(ListItem((Span("мост"),)) for _ in range(30))
        found = pages(flow(p("Мост. " * length), p("Вошли:"), List(items)), size=300)
        assert not any(page.plain.endswith(":") for page in found)


def test_preformatted_lines_keep_their_indent_on_a_new_page() -> None:
    code = "def bridge():\n" + "    return open_the_bridge()\n" * 40
    found = pages(flow(Preformatted(code)), size=300)
    assert len(found) > 2
    for page in found[1:]:
        assert page.plain.startswith("    return")
        assert page.entities == (Entity(EntityKind.PRE, 0, len(page.plain)),)


def test_at_most_a_hundred_entities() -> None:
    spans = tuple(
        Span(f"{i}", frozenset({Style.BOLD}) if i % 2 else frozenset()) for i in range(3000)
    )
    header = styled("Мост", BOLD)
    body = flow(Paragraph(spans))
    found = pages(body, size=3500, header=header, running=header)
    assert_whole(body, found, (header, header))
    assert max(len(page.entities) for page in found) == 100


def test_at_most_nine_kilobytes_of_addresses() -> None:
    # Twenty long addresses in one message made Telegram answer ENTITIES_TOO_LONG.
    spans = tuple(
        Span(f"ссылка {i} ", link=f"https://news.example/{i}/" + "a" * 900) for i in range(60)
    )
    body = flow(Paragraph(spans))
    assert_whole(body, pages(body, size=1800), (Text(""), Text("")))


def test_a_short_rest_stays_on_the_page() -> None:
    body = flow(p("Мост. " * 300), p("Конец."))
    (page,) = pages(body, size=1800)
    assert page.plain.endswith("Конец.")


def test_the_header_counts() -> None:
    header = styled("Заголовок " * 40, BOLD)
    first, *others = pages(
        flow(*(p("Мост открыт. " * 8) for _ in range(40))), size=800, header=header
    )
    assert first.plain.startswith(header.plain.strip() + "\n\nМост")
    assert len(first.plain) <= 1000
    assert all(page.plain.startswith("Мост") for page in others)


def test_an_endless_or_overdecorated_header_is_tamed() -> None:
    body = flow(p("Мост открыт. " * 500))
    for page in pages(body, size=3500, header=plain("слово " * 2000), running=plain("я" * 5000)):
        assert_accepted(page)
    heavy = Text("я" * 60, tuple(Entity(BOLD, i, 1) for i in range(0, 60, 2)))
    (page,) = pages(flow(p("Мост.")), size=800, header=heavy)
    assert page == Text("я" * 60 + "\n\nМост.")


def test_an_empty_document_shows_header_and_lead() -> None:
    header = styled("Мост", BOLD)
    assert pages(flow(), size=800, header=header) == (Text("Мост", header.entities),)
    (page,) = pages(flow(), size=800, header=header, lead=plain("Открыт."))
    assert page == Text("Мост\n\nОткрыт.", header.entities)
    assert shown(page) == [("bold", "Мост")]
    (page,) = pages(flow(), size=3500, header=plain("я " * 3000), lead=plain("я " * 3000))
    assert_accepted(page)
    assert pages(flow(), size=800) == (Text("…"),)


def test_a_lead_is_shown_only_instead_of_a_body() -> None:
    assert pages(flow(p("Мост.")), size=800, lead=plain("Открыт.")) == (Text("Мост."),)


@pytest.mark.parametrize("size", [0, 199, 3501])
def test_a_senseless_size_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=str(size)):
        pages(flow(), size=size)
