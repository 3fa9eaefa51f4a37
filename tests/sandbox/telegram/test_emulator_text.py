"""Text and captions: lengths, trimming, entities, in Telegram's own words."""

from __future__ import annotations

from typing import Any

import pytest
from aiogram import Bot
from aiogram.types import BufferedInputFile, LinkPreviewOptions, MessageEntity
from hypothesis import given
from hypothesis import strategies as st

from sandbox.telegram import Person, Telegram
from sandbox.telegram.errors import ApiError
from sandbox.telegram.links import fault_of
from sandbox.telegram.text import read_caption, read_text, utf16_length
from tests.sandbox.telegram.wires import PNG, Raw, Refused

Json = dict[str, Any]
PAIR = "\U0001f600"


def entity(kind: str, offset: int, length: int, **more: Any) -> Json:
    return {"type": kind, "offset": offset, "length": length, **more}


def refusal(text: str, *entities: Json) -> str:
    with pytest.raises(ApiError) as caught:
        read_text(text, list(entities))
    assert caught.value.breach == "content"
    return caught.value.description


def test_length_counts_code_points_not_utf16() -> None:
    assert len(read_text(PAIR * 4096, []).text) == 4096
    assert refusal(PAIR * 4097) == "Bad Request: message is too long"


def test_length_counts_what_is_left_after_trimming() -> None:
    assert len(read_text(" \n" + "я" * 4096 + " \n ", []).text) == 4096


def test_raw_text_is_limited_in_bytes() -> None:
    assert refusal("я" * 16385) == "Bad Request: text is too long"
    assert refusal("я" * 16384) == "Bad Request: message is too long"


def test_empty_text() -> None:
    assert refusal("") == "Bad Request: message text is empty"
    assert refusal(" \n\t ") == "Bad Request: text must be non-empty"


def test_a_lone_half_of_a_pair_is_no_text() -> None:
    assert refusal("а\ud83d") == "Bad Request: strings must be encoded in UTF-8"


def test_captions_are_shorter_and_may_be_empty() -> None:
    assert read_caption("", []).text == ""
    with pytest.raises(ApiError, match="Bad Request: message caption is too long"):
        read_caption("я" * 1025, [])


@pytest.mark.parametrize(
    ("given", "description"),
    [
        (
            entity("sparkle", 0, 1),
            "can't parse MessageEntity: Unsupported type specified",
        ),
        (entity("text_link", 0, 2), "can't parse MessageEntity: Can't find field \"url\""),
        (
            entity("date_time", 0, 2, unix_time=1, date_time_format="x"),
            "can't parse MessageEntity: Invalid date-time format specified",
        ),
        (entity("bold", -1, 1), "receive an entity with incorrect offset -1"),
        (entity("bold", 0, -1), "receive an entity with incorrect length -1"),
        (entity("bold", 5, 1), "entity begins after the end of the text at UTF-16 offset 5"),
        (
            entity("bold", 2, 4),
            "entity beginning at UTF-16 offset 2 ends after the end of the text at UTF-16 offset 6",
        ),
        (entity("bold", 1, 2), "entity begins in a middle of a UTF-16 symbol at byte offset 4"),
        (
            entity("bold", 0, 1),
            (
                "entity beginning at UTF-16 offset 0 "
                "ends in a middle of a UTF-16 symbol at byte offset 4"
            ),
        ),
    ],
)
def test_misplaced_entities_are_refused(given: Json, description: str) -> None:
    assert refusal(PAIR + "два", given) == f"Bad Request: {description}"


def test_offsets_are_utf16_and_move_with_trimming() -> None:
    text = read_text(f"\n {PAIR}два  ", [entity("bold", 4, 5)])

    assert (text.text, text.entities) == (f"{PAIR}два", (entity("bold", 2, 3),))


def test_an_entity_at_the_start_keeps_its_spaces() -> None:
    assert read_text("  раз", [entity("code", 0, 4)]).text == "  раз"


def test_the_hundred_and_first_entity_is_dropped_with_a_note() -> None:
    text = read_text("а " * 101, [entity("bold", 2 * n, 1) for n in range(101)])

    assert len(text.entities) == 100
    assert text.notes == ("101 entities: those after the first 100 were dropped",)


