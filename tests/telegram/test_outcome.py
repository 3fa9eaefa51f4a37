from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramEntityTooLarge,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
)
from aiogram.methods import SendMessage
from aiohttp import (
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientOSError,
    ClientPayloadError,
    ServerDisconnectedError,
)
from aiohttp.client_reqrep import ConnectionKey

from bot.telegram.outcome import (
    Doubtful,
    Failed,
    Gone,
    Moved,
    Outcome,
    Refused,
    RetryLater,
    Sent,
    Stop,
    TopicGone,
    Unsent,
    outcome,
)
from bot.telegram.session import make_bot
from sandbox.telegram import Garbled, HtmlError, Reset, Telegram
from sandbox.telegram.faults import Effect

SEND = SendMessage(chat_id=7, text="Новость")


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    made = make_bot("42:TEST", "http://127.0.0.1:1")
    yield made
    await made.session.close()


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


# --- The chat, the topic, the text ------------------------------------------------------------

GONE = [
    (403, "Forbidden: bot was blocked by the user"),
    (403, "Forbidden: user is deactivated"),
    (403, "Forbidden: bot can't initiate conversation with a user"),
    (403, "Forbidden: the bot can't send messages to the bot"),
    (403, "Forbidden: bot can't send messages to bots"),
    (403, "Forbidden: bot was kicked from the group chat"),
    (403, "Forbidden: bot was kicked from the supergroup chat"),
    (403, "Forbidden: bot was kicked from the channel chat"),
    (403, "Forbidden: bot is not a member of the supergroup chat"),
    (403, "Forbidden: bot is not a member of the channel chat"),
    (403, "Forbidden: the group chat was deleted"),
    (400, "Bad Request: CHAT_WRITE_FORBIDDEN"),
    (403, "Forbidden: CHAT_WRITE_FORBIDDEN"),
    (400, "Bad Request: CHANNEL_PRIVATE"),
    (400, "Bad Request: CHAT_RESTRICTED"),
    (400, "Bad Request: have no write access to the chat"),
    (400, "Bad Request: need administrator rights in the channel chat"),
    (400, "Bad Request: not enough rights to send text messages to the chat"),
    (400, "Bad Request: ALLOW_PAYMENT_REQUIRED_50"),
    (403, "Forbidden: PRIVACY_PREMIUM_REQUIRED"),
]
TOPIC_GONE = [
    (400, "Bad Request: message thread not found"),
    (400, "Bad Request: TOPIC_CLOSED"),
    (400, "Bad Request: TOPIC_DELETED"),
    (400, "Bad Request: TOPIC_ID_INVALID"),
]
REFUSED = [
    (400, "Bad Request: can't parse entities: Can't find end of the entity at byte offset 5"),
    (400, "Bad Request: message is too long"),
    (400, "Bad Request: message caption is too long"),
    (400, "Bad Request: text is too long"),
    (400, "Bad Request: message text is empty"),
    (400, "Bad Request: text must be non-empty"),
    (400, "Bad Request: text must be encoded in UTF-8"),
    (400, "Bad Request: strings must be encoded in UTF-8"),
    (400, "Bad Request: ENTITIES_TOO_LONG"),
    (400, "Bad Request: ENTITY_BOUNDS_INVALID"),
    (400, "Bad Request: reply markup is too long"),
    (400, "Bad Request: BUTTON_DATA_INVALID"),
    (400, "Bad Request: BUTTON_URL_INVALID"),
    (400, "Bad Request: inline keyboard button URL 'x' is invalid: Wrong HTTP URL"),
    (400, "Bad Request: can't parse inline keyboard button: Text buttons are unallowed"),
    (400, "Bad Request: failed to get HTTP URL content"),
    (400, "Bad Request: WEBPAGE_CURL_FAILED"),
    (400, "Bad Request: WEBPAGE_MEDIA_EMPTY"),
    (400, "Bad Request: wrong type of the web page content"),
    (400, "Bad Request: wrong HTTP URL specified"),
    (400, "Bad Request: RICH_MESSAGE_EMAIL_INVALID"),
    (400, "Bad Request: RICH_VALIDATE_BLOCKS_TOO_MUCH"),
]
FAILED = [
    # The text of nearly any failure to look a chat up, ours included: nobody is shut out for it.
    (400, "Bad Request: chat not found"),
    (400, "Bad Request: private chat not found"),
    (400, "Bad Request: PEER_ID_INVALID"),
    (403, "Forbidden: PEER_ID_INVALID"),
    # We send no pictures, files, albums, replies or edits in a push.
    (400, "Bad Request: not enough rights to send photos to the chat"),
    (400, "Bad Request: wrong file identifier/HTTP URL specified"),
    (400, "Bad Request: PHOTO_INVALID_DIMENSIONS"),
    (400, "Bad Request: group send failed"),
    (400, "Bad Request: message to be replied not found"),
    (400, "Bad Request: message to edit not found"),
    (400, "Bad Request: message is not modified"),
    (400, "Bad Request: query is too old and response timeout expired or query ID is invalid"),
    # Not known at all.
    (400, "Bad Request: SOMETHING_NEW"),
    (403, "Forbidden: something new"),
    (406, "Not Acceptable: something new"),
    (420, "Something new"),
]
STOP = [
    (401, "Unauthorized"),
    (404, "Not Found"),
    (409, "Conflict: terminated by other getUpdates request"),
    (400, "Bad Request: FROZEN_METHOD_INVALID"),
    (403, "Forbidden: FROZEN_METHOD_INVALID"),
    (400, "Logged out"),
]
DOUBTFUL = [
    (500, "Internal Server Error: restart"),
    (500, "Internal Server Error: Request aborted"),
    (502, "Bad Gateway"),
    (504, "Gateway Timeout"),
]


