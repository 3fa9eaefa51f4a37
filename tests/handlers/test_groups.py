"""Groups: silence unless addressed, administrators decide, topics apart, supergroups followed."""

from __future__ import annotations

import pytest

from sandbox.telegram import Group, MessageView, Person, Refusal, Telegram
from tests.handlers.house import House

ANONYMOUS = {
    "id": 1087968824,
    "is_bot": True,
    "first_name": "Group",
    "username": "GroupAnonymousBot",
}
ONLY_ADMINISTRATORS = "В группе это могут менять только администраторы."


@pytest.fixture
async def sections(house: House) -> None:
    for title in ("Город", "Спорт"):
        await house.publish(f"О разном: {title}", section=title)


@pytest.fixture
async def group(house: House, tg: Telegram, anna: Person, boris: Person) -> Group:
    """Anna owns it; Boris is a member."""
    return await greeted(tg.group("Двор", [anna, boris]))


async def greeted(group: Group) -> Group:
    """The group, once the bot has said who it is."""
    await group.sees("Здравствуйте")
    group.mark()
    return group


async def asks(
    group: Group, person: Person, said: str, thread_id: int | None = None
) -> MessageView:
    await person.say(said, chat=group, thread_id=thread_id)
    return await group.sees()


async def test_a_group_hears_who_came_and_then_nothing_unless_it_asks(
    house: House, tg: Telegram, anna: Person
) -> None:
    group = await greeted(
        tg.group("Двор", [anna], bot_is_admin=True)
    )  # so that the bot receives everything
    for said in ("Всем привет", "/nonsense", "/nonsense@vestnik_test_bot", "/start@other_bot"):
        await anna.say(said, chat=group)
    await anna.say_raw({"new_chat_title": "Наш двор"}, chat=group)
    await anna.say_raw({"dice": {"emoji": "🎲", "value": 3}}, chat=group)
    assert "Что я умею" in (await asks(group, anna, "/help@vestnik_test_bot")).text
    assert len(tg.ledger.messages(group.id)) == 2
    assert tg.violations == []


@pytest.mark.usefixtures("sections")
async def test_anybody_in_a_group_may_read(
    house: House, group: Group, boris: Person, tg: Telegram
) -> None:
    shown = await asks(group, boris, "/news@vestnik_test_bot")
    await boris.press(shown, "О разном: Город")
    assert "Абзац 1." in (await group.sees()).text
    assert tg.ledger.messages(boris.id) == []
    assert tg.violations == []


@pytest.mark.usefixtures("sections")
async def test_only_administrators_change_what_comes_to_a_group(
    house: House, group: Group, anna: Person, boris: Person, tg: Telegram
) -> None:
    shown = await asks(group, boris, "/subscribe")
    answer = await boris.press(shown, "Город")
    assert (answer.text, answer.alert) == (ONLY_ADMINISTRATORS, True)
    assert await house.subscribed(group.id) == []
    assert (await anna.press(shown, "Город")).text == "Подписка оформлена."
    await group.sees("1 раздел")
    assert await house.subscribed(group.id) == ["Город"]
    assert await house.subscribed(anna.id) == []
    assert (await asks(group, boris, "/unsubscribe")).text == ONLY_ADMINISTRATORS
    assert await house.subscribed(group.id) == ["Город"]
    group.promote(boris)
    ended = await asks(group, boris, "/unsubscribe")
    assert await house.subscribed(group.id) == []
    group.demote(boris)
    assert (await boris.press(ended, "Вернуть")).text == ONLY_ADMINISTRATORS
    assert (await anna.press(ended, "Вернуть")).text == ""
    assert await house.subscribed(group.id) == ["Город"]
    assert tg.violations == []


@pytest.mark.usefixtures("sections")
async def test_an_anonymous_administrator_may(house: House, tg: Telegram, anna: Person) -> None:
    group = await greeted(tg.group("Двор", [anna], supergroup=True))
    shown = await asks(group, anna, "/subscribe")
    await anna.press(shown, "Подписаться на всё")
    await group.sees("2 раздела")
    as_group = {"from": ANONYMOUS, "sender_chat": group.chat.json()}
    await anna.say_raw({"text": "/unsubscribe"} | as_group, chat=group)
    assert "Подписка отменена" in (await group.sees()).text
    assert await house.subscribed(group.id) == []
    assert tg.violations == []


@pytest.mark.usefixtures("sections")
async def test_who_speaks_as_a_channel_may_not(
    house: House, tg: Telegram, anna: Person, boris: Person
) -> None:
    group = await greeted(tg.group("Двор", [anna, boris], supergroup=True))
    channel = tg.channel("Чужой канал", boris)
    shown = await asks(group, anna, "/subscribe")
    await anna.press(shown, "Подписаться на всё")
    as_channel = {"sender_chat": channel.chat.json()}
    as_channel["from"] = {"id": 136817688, "is_bot": True, "first_name": "Channel"}
    await boris.say_raw({"text": "/unsubscribe"} | as_channel, chat=group)
    assert (await group.sees(ONLY_ADMINISTRATORS)).text == ONLY_ADMINISTRATORS
    assert len(await house.subscribed(group.id)) == 2
    assert tg.violations == []


