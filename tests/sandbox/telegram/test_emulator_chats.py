"""Where a bot may write: starts, blocks, kicks, upgrades, topics, channels."""

from __future__ import annotations

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramForbiddenError, TelegramMigrateToChat
from aiogram.types import ReplyParameters

from sandbox.telegram import Person, Telegram
from tests.sandbox.telegram.wires import Refused


async def test_nobody_is_written_to_before_they_start(
    tg: Telegram, bot: Bot, refused: Refused
) -> None:
    boris = tg.person("Борис")

    description = await refused(bot.send_message(boris.id, "раз"))
    assert description == "Forbidden: bot can't initiate conversation with a user"

    await boris.say("/start")
    await bot.send_message(boris.id, "раз")
    assert boris.messages[-1].text == "раз"
    assert tg.violations == []


async def test_who_blocked_is_not_written_to(bot: Bot, anna: Person) -> None:
    await anna.block()

    with pytest.raises(TelegramForbiddenError) as caught:
        await bot.send_message(anna.id, "раз")
    assert caught.value.message == "Forbidden: bot was blocked by the user"

    await anna.unblock()
    await bot.send_message(anna.id, "раз")
    changes = [(u.my_chat_member) for u in await bot.get_updates()]
    assert [c and c.new_chat_member.status for c in changes] == ["kicked", "member"]


async def test_writing_to_a_blocked_bot_unblocks_it(bot: Bot, anna: Person) -> None:
    await anna.block()
    await anna.say("/start")

    kinds = [u.event_type for u in await bot.get_updates()]
    assert kinds == ["my_chat_member", "my_chat_member", "message"]


async def test_deactivated_and_unknown(bot: Bot, anna: Person, refused: Refused) -> None:
    await anna.delete_account()

    assert await refused(bot.send_message(anna.id, "а")) == "Forbidden: user is deactivated"
    assert await refused(bot.send_message(5, "а")) == "Bad Request: chat not found"
    assert await refused(bot.send_message("@nobody", "а")) == "Bad Request: chat not found"
    assert await refused(bot.get_chat(5)) == "Bad Request: chat not found"


@pytest.mark.parametrize(("supergroup", "kind"), [(False, "group"), (True, "supergroup")])
async def test_kicked_and_left(
    tg: Telegram, bot: Bot, anna: Person, refused: Refused, *, supergroup: bool, kind: str
) -> None:
    group = tg.group("Город", [anna], supergroup=supergroup)
    await bot.send_message(group.id, "раз")

    await group.kick_bot()
    description = await refused(bot.send_message(group.id, "два"))
    assert description == f"Forbidden: bot was kicked from the {kind} chat"

    await group.add_bot()
    await bot.leave_chat(group.id)
    description = await refused(bot.send_message(group.id, "два"))
    assert description == f"Forbidden: bot is not a member of the {kind} chat"
    statuses = [
        u.my_chat_member.new_chat_member.status for u in await bot.get_updates() if u.my_chat_member
    ]
    assert statuses == ["member", "kicked", "member", "left"]


async def test_a_group_becomes_a_supergroup(tg: Telegram, bot: Bot, anna: Person) -> None:
    group = tg.group("Город", [anna])
    await bot.get_updates(offset=-1)

    new = await group.upgrade()

    with pytest.raises(TelegramMigrateToChat) as caught:
        await bot.send_message(group.id, "раз")
    assert caught.value.migrate_to_chat_id == new.id == group.migrated_to
    request = tg.ledger.calls("sendMessage")[0]
    assert request.description == ("Bad Request: group chat was upgraded to a supergroup chat")
    news = [u.message for u in await bot.get_updates(offset=-2)]
    assert [(m.chat.id, m.migrate_to_chat_id, m.migrate_from_chat_id) for m in news if m] == [
        (group.id, new.id, None),
        (new.id, None, group.id),
    ]
    await bot.send_message(new.id, "раз")
    assert new.messages[-1].text == "раз"
    with pytest.raises(ValueError, match="only once"):
        await group.upgrade()


async def test_topics_of_a_forum(tg: Telegram, bot: Bot, anna: Person, refused: Refused) -> None:
    forum = tg.group("Город", [anna], forum=True)
    topic = await forum.add_topic("Новости")

    sent = await bot.send_message(forum.id, "раз", message_thread_id=topic)
    assert (sent.message_thread_id, sent.is_topic_message) == (topic, True)

    await forum.close_topic(topic)
    closed = await refused(bot.send_message(forum.id, "раз", message_thread_id=topic))
    await forum.delete_topic(topic)
    gone = await refused(bot.send_message(forum.id, "раз", message_thread_id=topic))
    assert (closed, gone) == (
        "Bad Request: TOPIC_CLOSED",
        "Bad Request: message thread not found",
    )
    assert [view.text for view in forum.messages if view.own] == []


