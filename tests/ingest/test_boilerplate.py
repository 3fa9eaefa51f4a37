"""What is taken for the site's own text, and what is not."""

import pytest

from bot.ingest.article.anchor import judge
from bot.ingest.article.blocks import read_pieces
from bot.ingest.article.notes import Note, opens_note, with_notes
from bot.ingest.markup.boilerplate import Suspicion, suspicion
from bot.ingest.markup.dom import parse_page
from bot.ingest.markup.vocabulary import is_service_line, opens_other_part
from bot.model import Aside, Block, Contacts, Paragraph


def first(html: str) -> Suspicion:
    body = parse_page(f"<body>{html}</body>").find("body")
    assert body is not None
    return suspicion(body[0])


def noted(html: str) -> list[Block]:
    pieces = read_pieces(parse_page(f"<body>{html}</body>"), "https://news.example/")
    return with_notes([one.piece for one in judge(pieces, None)])


@pytest.mark.parametrize(
    ("html", "wanted"),
    [
        ("<nav>x</nav>", Suspicion.STRONG),
        ('<div class="NewsCard__shareRow">x</div>', Suspicion.STRONG),
        ('<div class="blok podelitsya">x</div>', Suspicion.STRONG),
        ('<div id="read-also">x</div>', Suspicion.STRONG),
        ('<div role="dialog">x</div>', Suspicion.STRONG),
        ("<div hidden>x</div>", Suspicion.STRONG),
        ('<div style="color:red; Display : none">x</div>', Suspicion.STRONG),
        ("<aside>x</aside>", Suspicion.WEAK),
        ('<div class="tag-list-item author">x</div>', Suspicion.STRONG),
        ('<div class="post-author">x</div>', Suspicion.WEAK),
        ('<div class="shared-memory relatedness">x</div>', Suspicion.NONE),
        ('<div class="article-content">x</div>', Suspicion.NONE),
        ('<div class="share" itemprop="articleBody">x</div>', Suspicion.NONE),
    ],
)
def test_suspicion_by_structure_and_names(html: str, wanted: Suspicion) -> None:
    assert first(html) is wanted


@pytest.mark.parametrize(
    "text",
    [
        "Материалы по теме", "Читайте также:", "Похожие новости", "Оставайтесь на связи",
        "Подпишитесь на обновления", "Комментарии (12)", "Поделиться", "Вам может быть интересно",
        "Related articles", "Read more", "You may also like", "Share this", "3 comments",
        "Newsletter",
    ],
)  # fmt: skip
def test_headings_of_other_parts(text: str) -> None:
    assert opens_other_part(text)


@pytest.mark.parametrize(
    "text",
    [
        "Как мы читали вслух", "Последние новости о мосте оказались слухом, и вот почему",
        "Реклама — двигатель торговли", "Share prices fell", "Комментарий эксперта",
        "По теме слёта", "Подписка на воду подорожает",
    ],
)  # fmt: skip
def test_headings_of_the_story(text: str) -> None:
    assert not opens_other_part(text)


@pytest.mark.parametrize(
    ("text", "linked"),
    [
        ("Спасибо за интерес к нашим материалам. Ваша подписка активирована.", 0),
        ("К сожалению, во время регистрации вашей подписки возникла ошибка.", 0),
        ("Нашли опечатку? Выделите её и нажмите Ctrl+Enter", 0),
        ("Читайте также: Как красили мост", 0.6),
        ("Теги: сад, двор", 0.8),
        ("12.10.2031, 09:40", 0),
        ("3 September 2031", 0),
        ("Сообщение Яблони появились сначала на Сад.", 0.5),
        ("The post Apples appeared first on Garden.", 0.5),
        ("Запись Яблони впервые появилась Сад.", 0.5),
        ("Введите ваш e-mail, чтобы получать новости", 0),
        ("Нажимая кнопку, вы соглашаетесь с политикой конфиденциальности", 0.4),
        ("Следующая новость: Яблони зацвели", 0.5),
        ("Предыдущая новость", 1),
        ("Оцените статью: 5 4 3 2 1", 0),
        ("Читать далее", 1),
    ],
)
def test_lines_in_the_service_of_the_site(text: str, linked: float) -> None:
    assert is_service_line(text, linked)


@pytest.mark.parametrize(
    ("text", "linked"),
    [
        ("Спасибо за помощь всем, кто пришёл.", 0),
        ("Следующая новость удивила всех: яблони зацвели.", 0),
        ("Оцените статью расходов на сад, предложил мэр.", 0),
        ("Подробнее о саде рассказал садовник.", 0),
        ("Читайте также вслух: это полезно, говорит библиотекарь Роза Тихая.", 0),
        ("12 октября 2031 года в Липовом Бору посадили сто лип.", 0),
        ("Подпишитесь на газету, советовал дедушка. " * 9, 0),
    ],
)
def test_lines_of_the_story(text: str, linked: float) -> None:
    assert not is_service_line(text, linked)


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("Для справки", Note.REFERENCE), ("СПРАВКА:", Note.REFERENCE),
        ("Для справки: клуб открыт.", Note.REFERENCE), ("For reference", Note.REFERENCE),
        ("Контакты для СМИ:", Note.CONTACTS), ("Media contact", Note.CONTACTS),
        ("Справка о доходах больше не нужна", None), ("Контакты с соседями наладились", None),
        ("Contact lenses", None), ("Справка. Так называется документ", None),
    ],
)  # fmt: skip
def test_titles_of_notes(text: str, note: Note | None) -> None:
    assert opens_note(text) is note


def test_a_note_ends_with_its_box() -> None:
    """Everything after a note in the middle of a story once became part of it."""
    found = noted("<p>Раз.</p><div><h3>Справка</h3><p>Два.</p><p>Три.</p></div><p>Четыре.</p>")
    assert [type(block) for block in found] == [Paragraph, Aside, Paragraph]
    assert isinstance(found[1], Aside)
    assert (found[1].title, len(found[1].paragraphs)) == ("Справка", 2)


def test_contacts_end_where_text_begins() -> None:
    found = noted(
        "<p>Раз.</p><p><b>Контакты:</b></p><p>Ия Лис<br>a@example.org</p><p>Тел.: 00-00-00</p>"
        "<p>Клуб работает каждый день, кроме понедельника.</p>"
    )
    assert [type(block) for block in found] == [Paragraph, Contacts, Paragraph]
    assert isinstance(found[1], Contacts)
    assert len(found[1].lines) == 3


def test_a_title_without_a_note_stays_a_paragraph() -> None:
    assert [type(block) for block in noted("<p>Раз.</p><p>Контакты:</p>")] == [Paragraph] * 2
