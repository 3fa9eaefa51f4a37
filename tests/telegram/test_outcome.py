from __future__ import annotations

import asyncio
import json
import re
from asyncio import StreamReader as Reader
from asyncio import StreamWriter as Writer
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramEntityTooLarge,
    TelegramNetworkError,
)
from aiogram.methods import SendMessage
from aiogram.types import Message
from aiohttp import (
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientConnectorSSLError,
    ClientPayloadError,
    ClientResponseError,
    ClientSession,
    ServerDisconnectedError,
    TCPConnector,
)
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.telegram.outcome import (
    Doubtful,
    Failed,
    Gone,
    Missing,
    Moved,
    Outcome,
    PictureRefused,
    Refused,
    RetryLater,
    Sent,
    Stop,
    StopCause,
    TopicGone,
    Unchanged,
    Undeliverable,
    Uneditable,
    Unsent,
    outcome,
)
from bot.telegram.session import make_bot
from sandbox.telegram import Garbled, HtmlError, Reset, Telegram
from sandbox.telegram.faults import Effect

SEND = SendMessage(chat_id=7, text="Новость")


TOKEN = "42:TEST"


@pytest.fixture(scope="module")
def bot() -> Bot:
    """One that is never connected."""
    return make_bot(TOKEN, "http://127.0.0.1:1")


def answered(bot: Bot, status: int, body: str) -> Exception:
    """What aiogram raises about this answer."""
    try:
        bot.session.check_response(bot, SEND, status, body)
    except Exception as error:  # noqa: BLE001 - the error is the result
        return error
    pytest.fail("aiogram accepts this answer")


def refused(bot: Bot, status: int, description: str, **parameters: int) -> Outcome:
    body: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
    if parameters:
        body["parameters"] = parameters
    return outcome(answered(bot, status, json.dumps(body)))


# --- What Telegram says, in its own words -------------------------------------------------------

