"""A chat of samples: what a publisher can show in Telegram, sent as any bot would send it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp

from sandbox.playground.gallery_rich import long_read, short_read
from sandbox.telegram import Room, Telegram

Json = dict[str, Any]

_TODAY = 1_790_000_000
"""The moment that the sample dates show: 21 September 2026, 14:13 UTC."""

_PROGRAM = """\
def seats(rows, in_row):
    return rows * in_row

print(seats(12, 8))"""

_MINUTES = """\
С чего началось собрание. Председатель напомнил, что сквер закрывали на три недели, а прошло семь.
Что сказали строители. Плитку пришлось перекладывать: под ней нашли старый колодец.
Что решили жители. Колодец оставить и накрыть стеклом, скамейки поставить вокруг него.
Кто следит. Соседский совет, каждую среду в шесть вечера, прямо на месте."""

Part = str | tuple[str, str] | tuple[str, str, Json]


async def fill(
    telegram: Telegram,
    room: Room,
    *,
    picture_url: str,
    article_url: str,
    picture: bytes | None = None,
) -> None:
    """Send the samples into a private chat whose person has started the bot.

    Args:
        telegram: started; the samples go through its own HTTP API.
        room: the chat.
        picture_url: of a picture, for previews.
        article_url: of an article, for a card.
        picture: PNG, JPEG, WebP or GIF to upload; by default the photo is sent by its address.

    Raises:
        RuntimeError: a sample was refused.
    """
    async with aiohttp.ClientSession() as client:
        sender = _Sender(client, f"{telegram.url}/bot{telegram.token}", room.id)
        await sender.text(_formatting())
        await sender.text(
            ["Тихое сообщение: приходит без звука. Так удобно присылать вечерние дайджесты."],
            disable_notification=True,
        )
        await sender.text(_picture_above(), link_preview_options=_preview(picture_url, above=True))
        await sender.text(_picture_below(), link_preview_options=_preview(picture_url))
        card = {"url": article_url, "prefer_small_media": True}
        await sender.text(_card(article_url), link_preview_options=card)
        await _send_photo(sender, picture or picture_url)
        await sender.text(["Кнопки бывают разных цветов и делают разное."], reply_markup=_KEYS)
        for rich in (long_read(picture_url), short_read(picture_url)):
            await sender.call("sendRichMessage", rich_message=rich)


class _Sender:
    """Calls methods for one chat; waits as long as a 429 asks."""

    def __init__(self, client: aiohttp.ClientSession, base: str, chat_id: int) -> None:
        self._client = client
        self._base = base
        self._chat_id = chat_id

    async def text(self, parts: list[Part], **params: Any) -> None:
        text, entities = _formatted(parts)
        await self.call("sendMessage", text=text, entities=entities, **params)

    async def call(self, method: str, *, upload: bytes | None = None, **params: Any) -> None:
        while True:
            answer = await self._post(method, {"chat_id": self._chat_id, **params}, upload)
            if answer["ok"]:
                return
            wait = answer.get("parameters", {}).get("retry_after")
            if wait is None:
                raise RuntimeError(f"{method} was refused: {answer['description']}")
            await asyncio.sleep(wait)

    async def _post(self, method: str, params: Json, upload: bytes | None) -> Json:
        body: Json = {"json": params}
        if upload is not None:
            form = aiohttp.FormData()
            for name, value in params.items():
                form.add_field(name, value if isinstance(value, str) else json.dumps(value))
            form.add_field("picture", upload, filename="picture")
            body = {"data": form}
        async with self._client.post(f"{self._base}/{method}", **body) as response:
            answer: Json = await response.json()
        return answer


async def _send_photo(sender: _Sender, picture: bytes | str) -> None:
    caption, entities = _formatted(
        [("Фонтан на площади Мира включили раньше срока", "bold"), "\nРябиновск, сегодня утром"]
    )
    await sender.call(
        "sendPhoto",
        photo="attach://picture" if isinstance(picture, bytes) else picture,
        upload=picture if isinstance(picture, bytes) else None,
        caption=caption,
        caption_entities=entities,
        reply_markup={
            "inline_keyboard": [[{"text": "Читать дальше", "url": "https://example.org/fontan"}]]
        },
    )


def _formatted(parts: list[Part]) -> tuple[str, list[Json]]:
    """A text and its entities; each part is plain or has a kind and perhaps more fields."""
    text, entities = "", []
    for part in parts:
        if isinstance(part, str):
            text += part
            continue
        offset, length = (len(t.encode("utf-16-le")) // 2 for t in (text, part[0]))
        more = part[2] if len(part) == 3 else {}
        entities.append({"type": part[1], "offset": offset, "length": length, **more})
        text += part[0]
    return text, entities


def _formatting() -> list[Part]:
    def date(text: str, how: str) -> Part:
        return (text, "date_time", {"unix_time": _TODAY, "date_time_format": how})

    return [
        ("Что можно сделать с текстом 📰", "bold"),
        "\n\nСлово бывает ",
        ("жирным", "bold"),
        ", ",
        ("курсивным", "italic"),
        ", ",
        ("подчёркнутым", "underline"),
        ", ",
        ("зачёркнутым", "strikethrough"),
        ", а ответ на загадку можно ",
        ("спрятать под спойлер", "spoiler"),
        ". Есть ",
        ("моноширинный", "code"),
        " шрифт и ",
        ("ссылка в словах", "text_link", {"url": "https://example.org/most"}),
        ".\n\n",
        ("Мост простоит ещё сто лет, если его красить.", "blockquote"),
        "\nИнженер Озёрного Плёса\n\n",
        (_MINUTES, "expandable_blockquote"),
        "\n\nСколько мест в летнем кинотеатре:\n",
        (_PROGRAM, "pre", {"language": "python"}),
        "\n\nСеанс начнётся ",
        date("21 сентября в 14:13", "wDT"),
        ", короче — ",
        date("21.09.2026", "d"),
        ", в ",
        date("14:13", "t"),
        ", то есть ",
        date("скоро", "r"),
        ".\n\nАдреса и команды Telegram находит сам: https://example.org/kino, ",
        "redaktsiya@example.org, #кино, /news",
    ]


def _picture_above() -> list[Part]:
    return [
        ("Картинка над текстом", "bold"),
        "\n\nТак приходит новость: сначала снимок, потом слова. Текста здесь помещается вчетверо ",
        "больше, чем в подписи к фотографии, и его можно исправить на месте.",
    ]


def _picture_below() -> list[Part]:
    return [
        ("Картинка под текстом", "bold"),
        "\n\nВ Каменном Бору открыли смотровую площадку. С неё видно обе реки, завод и, ",
        "если повезёт, лосей.",
    ]


def _card(url: str) -> list[Part]:
    return [f"Карточка ссылки: заголовок и описание берутся со страницы.\n{url}"]


def _preview(url: str, *, above: bool = False) -> Json:
    return {"url": url, "prefer_large_media": True, "show_above_text": above}


_KEYS: Json = {
    "inline_keyboard": [
        [
            {"text": "Подписаться", "callback_data": "gallery:yes", "style": "success"},
            {"text": "Отписаться", "callback_data": "gallery:no", "style": "danger"},
        ],
        [{"text": "Все новости", "callback_data": "gallery:all", "style": "primary"}],
        [
            {"text": "Открыть сайт", "url": "https://example.org/"},
            {"text": "Скопировать адрес", "copy_text": {"text": "ул. Соседская, 1"}},
        ],
        [{"text": "Поделиться", "switch_inline_query": "мост"}],
    ]
}
