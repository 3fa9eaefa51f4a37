"""Rich messages sent as HTML: the same blocks come of it, and what is broken is refused."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.telegram import Person, Telegram
from tests.sandbox.telegram.wires import Raw

Json = dict[str, Any]

IMAGE = '<img src="https://example.org/a.jpg">'


async def blocks_of(raw: Raw, anna: Person, html: str, **more: Any) -> list[Json]:
    rich = {"html": html, **more}
    status, envelope = await raw("sendRichMessage", json={"chat_id": anna.id, "rich_message": rich})
    assert status == 200, envelope
    blocks: list[Json] = envelope["result"]["rich_message"]["blocks"]
    return blocks


def paragraph(text: Any) -> Json:
    return {"type": "paragraph", "text": text}


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("просто", "просто"),
        ("<p> раз \n два </p>", "раз два"),
        ("раз<br> два", "раз\nдва"),
        (
            "<b>раз</b> <em>два</em>",
            [{"type": "bold", "text": "раз"}, " ", {"type": "italic", "text": "два"}],
        ),
        ("1 &lt; 2 &amp; &nbsp;&mdash; &copy; &#8212; &", "1 < 2 & \xa0— &copy; — &"),
        ("раз <b>два </b>", ["раз ", {"type": "bold", "text": "два"}]),
        (
            '<a href="https://example.org/?a=1&b=2">сайт</a>',
            {"type": "url", "url": "https://example.org/?a=1&b=2", "text": "сайт"},
        ),
        (
            '<a href="mailto:a@example.org">почта</a>',
            {"type": "email_address", "email_address": "a@example.org", "text": "почта"},
        ),
        (
            '<a href="tel:+70000000000">звонок</a>',
            {"type": "phone_number", "phone_number": "+70000000000", "text": "звонок"},
        ),
        (
            '<a name="низ">раз</a> <a href="#низ">вниз</a>',
            [
                {"type": "anchor", "name": "низ"},
                "раз ",
                {"type": "anchor_link", "anchor_name": "низ", "text": "вниз"},
            ],
        ),
        (
            '<tg-time unix="1790000000" format="wDT">тогда</tg-time>',
            {
                "type": "date_time",
                "unix_time": 1790000000,
                "date_time_format": "wDT",
                "text": "тогда",
            },
        ),
        (
            "<mark>H<sub>2</sub>O</mark><sup>1</sup><tg-spoiler><code>x</code></tg-spoiler>",
            [
                {"type": "marked", "text": ["H", {"type": "subscript", "text": "2"}, "O"]},
                {"type": "superscript", "text": "1"},
                {"type": "spoiler", "text": {"type": "code", "text": "x"}},
            ],
        ),
    ],
)
async def test_text(raw: Raw, anna: Person, html: str, text: Any) -> None:
    assert await blocks_of(raw, anna, html) == [paragraph(text)]


@pytest.mark.parametrize(
    ("kind", "tags"),
    [
        ("bold", "b strong"),
        ("italic", "i em"),
        ("underline", "u ins"),
        ("strikethrough", "s strike del"),
    ],
)
async def test_tags_of_one_style(raw: Raw, anna: Person, kind: str, tags: str) -> None:
    (block,) = await blocks_of(raw, anna, "".join(f"<{tag}>а</{tag}>" for tag in tags.split()))

    assert block == paragraph([{"type": kind, "text": "а"} for _ in tags.split()])


async def test_simple_blocks(raw: Raw, anna: Person) -> None:
    blocks = await blocks_of(
        raw,
        anna,
        "до <h1>Мост</h1> <h6>мелко</h6><hr/>"
        '<pre>a\n  b</pre><pre><code class="language-python">print( 1 )</code></pre>'
        '<a name="низ"></a><footer>Редакция</footer> после',
    )

    assert blocks == [
        paragraph("до"),
        {"type": "heading", "text": "Мост", "size": 1},
        {"type": "heading", "text": "мелко", "size": 6},
        {"type": "divider"},
        {"type": "pre", "text": "a\n  b"},
        {"type": "pre", "text": "print( 1 )", "language": "python"},
        {"type": "anchor", "name": "низ"},
        {"type": "footer", "text": "Редакция"},
        paragraph("после"),
    ]


async def test_lists(raw: Raw, anna: Person) -> None:
    points, numbers, backwards = await blocks_of(
        raw,
        anna,
        '<ul><li><input type="checkbox" checked> раз</li><li><input type="checkbox">два</li>'
        "<li>три<ul><li>внутри</li></ul></li></ul>"
        '<ol start="4" type="a"><li>а</li><li value="9" type="I">б</li><li>в</li></ol>'
        "<ol reversed><li>а</li><li>б</li></ol>",
    )

    boxes = [(i.get("has_checkbox"), i.get("is_checked")) for i in points["items"]]
    assert boxes == [(True, True), (True, None), (None, None)]
    assert points["items"][0]["blocks"] == [paragraph("раз")]
    assert [block["type"] for block in points["items"][2]["blocks"]] == ["paragraph", "list"]
    assert [item["label"] for item in numbers["items"]] == ["d.", "IX.", "j."]
    assert [item["label"] for item in backwards["items"]] == ["2.", "1."]


async def test_quotes_and_details(raw: Raw, anna: Person) -> None:
    blocks = await blocks_of(
        raw,
        anna,
        "<blockquote><p>Стоит!</p><cite>Инженер</cite></blockquote>"
        "<blockquote collapsed>Долго <b>и</b> много<cite>Он</cite></blockquote>"
        "<aside>Держит!<cite>Она</cite></aside>"
        "<details open><summary>Ещё</summary><p>внутри</p></details>"
        "<details><summary>И ещё</summary>внутри</details>",
    )

    inside = [paragraph("внутри")]
    assert blocks == [
        {"type": "blockquote", "blocks": [paragraph("Стоит!")], "credit": "Инженер"},
        {
            "type": "expandable_blockquote",
            "text": ["Долго ", {"type": "bold", "text": "и"}, " много"],
            "credit": "Он",
        },
        {"type": "pullquote", "text": "Держит!", "credit": "Она"},
        {"type": "details", "summary": "Ещё", "blocks": inside, "is_open": True},
        {"type": "details", "summary": "И ещё", "blocks": inside},
    ]


async def test_tables(raw: Raw, anna: Person) -> None:
    (table,) = await blocks_of(
        raw,
        anna,
        "<table bordered striped compact><caption>Числа</caption>"
        '<tr><th colspan="2">год</th></tr>'
        '<tr><td align="right" valign="middle" rowspan="2">1</td><td></td></tr></table>',
    )

    plain = {"align": "left", "valign": "top"}
    assert table == {
        "type": "table",
        "cells": [
            [{"text": "год", "is_header": True, "colspan": 2, **plain}],
            [
                {"text": "1", "align": "right", "valign": "middle", "rowspan": 2},
                {"text": "", **plain},
            ],
        ],
        "caption": "Числа",
        "is_bordered": True,
        "is_striped": True,
        "is_compact": True,
    }


async def test_pictures(raw: Raw, anna: Person) -> None:
    media = [{"id": "cover", "media": {"type": "photo", "media": "https://example.org/b.jpg"}}]
    alone, framed, named = await blocks_of(
        raw,
        anna,
        f"{IMAGE}<figure>{IMAGE}<figcaption>Вид<cite>Фото</cite></figcaption></figure>"
        '<figure><img src="tg://photo?id=cover" tg-spoiler></figure>',
        media=media,
    )

    assert alone["photo"][-1]["file_id"] == framed["photo"][-1]["file_id"] == "photo-1"
    assert framed["caption"] == {"text": "Вид", "credit": "Фото"}
    assert (named["photo"][-1]["file_id"], named["has_spoiler"]) == ("photo-2", True)


async def test_ids_of_media(raw: Raw, anna: Person) -> None:
    media = [{"id": "обложка", "media": {"type": "photo", "media": "https://example.org/b.jpg"}}]
    rich = {"html": "раз", "media": media}
    status, _ = await raw("sendRichMessage", json={"chat_id": anna.id, "rich_message": rich})

    assert status == 400


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        "<thead><tr></tr></thead>",
        '<p class="lead">а</p>',
        "<b>а",
        "<b>а</i>",
        "а</p>",
        "а</div><div>б",
        "<!-- а -->",
        "а\0б",
        "<b><p>а</p></b>",
        "<blockquote collapsed><ul><li>а</li></ul></blockquote>",
        "<li>а</li>",
        "<ul>а<li>б</li></ul>",
        "<ul><li>а <input type=checkbox></li></ul>",
        '<ol start="раз"><li>а</li></ol>',
        "<details>а</details>",
        "<figure><p>а</p></figure>",
        "<table><tr><td>а</td></tr><caption>б</caption></table>",
        '<code class="language-python">а</code>',
        "<tg-time>а</tg-time>",
        '<a href="">а</a>',
        '<img src="/a.jpg">',
        '<img src="tg://photo?id=cover">',
        "<p></p>",
        "<b>" * 60 + "а" + "</b>" * 60,
        "<b>" * 2000 + "а" + "</b>" * 2000,
    ],
)
async def test_html_that_telegram_would_not_take(
    tg: Telegram, raw: Raw, anna: Person, html: str
) -> None:
    rich = {"html": html}
    status, _ = await raw("sendRichMessage", json={"chat_id": anna.id, "rich_message": rich})

    assert (status, anna.messages) == (400, [])
    assert [violation.kind for violation in tg.violations] == ["content"]


@pytest.mark.parametrize(
    "rich",
    [
        {"html": '<video src="https://example.org/a.mp4"></video>'},
        {"html": "<tg-map></tg-map>"},
        {"html": "<tg-button-row></tg-button-row>"},
        {"markdown": "# раз"},
    ],
)
async def test_what_is_not_emulated_is_refused_by_name(
    tg: Telegram, raw: Raw, anna: Person, rich: Json
) -> None:
    status, envelope = await raw("sendRichMessage", json={"chat_id": anna.id, "rich_message": rich})

    assert status == 400
    assert "not emulated" in envelope["description"]
    assert [violation.kind for violation in tg.violations] == ["contract"]