TABLE: list[tuple[Callable[[str], Outcome], list[tuple[int, str]]]] = [
    (Gone, [
        (403, "Forbidden: bot was blocked by the user"),
        (403, "Forbidden: user is deactivated"),
        (403, "Forbidden: bot can't initiate conversation with a user"),
        (403, "Forbidden: the bot can't send messages to the bot"),
        (403, "Forbidden: bot can't send messages to bots"),
        (403, "Forbidden: bot was kicked from the group chat"),
        (403, "Forbidden: bot was kicked from the supergroup chat"),
        (403, "Forbidden: bot was kicked from the channel chat"),
        (403, "Forbidden: bot is not a member of the group chat"),
        (403, "Forbidden: bot is not a member of the supergroup chat"),
        (403, "Forbidden: bot is not a member of the channel chat"),
        (403, "Forbidden: the group chat was deleted"),
        (400, "Bad Request: CHAT_WRITE_FORBIDDEN"),
        (400, "Bad Request: CHANNEL_PRIVATE"),
        (400, "Bad Request: CHAT_RESTRICTED"),
        (400, "Bad Request: have no write access to the chat"),
        (400, "Bad Request: need administrator rights in the channel chat"),
        (400, "Bad Request: not enough rights to send text messages to the chat"),
        (400, "Bad Request: CHAT_SEND_PLAIN_FORBIDDEN"),
    ]),
    (Missing, [
        (400, "Bad Request: chat not found"),
        (400, "Bad Request: private chat not found"),
        (400, "Bad Request: PEER_ID_INVALID"),
    ]),
    (Undeliverable, [
        (400, "Bad Request: ALLOW_PAYMENT_REQUIRED_50"),
        (400, "Bad Request: PRIVACY_PREMIUM_REQUIRED"),
    ]),
    (TopicGone, [
        (400, "Bad Request: message thread not found"),
        (400, "Bad Request: TOPIC_CLOSED"),
        (400, "Bad Request: TOPIC_DELETED"),
        (400, "Bad Request: TOPIC_ID_INVALID"),
    ]),
    (Refused, [
        (400, "Bad Request: can't parse entities: Can't find end of the entity at byte offset 5"),
        (400, "Bad Request: message is too long"),
        (400, "Bad Request: MESSAGE_TOO_LONG"),
        (400, "Bad Request: message caption is too long"),
        (400, "Bad Request: text is too long"),
        (400, "Bad Request: message text is empty"),
        (400, "Bad Request: text must be non-empty"),
        (400, "Bad Request: text must be encoded in UTF-8"),
        (400, "Bad Request: strings must be encoded in UTF-8"),
        (400, "Bad Request: ENTITIES_TOO_LONG"),
        (400, "Bad Request: ENTITY_BOUNDS_INVALID"),
        (400, "Bad Request: reply markup is too long"),
        (400, "Bad Request: REPLY_MARKUP_INVALID"),
        (400, "Bad Request: BUTTON_DATA_INVALID"),
        (400, "Bad Request: BUTTON_URL_INVALID"),
        (400, "Bad Request: inline keyboard button text must be non-empty"),
        (400, "Bad Request: inline keyboard button URL 'x' is invalid: Wrong HTTP URL"),
        (400, "Bad Request: can't parse inline keyboard button: Text buttons are unallowed"),
        (400, "Bad Request: RICH_MESSAGE_EMAIL_INVALID"),
        (400, "Bad Request: RICH_VALIDATE_BLOCKS_TOO_MUCH"),
    ]),
    (PictureRefused, [
        (400, "Bad Request: failed to get HTTP URL content"),
        (400, "Bad Request: WEBPAGE_CURL_FAILED"),
        (400, "Bad Request: wrong type of the web page content"),
        (400, "Bad Request: WEBPAGE_MEDIA_EMPTY"),
        (400, "Bad Request: wrong HTTP URL specified"),
        (400, "Bad Request: can't parse link preview options JSON object"),
        (400, "Bad Request: can't upload file by URL"),
        (400, "Bad Request: wrong file identifier/HTTP URL specified"),
        (400, (
            "Bad Request: wrong remote file identifier specified: can't unserialize it. Wrong"
            " last symbol"
        )),
        (400, "Bad Request: wrong file_id or the file is temporarily unavailable"),
        (400, "Bad Request: can't use file of type Document as Photo"),
        (400, "Bad Request: PHOTO_INVALID_DIMENSIONS"),
        (400, "Bad Request: IMAGE_PROCESS_FAILED"),
        (400, (
            "Bad Request: photo has unsupported extension. Use one of .jpg, .jpeg, .gif, .png,"
            " .tif or .bmp"
        )),
        (400, "Bad Request: file is too big"),
        (400, "Bad Request: MEDIA_EMPTY"),
        (400, "Bad Request: group send failed"),
        (400, 'Bad Request: failed to send message #2 with the error message "MEDIA_EMPTY"'),
        (400, "Bad Request: can't use the media of the specified type in the album"),
        (413, "Request Entity Too Large"),
    ]),
    (partial(PictureRefused, here_only=True), [
        (400, "Bad Request: not enough rights to send photos to the chat"),
        (400, "Bad Request: not enough rights to send videos to the chat"),
        (400, "Bad Request: CHAT_SEND_PHOTOS_FORBIDDEN"),
        (400, "Bad Request: CHAT_SEND_MEDIA_FORBIDDEN"),
    ]),
    (lambda _: Unchanged(), [
        (400, (
            "Bad Request: message is not modified: specified new message content and reply"
            " markup are exactly the same as a current content and reply markup of the message"
        )),
        (400, "Bad Request: message to delete not found"),
    ]),
    (Uneditable, [
        (400, "Bad Request: message to edit not found"),
        (400, "Bad Request: message can't be edited"),
        (400, "Bad Request: message can't be deleted"),
        (400, "Bad Request: message can't be deleted for everyone"),
        (400, "Bad Request: MESSAGE_ID_INVALID"),
        (400, "Bad Request: there is no text in the message to edit"),
        (400, "Bad Request: there is no caption in the message to edit"),
    ]),
    (Stop, [
        (401, "Unauthorized"),
        (401, "Unauthorized: USER_DEACTIVATED"),
        (404, "Not Found"),
        (400, "Bad Request: FROZEN_METHOD_INVALID"),
        (400, "Logged out"),
    ]),
    (partial(Stop, cause=StopCause.CONFLICT), [
        (409, (
            "Conflict: terminated by other getUpdates request; make sure that only one bot"
            " instance is running"
        )),
    ]),
    (partial(Stop, cause=StopCause.WEBHOOK), [
        (409, "Conflict: terminated by setWebhook request"),
        (409, (
            "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to"
            " delete the webhook first"
        )),
    ]),
    (Doubtful, [
        (500, "Internal Server Error: restart"),
        (500, "Internal Server Error: Request aborted"),
        (502, "Bad Gateway"),
        (504, "Gateway Timeout"),
    ]),
    (Failed, [
        # Nothing here would do anything about these.
        (400, "Bad Request: message to be replied not found"),
        (400, "Bad Request: REPLY_MESSAGE_ID_INVALID"),
        (400, "Bad Request: query is too old and response timeout expired or query ID is invalid"),
        # Not known at all: nobody is shut out for it, whatever the code.
        (400, "Bad Request: SOMETHING_NEW"),
        (400, "Bad Request: something new, as if bot was blocked by the user"),
        (400, "Bad Request"),
        (403, "Forbidden: something new"),
        (403, "Forbidden"),
        (406, "Not Acceptable: something new"),
        (420, "Something new"),
    ]),
]  # fmt: skip
ROWS = [(kind, *row) for kind, rows in TABLE for row in rows]
PREFIXES = {400: "Bad Request: ", 403: "Forbidden: "}


