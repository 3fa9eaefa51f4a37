"""Changing and deleting messages."""

from __future__ import annotations

from collections.abc import Awaitable

from aiogram import Bot
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions

from sandbox.telegram import ManualClock, Person, Telegram
from tests.sandbox.telegram.wires import Refused


def keyboard(label: str) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(
        inline_keyboard=[[InlineKeyboardButton(text=label, callback_data="a")]]
    )


async def test_an_edit_keeps_the_history(tg: Telegram, bot: Bot, anna: Person) -> None:
    sent = await bot.send_message(anna.id, "раз", reply_markup=keyboard("Далее"))
    edited = await bot.edit_message_text(
        "два", chat_id=anna.id, message_id=sent.message_id, reply_markup=keyboard("Назад")
    )

    assert not isinstance(edited, bool)
    assert edited.edit_date is not None
    view = anna.messages[-1]
    assert (view.text, view.labels, view.edited) == ("два", ("Назад",), True)
    kept = tg.ledger.messages(anna.id)[0]
    assert [version.content["text"] for version in kept.history] == ["раз", "два"]
    assert (kept.first_text, kept.text) == ("раз", "два")


async def test_an_edit_without_a_keyboard_takes_it_away(bot: Bot, anna: Person) -> None:
    sent = await bot.send_message(anna.id, "раз", reply_markup=keyboard("Далее"))
    await bot.edit_message_text("два", chat_id=anna.id, message_id=sent.message_id)

    assert anna.messages[-1].buttons == ()


async def test_the_same_again_is_not_modified(
    tg: Telegram, bot: Bot, anna: Person, refused: Refused
) -> None:
    sent = await bot.send_message(anna.id, "раз", reply_markup=keyboard("Далее"))

    description = await refused(
        bot.edit_message_text(
            " раз ", chat_id=anna.id, message_id=sent.message_id, reply_markup=keyboard("Далее")
        )
    )

    assert description == (
        "Bad Request: message is not modified: specified new message content and reply markup "
        "are exactly the same as a current content and reply markup of the message"
    )
    assert tg.violations == []


async def test_a_new_preview_is_a_change(bot: Bot, anna: Person) -> None:
    sent = await bot.send_message(anna.id, "раз")
    await bot.edit_message_text(
        "раз",
        chat_id=anna.id,
        message_id=sent.message_id,
        link_preview_options=LinkPreviewOptions(url="https://example.org/a.jpg"),
    )

    assert anna.messages[-1].image == "https://example.org/a.jpg"


async def test_only_the_keyboard(bot: Bot, anna: Person) -> None:
    sent = await bot.send_message(anna.id, "раз")
    await bot.edit_message_reply_markup(
        chat_id=anna.id, message_id=sent.message_id, reply_markup=keyboard("Далее")
    )

    assert (anna.messages[-1].text, anna.messages[-1].labels) == ("раз", ("Далее",))


async def test_what_cannot_be_edited(bot: Bot, anna: Person, refused: Refused) -> None:
    said = await anna.say("раз")
    photo = await bot.send_photo(anna.id, "https://example.org/a.jpg")
    text = await bot.send_message(anna.id, "раз")

    def edit(message_id: int) -> Awaitable[object]:
        return bot.edit_message_text("два", chat_id=anna.id, message_id=message_id)

    assert await refused(edit(99)) == "Bad Request: message to edit not found"
    assert await refused(edit(said.id)) == "Bad Request: message can't be edited"
    description = await refused(edit(photo.message_id))
    assert description == "Bad Request: there is no text in the message to edit"
    caption = bot.edit_message_caption(chat_id=anna.id, message_id=text.message_id, caption="а")
    assert await refused(caption) == "Bad Request: there is no caption in the message to edit"


async def test_deleting(tg: Telegram, bot: Bot, anna: Person, refused: Refused) -> None:
    sent = await bot.send_message(anna.id, "раз")
    await bot.delete_message(anna.id, sent.message_id)

    assert anna.messages == []
    assert anna.message(sent.message_id).deleted
    again = await refused(bot.delete_message(anna.id, sent.message_id))
    assert again == "Bad Request: message to delete not found"
    edit = bot.edit_message_text("два", chat_id=anna.id, message_id=sent.message_id)
    assert await refused(edit) == "Bad Request: message to edit not found"
    assert len(tg.ledger.messages(anna.id)) == 1


async def test_deleting_many_passes_over_what_is_gone(
    bot: Bot, anna: Person, refused: Refused
) -> None:
    ids = [(await bot.send_message(anna.id, "раз")).message_id for _ in range(3)]

    assert await bot.delete_messages(anna.id, [*ids, 99])
    assert anna.messages == []
    assert "too many" in await refused(bot.delete_messages(anna.id, list(range(1, 102))))
    assert "not specified" in await refused(bot.delete_messages(anna.id, []))


async def test_what_cannot_be_deleted(
    tg: Telegram, bot: Bot, anna: Person, clock: ManualClock, refused: Refused
) -> None:
    group = tg.group("Город", [anna])
    said = await anna.say("раз", chat=group)
    foreign = await refused(bot.delete_message(group.id, said.id))
    sent = await bot.send_message(anna.id, "раз")
    clock.advance(48 * 3600 + 1)
    old = await refused(bot.delete_message(anna.id, sent.message_id))

    assert foreign == old == "Bad Request: message can't be deleted"


async def test_copies_and_reactions(bot: Bot, anna: Person, refused: Refused) -> None:
    sent = await bot.send_message(anna.id, "раз")
    copy = await bot.copy_message(anna.id, anna.id, sent.message_id)

    assert anna.message(copy.message_id).text == "раз"
    assert await bot.set_message_reaction(anna.id, sent.message_id)
    missing = await refused(bot.copy_message(anna.id, anna.id, 99))
    assert missing == "Bad Request: message to copy not found"
