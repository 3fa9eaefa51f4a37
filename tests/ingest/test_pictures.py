"""Which address of a picture is taken, and which paragraph is its caption."""

import pytest

from bot.ingest.article.extract import document_from_html
from bot.ingest.markup.inline import plain
from bot.model import Image, Paragraph

URL = "https://news.example/story"
STORY = "<p>В Липовом Бору посадили сто лип, и каждую назвали по имени.</p>"


def pictures(html: str) -> list[tuple[str, str]]:
    return [
        (block.url.removeprefix("https://news.example"), plain(block.caption))
        for block in document_from_html(STORY + html + STORY, URL).blocks
        if isinstance(block, Image)
    ]


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("/upload/iblock/lipa.jpg", "/upload/iblock/lipa.jpg"),
        ("/upload/iblock/lipa.JPG?v=2", "/upload/iblock/lipa.JPG?v=2"),
        ("/news/lipa/", "/upload/resize_cache/lipa_300.jpg"),
        ("/wiki/File:Lipa.jpg", "/upload/resize_cache/lipa_300.jpg"),
    ],
)
def test_a_picture_is_taken_in_full_size_where_its_link_leads_to_it(link: str, url: str) -> None:
    html = (
        f"<a href='{link}' data-fancybox='g'><span>"
        "<img src='/upload/resize_cache/lipa_300.jpg'></span></a>"
    )
    assert pictures(html) == [(url, "")]


@pytest.mark.parametrize(
    ("after", "caption"),
    [
        ("<p><em>Сто лип. Фото: Ия Лис</em></p>", "Сто лип. Фото: Ия Лис"),
        ("<p>Сто лип. Фото: Ия Лис</p>", "Сто лип. Фото: Ия Лис"),
        ("<p><i>Сто лип у ручья</i></p>", "Сто лип у ручья"),
        ("<p>Сто лип у ручья</p>", ""),
        ("<p>Сто <i>лип</i> у ручья</p>", ""),
        (f"<p><em>{'Сто лип у ручья. ' * 20}</em></p>", ""),
        (" сказал он <p><i>Сто лип</i></p>", ""),
    ],
)
@pytest.mark.parametrize("picture", ["<img src='/1.jpg'>", "<p><img src='/1.jpg'></p>"])
def test_a_short_paragraph_in_italics_after_a_picture_is_its_caption(
    picture: str, after: str, caption: str
) -> None:
    html = f"<div>{picture}{after}</div>"

    assert pictures(html) == [("/1.jpg", caption)]
    paragraphs = [
        plain(block.spans)
        for block in document_from_html(STORY + html, URL).blocks
        if isinstance(block, Paragraph)
    ]
    assert not caption or caption not in paragraphs
