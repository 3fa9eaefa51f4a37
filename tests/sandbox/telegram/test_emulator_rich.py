"""Rich messages sent as blocks: kept whole, held to Telegram's limits, refused where unknown."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aiogram import Bot
from aiogram.types import (
    BufferedInputFile,
    InputMediaPhoto,
    InputRichBlockBlockQuotation,
    InputRichBlockDetails,
    InputRichBlockList,
    InputRichBlockListItem,
    InputRichBlockParagraph,
    InputRichBlockPhoto,
    InputRichBlockSectionHeading,
    InputRichBlockTable,
    InputRichMessage,
    RichBlockCaption,
    RichBlockDetails,
    RichBlockList,
    RichBlockPhoto,
    RichBlockTable,
    RichBlockTableCell,
    RichTextBold,
)

from sandbox.telegram import Person, Picture, Telegram
from tests.sandbox.telegram.wires import PNG, Raw, Refused

Json = dict[str, Any]


def paragraph(text: Any = "Мост открыт") -> Json:
    return {"type": "paragraph", "text": text}


def cell(text: Any = "а", **more: Any) -> Json:
    return {"text": text, "align": "left", "valign": "top", **more}


def photo(media: str = "https://example.org/a.jpg", **more: Any) -> Json:
    return {"type": "photo", "photo": {"type": "photo", "media": media, **more}}


def nested(levels: int) -> Json:
    block = paragraph()
    for _ in range(levels - 1):
        block = {"type": "blockquote", "blocks": [block]}
    return block


async def send(raw: Raw, anna: Person, *blocks: Json, **more: Any) -> tuple[int, Json]:
    rich = {"blocks": list(blocks), **more}
    return await raw("sendRichMessage", json={"chat_id": anna.id, "rich_message": rich})


async def test_every_kind_of_block_comes_back(raw: Raw, anna: Person) -> None:
    blocks: list[Json] = [
        {"type": "heading", "text": "Мост", "size": 1},
        paragraph(["Открыт ", {"type": "bold", "text": "вчера"}]),
        {"type": "pre", "text": "print(1)", "language": "python"},
        {"type": "divider"},
        {"type": "anchor", "name": "конец"},
        {"type": "blockquote", "blocks": [paragraph()], "credit": "Инженер"},
        {"type": "expandable_blockquote", "text": "Долго", "credit": "Инженер"},
        {"type": "pullquote", "text": "Стоит!", "credit": "Инженер"},
        {"type": "details", "summary": "Ещё", "blocks": [paragraph()], "is_open": True},
        {
            "type": "table",
            "cells": [[cell(is_header=True, colspan=2)], [cell(align="right"), cell(rowspan=1)]],
            "caption": "Числа",
            "is_bordered": True,
            "is_striped": True,
        },
        {
            "type": "buttons",
            "buttons": [{"text": "Сайт", "url": "https://example.org", "style": "primary"}],
            "align": "center",
        },
        {"type": "footer", "text": "Редакция"},
    ]

    status, envelope = await send(raw, anna, *blocks, is_rtl=True)

    assert status == 200
    assert envelope["result"]["rich_message"] == {"blocks": blocks, "is_rtl": True}
    assert anna.messages[-1].content["rich_message"]["blocks"] == blocks


async def test_aiogram_reads_what_comes_back(tg: Telegram, bot: Bot, anna: Person) -> None:
    upload = BufferedInputFile(PNG, "мост.png")
    sent = await bot.send_rich_message(
        anna.id,
        InputRichMessage(
            blocks=[
                InputRichBlockSectionHeading(text="Мост", size=2),
                InputRichBlockPhoto(
                    photo=InputMediaPhoto(media=upload, has_spoiler=True),
                    caption=RichBlockCaption(text="Вид с берега", credit="Фото редакции"),
                ),
                InputRichBlockList(
                    items=[
                        InputRichBlockListItem(
                            blocks=[InputRichBlockParagraph(text="раз")],
                            has_checkbox=True,
                            is_checked=True,
                        )
                    ]
                ),
                InputRichBlockTable(
                    cells=[[RichBlockTableCell(text="а", align="left", valign="top")]]
                ),
                InputRichBlockDetails(
                    summary=RichTextBold(text="Ещё"),
                    blocks=[InputRichBlockBlockQuotation(blocks=[])],
                    is_open=False,
                ),
            ]
        ),
    )

    assert sent.rich_message is not None
    _, picture, points, table, details = sent.rich_message.blocks
    assert isinstance(picture, RichBlockPhoto)
    assert (picture.photo[-1].file_id, picture.has_spoiler) == ("photo-1", True)
    assert picture.caption is not None
    assert picture.caption.credit == "Фото редакции"
    assert isinstance(points, RichBlockList)
    assert (points.items[0].label, points.items[0].is_checked) == ("•", True)
    assert isinstance(table, RichBlockTable)
    assert isinstance(details, RichBlockDetails)
    assert details.is_open is None
    assert tg.picture("photo-1") == Picture(PNG, "image/png")
    assert tg.violations == []


async def test_items_are_numbered(raw: Raw, anna: Person) -> None:
    def numbered(**fields: Any) -> Json:
        return {"blocks": [paragraph()], **fields}

    items = [
        {"blocks": [paragraph()]},
        numbered(value=3),
        numbered(type="1"),
        numbered(type="a", value=28),
        numbered(type="A", value=2),
        numbered(type="i", value=9),
        numbered(type="I", value=1994),
        numbered(type="i", value=0),
    ]
    _, envelope = await send(raw, anna, {"type": "list", "items": items})

    kept = envelope["result"]["rich_message"]["blocks"][0]["items"]
    labels = [item["label"] for item in kept]
    assert labels == ["•", "3.", "4.", "ab.", "B.", "ix.", "MCMXCIV.", "0."]
    assert (kept[2]["value"], kept[2]["type"], "value" in kept[0]) == (4, "1", False)


async def test_links_are_found_in_plain_strings_only(raw: Raw, anna: Person) -> None:
    text = [
        "😀 https://example.org. ",
        {"type": "bold", "text": "#мост @anna_petrova"},
        {"type": "code", "text": "#код"},
        {"type": "url", "text": "@имя", "url": "https://example.org"},
    ]
    pre = {"type": "pre", "text": "/news"}

    _, envelope = await send(raw, anna, paragraph(text), paragraph("пиши a@example.org"), pre)
    _, bare = await send(raw, anna, paragraph(text), skip_entity_detection=True)

    first, second, third = envelope["result"]["rich_message"]["blocks"]
    assert first["text"] == [
        ["😀 ", {"type": "url", "text": "https://example.org", "url": "https://example.org"}, ". "],
        {
            "type": "bold",
            "text": [
                {"type": "hashtag", "text": "#мост", "hashtag": "#мост"},
                " ",
                {"type": "mention", "text": "@anna_petrova", "username": "anna_petrova"},
            ],
        },
        *text[2:],
    ]
    assert second["text"][1]["email_address"] == "a@example.org"
    assert third == pre
    assert bare["result"]["rich_message"]["blocks"] == [paragraph(text)]


async def test_the_plain_text_of_all_blocks(raw: Raw, anna: Person) -> None:
    item = {"blocks": [paragraph("раз"), paragraph("два")]}
    await send(
        raw,
        anna,
        {"type": "heading", "text": "Мост", "size": 1},
        paragraph(["Открыт ", {"type": "bold", "text": ["вче", {"type": "code", "text": "ра"}]}]),
        {"type": "list", "items": [item, {**item, "has_checkbox": True}]},
        {"type": "divider"},
        {"type": "blockquote", "blocks": [paragraph("Стоит!")], "credit": "Инженер"},
        {"type": "pullquote", "text": "Держит!"},
        {"type": "details", "summary": "Ещё", "blocks": [paragraph("внутри")]},
        {"type": "table", "cells": [[cell("год"), cell("числа")]], "caption": "Таблица"},
        {**photo(), "caption": {"text": "Вид", "credit": "Фото"}},
        {"type": "buttons", "buttons": [{"text": "Да", "callback_data": "да"}]},
    )

    assert anna.messages[-1].text.split("\n") == [
        "Мост",
        "Открыт вчера",
        "• раз",
        "  два",
        "☐ раз",
        "  два",
        "———",
        "> Стоит!",
        "— Инженер",
        "> Держит!",
        "▸ Ещё",
        "  внутри",
        "год | числа",
        "Таблица",
        "[▣ photo-1]",
        "Вид",
        "— Фото",
        "[Да]",
    ]


async def test_the_ledger_counts_rich_messages_by_their_text(
    tg: Telegram, raw: Raw, anna: Person
) -> None:
    """Once, the ledger saw no text in rich messages, so it never found their copies."""
    await send(raw, anna, paragraph("Мост открыт"))

    assert tg.ledger.copies("Мост") == {anna.id: 1}


@pytest.mark.parametrize(
    "blocks",
    [
        [{"type": "video", "video": {"type": "video", "media": "https://example.org/a.mp4"}}],
        [{"type": "map", "location": {"latitude": 1, "longitude": 1}}],
        [{"type": "mathematical_expression", "expression": "x"}],
        [{"type": "slideshow", "blocks": []}],
        [{"type": "thinking", "text": "…"}],
        [{"type": "village"}],
        [{"text": "без вида"}],
        [paragraph({"type": "custom_emoji", "custom_emoji_id": "1", "alternative_text": "а"})],
        [paragraph(5)],
        [{"type": "paragraph"}],
        [{"type": "heading", "text": "а", "size": "1"}],
        [{**paragraph(), "colour": "red"}],
        [photo(caption="не здесь")],
        [{"type": "table", "cells": [[{"text": "а"}]]}],
        "абзац",
    ],
)
async def test_what_is_not_known_breaks_the_contract(
    tg: Telegram, raw: Raw, anna: Person, blocks: Any
) -> None:
    status, envelope = await raw(
        "sendRichMessage", json={"chat_id": anna.id, "rich_message": {"blocks": blocks}}
    )

    assert (status, anna.messages) == (400, [])
    assert [violation.kind for violation in tg.violations] == ["contract"]
    assert "rich_message.blocks" in envelope["description"]


LIMITS = [
    ([paragraph("я" * 16384), paragraph({"type": "bold", "text": "я" * 16385})], "too long"),
    ([paragraph()] * 501, "500 blocks"),
    ([{"type": "list", "items": [{"blocks": [paragraph()]}] * 250}], "500 blocks"),
    ([{"type": "table", "cells": [[cell()]] * 500}], "500 blocks"),
    ([nested(17)], "16 levels"),
    ([photo()] * 51, "50 media"),
    ([{"type": "table", "cells": [[cell()] * 21]}], "20 fit"),
    ([{"type": "table", "cells": [[cell(rowspan=2)], [cell(colspan=20)]]}], "20 fit"),
]


@pytest.mark.parametrize(("blocks", "description"), LIMITS)
async def test_one_too_many(
    tg: Telegram, raw: Raw, anna: Person, blocks: list[Json], description: str
) -> None:
    status, envelope = await send(raw, anna, *blocks)

    assert status == 400
    assert description in envelope["description"]
    assert [violation.kind for violation in tg.violations] == ["content"]


async def test_as_many_as_there_may_be(raw: Raw, anna: Person) -> None:
    rows = [[cell(colspan=20)], *[[cell()]] * 498]
    for blocks in (
        [paragraph("я" * 32768)],
        [paragraph()] * 500,
        [{"type": "table", "cells": rows}],
        [nested(16)],
        [photo()] * 50,
    ):
        assert (await send(raw, anna, *blocks))[0] == 200


@pytest.mark.parametrize(
    "block",
    [
        {"type": "divider"},
        paragraph(""),
        {"type": "heading", "text": "а", "size": 7},
        {"type": "list", "items": []},
        {"type": "list", "items": [{"blocks": [paragraph()], "type": "б"}]},
        {"type": "table", "cells": [[]]},
        {"type": "table", "cells": [[cell(align="middle")]]},
        {"type": "table", "cells": [[cell(colspan=0)]]},
        {"type": "buttons", "buttons": []},
        {"type": "buttons", "buttons": [{"text": "а"}]},
        {"type": "buttons", "buttons": [{"text": "а", "callback_data": "я" * 33}]},
        {"type": "buttons", "buttons": [{"text": "а", "url": "localhost"}]},
        {
            "type": "buttons",
            "buttons": [{"text": "а", "url": "https://example.org", "style": "link"}],
        },
        {
            "type": "buttons",
            "buttons": [{"text": {"type": "bold", "text": "а"}, "callback_data": "б"}],
        },
        paragraph({"type": "url", "text": "а", "url": "javascript:alert(1)"}),
        paragraph({"type": "email_address", "text": "а", "email_address": "никто"}),
        paragraph({"type": "date_time", "text": "а", "unix_time": 0, "date_time_format": "x"}),
        photo("ftp://example.org/a.jpg"),
    ],
)
async def test_what_telegram_would_not_show(raw: Raw, anna: Person, block: Json) -> None:
    assert (await send(raw, anna, block))[0] == 400
    assert anna.messages == []


async def test_an_abyss_is_refused(tg: Telegram, raw: Raw, anna: Person) -> None:
    """Once, a message of hundreds of levels broke the emulator instead of being refused."""
    deep = json.dumps(nested(400))
    rich = f'{{"blocks": [{deep}]}}'

    status, envelope = await raw(
        "sendRichMessage", data={"chat_id": str(anna.id), "rich_message": rich}
    )

    assert (status, envelope["description"]) == (
        400,
        'Bad Request: "rich_message" is nested too deep',
    )
    abyss = "[" * 100_000
    assert (await raw("sendRichMessage", data=abyss, headers=JSON_BODY))[0] == 400


JSON_BODY = {"Content-Type": "application/json"}


async def test_links_to_anchors_that_are_not_there_are_noted(
    tg: Telegram, raw: Raw, anna: Person
) -> None:
    def link(name: str) -> Json:
        return {"type": "anchor_link", "text": "сюда", "anchor_name": name}

    await send(raw, anna, {"type": "anchor", "name": "низ"}, paragraph([link("низ"), link("")]))
    assert tg.notes == []
    await send(raw, anna, paragraph(link("верх")))
    assert "верх" in tg.notes[0]


async def test_a_picture_by_its_id_and_by_its_address(
    tg: Telegram, raw: Raw, bot: Bot, anna: Person
) -> None:
    await send(raw, anna, photo(), photo(), photo("photo-1"))
    sent = await bot.send_photo(anna.id, "https://example.org/a.jpg")

    blocks = anna.messages[0].content["rich_message"]["blocks"]
    assert {block["photo"][-1]["file_id"] for block in blocks} == {"photo-1"}
    assert sent.photo is not None
    assert tg.picture(sent.photo[-1].file_id) == Picture(url="https://example.org/a.jpg")
    assert tg.picture("photo-2") is None


async def test_rich_edits_are_kept_and_compared(
    raw: Raw, bot: Bot, anna: Person, refused: Refused
) -> None:
    sent = await bot.send_message(anna.id, "раз")
    which = {"chat_id": anna.id, "message_id": sent.message_id}
    rich = {"rich_message": {"blocks": [photo(), paragraph("два")]}}

    assert (await raw("editMessageText", json={**which, **rich}))[0] == 200
    assert anna.messages[-1].text == "[▣ photo-1]\nдва"
    status, envelope = await raw("editMessageText", json={**which, **rich})
    assert (status, "is not modified" in envelope["description"]) == (400, True)
    await bot.edit_message_text("раз", chat_id=anna.id, message_id=sent.message_id)
    assert "rich_message" not in anna.messages[-1].content
    assert "no caption" in await refused(
        bot.edit_message_caption(chat_id=anna.id, message_id=sent.message_id, caption="а")
    )
