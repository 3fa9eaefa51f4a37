"""Whole pages: each ``pages/x.html`` becomes what ``pages/x.json`` beside it says."""

import json
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import ExtractError
from bot.ingest.article.extract import document_from_html, extract_article
from bot.model import (
    Aside,
    Block,
    Contacts,
    Divider,
    Document,
    Heading,
    Image,
    List,
    Paragraph,
    Preformatted,
    Quote,
    Selectors,
    Spans,
    Style,
    Table,
    dump_document,
)

PAGES = sorted((Path(__file__).parent / "pages").glob("*.html"))
URL = "https://news.example/story"
TEXT = "Жители улицы Соседской посадили сорок яблонь и обещают делиться урожаем с прохожими. "
MARKS = {
    Style.BOLD: "**",
    Style.ITALIC: "_",
    Style.UNDERLINE: "__",
    Style.STRIKE: "~",
    Style.CODE: "`",
}


def marked(spans: Spans) -> str:
    """Spans in a form that is easy to write by hand."""
    parts = []
    for span in spans:
        marks = "".join(MARKS[style] for style in sorted(span.styles))
        text = f"{marks}{span.text}{marks[::-1]}"
        parts.append(f"[{text}]({span.link})" if span.link else text)
    return "".join(parts).replace("\u00a0", " ")


def outlined(block: Block) -> str:
    match block:
        case Paragraph() | Heading():
            level = block.level if isinstance(block, Heading) else ""
            line = f"{block.kind}{level} {marked(block.spans)}"
        case Quote():
            said = [f"— {marked(block.attribution)}"] if block.attribution else []
            line = "quote " + " | ".join([*map(marked, block.paragraphs), *said])
        case List():
            items = " | ".join(f"{item.depth} {marked(item.spans)}" for item in block.items)
            line = f"{'ordered' if block.ordered else 'bulleted'} {items}"
        case Image():
            line = " | ".join(filter(None, [f"image {block.url}", marked(block.caption)]))
        case Table():
            rows = [" ; ".join(map(marked, row)) for row in block.rows]
            kind = "table header" if block.header else "table"
            line = " | ".join(filter(None, [kind, *rows, marked(block.caption)]))
        case Preformatted():
            line = f"pre {block.text}"
        case Divider():
            line = "divider"
        case Aside():
            line = "aside " + " | ".join([block.title, *map(marked, block.paragraphs)])
        case Contacts():
            line = "contacts " + " | ".join([block.title, *map(marked, block.lines)])
    return line


def outline(document: Document) -> list[str]:
    return [outlined(block) for block in document.blocks]


def article(html: str) -> Document:
    return extract_article(html.encode(), "text/html; charset=utf-8", URL).document


