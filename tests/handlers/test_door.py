"""A hostile message holds nobody up: rich text nested deep, on which aiogram works for minutes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from aiogram.types import Update

from bot.telegram.session import safe_loads
from sandbox.telegram import Person, Telegram
from tests.handlers.house import House

STYLES = ("bold", "italic", "underline", "strikethrough", "spoiler", "marked", "code")


def nested(depth: int) -> dict[str, Any]:
    """The body of a rich message whose text is styled so many times over."""
    text: Any = "слово"
    for level in range(depth):
        text = {"type": STYLES[level % len(STYLES)], "text": text}
    return {"blocks": [{"type": "paragraph", "text": text}]}


def arrival(depth: int) -> str:
    """An update with such a message, as Telegram would send it."""
    who = {"id": 1, "is_bot": False, "first_name": "А"}
    chat = {"id": 1, "type": "private", "first_name": "А"}
    message = {"message_id": 1, "date": 0, "chat": chat, "from": who, "rich_message": nested(depth)}
    return json.dumps({"update_id": 1, "message": message})


def work(loads: Callable[[str], Any], depth: int) -> float:
    """Seconds of the processor that reading such an update takes, the best of three."""
    text = arrival(depth)
    taken = []
    for _ in range(3):
        begun = time.process_time()
        Update.model_validate(loads(text))
        taken.append(time.process_time() - begun)
    return min(taken)


def test_the_stall_exists_and_reading_safely_ends_it() -> None:
    work(json.loads, 1)  # what is built only once
    unsafe = work(json.loads, 4)
    # Each level more is many times the work; where this fails, aiogram has mended it.
    assert unsafe > 5 * work(json.loads, 3)
    # Telegram allows 16 levels.
    assert work(safe_loads, 16) < unsafe / 20


def test_a_rich_body_is_taken_out_wherever_it_stands() -> None:
    told = json.loads(arrival(3))["message"]
    assert safe_loads(json.dumps({"a": [{"reply_to_message": told}], "rich_message": 1})) == {
        "a": [{"reply_to_message": told | {"rich_message": {"blocks": []}}}],
        "rich_message": {"blocks": []},
    }
    assert safe_loads(b'{"text": "rich_message"}') == {"text": "rich_message"}


async def test_a_nested_rich_message_delays_nobody(
    house: House, anna: Person, boris: Person, tg: Telegram
) -> None:
    await house.publish("Ледоход")
    for depth in (6, 16):
        await anna.say_raw({"rich_message": nested(depth)})
    inner = {"message_id": 1, "date": 0, "chat": anna.chat.json(), "rich_message": nested(16)}
    await anna.say_raw({"text": "/help", "reply_to_message": inner})
    await anna.say_raw(
        {"text": "привет", "external_reply": {"origin": {}}, "pinned_message": inner}
    )
    shown = await house.shows(boris, "/news")
    assert "Ледоход" in shown.labels[0]
    await anna.sees("Что я умею")
    assert sum("Не понимаю" in message.text for message in tg.ledger.messages(anna.id)) >= 2
    assert "spoiler" not in str(await house.rows("SELECT body FROM incoming"))
    assert tg.violations == []


async def test_a_press_on_a_message_that_answers_a_rich_one_delays_nobody(
    house: House, anna: Person, boris: Person, tg: Telegram
) -> None:
    group = tg.group("Двор", [anna, boris], bot_is_admin=True)
    rich = await anna.say_raw({"rich_message": nested(16)}, chat=group)
    await anna.say("/help", chat=group, reply_to=rich)
    shown = await group.sees("Что я умею")
    await boris.press(shown, "📰 Новости")
    await group.sees("Здесь пока ничего не опубликовано")
    assert tg.violations == []
