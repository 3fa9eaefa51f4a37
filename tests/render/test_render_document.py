import pytest

from bot.model import (
    Aside,
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
    Text,
)
from bot.render.document import Labels, render
from tests.render.rules import assert_accepted, shown

LABELS = Labels(picture="Фото")
URL = "https://news.example/1"


def s(text: str, *styles: Style, link: str | None = None) -> Span:
    return Span(text, frozenset(styles), link)


def p(text: str) -> Spans:
    return (Span(text),)


def rendered(*blocks: Block) -> Text:
    text = render(Document(blocks), LABELS).text()
    if text.plain:
        assert_accepted(text)
    return text


PARAGRAPHS: dict[str, tuple[Spans, str, list[tuple[str, str]]]] = {
    "styles": (
        (s("Мост "), s("открыт", Style.BOLD, Style.ITALIC), s(" вчера", Style.STRIKE)),
        "Мост открыт вчера",
        [("bold", "открыт"), ("italic", "открыт"), ("strikethrough", " вчера")],
    ),
    "link": ((s("см. "), s("сайт", link=URL)), "см. сайт", [("text_link", "сайт")]),
    "bold link": (
        (s("сайт", Style.BOLD, link=URL),),
        "сайт",
        [("text_link", "сайт"), ("bold", "сайт")],
    ),
    "code": ((s("x = 1", Style.CODE, Style.BOLD),), "x = 1", [("code", "x = 1")]),
    "linked code is a link": ((s("x", Style.CODE, link=URL),), "x", [("text_link", "x")]),
    "script": ((s("жми", link="javascript:x"),), "жми", []),
    "mail that is seen": ((s("a@example.org", link="mailto:a@example.org"),), "a@example.org", []),
    "mail that is hidden": (
        (s("Пишите", link="mailto:a@example.org?subject=x"), s("!")),
        "Пишите (a@example.org)!",
        [],
    ),
    "phone that is seen": (
        (s("+7 (000) 000-00-00", link="tel:+70000000000"),),
        "+7 (000) 000-00-00",
        [],
    ),
    "white space": (
        (s("  раз  \t два "), s("  три\r\n\n\n  четыре ", Style.BOLD), s(" \n ")),
        "раз два три\n\nчетыре",
        [("bold", "три\n\nчетыре")],
    ),
    "marks without a letter": ((s("а "), s("\u0301б")), "а б", []),
    "letter and mark in two spans": ((s("е"), s("\u0301б")), "е\u0301б", []),
    "emoji": (
        (s("👨‍👩‍👧 "), s("🇷🇺", Style.UNDERLINE)),
        "👨‍👩‍👧 🇷🇺",
        [("underline", "🇷🇺")],
    ),
}


@pytest.mark.parametrize("name", PARAGRAPHS)
def test_paragraph(name: str) -> None:
    spans, plain, entities = PARAGRAPHS[name]
    text = rendered(Paragraph(spans))
    assert (text.plain, shown(text)) == (plain, entities)