@pytest.mark.parametrize(
    ("kind", "status", "description"),
    [
        (kind, *row)
        for kind, rows in (
            (Gone, GONE),
            (TopicGone, TOPIC_GONE),
            (Refused, REFUSED),
            (Failed, FAILED),
            (Stop, STOP),
            (Doubtful, DOUBTFUL),
        )
        for row in rows
    ],
)
async def test_a_refusal_is_read_by_its_words(
    bot: Bot,
    kind: type[Gone | TopicGone | Refused | Failed | Stop | Doubtful],
    status: int,
    description: str,
) -> None:
    assert refused(bot, status, description) == kind(description)
    assert refused(bot, status, description.upper()) == kind(description.upper())


# --- Waits and moves --------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [1, 35, 10_072])
async def test_a_wait_is_as_long_as_telegram_says(bot: Bot, seconds: int) -> None:
    description = f"Too Many Requests: retry after {seconds}"
    assert refused(bot, 429, description, retry_after=seconds) == RetryLater(seconds)


async def test_a_429_without_parameters_is_a_wait(bot: Bot) -> None:
    """For aiogram it is an error of no kind of its own."""
    error = answered(bot, 429, '{"ok": false, "description": "Too Many Requests: retry after 5"}')
    assert type(error) is TelegramAPIError
    assert outcome(error) == RetryLater(1)


async def test_a_group_that_moved_names_its_new_id(bot: Bot) -> None:
    reached = refused(
        bot,
        400,
        "Bad Request: group chat was upgraded to a supergroup chat",
        migrate_to_chat_id=-1_001_234_567_890,
    )
    assert reached == Moved(-1_001_234_567_890)


async def test_too_large_is_a_refusal_and_no_fault_of_the_network(bot: Bot) -> None:
    """aiogram counts it among the errors of the network."""
    error = answered(bot, 413, '{"ok": false, "description": "Request Entity Too Large"}')
    assert isinstance(error, TelegramEntityTooLarge)
    assert isinstance(error, TelegramNetworkError)
    assert outcome(error) == Refused("Request Entity Too Large")


@pytest.mark.parametrize("status", [429, 400])
async def test_aiograms_own_words_do_not_disturb_the_reading(bot: Bot, status: int) -> None:
    """It puts the chat and the method into the message of these two."""
    wait = TelegramRetryAfter(SEND, "Too Many Requests: retry after 3", 3)
    move = TelegramMigrateToChat(SEND, "Bad Request: group chat was upgraded", -5)
    assert outcome(wait if status == 429 else move) == (
        RetryLater(3) if status == 429 else Moved(-5)
    )
    assert outcome(TelegramNotFound(SEND, "Not Found")) == Stop("Not Found")


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

