"""The playground's server asked over HTTP; the bot behind it is not waited for, and need not be."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from io import BytesIO
from typing import Any

import aiohttp
import pytest

from sandbox.fork_server import ForkServer
from sandbox.playground.parts import COVERS
from sandbox.playground.scene import Scene
from sandbox.playground.server import listen, serve
from sandbox.telegram import Group, Person
from tests.playground.stage import Json, Mouth, Stream

PNG = b"\x89PNG\r\n\x1a\n picture"

Act = Callable[..., Awaitable[tuple[int, Json]]]


@pytest.fixture
async def scene(fork_server: ForkServer) -> AsyncIterator[Scene]:
    """A scene whose bot has been killed: what it would say is said by the tests."""
    async with Scene(fork_server=fork_server) as scene:
        await scene.bot.kill()
        yield scene
        assert scene.telegram.violations == []


@pytest.fixture
def mouth(scene: Scene, client: aiohttp.ClientSession) -> Mouth:
    return Mouth(scene.telegram, client)


@pytest.fixture
def act(address: str, client: aiohttp.ClientSession) -> Act:
    async def act(name: str, /, **body: Any) -> tuple[int, Json]:
        sent = BytesIO(json.dumps(body).encode())
        headers = {"Content-Type": "application/json"}
        async with client.post(f"{address}api/{name}", data=sent, headers=headers) as answer:
            return answer.status, await answer.json()

    return act


@pytest.fixture
def anna(scene: Scene) -> Person:
    return next(room for room in scene.rooms.values() if isinstance(room, Person))


@pytest.fixture
def group(scene: Scene) -> Group:
    return next(room for room in scene.rooms.values() if isinstance(room, Group))


# --- The live stream -----------------------------------------------------------------------------


async def test_the_first_event_holds_everything(scene: Scene, stream: Stream) -> None:
    (first,) = stream.events
    assert set(first) == {
        "session", "chats", "messages", "articles", "articles_total", "feed", "knobs", "pulse",
    }  # fmt: skip
    assert first["session"]["run"] == scene.run
    assert first["session"]["bot"]["username"] == "gorod_vmeste_bot"
    assert [s["slug"] for s in first["session"]["site"]["sections"]] == list(scene.site.sections)
    assert [cover["name"] for cover in first["session"]["site"]["covers"]] == list(COVERS)
    assert [(chat["title"], chat["language"]) for chat in first["chats"]] == [
        ("Анна", "ru"), ("Tom", "en"), ("Әлия", "kk"), ("Соседи с Садовой", None),
        ("Образцы оформления", "ru"),
    ]  # fmt: skip
    assert [chat["gallery"] for chat in first["chats"]] == [False] * 4 + [True]
    assert {m["chat"] for m in first["messages"]} >= {scene.gallery}
    assert first["articles_total"] == len(first["articles"]) == 16
    assert first["feed"] == {"fault": None}
    assert not any(first["knobs"].values())
    assert first["pulse"]["bot"] == "stopped"
    assert first["pulse"]["sent"] == 0


async def test_then_only_what_has_changed(
    stream: Stream, act: Act, mouth: Mouth, anna: Person
) -> None:
    await act("feed", fault="hang")
    assert await stream.event() == {"feed": {"fault": "hang"}}
    await act("say", chat=anna.id, person=anna.id, text="Здравствуйте")
    await stream.until(lambda: stream.texts(anna.id) == ["Здравствуйте"])
    number = await mouth.say(anna, "И вам")
    await stream.until(lambda: "И вам" in stream.texts(anna.id))
    assert stream.parts["pulse"]["sent"] == 1
    await mouth.call("deleteMessage", chat_id=anna.id, message_id=number)
    await stream.until(lambda: stream.messages[anna.id, number]["deleted"])
    assert stream.messages[anna.id, number] == {"chat": anna.id, "id": number, "deleted": True}
    assert all("session" not in event and "articles" not in event for event in stream.events[1:])


async def test_changes_are_gathered(stream: Stream, scene: Scene, anna: Person) -> None:
    for number in range(50):
        await anna.say(f"{number}")
    await stream.until(lambda: len(stream.texts(anna.id)) == 50)
    assert len(stream.events) <= 4
    assert scene.pulse.viewers == 1


async def test_who_reconnects_is_told_what_is_gone(
    address: str, client: aiohttp.ClientSession, mouth: Mouth, anna: Person
) -> None:
    await anna.say("/start")
    number = await mouth.say(anna, "Уже нет")
    await mouth.call("deleteMessage", chat_id=anna.id, message_id=number)
    async with client.get(f"{address}live") as response:
        stream = Stream(response)
        await stream.event()
    assert stream.messages[anna.id, number]["deleted"]


async def test_the_crowd_is_not_shown(scene: Scene, stream: Stream) -> None:
    somebody = scene.telegram.person("Читатель 1")
    await somebody.say("/start")
    scene.site.break_feed()
    await stream.until(lambda: stream.parts["feed"]["fault"])
    assert somebody.id not in {chat["id"] for chat in stream.parts["chats"]}
    assert not stream.texts(somebody.id)


async def test_a_page_that_does_not_read_keeps_no_other_waiting(
    address: str, scene: Scene, stream: Stream, anna: Person
) -> None:
    port = int(address.rstrip("/").rpartition(":")[2])
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", port))
        deaf.send(f"GET /live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        await scene.telegram.changes.wait_for(lambda: scene.pulse.viewers == 2, timeout=10)
        for number in range(12):  # more than all buffers on the way hold
            scene.site.publish(title=f"Новость {number}", body_html=f"<p>{'ж' * 200_000}</p>")
            await stream.event()
        await anna.say("Слышно?")
        await stream.until(lambda: stream.texts(anna.id))
        assert scene.pulse.viewers == 2
    await scene.telegram.changes.wait_for(lambda: scene.pulse.viewers == 1, timeout=10)


async def test_the_end_of_the_server_is_the_end_of_its_streams(
    scene: Scene, client: aiohttp.ClientSession
) -> None:
    async with serve(scene, listen(0)) as address:
        response = await client.get(f"{address}live")
        stream = Stream(response)
        await stream.event()
    async with asyncio.timeout(5):
        while await stream.event() is not None:
            pass
    assert scene.pulse.viewers == 0


# --- Telegram -------------------------------------------------------------------------------------


async def test_saying(act: Act, scene: Scene, anna: Person, group: Group) -> None:
    tom = group.members[1]
    assert await act("say", chat=anna.id, person=anna.id, text=" /start ") == (200, {})
    assert anna.messages[-1].text == "/start"
    assert await act("say", chat=group.id, person=tom.id, text="/news") == (200, {})
    assert group.messages[-1].sender == "Tom"
    refused = {
        "empty": {"chat": anna.id, "person": anna.id, "text": " \n"},
        "too_long": {"chat": anna.id, "person": anna.id, "text": "x" * 4097},
        "not_here": {"chat": anna.id, "person": tom.id, "text": "Можно?"},
    }
    for code, body in refused.items():
        status, answer = await act("say", **body)
        assert (status // 100, answer["code"]) == (4, code)
    for chat in (scene.gallery, 77):
        status, answer = await act("say", chat=chat, person=chat, text="Можно?")
        assert (status, answer["code"]) == (409, "not_here")


async def test_pressing(act: Act, scene: Scene, mouth: Mouth, anna: Person) -> None:
    await anna.say("/start")
    keyboard = [
        [{"text": "Да", "callback_data": "yes"}, {"text": "Да", "callback_data": "no"}],
        [{"text": "Сайт", "url": "https://example.org/"}],
    ]
    sent = await mouth.say(anna, "Ну?", reply_markup={"inline_keyboard": keyboard})
    here = {"chat": anna.id, "message": sent, "person": anna.id}

    async def answer() -> str:
        while True:
            offset = 0
            for update in await mouth.call("getUpdates", offset=offset, timeout=5):
                offset = update["update_id"] + 1
                if query := update.get("callback_query"):
                    await mouth.call(
                        "answerCallbackQuery",
                        callback_query_id=query["id"],
                        text="Готово",
                        show_alert=True,
                    )
                    return str(query["data"])

    answering = asyncio.ensure_future(answer())
    told = await act("press", **here, row=0, column=1)
    assert told == (200, {"text": "Готово", "alert": True, "url": None})
    assert await answering == "no"
    told = await act("press", **here, row=1, column=0)
    assert told == (200, {"text": "", "alert": False, "url": "https://example.org/"})
    for place in ({"row": 2, "column": 0}, {"row": 0, "column": 2}):
        status, refusal = await act("press", **here, **place)
        assert (status, refusal["code"]) == (410, "gone")
    await mouth.call("deleteMessage", chat_id=anna.id, message_id=sent)
    for message in (sent, 999):
        status, refusal = await act("press", **{**here, "message": message}, row=0, column=0)
        assert (status, refusal["code"]) == (410, "gone")
    status, refusal = await act("press", **{**here, "person": 1002}, row=0, column=0)
    assert (status, refusal["code"]) == (409, "not_here")


async def test_pressing_inside_a_rich_message(
    act: Act, scene: Scene, mouth: Mouth, anna: Person
) -> None:
    await anna.say("/start")
    row = {"type": "buttons", "buttons": [{"text": "Приду", "callback_data": "come"}]}
    blocks = [{"type": "details", "summary": "Кто придёт?", "blocks": [row]}]
    sent = await mouth.call("sendRichMessage", chat_id=anna.id, rich_message={"blocks": blocks})
    here = {"chat": anna.id, "message": sent["message_id"], "person": anna.id}
    status, refusal = await act("press_inside", **here, data="go")
    assert (status, refusal["code"]) == (410, "gone")
    telegram = scene.telegram
    known = telegram.pending_updates
    pressing = asyncio.ensure_future(act("press_inside", **here, data="come"))
    await telegram.changes.wait_for(lambda: telegram.pending_updates > known, timeout=5)
    query = (await mouth.call("getUpdates"))[-1]["callback_query"]
    assert query["data"] == "come"
    await mouth.call("answerCallbackQuery", callback_query_id=query["id"], text="Ждём")
    assert await pressing == (200, {"text": "Ждём", "alert": False, "url": None})


async def test_a_press_that_nobody_answers(
    act: Act, mouth: Mouth, anna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.playground.actions._ANSWER_SECONDS", 0.05)
    await anna.say("/start")
    keyboard = {"inline_keyboard": [[{"text": "Да", "callback_data": "yes"}]]}
    sent = await mouth.say(anna, "Ну?", reply_markup=keyboard)
    status, refusal = await act(
        "press", chat=anna.id, message=sent, person=anna.id, row=0, column=0
    )
    assert (status, refusal["code"]) == (504, "no_answer")


async def test_new_readers(act: Act, scene: Scene, stream: Stream) -> None:
    async def chat_of(number: int) -> Json:
        await stream.until(lambda: number in {c["id"] for c in stream.parts["chats"]})
        chat: Json = next(c for c in stream.parts["chats"] if c["id"] == number)
        return chat

    names = []
    for language in ("ru", "en", "kk", "ru"):
        status, made = await act("reader", language=language)
        assert status == 200
        chat = await chat_of(made["chat"])
        assert (chat["language"], chat["started"], chat["kind"]) == (language, False, "private")
        names.append(chat["title"])
    assert len({*names, "Анна", "Tom", "Әлия"}) == 7


async def test_blocking_and_removing(act: Act, stream: Stream, anna: Person, group: Group) -> None:
    def is_blocked(chat: int) -> bool:
        return next(bool(c["blocked"]) for c in stream.parts["chats"] if c["id"] == chat)

    async def becomes(chat: int, *, blocked: bool) -> None:
        await stream.until(lambda: is_blocked(chat) is blocked)

    for chat in (anna.id, group.id):
        for on in (True, True, False, False):
            assert await act("block", chat=chat, blocked=on) == (200, {})
            await becomes(chat, blocked=on)
    services = [m.get("service") for (c, _), m in stream.messages.items() if c == group.id]
    assert services == ["bot_added", "bot_removed", "bot_added"]
    assert (await act("block", chat=77, blocked=True))[1]["code"] == "gone"


# --- The newsroom ---------------------------------------------------------------------------------

DRAFT = {"title": " Двор ", "lead": "Коротко.", "text": "## Раз\n\nДва", "section": "sobytiya"}


def upload(content: bytes, kind: str = "image/png") -> Json:
    return {"upload": f"data:{kind};base64,{base64.b64encode(content).decode()}"}


async def test_publishing_correcting_withdrawing(
    act: Act, scene: Scene, client: aiohttp.ClientSession, stream: Stream
) -> None:
    status, made = await act("publish", **DRAFT, picture=upload(PNG))
    assert (status, made) == (200, {"slug": "dvor"})
    await stream.until(lambda: stream.parts["articles"][0]["slug"] == "dvor")
    shown = stream.parts["articles"][0]
    assert (shown["title"], shown["text"]) == ("Двор", "## Раз\n\nДва")
    assert shown["section_title"] == "События"
    async with client.get(shown["image"]) as picture:
        assert await picture.read() == PNG
    status, _ = await act("correct", slug="dvor", title="Сад", lead="", text=None)
    assert status == 200
    await stream.until(lambda: stream.parts["articles"][0]["title"] == "Сад")
    shown = stream.parts["articles"][0]
    assert (shown["lead"], shown["text"]) == ("", "## Раз\n\nДва")
    assert shown["corrected"]
    await act("correct", slug="dvor", title="Сад", lead="", text="Три")
    await stream.until(lambda: stream.parts["articles"][0]["text"] == "Три")
    assert await act("withdraw", slug="dvor") == (200, {})
    await stream.until(lambda: stream.parts["articles_total"] == 16)
    for name, body in (
        ("withdraw", {"slug": "dvor"}),
        ("correct", {"slug": "dvor", "title": "Сад", "lead": "", "text": None}),
    ):
        status, answer = await act(name, **body)
        assert (status, answer["code"]) == (410, "gone")
    assert await act("ten") == (200, {"count": 10})
    await stream.until(lambda: stream.parts["articles_total"] == 26)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"title": " \n"}, "no_title"),
        ({"section": "sport"}, "no_section"),
        ({"picture": {"upload": "data:image/png;base64,***"}}, "bad_picture"),
        ({"picture": {"upload": "data:image/png;base64,жжжж"}}, "bad_picture"),
        ({"picture": {"upload": "https://example.org/a.png"}}, "bad_picture"),
        ({"picture": upload(b"<svg/>", "image/svg+xml")}, "bad_picture"),
        ({"picture": upload(PNG.ljust(5 * 1024 * 1024 + 1))}, "big_picture"),
        ({"picture": upload(bytes(7 * 1024 * 1024))}, "big_picture"),
        ({"picture": {"cover": "../x"}}, "bad_request"),
    ],
)
async def test_what_is_not_published(act: Act, scene: Scene, change: Json, code: str) -> None:
    status, answer = await act("publish", **{**DRAFT, "picture": None, **change})
    assert (status // 100, answer["code"]) == (4, code)
    assert len(scene.site.articles()) == 16


async def test_covers_no_pictures_and_the_language(act: Act, scene: Scene) -> None:
    await act("publish", **DRAFT, picture={"cover": "cover-3"})
    await act("publish", **{**DRAFT, "title": "Yard", "lead": "Soon."}, picture=None)
    english, russian = scene.site.articles()[:2]
    assert (english.image, english.language) == (None, "en")
    assert (russian.image, russian.language) == (f"{scene.site.url}/media/cover-3.png", "ru")


async def test_the_feed(act: Act, scene: Scene) -> None:
    for fault, kept in (("500", 500), ("garbage", "garbage"), ("reset", "reset"), (None, None)):
        assert await act("feed", fault=fault) == (200, {})
        assert scene.site.feed_fault == kept


# --- The house ------------------------------------------------------------------------------------


async def test_knobs_and_the_crowd(act: Act, scene: Scene, stream: Stream) -> None:
    await act("knob", name="cut", on=True)
    await stream.until(lambda: stream.parts["knobs"]["cut"])
    assert await act("crowd", count=3) == (200, {"readers": 3})
    assert await act("crowd", count=497) == (200, {"readers": 500})
    status, answer = await act("crowd", count=1)
    assert (status, answer["code"]) == (409, "crowd_full")
    await stream.until(lambda: stream.parts["pulse"]["crowd"]["joining"] == 500)


async def test_requests_that_are_no_actions(address: str, client: aiohttp.ClientSession) -> None:
    async def post(name: str, body: bytes) -> tuple[int, str]:
        sent = {"Content-Type": "application/json"}
        async with client.post(f"{address}api/{name}", data=BytesIO(body), headers=sent) as answer:
            told = await answer.json()
            assert told["error"].endswith(".")
            return answer.status, told["code"]

    bad = (400, "bad_request")
    for body in (b"", b"nonsense", b"[]", b"null", b'"x"', b"{\xff}", b"[" * 100_000):
        assert await post("ten", body) == bad
    assert await post("ten", b'{"count": 3}') == bad
    assert await post("say", b'{"chat": 1}') == bad
    assert await post("say", b'{"chat": "1", "person": 1, "text": ""}') == bad
    assert await post("crowd", b'{"count": 501}') == bad
    assert await post("knob", b'{"name": "slow", "on": 1}') == bad
    assert await post("reader", b'{"language": "../ru"}') == bad
    assert await post("dance", b"{}") == (404, "no_action")
    assert await post("say", bytes(9 * 1024 * 1024)) == (413, "too_large")
    assert await post("publish", bytes(9 * 1024 * 1024)) == (413, "big_picture")


async def test_half_of_a_pair_is_no_character(act: Act, anna: Person) -> None:
    await act("say", chat=anna.id, person=anna.id, text="Раз \ud83d 😀")
    assert anna.messages[-1].text == "Раз \ufffd 😀"


async def test_a_complaint_names_the_field(act: Act) -> None:
    _, answer = await act("say", chat=1, person=1)
    assert answer["error"] == "text: field required."


# --- Files and safety -----------------------------------------------------------------------------


async def test_pictures_that_the_bot_sent(
    scene: Scene, address: str, client: aiohttp.ClientSession, mouth: Mouth, anna: Person
) -> None:
    await anna.say("/start")
    form = aiohttp.FormData({"chat_id": str(anna.id)})
    form.add_field("photo", PNG, filename="a.png")
    method = f"{scene.telegram.url}/bot{scene.telegram.token}/sendPhoto"
    async with client.post(method, data=form) as answer:
        uploaded = (await answer.json())["result"]["photo"][-1]["file_id"]
    addresses = (f"{scene.site.url}/media/cover-1.png", "https://example.org/a.png")
    ours, foreign = [
        (await mouth.call("sendPhoto", chat_id=anna.id, photo=a))["photo"][-1]["file_id"]
        for a in addresses
    ]
    async with client.get(f"{address}files/{uploaded}") as answer:
        assert (answer.content_type, await answer.read()) == ("image/png", PNG)
    async with client.get(f"{address}files/{ours}", allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (302, addresses[0])
    for number in (foreign, "photo-999"):
        async with client.get(f"{address}files/{number}", allow_redirects=False) as answer:
            assert answer.status == 404


async def test_the_files_of_the_page(address: str, client: aiohttp.ClientSession) -> None:
    for path, kind in (
        ("", "text/html"), ("index.html", "text/html"), ("js/main.js", "text/javascript"),
        ("css/layout.css", "text/css"), ("icon.svg", "image/svg+xml"),
    ):  # fmt: skip
        async with client.get(f"{address}{path}") as answer:
            assert (answer.status, answer.content_type) == (200, kind)
            assert answer.charset == "utf-8"


@pytest.mark.parametrize(
    "path",
    ["/nothing.js", "/js", "/../server.py", "/%2e%2e/server.py", "/..%2fserver.py", "/%00.js",
     "/js/../../scene.py", "//etc/passwd", f"/{'x' * 3000}.js", "/server.py"],
)  # fmt: skip
async def test_no_other_file(address: str, path: str) -> None:
    status, headers, body = await raw(address, f"GET {path} HTTP/1.1", host(address))
    assert status == 404
    assert json.loads(body)["code"] == "no_page"
    assert headers["x-content-type-options"] == "nosniff"


async def raw(address: str, first: str, *lines: str) -> tuple[int, dict[str, str], bytes]:
    """A request as it is written here, its status, headers and body."""
    port = int(address.rstrip("/").rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write("\r\n".join([first, *lines, "Connection: close", "", ""]).encode())
    answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *fields = head.decode().split("\r\n")
    headers = dict(field.lower().split(": ", 1) for field in fields)
    return int(status.split()[1]), headers, body


def host(address: str) -> str:
    return f"Host: {address.removeprefix('http://').rstrip('/')}"


@pytest.mark.parametrize(
    "name", ["evil.example", "evil.example:{port}", "127.0.0.1", "localhost:1"]
)
@pytest.mark.parametrize("path", ["/", "/live", "/api/ten", "/files/photo-1"])
async def test_only_by_our_own_name(address: str, scene: Scene, name: str, path: str) -> None:
    """A name that leads here (DNS rebinding) must not let another site's page in."""
    port = address.rstrip("/").rpartition(":")[2]
    lines = [f"Host: {name.format(port=port)}", "Content-Type: application/json"]
    method = "POST" if path.startswith("/api") else "GET"
    status, _, body = await raw(address, f"{method} {path} HTTP/1.1", *lines, "Content-Length: 0")
    assert (status, json.loads(body)["code"]) == (403, "not_our_name")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://127.0.0.1:{port}"}, 200),
        ({"Origin": "http://localhost:{port}"}, 200),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
    ],
)
async def test_only_our_own_page_may_act(
    address: str, client: aiohttp.ClientSession, scene: Scene, headers: Json, status: int
) -> None:
    port = address.rstrip("/").rpartition(":")[2]
    sent = {name: value.format(port=port) for name, value in headers.items()}
    sent = {"Content-Type": "application/json", **sent}
    async with client.post(f"{address}api/ten", data=b"{}", headers=sent) as answer:
        assert answer.status == status
    assert len(scene.site.articles()) == (26 if status == 200 else 16)


@pytest.mark.parametrize("path", ["", "js/main.js", "nothing", "live", "files/photo-1"])
async def test_the_headers_of_every_answer(
    address: str, client: aiohttp.ClientSession, path: str
) -> None:
    async with client.get(f"{address}{path}") as answer:
        headers = answer.headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self'; img-src 'self' data: http://127.0.0.1:*;")
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-cache"