def test_the_payload_of_all_entities_is_limited() -> None:
    url = "https://example.org/" + "a" * 180
    links = [entity("text_link", 2 * n, 1, url=url) for n in range(50)]

    assert refusal("а " * 50, *links) == "Bad Request: ENTITIES_TOO_LONG"
    assert len(read_text("а " * 50, links[:40]).entities) == 40


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "mailto:press@example.org",
        "tel:+70000000000",
        "ftp://example.org",
        "http://localhost/x",
        "https://",
        "/news/1",
        "https://exa mple.org/",
    ],
)
def test_links_that_lead_nowhere_vanish_with_a_note(url: str) -> None:
    text = read_text("раз", [entity("text_link", 0, 3, url=url)])

    assert text.entities == ()
    assert "text_link at 0 was dropped" in text.notes[0]


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/a?b=c#d",
        "http://127.0.0.1:8080/x",
        "tg://user?id=5",
        "пример.рф/новость",
        "https://name@example.org:65535",
        "http://[::1]/",
        "HTTPS://EXAMPLE.ORG",
    ],
)
def test_links_that_work_are_kept(url: str) -> None:
    assert fault_of(url) is None
    assert read_text("раз", [entity("text_link", 0, 3, url=url)]).notes == ()


@pytest.mark.parametrize("url", ["http://example.org:0/", "http://example.org:99999", "tg://"])
def test_bad_ports_and_empty_hosts(url: str) -> None:
    assert fault_of(url) is not None


@pytest.mark.parametrize(
    ("outer", "inner", "reason"),
    [
        ("blockquote", "expandable_blockquote", "quotes cannot be nested"),
        ("code", "bold", "code cannot contain others"),
        ("pre", "italic", "pre cannot contain others"),
        ("bold", "code", "code cannot be part of bold"),
        ("text_link", "text_link", "text_link cannot be part of text_link"),
    ],
)
def test_what_may_not_be_nested_is_dropped(outer: str, inner: str, reason: str) -> None:
    url = {"url": "https://example.org/"}
    text = read_text("раз два три", [entity(outer, 0, 11, **url), entity(inner, 4, 3, **url)])

    assert [e["type"] for e in text.entities] == [outer]
    assert reason in text.notes[0]


def test_what_may_be_nested_or_cross_is_kept() -> None:
    given = [
        entity("blockquote", 0, 11),
        entity("bold", 0, 7),
        entity("code", 8, 3),
        entity("italic", 4, 4),
    ]

    text = read_text("раз два три", given)

    assert (len(text.entities), text.notes) == (4, ())


def test_a_link_that_crosses_a_style_is_dropped() -> None:
    given = [entity("bold", 0, 5), entity("text_link", 3, 4, url="https://example.org/")]

    assert [e["type"] for e in read_text("раз два", given).entities] == ["bold"]


def test_empty_and_self_found_entities_are_dropped() -> None:
    text = read_text("раз @anna", [entity("bold", 0, 0), entity("mention", 4, 5)])

    assert (text.entities, len(text.notes)) == ((), 2)


@given(
    st.text(st.sampled_from([" ", "\n", "а", "b", PAIR]), min_size=1, max_size=30),
    st.lists(st.tuples(st.sampled_from(["bold", "italic", "blockquote"]), st.data()), max_size=4),
)
def test_kept_entities_always_cover_the_same_visible_text(
    text: str, wanted: list[tuple[str, st.DataObject]]
) -> None:
    if not text.strip():
        return
    entities = []
    for kind, data in wanted:
        start = data.draw(st.integers(0, len(text) - 1))
        end = data.draw(st.integers(start + 1, len(text)))
        offset = utf16_length(text[:start])
        entities.append(entity(kind, offset, utf16_length(text[start:end])))
    before = text.encode("utf-16-le")

    read = read_text(text, entities)
    after = read.text.encode("utf-16-le")

    covered = {before[2 * e["offset"] : 2 * (e["offset"] + e["length"])] for e in entities}
    for kept in read.entities:
        part = after[2 * kept["offset"] : 2 * (kept["offset"] + kept["length"])]
        assert part
        assert any(whole.startswith(part) for whole in covered)