KEY = ConnectionKey("api.telegram.example", 443, True, True, None, None, None)


def from_network(cause: Exception) -> TelegramNetworkError:
    """As aiogram's session raises it."""
    error = TelegramNetworkError(SEND, f"{type(cause).__name__}: {cause}")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "cause",
    [
        ClientConnectorError(KEY, ConnectionRefusedError(111, "Connection refused")),
        ClientConnectorDNSError(KEY, OSError(-2, "Name or service not known")),
        ClientConnectorCertificateError(KEY, ssl.SSLCertVerificationError("expired")),
    ],
    ids=lambda cause: type(cause).__name__,
)
def test_without_a_connection_nothing_was_sent(cause: Exception) -> None:
    error = from_network(cause)
    assert outcome(error) == Unsent(error.message)


@pytest.mark.parametrize(
    "cause",
    [
        TimeoutError(),
        ServerDisconnectedError(),
        ClientOSError(104, "Connection reset by peer"),
        ClientPayloadError("not completed"),
    ],
    ids=lambda cause: type(cause).__name__,
)
def test_a_connection_that_broke_leaves_a_doubt(cause: Exception) -> None:
    error = from_network(cause)
    assert outcome(error) == Doubtful(error.message)


def test_whatever_else_breaks_leaves_a_doubt() -> None:
    assert outcome(ValueError("odd")) == Doubtful("ValueError: odd")


@asynccontextmanager
async def asking(tg: Telegram) -> AsyncIterator[Bot]:
    bot = make_bot(tg.token, tg.url)
    try:
        yield bot
    finally:
        await bot.session.close()


async def attempt(bot: Bot, chat_id: int, **options: Any) -> Outcome:
    try:
        message = await bot.send_message(chat_id, "Новость", **options)
    except Exception as error:  # noqa: BLE001 - the error is the result
        return outcome(error)
    return Sent(message.message_id)


@pytest.mark.parametrize("effect", [Reset(), HtmlError(502), HtmlError(500), Garbled()])
async def test_over_a_real_socket_a_broken_answer_leaves_a_doubt(effect: Effect) -> None:
    async with Telegram() as tg, asking(tg) as bot:
        anna = tg.person("Анна", started=True)
        tg.faults.add(effect)
        assert isinstance(await attempt(bot, anna.id), Doubtful)


async def test_over_a_real_socket_states_of_chats_are_told_apart() -> None:
    async with Telegram() as tg, asking(tg) as bot:
        anna = tg.person("Анна", started=True)
        stranger = tg.person("Борис")
        group = tg.group("Двор", [anna])
        supergroup = await group.upgrade()
        assert isinstance(await attempt(bot, anna.id), Sent)
        assert isinstance(await attempt(bot, stranger.id), Gone)
        assert await attempt(bot, group.id) == Moved(supergroup.id)
        assert isinstance(await attempt(bot, 999_999), Failed)
        await supergroup.kick_bot()
        assert isinstance(await attempt(bot, supergroup.id), Gone)
        await anna.block()
        assert isinstance(await attempt(bot, anna.id), Gone)
        forum = tg.group("Форум", [stranger], supergroup=True, forum=True)
        reached = await attempt(bot, forum.id, message_thread_id=77)
        assert isinstance(reached, TopicGone)


async def test_over_a_real_socket_nobody_there_means_unsent() -> None:
    async with Telegram() as tg:
        url, token = tg.url, tg.token
    bot = make_bot(token, url)
    try:
        assert isinstance(await attempt(bot, 7), Unsent)
    finally:
        await bot.session.close()


async def test_over_a_real_socket_a_wrong_token_stops() -> None:
    async with Telegram() as tg:
        bot = make_bot("42:WRONG", tg.url)
        try:
            assert isinstance(await attempt(bot, 7), Stop)
        finally:
            await bot.session.close()
