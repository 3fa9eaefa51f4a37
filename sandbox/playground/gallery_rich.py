"""Two rich messages for the chat of samples: a long read made of blocks, a short one of HTML."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

_HTML = """\
<h2>Библиотека переезжает</h2>
<p>С <tg-time unix="1790000000" format="D">21 сентября</tg-time> читальный зал Каменного Бора \
работает в <b>старом депо</b>. Выставку <i>«Рельсы и книги»</i> можно смотреть \
<mark>бесплатно</mark>.</p>
<figure><img src="{picture}"><figcaption>Так выглядит новый вход<cite>Фото редакции</cite>\
</figcaption></figure>
<ol><li>Возьмите паспорт.</li><li>Запишитесь на входе.</li>\
<li>Выбирайте: на полках <s>девять</s> одиннадцать тысяч книг.</li></ol>
<blockquote>Поезд ушёл, а книги остались.<cite>Заведующая читальным залом</cite></blockquote>
<table bordered><tr><th>День</th><th align="right">Часы</th></tr>\
<tr><td>Вторник — пятница</td><td align="right">11–19</td></tr>\
<tr><td>Суббота</td><td align="right">10–16</td></tr></table>
<details><summary>Как доехать</summary><p>Автобус 4 до остановки «Депо», дальше пешком \
пять минут вдоль рельсов.</p></details>
<footer>Записала <a href="https://example.org/biblioteka">редакция «Города вместе»</a></footer>
"""


def short_read(picture_url: str) -> Json:
    """An InputRichMessage in HTML with a picture by its address."""
    address = picture_url.replace("&", "&amp;").replace('"', "&quot;")
    return {"html": _HTML.format(picture=address), "skip_entity_detection": True}


def long_read(picture_url: str) -> Json:
    """An InputRichMessage in blocks with a picture by its address."""
    return {"blocks": [*_opening(picture_url), *_plan(), *_numbers(), *_voices(), *_end()]}


def _opening(picture_url: str) -> list[Json]:
    return [
        {"type": "anchor", "name": "начало"},
        _heading("Сквер у старой мельницы", 1),
        _paragraph(
            "Жители Светлореченска ",
            _styled("bold", "за одно лето"),
            " превратили пустырь в сквер. Рассказываем, ",
            _styled("italic", "кто это придумал"),
            ", сколько стоило и что ",
            {"type": "anchor_link", "text": "осталось сделать", "anchor_name": "планы"},
            ".",
        ),
        {
            "type": "photo",
            "photo": {"type": "photo", "media": picture_url},
            "caption": {"text": "Сквер в день открытия", "credit": "Фото редакции"},
        },
        _heading("Как всё устроено", 2),
        _list(
            _item(_styled("bold", "Дорожки"), " из переработанного кирпича"),
            _item(_styled("bold", "Навес"), ", под которым помещается сто человек"),
            _item(_styled("bold", "Пруд"), ", воды в нём — 40 м", _styled("superscript", "3")),
        ),
    ]


def _plan() -> list[Json]:
    return [
        {"type": "anchor", "name": "планы"},
        _heading("Что сделано и что осталось", 2),
        _list(
            _item("Разобрать завалы", has_checkbox=True, is_checked=True),
            _item("Посадить 64 липы", has_checkbox=True, is_checked=True),
            _item("Провести свет", has_checkbox=True),
        ),
        _paragraph("Порядок осенних работ:"),
        _list(
            _item("Столбы и кабель", value=1),
            _item("Фонари, по два на дорожку", value=2),
            _item(
                "Пробное включение ",
                {
                    "type": "date_time",
                    "text": "21 сентября",
                    "unix_time": 1_790_000_000,
                    "date_time_format": "wD",
                },
                value=3,
            ),
        ),
    ]


def _numbers() -> list[Json]:
    rows = [("Липы", "64", "96 000"), ("Скамейки", "18", "144 000"), ("Фонари", "12", "—")]
    head = [_cell(name, is_header=True) for name in ("Что", "Сколько", "Рублей")]
    body = [[_cell(first), *(_cell(other, "right") for other in rest)] for first, *rest in rows]
    total = [_cell(_styled("bold", "Всего"), colspan=2), _cell("240 000", "right")]
    return [
        _heading("Деньги", 2),
        {
            "type": "table",
            "cells": [head, *body, total],
            "caption": "Смета на 1 сентября",
            "is_bordered": True,
            "is_striped": True,
        },
        {
            "type": "details",
            "summary": "Откуда взялись деньги",
            "blocks": [
                _paragraph("Половину дал конкурс городских инициатив, остальное собрали соседи."),
                _paragraph("Отчёт: https://example.org/otchyot"),
            ],
        },
    ]


def _voices() -> list[Json]:
    return [
        {
            "type": "pullquote",
            "text": "Мы просто вынесли во двор стол, и всё началось.",
            "credit": "Марта Лесная, соседка",
        },
        {
            "type": "blockquote",
            "blocks": [
                _paragraph("Сначала было трое. К вечеру субботы — сорок."),
                _paragraph("Лопат хватило ", _styled("underline", "не всем"), "."),
            ],
            "credit": "Арсений Вольнов, эксперт программы",
        },
        {
            "type": "expandable_blockquote",
            "text": "Из письма в редакцию. Когда я переехала сюда, на этом месте росла крапива "
            "выше меня. Дети называли его джунглями и были по-своему правы. Теперь здесь "
            "гуляют с колясками, а крапиву оставили в одном углу, для бабочек. Табличка "
            "так и говорит: «Не косить».",
            "credit": "Читательница с улицы Мельничной",
        },
    ]


def _end() -> list[Json]:
    return [
        {"type": "divider"},
        _paragraph("Загадка: сколько жерновов в пруду? ", _styled("spoiler", "Два.")),
        {"type": "pre", "text": "липы + скамейки + фонари == 94", "language": "python"},
        {
            "type": "buttons",
            "buttons": [
                {"text": "Открыть на сайте", "url": "https://example.org/skver"},
                {"text": "Скопировать адрес", "copy_text": {"text": "ул. Мельничная, 7"}},
                {"text": "Приду на субботник", "callback_data": "gallery:come"},
            ],
            "align": "center",
        },
        _paragraph({"type": "anchor_link", "text": "Наверх", "anchor_name": "начало"}),
        {"type": "footer", "text": "Программа «Город вместе»"},
    ]


def _styled(kind: str, text: str) -> Json:
    return {"type": kind, "text": text}


def _paragraph(*parts: Any) -> Json:
    return {"type": "paragraph", "text": parts[0] if len(parts) == 1 else list(parts)}


def _heading(text: str, size: int) -> Json:
    return {"type": "heading", "text": text, "size": size}


def _list(*items: Json) -> Json:
    return {"type": "list", "items": list(items)}


def _item(*parts: Any, **fields: Any) -> Json:
    return {"blocks": [_paragraph(*parts)], **fields}


def _cell(text: Any, align: str = "left", **fields: Any) -> Json:
    return {"text": text, "align": align, "valign": "middle", **fields}
