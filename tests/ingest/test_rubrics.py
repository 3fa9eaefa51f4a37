"""Into which section an article goes: what it says of itself, and what of that is a section."""

from __future__ import annotations

import pytest

from bot.ingest.about.section_paths import Path, is_title, outer_and_inner, split_path
from bot.ingest.rubrics import Aliases, rubrics_of
from bot.model import Document, Entry, Extracted, Feed, Source, section_key


def entry(*categories: str, title: str = "Мост открыт") -> Entry:
    return Entry(
        None, "https://news.example/1", title, "", None, None, None, "", categories=categories
    )


def page(*sections: str) -> Extracted:
    return Extracted(None, "", "", sections, None, None, None, None, Document())


def source(section: str | None = None) -> Source:
    return Source(1, "https://www.news.example/feed", section, None, None, 0, primed=True)


def sorted_into(
    one: Entry,
    of: Extracted | None = None,
    *,
    others: tuple[Entry, ...] = (),
    own: str | None = None,
    title: str = "Вестник",
    aliases: tuple[tuple[str, str], ...] = (),
    known: tuple[Path, ...] = (),
) -> Path:
    feed = Feed(title, "ru", (one, *others))
    keys = frozenset(map(section_key, known))
    return rubrics_of(source(own), feed, Aliases(aliases), keys).section(one, of)


@pytest.mark.parametrize(
    ("title", "path"),
    [
        ("Новости", ("Новости",)),
        ("News: Members' news", ("News", "Members' news")),
        ("News / Members' news", ("News", "Members' news")),
        ("Новости → для участников", ("Новости", "для участников")),
        ("Новости » Участники", ("Новости", "Участники")),
        ("Новости > Участники >", ("Новости", "Участники")),
        ("  Новости:\n Новости участников ", ("Новости", "Новости участников")),
        ("Мир: Европа: Чехия", ("Мир", "Чехия")),
        ("Программа: «Город вместе»", ("Программа", "«Город вместе»")),
        ("Вопрос: ответ", ("Вопрос: ответ",)),
        ("Наука / техника", ("Наука / техника",)),
        ("12:30", ("12:30",)),
        ("AC/DC", ("AC/DC",)),
        ("Новости: Новости", ("Новости",)),
        ("C>D", ("C>D",)),
        (" : ", ()),
        ("", ()),
    ],
)
def test_a_title_as_a_path(title: str, path: Path) -> None:
    assert split_path(title) == path


def test_a_tight_slash_parts_what_machines_are_told() -> None:
    assert split_path("News/Members", tight=True) == ("News", "Members")
    assert split_path("Вопрос/ответ", tight=True) == ("Вопрос/ответ",)


def test_two_levels_are_kept() -> None:
    assert outer_and_inner(["А", "Б", "В", "Г"]) == ("А", "Г")
    assert outer_and_inner(["А", "а", "Б"]) == ("А", "Б")


@pytest.mark.parametrize("text", ["Новости", "IT", "Выборы 2031", "COVID-19", "Новости участников"])
def test_titles_of_sections(text: str) -> None:
    assert is_title(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "К", "7", "2031", "14.05.2031", "14 мая 2031 г.", "Май 2031", "May 2031", "12:30"),
        *("https://news.example/", "www.news.example", "news.example", "desk@news.example"),
        *("#мост", "Uncategorized", "Без рубрики", "Очень длинное слово " * 5),
    ],
)
def test_what_is_no_title_of_a_section(text: str) -> None:
    assert not is_title(text)


def test_the_editor_s_section_is_that_of_all_articles() -> None:
    assert sorted_into(entry("Спорт"), page("Город"), own="Моё") == ("Моё",)
    path = ("Новости", "Участники")
    assert sorted_into(entry(), None, own="Новости: Участники") == path


def test_the_page_is_trusted_before_the_feed_and_the_feed_s_title_comes_last() -> None:
    assert sorted_into(entry("Спорт"), page("Город", "Мосты")) == ("Город", "Мосты")
    assert sorted_into(entry("Спорт"), page()) == ("Спорт",)
    assert sorted_into(entry("Спорт")) == ("Спорт",)
    assert sorted_into(entry()) == ("Вестник",)
    assert sorted_into(entry(), title="") == ("www.news.example",)


