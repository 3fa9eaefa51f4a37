"""What follows an article is not read, unless something of it may stand there."""

import pytest

from bot.ingest.article.ending import beyond
from bot.ingest.article.kept import KeptText
from bot.ingest.markup.dom import parse_page

STORY = "Набережную откроют в субботу после двух лет работы. " * 6
ENDING = "Вход на открытие будет свободным для всех жителей города."
CARDS = "<div><a href='/n/1'><img src='/1.jpg'></a><h3><a href='/n/1'>Другая</a></h3></div>" * 5
KEPT = KeptText(f"{STORY}\n{ENDING}")


def left_out(after: str, kept: KeptText = KEPT) -> list[str | None]:
    page = f"<body><article><p>{STORY}</p><p>{ENDING}</p></article>{after}</body>"
    return [node.get("id") for node in beyond(parse_page(page), kept)]


def test_the_outermost_box_after_the_kept_text_is_left_out() -> None:
    assert left_out(f"<section id='news'><div id='inner'>{CARDS}</div></section>") == ["news"]


def test_a_text_cut_by_markup_is_found_to_be_kept() -> None:
    ending = "Вход на <b>открытие</b> будет <i>свободным</i> для всех"
    after = f"<div id='end'><p>{ending}</p></div><div id='news'>{CARDS}</div>"
    assert left_out(after) == ["news"]


@pytest.mark.parametrize(
    "after",
    [
        f"<div>{CARDS}<figure><img src='/2.jpg'></figure></div>",
        f"<div>{CARDS}<p>Для справки: мост построен в 1970 году.</p></div>",
        f"<div>{CARDS}<p>{ENDING}</p></div>",
        "<div><p>Фото: Анна Иванова</p></div>",
    ],
)
def test_figures_notes_kept_text_and_small_boxes_are_read(after: str) -> None:
    assert left_out(after) == []


def test_nothing_is_left_out_where_most_text_follows_or_nothing_was_kept() -> None:
    other = "".join(f"<p>Совсем другая история номер {n}: {'слово ' * 20}</p>" for n in range(20))
    assert left_out(f"<div>{other}</div>") == []
    assert beyond(parse_page(f"<body><div>{CARDS}</div></body>"), KeptText("")) == set()
    assert beyond(parse_page(f"<body><div>{CARDS}</div></body>"), KEPT) == set()
