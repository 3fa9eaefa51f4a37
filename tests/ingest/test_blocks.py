"""Single elements: what the walk over a page makes of each."""

import pytest

from bot.ingest.article.blocks import read_pieces, resolve_link
from bot.ingest.article.pieces import with_links
from bot.ingest.markup.dom import parse_page
from bot.ingest.markup.pictures import same_picture
from bot.model import (
    Block,
    Divider,
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
)

URL = "https://news.example/a/b"


def blocks(html: str) -> list[Block]:
    pieces = read_pieces(parse_page(f"<body>{html}</body>"), URL)
    return [with_links(piece.block, lambda href: resolve_link(href, URL)) for piece in pieces]


def texts(html: str) -> list[str]:
    return ["".join(s.text for s in b.spans) for b in blocks(html) if isinstance(b, Paragraph)]


@pytest.mark.parametrize(
    ("html", "wanted"),
    [
        ("<p> a \n\t b </p>", ["a b"]),
        ("<p>a <b> b</b> c</p>", ["a b c"]),
        ("<p>a&nbsp;b &nbsp; c</p>", ["a\u00a0b \u00a0 c"]),
        ("<p>пере&shy;нос\u200b\ufeff</p>", ["перенос"]),
        ("<p>один<br>  два</p>", ["один\nдва"]),
        ("<p>один<br> <br>два<br/><br/><br/>три</p>", ["один", "два", "три"]),
        ("<p>&nbsp;</p><p></p><p> <br> </p>", []),
        ("<p>👨\u200d👩\u200d👧</p>", ["👨\u200d👩\u200d👧"]),
        ("текст<div>внутри</div>после", ["текст", "внутри", "после"]),
        ("<span>А</span><span>Б</span>", ["АБ"]),
        ("<p>он сказал <q>да</q>, she said <q>yes</q></p>", ["он сказал «да», she said “yes”"]),
        ("<dl><dt>Слово</dt><dd>его смысл</dd></dl>", ["Слово", "его смысл"]),
        ('<p>видно<span style="display:none">нет</span><i hidden>нет</i></p>', ["видно"]),
    ],
)
def test_white_space_is_collapsed_as_a_browser_does(html: str, wanted: list[str]) -> None:
    assert texts(html) == wanted


def test_styles_and_links() -> None:
    bold, both = frozenset({Style.BOLD}), frozenset({Style.BOLD, Style.ITALIC})
    html = (
        '<p><b>ж<i>жк</i></b> <s>з</s> <u>п</u> <a href="../c?d#e">сс</a><a href="#x">я</a> '
        '<code>к</code><a href="javascript:x()">ж</a><a href="mailto:a@example.org?subject=x">@</a>'
        '<a href="tel:+7 000">т</a>'
        '<span style="font-weight: 700">ж</span></p>'
    )
    assert blocks(html) == [
        Paragraph(
            (
                Span("ж", bold),
                Span("жк", both),
                Span(" "),
                Span("з", frozenset({Style.STRIKE})),
                Span(" "),
                Span("п", frozenset({Style.UNDERLINE})),
                Span(" "),
                Span("сс", link="https://news.example/c?d#e"),
                Span("я "),
                Span("к", frozenset({Style.CODE})),
                Span("ж"),
                Span("@", link="mailto:a@example.org"),
                Span("т", link="tel:+7 000"),
                Span("ж", bold),
            )
        )
    ]


def test_quotes_know_who_speaks() -> None:
    said = ((Span("Слова."),),)
    who = (Span("Ия Лис, садовник"),)
    for html in (
        "<blockquote><p>Слова.</p><cite>Ия Лис, садовник</cite></blockquote>",
        "<blockquote><p>Слова.</p><footer>— Ия Лис, садовник</footer></blockquote>",
        "<blockquote>Слова.<br><br>— Ия Лис, садовник</blockquote>",
        "<figure><blockquote>Слова.</blockquote><figcaption>Ия Лис, садовник</figcaption></figure>",
        '<div class="citata"><p>Слова.</p><div class="citata__avtor">Ия Лис, садовник</div></div>',
    ):
        assert blocks(html) == [Quote(said, who)], html


def test_a_dialogue_has_no_speaker_cut_off() -> None:
    """The last line of a dialogue begins with a dash too."""
    html = "<blockquote><p>— Вы кто?</p><p>— Я садовник.</p></blockquote>"
    assert blocks(html) == [Quote(((Span("— Вы кто?"),), (Span("— Я садовник."),)))]


def test_a_quoted_title_is_no_speaker() -> None:
    html = "<blockquote><p>В книге <cite>Сад</cite> всё сказано.</p></blockquote>"
    quote = blocks(html)[0]
    assert isinstance(quote, Quote)
    assert quote.attribution == ()


def test_lists_nest() -> None:
    html = "<ol start=3><li>а<ul><li>б<ul><li>в</ul></ul><li><p>г</p><p>д</p><ol><li>е</ol></ol>"
    items = (("а", 0), ("б", 1), ("в", 2), ("г\nд", 0), ("е", 1))
    wanted = tuple(ListItem((Span(text),), depth) for text, depth in items)
    assert blocks(html) == [List(wanted, ordered=True, start=3)]