async def test_threads_where_there_are_no_topics(
    tg: Telegram, bot: Bot, anna: Person, refused: Refused
) -> None:
    group = tg.group("Город", [anna], supergroup=True)

    assert (await bot.send_message(group.id, "раз", message_thread_id=7)).message_thread_id is None
    description = await refused(bot.send_message(anna.id, "раз", message_thread_id=7))
    assert description == "Bad Request: message thread not found"


async def test_channels_need_rights(tg: Telegram, bot: Bot, anna: Person, refused: Refused) -> None:
    channel = tg.channel("Вестник города", anna, username="vestnik_city", bot_is_admin=False)

    description = await refused(bot.send_message(channel.id, "раз"))
    assert description == "Bad Request: need administrator rights in the channel chat"

    await channel.add_bot(admin=True)
    sent = await bot.send_message("@vestnik_city", "раз")
    assert (sent.sender_chat and sent.sender_chat.id, sent.from_user) == (channel.id, None)
    await bot.edit_message_text("два", chat_id=channel.id, message_id=sent.message_id)
    await channel.post("Объявление")
    posts = [u.channel_post.text for u in await bot.get_updates() if u.channel_post]
    assert posts == ["Объявление"]


async def test_a_muted_group(tg: Telegram, bot: Bot, anna: Person, refused: Refused) -> None:
    group = tg.group("Город", [anna], supergroup=True)
    group.set_mute(True)

    description = await refused(bot.send_message(group.id, "раз"))
    assert description == "Bad Request: not enough rights to send text messages to the chat"
    await group.add_bot(admin=True)
    await bot.send_message(group.id, "раз")


async def test_message_ids_are_counted_per_chat(tg: Telegram, bot: Bot) -> None:
    one, two = tg.persons(2)

    ids = [(await bot.send_message(p.id, "раз")).message_id for p in (one, two, one)]

    assert ids == [1, 1, 2]


async def test_replies(bot: Bot, anna: Person, refused: Refused) -> None:
    said = await anna.say("раз")
    sent = await bot.send_message(
        anna.id, "два", reply_parameters=ReplyParameters(message_id=said.id)
    )
    assert sent.reply_to_message is not None
    assert anna.messages[-1].reply_to == said.id

    missing = ReplyParameters(message_id=99)
    description = await refused(bot.send_message(anna.id, "два", reply_parameters=missing))
    assert description == "Bad Request: message to be replied not found"
    lenient = ReplyParameters(message_id=99, allow_sending_without_reply=True)
    await bot.send_message(anna.id, "три", reply_parameters=lenient)


async def test_what_the_bot_hears_in_a_group(tg: Telegram, bot: Bot, anna: Person) -> None:
    group = tg.group("Город", [anna])
    sent = await bot.send_message(group.id, "Новости")
    for text in (
        "просто так",
        "/news",
        "/news@vestnik_test_bot",
        "/news@other_bot",
        "эй @vestnik_test_bot",
    ):
        await anna.say(text, chat=group)
    await anna.say("ответ", chat=group, reply_to=group.message(sent.message_id))

    heard = [u.message.text for u in await bot.get_updates() if u.message and u.message.text]
    assert heard == ["/news", "/news@vestnik_test_bot", "эй @vestnik_test_bot", "ответ"]

    await group.add_bot(admin=True)
    await anna.say("просто так", chat=group)
    last = (await bot.get_updates(offset=-1))[0].message
    assert last is not None
    assert last.text == "просто так"


async def test_who_is_who(tg: Telegram, bot: Bot, anna: Person, refused: Refused) -> None:
    boris = tg.person("Борис")
    group = tg.group("Город", [anna, boris], supergroup=True)
    group.promote(boris)

    chat = await bot.get_chat(group.id)
    admins = await bot.get_chat_administrators(group.id)
    assert (chat.title, chat.type) == ("Город", "supergroup")
    assert [(a.user.id, a.status) for a in admins] == [
        (anna.id, "creator"),
        (boris.id, "administrator"),
    ]
    group.demote(boris)
    assert (await bot.get_chat_member(group.id, boris.id)).status == "member"
    assert (await bot.get_chat_member(group.id, bot.id)).status == "member"
    assert [p.name for p in group.admins] == ["Анна"]
    assert "PARTICIPANT_ID_INVALID" in await refused(bot.get_chat_member(group.id, 5))
    description = await refused(bot.get_chat_administrators(anna.id))
    assert description == "Bad Request: there are no administrators in the private chat"


async def test_chat_actions(bot: Bot, anna: Person, refused: Refused) -> None:
    assert await bot.send_chat_action(anna.id, "typing")
    description = await refused(bot.send_chat_action(anna.id, "dancing"))
    assert description == "Bad Request: wrong parameter action in request"