def seconds_to_answer(html: str) -> float:
    """How long a page keeps a worker busy, whether it is read or refused."""
    started = time.process_time()
    with suppress(ExtractError):
        extract_article(html.encode(), None, URL)
    return time.process_time() - started


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page_becomes_its_article(page: Path) -> None:
    wanted = json.loads(page.with_suffix(".json").read_text())
    found = extract_article(page.read_bytes(), "text/html; charset=utf-8", wanted["url"])
    assert outline(found.document) == wanted["outline"]
    said = {name: getattr(found, name) for name in wanted["expected"]}
    said["sections"] = list(found.sections)
    for name in ("published", "updated"):
        said[name] = said[name] and said[name].isoformat()
    assert said == wanted["expected"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_charset_inside_a_page_does_not_disturb_the_declared_one(page: Path) -> None:
    wanted = json.loads(page.with_suffix(".json").read_text())
    html = page.read_text().replace("<body", '<meta charset="koi8-r"><body', 1)
    found = extract_article(html.encode("utf-8-sig"), "text/html; charset=utf-8", wanted["url"])
    assert outline(found.document) == wanted["outline"]


def test_cover_is_not_repeated_but_its_caption_is_kept() -> None:
    meta = '<meta property="og:image" content="https://i.example/a/cover.jpg?w=1200">'
    figure = '<figure><img src="https://i.example/a/cover-800x600.jpg"><figcaption>{}</figcaption></figure>'
    page = f"<head>{meta}</head><body><article>{{}}<p>{TEXT * 4}</p><p>{TEXT * 3}</p></article>"
    told = article(page.format(figure.format("Яблони на рассвете")))
    assert outlined(told.blocks[0]) == "paragraph _Яблони на рассвете_"
    credited = article(page.format(figure.format("Фото: Иван Садовый")))
    assert outlined(credited.blocks[0]).startswith("paragraph Жители")


def test_repeated_paragraphs_are_kept() -> None:
    """Text extraction drops all but one of several equal paragraphs."""
    body = "".join(f"<p>{TEXT}</p><p>Припев повторяется снова и снова, как и задумано.</p>" * 3)
    assert article(f"<article><h1>Песня</h1>{body}</article>").plain_text().count("Припев") == 3


def test_text_that_sites_mark_suspiciously_stays() -> None:
    """A site once called every paragraph of its text "share-text"."""
    body = "".join(f'<p class="share-text">{number}. {TEXT}</p>' for number in range(8))
    assert len(article(f"<div><h1>Яблони</h1>{body}</div>").blocks) == 8


def test_related_links_between_paragraphs_are_left_out() -> None:
    body = (
        f"<p>{TEXT}</p><h3>Читайте также</h3><ul><li><a href='/1'>Груши</a></li></ul><p>{TEXT}!</p>"
    )
    assert "Груши" not in article(f"<article><h1>Яблони</h1>{body * 2}</article>").plain_text()


def test_links_to_the_same_story_further_down_do_not_hide_it() -> None:
    """The title in a list of popular stories was once taken for the place where the text begins."""
    popular = "<div><h3><a href='/story'>Яблони</a></h3><h3>Яблони</h3></div>"
    found = article(f"<article><h1>Яблони</h1>{f'<p>{TEXT}</p>' * 6}{popular}</article>")
    assert found.plain_text().count("сорок яблонь") == 6


@pytest.mark.parametrize(
    "html", ["", " ", "<html></html>", "<p>", "<script>x</script>", "\x00\x00"]
)
def test_page_without_text_is_refused(html: str) -> None:
    with pytest.raises(ExtractError):
        extract_article(html.encode(), None, URL)


@pytest.mark.parametrize(
    "html",
    [
        "<p>ab</p>" * 200_000,
        "<p>some words here</p>" * 49_000,
        '<a href="/x">some link</a> ' * 49_000,
        "<div>" * 50_000,
        "<blockquote>a" * 99 + f"<p>{TEXT}",
        "<ul><li>a" * 49 + f"<p>{TEXT}",
        "<figure>" * 90 + "<figcaption>x</figcaption>" * 10_000,
        "<figure><img src=a.jpg>" + "<div class=caption>x</div>" * 20_000,
        "<table>" + "<tr><td colspan=1000000 rowspan=999999999>a<td>b</tr>" * 3000,
        '<img srcset="' + "a b," * 700_000 + '">',
        "x" * 3_000_001,
    ],
    ids=lambda html: html[:12],
)
def test_hostile_page_takes_little_time(html: str) -> None:
    assert seconds_to_answer(f"<html><body>{html}") < 5


def test_too_deep_page_is_refused_not_cut() -> None:
    with pytest.raises(ExtractError, match="deep"):
        extract_article(("<div>" * 300 + TEXT * 9).encode(), None, URL)


_PIECES = """\
<p>|</p>|<div class=share>|</div>|<ul>|<li>|</ul>|<table>|<tr>|<td colspan=9>|<td rowspan=-1>|<br>|
<a href="//[">|<a href="http://[::1">|</a>|<img srcset="a 1x, b 2x,,">|<img src="http://[">|<q>|
<figure>|<figcaption>|</figure>|<blockquote>|<cite>|</blockquote>|<pre>|</pre>|<h1>|<h2>|</h2>|<b>|
<!-- -->|<![CDATA[|&nbsp;|&#0;|&#xd800;|<script>|</script>|<time datetime="9999-99-99">|<aside>|
<base href="::">|Контакты:|Справка:|Читайте также|<meta property="og:image" content="http://[::1">|
<html lang="">|<script type="application/ld+json">{"@graph":[{"@type":"NewsArticle","image":[[]]}]}
"""
pieces_of_html = st.lists(
    st.one_of(
        st.sampled_from(_PIECES.split("|")),
        st.text(max_size=20),
        st.just(TEXT),
    ),
    max_size=60,
).map("".join)


@given(pieces_of_html)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_html_raises_anything_else(html: str) -> None:
    assert isinstance(document_from_html(html, URL), Document)
    try:
        found = extract_article(html.encode("utf-8", "surrogatepass"), None, URL)
    except ExtractError:
        return
    assert found.document.blocks


@given(st.binary(max_size=400), st.none() | st.text(max_size=30))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_bytes_raise_anything_else(content: bytes, declared: str | None) -> None:
    with suppress(ExtractError):
        assert extract_article(content, declared, URL).document.blocks


def test_feed_content_is_all_of_the_article() -> None:
    html = (
        '<p>Коротко.</p><img src="https://p.example/pixel.gif" width="1" height="1"><p>И ясно. '
        '<a href="/more">Ещё</a></p><div class="share"><p>Поделиться:</p></div><script>x()</script>'
        "<p>Сообщение <a href='/s'>Яблони</a> появились сначала на <a href='/'>Сад</a>.</p>"
    )
    assert outline(document_from_html(html, URL)) == [
        "paragraph Коротко.",
        "paragraph И ясно. [Ещё](https://news.example/more)",
    ]


def test_feed_text_without_tags_becomes_paragraphs() -> None:
    text = "Первый абзац &amp; всё\nта же строка.\n\nВторой: 2 < 3."
    assert outline(document_from_html(text, URL)) == [
        "paragraph Первый абзац & всё та же строка.",
        "paragraph Второй: 2 < 3.",
    ]
    assert document_from_html(" \n", URL) == Document()


@pytest.mark.parametrize(
    "html",
    [
        "Мост \ud83d открыт\x00.",
        "<p>Мост \ud83d <b>открыт\ude00</b>.</p>",
        "<pre>Мост \ud83d\nоткрыт</pre>",
        "<p><a href='mailto:a\ud83d@news.example'>Мост</a> открыт</p>",
        "<p>Мост&#xD83D; открыт&#0;</p>",
        "<img src='/a.png' alt='Мост \ud83d открыт'>",
    ],
)
def test_half_a_surrogate_pair_is_dropped(html: str) -> None:
    """No database takes it: one such page once kept its source from being stored, for ever."""
    stored = dump_document(document_from_html(html, URL))
    assert "Мост" in stored
    assert "\\u0000" not in stored
    stored.encode()


def test_half_a_surrogate_pair_in_what_a_page_says_of_itself_is_dropped() -> None:
    data = '{"@type": "NewsArticle", "headline": "Мост \\ud83d", "articleSection": "Го\\ud83dрод"}'
    page = (
        f"<html><head><script type='application/ld+json'>{data}</script></head>"
        f"<body><article><p>{'Через реку открыли мост. ' * 20}</p></article></body></html>"
    )
    found = extract_article(page.encode(), "text/html; charset=utf-8", URL)
    assert (found.title, found.sections) == ("Мост", ("Город",))


def test_a_box_that_asks_for_an_address_is_dropped_whole() -> None:
    story = "<p>В Липовом Бору посадили сто лип, и каждую назвали по имени.</p>"
    box = "<div><p>Хотите знать больше?</p><div>Пишем раз в неделю<input type='email'></div></div>"

    assert outline(document_from_html(f"{story * 3}{box}{story}", URL)) == outline(
        document_from_html(story * 4, URL)
    )


def test_a_caption_in_a_shortcode_is_the_picture_s() -> None:
    html = '<p>Раз.</p>[caption id="1" width="9"]<img src="/1.jpg"> Сто лип[/caption]<p>Два.</p>'

    blocks = document_from_html(html, URL).blocks

    assert [type(block) for block in blocks] == [Paragraph, Image, Paragraph]
    assert isinstance(blocks[1], Image)
    assert marked(blocks[1].caption) == "Сто лип"
    assert (
        "["
        not in document_from_html('<p>Раз [caption id="1"] два[/caption].</p>', URL).plain_text()
    )


def test_what_is_for_subscribers_alone_is_not_taken_from_the_data() -> None:
    data: dict[str, object] = {
        "@type": "NewsArticle",
        "headline": "Яблони",
        "articleBody": f"<p>{TEXT * 9}</p>",
        "isAccessibleForFree": "False",
    }
    page = (
        '<head><script type="application/ld+json">{}</script></head><body><article>'
        f"<h1>Яблони</h1><p>{TEXT}</p></article></body>"
    )
    teaser = [f"paragraph {TEXT.strip()}"]
    assert outline(article(page.format(json.dumps(data)))) == teaser
    data["isAccessibleForFree"] = True
    assert len(article(page.format(json.dumps(data))).plain_text()) > 8 * len(TEXT)


def test_text_inside_a_menu_that_is_never_closed_is_found() -> None:
    story = "".join(f"<p>{number}. {TEXT * 2}</p>" for number in range(6))
    menu = "<ul class='main-menu'><li class='menu-item'><a href='/a'>Рубрики</a>"
    page = f"<body><div id='header-menu'>{menu}<div class='post'><h1>Яблони</h1>{story}</div>"
    found = article(page)
    assert [line[:12] for line in outline(found)] == [f"paragraph {n}" + "." for n in range(6)]


@pytest.mark.parametrize(
    "repeated",
    [
        "<h1>Мост открыт</h1>",
        "<img src='/1.jpg' alt='Мост'><h3>Мост открыт</h3>",
        "<div class='title'>Мост открыт</div>",
        "<p><b>Мост\xa0открыт.</b></p>",
        "<h1>Через Тихую открыли мост</h1>",  # the page calls itself otherwise
    ],
)
def test_an_article_that_is_pointed_at_does_not_repeat_its_title(repeated: str) -> None:
    text = "Весь город пришёл на него с оркестром, и было весело до вечера."
    page = f"<title>Мост открыт</title><div class='text'>{repeated}<h2>Праздник</h2><p>{text}</p>"
    selectors = Selectors(article=".text")
    found = extract_article(page.encode(), "text/html; charset=utf-8", URL, selectors)
    assert found.title.startswith("Мост открыт")
    assert found.document.plain_text().split("\n") == ["Праздник", text]
