"""The chat of samples holds what a publisher can show, and nothing of it is refused."""

from __future__ import annotations

import pytest

from sandbox.playground.gallery import fill
from sandbox.telegram import Flood, MessageView, Picture, Telegram

PICTURE = "http://127.0.0.1:8000/media/cover-1.png?a=1&b=2"
ARTICLE = "http://127.0.0.1:8000/articles/skver/"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)


async def filled(telegram: Telegram, picture: bytes | None = None) -> list[MessageView]:
    anna = telegram.person("Анна", started=True)
    await fill(telegram, anna, picture_url=PICTURE, article_url=ARTICLE, picture=picture)
    return anna.messages


async def test_the_gallery_shows_everything() -> None:
    async with Telegram() as telegram:
        shown = await filled(telegram, PNG)

        text, silent, above, below, card, photo, keys, long, short = shown
        assert {e["type"] for e in text.entities} == {
            "bold",
            "italic",
            "underline",
            "strikethrough",
            "spoiler",
            "code",
            "pre",
            "text_link",
            "blockquote",
            "expandable_blockquote",
            "date_time",
        }
        formats = [e["date_time_format"] for e in text.entities if e["type"] == "date_time"]
        assert formats == ["wDT", "d", "t", "r"]
        assert [view.silent for view in shown].count(True) == silent.silent
        assert (above.preview or {})["show_above_text"] is True
        assert (below.preview or {})["show_above_text"] is False
        assert (above.image, card.image) == (PICTURE, ARTICLE)
        assert telegram.picture(photo.image or "") == Picture(PNG, "image/png")
        assert photo.labels == ("Читать дальше",)
        styles = [button.fields.get("style") for row in keys.buttons for button in row]
        assert {"primary", "success", "danger", None} == set(styles)
        kinds = {block["type"] for block in long.content["rich_message"]["blocks"]}
        assert kinds >= {"heading", "list", "table", "details", "photo", "blockquote", "pullquote"}
        kinds = {block["type"] for block in short.content["rich_message"]["blocks"]}
        assert kinds >= {"heading", "list", "table", "details", "photo", "blockquote", "footer"}
        (drawn,) = {
            telegram.picture(block["photo"][-1]["file_id"])
            for view in (long, short)
            for block in view.content["rich_message"]["blocks"]
            if block["type"] == "photo"
        }
        assert drawn == Picture(url=PICTURE)
        assert telegram.violations == []
        assert telegram.notes == []


async def test_the_gallery_waits_when_told_to() -> None:
    async with Telegram() as telegram:
        telegram.faults.add(Flood(retry_after=1), method="sendPhoto")

        shown = await filled(telegram)

        assert shown[5].image == "photo-1"
        assert telegram.picture("photo-1") == Picture(url=PICTURE)
        assert telegram.violations == []


async def test_a_refused_sample_is_an_error() -> None:
    async with Telegram() as telegram:
        stranger = telegram.person("Борис")

        with pytest.raises(RuntimeError, match="can't initiate conversation"):
            await fill(telegram, stranger, picture_url=PICTURE, article_url=ARTICLE)