def test_a_list_that_places_stories_is_no_list() -> None:
    html = "<ul><li><h3>Раз</h3><p>один</p></li><li><h3>Два</h3><p>два</p></li></ul>"
    assert [type(block) for block in blocks(html)] == [Heading, Paragraph, Heading, Paragraph]


def test_tables_keep_their_columns() -> None:
    html = (
        "<table><caption>Счёт</caption><tr><th>а<th>б<th>в</tr>"
        "<tr><td rowspan=2>1<td colspan=2>2</tr>"
        "<tr><td>3<td><b>4</b></tr></table>"
    )
    one, two, three = (Span("1"),), (Span("2"),), (Span("3"),)
    head = ((Span("а"),), (Span("б"),), (Span("в"),))
    four = (Span("4", frozenset({Style.BOLD})),)
    rows = (head, (one, two, ()), ((), three, four))
    assert blocks(html) == [Table(rows, header=True, caption=(Span("Счёт"),))]


@pytest.mark.parametrize(
    "html",
    [
        "<table><tr><td>меню</td><td><p>текст</p><table><tr><td>1<td>2<tr><td>3<td>4</table></td></tr></table>",
        "<table role=presentation><tr><td>а<td>б<tr><td>в<td>г</table>",
        "<table><tr><td>одна</td></tr><tr><td>колонка</td></tr></table>",
        f"<table><tr><td>а</td><td>{'слово ' * 200}</td></tr><tr><td>б</td><td>в</td></tr></table>",
    ],
    ids=["nested", "role", "column", "long"],
)
def test_layout_tables_are_flattened(html: str) -> None:
    assert isinstance(blocks(html)[0], Paragraph)


def test_preformatted_and_divider() -> None:
    assert blocks("<pre>\n a  b\r\n\tc<br>d\n\n</pre><hr>") == [
        Preformatted(" a  b\n\tc\nd"),
        Divider(),
    ]


@pytest.mark.parametrize(
    ("html", "url"),
    [
        ('<img src="i.jpg">', "https://news.example/a/i.jpg"),
        ('<img src="data:image/gif;base64,x" data-src="/i.jpg">', "https://news.example/i.jpg"),
        ('<img src="/blank.gif" data-lazy-src="/i.jpg">', "https://news.example/i.jpg"),
        ('<img src="/s.jpg" srcset="/m.jpg 800w,/l.jpg 1600w, /xl.jpg 3200w">', "https://news.example/l.jpg"),
        ('<img src="/s.jpg" srcset="/a,b.jpg, /c.jpg 2x">', "https://news.example/c.jpg"),
        (
            '<picture><source type="image/avif" srcset="/i.avif"><source srcset="/i.webp"><img>',
            "https://news.example/i.webp",
        ),
        ('<div class="t-bgimg" data-original="/i.jpg"></div>', "https://news.example/i.jpg"),
        ('<noscript><img src="/i.jpg"></noscript>', "https://news.example/i.jpg"),
    ],
)  # fmt: skip
def test_the_best_address_of_a_picture(html: str, url: str) -> None:
    assert [block.url for block in blocks(html) if isinstance(block, Image)] == [url]


@pytest.mark.parametrize(
    "html",
    [
        '<img src="/i.png" width="1" height="1">',
        '<img src="/i.png" style="width:1px">',
        '<img src="/i.png" width="16" height="16">',
        '<img src="https://mc.yandex.ru/watch/5">',
        '<img src="/img/sprite.png">',
        '<img src="/logo.svg">',
        '<img class="author-avatar" src="/me.jpg">',
        '<img src="http://[::1">',
        "<img>",
    ],
)
def test_what_is_no_picture_of_a_story(html: str) -> None:
    assert blocks(html) == []


def test_captions_stand_with_their_picture() -> None:
    wanted = [Image("https://news.example/i.jpg", (Span("Подпись"),), "Сад")]
    image = '<img src="/i.jpg" alt="Сад">'
    for html in (
        f"<figure>{image}<figcaption>Подпись</figcaption></figure>",
        f'<div class="wp-caption">{image}<p class="wp-caption-text">Подпись</p></div>',
        f'<div><a href="/i.jpg">{image}</a><div class="foto__podpis">Подпись</div></div>',
        f"<figure>{image}<noscript>{image}</noscript><figcaption>Подпись</figcaption></figure>",
    ):
        assert blocks(html) == wanted, html


def test_headings_lose_their_pictures_not_their_text() -> None:
    assert blocks('<h2>Сад <img src="/i.jpg"></h2>') == [
        Heading((Span("Сад"),), 2),
        Image("https://news.example/i.jpg"),
    ]


def test_one_picture_in_two_sizes() -> None:
    base = "https://i.example/up/2031/tree"
    assert same_picture(f"{base}.jpg", f"{base}-300x200.jpg")
    assert same_picture(f"{base}.jpg?w=100", f"{base}.jpg?w=900")
    assert not same_picture(f"{base}.jpg", f"{base}2.jpg")
    assert not same_picture("https://i.example/get?id=1", "https://i.example/get?id=2")