@pytest.mark.parametrize(("kind", "status", "description"), ROWS)
async def test_a_refusal_is_read_by_its_words(
    bot: Bot, kind: Callable[[str], Outcome], status: int, description: str
) -> None:
    assert refused(bot, status, description) == kind(description)
    for words in (description.upper(), description.lower()):
        assert refused(bot, status, words) == kind(words)


@pytest.mark.parametrize(
    ("kind", "status", "description"), [row for row in ROWS if row[1] in PREFIXES]
)
async def test_a_refusal_is_read_alike_under_another_code(
    bot: Bot, kind: Callable[[str], Outcome], status: int, description: str
) -> None:
    """PEER_ID_INVALID has come with 403, and kicks have come with 400."""
    said = description.removeprefix(PREFIXES[status])
    for other, prefix in (*PREFIXES.items(), (406, "Not Acceptable: "), (420, "")):
        words = prefix + said
        assert refused(bot, other, words) == kind(words)


@pytest.mark.parametrize(
    "address",
    [
        "https://paper.example/CHANNEL_PRIVATE",
        "https://paper.example/?q=bot was blocked by the user",
        "https://paper.example/chat not found",
        "https://paper.example/: user is deactivated",
        "https://paper.example/: logged out",
    ],
)
async def test_an_address_that_a_refusal_quotes_is_not_read(bot: Bot, address: str) -> None:
    """Once, an article's address could have shut a reader out."""
    description = f"Bad Request: inline keyboard button URL '{address}' is invalid: Wrong HTTP URL"
    assert refused(bot, 400, description) == Refused(description)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, Failed("")),
        (401, Stop("")),
        (403, Failed("")),
        (404, Stop("")),
        (409, Stop("", StopCause.CONFLICT)),
        (413, PictureRefused("")),
        (418, Failed("")),
        (429, Failed("")),
    ],
)
async def test_a_refusal_without_words_has_a_meaning_too(
    bot: Bot, status: int, expected: Outcome
) -> None:
    """aiogram promises words that are not there."""
    assert outcome(answered(bot, status, '{"ok": false}')) == expected


async def test_a_server_error_without_words_leaves_a_doubt(bot: Bot) -> None:
    """aiogram trips over it."""
    error = answered(bot, 502, '{"ok": false}')
    assert isinstance(error, TypeError)
    assert isinstance(outcome(error), Doubtful)


async def test_a_refusal_that_comes_with_200_is_one(bot: Bot) -> None:
    description = "Forbidden: bot was blocked by the user"
    assert refused(bot, 200, description) == Gone(description)


# --- Waits and moves --------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [1, 35, 10_072])
async def test_a_wait_is_as_long_as_telegram_says(bot: Bot, seconds: int) -> None:
    description = f"Too Many Requests: retry after {seconds}"
    assert refused(bot, 429, description, retry_after=seconds) == RetryLater(seconds)