BLOCKS: dict[str, tuple[tuple[Block, ...], str, list[tuple[str, str]]]] = {
    "heading": (
        (Heading(p("Что\nдальше")), Paragraph(p("Мост."))),
        "Что дальше\nМост.",
        [("bold", "Что дальше")],
    ),
    "deeper heading": (
        (Heading(p("Что"), level=3),),
        "Что",
        [("bold", "Что"), ("italic", "Что")],
    ),
    "quote": (
        (Quote((p("Мы рады."), p("Очень.")), p("Иван Петров")),),
        "Мы рады.\n\nОчень.\n— Иван Петров",
        [
            ("blockquote", "Мы рады.\n\nОчень.\n— Иван Петров"),
            ("italic", "— Иван Петров"),
        ],
    ),
    "quote with a dash of its own": (
        (Quote((p("Да."),), p("— Иван")),),
        "Да.\n— Иван",
        [("blockquote", "Да.\n— Иван"), ("italic", "— Иван")],
    ),
    "two quotes stay two": (
        (Quote((p("Да."),)), Quote((p("Нет."),))),
        "Да.\n\nНет.",
        [("blockquote", "Да."), ("blockquote", "Нет.")],
    ),
    "bullets": (
        (List((ListItem(p("а")), ListItem(p("б"), 1), ListItem(p("в"), 2), ListItem(p("г")))),),
        "• а\n\u2003◦ б\n\u2003\u2003• в\n• г",
        [],
    ),
    "numbers": (
        (
            List(
                (
                    ListItem(p("а")),
                    ListItem(p("б"), 1),
                    ListItem(p("")),
                    ListItem(p("в"), 1),
                    ListItem(p("г")),
                    ListItem(p("д"), 1),
                ),
                ordered=True,
                start=3,
            ),
        ),
        "3. а\n\u20033. б\n\u20034. в\n4. г\n\u20033. д",
        [],
    ),
    "picture": ((Image(URL, p("Мост\nутром")),), "🖼 Мост утром", [("text_link", "🖼 Мост утром")]),
    "picture with alt": ((Image(URL, alt="Мост"),), "🖼 Мост", [("text_link", "🖼 Мост")]),
    "bare picture": ((Image(URL),), "🖼 Фото", [("text_link", "🖼 Фото")]),
    "picture without address": ((Image("data:image/png,x", p("Мост")),), "🖼 Мост", []),
    "picture with a linked caption": (
        (Image(URL, (s("Фото: "), s("архив", link="https://a.example"))),),
        "🖼 Фото: Фото: архив",
        [("text_link", "🖼 Фото"), ("text_link", "архив")],
    ),
    "narrow table": (
        (
            Table(
                ((p("Год"), p("Длина")), (p("2024"), p("1 200")), (p("2025"), p("5"))),
                header=True,
                caption=p("Мосты"),
            ),
        ),
        "Мосты\n Год  Длина\n───────────\n2024  1 200\n2025      5",
        [("bold", "Мосты"), ("pre", " Год  Длина\n───────────\n2024  1 200\n2025      5")],
    ),
    "narrow table of words": (
        (Table(((p("я"), p("日本")), (p("ты да я"),))),),
        "я        日本\nты да я",
        [("pre", "я        日本\nты да я")],
    ),
    "wide table": (
        (
            Table(
                (
                    (p("Имя"), p("Чем занимается")),
                    (p("Пётр"), p("Строит мосты через большие реки")),
                    (p("Анна"), p("")),
                ),
                header=True,
            ),
        ),
        "Имя: Пётр\nЧем занимается: Строит мосты через большие реки\n\nИмя: Анна",
        [("bold", "Имя: Пётр"), ("bold", "Имя: Анна")],
    ),
    "wide table without header": (
        (Table(((p("Пётр"), p("строит мосты через большие реки")), (p("Анна"), p("рада")))),),
        "Пётр · строит мосты через большие реки\nАнна · рада",
        [],
    ),
    "a table with links is told": (
        (Table((((s("а", link=URL),), p("б")),)),),
        "а · б",
        [("text_link", "а")],
    ),
    "preformatted": (
        (Preformatted("\n  x\ty\r\n\n\n\n  z \n"),),
        "  x y\n\n  z",
        [("pre", "  x y\n\n  z")],
    ),
    "divider": (
        (Divider(), Paragraph(p("а")), Divider(), Divider(), Paragraph(p("б")), Divider()),
        "а\n\n\u2003\u2003\u2003\u2003·\u2003·\u2003·\n\nб",
        [],
    ),
    "aside": (
        (Aside("Справка", (p("Мост старый."), p("Очень."))),),
        "Справка\nМост старый.\n\nОчень.",
        [("blockquote", "Справка\nМост старый.\n\nОчень."), ("bold", "Справка")],
    ),
    "contacts": (
        (
            Contacts(
                "Контакты",
                ((s("Пресс-служба: "), s("сайт", link=URL)), (s("+7 (000) 000-00-00"),)),
            ),
        ),
        "Контакты\nПресс-служба: сайт\n+7 (000) 000-00-00",
        [("bold", "Контакты"), ("text_link", "сайт")],
    ),
    "nothing to see": (
        (
            Paragraph(p(" \u200b")),
            Heading(p("")),
            Quote(((),)),
            List((ListItem(p(" ")),)),
            Table(((p(""),),)),
            Preformatted(" \n \n"),
            Aside("", ()),
            Contacts("", ()),
            Divider(),
        ),
        "",
        [],
    ),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_block(name: str) -> None:
    blocks, plain, entities = BLOCKS[name]
    text = rendered(*blocks)
    assert (text.plain, shown(text)) == (plain, entities)


def test_a_long_aside_is_folded() -> None:
    text = rendered(Aside("Справка", (p("Мост. " * 200),)))
    assert text.entities[0].kind == "expandable_blockquote"


def test_a_deeply_nested_item_costs_no_more_than_a_shallow_one() -> None:
    # Numbering once kept a counter for each level down to the item's.
    text = rendered(List((ListItem(p("а"), 10**12),), ordered=True))
    assert text.plain == "\u2003" * 4 + "1. а"