@pytest.mark.usefixtures("sections")
async def test_anonymous_administrators_of_two_groups_are_not_one_person(
    house: House, tg: Telegram, anna: Person, boris: Person
) -> None:
    # Telegram gives them all one account: the flood of one once silenced all the others.
    first = await greeted(tg.group("Двор", [anna], supergroup=True))
    second = await greeted(tg.group("Сад", [boris], supergroup=True))
    loud = {"text": "/help", "from": ANONYMOUS, "sender_chat": first.chat.json()}
    for _ in range(100):
        await anna.say_raw(loud, chat=first)
    await first.sees("не так быстро")
    quiet = {"text": "/help", "from": ANONYMOUS, "sender_chat": second.chat.json()}
    await boris.say_raw(quiet, chat=second)
    assert "Что я умею" in (await second.sees()).text
    assert tg.violations == []


@pytest.mark.usefixtures("sections")
async def test_topics_of_a_forum_subscribe_apart(house: House, tg: Telegram, anna: Person) -> None:
    forum = await greeted(tg.group("Город", [anna], forum=True))
    news, sport = await forum.add_topic("Новости"), await forum.add_topic("Спорт")
    shown = await asks(forum, anna, "/subscribe", thread_id=news)
    assert shown.thread_id == news
    await anna.press(shown, "Город")
    await forum.sees("1 раздел")
    shown = await asks(forum, anna, "/subscribe", thread_id=sport)
    assert shown.thread_id == sport
    assert "▫️ Город" in shown.labels
    await anna.press(shown, "Спорт")
    await forum.sees("1 раздел")
    shown = await asks(forum, anna, "/subscribe")
    assert shown.thread_id is None
    assert await house.subscribed(forum.id, news) == ["Город"]
    assert await house.subscribed(forum.id, sport) == ["Спорт"]
    assert await house.subscribed(forum.id) == []
    assert tg.violations == []


async def test_a_group_keeps_its_language(house: House, tg: Telegram, anna: Person) -> None:
    ann = tg.person("Ann", language="en")
    group = await greeted(tg.group("Двор", [anna, ann]))
    assert "Что я умею" in (await asks(group, anna, "/help")).text
    assert "Что я умею" in (await asks(group, ann, "/help")).text
    shown = await asks(group, ann, "/language")
    assert (await ann.press(shown, "English")).text == ONLY_ADMINISTRATORS  # once, anybody might
    group.promote(ann)
    await ann.press(shown, "English")
    await group.sees("Which language")
    assert "What I can do" in (await asks(group, anna, "/help")).text
    assert tg.violations == []


@pytest.mark.usefixtures("sections")
async def test_a_group_that_becomes_a_supergroup_is_followed(
    house: House, group: Group, anna: Person, tg: Telegram
) -> None:
    shown = await asks(group, anna, "/subscribe")
    await anna.press(shown, "Город")
    await group.sees("1 раздел")
    new = await group.upgrade()
    shown = await asks(new, anna, "/subscribe")
    assert "✅ Город" in shown.labels
    assert await house.subscribed(new.id) == ["Город"]
    assert await house.subscribed(group.id) == []
    assert await house.rows("SELECT kind FROM reader WHERE chat_id = :id", id=new.id) == [
        ("supergroup",)
    ]
    assert tg.violations == []


async def test_an_answer_finds_a_group_that_has_just_moved(
    house: House, group: Group, anna: Person, tg: Telegram
) -> None:
    # The command was on its way when the group was upgraded: the answer goes to the new one.
    await asks(group, anna, "/help")
    new = await greeted(tg.group("Двор", [anna], supergroup=True))
    moved = "Bad Request: group chat was upgraded to a supergroup chat"
    tg.faults.add(
        Refusal(400, moved, {"migrate_to_chat_id": new.id}), method="sendMessage", chat_id=group.id
    )
    await anna.say("/help", chat=group)
    assert "Что я умею" in (await new.sees()).text
    assert await house.rows("SELECT chat_id FROM reader WHERE kind = 'supergroup'") == [(new.id,)]
    assert tg.violations == []


async def test_an_answer_without_a_screen_moves_too(
    house: House, group: Group, anna: Person, boris: Person, tg: Telegram
) -> None:
    # Once, what came to the new group was a lone «…».
    await asks(group, anna, "/help")
    new = await greeted(tg.group("Двор", [anna, boris], supergroup=True))
    moved = "Bad Request: group chat was upgraded to a supergroup chat"
    tg.faults.add(
        Refusal(400, moved, {"migrate_to_chat_id": new.id}), method="sendMessage", chat_id=group.id
    )
    await boris.say("/unsubscribe", chat=group)
    assert (await new.sees()).text == ONLY_ADMINISTRATORS
    assert tg.violations == []
