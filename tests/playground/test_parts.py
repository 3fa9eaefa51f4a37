"""What the page is sent of the emulator's and the site's state."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from sandbox.newsroom import Article, Newsroom
from sandbox.playground import parts
from sandbox.playground.people import new_name
from sandbox.playground.preview import preview
from sandbox.telegram import Person, Telegram
from tests.playground.stage import Json, Mouth

PNG = b"\x89PNG\r\n\x1a\n picture"


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    async with Telegram(name="Город") as telegram:
        yield telegram


@pytest.fixture
async def mouth(telegram: Telegram) -> AsyncIterator[Mouth]:
    async with aiohttp.ClientSession() as client:
        yield Mouth(telegram, client)


@pytest.fixture
def site() -> Newsroom:
    site = Newsroom()
    site.url = "http://127.0.0.1:4000"
    return site


@pytest.fixture
def anna(telegram: Telegram) -> Person:
    return telegram.person("Анна", started=True)


def latest(person: Person, site: Newsroom) -> Json:
    message = max(person.chat.messages.values(), key=lambda message: message.change)
    return parts.message(message, site)


async def test_a_message_of_the_bot(mouth: Mouth, anna: Person, site: Newsroom) -> None:
    asked = await anna.say("/news 😀 https://example.org")
    keyboard = [
        [{"text": "Дальше", "callback_data": "x", "style": "primary"}],
        [
            {"text": "Сайт", "url": "https://example.org/"},
            {"text": "Код", "copy_text": {"text": "42"}},
            {"text": "Найти", "switch_inline_query": "q"},
        ],
    ]
    sent = await mouth.say(
        anna,
        "Вот 😀 жирно",
        entities=[{"type": "bold", "offset": 7, "length": 5}],
        disable_notification=True,
        reply_parameters={"message_id": asked.id},
        reply_markup={"inline_keyboard": keyboard},
    )
    button: Json = {"url": None, "copy": None, "style": None}
    shown = latest(anna, site)
    assert shown.pop("date") > 1_700_000_000
    assert shown == {
        "chat": anna.id,
        "id": sent,
        "edited": None,
        "deleted": False,
        "from": {"id": 42, "name": "Город", "bot": True},
        "text": "Вот 😀 жирно",
        "entities": [{"type": "bold", "offset": 7, "length": 5}],
        "silent": True,
        "reply_to": asked.id,
        "service": None,
        "photo": None,
        "preview": None,
        "keyboard": [
            [button | {"text": "Дальше", "kind": "callback", "style": "primary"}],
            [
                button | {"text": "Сайт", "kind": "url", "url": "https://example.org/"},
                button | {"text": "Код", "kind": "copy", "copy": "42"},
                button | {"text": "Найти", "kind": "query"},
            ],
        ],
        "rich": None,
    }
    said = parts.message(anna.chat.messages[asked.id], site)
    assert said["from"] == {"id": anna.id, "name": "Анна", "bot": False}
    assert [entity["type"] for entity in said["entities"]] == ["bot_command", "url"]


async def test_edited_and_deleted(mouth: Mouth, anna: Person, site: Newsroom) -> None:
    sent = await mouth.say(anna, "Раз")
    where = {"chat_id": anna.id, "message_id": sent}
    await mouth.call("editMessageText", **where, text="Два")
    assert latest(anna, site)["edited"] is not None
    await mouth.call("deleteMessage", **where)
    assert latest(anna, site) == {"chat": anna.id, "id": sent, "deleted": True}


async def test_a_picture_and_its_caption(mouth: Mouth, anna: Person, site: Newsroom) -> None:
    await mouth.call(
        "sendPhoto",
        chat_id=anna.id,
        photo="http://127.0.0.1:4000/media/x.png",
        caption="Подпись https://example.org/a.png",
        has_spoiler=True,
        show_caption_above_media=True,
    )
    shown = latest(anna, site)
    assert shown["photo"] == {"url": "/files/photo-1", "spoiler": True, "caption_above": True}
    assert shown["text"].startswith("Подпись")
    assert [entity["type"] for entity in shown["entities"]] == ["url"]
    assert shown["preview"] is None


async def test_a_rich_message(mouth: Mouth, anna: Person, site: Newsroom) -> None:
    blocks = [{"type": "heading", "text": "Итоги", "size": 2}, {"type": "divider"}]
    await mouth.call("sendRichMessage", chat_id=anna.id, rich_message={"blocks": blocks})
    shown = latest(anna, site)
    assert [block["type"] for block in shown["rich"]["blocks"]] == ["heading", "divider"]
    assert shown["rich"]["is_rtl"] is False
    assert shown["text"].startswith("Итоги")
    assert shown["entities"] == []


async def test_the_chats_of_the_list(telegram: Telegram, mouth: Mouth, anna: Person) -> None:
    tom = telegram.person("Tom", language="en")
    group = telegram.group("Соседи", [anna, tom], supergroup=True)
    for language, text in (("ru", "Новости"), ("en", "News")):
        commands = [{"command": "news", "description": text}]
        await mouth.call("setMyCommands", commands=commands, language_code=language)
        await mouth.call("setMyDescription", description=f"{text}!", language_code=language)
    shown = parts.chat(telegram, tom, gallery=False)
    assert shown == {
        "id": tom.id,
        "kind": "private",
        "title": "Tom",
        "language": "en",
        "started": False,
        "blocked": False,
        "description": "News!",
        "members": [{"id": tom.id, "name": "Tom", "owner": True}],
        "commands": [{"command": "news", "description": "News"}],
        "gallery": False,
    }
    await anna.block()
    shown = parts.chat(telegram, anna, gallery=True)
    assert (shown["started"], shown["blocked"], shown["gallery"]) == (True, True, True)
    shown = parts.chat(telegram, group, gallery=False)
    assert (shown["kind"], shown["title"], shown["blocked"]) == ("supergroup", "Соседи", False)
    assert [m["owner"] for m in shown["members"]] == [True, False]
    assert shown["commands"] == [{"command": "news", "description": "Новости"}]
    await group.kick_bot()
    assert parts.chat(telegram, group, gallery=False)["blocked"]


async def test_messages_come_oldest_first(
    telegram: Telegram, mouth: Mouth, anna: Person, site: Newsroom
) -> None:
    """A page that was loaded anew showed an edited message under all newer ones."""
    first, second = [await mouth.say(anna, text) for text in ("Раз", "Два")]
    await mouth.call("editMessageText", chat_id=anna.id, message_id=first, text="Раз!")
    shown = parts.messages(telegram.changed_since(0), {anna.id}, site)
    assert [message["id"] for message in shown][-2:] == [first, second]


async def test_only_the_chats_of_the_page(telegram: Telegram, site: Newsroom) -> None:
    anna, tom = (telegram.person(name) for name in ("Анна", "Tom"))
    for person in (anna, tom):
        await person.say("Здравствуйте")
    changed = telegram.changed_since(0)
    assert [m["chat"] for m in parts.messages(changed, {anna.id}, site)] == [anna.id]


def test_the_articles_and_what_can_be_edited(site: Newsroom) -> None:
    plain = site.publish(title="Простая", lead="Да.", paragraphs=["Раз.", "Два."], image="cover-1")
    rich = site.publish(title="Rich", body_html="<p><b>b</b></p>", image=False, language="en")
    site.correct(plain, title="Простая, с поправкой")
    shown = parts.articles(site)
    assert shown["articles_total"] == 2
    first, second = shown["articles"]
    assert (first["title"], first["text"], first["image"]) == ("Rich", None, None)
    assert (first["corrected"], first["language"]) == (None, rich.language)
    assert second == {
        "slug": plain.slug,
        "url": plain.url,
        "title": "Простая, с поправкой",
        "lead": "Да.",
        "section": "programma",
        "section_title": "Новости программы",
        "image": "http://127.0.0.1:4000/media/cover-1.png",
        "language": "ru",
        "published": second["published"],
        "corrected": second["corrected"],
        "text": "Раз.\n\nДва.",
    }
    assert second["corrected"] >= second["published"] > 1_700_000_000
    site.publish_many(70)
    shown = parts.articles(site)
    assert (len(shown["articles"]), shown["articles_total"]) == (60, 72)


def test_the_fault_of_the_feed(site: Newsroom) -> None:
    assert parts.feed(site) == {"fault": None}
    site.break_feed(500)
    assert parts.feed(site) == {"fault": "500"}


def test_names_do_not_come_twice() -> None:
    taken: list[str] = ["Борис"]
    for language in ("ru", "ru-RU", "en", "pt") * 25:
        taken.append(new_name(language, taken))
    assert len(set(taken)) == len(taken)
    assert new_name("ru", []) == "Борис"
    assert taken[1] == "Вера"
    assert "Борис 2" in taken


# --- Previews -------------------------------------------------------------------------------------

PICTURE = "http://127.0.0.1:4000/media/upload-1.jpg"


@pytest.fixture
def article(site: Newsroom) -> Article:
    return site.publish(title="Двор", lead="Коротко.", image="cover-2")


def linked(text: str, address: str) -> list[Json]:
    """The entity of an address in a text that begins with an emoji."""
    start = text.index(address)
    return [{"type": "url", "offset": start + 1, "length": len(address)}]


def test_a_picture_by_the_options_of_a_push(site: Newsroom) -> None:
    options = {"url": PICTURE, "prefer_large_media": True, "show_above_text": True}
    assert preview("Двор", [], options, site) == {
        "kind": "picture",
        "href": PICTURE,
        "image": PICTURE,
        "site": "",
        "title": "",
        "description": "",
        "above": True,
        "large": True,
    }


def test_a_card_of_the_first_link(site: Newsroom, article: Article) -> None:
    text = f"😀 {article.url} и {PICTURE}"
    entities = [*linked(text, PICTURE), *linked(text, article.url)]
    assert preview(text, entities, None, site) == {
        "kind": "card",
        "href": article.url,
        "image": article.image,
        "site": "Город вместе",
        "title": "Двор",
        "description": "Коротко.",
        "above": False,
        "large": False,
    }
    under = [{"type": "text_link", "offset": 0, "length": 1, "url": f"{article.url}#top"}]
    shown = preview(text, [*entities, *under], None, site)
    assert shown is not None
    assert shown["href"].endswith("#top")


@pytest.mark.parametrize(
    ("options", "large"),
    [({}, True), ({"prefer_small_media": True}, False), ({"prefer_large_media": True}, True)],
)
def test_how_large_a_picture_is(site: Newsroom, options: Any, large: bool) -> None:  # noqa: FBT001 - what is expected
    shown = preview("", [], {"url": PICTURE, **options}, site)
    assert shown is not None
    assert shown["large"] is large


@pytest.mark.parametrize(
    "options",
    [
        None,
        {"is_disabled": True, "url": PICTURE},
        {"url": "https://example.org/"},
        {"url": "https://example.org/picture.png"},
        {"url": "http://127.0.0.1:4000/sections/programma/"},
        {"url": "http://127.0.0.1:4000/news/net-takoy/"},
        {"url": "http://127.0.0.1:4001/news/dvor/"},
    ],
)
def test_no_preview(site: Newsroom, article: Article, options: Json | None) -> None:
    assert article.slug == "dvor"
    assert preview("Двор", [], options, site) is None