async def test_refusals_reach_the_bot_and_the_ledger(
    tg: Telegram, bot: Bot, anna: Person, refused: Refused
) -> None:
    assert (
        await refused(bot.send_message(anna.id, "я" * 4097)) == "Bad Request: message is too long"
    )
    assert await refused(bot.send_message(anna.id, "")) == "Bad Request: message text is empty"

    assert [v.kind for v in tg.violations] == ["content", "content"]
    assert [r.status for r in tg.ledger.calls("sendMessage")] == [400, 400]
    assert anna.messages == []


async def test_notes_reach_the_ledger(tg: Telegram, bot: Bot, anna: Person) -> None:
    link = MessageEntity(type="text_link", offset=0, length=3, url="javascript:x")
    preview = LinkPreviewOptions(prefer_large_media=True)

    await bot.send_message(anna.id, "раз", entities=[link], link_preview_options=preview)

    assert len(tg.notes) == 2
    assert anna.messages[-1].entities == ()


async def test_a_preview_picture_is_seen(bot: Bot, anna: Person, refused: Refused) -> None:
    picture = LinkPreviewOptions(
        url="https://example.org/a.jpg", prefer_large_media=True, show_above_text=True
    )
    await bot.send_message(anna.id, "раз", link_preview_options=picture)
    assert anna.messages[-1].image == "https://example.org/a.jpg"

    wrong = LinkPreviewOptions(url="file:///etc/passwd")
    description = await refused(bot.send_message(anna.id, "раз", link_preview_options=wrong))
    assert description == "Bad Request: WEBPAGE_URL_INVALID"


@pytest.mark.parametrize(
    ("photo", "description"),
    [
        ("AgAC-unknown", "wrong file identifier/HTTP URL specified"),
        ("http://localhost/a.jpg", "wrong HTTP URL specified"),
        (BufferedInputFile(b"no picture", "a.png"), "IMAGE_PROCESS_FAILED"),
        (BufferedInputFile(PNG + bytes(10 * 1024 * 1024), "a.png"), "file is too big"),
    ],
)
async def test_photos_that_are_none(
    bot: Bot, anna: Person, refused: Refused, photo: str | BufferedInputFile, description: str
) -> None:
    assert await refused(bot.send_photo(anna.id, photo)) == f"Bad Request: {description}"


async def test_photos_by_address_with_a_caption(bot: Bot, anna: Person, refused: Refused) -> None:
    sent = await bot.send_photo(
        anna.id, "https://example.org/a.jpg", caption="Мост", has_spoiler=True
    )
    await bot.edit_message_caption(
        chat_id=anna.id, message_id=sent.message_id, caption="Новый мост"
    )

    assert (anna.messages[-1].text, anna.messages[-1].image) == ("Новый мост", "photo-1")
    description = await refused(
        bot.send_photo(anna.id, "https://example.org/a.jpg", caption="я" * 1025)
    )
    assert description == "Bad Request: message caption is too long"


async def test_rich_messages_take_exactly_one_form(raw: Raw, anna: Person) -> None:
    async def send(**rich: Any) -> tuple[int, Json]:
        return await raw("sendRichMessage", json={"chat_id": anna.id, "rich_message": rich})

    block = {"type": "paragraph", "text": ["раз ", {"type": "bold", "text": "два"}]}
    assert (await send(html="<h1>раз</h1>"))[0] == 200
    assert (await send(blocks=[block]))[0] == 200
    assert [view.text for view in anna.messages] == ["раз", "раз два"]
    assert (await send())[0] == 400
    assert (await send(html="раз", markdown="два"))[0] == 400
    assert (await send(blocks=[block] * 501))[0] == 400
    assert (await send(html="я" * 32769))[1]["description"] == "Bad Request: message is too long"


async def test_text_and_rich_turn_into_each_other(raw: Raw, bot: Bot, anna: Person) -> None:
    sent = await bot.send_message(anna.id, "раз")
    which = {"chat_id": anna.id, "message_id": sent.message_id}
    rich = {"rich_message": {"html": "<h1>два</h1>"}}

    assert (await raw("editMessageText", json={**which, **rich}))[0] == 200
    assert anna.messages[-1].text == "два"
    await bot.edit_message_text("три", chat_id=anna.id, message_id=sent.message_id)
    assert anna.messages[-1].text == "три"
    assert (await raw("editMessageText", json={**which, **rich, "text": "четыре"}))[0] == 400
