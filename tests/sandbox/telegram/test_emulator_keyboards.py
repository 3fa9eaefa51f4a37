"""Inline keyboards: what a button must be, and how many fit."""

from __future__ import annotations

from typing import Any

import pytest
from aiogram import Bot
from aiogram.types import (
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
)

from sandbox.telegram import Person, Telegram
from sandbox.telegram.errors import ApiError
from sandbox.telegram.keyboards import read_markup
from tests.sandbox.telegram.wires import Refused

Json = dict[str, Any]


def markup(*rows: list[Json]) -> Json:
    return {"inline_keyboard": list(rows)}


def callback(data: str = "a", text: str = "Далее") -> Json:
    return {"text": text, "callback_data": data}


def refusal(*rows: list[Json]) -> str:
    with pytest.raises(ApiError) as caught:
        read_markup(markup(*rows))
    assert caught.value.breach == "content"
    return caught.value.description


def test_callback_data_is_limited_in_bytes() -> None:
    assert read_markup(markup([callback("я" * 32)]))
    assert refusal([callback("я" * 32 + "a")]) == "Bad Request: BUTTON_DATA_INVALID"


@pytest.mark.parametrize(
    ("button", "description"),
    [
        (callback(text=" "), "inline keyboard button text must be non-empty"),
        (
            {"text": "а"},
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ),
        (
            callback(""),
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ),
        (
            {"text": "а", "url": "https://example.org", "callback_data": "a"},
            "inline keyboard button has several actions: url, callback_data",
        ),
        (
            {"text": "а", "url": "ftp://example.org"},
            "inline keyboard button URL 'ftp://example.org' is invalid: Unsupported URL protocol",
        ),
        (
            {"text": "а", "url": "http://localhost"},
            "inline keyboard button URL 'http://localhost' is invalid: Wrong HTTP URL",
        ),
        ({"text": "а", "url": "mailto:press@example.org"}, "BUTTON_URL_INVALID"),
    ],
)
def test_buttons_that_cannot_work(button: Json, description: str) -> None:
    assert refusal([button]) == f"Bad Request: {description}"


@pytest.mark.parametrize(
    "button",
    [
        {"text": "а", "url": "https://example.org/news?id=1"},
        {"text": "а", "url": "tg://resolve?domain=vestnik"},
        {"text": "а", "switch_inline_query": ""},
        {"text": "а", "switch_inline_query_current_chat": ""},
        {"text": "а", "copy_text": {"text": "а"}},
    ],
)
def test_buttons_that_work(button: Json) -> None:
    assert read_markup(markup([button])) == markup([button])


def test_how_many_fit() -> None:
    row = [callback()] * 8

    assert read_markup(markup(*[row] * 12))
    assert "a row of 9" in refusal([*row, callback()])
    assert refusal(*[row] * 13) == "Bad Request: reply markup is too long"
    assert refusal(*[[callback(text="я" * 200)]] * 30) == "Bad Request: reply markup is too long"


def test_empty_rows_are_no_keyboard() -> None:
    assert read_markup(markup([])) is None
    assert read_markup(markup([], [callback()])) == markup([callback()])


async def test_the_bot_hears_of_it(tg: Telegram, bot: Bot, anna: Person, refused: Refused) -> None:
    button = InlineKeyboardButton(text="а", callback_data="я" * 33)
    keyboard = InlineKeyboardMarkup(inline_keyboard=[[button]])

    description = await refused(bot.send_message(anna.id, "раз", reply_markup=keyboard))

    assert description == "Bad Request: BUTTON_DATA_INVALID"
    assert tg.violations[0].description == description


@pytest.mark.parametrize(
    "other",
    [
        ReplyKeyboardMarkup(keyboard=[[KeyboardButton(text="а")]], resize_keyboard=True),
        ReplyKeyboardRemove(),
        ForceReply(input_field_placeholder="а"),
    ],
)
async def test_other_markup_is_taken_and_shows_no_inline_buttons(
    bot: Bot,
    anna: Person,
    refused: Refused,
    other: ReplyKeyboardMarkup | ReplyKeyboardRemove | ForceReply,
) -> None:
    sent = await bot.send_message(anna.id, "раз", reply_markup=other)

    assert anna.messages[-1].buttons == ()
    edit = bot.edit_message_text("два", chat_id=anna.id, message_id=sent.message_id)
    assert await refused(edit) == "Bad Request: message can't be edited"
