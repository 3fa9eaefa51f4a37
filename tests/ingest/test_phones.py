"""Phone numbers of contacts, as local people write them."""

import time

import pytest

from bot.ingest.article.extract import extract_article
from bot.ingest.article.phones import all_with_phones, region_of, with_phones
from bot.model import Contacts, Span, Style


def shown(text: str, region: str | None = "RU") -> str:
    """The line with its links in brackets."""
    spans = with_phones((Span(text),), region)
    return "".join(f"[{s.text}]({s.link})" if s.link else s.text for s in spans)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Тел.: 8 (495) 123-45-67", "Тел.: [+7 495 123-45-67](tel:+74951234567)"),
        ("+7-912-345-67-89, Анна", "[+7 912 345-67-89](tel:+79123456789), Анна"),
        (
            "8 (495) 123-45-67 доб. 123; 8 495 123 45 68",
            "[+7 495 123-45-67](tel:+74951234567) доб. 123; [+7 495 123-45-68](tel:+74951234568)",
        ),
        (
            "8 (495) 123-45-67 (доб. 12)",
            "[+7 495 123-45-67](tel:+74951234567) (доб. 12)",
        ),
        ("8-800-555-35-35", "[+7 800 555-35-35](tel:+78005553535)"),
        ("+375 17 327-47-11", "[+375 17 327-47-11](tel:+375173274711)"),
        ("ИНН 7701234567, КПП 770101001", "ИНН 7701234567, КПП 770101001"),
        ("ОГРН: 1027700132195", "ОГРН: 1027700132195"),
        ("с 12.05.2024 по 13.06.2024, 10:00-18:00", "с 12.05.2024 по 13.06.2024, 10:00-18:00"),
        ("Бюджет 12 345 678 рублей", "Бюджет 12 345 678 рублей"),
        ("123-45-67", "123-45-67"),
        ("+1 000 000 0000", "+1 000 000 0000"),
        ("", ""),
    ],
)
def test_numbers_are_shown_in_international_form(text: str, expected: str) -> None:
    assert shown(text) == expected


def test_local_numbers_need_a_country() -> None:
    assert shown("8 (495) 123-45-67", None) == "8 (495) 123-45-67"
    assert shown("(017) 327-47-11", "BY") == "[+375 17 327-47-11](tel:+375173274711)"
    assert shown("020 7946 0958", "GB") == "[+44 20 7946 0958](tel:+442079460958)"


def test_other_links_stay_and_the_look_too() -> None:
    site = Span("8 (495) 123-45-67", link="https://news.example")
    assert with_phones((site,), "RU") == (site,)
    bold = Span("8 (495) 123-45-67", frozenset({Style.BOLD}), "tel:84951234567")
    assert with_phones((bold,), "RU") == (
        Span("+7 495 123-45-67", frozenset({Style.BOLD}), "tel:+74951234567"),
    )


@pytest.mark.parametrize(
    ("url", "language", "region"),
    [
        ("https://news.example.ru/a", "en", "RU"),
        ("https://новости.xn--p1ai/a", None, "RU"),
        ("https://news.example.by/a", "ru", "BY"),
        ("https://news.example.co.uk/a", None, "GB"),
        ("https://news.example.org/a", "ru-RU", "RU"),
        ("https://news.example.org/a", "kk", "KZ"),
        ("https://news.example.org/a", "en", None),
        ("http://10.0.0.1/a", None, None),
    ],
)
def test_the_country_is_the_site_s(url: str, language: str | None, region: str | None) -> None:
    assert region_of(url, language) == region


def test_numbers_in_prose_stay_and_those_of_contacts_do_not() -> None:
    story = "Приём заявок идёт по телефону 8 (495) 123-45-67 до конца мая, сообщили в мэрии. " * 4
    page = (
        f"<html lang='ru'><body><article><h1>Мост</h1><p>{story}</p><p>{story}</p>"
        "<h3>Контакты</h3><p>Анна Полевая, пресс-секретарь<br>8 (495) 123-45-67, доб. 5<br>"
        "press@news.example</p></article></body></html>"
    )
    document = extract_article(page.encode(), None, "https://news.example/story").document
    (contacts,) = (block for block in document.blocks if isinstance(block, Contacts))
    assert any(span.link == "tel:+74951234567" for line in contacts.lines for span in line)
    assert "8 (495) 123-45-67 до конца мая" in document.plain_text()


def test_no_more_lines_are_searched_than_people_read() -> None:
    lines = tuple((Span(f"8 (495) 123-45-67 , {'а 12 ' * 150}"),) for _ in range(1500))

    started = time.process_time()
    [found] = all_with_phones([Contacts("Контакты", lines)], "RU")

    assert time.process_time() - started < 5
    assert any(span.link for span in found.lines[0])
    assert found.lines[-1] == lines[-1]