@pytest.mark.parametrize(
    ("description", "seconds"),
    [
        ("Too Many Requests: retry after 35", 35),
        ("TOO MANY REQUESTS: RETRY AFTER 10072", 10_072),
        ("Too Many Requests: retry after 0", 1),
        ("Too Many Requests", 5),
        ("Too Many Requests: group chat is full of them", 5),
    ],
)
async def test_a_429_without_parameters_is_a_wait(bot: Bot, description: str, seconds: int) -> None:
    """For aiogram it is an error of no kind of its own."""
    error = answered(bot, 429, json.dumps({"ok": False, "description": description}))
    assert type(error) is TelegramAPIError
    assert outcome(error) == RetryLater(seconds)


async def test_a_group_that_moved_names_its_new_id(bot: Bot) -> None:
    reached = refused(
        bot,
        400,
        "Bad Request: group chat was upgraded to a supergroup chat",
        migrate_to_chat_id=-1_001_234_567_890,
    )
    assert reached == Moved(-1_001_234_567_890)


async def test_too_large_is_a_fault_of_the_picture_and_none_of_the_network(bot: Bot) -> None:
    """aiogram counts it among the errors of the network."""
    error = answered(bot, 413, '{"ok": false, "description": "Request Entity Too Large"}')
    assert isinstance(error, TelegramEntityTooLarge)
    assert isinstance(error, TelegramNetworkError)
    assert outcome(error) == PictureRefused("Request Entity Too Large")


# --- Answers that cannot be read --------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"ok": True, "result": {"message_id": 5, "chat": "new"}}, Sent(5)),
        ({"ok": True, "result": {"message_id": "five"}}, Sent(None)),
        ({"ok": True, "result": {}}, Sent(None)),
        ({"ok": True, "result": []}, Sent(None)),
    ],
)
async def test_an_acceptance_that_aiogram_cannot_read_is_one(
    bot: Bot, body: dict[str, Any], expected: Sent
) -> None:
    error = answered(bot, 200, json.dumps(body))
    assert isinstance(error, ClientDecodeError)
    assert outcome(error) == expected


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, '{"ok":tru'),
        (200, ""),
        (200, "[]"),
        (200, '"ok"'),
        (200, '{"ok": "perhaps", "result": {"message_id": 5}}'),
        (200, '{"result": {"message_id": 5}}'),
        (502, "<html><body>Bad Gateway</body></html>"),
        (504, "upstream timed out"),
    ],
)
async def test_what_says_nothing_leaves_a_doubt(bot: Bot, status: int, body: str) -> None:
    error = answered(bot, status, body)
    assert isinstance(error, ClientDecodeError)
    assert isinstance(outcome(error), Doubtful)


# --- The network ------------------------------------------------------------------------------


class NoNames(AbstractResolver):
    """A machine whose DNS does not answer."""

    async def resolve(self, *_: object, **__: object) -> list[ResolveResult]:
        raise OSError(-3, "Temporary failure in name resolution")

    async def close(self) -> None:
        pass


@asynccontextmanager
async def asking(
    url: str, token: str = TOKEN, resolver: AbstractResolver | None = None
) -> AsyncIterator[Bot]:
    bot = make_bot(token, url)
    async with ClientSession(connector=TCPConnector(resolver=resolver)) as client:
        assert isinstance(bot.session, AiohttpSession)
        # Our own client: aiogram's close sleeps a quarter of a second each time.
        bot.session._session = client
        bot.session._should_reset_connector = False
        yield bot


@asynccontextmanager
async def listening(talk: Callable[[Reader, Writer], Awaitable[None]]) -> AsyncIterator[int]:
    """A server that talks like this on each connection and then hangs up; its port."""

    async def serve(reader: Reader, writer: Writer) -> None:
        task = asyncio.current_task()
        assert task
        serving.append(task)
        await talk(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    serving: list[asyncio.Task[Any]] = []
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
        await asyncio.gather(*serving)


@asynccontextmanager
async def answering(answer: bytes | None) -> AsyncIterator[str]:
    """Takes a request and answers with these bytes; None never answers. Its address."""

    async def talk(reader: Reader, writer: Writer) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head.lower())
        assert length
        await reader.readexactly(int(length[1]))
        if answer is None:
            await reader.read()  # until the other side hangs up
        else:
            writer.write(answer)

    async with listening(talk) as port:
        yield f"http://127.0.0.1:{port}"


