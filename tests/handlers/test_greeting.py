"""First words, help, the language, and what is answered to everything else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.model import DeliveryState, OnUnknown
from bot.storage import broadcasts, outbox
from sandbox.telegram import Person, Refusal, Telegram
from tests.handlers.house import House


async def test_start_says_who_we_are_and_opens_two_doors(house: House, tg: Telegram) -> None:
    anna = tg.person("Анна")
    shown = await house.shows(anna, "/start")
    assert "Здравствуйте! Это Вестник." in shown.text
    assert shown.labels == ("📰 Новости", "🔔 Подписаться")
    await anna.press(shown, "📰 Новости")
    assert (await anna.sees("Здесь пока ничего не опубликовано")).id == shown.id
    assert tg.violations == []


async def test_start_with_a_payload_is_a_start(house: House, anna: Person, tg: Telegram) -> None:
    assert "Здравствуйте!" in (await house.shows(anna, "/start from_the_site")).text
    assert tg.violations == []


async def test_help_names_every_command(house: House, anna: Person, tg: Telegram) -> None:
    shown = await house.shows(anna, "/help")
    for command in ("/news", "/subscribe", "/unsubscribe", "/language", "/help"):
        assert f"{command} – " in shown.text
    assert tg.violations == []


async def test_a_language_without_a_catalogue_gets_the_default(house: House, tg: Telegram) -> None:
    hans = tg.person("Hans", language="de")
    assert "Здравствуйте!" in (await house.shows(hans, "/start")).text
    nobody = tg.person("Nobody", language=None)
    assert "Здравствуйте!" in (await house.shows(nobody, "/start")).text
    assert tg.violations == []


async def test_the_language_of_telegram_is_spoken_and_followed(house: House, tg: Telegram) -> None:
    ann = tg.person("Ann", language="en-GB")
    assert "Hello!" in (await house.shows(ann, "/start")).text
    ann.user.language = "ru"
    assert "Здравствуйте!" in (await house.shows(ann, "/start")).text
    assert tg.violations == []


async def test_a_chosen_language_stays(house: House, anna: Person, tg: Telegram) -> None:
    shown = await house.shows(anna, "/language")
    assert set(shown.labels) == {"✅ Русский", "English"}
    await anna.press(shown, "English")
    changed = await anna.sees("Which language shall I speak?")
    assert changed.id == shown.id
    assert set(changed.labels) == {"Русский", "✅ English"}
    assert "Hello!" in (await house.shows(anna, "/start")).text
    commands = tg.bot.commands[f"chat:{anna.id}", ""]
    assert any("Recent news" in str(command) for command in commands)
    await house.stop()
    house.start()
    assert "Hello!" in (await house.shows(anna, "/start")).text
    assert tg.violations == []


async def test_a_chosen_language_is_spoken_though_the_menu_was_refused(
    house: House, anna: Person, tg: Telegram
) -> None:
    # Once, the language was kept and the person was told that something had broken.
    shown = await house.shows(anna, "/language")
    tg.faults.add(Refusal(400, "Bad Request: chat not found"), method="setMyCommands")
    answer = await anna.press(shown, "English")
    assert not answer.alert
    await anna.sees("Which language shall I speak?")
    assert tg.violations == []


@pytest.mark.parametrize("said", ["/nonsense", "привет", "/start@other_bot", "1"])
async def test_what_means_nothing_gets_a_short_answer(
    house: House, anna: Person, tg: Telegram, said: str
) -> None:
    shown = await house.shows(anna, said)
    assert "/news" in shown.text
    assert shown.labels == ("📰 Новости", "🔔 Подписаться")
    assert tg.violations == []


@pytest.mark.parametrize(
    "content",
    [
        {"sticker": {"file_id": "s", "file_unique_id": "s", "type": "regular", "width": 9,
                     "height": 9, "is_animated": False, "is_video": False}},
        {"photo": [{"file_id": "p", "file_unique_id": "p", "width": 9, "height": 9}]},
        {"location": {"latitude": 1.0, "longitude": 2.0}},
        {"dice": {"emoji": "🎲", "value": 3}},
    ],
    ids=lambda content: next(iter(content)),
)  # fmt: skip
async def test_a_sticker_or_a_photo_gets_a_short_answer(
    house: House, anna: Person, tg: Telegram, content: dict[str, object]
) -> None:
    await anna.say_raw(content)
    assert "Не понимаю" in (await anna.sees()).text
    assert tg.violations == []


async def test_what_telegram_tells_is_passed_over(house: House, anna: Person, tg: Telegram) -> None:
    await anna.say_raw({"message_auto_delete_timer_changed": {"message_auto_delete_time": 86400}})
    await anna.say_raw({"connected_website": "paper.example"})
    await anna.say_raw({"write_access_allowed": {}})
    await anna.say("/help")
    await anna.sees("Что я умею")
    assert len(tg.ledger.messages(anna.id)) == 1
    assert await house.rows("SELECT count(*) FROM incoming WHERE state = 2") == [(0,)]
    assert tg.violations == []


async def test_status_is_for_administrators(
    asleep: House, anna: Person, boris: Person, tg: Telegram
) -> None:
    asleep.admin_ids = [anna.id]
    asleep.start()
    await asleep.publish("Заголовок")
    assert "Источники" in (await asleep.shows(anna, "/status")).text
    assert "Не понимаю" in (await asleep.shows(boris, "/status")).text
    assert tg.violations == []


async def test_status_names_the_broadcasts_that_wait_for_a_decision(
    asleep: House, anna: Person, tg: Telegram
) -> None:
    asleep.admin_ids = [anna.id]
    asleep.start()
    article = await asleep.publish("Ледоход")
    async with asleep.database.write() as connection:
        await broadcasts.add_broadcast(connection, article, datetime.now(UTC))
    assert "Остановлено" not in (await asleep.shows(anna, "/status")).text
    async with asleep.database.write() as connection:
        assert await broadcasts.halt(connection, 1)
    shown = await asleep.shows(anna, "/status")
    assert f"🛑 Остановлено, решать вам: 1\n\n{article} · Ледоход" in shown.text
    assert tg.violations == []


async def test_status_counts_what_may_have_arrived_twice(
    asleep: House, anna: Person, boris: Person, tg: Telegram
) -> None:
    asleep.admin_ids = [anna.id]
    asleep.start()
    await asleep.publish("Первая", section="Город")
    for reader in (anna, boris):
        await reader.press(await asleep.shows(reader, "/subscribe"), "Город")
        await reader.sees("1 раздел")
    article = await asleep.publish("Ледоход", section="Город")
    now = datetime.now(UTC)
    async with asleep.database.write() as connection:
        await broadcasts.add_broadcast(connection, article, now)
        held = await outbox.claim(connection, lease=1, now=now, limit=2)
        await outbox.begin(connection, held, now)
        # The sender dies; its heir sends the same once more.
        await outbox.rescue(connection, 2, OnUnknown.RESEND, now)
        again = await outbox.claim(connection, lease=2, now=now, limit=1)
        await outbox.begin(connection, again, now)
        sent = [outbox.Settled(each, DeliveryState.SENT, message_id=9, shown=1) for each in again]
        await outbox.record(connection, sent, now)
    lines = (await asleep.shows(anna, "/status")).text.splitlines()
    assert {"в очереди: 1", "отправлено: 1"} <= set(lines)
    assert "Из отправленных могли прийти дважды: 1" in lines
    assert tg.violations == []


async def test_an_album_gets_one_answer(house: House, anna: Person, tg: Telegram) -> None:
    # Once, each photo of it got one.
    photo = {"file_id": "p", "file_unique_id": "p", "width": 9, "height": 9}
    for album in ("1", "2"):
        for _ in range(10):
            await anna.say_raw({"photo": [photo], "media_group_id": album})
    await anna.say("/help")
    await anna.sees("Что я умею")
    texts = [message.text[:10] for message in tg.ledger.messages(anna.id)]
    assert texts == ["Не понимаю", "Не понимаю", "Что я умею"]
    assert tg.violations == []
