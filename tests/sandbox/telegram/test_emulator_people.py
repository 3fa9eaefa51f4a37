"""The person's side: saying, seeing, pressing, looking up, and how a chat prints."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiogram import Bot, Dispatcher
from aiogram.types import (
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQuery,
    InlineQueryResultArticle,
    InputTextMessageContent,
    Message,
)

from sandbox.telegram import Answer, ManualClock, Person, Telegram
from sandbox.telegram.view import columns, wrap
from tests.sandbox.telegram.wires import Raw, Refused

STALE = "Bad Request: query is too old and response timeout expired or query ID is invalid"


def keyboard() -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(
        inline_keyboard=[
            [
                InlineKeyboardButton(text="‹ Назад", callback_data="page:1"),
                InlineKeyboardButton(text="Далее ›", callback_data="page:2"),
            ],
            [
                InlineKeyboardButton(text="На сайте", url="https://example.org/1"),
                InlineKeyboardButton(text="Поделиться", switch_inline_query="мост"),
            ],
        ]
    )


@pytest.fixture
async def running(bot: Bot) -> AsyncIterator[None]:
    """A small bot that shows news in pages and answers inline queries."""
    dispatcher = Dispatcher()

    @dispatcher.message()
    async def start(message: Message) -> None:
        await message.answer("Новости", reply_markup=keyboard())

    @dispatcher.callback_query()
    async def page(query: CallbackQuery) -> None:
        assert isinstance(query.message, Message)
        await query.message.edit_text(f"Новости, {query.data}", reply_markup=keyboard())
        await query.answer("Готово", show_alert=query.data == "page:2")

    @dispatcher.inline_query()
    async def look(query: InlineQuery) -> None:
        content = InputTextMessageContent(message_text=query.query)
        result = InlineQueryResultArticle(id="1", title="Мост", input_message_content=content)
        await query.answer([result], cache_time=10, is_personal=True, next_offset="20")

    polling = asyncio.create_task(
        dispatcher.start_polling(bot, handle_signals=False, close_bot_session=False)
    )
    yield
    await dispatcher.stop_polling()
    await polling


async def test_a_conversation(tg: Telegram, running: None) -> None:
    anna = tg.person("Анна", language="ru")

    said = await anna.say("/start")
    shown = await anna.sees("Новости")
    answer = await anna.press(shown, "Далее")
    turned = await anna.sees(lambda view: view.edited)

    assert said.entities == ({"type": "bot_command", "offset": 0, "length": 6},)
    assert answer == Answer("Готово", alert=True)
    assert (turned.id, turned.text) == (shown.id, "Новости, page:2")
    assert (await anna.press(turned, "page:1")).alert is False
    await tg.settled()
    assert tg.violations == []


async def test_buttons_that_are_no_callbacks(tg: Telegram, running: None) -> None:
    anna = tg.person("Анна")
    await anna.say("/start")
    shown = await anna.sees("Новости")

    assert await anna.press(shown, "На сайте") == Answer(url="https://example.org/1")
    assert await anna.press(shown, "Поделиться") == Answer(query="мост")
    with pytest.raises(LookupError, match="no button 'Вперёд'"):
        await anna.press(shown, "Вперёд")
    with pytest.raises(LookupError, match="no callback"):
        anna.tap(shown, "На сайте")


async def test_inline(tg: Telegram, anna: Person, running: None) -> None:
    found = await anna.looks_up("мост")

    assert (found.results[0]["title"], found.next_offset) == ("Мост", "20")
    assert (found.personal, found.cache_time) == (True, 10)


@pytest.mark.parametrize(
    ("results", "description"),
    [
        ([{"type": "article", "id": str(n)} for n in range(51)], "RESULTS_TOO_MUCH"),
        ([{"type": "article", "id": ""}], "RESULT_ID_INVALID"),
        ([{"type": "article", "id": "1"}] * 2, "RESULT_ID_DUPLICATE"),
        ([{"type": "article", "id": "1"}], "can't parse inline query result"),
        (
            [
                {
                    "type": "article",
                    "id": "1",
                    "title": "Мост",
                    "input_message_content": {"message_text": "я" * 4097},
                }
            ],
            "message is too long",
        ),
    ],
)
async def test_inline_results_that_are_none(
    raw: Raw, results: list[dict[str, Any]], description: str
) -> None:
    body = {"inline_query_id": "1", "results": results}

    status, envelope = await raw("answerInlineQuery", json=body)

    assert status == 400
    assert description in envelope["description"]


async def test_a_group_presses_too(tg: Telegram, anna: Person, running: None) -> None:
    group = tg.group("Город", [anna])
    await anna.say("/news", chat=group)
    shown = await group.sees("Новости")

    await anna.press(shown, "Далее")

    assert (await group.sees("page:2")).id == shown.id


async def test_sees_waits_for_what_is_new(bot: Bot, anna: Person) -> None:
    await bot.send_message(anna.id, "старое")
    anna.mark()
    waiting = asyncio.create_task(anna.sees("о"))
    await bot.send_message(anna.id, "новое")

    assert (await waiting).text == "новое"
    await anna.say("а дальше?")
    with pytest.raises(TimeoutError, match="новое"):
        await anna.sees("новое", timeout=0.05)


async def test_the_latest_change_is_seen_first(bot: Bot, anna: Person) -> None:
    first = await bot.send_message(anna.id, "раз")
    await bot.send_message(anna.id, "два")
    await bot.edit_message_text("три", chat_id=anna.id, message_id=first.message_id)

    assert (await anna.sees()).text == "три"


async def test_a_press_that_is_never_answered(bot: Bot, anna: Person) -> None:
    await bot.send_message(anna.id, "раз", reply_markup=keyboard())

    with pytest.raises(TimeoutError, match="never answered the press of 'Далее ›'"):
        await anna.press(anna.messages[-1], "Далее", timeout=0.05)


async def test_a_query_is_answered_once_and_soon(
    tg: Telegram, bot: Bot, anna: Person, clock: ManualClock, refused: Refused
) -> None:
    await bot.send_message(anna.id, "раз", reply_markup=keyboard())
    shown = anna.messages[-1]
    first, second = anna.tap(shown, "Далее"), anna.tap(shown, "Далее")

    await bot.answer_callback_query(first.id, text="да")
    assert first.answer is not None
    assert await refused(bot.answer_callback_query(first.id)) == STALE
    clock.advance(16)
    assert await refused(bot.answer_callback_query(second.id)) == STALE
    assert await refused(bot.answer_callback_query("99")) == STALE
    assert tg.violations == []
    description = await refused(bot.answer_callback_query(second.id, text="а" * 201))
    assert description == "Bad Request: MESSAGE_TOO_LONG"


async def test_a_press_takes_what_is_shown_as_known(bot: Bot, anna: Person) -> None:
    await bot.send_message(anna.id, "раз", reply_markup=keyboard())
    anna.tap(await anna.sees("раз"), "Далее")

    with pytest.raises(TimeoutError):
        await anna.sees("раз", timeout=0.05)


async def test_old_forged_and_orphaned_buttons(bot: Bot, anna: Person) -> None:
    sent = await bot.send_message(anna.id, "раз", reply_markup=keyboard())
    shown = anna.messages[-1]
    await bot.edit_message_text("два", chat_id=anna.id, message_id=sent.message_id)
    anna.tap(shown, "Далее")
    await bot.delete_message(anna.id, sent.message_id)
    anna.send_callback(shown, "v0:gone")

    old, orphan = [u.callback_query for u in await bot.get_updates()]

    assert old is not None
    assert isinstance(old.message, Message)
    assert (old.data, old.message.text) == ("page:2", "два")
    assert orphan is not None
    assert (orphan.data, orphan.message and orphan.message.date) == ("v0:gone", 0)


async def test_any_fields_may_be_said(tg: Telegram, bot: Bot, anna: Person) -> None:
    await anna.say_raw({"rich_message": {"blocks": [{"type": "divider"}]}, "caption": "а"})
    await anna.edit(await anna.say("рза"), "раз")

    updates = await bot.get_updates()
    assert updates[0].message is not None
    assert updates[0].message.rich_message is not None
    assert updates[2].edited_message is not None
    assert updates[2].edited_message.text == "раз"


async def test_entities_of_what_is_said(anna: Person) -> None:
    said = await anna.say("😀 /news@vestnik_test_bot https://example.org #город @anna")

    assert [(e["type"], e["offset"], e["length"]) for e in said.entities] == [
        ("bot_command", 3, 22),
        ("url", 26, 19),
        ("hashtag", 46, 6),
        ("mention", 53, 5),
    ]
    for text in ("", "   ", "а" * 4097):
        with pytest.raises(ValueError, match="1 to 4096"):
            await anna.say(text)


async def test_thousands_of_readers(tg: Telegram, bot: Bot) -> None:
    readers = tg.persons(2000)

    assert len({reader.id for reader in readers}) == 2000
    assert tg.pending_updates == 0
    await bot.send_message(readers[-1].id, "раз")


async def test_how_a_chat_prints(bot: Bot, anna: Person) -> None:
    await anna.say("/start")
    await bot.send_message(
        anna.id,
        "Открыт новый мост через реку, движение начнётся в понедельник утром 🎉",
        reply_markup=keyboard(),
        disable_notification=True,
    )

    printed = anna.transcript().split("\n")

    assert printed == [
        "      ╭─ Анна ─────────────────────────────────────────────────╮",
        "      │ /start                                                 │",
        "      ╰────────────────────────────────────────────────────────╯",
        "╭─ Вестник 🔕 ───────────────────────────────────────────╮",
        "│ Открыт новый мост через реку, движение начнётся в      │",
        "│ понедельник утром 🎉                                   │",
        "╰────────────────────────────────────────────────────────╯",
        "[         ‹ Назад          ] [         Далее ›          ]",
        "[        На сайте ↗        ] [       Поделиться ➦       ]",
    ]


def test_wrapping_by_columns() -> None:
    assert list(wrap("раз два три", 7)) == ["раз два", "три"]
    assert list(wrap("абвгдежз", 3)) == ["абв", "где", "жз"]
    assert columns("漢字") == 4
    assert columns("й") == columns("и\u0306") == 1