async def attempt(bot: Bot, chat_id: int, **options: Any) -> Message | Exception:
    try:
        return await bot.send_message(chat_id, "Новость", **options)
    except Exception as error:  # noqa: BLE001 - the error is the result
        return error


async def became(bot: Bot, chat_id: int, **options: Any) -> Outcome:
    tried = await attempt(bot, chat_id, **options)
    return outcome(tried) if isinstance(tried, Exception) else Sent(tried.message_id)


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (b"", ServerDisconnectedError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", ClientPayloadError),
        (b"what?\r\n\r\n", ClientResponseError),
        (None, TimeoutError),
    ],
    ids=["hung up", "cut short", "no HTTP", "silent"],
)
async def test_a_connection_that_broke_leaves_a_doubt(
    answer: bytes | None, cause: type[Exception]
) -> None:
    async with answering(answer) as url, asking(url) as bot:
        bot.session.timeout = 0.1 if answer is None else 10.0
        error = await attempt(bot, 7)
        assert isinstance(error, TelegramNetworkError)
        assert isinstance(error.__cause__, cause)
        # A server that speaks no HTTP has its address quoted, in which the token stands.
        assert outcome(error) == Doubtful(error.message.replace("bot42:TEST", "bot<token>"))
        assert "42:TEST" not in str(outcome(error))


async def test_without_a_connection_nothing_was_sent() -> None:
    async with answering(b"") as url:
        pass
    async with asking(url) as bot:
        error = await attempt(bot, 7)
        assert isinstance(error, TelegramNetworkError)
        assert isinstance(error.__cause__, ClientConnectorError)
        assert outcome(error) == Unsent(error.message)


async def test_without_a_name_nothing_was_sent() -> None:
    async with asking("http://api.telegram.example", resolver=NoNames()) as bot:
        error = await attempt(bot, 7)
        assert isinstance(error, TelegramNetworkError)
        assert isinstance(error.__cause__, ClientConnectorDNSError)
        assert outcome(error) == Unsent(error.message)


async def test_without_a_secure_connection_nothing_was_sent() -> None:
    async def no_tls(_: Reader, writer: Writer) -> None:
        writer.write(b"no TLS here")

    async with listening(no_tls) as port, asking(f"https://127.0.0.1:{port}") as bot:
        error = await attempt(bot, 7)
        assert isinstance(error, TelegramNetworkError)
        assert isinstance(error.__cause__, ClientConnectorSSLError)
        assert outcome(error) == Unsent(error.message)


def test_whatever_else_breaks_leaves_a_doubt() -> None:
    assert outcome(ValueError("odd")) == Doubtful("ValueError: odd")


@pytest.mark.parametrize("effect", [Reset(), HtmlError(502), HtmlError(500), Garbled()])
async def test_over_a_real_socket_a_broken_answer_leaves_a_doubt(effect: Effect) -> None:
    async with Telegram() as tg, asking(tg.url, tg.token) as bot:
        anna = tg.person("Анна", started=True)
        tg.faults.add(effect)
        assert isinstance(await became(bot, anna.id), Doubtful)


async def test_over_a_real_socket_states_of_chats_are_told_apart() -> None:
    async with Telegram() as tg, asking(tg.url, tg.token) as bot:
        anna = tg.person("Анна", started=True)
        stranger = tg.person("Борис")
        group = tg.group("Двор", [anna])
        supergroup = await group.upgrade()
        assert isinstance(await became(bot, anna.id), Sent)
        assert isinstance(await became(bot, stranger.id), Gone)
        assert await became(bot, group.id) == Moved(supergroup.id)
        assert isinstance(await became(bot, 999_999), Missing)
        await supergroup.kick_bot()
        assert isinstance(await became(bot, supergroup.id), Gone)
        await anna.block()
        assert isinstance(await became(bot, anna.id), Gone)
        forum = tg.group("Форум", [stranger], supergroup=True, forum=True)
        reached = await became(bot, forum.id, message_thread_id=77)
        assert isinstance(reached, TopicGone)


async def test_over_a_real_socket_a_wrong_token_stops() -> None:
    async with Telegram() as tg, asking(tg.url, "42:WRONG") as bot:
        assert isinstance(await became(bot, 7), Stop)