def test_a_category_may_be_a_path() -> None:
    assert sorted_into(entry("Новости: Новости участников")) == ("Новости", "Новости участников")


def test_many_categories_are_tags() -> None:
    assert sorted_into(entry("А1а", "Б2б", "В3в", "Г4г", "Д5д")) == ("Вестник",)


def test_the_first_category_counts_since_sections_come_before_tags() -> None:
    others = (entry("Спорт", "река"),) * 3 + (entry("Город"),) * 3
    assert sorted_into(entry("Спорт", "река"), others=others) == ("Спорт",)


def test_a_category_of_one_entry_alone_makes_no_section_but_finds_one() -> None:
    """Feeds that put tags among their categories would make a section of each."""
    others = (entry("Город"),) * 9
    assert sorted_into(entry("ледоход-2031 на Тихой", "Город"), others=others) == ("Город",)
    assert sorted_into(entry("Ледоход"), others=others) == ("Вестник",)
    assert sorted_into(entry("Ледоход"), others=others, known=(("Ледоход",),)) == ("Ледоход",)
    few = others[:2]
    assert sorted_into(entry("Ледоход"), others=few) == ("Ледоход",)


def test_a_category_of_nearly_all_entries_gives_way_to_another() -> None:
    others = (entry("Новости", "Город"),) * 2 + (entry("Новости"),) * 7
    assert sorted_into(entry("Новости", "Город"), others=others) == ("Город",)
    assert sorted_into(entry("Новости"), others=others) == ("Новости",)


def test_categories_that_are_no_sections_are_passed_over() -> None:
    odd = entry("Без рубрики", "2031", "Мост открыт", "Город")
    assert sorted_into(odd) == ("Город",)


@pytest.mark.parametrize(
    ("pair", "said", "path"),
    [
        (("Общество", "Город"), ("Общество",), ("Город",)),
        (("ОБЩЕСТВО  и ещё", "Город"), ("Общество и еще",), ("Город",)),
        (("Общество", "Новости: Город"), ("Общество",), ("Новости", "Город")),
        (("Новости: Общество", "Город"), ("Новости", "Общество"), ("Город",)),
        (("Новости: Общество", "Город"), ("Иное", "Общество"), ("Иное", "Общество")),
        (("Общество", "Город"), ("Новости", "Общество"), ("Город",)),
        (("Новости", "Пресс-центр"), ("Новости", "Общество"), ("Пресс-центр", "Общество")),
        (("Новости", "-"), ("Новости", "Общество"), ("Общество",)),
        (("Общество", "-"), ("Новости", "Общество"), ("Новости",)),
        (("Новости: Общество", "-"), ("Новости", "Общество"), ("Новости",)),
        (("Иное", "Город"), ("Новости", "Общество"), ("Новости", "Общество")),
    ],
)
def test_aliases(pair: tuple[str, str], said: Path, path: Path) -> None:
    assert sorted_into(entry(), page(*said), aliases=(pair,)) == path


def test_a_hidden_section_gives_way_to_the_next_name() -> None:
    hidden = (("Реклама", "-"),)
    assert sorted_into(entry("Спорт"), page("Реклама"), aliases=hidden) == ("Спорт",)
    assert sorted_into(entry("Реклама"), page("Реклама"), aliases=hidden) == ("Вестник",)
    assert sorted_into(entry(), title="Реклама", aliases=hidden) == ("Реклама",)
    assert sorted_into(entry(), own="Реклама", aliases=hidden) == ("Реклама",)


def test_the_feed_s_title_may_have_another_name() -> None:
    assert sorted_into(entry(), title="Лента", aliases=(("Лента", "Новости"),)) == ("Новости",)


def test_a_site_cannot_make_more_sections_than_anybody_could_choose_from() -> None:
    known = tuple((f"Рубрика {number}",) for number in range(500))
    assert sorted_into(entry(), page("Ещё одна"), known=known) == ("Вестник",)
    assert sorted_into(entry(), page("рубрика 7"), known=known) == ("рубрика 7",)
    assert sorted_into(entry(), own="Моя", known=known) == ("Моя",)
